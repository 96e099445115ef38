# SPDX-License-Identifier: Apache-2.0
"""The walker learns from cues and from split belts at the rates that its settings name, or not at all."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from gait_analysis.events import EventKind
from gait_feedback.cue import ActuatorChange
from gait_sensing.samples import Side
from gait_sim.cue_learning import MEANINGS
from gait_sim.walker import Walker, WalkerSettings

EXACT = WalkerSettings(
    variability=0.0, force_noise_n=0.0, moment_noise_nm=0.0, cue_response=0.4, cue_retention_s=1e6, reaction_s=0.3
)
ON, OFF = ActuatorChange(Side.LEFT, 0.8), ActuatorChange(Side.LEFT, 0.0)
HABITS = {meaning: habit for meaning, (habit, asked) in MEANINGS.items() if asked}


def walk(walker, to_s, left_mps=1.0, right_mps=1.0, step_s=0.1):
    begin_s = walker._stepping.odometer.time_s
    times_s = begin_s + step_s * np.arange(1, round((to_s - begin_s) / step_s) + 1)
    return [event for time_s in times_s for event in walker.advance(float(time_s), left_mps, right_mps)]


def stance_s(events, side):
    mine = [event for event in events if event.side is side]
    return np.array([b.time_s - a.time_s for a, b in pairwise(mine) if a.kind is EventKind.INITIAL_CONTACT])


@pytest.mark.parametrize("meaning", HABITS)
@pytest.mark.parametrize("prosthetic", ["left", "right"])
def test_a_cue_changes_its_habit_alone_towards_more_on_that_side_after_the_reaction(meaning, prosthetic):
    walker = Walker(
        replace(EXACT, cue_meaning=meaning, prosthetic_side=prosthetic, hip_drop_rad=0.1, trunk_lean_rad=0.1)
    )
    before = {habit: walker.habit(habit, 10.0) for habit in HABITS.values()}
    walker.feel(ON, 10.0)
    walker.feel(OFF, 10.1)  # switched off: not felt
    asked = MEANINGS[meaning][1] * (-1.0 if prosthetic == "left" else 1.0)
    for habit, value in before.items():
        assert walker.habit(habit, 10.29) == value
        assert walker.habit(habit, 10.31) == pytest.approx(value + 0.4 * asked * (habit == HABITS[meaning]))


def test_stance_gets_longer_on_the_side_that_is_cued():
    walker = Walker(EXACT)
    before = walk(walker, 20.0)[-20:]
    walker.feel(ON, 20.0)
    after = walk(walker, 40.0)[-20:]
    assert stance_s(after, Side.LEFT).mean() > stance_s(before, Side.LEFT).mean() * 1.015
    assert stance_s(after, Side.RIGHT).mean() < stance_s(before, Side.RIGHT).mean() * 0.985


def test_one_who_does_not_respond_walks_as_without_cues():
    cued, alone = Walker(replace(EXACT, cue_response=0.0)), Walker(replace(EXACT, cue_response=0.0))
    for second in range(5, 15):
        walk(cued, float(second))
        cued.feel(ON, float(second))
    walk(alone, 14.0)
    assert walk(cued, 20.0) == walk(alone, 20.0)


def test_what_cues_taught_fades_with_its_time_constant_and_has_a_limit():
    walker = Walker(replace(EXACT, cue_retention_s=50.0))
    events = walk(walker, 10.0)
    for number in range(200):
        events += walk(walker, 10.0 + 0.1 * number)
        walker.feel(ON, 10.0 + 0.1 * number)
    most = walker.habit("stance_time_asymmetry", 30.2) - EXACT.stance_time_asymmetry
    assert most == pytest.approx(-0.2, abs=0.001)
    later = walker.habit("stance_time_asymmetry", 80.2) - EXACT.stance_time_asymmetry
    assert later == pytest.approx(most * math.exp(-1.0), rel=0.01)
    events += walk(walker, 45.0)
    assert all(before.time_s < after.time_s for before, after in pairwise(events))


def test_steps_are_drawn_to_beats_and_go_their_own_way_when_beats_stop():
    walker = Walker(replace(EXACT, cue_meaning="beat", cue_response=0.5, step_time_asymmetry=0.0))

    def stride_s(events):
        contacts_s = [e.time_s for e in events if e.side is Side.RIGHT and e.kind is EventKind.INITIAL_CONTACT]
        return float(np.diff(contacts_s[-6:]).mean())

    own_s = stride_s(walk(walker, 20.0))
    period_s, events = 0.95 * own_s, []
    for number in range(30):
        for side, share in ((Side.RIGHT, 0.0), (Side.LEFT, 0.5)):
            beat_s = 20.0 + (number + share) * period_s
            events += walk(walker, beat_s, step_s=0.05)
            walker.feel(ActuatorChange(side, 0.8), beat_s)
    assert stride_s(events) == pytest.approx(period_s, rel=0.002)
    assert stride_s(walk(walker, 80.0)) == pytest.approx(own_s, rel=0.002)


@pytest.mark.parametrize("rate", [0.0, 0.1])
def test_step_lengths_on_split_belts_go_back_to_the_habit_and_beyond_it_when_tied_again(rate):
    walker = Walker(replace(EXACT, step_time_asymmetry=0.0, step_length_asymmetry=0.05, split_adaptation=rate))

    def index():
        left_m, right_m = walker._stepping.adaptation.lengths_m.values()
        return (right_m - left_m) / (right_m + left_m)

    walk(walker, 15.0)
    assert index() == pytest.approx(0.05, abs=0.002)
    walk(walker, 19.0, 0.8, 1.2)
    early = index()
    assert early == pytest.approx(0.05 - 0.2, abs=0.05)
    walk(walker, 80.0, 0.8, 1.2)
    assert index() == pytest.approx(0.05 if rate else early, abs=0.01)
    walk(walker, 83.0)
    assert index() == pytest.approx(0.05 + (0.2 if rate else 0.0), abs=0.04)
    walk(walker, 160.0)
    assert index() == pytest.approx(0.05, abs=0.01)


def test_the_weight_in_standing_goes_to_the_side_that_is_cued_and_stays_the_same_in_all():
    cued, alone = (Walker(replace(EXACT, cue_meaning="weight", standing_load_asymmetry=0.2)) for _ in range(2))
    cued.feel(ON, 1.0)

    def load_n(walker, side):
        walker.advance(3.0, 0.0, 0.0)
        return walker.plate(side.value, np.array([2.0]))[0][0, 2]

    more_n, less_n = (load_n(cued, side) - load_n(alone, side) for side in Side)
    assert more_n == pytest.approx(0.4 * 0.1 * 0.5 * 80.0 * 9.80665, rel=0.1)
    assert more_n + less_n == pytest.approx(0.0, abs=2.0)


@pytest.mark.parametrize(("segment", "habit"), [("pelvis", "hip_drop_rad"), ("trunk", "trunk_lean_rad")])
@pytest.mark.parametrize("prosthetic", list(Side))
def test_pelvis_drops_and_trunk_leans_further_on_the_prosthesis_alone(prosthetic, segment, habit):
    def rolls(more_rad):
        walker = Walker(replace(EXACT, prosthetic_side=prosthetic.value, **{habit: more_rad}))
        walk(walker, 20.0, 1.1, 1.1)
        times_s = 16.0 + np.arange(400) / 100.0
        return np.array([2.0 * walker.imu(segment, float(time_s), None).orientation_xyzw[0] for time_s in times_s])

    more, plain = rolls(0.1), rolls(0.0)
    # in left stance the pelvis drops to the right, which is positive, and the trunk leans to the left
    dropped, other = (np.max, np.min) if (prosthetic is Side.LEFT) is (segment == "pelvis") else (np.min, np.max)
    assert abs(dropped(more) - dropped(plain)) == pytest.approx(0.1, abs=0.015)
    assert other(more) == pytest.approx(other(plain), abs=0.01)
