# SPDX-License-Identifier: Apache-2.0
"""Belts that follow a simulated person: how well the person is known, how the belts settle, and when they rest."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gait_analysis.gait import GaitState, LimbState, Subphase
from gait_analysis.participant import Participant
from gait_feedback.belts import position_dead_zone, self_paced
from gait_feedback.pace import PaceEstimator
from gait_sensing.samples import BeltSample, ForceSamples, Side

NOW_S, TICK_S = 1_700_000_000.0, 0.05
LAWS = pytest.mark.parametrize("part", [self_paced, position_dead_zone], ids=["self_paced", "dead_zone"])
ARRAYS = ("time_s", "force_n", "moment_nm", "centre_of_pressure_m")
SPEED_BAR_MPS, PLACE_BAR_M, BIAS_BAR_MPS = 0.03, 0.02, 0.02


@pytest.fixture(scope="module")
def script(accuracy_script):
    return accuracy_script("self_pacing")


@pytest.mark.parametrize("name", ["0.6 m/s", "20 % longer, later", "drift", "uphill"])
def test_place_and_speed_are_known_within_the_bars_and_without_bias(script, name):
    (walk,) = script.followed(script.PEOPLE[name], "stride", 35.0, 1)
    place_m, speed_mps = walk.errors()
    assert script.rms(place_m) <= PLACE_BAR_M and script.rms(speed_mps) <= SPEED_BAR_MPS
    assert abs(walk.bias_mps()) <= BIAS_BAR_MPS
    assert abs(np.mean(place_m)) <= 0.01
    assert np.std([mps for time_s, mps in walk.strides if time_s > 20.0]) <= 0.05, "unequal steps do not show"


@pytest.mark.parametrize("direction", ["up", "down"])
def test_belts_settle_after_a_change_of_intent_and_do_not_swing(script, direction):
    found = script.changed(script.self_paced_law, direction, 0)
    assert found.settled_s <= 5.0 and found.swings_count == 0 and found.beyond_mps <= 0.05
    assert found.furthest_m <= 0.6


def test_the_dead_zone_brings_the_person_back_and_comes_to_an_end(script):
    found = script.changed(script.dead_zone_law, "up", 0)
    assert found.settled_s <= 10.0 and found.swings_count <= 1


def test_song_s_gains_swing_where_ours_do_not(script):
    assert script.changed(script.song_law, "up", 0).beyond_mps > 0.1


class Feet:
    """What plates show of somebody who walks in place, drifting by ``drift_mps``; the belts run at 1 m/s."""

    def __init__(self, drift_mps=0.0, weight_n=800.0):
        self.drift_mps, self.weight_n, self.count = drift_mps, weight_n, 0

    def samples(self, begin_s, side, count=50):
        time_s = begin_s + 0.001 * np.arange(1, count + 1)
        cycle = (time_s - NOW_S + (0.5 if side is Side.RIGHT else 0.0)) % 1.0
        is_down = cycle < 0.5
        force_n = np.zeros((count, 3))
        force_n[:, 2] = np.where(is_down, self.weight_n, 0.0)
        place_m = np.zeros((count, 2))
        place_m[:, 0] = np.where(is_down, 0.25 - cycle + self.drift_mps * (time_s - NOW_S), np.nan)
        return ForceSamples(f"{side.value}_belt", 0, time_s, force_n, np.zeros((count, 3)), place_m)


def standing():
    """Somebody who stands on both plates."""
    feet = Feet()
    feet.samples = lambda begin_s, side: replace(
        Feet().samples(NOW_S + (0.1 if side is Side.LEFT else 0.6), side),
        time_s=begin_s + 0.001 * np.arange(1, 51),
    )
    return feet


def state(time_s):
    limbs = [LimbState(side, None, Subphase.UNKNOWN, math.nan, math.nan, math.nan, "") for side in Side]
    return GaitState(time_s, time_s, *limbs, math.nan, math.nan)


def drive(law, feet, seconds, begin_s=NOW_S, sides=tuple(Side)):
    """Feed a law for some time; return requests with their times."""
    requests = []
    for tick in range(round(seconds / TICK_S)):
        now_s = begin_s + TICK_S * (tick + 1)
        belt = BeltSample(now_s, 1.0, 1.0, 0.0)
        law.observe(belt)
        for side in sides:
            law.observe(feet.samples(now_s - TICK_S, side))
        requests.append((now_s, law.feed(now_s, belt, state(now_s))))
    return requests


@LAWS
def test_without_plates_nothing_is_asked_for(part):
    requests = drive(part.Law(part.Settings()), Feet(), 1.0, sides=())
    assert not any(request for _, request in requests)


@LAWS
def test_without_steps_the_belts_go_to_the_start_speed_and_then_to_rest(part):
    law = part.Law(part.Settings(start_speed_mps=0.5, start_s=5.0, stale_s=0.15))
    requests = drive(law, standing(), 8.0)
    assert max(request.left_speed_mps for _, request in requests) == pytest.approx(1.0), "as measured at the begin"
    before = [request.left_speed_mps for now_s, request in requests if NOW_S + 4.0 < now_s <= NOW_S + 5.0]
    assert before == pytest.approx([0.5] * len(before))
    assert requests[-1][1].left_speed_mps == 0.0 and "no 6 steps" in law.reason


@LAWS
def test_belts_rest_when_the_steps_cease(part):
    law = part.Law(part.Settings())
    drive(law, Feet(), 10.0)
    assert not law.reason
    requests = drive(law, standing(), 4.0, NOW_S + 10.0)
    assert requests[-1][1].left_speed_mps == 0.0 and "no step" in law.reason


@LAWS
@pytest.mark.parametrize("told_by", ["force", "pressure"])
def test_belts_rest_when_somebody_who_stopped_is_carried_back(part, told_by):
    """A person who stops is carried off before a step is missed: forces tell, or the pressure, with hands on a rail."""
    law = part.Law(part.Settings(step_stale_s=5.0))
    drive(law, Feet(), 10.0)
    carried = standing()
    stand = carried.samples

    def samples(begin_s, side):
        found = stand(begin_s, side)
        if told_by == "force":
            found.force_n[:, 0] = -100.0
        else:
            found.centre_of_pressure_m[:, 0] = -1.0 * (begin_s - NOW_S - 10.0)
        return found

    carried.samples = samples
    requests = drive(law, carried, 4.0, NOW_S + 10.0)
    rested_s = next(now_s for now_s, request in requests if request.left_speed_mps == 0.0)
    assert rested_s - NOW_S - 10.0 <= 1.2 and "the person is at" in law.reason


@LAWS
@pytest.mark.parametrize("lost", [(Side.LEFT,), (Side.RIGHT,), ()])
def test_belts_rest_when_a_plate_falls_silent(part, lost):
    law = part.Law(part.Settings())
    drive(law, Feet(), 10.0)
    requests = drive(law, Feet(), 4.0, NOW_S + 10.0, lost)
    assert requests[-1][1].left_speed_mps == 0.0 and law.reason
    rested_s = next(now_s for now_s, request in requests if request.left_speed_mps == 0.0)
    assert rested_s - NOW_S - 10.0 <= 0.25
    speeds = [request.left_speed_mps for now_s, request in requests]
    assert max(speeds) <= 1.05, "and do not speed up before"


@LAWS
@pytest.mark.parametrize("drift_mps", [0.3, -0.3])
def test_belts_rest_when_the_person_leaves_the_margins(part, drift_mps):
    law = part.Law(part.Settings())
    requests = drive(law, Feet(drift_mps), 6.0)
    assert requests[-1][1].left_speed_mps == 0.0 and "the person is at" in law.reason


@LAWS
def test_a_person_who_drifts_forward_speeds_the_belts_up_and_backward_down(part):
    for drift_mps in (0.05, -0.05):
        law = part.Law(part.Settings(start_speed_mps=1.0))
        request = drive(law, Feet(drift_mps), 9.0)[-1][1]
        assert (request.left_speed_mps - 1.0) * drift_mps > 0.0
        assert request.left_speed_mps == request.right_speed_mps


def test_the_mass_that_is_told_counts_and_else_the_plates_tell_it():
    told, untold = PaceEstimator(), PaceEstimator()
    told.feed(Participant(800.0 / 9.80665, None))
    for estimator in (told, untold):
        drive_estimator(estimator, 6.0)
        assert estimator.pace.walking_mps == pytest.approx(1.0, abs=0.01)
        assert estimator.position_m == pytest.approx(0.0, abs=0.02)


def drive_estimator(estimator, seconds, cuts=(50,)):
    total, begun, number = round(seconds * 1000), 0, 0
    whole = {side: Feet().samples(NOW_S, side, total) for side in Side}
    while begun < total:
        end = min(begun + cuts[number % len(cuts)], total)
        estimator.feed(BeltSample(float(whole[Side.LEFT].time_s[end - 1]), 1.0, 1.0, 0.0))
        for samples in whole.values():
            rows = {name: getattr(samples, name)[begun:end] for name in ARRAYS}
            estimator.feed(replace(samples, **rows))
        begun, number = end, number + 1


@settings(derandomize=True, deadline=None, max_examples=10)
@given(st.lists(st.integers(1, 90), min_size=1, max_size=5))
def test_it_does_not_matter_how_samples_are_cut(cuts):
    whole, cut = PaceEstimator(), PaceEstimator()
    drive_estimator(whole, 4.0)
    drive_estimator(cut, 4.0, cuts)
    assert cut.pace.contact_s == whole.pace.contact_s
    assert cut.pace.position_m == pytest.approx(whole.pace.position_m, abs=1e-9)
    assert cut.pace.walking_mps == pytest.approx(whole.pace.walking_mps, abs=1e-9)


def test_memory_does_not_grow_even_when_one_plate_is_silent():
    estimator = PaceEstimator()
    drive_estimator(estimator, 12.0)
    assert all(len(plate.bins) <= 10 for plate in estimator._plates.values())
    for number in range(200):
        estimator.feed(Feet().samples(NOW_S + 12.0 + 0.05 * number, Side.LEFT))
    assert len(estimator._history) <= 500
    assert all(len(plate.bins) <= 500 for plate in estimator._plates.values())


def test_a_lost_hundredth_is_bridged_and_lost_seconds_forget_the_person():
    estimator = PaceEstimator()
    drive_estimator(estimator, 6.0)
    feet = Feet()
    for side in Side:
        estimator.feed(feet.samples(NOW_S + 6.02, side))
    assert estimator.pace is not None and abs(estimator.speed_mps) < 0.1
    for side in Side:
        estimator.feed(feet.samples(NOW_S + 16.0, side))
    assert estimator.pace is None and math.isnan(estimator.speed_mps)


VALUE = st.one_of(st.floats(-2000.0, 2000.0), st.floats())
BATCH = st.lists(st.tuples(VALUE, VALUE, VALUE), min_size=1, max_size=20)


@LAWS
@settings(derandomize=True, deadline=None, max_examples=40)
@given(batches=st.lists(st.tuples(st.sampled_from(Side), BATCH, VALUE), max_size=40))
def test_whatever_the_plates_show_requests_keep_the_limits(part, batches):
    law = part.Law(part.Settings())
    drive(law, Feet(), 5.0)
    before_mps = 1.0
    for number, (side, rows, measured_mps) in enumerate(batches):
        now_s = NOW_S + 5.0 + TICK_S * (number + 1)
        values = np.array(rows)
        time_s = now_s - 0.001 * np.arange(len(rows))[::-1]
        force_n, place_m = np.zeros((len(rows), 3)), np.zeros((len(rows), 2))
        force_n[:, 0], force_n[:, 2], place_m[:, 0] = values.T
        law.observe(ForceSamples(f"{side.value}_belt", 0, time_s, force_n, force_n, place_m))
        belt = BeltSample(now_s, measured_mps, 1.0, 0.0)
        law.observe(belt)
        request = law.feed(now_s, belt, state(now_s))
        for speed_mps in (request.left_speed_mps, request.right_speed_mps):
            assert 0.0 <= speed_mps <= part.Settings().max_speed_mps, "false for NaN"
            assert speed_mps <= before_mps + part.Settings().acceleration_mps2 * TICK_S + 1e-6
        before_mps = max(request.left_speed_mps, request.right_speed_mps)
