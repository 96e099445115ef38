# SPDX-License-Identifier: Apache-2.0
"""Real recordings from the command line, whatever sensors they are of."""

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from gait_sensing.samples import Side
from gait_session.command_line import main
from gait_session.plain_file import PlainFile, read_plain_file


@pytest.fixture
def analysed(tmp_path, capsys):
    """``analysed(*files and options)`` is the folder of the results and what the terminal shows."""

    def run(*arguments: object) -> tuple[Path, str]:
        assert main(["analyse", *map(str, arguments), "--out", str(tmp_path / "out")]) == 0
        return tmp_path / "out", capsys.readouterr().out

    return run


def table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(newline="") as file:
        return list(csv.DictReader(file))


def accepted(folder: Path) -> Counter[str]:
    return Counter(row["side"] for row in table(folder, "strides.csv") if row["is_accepted"] == "1")


def summed(file: PlainFile, path: Path) -> Path:
    """Write both plates of a recording as one."""
    plates = [file.plates[side.value] for side in Side]
    loads_n = [np.where(plate.fz_n > 10.0, plate.fz_n, 0.0) for plate in plates]
    total_n = np.maximum(sum(loads_n), 1e-9)
    columns = {"time_s": file.time_s, "fz_N": sum(plate.fz_n for plate in plates)}
    for name in ("cop_ap", "cop_ml"):
        places = (np.nan_to_num(getattr(plate, f"{name}_m")) * n for plate, n in zip(plates, loads_n, strict=True))
        columns[f"{name}_m"] = sum(places) / total_n
    rows = np.column_stack(list(columns.values()))
    np.savetxt(path, rows, delimiter=",", header=",".join(columns), comments="", fmt="%.6f")
    return path


def test_both_feet_of_an_imu_each(data_folder, analysed):
    files = [data_folder / f"imu_foot_{side.value}_gaitmap_2x20m_204p8hz.csv" for side in Side]
    out, text = analysed(*files)
    assert min(accepted(out)[side.value] for side in Side) >= 27
    lengths_m = [float(row["stride_length_m"]) for row in table(out, "strides.csv") if row["stride_length_m"]]
    assert len(lengths_m) > 50 and 1.0 < np.median(lengths_m) < 1.7
    assert {row["source"] for row in table(out, "events.csv")} == {"imu"}
    rows = [row for row in table(out, "asymmetry.csv") if row["metric"] == "stance_time"]
    assert all(row["value"] == "" and "bias against force" in row["reason"] for row in rows)
    assert "imu" in text


def test_one_foot(data_folder, analysed):
    out, text = analysed(data_folder / "imu_foot_treadmill_healthy_h1_100hz.csv", "--side", "right")
    assert accepted(out)["right"] > 100 and accepted(out)["left"] == 0
    assert "the left leg: no sensor of the left foot has sent anything" in text


def test_feet_shanks_and_back_in_one_file(data_folder, analysed):
    out, _ = analysed(data_folder / "imu_5seg_treadmill_stroke_pp07_100hz_noref.csv", "--prosthetic-side", "left")
    assert min(accepted(out)[side.value] for side in Side) > 60
    valid = [row["is_valid"] == "1" for row in table(out, "phase.csv")]
    assert len(valid) == pytest.approx(2 * 6000, abs=10) and np.mean(valid) > 0.9


def test_the_lower_back_alone(data_folder, analysed):
    out, text = analysed(data_folder / "imu_lowerback_mobgap_ha001_100hz.csv")
    assert {row["event"] for row in table(out, "events.csv")} == {"IC"}
    assert sum(accepted(out).values()) > 30
    assert "pelvis" in text


def test_one_plate_gives_the_strides_of_two(data_folder, analysed, tmp_path):
    path = data_folder / "grf_camargo_ab_treadmill_slow_and_normal_200hz.csv"
    two, _ = analysed(path, "--mass-kg", 77, "--leg-length-m", 0.9)
    margins_m = [float(row["lateral_margin_of_stability_m"] or "nan") for row in table(two, "strides.csv")]
    assert 0.03 < np.nanmedian(margins_m) < 0.08 and np.isfinite(margins_m).sum() > 100
    strides = accepted(two)
    one, text = analysed(summed(read_plain_file(path), tmp_path / "one_plate.csv"), "--mass-kg", 77)
    assert "taken as under both feet" in text
    assert accepted(one) == pytest.approx(strides, abs=3)
