# SPDX-License-Identifier: Apache-2.0
"""Trunk lean: at mid-stance the trunk leans over the standing leg, more than over the other one or than at first.

What is wrong in the trunk sensor's upright adds to one side and takes from the other, so that a sensor that sits 1
degree askew makes 2 degrees between the sides; the comparison with the first strides is free of that.
"""

from dataclasses import dataclass

from gait_analysis.comparison.side_comparison import ComparisonSettings, Quantity, SideComparison
from gait_analysis.deviation import Evidence, Finding
from gait_parts.settings import setting
from gait_sensing.samples import Side


@dataclass(frozen=True)
class Settings(ComparisonSettings):
    """Settings of the detector."""

    least_rad: float = setting(0.05, "an excess below this is within the error of a trunk IMU", low=0.0, high=0.5)


class Deviation:
    """See the module."""

    name = "trunk lean"

    def __init__(self, settings: Settings, prosthetic_side: Side | None) -> None:
        """Take the settings and which limb is the prosthesis."""
        sentence = "the trunk leans over the standing leg by"
        quantity = Quantity("lean of the trunk", sentence, "rad", settings.least_rad)
        self._comparison = SideComparison(settings, prosthetic_side, quantity)

    def judge(self, evidence: Evidence) -> Finding | None:
        """Judge the lean toward the side that stands."""
        stride = evidence.stride
        to_right_rad = stride.trunk_lean_mid_stance_rad
        return self._comparison.judge(stride, to_right_rad if stride.side is Side.RIGHT else -to_right_rad)
