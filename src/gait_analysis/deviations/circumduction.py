# SPDX-License-Identifier: Apache-2.0
"""Circumduction: the foot swings outward around a straight path, more than the other foot or than at first."""

from dataclasses import dataclass

from gait_analysis.comparison.side_comparison import ComparisonSettings, Quantity, SideComparison
from gait_analysis.deviation import Evidence, Finding
from gait_parts.settings import setting
from gait_sensing.samples import Side


@dataclass(frozen=True)
class Settings(ComparisonSettings):
    """Settings of the detector."""

    least_m: float = setting(0.02, "an excess below this is within the error of foot IMUs", low=0.0, high=0.5)


class Deviation:
    """See the module."""

    name = "circumduction"

    def __init__(self, settings: Settings, prosthetic_side: Side | None) -> None:
        """Take the settings and which limb is the prosthesis."""
        quantity = Quantity("path of the foot in swing", "the foot swings out by", "m", settings.least_m)
        self._comparison = SideComparison(settings, prosthetic_side, quantity)

    def judge(self, evidence: Evidence) -> Finding | None:
        """Judge the outward excursion of the foot."""
        return self._comparison.judge(evidence.stride, evidence.stride.circumduction_m)
