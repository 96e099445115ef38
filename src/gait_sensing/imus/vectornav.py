# SPDX-License-Identifier: Apache-2.0
"""VectorNav VN-100 (and kin) with binary output and ASCII commands, over a serial line.

Binary frame: ``FA``, groups u8, a u16 mask of fields for each group, the fields in the order of their bits, CRC-16
(XMODEM, over all after ``FA``) high byte first. Everything else is little-endian. ASCII: ``$VN...*XX``, XX being the
exclusive or of what stands between; answers stand between binary frames.

Set-up, each step after the answer to the one before: ASCII output off (register 6), then binary output 1 (register
75) with time since start-up, quaternion, angular rate and acceleration. An error report does not say which step it
answers: it is counted, and a stream that does not start is set up again by whoever watches over the wire. Frames with
other groups and fields are read by the size tables; those without the time give no reading.

The tick is *time since start-up*, u64 nanoseconds on the wire, in whole microseconds modulo 2^40 (12.7 days). The
quaternion turns the sensor's axes into north, east, down; the reading's are of north, west, up. Acceleration is
specific force in the sensor's axes, whose z points down where the device lies flat: z then reads -9.8.

Source: the maker's library as published with a ROS driver (dawonn/vectornav: packet.cpp, error_detection.cpp), an
independent reader (fdcl-gwu/arduino-vn100), field sizes in four more public readers, and the VN-100 manual's example.
Confidence: high for frames, sizes and both checks; medium for the wording of answers and errors.
"""

import math
import re
import struct
from binascii import crc_hqx
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import xor

from gait_parts import settings as parts
from gait_parts.settings import setting
from gait_sensing.driver import ImuDriver
from gait_sensing.samples import ImuReading, Quaternion, Vector
from gait_sensing.wires.framing import INCOMPLETE, NOT_A_FRAME, FrameFormat, FrameSplitter

SYNC = b"\xfa"
COMMON = 0
GNSS_SIZES = (8, 8, 2, 1, 1, 24, 24, 12, 12, 12, 4, 4)  # later fields differ between firmwares
FIELD_SIZES = (  # by group and field, both counted from the lowest bit
    (8, 8, 8, 12, 16, 12, 24, 12, 12, 24, 20, 28, 2, 4, 8),  # common
    (8, 8, 8, 2, 8, 8, 8, 4, 4, 1),  # time
    (2, 12, 12, 12, 4, 4, 16, 12, 12, 12, 12, 2, 40),  # inertial
    GNSS_SIZES,
    (2, 12, 16, 36, 12, 12, 12, 12, 12, 12, 28, 24, 12),  # attitude
    (2, 24, 24, 12, 12, 12, 12, 12, 12, 4, 4, 68, 64),  # navigation
    GNSS_SIZES,
)
TIME, QUATERNION, ANGULAR_RATE, ACCELERATION = 0, 4, 5, 8  # fields of the common group
CONTENT = sum(1 << field for field in (TIME, QUATERNION, ANGULAR_RATE, ACCELERATION))
MAX_FRAME_BYTES = 512
BOTH_PORTS = 3

BASE_RATE_HZ = 800
TICK_S = 1e-6
NS_PER_TICK = 1000
TICK_MODULUS = 1 << 40

MAX_LINE_BYTES = 256
LINE = re.compile(rb"\$VN[ -#%-)+-~]*\*[0-9A-Fa-f]{2}\r\n")
LINE_BEGUN = re.compile(rb"\$VN[ -#%-)+-~]*(\*([0-9A-Fa-f]{1,2}\r?)?)?\Z")
COMMAND = re.compile(rb"\$(VN[A-Z]{3}[ -)+-~]*)\*(XX|[0-9A-Fa-f]{2})\r?\n")
NO_ASCII = b"VNWRG,06,0"
INVALID_CHECKSUM, INVALID_COMMAND, INVALID_PARAMETER = 3, 4, 7


@dataclass(frozen=True)
class Settings(parts.Settings):
    """Settings of a VectorNav."""

    rate_hz: float = setting(100.0, "samples a second, a whole number that divides 800", low=1.0, high=800.0)
    port: int = setting(1, "serial port of the device that the host is connected to", low=1, high=2)


class Driver(ImuDriver):
    """Host side."""

    def __init__(self, settings: Settings) -> None:
        if BASE_RATE_HZ % settings.rate_hz:
            raise ValueError(f"rate_hz: got {settings.rate_hz:g}, expected a whole number that divides {BASE_RATE_HZ}")
        super().__init__()
        self.sample_interval_s = 1.0 / settings.rate_hz
        self.tick_s = TICK_S
        self.tick_modulus = TICK_MODULUS
        divisor = int(BASE_RATE_HZ // settings.rate_hz)
        self._binary_output = b"VNWRG,75,%d,%d,01,%04X" % (settings.port, divisor, CONTENT)
        self._splitter = FrameSplitter((BINARY, ASCII), self.counts)

    def connect(self) -> bytes:
        """Return the first step of the set-up; the answer brings the other."""
        self._splitter.clear()
        self._pending = b""
        return _line(NO_ASCII)

    def feed(self, data: bytes) -> list[ImuReading]:
        """Return the readings that ``data`` completes; see ``driver.ImuDriver``."""
        readings = []
        for frame in self._splitter.feed(data):
            if frame[0] == SYNC[0]:
                reading = _read(frame)
                if reading is not None:
                    readings.append(reading)
            elif frame.startswith(b"$VNERR"):
                self.counts.device_error_count += 1
            elif frame.startswith(b"$" + NO_ASCII):
                self._pending += _line(self._binary_output)
        self.counts.reading_count += len(readings)
        return readings


class Emulator:
    """Device side. Sends binary output once register 75 asks for it; a missing vector is NaN, any other field 0."""

    def __init__(self, settings: Settings) -> None:
        self.is_streaming = False
        self._port = settings.port
        self._header = b""  # groups and masks of binary output 1
        self._buffer = bytearray()

    def feed(self, data: bytes) -> bytes:
        """Return the answers to the lines that ``data`` completes."""
        self._buffer += data
        answers = b""
        while (end := self._buffer.find(b"\n") + 1) > 0:
            command = COMMAND.search(bytes(self._buffer[:end]))
            del self._buffer[:end]
            if command is not None:
                answers += _line(self._answer(*command.groups()))
        del self._buffer[:-MAX_LINE_BYTES]
        return answers

    def encode(self, reading: ImuReading) -> bytes:
        """Return one binary frame with the fields that were asked for; none before."""
        if not self.is_streaming:
            return b""
        x, y, z, w = reading.orientation_xyzw or (math.nan,) * 4
        contents = {
            (COMMON, TIME): struct.pack("<Q", (reading.tick or 0) * NS_PER_TICK),
            (COMMON, QUATERNION): struct.pack("<4f", -w, z, -y, x),  # of north, east, down: the inverse of _read's
            (COMMON, ANGULAR_RATE): struct.pack("<3f", *(reading.angular_rate_radps or (math.nan,) * 3)),
            (COMMON, ACCELERATION): struct.pack("<3f", *(reading.acceleration_mps2 or (math.nan,) * 3)),
        }
        body = self._header
        for group, field, size in _fields(self._header):
            body += contents.get((group, field), bytes(size))
        return SYNC + body + crc_hqx(body, 0).to_bytes(2, "big")

    def _answer(self, text: bytes, checksum: bytes) -> bytes:
        if checksum != b"XX" and int(checksum, 16) != reduce(xor, text):
            return b"VNERR,%02X" % INVALID_CHECKSUM
        name, *fields = text.split(b",")
        if name == b"VNWRG" and fields[:1] == [b"75"]:
            return text if self._set_binary_output(fields[1:]) else b"VNERR,%02X" % INVALID_PARAMETER
        if name == b"VNRRG" and fields == [b"01"]:
            return b"VNRRG,01,VN-100"
        return text if name in (b"VNWRG", b"VNASY") else b"VNERR,%02X" % INVALID_COMMAND

    def _set_binary_output(self, fields: list[bytes]) -> bool:
        """Obey port, divisor, groups and masks; return False for what cannot be."""
        try:
            port, divisor = int(fields[0]), int(fields[1])
            groups, *masks = (int(field, 16) for field in fields[2:])
            header = struct.pack(f"<B{len(masks)}H", groups, *masks)
        except (IndexError, ValueError, struct.error):
            return False
        if not 0 <= port <= BOTH_PORTS or divisor < 1 or _header_bytes(groups) != len(header) or not _size(header):
            return False
        self._header, self.is_streaming = header, port in (self._port, BOTH_PORTS)
        return True


def _line(text: bytes) -> bytes:
    return b"$%s*%02X\r\n" % (text, reduce(xor, text))


def _header_bytes(groups: int) -> int:
    """Return how long group byte and masks are."""
    return 1 + 2 * groups.bit_count()


def _fields(header: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield group, field and size of each field, in their order; size 0 for a field that no table knows."""
    masks = iter(struct.unpack_from(f"<{header[0].bit_count()}H", header, 1))
    for group in range(8):
        if header[0] >> group & 1:
            mask, sizes = next(masks), FIELD_SIZES[group] if group < len(FIELD_SIZES) else ()
            for field in range(mask.bit_length()):
                if mask >> field & 1:
                    yield group, field, sizes[field] if field < len(sizes) else 0


def _size(header: bytes) -> int:
    """Return how many bytes the fields take; 0 when there are none, or one of unknown size."""
    sizes = [size for _, _, size in _fields(header)]
    return sum(sizes) if all(sizes) else 0


def _binary_length(buffer: bytearray, at: int) -> int:
    if len(buffer) < at + 2:
        return INCOMPLETE
    header_bytes = _header_bytes(buffer[at + 1])
    header = bytes(buffer[at + 1 : at + 1 + header_bytes])
    if len(header) < header_bytes:
        return INCOMPLETE
    field_bytes = _size(header)
    length = 1 + header_bytes + field_bytes + 2
    return length if field_bytes and length <= MAX_FRAME_BYTES else NOT_A_FRAME


def _is_crc_right(frame: bytes) -> bool:
    return crc_hqx(frame[1:], 0) == 0


def _line_length(buffer: bytearray, at: int) -> int:
    if whole := LINE.match(buffer, at, at + MAX_LINE_BYTES):
        return whole.end() - at
    is_begun = len(buffer) - at < MAX_LINE_BYTES and LINE_BEGUN.match(buffer, at)
    return INCOMPLETE if is_begun else NOT_A_FRAME


def _is_line_intact(line: bytes) -> bool:
    text, checksum = line[1:-2].rsplit(b"*", 1)
    return reduce(xor, text) == int(checksum, 16)


BINARY = FrameFormat(SYNC, _binary_length, _is_crc_right)
ASCII = FrameFormat(b"$VN", _line_length, _is_line_intact)


def _read(frame: bytes) -> ImuReading | None:
    """Return the reading in a binary frame, or ``None`` if it has no time."""
    at = 1 + _header_bytes(frame[1])
    tick: int | None = None
    acceleration: Vector | None = None
    angular_rate: Vector | None = None
    orientation: Quaternion | None = None
    for group, field, size in _fields(frame[1:at]):
        if group == COMMON:
            if field == TIME:
                tick = int.from_bytes(frame[at : at + size], "little") // NS_PER_TICK % TICK_MODULUS
            elif field == QUATERNION:
                x, y, z, w = struct.unpack_from("<4f", frame, at)
                orientation = (w, -z, y, -x)  # half a turn about north: from north, east, down to north, west, up
            elif field == ANGULAR_RATE:
                angular_rate = struct.unpack_from("<3f", frame, at)
            elif field == ACCELERATION:
                acceleration = struct.unpack_from("<3f", frame, at)
        at += size
    if tick is None:
        return None
    return ImuReading(
        tick,
        acceleration if _is_finite(acceleration) else None,
        angular_rate if _is_finite(angular_rate) else None,
        orientation if _is_finite(orientation) else None,
    )


def _is_finite(vector: tuple[float, ...] | None) -> bool:
    return vector is not None and all(map(math.isfinite, vector))
