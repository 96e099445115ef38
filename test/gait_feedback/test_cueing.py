# SPDX-License-Identifier: Apache-2.0
"""The order of strategy, guard, schedule and limiter in one session, with the real ones of each."""

import math

import pytest

from gait_analysis.gait import Asymmetry, GaitState, LimbState, MetricAsymmetry, Subphase
from gait_analysis.standing import Standing
from gait_feedback.cue import CueResult
from gait_feedback.cueing import NO_GUARD, NOT_ACTIVE, Cueing, CueingSettings
from gait_feedback.cues import outside_band, phase_locked_pulse, weight_shift_target
from gait_feedback.intensity import IntensitySettings
from gait_feedback.limiter import LimiterSettings
from gait_feedback.schedule import ScheduleSettings
from gait_feedback.stability_guard import GuardSettings, Level
from gait_sensing.samples import Side

START_S = 1.8e9
GUARD = GuardSettings(settling_strides_count=1, baseline_strides_count=3, strides_count=3)
OFF = GuardSettings(is_on=False)
LEFT = Side.LEFT


def made(part, guard=OFF, schedule=None, limiter=None, intensity=None, **values):
    strategy = part.Strategy(part.Settings(**values), LEFT)
    settings = CueingSettings(
        guard, schedule or ScheduleSettings(), limiter or LimiterSettings(), intensity or IntensitySettings()
    )
    return Cueing(strategy, settings, START_S)


def uneven(end_s, side=LEFT):
    """The sound side stands longer."""
    return Asymmetry(end_s, side, (MetricAsymmetry("stance_time", "", 0.1, 0.1, 0.6, 0.7, "s", 1, 0),))


@pytest.fixture
def walk(stride):
    """``walk(cueing, count, first)`` walks strides of the left side, of 1 s; returns all decisions."""

    def walk(cueing, count, first=0, is_active=True, speed_mps=1.0):
        decisions = []
        for end_s in (START_S + 1.0 + number for number in range(first, first + count)):
            told = stride(LEFT, end_s, speed_mps=speed_mps), uneven(end_s)
            decisions += [each for one in told for each in cueing.feed(end_s + 0.005, one, is_active)]
        return decisions

    return walk


def drops(decisions):
    return [decision.verdict.drop for decision in decisions]


def test_first_the_guard_wants_a_baseline_then_cues_go(walk):
    cueing = made(outside_band, GUARD)
    decisions = walk(cueing, 6)
    assert drops(decisions) == [CueResult.WITHHELD] * 3 + [None] * 3  # the stride is told before its asymmetry
    assert "baseline" in decisions[0].verdict.reason
    assert [decision.number for decision in decisions] == [1, 2, 3, 4, 5, 6]
    state = cueing.state(START_S + 6.0)
    assert (state.given_count, state.withheld_count, state.dropped_count) == (3, 3, 0)


def test_the_guard_softens_then_pauses_and_says_so(walk):
    cueing = made(outside_band, GUARD)
    (*_, steady) = walk(cueing, 6)
    assert steady.cue.intensity == 0.8
    (*_, softened) = walk(cueing, 3, 6, speed_mps=0.8)
    assert softened.verdict.is_allowed and softened.cue.intensity == pytest.approx(0.4)
    assert cueing.state(START_S + 9.0).guard.startswith("cues softened: speed of the left side")
    (*_, paused) = walk(cueing, 3, 9, speed_mps=0.5)
    assert paused.verdict.drop is CueResult.WITHHELD and paused.verdict.reason.startswith("paused")
    state = cueing.state(START_S + 12.0)
    assert state.level is Level.PAUSE and state.guard.startswith("cues paused")
    assert "trunk lean of the left side" in state.unwatched


def test_strides_since_the_start_make_the_blocks(walk, stride):
    cueing = made(outside_band, schedule=ScheduleSettings(block_strides_count=5, blocks_count=1))
    for number in range(20):
        cueing.feed(START_S, stride(LEFT, START_S - 30.0 + number))  # of the analysis before it began afresh
    decisions = walk(cueing, 7)
    assert drops(decisions) == [None] * 4 + [CueResult.WITHHELD] * 3
    assert "retention" in decisions[-1].verdict.reason
    assert cueing.state(START_S + 8.0).schedule.startswith("retention")


def test_before_the_start_nothing_is_given():
    cueing = made(outside_band)
    (decision,) = cueing.feed(START_S - 0.1, uneven(START_S - 0.2))
    assert decision.verdict.drop is CueResult.WITHHELD and "session" in decision.verdict.reason


def test_while_not_active_the_window_goes_on_and_no_cue_comes(walk):
    cueing = made(outside_band, strides_out_count=3, strides_window_count=3)
    assert walk(cueing, 3, is_active=False) == []
    told = cueing.state(START_S + 3.0, False)
    assert (told.schedule, told.guard, told.level) == (NOT_ACTIVE, "", Level.PASS)
    (decision,) = walk(cueing, 1, 3)
    assert decision.verdict.is_allowed and decision.number == 1


def test_what_the_schedule_withholds_counts_for_no_limit_and_what_it_gives_does(walk):
    withheld = made(
        outside_band, schedule=ScheduleSettings(first_share=0.0), limiter=LimiterSettings(max_session_s=1.0)
    )
    assert drops(walk(withheld, 30)) == [CueResult.WITHHELD] * 30
    given = made(outside_band, limiter=LimiterSettings(max_session_s=1.0))
    assert drops(walk(given, 12)) == [None] * 10 + [CueResult.DROPPED_LIMIT] * 2


def test_the_walker_asks(walk):
    cueing = made(outside_band, schedule=ScheduleSettings(asked_s=2.5))
    assert drops(walk(cueing, 2)) == [CueResult.WITHHELD] * 2
    assert "ask" in cueing.state(START_S + 2.0).schedule
    cueing.ask(START_S + 2.5)
    assert drops(walk(cueing, 4, 2)) == [None] * 2 + [CueResult.WITHHELD] * 2


def test_each_side_has_its_own_full_strength(walk):
    weak, strong = IntensitySettings(left=0.25), IntensitySettings(right=0.25)
    assert [decision.cue.intensity for decision in walk(made(outside_band, intensity=weak), 2)] == [0.2, 0.2]
    assert [decision.cue.intensity for decision in walk(made(outside_band, intensity=strong), 2)] == [0.8, 0.8]


def test_standing_has_no_guard_and_the_schedule_counts_what_was_asked_for():
    cueing = made(weight_shift_target, GUARD, ScheduleSettings(block_strides_count=4, blocks_count=1), target=0.5)
    assert cueing.state(START_S).guard == NO_GUARD and cueing.state(START_S).level is Level.PASS
    decisions = []
    for number in range(40):
        now_s = START_S + 0.5 * number
        decisions += cueing.feed(now_s, Standing(now_s, True, shift_share=0.3))
    assert drops(decisions) == [None] * 4 + [CueResult.WITHHELD] * 6


def test_catch_cues_in_standing_differ_from_one_to_the_next():
    cueing = made(weight_shift_target, schedule=ScheduleSettings(catch_share=0.5), target=0.5)
    told = [Standing(START_S + 0.5 * number, True, shift_share=0.3) for number in range(200)]
    given = [decision.verdict.is_allowed for each in told for decision in cueing.feed(each.time_s, each)]
    assert 10 < sum(given) < len(given) - 10


def test_each_state_reaches_a_strategy_that_wants_it_and_no_other():
    state = GaitState(START_S + 1.0, math.nan, *[limb(side, 0.0) for side in Side], 1.0, 1.0)
    assert GaitState not in outside_band.Strategy.OBSERVES
    assert made(outside_band).feed(START_S + 1.0, state) == []
    cueing = made(phase_locked_pulse)
    decisions = []
    for number in range(400):
        now_s = START_S + 0.005 * number
        limbs = [limb(side, 0.005 * number % 1.0) for side in Side]
        decisions += cueing.feed(now_s, GaitState(now_s, math.nan, *limbs, 1.0, 1.0))
    assert [decision.cue.event_s - START_S for decision in decisions] == pytest.approx([0.5, 1.5], abs=1e-6)


def limb(side, phase):
    return LimbState(side, True, Subphase.UNKNOWN, phase, 1.0, math.nan, "")
