# SPDX-License-Identifier: Apache-2.0
"""Hip drop: at mid-stance the pelvis drops on the side in swing, more than in the other stance or than at first.

What is wrong in the pelvis sensor's upright adds to one side and takes from the other, as in ``trunk_lean``.
"""

from dataclasses import dataclass

from gait_analysis.comparison.side_comparison import ComparisonSettings, Quantity, SideComparison
from gait_analysis.deviation import Evidence, Finding
from gait_parts.settings import setting
from gait_sensing.samples import Side


@dataclass(frozen=True)
class Settings(ComparisonSettings):
    """Settings of the detector."""

    least_rad: float = setting(0.035, "an excess below this is within the error of a pelvis IMU", low=0.0, high=0.5)


class Deviation:
    """See the module."""

    name = "hip drop"

    def __init__(self, settings: Settings, prosthetic_side: Side | None) -> None:
        """Take the settings and which limb is the prosthesis."""
        sentence = "the pelvis drops on the swinging side by"
        quantity = Quantity("tilt of the pelvis", sentence, "rad", settings.least_rad)
        self._comparison = SideComparison(settings, prosthetic_side, quantity)

    def judge(self, evidence: Evidence) -> Finding | None:
        """Judge the drop on the side opposite to the one that stands."""
        stride = evidence.stride
        to_right_rad = stride.pelvic_obliquity_mid_stance_rad
        return self._comparison.judge(stride, to_right_rad if stride.side is Side.LEFT else -to_right_rad)
