# SPDX-License-Identifier: Apache-2.0
"""Foot drag: the foot loads its plate while it swings.

It shows in two ways. A light touch is a load in mid-swing. A touch above the threshold of contact is taken for an
initial contact; the foot then comes off again without the other one having left the ground, and the stride in between
is not accepted. What cannot be seen: a foot that drags with an even, low force through most of its swing looks like a
plate that drifts, and nothing is seen of a foot that drags on the other foot's plate.
"""

import math
from dataclasses import dataclass

from gait_analysis.deviation import ABSENT, Evidence, Finding, present, unseen
from gait_parts import settings as parts
from gait_parts.settings import setting
from gait_sensing.samples import Side


@dataclass(frozen=True)
class Settings(parts.Settings):
    """Settings of the detector."""

    least_bw: float = setting(0.05, "smallest load that is a drag, in body weights", low=0.0, high=0.5)
    most_bw: float = setting(0.5, "a touch that bears more is a step, in body weights", low=0.1, high=2.0)


class Deviation:
    """Judges strides of the prosthetic side; of both sides where neither is a prosthesis."""

    name = "foot drag"

    def __init__(self, settings: Settings, prosthetic_side: Side | None) -> None:
        """Take the settings and which limb is the prosthesis."""
        self._settings, self._prosthetic_side = settings, prosthetic_side

    def judge(self, evidence: Evidence) -> Finding | None:
        """Judge the load in swing."""
        stride = evidence.stride
        if self._prosthetic_side not in (None, stride.side):
            return None
        load_bw = evidence.swing_load_bw if stride.is_accepted else _touch_bw(evidence)
        if not stride.is_accepted and not self._settings.least_bw < load_bw < self._settings.most_bw:
            return None
        if math.isnan(load_bw):
            return unseen("load of this foot in swing")
        if load_bw <= self._settings.least_bw:
            return ABSENT
        text = f"the foot touches the ground in swing with {100.0 * load_bw:.0f} % of body weight"
        return present(text, load_bw, "BW")


def _touch_bw(evidence: Evidence) -> float:
    """Return the load of a stance that began and ended while the other foot stood; NaN if it was none."""
    stride = evidence.stride
    return stride.peak_load_bw if math.isnan(stride.other_foot_off_s) else math.nan
