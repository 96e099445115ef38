# SPDX-License-Identifier: Apache-2.0
"""Two belts whose difference steers the asymmetry of step length to a target.

The index is ``(S - P) / (S + P)``, S sound, P prosthetic, as everywhere; ``(R - L) / (R + L)`` when nobody told which
limb is the prosthesis. A step is how far the foot lands ahead of the other, which its belt has carried back meanwhile:
a faster belt under the sound leg makes the prosthetic step longer and the sound one shorter, at once. So after each
pair of steps the split, ``(v_S - v_P) / (v_S + v_P)``, changes by ``gain`` times index less target, up to
``largest_split``; the mean speed stays. At the gain here what is left halves every three strides or so.

This holds while the belts differ. People adapt within minutes, and what stays when the belts are tied again goes the
other way: to train by after-effects, set the target to where the index shall not stay.

A belt changes only in the swing of its leg (``gait_feedback.swing_change``).
"""

import math
from dataclasses import dataclass

from gait_analysis.gait import GaitState, Stride
from gait_analysis.participant import Participant
from gait_feedback.belt_guard import GuardedLaw, Wish
from gait_feedback.belt_law import Observation
from gait_feedback.swing_change import SwingChange, SwingSettings
from gait_parts.settings import setting
from gait_sensing.samples import BeltSample, Side

TOGETHER_MPS = 0.005


@dataclass(frozen=True)
class Settings(SwingSettings):
    """Settings of the steering."""

    mean_speed_mps: float = setting(0.8, "of both belts", low=0.2, high=2.0)
    target: float = setting(0.0, "index to reach, no unit", low=-0.5, high=0.5)
    gain: float = setting(0.2, "share of the difference from the target taken after each stride", low=0.01, high=0.5)
    largest_split: float = setting(0.3, "either way, no unit", low=0.0, high=0.6)
    tied_strides_count: int = setting(20, "strides before the steering begins", low=0, high=2000)
    start_acceleration_mps2: float = setting(0.25, "of both belts at the start", low=0.01, high=1.0)

    def __post_init__(self) -> None:
        """Check each setting, then that the faster belt stays within the limit."""
        super().__post_init__()
        fast_mps = self.mean_speed_mps * (1.0 + self.largest_split)
        if fast_mps > self.max_speed_mps:
            split = f"largest_split: got {self.largest_split:g}"
            raise ValueError(f"{split}, which makes {fast_mps:g} m/s; allowed {self.max_speed_mps:g}")


class Law(GuardedLaw):
    """See the module."""

    SOURCE = "adaptive_split"
    OBSERVES = (*SwingChange.OBSERVES, Participant)

    def __init__(self, settings: Settings) -> None:
        """Begin tied, with nobody known."""
        super().__init__(settings)
        self._settings = settings
        self._swing = SwingChange(settings)
        self._prosthetic = Side.LEFT
        self._steps_m: dict[Side, float] = dict.fromkeys(Side, math.nan)  # newest of each side; NaN when used
        self._strides_count = 0
        self._is_started = False
        self._split = 0.0

    def observe(self, observation: Observation) -> None:
        """Take events, who walks, and each accepted stride's step length."""
        self._swing.observe(observation)
        if isinstance(observation, Participant):
            self._prosthetic = observation.prosthetic_side or Side.LEFT
        elif isinstance(observation, Stride) and observation.is_accepted and self._is_started:
            self._strides_count += 1
            self._steps_m[observation.side] = observation.step_length_m
            self._steer()

    def _steer(self) -> None:
        """Change the split once both sides' newest steps are known; each step is used once."""
        settings = self._settings
        prosthetic_m, sound_m = self._steps_m[self._prosthetic], self._steps_m[self._prosthetic.other]
        if self._strides_count <= 2 * settings.tied_strides_count or not prosthetic_m + sound_m > 0.0:  # NaN too
            return
        index = (sound_m - prosthetic_m) / (sound_m + prosthetic_m)
        if math.isfinite(index) and abs(index) <= 1.0:
            split = self._split + settings.gain * (index - settings.target)
            self._split = min(max(split, -settings.largest_split), settings.largest_split)
        self._steps_m = dict.fromkeys(Side, math.nan)

    def wish(self, now_s: float, belt: BeltSample, gait: GaitState) -> Wish:
        """Want the mean speed for both at first, and then each belt's own in the swing of its leg."""
        settings, mean_mps = self._settings, self._settings.mean_speed_mps
        if not self._is_started:
            self._is_started = all(abs(self.asked_mps(side) - mean_mps) <= TOGETHER_MPS for side in Side)
            return Wish(mean_mps, mean_mps, settings.start_acceleration_mps2)
        sound_mps, prosthetic_mps = mean_mps * (1.0 + self._split), mean_mps * (1.0 - self._split)
        goals = {self._prosthetic: prosthetic_mps, self._prosthetic.other: sound_mps}
        left_mps, right_mps = (
            self._swing.allowed_mps(side, now_s, self.asked_mps(side), goals[side]) for side in (Side.LEFT, Side.RIGHT)
        )
        return Wish(left_mps, right_mps)
