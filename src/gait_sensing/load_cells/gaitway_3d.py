# SPDX-License-Identifier: Apache-2.0
"""gaitway-3D (h/p/cosmos, Arsalis) force-measuring treadmill: streaming server of its PC program, TCP port 49500.

Packet, little-endian: u16 size of the whole packet, u16 type, content. Type I (1): u32 packet number, 8 spare bytes,
then samples of 36 bytes: float32 Fz, Fy, Fx, centre of pressure y, x, free moment Tz, belt speed, elevation, u16 heart
rate, u16 digital inputs; N, m, N m. Mind the reversed order of axes. ACK (6) and NAK (21) repeat the command, ASCII.
Other packets are passed over. Commands are lines: ``startDS``, ``stopDS``.

There is no sync word and no checksum: after one packet of impossible size or type nothing more is decoded until the
link is new. A packet longer than 4096 bytes (113 samples) counts as impossible.

Set-up: ``startDS``, endless, Type I alone. If it is refused, the server may still be streaming to a link that broke:
``stopDS`` and, after its acknowledgement, ``startDS`` once more.

Decisions. *Tick*: packets are numbered, samples are not. The tick counts samples: the first packet's number times its
samples, from there on sample by sample; where packet numbers are left out, each lost packet is taken to have held as
many samples as the one after the gap. With packets of one size that is exact; there is no time on the wire to tell.
*Moment*, which is not sent: about the plate's origin on the surface z = 0, M = (y Fz, -x Fz, Tz + x Fy - y Fx), from
which ``calibration`` finds the same centre of pressure and free moment. Where the centre of pressure is no number, as
may be without load, the force is taken to act through the origin: zeroing needs a number there.
*Belt speed and elevation* are not read: a belt is the treadmill's driver's.

Source: a public client that cites the maker's interface document TM-ICD-0004-ARS A5 (exo_collection). Confidence:
medium, experimental: one codebase; axes, and what is sent without load, are unknown.
"""

import re
import struct
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from gait_parts import settings as parts
from gait_parts.settings import setting
from gait_sensing.driver import LoadCellDriver
from gait_sensing.samples import ForceReadings

HEAD = struct.Struct("<HH")
TYPE_I_HEAD = struct.Struct("<HHI8x")
SETTINGS, TYPE_I, TYPE_II, ACK, NAK = 0x0000, 0x0001, 0x0002, 0x0006, 0x0015
SAMPLE = np.dtype([("z_first", "<f4", 6), ("belt", "<f4", 2), ("heart_rate", "<u2"), ("inputs", "<u2")])
TYPE_II_HEAD_BYTES, TYPE_II_SAMPLE_BYTES = 32, 44
MAX_PACKET_BYTES = 4096
MAX_LINE_BYTES = 256
START_LINE = re.compile(rb"startDS (100|200|250|400|500|1000|2000) \d+ [0-3] [01] 2 [0-2]")
TICK_MODULUS = 1 << 32
RATES_HZ = (100.0, 200.0, 250.0, 400.0, 500.0, 1000.0, 2000.0)


@dataclass(frozen=True)
class Settings(parts.Settings):
    """Settings of the stream."""

    rate_hz: float = setting(1000.0, "samples a second: 100, 200, 250, 400, 500, 1000 or 2000")


class Driver(LoadCellDriver):
    """Host side."""

    can_resynchronise: ClassVar[bool] = False
    has_checksum: ClassVar[bool] = False

    def __init__(self, settings: Settings) -> None:
        if settings.rate_hz not in RATES_HZ:
            allowed = ", ".join(f"{rate_hz:g}" for rate_hz in RATES_HZ)
            raise ValueError(f"rate_hz: got {settings.rate_hz:g}, expected one of {allowed}")
        super().__init__()
        self.sample_interval_s = self.tick_s = 1.0 / settings.rate_hz
        self.tick_modulus = TICK_MODULUS
        self._start = b"startDS %d 0 0 0 2 0\r\n" % int(settings.rate_hz)
        self._buffer = bytearray()
        self._is_aligned = True
        self._has_stopped = False  # has asked for a stop since the link is new
        self._last_packet: int | None = None  # its number; None before the first
        self._next_tick = 0

    def connect(self) -> bytes:
        """Forget a half packet and return the command that starts the stream."""
        self.counts.bytes_dropped_count += len(self._buffer)
        self._buffer.clear()
        self._pending = b""
        self._is_aligned, self._has_stopped, self._last_packet = True, False, None
        return self._start

    def disconnect(self) -> bytes:
        """Return the stop command."""
        return b"stopDS\r\n"

    def feed(self, data: bytes) -> ForceReadings:
        """Return the readings that ``data`` completes; see ``driver.LoadCellDriver``."""
        buffer = self._buffer
        buffer += data
        samples: list[bytes] = []
        ticks: list[range] = []
        at = 0
        while self._is_aligned and len(buffer) - at >= HEAD.size:
            size, kind = HEAD.unpack_from(buffer, at)
            self._is_aligned = _is_possible(size, kind)
            if not self._is_aligned or len(buffer) - at < size:
                break
            packet = bytes(buffer[at : at + size])
            at += size
            self.counts.frame_count += 1
            if kind == TYPE_I:
                ticks.append(self._number(packet))
                samples.append(packet[TYPE_I_HEAD.size :])
            elif kind in (ACK, NAK):
                self._take_answer(kind, packet[HEAD.size :])
        del buffer[:at]
        if not self._is_aligned:
            self.counts.bytes_dropped_count += len(buffer)
            buffer.clear()
        return self._readings(b"".join(samples), [tick for each in ticks for tick in each])

    def _number(self, packet: bytes) -> range:
        """Return the unwrapped ticks of a Type I packet's samples."""
        _, _, number = TYPE_I_HEAD.unpack_from(packet)
        n = (len(packet) - TYPE_I_HEAD.size) // SAMPLE.itemsize
        if self._last_packet is None:
            self._next_tick = number * n
        else:
            self._next_tick += (number - self._last_packet - 1) % TICK_MODULUS * n
        self._last_packet = number
        self._next_tick = self._next_tick % TICK_MODULUS + n
        return range(self._next_tick - n, self._next_tick)

    def _take_answer(self, kind: int, command: bytes) -> None:
        if kind == NAK:
            self.counts.device_error_count += 1
            if command.startswith(b"startDS") and not self._has_stopped:
                self._has_stopped = True
                self._pending += b"stopDS\r\n"
        elif command.startswith(b"stopDS") and self._has_stopped:
            self._pending += self._start

    def _readings(self, samples: bytes, ticks: list[int]) -> ForceReadings:
        """Decode samples; one whose force or free moment is no number is left out and counted."""
        values = np.frombuffer(samples, "<f4").reshape(-1, SAMPLE.itemsize // 4)[:, :6]
        tick = np.array(ticks, np.int64) % TICK_MODULUS
        is_finite = np.isfinite(values)
        if not is_finite.all():
            values = values.copy()
            values[~is_finite[:, 3:5].all(axis=1), 3:5] = 0.0
            is_measured = is_finite[:, [0, 1, 2, 5]].all(axis=1)
            self.counts.device_error_count += int((~is_measured).sum())
            tick, values = tick[is_measured], values[is_measured]
        fz_n, fy_n, fx_n, y_m, x_m, tz_nm = values.astype(np.float64).T
        wrench = np.array((fx_n, fy_n, fz_n, y_m * fz_n, -x_m * fz_n, tz_nm + x_m * fy_n - y_m * fx_n)).T
        self.counts.reading_count += len(tick)
        return ForceReadings(tick, wrench[:, :3], wrench[:, 3:])


class Emulator:
    """Device side: answers commands and packs one sample a packet; it does not pace itself."""

    def __init__(self, settings: Settings) -> None:
        self.is_streaming = False
        self._buffer = bytearray()

    def feed(self, data: bytes) -> bytes:
        """Return the answers to the commands that ``data`` completes."""
        self._buffer += data
        answers = b""
        while (end := self._buffer.find(b"\r\n")) >= 0:
            line = bytes(self._buffer[:end])[:MAX_LINE_BYTES]
            del self._buffer[: end + 2]
            answers += self._answer(line)
        del self._buffer[:-MAX_LINE_BYTES]
        return answers

    def encode(self, reading: ForceReadings) -> bytes:
        """Return the packets of ``reading``. The moment of a sample without vertical force about x and y is lost."""
        (fx_n, fy_n, fz_n), (mx_nm, my_nm, mz_nm) = reading.force_n.T, reading.moment_nm.T
        vertical_n = np.where(fz_n == 0.0, np.inf, fz_n)  # without load, the centre of pressure is the origin
        y_m, x_m = mx_nm / vertical_n, -my_nm / vertical_n
        table = np.zeros(len(reading.ticks), SAMPLE)
        table["z_first"] = np.column_stack((fz_n, fy_n, fx_n, y_m, x_m, mz_nm - x_m * fy_n + y_m * fx_n))
        size = TYPE_I_HEAD.size + SAMPLE.itemsize
        return b"".join(
            TYPE_I_HEAD.pack(size, TYPE_I, tick % TICK_MODULUS) + sample.tobytes()
            for tick, sample in zip(reading.ticks.tolist(), table, strict=True)
        )

    def _answer(self, line: bytes) -> bytes:
        is_start = START_LINE.fullmatch(line) is not None and not self.is_streaming
        is_obeyed = is_start or line == b"stopDS"
        if is_obeyed:
            self.is_streaming = is_start
        return HEAD.pack(HEAD.size + len(line), ACK if is_obeyed else NAK) + line


def _is_possible(size: int, kind: int) -> bool:
    """True when a packet of this type can have this size."""
    if size > MAX_PACKET_BYTES:
        return False
    if kind == TYPE_I:
        return size >= TYPE_I_HEAD.size and (size - TYPE_I_HEAD.size) % SAMPLE.itemsize == 0
    if kind == TYPE_II:
        return size >= TYPE_II_HEAD_BYTES and (size - TYPE_II_HEAD_BYTES) % TYPE_II_SAMPLE_BYTES == 0
    return kind in (SETTINGS, ACK, NAK) and size > HEAD.size
