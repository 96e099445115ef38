# SPDX-License-Identifier: Apache-2.0
"""WitMotion WT901, JY901, BWT901 and kin with the maker's "standard protocol", over a serial line.

Frame, 11 bytes: ``55``, type, four int16, low byte of the sum of the ten bytes before; little-endian. A sample is
spread over several frames, in the order of their types: acceleration ``51`` (full scale 16 g, then temperature),
angular rate ``52`` (2000 degrees/s), quaternion ``59`` (w x y z, full scale 1); ``5F`` answers a register read.

A sample is closed by its quaternion and needs all three parts, in their order and with no bytes skipped between;
else it is dropped. Three frames in a row that vanish without a trace can still join parts of two samples: the frames
have no number. Other types pass unused.

The device streams from power-up and acknowledges nothing. Set-up is written at once: unlock, rate, content; then both
are read back, and a difference counts as a device error. Nothing is saved to flash and the baud rate is left alone.
There is no counter: ``tick_s`` is None and stamps are times of receipt. The earth frame is east, north, up.

Source: the maker's SDK (WitStandardProtocol_JY901: wit_c_sdk.c, REG.h) and data sheets of WT901, WT901SDCL, BWT61CL.
Confidence: high for frames, scales and registers; medium for g, which the maker rounds to 9.8 (9.80665 here), and for
the read-back on old firmware.
"""

import math
import struct
from dataclasses import dataclass

from gait_parts import settings as parts
from gait_parts.settings import setting
from gait_sensing.driver import ImuDriver, WireCounts
from gait_sensing.samples import ImuReading
from gait_sensing.wires.framing import NOT_A_FRAME, FrameFormat, FrameSplitter

FRAME_BYTES, COMMAND_BYTES = 11, 5
WORDS = struct.Struct("<2x4hx")
SYNC, COMMAND = b"\x55", b"\xff\xaa"
FIRST_KIND = 0x50  # content bit n switches frames of type 50 + n
ACCELERATION, ANGULAR_RATE, QUATERNION, REGISTERS = 0x51, 0x52, 0x59, 0x5F
KINDS = frozenset((*range(0x50, 0x5C), REGISTERS))
PARTS = (ACCELERATION, ANGULAR_RATE, QUATERNION)

CONTENT_REGISTER, RATE_REGISTER, BAUD_REGISTER, READ_REGISTER, KEY_REGISTER = 0x02, 0x03, 0x04, 0x27, 0x69
UNLOCK = 0xB588
CONTENT = sum(1 << (kind - FIRST_KIND) for kind in PARTS)
RATE_CODES = {1: 3, 2: 4, 5: 5, 10: 6, 20: 7, 50: 8, 100: 9, 200: 11}  # by rate in Hz; slower ones pass for silence
FACTORY_REGISTERS = {CONTENT_REGISTER: 0x001E, RATE_REGISTER: RATE_CODES[10], BAUD_REGISTER: 2}

ACCELERATION_STEP_MPS2 = 16.0 * 9.80665 / 32768.0
ANGULAR_RATE_STEP_RADPS = math.radians(2000.0) / 32768.0
QUATERNION_STEP = 1.0 / 32768.0


@dataclass(frozen=True)
class Settings(parts.Settings):
    """Settings of a WitMotion IMU."""

    rate_hz: float = setting(100.0, "samples a second: 1, 2, 5, 10, 20, 50, 100 or 200", low=1.0, high=200.0)


class Driver(ImuDriver):
    """Host side."""

    acceleration_step_mps2 = ACCELERATION_STEP_MPS2
    angular_rate_step_radps = ANGULAR_RATE_STEP_RADPS

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.sample_interval_s = 1.0 / settings.rate_hz
        self._set_up = (CONTENT, _rate_code(settings))
        self._splitter = FrameSplitter((FrameFormat(SYNC, _frame_length, self._is_intact),), self.counts)
        self._dropped_counts: list[int] = []  # bytes dropped until then, for each frame of this read
        self._parts: list[tuple[int, ...]] = []  # of the sample that has begun
        self._parts_dropped_count = 0  # bytes dropped when it began

    def connect(self) -> bytes:
        """Return the whole set-up and a request to read it back."""
        self._splitter.clear()
        self._parts.clear()
        content, rate_code = self._set_up
        return (
            _command(KEY_REGISTER, UNLOCK)
            + _command(RATE_REGISTER, rate_code)
            + _command(CONTENT_REGISTER, content)
            + _command(READ_REGISTER, CONTENT_REGISTER)
        )

    def feed(self, data: bytes) -> list[ImuReading]:
        """Return the readings that ``data`` completes; see ``driver.ImuDriver``."""
        readings = []
        frames = self._splitter.feed(data)
        for frame, dropped_count in zip(frames, self._dropped_counts, strict=True):
            kind = frame[1]
            if kind in PARTS:
                self._take_part(kind, WORDS.unpack(frame), dropped_count)
                if len(self._parts) == len(PARTS):
                    readings.append(_reading(*self._parts))
                    self._parts.clear()
            elif kind == REGISTERS:
                self.counts.device_error_count += struct.unpack_from("<2H", frame, 2) != self._set_up
        self._dropped_counts.clear()
        self.counts.reading_count += len(readings)
        return readings

    def _take_part(self, kind: int, words: tuple[int, ...], dropped_count: int) -> None:
        """Add a part to the sample that has begun, or drop what does not belong together."""
        if kind == PARTS[0]:
            self._parts.clear()
            self._parts_dropped_count = dropped_count
        if kind == PARTS[len(self._parts)] and dropped_count == self._parts_dropped_count:
            self._parts.append(words)
        else:
            self._parts.clear()

    def _is_intact(self, frame: bytes) -> bool:
        is_intact = sum(frame[:-1]) & 0xFF == frame[-1]
        if is_intact:
            self._dropped_counts.append(self.counts.bytes_dropped_count)
        return is_intact


class Emulator:
    """Device side. Streams what its registers say from power-up; they change only once unlocked."""

    def __init__(self, settings: Settings) -> None:
        self._registers = dict(FACTORY_REGISTERS)
        self._is_unlocked = False
        self._splitter = FrameSplitter((FrameFormat(COMMAND, _command_length, bool),), WireCounts())

    @property
    def is_streaming(self) -> bool:
        """Whether its rate is one at which it sends without being asked."""
        return self._registers[RATE_REGISTER] in RATE_CODES.values()

    def feed(self, data: bytes) -> bytes:
        """Return the registers that were asked for."""
        return b"".join(self._obey(command) for command in self._splitter.feed(data))

    def encode(self, reading: ImuReading) -> bytes:
        """Return the frames that the content register asks for; what a reading never holds (angle, field) reads 0."""
        x, y, z, w = reading.orientation_xyzw or (0.0, 0.0, 0.0, 0.0)
        vectors = {
            ACCELERATION: (reading.acceleration_mps2, ACCELERATION_STEP_MPS2),
            ANGULAR_RATE: (reading.angular_rate_radps, ANGULAR_RATE_STEP_RADPS),
            QUATERNION: (reading.orientation_xyzw and (w, x, y, z), QUATERNION_STEP),
        }
        frames = b""
        for kind in range(FIRST_KIND, FIRST_KIND + 11):
            if self._registers[CONTENT_REGISTER] >> (kind - FIRST_KIND) & 1:
                vector, step = vectors.get(kind, ((), 1.0))
                if vector is not None:
                    frames += _frame(kind, [_clipped(value / step) for value in vector])
        return frames

    def _obey(self, command: bytes) -> bytes:
        register, value = struct.unpack("<2xBH", command)
        if register == READ_REGISTER:
            return _frame(REGISTERS, [_signed(self._registers.get(value + i, 0)) for i in range(4)])
        if register == KEY_REGISTER:
            self._is_unlocked = value == UNLOCK
        elif self._is_unlocked:
            self._registers[register] = value
        return b""


def _rate_code(settings: Settings) -> int:
    if settings.rate_hz not in RATE_CODES:
        raise ValueError(f"rate_hz: got {settings.rate_hz:g}, expected one of {', '.join(map(str, RATE_CODES))}")
    return RATE_CODES[int(settings.rate_hz)]


def _command(register: int, value: int) -> bytes:
    return COMMAND + struct.pack("<BH", register, value)


def _command_length(buffer: bytearray, at: int) -> int:
    return COMMAND_BYTES


def _frame_length(buffer: bytearray, at: int) -> int:
    return NOT_A_FRAME if len(buffer) > at + 1 and buffer[at + 1] not in KINDS else FRAME_BYTES


def _frame(kind: int, words: list[int]) -> bytes:
    body = SYNC + bytes([kind]) + struct.pack("<4h", *words, *[0] * (4 - len(words)))
    return body + bytes([sum(body) & 0xFF])


def _reading(acceleration: tuple[int, ...], angular_rate: tuple[int, ...], w_first: tuple[int, ...]) -> ImuReading:
    ax, ay, az, _ = acceleration
    gx, gy, gz, _ = angular_rate
    w, x, y, z = w_first
    a, g, q = ACCELERATION_STEP_MPS2, ANGULAR_RATE_STEP_RADPS, QUATERNION_STEP
    return ImuReading(None, (ax * a, ay * a, az * a), (gx * g, gy * g, gz * g), (x * q, y * q, z * q, w * q))


def _clipped(raw: float) -> int:
    return max(-32768, min(32767, round(raw)))


def _signed(word: int) -> int:
    return word - 65536 if word > 32767 else word
