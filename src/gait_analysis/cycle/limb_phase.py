# SPDX-License-Identifier: Apache-2.0
"""A limb's phase estimator together with the pitch that it asks for, from the IMU on that segment.

IMU samples arrive after the force samples of the same instant, by an amount nobody controls. As with the belts, waiting
for them would delay every cue; so an estimator gets at an instant the samples that are at least ``settle_s`` old, and
carries its phase on from there. What comes out is then the same live and in a replay, as long as they arrive in time.

Pitch is taken from the orientation where the sensor tells one, else from its angular rate, held slowly to gravity. A
constant offset or a slow drift matters to no estimator: each learns the limb's own curve.
"""

import math
from collections import deque

from gait_analysis.events import GaitEvent
from gait_analysis.parts import Phase, PhaseEstimate
from gait_sensing.samples import ImuRow, ImuSample, ImuSamples, Side

_GRAVITY_S = 2.0  # time constant by which pitch follows gravity: longer than any stride
_MAX_GAP_S = 0.1
_KEPT_COUNT = 4000  # samples: some seconds of a fast IMU, while no force sample comes


class LimbPhase:
    """Phase of the limb on ``side``: ``feed`` and ``at`` are those of ``parts.Phase``."""

    def __init__(self, phase: Phase, side: Side, settle_s: float) -> None:
        self.segment = f"{side.value}_{phase.segment}"  # whose samples are wanted
        self._phase, self._settle_s = phase, settle_s
        self._waiting: deque[tuple[float, float, float]] = deque(maxlen=_KEPT_COUNT)  # time, pitch, its rate
        self._last_s, self._pitch_rad = math.nan, math.nan

    def turn(self, sample: ImuSample | ImuSamples) -> None:
        """Take the next samples of the IMU on ``segment``; one that is not newer than the last is ignored."""
        for row in sample.rows:
            time_s, rate_radps, level_rad = row[0], row[5], _pitch_rad(row)
            if time_s <= self._last_s:
                continue
            step_s, self._last_s = time_s - self._last_s, time_s
            if math.isfinite(row[10]) or math.isnan(self._pitch_rad) or not step_s <= _MAX_GAP_S:
                self._pitch_rad = level_rad
            else:
                turned_rad = self._pitch_rad + rate_radps * step_s
                pull_rad = math.remainder(level_rad - turned_rad, 2.0 * math.pi)
                self._pitch_rad = turned_rad + pull_rad * min(step_s / _GRAVITY_S, 1.0)
            if math.isfinite(self._pitch_rad):
                self._waiting.append((time_s, self._pitch_rad, rate_radps))

    def feed(self, event: GaitEvent) -> None:
        """Take the next event of either foot."""
        self._settle(event.detected_s)
        self._phase.feed(event)

    def at(self, time_s: float) -> PhaseEstimate:
        """Return the phase at ``time_s``."""
        if self._waiting:
            self._settle(time_s)
        return self._phase.at(time_s)

    def _settle(self, time_s: float) -> None:
        while self._waiting and self._waiting[0][0] <= time_s - self._settle_s:
            self._phase.feed_signal(*self._waiting.popleft())


def _pitch_rad(row: ImuRow) -> float:
    """Return how far the segment's upper end is forward of upright, from orientation or gravity; NaN without both."""
    _, forward, _, up, _, _, _, x, y, z, w = row
    if math.isfinite(w):
        return math.atan2(2.0 * (w * y - x * z), 1.0 - 2.0 * (x**2 + y**2))
    return math.atan2(-forward, up)
