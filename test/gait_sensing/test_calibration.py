# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gait_sensing.calibration.load_cell import CalibrationSettings, LoadCellCalibration
from gait_sensing.samples import Array, ForceReadings

AXES = [
    ["+x", "+y", "+z"],
    ["-y", "+x", "+z"],  # turned by a quarter about the vertical
    ["+y", "+x", "-z"],  # upside down
    ["+y", "+z", "-x"],  # on its side
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


MATRIX = np.array(
    [
        [0, 0, 50.0, 0, 0, 2.0],
        [0, -40.0, 0, 0, 1.0, 0],
        [90.0, 0, 0, 3.0, 0, 0],
        [0.5, 0, 0, 2.0, 0, 0],
        [0, 0.1, 0, 0, 1.5, 0],
        [0, 0, 0.2, 0, 0, -1.0],
    ]
)


@given(
    st.sampled_from(AXES),
    st.sampled_from([[], MATRIX.ravel().tolist()]),
    st.tuples(st.floats(-1, 1), st.floats(-1, 1), st.floats(-0.3, 0.3)),
    st.lists(st.tuples(forces, centres, st.floats(-10, 10)), min_size=1, max_size=4),
)
def test_there_and_back(
    axes: list[str],
    matrix: list[float],
    origin_m: tuple[float, float, float],
    loads: list[tuple[Array, Array, float]],
) -> None:
    calibration = LoadCellCalibration(CalibrationSettings(axes=axes, matrix=matrix, origin_m=list(origin_m)))
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


@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize("missing", range(6))
def test_an_axis_that_is_not_measured_spoils_no_other(axes: list[str], missing: int) -> None:
    """Against the same reading with all six measured."""
    raw = np.array([[3.0, 5.0, 700.0, 11.0, 13.0, 17.0]])
    calibration = LoadCellCalibration(CalibrationSettings(axes=axes))
    whole = calibration.wrench(readings(raw[:, :3], raw[:, 3:]))
    raw[0, missing] = math.nan
    part = calibration.wrench(readings(raw[:, :3], raw[:, 3:]))
    assert np.isnan(part).sum() == 1
    np.testing.assert_array_equal(part[np.isfinite(part)], whole[np.isfinite(part)])


def test_a_plate_that_measures_vertical_force_and_tilting_moments_has_a_centre_of_pressure() -> None:
    force, moment = np.array([[math.nan, math.nan, 100.0]]), np.array([[10.0, -30.0, math.nan]])
    _, _, centre = LoadCellCalibration(CalibrationSettings()).apply(readings(force, moment))
    assert centre.tolist() == [[pytest.approx(0.3), pytest.approx(0.1)]]


@pytest.mark.parametrize(
    ("force", "moment", "origin_m", "is_missing"),
    [
        ([0, 0, 100], [math.nan, 5, 0], [0, 0, 0], [False, True]),
        ([0, 0, 100], [5, math.nan, 0], [0, 0, 0], [True, False]),
        ([0, 0, math.nan], [5, 5, 0], [0, 0, 0], [True, True]),
        ([math.nan, 0, 100], [5, 5, 0], [0, 0, -0.1], [True, False]),  # buried: shear has a lever
        ([0, math.nan, 100], [5, 5, 0], [0, 0, -0.1], [False, True]),
    ],
)
def test_a_centre_of_pressure_is_missing_where_its_moment_is(force, moment, origin_m, is_missing) -> None:
    _, _, centre = LoadCellCalibration(CalibrationSettings(origin_m=origin_m)).apply(one(force, moment))
    assert np.isnan(centre).tolist() == [is_missing]


def test_the_matrix_comes_before_zero_and_axes() -> None:
    calibration = LoadCellCalibration(CalibrationSettings(matrix=MATRIX.ravel().tolist(), axes=["-y", "+x", "+z"]))
    first = np.array([0.1, 0.02, 0.03, 0.5, 0.6, 0.7])
    second = np.array([0.2, 0.3, 0.4, 0.5, 0.6, 0.8])
    calibration.zero(one(first[:3].tolist(), first[3:].tolist()))
    x_n, y_n, z_n, x_nm, y_nm, z_nm = MATRIX @ (second - first)
    found = calibration.wrench(one(second[:3].tolist(), second[3:].tolist()))
    np.testing.assert_allclose(found, [[-y_n, x_n, z_n, -y_nm, x_nm, z_nm]])


def test_through_a_matrix_a_missing_value_reaches_only_what_depends_on_it() -> None:
    calibration = LoadCellCalibration(CalibrationSettings(matrix=MATRIX.ravel().tolist()))
    raw = np.array([[1.0, 2.0, math.nan, 4.0, 5.0, 6.0], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]])
    wrench = calibration.wrench(readings(raw[:, :3], raw[:, 3:]))
    assert np.isnan(wrench[0]).tolist() == [True, False, False, False, False, True]
    np.testing.assert_allclose(wrench[0, 1:5], wrench[1, 1:5])
    np.testing.assert_allclose(wrench[1], MATRIX @ raw[1])


@pytest.mark.parametrize(
    ("matrix", "problem"),
    [
        ([1.0] * 35, "expected 36 numbers"),
        (["1"] * 36, "expected 36 numbers"),
        ([1.0] * 36, "no inverse"),
        (np.diag([1, 1, 1, 1, 1, 0.0]).ravel().tolist(), "no inverse"),
    ],
)
def test_a_matrix_must_be_whole_and_invertible(matrix: list[float], problem: str) -> None:
    with pytest.raises(ValueError, match=f"matrix: got .*{problem}"):
        LoadCellCalibration(CalibrationSettings(matrix=matrix))


def test_a_matrix_of_very_different_units_is_no_singular_one() -> None:
    matrix = np.diag([1e6, 1e6, 1e6, 1e-6, 1e-6, 1e-6])
    calibration = LoadCellCalibration(CalibrationSettings(matrix=matrix.ravel().tolist()))
    force_n, centre_m = np.array([[30.0, -20.0, 700.0]]), np.array([[0.2, 0.1]])
    found_n, found_nm, found_m = calibration.apply(readings(*calibration.to_sensor(force_n, centre_m, 5.0)))
    np.testing.assert_allclose(found_n, force_n)
    np.testing.assert_allclose(found_nm, [[70.0, -140.0, 0.2 * -20.0 - 0.1 * 30.0 + 5.0]])
    np.testing.assert_allclose(found_m, centre_m)


def centres_on(settings: CalibrationSettings, centres_m: list[list[float]]) -> tuple[LoadCellCalibration, Array]:
    calibration = LoadCellCalibration(settings)
    sensed = calibration.to_sensor(np.tile([0.0, 0.0, 500.0], (len(centres_m), 1)), np.array(centres_m))
    return calibration, calibration.apply(readings(*sensed))[2]


def test_a_centre_of_pressure_outside_the_plate_is_none_and_is_counted() -> None:
    settings = CalibrationSettings(origin_m=[0.1, 0.3, -0.05], size_m=[1.6, 0.5], cop_margin_m=0.02)
    inside = [[0.1, 0.3], [0.919, 0.3], [-0.719, 0.3], [0.1, 0.569], [0.1, 0.031]]
    outside = [[0.921, 0.3], [-0.721, 0.3], [0.1, 0.571], [0.1, 0.029]]
    calibration, centre = centres_on(settings, inside + outside)
    np.testing.assert_allclose(centre[: len(inside)], inside)
    assert np.isnan(centre[len(inside) :]).all()
    assert calibration.off_plate_count == len(outside)


def test_the_sensor_need_not_be_in_the_middle_of_the_plate() -> None:
    settings = CalibrationSettings(origin_m=[0.8, 0.5, 0.0], size_m=[1.6, 0.5], plate_centre_m=[0.0, 0.25])
    calibration, centre = centres_on(settings, [[-0.7, 0.1], [0.9, 0.25]])
    np.testing.assert_allclose(centre, [[-0.7, 0.1], [math.nan, math.nan]], atol=1e-12)
    assert calibration.off_plate_count == 1


def test_an_unloaded_plate_counts_nothing_as_outside() -> None:
    calibration = LoadCellCalibration(CalibrationSettings(size_m=[1.0, 1.0]))
    calibration.apply(one([0, 0, 1.0], [100.0, 100.0, 0]))
    assert calibration.off_plate_count == 0


@pytest.mark.parametrize(
    ("name", "value"), [("size_m", [1.0]), ("size_m", [1.0, 0.0]), ("plate_centre_m", [1.0, 2.0, 3.0])]
)
def test_geometry_must_make_sense(name: str, value: list[float]) -> None:
    with pytest.raises(ValueError, match=f"{name}: got"):
        LoadCellCalibration(CalibrationSettings(**{"size_m": [1.0, 1.0], name: value}))


def test_zero_is_refused_while_somebody_steps() -> None:
    """A foot that comes for a twentieth of the time: 30 N on average, well below the load allowed."""
    force_n = np.zeros((500, 3))
    force_n[240:265, 2] = 600.0
    calibration = LoadCellCalibration(CalibrationSettings())
    with pytest.raises(ValueError, match=r"somebody is stepping: the load changes by 130\.8 N .* 20 N allowed"):
        calibration.zero(readings(force_n, np.zeros((500, 3))))
    assert calibration.apply(one([0, 0, 100], [0, 0, 0]))[0].tolist() == [[0, 0, 100]]


def test_zero_of_a_noisy_empty_plate_is_taken() -> None:
    force_n = np.random.default_rng(1).normal(10.0, 5.0, (500, 3))
    assert LoadCellCalibration(CalibrationSettings()).zero(readings(force_n, np.zeros((500, 3)))) == pytest.approx(
        10.0, abs=1.0
    )


def test_zero_leaves_out_what_is_missing() -> None:
    calibration = LoadCellCalibration(CalibrationSettings())
    force = np.array([[math.nan, 2.0, 10.0], [math.nan, math.nan, 12.0], [math.nan, 4.0, math.nan]])
    assert calibration.zero(readings(force, np.zeros((3, 3)))) == pytest.approx(11.0)
    np.testing.assert_array_equal(calibration.wrench(one([1.0, 5.0, 111.0], [0, 0, 0]))[0, :3], [1.0, 2.0, 100.0])
