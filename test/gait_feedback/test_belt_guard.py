# SPDX-License-Identifier: Apache-2.0
"""The guard of every law: limits, staleness, the ramp down; with wishes, losses and clocks of any kind."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gait_analysis.gait import GaitState, LimbState, Subphase
from gait_feedback.belt_guard import GuardedLaw, GuardSettings, Wish
from gait_sensing.belt_gate.gate import ArmRequest, BeltGate, GateSettings, LinkUp, OperatorAlive, Reason, Tick
from gait_sensing.samples import BeltReading, BeltSample, Side
from gait_sensing.treadmills import bertec_classic

NOW_S, PERIOD_S = 1_700_000_000.0, 0.05
LIMITS = GuardSettings(max_speed_mps=1.2, acceleration_mps2=0.5, jerk_mps3=2.0)
REST = (0.0, 0.0, LIMITS.acceleration_mps2)


class Wisher(GuardedLaw):
    """A law that wishes what a test tells it."""

    SOURCE = "wisher"

    def __init__(self, limits=LIMITS, wish=None):
        super().__init__(limits)
        self.wanted = wish or Wish.both(1.0)

    def wish(self, now_s, belt, gait):
        if self.wanted is None:
            self.reason = "the test wants rest"
        return self.wanted


def belt_at(time_s, left_mps=0.0, right_mps=0.0):
    return BeltSample(time_s, left_mps, right_mps, 0.0)


def gait_at(time_s, load_bw=math.nan):
    limbs = [LimbState(side, None, Subphase.UNKNOWN, math.nan, math.nan, load_bw, "none yet") for side in Side]
    return GaitState(time_s, time_s, *limbs, math.nan, math.nan)


def ask(law, now_s, left_mps=0.0, right_mps=0.0):
    return law.feed(now_s, belt_at(now_s, left_mps, right_mps), gait_at(now_s))


def told(request):
    return request.left_speed_mps, request.right_speed_mps, request.acceleration_mps2


def run(law, count, begin_s=NOW_S):
    return [ask(law, begin_s + PERIOD_S * number) for number in range(count)]


def test_it_ramps_within_acceleration_and_jerk_and_arrives_without_overshoot():
    speeds = [request.left_speed_mps for request in run(Wisher(), 80)]
    rates = [(after - before) / PERIOD_S for before, after in pairwise(speeds)]
    assert speeds[0] == 0.0 and speeds[-1] == pytest.approx(1.0, abs=1e-4) and max(speeds) <= 1.0 + 1e-6
    assert max(rates) == pytest.approx(0.5, abs=1e-4) and min(rates) >= -1e-4
    jerks = [(after - before) / PERIOD_S for before, after in pairwise(rates)]
    assert max(map(abs, jerks)) <= 2.0 + 1e-3
    arrived_s = PERIOD_S * next(number for number, speed in enumerate(speeds) if speed >= 0.999)
    assert arrived_s == pytest.approx(1.0 / 0.5 + 0.5 / 2.0, abs=0.25), "no slower than the limits make it"


def test_a_wish_beyond_the_limit_gets_the_limit():
    assert run(Wisher(wish=Wish.both(9.0)), 100)[-1].left_speed_mps == 1.2
    assert run(Wisher(wish=Wish.both(-9.0)), 100)[-1].left_speed_mps == 0.0


def test_a_gentler_acceleration_may_be_wanted_and_no_harder_one():
    gentle = [request.left_speed_mps for request in run(Wisher(wish=Wish(1.0, 1.0, 0.1)), 40)]
    hard = [request.left_speed_mps for request in run(Wisher(wish=Wish(1.0, 1.0, 5.0)), 40)]
    assert max(after - before for before, after in pairwise(gentle)) <= 0.1 * PERIOD_S + 1e-6
    assert max(after - before for before, after in pairwise(hard)) <= 0.5 * PERIOD_S + 1e-6


def test_a_belt_without_a_wish_keeps_its_speed():
    law = Wisher(wish=Wish(0.8, None))
    requests = [ask(law, NOW_S + PERIOD_S * number, 0.3, 0.6) for number in range(60)]
    assert requests[0].left_speed_mps == 0.3, "it begins at what is measured"
    assert requests[-1].left_speed_mps == pytest.approx(0.8) and requests[-1].right_speed_mps == 0.6


@pytest.mark.parametrize("stale", ["no belt", "old belt", "no gait", "old gait", "nan belt", "future gait", "nan time"])
def test_a_loss_asks_for_rest_within_the_time_and_for_good(stale):
    law, begin_s = Wisher(), NOW_S
    run(law, 40)
    lost_s = begin_s + 39 * PERIOD_S
    first_rest_s = None
    for number in range(1, 20):
        now_s = lost_s + number * PERIOD_S
        belt, gait = belt_at(now_s, 0.8, 0.8), gait_at(now_s)
        if stale == "no belt":
            belt = None
        elif stale == "old belt":
            belt = belt_at(lost_s, 0.8, 0.8)
        elif stale == "no gait":
            gait = None
        elif stale == "old gait":
            gait = gait_at(lost_s)
        elif stale == "nan belt":
            belt = replace(belt, right_speed_mps=math.nan)
        elif stale == "future gait":
            gait = gait_at(now_s + 0.3)
        else:
            gait = gait_at(math.nan)
        request = law.feed(now_s, belt, gait)
        if first_rest_s is None and told(request) == REST:
            first_rest_s = now_s
        assert first_rest_s is None or told(request) == REST
    assert first_rest_s - lost_s <= LIMITS.stale_s + PERIOD_S + 1e-6
    assert law.reason
    assert told(ask(law, now_s + PERIOD_S, 0.5, 0.5)) == REST, "what comes back does not speed the belts up"


def test_plates_that_fall_silent_are_a_loss_though_states_go_on():
    law = Wisher()
    run(law, 20)  # of a lab without plates, or before they tell
    requests = []
    for number, load_bw in enumerate([0.0, 0.6, math.nan, 0.6], 20):
        now_s = NOW_S + PERIOD_S * number
        requests.append(law.feed(now_s, belt_at(now_s, 0.5, 0.5), gait_at(now_s, load_bw)))
    assert [told(request) == REST for request in requests] == [False, False, True, True]
    assert law.reason == "the plates have fallen silent"
    assert not ask(law, NOW_S + 10.0).problem, "once an operator has armed anew, a lab without plates"


def test_one_plate_of_two_is_enough():
    law, limb = Wisher(), gait_at(NOW_S, 0.6).left
    gait = gait_at(NOW_S)._replace(left=limb)
    assert not law.feed(NOW_S, belt_at(NOW_S), gait).problem and not law.reason


def test_before_it_has_begun_it_asks_for_nothing():
    law = Wisher()
    assert law.feed(NOW_S, None, gait_at(NOW_S)) is None
    assert ask(law, NOW_S + PERIOD_S) is not None, "and begins when it can"
    refusing = Wisher()
    refusing.wanted = None
    assert ask(refusing, NOW_S) is None


@pytest.mark.parametrize("wish", [None, Wish.both(math.nan), Wish(0.5, math.inf), Wish(0.5, 0.5, math.nan)])
def test_without_a_wish_that_has_a_meaning_it_asks_for_rest(wish):
    law = Wisher()
    run(law, 20)
    law.wanted = wish
    assert told(ask(law, NOW_S + 20 * PERIOD_S)) == REST and law.reason
    law.wanted = Wish.both(1.0)
    assert told(ask(law, NOW_S + 21 * PERIOD_S)) == REST


@pytest.mark.parametrize("later_s", [1.0, 100.0, -1.0])
def test_after_a_pause_it_begins_anew_at_the_measured_speed(later_s):
    law = Wisher()
    run(law, 40)
    request = ask(law, NOW_S + 39 * PERIOD_S + later_s, 0.2, 0.1)
    assert (request.left_speed_mps, request.right_speed_mps) == (0.2, 0.1)


def test_at_the_end_of_a_session_it_asks_for_rest_as_gently_as_belts_speed_up():
    assert told(Wisher(GuardSettings(acceleration_mps2=0.2)).stop_request()) == (0.0, 0.0, 0.2)


ANY = st.floats(allow_nan=True, allow_infinity=True)
SPEED = st.one_of(st.none(), st.floats(-3.0, 3.0), ANY)
MOMENT = st.tuples(
    st.one_of(st.just(PERIOD_S), st.floats(0.0, 0.3), st.sampled_from([-1.0, 0.0, 5.0])),  # time that goes by
    st.one_of(st.just(0.0), st.floats(-1.0, 1.0), ANY),  # age of the status
    st.one_of(st.just(0.0), st.floats(-1.0, 1.0), ANY),  # age of the state
    st.one_of(st.none(), st.builds(Wish, SPEED, SPEED, st.one_of(st.just(math.inf), ANY))),
    st.one_of(st.floats(0.0, 1.5), ANY),  # measured
)


@settings(derandomize=True, deadline=None, max_examples=400)
@given(st.lists(MOMENT, max_size=60))
def test_whatever_happens_requests_keep_the_limits_and_rise_on_fresh_data_alone(moments):
    law, now_s, before = Wisher(), NOW_S, None
    for elapsed_s, belt_age_s, gait_age_s, wish, measured_mps in moments:
        now_s += elapsed_s
        law.wanted = wish
        belt = belt_at(now_s - belt_age_s, measured_mps, measured_mps)
        request = law.feed(now_s, belt, gait_at(now_s - gait_age_s))
        is_fresh = abs(belt_age_s) <= 0.16 and abs(gait_age_s) <= 0.16 and math.isfinite(measured_mps)
        if request is None:
            before = None
            continue
        speeds = request.left_speed_mps, request.right_speed_mps
        assert all(0.0 <= speed <= LIMITS.max_speed_mps for speed in speeds), "false for NaN"
        assert 0.0 < request.acceleration_mps2 <= LIMITS.acceleration_mps2
        assert is_fresh or speeds == (0.0, 0.0), "on old data nothing but rest"
        # asked after stale_s it begins anew; at the limit itself, rounding decides
        if before is not None and 0.0 <= elapsed_s < 0.149 and speeds != (0.0, 0.0):
            for old, new in zip(before, speeds, strict=True):
                assert abs(new - old) <= LIMITS.acceleration_mps2 * elapsed_s + 1e-6
        before = speeds


@pytest.mark.parametrize("lost", ["belt", "gait"])
def test_behind_the_gate_the_wire_hears_of_a_loss_within_a_quarter_second(lost):
    law, gate = Wisher(GuardSettings(acceleration_mps2=0.6)), BeltGate(GateSettings())
    driver, treadmill = (part(bertec_classic.Settings()) for part in (bertec_classic.Driver, bertec_classic.Emulator))
    gate.feed(NOW_S, LinkUp())
    lost_s, slowing_s, request = NOW_S + 5.0, None, None
    for tick in range(200):
        now_s = NOW_S + PERIOD_S * tick
        belts = treadmill.advance(PERIOD_S)
        reading = BeltReading(belts.left_speed_mps, belts.right_speed_mps, belts.incline_rad)
        known_s = min(now_s, lost_s)
        belt = belt_at(known_s if lost == "belt" else now_s, belts.left_speed_mps, belts.right_speed_mps)
        if tick > 20:
            request = law.feed(now_s, belt, gait_at(known_s if lost == "gait" else now_s))
        for thing in (reading, OperatorAlive(), ArmRequest("Ann") if tick == 20 else request, Tick()):
            setpoint = gate.feed(now_s, thing) if thing else None
            if setpoint is not None:
                treadmill.feed(driver.command(setpoint))
                if slowing_s is None and setpoint.left_speed_mps < belts.left_speed_mps - 0.1:
                    slowing_s = now_s
    assert slowing_s - lost_s <= 0.25
    assert gate.safety.reason is Reason.LAW_PROBLEM and lost in gate.safety.text
    assert treadmill.advance(0.0).left_speed_mps == 0.0 and not gate.is_armed
