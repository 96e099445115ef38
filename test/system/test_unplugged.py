# SPDX-License-Identifier: Apache-2.0
"""Each kind of wire is pulled while somebody walks, and put back: a gap, told as one, and no more."""

import itertools
import time

import numpy as np
import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from gait_lab.msg import CueReceipt, SafetyState
from rclpy.executors import SingleThreadedExecutor

from gait_messages import values
from gait_session.recording.reader import Recording

pytestmark = pytest.mark.timeout(900)  # four wires, each with its loss, its return and its way back to walking

STATUS = {
    "left_foot": "imu/left_foot",
    "left_belt": "load_cell/left_belt",
    "treadmill": "treadmill",
    "haptic": "haptic",
}
GREEN, RED = 0, 2  # DiagnosticStatus.level
RUN_ON = ["left_foot", "left_belt", "haptic"]
RATE_HZ = {"imu/left_foot": 100.0, "load_cell/left_belt": 1000.0}


class Health:
    """The newest text of each name on ``/diagnostics`` of a lab."""

    def __init__(self, domain):
        self.texts = {}
        self._context = rclpy.Context()
        self._context.init(domain_id=domain)
        self._node = rclpy.create_node("test_health", context=self._context)
        self._node.create_subscription(DiagnosticArray, "/diagnostics", self._take, 10)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)

    def _take(self, message):
        self.texts |= {status.name: status.message for status in message.status}

    def step(self):
        self._executor.spin_once(timeout_sec=0.05)

    def close(self):
        self._executor.shutdown()
        self._node.destroy_node()
        self._context.shutdown()


@pytest.fixture(scope="module")
def lab(running_lab, write_config, emulated_lab, wait_until, tmp_path_factory):
    """A lab whose wires were pulled one by one while somebody walked, and which was then stopped; and when."""
    folder = tmp_path_factory.mktemp("unplugged")
    config = write_config(folder)
    with emulated_lab(config) as (wires, _), running_lab(folder, "--duration", "900", "simulated:=false") as lab:
        health = Health(int(lab.environment["ROS_DOMAIN_ID"]))
        try:
            start(lab, wires)
            lab.pulled = {}  # by device: when it was pulled and put back
            for name in (*RUN_ON, "treadmill"):
                pull(lab, wires, health, wait_until, name)
        finally:
            health.close()
        lab.operator("stop")
        lab.code = lab.wait(90)
        lab.left = lab.processes()
    return lab


def start(lab, wires):
    """Be the operator, and the participant who steps on when asked to."""
    after = lab.wait_for_line("waits for the operator")
    for _ in range(20):
        lab.operator("start")
        after = lab.wait_for_line(r"weighs the participant|not started", after=after)
        if "weighs" in lab.lines[after - 1]:
            wires.step_on()
            lab.wait_until_it_walks(after)
            return
    pytest.fail(f"not started in {lab.text()}")


def pull(lab, wires, health, wait_until, name):
    """Pull a wire and put it back, waiting for what is to be said of both, and walk again."""
    status, before = STATUS[name], len(lab.lines)
    wait_until(lambda: not is_lost(health, status), health.step, deadline_s=30.0)
    wires.unplug(name)
    pulled_s = time.time()
    wait_until(lambda: is_lost(health, status), health.step, deadline_s=30.0)
    if name in RUN_ON:
        walk_on(lab, before)
    else:
        lab.wait_for_line(r"treadmill: .*the link is lost.*cannot be told now", after=before)
    wires.plug(name)
    lab.pulled[name] = (pulled_s, time.time())
    before = len(lab.lines)
    wait_until(lambda: not is_lost(health, status), health.step, deadline_s=60.0)
    if name in RUN_ON:
        walk_on(lab, before)
    else:
        lab.start_again(before)


def is_lost(health, status):
    text = health.texts.get(status, "not connected")
    return "not connected" in text or "no status" in text or "s old" in text


def walk_on(lab, after):
    now_s = time.monotonic()
    if not lab.walks_on(after, 4):  # seconds: longer than any watchdog waits
        assert lab.stalls.since(now_s), lab.text()  # a machine that stands still stops the belts, too
        lab.start_again(len(lab.lines))


@pytest.fixture(scope="module")
def recording(lab):
    return Recording(lab.recording)


def batches(recording, name):
    """Return stamps and first sample counts of a sensor's messages, and the stamps of all its samples."""
    if name.startswith("imu/"):
        stamps_s = [values.seconds(r.message.header.stamp) for r in recording.messages(name)]
        return np.array(stamps_s), None
    samples = [values.force_samples(r.message) for r in recording.messages(f"{name}/samples")]
    counts = np.concatenate([s.first_sample_count + np.arange(len(s.time_s)) for s in samples])
    return np.concatenate([s.time_s for s in samples]), counts


def test_no_node_dies_and_it_ends_cleanly(lab):
    assert lab.code == 0, lab.text()
    assert lab.left == {}
    assert "starting it again" not in lab.text()
    assert "Traceback" not in lab.text()


SENSORS = [f"imu/{name}" for name in ("pelvis", "left_foot", "right_foot")]
SENSORS += [f"load_cell/{name}" for name in ("left_belt", "right_belt")]


@pytest.mark.parametrize("name", SENSORS)
def test_stamps_go_forward_and_only_the_pulled_wire_has_a_gap(lab, recording, name):
    stamps_s, counts = batches(recording, name)
    steps_s = np.diff(stamps_s)
    assert steps_s.min() > 0.0
    gaps = np.flatnonzero(steps_s > 0.5)
    if name not in RATE_HZ:
        assert len(gaps) == 0
        return
    (gap,) = gaps
    pulled_s, back_s = lab.pulled[name.partition("/")[2]]
    assert stamps_s[gap] == pytest.approx(pulled_s, abs=0.5)
    assert stamps_s[gap + 1] > back_s - 0.05
    if counts is not None:  # a gap in numbers as well, as long as that in time
        assert (np.diff(counts) >= 1).all()
        missing_count = counts[gap + 1] - counts[gap] - 1
        assert missing_count == pytest.approx(steps_s[gap] * RATE_HZ[name], rel=0.05)


@pytest.mark.parametrize("name", ["imu/left_foot", "load_cell/left_belt"])
def test_health_tells_loss_and_return(recording, name):
    told = [
        (status.level, status.message, {pair.key: pair.value for pair in status.values})
        for r in recording.messages("/diagnostics")
        for status in r.message.status
        if status.name == name
    ]
    lost = [n for n, (level, text, _) in enumerate(told) if level == RED and "not connected" in text]
    back = [n for n, (_, text, _) in enumerate(told) if "1 times reconnected" in text]
    assert lost and back and lost[-1] < back[0]
    assert any("samples lost" in told[n][1] for n in back)
    assert not any("expected" in told[n][1] for n in back)  # the device sends at its rate; the wire was off
    level, text, numbers = told[-1]
    assert level == GREEN, text  # long after, it is sound again
    assert numbers["open_count"] == "2"
    assert int(numbers["lost_count"]) > RATE_HZ[name]


def test_nothing_else_turned_red(recording):
    pulled = set(STATUS.values())
    walking_s = next(values.seconds(r.message.start) for r in recording.messages("session/state") if r.message.state)
    red = {
        (status.name, status.message)
        for r in recording.messages("/diagnostics")
        for status in r.message.status
        if status.level == RED and values.seconds(r.message.header.stamp) > walking_s
    }
    assert {name for name, _ in red if name.startswith(("imu/", "load_cell/"))} <= pulled, red


def test_cues_are_dropped_without_a_link_and_come_again(lab, recording):
    pulled_s, back_s = lab.pulled["haptic"]
    receipts = [r.message for r in recording.messages("feedback/receipt")]
    during = {r.result for r in receipts if pulled_s < values.seconds(r.decided) < back_s - 0.1}
    after = {r.result for r in receipts if values.seconds(r.decided) > back_s + 3.0}
    assert during <= {CueReceipt.DROPPED_NO_LINK, CueReceipt.WITHHELD}
    assert CueReceipt.SENT in after


def test_the_belts_come_to_rest_and_an_operator_takes_them_up_again(lab, recording):
    _, back_s = lab.pulled["treadmill"]
    safety = [r.message for r in recording.messages("treadmill/safety")]
    assert any(s.reason == SafetyState.REASON_LINK_LOST and s.level == SafetyState.LEVEL_RAMP_DOWN for s in safety)
    states = [r.message for r in recording.messages("treadmill/state")]
    after = [s for s in states if values.seconds(s.header.stamp) > back_s]
    unarmed = list(itertools.takewhile(lambda state: not state.is_armed, after))
    speeds_mps = [state.left_speed_mps for state in unarmed]
    assert speeds_mps[0] > 0.5  # they had run on
    assert speeds_mps[-1] < 0.02
    assert all(b <= a + 0.002 for a, b in itertools.pairwise(speeds_mps))
    assert any(state.is_armed and state.left_speed_mps > 1.0 for state in after)
