# SPDX-License-Identifier: Apache-2.0
"""Bertec split-belt treadmills by the classic remote control of Bertec's Treadmill Control Panel, TCP port 4000.

Command, 64 bytes, big-endian: format 0; i16 speed in mm/s of the right, left, rear right, rear left belt; u16
acceleration in mm/s2 of the same; u16 incline in 0.01 degree; the bitwise complement of bytes 1 to 18; zeros.
Status, 32 bytes, about 15 a second, unasked: format 0; i16 speeds in the same order; i16 incline, which may be
negative; zeros. There is no sync word, checksum, counter or handshake.

Source: four public clients written from Bertec's specification (HMRL-Matlab-Treadmill-Functions, Bertec's own
tm_set.m in HipExo_HILOWalkingSpeed, BertecMan.py in NeuroLocoMiddleware, self-paced-treadmill). Confidence: high for
the layout; medium for limits; unknown what the treadmill does with a bad complement or when the client vanishes:
assume that the belts go on.

Decisions. *Incline*: every command carries one, and it cannot be negative. A measured incline a little below zero
(``level_tolerance_rad``) is taken for level. Further down, belts may only be told to stop, with incline 0: stopping
matters more than the deck, which then rises to level; any other command is refused, since it would move the deck
under the walker. *Alignment*: a status stream that fails its check once cannot be aligned again with certainty,
because a shifted one can pass; nothing more is decoded until the link is new.
"""

import math
import struct
from dataclasses import dataclass
from typing import ClassVar

from gait_parts import settings as parts
from gait_parts.settings import setting
from gait_sensing.driver import TreadmillDriver
from gait_sensing.samples import BeltReading, BeltSetpoint, TreadmillReport

COMMAND = struct.Struct(">x4h4HH")  # the part before the complement
STATUS = struct.Struct(">x5h21x")
COMMAND_BYTES = 64
COMPLEMENT_AT = COMMAND.size
MAX_SPEED_MPS = 32.767
MAX_ACCELERATION_MPS2 = 32.767  # clients differ in reading this field as signed; up to here they agree
MAX_INCLINE_DEG = 90.0
INCLINE_RATE_RADPS = math.radians(1.0)  # of the emulated deck


@dataclass(frozen=True)
class Settings(parts.Settings):
    """Settings of the wire; limits of speed, acceleration and incline are the belt gate's."""

    command_interval_s: float = setting(0.1, "least time between commands", low=0.02, high=0.2)
    level_tolerance_rad: float = setting(0.01, "a measured incline this little below 0 is level", low=0.0, high=0.05)


class Driver(TreadmillDriver):
    """Host side."""

    can_resynchronise: ClassVar[bool] = False
    max_acceleration_mps2 = MAX_ACCELERATION_MPS2
    incline_range_rad = (0.0, math.radians(MAX_INCLINE_DEG))

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.max_speed_mps = MAX_SPEED_MPS
        self.min_command_interval_s = settings.command_interval_s
        self._settings = settings
        self._incline_rad: float | None = None  # last commanded; None before the first command
        self._buffer = bytearray()
        self._is_aligned = True

    def connect(self) -> bytes:
        """Forget a half packet; there is nothing to write."""
        self.counts.bytes_dropped_count += len(self._buffer)
        self._buffer.clear()
        self._is_aligned = True
        return b""

    def disconnect(self) -> bytes:
        """Return a stop if this driver ever commanded: belts may go on when their client vanishes."""
        if self._incline_rad is None:
            return b""
        return self.command(BeltSetpoint(0.0, 0.0, self.farewell_deceleration_mps2, self._incline_rad))

    def feed(self, data: bytes) -> list[BeltReading]:
        """Return the statuses that ``data`` completes; see ``driver.TreadmillDriver``."""
        self._buffer += data
        readings = []
        while self._is_aligned and len(self._buffer) >= STATUS.size:
            packet = bytes(self._buffer[: STATUS.size])
            self._is_aligned = packet[0] == 0 and not any(packet[11:])
            if self._is_aligned:
                del self._buffer[: STATUS.size]
                readings.append(_decode(packet))
            else:
                self.counts.bad_checksum_count += 1
                self._reports.append(TreadmillReport("its statuses make no sense any more", is_stop=False))
        if not self._is_aligned:
            self.counts.bytes_dropped_count += len(self._buffer)
            self._buffer.clear()
        self.counts.frame_count += len(readings)
        self.counts.reading_count += len(readings)
        return readings

    def command(self, setpoint: BeltSetpoint) -> bytes:
        """Return one command packet. Raises ``ValueError`` for what the format cannot say.

        That is: a speed beyond 32.767 m/s, an acceleration not within 0.001 to 32.767 m/s2, an incline beyond 90
        degrees, or below level unless both belts are told to stop; and anything that is not a finite number.
        """
        left, right = (
            _in_units(name, speed_mps, 1e3, -MAX_SPEED_MPS, MAX_SPEED_MPS)
            for name, speed_mps in (("left", setpoint.left_speed_mps), ("right", setpoint.right_speed_mps))
        )
        acceleration = _in_units("acceleration", setpoint.acceleration_mps2, 1e3, 1e-3, MAX_ACCELERATION_MPS2)
        incline_deg = math.degrees(setpoint.incline_rad)
        is_stop = setpoint.left_speed_mps == setpoint.right_speed_mps == 0.0
        if -self._settings.level_tolerance_rad <= setpoint.incline_rad < 0.0 or (is_stop and incline_deg < 0.0):
            incline_deg = 0.0
        incline = _in_units("incline (degree)", incline_deg, 1e2, 0.0, MAX_INCLINE_DEG)
        self._incline_rad = setpoint.incline_rad
        return _packet(COMMAND.pack(right, left, 0, 0, acceleration, acceleration, 0, 0, incline))


class Emulator:
    """Device side, with belts that follow the last good command at its acceleration, and a deck that follows too.

    A packet whose complement is wrong is ignored and counted.
    """

    status_interval_s: ClassVar[float] = 1.0 / 15.0

    def __init__(self, settings: Settings) -> None:
        self.command_count = 0
        self.bad_packet_count = 0
        self._buffer = bytearray()
        self._belts = BeltReading(0.0, 0.0, 0.0)
        self._target = self._belts
        self._left_acceleration_mps2 = self._right_acceleration_mps2 = 0.0

    def feed(self, data: bytes) -> bytes:
        """Take commands; the treadmill answers none."""
        self._buffer += data
        while len(self._buffer) >= COMMAND_BYTES:
            self._obey(bytes(self._buffer[:COMMAND_BYTES]))
            del self._buffer[:COMMAND_BYTES]
        return b""

    def advance(self, duration_s: float) -> BeltReading:
        """Move belts and deck on by ``duration_s``."""
        belts, target = self._belts, self._target
        self._belts = BeltReading(
            _approach(belts.left_speed_mps, target.left_speed_mps, self._left_acceleration_mps2 * duration_s),
            _approach(belts.right_speed_mps, target.right_speed_mps, self._right_acceleration_mps2 * duration_s),
            _approach(belts.incline_rad, target.incline_rad, INCLINE_RATE_RADPS * duration_s),
        )
        return self._belts

    def encode(self, reading: BeltReading) -> bytes:
        """Return one status packet."""
        return STATUS.pack(
            round(reading.right_speed_mps * 1e3),
            round(reading.left_speed_mps * 1e3),
            0,
            0,
            round(math.degrees(reading.incline_rad) * 1e2),
        )

    def _obey(self, packet: bytes) -> None:
        if packet[0] != 0 or packet != _packet(packet[:COMPLEMENT_AT]):
            self.bad_packet_count += 1
            return
        right, left, _, _, right_acceleration, left_acceleration, _, _, incline = COMMAND.unpack(packet[:COMPLEMENT_AT])
        self.command_count += 1
        self._target = BeltReading(left / 1e3, right / 1e3, math.radians(incline / 1e2))
        self._left_acceleration_mps2 = left_acceleration / 1e3
        self._right_acceleration_mps2 = right_acceleration / 1e3


def _packet(head: bytes) -> bytes:
    """Return the whole packet that begins with ``head``."""
    complement = bytes(0xFF ^ byte for byte in head[1:])
    return (head + complement).ljust(COMMAND_BYTES, b"\0")


def _decode(packet: bytes) -> BeltReading:
    right, left, _, _, incline = STATUS.unpack(packet)
    return BeltReading(left / 1e3, right / 1e3, math.radians(incline / 1e2))


def _in_units(name: str, value: float, units: float, low: float, high: float) -> int:
    """Return ``value`` as a whole number of the wire's units. Raises ``ValueError`` outside ``low`` to ``high``."""
    if not low <= value <= high:  # NaN too
        raise ValueError(f"{name}: got {value:g}, the treadmill can be told {low:g} to {high:g}")
    return round(value * units)


def _approach(value: float, target: float, step: float) -> float:
    return min(value + step, target) if value < target else max(value - step, target)
