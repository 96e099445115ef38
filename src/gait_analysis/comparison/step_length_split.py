# SPDX-License-Identifier: Apache-2.0
"""Where a difference of step length comes from: where the feet are placed, when, or how fast the belts run.

Foot b lands at ``b1``, foot a at ``a2`` after ``t_b``, foot b again at ``b3`` after ``t_a``; positions forward
positive, in the lab frame. While foot b stands its belt carries it back at ``v_b``, foot a at ``v_a``. So the steps are
``a2 - b1 + v_b t_b`` and ``b3 - a2 + v_a t_a``, and exactly

    step of a - step of b = (2 a2 - b1 - b3)                     placement
                          + 0.5 (v_a + v_b) (t_b - t_a)          timing
                          + 0.5 (t_a + t_b) (v_b - v_a)          speed

Divided by the sum of both steps, the three parts add up to the normalised difference of step length. Idea of the
three parts: Finley et al. (2015, doi:10.1177/1545968314567149).
"""

import math
from typing import NamedTuple


class StepLengthSplit(NamedTuple):
    """The parts of (step of a - step of b) / (step of a + step of b), and what each compares; NaN where not known."""

    placement: float
    timing: float
    speed: float
    landings_m: tuple[float, float]  # of b (mean of both) and of a
    step_times_s: tuple[float, float]  # of the step that b ends, and of the one that a ends
    speeds_mps: tuple[float, float]  # of the belt under b and under a, while the other foot makes its step


def split_step_length(
    contacts_s: tuple[float, float, float], landings_m: tuple[float, float, float], steps_m: tuple[float, float]
) -> StepLengthSplit:
    """Return the parts. ``contacts_s`` and ``landings_m`` are of b1, a2 and b3; ``steps_m`` of the step of a and of b.

    The speeds follow from these. Where a number is NaN, or the steps add up to nothing, the parts are NaN.
    """
    b1_m, a2_m, b3_m = landings_m
    step_a_m, step_b_m = steps_m
    t_b_s, t_a_s = contacts_s[1] - contacts_s[0], contacts_s[2] - contacts_s[1]
    v_b_mps, v_a_mps = (step_a_m - a2_m + b1_m) / t_b_s, (step_b_m - b3_m + a2_m) / t_a_s
    both_m = step_a_m + step_b_m if step_a_m + step_b_m > 0.0 else math.nan
    return StepLengthSplit(
        placement=(2.0 * a2_m - b1_m - b3_m) / both_m,
        timing=0.5 * (v_a_mps + v_b_mps) * (t_b_s - t_a_s) / both_m,
        speed=0.5 * (t_a_s + t_b_s) * (v_b_mps - v_a_mps) / both_m,
        landings_m=(0.5 * (b1_m + b3_m), a2_m),
        step_times_s=(t_a_s, t_b_s),
        speeds_mps=(v_b_mps, v_a_mps),
    )
