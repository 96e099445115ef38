# SPDX-License-Identifier: Apache-2.0
"""Samples from Lab Streaming Layer streams: which channels are what, in which unit; stamps are ``lsl_clock``'s."""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from gait_parts import settings as parts
from gait_parts.settings import setting
from gait_sensing.calibration.load_cell import LoadCellCalibration
from gait_sensing.clocks.device_clock import REJECTED
from gait_sensing.driver import WireCounts
from gait_sensing.health import StreamHealth, Verdict
from gait_sensing.lsl.clock import Chunk, StampClock
from gait_sensing.samples import STANDARD_GRAVITY_MPS2, Array, ForceReadings, ForceSamples, ImuSample
from gait_sensing.streams import CalibratedCell, ImuHealthSettings, LoadCellHealthSettings
from gait_sensing.wires.reader import WireHealth

NO_WIRE_COUNTS = WireCounts()

FORCE_UNITS_N = {"N": 1.0, "kN": 1e3, "lbf": 4.4482216152605}
MOMENT_UNITS_NM = {"Nm": 1.0, "Nmm": 1e-3, "kNm": 1e3}
ACCELERATION_UNITS_MPS2 = {"m/s2": 1.0, "g": STANDARD_GRAVITY_MPS2}
ANGULAR_RATE_UNITS_RADPS = {"rad/s": 1.0, "deg/s": math.pi / 180.0}


@dataclass(frozen=True)
class StreamSettings(parts.Settings):
    """Which stream; LSL knows it by name, and by type where names repeat."""

    carries: str = setting("load_cell", "what the stream brings", choices=("imu", "load_cell"))
    stream_name: str = setting("", "name of the LSL stream")
    stream_type: str = setting("", "type of the LSL stream; empty for any")
    rate_hz: float = setting(100.0, "samples a second that the stream carries", low=0.1, high=10_000.0)
    delay_s: float = setting(0.0, "known time from measurement to the stamp that the sender gives", low=0.0, high=1.0)


@dataclass(frozen=True)
class ForceChannels(parts.Settings):
    """Where a stream carries force and moment. A channel is its label, or its number from 0; empty: not measured."""

    force_channels: list[str] = setting(["fx", "fy", "fz"], "channels of the force in sensor axes x, y, z")
    moment_channels: list[str] = setting(["mx", "my", "mz"], "channels of the moment in sensor axes x, y, z")
    force_unit: str = setting("N", "unit of the force", choices=tuple(FORCE_UNITS_N))
    moment_unit: str = setting("Nm", "unit of the moment", choices=tuple(MOMENT_UNITS_NM))


@dataclass(frozen=True)
class ImuChannels(parts.Settings):
    """Where a stream carries an IMU's values. A channel is its label, or its number from 0; empty: not measured."""

    acceleration_channels: list[str] = setting(["ax", "ay", "az"], "channels of the specific force x, y, z")
    angular_rate_channels: list[str] = setting(["gx", "gy", "gz"], "channels of the angular rate x, y, z")
    orientation_channels: list[str] = setting(
        ["", "", "", ""], "channels of the quaternion x, y, z, w, sensor to an earth frame with z up"
    )
    acceleration_unit: str = setting("m/s2", "unit of the specific force", choices=tuple(ACCELERATION_UNITS_MPS2))
    angular_rate_unit: str = setting("rad/s", "unit of the angular rate", choices=tuple(ANGULAR_RATE_UNITS_RADPS))


class LslForceStream(CalibratedCell):
    """Turns chunks of one stream into samples called ``name``, in the lab frame."""

    def __init__(
        self,
        name: str,
        channels: ForceChannels,
        settings: StreamSettings,
        calibration: LoadCellCalibration,
        health: LoadCellHealthSettings | None = None,
    ) -> None:
        self._channels = channels
        force_names, moment_names = _padded(channels.force_channels, 3), _padded(channels.moment_channels, 3)
        is_measured = [bool(channel) for channel in force_names + moment_names]
        super().__init__(name, 1.0 / settings.rate_hz, True, is_measured, calibration, health)
        self.clock = StampClock(settings.rate_hz, settings.delay_s)

    def open(self, labels: tuple[str, ...]) -> None:
        """Begin a connection to a stream of these channels, "" for one without a label.

        Raises ``ValueError`` naming a channel that the stream does not have.
        """
        channels = self._channels
        unit_n, unit_nm = FORCE_UNITS_N[channels.force_unit], MOMENT_UNITS_NM[channels.moment_unit]
        self._force = Columns("force_channels", channels.force_channels, 3, unit_n, labels)
        self._moment = Columns("moment_channels", channels.moment_channels, 3, unit_nm, labels)
        self.clock.restart()

    def feed(self, chunk: Chunk) -> list[ForceSamples]:
        """Return the samples of a chunk, oldest first, in several pieces where some are missing between."""
        count, time_s = self.clock.feed(chunk)
        kept = count > REJECTED
        count, time_s, values = count[kept], time_s[kept], chunk.values[kept]
        force_n, moment_nm = self._force.of(values), self._moment.of(values)
        bounds = [0, *(np.flatnonzero(np.diff(count) > 1) + 1).tolist(), len(count)]
        return [
            self.sampled(
                ForceReadings(count[a:b], force_n[a:b], moment_nm[a:b]), count[a:b], time_s[a:b], chunk.received_s
            )
            for a, b in pairwise(bounds)
            if a < b
        ]

    def judge(self, now_s: float, wire: WireHealth) -> Verdict:
        """Return whether the stream can be trusted at ``now_s``."""
        return self.health.judge(now_s, wire, NO_WIRE_COUNTS, self.clock, self.clock.findings())


class LslImuStream:
    """Turns chunks of one stream into samples of ``segment``."""

    def __init__(
        self,
        segment: str,
        channels: ImuChannels,
        settings: StreamSettings,
        health: ImuHealthSettings | None = None,
    ) -> None:
        health = health or ImuHealthSettings()
        self.segment, self._channels = segment, channels
        self.clock = StampClock(settings.rate_hz, settings.delay_s)
        self.health = StreamHealth(1.0 / settings.rate_hz, health.limits(), True, health)

    def open(self, labels: tuple[str, ...]) -> None:
        """See ``LslForceStream.open``."""
        channels = self._channels
        unit_mps2 = ACCELERATION_UNITS_MPS2[channels.acceleration_unit]
        unit_radps = ANGULAR_RATE_UNITS_RADPS[channels.angular_rate_unit]
        self._acceleration = Columns("acceleration_channels", channels.acceleration_channels, 3, unit_mps2, labels)
        self._angular_rate = Columns("angular_rate_channels", channels.angular_rate_channels, 3, unit_radps, labels)
        self._orientation = Columns("orientation_channels", channels.orientation_channels, 4, 1.0, labels)
        self.clock.restart()

    def feed(self, chunk: Chunk) -> list[ImuSample]:
        """Return the samples of a chunk, oldest first."""
        count, time_s = self.clock.feed(chunk)
        kept = count > REJECTED
        if not kept.any():
            return []
        values, stamps_s = chunk.values[kept], time_s[kept].tolist()
        acceleration_mps2, angular_rate_radps = self._acceleration.of(values), self._angular_rate.of(values)
        watched = np.nan_to_num(np.hstack([acceleration_mps2, angular_rate_radps]))
        extremes = np.abs(watched).max(axis=0).tolist()
        self.health.feed(len(stamps_s), stamps_s[-1], chunk.received_s, watched[-1].tolist(), extremes)
        rows = (acceleration_mps2, angular_rate_radps, self._orientation.of(values))
        return [
            ImuSample(self.segment, stamp_s, tuple(acceleration), tuple(rate), tuple(orientation))
            for stamp_s, acceleration, rate, orientation in zip(
                stamps_s, *(each.tolist() for each in rows), strict=True
            )
        ]

    def judge(self, now_s: float, wire: WireHealth) -> Verdict:
        """Return whether the stream can be trusted at ``now_s``."""
        return self.health.judge(now_s, wire, NO_WIRE_COUNTS, self.clock, self.clock.findings())


class Columns:
    """Where in a stream's channels a vector of ``size`` numbers is, in units of ``unit``; NaN where not measured."""

    def __init__(self, setting_name: str, names: list[str], size: int, unit: float, labels: tuple[str, ...]) -> None:
        if any(names) and len(names) != size:
            raise ValueError(f"{setting_name}: got {names}, expected {size} channels")
        self._places = [_place(setting_name, name, labels) if name else -1 for name in _padded(names, size)]
        self._unit = unit

    def of(self, values: Array) -> Array:
        """Return the vectors, [n, size], of samples with all channels, [n, channels]."""
        padded = np.column_stack([values, np.full(len(values), math.nan)])
        return padded[:, self._places] * self._unit


def _padded(names: list[str], size: int) -> list[str]:
    """Return one name for each number; a list of nothing says that nothing is measured, however long it is."""
    return names if any(names) else [""] * size


def _place(setting_name: str, name: str, labels: tuple[str, ...]) -> int:
    if labels.count(name) == 1:
        return labels.index(name)
    if name.isdecimal() and int(name) < len(labels):
        return int(name)
    known = ", ".join(f"{place} {label!r}" for place, label in enumerate(labels))
    raise ValueError(f"{setting_name}: the stream has no channel {name!r}, or several; it has {known}")
