# SPDX-License-Identifier: Apache-2.0
"""A recording comes out as it was recorded, at any rate, with nothing made up."""

import numpy as np
import pytest

from gait_sim.recorded import Recorded, RecordedSettings


@pytest.fixture
def recorded(tmp_path):
    def make(columns: dict[str, list[float]], **settings: str) -> Recorded:
        path = tmp_path / "recording.csv"
        rows = zip(*columns.values(), strict=True)
        path.write_text("\n".join([",".join(columns), *(",".join(map(str, row)) for row in rows)]) + "\n")
        return Recorded(RecordedSettings(str(path), **settings))

    return make


def imu_columns(prefix: str, n: int) -> dict[str, list[float]]:
    names = [f"{prefix}{kind}_{axis}" for kind in ("acc", "gyr") for axis in "xyz"]
    return {name: [number + 0.01 * row for row in range(n)] for number, name in enumerate(names)}


def test_plates_have_the_labs_axes_and_are_linear_between_rows(recorded):
    person = recorded(
        {
            "time_s": [534.0, 534.01, 534.02],
            "fz_left_N": [0.0, 100.0, 200.0],
            "fap_left_N": [0.0, -10.0, 10.0],
            "cop_ap_left_m": [0.3, 0.2, 0.1],
            "cop_ml_left_m": [-0.1, -0.2, -0.1],
        }
    )
    assert person.end_s == pytest.approx(0.02)
    force_n, centre_m = person.plate("left_belt", np.array([0.0, 0.0025, 0.01, 0.015]))
    assert force_n[:, 2] == pytest.approx([0.0, 25.0, 100.0, 150.0])
    assert force_n[:, 0] == pytest.approx([0.0, -2.5, -10.0, 0.0], abs=1e-9)
    assert force_n[:, 1] == pytest.approx(np.zeros(4))
    assert centre_m[:, 0] == pytest.approx([0.2, 0.2, 0.2, 0.15])  # where there was no load there was no centre
    assert centre_m[:, 1] == pytest.approx([0.2, 0.2, 0.2, 0.15])  # to the left
    assert person.has_plate("left_belt")
    assert not person.has_plate("right_belt")
    assert not person.has_segment("pelvis")
    assert person.describe()["missing"] == []


def test_what_is_missing_is_said_and_not_made_up(recorded):
    person = recorded({"time_s": [0.0, 0.01], "fz_right_N": [5.0, 5.0]})
    force_n, centre_m = person.plate("right_belt", np.array([0.005]))
    assert force_n.tolist() == [[0.0, 0.0, 5.0]]
    assert np.isnan(centre_m).all()
    assert person.describe()["missing"] == ["fap_right_N", "cop_ap_right_m", "cop_ml_right_m"]
    assert not person.is_truth_known


def test_imus_have_their_segments(recorded):
    columns = {"time_s": [0.0, 0.01, 0.02], **imu_columns("leftfoot_", 3), **imu_columns("lumbar_", 3)}
    person = recorded(columns)
    assert [name for name in ("left_foot", "right_foot", "pelvis", "left_shank") if person.has_segment(name)] == [
        "left_foot", "pelvis",
    ]  # fmt: skip
    reading = person.imu("pelvis", 0.005, 7)
    assert reading.tick == 7
    assert reading.acceleration_mps2 == pytest.approx((0.005, 1.005, 2.005))
    assert reading.angular_rate_radps == pytest.approx((3.005, 4.005, 5.005))
    assert reading.orientation_xyzw is None


def test_a_single_sensor_needs_a_name(recorded):
    imu, force = {"time_s": [0.0, 0.01], **imu_columns("", 2)}, {"time_s": [0.0, 0.01], "fz_N": [3.0, 4.0]}
    for columns in (imu, force):
        with pytest.raises(ValueError, match="segment or plate"):
            recorded(columns)
    assert recorded(imu, segment="right_foot").imu("right_foot", 0.01, None).acceleration_mps2[0] == pytest.approx(0.01)
    assert recorded(force, plate="right_belt").plate("right_belt", np.array([0.01]))[0][0, 2] == pytest.approx(4.0)


def test_nothing_is_measured_in_gaps(recorded):
    time_s = [n / 100 for n in range(20)] + [0.5 + n / 100 for n in range(20)]
    valid = [0 if 3 <= n < 10 else 1 for n in range(40)]
    imu = recorded({"time_s": time_s, "valid": valid, **imu_columns("", 40)}, segment="left_foot")
    measured = [imu.imu("left_foot", t, None) is not None for t in (0.015, 0.05, 0.15, 0.3, 0.55)]
    assert measured == [True, False, True, False, True]
    plate = recorded({"time_s": time_s, "fz_left_N": [700.0] * 40})
    force_n, _ = plate.plate("left_belt", np.array([0.15, 0.3, 0.55]))
    assert np.isnan(force_n[:, 2]).tolist() == [False, True, False]


@pytest.mark.parametrize(
    "columns",
    [
        {"fz_left_N": [1.0, 2.0]},
        {"time_s": [0.0], "fz_left_N": [1.0]},
        {"time_s": [0.0, 0.0], "fz_left_N": [1.0, 2.0]},
        {"time_s": [0.0, 0.1], "fz_left_N": ["a", "b"]},
    ],
)
def test_a_file_that_cannot_be_played_is_refused(recorded, columns):
    with pytest.raises(ValueError, match="recording"):
        recorded(columns)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ValueError, match="cannot be read"):
        Recorded(RecordedSettings(str(tmp_path / "none.csv")))


def test_a_real_recording_keeps_its_threshold_crossings(data_folder):
    path = data_folder / "grf_camargo_ab_treadmill_slow_and_normal_200hz.csv"
    person = Recorded(RecordedSettings(str(path)))
    table = np.genfromtxt(path, delimiter=",", names=True)
    time_s, fz_n = table["time_s"] - table["time_s"][0], table["fz_left_N"]
    force_n, _ = person.plate("left_belt", np.arange(0.0, person.end_s, 0.001))
    rises = [np.flatnonzero((f[1:] >= 20.0) & (f[:-1] < 20.0)) for f in (force_n[:, 2], fz_n)]
    assert len(rises[0]) == len(rises[1]) > 40
    assert (rises[0] + 1) / 1000 == pytest.approx(time_s[rises[1] + 1], abs=0.0051)
