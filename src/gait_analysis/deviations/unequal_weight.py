# SPDX-License-Identifier: Apache-2.0
"""Unequal weight: one leg bears more of the body's weight than the other.

Over a stride the vertical impulses of both stances add up to body weight times stride time, so each one's share is the
share of the weight that the leg bore. The limit is that of a normalised difference of 0.05: 47.5 against 52.5 percent.
"""

import math

from gait_analysis.comparison.pair_median import PairMedian, PairSettings
from gait_analysis.deviation import ABSENT, Evidence, Finding, present, unseen
from gait_sensing.samples import Side

Settings = PairSettings


class Deviation:
    """Judged with the strides of the prosthetic side; of the left side where neither is a prosthesis."""

    name = "unequal weight"

    def __init__(self, settings: PairSettings, prosthetic_side: Side | None) -> None:
        """Take the settings and which limb is the prosthesis."""
        self._least, self._reference = settings.least, prosthetic_side or Side.LEFT
        self._names = ("prosthetic", "sound") if prosthetic_side else ("left", "right")
        self._pairs = PairMedian(settings.pairs_count)

    def judge(self, evidence: Evidence) -> Finding | None:
        """Judge the stance of the stride against the other side's."""
        stride, other = evidence.stride, evidence.other
        if stride.side is not self._reference or not stride.is_accepted or other is None:
            return None
        value = self._pairs.feed(stride.vertical_impulse_bws, other.vertical_impulse_bws)
        if math.isnan(value):
            return unseen("vertical impulse of both sides")
        if abs(value) <= self._least:
            return ABSENT
        own, others = 50.0 * (1.0 - value), 50.0 * (1.0 + value)
        text = f"the {self._names[0]} leg bears {own:.0f} %, the {self._names[1]} leg {others:.0f} % of the weight"
        return present(text, abs(value), "1")
