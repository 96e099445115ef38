# SPDX-License-Identifier: Apache-2.0
"""Feed every driver, and the emulator of every device, with a million spoilt frames; nothing may raise or grow.

    python benchmarks/fuzz_drivers.py [--frames 1000000] [--seed 1] [--driver NAME ...]

A spoilt frame is one that the emulator or the set-up made, with bytes changed, removed, inserted, repeated or swapped,
cut off or joined to another's end; a byte-wise sum of three frames, which passes a sum or a CRC; or random bytes.
One in four comes in two reads, one in four is followed by a valid frame, and one in four has a counterpart on the
host's side, whose answers the driver gets too. Warnings are errors. Throughout, for a driver:

- every value is finite, or NaN where the device does not measure; ticks are within the counter; no bytes, no reading;
- what it holds stays below 4096 bytes, and what it wants to write too;
- every 2000 frames, it decodes valid frames again, at once after ``connect()`` or, where it can resynchronise, after
  12 kB of them; and a treadmill can always be told to stop.
"""

import argparse
import contextlib
import math
import random
import struct
import sys
import time
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
from emulated_wire import LOAD_CELLS, TREADMILLS, EmulatedWire, every_driver

from gait_sensing.samples import BeltReading, BeltSetpoint, ImuReading

MAX_HELD_BYTES = 4096
FILLER_BYTES = 3 * MAX_HELD_BYTES
CHECK_INTERVAL_COUNT = 2000
SPECIAL_BYTES = (
    b"\0",
    b"\xff",
    b"\x7f",
    b"\x80",
    b"\x7f\xa0\0\0",
    b"\0\0\xa0\x7f",
    b"\x7f\xf0",
    b"\xf0\x7f",
    b"\r\n",
    b"9",
)
SIZES = (0.01, 1.0, 1.7, 1e-30, 1e20, 1e30, 1e35, math.inf)  # no unit, of the values in frames to spoil
FRAMES_PER_SIZE_COUNT = 50
STOP = BeltSetpoint(0.0, 0.0, 0.5, 0.0)


class Spoiler:
    """Makes spoilt messages from good ones."""

    def __init__(self, good: list[bytes], seed: int) -> None:
        self._good = [message for message in good if message] or [b"\0"]
        self._by_length: dict[int, list[bytes]] = {}
        for message in self._good:
            self._by_length.setdefault(len(message), []).append(message)
        self._random = random.Random(seed)
        self._ways: tuple[Callable[[bytes], bytes], ...] = (
            self._changed, self._changed, self._removed, self._inserted, self._repeated, self._swapped,
            self._special, self._special, self._overwritten, self._cut_off, self._joined, self._combined,
            self._combined, self._noise,
        )  # fmt: skip

    def good(self) -> bytes:
        """Return a message as it was."""
        return self._random.choice(self._good)

    def spoilt(self) -> bytes:
        """Return a message that is not, or only by chance, as it was."""
        return self._random.choice(self._ways)(self.good())

    def is_now(self, probability: float) -> bool:
        """Return whether something happens this time."""
        return self._random.random() < probability

    def _slice(self, message: bytes) -> tuple[int, int]:
        start = self._random.randrange(len(message))
        return start, self._random.randint(start + 1, min(len(message), start + 8))

    def _changed(self, message: bytes) -> bytes:
        changed = bytearray(message)
        for _ in range(self._random.randint(1, 3)):
            changed[self._random.randrange(len(changed))] ^= self._random.randint(1, 255)
        return bytes(changed)

    def _removed(self, message: bytes) -> bytes:
        start, end = self._slice(message)
        return message[:start] + message[end:]

    def _inserted(self, message: bytes) -> bytes:
        start, end = self._slice(message)
        return message[:start] + self._random.randbytes(end - start) + message[start:]

    def _repeated(self, message: bytes) -> bytes:
        start, end = self._slice(message)
        return message[:end] + message[start:end] * self._random.randint(0, 3) + message[start:]

    def _swapped(self, message: bytes) -> bytes:
        swapped = bytearray(message)
        a, b = self._random.randrange(len(message)), self._random.randrange(len(message))
        swapped[a], swapped[b] = swapped[b], swapped[a]
        return bytes(swapped)

    def _special(self, message: bytes) -> bytes:
        start = self._random.randrange(len(message))
        special = self._random.choice(SPECIAL_BYTES)
        return message[:start] + special + message[start + len(special) :]

    def _overwritten(self, message: bytes) -> bytes:
        start, end = self._slice(message)
        return message[:start] + self._random.randbytes(end - start) + message[end:]

    def _cut_off(self, message: bytes) -> bytes:
        return message[: self._random.randrange(len(message))]

    def _joined(self, message: bytes) -> bytes:
        other = self.good()
        return message[: self._random.randrange(len(message))] + other[self._random.randrange(len(other)) :]

    def _combined(self, message: bytes) -> bytes:
        """Return a message whose every sum, or CRC, is right again if it was in the three that it is made of."""
        b, c = self._random.choices(self._by_length[len(message)], k=2)
        if self.is_now(0.5):
            return bytes(x ^ y ^ z for x, y, z in zip(message, b, c, strict=True))
        return bytes((x + y - z) & 0xFF for x, y, z in zip(message, b, c, strict=True))

    def _noise(self, message: bytes) -> bytes:
        return self._random.randbytes(self._random.randint(1, 2 * len(message)))


class Fuzz:
    """One driver and its emulator under fire."""

    def __init__(self, package: str, name: str, seed: int) -> None:
        self.wire = EmulatedWire(package, name)
        self.target = EmulatedWire(package, name).emulator  # what the host's side is tried on
        self.frame_count = self.host_frame_count = self.byte_count = self.reading_count = self.check_count = 0
        self.piece = b""
        self._limit_bytes = held_bytes(self.wire.driver) + MAX_HELD_BYTES
        self._target_limit_bytes = held_bytes(self.target) + MAX_HELD_BYTES
        questions, answers = zip(*self.wire.setup, strict=True) if self.wire.setup else ((), ())
        self._device = Spoiler(self._frames() + 10 * list(answers), seed)
        self._host = Spoiler([*questions, *self._commands(), b"AT\r\n"], seed + 1)
        self._valid = [self.wire.frame(number) for number in range(5)]
        self._filler = [self.wire.frame(7) for _ in range(FILLER_BYTES // len(self._valid[0]) + 1)]
        fresh = EmulatedWire(package, name)
        self._expected = [row for frame in self._valid for row in rows(fresh.driver.feed(frame))]
        assert len(self._expected) == len(self._valid)
        self._measured = np.array(getattr(self.wire.driver, "is_measured", ()), bool)

    def run(self, frame_count: int) -> None:
        """Feed so many spoilt frames."""
        while self.frame_count < frame_count:
            self.frame_count += 1
            for piece in self._pieces(self._device.spoilt()):
                self._feed(piece)
            if self._device.is_now(0.25):
                self._feed(self._device.good())
            if not self.wire.driver.can_resynchronise and self._device.is_now(0.25):
                self.wire.connect()
            if self._host.is_now(0.25):
                self.host_frame_count += 1
                self.piece = self._host.spoilt()
                self._feed(self.target.feed(self.piece))
            if self.frame_count % CHECK_INTERVAL_COUNT == 0 or self.frame_count == frame_count:
                self._check()

    def _pieces(self, message: bytes) -> list[bytes]:
        """Return a message as the wire may hand it over: now and then in two reads, unless it keeps messages whole."""
        if self.wire.driver.is_datagram or self._device.is_now(0.75):
            return [message]
        return [message[: len(message) // 2], message[len(message) // 2 :]]

    def _frames(self) -> list[bytes]:
        """Return frames with values of several sizes, as far as the wire can say them."""
        frames = []
        for size in SIZES:
            for number in range(FRAMES_PER_SIZE_COUNT):
                with contextlib.suppress(struct.error, ValueError, OverflowError, RuntimeWarning):
                    frames.append(self.wire.frame(number, size))
        return frames

    def _commands(self) -> list[bytes]:
        driver = self.wire.driver
        if self.wire.package != TREADMILLS:
            return [driver.disconnect()]
        return [driver.poll(), driver.command(STOP), driver.disconnect()]

    def _feed(self, data: bytes) -> Any:
        driver = self.wire.driver
        self.piece = data
        self.byte_count += len(data)
        found = driver.feed(data)
        assert len(driver.pending()) <= MAX_HELD_BYTES
        self._judge(found)
        return found

    def _judge(self, found: Any) -> None:
        """Check what was decoded."""
        driver = self.wire.driver
        self.reading_count += len(found.ticks if self.wire.package == LOAD_CELLS else found)
        assert driver.counts.reading_count == self.reading_count
        if self.wire.package == LOAD_CELLS:
            if len(found.ticks):
                wrench = np.hstack([found.force_n, found.moment_nm])
                assert np.isfinite(wrench[:, self._measured]).all()
                assert np.isnan(wrench[:, ~self._measured]).all()
                assert all(self._is_tick(tick) for tick in found.ticks.tolist())
            return
        for row in rows(found):
            values = row if self.wire.package == TREADMILLS else row[1:]
            assert all(map(math.isfinite, values))
        if self.wire.package != TREADMILLS:
            assert all(self._is_tick(-1 if each.tick is None else each.tick) for each in found)

    def _is_tick(self, tick: int) -> bool:
        driver = self.wire.driver
        return tick == -1 if driver.tick_s is None else 0 <= tick < driver.tick_modulus

    def _check(self) -> None:
        """Check what it holds, and that it works again."""
        driver, target = self.wire.driver, self.target
        self.check_count += 1
        assert held_bytes(driver) <= self._limit_bytes
        assert held_bytes(target) <= self._target_limit_bytes
        if self.wire.package == TREADMILLS:
            assert driver.command(STOP)
        assert not rows(self._feed(b""))
        if math.isfinite(getattr(driver, "poll_interval_s", math.inf)):
            self._check_polls()
            return
        if driver.can_resynchronise:
            for piece in [driver.terminator, *self._filler]:
                self._feed(piece)
        else:
            self.wire.connect()
            assert not rows(self._feed(b""))
        found = [row for frame in self._valid for row in rows(self._feed(frame))]
        assert found == self._expected, (found, self._expected)

    def _check_polls(self) -> None:
        """Check that a device that speaks when spoken to is understood again."""
        polled = [rows(self._feed(self.wire.emulator.feed(self.wire.driver.poll()))) for _ in range(12)]
        assert any(polled[-4:])
        assert all(row == (0.0, 0.0, 0.0) for readings in polled[-4:] for row in readings)


def rows(found: Any) -> list[tuple[float, ...]]:
    """Return whatever a driver returns as tuples of numbers; -1 for what is not measured or not sent."""
    if not isinstance(found, list):
        table = np.nan_to_num(np.hstack([found.ticks[:, None], found.force_n, found.moment_nm]), nan=-1.0)
        return [tuple(row) for row in table.tolist()]
    return [_row(reading) for reading in found]


def _row(reading: ImuReading | BeltReading) -> tuple[float, ...]:
    if isinstance(reading, BeltReading):
        return (reading.left_speed_mps, reading.right_speed_mps, reading.incline_rad)
    vectors = (reading.acceleration_mps2, reading.angular_rate_radps, reading.orientation_xyzw)
    return (-1 if reading.tick is None else reading.tick, *(value for vector in vectors for value in vector or ()))


def held_bytes(thing: Any) -> int:
    """Return how many bytes are held anywhere in an object."""
    if isinstance(thing, (bytes, bytearray)):
        return len(thing)
    if isinstance(thing, (list, tuple, set)):
        return sum(map(held_bytes, thing))
    if isinstance(thing, dict):
        return sum(map(held_bytes, thing.values()))
    if isinstance(thing, ModuleType) or not hasattr(thing, "__dict__"):
        return 0
    return held_bytes(vars(thing))


def row_of(package: str, name: str, frame_count: int, seed: int) -> str:
    """Fuzz one driver and return its row of the table; says on which bytes it failed, if it does."""
    fuzz = Fuzz(package, name, seed)
    start_s = time.perf_counter()
    try:
        fuzz.run(frame_count)
    finally:
        if fuzz.frame_count < frame_count or sys.exc_info()[0]:
            print(
                f"{name}, seed {seed}: stopped at frame {fuzz.frame_count}, bytes {fuzz.piece.hex()}", file=sys.stderr
            )
    counts = fuzz.wire.driver.counts
    return (
        f"| {name} | {fuzz.frame_count} | {fuzz.host_frame_count} | {fuzz.byte_count / 1e6:.0f} | {fuzz.reading_count} "
        f"| {counts.bad_checksum_count} | {counts.bytes_dropped_count / 1e6:.0f} | {counts.resync_count} "
        f"| {counts.device_error_count} | {fuzz.check_count} | {time.perf_counter() - start_s:.0f} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=10**6, help="spoilt frames for each driver")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--driver", action="append", help="only this one; may be given several times")
    arguments = parser.parse_args()
    warnings.simplefilter("error")
    print("| driver | spoilt frames | host's | MB fed | readings | bad checks | MB dropped | resyncs | device errors "
          "| recoveries | s |\n|" + "---|" * 11)  # fmt: skip
    for package, name in every_driver():
        if not arguments.driver or name in arguments.driver:
            print(row_of(package, name, arguments.frames, arguments.seed), flush=True)


if __name__ == "__main__":
    main()
