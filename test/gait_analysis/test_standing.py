# SPDX-License-Identifier: Apache-2.0
"""Weight, sway and weight shifting of somebody who stands, against what was put in; and nothing of one who walks."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from scipy.stats import f as f_distribution

from gait_analysis.analyser import AnalyserSettings
from gait_analysis.participant import Participant
from gait_analysis.standing import INTERVAL_S, Settings, Standing, StandingTracker, sway
from gait_sensing.samples import ForceSamples, Side
from gait_sim.stepping import STANDING_PLACE_M
from gait_sim.walker import HALF_STEP_WIDTH_M, SWAY, Walker, WalkerSettings

FAST = AnalyserSettings(state_rate_hz=0.0)
MASS_KG = 75.0
WEIGHT_N = MASS_KG * 9.80665
BOTH = Participant(MASS_KG, None)
CIRCLE_M, TURN_HZ = 0.01, 0.5


def of(results):
    return [result for result in results if isinstance(result, Standing)]


def feet(time_s, left_share):
    """Samples of both feet: their common centre of pressure goes round a circle about x 0.02 m, y 0.03 m."""
    turn = 2.0 * np.pi * TURN_HZ * time_s
    x_m, y_m = 0.02 + CIRCLE_M * np.cos(turn), 0.03 + CIRCLE_M * np.sin(turn)
    left_n, right_n = left_share * WEIGHT_N, (1.0 - left_share) * WEIGHT_N
    left_y_m = np.full(len(time_s), 0.12)
    right_y_m = (y_m * WEIGHT_N - left_n * left_y_m) / right_n
    return [
        np.column_stack(np.broadcast_arrays(time_s, load_n, x_m, own_y_m))
        for load_n, own_y_m in ((left_n, left_y_m), (right_n, right_y_m))
    ]


def stand(left_share, settings=None, participant=BOTH, duration_s=24.0, rate_hz=1000.0, start_s=0.0):
    """Feed a tracker of its own; return all that it tells. ``left_share`` is a function of time."""
    tracker = StandingTracker(settings or Settings(), participant, start_s)
    time_s = start_s + np.arange(1, round(duration_s * rate_hz) + 1) / rate_hz
    left, right = feet(time_s, left_share(time_s - start_s))
    told = []
    while tracker.end_s <= start_s + duration_s:
        inside = (time_s > tracker.begin_s) & (time_s <= tracker.end_s)
        told.append(tracker.feed(left[inside], right[inside]))
    return told


def even(time_s):
    return np.full(len(time_s), 0.6)


@pytest.mark.parametrize("rate_hz", [1000.0, 333.0, 100.0, 50.0])
def test_a_known_sway_is_measured(rate_hz):
    told = stand(even, rate_hz=rate_hz)[-1]
    assert told.is_standing and told.reason == "" and told.window_s == pytest.approx(20.0)
    assert (told.left_load_bw, told.right_load_bw) == pytest.approx((0.6, 0.4))
    assert (told.centre_of_pressure_x_m, told.centre_of_pressure_y_m) == pytest.approx((0.02, 0.03), abs=1e-4)
    assert told.sway_velocity_mps == pytest.approx(2.0 * np.pi * CIRCLE_M * TURN_HZ, rel=0.01)
    assert told.sway_path_m == pytest.approx(19.99 * told.sway_velocity_mps)
    quantile = f_distribution.ppf(0.95, 2, 1998)
    assert told.sway_ellipse_m2 == pytest.approx(2.0 * np.pi * quantile * CIRCLE_M**2 / 2.0, rel=0.01)


def test_the_window_grows_to_its_length_and_velocity_does_not_depend_on_it():
    told = stand(even)
    assert [each.is_standing for each in told[:5]] == [False, False, False, True, True]
    assert [each.window_s for each in told[3:]] == pytest.approx([min(2.0 + 0.5 * n, 20.0) for n in range(45)])
    velocities_mps = [each.sway_velocity_mps for each in told[7:]]
    assert velocities_mps == pytest.approx([velocities_mps[-1]] * len(velocities_mps), rel=0.03)
    assert "2 s" in told[0].reason and math.isnan(told[0].left_load_bw)


@pytest.mark.parametrize(("rate_hz", "gain"), [(0.5, 1.0), (2.0, 0.987), (5.0, math.sqrt(0.5)), (20.0, 0.0055)])
def test_the_filter_is_of_fourth_order_at_5_hz_without_delay(rate_hz, gain):
    time_s = 0.01 * np.arange(2000)
    wave_m = 0.01 * np.sin(2.0 * np.pi * rate_hz * time_s)
    path_m, _, _ = sway(np.column_stack((wave_m, np.zeros(2000))))
    assert path_m == pytest.approx(gain * np.abs(np.diff(wave_m)).sum(), rel=0.01, abs=0.012)


def test_the_ellipse_holds_95_of_100_points():
    random = np.random.default_rng(1)
    slow = np.repeat(random.standard_normal((400, 2)), 100, axis=0) @ np.array([[0.01, 0.004], [0.0, 0.006]])
    _, _, area_m2 = sway(slow)
    covariance = np.cov(slow.T)
    inverse, size = np.linalg.inv(covariance), area_m2 / (np.pi * math.sqrt(np.linalg.det(covariance)))
    inside = np.einsum("ni,ij,nj->n", slow - slow.mean(0), inverse, slow - slow.mean(0)) <= size
    assert inside.mean() == pytest.approx(0.95, abs=0.02)


def test_an_unmeasured_centre_of_pressure_leaves_the_weights():
    tracker = StandingTracker(Settings(), BOTH, 0.0)
    for number in range(6):
        rows = feet(number * 0.5 + np.arange(1, 501) / 1000.0, 0.6)
        for each in rows:
            each[:, 2:] = math.nan
        told = tracker.feed(*rows)
    assert told.left_load_bw == pytest.approx(0.6)
    assert math.isnan(told.sway_path_m) and math.isnan(told.sway_ellipse_m2) and math.isnan(told.centre_of_pressure_x_m)


def test_without_body_mass_there_is_sway_but_no_weight():
    told = stand(even, participant=Participant(math.nan, None), duration_s=4.0)[-1]
    assert told.is_standing and math.isnan(told.left_load_bw)
    assert told.shift_share == pytest.approx(0.6) and told.sway_velocity_mps > 0.0


SHIFT = Settings(shift_centre=0.5, shift_amplitude=0.2, shift_period_s=5.0, window_s=10.0)


@pytest.mark.parametrize("prosthetic_side", [Side.LEFT, Side.RIGHT, None])
@pytest.mark.parametrize(("offset", "in_band"), [(0.0, 1.0), (0.04, 1.0), (0.1, 0.0)])
def test_weight_shifting_is_held_against_its_target(prosthetic_side, offset, in_band):
    def left_share(time_s):
        share = 0.5 + 0.2 * np.sin(2.0 * np.pi * time_s / 5.0) + offset
        return 1.0 - share if prosthetic_side is Side.RIGHT else share

    told = stand(left_share, SHIFT, Participant(MASS_KG, prosthetic_side), start_s=100.0)[-1]
    assert told.shift_error_rms == pytest.approx(offset, abs=2e-3)
    assert told.shift_in_band == in_band
    assert told.shift_share - told.shift_target == pytest.approx(offset, abs=2e-3)


def test_time_in_band_is_a_share_of_the_window():
    told = stand(lambda t: np.where(t % 2.0 < 1.5, 0.52, 0.7), Settings(shift_centre=0.5, window_s=10.0))[-1]
    assert told.shift_in_band == pytest.approx(0.75, abs=0.01)
    assert told.shift_error_rms == pytest.approx(math.sqrt(0.75 * 0.02**2 + 0.25 * 0.2**2), rel=0.01)


def test_without_a_target_nothing_is_held_against_it():
    told = stand(even)[-1]
    assert told.shift_share == pytest.approx(0.6)
    assert math.isnan(told.shift_target) and math.isnan(told.shift_error_rms) and math.isnan(told.shift_in_band)


def test_a_lifted_foot_ends_standing_and_it_begins_anew():
    told = stand(lambda t: np.where((t > 6.2) & (t < 6.4), 0.999, 0.5), duration_s=12.0)
    assert [each.is_standing for each in told] == [False] * 3 + [True] * 9 + [False] * 4 + [True] * 8
    assert told[12].reason == "the right foot is off the ground"
    assert told[16].window_s == pytest.approx(2.0)


def test_missing_samples_end_standing():
    tracker = StandingTracker(Settings(), BOTH, 0.0)
    left, right = feet(np.arange(1, 501) / 1000.0, 0.5)
    assert "left foot are missing" in tracker.feed(left[:0], right).reason
    hole = (left[:, 0] < 0.7) | (left[:, 0] > 0.85)
    left[:, 0] += 0.5
    right[:, 0] += 0.5
    assert "right foot are missing" in tracker.feed(left, right[hole & (np.arange(500) > 150)]).reason
    assert tracker.feed(left[:0], right[:0]) is None


def plates(duration_s=9.0, rate_hz=1024.0, noise_n=5.0):
    time_s = np.arange(1, round(duration_s * rate_hz) + 1) / rate_hz
    random, found = np.random.default_rng(3), {}
    for side, rows in zip(Side, feet(time_s, 0.5 + 0.1 * np.sin(time_s)), strict=True):
        force_n = np.zeros((len(time_s), 3))
        force_n[:, 2] = rows[:, 1] + noise_n * random.standard_normal(len(time_s))
        found[side] = ForceSamples(f"{side.value}_belt", 0, time_s, force_n, np.zeros_like(force_n), rows[:, 2:].copy())
    return found


@pytest.fixture(scope="module")
def standing_walk(walk, walker):
    return replace(walk(walker(duration_s=0.1)), plates=plates())


@pytest.fixture(scope="module")
def results(standing_walk, analyse):
    return analyse(standing_walk, AnalyserSettings(state_rate_hz=64.0))


@pytest.fixture(scope="module")
def told(results):
    return of(results)


def test_the_analysis_tells_it_twice_a_second(told):
    assert len(told) == 18
    assert [each.time_s for each in told] == [INTERVAL_S * number for number in range(1, 19)]
    assert told[-1].is_standing


@given(st.lists(st.integers(1, 90), min_size=1, max_size=10), st.lists(st.integers(1, 90), min_size=1, max_size=10))
@hypothesis_settings(max_examples=10, deadline=None)
def test_batches_do_not_matter(standing_walk, results, analyse, left, right):
    sizes = {Side.LEFT: left, Side.RIGHT: right}
    settings = AnalyserSettings(state_rate_hz=64.0)
    again = analyse(standing_walk, settings, sizes=lambda side: itertools.cycle(sizes[side]))
    shared = min(len(again), len(results))  # the last batch of one stream may be longer than the other's
    assert shared > len(results) - 10
    assert [repr(each) for each in again[:shared]] == [repr(each) for each in results[:shared]]


def close(one, other):
    for name, a, b in zip(Standing._fields, one, other, strict=True):
        if name != "time_s":
            assert a == (pytest.approx(b, rel=1e-6, abs=1e-9, nan_ok=True) if isinstance(b, float) else b), name


def test_time_shift_changes_nothing(standing_walk, told, analyse):
    later = of(analyse(standing_walk.moved(2.0**30), FAST, start_s=2.0**30))
    assert [each.time_s - 2.0**30 for each in later] == [each.time_s for each in told]
    for one, other in zip(later, told, strict=True):
        close(one, other)


def test_a_heavier_person_standing_alike_gives_the_same(standing_walk, told, analyse):
    heavy = {side: replace(plate, force_n=2.0 * plate.force_n) for side, plate in standing_walk.plates.items()}
    for one, other in zip(
        of(analyse(replace(standing_walk, plates=heavy), FAST, Participant(2.0 * MASS_KG, None))), told, strict=True
    ):
        close(one, other)


def test_a_mirrored_person_gives_the_mirror_image(standing_walk, analyse):
    mirrored = {}
    for side in Side:
        plate = standing_walk.plates[side.other]
        pressure_m = plate.centre_of_pressure_m * [1.0, -1.0]
        mirrored[side] = replace(plate, name=f"{side.value}_belt", centre_of_pressure_m=pressure_m)
    ours = of(analyse(standing_walk, FAST, Participant(MASS_KG, Side.LEFT)))
    theirs = of(analyse(replace(standing_walk, plates=mirrored), FAST, Participant(MASS_KG, Side.RIGHT)))
    for one, other in zip(ours, theirs, strict=True):
        close(
            other._replace(
                left_load_bw=other.right_load_bw,
                right_load_bw=other.left_load_bw,
                centre_of_pressure_y_m=-other.centre_of_pressure_y_m,
            ),
            one,
        )


@pytest.mark.parametrize("stride_time_s", [1.1, 2.6])
def test_a_walker_does_not_stand(walk, walker, analyse, stride_time_s):
    stance_s = 0.72 * stride_time_s  # a long double support
    walked = walk(walker(stride_time_s=stride_time_s, stance_time_s=(stance_s, stance_s), noise_n=5.0))
    found = of(analyse(walked, FAST))
    assert found
    for each in found:
        assert not each.is_standing and each.reason and math.isnan(each.sway_path_m)


def test_a_simulated_person_sways_as_simulated():
    person, time_s = Walker(WalkerSettings(force_noise_n=0.0, moment_noise_nm=0.0)), np.arange(1, 24_001) / 1000.0
    person.advance(24.0, 0.0, 0.0)
    feet_rows = []
    for name in ("left_belt", "right_belt"):
        force_n, pressure_m = person.plate(name, time_s)
        feet_rows.append(np.column_stack((time_s, force_n[:, 2], pressure_m)))
    tracker = StandingTracker(Settings(), Participant(80.0, Side.LEFT), 0.0)
    while tracker.end_s <= 24.0:
        first, end = round(1000.0 * tracker.begin_s), round(1000.0 * tracker.end_s)
        told = tracker.feed(*(rows[first:end] for rows in feet_rows))
    since_s = time_s[-20_000:]
    shifted_bw = sum(size * np.sin(2.0 * np.pi * rate_hz * since_s + phase) for size, rate_hz, phase in SWAY)
    truth_m = 2.0 * HALF_STEP_WIDTH_M * shifted_bw
    assert told.sway_path_m == pytest.approx(np.abs(np.diff(truth_m)).sum(), rel=0.01)
    assert told.left_load_bw == pytest.approx(0.5 + shifted_bw.mean(), abs=1e-4)
    assert told.left_load_bw + told.right_load_bw == pytest.approx(1.0)
    assert told.centre_of_pressure_x_m == pytest.approx(STANDING_PLACE_M, abs=1e-4)


def test_nothing_is_told_where_there_are_no_samples(standing_walk, analyse):
    late = of(analyse(standing_walk.moved(2.0**30), FAST, start_s=0.0))
    assert len(late) == 18


def test_clock_time_rounds_no_sample_into_another_bin():
    now, later = (stand(even, duration_s=5.0, rate_hz=100.0, start_s=start_s)[-1] for start_s in (0.0, 1.7e9 + 0.3))
    assert later.sway_path_m == pytest.approx(now.sway_path_m, rel=1e-5)


def test_a_plate_that_drifted_in_walking_weighs_from_its_own_zero(walk, walker, analyse):
    walked = walk(walker(rate_hz=1024.0, duration_s=12.0))
    then = plates(duration_s=6.0, noise_n=0.0)
    drifted = {}
    for side, plate in walked.plates.items():
        force_n = np.concatenate((plate.force_n, then[side].force_n))
        force_n[:, 2] += 10.0
        pressure_m = np.concatenate((plate.centre_of_pressure_m, then[side].centre_of_pressure_m))
        time_s = np.concatenate((plate.time_s, 12.0 + then[side].time_s))
        drifted[side] = ForceSamples(plate.name, 0, time_s, force_n, np.zeros_like(force_n), pressure_m)
    last = of(analyse(replace(walked, plates=drifted), FAST))[-1]
    assert last.left_load_bw + last.right_load_bw == pytest.approx(1.0, abs=0.001)


def test_wrong_settings_are_refused():
    with pytest.raises(ValueError, match="least_s"):
        Settings(window_s=3.0, least_s=5.0)
    with pytest.raises(ValueError, match="shift_centre"):
        Settings(shift_centre=1.5)
