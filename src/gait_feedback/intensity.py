# SPDX-License-Identifier: Apache-2.0
"""How strong a cue must be for a walker to feel it: a staircase, and the strength that full cues have on each side.

After each cue the walker says whether it was felt. Felt, the next one is weaker; not felt, stronger: what is felt half
of the time is where that turns again and again (Levitt 1971, doi:10.1121/1.1912375). Steps are ratios, since touch is,
and get finer after two turns. The threshold is the geometric mean of the turns after those.
"""

import math
from dataclasses import dataclass

from gait_parts import settings as parts
from gait_parts.settings import setting
from gait_sensing.samples import Side

COARSE, FINE = 1.6, 1.25  # ratio of two steps
COARSE_TURNS_COUNT = 2
TURNS_COUNT = 6
LEAST = 0.02  # an actuator's range has not many more steps
UNFELT_COUNT = 3  # times in a row that the strongest cue was not felt


@dataclass(frozen=True)
class IntensitySettings(parts.Settings):
    """Strength of a full cue on each side, as share of the actuator's range: to be found on the walker."""

    left: float = setting(1.0, "a cue of intensity 1 on the left, as share of the range", low=0.02, high=1.0)
    right: float = setting(1.0, "a cue of intensity 1 on the right, as share of the range", low=0.02, high=1.0)

    def on(self, side: Side) -> float:
        """Strength of a full cue on ``side``."""
        return self.left if side is Side.LEFT else self.right


class Staircase:
    """One side of one walker."""

    def __init__(self, first: float) -> None:
        """Begin at intensity ``first``, 0 to 1, which should be felt."""
        self.intensity = first
        self._was_felt: bool | None = None
        self._turns: list[float] = []
        self._unfelt_count = 0

    @property
    def threshold(self) -> float:
        """Intensity felt half of the time; NaN until it is known."""
        if len(self._turns) < TURNS_COUNT:
            return math.nan
        fine = self._turns[COARSE_TURNS_COUNT:]
        return math.exp(sum(map(math.log, fine)) / len(fine))

    @property
    def is_unfelt(self) -> bool:
        """Whether even the strongest cue is not felt."""
        return self._unfelt_count >= UNFELT_COUNT

    @property
    def is_done(self) -> bool:
        """Whether there is nothing more to ask."""
        return self.is_unfelt or not math.isnan(self.threshold)

    def feed(self, is_felt: bool) -> None:
        """Take whether a cue of ``intensity`` was felt."""
        if self._was_felt not in (None, is_felt):
            self._turns.append(self.intensity)
        self._unfelt_count = 0 if is_felt or self.intensity < 1.0 else self._unfelt_count + 1
        self._was_felt = is_felt
        step = COARSE if len(self._turns) < COARSE_TURNS_COUNT else FINE
        wanted = self.intensity / step if is_felt else self.intensity * step
        self.intensity = min(max(wanted, LEAST), 1.0)
