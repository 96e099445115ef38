# SPDX-License-Identifier: Apache-2.0
"""Robotous RFT six-axis force/torque sensors, UART models (RFT40, 44, 60, 64, 76, 80 ...).

Response, 19 bytes: ``55``, 16 data bytes, sum, ``AA``; command, 11 bytes: ``55``, 8 data bytes, sum, ``AA``. The sum is
the low byte of the sum of the data bytes, the first of which says what it is. A sample: six big-endian i16 (Fx Fy Fz,
Tx Ty Tz) and a byte of overload bits. Force is the number over 50 in N, torque the number over ``torque_divider``
in N m. Both markers, the sum and the kind are checked: a sum over so few bytes is weak.

Set-up: stop (the device does not answer it) and rate, then filter, then start of the stream, each after the answer to
the one before. A refusal is counted and passed over: the device keeps what it had. A sample with overload bits is
counted as an error of the device and kept, since a clipped heel strike is still a heel strike. The sensor's own bias
is never used: it could not be told from the wire whether one is in force, and zeroing is the calibration's.
There is no counter, hence no loss to be seen.

Source: the maker's ROS 2 interface (RFT_IF_PACKET_Rev1.2) and an independent Python reader (Robotous_FT_Sensor).
Confidence: high for frames, commands and scale; medium for the torque divider of each model and for filter kind 0
meaning none.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from gait_parts import settings as parts
from gait_parts.settings import setting
from gait_sensing.driver import LoadCellDriver, WireCounts
from gait_sensing.samples import Array, ForceReadings
from gait_sensing.wires.framing import NOT_A_FRAME, FrameFormat, FrameSplitter

START, END = b"\x55", b"\xaa"
COMMAND_BYTES, RESPONSE_BYTES = 11, 19
SET_FILTER, STREAM, STOP, SET_RATE = 8, 11, 12, 15
# Product, serial number, firmware, set and get baud rate, filter; one sample, stream; set and get rate; overloads.
ANSWERED = frozenset((1, 2, 3, 6, 7, SET_FILTER, 9, 10, STREAM, SET_RATE, 16, 18))
RATE_CODES = {10.0: 1, 20.0: 2, 50.0: 3, 100.0: 4, 200.0: 5, 300.0: 6, 500.0: 7, 1000.0: 8}
CUTOFFS_HZ = (1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0, 40.0, 50.0, 100.0, 150.0, 200.0, 300.0, 500.0)  # codes 1 to 14
LOW_PASS = 1
FORCE_DIVIDER = 50.0
TORQUE_DIVIDERS = (1000.0, 2000.0)
FRAME = np.dtype([("head", "V2"), ("wrench", ">i2", 6), ("overload", "u1"), ("rest", "V4")])


@dataclass(frozen=True)
class Settings(parts.Settings):
    """Settings of an RFT sensor."""

    rate_hz: float = setting(1000.0, "samples a second: 10, 20, 50, 100, 200, 300, 500 or 1000")
    cutoff_hz: float = setting(0.0, "of the sensor's low-pass filter, 1 to 500 in its own steps; 0: no filter")
    torque_divider: float = setting(2000.0, "counts for 1 N m, by model: 2000, or 1000 for large ones")


class Driver(LoadCellDriver):
    """Host side."""

    def __init__(self, settings: Settings) -> None:
        _check("rate_hz", settings.rate_hz, RATE_CODES)
        _check("cutoff_hz", settings.cutoff_hz, (0.0, *CUTOFFS_HZ))
        _check("torque_divider", settings.torque_divider, TORQUE_DIVIDERS)
        super().__init__()
        self.sample_interval_s = 1.0 / settings.rate_hz
        self.force_step_n, self.moment_step_nm = 1.0 / FORCE_DIVIDER, 1.0 / settings.torque_divider
        self._dividers = _dividers(settings)
        self._first_step = _command(STOP) + _command(SET_RATE, RATE_CODES[settings.rate_hz])
        code = CUTOFFS_HZ.index(settings.cutoff_hz) + 1 if settings.cutoff_hz else 0
        self._next_step = {
            SET_RATE: _command(SET_FILTER, LOW_PASS if code else 0, code),
            SET_FILTER: _command(STREAM),
        }
        self._splitter = FrameSplitter((FrameFormat(START, _response_length, _is_intact),), self.counts)

    def connect(self) -> bytes:
        """Return the stop command and the first step of the set-up; answers bring the others."""
        self._splitter.clear()
        self._pending = b""
        return self._first_step

    def disconnect(self) -> bytes:
        """Return the stop command."""
        return _command(STOP)

    def feed(self, data: bytes) -> ForceReadings:
        """Return the readings that ``data`` completes; see ``driver.LoadCellDriver``. Every tick is -1."""
        frames = self._splitter.feed(data)
        samples = [frame for frame in frames if frame[1] == STREAM]
        if len(samples) < len(frames):
            for frame in frames:
                self._take_answer(frame)
        table = np.frombuffer(b"".join(samples), FRAME)
        wrench = table["wrench"] / self._dividers
        self.counts.device_error_count += int(np.count_nonzero(table["overload"]))
        self.counts.reading_count += len(samples)
        return ForceReadings(np.full(len(samples), -1, np.int64), wrench[:, :3], wrench[:, 3:])

    def _take_answer(self, frame: bytes) -> None:
        kind, error = frame[1], frame[3]
        if kind in self._next_step:
            self.counts.device_error_count += error != 0
            self._pending += self._next_step[kind]


class Emulator:
    """Device side: knows the commands of the set-up; it does not pace itself."""

    def __init__(self, settings: Settings) -> None:
        self.is_streaming = False
        self._dividers = _dividers(settings)
        self._splitter = FrameSplitter((FrameFormat(START, _command_length, _is_intact),), WireCounts())

    def feed(self, data: bytes) -> bytes:
        """Return the answers to the commands that ``data`` completes; a stop has none."""
        return b"".join(map(self._answer, self._splitter.feed(data)))

    def encode(self, reading: ForceReadings) -> bytes:
        """Return the frames of ``reading``, rounded to whole counts and, as in the sensor, clipped at 16 bits."""
        counts = np.rint(np.hstack([reading.force_n, reading.moment_nm]) * self._dividers)
        samples = np.clip(counts, -32768, 32767).astype(">i2")
        return b"".join(_response(STREAM, sample.tobytes()) for sample in samples)

    def _answer(self, command: bytes) -> bytes:
        kind, first, second = command[1:4]
        if kind in (STREAM, STOP):
            self.is_streaming = kind == STREAM
            return b""
        if kind not in (SET_RATE, SET_FILTER):
            return b""
        is_known = first <= 8 if kind == SET_RATE else first <= LOW_PASS and second <= len(CUTOFFS_HZ)
        return _response(kind, bytes([is_known, 0 if is_known else 2]))


def _dividers(settings: Settings) -> Array:
    return np.array([FORCE_DIVIDER] * 3 + [settings.torque_divider] * 3)


def _check(name: str, value: float, allowed: Collection[float]) -> None:
    if value not in allowed:
        raise ValueError(f"{name}: got {value:g}, expected one of {', '.join(f'{each:g}' for each in allowed)}")


def _framed(data: bytes) -> bytes:
    return START + data + bytes([sum(data) & 0xFF]) + END


def _command(*data: int) -> bytes:
    return _framed(bytes(data).ljust(COMMAND_BYTES - 3, b"\0"))


def _response(kind: int, data: bytes) -> bytes:
    return _framed(bytes([kind]) + data.ljust(RESPONSE_BYTES - 4, b"\0"))


def _command_length(buffer: bytearray, at: int) -> int:
    return COMMAND_BYTES


def _response_length(buffer: bytearray, at: int) -> int:
    is_known = at + 1 == len(buffer) or buffer[at + 1] in ANSWERED
    return RESPONSE_BYTES if is_known else NOT_A_FRAME


def _is_intact(frame: bytes) -> bool:
    return frame[-1] == END[0] and sum(frame[1:-2]) & 0xFF == frame[-2]
