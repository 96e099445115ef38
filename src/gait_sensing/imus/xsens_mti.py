# SPDX-License-Identifier: Apache-2.0
"""Xsens (Movella) MTi series: Xbus messages with MTData2, over a serial line.

Message: ``FA FF``, id, length (``FF``: a 16-bit length follows), payload, checksum; all bytes after the first sum to
0 modulo 256. Numbers are big-endian. MTData2 is a list of items: u16 identifier, u8 size, content; the identifier's
lowest two bits give the number format, the next two the earth frame.

Set-up, each step after the acknowledgement of the one before: GoToConfig, SetOutputConfig (packet counter, sample
time, quaternion, acceleration, rate of turn, status), GoToMeasurement. A WakeUp, sent after power-up, is acknowledged
and starts the set-up anew. The tick is *sample time fine*, 10 kHz u32: true device time, and a loss shows in it. An
MTData2 without it gives no reading; the packet counter is asked for, to be seen on the wire, and not used.

Source: Movella's public driver (xbus.h, xsdataidentifier.h, xsstatusflag.h) and five independent public parsers;
captures of an MTi-630 and others in their tests. Confidence: high; medium for error codes and for what a device does
between power-up and set-up.
"""

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from gait_parts import settings as parts
from gait_parts.settings import setting
from gait_sensing.driver import ImuDriver, WireCounts
from gait_sensing.samples import ImuReading
from gait_sensing.wires.framing import INCOMPLETE, NOT_A_FRAME, FrameFormat, FrameSplitter

SYNC = b"\xfa\xff"  # preamble and the bus identifier of a stand-alone device
LONG_LENGTH = 0xFF
MAX_PAYLOAD_BYTES = 2048
TICK_S = 1e-4
TICK_MODULUS = 1 << 32

GO_TO_MEASUREMENT, GO_TO_CONFIG, MT_DATA_2, WAKE_UP, WAKE_UP_ACK, ERROR, OUTPUT_CONFIG = (
    0x10, 0x30, 0x36, 0x3E, 0x3F, 0x42, 0xC0,
)  # fmt: skip
INVALID_MESSAGE = 4  # what an Error message carries for a request that is not understood or not allowed now

PACKET_COUNTER, SAMPLE_TIME, QUATERNION, ACCELERATION, RATE_OF_TURN, STATUS = (
    0x1020, 0x1060, 0x2010, 0x4020, 0x8020, 0xE020,
)  # fmt: skip
KIND_MASK, FRAME_MASK, FORMAT_MASK = 0xFFF0, 0x000C, 0x0003
NED = 0x0004  # the one earth frame whose z points down
EVERY_SAMPLE_HZ = 0xFFFF
STATUS_ALL_WELL = 3  # self-test passed, orientation valid


@dataclass(frozen=True)
class Settings(parts.Settings):
    """Settings of an MTi."""

    rate_hz: float = setting(100.0, "samples a second, a whole number that divides 10000", low=1.0, high=400.0)


class Driver(ImuDriver):
    """Host side."""

    def __init__(self, settings: Settings) -> None:
        ticks_per_sample = 1.0 / (TICK_S * settings.rate_hz)
        if not settings.rate_hz.is_integer() or abs(ticks_per_sample - round(ticks_per_sample)) > 1e-6:
            raise ValueError(f"rate_hz: got {settings.rate_hz:g}, expected a whole number that divides 10000")
        super().__init__()
        self.sample_interval_s = 1.0 / settings.rate_hz
        self.tick_s = TICK_S
        self.tick_modulus = TICK_MODULUS
        self._answer_to = {
            GO_TO_CONFIG + 1: _message(OUTPUT_CONFIG, _output_config(int(settings.rate_hz))),
            OUTPUT_CONFIG + 1: _message(GO_TO_MEASUREMENT),
            WAKE_UP: _message(WAKE_UP_ACK) + _message(GO_TO_CONFIG),
        }
        self._splitter = FrameSplitter((XBUS,), self.counts)

    def connect(self) -> bytes:
        """Return GoToConfig, the first step of the set-up."""
        self._splitter.clear()
        self._pending = b""
        return _message(GO_TO_CONFIG)

    def feed(self, data: bytes) -> list[ImuReading]:
        """Return the readings that ``data`` completes; see ``driver.ImuDriver``."""
        readings = []
        for message in self._splitter.feed(data):
            kind, payload = _opened(message)
            if kind == MT_DATA_2:
                reading = self._read(payload)
                if reading is not None:
                    readings.append(reading)
            else:
                self.counts.device_error_count += kind == ERROR
                self._pending += self._answer_to.get(kind, b"")
        self.counts.reading_count += len(readings)
        return readings

    def _read(self, payload: bytes) -> ImuReading | None:
        """Return the reading in an MTData2, or ``None`` if it has no sample time or is not a list of items."""
        tick = None
        acceleration = angular_rate = w_first = None
        try:
            for identifier, content in _items(payload):
                kind = identifier & KIND_MASK
                if kind == SAMPLE_TIME:
                    (tick,) = struct.unpack(">I", content)
                elif kind == ACCELERATION:
                    acceleration = _numbers(identifier, content, 3)
                elif kind == RATE_OF_TURN:
                    angular_rate = _numbers(identifier, content, 3)
                elif kind == QUATERNION and identifier & FRAME_MASK != NED:
                    w_first = _numbers(identifier, content, 4)
        except struct.error:
            self.counts.bytes_dropped_count += len(payload)
            return None
        if tick is None:
            return None
        return ImuReading(
            tick,
            (acceleration[0], acceleration[1], acceleration[2]) if acceleration else None,
            (angular_rate[0], angular_rate[1], angular_rate[2]) if angular_rate else None,
            (w_first[1], w_first[2], w_first[3], w_first[0]) if w_first else None,
        )


class Emulator:
    """Device side. Waits in config state after power-up, until it is set up; streams what it was asked for."""

    def __init__(self, settings: Settings) -> None:
        self.is_streaming = False
        self._is_in_config = True
        self._config = _output_config(int(settings.rate_hz))
        self._packet_count = 0
        self._splitter = FrameSplitter((XBUS,), WireCounts())

    def feed(self, data: bytes) -> bytes:
        """Return the answers to the messages that ``data`` completes."""
        return b"".join(self._answer(*_opened(message)) for message in self._splitter.feed(data))

    def encode(self, reading: ImuReading) -> bytes:
        """Return one MTData2 with the configured items, in their order and number formats."""
        w_first = None
        if reading.orientation_xyzw is not None:
            x, y, z, w = reading.orientation_xyzw
            w_first = (w, x, y, z)
        vectors = {
            QUATERNION: w_first,
            ACCELERATION: reading.acceleration_mps2,
            RATE_OF_TURN: reading.angular_rate_radps,
        }
        words = {
            PACKET_COUNTER: struct.pack(">H", self._packet_count % 65536),
            SAMPLE_TIME: b"" if reading.tick is None else struct.pack(">I", reading.tick % TICK_MODULUS),
            STATUS: struct.pack(">I", STATUS_ALL_WELL),
        }
        payload = b""
        for identifier, _ in struct.iter_unpack(">HH", self._config):
            kind = identifier & KIND_MASK
            content = words.get(kind, b"")
            if (vector := vectors.get(kind)) is not None:
                content = b"".join(_packed(identifier & FORMAT_MASK, value) for value in vector)
            if content:
                payload += struct.pack(">HB", identifier, len(content)) + content
        self._packet_count += 1
        return _message(MT_DATA_2, payload)

    def _answer(self, kind: int, payload: bytes) -> bytes:
        if kind in (GO_TO_CONFIG, GO_TO_MEASUREMENT):
            self._is_in_config = kind == GO_TO_CONFIG
            self.is_streaming = not self._is_in_config
            return _message(kind + 1)
        if kind == OUTPUT_CONFIG and self._is_in_config and len(payload) % 4 == 0:
            self._config = payload or self._config
            return _message(kind + 1, self._config)
        return b"" if kind == WAKE_UP_ACK else _message(ERROR, bytes([INVALID_MESSAGE]))


def _output_config(rate_hz: int) -> bytes:
    pairs = [(kind, rate_hz) for kind in (QUATERNION, ACCELERATION, RATE_OF_TURN)]
    pairs = [(PACKET_COUNTER, EVERY_SAMPLE_HZ), (SAMPLE_TIME, EVERY_SAMPLE_HZ), *pairs, (STATUS, EVERY_SAMPLE_HZ)]
    return b"".join(struct.pack(">HH", *pair) for pair in pairs)


def _message(kind: int, payload: bytes = b"") -> bytes:
    is_long = len(payload) >= LONG_LENGTH
    length = struct.pack(">BH", LONG_LENGTH, len(payload)) if is_long else bytes([len(payload)])
    body = SYNC[1:] + bytes([kind]) + length + payload
    return SYNC[:1] + body + bytes([-sum(body) & 0xFF])


def _message_length(buffer: bytearray, at: int) -> int:
    head = buffer[at : at + 6]
    if len(head) < 4 or (head[3] == LONG_LENGTH and len(head) < 6):
        return INCOMPLETE
    if head[3] != LONG_LENGTH:
        return 5 + head[3]
    payload_bytes = int.from_bytes(head[4:], "big")
    return 7 + payload_bytes if payload_bytes <= MAX_PAYLOAD_BYTES else NOT_A_FRAME


def _is_sum_zero(message: bytes) -> bool:
    return (sum(message) - message[0]) & 0xFF == 0


XBUS = FrameFormat(SYNC, _message_length, _is_sum_zero)


def _opened(message: bytes) -> tuple[int, bytes]:
    """Return identifier and payload of a whole message."""
    return message[2], message[6 if message[3] == LONG_LENGTH else 4 : -1]


def _items(payload: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield identifier and content of each item of an MTData2. Raises ``struct.error`` when it is no list of items."""
    at = 0
    while at < len(payload):
        identifier, size = struct.unpack_from(">HB", payload, at)
        at += 3 + size
        if at > len(payload):
            raise struct.error("an item is longer than its message")
        yield identifier, payload[at - size : at]


def _numbers(identifier: int, content: bytes, n: int) -> tuple[float, ...] | None:
    """Return ``n`` numbers in the identifier's format; ``None`` if one is not finite. Raises ``struct.error``."""
    number_format = identifier & FORMAT_MASK
    if number_format == 1:  # FP12.20
        values = tuple(value / 2**20 for value in struct.unpack(f">{n}i", content))
    elif number_format == 2:  # FP16.32: the fraction stands before the whole part
        flat = struct.unpack(">" + n * "Ih", content)
        values = tuple(whole + fraction / 2**32 for fraction, whole in zip(flat[::2], flat[1::2], strict=True))
    else:
        values = struct.unpack(f">{n}{'d' if number_format else 'f'}", content)
    return values if all(map(math.isfinite, values)) else None


def _packed(number_format: int, value: float) -> bytes:
    """Return one number in one of the four formats."""
    if number_format == 1:
        return struct.pack(">i", round(value * 2**20))
    if number_format == 2:
        whole, fraction = divmod(round(value * 2**32), 2**32)
        return struct.pack(">Ih", fraction, whole)
    return struct.pack(">d" if number_format else ">f", value)
