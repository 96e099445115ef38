# SPDX-License-Identifier: Apache-2.0
"""Samples of somebody else's driver, real publishers and all: calibrated, checked and published like our own."""

import itertools
import math
import signal

import numpy as np
import pytest
from gait_lab import msg, srv
from geometry_msgs.msg import WrenchStamped
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Imu

from gait_ros import qos
from gait_ros.messages import values

RATE_HZ = 100.0
DEADLINE_S = 60.0
CONFIG = {
    "imu_node": """
/**/imu_node:
  ros__parameters:
    segments: [left_foot]
    left_foot: {topic: /theirs/foot, rate_hz: 100.0}
""",
    "load_cell_node": """
/**/load_cell_node:
  ros__parameters:
    names: [left_belt]
    left_belt:
      topic: theirs/plate
      rate_hz: 100.0
      axes: ["-y", "+x", "+z"]
      origin_m: [0.5, 0.25, 0.0]
""",
}
TOPIC = {"imu_node": "/theirs/foot", "load_cell_node": "/theirs/plate"}
NAME = {"imu_node": "imu/left_foot", "load_cell_node": "load_cell/left_belt"}
KIND = {"imu_node": Imu, "load_cell_node": WrenchStamped}
OUTPUT = {"imu_node": ("imu/left_foot", Imu), "load_cell_node": ("load_cell/left_belt/samples", msg.ForceSamples)}


class Theirs:
    """Somebody else's driver: publishes at ``RATE_HZ`` by its own stamps, whenever it is let."""

    def __init__(self, node, kind, reliability):
        profile = QoSProfile(depth=100, reliability=reliability)
        self.publisher = node.create_publisher(KIND[kind], TOPIC[kind], profile)
        self._node, self._kind = node, kind
        self._next_ns = 0
        self.sent_ns = []
        self.wrench = (30.0, -20.0, 5.0, 4.0, 3.0, 2.0)

    def send_due(self):
        """Publish what is due; after a pause only the newest."""
        now_ns = self._node.get_clock().now().nanoseconds
        self._next_ns = max(self._next_ns, now_ns - 50_000_000)
        while self._next_ns <= now_ns:
            message = KIND[self._kind]()
            message.header.stamp.sec, message.header.stamp.nanosec = divmod(self._next_ns, 1_000_000_000)
            if self._kind == "imu_node":
                message.linear_acceleration.z = 9.8 + 0.001 * (len(self.sent_ns) % 7)  # a sensor has noise
                message.angular_velocity.x = 0.5
                message.orientation_covariance[0] = -1.0  # has none
            else:
                force, moment = message.wrench.force, message.wrench.torque
                force.x, force.y, force.z, moment.x, moment.y, moment.z = self.wrench
                force.z += 0.01 * (len(self.sent_ns) % 7)
            self.sent_ns.append(self._next_ns)
            self.publisher.publish(message)
            self._next_ns += int(1e9 / RATE_HZ)


@pytest.fixture
def foreign(start_node, test_node, wait_until):
    """``foreign(kind, reliability)``: their driver, our node on it, our node's output, and what lets both go on."""
    node, spin = test_node

    def start(kind, reliability=ReliabilityPolicy.BEST_EFFORT):
        process = start_node(kind, CONFIG[kind])
        theirs, found = Theirs(node, kind, reliability), []
        topic, message_type = OUTPUT[kind]
        node.create_subscription(message_type, topic, found.append, qos.SAMPLES)

        def step():
            theirs.send_due()
            spin()

        wait_until(lambda: found, step, deadline_s=DEADLINE_S)
        return process, theirs, found, step

    return start


@pytest.mark.parametrize("reliability", [ReliabilityPolicy.BEST_EFFORT, ReliabilityPolicy.RELIABLE])
@pytest.mark.parametrize("kind", ["imu_node", "load_cell_node"])
def test_their_samples_come_out_with_their_stamps(foreign, wait_until, health, kind, reliability):
    process, theirs, found, step = foreign(kind, reliability)
    wait_until(lambda: len(found) > 300 and is_sound(health.get(NAME[kind], "")), step, deadline_s=DEADLINE_S)
    stamps_ns = [message.header.stamp.sec * 1_000_000_000 + message.header.stamp.nanosec for message in found]
    if kind == "imu_node":
        sent = {time_ns for time_ns in theirs.sent_ns}
        assert all(min(abs(stamp_ns - near) for near in _near(sent, stamp_ns)) < 1000 for stamp_ns in stamps_ns[:5])
        sample = values.imu_sample(found[0], "left_foot")
        assert sample.acceleration_mps2[2] == pytest.approx(9.8, abs=0.01)
        assert sample.angular_rate_radps[0] == 0.5
        assert all(map(math.isnan, sample.orientation_xyzw))
        assert found[0].header.frame_id == "left_foot"
    else:
        for message in found:
            force_n = np.array(message.force_n).reshape(-1, 3)
            moment_nm = np.array(message.moment_nm).reshape(-1, 3)
            assert force_n[:, :2] == pytest.approx(np.tile([20.0, 30.0], (len(force_n), 1)))  # lab x is their -y
            assert moment_nm[0] == pytest.approx([-3.0, 4.0, 2.0])
    assert all(before < after for before, after in itertools.pairwise(stamps_ns))
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0


def is_sound(text):
    """Whether a stream's health speaks of the zero at most."""
    return text == "ok" or text.startswith("not zeroed")


def _near(sent, stamp_ns):
    return [time_ns for time_ns in sent if abs(time_ns - stamp_ns) < 20_000_000] or [0]


@pytest.mark.parametrize("kind", ["imu_node", "load_cell_node"])
def test_silence_of_their_driver_is_told_and_its_return_too(foreign, test_node, wait_until, health, kind):
    node, spin = test_node
    _, theirs, found, step = foreign(kind)
    wait_until(lambda: is_sound(health.get(NAME[kind], "")), step, deadline_s=DEADLINE_S)
    wait_until(lambda: " s old" in health[NAME[kind]], spin, deadline_s=DEADLINE_S)
    node.destroy_publisher(theirs.publisher)
    wait_until(lambda: f"nobody publishes {TOPIC[kind]}" in health[NAME[kind]], spin, deadline_s=DEADLINE_S)
    count = len(found)
    back = Theirs(node, kind, ReliabilityPolicy.RELIABLE)

    def go_on():
        back.send_due()
        spin()

    wait_until(lambda: len(found) > count and "nobody" not in health[NAME[kind]], go_on, deadline_s=DEADLINE_S)


@pytest.mark.parametrize("kind", ["imu_node", "load_cell_node"])
def test_a_topic_that_nobody_publishes_is_told(start_node, test_node, wait_until, health, kind):
    _, spin = test_node
    start_node(kind, CONFIG[kind])
    wait_until(lambda: f"nobody publishes {TOPIC[kind]}" in health.get(NAME[kind], ""), spin, deadline_s=DEADLINE_S)


def test_their_plate_is_zeroed_like_our_own(foreign, test_node, wait_until):
    node, _ = test_node
    _, theirs, found, step = foreign("load_cell_node")
    client = node.create_client(srv.Zero, "load_cell_node/zero")
    wait_until(client.service_is_ready, step, deadline_s=DEADLINE_S)

    def zero():
        future = client.call_async(srv.Zero.Request())
        wait_until(future.done, step, deadline_s=DEADLINE_S)
        return future.result()

    def is_zeroed():  # again where no sample came for a while
        answer = zero()
        return answer.is_zeroed and answer.load_n == pytest.approx(5.03, abs=0.1)

    wait_until(is_zeroed, step, deadline_s=DEADLINE_S)
    wait_until(lambda: np.abs(found[-1].force_n).max() < 0.1, step, deadline_s=DEADLINE_S)
    theirs.wrench = (0.0, 0.0, 700.0, 0.0, 0.0, 0.0)  # somebody stands on it
    wait_until(lambda: found[-1].force_n[2] > 600.0, step, deadline_s=DEADLINE_S)

    def is_refused():
        answer = zero()
        assert not answer.is_zeroed
        return "left_belt: cannot zero under load" in answer.text

    wait_until(is_refused, step, deadline_s=DEADLINE_S)


@pytest.mark.parametrize(
    ("kind", "config", "words"),
    [
        ("imu_node", "segments: [a]\n    a: {topic: imu/a}", ["imu/a", "/imu/a"]),
        ("imu_node", "segments: [a, b]\n    a: {topic: /imu/b}\n    b: {topic: theirs}", ["imu/a", "/imu/b"]),
        ("load_cell_node", "names: [a]\n    a: {topic: load_cell/a/wrench}", ["load_cell/a", "/load_cell/a/wrench"]),
    ],
)
def test_a_topic_of_the_node_itself_is_refused(start_node, kind, config, words):
    process = start_node(kind, f"/**/{kind}:\n  ros__parameters:\n    {config}\n")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Traceback" not in err
    assert all(word in err for word in [kind, "this node publishes", *words]), err
