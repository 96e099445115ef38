# SPDX-License-Identifier: Apache-2.0
import math
from pathlib import Path

import pytest

from gait_sensing.samples import Side
from gait_session import plain_file
from gait_session.plain_walk import join


def write(folder: Path, text: str) -> Path:
    path = folder / "walk.csv"
    path.write_text(text)
    return path


def test_duration_and_force(tmp_path: Path) -> None:
    path = write(tmp_path, "time_s,fz_left_N,fz_right_N\n2.0,700,0\n2.5,300,420\n3.5,0,710\n")
    assert plain_file.duration_s(path) == 1.5
    assert plain_file.mean_total_force_n(path) == 710.0


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "lacks the column time_s; it has no columns"),
        ("t\n1\n2\n", "lacks the column time_s; it has t"),
        ("time_s;fz_N\n1;2\n", "it has time_s;fz_N; cells are separated by commas"),
        ("time_s\n1\n", "1 rows"),
        ("time_s\n1\nx\n", "line 3: time_s is 'x'"),
    ],
)
def test_say_what_is_wrong(tmp_path: Path, text: str, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        plain_file.duration_s(write(tmp_path, text))


def test_say_that_the_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be read: No such file"):
        plain_file.duration_s(tmp_path / "absent.csv")


def walked(acceleration: float = 1.0, rate: float = 1.0, force: float = 1.0, zero_n: float = 0.0) -> str:
    """A file of a plate, an IMU on a foot and one on the back, in units that are so many times the right ones."""
    names = [f"{name}_{kind}_{axis}" for name in ("leftfoot", "lumbar") for kind in ("acc", "gyr") for axis in "xyz"]
    lines = [",".join(["time_s", "fz_left_N", *names])]
    for number in range(200):
        turn = 2.0 * math.pi * number / 100.0
        foot = [acceleration * (9.81 + 5.0 * math.sin(turn)), 0.0, 0.0, 0.0, rate * 8.0 * math.sin(turn), 0.0]
        back = [0.0, 0.0, acceleration * (9.81 + math.sin(turn)), rate * math.sin(turn), 0.0, 0.0]
        values = [0.01 * number, zero_n + force * max(700.0 * math.sin(turn), 0.0), *foot, *back]
        lines.append(",".join(f"{value:.6f}" for value in values))
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (walked(acceleration=1.0 / 9.81), ["leftfoot_acc_x to leftfoot_acc_z", "size of 1", "m/s²", "Told in g"]),
        (walked(acceleration=1000.0 / 9.81), ["leftfoot_acc_x", "size of 1e+03"]),
        (walked(rate=57.3), ["leftfoot_gyr_x to leftfoot_gyr_z", "rad/s", "Told in degrees/s"]),
        (walked(rate=57.3).replace("leftfoot", "other"), ["lumbar_gyr_x to lumbar_gyr_z"]),
        (walked(force=0.001), ["fz_left_N is 0.6", "newtons", "kN"]),
        (walked(force=1.0 / 700.0), ["fz_left_N", "body weights"]),
    ],
)
def test_a_column_in_another_unit_is_named(tmp_path: Path, text: str, words: list[str]) -> None:
    with pytest.raises(ValueError) as error:
        plain_file.read_plain_file(write(tmp_path, text))
    assert all(word in str(error.value) for word in words)


@pytest.mark.parametrize(
    "text",
    [
        walked(),
        walked(acceleration=1.3, rate=2.0),
        walked(acceleration=0.0, rate=0.0, force=0.0),
        walked(force=0.001, zero_n=2.0),
    ],
)
def test_what_may_be_in_the_right_unit_is_read(tmp_path: Path, text: str) -> None:
    assert plain_file.read_plain_file(write(tmp_path, text)).imus


@pytest.mark.parametrize(
    ("name", "segment"),
    [
        ("foot_L", "left_foot"),
        ("foot_R", "right_foot"),
        ("r-foot 2", "right_foot"),
        ("imu_foot_right_h1", "right_foot"),
        ("FootRight", "right_foot"),
        ("cleft_foot_right", "right_foot"),
        ("walker_r1_foot", "left_foot"),  # as nobody said
    ],
)
def test_the_leg_is_a_word_of_the_files_name(tmp_path: Path, name: str, segment: str) -> None:
    path = tmp_path / f"{name}.csv"
    path.write_text(walked().replace("leftfoot_", ""))
    (found,) = {*join([plain_file.read_plain_file(path)], None, None, dict.fromkeys(Side, "belt")).imus} - {"pelvis"}
    assert found == segment


def test_what_an_imu_lacks_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, "time_s,acc_x,acc_y,acc_z\n0,0,0,9.8\n0.01,0,0,9.8\n")
    with pytest.raises(ValueError, match=r"no plate or IMU: .* of an IMU it lacks gyr_x, gyr_y, gyr_z"):
        join([plain_file.read_plain_file(path)], None, None, dict.fromkeys(Side, "belt"))
