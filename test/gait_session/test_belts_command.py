# SPDX-License-Identifier: Apache-2.0
"""What accelerating belts do to their plates, fitted from a simulated recording and from a CSV file."""

import math
from pathlib import Path

import numpy as np
import pytest
import yaml
from gait_lab import msg
from rclpy.serialization import serialize_message

from gait_ros import messages
from gait_sensing.calibration.belt_inertia import Settings
from gait_sensing.samples import ForceSamples, Side
from gait_session.belts_command import fit_belts
from gait_session.command_line import main
from gait_session.recording.replay import analyser_settings
from gait_session.recording.writer import RecordingWriter

START_S = 1_790_000_000.25
RATE_HZ, STATUS_HZ, DURATION_S = 200.0, 15.0, 30.0
FORWARD_KG, PITCH_KGM, DELAY_S, ORIGIN_Z_M = {Side.LEFT: 2.0, Side.RIGHT: 0.0}, 9.0, 0.06, -0.05
BATCH = 20
CONFIG = """
/**/load_cell_node:
  ros__parameters: {names: [left_belt, right_belt], left_belt: {origin_m: [0.1, 0.2, -0.05]}}
/**/analysis_node:
  ros__parameters: {force_streams: [left_belt, right_belt]}
"""


def speed_mps(side, time_s):
    """Speed of a belt that changes it all the time, at times since the start."""
    turn = 2.0 * math.pi * (0.31 if side is Side.LEFT else 0.23)
    return 1.0 + 0.3 * np.sin(turn * time_s) + 0.2 * np.sin(2.7 * turn * time_s + 1.0)


def plate(side, time_s, load_n=0.0):
    """Force and moment of a plate with nobody on it, or ``load_n`` of somebody, in noise."""
    random = np.random.default_rng(1 + (side is Side.RIGHT))
    h_s = 1e-4
    acceleration_mps2 = (speed_mps(side, time_s + h_s) - speed_mps(side, time_s - h_s)) / (2.0 * h_s)
    force_n, moment_nm = random.normal(0.0, 2.0, (len(time_s), 3)), random.normal(0.0, 0.3, (len(time_s), 3))
    force_n[:, 0] += FORWARD_KG[side] * acceleration_mps2
    force_n[:, 2] += load_n
    moment_nm[:, 1] += PITCH_KGM * acceleration_mps2
    return force_n, moment_nm


def told_mps(side, time_s):
    """As the treadmill tells a speed: late, and rounded."""
    return 0.01 * np.round(speed_mps(side, time_s - DELAY_S) / 0.01)


def record(folder: Path, load_n=0.0, has_belts=True) -> Path:
    writer = RecordingWriter(folder)
    counts: dict[str, int] = {}

    def write(topic, message, at_s):
        counts[topic] = counts.get(topic, 0) + 1
        writer.add_topic(topic, f"gait_lab/msg/{type(message).__name__}", [])
        stamp_ns = round(at_s * 1e9)
        writer.write(topic, serialize_message(message), stamp_ns, stamp_ns, counts[topic])

    time_s = np.arange(round(DURATION_S * RATE_HZ)) / RATE_HZ
    for side in Side:
        force_n, moment_nm = plate(side, time_s, load_n)
        for first in range(0, len(time_s), BATCH):
            rows = slice(first, first + BATCH)
            centre_m = np.full((BATCH, 2), math.nan)
            at_s = START_S + time_s[rows]
            samples = ForceSamples(f"{side.value}_belt", first, at_s, force_n[rows], moment_nm[rows], centre_m)
            write(f"/load_cell/{side.value}_belt/samples", messages.force_samples_message(samples), float(at_s[-1]))
    for at_s in np.arange(0.0, DURATION_S, 1.0 / STATUS_HZ) if has_belts else ():
        state = msg.TreadmillState(
            left_speed_mps=float(told_mps(Side.LEFT, at_s)), right_speed_mps=float(told_mps(Side.RIGHT, at_s))
        )
        state.header.stamp = messages.to_stamp(START_S + float(at_s))
        write("/treadmill/state", state, START_S + float(at_s))
    (folder / "config.yaml").write_text(CONFIG)
    writer.close({})
    return folder


def file(path: Path, **changed) -> Path:
    """Write the run as a CSV whose speeds stand in the rows in which the treadmill told them."""
    time_s = np.arange(round(DURATION_S * RATE_HZ)) / RATE_HZ
    columns = {"time_s": time_s + 7.0}
    for side in Side:
        force_n, moment_nm = plate(side, time_s)
        told = np.where(np.arange(len(time_s)) % 13 == 0, told_mps(side, time_s), math.nan)
        columns |= {f"fz_{side.value}_N": force_n[:, 2], f"belt_{side.value}_mps": told}
        columns |= {f"fap_{side.value}_N": force_n[:, 0], f"my_{side.value}_Nm": moment_nm[:, 1]}
    columns |= changed
    kept = {name: column for name, column in columns.items() if column is not None}
    table = zip(*kept.values(), strict=True)
    rows = [",".join("" if math.isnan(value) else repr(float(value)) for value in row) for row in table]
    path.write_text("\n".join([",".join(kept), *rows]) + "\n")
    return path


def block(text: str) -> Settings:
    """What a lab that pastes the block into its config gives to the analysis."""
    _, parts = analyser_settings(yaml.safe_load(text.partition("for the lab's config:")[2]))
    return parts["belt_inertia"]


def test_a_recording_gives_the_block_for_the_config(tmp_path, capsys):
    assert main(["fit-belts", str(record(tmp_path / "run"))]) == 0
    text = capsys.readouterr().out
    found = block(text)
    assert found.left_pitch_kgm == pytest.approx(PITCH_KGM, rel=0.02)
    assert found.right_pitch_kgm == pytest.approx(PITCH_KGM, rel=0.02)
    assert found.left_forward_kg == pytest.approx(2.0, rel=0.1) and found.right_forward_kg == 0.0
    assert found.left_delay_s == pytest.approx(DELAY_S, abs=0.01)
    assert (found.left_origin_z_m, found.right_origin_z_m) == (ORIGIN_Z_M, 0.0)
    assert "left belt: acceleration 0.81 m" in text and "±" in text
    assert "within 3 standard errors of 0, and left at 0" in text.partition("right belt")[2]


def test_a_file_gives_what_its_recording_gives(tmp_path):
    found = block(fit_belts(file(tmp_path / "run.csv"), ORIGIN_Z_M))
    recorded = block(fit_belts(record(tmp_path / "run")))
    for name in ("left_pitch_kgm", "right_pitch_kgm", "left_forward_kg"):
        assert getattr(found, name) == pytest.approx(getattr(recorded, name), rel=0.02), name
    assert found.right_origin_z_m == ORIGIN_Z_M


def test_one_belt_and_one_component_will_do(tmp_path):
    missing = {f"{name}_right_{unit}": None for name, unit in (("fz", "N"), ("belt", "mps"))}
    text = fit_belts(file(tmp_path / "run.csv", fap_left_N=None, **missing))
    assert "F_x: not measured" in text and "right" not in text
    assert block(text).left_forward_kg == 0.0 and block(text).left_pitch_kgm == pytest.approx(PITCH_KGM, rel=0.02)


def test_one_belt_that_cannot_be_fitted_is_named(tmp_path):
    steady = np.full(round(DURATION_S * RATE_HZ), 1.0)
    text = fit_belts(file(tmp_path / "run.csv", belt_right_mps=steady))
    assert "right belt: not fitted: got a belt acceleration of 0.000 m/s2" in text
    assert block(text).left_pitch_kgm > 8.0 and block(text).right_pitch_kgm == 0.0


def test_what_cannot_be_used_is_said(tmp_path, capsys):
    recording = record(tmp_path / "loaded", load_n=300.0)
    (tmp_path / "empty").mkdir()
    refused = {
        "left belt: not fitted: got a vertical load of 30": recording,
        "got no belt speeds": record(tmp_path / "beltless", has_belts=False),
        "has no config.yaml": tmp_path / "empty",
        "lacks fz_left_N or belt_left_mps": file(tmp_path / "one.csv", fz_left_N=None, fz_right_N=None),
        "lacks the column time_s": file(tmp_path / "two.csv", time_s=None),
        "cannot be read": tmp_path / "nothing.csv",
    }
    for text, run in refused.items():
        assert main(["fit-belts", str(run)]) == 2
        said = capsys.readouterr().err
        assert text in said, said
