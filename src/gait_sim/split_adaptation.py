# SPDX-License-Identifier: Apache-2.0
"""How a walker gets used to belts of two speeds, and what stays when they are tied again.

A belt that is faster carries the other foot's next step apart: step lengths differ at once by
``(v_fast - v_slow) / (v_fast + v_slow)``. With each stride ``split_adaptation`` of what the asymmetry is off the
walker's habit is taken away by landing the feet elsewhere, so that it decays exponentially; on tied belts what was
learned shows the other way round, and decays alike (Reisman et al. 2005, doi:10.1152/jn.00089.2005). One rate for all
is ours; people have a fast and a slow one.
"""

import math
from collections.abc import Mapping
from typing import ClassVar

from gait_sensing.samples import Side
from gait_sim.cue_learning import LearningSettings
from gait_sim.odometer import Odometer

MOST = 0.4  # of the asymmetry that the feet make up for


class SplitAdaptation:
    """Of one walker; tell each landing."""

    HABIT: ClassVar[str] = "step_length_asymmetry"

    def __init__(self, settings: LearningSettings) -> None:
        self._settings = settings
        self.change = 0.0  # of the habit
        self.lengths_m = dict.fromkeys(Side, math.nan)  # of the newest step of each foot
        self._heels_m: dict[Side, float] = {}  # marks on the belts

    def step(self, side: Side, landing_m: float, odometer: Odometer, changes: Mapping[str, float]) -> None:
        """Take that a foot lands so far forward of mid-treadmill; cues have made ``changes`` to the habits."""
        self._heels_m[side] = odometer.now_m(side) + landing_m
        if side.other not in self._heels_m:
            return
        self.lengths_m[side] = landing_m - (self._heels_m[side.other] - odometer.now_m(side.other))
        if self._settings.sign(side) < 0.0:
            self._adapt(self._settings.step_length_asymmetry + changes.get(self.HABIT, 0.0))

    def _adapt(self, habit: float) -> None:
        signed = {self._settings.sign(side): length_m for side, length_m in self.lengths_m.items()}
        difference_m, both_m = signed[1.0] - signed[-1.0], signed[1.0] + signed[-1.0]
        if both_m > 0.0:  # false for NaN
            change = self.change - self._settings.split_adaptation * (difference_m / both_m - habit)
            self.change = min(max(change, -MOST), MOST)
