# SPDX-License-Identifier: Apache-2.0
"""Who is to take more weight in standing, and how often that is said."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gait_analysis.standing import Standing
from gait_feedback.cues.weight_shift_target import Settings, Strategy
from gait_sensing.samples import Side

LEFT, RIGHT = Side.LEFT, Side.RIGHT


def standing(share, number=0, target=math.nan, is_standing=True):
    return Standing(100.0 + 0.5 * number, is_standing, shift_share=share, shift_target=target)


def cued(strategy, *shares, **values):
    cues = (strategy.feed(standing(share, number, **values)) for number, share in enumerate(shares))
    return [each[0].side if each else None for each in cues]


@pytest.mark.parametrize("prosthetic", [LEFT, RIGHT, None])
def test_the_side_that_lacks_weight_is_cued(prosthetic):
    settings = Settings(target=0.5, out_count=1)
    side = prosthetic or LEFT
    assert cued(Strategy(settings, prosthetic), 0.44) == [side]
    assert cued(Strategy(settings, prosthetic), 0.56) == [side.other]
    assert cued(Strategy(settings, prosthetic), 0.46, 0.54) == [None, None]


def test_the_target_of_standing_is_taken_unless_one_is_given():
    assert cued(Strategy(Settings(out_count=1), LEFT), 0.5, target=0.7) == [LEFT]
    assert cued(Strategy(Settings(out_count=1, target=0.5), LEFT), 0.5, target=0.7) == [None]


def test_so_many_times_in_a_row_on_the_same_side():
    strategy = Strategy(Settings(target=0.5, out_count=2), LEFT)
    assert cued(strategy, 0.3, 0.7, 0.3, 0.5, 0.3, 0.3) == [None] * 5 + [LEFT]


def test_it_is_said_again_after_a_while():
    strategy = Strategy(Settings(target=0.5, out_count=1, repeat_s=2.0), LEFT)
    assert cued(strategy, *[0.3] * 9) == [LEFT, None, None, None, LEFT, None, None, None, LEFT]


def test_walking_in_between_begins_anew():
    strategy = Strategy(Settings(target=0.5, out_count=2), LEFT)
    assert strategy.feed(standing(0.3)) == [] == strategy.feed(standing(0.3, 1, is_standing=False))
    assert strategy.feed(standing(0.3, 2)) == []


def test_the_cue_says_what_and_when():
    (cue,) = Strategy(Settings(target=0.5, out_count=1), RIGHT).feed(standing(0.3))
    assert cue.text == "more weight on the right" and "0.300" in cue.reason
    assert cue.event_s == cue.detected_s == 100.0


shares = st.one_of(st.floats(0.0, 1.0), st.sampled_from([math.nan, math.inf, -math.inf]))


@given(st.lists(st.tuples(shares, shares, st.booleans()), max_size=60))
def test_whatever_the_shares_no_cue_without_a_known_lack(history):
    strategy, last = Strategy(Settings(), LEFT), -math.inf
    for number, (share, target, is_standing) in enumerate(history):
        cues = strategy.feed(standing(share, number, target, is_standing))
        if cues:
            assert is_standing and abs(share - target) > 0.05 and number - last >= 4
            assert cues[0].side is (LEFT if share < target else RIGHT)
            last = number
