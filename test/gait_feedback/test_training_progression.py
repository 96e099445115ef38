# SPDX-License-Identifier: Apache-2.0
"""The speed that a training rule sets."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gait_analysis.gait import Asymmetry, GaitState, LimbState, MetricAsymmetry, Subphase
from gait_feedback.belts.training_progression import Law, Settings
from gait_sensing.samples import BeltSample, Side

NOW_S = 1_700_000_000.0
RULE = Settings(start_speed_mps=0.6, top_speed_mps=0.8, step_mps=0.1, block_strides_count=5)


def pair(value, name="step_length"):
    return Asymmetry(NOW_S, Side.LEFT, (MetricAsymmetry(name, "", value, value, 0.6, 0.7, "m", 1, 0),))


def wished_mps(law):
    belt = BeltSample(NOW_S, 0.0, 0.0, 0.0)
    limbs = [LimbState(side, None, Subphase.UNKNOWN, math.nan, math.nan, math.nan, "") for side in Side]
    return law.wish(NOW_S, belt, GaitState(NOW_S, NOW_S, *limbs, math.nan, math.nan)).left_mps


def after(*values, rule=RULE):
    law = Law(rule)
    for value in values:
        law.observe(pair(value))
    return wished_mps(law)


def test_it_begins_at_the_start_speed_and_stays_there_within_the_first_block():
    assert after() == after(*[0.0] * 4) == 0.6


def test_a_good_block_is_faster_and_never_beyond_the_top():
    assert after(*[0.01] * 5) == pytest.approx(0.7)
    assert after(*[-0.05] * 100) == 0.8


def test_a_bad_block_is_slower_and_never_below_the_start():
    assert after(*[0.0] * 10, *[0.2] * 5) == pytest.approx(0.7)
    assert after(*[0.2] * 50) == 0.6


def test_between_the_bounds_it_stays():
    assert after(*[0.0] * 5, *[-0.08] * 20) == pytest.approx(0.7)


def test_the_median_decides_and_the_distance_from_the_target():
    assert after(0.0, 0.0, 0.0, 0.9, 0.9) == pytest.approx(0.7)
    toward = Settings(start_speed_mps=0.6, step_mps=0.1, block_strides_count=5, target=0.2)
    assert after(*[0.2] * 5, rule=toward) == pytest.approx(0.7)


def test_unknown_pairs_and_other_metrics_do_not_count():
    law = Law(RULE)
    for _ in range(100):
        law.observe(pair(math.nan))
        law.observe(pair(0.0, "stance_time"))
    for _ in range(4):
        law.observe(pair(0.0))
    assert wished_mps(law) == 0.6


def test_bounds_that_contradict_each_other_are_refused():
    with pytest.raises(ValueError, match="top_speed_mps"):
        Settings(start_speed_mps=1.0, top_speed_mps=0.9)
    with pytest.raises(ValueError, match="worse_beyond"):
        Settings(better_within=0.2, worse_beyond=0.1)


@settings(derandomize=True, deadline=None, max_examples=100)
@given(st.lists(st.floats(), max_size=200))
def test_whatever_is_measured_the_speed_stays_in_its_bounds(values):
    assert 0.6 <= after(*values) <= 0.8
