# SPDX-License-Identifier: Apache-2.0
"""The walker keeps to what was asked of it, and its forces and motions agree with its events."""

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gait_analysis.events import EventKind
from gait_sensing.samples import Array, Side
from gait_sim.body_motion import SEGMENTS, TRUNK
from gait_sim.stepping import FootEvent
from gait_sim.walker import Walker, WalkerSettings

WEIGHT_N = 80.0 * 9.80665
EXACT = WalkerSettings(
    variability=0.0, force_noise_n=0.0, moment_noise_nm=0.0, acceleration_noise_mps2=0.0, angular_rate_noise_radps=0.0
)
IC, TO = EventKind.INITIAL_CONTACT, EventKind.FOOT_OFF
Speed = Callable[[float], float]


def at(speed_mps: float) -> Speed:
    return lambda _: speed_mps


def walk(walker: Walker, speed: Speed, duration_s: float, step_s: float = 0.01) -> list[FootEvent]:
    """Let it walk; belt speed is looked at once a step."""
    events = []
    for number in range(round(duration_s / step_s)):
        events += walker.advance((number + 1) * step_s, speed(number * step_s), speed(number * step_s))
    return events


def times(events: list[FootEvent], side: Side, kind: EventKind, from_s: float = 0.0) -> Array:
    return np.array([e.time_s for e in events if e.side is side and e.kind is kind and e.time_s >= from_s])


def step_times(events: list[FootEvent], side: Side, from_s: float) -> Array:
    other_s = times(events, side.other, IC)
    return np.array([t - other_s[other_s < t][-1] for t in times(events, side, IC, from_s)])


def stance_times(events: list[FootEvent], side: Side, from_s: float) -> Array:
    off_s = times(events, side, TO)
    return np.array([off_s[off_s > t][0] - t for t in times(events, side, IC, from_s) if (off_s > t).any()])


def index(events: list[FootEvent], of: Callable[..., Array], prosthetic: Side, from_s: float = 8.0) -> float:
    p, s = of(events, prosthetic, from_s).mean(), of(events, prosthetic.other, from_s).mean()
    return (s - p) / (s + p)


def plates(
    walker_settings: WalkerSettings, speed: Speed, duration_s: float
) -> tuple[list[FootEvent], Array, Array, Array]:
    """Events, and time [n], force [2, n, 3] and centre [2, n, 2] of both plates at 1 kHz."""
    walker = Walker(walker_settings)
    events, forces, centres = [], [], []
    for number in range(round(duration_s * 100)):
        now_s = number / 100
        events += walker.advance(now_s + 0.01, speed(now_s), speed(now_s))
        both = [walker.plate(f"{side.value}_belt", now_s + np.arange(1, 11) / 1000) for side in Side]
        forces.append([force for force, _ in both])
        centres.append([centre for _, centre in both])
    time_s = np.arange(1, len(forces) * 10 + 1) / 1000
    return events, time_s, np.concatenate(forces, axis=1), np.concatenate(centres, axis=1)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("speed_mps", [0.3, 0.8, 1.1, 1.8])
def test_the_asymmetries_asked_for_are_those_of_the_events(side, speed_mps):
    events = walk(Walker(replace(EXACT, prosthetic_side=side)), at(speed_mps), 30.0)
    assert index(events, step_times, Side(side)) == pytest.approx(-0.05, abs=1e-9)
    assert index(events, stance_times, Side(side)) == pytest.approx(0.08, abs=1e-9)


def test_with_chance_the_asymmetries_are_met_on_average():
    events = walk(Walker(WalkerSettings(variability=0.03)), at(1.1), 600.0, step_s=0.1)
    assert index(events, step_times, Side.LEFT) == pytest.approx(-0.05, abs=0.003)
    assert index(events, stance_times, Side.LEFT) == pytest.approx(0.08, abs=0.003)
    steps_s = step_times(events, Side.LEFT, 8.0)
    assert steps_s.std() / steps_s.mean() == pytest.approx(0.03, rel=0.15)


def test_without_a_prosthesis_an_asymmetry_is_counted_for_the_right():
    events = walk(Walker(replace(EXACT, prosthetic_side="none", stance_time_asymmetry=0.06)), at(1.0), 20.0)
    assert index(events, stance_times, Side.LEFT) == pytest.approx(0.06, abs=1e-9)


def test_steps_are_as_long_as_the_belt_is_fast_and_as_asymmetric_as_asked():
    events, time_s, _, centres_m = plates(EXACT, at(1.1), 20.0)
    heel_m = {
        (side, t): centres_m[number, np.searchsorted(time_s, t) + 1, 0]
        for number, side in enumerate(Side)
        for t in times(events, side, IC, 8.0)[:-1]
    }
    length_m: dict[Side, list[float]] = {side: [] for side in Side}
    for (_, before_s), (side, contact_s) in pairwise(sorted(heel_m, key=lambda key: key[1])):
        ahead_m = heel_m[side, contact_s] - heel_m[side.other, before_s]
        length_m[side].append(ahead_m + 1.1 * (contact_s - before_s))
    p, s = np.mean(length_m[Side.LEFT]), np.mean(length_m[Side.RIGHT])
    stride_s = np.diff(times(events, Side.LEFT, IC, 8.0)).mean()
    assert p + s == pytest.approx(1.1 * stride_s, abs=0.005)
    assert (s - p) / (s + p) == pytest.approx(-0.03, abs=0.005)


def test_strides_become_quicker_and_stance_shorter_with_speed():
    stride_s, stance_share = [], []
    for speed_mps in (0.4, 0.8, 1.2, 1.6):
        events = walk(Walker(EXACT), at(speed_mps), 20.0)
        stride_s.append(float(np.diff(times(events, Side.LEFT, IC, 8.0)).mean()))
        stance_share.append(stance_times(events, Side.RIGHT, 8.0).mean() / stride_s[-1])
    assert stride_s == sorted(stride_s, reverse=True)
    assert stance_share == sorted(stance_share, reverse=True)
    assert stride_s[1] == pytest.approx(1.45, abs=0.15)


@pytest.mark.parametrize("speed_mps", [0.3, 1.1, 1.8])
def test_the_feet_carry_the_body_in_the_mean(speed_mps):
    events, time_s, force_n, _ = plates(EXACT, at(speed_mps), 30.0)
    contacts_s = times(events, Side.LEFT, IC, 8.0)
    whole = (time_s > contacts_s[0]) & (time_s <= contacts_s[-1])
    assert force_n[:, whole, 2].sum(axis=0).mean() == pytest.approx(WEIGHT_N, rel=0.01)
    assert abs(force_n[:, whole, 0].mean()) < 0.002 * WEIGHT_N


def test_load_asymmetry_is_that_of_the_mean_force_in_stance():
    _, _, force_n, _ = plates(EXACT, at(1.1), 30.0)
    p, s = (force[8000:, 2][force[8000:, 2] > 0].mean() for force in force_n)
    assert (s - p) / (s + p) == pytest.approx(0.03, abs=0.003)


def test_load_begins_and_ends_at_the_events():
    events, time_s, force_n, centres_m = plates(EXACT, at(1.1), 20.0)
    for number, side in enumerate(Side):
        loaded = force_n[number, :, 2] > 0.0
        assert (loaded == np.isfinite(centres_m[number]).all(axis=1)).all()
        begin_s, end_s = (time_s[1:][change] for change in (loaded[1:] & ~loaded[:-1], ~loaded[1:] & loaded[:-1]))
        assert begin_s == pytest.approx(times(events, side, IC)[: len(begin_s)], abs=0.0011)
        assert end_s == pytest.approx(times(events, side, TO)[: len(end_s)], abs=0.0011)
        for contact_s in times(events, side, IC)[:-1]:
            first = np.searchsorted(time_s, contact_s)
            assert force_n[number, first + 10, 2] > 50.0  # within 10 ms
            assert force_n[number, first, 2] < 10.0


def test_braking_comes_before_propulsion_and_pressure_goes_back_with_the_belt():
    events, time_s, force_n, centres_m = plates(EXACT, at(1.1), 20.0)
    contact_s = times(events, Side.LEFT, IC, 8.0)[0]
    off_s = times(events, Side.LEFT, TO, contact_s)[0]
    stance = np.flatnonzero((time_s > contact_s + 0.05) & (time_s < off_s - 0.05))
    first, last = stance[: len(stance) // 4], stance[-len(stance) // 4 :]
    assert (force_n[0, first, 0] < 0).all()
    assert (force_n[0, last, 0] > 0).all()
    travelled_m = centres_m[0, stance[0], 0] - centres_m[0, stance[-1], 0]
    share = (stance[-1] - stance[0]) / 1000 / (off_s - contact_s)
    assert travelled_m == pytest.approx(1.1 * (stance[-1] - stance[0]) / 1000 - 0.2 * share, abs=0.01)
    assert (centres_m[0, stance, 1] > 0).all()  # left
    assert (force_n[0, stance, 1] < 0).all()  # the ground pushes a left foot to the right


def test_stands_loaded_walks_off_with_the_belt_and_stops_with_it():
    def speed(time_s: float) -> float:
        return min(max(0.0, 0.25 * (time_s - 3.0)), 0.8) if time_s < 15.0 else max(0.0, 0.8 - 0.5 * (time_s - 15.0))

    events, time_s, force_n, centres_m = plates(EXACT, speed, 24.0)
    assert [(e.side, e.kind) for e in events[:4]] == [
        (Side.LEFT, TO), (Side.LEFT, IC), (Side.RIGHT, TO), (Side.RIGHT, IC),
    ]  # fmt: skip
    assert 3.6 < events[0].time_s < 5.0
    assert events[-1].kind is IC
    assert events[-1].time_s < 20.0
    for standing in (time_s < 3.0, time_s > 21.0):
        assert force_n[:, standing, 2].sum(axis=0) == pytest.approx(np.full(standing.sum(), WEIGHT_N))
        assert force_n[:, standing, 2].min() > 0.4 * WEIGHT_N
        assert force_n[0, standing, 2].std() > 1.0  # it sways
    total_bw = force_n[:, :, 2].sum(axis=0) / WEIGHT_N
    assert total_bw.min() > 0.5  # never in the air
    assert total_bw.max() < 1.8
    assert np.abs(np.diff(force_n[:, :, 2], axis=1)).max() < 30.0  # no jumps within 1 ms
    assert np.nanmax(np.abs(centres_m[:, :, 0])) < 0.8  # on the belt


@pytest.mark.parametrize("rest_s", [0.0, 0.3, 0.6, 0.9, 1.2])
def test_walks_on_without_drifting_off_when_the_belt_stops_and_moves_again_at_once(rest_s):
    again_s = 9.0 + rest_s

    def speed(time_s: float) -> float:
        return max(0.0, 1.1 - (time_s - 7.9)) if time_s < again_s else min(1.1, 0.25 * (time_s - again_s))

    events, time_s, force_n, centres_m = plates(EXACT, speed, 20.0)
    late = time_s > again_s
    total_n = force_n[:, :, 2].sum(axis=0)
    place_m = np.nansum(centres_m[:, late, 0] * force_n[:, late, 2], axis=0) / total_n[late]
    assert np.abs(place_m).max() < 0.6
    assert total_n.min() > 0.5 * WEIGHT_N
    assert np.abs(np.diff(force_n[:, :, 2], axis=1)).max() < 30.0  # no jumps within 1 ms
    for side in Side:  # each contact has its foot off before it
        kinds = [e.kind for e in events if e.side is side]
        assert kinds == [TO, IC] * (len(kinds) // 2) + [TO] * (len(kinds) % 2)


def test_follows_a_belt_that_becomes_faster():
    def speed(time_s: float) -> float:
        return 0.6 if time_s < 20.0 else 1.4

    events = walk(Walker(EXACT), speed, 40.0)
    contacts_s = times(events, Side.RIGHT, IC)
    slow_s, fast_s = (np.diff(contacts_s[(contacts_s > a) & (contacts_s < b)]).mean() for a, b in ((8, 20), (23, 40)))
    assert slow_s / fast_s == pytest.approx((1.4 / 0.6) ** 0.57, rel=0.01)


def test_a_person_carried_back_by_a_slow_belt_steps_forward():
    _, _, _, centres_m = plates(EXACT, at(0.05), 30.0)
    assert walk(Walker(EXACT), at(0.05), 30.0)
    assert np.nanmin(centres_m[:, :, 0]) > -0.5


@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.floats(0.0, 12.0), max_size=30), seed=st.integers(0, 100))
def test_the_same_walk_however_time_is_cut(cuts, seed):
    whole = Walker(WalkerSettings(seed=seed))
    expected = whole.advance(12.0, 1.0, 1.2)
    walker = Walker(WalkerSettings(seed=seed))
    cuts_s = sorted({*cuts, 12.0})
    last_s = 0.0
    found = []
    for cut_s in cuts_s:
        happened = walker.advance(cut_s, 1.0, 1.2)
        assert all(last_s < event.time_s <= cut_s for event in happened)
        found += happened
        last_s = cut_s
    assert found == expected
    time_s = 9.0 + np.arange(2000) / 1000
    expected_n, expected_m = whole.plate("left_belt", time_s)
    parts = [walker.plate("left_belt", part) for part in np.split(time_s, [1, 500, 501, 1999])]
    assert np.concatenate([force for force, _ in parts]) == pytest.approx(expected_n, abs=1e-6)
    assert np.concatenate([centre for _, centre in parts]) == pytest.approx(expected_m, abs=1e-6, nan_ok=True)


def test_other_seeds_other_steps():
    first, second = (walk(Walker(WalkerSettings(seed=seed)), at(1.0), 10.0) for seed in (1, 2))
    assert [e.time_s for e in first] != [e.time_s for e in second]


def test_asymmetries_that_leave_no_double_support_are_refused():
    with pytest.raises(ValueError, match="double support"):
        WalkerSettings(stance_time_asymmetry=0.2, step_time_asymmetry=0.2)


@pytest.mark.parametrize("segment", [*SEGMENTS, TRUNK])
def test_rates_are_the_derivative_of_orientation_and_standing_sensors_feel_gravity(segment):
    walker = Walker(EXACT)
    standing = walker.imu(segment, 0.5, 0)
    x, y, z = standing.acceleration_mps2
    assert (x, y, z) == pytest.approx((0.0, 0.0, 9.80665), abs=1e-9)
    walk(walker, at(1.1), 12.0)
    time_s = 9.0 + np.arange(1500) / 1000
    readings = [walker.imu(segment, float(t), None) for t in time_s]
    quaternions = np.array([reading.orientation_xyzw for reading in readings])
    assert np.linalg.norm(quaternions, axis=1) == pytest.approx(np.ones(1500))
    pitch_rad = 2.0 * quaternions[:, 1]  # for small angles; exact enough where the other two vanish
    if segment not in ("pelvis", TRUNK):
        pitch_rad = 2.0 * np.arctan2(quaternions[:, 1], quaternions[:, 3])
    rate_radps = np.array([reading.angular_rate_radps[1] for reading in readings])
    wrong = np.abs(np.gradient(pitch_rad, time_s) - rate_radps)
    assert np.quantile(wrong, 0.99) < 0.05  # but where the phase's rate changes, at the events
    assert np.ptp(rate_radps) > 0.1


def test_a_foot_is_flat_and_still_in_mid_stance_and_turns_toes_up_in_swing():
    walker = Walker(EXACT)
    events = walk(walker, at(1.1), 12.0)
    contact_s = times(events, Side.LEFT, IC, 9.0)[0]
    off_s = times(events, Side.LEFT, TO, contact_s)[0]
    next_s = times(events, Side.LEFT, IC, off_s)[0]
    still = walker.imu("left_foot", contact_s + 0.35 * (off_s - contact_s), None)
    assert still.acceleration_mps2 == pytest.approx((0.0, 0.0, 9.80665), abs=0.1)
    assert still.angular_rate_radps == pytest.approx((0.0, 0.0, 0.0), abs=0.1)
    swing = [walker.imu("left_foot", float(t), None).angular_rate_radps[1] for t in np.linspace(off_s, next_s, 50)]
    assert min(swing) < -5.0
    assert walker.imu("left_foot", next_s - 1e-4, None).orientation_xyzw[1] < -0.1  # toes up at contact


def test_a_swinging_foot_goes_one_stride_along_the_belt():
    walker = Walker(EXACT)
    events = walk(walker, at(1.1), 12.0)
    off_s = times(events, Side.RIGHT, TO, 9.0)[0]
    contact_s = times(events, Side.RIGHT, IC, off_s)[0]
    time_s = np.linspace(off_s + 1e-6, contact_s - 1e-6, 2000)
    forward = []
    for t in time_s:
        reading = walker.imu("right_foot", float(t), None)
        (x, _, z), (_, qy, _, qw) = reading.acceleration_mps2, reading.orientation_xyzw
        angle_rad = 2.0 * math.atan2(qy, qw)
        forward.append(math.cos(angle_rad) * x + math.sin(angle_rad) * z)
    step_s = time_s[1] - time_s[0]
    speed_mps = np.cumsum(forward) * step_s
    stride_s = np.diff(times(events, Side.RIGHT, IC, 8.0)).mean()
    assert speed_mps[-1] == pytest.approx(0.0, abs=0.02)
    assert speed_mps.sum() * step_s == pytest.approx(1.1 * stride_s, rel=0.01)
