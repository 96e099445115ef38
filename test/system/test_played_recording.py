# SPDX-License-Identifier: Apache-2.0
"""A recording in a plain file goes through the same wires as a walker, and its events come out."""

import csv
import json
import math

import numpy as np
import pytest

from gait_analysis.events import EventKind
from gait_messages import values
from gait_sensing.samples import Side
from gait_session.recording import replay
from gait_session.recording.reader import Recording
from gait_sim.walker import Walker, WalkerSettings

LENGTH_S, RATE_HZ, FIRST_S = 16.0, 200, 534.5
GOING_S = 10.0  # for which the walker walks before the file begins


@pytest.fixture(scope="module")
def walk(tmp_path_factory):
    """A CSV of a walk whose events are known: file and list of (time since its first row, side, kind)."""
    walker, events = Walker(WalkerSettings(force_noise_n=0.0, body_mass_kg=64.0)), []
    walker.advance(GOING_S, 1.1, 1.1)
    time_s = GOING_S + np.arange(int(LENGTH_S * RATE_HZ)) / RATE_HZ
    rows = {"left": [], "right": []}
    for now_s in time_s:
        events += walker.advance(now_s, 1.1, 1.1)
        for side in rows:
            rows[side].append(walker.plate(f"{side}_belt", np.array([now_s])))
    columns = {"time_s": time_s - GOING_S + FIRST_S}
    for side in rows:
        force_n, centre_m = (np.concatenate(parts) for parts in zip(*rows[side], strict=True))
        columns |= {f"fz_{side}_N": force_n[:, 2], f"fap_{side}_N": force_n[:, 0]}
        columns |= {f"cop_ap_{side}_m": centre_m[:, 0], f"cop_ml_{side}_m": -centre_m[:, 1]}
    path = tmp_path_factory.mktemp("walk") / "walk.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(np.nan_to_num(np.stack(list(columns.values()), axis=1)).round(4).tolist())
    return path, [(event.time_s - GOING_S, event.side, event.kind) for event in events]


@pytest.fixture(scope="module")
def lab(running_lab, walk, tmp_path_factory):
    with running_lab(tmp_path_factory.mktemp("played"), "--recording", str(walk[0])) as lab:
        lab.code = lab.wait(120)
        lab.left = lab.processes()
    return lab


def test_it_ends_with_the_file(lab):
    assert lab.code == 0, lab.text()
    assert lab.left == {}
    assert "body mass: 6" in lab.text()
    assert "no command" not in lab.text()  # the file lasts as long as the session


def test_the_walkers_events_come_out_of_the_session(lab, walk):
    begin_s = json.loads((lab.recording / "truth.json").read_text())["begin_s"]
    found = [values.gait_event(r.message) for r in Recording(lab.recording).messages("gait/events")]
    for side in Side:
        for kind in EventKind:
            true_s = [time_s for time_s, whose, what in walk[1] if whose is side and what is kind]
            seen_s = [e.time_s - begin_s for e in found if e.side is side and e.kind is kind and e.time_s > begin_s]
            end_s = min(true_s[-1], seen_s[-1]) + 0.1
            true_s, seen_s = ([t for t in times if 0.1 < t < end_s] for times in (true_s, seen_s))
            assert len(true_s) > 8
            assert seen_s == pytest.approx(true_s, abs=0.03)


def test_nothing_is_said_of_lengths_that_cannot_be_known(lab):
    strides = [values.stride(r.message) for r in Recording(lab.recording).messages("gait/strides")]
    accepted = [stride for stride in strides if stride.is_accepted]
    assert len(accepted) > 15
    assert all(math.isnan(stride.step_length_m) and math.isnan(stride.stride_length_m) for stride in strides)
    assert "RECORDING" in (lab.recording / "report.html").read_text().upper()


def test_its_replay_is_the_same(lab):
    assert replay.compare(lab.recording) == []


def test_a_file_without_forces_is_refused_in_one_sentence(running_lab, tmp_path):
    path = tmp_path / "imu.csv"
    path.write_text("time_s,acc_x\n0.0,1.0\n0.1,2.0\n")
    with running_lab(tmp_path, "--recording", str(path)) as lab:
        assert lab.wait(30) != 0
    assert len(lab.lines) == 1
    assert "fz_left_N" in lab.lines[0]
