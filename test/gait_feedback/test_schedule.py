# SPDX-License-Identifier: Apache-2.0
"""What is withheld, when, and that no history of cues gets past it."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gait_feedback.cue import Cue, CueResult
from gait_feedback.schedule import Schedule, ScheduleSettings
from gait_sensing.samples import Side


def cue(side=Side.LEFT):
    return Cue(side, 10.0, 10.01, 0.5, 0.1, "test")


def given_cues(schedule, strides, session_s=1.0, side=Side.LEFT):
    return [schedule.feed(session_s, count, cue(side)).is_allowed for count in strides]


def test_without_settings_all_cues_are_given():
    assert all(given_cues(Schedule(ScheduleSettings()), range(5000)))


def test_fading_from_block_to_block():
    schedule = Schedule(ScheduleSettings(block_strides_count=1000, fading=0.5))
    shares = [sum(given_cues(schedule, range(1000 * block, 1000 * (block + 1)))) / 1000 for block in range(4)]
    assert shares == pytest.approx([1.0, 0.5, 0.25, 0.125], abs=0.05)  # 3 SD of 1000 draws
    assert shares[0] == 1.0


def test_catch_strides_are_withheld_on_both_sides_independently():
    schedule = Schedule(ScheduleSettings(catch_share=0.2))
    left, right = (given_cues(schedule, range(2000), side=side) for side in Side)
    assert sum(left) / 2000 == pytest.approx(0.8, abs=0.03) == sum(right) / 2000
    assert left != right
    both = sum(not one and not other for one, other in zip(left, right, strict=True)) / 2000
    assert both == pytest.approx(0.04, abs=0.015)


def test_catch_strides_are_not_those_that_fading_takes():
    """Of the strides that fading leaves, as many are caught as of all."""
    schedule = Schedule(ScheduleSettings(catch_share=0.5, first_share=0.5))
    assert sum(given_cues(schedule, range(4000))) / 4000 == pytest.approx(0.25, abs=0.03)


def test_what_a_stride_gets_does_not_hang_on_what_was_asked_before():
    values = ScheduleSettings(seed=7, catch_share=0.3, first_share=0.6)
    strides = list(range(200))
    straight = dict(zip(strides, given_cues(Schedule(values), strides), strict=True))
    random.Random(1).shuffle(strides)
    schedule = Schedule(values)
    assert all(given_cues(schedule, [count, count]) == [straight[count]] * 2 for count in strides)


def test_another_seed_is_another_session():
    one, other = (given_cues(Schedule(ScheduleSettings(seed=seed, catch_share=0.5)), range(100)) for seed in (1, 2))
    assert one != other


def test_a_known_seed_gives_the_known_strides():
    """Python's promise, on which a replay of an old session rests."""
    assert given_cues(Schedule(ScheduleSettings(seed=3, catch_share=0.5)), range(12)) == list(
        map(bool, [1, 0, 1, 1, 1, 1, 0, 0, 1, 1, 0, 1])
    )


def test_retention_after_the_blocks():
    schedule = Schedule(ScheduleSettings(block_strides_count=10, blocks_count=3))
    assert given_cues(schedule, range(100)) == [True] * 30 + [False] * 70
    assert "retention" in schedule.feed(1.0, 30, cue()).reason


def test_quiet_periods():
    schedule = Schedule(ScheduleSettings(cued_s=10.0, quiet_s=5.0))
    times_s = [0.0, 9.9, 10.0, 14.9, 15.0, 24.9, 25.0]
    allowed = [schedule.feed(time_s, 0, cue()).is_allowed for time_s in times_s]
    assert allowed == [True, True, False, False, True, True, False]


def test_self_controlled_cues_come_for_a_while_after_asking():
    schedule = Schedule(ScheduleSettings(asked_s=10.0))
    assert not schedule.feed(5.0, 1, cue()).is_allowed
    schedule.ask(20.0)
    assert [schedule.feed(time_s, 1, cue()).is_allowed for time_s in (19.0, 20.0, 29.9, 30.0)] == [
        False,
        True,
        True,
        False,
    ]
    assert "ask" in schedule.feed(40.0, 1, cue()).reason


def test_the_dose_counts_what_was_given_alone():
    schedule = Schedule(ScheduleSettings(dose_count=5, cued_s=10.0, quiet_s=5.0))
    for _ in range(50):
        schedule.feed(12.0, 0, cue())
    allowed = given_cues(schedule, range(20))
    assert allowed == [True] * 5 + [False] * 15
    verdict = schedule.feed(1.0, 0, cue())
    assert verdict.drop is CueResult.WITHHELD and "dose" in verdict.reason


@pytest.mark.parametrize(("session_s", "strides_count"), [(-0.1, 0), (math.nan, 0), (math.inf, 0), (1.0, -1)])
def test_outside_the_session_nothing_is_given(session_s, strides_count):
    assert "session" in Schedule(ScheduleSettings()).feed(session_s, strides_count, cue()).reason


def test_it_says_what_the_walker_may_expect():
    schedule = Schedule(
        ScheduleSettings(block_strides_count=10, fading=0.5, blocks_count=2, asked_s=10.0, dose_count=1)
    )
    assert "begin" in schedule.words(-0.5, 0)
    assert "did not ask" in schedule.words(1.0, 0)
    schedule.ask(1.0)
    assert schedule.words(1.0, 0).startswith("100 percent") and schedule.words(2.0, 19).startswith("50 percent")
    assert schedule.words(3.0, 20).startswith("retention")
    assert schedule.feed(4.0, 0, cue()).is_allowed and "dose" in schedule.words(4.0, 0)


schedules = st.builds(
    ScheduleSettings,
    seed=st.integers(0, 9),
    block_strides_count=st.integers(1, 20),
    first_share=st.floats(0.0, 1.0),
    fading=st.floats(0.0, 1.0),
    catch_share=st.floats(0.0, 1.0),
    blocks_count=st.integers(0, 5),
    asked_s=st.sampled_from([0.0, 3.0]),
    cued_s=st.floats(1.0, 20.0),
    quiet_s=st.sampled_from([0.0, 4.0]),
    dose_count=st.integers(0, 20),
)
times = st.one_of(st.floats(-5.0, 120.0), st.just(math.nan), st.just(math.inf))


@settings(deadline=None)
@given(schedules, st.lists(st.tuples(times, st.integers(-2, 150), st.sampled_from(Side), st.booleans()), max_size=150))
def test_whatever_is_asked_nothing_is_given_outside_the_schedule(data, history):
    schedule, count, asked_s = Schedule(data), 0, -math.inf
    for session_s, strides_count, side, is_asking in history:
        if is_asking:
            schedule.ask(session_s)
            asked_s = session_s
        verdict = schedule.feed(session_s, strides_count, cue(side))
        assert verdict.is_allowed or verdict.reason
        if not verdict.is_allowed:
            continue
        count += 1
        block = strides_count // data.block_strides_count
        assert session_s >= 0.0 and strides_count >= 0 and math.isfinite(session_s)
        assert data.dose_count == 0 or count <= data.dose_count
        assert data.blocks_count == 0 or block < data.blocks_count
        assert data.catch_share < 1.0 and data.first_share * data.fading**block > 0.0
        assert data.quiet_s == 0.0 or session_s % (data.cued_s + data.quiet_s) < data.cued_s
        assert data.asked_s == 0.0 or 0.0 <= session_s - asked_s < data.asked_s
