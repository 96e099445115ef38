# SPDX-License-Identifier: Apache-2.0
"""The way of a foot from its IMU, on a foot whose way is a formula: truth, invariance, and what is not told."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from gait_analysis.imu_motion.foot_path import KEEP_S, SETTLE_S, FootPath, FootSwing
from gait_sensing.samples import ImuSample, Side

UNKNOWN = (math.nan,) * 4
RATE_HZ = 100.0
SEED = 4


@pytest.fixture(scope="module")
def script(accuracy_script):
    return accuracy_script("foot_path")


@pytest.fixture(scope="module")
def readings(script):
    return script.Formula().readings(RATE_HZ, SEED)


@pytest.fixture(scope="module")
def left(script):
    return script.Formula().left(SEED)


def feed(path, readings):
    for time_s, x, y, z, p, q, r in readings.tolist():
        path.feed(ImuSample("left_foot", time_s, (x, y, z), (p, q, r), UNKNOWN))


def swing(script, readings, left, side=Side.LEFT, shift_s=0.0):
    path = FootPath(side)
    feed(path, readings)
    return path.swing(shift_s, script.OFF_S + shift_s, script.CONTACT_S + shift_s, left)


def values(found):
    return np.array([value for value in found if not isinstance(value, str)])


def is_unknown(found, but=()):
    return all(math.isnan(getattr(found, name)) for name in FootSwing._fields if name not in ("reason", *but))


def test_a_foot_in_a_formula_goes_as_the_formula_says(script, readings, left):
    found = swing(script, readings, left)
    assert found.reason == ""
    assert found.stride_length_m == pytest.approx(script.LENGTH_M, abs=0.02)
    assert found.foot_clearance_m == pytest.approx(script.formula_clearance_m(), abs=0.01)
    assert found.circumduction_m == pytest.approx(script.OUT_M, abs=0.01)
    assert found.foot_pitch_at_contact_rad == pytest.approx(0.3, abs=0.02)
    assert found.foot_progression_rad == pytest.approx(script.TOE_OUT_RAD, abs=0.03)
    assert 0.0 < found.stride_length_error_m < 0.05


@settings(max_examples=30, deadline=None)
@given(turn=st.tuples(*4 * [st.floats(-1.0, 1.0)]).filter(lambda each: np.linalg.norm(each) > 0.1))
def test_the_mounting_does_not_matter(script, readings, left, turn):
    mounting = Rotation.from_quat(turn)
    turned = np.hstack([readings[:, :1], mounting.apply(readings[:, 1:4]), mounting.apply(readings[:, 4:])])
    found = swing(script, turned, tuple(mounting.apply(left).tolist()))
    assert values(found) == pytest.approx(values(swing(script, readings, left)), abs=1e-9)


@pytest.mark.parametrize("sensor_m", [(-0.15, 0.0, 0.05), (0.1, 0.0, 0.08), (0.0, 0.04, 0.03)])
def test_where_on_the_foot_the_sensor_is_does_not_matter_to_length_clearance_and_pitch(script, left, sensor_m):
    foot = script.Formula(sensor_m=sensor_m)
    found = foot.swing(foot.readings(200.0, SEED), SEED)
    assert found.stride_length_m == pytest.approx(script.LENGTH_M, abs=0.02)
    assert found.foot_clearance_m == pytest.approx(script.formula_clearance_m(), abs=0.01)
    assert found.foot_pitch_at_contact_rad == pytest.approx(0.3, abs=0.01)


def test_the_other_foot_in_a_mirror_gives_the_same_numbers(script, readings, left):
    mirrored = readings * np.array([1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0])
    found = swing(script, mirrored, (-left[0], left[1], -left[2]), Side.RIGHT)
    assert values(found) == pytest.approx(values(swing(script, readings, left)), abs=1e-9)


@given(shift_s=st.floats(-1e5, 1e5))
@settings(max_examples=10, deadline=None)
def test_a_shift_of_time_changes_nothing(script, readings, left, shift_s):
    shifted = readings + shift_s * (np.arange(7) == 0)
    found = swing(script, shifted, left, shift_s=shift_s)
    assert values(found) == pytest.approx(values(swing(script, readings, left)), abs=1e-6)


def test_samples_after_the_foot_has_settled_are_not_looked_at(script, readings, left):
    settled = readings[readings[:, 0] <= script.CONTACT_S + SETTLE_S]
    assert len(settled) < len(readings)
    assert swing(script, settled, left) == swing(script, readings, left)


def test_a_slope_does_not_matter(script):
    foot = script.Formula(slope=0.1)
    found = foot.swing(foot.readings(RATE_HZ, SEED), SEED)
    assert found.stride_length_m == pytest.approx(script.LENGTH_M * math.cos(math.atan(0.1)), abs=0.02)
    assert found.foot_clearance_m == pytest.approx(script.formula_clearance_m(), abs=0.01)
    assert found.foot_pitch_at_contact_rad == pytest.approx(0.3, abs=0.02)


def test_a_foot_that_swings_inward_does_not_swing_out(script):
    foot = script.Formula(out_m=-0.05)
    assert foot.swing(foot.readings(RATE_HZ, SEED), SEED).circumduction_m == pytest.approx(0.0, abs=0.005)


def test_a_foot_that_steps_in_place_has_a_length_and_no_direction(script):
    foot = script.Formula(length_m=0.0, out_m=0.0)
    found = foot.swing(foot.readings(RATE_HZ, SEED), SEED)
    assert found.stride_length_m < 0.05
    assert is_unknown(found, ("stride_length_m", "stride_length_error_m", "foot_pitch_at_contact_rad"))
    assert "too short" in found.reason


def gap(script, readings):
    return readings[(readings[:, 0] < 0.8) | (readings[:, 0] > 0.87)]


def not_a_number(script, readings):
    return np.where((np.abs(readings[:, :1] - 0.8) < 0.04) & (np.arange(7) == 5), np.nan, readings)


def stuck(script, readings):
    held = readings[np.abs(readings[:, 0] - 0.8).argmin(), 1:]
    is_held = (readings[:, 0] >= 0.8) & (readings[:, 0] < 0.95)
    return np.hstack([readings[:, :1], np.where(is_held[:, None], held, readings[:, 1:])])


def clipped(script, readings):
    return np.hstack([readings[:, :4], np.clip(readings[:, 4:], -4.4, 4.4)])


def restless(script, readings):
    shaken = readings.copy()
    shaken[:, 4] += np.where(readings[:, 0] > script.CONTACT_S, np.sin(50.0 * readings[:, 0]), 0.0)
    return shaken


def unfinished(script, readings):
    return readings[readings[:, 0] < script.CONTACT_S + 0.05]


@pytest.mark.parametrize(
    ("spoilt", "reason"),
    [
        (gap, "missing"),
        (not_a_number, "missing"),
        (stuck, "stuck"),
        (clipped, "clipped"),
        (restless, "does not come to rest"),
        (unfinished, "too few samples"),
        (lambda script, readings: readings[:0], "no samples"),
    ],
)
def test_nothing_is_told_of_bad_samples(script, readings, left, spoilt, reason):
    found = swing(script, spoilt(script, readings), left)
    assert is_unknown(found) and reason in found.reason


def test_a_fast_sensor_of_coarse_steps_is_not_taken_for_a_clipped_one(script):
    foot = script.Formula()
    readings = foot.readings(1000.0, SEED, noise=0.0)
    coarse = np.hstack([readings[:, :1], np.round(readings[:, 1:] / 0.005) * 0.005])
    assert foot.swing(coarse, SEED).reason == ""


def test_a_sensor_that_contradicts_itself_tells_the_pitch_alone(script, readings, left):
    found = swing(script, script.with_errors(readings, 0.0, 1.3), left)
    assert is_unknown(found, ("stride_length_error_m", "foot_pitch_at_contact_rad"))
    assert found.foot_pitch_at_contact_rad == pytest.approx(0.3, abs=0.05)
    assert "contradict" in found.reason


def test_a_gyroscope_with_a_bias_tells_the_pitch_that_one_without_tells(script, readings, left):
    plain = swing(script, readings, left)
    for bias_radps in (-0.05, 0.05):
        biased = swing(script, readings + np.array([0.0, 0.0, 0.0, 0.0, *(bias_radps * np.array(left))]), left)
        assert biased.foot_pitch_at_contact_rad == pytest.approx(plain.foot_pitch_at_contact_rad, abs=0.012)


def test_the_error_that_is_told_grows_with_what_does_not_fit(script, readings, left):
    plain, worse = (swing(script, script.with_errors(readings, 0.0, scale), left) for scale in (1.0, 1.08))
    assert worse.reason == "" and worse.stride_length_error_m > 1.5 * plain.stride_length_error_m


def test_a_foot_that_does_not_come_level_has_no_clearance(script):
    foot = script.Formula(contact_pitch_rad=-0.1)
    found = foot.swing(foot.readings(RATE_HZ, SEED), SEED)
    assert math.isnan(found.foot_clearance_m) and "level" in found.reason
    assert found.foot_pitch_at_contact_rad == pytest.approx(-0.1, abs=0.02)
    assert found.stride_length_m == pytest.approx(script.LENGTH_M, abs=0.02)


def test_samples_out_of_order_are_left_out(script, readings, left):
    path = FootPath(Side.LEFT)
    for row in readings:
        feed(path, row[None])
        feed(path, row[None] * 2.0 if row[0] < 0.0 else row[None])
    assert path.swing(0.0, script.OFF_S, script.CONTACT_S, left) == swing(script, readings, left)


def test_memory_is_bounded_and_the_past_of_some_seconds_is_kept(script, readings, left):
    path = FootPath(Side.LEFT)
    feed(path, readings)
    expected = path.swing(0.0, script.OFF_S, script.CONTACT_S, left)
    still = np.zeros((1, 7)) + np.array([0.0, 0.0, 0.0, 9.81, 0.0, 0.0, 0.0])
    sizes = []
    for index in range(20_000):
        feed(path, still + (2.0 + 0.01 * index) * (np.arange(7) == 0))
        if index == int(0.5 * KEEP_S * RATE_HZ):
            assert path.swing(0.0, script.OFF_S, script.CONTACT_S, left) == expected
        sizes.append(len(path._values))
    assert max(sizes) <= 7 * (2.0 * KEEP_S * RATE_HZ + 2)
    assert path.swing(0.0, script.OFF_S, script.CONTACT_S, left)._replace(reason="") != expected


def test_simulated_lengths_are_true_at_all_speeds_rates_and_errors_of_the_sensor(script):
    for row in script.simulated_rows():
        assert row.told_count == row.count > 5, row.name
        assert row.mean_length_error_m <= 0.02, row.name
        assert np.abs(row.clearance_error_m).mean() <= 0.01, row.name
        assert np.abs(row.pitch_error_rad).mean() <= 0.02 and np.abs(row.toe_out_error_rad).mean() <= 0.02, row.name


def test_lengths_in_a_formula_are_true_at_all_rates_and_errors_of_the_sensor(script):
    for row in script.formula_rows():
        assert row.told_count == row.count == 10, row.name
        assert row.mean_length_error_m <= 0.015, row.name
        assert np.abs(row.out_error_m).mean() <= 0.01, row.name


@pytest.mark.parametrize("side", list(Side))
def test_lengths_of_a_recording_agree_with_an_optical_system(script, data_folder, side):
    readings = next(each for name, each, _ in script.recordings() if name == f"gaitmap {side.value}")
    errors_m = script.marker_errors_m(script.strides(readings, side), side)
    assert len(errors_m) >= 25 and np.isfinite(errors_m).all()
    assert np.abs(errors_m).mean() <= (0.02 if side is Side.LEFT else 0.04)  # that of the right foot is less sure
    assert abs(errors_m.mean()) <= 0.015


def test_both_feet_of_a_person_after_a_stroke_show_the_speed_of_one_belt(script, data_folder):
    speeds_mps = []
    for name, readings, side in script.recordings():
        if name.startswith("stroke"):
            walked = script.strides(readings, side)
            assert all(each.swing.reason == "" for each in walked) and len(walked) > 50
            speeds_mps.append(np.median(script.speeds_mps(walked)))
    assert speeds_mps[0] == pytest.approx(speeds_mps[1], rel=0.01)


def test_real_sensors_mounted_otherwise_say_the_same(script, data_folder):
    name, readings, side = next(each for each in script.recordings() if each[0] == "stroke pp07 left")
    first = readings[readings[:, 0] < readings[0, 0] + 20.0]
    mounting = Rotation.random(rng=np.random.default_rng(8))
    turned = np.hstack([first[:, :1], mounting.apply(first[:, 1:4]), mounting.apply(first[:, 4:])])
    pairs = list(zip(script.strides(first, side), script.strides(turned, side), strict=True))
    assert len(pairs) > 10, name
    for plain, other in pairs:
        assert values(other.swing) == pytest.approx(values(plain.swing), abs=1e-3)
