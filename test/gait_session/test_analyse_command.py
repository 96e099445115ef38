# SPDX-License-Identifier: Apache-2.0
"""Plain files come out as tables on their own time axis, the same as live, and what is wrong with a file is named."""

import csv
import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gait_analysis.analyser import AnalyserSettings
from gait_analysis.participant import Participant
from gait_sensing.samples import Side
from gait_session.analyse.command import Request, analyse, run
from gait_session.command_line import main
from gait_session.plain_file import read_plain_file
from gait_session.plain_walk import join

STREAMS = dict(zip(Side, AnalyserSettings().force_streams, strict=True))
STRIDE_S, WEIGHT_N = 1.2, 700.0
STANCE_S = {"left": 0.75, "right": 0.7}
Columns = dict[str, "np.ndarray | list[float]"]


def write(path: Path, columns: Columns) -> Path:
    rows = zip(*columns.values(), strict=True)
    cells = (",".join("" if math.isnan(cell) else f"{cell:.6f}" for cell in row) for row in rows)
    path.write_text("\n".join([",".join(columns), *cells]) + "\n")
    return path


def two_plates(begin_s: float = 1000.0, rate_hz: float = 250.0, end_s: float = 20.0) -> Columns:
    """A walk in a formula: left contacts at ``begin_s`` and each stride time after it, the right ones in between."""
    time_s = np.arange(round(end_s * rate_hz)) / rate_hz
    columns: Columns = {"time_s": begin_s + time_s}
    for side, offset_s in (("left", 0.0), ("right", 0.5 * STRIDE_S)):
        share = ((time_s - offset_s) % STRIDE_S) / STANCE_S[side]
        force_n = np.where(share < 1.0, WEIGHT_N * 1.3 * np.sin(np.pi * np.minimum(share, 1.0)), 0.0)
        columns[f"fz_{side}_N"] = force_n
        columns[f"fap_{side}_N"] = -0.1 * force_n * np.cos(np.pi * np.minimum(share, 1.0))
    return columns


def table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(newline="") as file:
        return list(csv.DictReader(file))


def times(folder: Path, side: str, event: str) -> list[float]:
    rows = table(folder, "events.csv")
    return [float(row["time_s"]) for row in rows if (row["side"], row["event"]) == (side, event)]


def test_results_stand_on_the_files_own_time_axis(tmp_path: Path) -> None:
    path, out = write(tmp_path / "walk.csv", two_plates()), tmp_path / "out"
    text = analyse(Request([path], out, 71.4, Side.LEFT))
    for side, offset_s in (("left", 0.0), ("right", 0.5 * STRIDE_S)):
        true_s = 1000.0 + offset_s + STRIDE_S * np.arange(17)
        found_s = times(out, side, "IC")
        assert len(found_s) == 17
        assert max(np.abs(np.array(found_s)[:, None] - true_s).min(axis=1)) < 0.01
    strides = table(out, "strides.csv")
    assert {row["side"] for row in strides if row["is_accepted"] == "1"} == {"left", "right"}
    assert float(strides[3]["stride_time_s"]) == pytest.approx(STRIDE_S, abs=0.005)
    assert float(strides[3]["braking_impulse_bws"]) < -0.01
    assert strides[3]["stride_length_m"] == ""
    assert set(table(out, "events.csv")[0]) == {"time_s", "side", "event", "source", "confidence", "flags"}
    events_s = [float(row["time_s"]) for row in table(out, "events.csv")]
    assert events_s == sorted(events_s)
    assert "left (prosth.)" in text
    assert "stride length, speed: the files do not tell the speed of the belts" in text


def test_the_norm_is_that_of_the_level_of_amputation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, out = write(tmp_path / "walk.csv", two_plates()), tmp_path / "out"
    given = ["analyse", str(file), "--mass-kg", "71.4", "--prosthetic-side", "left", "--out", str(out)]
    assert main([*given, "--amputation-level", "transtibial"]) == 0
    rows = {row["metric"]: row for row in table(out, "asymmetry.csv")}
    assert float(rows["stance_time"]["norm"]) == pytest.approx(0.04 / 2.04, abs=1e-6)
    assert "Cutti" in rows["stance_time"]["norm_source"]
    assert (rows["step_time"]["norm"], rows["step_time"]["norm_source"]) == ("", "none known for this level")
    assert main(given) == 0
    assert {row["norm"] for row in table(out, "asymmetry.csv")} == {""}
    without_side = ["analyse", str(file), "--mass-kg", "71.4", "--out", str(out), "--amputation-level", "transtibial"]
    assert main(without_side) == 0
    assert "norm: none: the side of the prosthesis is not told" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main([*given, "--amputation-level", "hip"])
    assert "transfemoral_microprocessor_knee" in capsys.readouterr().err


@pytest.mark.parametrize(("prosthetic", "sign"), [(None, -1), (Side.LEFT, -1), (Side.RIGHT, 1)])
def test_asymmetry_has_left_and_right_and_says_its_sign(tmp_path: Path, prosthetic: Side | None, sign: int) -> None:
    analyse(Request([write(tmp_path / "walk.csv", two_plates())], tmp_path / "out", 71.4, prosthetic))
    rows = [row for row in table(tmp_path / "out", "asymmetry.csv") if row["metric"] == "stance_time"]
    assert len(rows) > 25
    for side, stance_s in STANCE_S.items():
        assert float(rows[-1][f"{side}_value"]) == pytest.approx(stance_s, abs=0.02)
    assert 0.02 < sign * float(rows[-1]["value"]) < 0.06
    assert ("on the right side" if prosthetic is None else "on the sound side") in rows[-1]["index"]


def test_phase_is_told_at_the_rate_of_the_file(tmp_path: Path) -> None:
    columns = two_plates(begin_s=-3.0, rate_hz=130.0)
    out = tmp_path / "out"
    analyse(Request([write(tmp_path / "walk.csv", columns)], out, 71.4))
    for side in Side:
        rows = [row for row in table(out, "phase.csv") if row["side"] == side.value]
        assert [float(row["time_s"]) for row in rows] == pytest.approx(columns["time_s"], abs=2e-5)
        valid = [row for row in rows if row["is_valid"] == "1" and float(row["time_s"]) > 10.0]
        assert len(valid) > 800
        offset_s = 0.0 if side is Side.LEFT else 0.5 * STRIDE_S
        error = [float(row["phase"]) - ((float(row["time_s"]) + 3.0 - offset_s) / STRIDE_S) % 1.0 for row in valid]
        assert np.median(np.abs(error)) < 0.03
        assert all(row["phase"] == "" for row in rows if row["is_valid"] == "0")


@pytest.mark.parametrize("block_s", [0.004, 0.013, 0.09])
def test_it_is_the_same_however_the_file_is_cut(tmp_path: Path, block_s: float) -> None:
    shape = 0.01 * np.array(two_plates()["fz_left_N"])
    imu = {f"leftfoot_{kind}_{axis}": shape for kind in ("acc", "gyr") for axis in "xyz"}
    walk = join([read_plain_file(write(tmp_path / "walk.csv", {**two_plates(), **imu}))], None, None, STREAMS)
    walks = (walk, replace(walk, block_s=block_s))
    one, other = (list(map(repr, run(each, Participant(70.0, None), AnalyserSettings()))) for each in walks)
    assert len(one) > 4000
    assert one == other


def test_plates_have_the_labs_axes(tmp_path: Path) -> None:
    columns: Columns = {
        "time_s": [5.0, 5.1, 5.2], "fz_left_N": [5.0, 300.0, 400.0], "fap_left_N": [1.0, -20.0, 30.0],
        "cop_ap_left_m": [0.9, 0.2, 0.1], "cop_ml_left_m": [0.9, -0.1, -0.2],
    }  # fmt: skip
    walk = join([read_plain_file(write(tmp_path / "walk.csv", columns))], None, None, STREAMS)
    samples = walk.forces[Side.LEFT]
    assert samples.force_n.tolist() == [[1.0, 0.0, 5.0], [-20.0, 0.0, 300.0], [30.0, 0.0, 400.0]]
    assert np.isnan(samples.centre_of_pressure_m[0]).all()  # without load there is no centre
    assert samples.centre_of_pressure_m[1:].tolist() == [[0.2, 0.1], [0.1, 0.2]]  # y is to the left
    assert np.isnan(samples.moment_nm).all()


def test_one_plate_of_one_foot_gives_that_foot(tmp_path: Path) -> None:
    columns = two_plates()
    path, out = tmp_path / "force.csv", tmp_path / "out"
    write(path, {"time_s": columns["time_s"], "fz_N": columns["fz_right_N"]})
    text = analyse(Request([path], out, 71.4, side=Side.RIGHT))
    assert len(times(out, "right", "IC")) == 17
    assert times(out, "left", "IC") == []
    assert "taken as" not in text
    assert "the left leg: no sensor of the left foot has sent anything" in text
    assert "taken as left" in analyse(Request([path], out, 71.4))  # its own files are written over
    assert len(times(out, "left", "IC")) == 17


def test_files_are_joined_by_time(tmp_path: Path) -> None:
    whole, columns = write(tmp_path / "whole.csv", two_plates()), two_plates()
    both = [
        write(tmp_path / "right.csv", {"time_s": columns["time_s"], "fz_N": columns["fz_right_N"]}),
        write(tmp_path / "left.csv", {"time_s": columns["time_s"], "fz_N": columns["fz_left_N"]}),
    ]
    halves = [
        write(tmp_path / f"{name}.csv", {key: column[part] for key, column in columns.items()})
        for name, part in (("b", slice(2500, None)), ("a", slice(0, 2500)))
    ]
    written = []
    for files in ([whole], both, halves):
        analyse(Request(files, tmp_path / "out", 71.4))
        written.append((tmp_path / "out" / "events.csv").read_text())
    assert written[0] == written[1] == written[2]
    with pytest.raises(ValueError, match="overlap"):
        analyse(Request([whole, whole], tmp_path / "out", 71.4))


def test_nothing_is_made_up_in_gaps_or_for_missing_columns(tmp_path: Path) -> None:
    columns = two_plates()
    is_gap = (columns["time_s"] > 1008.0) & (columns["time_s"] < 1011.0)
    forces = {name: np.where(is_gap, np.nan, columns[name]) for name in ("fz_left_N", "fz_right_N")}
    path = write(tmp_path / "empty_cells.csv", {"time_s": columns["time_s"], **forces})
    text = analyse(Request([path], tmp_path / "a", 71.4))
    valid = {"time_s": columns["time_s"], "valid": 1.0 - is_gap, **{name: columns[name] for name in forces}}
    analyse(Request([write(tmp_path / "valid.csv", valid)], tmp_path / "b", 71.4))
    for name in ("events.csv", "strides.csv", "phase.csv"):
        assert (tmp_path / "a" / name).read_text() == (tmp_path / "b" / name).read_text()
    assert not [time_s for time_s in times(tmp_path / "a", "left", "IC") if 1008.0 < time_s < 1011.0]
    assert "1 gap, 3.0 s in all" in text
    assert "braking and propulsion: needs the fore-aft force" in text
    assert {row["propulsion_impulse_bws"] for row in table(tmp_path / "a", "strides.csv")} == {""}


def test_a_mass_that_is_not_given_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "walk.csv", two_plates())
    assert "body mass was not given" in analyse(Request([path], tmp_path / "out"))
    assert "the plates carry" in analyse(Request([path], tmp_path / "out", 150.0))
    with pytest.raises(ValueError, match="--mass-kg is 0; allowed is 10 to 400"):
        analyse(Request([path], tmp_path / "out", 0.0))
    with pytest.raises(ValueError, match="--leg-length-m is 90; allowed is"):
        analyse(Request([path], tmp_path / "new", leg_length_m=90.0))
    assert not (tmp_path / "new").exists()


def test_an_imu_says_where_it_was_worn(tmp_path: Path) -> None:
    columns: Columns = {"time_s": [0.0, 0.01, 0.02], **{f"{k}_{a}": [5.0] * 3 for k in ("acc", "gyr") for a in "xyz"}}
    nameless = write(tmp_path / "walk.csv", columns)
    with pytest.raises(ValueError, match="--segment"):
        analyse(Request([nameless], tmp_path / "out"))
    for name, segment in (("imu_lowerback_barefoot", "pelvis"), ("right_shank", "right_shank"), ("foot", "left_foot")):
        walk = join([read_plain_file(write(tmp_path / f"{name}.csv", columns))], None, None, STREAMS)
        assert list(walk.imus) == [segment]
        assert walk.notes
    assert list(join([read_plain_file(nameless)], None, "left_thigh", STREAMS).imus) == ["left_thigh"]
    text = analyse(Request([nameless], tmp_path / "out", segment="left_thigh"))
    assert "gait events: none were found in left_thigh" in text
    assert table(tmp_path / "out", "strides.csv") == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("time_s,fz_left_N\n0,1\n0.01,x\n", "line 3: fz_left_N is 'x', not a number"),
        ("time_s,fz_left_N\n0,1\n0.02,2\n0.01,3\n", "line 4: time_s 0.010000 does not come after 0.020000"),
        ("time_s,fz_left_N\n0,1\n,2\n0.02,3\n", "line 3: time_s is missing"),
        ("time_s,fz_left_N\n0,5,1\n0,6,2\n", "line 2: 3 cells, but 2 columns"),
        ("time_s,fz_left_N\n0,1\n", "has 1 rows"),
        ("time_s,fz_left_N,fz_left_N\n0,1,1\n", "has the column fz_left_N twice"),
        (
            "time_s,acc_x,acc_y\n0,1,1\n1,1,1\n",
            "leftfoot_acc_x to leftfoot_gyr_z, or acc_x to gyr_z; it has time_s, acc_x, acc_y",
        ),
        ("t,fz_left_N\n0,1\n1,1\n", "lacks the column time_s"),
        ("time_s,fz_left_N\n0,\n1,\n2,3\n", "has 1 rows with numbers of left_belt"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, sentence: str
) -> None:
    path = tmp_path / "walk.csv"
    path.write_text(text)
    assert main(["analyse", str(path), "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert path.name in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--mass-kg", "nan"), "--mass-kg is nan; allowed is 10 to 400"),
        (("--leg-length-m", "nan"), "--leg-length-m is nan; allowed is 0.3 to 1.5"),
        (
            ("--side", "left"),
            "--side left is for a plate or IMU without a name or --segment (fz_N, acc_x); there is none",
        ),
        (("--segment", "trunk"), "--segment trunk is for an IMU without a name (acc_x to gyr_z); there is none"),
    ],
)
def test_an_option_that_says_nothing_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str
) -> None:
    path, out = write(tmp_path / "walk.csv", two_plates(end_s=2.0)), tmp_path / "out"
    assert main(["analyse", str(path), "--out", str(out), *words]) == 2
    assert capsys.readouterr().err == f"gait-lab: {sentence}\n"
    assert not out.exists()


def test_a_side_beside_the_segment_that_names_the_imu_is_refused(tmp_path: Path) -> None:
    columns: Columns = {"time_s": [0.0, 0.01, 0.02], **{f"{k}_{a}": [5.0] * 3 for k in ("acc", "gyr") for a in "xyz"}}
    with pytest.raises(ValueError, match="--side right is for"):
        analyse(Request([write(tmp_path / "walk.csv", columns)], tmp_path / "out", side=Side.RIGHT, segment="trunk"))


def test_a_leg_without_a_sensor_is_told_so(tmp_path: Path) -> None:
    columns = {name: column for name, column in two_plates().items() if "right" not in name}
    text = analyse(Request([write(tmp_path / "walk.csv", columns)], tmp_path / "out", 71.4))
    assert "the right leg: no sensor of the right foot has sent anything" in text
    assert "strides needed" not in text


def test_a_sensor_without_numbers_does_not_stop_the_others(tmp_path: Path) -> None:
    columns = {**two_plates(), "fz_right_N": np.full(5000, np.nan), "note": np.zeros(5000)}
    text = analyse(Request([write(tmp_path / "walk.csv", columns)], tmp_path / "out", 71.4))
    assert "has 0 rows with numbers of right_belt" in text
    assert "not used of walk.csv: note" in text
    assert len(times(tmp_path / "out", "left", "IC")) == 17


def test_a_plate_that_cannot_tell_says_why(tmp_path: Path) -> None:
    columns = two_plates()
    total_n = {"time_s": columns["time_s"], "fz_N": columns["fz_left_N"] + columns["fz_right_N"]}
    text = analyse(Request([write(tmp_path / "left.csv", total_n)], tmp_path / "out", 71.4))
    assert "left_belt is never unloaded; did nobody walk, or is more than one foot on it?" in text
    lost = columns | {"fz_left_N": columns["fz_left_N"] + 300.0 * (columns["time_s"] > 1010.0)}
    text = analyse(Request([write(tmp_path / "lost.csv", lost)], tmp_path / "out", 71.4))
    assert re.search(r"left_belt tells of none from 10(09|10)\.. to 1020\.. s, though load comes and goes", text)
    assert "right_belt tells of none" not in text
    down = {name: column if name == "time_s" else -column for name, column in columns.items()}
    text = analyse(Request([write(tmp_path / "down.csv", down)], tmp_path / "out", 71.4))
    assert "it must be up positive" in text
    assert "gait events: none were found" in text


def test_deviations_and_standing_are_summed_up(tmp_path: Path) -> None:
    columns = two_plates()
    columns["fz_left_N"] = 0.7 * columns["fz_left_N"]
    text = analyse(Request([write(tmp_path / "walk.csv", columns)], tmp_path / "out", 71.4, Side.LEFT))
    assert "\nunequal weight: in 1" in text
    assert "circumduction (no path of the foot in swing)" in " ".join(text.split())
    stand = {"time_s": columns["time_s"], "fz_left_N": np.full(5000, 300.0), "fz_right_N": np.full(5000, 450.0)}
    text = analyse(Request([write(tmp_path / "stand.csv", stand)], tmp_path / "out", 76.5))
    assert "weight left 40 %, right 60 %" in text


def test_other_peoples_files_are_safe(tmp_path: Path) -> None:
    path = write(tmp_path / "walk.csv", two_plates(end_s=3.0))
    with pytest.raises(ValueError, match=r"holds walk\.csv"):
        analyse(Request([path], tmp_path))
    with pytest.raises(ValueError, match="is a file"):
        analyse(Request([path], path))


def test_a_real_recording_from_the_command_line(
    tmp_path: Path, data_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = data_folder / "grf_camargo_ab_treadmill_slow_and_normal_200hz.csv"
    out = tmp_path / "new" / "out"
    assert main(["analyse", str(path), "--mass-kg", "77", "--prosthetic-side", "right", "--out", str(out)]) == 0
    text = capsys.readouterr().out
    assert "left (sound) right (prosth.)" in text
    assert len(text.splitlines()) < 45
    with path.with_name(f"{path.stem}_events.csv").open(newline="") as file:
        reference = [row for row in csv.DictReader(file) if row["event"] == "IC" and row["side"] == "left"]
    assert len(times(out, "left", "IC")) == pytest.approx(len(reference), abs=1)


def test_25_uneven_rows_a_second_are_enough(tmp_path: Path) -> None:
    columns, random = two_plates(), np.random.default_rng(0)
    rows = np.arange(5, 4990, 10) + random.integers(-2, 3, 499)
    analyse(Request([write(tmp_path / "walk.csv", {k: v[rows] for k, v in columns.items()})], tmp_path / "out", 71.4))
    assert all(16 <= len(times(tmp_path / "out", side, "IC")) <= 17 for side in ("left", "right"))
