# SPDX-License-Identifier: Apache-2.0
"""Laws that set one belt against the other: by a ratio, or to steer step length; each changes in its leg's swing."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gait_analysis.events import EventKind, GaitEvent, Source
from gait_analysis.gait import GaitState, LimbState, Stride, Subphase
from gait_analysis.participant import Participant
from gait_feedback.belts import adaptive_split, split_ratio
from gait_feedback.swing_change import SwingChange, SwingSettings
from gait_sensing.samples import BeltSample, Side

NOW_S, TICK_S = 1_700_000_000.0, 0.05
STRIDE_S, SWING_S = 1.1, 0.4
MARGIN_S = SwingSettings().swing_margin_s


def state(time_s):
    limbs = [LimbState(side, None, Subphase.UNKNOWN, math.nan, math.nan, math.nan, "") for side in Side]
    return GaitState(time_s, time_s, *limbs, math.nan, math.nan)


def stride(side, end_s, step_m=0.5, is_accepted=True):
    times = [end_s - STRIDE_S, 0.0, 0.0, end_s - SWING_S, end_s]
    return Stride(
        side, 1, is_accepted, "", *times, STRIDE_S, 0.55, STRIDE_S - SWING_S, SWING_S, 0.1, 0.1, 0.4, 1.8, step_m
    )


class Walker:
    """Swings each leg once a stride. A step is as long as the belts make it: this is a simulation, nobody adapts."""

    def __init__(self, placed=0.0):
        self.placed = placed  # index of step length on tied belts
        self.told = []  # time, left, right
        self.steps = []  # side and length
        self.heard_s = NOW_S - TICK_S

    def walk(self, law, strides_count, begin_s=NOW_S, has_events=True):
        left_mps, right_mps = self.told[-1][1:] if self.told else (0.0, 0.0)
        ticks = round(strides_count * STRIDE_S / TICK_S)
        for tick in range(ticks):
            now_s = begin_s + TICK_S * tick
            if has_events:
                self.tell(law, now_s, left_mps, right_mps)
            request = law.feed(now_s, BeltSample(now_s, left_mps, right_mps, 0.0), state(now_s))
            left_mps, right_mps = request.left_speed_mps, request.right_speed_mps
            self.told.append((now_s, left_mps, right_mps))
        return begin_s + ticks * TICK_S

    def tell(self, law, now_s, left_mps, right_mps):
        for side, shift in ((Side.LEFT, 0.0), (Side.RIGHT, 0.5)):
            before, after = ((time_s - NOW_S) / STRIDE_S + shift for time_s in (self.heard_s, now_s))
            for share, kind in ((0.0, EventKind.INITIAL_CONTACT), (1.0 - SWING_S / STRIDE_S, EventKind.FOOT_OFF)):
                number = math.floor(after - share)
                if math.floor(before - share) == number:
                    continue
                time_s = NOW_S + (number + share - shift) * STRIDE_S
                law.observe(GaitEvent(time_s, now_s, side, kind, Source.FORCE, 1.0))
                if kind is EventKind.INITIAL_CONTACT:
                    law.observe(stride(side, time_s, self.step_m(side, left_mps, right_mps)))
        self.heard_s = now_s

    def step_m(self, side, left_mps, right_mps):
        """The other belt carried the other foot back; (R - L) / (R + L) is ``placed`` on tied belts."""
        sign = 1.0 if side is Side.RIGHT else -1.0
        carried_mps = left_mps if side is Side.RIGHT else right_mps
        step_m = 0.5 * STRIDE_S * (carried_mps + sign * self.placed * 0.5 * (left_mps + right_mps))
        self.steps.append((side, step_m))
        return step_m

    def index(self):
        """The last one."""
        (last, one_m), (_, other_m) = self.steps[-1], self.steps[-2]
        right_m, left_m = (one_m, other_m) if last is Side.RIGHT else (other_m, one_m)
        return (right_m - left_m) / (right_m + left_m)

    def is_steady_in_stance(self, from_s):
        """Whether no belt changes while its leg stands, nor within the margin before landing."""
        for (_, *old), (now_s, *new) in pairwise(self.told):
            for side, shift, was, is_now in zip(Side, (0.0, 0.5), old, new, strict=True):
                phase_s = ((now_s - NOW_S) / STRIDE_S + shift) % 1.0 * STRIDE_S
                may_change = STRIDE_S - SWING_S - 0.001 <= phase_s <= STRIDE_S - MARGIN_S + 0.001
                if now_s > from_s and not may_change and abs(is_now - was) > 1e-6:
                    return side, now_s - NOW_S, phase_s, is_now - was
        return True


def ratio_settings(**others):
    return split_ratio.Settings(**{"slow_speed_mps": 0.6, "ratio": 2.0, "tied_strides_count": 10, **others})


def test_belts_are_tied_then_split_then_tied_again():
    law, walker = split_ratio.Law(ratio_settings(split_strides_count=30)), Walker()
    end_s = walker.walk(law, 12)
    assert walker.told[-1][1:] == pytest.approx((0.6, 0.6))
    end_s = walker.walk(law, 20, end_s)
    assert walker.told[-1][1:] == pytest.approx((0.6, 1.2), abs=1e-3)
    walker.walk(law, 30, end_s)
    assert walker.told[-1][1:] == pytest.approx((0.6, 0.6), abs=1e-3)
    assert walker.is_steady_in_stance(NOW_S + 5.0) is True


def test_an_abrupt_change_takes_as_few_swings_as_it_can():
    law, walker = split_ratio.Law(ratio_settings()), Walker()
    walker.walk(law, 40)
    times_s = [time_s for time_s, _, right in walker.told if 0.61 < right < 1.19]
    limits = SwingSettings()
    least_mps = limits.acceleration_mps2 * (SWING_S - MARGIN_S - TICK_S - limits.acceleration_mps2 / limits.jerk_mps3)
    assert (times_s[-1] - times_s[0]) / STRIDE_S <= math.ceil(0.6 / least_mps) + 1


def test_a_gradual_split_grows_evenly():
    law, walker = split_ratio.Law(ratio_settings(gradual_strides_count=40)), Walker()
    walker.walk(law, 80)
    rows = [(time_s - NOW_S, right) for time_s, _, right in walker.told if 0.65 < right < 1.15]
    slope, _ = np.polyfit(*zip(*rows, strict=True), 1)
    assert slope * STRIDE_S == pytest.approx(0.6 / 40, rel=0.15)
    assert walker.told[-1][2] == pytest.approx(1.2, abs=1e-3)
    assert walker.is_steady_in_stance(NOW_S + 5.0) is True


def test_the_fast_side_is_the_one_named():
    law, walker = split_ratio.Law(ratio_settings(fast_side="left", tied_strides_count=3)), Walker()
    walker.walk(law, 30)
    assert walker.told[-1][1:] == pytest.approx((1.2, 0.6), abs=1e-3)


@pytest.mark.parametrize("part", [split_ratio, adaptive_split])
def test_without_events_belts_reach_their_first_speed_and_keep_it(part):
    law, walker = part.Law(part.Settings()), Walker(placed=0.3)
    walker.walk(law, 30, has_events=False)
    speeds = {(round(left, 3), round(right, 3)) for time_s, left, right in walker.told if time_s > NOW_S + 10.0}
    assert len(speeds) == 1 and len(set(*speeds)) == 1


def test_speeds_beyond_the_limit_are_refused():
    with pytest.raises(ValueError, match="ratio"):
        split_ratio.Settings(slow_speed_mps=0.8, ratio=2.0)
    with pytest.raises(ValueError, match="largest_split"):
        adaptive_split.Settings(mean_speed_mps=1.3, largest_split=0.3)


@pytest.mark.parametrize("placed", [0.2, -0.2, 0.05])
@pytest.mark.parametrize("target", [0.0, 0.1])
def test_the_split_brings_step_length_asymmetry_to_the_target(placed, target):
    law, walker = adaptive_split.Law(adaptive_split.Settings(target=target, tied_strides_count=5)), Walker(placed)
    walker.walk(law, 60)
    assert walker.index() == pytest.approx(target, abs=0.02)
    assert sum(walker.told[-1][1:]) == pytest.approx(1.6, abs=0.01), "the mean speed stays"
    assert walker.is_steady_in_stance(NOW_S + 6.0) is True


def test_the_index_is_of_sound_against_prosthetic_steps():
    law, walker = adaptive_split.Law(adaptive_split.Settings(target=0.1)), Walker(0.0)
    law.observe(Participant(80.0, Side.RIGHT))
    walker.walk(law, 80)
    assert walker.index() == pytest.approx(-0.1, abs=0.02), "the right one is the prosthesis: its step is shorter"


def test_a_walker_who_cannot_be_steered_meets_the_largest_split_and_no_more():
    law = adaptive_split.Law(adaptive_split.Settings(tied_strides_count=0))
    walker = Walker()
    walker.step_m = lambda side, left, right: 0.6 if side is Side.RIGHT else 0.4
    walker.walk(law, 60)
    left, right = walker.told[-1][1:]
    assert (right - left) / (right + left) == pytest.approx(0.3, abs=1e-3)


@pytest.mark.parametrize("step_m", [math.nan, math.inf, 0.0, -1.0])
def test_steps_without_a_meaning_change_nothing(step_m):
    law = adaptive_split.Law(adaptive_split.Settings(tied_strides_count=0))
    walker = Walker()
    walker.step_m = lambda side, left, right: step_m
    walker.walk(law, 30)
    assert walker.told[-1][1:] == pytest.approx((0.8, 0.8))


def test_a_swing_that_nobody_told_of_allows_nothing():
    swing = SwingChange(SwingSettings())
    swing.observe(GaitEvent(NOW_S, NOW_S, Side.LEFT, EventKind.FOOT_OFF, Source.FORCE, 1.0))
    assert swing.left_s(Side.LEFT, NOW_S) == 0.0, "how long it lasts is not known yet"
    swing.observe(stride(Side.LEFT, NOW_S))
    assert swing.left_s(Side.LEFT, NOW_S + 0.1) == pytest.approx(SWING_S - 0.1 - MARGIN_S, abs=1e-6)
    assert swing.left_s(Side.RIGHT, NOW_S + 0.1) == 0.0
    assert swing.allowed_mps(Side.LEFT, NOW_S + 0.1, math.nan, 1.0) is None
    swing.observe(GaitEvent(NOW_S + 0.2, NOW_S + 0.2, Side.LEFT, EventKind.INITIAL_CONTACT, Source.FORCE, 1.0))
    assert swing.left_s(Side.LEFT, NOW_S + 0.21) == 0.0, "landed early"


ANY = st.one_of(st.floats(-1.0, 2.0), st.floats())
THING = st.one_of(
    st.builds(
        lambda ago_s, side, kind: (EventKind, ago_s, side, kind), ANY, st.sampled_from(Side), st.sampled_from(EventKind)
    ),
    st.builds(lambda swing_s, side, step_m: (Stride, swing_s, side, step_m), ANY, st.sampled_from(Side), ANY),
)


@pytest.mark.parametrize("part", [split_ratio, adaptive_split])
@settings(derandomize=True, deadline=None, max_examples=100)
@given(things=st.lists(THING, max_size=80))
def test_whatever_is_observed_requests_keep_the_limits(part, things):
    law = part.Law(part.Settings(tied_strides_count=0))
    before = None
    for number, (kind, value, side, other) in enumerate([(Stride, 0.4, Side.LEFT, 0.5)] * 100 + things):
        now_s = NOW_S + TICK_S * number
        if kind is Stride:
            law.observe(Stride(side, 1, True, "", *[0.0] * 5, 1.0, 0.5, 0.6, value, *[0.1] * 4, other))
        else:
            law.observe(GaitEvent(now_s - value, now_s, side, other, Source.FORCE, 1.0))
        request = law.feed(now_s, BeltSample(now_s, 0.0, 0.0, 0.0), state(now_s))
        speeds = request.left_speed_mps, request.right_speed_mps
        assert all(0.0 <= speed <= 1.5 for speed in speeds), "false for NaN"
        if before is not None:
            assert all(abs(new - old) <= 0.6 * TICK_S + 1e-6 for old, new in zip(before, speeds, strict=True))
        before = speeds
