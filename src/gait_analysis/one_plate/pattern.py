# SPDX-License-Identifier: Apache-2.0
"""The walking pattern on one plate, from seconds of its centre of pressure: the "butterfly" with its two wings.

Across the plate the pressure goes from foot to foot; the midline is half-way between where it is on the left and where
on the right, wherever on the belt the person walks. It is walking, and not swaying from foot to foot, where the
pressure goes backward under each foot while it bears, and forward from foot to foot.

Source: the butterfly, Roerdink et al. 2008 (doi 10.1016/j.jbiomech.2008.06.023); the rules here are ours.
"""

from dataclasses import dataclass
from itertools import pairwise
from statistics import median

import numpy as np

from gait_analysis.one_plate.turns import Line, Pattern, Turn, Vector2
from gait_sensing.samples import Array, Side

_LEAST_HALF_M = 0.012  # half the way across: below it the feet hardly differ
_LEAST_BACK_M = 0.02  # under a foot, in the part of its support that is looked at
_PART = 0.3, 0.8  # of the time from midline to midline, in which one foot bears
_SHORTEST_S, _LONGEST_S = 0.2, 2.0  # of that time
_LEAST_SUPPORTS = 4  # each turn at least once, one of them twice
_STANDING_M, _STANDING_S = 0.06, 1.0  # a pressure that stays within this for so long
_NOT_YET = "the pattern of the steps is not known yet"


@dataclass(frozen=True, slots=True)
class _Support:
    """The pressure on one side of the midline."""

    side: Side
    begin_s: float
    line: Line  # under the foot, at its middle
    back_m: float


def find_pattern(rows: Array) -> Pattern | str:
    """Return the pattern of the steps at the end of the samples, or why there is none.

    ``rows`` [n, 4]: time, vertical force, centre of pressure x and y. The pattern begins with the first step of those
    in a row that it holds for.
    """
    time_s, force_n, x_m, y_m = rows.T
    is_new = time_s > time_s[-1] - _STANDING_S
    if is_new.all():
        return _NOT_YET
    if max(np.ptp(x_m[is_new]), np.ptp(y_m[is_new])) < _STANDING_M:
        return "standing: the centre of pressure stays in place"
    low_m, high_m = np.quantile(y_m, (0.1, 0.9))
    half_m = 0.5 * float(high_m - low_m)
    if half_m < _LEAST_HALF_M:
        return "the feet hardly differ across the plate"
    supports = _supports(time_s, x_m, y_m - 0.5 * (low_m + high_m), half_m)
    if len(supports) < _LEAST_SUPPORTS:
        return _NOT_YET
    if median(support.back_m for support in supports) < _LEAST_BACK_M:
        return "the centre of pressure does not go backward under each foot: no walking"
    first = supports[0]
    place_m = first.line.place_m[0], first.line.place_m[1] + 0.5 * float(low_m + high_m)
    line = Line(first.line.time_s, place_m, first.line.velocity_mps)
    step_s = median(new.begin_s - old.begin_s for old, new in pairwise(supports))
    return Pattern(_turns(supports), first.side, line, float(np.mean(force_n)), step_s)


def _supports(time_s: Array, x_m: Array, y_m: Array, half_m: float) -> list[_Support]:
    """Return the supports by one foot in a row at the end, without the one in progress."""
    is_clear = np.abs(y_m) > 0.5 * half_m
    side = np.sign(y_m)[is_clear]  # between the sides the last one holds
    is_first = np.append(True, side[1:] != side[:-1])
    begins = np.flatnonzero(is_clear)[is_first]
    found: list[_Support] = []
    for begin, end in pairwise(begins[::-1].tolist()):
        begin, end = end, begin
        lasted_s = float(time_s[end] - time_s[begin])
        if not _SHORTEST_S < lasted_s < _LONGEST_S:
            break
        part = slice(begin + round(_PART[0] * (end - begin)), begin + round(_PART[1] * (end - begin)))
        line = _line(time_s[part], x_m[part], y_m[part])
        back_m = -line.velocity_mps[0] * (_PART[1] - _PART[0]) * lasted_s
        foot = Side.LEFT if y_m[begin] > 0.0 else Side.RIGHT
        found.append(_Support(foot, float(time_s[begin]), line, back_m))
    return found[::-1]


def _line(time_s: Array, x_m: Array, y_m: Array) -> Line:
    """Return the line of least squares."""
    middle_s, x_middle_m, y_middle_m = float(time_s.mean()), float(x_m.mean()), float(y_m.mean())
    since_s = time_s - middle_s
    square_s2 = max(float(since_s @ since_s), 1e-12)
    return Line(
        middle_s, (x_middle_m, y_middle_m), (float(since_s @ x_m) / square_s2, float(since_s @ y_m) / square_s2)
    )


def _turns(supports: list[_Support]) -> dict[Side, Turn]:
    """Return both turns, medians over the supports."""
    turns = {}
    for side in Side:
        pairs = [(old.line, new.line, new.begin_s) for old, new in pairwise(supports) if new.side is side]
        places_m = [(old.at(turn_s), new.at(turn_s)) for old, new, turn_s in pairs]
        turns[side] = Turn(
            _median([(new_m[0] - old_m[0], new_m[1] - old_m[1]) for old_m, new_m in places_m]),
            _median([old.velocity_mps for old, _, _ in pairs]),
            _median([new.velocity_mps for _, new, _ in pairs]),
        )
    return turns


def _median(vectors: list[Vector2]) -> Vector2:
    return median(x for x, _ in vectors), median(y for _, y in vectors)
