# SPDX-License-Identifier: Apache-2.0
"""Both belts at a speed that rises while the person walks well, and falls when not.

A block is ``block_strides_count`` pairs of strides. At its end the median of the index of ``metric`` over it is looked
at: within ``better_within`` of ``target`` the speed rises by ``step_mps``, further than ``worse_beyond`` it falls by
as much, else it stays. Pairs whose index is unknown do not count, so that a sensor that fails ends no block. Speed
stays between ``start_speed_mps`` and ``top_speed_mps``.

The rule is ours, made of what training protocols do by hand; no published trial tells which bounds are best.
"""

import math
from dataclasses import dataclass
from statistics import median

from gait_analysis.gait import Asymmetry, GaitState
from gait_feedback.belt_guard import GuardedLaw, GuardSettings, Wish
from gait_feedback.belt_law import Observation
from gait_parts.settings import setting
from gait_sensing.samples import BeltSample


@dataclass(frozen=True)
class Settings(GuardSettings):
    """Settings of the rule."""

    start_speed_mps: float = setting(0.6, "at which the session begins, and the least", low=0.1, high=3.0)
    top_speed_mps: float = setting(1.2, "beyond which the rule does not go", low=0.1, high=3.0)
    step_mps: float = setting(0.05, "change after one block", low=0.01, high=0.2)
    block_strides_count: int = setting(30, "pairs of strides after which the rule decides", low=5, high=1000)
    metric: str = setting("step_length", "whose asymmetry decides")
    target: float = setting(0.0, "index to reach, no unit", low=-1.0, high=1.0)
    better_within: float = setting(0.05, "distance from the target up to which speed rises, no unit", low=0.0, high=1.0)
    worse_beyond: float = setting(0.1, "distance from the target beyond which it falls, no unit", low=0.0, high=2.0)

    def __post_init__(self) -> None:
        """Check each setting, then those that bound each other."""
        super().__post_init__()
        if self.top_speed_mps < self.start_speed_mps:
            raise ValueError(f"top_speed_mps: got {self.top_speed_mps:g}, allowed from {self.start_speed_mps:g} up")
        if self.worse_beyond < self.better_within:
            raise ValueError(f"worse_beyond: got {self.worse_beyond:g}, allowed from {self.better_within:g} up")


class Law(GuardedLaw):
    """See the module."""

    SOURCE = "training_progression"
    OBSERVES = (Asymmetry,)

    def __init__(self, settings: Settings) -> None:
        """Begin at the start speed."""
        super().__init__(settings)
        self._settings = settings
        self._speed_mps = settings.start_speed_mps
        self._block: list[float] = []

    def observe(self, observation: Observation) -> None:
        """Take each asymmetry; at the end of a block, decide."""
        if not isinstance(observation, Asymmetry):
            return
        found = [metric.value for metric in observation.metrics if metric.name == self._settings.metric]
        self._block += filter(math.isfinite, found)
        if len(self._block) >= self._settings.block_strides_count:
            self._decide(abs(median(self._block) - self._settings.target))
            self._block = []

    def wish(self, now_s: float, belt: BeltSample, gait: GaitState) -> Wish:
        """Want the speed of the block."""
        return Wish.both(self._speed_mps)

    def _decide(self, distance: float) -> None:
        settings = self._settings
        if distance <= settings.better_within:
            self._speed_mps = min(self._speed_mps + settings.step_mps, settings.top_speed_mps)
        elif distance > settings.worse_beyond:
            self._speed_mps = max(self._speed_mps - settings.step_mps, settings.start_speed_mps)
