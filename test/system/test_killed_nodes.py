# SPDX-License-Identifier: Apache-2.0
"""Each node is killed while somebody walks: launch restarts it, the belts do what docs/safety.md says."""

import os
import re
import signal
import time

import pytest

from gait_messages import values
from gait_session.recording.reader import Recording

pytestmark = pytest.mark.timeout(600)  # eight nodes, each with a ramp down and a new start

RUN_ON = ["imu_node", "haptic_node", "recorder_node"]
RAMP_DOWN = {  # and what treadmill/safety says of it
    "load_cell_node": "no samples of left_belt, right_belt|the plates have fallen silent",
    "analysis_node": "no gait state within",
    "feedback_node": "no command from /feedback_node",
    "session_node": "no heartbeat of the session",
    "treadmill_node": "and no command moves the belts",
}


@pytest.fixture(scope="module")
def lab(running_lab, tmp_path_factory):
    """A walking lab in which every node was killed once, and which was then stopped."""
    with running_lab(tmp_path_factory.mktemp("killed"), "--duration", "900") as lab:
        lab.wait_until_it_walks()
        for node in (*RUN_ON, *RAMP_DOWN):
            kill(lab, node)
        lab.send(signal.SIGINT)
        lab.code = lab.wait(60)
        lab.left = lab.processes()
    return lab


def kill(lab, node):
    """Kill a node, wait for its successor and for what the belts do, and walk again."""
    pid, before, now_s = lab.process_of(node), len(lab.lines), time.monotonic()
    os.kill(pid, signal.SIGKILL)
    back = lab.wait_for_line(rf"\[launch\] {node}-\d+ started", after=before)
    assert not lab.lines[back - 1].endswith(f"process {pid}")
    if node in RAMP_DOWN:
        said = lab.wait_for_line(rf"treadmill: .*{RAMP_DOWN[node]}", after=before)
        lab.start_again(max(said, back))
    elif not lab.walks_on(back, 3):  # seconds: longer than any watchdog waits
        assert lab.stalls.since(now_s), lab.text()  # a machine that stands still stops the belts, too: once more
        lab.start_again(len(lab.lines))
        kill(lab, node)


def test_it_still_ends_cleanly(lab):
    assert lab.code == 0, lab.text()
    assert lab.left == {}


def test_the_belts_never_leave_their_envelope(lab):
    speeds = [
        speed
        for r in Recording(lab.recording).messages("treadmill/state")
        for speed in (r.message.left_speed_mps, r.message.right_speed_mps)
    ]
    assert min(speeds) >= 0.0
    assert max(speeds) <= 1.5


def test_the_recording_stays_readable_through_it_all(lab):
    recording = Recording(lab.recording)
    assert sum(1 for _ in recording.arrivals()) == sum(topic.message_count for topic in recording.topics.values())
    texts = [r.message.text for r in recording.messages("treadmill/safety")]
    for words in RAMP_DOWN.values():
        assert any(re.search(words, text) for text in texts), words
    assert (lab.recording / "report.html").is_file()


def test_nothing_moves_until_an_operator_arms_again(lab):
    """After each ramp down, every status until the next arming shows belts that slow down or rest."""
    highest_mps = None
    for r in Recording(lab.recording).messages("treadmill/state"):
        state, speed_mps = r.message, max(r.message.left_speed_mps, r.message.right_speed_mps)
        if state.is_armed:
            highest_mps = None
            continue
        assert highest_mps is None or speed_mps <= highest_mps + 0.002, values.seconds(state.header.stamp)
        highest_mps = speed_mps
