# SPDX-License-Identifier: Apache-2.0
"""What a stride is expected to last: chance is averaged, a change is followed, and what is no stride is left out."""

import math

import pytest

from gait_analysis.cycle.pace import Estimate, Pace


def paced(*durations_s, window_count=3):
    pace = Pace(0.025, window_count, reset_count=3, max_ratio=1.5)
    for duration_s in durations_s:
        pace.feed(duration_s)
    return pace


def followed(first_s, last_s, window_count=3):
    """Return which share of the difference is taken up at once."""
    now_s = paced(*[first_s] * 20, last_s, window_count=window_count).expected.duration_s
    return math.log(now_s / first_s) / math.log(last_s / first_s)


def test_chance_is_averaged_over_the_window():
    assert followed(1.0, 1.03) == pytest.approx(1.0 / 3.0, abs=0.05)
    assert followed(1.0, 1.03, window_count=10) == pytest.approx(0.1, abs=0.02)


@pytest.mark.parametrize("last_s", [0.75, 1.3])
def test_a_change_is_followed_at_once(last_s):
    assert followed(1.0, last_s) > 0.95


def test_what_is_followed_grows_with_the_change():
    shares = [followed(1.0, last_s) for last_s in (1.03, 1.08, 1.12, 1.2, 1.35)]
    assert shares == sorted(shares)


@pytest.mark.parametrize("duration_s", [0.5, 1.9, 0.0, -1.0, 10.0])
def test_what_is_no_stride_changes_nothing(duration_s):
    pace = paced(1.0, 1.0, 1.0)
    assert not pace.feed(duration_s)
    assert pace.count == 3 and pace.expected.duration_s == pytest.approx(1.0)


def test_a_stride_that_is_sure_is_believed_whatever_the_pace_was():
    pace = paced(1.9, 1.9, 1.9)
    assert pace.feed(1.1, is_sure=True)
    assert pace.expected.duration_s == pytest.approx(1.1, rel=0.02)


def test_three_that_agree_are_a_pace_and_three_that_do_not_are_none():
    assert paced(1.0, 1.0, 1.7, 1.7, 1.7).expected.duration_s == pytest.approx(1.7)
    assert paced(1.0, 1.0, 1.7, 2.8, 0.5).expected.duration_s == pytest.approx(1.0)


def test_a_break_between_them_is_no_agreement():
    assert paced(1.0, 1.0, 1.7, 1.7, 10.0, 1.7).expected.duration_s == pytest.approx(1.0)


def test_without_a_change_possible_the_gain_is_that_of_the_variances():
    updated = Estimate(0.0, 0.01).updated(math.exp(1.0), 0.01, is_change_possible=False)
    assert updated.log == pytest.approx(0.5) and updated.variance == pytest.approx(0.005)
