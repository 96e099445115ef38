# SPDX-License-Identifier: Apache-2.0
"""Pushes: only when enabled, timed to the step, within the limits."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gait_analysis.gait import GaitState, LimbState, Stride, Subphase
from gait_analysis.participant import Participant
from gait_feedback.belts.perturbation import Law, Settings
from gait_sensing.samples import BeltSample, Side

NOW_S, TICK_S, STRIDE_S = 1_700_000_000.0, 0.05, 1.1
SLIP = Settings(is_enabled=True, side="left", least_strides_count=5, most_strides_count=5, most_count=2)


def stride(side, is_accepted=True):
    return Stride(side, 1, is_accepted, "", *[0.0] * 5, *[1.0] * 8)


def limb(side, phase, load_bw=1.0, is_in_contact=True):
    return LimbState(side, is_in_contact, Subphase.UNKNOWN, phase, 1.0 / STRIDE_S, load_bw, "")


def gait_at(time_s, is_known=True):
    """The right leg lands at NOW_S, the left one half a stride later; load grows over a tenth of the stride."""
    limbs = []
    for side, offset in ((Side.LEFT, 0.5), (Side.RIGHT, 0.0)):
        phase = ((time_s - NOW_S) / STRIDE_S + offset) % 1.0
        load_bw = min(phase / 0.1, 1.0) if phase < 0.6 else 0.0
        limbs.append(limb(side, phase if is_known else math.nan, load_bw, phase < 0.6))
    return GaitState(time_s, time_s, *limbs, math.nan, math.nan)


def walk(law, seconds=60.0, is_known=True, is_accepted=True, is_push_allowed=True):
    """Walk on the belts; return time, left and right speed asked for."""
    law.observe(Participant(80.0, None, is_push_allowed=is_push_allowed))
    told, number = [], 0
    for tick in range(round(seconds / TICK_S)):
        now_s = NOW_S + TICK_S * tick
        while number * STRIDE_S < now_s - NOW_S:
            number += 1
            for side in Side:
                law.observe(stride(side, is_accepted))
        left_mps, right_mps = told[-1][1:] if told else (0.0, 0.0)
        request = law.feed(now_s, BeltSample(now_s, left_mps, right_mps, 0.0), gait_at(now_s, is_known))
        told.append((now_s, request.left_speed_mps, request.right_speed_mps))
    return told


def begins(told, base_mps=0.8):
    """Times at which the left belt leaves the base speed."""
    found = []
    for before, after in pairwise(told):
        if after[0] > NOW_S + 4.0 and abs(before[1] - base_mps) < 1e-4 < abs(after[1] - base_mps):
            found.append(after[0])
    return found


@pytest.mark.parametrize(("is_enabled", "is_push_allowed"), [(False, False), (False, True), (True, False)])
def test_it_pushes_nobody_unless_lab_and_protocol_agree(is_enabled, is_push_allowed):
    told = walk(Law(Settings(is_enabled=is_enabled)), is_push_allowed=is_push_allowed)
    assert max(left for _, left, _ in told) == pytest.approx(0.8) and not begins(told)


def test_a_slip_comes_at_its_phase_early_by_the_latency_and_no_more_often_than_allowed():
    law = Law(SLIP)
    told = walk(law)
    assert len(begins(told)) == law.pushes_count == 2
    for begin_s in begins(told):
        phase = ((begin_s - NOW_S) / STRIDE_S + 0.5 + SLIP.latency_s / STRIDE_S) % 1.0
        assert SLIP.phase <= phase <= SLIP.phase + 0.1
    assert all(right <= 0.8 + 1e-6 for _, _, right in told), "the other belt is not pushed"


def test_a_push_ends_and_keeps_acceleration_and_limit():
    told = walk(Law(SLIP))
    for begin_s in begins(told):
        pushed = [left for time_s, left, _ in told if begin_s <= time_s <= begin_s + 1.0]
        assert max(pushed) == pytest.approx(0.95, abs=0.03) and pushed[-1] == pytest.approx(0.8)
    for before, after in pairwise(told):
        assert abs(after[1] - before[1]) <= SLIP.acceleration_mps2 * TICK_S + 1e-6


def test_a_trip_comes_when_the_leg_begins_to_bear():
    told = walk(Law(Settings(is_enabled=True, side="left", kind="trip", change_mps=-0.15)))
    assert begins(told)
    for begin_s in begins(told):
        assert 0.0 <= ((begin_s - NOW_S) / STRIDE_S + 0.5) % 1.0 <= 0.15
    assert min(left for time_s, left, _ in told if time_s > NOW_S + 4.0) < 0.75


def test_the_wait_is_counted_in_accepted_strides():
    told = walk(Law(SLIP))
    first, second = begins(told)
    assert first >= NOW_S + 4 * STRIDE_S and second - first >= 5 * STRIDE_S
    assert not begins(walk(Law(SLIP), is_accepted=False))


def test_without_a_known_phase_nothing_is_pushed():
    assert not begins(walk(Law(SLIP), is_known=False))


def test_the_same_seed_pushes_alike_and_both_legs_come_up():
    random = Settings(is_enabled=True)
    assert walk(Law(random)) == walk(Law(random))
    told = walk(Law(Settings(is_enabled=True, least_strides_count=3, most_strides_count=4)), 120.0)
    assert max(left for _, left, _ in told) > 0.9 and max(right for _, _, right in told) > 0.9


@pytest.mark.parametrize("change_mps", [0.8, -0.9])
def test_a_push_beyond_the_limits_is_refused(change_mps):
    with pytest.raises(ValueError, match="change_mps"):
        Settings(change_mps=change_mps)


ANY = st.one_of(st.floats(0.0, 1.0), st.floats())
LIMB = st.builds(limb, st.just(Side.LEFT), ANY, ANY, st.sampled_from([True, False, None]))


@settings(derandomize=True, deadline=None, max_examples=100)
@given(st.lists(st.tuples(LIMB, LIMB, st.booleans()), max_size=80))
def test_whatever_the_limbs_do_requests_keep_the_limits(moments):
    law = Law(Settings(is_enabled=True, least_strides_count=3, most_strides_count=3, change_mps=0.7))
    law.observe(Participant(80.0, None, is_push_allowed=True))
    before = None
    for number, (left, right, is_accepted) in enumerate(moments):
        now_s = NOW_S + TICK_S * number
        law.observe(stride(Side.LEFT, is_accepted))
        request = law.feed(now_s, BeltSample(now_s, 0.5, 0.5, 0.0), GaitState(now_s, now_s, left, right, 0.0, 0.0))
        speeds = request.left_speed_mps, request.right_speed_mps
        assert all(0.0 <= speed <= 1.5 for speed in speeds), "false for NaN"
        if before is not None and not law.reason:
            assert all(abs(new - old) <= 0.6 * TICK_S + 1e-6 for old, new in zip(before, speeds, strict=True))
        before = speeds
