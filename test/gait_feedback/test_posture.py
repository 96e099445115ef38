# SPDX-License-Identifier: Apache-2.0
"""Trunk lean and hip drop: which way is too far on which side."""

import math

import pytest

from gait_feedback.cues.posture import Settings, Strategy
from gait_sensing.samples import Side

LEFT, RIGHT = Side.LEFT, Side.RIGHT


@pytest.fixture
def cued(stride, contact):
    """Sides of the cues of strides that differ from a baseline of 0.02 rad to the right by ``to_right_rad``."""

    def cued(strategy, side, field, *to_right_rad):
        found = []
        for number, changed_rad in enumerate((0.0, 0.0, *to_right_rad), 1):
            end_s = 100.0 + 1.1 * number
            strategy.feed(contact(side, end_s))
            found += strategy.feed(stride(side, end_s, number, **{field: 0.02 + changed_rad}))
        return found

    return cued


def strategy(**values):
    return Strategy(
        Settings(limb="both", settling_strides_count=0, baseline_strides_count=2, band_sds=0.0, **values), None
    )


@pytest.mark.parametrize(("side", "sign"), [(LEFT, -1.0), (RIGHT, 1.0)])
def test_a_trunk_that_leans_over_the_standing_leg(cued, side, sign):
    field = "trunk_lean_mid_stance_rad"
    (cue,) = cued(strategy(), side, field, sign * 0.06)
    assert cue.side is side and cue.text == f"trunk upright while you stand on the {side.value}"
    assert cued(strategy(), side, field, sign * 0.04, -sign * 0.3, math.nan) == []


@pytest.mark.parametrize(("side", "sign"), [(LEFT, 1.0), (RIGHT, -1.0)])
def test_a_pelvis_that_drops_on_the_swinging_side(cued, side, sign):
    field, drop = "pelvic_obliquity_mid_stance_rad", {"measure": "hip_drop", "band_rad": 0.035}
    (cue,) = cued(strategy(**drop), side, field, sign * 0.04)
    assert cue.side is side and "pelvis level" in cue.text
    assert cued(strategy(**drop), side, field, sign * 0.03, -sign * 0.3, math.nan) == []


def test_a_given_angle_does_not_ask_for_the_baseline(cued):
    settings = {"target_rad": 0.0, "band_rad": 0.03}
    assert len(cued(strategy(**settings), RIGHT, "trunk_lean_mid_stance_rad", 0.0, 0.02)) == 1


def test_the_other_measure_is_not_looked_at(cued):
    assert cued(strategy(), LEFT, "pelvic_obliquity_mid_stance_rad", 0.5, -0.5) == []
