# SPDX-License-Identifier: Apache-2.0
"""Whether one side does more of something than the other side does, or than it did itself at first.

No cut-off for circumduction, trunk lean or hip drop in prosthesis users was found in the literature, so the person is
the reference: the other side's last strides and the own first strides. A deviation is there where the median of the
side's last strides exceeds the reference by more than what the sensors can tell, and by more than two standard
deviations of the reference, which 19 of 20 single strides do not.
"""

import math
from collections import deque
from dataclasses import dataclass
from statistics import fmean, median, stdev

from gait_analysis.comparison.own_baseline import OwnBaseline
from gait_analysis.deviation import ABSENT, Finding, present, too_early, unseen
from gait_analysis.gait import Stride
from gait_parts import settings as parts
from gait_parts.settings import setting
from gait_sensing.samples import Side

_WINDOW_COUNT = 10  # strides of the other side that are the reference
_LEAST_COUNT = 3  # strides of each side before anything is said
_SHOWN = {"m": (100.0, "cm"), "rad": (math.degrees(1.0), "degrees"), "1": (100.0, "% of the stride")}  # scale, words
_SPREADS = 2.0  # standard deviations of the reference


@dataclass(frozen=True)
class ComparisonSettings(parts.Settings):
    """Settings that all such deviations share."""

    strides_count: int = setting(5, "last strides of the side whose median is judged", low=3, high=100)
    baseline_strides_count: int = setting(20, "first strides that are the own baseline", low=3, high=1000)


@dataclass(frozen=True, slots=True)
class Quantity:
    """What is compared, in words."""

    missing: str  # what is not measured where the value is NaN
    sentence: str  # goes before the value
    unit: str  # of the value: "m", "rad", or "1" for a share of the stride
    least: float  # smallest excess that the sensors can tell


class SideComparison:
    """Judges strides of the prosthetic side; of both sides where neither is a prosthesis."""

    def __init__(self, settings: ComparisonSettings, prosthetic_side: Side | None, quantity: Quantity) -> None:
        self._prosthetic_side, self._quantity = prosthetic_side, quantity
        self._own = {side: deque[float](maxlen=settings.strides_count) for side in Side}
        self._window = {side: deque[float](maxlen=_WINDOW_COUNT) for side in Side}
        self._baseline_count = settings.baseline_strides_count
        self._baseline = {side: OwnBaseline(settings.baseline_strides_count) for side in Side}

    def judge(self, stride: Stride, value: float) -> Finding | None:
        """Take the next stride and the value that is compared."""
        is_judged = self._prosthetic_side in (None, stride.side)
        if not stride.is_accepted:
            return None
        if math.isnan(value):
            return unseen(self._quantity.missing) if is_judged else None
        side = stride.side
        self._own[side].append(value)
        self._window[side].append(value)
        self._baseline[side].feed(value)
        return self._compare(side) if is_judged else None

    def _compare(self, side: Side) -> Finding:
        own, others = self._own[side], self._window[side.other]
        if min(len(own), len(others)) < _LEAST_COUNT:
            return too_early(_LEAST_COUNT)
        value = median(own)
        others_name = "sound" if self._prosthetic_side else side.other.value
        quantity, baseline = self._quantity, self._baseline[side].spread
        scale, unit = _SHOWN[quantity.unit]
        found = []
        excess = value - fmean(others)
        if excess > quantity.least and excess > _SPREADS * stdev(others):  # the latter takes long
            found.append(f"{excess * scale:.1f} {unit} more than on the {others_name} side")
        excess = value - baseline.mean
        if excess > max(quantity.least, _SPREADS * baseline.sd):  # never, with NaN
            than = f"than in the first {self._baseline_count} strides"
            found.append(f"{excess * scale:.1f} {unit} more {than}")
        if not found:
            return ABSENT
        text = f"{quantity.sentence} {value * scale:.1f} {unit}, " + " and ".join(found)
        return present(text, value, quantity.unit)
