# SPDX-License-Identifier: Apache-2.0
"""The pure chain of one sensor's wire: bytes, readings, times, samples."""

import math
from collections import deque

import numpy as np

from gait_sensing.calibration import LoadCellCalibration
from gait_sensing.device_clock import Clock
from gait_sensing.driver import ImuDriver, LoadCellDriver
from gait_sensing.samples import ForceReadings, ForceSamples, ImuSample, Quaternion, Vector

NO_VECTOR: Vector = (math.nan, math.nan, math.nan)
NO_ORIENTATION: Quaternion = (math.nan, math.nan, math.nan, math.nan)
ZERO_S = 0.5  # span of readings whose mean becomes the zero


class ImuStream:
    """Turns the bytes of one IMU into samples of ``segment``."""

    def __init__(self, segment: str, driver: ImuDriver, clock: Clock) -> None:
        self.segment = segment
        self.driver = driver
        self.sample_count = 0
        self._clock = clock

    @property
    def lost_count(self) -> int:
        """Samples that never came, by the device's counter."""
        return self._clock.lost_count

    @property
    def duplicate_count(self) -> int:
        """Samples left out because they had come before."""
        return self._clock.duplicate_count

    def feed(self, data: bytes, received_s: float) -> list[ImuSample]:
        """Return the samples that ``data``, received at ``received_s``, completes, oldest first."""
        readings = self.driver.feed(data)
        if not readings:
            return []
        ticks = np.array([-1 if reading.tick is None else reading.tick for reading in readings], np.int64)
        _, time_s = self._clock.feed(ticks, received_s)
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
        self.sample_count += len(samples)
        return samples


class LoadCellStream:
    """Turns the bytes of one load cell into samples called ``name``, in the lab frame."""

    def __init__(self, name: str, driver: LoadCellDriver, clock: Clock, calibration: LoadCellCalibration) -> None:
        self.name = name
        self.driver = driver
        self.sample_count = 0
        self._clock = clock
        self._calibration = calibration
        self._recent: deque[tuple[float, ForceReadings]] = deque()  # (receipt, readings) of the last ZERO_S

    @property
    def lost_count(self) -> int:
        """Samples that never came, by the device's counter."""
        return self._clock.lost_count

    @property
    def duplicate_count(self) -> int:
        """Samples left out because they had come before."""
        return self._clock.duplicate_count

    def feed(self, data: bytes, received_s: float) -> ForceSamples | None:
        """Return the samples that ``data``, received at ``received_s``, completes, or ``None`` if there are none."""
        readings = self.driver.feed(data)
        count, time_s = self._clock.feed(readings.ticks, received_s)
        kept = np.isfinite(time_s)
        if not kept.all():
            count, time_s = count[kept], time_s[kept]
            readings = ForceReadings(readings.ticks[kept], readings.force_n[kept], readings.moment_nm[kept])
        if len(count) == 0:
            return None
        self._remember(readings, received_s)
        self.sample_count += len(count)
        force_n, moment_nm, centre_of_pressure_m = self._calibration.apply(readings)
        return ForceSamples(self.name, int(count[0]), time_s, force_n, moment_nm, centre_of_pressure_m)

    def zero(self, now_s: float) -> float:
        """Take the mean of the last half second as zero; return the vertical load it showed, in N.

        May be called from another thread than ``feed``. Raises ``ValueError`` when there are no samples of that time,
        or when the load is more than the calibration allows.
        """
        recent = [readings for received_s, readings in list(self._recent) if abs(now_s - received_s) <= ZERO_S]
        if not recent:
            raise ValueError(f"cannot zero {self.name}: no samples in the last {ZERO_S} s")
        joined = ForceReadings(
            np.concatenate([readings.ticks for readings in recent]),
            np.concatenate([readings.force_n for readings in recent]),
            np.concatenate([readings.moment_nm for readings in recent]),
        )
        return self._calibration.zero(joined)

    def _remember(self, readings: ForceReadings, received_s: float) -> None:
        self._recent.append((received_s, readings))
        while not 0.0 <= received_s - self._recent[0][0] <= ZERO_S:
            self._recent.popleft()
