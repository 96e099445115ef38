# SPDX-License-Identifier: Apache-2.0
"""Both belts to one speed, at one acceleration."""

from dataclasses import dataclass

from gait_analysis.gait import GaitState
from gait_feedback.belt_guard import GuardedLaw, GuardSettings, Wish
from gait_parts.settings import setting
from gait_sensing.samples import BeltSample


@dataclass(frozen=True)
class Settings(GuardSettings):
    """Settings of the ramp."""

    target_speed_mps: float = setting(1.1, "speed of both belts", low=0.0, high=3.0)

    def __post_init__(self) -> None:
        """Check each setting, then that the target is within the limit."""
        super().__post_init__()
        if self.target_speed_mps > self.max_speed_mps:
            got = f"target_speed_mps: got {self.target_speed_mps:g}"
            raise ValueError(f"{got}, allowed up to max_speed_mps {self.max_speed_mps:g}")


class Law(GuardedLaw):
    """See the module."""

    SOURCE = "ramp_to_speed"

    def __init__(self, settings: Settings) -> None:
        """Take the settings."""
        super().__init__(settings)
        self._target_mps = settings.target_speed_mps

    def wish(self, now_s: float, belt: BeltSample, gait: GaitState) -> Wish:
        """Want the target."""
        return Wish.both(self._target_mps)
