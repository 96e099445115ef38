# SPDX-License-Identifier: Apache-2.0
"""The three parts of a difference of step length: worked values, the sum, and a walk of which they are known."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gait_analysis.analyser import AnalyserSettings
from gait_analysis.comparison.indices import normalised_difference
from gait_analysis.comparison.step_length_split import split_step_length
from gait_analysis.gait import Asymmetry
from gait_analysis.participant import Input, Participant
from gait_sensing.samples import Side

NAMES = ("step_length_placement", "step_length_timing", "step_length_speed")


def steps_m(landings_m, times_s, speeds_mps):
    """Steps of a and of b: how far each lands ahead of the other foot, which its belt has carried back."""
    (b1_m, a2_m, b3_m), (t_b_s, t_a_s), (v_b_mps, v_a_mps) = landings_m, times_s, speeds_mps
    return a2_m - (b1_m - v_b_mps * t_b_s), b3_m - (a2_m - v_a_mps * t_a_s)


def test_worked_values():
    steps = steps_m((0.30, 0.35, 0.28), (0.6, 0.5), (0.5, 0.7))
    assert steps == pytest.approx((0.35, 0.28))
    split = split_step_length((0.0, 0.6, 1.1), (0.30, 0.35, 0.28), steps)
    assert (split.placement * 0.63, split.timing * 0.63, split.speed * 0.63) == pytest.approx((0.12, 0.06, -0.11))
    assert split.speeds_mps == pytest.approx((0.5, 0.7))
    assert split.step_times_s == pytest.approx((0.5, 0.6))  # the step that b ends takes t_a
    assert split.landings_m == pytest.approx((0.29, 0.35))


places = st.floats(0.1, 0.5)
times = st.floats(0.3, 1.0)
speeds = st.floats(0.3, 1.5)


@given(st.tuples(places, places, places), st.tuples(times, times), st.tuples(speeds, speeds))
def test_the_parts_add_up_to_the_whole(landings_m, times_s, speeds_mps):
    steps = steps_m(landings_m, times_s, speeds_mps)
    if min(steps) < 0.05:
        return
    split = split_step_length((0.0, times_s[0], sum(times_s)), landings_m, steps)
    whole, _ = normalised_difference(prosthetic=steps[1], sound=steps[0])
    assert split.placement + split.timing + split.speed == pytest.approx(whole, abs=1e-9)


@given(st.tuples(places, places), st.tuples(times, times), st.tuples(speeds, speeds))
def test_the_feet_exchanged_change_the_sign_only(landings_m, times_s, speeds_mps):
    (b_m, a_m), (t_b_s, t_a_s) = landings_m, times_s
    ours = (b_m, a_m, b_m), times_s, speeds_mps
    theirs = (a_m, b_m, a_m), times_s[::-1], speeds_mps[::-1]
    if min(steps_m(*ours)) < 0.05:
        return
    one = split_step_length((0.0, t_b_s, t_b_s + t_a_s), ours[0], steps_m(*ours))
    other = split_step_length((0.0, t_a_s, t_b_s + t_a_s), theirs[0], steps_m(*theirs))
    for part in ("placement", "timing", "speed"):
        assert getattr(one, part) == pytest.approx(-getattr(other, part), abs=1e-9)


def test_what_is_not_known_is_nan():
    unknown = split_step_length((0.0, 0.6, 1.1), (math.nan, 0.35, 0.28), (0.35, 0.28))
    assert math.isnan(unknown.placement) and math.isnan(unknown.timing) and math.isnan(unknown.speed)
    assert math.isnan(split_step_length((0.0, 0.6, 1.1), (0.3, 0.3, 0.3), (0.2, -0.2)).placement)


@pytest.mark.parametrize("prosthetic_side", [Side.LEFT, Side.RIGHT])
def test_parts_of_a_walk_are_those_that_were_walked(walk, walker, analyse, prosthetic_side):
    walked = walk(
        walker(first_contact_s=(0.3, 0.95), landing_m=(0.28, 0.21), noise_n=2.0, moment_noise_nm=0.3, duration_s=30.0)
    )
    settings = AnalyserSettings(state_rate_hz=0.0)
    found = analyse(walked, settings, Participant(75.0, prosthetic_side))
    last = [result for result in found if isinstance(result, Asymmetry)][-1]
    metrics = {metric.name: metric for metric in last.metrics}
    placement, timing, speed = (metrics[name] for name in NAMES)
    sign = 1.0 if prosthetic_side is Side.LEFT else -1.0  # left lands 7 cm ahead, its step takes 0.55 s of 1.2 s
    assert placement.rolling_median == pytest.approx(sign * -0.14 / 1.2, abs=0.01)
    assert timing.rolling_median == pytest.approx(sign * 0.10 / 1.2, abs=0.003)
    assert speed.rolling_median == pytest.approx(0.0, abs=0.003)
    total = placement.value + timing.value + speed.value
    assert total == pytest.approx(metrics["step_length"].value, abs=1e-9)
    left, right = (timing.prosthetic_value, timing.sound_value)[:: int(sign)]
    assert (left, right) == pytest.approx((0.55, 0.65), abs=0.003)
    assert placement.index.startswith("part of step length due to placement: (S - P) / (S + P)")


@pytest.mark.parametrize(("prosthetic_side", "whole"), [(Side.LEFT, 0.25), (Side.RIGHT, -0.25), (None, 0.25)])
def test_belts_at_different_speeds_make_the_speed_part(walk, walker, analyse, prosthetic_side, whole):
    fast, slow = (walk(walker(belt_mps=speed_mps, first_contact_s=(0.3, 0.9))) for speed_mps in (1.0, 0.6))
    belts = [replace(belt, right_speed_mps=0.6) for belt in fast.belts]
    split = replace(fast, plates={**fast.plates, Side.RIGHT: slow.plates[Side.RIGHT]}, belts=belts)
    found = analyse(split, AnalyserSettings(state_rate_hz=0.0), Participant(75.0, prosthetic_side))
    metrics = {metric.name: metric for metric in [each for each in found if isinstance(each, Asymmetry)][-1].metrics}
    assert metrics["step_length"].rolling_median == pytest.approx(whole, abs=0.01)
    parts = [metrics[name].rolling_median for name in NAMES]
    assert parts == pytest.approx([0.0, 0.0, whole], abs=0.01)
    speeds_mps = metrics["step_length_speed"].prosthetic_value, metrics["step_length_speed"].sound_value
    assert speeds_mps == pytest.approx((0.6, 1.0) if prosthetic_side is Side.RIGHT else (1.0, 0.6), abs=0.01)


def test_a_recording_has_no_parts(walk, walker, analyse):
    found = analyse(walk(walker(duration_s=6.0)), AnalyserSettings(state_rate_hz=0.0), input=Input.RECORDING)
    last = [result for result in found if isinstance(result, Asymmetry)][-1]
    for metric in last.metrics:
        if metric.name in NAMES:
            assert math.isnan(metric.value) and metric.reason


def test_without_the_metric_step_length_there_are_none(walk, walker, analyse):
    settings = AnalyserSettings(state_rate_hz=0.0, metrics=["stance_time"])
    found = analyse(walk(walker(duration_s=6.0)), settings)
    last = [result for result in found if isinstance(result, Asymmetry)][-1]
    assert [metric.name for metric in last.metrics] == ["stance_time"]
