# SPDX-License-Identifier: Apache-2.0
"""What cues do to a walker who was told what they mean: learned little by little, and forgotten when they stop.

*More of it here.* The walker does not know the target. A cue on a side changes one habit, by ``cue_response`` times
what a cue asks for (``MEANINGS``), towards more of it on that side and less on the other, from ``reaction_s`` on. What
is learned decays with the time constant ``cue_retention_s``. This is the state-space rule of motor learning with one
rate, ``x <- A x + B u`` (Smith et al. 2006, doi:10.1371/journal.pbio.0040179): their slow process keeps 0.992 of it a
trial, which at one stride in 1.1 s is 140 s. That ``u`` is of one size for each cue is ours: a pulse tells no amount.

*Beats.* A step is drawn towards the beat that is due for its foot by ``cue_response`` of what it is off: linear phase
correction, as in Repp (2005, doi:10.3758/BF03206433). When beats stop, nothing stays.
"""

import math
from collections import deque
from dataclasses import dataclass

from gait_parts.settings import setting
from gait_sensing.samples import Side
from gait_sim.cross_stepping import IrregularSettings

BEAT = "beat"
MEANINGS = {  # what the walker was told: the habit that it is about, and what one cue asks for
    "stance_time": ("stance_time_asymmetry", 0.05),
    "step_time": ("step_time_asymmetry", 0.05),
    "step_length": ("step_length_asymmetry", 0.05),
    "load": ("load_asymmetry", 0.05),
    "push_off": ("push_off_asymmetry", 0.1),
    "weight": ("standing_load_asymmetry", 0.1),
    "hip_drop": ("hip_drop_rad", 0.05),
    "trunk_lean": ("trunk_lean_rad", 0.05),
    BEAT: ("", 0.0),
}
MOST_CUES = 4.0  # that a habit changes at the most, in what one cue asks for
LATEST_PERIODS = 2.0  # from the newest beat, for which the next are expected
MOST_DRAWN = 0.15  # of a step's time, that a beat changes it by
KEPT_CHANGES = 100


@dataclass(frozen=True)
class LearningSettings(IrregularSettings):
    """What the walker learns from cues and from belts, and how fast."""

    cue_meaning: str = setting("stance_time", "what the walker was told that a cue asks for", choices=tuple(MEANINGS))
    cue_response: float = setting(0.0, "share of what a cue asks for that is done; 0: no answer", low=0.0, high=1.0)
    cue_retention_s: float = setting(140.0, "time constant with which it is forgotten", low=1.0, high=1e6)
    reaction_s: float = setting(0.3, "from a cue to the first step planned otherwise", low=0.0, high=5.0)
    split_adaptation: float = setting(
        0.0, "share of an unaccustomed step-length asymmetry that a stride takes away", low=0.0, high=0.5
    )


class CueLearning:
    """What one walker makes of cues; tell them in order of time."""

    def __init__(self, settings: LearningSettings) -> None:
        self._settings = settings
        self._habit, self._asked = MEANINGS[settings.cue_meaning]
        self._changes: deque[tuple[float, float]] = deque(maxlen=KEPT_CHANGES)  # from when, to what
        self._beats: dict[Side, tuple[float, float]] = {}  # the last two

    def feel(self, side: Side, time_s: float) -> None:
        """Feel a cue on a side."""
        settings = self._settings
        if settings.cue_meaning == BEAT:
            self._beats[side] = self._beats.get(side, (math.nan, math.nan))[1], time_s
            return
        from_s = time_s + settings.reaction_s
        change = self._learned(from_s) + settings.sign(side) * settings.cue_response * self._asked
        most = MOST_CUES * self._asked
        self._changes.append((from_s, min(max(change, -most), most)))

    def changes(self, time_s: float) -> dict[str, float]:
        """Return by how much a habit, a setting of the walker, is other than at first."""
        return {self._habit: self._learned(time_s)} if self._habit else {}

    def drawn_s(self, side: Side, now_s: float, contact_s: float) -> float:
        """Return when the foot lands that was about to land at ``contact_s``, planned now."""
        before_s, beat_s = self._beats.get(side, (math.nan, math.nan))
        period_s = beat_s - before_s
        if not 0.0 <= now_s - self._settings.reaction_s - beat_s <= LATEST_PERIODS * period_s:  # NaN too
            return contact_s
        off_s, most_s = math.remainder(contact_s - beat_s, period_s), MOST_DRAWN * (contact_s - now_s)
        return contact_s - min(max(self._settings.cue_response * off_s, -most_s), most_s)

    def _learned(self, time_s: float) -> float:
        from_s, change = next((each for each in reversed(self._changes) if each[0] <= time_s), (time_s, 0.0))
        return change * math.exp((from_s - time_s) / self._settings.cue_retention_s) if change else 0.0
