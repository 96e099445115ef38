# SPDX-License-Identifier: Apache-2.0
"""No strategy can cue more, later or longer than the limiter allows."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gait_feedback.cue import Cue, CueResult
from gait_feedback.limiter import Limiter, LimiterSettings
from gait_sensing.samples import Side


def cue(detected_s, side=Side.LEFT, duration_s=0.1, intensity=0.5):
    return Cue(side, detected_s, detected_s, intensity, duration_s, "test")


def ask(limiter, now_s, **fields):
    return limiter.feed(now_s, cue(now_s, **fields))


def test_a_cue_may_go():
    verdict = ask(Limiter(LimiterSettings()), 10.0)
    assert verdict.is_allowed and verdict.drop is None and verdict.reason == ""


def test_a_side_is_left_in_peace_for_the_least_interval():
    limiter = Limiter(LimiterSettings(min_interval_s=0.4))
    assert ask(limiter, 10.0).is_allowed
    verdict = ask(limiter, 10.3)
    assert verdict.drop is CueResult.DROPPED_LIMIT and "0.300" in verdict.reason
    assert ask(limiter, 10.31, side=Side.RIGHT).is_allowed, "the other side is its own"
    assert ask(limiter, 10.41).is_allowed, "a refused cue does not count"


def test_a_late_cue_is_dropped():
    limiter = Limiter(LimiterSettings(max_age_s=0.1))
    assert limiter.feed(10.0, cue(9.95)).is_allowed
    verdict = limiter.feed(11.0, cue(10.85))
    assert verdict.drop is CueResult.DROPPED_LATE and "0.150" in verdict.reason
    assert limiter.feed(12.0, cue(math.nan)).drop is CueResult.DROPPED_LATE


def test_a_cue_for_an_event_that_was_found_late_is_dropped():
    """As when a motion sensor finds out how it is worn, and with that the events of the last seconds."""
    limiter = Limiter(LimiterSettings(max_event_age_s=0.3))
    assert limiter.feed(10.0, replace(cue(9.95), event_s=9.75)).is_allowed
    verdict = limiter.feed(20.0, replace(cue(19.95), event_s=15.0))
    assert verdict.drop is CueResult.DROPPED_LATE and "5.000 s after the event" in verdict.reason
    assert limiter.feed(30.0, replace(cue(29.95), event_s=math.nan)).drop is CueResult.DROPPED_LATE


def test_a_minute_holds_only_so_many():
    limiter = Limiter(LimiterSettings(max_cues_per_minute_count=20))
    allowed = [ask(limiter, 100.0 + index).is_allowed for index in range(70)]
    assert allowed == [True] * 20 + [False] * 40 + [True] * 10


def test_a_session_holds_only_so_much():
    limiter = Limiter(LimiterSettings(max_session_s=1.0))
    verdicts = [ask(limiter, 100.0 + 10.0 * index, duration_s=0.25) for index in range(6)]
    assert [verdict.is_allowed for verdict in verdicts] == [True] * 4 + [False] * 2
    assert "session" in verdicts[-1].reason and verdicts[-1].drop is CueResult.DROPPED_LIMIT


@pytest.mark.parametrize(
    "fields",
    [{"intensity": value} for value in (math.nan, 0.0, -0.1, 1.1)]
    + [{"duration_s": value} for value in (math.nan, 0.0, -1.0, math.inf)],
)
def test_a_cue_without_meaning_is_dropped(fields):
    verdict = ask(Limiter(LimiterSettings()), 10.0, **fields)
    assert verdict.drop is CueResult.DROPPED_LIMIT and verdict.reason


def test_a_clock_set_back_does_not_silence_the_lab_and_keeps_the_dose():
    limiter = Limiter(LimiterSettings(max_session_s=1.0))
    assert ask(limiter, 5000.0, duration_s=0.6).is_allowed
    assert "0.000 s after the last one" in ask(limiter, 1000.0, duration_s=0.3).reason
    assert ask(limiter, 1000.5, duration_s=0.3).is_allowed
    assert "in this session" in ask(limiter, 1010.0, duration_s=0.3).reason


@pytest.mark.parametrize("back_s", [50e-6, 0.1, 4000.0])
def test_a_clock_set_back_frees_no_cue(back_s):
    limiter = Limiter(LimiterSettings(max_cues_per_minute_count=20))
    assert all(ask(limiter, 5000.0 + 0.5 * index).is_allowed for index in range(20))
    now_s = 5009.5 - back_s
    assert "after the last one" in ask(limiter, now_s).reason
    assert "in the last minute" in ask(limiter, now_s + 0.5).reason
    assert not ask(limiter, math.nan).is_allowed
    assert ask(limiter, now_s + 60.01).is_allowed


def test_a_clock_that_jitters_keeps_the_spacing():
    limiter, now_s, allowed_s = Limiter(LimiterSettings()), 100.0, []
    for step in range(40_000):
        now_s += 100e-6 if step % 2 else -50e-6
        allowed_s += [now_s] if ask(limiter, now_s).is_allowed else []
    assert len(allowed_s) == 3 and now_s == pytest.approx(101.0)
    assert all(later_s - earlier_s >= 0.4 - 51e-6 for earlier_s, later_s in pairwise(allowed_s))


@given(st.lists(st.tuples(st.floats(0.0, 5.0), st.sampled_from(Side), st.floats(0.0, 2.0)), max_size=200))
def test_the_limits_hold_whatever_is_asked(asked):
    limits = LimiterSettings(max_cues_per_minute_count=10, max_session_s=8.0)
    limiter, now_s, allowed = Limiter(limits), 1000.0, []
    for pause_s, side, duration_s in asked:
        now_s += pause_s
        if ask(limiter, now_s, side=side, duration_s=duration_s).is_allowed:
            allowed.append((now_s, side, duration_s))
    assert sum(duration_s for _, _, duration_s in allowed) <= limits.max_session_s + 1e-9
    for index, (at_s, side, _) in enumerate(allowed):
        later = allowed[index + 1 :]
        assert all(next_s - at_s >= limits.min_interval_s for next_s, next_side, _ in later if next_side is side)
        assert sum(next_s - at_s < 60.0 for next_s, _, _ in later) < limits.max_cues_per_minute_count
