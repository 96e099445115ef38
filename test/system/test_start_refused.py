# SPDX-License-Identifier: Apache-2.0
"""A session begins only on a sound lab, an empty plate and the right person, and says what is in the way."""

import re
import socket

import pytest
import yaml

from gait_messages import values
from gait_session.recording.reader import Recording

pytestmark = pytest.mark.timeout(600)

TIMEOUT_S = 5.0  # of a start that waits for the lab to be ready
MUTE, PULLED = "left_shank", "left_foot"


def start(lab, *words):
    """Ask for a start; return the terminal's next word on whether it came about."""
    before = len(lab.lines)
    answer = lab.operator("start", *words)
    assert answer.returncode == 0, answer.stderr
    line = lab.wait_for_line(r"not started|weighs the participant", after=before)
    return lab.lines[line - 1]


@pytest.fixture(scope="module")
def lab(running_lab, write_config, emulated_lab, tmp_path_factory):
    """A lab of which an IMU is mute and another not plugged in; what each start came to is in ``lab.said``."""
    folder = tmp_path_factory.mktemp("refused")
    path = write_config(folder)
    config = yaml.safe_load(path.read_text())
    with socket.create_server(("127.0.0.1", 0), backlog=128) as mute:
        address = f"tcp://127.0.0.1:{mute.getsockname()[1]}"
        config["/**/imu_node"]["ros__parameters"][MUTE]["url"] = address
        config["/**/session_node"] = {"ros__parameters": {"start_timeout_s": TIMEOUT_S}}
        path.write_text(yaml.safe_dump(config))
        with (
            emulated_lab(path, without=(MUTE,)) as (wires, walker),
            running_lab(folder, "--duration", "0", "simulated:=false") as lab,
        ):
            wires.unplug(PULLED)
            lab.wait_for_line("waits for the operator")
            lab.said = {"red": start(lab)}
            while "weighs" in lab.said["red"]:  # before the IMUs' node had told anything
                lab.operator("stop")
                lab.said["red"] = start(lab)
            wires.plug(PULLED)
            lab.said["mute"] = start(lab)
            wires.step_on()
            lab.said["loaded"] = start(lab, "--despite-red")
            walker.step_off()
            lab.said["despite red"] = start(lab, "--despite-red")
            wires.step_on()
            lab.wait_until_it_walks()
            lab.operator("stop")
            lab.code = lab.wait(90)
    return lab


@pytest.fixture(scope="module")
def states(lab):
    return [r.message for r in Recording(lab.recording).messages("session/state")]


def test_a_stream_that_is_red_is_named_with_its_reason(lab, states):
    said = lab.said["red"]
    assert "not started" in said
    assert re.search(rf"imu/{PULLED} is red: not connected: .*{PULLED}", said)
    assert f"imu/{MUTE} is red" in said
    assert "gait-lab start --despite-red" in said
    assert any(f"imu/{PULLED} is red" in state.text and state.text.startswith("waits") for state in states)
    assert any(f"imu/{PULLED} is red" in state.text and state.text.startswith("not started") for state in states)


def test_one_mute_sensor_is_enough(lab):
    assert "not started" in lab.said["mute"]
    assert f"imu/{MUTE} is red" in lab.said["mute"]
    assert PULLED not in lab.said["mute"]


def test_nothing_is_zeroed_under_load(lab, states):
    said = lab.said["loaded"]
    assert re.search(r"not started: .*_belt: cannot zero under load: [34]\d\d\.\d N found, 50 N allowed", said)
    assert any("cannot zero under load" in state.text for state in states)


def test_the_operator_may_start_despite_red(lab, states):
    assert "weighs the participant" in lab.said["despite red"]
    assert lab.code == 0, lab.text()
    assert [state.state for state in states if state.state][-1] == 2  # it was active, then ended


def test_no_belt_moves_before_the_start_succeeds(lab, states):
    start_s = next(values.seconds(state.start) for state in states if state.state == 1)
    for r in Recording(lab.recording).messages("treadmill/state"):
        if values.seconds(r.message.header.stamp) < start_s - 1.5:  # it is armed one second before
            assert r.message.left_speed_mps == r.message.right_speed_mps == 0.0


@pytest.fixture(scope="module")
def stranger(running_lab, write_config, emulated_lab, tmp_path_factory):
    """A lab whose participant's file says 60 kg; 80 kg step on."""
    folder = tmp_path_factory.mktemp("stranger")
    path = write_config(folder)
    participant = folder / "participant.yaml"
    given = {"participant": "p02", "body_mass_kg": 60.0, "prosthetic_side": "left"}
    participant.write_text(yaml.safe_dump({"/**/session_node": {"ros__parameters": given}}))
    arguments = ("--duration", "0", "--participant", str(participant), "simulated:=false")
    with emulated_lab(path) as (wires, walker), running_lab(folder, *arguments) as lab:
        after = lab.wait_for_line("waits for the operator")
        for _ in range(20):
            if "weighs" in start(lab):
                break
        wires.step_on()
        line = lab.wait_for_line("not started: the plates", after=after)
        lab.said = lab.lines[line - 1]
        walker.step_off()
        lab.send(2)
        lab.code = lab.wait(90)
    return lab


def test_a_person_of_another_mass_is_not_started(stranger):
    masses = re.search(r"the plates measure (\d+\.\d) kg, expected 60\.0 kg", stranger.said)
    assert masses, stranger.said
    assert float(masses.group(1)) == pytest.approx(80.0, abs=1.0)
    states = [r.message for r in Recording(stranger.recording).messages("session/state")]
    assert states[-1].state != 1
    assert states[-1].weighed_mass_kg == pytest.approx(80.0, abs=1.0)
    notes = [r.message.text for r in Recording(stranger.recording).messages("session/annotation")]
    assert any(re.match(r"weighed \d+\.\d kg on left_belt, right_belt", note) for note in notes)
