# SPDX-License-Identifier: Apache-2.0
"""MicroStrain (LORD, HBK) inertial sensors: MIP packets, over a serial line or USB.

Packet: ``75 65``, descriptor set, payload length u8, fields, two Fletcher bytes over all that stands before them.
Field: length u8 (its own and the descriptor's byte included), descriptor, content; big-endian. Sets: 01 and 0C commands
and their answers, in which field F1 is an acknowledgement (command, 0 or an error); 80 sensor data; 82 filter data.

Set-up, each step after the acknowledgement of the one before: idle; for the sensor set, then the filter set: ask for
the base rate, set time and values with the decimation that gives ``rate_hz``, switch the stream on; resume. A refusal
is counted, and so is a base rate that is no multiple of ``rate_hz``. Without the filter set readings have no
orientation; any other refusal ends the set-up, and the wire is silent until it is opened anew.

Decisions. *Reading*: a packet of the sensor set, and the quaternion of the filter packet with the very same time,
whichever comes first. Without such a partner it is handed out, without orientation, when the next sensor packet
comes. *Tick*: device time in microseconds modulo one week. Series 5 (GX5, CX5, CV5) sends the GPS time stamp (80/12,
82/11: seconds of the week as float64, week, flags), which without satellites is the time since power-up; series 7
(CV7, GV7, GQ7) the reference time (D5: nanoseconds since power-up as u64), which never jumps. *Axes*: the sensor's
own. The quaternion turns them into north, east, down; here it is turned on into east, north, up. It is right while
the sensor-to-vehicle rotation stored on the device is none.

Source: the maker's mip_sdk (definitions, tests, examples for both series) and ROS driver (direction of the quaternion),
3DM-GX5 manual. Confidence: high for packets, commands and units; medium for both sets of one moment having equal
time stamps on series 5.
"""

import math
import struct
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from itertools import accumulate

from gait_parts import settings as parts
from gait_parts.settings import setting
from gait_sensing.driver import ImuDriver, WireCounts
from gait_sensing.samples import STANDARD_GRAVITY_MPS2, ImuReading, Quaternion, Vector
from gait_sensing.wires.framing import INCOMPLETE, FrameFormat, FrameSplitter

SYNC = b"\x75\x65"
TICK_S = 1e-6
TICK_MODULUS = 7 * 24 * 3600 * 1_000_000

BASE, SYSTEM, SENSOR, FILTER = 0x01, 0x0C, 0x80, 0x82
PING, IDLE, RESUME, STREAM, ACK = 0x01, 0x02, 0x06, 0x11, 0xF1
ACCELERATION, ANGULAR_RATE, QUATERNION = 0x04, 0x05, 0x03
WRITE, ON, UNKNOWN_COMMAND = 1, 1, 1
VECTOR = struct.Struct(">3f")
ATTITUDE = struct.Struct(">4fH")  # w x y z, and flags: 0 while the filter has no solution
NO_ATTITUDE = bytes(ATTITUDE.size)
GPS_TIME = (struct.Struct(">d4x"), 1e-6)  # seconds of the week; a tick of ours in the field's units
REFERENCE_TIME = (struct.Struct(">Q"), 1000)  # nanoseconds since power-up

Command = tuple[int, int, bytes]  # descriptor set, descriptor, content
SetUp = Generator[Command, bytes | None, bool]  # takes what came with each acknowledgement, None for a refusal


@dataclass(frozen=True)
class Stream:
    """One of the two sets a device sends, and how its series is told to send it."""

    descriptor_set: int
    fields: tuple[int, ...]  # time first
    base_rate_command: int
    base_rate_reply: int
    format_command: int
    prefix: bytes  # names the set in these two commands; empty where the command implies it
    selector: int  # names it where a stream is switched
    time: struct.Struct
    units_per_tick: float

    def tick_of(self, content: bytes) -> int:
        """Return the tick in a time field. Raises ``struct.error`` when it is none."""
        ticks: float = self.time.unpack(content)[0] / self.units_per_tick
        if not math.isfinite(ticks):
            raise struct.error("the time is no number")
        return round(ticks) % TICK_MODULUS


SERIES = {
    "5": (
        Stream(SENSOR, (0x12, ACCELERATION, ANGULAR_RATE), 0x06, 0x83, 0x08, b"", 1, *GPS_TIME),
        Stream(FILTER, (0x11, QUATERNION), 0x0B, 0x8A, 0x0A, b"", 3, *GPS_TIME),
    ),
    "7": (
        Stream(SENSOR, (0xD5, ACCELERATION, ANGULAR_RATE), 0x0E, 0x8E, 0x0F, b"\x80", SENSOR, *REFERENCE_TIME),
        Stream(FILTER, (0xD5, QUATERNION), 0x0E, 0x8E, 0x0F, b"\x82", FILTER, *REFERENCE_TIME),
    ),
}


@dataclass(frozen=True)
class Settings(parts.Settings):
    """Settings of a MicroStrain sensor."""

    rate_hz: float = setting(100.0, "samples a second; divides both base rates", low=1.0, high=1000.0)
    series: str = setting("5", "5 for GX5, CX5 and CV5; 7 for CV7, GV7 and GQ7", choices=("5", "7"))


class Driver(ImuDriver):
    """Host side."""

    def __init__(self, settings: Settings) -> None:
        if not settings.rate_hz.is_integer():
            raise ValueError(f"rate_hz: got {settings.rate_hz:g}, expected a whole number")
        super().__init__()
        self.sample_interval_s = 1.0 / settings.rate_hz
        self.tick_s = TICK_S
        self.tick_modulus = TICK_MODULUS
        self._rate_hz = int(settings.rate_hz)
        self._streams = {stream.descriptor_set: stream for stream in SERIES[settings.series]}
        self._set_up = self._steps()
        self._awaited: Command | None = None
        self._raw: tuple[int, Vector | None, Vector | None] | None = None  # tick and values that wait for an attitude
        self._attitude: tuple[int, Quaternion | None] | None = None  # tick and value that wait for a sensor packet
        self._splitter = FrameSplitter((MIP,), self.counts)

    def connect(self) -> bytes:
        """Return the command to idle, the first step of the set-up."""
        self._splitter.clear()
        self._pending = b""
        self._raw = self._attitude = None
        self._set_up = self._steps()
        self._awaited = next(self._set_up)
        return _packet(self._awaited)

    def disconnect(self) -> bytes:
        """Return the command to idle."""
        return _packet((BASE, IDLE, b""))

    def feed(self, data: bytes) -> list[ImuReading]:
        """Return the readings that ``data`` completes; see ``driver.ImuDriver``."""
        readings: list[ImuReading] = []
        for packet in self._splitter.feed(data):
            try:
                fields = dict(_fields(packet))
                if packet[2] in self._streams:
                    readings += self._join(self._streams[packet[2]], fields)
                elif ACK in fields:
                    self._take_answer(packet[2], fields)
            except struct.error:
                self.counts.bytes_dropped_count += len(packet)
        self.counts.reading_count += len(readings)
        return readings

    def _join(self, stream: Stream, fields: dict[int, bytes]) -> Iterator[ImuReading]:
        """Yield the readings that a data packet closes. Raises ``struct.error`` when it is not what was asked for."""
        if (time := fields.get(stream.fields[0])) is None:
            return
        tick = stream.tick_of(time)
        if stream.descriptor_set == SENSOR:
            raw = (tick, _vector(fields, ACCELERATION, STANDARD_GRAVITY_MPS2), _vector(fields, ANGULAR_RATE, 1.0))
            if self._raw is not None:
                yield ImuReading(*self._raw, None)
            self._raw = raw
        else:
            self._attitude = (tick, _orientation(fields))
        if self._raw is not None and self._attitude is not None and self._raw[0] == self._attitude[0]:
            yield ImuReading(*self._raw, self._attitude[1])
            self._raw = self._attitude = None

    def _take_answer(self, descriptor_set: int, fields: dict[int, bytes]) -> None:
        """Go on to the next step when this answers the last one. Raises ``struct.error`` for another length."""
        command, error = struct.unpack(">BB", fields.pop(ACK))
        self.counts.device_error_count += error != 0
        if self._awaited is None or (descriptor_set, command) != self._awaited[:2]:
            return
        try:
            self._awaited = self._set_up.send(None if error else b"".join(fields.values()))
            self._pending += _packet(self._awaited)
        except StopIteration:
            self._awaited = None

    def _steps(self) -> SetUp:
        """Yield the commands of the set-up; return whether the device streams."""
        if (yield BASE, IDLE, b"") is None:
            return False
        for stream in self._streams.values():
            is_on = yield from self._switch_on(stream)
            if not is_on and stream.descriptor_set == SENSOR:
                return False
        return (yield BASE, RESUME, b"") is not None

    def _switch_on(self, stream: Stream) -> SetUp:
        """Yield the commands for one set; return whether all were obeyed."""
        answer = yield SYSTEM, stream.base_rate_command, stream.prefix
        if answer is None:
            return False
        decimation, rest = divmod(int.from_bytes(answer[-2:], "big"), self._rate_hz)
        if decimation == 0 or rest:
            self.counts.device_error_count += 1
            return False
        pairs = b"".join(struct.pack(">BH", kind, decimation) for kind in stream.fields)
        content = bytes([WRITE]) + stream.prefix + bytes([len(stream.fields)]) + pairs
        if (yield SYSTEM, stream.format_command, content) is None:
            return False
        return (yield SYSTEM, STREAM, bytes([WRITE, stream.selector, ON])) is not None


class Emulator:
    """Device side. Idle until it is set up; then sends a sensor packet and a filter packet for each reading."""

    def __init__(self, settings: Settings) -> None:
        self.is_streaming = False
        self._streams = SERIES[settings.series]
        self._replies = {(BASE, command, b""): b"" for command in (PING, IDLE, RESUME)}
        for stream, base_rate_hz in zip(self._streams, (1000, 500), strict=True):
            reply = _field(stream.base_rate_reply, stream.prefix + base_rate_hz.to_bytes(2, "big"))
            self._replies[SYSTEM, stream.base_rate_command, stream.prefix] = reply
            self._replies[SYSTEM, STREAM, bytes([WRITE, stream.selector, ON])] = b""
        self._splitter = FrameSplitter((MIP,), WireCounts())

    def feed(self, data: bytes) -> bytes:
        """Return the answers to the commands that ``data`` completes."""
        commands = ((packet[2], *field) for packet in self._splitter.feed(data) for field in _fields(packet))
        return b"".join(_framed(command[0], self._obey(*command)) for command in commands)

    def encode(self, reading: ImuReading) -> bytes:
        """Return the packets of ``reading``, the filter's only if it has an orientation."""
        tick = (reading.tick or 0) % TICK_MODULUS
        sensor, filtered = (
            _field(stream.fields[0], stream.time.pack(tick * stream.units_per_tick)) for stream in self._streams
        )
        vectors = (reading.acceleration_mps2, STANDARD_GRAVITY_MPS2), (reading.angular_rate_radps, 1.0)
        for kind, (vector, unit) in zip((ACCELERATION, ANGULAR_RATE), vectors, strict=True):
            if vector is not None:
                sensor += _field(kind, VECTOR.pack(*(value / unit for value in vector)))
        if reading.orientation_xyzw is None:
            return _framed(SENSOR, sensor)
        x, y, z, w = (-value for value in _turned(*reading.orientation_xyzw))
        return _framed(SENSOR, sensor) + _framed(FILTER, filtered + _field(QUATERNION, ATTITUDE.pack(w, x, y, z, 1)))

    def _obey(self, descriptor_set: int, command: int, content: bytes) -> bytes:
        """Return the acknowledgement of one command, and what was asked for."""
        reply = self._replies.get((descriptor_set, command, content))
        for stream in self._streams:
            if command == stream.format_command and content.startswith(bytes([WRITE]) + stream.prefix):
                reply = b""
        if reply is None:
            return _field(ACK, bytes([command, UNKNOWN_COMMAND]))
        if descriptor_set == BASE and command != PING:
            self.is_streaming = command == RESUME
        return _field(ACK, bytes([command, 0])) + reply


def _field(kind: int, content: bytes) -> bytes:
    return bytes([2 + len(content), kind]) + content


def _framed(descriptor_set: int, fields: bytes) -> bytes:
    body = SYNC + bytes([descriptor_set, len(fields)]) + fields
    return body + _fletcher(body)


def _packet(command: Command) -> bytes:
    descriptor_set, kind, content = command
    return _framed(descriptor_set, _field(kind, content))


def _fletcher(body: bytes) -> bytes:
    sums = list(accumulate(body))
    return bytes([sums[-1] & 0xFF, sum(sums) & 0xFF])


def _packet_length(buffer: bytearray, at: int) -> int:
    return 6 + buffer[at + 3] if at + 3 < len(buffer) else INCOMPLETE


def _is_sum_right(packet: bytes) -> bool:
    return _fletcher(packet[:-2]) == packet[-2:]


MIP = FrameFormat(SYNC, _packet_length, _is_sum_right)


def _fields(packet: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield descriptor and content of each field, up to one that does not end within its packet."""
    at, end = 4, len(packet) - 2
    while at < end and packet[at] >= 2 and at + packet[at] <= end:
        yield packet[at + 1], packet[at + 2 : at + packet[at]]
        at += packet[at]


def _vector(fields: dict[int, bytes], kind: int, scale: float) -> Vector | None:
    """Return three numbers; ``None`` if they were not sent or one is not finite. Raises ``struct.error``."""
    if kind not in fields:
        return None
    x, y, z = VECTOR.unpack(fields[kind])
    return (x * scale, y * scale, z * scale) if math.isfinite(x + y + z) else None


def _orientation(fields: dict[int, bytes]) -> Quaternion | None:
    """Return the rotation from sensor axes to east, north, up; ``None`` without a solution. Raises ``struct.error``."""
    w, x, y, z, flags = ATTITUDE.unpack(fields.get(QUATERNION, NO_ATTITUDE))
    return _turned(x, y, z, w) if flags and math.isfinite(w + x + y + z) else None


def _turned(x: float, y: float, z: float, w: float) -> Quaternion:
    """Turn half around the axis between the first two: north, east, down becomes east, north, up; and back, negated."""
    half = math.sqrt(0.5)
    return (half * (w + z), half * (w - z), half * (y - x), -half * (x + y))
