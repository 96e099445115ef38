# SPDX-License-Identifier: Apache-2.0
"""Both belts as fast as the person walks, who stays near one place.

After Song et al. (2020, J NeuroEng Rehabil 17:68). After each step the speed changes by
``position_gain_ps * (place - place_m) + speed_gain * (walking speed - belt speed)``; place and walking speed are those
of ``gait_feedback.pace``, over a stride; ``average: step`` is Song's form, for even walkers. Song's gains, 0.1 and 0.25
at each step of some 0.55 s, swing (damping 0.5) when a person holds on to a new speed. Those here, 0.05 and 0.75, do
not (damping 2.3): the belts are soon as fast as the person, who is brought back to the place slowly. Higher gains make
speed and steps vary more (Castano 2021).

At the start both belts go to ``start_speed_mps``, until ``settle_steps_count`` steps are known. Belts come to rest when
no step was measured for ``step_stale_s``, and when the person is beyond ``front_m`` or ``rear_m``.
"""

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
    average: str = setting("stride", "what walking speed is averaged over", choices=("stride", "step"))
    position_gain_ps: float = setting(0.05, "change of speed at a step for 1 m of place, 1/s", low=0.0, high=1.0)
    speed_gain: float = setting(0.75, "share of the difference of speed taken at a step, no unit", low=0.05, high=1.0)


class Law(GuardedLaw):
    """See the module."""

    SOURCE = "self_paced"
    OBSERVES = PaceWatch.OBSERVES

    def __init__(self, settings: Settings) -> None:
        """Begin with nobody known."""
        super().__init__(settings)
        self._settings = settings
        self._watch = PaceWatch(settings, 2 if settings.average == "stride" else 1)
        self._target_mps = settings.start_speed_mps

    def observe(self, observation: Observation) -> None:
        """Follow the person."""
        self._watch.observe(observation)

    def wish(self, now_s: float, belt: BeltSample, gait: GaitState) -> Wish | None:
        """Want the speed that the last step called for."""
        settings, watch = self._settings, self._watch
        self.reason = watch.problem(now_s)
        if self.reason:
            return None
        if watch.is_settled and watch.take_step():
            belts_mps = 0.5 * (belt.left_speed_mps + belt.right_speed_mps)
            off_m = watch.position_m(now_s) - settings.place_m
            change_mps = settings.position_gain_ps * off_m + settings.speed_gain * (watch.walking_mps - belts_mps)
            self._target_mps = max(belts_mps + change_mps, settings.least_speed_mps)
        return Wish(self._target_mps, self._target_mps, watch.acceleration_mps2)
