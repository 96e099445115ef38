# SPDX-License-Identifier: Apache-2.0
"""Sunrise Instruments (SRI) M8128 transmitter for six-axis load cells, over a serial line or TCP port 4008.

Frame, 31 bytes: ``AA 55``, length u16 = 27, package number u16, six float32 (Fx Fy Fz in N, Mx My Mz in N m), sum.
Length and number are big-endian, the floats little-endian. The sum is the low byte of the sum of the 24 data bytes
alone, so a package number may arrive wrong unnoticed; the device clock rejects it. Text answers stand
between frames.

Source: the manual's examples of GOD and DCKMD as quoted in public notes, and public readers (r3kit m8128.py,
sri_force_sensor_driver). Confidence: high for the frame and the acknowledgement's form, medium for the commands,
whose names differ between firmwares (``rate_command``), and for what the device answers to ``AT+GSD=STOP``.
"""

import re
from dataclasses import dataclass

import numpy as np

from gait_parts import settings as parts
from gait_parts.settings import setting
from gait_sensing.driver import LoadCellDriver
from gait_sensing.samples import ForceReadings
from gait_sensing.wires.framing import INCOMPLETE, NOT_A_FRAME, FrameFormat, FrameSplitter

HEAD = b"\xaa\x55\x00\x1b"  # sync word and the only length that six floats with a sum have
FRAME_BYTES = 31
FRAME = np.dtype([("head", "V4"), ("package", ">u2"), ("wrench", "<f4", 6), ("sum", "u1")])
PACKAGE_MODULUS = 65536
MAX_LINE_BYTES = 256
ANSWER = re.compile(rb"ACK\+[ -~]*\r\n")
ANSWER_BEGUN = re.compile(rb"ACK\+[ -~]*\r?\Z")
COMMAND = re.compile(rb"AT\+([A-Z]+)(?:=([ -~]*))?\r\n")


@dataclass(frozen=True)
class Settings(parts.Settings):
    """Settings of an SRI M8128."""

    rate_hz: float = setting(1000.0, "samples a second, a whole number", low=1.0, high=2000.0)
    rate_command: str = setting("SMPF", "command by which this firmware sets the rate", choices=("SMPF", "SMPR"))


class Driver(LoadCellDriver):
    """Host side: stops the stream, sets check, content and rate one after the other, and starts it again."""

    def __init__(self, settings: Settings) -> None:
        if not settings.rate_hz.is_integer():
            raise ValueError(f"rate_hz: got {settings.rate_hz:g}, expected a whole number")
        super().__init__()
        self.sample_interval_s = self.tick_s = 1.0 / settings.rate_hz
        self.tick_modulus = PACKAGE_MODULUS
        self._next_step = {
            b"DCKMD": b"AT+SGDM=(A01,A02,A03,A04,A05,A06);E;1;(WMA:1)\r\n",
            b"SGDM": b"AT+%s=%d\r\n" % (settings.rate_command.encode(), int(settings.rate_hz)),
            settings.rate_command.encode(): b"AT+GSD\r\n",
        }
        self._splitter = FrameSplitter(
            (FrameFormat(HEAD, _frame_length, _is_sum_right), FrameFormat(b"ACK+", _answer_length, bool)), self.counts
        )

    def connect(self) -> bytes:
        """Return the stop command and the first step of the set-up; answers bring the others."""
        self._splitter.clear()
        self._pending = b""
        return b"AT+GSD=STOP\r\nAT+DCKMD=SUM\r\n"

    def disconnect(self) -> bytes:
        """Return the stop command."""
        return b"AT+GSD=STOP\r\n"

    def feed(self, data: bytes) -> ForceReadings:
        """Return the readings that ``data`` completes; see ``driver.LoadCellDriver``."""
        frames = self._splitter.feed(data)
        samples = [frame for frame in frames if frame[0] == HEAD[0]]
        if len(samples) < len(frames):
            for frame in frames:
                self._take_answer(frame)
        table = np.frombuffer(b"".join(samples), FRAME)
        is_finite = np.isfinite(table["wrench"]).all(axis=1)  # before any cast: one of a signalling NaN warns
        if not is_finite.all():
            self.counts.device_error_count += int((~is_finite).sum())
            table = table[is_finite]
        self.counts.reading_count += len(table)
        wrench = table["wrench"].astype(np.float64)
        return ForceReadings(table["package"].astype(np.int64), wrench[:, :3], wrench[:, 3:])

    def _take_answer(self, frame: bytes) -> None:
        """Go on to the next step, also after a refusal: a firmware without a command keeps its default."""
        if frame[0] == HEAD[0]:
            return
        name = re.split(rb"[=$\r]", frame[len(b"ACK+") :], maxsplit=1)[0]
        self.counts.device_error_count += b"$OK" not in frame
        self._pending += self._next_step.get(name, b"")


class Emulator:
    """Device side: answers commands and packs readings; it does not pace itself."""

    def __init__(self, settings: Settings) -> None:
        self.is_streaming = False
        self._settings = settings
        self._buffer = bytearray()

    def feed(self, data: bytes) -> bytes:
        """Return the answers to the commands that ``data`` completes."""
        self._buffer += data
        answers = b""
        while (end := self._buffer.find(b"\r\n")) >= 0:
            line = bytes(self._buffer[: end + 2])
            del self._buffer[: end + 2]
            answers += self._answer(line)
        del self._buffer[:-MAX_LINE_BYTES]
        return answers

    def encode(self, reading: ForceReadings) -> bytes:
        """Return the frames of ``reading``; a force is rounded to float32."""
        frames = np.zeros(len(reading.ticks), FRAME)
        frames["head"] = np.void(HEAD)
        frames["package"] = reading.ticks % PACKAGE_MODULUS
        frames["wrench"] = np.hstack([reading.force_n, reading.moment_nm])
        frames["sum"] = frames["wrench"].copy().view(np.uint8).reshape(len(frames), 24).sum(axis=1) & 0xFF
        return frames.tobytes()

    def _answer(self, line: bytes) -> bytes:
        command = COMMAND.search(line)
        if command is None:
            return b""
        name, value = command.groups()
        if name == b"GSD":
            self.is_streaming = value != b"STOP"
            return b"" if self.is_streaming else b"ACK+GSD=STOP$OK\r\n"
        is_known = name in (b"DCKMD", b"SGDM", self._settings.rate_command.encode())
        return b"ACK+%s=%s$%s\r\n" % (name, value or b"", b"OK" if is_known else b"ERROR")


def _frame_length(buffer: bytearray, at: int) -> int:
    return FRAME_BYTES


def _is_sum_right(frame: bytes) -> bool:
    return sum(frame[6:30]) & 0xFF == frame[30]


def _answer_length(buffer: bytearray, at: int) -> int:
    if whole := ANSWER.match(buffer, at, at + MAX_LINE_BYTES):
        return whole.end() - at
    is_begun = len(buffer) - at < MAX_LINE_BYTES and ANSWER_BEGUN.match(buffer, at)
    return INCOMPLETE if is_begun else NOT_A_FRAME
