# SPDX-License-Identifier: Apache-2.0
"""Both belts speed up when the person is forward of a zone, and slow down when behind it; inside they keep their speed.

Public dead-zone laws know the place alone, such as one with 0.1 m either way, and 0.10 m/s for each 10 ms and metre
beyond it, up to 0.6 m/s2. Such a law has no damping: a person who holds on to a speed is thrown to and fro. Here the
place is the one where the person will be in ``ahead_s`` at the present difference of speeds, and the rate is
``gain_ps2`` times how far that is beyond the zone. With 1/s2 and 2 s this is critically damped, but for the half stride
that speed is told late.

The start, and when belts come to rest: as in ``self_paced``.
"""

import math
from dataclasses import dataclass

from gait_analysis.gait import GaitState
from gait_feedback.belt_guard import GuardedLaw, GuardSettings, Wish
from gait_feedback.belt_law import Observation
from gait_feedback.pace_watch import PaceSettings, PaceWatch
from gait_parts.settings import setting
from gait_sensing.samples import BeltSample


@dataclass(frozen=True)
class Settings(PaceSettings, GuardSettings):
    """Settings of the law."""

    acceleration_mps2: float = setting(0.6, "largest change of speed, either way", low=0.01, high=3.0)
    zone_m: float = setting(0.1, "either way from place_m, in which nothing changes", low=0.02, high=0.5)
    gain_ps2: float = setting(1.0, "acceleration for each metre beyond the zone, 1/s2", low=0.1, high=10.0)
    ahead_s: float = setting(2.0, "how far ahead the place is looked at", low=0.0, high=5.0)


class Law(GuardedLaw):
    """See the module."""

    SOURCE = "position_dead_zone"
    OBSERVES = PaceWatch.OBSERVES

    def __init__(self, settings: Settings) -> None:
        """Begin with nobody known."""
        super().__init__(settings)
        self._settings = settings
        self._watch = PaceWatch(settings, 2)

    def observe(self, observation: Observation) -> None:
        """Follow the person."""
        self._watch.observe(observation)

    def wish(self, now_s: float, belt: BeltSample, gait: GaitState) -> Wish | None:
        """Want a change at the rate that the place calls for."""
        settings, watch = self._settings, self._watch
        self.reason = watch.problem(now_s)
        if self.reason:
            return None
        if not watch.is_settled:
            return Wish(settings.start_speed_mps, settings.start_speed_mps, watch.acceleration_mps2)
        belts_mps = 0.5 * (belt.left_speed_mps + belt.right_speed_mps)
        drift_mps = watch.walking_mps - belts_mps
        off_m = watch.position_m(now_s) + settings.ahead_s * drift_mps - settings.place_m
        beyond_m = math.copysign(max(abs(off_m) - settings.zone_m, 0.0), off_m)
        if beyond_m == 0.0:
            return Wish(None, None)
        goal_mps = settings.max_speed_mps if beyond_m > 0.0 else settings.least_speed_mps
        return Wish(goal_mps, goal_mps, settings.gain_ps2 * abs(beyond_m))
