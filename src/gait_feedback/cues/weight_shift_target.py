# SPDX-License-Identifier: Apache-2.0
"""A cue, in standing, on the side that is to take more of the weight.

The share of the load on the prosthetic side (left, where neither is a prosthesis) is held against a target: a given
one, or the one of ``gait/standing``, which may move. While the share is out of the band, the side that lacks is cued,
at most every ``repeat_s``. Standing is looked at every 0.5 s; somebody who does not stand, or whose share is not known,
is not cued. Touch in place of lost feeling reduced the sway of seven transtibial amputees
(doi:10.1186/s12984-021-00952-x).
"""

import math
from collections import deque
from dataclasses import dataclass

from gait_analysis.standing import Standing
from gait_feedback.cue import Cue, Observation
from gait_parts import settings as parts
from gait_parts.settings import setting
from gait_sensing.samples import Side


@dataclass(frozen=True)
class Settings(parts.Settings):
    """Settings of target and cue."""

    target: float = setting(
        math.nan, "share of the load on the prosthetic side; NaN: that of standing", low=0.05, high=0.95
    )
    band: float = setting(0.05, "half width of the silent band, as share", low=0.005, high=0.5)
    out_count: int = setting(2, "so many times in a row out of the band, every 0.5 s, make a cue", low=1, high=60)
    repeat_s: float = setting(2.0, "least time between two cues", low=0.5, high=60.0)
    intensity: float = setting(0.8, "share of what the actuator can do, no unit", low=0.05, high=1.0)
    duration_s: float = setting(0.2, "length of the cue", low=0.02, high=1.0)


class Strategy:
    """See the module."""

    OBSERVES = (Standing,)

    def __init__(self, settings: Settings, prosthetic_side: Side | None) -> None:
        """Take the settings and which limb is the prosthesis; the left takes its place where none is."""
        self._settings = settings
        self._prosthetic_side = prosthetic_side or Side.LEFT
        self._lacking: deque[Side] = deque(maxlen=settings.out_count)  # of the last times, all out of the band
        self._cued_s = -math.inf

    def feed(self, observation: Observation) -> list[Cue]:
        """Return the cue that ``Standing`` calls for, if it does."""
        return self._judge(observation) if isinstance(observation, Standing) else []

    def _judge(self, standing: Standing) -> list[Cue]:
        settings, share = self._settings, standing.shift_share
        target = standing.shift_target if math.isnan(settings.target) else settings.target
        lack = target - share
        if not (standing.is_standing and settings.band < abs(lack) <= 1.0):  # NaN is no lack
            self._lacking.clear()
            return []
        side = self._prosthetic_side if lack > 0.0 else self._prosthetic_side.other
        self._lacking.append(side)
        if self._lacking.count(side) < settings.out_count:
            return []
        if 0.0 <= standing.time_s - self._cued_s < settings.repeat_s:
            return []
        self._cued_s = standing.time_s
        return [
            Cue(
                side=side,
                event_s=standing.time_s,
                detected_s=standing.time_s,
                intensity=settings.intensity,
                duration_s=settings.duration_s,
                reason=f"share of the load {share:.3f}, over {settings.band:g} from {target:.3f}",
                text=f"more weight on the {side.value}",
            )
        ]
