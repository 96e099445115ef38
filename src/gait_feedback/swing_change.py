# SPDX-License-Identifier: Apache-2.0
"""When the belt under a leg may change: while that leg swings, and by no more than is done before it lands.

The swing ends at the foot's contact, or when it has lasted as long as the median of that side's last swings. The speed
that a belt may reach is what acceleration and jerk allow in the time left less ``swing_margin_s``; what is left of a
greater change waits for the next swing. A change under a standing leg is a perturbation: Sessoms et al. (2014,
J Biomech 47:277) saw responses as to a trip.
"""

import math
from collections import deque
from dataclasses import dataclass
from statistics import median

from gait_analysis.events import EventKind, GaitEvent
from gait_analysis.gait import Stride
from gait_feedback.belt_guard import GuardSettings
from gait_feedback.belt_law import Observation
from gait_parts.settings import setting
from gait_sensing.samples import Side

SWINGS_COUNT = 5


@dataclass(frozen=True)
class SwingSettings(GuardSettings):
    """Settings of laws that change one belt."""

    acceleration_mps2: float = setting(0.6, "largest change of speed, either way", low=0.01, high=3.0)
    jerk_mps3: float = setting(10.0, "largest change of acceleration", low=0.5, high=100.0)
    swing_margin_s: float = setting(
        0.1, "before landing, by which a belt is steady: at least gate and treadmill's delay", low=0.02, high=0.4
    )


class SwingChange:
    """Knows of each leg whether it swings and for how long."""

    OBSERVES = (GaitEvent, Stride)

    def __init__(self, settings: SwingSettings) -> None:
        """Begin with no swing known."""
        self._settings = settings
        self._swings_s: dict[Side, deque[float]] = {side: deque(maxlen=SWINGS_COUNT) for side in Side}
        self._off_s: dict[Side, float] = dict.fromkeys(Side, math.nan)

    def observe(self, observation: Observation) -> None:
        """Take events and strides."""
        if isinstance(observation, Stride) and observation.is_accepted and observation.swing_time_s > 0.0:
            self._swings_s[observation.side].append(observation.swing_time_s)
        elif isinstance(observation, GaitEvent):
            is_off = observation.kind is EventKind.FOOT_OFF
            self._off_s[observation.side] = observation.time_s if is_off else math.nan

    def left_s(self, side: Side, now_s: float) -> float:
        """Return how long the belt of ``side`` may change from ``now_s`` on; 0 when it may not, or nothing is known."""
        if not self._swings_s[side] or not now_s >= self._off_s[side]:  # NaN: the foot stands
            return 0.0
        landing_s = self._off_s[side] + median(self._swings_s[side])
        return max(landing_s - self._settings.swing_margin_s - now_s, 0.0)

    def allowed_mps(self, side: Side, now_s: float, asked_mps: float, goal_mps: float) -> float | None:
        """Return the speed nearest to the goal that this swing leads to from the one asked for; None to keep it."""
        most_mps = self._reach_mps(self.left_s(side, now_s))
        if most_mps <= 0.0 or not math.isfinite(asked_mps):
            return None
        return asked_mps + min(max(goal_mps - asked_mps, -most_mps), most_mps)

    def _reach_mps(self, time_s: float) -> float:
        """Return the change of speed that begins and ends without acceleration within a time."""
        limit_mps2, jerk_mps3 = self._settings.acceleration_mps2, self._settings.jerk_mps3
        if time_s >= 2.0 * limit_mps2 / jerk_mps3:
            return limit_mps2 * (time_s - limit_mps2 / jerk_mps3)
        return jerk_mps3 * time_s**2 / 4.0
