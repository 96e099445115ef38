# SPDX-License-Identifier: Apache-2.0
"""Lab Streaming Layer streams as samples: chunks pulled from an inlet, their stamps as host time, their channels as SI.

A sender stamps with its own monotonic clock. liblsl measures how far that clock is from this computer's, and this
computer's monotonic clock from Unix time is read beside it; the sum of both is the *offset* of a chunk. The median of
the offsets of the last seconds is used, because single ones are late by whatever held the thread up.

Source: Lab Streaming Layer, time synchronisation (https://labstreaminglayer.readthedocs.io). Deviation: post-processing
by liblsl is off, since its stamps may go backward and are not Unix time.
"""

import math
from collections import deque
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gait_parts import settings as parts
from gait_parts.settings import setting
from gait_sensing.calibration import LoadCellCalibration
from gait_sensing.device_clock import REJECTED, Stamps
from gait_sensing.samples import Array, ForceReadings, ForceSamples, ImuSample

OFFSET_SPAN_S = 5.0
CATCH_UP = 0.5  # no unit; stamps that are ahead of the host clock advance at this share of the sender's time
MAX_EARLY_S = 0.05  # a stamp further ahead of now than this is by another clock
MAX_LATE_S = 10.0
GAP_INTERVALS = 1.5  # no unit; a longer step between stamps is a gap
STANDARD_GRAVITY_MPS2 = 9.80665

FORCE_UNITS_N = {"N": 1.0, "kN": 1e3, "lbf": 4.4482216152605}
MOMENT_UNITS_NM = {"Nm": 1.0, "Nmm": 1e-3, "kNm": 1e3}
ACCELERATION_UNITS_MPS2 = {"m/s2": 1.0, "g": STANDARD_GRAVITY_MPS2}
ANGULAR_RATE_UNITS_RADPS = {"rad/s": 1.0, "deg/s": math.pi / 180.0}


@dataclass(frozen=True)
class StreamSettings(parts.Settings):
    """Which stream; LSL knows it by name, and by type where names repeat."""

    stream_name: str = setting("", "name of the LSL stream")
    stream_type: str = setting("", "type of the LSL stream; empty for any")
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


@dataclass(frozen=True, slots=True)
class StreamDescription:
    """What a stream says of itself."""

    labels: tuple[str, ...]  # one for each channel, empty where there is none
    rate_hz: float  # nominal; 0 for a stream without a steady rate


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one pull brought, oldest first."""

    values: Array  # [n, channels]
    sender_s: Array  # [n] stamps by the sender's clock
    offset_s: float  # Unix time less the sender's clock, as measured at the pull
    received_s: float  # Unix time of the pull


class OffsetHistory:
    """The median of what was measured in the last ``OFFSET_SPAN_S``."""

    def __init__(self) -> None:
        self._measured: deque[tuple[float, float]] = deque()

    def add(self, now_s: float, offset_s: float) -> float:
        """Take one measurement, made at ``now_s``; return the median."""
        self._measured.append((now_s, offset_s))
        while not 0.0 <= now_s - self._measured[0][0] <= OFFSET_SPAN_S:
            self._measured.popleft()
        return float(np.median([offset_s for _, offset_s in self._measured]))

    def clear(self) -> None:
        """Forget all: the clocks are others."""
        self._measured.clear()


class StampClock:
    """Gives each sample its running number and its Unix time, by the sender's stamps.

    Promises: strictly increasing times, also across a new connection or a host clock set back, after which they advance
    at half speed until it has caught up. A sample is rejected when its stamp does not go on from the one before or is
    not near the host's time: then the sender does not stamp by LSL's clock. A step of stamps beyond 1.5 nominal
    intervals makes numbers jump by what is missing; a sender that stamps in bursts therefore shows false losses.
    """

    def __init__(self, delay_s: float = 0.0) -> None:
        self.lost_count = 0
        self.duplicate_count = 0  # did not go on from the one before
        self.foreign_count = 0  # not near the host's time
        self.off_s = 0.0  # of the newest sample: receipt less stamp
        self._delay_s = delay_s
        self._interval_s = 0.0
        self._offsets = OffsetHistory()
        self._sender_s = -math.inf  # newest stamp of this connection
        self._count, self._last_s, self._lead_s = -1, -math.inf, -math.inf

    def restart(self, rate_hz: float) -> None:
        """The stream was connected to anew; its clock may be another."""
        self._interval_s = 1.0 / rate_hz if rate_hz > 0.0 else 0.0
        self._offsets.clear()
        self._sender_s = -math.inf

    def feed(self, chunk: Chunk) -> Stamps:
        """Return number and time of each sample; a rejected one has number -1 and time NaN."""
        n = len(chunk.sender_s)
        count, time_s = np.full(n, REJECTED, np.int64), np.full(n, math.nan)
        offset_s = self._offsets.add(chunk.received_s, chunk.offset_s)
        kept = self._kept(chunk, offset_s) if n else np.zeros(0, np.bool_)
        if kept.any():
            count[kept], time_s[kept] = self._stamped(chunk.sender_s[kept], offset_s)
        return count, time_s

    def _kept(self, chunk: Chunk, offset_s: float) -> NDArray[np.bool_]:
        late_s = chunk.received_s - (chunk.sender_s + offset_s)
        self.off_s = float(late_s[-1])
        is_near = (late_s >= -MAX_EARLY_S) & (late_s <= MAX_LATE_S)  # NaN is not
        near_s = np.where(is_near, chunk.sender_s, -math.inf)
        before_s = np.maximum.accumulate(np.concatenate([[self._sender_s], near_s]))[:-1]
        goes_on = is_near & (chunk.sender_s > before_s)
        self.foreign_count += int((~is_near).sum())
        self.duplicate_count += int((is_near & ~goes_on).sum())
        return goes_on

    def _stamped(self, sender_s: Array, offset_s: float) -> Stamps:
        wanted_s = sender_s + offset_s - self._delay_s
        is_first = self._sender_s == -math.inf
        if is_first:  # another clock: go on from the last time given, whatever the sender's reads
            self._lead_s = self._last_s + 1e-6 - CATCH_UP * sender_s[0]
        steps_s = np.diff(sender_s, prepend=sender_s[0] if is_first else self._sender_s)
        if is_first and self._count >= 0:
            steps_s[0] = wanted_s[0] - self._last_s
        lead_s = wanted_s - CATCH_UP * sender_s
        lead_s[0] = max(lead_s[0], self._lead_s)
        lead_s = np.maximum.accumulate(lead_s)
        count = self._count + np.cumsum(1 + self._missing(steps_s))
        time_s = lead_s + CATCH_UP * sender_s
        self._sender_s, self._lead_s = float(sender_s[-1]), float(lead_s[-1])
        self._count, self._last_s = int(count[-1]), float(time_s[-1])
        return count, time_s

    def _missing(self, steps_s: Array) -> NDArray[np.int64]:
        """Return how many samples are missing before each."""
        if self._interval_s == 0.0:
            return np.zeros(len(steps_s), np.int64)
        intervals = steps_s / self._interval_s
        missing = np.where(intervals > GAP_INTERVALS, np.rint(intervals) - 1.0, 0.0).astype(np.int64)
        self.lost_count += int(missing.sum())
        return missing


class LslForceStream:
    """Turns chunks of one stream into samples called ``name``, in the lab frame."""

    def __init__(self, name: str, channels: ForceChannels, clock: StampClock, calibration: LoadCellCalibration) -> None:
        self.name, self.clock = name, clock
        self.sample_count = 0
        self._channels, self._calibration = channels, calibration
        self._force = self._moment = Columns("", [], 3, 1.0, StreamDescription((), 0.0))

    def open(self, description: StreamDescription) -> None:
        """Begin a connection. Raises ``ValueError`` naming a channel that the stream does not have."""
        channels = self._channels
        unit_n, unit_nm = FORCE_UNITS_N[channels.force_unit], MOMENT_UNITS_NM[channels.moment_unit]
        self._force = Columns("force_channels", channels.force_channels, 3, unit_n, description)
        self._moment = Columns("moment_channels", channels.moment_channels, 3, unit_nm, description)
        self.clock.restart(description.rate_hz)

    def feed(self, chunk: Chunk) -> list[ForceSamples]:
        """Return the samples of a chunk, oldest first, in several pieces where some are missing between."""
        count, time_s = self.clock.feed(chunk)
        kept = count > REJECTED
        count, time_s, values = count[kept], time_s[kept], chunk.values[kept]
        if len(count) == 0:
            return []
        self.sample_count += len(count)
        readings = ForceReadings(count, self._force.of(values), self._moment.of(values))
        force_n, moment_nm, centre_m = self._calibration.apply(readings)
        bounds = [0, *(np.flatnonzero(np.diff(count) > 1) + 1).tolist(), len(count)]
        return [
            ForceSamples(self.name, int(count[a]), time_s[a:b], force_n[a:b], moment_nm[a:b], centre_m[a:b])
            for a, b in pairwise(bounds)
        ]


class LslImuStream:
    """Turns chunks of one stream into samples of ``segment``."""

    def __init__(self, segment: str, channels: ImuChannels, clock: StampClock) -> None:
        self.segment, self.clock = segment, clock
        self.sample_count = 0
        self._channels = channels
        self._columns: tuple[Columns, ...] = ()

    def open(self, description: StreamDescription) -> None:
        """Begin a connection. Raises ``ValueError`` naming a channel that the stream does not have."""
        channels = self._channels
        unit_mps2 = ACCELERATION_UNITS_MPS2[channels.acceleration_unit]
        unit_radps = ANGULAR_RATE_UNITS_RADPS[channels.angular_rate_unit]
        self._columns = (
            Columns("acceleration_channels", channels.acceleration_channels, 3, unit_mps2, description),
            Columns("angular_rate_channels", channels.angular_rate_channels, 3, unit_radps, description),
            Columns("orientation_channels", channels.orientation_channels, 4, 1.0, description),
        )
        self.clock.restart(description.rate_hz)

    def feed(self, chunk: Chunk) -> list[ImuSample]:
        """Return the samples of a chunk, oldest first."""
        count, time_s = self.clock.feed(chunk)
        kept = count > REJECTED
        self.sample_count += int(kept.sum())
        rows = (columns.of(chunk.values[kept]).tolist() for columns in self._columns)
        return [
            ImuSample(self.segment, stamp_s, tuple(acceleration), tuple(rate), tuple(orientation))
            for stamp_s, acceleration, rate, orientation in zip(time_s[kept].tolist(), *rows, strict=True)
        ]


class Columns:
    """Where in a stream's channels a vector of ``size`` numbers is, in units of ``unit``; NaN where not measured."""

    def __init__(self, setting_name: str, names: list[str], size: int, unit: float, stream: StreamDescription) -> None:
        if any(names) and len(names) != size:
            raise ValueError(f"{setting_name}: got {names}, expected {size} channels")
        self._places = [_place(setting_name, name, stream) if name else -1 for name in names or [""] * size]
        self._places *= size // len(self._places)  # [""] too says that nothing is measured
        self._unit = unit

    def of(self, values: Array) -> Array:
        """Return the vectors, [n, size], of samples with all channels, [n, channels]."""
        padded = np.column_stack([values, np.full(len(values), math.nan)])
        return padded[:, self._places] * self._unit


def _place(setting_name: str, name: str, stream: StreamDescription) -> int:
    if stream.labels.count(name) == 1:
        return stream.labels.index(name)
    if name.isdecimal() and int(name) < len(stream.labels):
        return int(name)
    known = ", ".join(f"{place} {label!r}" for place, label in enumerate(stream.labels))
    raise ValueError(f"{setting_name}: the stream has no channel {name!r}, or several; it has {known}")
