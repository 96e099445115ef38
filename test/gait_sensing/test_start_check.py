# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest

from gait_sensing.calibration.start_check import check_body_weight, check_gravity, check_vertical_axis
from gait_sensing.samples import Array

G_MPS2 = 9.80665


def at_rest(size: float, noise: float = 0.02) -> Array:
    direction = np.array([0.6, -0.48, 0.64])
    return size * direction + np.random.default_rng(0).normal(0.0, noise * max(size, 1.0) / G_MPS2, (100, 3))


@pytest.mark.parametrize("ratio", [1.0, 0.975, 1.025])
def test_gravity_in_any_direction_is_no_problem(ratio: float) -> None:
    assert check_gravity(at_rest(G_MPS2 * ratio)) == ""


@pytest.mark.parametrize(
    ("size", "found", "hint"),
    [
        (1.0, "is 1.000, expected 9.80665", "seem to be in g:"),
        (1000.0, "is 999.", "in thousandths of g"),
        (980.7, "is 980.", "in cm/s2"),
        (32.17, "is 32.1", "in ft/s2"),
        (96.17, "is 96.1", "converted twice"),
        (0.0, "is 0.0", "free acceleration"),
        (10.35, "is 10.3", "calibrated"),
        (9.35, "is 9.3", "calibrated"),
        (4.95, "is 4.9", "calibrated"),
    ],
)
def test_a_wrong_unit_of_acceleration_is_named(size: float, found: str, hint: str) -> None:
    text = check_gravity(at_rest(size))
    assert found in text
    assert "expected 9.80665 m/s2 within 3 %" in text
    assert hint in text


def test_a_moving_sensor_is_not_judged() -> None:
    shaken = at_rest(G_MPS2)
    shaken[::2] *= 1.1
    text = check_gravity(shaken)
    assert text.startswith("the sensor is not at rest: its acceleration changes by 0.49 m/s2")


def test_missing_acceleration_is_named_and_a_few_missing_samples_do_no_harm() -> None:
    nothing = np.full((5, 3), math.nan)
    assert "no acceleration was measured" in check_gravity(nothing)
    assert "no acceleration was measured" in check_gravity(np.zeros((0, 3)))
    assert "no acceleration was measured" in check_vertical_axis(nothing, "+z")
    assert check_gravity(np.vstack([nothing, at_rest(G_MPS2)])) == ""
    assert check_vertical_axis(np.vstack([nothing, [[0.0, 0.0, G_MPS2]]]), "+z") == ""


def tilted(degrees: float) -> Array:
    return np.tile([G_MPS2 * math.sin(math.radians(degrees)), 0.0, G_MPS2 * math.cos(math.radians(degrees))], (3, 1))


def test_the_axis_that_is_up_may_lean() -> None:
    assert check_vertical_axis(tilted(29.0), "+z") == ""
    assert check_vertical_axis(-tilted(29.0), "-z") == ""
    assert check_vertical_axis(tilted(61.0), "+x") == ""


@pytest.mark.parametrize(
    ("degrees", "up", "angle", "true"),
    [
        (31.0, "+z", 31, "+z"),
        (0.0, "-z", 180, "+z"),
        (180.0, "+z", 180, "-z"),
        (0.0, "+y", 90, "+z"),
        (90.0, "+z", 90, "+x"),
    ],
)
def test_a_wrong_axis_is_named_with_the_right_one(degrees: float, up: str, angle: int, true: str) -> None:
    text = check_vertical_axis(tilted(degrees), up)
    assert f"axis {up} is {angle} degrees from upward, expected 30 at most; {true} points up" in text


def test_up_must_be_an_axis() -> None:
    with pytest.raises(ValueError, match="up: got 'z'"):
        check_vertical_axis(tilted(0.0), "z")


@pytest.mark.parametrize("measured_kg", [71.5, 75.0, 78.5])
def test_body_weight_within_tolerance_is_no_problem(measured_kg: float) -> None:
    assert check_body_weight(measured_kg, 75.0) == ""


@pytest.mark.parametrize(
    ("measured_kg", "hint"),
    [
        (75.0 / 4.448, "send pounds (lbf) that are taken for N"),
        (75.0 * 4.448, "pounds (lbf) seem to be converted to N twice"),
        (75.0 / 9.81, "send kg that are taken for N"),
        (75.0 * 0.1, "send kg that are taken for N"),
        (75.0 * 9.81, "kg seem to be converted to N twice"),
        (75.0 * 0.4536, "expected mass seems to be given in lb"),
        (75.0 * 2.2046, "as if they were kg"),
        (0.075, "send kN"),
        (37.4, "half of the weight"),
        (150.0, "counted twice"),
        (65.0, "zero the empty plates"),
        (0.0, "zero the empty plates"),
    ],
)
def test_a_wrong_unit_of_force_is_named(measured_kg: float, hint: str) -> None:
    text = check_body_weight(measured_kg, 75.0)
    assert text.startswith(f"the plates measure {measured_kg:.1f} kg, expected 75.0 kg within 5%")
    assert hint in text


@pytest.mark.parametrize(("measured_kg", "expected_kg"), [(math.nan, 75.0), (75.0, math.nan), (75.0, 0.0)])
def test_without_a_mass_there_is_nothing_to_compare(measured_kg: float, expected_kg: float) -> None:
    assert "cannot be compared" in check_body_weight(measured_kg, expected_kg)
