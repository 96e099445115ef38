# SPDX-License-Identifier: Apache-2.0
"""Drift against simulated truth: a walker in a formula on one plate of a split belt."""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gait_sensing.calibration.drift import SWINGS, DriftSettings, DriftWatch
from gait_sensing.samples import Array

START_S = 1.7e9
STRIDE_S, STANCE_S = 1.2, 0.78
WEIGHT_N = 750.0


def times(duration_s: float, rate_hz: float = 1000.0) -> Array:
    return START_S + np.arange(round(duration_s * rate_hz)) / rate_hz


def walking(time_s: Array) -> Array:
    """Force and moment of a foot on the plate: two humps, shear, a centre of pressure that moves; swing in between."""
    share = ((time_s - START_S) % STRIDE_S) / STANCE_S
    wrench = np.zeros((len(time_s), 6))
    on = share < 1.0
    share = share[on]
    wrench[on, 2] = 1.15 * WEIGHT_N * (np.sin(np.pi * share) + 0.35 * np.sin(3.0 * np.pi * share))
    wrench[on, 0] = -0.15 * WEIGHT_N * np.sin(2.0 * np.pi * share)
    wrench[on, 4] = -wrench[on, 2] * (0.3 - 0.7 * share)
    return wrench


def noise(wrench: Array, deviation_n: float = 5.0, seed: int = 0) -> Array:
    return wrench + np.random.default_rng(seed).normal(0.0, deviation_n, wrench.shape)


def chunks(time_s: Array, wrench: Array, size: int = 100) -> Iterator[tuple[Array, Array]]:
    for start in range(0, len(time_s), size):
        yield time_s[start : start + size], wrench[start : start + size]


def fed(time_s: Array, wrench: Array, watch: DriftWatch | None = None) -> tuple[DriftWatch, Array]:
    """Return the watch, and the correction that held after each sample."""
    watch = watch or DriftWatch(DriftSettings())
    held = []
    for part_s, part in chunks(time_s, wrench):
        watch.feed(part_s, part)
        held.append(np.tile(watch.correction, (len(part_s), 1)))
    return watch, np.concatenate(held)


@pytest.mark.parametrize("rate_hz", [100.0, 1000.0])
def test_a_drift_of_20_n_in_ten_minutes_is_taken_off_swing_and_stance(rate_hz: float) -> None:
    time_s = times(600.0, rate_hz)
    drift = (time_s - START_S)[:, None] / 600.0 * np.array([4.0, -3.0, 20.0, 5.0, -8.0, 2.0])
    watch, correction = fed(time_s, noise(walking(time_s) + drift))
    error = correction - drift
    assert np.abs(error[:, 2]).max() <= 3.0
    assert np.abs(error).max() <= 3.0
    assert np.sqrt(np.mean(error[:, 2] ** 2)) <= 1.0
    assert watch.drift_n == pytest.approx(20.0, abs=1.5)
    assert watch.swing_count >= 490


def test_nothing_is_known_before_some_swings_agree() -> None:
    watch = DriftWatch(DriftSettings())
    assert math.isnan(watch.drift_n)
    time_s = times(20.0)
    seen = []
    for part_s, part in chunks(time_s, walking(time_s) + np.array([0, 0, 8.0, 0, 0, 0])):
        watch.feed(part_s, part)
        seen.append((watch.swing_count, watch.drift_n))
    assert all(math.isnan(drift_n) == (count < 5) for count, drift_n in seen)
    assert watch.drift_n == pytest.approx(8.0)
    assert watch.correction.tolist() == pytest.approx([0, 0, 8.0, 0, 0, 0])


def test_the_correction_changes_in_swing_only() -> None:
    time_s = times(60.0)
    drift = np.zeros((len(time_s), 6))
    drift[:, 2] = (time_s - START_S) * 0.3
    _, correction = fed(time_s, noise(walking(time_s) + drift, 2.0))
    at = np.flatnonzero(np.diff(correction[:, 2]))
    share = ((time_s[at] - START_S) % STRIDE_S) / STANCE_S
    assert len(at) > 20
    assert (share > 1.0).all()


def random_cuts(count: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(0, count), max_size=40).map(sorted)


CUT_TIME_S = times(14.0, 200.0)
CUT_WRENCH = noise(walking(CUT_TIME_S) + np.array([1.0, 2.0, 9.0, 3.0, 4.0, 5.0]), 3.0)


@given(random_cuts(len(CUT_TIME_S)))
@settings(max_examples=30)
def test_the_result_is_the_same_however_the_samples_are_cut(cuts: list[int]) -> None:
    whole = DriftWatch(DriftSettings())
    whole.feed(CUT_TIME_S, CUT_WRENCH)
    parts = DriftWatch(DriftSettings())
    for start, end in zip([0, *cuts], [*cuts, len(CUT_TIME_S)], strict=True):
        parts.feed(CUT_TIME_S[start:end], CUT_WRENCH[start:end])
    assert whole.swing_count == parts.swing_count >= SWINGS
    assert whole.drift_n == parts.drift_n
    assert whole.correction.tolist() == parts.correction.tolist()


def test_what_is_fed_may_be_changed_afterwards() -> None:
    time_s, wrench = times(14.0), walking(times(14.0)) + np.array([0, 0, 9.0, 0, 0, 0])
    watch = DriftWatch(DriftSettings())
    for part_s, part in chunks(time_s, wrench, 7):
        watch.feed(part_s, part)
        part -= 1000.0
    assert watch.drift_n == pytest.approx(9.0)


def vertical(time_s: Array, force_n: Array) -> Array:
    wrench = np.zeros((len(time_s), 6))
    wrench[:, 2] = force_n
    return wrench


AFTER_S = times(120.0) - START_S
SILLY = {
    "a light touch for a minute": np.where((AFTER_S > 5.0) & (AFTER_S < 65.0), 12.0, 0.0),
    "a touch that grows slowly": np.minimum(AFTER_S * 0.2, 20.0),
    "quiet standing with part of the weight": np.full(len(AFTER_S), 30.0),
    "half the weight": np.full(len(AFTER_S), 375.0),
    "the weight shifted from side to side": 350.0 - (290.0 + 50.0 * np.sin(AFTER_S * 0.7)) * np.cos(AFTER_S * 1.9),
    "tapping": np.where(AFTER_S % 1.0 < 0.2, 60.0, 15.0),
    "a minute of standing, then a foot resting": np.where(AFTER_S < 60.0, 700.0, 25.0),
    "a foot that rests for five seconds between steps": np.where(AFTER_S % 6.0 < 1.0, 700.0, 15.0),
    "an empty plate": np.zeros(len(AFTER_S)),
    "stepping off for good": np.where(AFTER_S < 10.0, 700.0, 9.0),
    "a knock every second": np.where(AFTER_S % 1.0 < 0.02, 900.0, 0.0),
}


@pytest.mark.parametrize("name", SILLY)
def test_nothing_but_walking_moves_the_zero(name: str) -> None:
    """Walked first, so that a drift of 6 N is known; then something else, and it must stay known."""
    before_s = times(20.0)
    watch, _ = fed(before_s, noise(walking(before_s) + np.array([0, 0, 6.0, 0, 0, 0]), 2.0))
    after_s = times(120.0) + 20.0
    fed(after_s, noise(vertical(after_s, SILLY[name] + 6.0), 2.0, seed=1), watch)
    assert watch.correction[2] == pytest.approx(6.0, abs=1.0)
    assert watch.drift_n == pytest.approx(6.0, abs=1.0)


def test_a_foot_put_down_lightly_in_some_swings_does_not_move_the_zero() -> None:
    time_s = times(120.0)
    stride = ((time_s - START_S) // STRIDE_S).astype(int)
    is_swing = (time_s - START_S) % STRIDE_S > STANCE_S
    touch_n = np.where(is_swing & (stride % 4 == 0), 15.0, 0.0)
    _, correction = fed(time_s, noise(walking(time_s) + vertical(time_s, touch_n), 3.0))
    assert np.abs(correction[:, 2]).max() <= 2.0


def test_a_foot_that_touches_with_changing_force_in_every_swing_does_not_move_the_zero() -> None:
    time_s = times(120.0)
    stride = ((time_s - START_S) // STRIDE_S).astype(int)
    forces_n = np.random.default_rng(3).uniform(0.0, 60.0, stride.max() + 1)
    touch_n = np.where((time_s - START_S) % STRIDE_S > STANCE_S, forces_n[stride], 0.0)
    watch, correction = fed(time_s, walking(time_s) + vertical(time_s, touch_n))
    assert not correction.any()
    assert watch.swing_count > 60


def test_a_foot_that_drags_unsteadily_in_every_swing_does_not_move_the_zero() -> None:
    time_s = times(60.0)
    is_swing = (time_s - START_S) % STRIDE_S > STANCE_S
    drag_n = np.where(is_swing, np.random.default_rng(4).normal(25.0, 20.0, len(time_s)), 0.0)
    watch, correction = fed(time_s, walking(time_s) + vertical(time_s, drag_n))
    assert math.isnan(watch.drift_n)
    assert not correction.any()


def test_of_a_swing_the_stillest_part_counts() -> None:
    """A foot that grazes the plate with a force rising to 15 N in the last fifth of a second before it lands."""
    time_s = times(60.0)
    to_contact_s = STRIDE_S - (time_s - START_S) % STRIDE_S
    graze_n = np.clip(15.0 * (1.0 - to_contact_s / 0.2), 0.0, None)
    watch, _ = fed(time_s, walking(time_s) + vertical(time_s, np.where(to_contact_s < 0.2, graze_n, 0.0)))
    assert watch.drift_n == pytest.approx(0.0, abs=0.5)


def test_a_few_samples_a_second_say_nothing() -> None:
    time_s = times(120.0, 40.0)
    watch, _ = fed(time_s, walking(time_s))
    assert watch.swing_count == 0


def test_a_plate_that_is_silent_about_swing_is_not_judged_by_the_valleys() -> None:
    time_s, shape_n = two_humps()
    shape_n[shape_n < 20.0] = math.nan
    watch, _ = fed(time_s, vertical(time_s, shape_n))
    assert watch.swing_count == 0


def two_humps() -> tuple[Array, Array]:
    """Humps 150 N above a valley that is flat for half a second."""
    time_s = times(60.0)
    beat_s = (time_s - START_S) % 3.0
    shape_n = np.interp(beat_s, [0, 0.1, 0.5, 0.7, 1.2, 1.4, 1.8, 1.9, 3.0], [0, 850, 850, 680, 680, 850, 850, 0, 0])
    return time_s, shape_n


def test_the_valley_of_a_slow_stance_is_no_swing() -> None:
    time_s, shape_n = two_humps()
    watch, correction = fed(time_s, noise(vertical(time_s, shape_n), 2.0))
    assert watch.drift_n == pytest.approx(0.0, abs=1.0)
    assert np.abs(correction[:, 2]).max() <= 1.0


@pytest.mark.parametrize("jump_n", [80.0, -80.0, 300.0, -300.0])
def test_a_jump_beyond_the_limit_is_told_and_not_followed(jump_n: float) -> None:
    time_s = times(60.0)
    jump = np.where(time_s - START_S < 25.0, 0.0, jump_n)
    watch, correction = fed(time_s, noise(walking(time_s) + vertical(time_s, jump)))
    assert np.abs(correction[:, 2]).max() <= 3.0
    assert watch.drift_n == pytest.approx(jump_n, abs=1.0)
    assert f"moved by {watch.drift_n:.1f} N, too far to be corrected (50 N allowed)" in watch.problem()


def test_a_jump_within_the_limit_is_followed_once_five_swings_agree() -> None:
    time_s = times(60.0)
    jump = np.where(time_s - START_S < 25.0, 0.0, 30.0)
    watch, correction = fed(time_s, noise(walking(time_s) + vertical(time_s, jump)))
    followed_s = time_s[np.flatnonzero(correction[:, 2] > 25.0)[0]] - START_S - 25.0
    assert 5 * STRIDE_S <= followed_s <= 8 * STRIDE_S
    assert "moved by 30.0 N since zeroing (20 N expected" in watch.problem().replace(f"{watch.drift_n:.1f}", "30.0")


def test_a_small_drift_is_no_problem() -> None:
    time_s = times(20.0)
    watch, _ = fed(time_s, walking(time_s) + vertical(time_s, np.full(len(time_s), 10.0)))
    assert watch.drift_n == pytest.approx(10.0)
    assert watch.problem() == ""
    assert DriftWatch(DriftSettings()).problem() == ""


def test_gaps_and_missing_values_only_delay() -> None:
    time_s = times(60.0)
    wrench = walking(time_s) + np.array([3.0, 0, 8.0, 0, 0, 0])
    wrench[:, 5] = math.nan  # not measured
    wrench[20_000:20_100, 2] = math.nan
    kept = np.ones(len(time_s), bool)
    kept[30_000:33_333] = False
    watch, correction = fed(time_s[kept], wrench[kept])
    assert watch.drift_n == pytest.approx(8.0)
    assert watch.correction.tolist() == pytest.approx([3.0, 0, 8.0, 0, 0, 0])
    assert np.isfinite(correction).all()


def test_a_lull_of_which_most_is_lost_is_no_swing() -> None:
    """A foot that rests for five seconds between steps, of which the wire loses four."""
    phase_s = AFTER_S % 6.0
    kept = (phase_s < 1.3) | (phase_s > 5.4)
    watch, _ = fed(START_S + AFTER_S[kept], vertical(AFTER_S, np.where(phase_s < 1.0, 700.0, 15.0))[kept])
    assert watch.swing_count == 0


def test_a_clock_that_is_set_back_only_delays() -> None:
    time_s = times(30.0)
    watch, _ = fed(time_s, walking(time_s) + vertical(time_s, np.full(len(time_s), 8.0)))
    fed(time_s - 1000.4, walking(time_s) + vertical(time_s, np.full(len(time_s), 10.0)), watch)
    assert watch.drift_n == pytest.approx(10.0)


def test_a_plate_that_measures_no_vertical_force_has_no_drift() -> None:
    time_s = times(20.0)
    wrench = walking(time_s)
    wrench[:, 2] = math.nan
    watch, correction = fed(time_s, wrench)
    assert math.isnan(watch.drift_n)
    assert not correction.any()


RECORDINGS = {
    "grf_camargo_ab_treadmill_slow_and_normal_200hz": (("fz_left_N", "fz_right_N"), 45),
    "grf_ceinms_s06_treadmill_4p5kmh_100hz": (("fz_left_N", "fz_right_N"), 45),
    "grf_gatk_onefoot_perturbed_100hz": (("fz_N",), 35),
    "grf_dryft_running_drift_300hz": (("fz_N",), 0),
}


def recording(folder: Path, name: str) -> Array:
    return np.genfromtxt(folder / f"{name}.csv", delimiter=",", names=True)


@pytest.mark.parametrize("name", RECORDINGS)
def test_in_a_recording_swings_are_found_and_the_zero_stays(data_folder: Path, name: str) -> None:
    """Its plates were zeroed and drift little; nothing is to be corrected beyond what the swings show."""
    table, (columns, swings) = recording(data_folder, name), RECORDINGS[name]
    for column in columns:
        watch, correction = fed(table["time_s"], vertical(table["time_s"], table[column]))
        assert watch.swing_count >= swings
        assert np.abs(correction[:, 2]).max() <= 8.0


@pytest.mark.parametrize("column", ["fz_left_N", "fz_right_N"])
def test_drift_added_to_a_recording_is_found(data_folder: Path, column: str) -> None:
    table = recording(data_folder, "grf_ceinms_s06_treadmill_4p5kmh_100hz")
    time_s = table["time_s"]
    drift_n = 12.0 + 0.1 * (time_s - time_s[0])
    _, correction = fed(time_s, noise(vertical(time_s, table[column] + drift_n)))
    settled = time_s - time_s[0] > 12.0
    assert np.abs(correction[settled, 2] - drift_n[settled]).max() <= 3.0
