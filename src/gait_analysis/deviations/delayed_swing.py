# SPDX-License-Identifier: Apache-2.0
"""Delayed prosthetic swing: the prosthetic foot leaves the ground late in its stride.

The references are the sound foot and the prosthetic foot's own first strides. A stride whose foot off is in doubt is
not compared.
"""

import math
from dataclasses import dataclass

from gait_analysis.comparison.side_comparison import ComparisonSettings, Quantity, SideComparison
from gait_analysis.deviation import Evidence, Finding
from gait_parts.settings import setting
from gait_sensing.samples import Side


@dataclass(frozen=True)
class Settings(ComparisonSettings):
    """Settings of the detector."""

    least_share: float = setting(0.03, "a delay below this share of a stride is no finding", low=0.0, high=0.5)


class Deviation:
    """See the module. Nothing is said where neither limb is a prosthesis."""

    name = "delayed prosthetic swing"

    def __init__(self, settings: Settings, prosthetic_side: Side | None) -> None:
        """Take the settings and which limb is the prosthesis."""
        self._has_prosthesis = prosthetic_side is not None
        sentence = "the foot leaves the ground after"
        quantity = Quantity("foot off that may be compared", sentence, "1", settings.least_share)
        self._comparison = SideComparison(settings, prosthetic_side, quantity)

    def judge(self, evidence: Evidence) -> Finding | None:
        """Judge when in the stride the foot came off."""
        stride = evidence.stride
        if not self._has_prosthesis:
            return None
        share = math.nan if stride.stance_doubt else stride.stance_time_s / stride.stride_time_s
        return self._comparison.judge(stride, share)
