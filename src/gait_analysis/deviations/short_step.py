# SPDX-License-Identifier: Apache-2.0
"""Short prosthetic step: the prosthetic foot lands less far ahead of the sound one than the other way round.

It is measured and never assumed: many prosthesis users take the longer step with the prosthesis. Differences below 5
percent are not seen by observers (Handzic and Reed 2015, doi:10.3389/fpsyg.2015.00199).
"""

import math

from gait_analysis.comparison.pair_median import PairMedian, PairSettings
from gait_analysis.deviation import ABSENT, Evidence, Finding, present, unseen
from gait_sensing.samples import Side

Settings = PairSettings


class Deviation:
    """See the module. Nothing is said where neither limb is a prosthesis."""

    name = "short prosthetic step"

    def __init__(self, settings: PairSettings, prosthetic_side: Side | None) -> None:
        """Take the settings and which limb is the prosthesis."""
        self._least, self._prosthetic_side = settings.least, prosthetic_side
        self._pairs = PairMedian(settings.pairs_count)

    def judge(self, evidence: Evidence) -> Finding | None:
        """Judge the step that ends the stride against the sound step before it."""
        stride, other = evidence.stride, evidence.other
        if stride.side is not self._prosthetic_side or not stride.is_accepted or other is None:
            return None
        value = self._pairs.feed(stride.step_length_m, other.step_length_m)
        if math.isnan(value):
            return unseen("step length of both sides")
        if value <= self._least:
            return ABSENT
        shorter = 2.0 * value / (1.0 + value)  # 1 - P / S
        return present(f"the prosthetic step is {100.0 * shorter:.0f} % shorter than the sound one", shorter, "1")
