# SPDX-License-Identifier: Apache-2.0
"""One belt faster than the other, by a ratio: tied, split, and tied again, as in studies of locomotor adaptation.

Both belts go to ``slow_speed_mps`` together. After ``tied_strides_count`` strides of the fast leg its belt goes to
``ratio`` times that, at once (abrupt) or in equal parts over ``gradual_strides_count`` strides. After
``split_strides_count`` strides more (0: not before the session ends) it comes back at once. Usual are 2:1 and 3:1, and
0.7:1. A belt changes only in the swing of its leg (``gait_feedback.swing_change``): an abrupt change that does not fit
into one swing takes the next ones too. While no event tells of a swing the belts keep their speeds.
"""

from dataclasses import dataclass

from gait_analysis.gait import GaitState, Stride
from gait_feedback.belt_guard import GuardedLaw, Wish
from gait_feedback.belt_law import Observation
from gait_feedback.swing_change import SwingChange, SwingSettings
from gait_parts.settings import setting
from gait_sensing.samples import BeltSample, Side

TOGETHER_MPS = 0.005  # from the first speed, at which both belts have arrived


@dataclass(frozen=True)
class Settings(SwingSettings):
    """Settings of the split."""

    slow_speed_mps: float = setting(0.6, "of both belts when tied, and of the slow one", low=0.1, high=2.0)
    ratio: float = setting(2.0, "fast by slow, no unit", low=1.0, high=5.0)
    fast_side: str = setting("right", "whose belt is faster", choices=("left", "right"))
    tied_strides_count: int = setting(60, "strides of the fast leg before the split", low=0, high=2000)
    gradual_strides_count: int = setting(0, "strides over which the ratio grows; 0: abrupt", low=0, high=2000)
    split_strides_count: int = setting(0, "strides of the split, growing included; 0: to the end", low=0, high=5000)
    start_acceleration_mps2: float = setting(0.25, "of both belts at the start", low=0.01, high=1.0)

    def __post_init__(self) -> None:
        """Check each setting, then that the fast belt stays within the limit."""
        super().__post_init__()
        fast_mps = self.ratio * self.slow_speed_mps
        if fast_mps > self.max_speed_mps:
            raise ValueError(f"ratio: got {self.ratio:g}, which makes {fast_mps:g} m/s; allowed {self.max_speed_mps:g}")


class Law(GuardedLaw):
    """See the module."""

    SOURCE = "split_ratio"
    OBSERVES = SwingChange.OBSERVES

    def __init__(self, settings: Settings) -> None:
        """Begin tied."""
        super().__init__(settings)
        self._settings = settings
        self._swing = SwingChange(settings)
        self._fast = Side(settings.fast_side)
        self._strides_count = 0
        self._is_started = False

    def observe(self, observation: Observation) -> None:
        """Take events, and count strides of the fast leg once both belts have started."""
        self._swing.observe(observation)
        if isinstance(observation, Stride) and observation.side is self._fast:
            self._strides_count += self._is_started

    def ratio(self) -> float:
        """Return how much faster the fast belt shall be now."""
        settings, since_count = self._settings, self._strides_count - self._settings.tied_strides_count
        if since_count < 0 or 0 < settings.split_strides_count <= since_count:
            return 1.0
        grown = min((since_count + 1) / max(settings.gradual_strides_count, 1), 1.0)
        return 1.0 + grown * (settings.ratio - 1.0)

    def wish(self, now_s: float, belt: BeltSample, gait: GaitState) -> Wish:
        """Want the slow speed for both at first, and then each belt's own in the swing of its leg."""
        settings = self._settings
        slow_mps = settings.slow_speed_mps
        if not self._is_started:
            self._is_started = all(abs(self.asked_mps(side) - slow_mps) <= TOGETHER_MPS for side in Side)
            return Wish(slow_mps, slow_mps, settings.start_acceleration_mps2)
        goals = {self._fast: slow_mps * self.ratio(), self._fast.other: slow_mps}
        left_mps, right_mps = (
            self._swing.allowed_mps(side, now_s, self.asked_mps(side), goals[side]) for side in (Side.LEFT, Side.RIGHT)
        )
        return Wish(left_mps, right_mps)
