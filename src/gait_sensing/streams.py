# SPDX-License-Identifier: Apache-2.0
"""The pure chain of one sensor's wire: bytes, readings, times, samples, and whether they can be trusted."""

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gait_parts.settings import setting
from gait_sensing.calibration.drift import DriftSettings, DriftWatch
from gait_sensing.calibration.load_cell import AXES, LoadCellCalibration
from gait_sensing.calibration.rest_check import RestCheck
from gait_sensing.clocks.device_clock import Clock
from gait_sensing.driver import ImuDriver, LoadCellDriver
from gait_sensing.health import Finding, HealthSettings, Level, StreamHealth, Verdict
from gait_sensing.samples import Array, ForceReadings, ForceSamples, ImuReading, ImuSample, Quaternion, Vector
from gait_sensing.wires.raw_log import RawEntry, RawKind
from gait_sensing.wires.reader import WireHealth

NO_VECTOR: Vector = (math.nan, math.nan, math.nan)
NO_ORIENTATION: Quaternion = (math.nan, math.nan, math.nan, math.nan)
ZERO_S = 0.5  # span of readings whose mean becomes the zero
NOT_ZEROED = "not zeroed since its node was started"
UP_AXES = ("", *AXES)


@dataclass(frozen=True)
class ImuHealthSettings(HealthSettings):
    """When the stream of an IMU is called ill."""

    acceleration_range_mps2: float = setting(320.0, "measuring range of each axis, from the data sheet", low=10.0)
    angular_rate_range_radps: float = setting(70.0, "measuring range of each axis, from the data sheet", low=1.0)
    up_axis: str = setting("", "sensor axis that points up in standing, for a check; empty: not known", choices=UP_AXES)

    def limits(self) -> list[float]:
        """Return the range of each of the six values."""
        return [self.acceleration_range_mps2] * 3 + [self.angular_rate_range_radps] * 3


@dataclass(frozen=True)
class LoadCellHealthSettings(HealthSettings):
    """When the stream of a load cell is called ill."""

    force_range_n: float = setting(20_000.0, "measuring range of each axis, from the data sheet", low=1.0)
    moment_range_nm: float = setting(5_000.0, "measuring range of each axis, from the data sheet", low=0.1)

    def limits(self) -> list[float]:
        """Return the range of each of the six values."""
        return [self.force_range_n] * 3 + [self.moment_range_nm] * 3


class ImuStream:
    """Turns the bytes of one IMU into samples of ``segment``."""

    def __init__(
        self, segment: str, driver: ImuDriver, clock: Clock, settings: ImuHealthSettings | None = None
    ) -> None:
        settings = settings or ImuHealthSettings()
        self.segment = segment
        self.driver = driver
        self.clock = clock
        self.health = StreamHealth(driver.sample_interval_s, settings.limits(), driver.tick_s is not None, settings)
        self._rest = RestCheck(driver.sample_interval_s, settings.up_axis)

    def feed(self, data: bytes, received_s: float) -> list[ImuSample]:
        """Return the samples that ``data``, received at ``received_s``, completes, oldest first."""
        readings = self.driver.feed(data)
        if not readings:
            return []
        ticks = np.array([-1 if reading.tick is None else reading.tick for reading in readings], np.int64)
        _, time_s = self.clock.feed(ticks, received_s)
        samples = [
            ImuSample(
                self.segment,
                stamp_s,
                reading.acceleration_mps2 or NO_VECTOR,
                reading.angular_rate_radps or NO_VECTOR,
                reading.orientation_xyzw or NO_ORIENTATION,
            )
            for reading, stamp_s in zip(readings, time_s.tolist(), strict=True)
            if not math.isnan(stamp_s)
        ]
        if samples:
            rows = [_measured(reading) for reading in readings]
            extremes = [max(max(column), -min(column)) for column in zip(*rows, strict=True)]
            self.health.feed(len(samples), samples[-1].time_s, received_s, rows[-1], extremes)
            for sample in samples:
                self._rest.feed(sample)
        return samples

    def judge(self, now_s: float, wire: WireHealth) -> Verdict:
        """Return whether the stream can be trusted at ``now_s``."""
        return self.health.judge(now_s, wire, self.driver.counts, self.clock, self._rest.findings())


class CalibratedCell:
    """What every load cell has after its readings are stamped: zero, calibration, health. See its subclasses."""

    def __init__(
        self,
        name: str,
        sample_interval_s: float,
        is_counted: bool,
        is_measured: Sequence[bool],
        calibration: LoadCellCalibration,
        settings: LoadCellHealthSettings | None = None,
        drift: DriftSettings | None = None,
    ) -> None:
        settings = settings or LoadCellHealthSettings()
        self.name = name
        self._calibration = calibration
        self._is_zeroed = False
        self._drift_settings = drift or DriftSettings()
        self._drift = DriftWatch(self._drift_settings)
        self._measured = np.flatnonzero(is_measured)
        limits = np.array(settings.limits())[self._measured].tolist()
        self.health = StreamHealth(sample_interval_s, limits, is_counted, settings)
        self._recent: deque[tuple[float, ForceReadings]] = deque()  # (receipt, readings) of the last ZERO_S

    def zero(self, now_s: float) -> float:
        """Take the mean of the last half second as zero; return the vertical load it showed, in N.

        Raises ``ValueError`` when there are no samples of that time, or when the load is more, or less steady, than the
        calibration allows.
        """
        recent = [readings for received_s, readings in self._recent if abs(now_s - received_s) <= ZERO_S]
        if not recent:
            raise ValueError(f"cannot zero {self.name}: no samples in the last {ZERO_S} s")
        joined = ForceReadings(
            np.concatenate([readings.ticks for readings in recent]),
            np.concatenate([readings.force_n for readings in recent]),
            np.concatenate([readings.moment_nm for readings in recent]),
        )
        try:
            load_n = self._calibration.zero(joined)
        except ValueError as error:
            raise ValueError(f"{self.name}: {error}") from None
        self._drift = DriftWatch(self._drift_settings)
        self._is_zeroed = True
        return load_n

    def sampled(
        self, readings: ForceReadings, count: NDArray[np.int64], time_s: Array, received_s: float
    ) -> ForceSamples:
        """Return readings as samples; ``count`` [n] and ``time_s`` [n] are their stamps, n at least 1."""
        self._recent.append((received_s, readings))
        while not 0.0 <= received_s - self._recent[0][0] <= ZERO_S:
            self._recent.popleft()
        measured = np.hstack([readings.force_n, readings.moment_nm])[:, self._measured]
        extremes = np.abs(measured).max(axis=0).tolist()
        self.health.feed(len(measured), float(time_s[-1]), received_s, measured[-1].tolist(), extremes)
        wrench = self._calibration.wrench(readings)
        if self._drift_settings.corrects_drift:
            self._drift.feed(time_s, wrench)
            wrench = wrench - self._drift.correction
        centre_of_pressure_m = self._calibration.centre_of_pressure(wrench)
        return ForceSamples(self.name, int(count[0]), time_s, wrench[:, :3], wrench[:, 3:], centre_of_pressure_m)

    def findings(self) -> list[Finding]:
        """Return what is wrong with the zero."""
        problem = self._drift.problem()
        found = [Finding(Level.AMBER, problem, "")] if problem else []
        if not self._is_zeroed:
            advice = "a session's start zeroes it; after a restart in mid-session, step off and start again"
            found.append(Finding(Level.AMBER, NOT_ZEROED, advice))
        return found

    def values(self) -> dict[str, float]:
        """Return numbers on the zero and the plate."""
        return {
            "drift_n": self._drift.drift_n,
            "swing_count": self._drift.swing_count,
            "off_plate_count": self._calibration.off_plate_count,
        }


class LoadCellStream(CalibratedCell):
    """Turns the bytes of one load cell into samples called ``name``, in the lab frame."""

    def __init__(
        self,
        name: str,
        driver: LoadCellDriver,
        clock: Clock,
        calibration: LoadCellCalibration,
        settings: LoadCellHealthSettings | None = None,
        drift: DriftSettings | None = None,
    ) -> None:
        is_counted = driver.tick_s is not None
        super().__init__(name, driver.sample_interval_s, is_counted, driver.is_measured, calibration, settings, drift)
        self.driver = driver
        self.clock = clock

    def feed(self, data: bytes, received_s: float) -> ForceSamples | None:
        """Return the samples that ``data``, received at ``received_s``, completes, or ``None`` if there are none."""
        readings = self.driver.feed(data)
        count, time_s = self.clock.feed(readings.ticks, received_s)
        kept = np.isfinite(time_s)
        if not kept.all():
            count, time_s = count[kept], time_s[kept]
            readings = ForceReadings(readings.ticks[kept], readings.force_n[kept], readings.moment_nm[kept])
        return self.sampled(readings, count, time_s, received_s) if len(count) else None

    def judge(self, now_s: float, wire: WireHealth) -> Verdict:
        """Return whether the stream can be trusted at ``now_s``."""
        return self.health.judge(now_s, wire, self.driver.counts, self.clock, self.findings(), self.values())


def replay(stream: ImuStream | LoadCellStream, entries: Iterable[RawEntry]) -> list[Any]:
    """Return what a fresh ``stream`` makes of a recorded wire: the samples that it made when it was live."""
    samples: list[Any] = []
    for entry in entries:
        if entry.kind is RawKind.OPENED:
            if entry.data:
                stream.driver.take_page(entry.data)
            stream.driver.connect()
        elif entry.kind is RawKind.ZEROED:
            assert isinstance(stream, LoadCellStream)  # nothing else can be zeroed
            stream.zero(entry.time_s)
        else:
            found = stream.feed(entry.data, entry.time_s)
            samples += found if isinstance(found, list) else [found] if found else []
            stream.driver.pending()
    return samples


def _measured(reading: ImuReading) -> tuple[float, ...]:
    """Return the values that health looks at; none where none was sent."""
    return (reading.acceleration_mps2 or (0.0, 0.0, 0.0)) + (reading.angular_rate_radps or (0.0, 0.0, 0.0))
