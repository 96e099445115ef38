# SPDX-License-Identifier: Apache-2.0
"""Samples that somebody else's driver has stamped and published: checked, numbered, calibrated like our own.

Their stamps are believed, since nothing here could know better, as long as they increase and lie near this computer's
clock. Promise: strictly increasing stamps; what comes late or twice is left out and counted.
"""

import math
from collections.abc import Iterator

import numpy as np

from gait_sensing.calibration.drift import DriftSettings
from gait_sensing.calibration.load_cell import LoadCellCalibration
from gait_sensing.calibration.rest_check import RestCheck
from gait_sensing.driver import WireCounts
from gait_sensing.health import Finding, Level, StreamHealth, Verdict
from gait_sensing.samples import ForceReadings, ForceSamples, ImuSample, Vector
from gait_sensing.streams import CalibratedCell, ImuHealthSettings, LoadCellHealthSettings
from gait_sensing.wires.reader import WireHealth

MAX_OFF_S = 0.5  # stamps further from their receipt than this are by another clock
NO_WIRE_COUNTS = WireCounts()


class StampCounter:
    """Numbers samples by their stamps, nominally ``sample_interval_s`` apart: ``device_clock.ClockCounts``."""

    def __init__(self, sample_interval_s: float) -> None:
        self.lost_count = self.duplicate_count = self.restart_count = self.step_count = 0
        self._interval_s = sample_interval_s
        self._count, self._last_s, self._off_s = -1, -math.inf, 0.0

    def feed(self, stamp_s: float, received_s: float) -> int | None:
        """Return the running number of a sample; ``None`` when it is to be left out."""
        self._off_s = received_s - stamp_s
        if not stamp_s > self._last_s:  # NaN too
            self.duplicate_count += 1
            return None
        skipped = round((stamp_s - self._last_s) / self._interval_s) - 1 if self._count >= 0 else 0
        self.lost_count += max(0, skipped)
        self._count += 1 + max(0, skipped)
        self._last_s = stamp_s
        return self._count

    def findings(self) -> Iterator[Finding]:
        """Yield what is wrong with the stamps."""
        if abs(self._off_s) > MAX_OFF_S:
            text = f"stamps differ from this computer's clock by {self._off_s:.3f} s"
            yield Finding(
                Level.RED, text, "synchronise the clocks of both computers, or stamp at the time of measurement"
            )


class ImuTopicStream:
    """Samples of ``segment`` from a ``sensor_msgs/Imu`` topic."""

    def __init__(self, segment: str, sample_interval_s: float, settings: ImuHealthSettings) -> None:
        self.segment = segment
        self.clock = StampCounter(sample_interval_s)
        self.health = StreamHealth(sample_interval_s, settings.limits(), True, settings)
        self._rest = RestCheck(sample_interval_s, settings.up_axis)

    def feed(self, sample: ImuSample, received_s: float) -> list[ImuSample]:
        """Return the sample, or none when its stamp does not go on from the last one."""
        if self.clock.feed(sample.time_s, received_s) is None:
            return []
        values = [*sample.acceleration_mps2, *sample.angular_rate_radps]
        values = [0.0 if math.isnan(value) else value for value in values]
        self.health.feed(1, sample.time_s, received_s, values, list(map(abs, values)))
        self._rest.feed(sample)
        return [sample]

    def judge(self, now_s: float, wire: WireHealth) -> Verdict:
        """Return whether the stream can be trusted at ``now_s``."""
        return self.health.judge(
            now_s, wire, NO_WIRE_COUNTS, self.clock, [*self.clock.findings(), *self._rest.findings()]
        )


class WrenchTopicStream(CalibratedCell):
    """Samples called ``name`` from a ``geometry_msgs/WrenchStamped`` topic, whose values are in sensor axes."""

    def __init__(
        self,
        name: str,
        sample_interval_s: float,
        calibration: LoadCellCalibration,
        settings: LoadCellHealthSettings | None = None,
        drift: DriftSettings | None = None,
    ) -> None:
        super().__init__(name, sample_interval_s, True, (True,) * 6, calibration, settings, drift)
        self.clock = StampCounter(sample_interval_s)

    def feed(self, force_n: Vector, moment_nm: Vector, stamp_s: float, received_s: float) -> ForceSamples | None:
        """Return the sample, or ``None`` when its stamp does not go on from the last one."""
        count = self.clock.feed(stamp_s, received_s)
        if count is None:
            return None
        readings = ForceReadings(np.array([-1], np.int64), np.array([force_n]), np.array([moment_nm]))
        return self.sampled(readings, np.array([count]), np.array([stamp_s]), received_s)

    def judge(self, now_s: float, wire: WireHealth) -> Verdict:
        """Return whether the stream can be trusted at ``now_s``."""
        findings = [*self.clock.findings(), *self.findings()]
        return self.health.judge(now_s, wire, NO_WIRE_COUNTS, self.clock, findings, self.values())
