# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gait_sensing.calibration import CalibrationSettings, LoadCellCalibration
from gait_sensing.samples import Array, ForceReadings

AXES = [
    ["+x", "+y", "+z"],
    ["-y", "+x", "+z"],  # turned by a quarter about the vertical
    ["+y", "+x", "-z"],  # upside down
    ["-x", "-y", "-z"],  # reports what the foot does to it
]


def readings(force_n: Array, moment_nm: Array) -> ForceReadings:
    return ForceReadings(np.arange(len(force_n)), force_n, moment_nm)


def one(force_n: list[float], moment_nm: list[float]) -> ForceReadings:
    return readings(np.array([force_n]), np.array([moment_nm]))


def test_centre_of_pressure_of_a_weight_beside_the_sensor() -> None:
    """100 N straight up, 0.3 m ahead and 0.1 m to the left of a sensor level with the surface."""
    force, moment, centre = LoadCellCalibration(CalibrationSettings()).apply(one([0, 0, 100], [10.0, -30.0, 0]))
    assert centre.tolist() == [[pytest.approx(0.3), pytest.approx(0.1)]]
    assert force.tolist() == [[0, 0, 100]]
    assert moment.tolist() == [[10.0, -30.0, 0.0]]


def test_shear_above_a_buried_sensor_does_not_move_the_centre() -> None:
    """Sensor 0.2 m deep: 50 N forward and 20 N left at the surface right above it bring moments of their own."""
    calibration = LoadCellCalibration(CalibrationSettings(origin_m=[0.5, 0.25, -0.2]))
    _, _, centre = calibration.apply(one([50, 20, 500], [-4.0, 10.0, 3.0]))
    assert centre.tolist() == [[pytest.approx(0.5), pytest.approx(0.25)]]


forces = st.tuples(st.floats(-200, 200), st.floats(-200, 200), st.floats(30, 2000))
centres = st.tuples(st.floats(-1, 1), st.floats(-0.5, 0.5))


@given(
    st.sampled_from(AXES),
    st.tuples(st.floats(-1, 1), st.floats(-1, 1), st.floats(-0.3, 0.3)),
    st.lists(st.tuples(forces, centres, st.floats(-10, 10)), min_size=1, max_size=4),
)
def test_there_and_back(
    axes: list[str], origin_m: tuple[float, float, float], loads: list[tuple[Array, Array, float]]
) -> None:
    calibration = LoadCellCalibration(CalibrationSettings(axes=axes, origin_m=list(origin_m)))
    force_n = np.array([load[0] for load in loads])
    centre_m = np.array([load[1] for load in loads])
    sensed = calibration.to_sensor(force_n, centre_m, np.array([load[2] for load in loads]))
    force, _, centre = calibration.apply(readings(*sensed))
    np.testing.assert_allclose(force, force_n, atol=1e-9)
    np.testing.assert_allclose(centre, centre_m, atol=1e-9)


def test_axes_say_which_sensor_axis_gives_which_lab_axis() -> None:
    calibration = LoadCellCalibration(CalibrationSettings(axes=["-y", "+x", "+z"]))
    force, moment, _ = calibration.apply(one([1, 2, 100], [4, 5, 6]))
    assert force.tolist() == [[-2, 1, 100]]
    assert moment.tolist() == [[-5, 4, 6]]


def test_a_free_moment_is_not_a_lever() -> None:
    force, moment = LoadCellCalibration(CalibrationSettings()).to_sensor(
        np.array([[0.0, 0.0, 100.0]]), np.array([[0.0, 0.0]]), 7.0
    )
    assert moment.tolist() == [[0.0, 0.0, 7.0]]
    assert force.tolist() == [[0.0, 0.0, 100.0]]


def test_no_centre_of_pressure_when_unloaded_or_pulled() -> None:
    calibration = LoadCellCalibration(CalibrationSettings(cop_min_force_n=20.0))
    loads = np.array([[0, 0, 0], [0, 0, 19.9], [0, 0, -500.0], [0, 0, 20.0]])
    _, _, centre = calibration.apply(readings(loads, np.zeros((4, 3))))
    assert np.isnan(centre).all(axis=1).tolist() == [True, True, True, False]


def test_an_unloaded_plate_is_sensed_as_nothing() -> None:
    calibration = LoadCellCalibration(CalibrationSettings(origin_m=[1.0, 1.0, 1.0]))
    force, moment = calibration.to_sensor(np.zeros((2, 3)), np.full((2, 2), math.nan))
    assert not force.any()
    assert not moment.any()


def test_zero_takes_the_mean_away() -> None:
    calibration = LoadCellCalibration(CalibrationSettings(axes=["-x", "-y", "-z"]))
    drifted = np.array([[1.0, 2.0, -10.0], [3.0, 2.0, -12.0]])
    assert calibration.zero(readings(drifted, np.full((2, 3), 0.5))) == pytest.approx(11.0)
    force, moment, _ = calibration.apply(one([2.0, 2.0, -111.0], [0.5, 0.5, 0.5]))
    assert force.tolist() == [[0.0, 0.0, pytest.approx(100.0)]]
    assert not moment.any()
    assert calibration.zero(one([2.0, 2.0, -12.0], [0.5, 0.5, 0.5])) == pytest.approx(1.0)  # counted from the last zero


@pytest.mark.parametrize("load_n", [50.1, -50.1, math.nan])
def test_zero_is_refused_under_load_and_changes_nothing(load_n: float) -> None:
    calibration = LoadCellCalibration(CalibrationSettings(zero_max_load_n=50.0))
    with pytest.raises(ValueError, match=f"{load_n:.1f} N found, 50 N allowed"):
        calibration.zero(one([0, 0, load_n], [0, 0, 0]))
    assert calibration.apply(one([0, 0, 100], [0, 0, 0]))[0].tolist() == [[0, 0, 100]]


def test_zero_wants_samples() -> None:
    with pytest.raises(ValueError, match="no samples"):
        LoadCellCalibration(CalibrationSettings()).zero(readings(np.zeros((0, 3)), np.zeros((0, 3))))


@pytest.mark.parametrize(
    "axes", [["+x", "+y"], ["+x", "+x", "+z"], ["+x", "-x", "+z"], ["x", "y", "z"], ["+x", "+y", "+w"]]
)
def test_axes_must_be_a_signed_permutation(axes: list[str]) -> None:
    with pytest.raises(ValueError, match="axes: got"):
        LoadCellCalibration(CalibrationSettings(axes=axes))


def test_origin_has_three_numbers() -> None:
    with pytest.raises(ValueError, match="origin_m"):
        LoadCellCalibration(CalibrationSettings(origin_m=[0.0, 1.0]))
