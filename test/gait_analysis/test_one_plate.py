# SPDX-License-Identifier: Apache-2.0
"""Both feet on one plate: who stands where and when, whatever the samples are cut, scaled or moved."""

import math
import pickle
from dataclasses import replace

import numpy as np
import pytest

from gait_analysis.events import EventFlag, EventKind
from gait_analysis.one_plate.one_plate import Known, OnePlate, Settings
from gait_analysis.stream_merge import cut
from gait_sensing.samples import ForceSamples, Side

WEIGHT_N = 75.0 * 9.80665


@pytest.fixture(scope="module")
def one_plate(accuracy_script):
    return accuracy_script("one_plate")


@pytest.fixture(scope="module")
def walked(one_plate, walk, walker):
    """A walk on one plate, feet at 0.12 and -0.10 m across."""

    def make(**how):
        truth = walk(walker(**({"noise_n": 3.0, "moment_noise_nm": 0.5, "duration_s": 15.0} | how)))
        return one_plate.summed(truth.plates[Side.LEFT], truth.plates[Side.RIGHT]), truth

    return make


def feed(samples, size=16, plate=None):
    plate = plate or OnePlate(Settings(), WEIGHT_N)
    count = len(samples.time_s)
    return plate, [event for first in range(0, count, size) for event in plate.feed(cut(samples, first, first + size))]


def times(events, side, kind):
    return np.array([event.time_s for event in events if event.side is side and event.kind is kind])


def assert_true(events, truth, least_count, within_s=0.012):
    """Every event is a true one, and as many as ``least_count`` of each kind and side are found."""
    for side in Side:
        for kind in EventKind:
            found_s, true_s = times(events, side, kind), truth.times(side, kind)
            assert len(found_s) >= least_count
            assert all(np.min(np.abs(true_s - each_s)) < within_s for each_s in found_s)


def placed(x_m, y_m, force_n, rate_hz=200.0, start_s=0.0):
    """Samples of these centres of pressure and this load."""
    count = len(x_m)
    forces_n = np.zeros((count, 3))
    forces_n[:, 2] = force_n
    time_s = start_s + np.arange(1, count + 1) / rate_hz
    return ForceSamples("belt", 0, time_s, forces_n, np.zeros((count, 3)), np.stack((x_m, y_m), axis=1))


@pytest.mark.parametrize("rate_hz", [100.0, 128.0, 300.0, 1000.0])
def test_all_events_of_a_walk_are_found_at_any_rate(walked, rate_hz):
    samples, truth = walked(rate_hz=rate_hz)
    plate, events = feed(samples)
    assert_true(events, truth, least_count=11)
    assert not plate.reason
    assert not any(event.flags for event in events)


@pytest.mark.parametrize("seed", range(4))
def test_how_samples_are_cut_changes_nothing(walked, seed):
    random = np.random.default_rng(seed)
    samples, _ = walked(rate_hz=500.0)
    force_n = samples.force_n.copy()
    force_n[4000:4600] = math.nan  # a gap, in which all is lost
    force_n[random.integers(0, len(force_n), 30), 2] = math.inf
    pressure_m = samples.centre_of_pressure_m.copy()
    pressure_m[6000:] = 0.0  # stuck
    samples = replace(samples, force_n=force_n, centre_of_pressure_m=pressure_m)
    whole, expected = feed(samples, len(samples.time_s))
    plate, events, news, first = OnePlate(Settings(), WEIGHT_N), [], [], 0
    while first < len(samples.time_s):
        end = first + int(random.integers(1, 200))
        events += plate.feed(cut(samples, first, end))
        news += plate.news
        first = end
    assert events == expected
    assert news == whole.news
    assert len(news) >= 6
    assert len(events) > 20
    assert (plate.reason, plate.is_in_contact) == (whole.reason, whole.is_in_contact)


def test_a_mirrored_walk_swaps_the_sides_and_nothing_else(walked):
    samples, _ = walked(stance_time_s=(0.70, 0.78), landing_m=(0.2, 0.3))
    _, events = feed(samples)
    _, mirrored = feed(replace(samples, centre_of_pressure_m=samples.centre_of_pressure_m * (1.0, -1.0)))
    assert len(events) > 40
    assert [event._replace(side=event.side.other) for event in mirrored] == events


def test_force_scale_and_an_unknown_body_weight_change_nothing(walked):
    samples, _ = walked()
    _, events = feed(samples)
    for scale in (0.5, 2.0):
        _, scaled = feed(
            replace(samples, force_n=samples.force_n * scale), plate=OnePlate(Settings(), WEIGHT_N * scale)
        )
        assert [(event.side, event.kind) for event in scaled] == [(event.side, event.kind) for event in events]
        assert [event.time_s for event in scaled] == pytest.approx([event.time_s for event in events], abs=1e-9)
    assert feed(samples, plate=OnePlate(Settings(), math.nan))[1] == events


@pytest.mark.parametrize(("x_m", "y_m", "shift_s"), [(0.0, 0.35, 0.0), (1.5, -0.6, 0.0), (0.0, 0.0, 1.7e9)])
def test_where_on_the_plate_and_when_changes_nothing(walked, x_m, y_m, shift_s):
    samples, _ = walked()
    moved = replace(
        samples,
        time_s=samples.time_s + shift_s,
        centre_of_pressure_m=samples.centre_of_pressure_m + np.array((x_m, y_m)),
    )
    (_, events), (_, elsewhere) = feed(samples), feed(moved)
    assert [(event.side, event.kind) for event in elsewhere] == [(event.side, event.kind) for event in events]
    times_s = [event.time_s - shift_s for event in elsewhere]
    assert times_s == pytest.approx([event.time_s for event in events], abs=2e-5)


def test_a_walker_who_wanders_across_and_a_plate_whose_zero_drifts_are_followed(walked):
    samples, truth = walked(duration_s=60.0, rate_hz=200.0)
    pressure_m = samples.centre_of_pressure_m.copy()
    pressure_m[:, 1] += 0.15 * np.sin(2.0 * np.pi * samples.time_s / 30.0)
    force_n, drift_n = samples.force_n.copy(), 60.0 * samples.time_s / 60.0
    force_n[:, 2] += drift_n
    pressure_m *= (1.0 - drift_n / force_n[:, 2])[:, None]
    plate, events = feed(replace(samples, force_n=force_n, centre_of_pressure_m=pressure_m))
    assert_true(events, truth, least_count=48, within_s=0.02)
    assert not plate.reason


def test_contact_is_known_from_the_newest_sample_on(walked):
    samples, truth = walked()
    plate = OnePlate(Settings(), WEIGHT_N)
    checked = 0
    for first in range(0, len(samples.time_s), 16):
        plate.feed(cut(samples, first, first + 16))
        now_s = float(samples.time_s[min(first + 15, len(samples.time_s) - 1)])
        past = [event for event in truth.truth if event[0] <= now_s]
        if plate.reason or now_s - past[-1][0] < 0.06:  # not told yet
            continue
        newest = {side: next(kind for _, whose, kind in reversed(past) if whose is side) for side in Side}
        assert plate.is_in_contact == {side: kind is EventKind.INITIAL_CONTACT for side, kind in newest.items()}
        checked += 1
    assert checked > 300


def test_steps_from_which_the_pattern_is_learned_are_told_late_and_the_others_within_60_ms(walked):
    _, events = feed(walked(noise_n=0.0, moment_noise_nm=0.0)[0])
    delays_s = np.array([event.detected_s - event.time_s for event in events])
    is_late = delays_s > 0.1
    assert 5 <= is_late.sum() <= 16
    assert not is_late[is_late.sum() :].any()
    assert delays_s[~is_late].max() < 0.06


@pytest.mark.parametrize("half_width_m", [0.0, 0.01])
def test_feet_on_one_line_are_not_told_apart(walked, half_width_m):
    samples, _ = walked()
    pressure_m = samples.centre_of_pressure_m * (1.0, half_width_m / 0.11)
    plate, events = feed(replace(samples, centre_of_pressure_m=pressure_m))
    assert events == []
    assert plate.reason == "the feet hardly differ across the plate"
    assert plate.is_in_contact == {Side.LEFT: None, Side.RIGHT: None}


def test_a_walk_that_becomes_known_late_is_told_from_where_its_samples_are_kept(walked):
    """On one line for longer than samples are kept, then on wide steps."""
    samples, truth = walked(rate_hz=100.0, duration_s=40.0)
    pressure_m = samples.centre_of_pressure_m.copy()
    pressure_m[samples.time_s < 20.0, 1] *= 0.02
    plate, events = feed(replace(samples, centre_of_pressure_m=pressure_m))
    assert not plate.reason
    assert_true(events, truth, least_count=14)


def test_standing_gives_a_reason_and_no_events():
    random = np.random.default_rng(1)
    sway_m = np.cumsum(random.standard_normal((2, 4000)) * 2e-4, axis=1) * 0.3
    plate, events = feed(placed(*sway_m, WEIGHT_N))
    assert events == []
    assert plate.reason == "standing: the centre of pressure stays in place"
    assert plate.is_in_contact == {Side.LEFT: None, Side.RIGHT: None}


def test_shifting_weight_from_foot_to_foot_is_no_walking():
    time_s = np.arange(4000) / 200.0
    plate, events = feed(
        placed(0.01 * np.sin(time_s), 0.1 * np.tanh(3.0 * np.sin(2.0 * np.pi * 0.5 * time_s)), WEIGHT_N)
    )
    assert events == []
    assert "no walking" in plate.reason


def test_who_steps_off_is_not_in_contact_and_is_known_again_after_stepping_on(walked):
    samples, truth = walked(rate_hz=500.0)
    force_n, pressure_m = samples.force_n.copy(), samples.centre_of_pressure_m.copy()
    is_off = (samples.time_s > 6.0) & (samples.time_s < 7.0)
    force_n[is_off] = np.random.default_rng(1).standard_normal((is_off.sum(), 3)) * 5.0
    pressure_m[is_off] = math.nan
    samples = replace(samples, force_n=force_n, centre_of_pressure_m=pressure_m)
    plate, before = feed(cut(samples, 0, 3300))
    assert plate.reason == "nobody is on the plate"
    assert plate.is_in_contact == {Side.LEFT: False, Side.RIGHT: False}
    _, after = feed(cut(samples, 3300, len(samples.time_s)), plate=plate)
    events = before + after
    assert not any(6.0 < event.time_s < 7.0 for event in events)
    assert_true(events, truth, least_count=9)
    assert not plate.reason


def test_over_a_gap_nothing_is_told_and_contact_is_unknown(walked):
    samples, truth = walked(rate_hz=500.0)
    plate, before = feed(cut(samples, 0, 3000))
    assert not plate.reason
    at_gap = plate.feed(cut(samples, 3100, 3200))
    assert at_gap == []
    assert plate.news[0] == Known(samples.time_s[3100], dict.fromkeys(Side), "no measurement for 0.05 s")
    assert plate.is_in_contact == {Side.LEFT: None, Side.RIGHT: None}
    _, after = feed(cut(samples, 3200, len(samples.time_s)), plate=plate)
    assert_true(before + after, truth, least_count=9)


def test_without_centre_of_pressure_there_is_a_reason(walked):
    samples, _ = walked()
    nowhere = replace(samples, centre_of_pressure_m=np.full_like(samples.centre_of_pressure_m, math.nan))
    plate, events = feed(nowhere)
    assert events == []
    assert plate.reason == "no measurement for 0.05 s"
    plate, _ = feed(cut(samples, 0, 8000))
    assert not plate.reason
    plate.feed(cut(nowhere, 8000, 8100))
    assert plate.reason == "no measurement for 0.05 s"
    assert plate.is_in_contact == {Side.LEFT: None, Side.RIGHT: None}


def test_a_stuck_plate_tells_nothing_more(walked):
    samples, _ = walked(rate_hz=500.0)
    force_n, pressure_m = samples.force_n.copy(), samples.centre_of_pressure_m.copy()
    force_n[3000:], pressure_m[3000:] = force_n[3000], pressure_m[3000]
    plate, events = feed(replace(samples, force_n=force_n, centre_of_pressure_m=pressure_m))
    assert max(event.detected_s for event in events) <= samples.time_s[3000] + 0.06
    assert plate.reason == "standing: the centre of pressure stays in place"


def test_who_stops_in_a_double_support_is_unknown_before_the_next_step_would_have_begun(walked):
    samples, _ = walked(rate_hz=500.0, noise_n=0.0, moment_noise_nm=0.0)
    stop = int(np.searchsorted(samples.time_s, 6.95))  # the right foot landed at 6.9 s, after a step of 0.6 s
    force_n, pressure_m = samples.force_n.copy(), samples.centre_of_pressure_m.copy()
    force_n[stop:], pressure_m[stop:] = force_n[stop], pressure_m[stop]
    plate = OnePlate(Settings(), WEIGHT_N)
    plate.feed(cut(replace(samples, force_n=force_n, centre_of_pressure_m=pressure_m), 0, len(samples.time_s)))
    lost = plate.news[plate.news.index(next(known for known in plate.news if not known.reason)) + 1]
    assert lost.reason == "no step for 0.5 s"
    assert 7.4 < lost.time_s < 7.5


def test_a_force_of_the_wrong_sign_is_no_measurement(walked):
    samples, _ = walked()
    plate, events = feed(replace(samples, force_n=-samples.force_n))
    assert events == []
    assert plate.reason == "no measurement for 0.05 s"


def test_memory_does_not_grow_with_the_walk(walked):
    samples, _ = walked(rate_hz=100.0, duration_s=240.0)
    sizes = []
    plate = OnePlate(Settings(), WEIGHT_N)
    for first in range(0, len(samples.time_s), 6000):
        feed(cut(samples, first, first + 6000), plate=plate)
        sizes.append(len(pickle.dumps(plate)))
    assert max(sizes[1:]) < 1.3 * sizes[0]


def test_a_touch_in_mid_swing_is_told_as_one_and_doubtful():
    """A foot that taps the ground and leaves it again, while the other one bears, in an otherwise steady walk."""
    rate_hz, stride_s, half_s = 200.0, 1.4, 0.7
    time_s = np.arange(1, 3001) / rate_hz
    share = (time_s % half_s) / half_s
    side = np.where(time_s // half_s % 2 == 0, 1.0, -1.0)  # left, right, left
    done = np.clip(share / 0.3, 0.0, 1.0)  # double support first
    x_m = 0.25 - 0.5 * share - 0.5 * (1.0 - done)
    y_m = 0.1 * side * (2.0 * done - 1.0)
    tap = (time_s > 10.0 * half_s + 0.35) & (time_s < 10.0 * half_s + 0.45)
    x_m[tap] += 0.12
    y_m[tap] -= 0.05 * side[tap]
    _, events = feed(placed(x_m, y_m, WEIGHT_N))
    around = [event for event in events if 10.0 * half_s + 0.3 < event.time_s < 10.0 * half_s + 0.5]
    assert [event.kind for event in around] == [EventKind.INITIAL_CONTACT, EventKind.FOOT_OFF]
    assert {event.side for event in around} == {Side.RIGHT}
    assert EventFlag.IRREGULAR in around[1].flags
    assert around[1].reason == "the foot touched the ground in its swing"
    assert around[0].time_s == pytest.approx(10.0 * half_s + 0.35, abs=0.01)
    assert around[1].time_s == pytest.approx(10.0 * half_s + 0.45, abs=0.01)
    others = [event for event in events if event not in around]
    assert not any(event.flags for event in others)
    assert times(others, Side.LEFT, EventKind.INITIAL_CONTACT)[-1] > stride_s * 9.0


def test_an_edge_above_what_tells_a_contact_is_refused():
    with pytest.raises(ValueError, match=r"edge_share_bw, on_share_bw: got 0\.08 and 0\.06"):
        Settings(edge_share_bw=0.08)
