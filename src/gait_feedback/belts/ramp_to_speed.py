# SPDX-License-Identifier: Apache-2.0
"""Both belts to one speed, at one acceleration.

The gate makes the ramp, so the law names the target each time it is asked. It asks for nothing while the newest belt
status or gait state is missing, or its time is more than ``stale_s`` from now, either way: whoever does not know what
the walker does must not speed the belt up, and asking for the present speed would hold a belt nobody watches. Only
freshness counts: at the start the belts rest and no phase is valid yet. Where plates have told a load, both falling
silent while the belts move is a loss, too: motion sensors then go on telling events, but not that somebody stands on
the belts.
"""

import math
from dataclasses import dataclass

from gait_analysis.gait import GaitState
from gait_feedback.belt_law import Observation
from gait_parts import settings as parts
from gait_parts.settings import setting
from gait_sensing.belt_gate.states import BeltRequest
from gait_sensing.samples import BeltSample

SOURCE = "ramp_to_speed"


@dataclass(frozen=True)
class Settings(parts.Settings):
    """Settings of the ramp."""

    target_speed_mps: float = setting(1.1, "speed of both belts", low=0.0, high=3.0)
    acceleration_mps2: float = setting(0.25, "of the ramp to the target, and to rest at the end", low=0.01, high=1.0)
    stale_s: float = setting(0.2, "oldest belt status and gait state to act on", low=0.05, high=0.5)


class Law:
    """See the module."""

    def __init__(self, settings: Settings) -> None:
        """Take the settings; nothing is known of plates yet."""
        self._settings = settings
        self._has_plates = False

    def observe(self, observation: Observation) -> None:
        """Know nothing but the newest status and state."""

    def feed(self, now_s: float, belt: BeltSample | None, gait: GaitState | None) -> BeltRequest | None:
        """Ask for the target while both inputs are fresh; see ``belt_law.BeltLaw``."""
        if gait is None or not (self._is_fresh(now_s, belt) and self._is_fresh(now_s, gait)):
            return None
        is_loaded = not (math.isnan(gait.left.load_bw) and math.isnan(gait.right.load_bw))
        is_moving = belt is not None and max(belt.left_speed_mps, belt.right_speed_mps) > 0.0
        self._has_plates = is_loaded or (self._has_plates and is_moving)
        if self._has_plates and not is_loaded:
            return None
        return self._request(self._settings.target_speed_mps)

    def stop_request(self) -> BeltRequest:
        """Ask for rest."""
        return self._request(0.0)

    def _is_fresh(self, now_s: float, known: BeltSample | GaitState | None) -> bool:
        return known is not None and abs(now_s - known.time_s) <= self._settings.stale_s  # false for NaN

    def _request(self, speed_mps: float) -> BeltRequest:
        return BeltRequest(speed_mps, speed_mps, self._settings.acceleration_mps2, SOURCE)
