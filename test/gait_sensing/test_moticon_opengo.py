# SPDX-License-Identifier: Apache-2.0
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gait_sensing.calibration.load_cell import CalibrationSettings, LoadCellCalibration
from gait_sensing.load_cells.moticon_opengo import MAX_DATAGRAM_BYTES, Driver, Emulator, Settings
from gait_sensing.samples import ForceReadings

Vectors = Callable[[str], dict[str, bytes]]
SIZE: dict[str, Any] = {"insole_length_m": 0.25, "insole_width_m": 0.1}


def test_each_side_of_one_datagram(vectors: Vectors) -> None:
    datagram = vectors("moticon_opengo")["stance_left"]
    left = Driver(Settings(side="left", **SIZE)).feed(datagram)
    right = Driver(Settings(side="right", **SIZE)).feed(datagram)
    assert left.ticks.tolist() == right.ticks.tolist() == [-1]
    assert (left.force_n[0, 2], right.force_n[0, 2]) == (400.0, 12.5)
    assert left.moment_nm[0, :2].tolist() == pytest.approx([-0.25 * 0.1 * 400.0, -0.1 * 0.25 * 400.0])
    assert right.moment_nm[0, :2].tolist() == pytest.approx([0.05 * 0.1 * 12.5, 0.3 * 0.25 * 12.5])


@pytest.mark.parametrize(("positive_across", "y_m"), [("left", -0.025), ("right", 0.025)])
def test_calibration_gives_the_centre_of_pressure_back(positive_across: str, y_m: float, vectors: Vectors) -> None:
    driver = Driver(Settings(positive_across=positive_across, **SIZE))
    readings = driver.feed(vectors("moticon_opengo")["stance_left"])
    force_n, _, centre_m = LoadCellCalibration(CalibrationSettings()).apply(readings)
    assert force_n[0, 2] == 400.0
    assert centre_m[0].tolist() == pytest.approx([0.025, y_m])  # forward, left


def test_what_is_not_measured_is_no_number(vectors: Vectors) -> None:
    driver = Driver(Settings())
    readings = driver.feed(vectors("moticon_opengo")["both_in_the_air"])
    wrench = np.hstack([readings.force_n, readings.moment_nm])[0]
    assert tuple(np.isfinite(wrench).tolist()) == driver.is_measured == (False, False, True, True, True, False)
    assert wrench[2:5].tolist() == [0.0, 0.0, 0.0]
    assert (driver.tick_s, driver.tick_modulus) == (None, 0)


def test_another_layout() -> None:
    settings = Settings(token_count=7, left_places=[1, 2, 3], right_places=[4, 5, 6], side="right", **SIZE)
    readings = Driver(settings).feed(b"0.5 nan nan nan 100 -0.5 1e-1\r\n")
    assert readings.force_n[0, 2] == 100.0
    assert readings.moment_nm[0, :2].tolist() == pytest.approx([1.0, 12.5])


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b" ".join([b"0"] * 50),
        b" ".join([b"0"] * 52),
        b",".join([b"0"] * 51),
        b" ".join([b"0"] * 25 + [b"nan"] + [b"0"] * 25),
        b" ".join([b"0"] * 7 + [b"inf"] + [b"0"] * 43),
        b" ".join([b"0"] * 8 + [b"1e999"] + [b"0"] * 42),
        b" ".join([b"0"] * 51).ljust(MAX_DATAGRAM_BYTES + 1),
    ],
)
def test_another_datagram_is_dropped_and_counted(datagram: bytes, vectors: Vectors) -> None:
    driver = Driver(Settings())
    assert len(driver.feed(datagram).ticks) == 0
    assert (driver.counts.frame_count, driver.counts.bytes_dropped_count) == (0, len(datagram))
    assert len(driver.feed(vectors("moticon_opengo")["stance_left"]).ticks) == 1
    assert (driver.counts.frame_count, driver.counts.reading_count) == (1, 1)


def test_it_only_listens(vectors: Vectors) -> None:
    driver = Driver(Settings())
    driver.feed(vectors("moticon_opengo")["stance_left"])
    assert driver.connect() + driver.pending() + driver.disconnect() == b""
    assert Emulator(Settings()).feed(b"anything") == b""


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("positive_across", ["left", "right"])
def test_the_emulators_insole_feels_what_the_lab_says(side: str, positive_across: str) -> None:
    settings = Settings(side=side, positive_across=positive_across)
    calibration = LoadCellCalibration(CalibrationSettings())
    truth_n, truth_m = np.array([[0.0, 0.0, 700.0]]), np.array([[0.08, -0.02]])
    sent = ForceReadings(np.array([-1]), *calibration.to_sensor(truth_n, truth_m))
    _, _, centre_m = calibration.apply(Driver(settings).feed(Emulator(settings).encode(sent)))
    assert centre_m[0].tolist() == pytest.approx(truth_m[0].tolist(), abs=1e-6)


@pytest.mark.parametrize("places", [[25, 7], [25, 7, 7], [25, 7, 51], [25, 7, 8, 9], [25, 7, -1]])
@pytest.mark.parametrize("name", ["left_places", "right_places"])
def test_places_are_three_within_the_datagram(name: str, places: list[int]) -> None:
    with pytest.raises(ValueError, match=name):
        Settings(**{name: places})
