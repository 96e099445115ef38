# SPDX-License-Identifier: Apache-2.0
"""A recording with the bytes of every sensor's wire gives its samples again bit for bit, and tells when it cannot."""

import shutil
import subprocess

import pytest
import yaml

from gait_messages import values
from gait_sensing.wires.raw_log import RawKind
from gait_session.recording.reader import Recording

DURATION_S = 12.0
SENSORS = ("imu_node", "load_cell_node")


@pytest.fixture(scope="module")
def lab(running_lab, write_config, tmp_path_factory):
    """A short session whose config wants the bytes."""
    folder = tmp_path_factory.mktemp("raw_bytes")
    path = write_config(folder)
    config = yaml.safe_load(path.read_text())
    for node in SENSORS:
        config[f"/**/{node}"]["ros__parameters"]["record_raw_bytes"] = True
    path.write_text(yaml.safe_dump(config))
    with running_lab(folder, "--duration", str(DURATION_S)) as lab:
        lab.code = lab.wait(DURATION_S + 120)
    return lab


def replay(lab, folder):
    """Return exit code and output of ``gait-lab replay``."""
    command = [lab.command, "replay", folder]
    done = subprocess.run(command, env=lab.environment, capture_output=True, text=True, timeout=240)
    assert done.stderr == ""
    return done.returncode, done.stdout


@pytest.fixture
def altered(lab, tmp_path):
    """``altered(node, name, setting, value)``: a copy of the recording whose config says something else."""

    def alter(node, name, setting, value):
        folder = tmp_path / "altered"
        shutil.copytree(lab.recording, folder)
        path = folder / "config.yaml"
        config = yaml.safe_load(path.read_text())
        config[f"/**/{node}"]["ros__parameters"][name][setting] = value
        path.write_text(yaml.safe_dump(config))
        return folder

    return alter


def test_the_recording_gives_its_samples_again(lab):
    assert lab.code == 0, lab.text()
    assert replay(lab, lab.recording) == (
        0,
        "events and strides: no differences from the live ones\n"
        "samples from raw bytes: no differences from the live ones\n",
    )


@pytest.mark.parametrize("name", ["left_belt", "right_belt"])
def test_opening_and_zeroing_are_in_the_log(lab, name):
    """The wire is opened, runs, and is zeroed once, before the session begins."""
    recording = Recording(lab.recording)
    entries = [entry for r in recording.messages(f"load_cell/{name}/raw") for entry in values.raw_entries(r.message)]
    assert [entry.kind for entry in entries].count(RawKind.OPENED) == 1
    (zeroed,) = [entry for entry in entries if entry.kind is RawKind.ZEROED]
    start_s = next(values.seconds(r.message.start) for r in recording.messages("session/state") if r.message.state == 1)
    assert entries[0].time_s < zeroed.time_s < start_s
    assert sum(len(entry.data) for entry in entries) > 1000 * DURATION_S  # 1000 samples a second


@pytest.mark.parametrize(
    ("node", "name", "setting", "value"),
    [
        ("load_cell_node", "left_belt", "axes", ["+y", "-x", "+z"]),
        ("imu_node", "left_foot", "delay_s", 0.01),
    ],
)
def test_a_recording_whose_config_was_altered_is_told(lab, altered, node, name, setting, value):
    code, text = replay(lab, altered(node, name, setting, value))
    assert code == 1
    kind = "imu" if node == "imu_node" else "load_cell"
    events, summary, *differences = text.splitlines()
    assert events.startswith("events and strides: no ")
    assert summary.startswith(f"samples from raw bytes: {len(differences)} ")
    assert differences
    assert all(line.startswith(f"{kind}/{name}: ") for line in differences), text
