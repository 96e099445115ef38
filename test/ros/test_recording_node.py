# SPDX-License-Identifier: Apache-2.0
"""The recorder gets every message, latched ones too, counts what was missed, and closes its file whatever stops it."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from gait_lab import msg
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.serialization import serialize_message
from std_msgs.msg import String

from gait_messages.definitions import find_definition
from gait_ros import qos
from gait_session.recording.reader import Recording

RUN = "from gait_session.recorder_node import main; main()"


@pytest.fixture
def start(tmp_path):
    processes = []

    def start_recorder(*arguments: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", RUN, "--ros-args", "-p", f"folder:={tmp_path / 'lab'}", *arguments]
        processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return processes[-1]

    yield start_recorder
    for process in processes:
        process.kill()
        process.communicate()


def stop(process, number=signal.SIGTERM) -> None:
    process.send_signal(number)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 0, err


class Watch:
    """What the recorder says of itself."""

    def __init__(self, node) -> None:
        self.state = msg.RecordingState()
        node.create_subscription(msg.RecordingState, "session/recording", self._take, qos.STATE)

    def _take(self, message) -> None:
        self.state = message


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_every_message_is_recorded_until_the_recorder_is_stopped(test_node, start, wait_until, tmp_path, number):
    node, spin = test_node
    latched = node.create_publisher(String, "latched", qos.STATE)
    latched.publish(String(data="sent before the recorder was there"))
    fast = node.create_publisher(String, "fast", QoSProfile(depth=1000))
    careless = node.create_publisher(
        String, "careless", QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)
    )
    watch = Watch(node)
    process = start()
    wait_until(lambda: watch.state.is_recording and careless.get_subscription_count() == 1, spin)
    wait_until(lambda: fast.get_subscription_count() == 1, spin)
    for count in range(3000):
        fast.publish(String(data=str(count)))
        if count % 100 == 99:
            time.sleep(0.01)
    careless.publish(String(data="careless"))
    wait_until(lambda: "/careless" in watch.state.topics, spin)
    for count in range(3000, 3100):
        fast.publish(String(data=str(count)))
    process.send_signal(number)
    for count in range(3100, 3120):  # nodes that end later than the recorder is told to
        fast.publish(String(data=str(count)))
        time.sleep(0.04)
    stop(process, number)
    recording = Recording(tmp_path / "lab")
    assert [r.message.data for r in recording.messages("fast")] == [str(count) for count in range(3120)]
    assert [r.message.data for r in recording.messages("latched")] == ["sent before the recorder was there"]
    assert recording.topics["/fast"].missed_count == 0
    assert recording.topics["/session/recording"].message_count > 0
    assert watch.state.missed_count == 0
    assert watch.state.folder == str(tmp_path / "lab")


def test_numbers_that_a_publisher_skips_are_counted_by_publisher(test_node, start, wait_until, tmp_path):
    """A reliable publisher with a queue of one overwrites what the stopped recorder cannot take."""
    node, spin = test_node
    publishers = [node.create_publisher(String, "shared", QoSProfile(depth=1000)) for _ in range(2)]
    watch = Watch(node)
    process = start()
    wait_until(lambda: all(publisher.get_subscription_count() == 1 for publisher in publishers), spin)
    for publisher in publishers:
        publisher.publish(String(data="first"))
    wait_until(lambda: "/shared" in watch.state.topics, spin)
    process.send_signal(signal.SIGSTOP)
    for _ in range(3000):  # far more than the recorder's queue holds
        publishers[0].publish(String(data="lost, most of them"))
    process.send_signal(signal.SIGCONT)
    publishers[1].publish(String(data="last"))
    wait_until(lambda: watch.state.missed_count > 0, spin, deadline_s=20.0)
    publishers[0].publish(String(data="last"))
    stop(process)
    topic = Recording(tmp_path / "lab").topics["/shared"]
    assert topic.message_count + topic.missed_count == 3000 + 4


def test_a_killed_recorder_continues_in_its_folder(test_node, start, wait_until, tmp_path):
    node, spin = test_node
    publisher = node.create_publisher(String, "text", QoSProfile(depth=10, durability=DurabilityPolicy.VOLATILE))
    watch = Watch(node)
    for number in range(2):
        process = start()
        wait_until(lambda number=number: publisher.get_subscription_count() > number, spin)
        watch.state = msg.RecordingState()
        publisher.publish(String(data=f"message {number}"))
        wait_until(lambda: "/text" in watch.state.topics, spin)
        path = tmp_path / "lab" / f"lab_{number}.mcap"
        size = path.stat().st_size
        wait_until(lambda path=path, size=size: path.stat().st_size > size, spin)  # flushed
        if number == 0:
            process.kill()
            process.wait()
    stop(process)
    recording = Recording(tmp_path / "lab")
    assert [r.message.data for r in recording.messages("text")] == ["message 0", "message 1"]
    assert recording.recovered_files == ["lab_0.mcap"]
    assert sorted(path.name for path in (tmp_path / "lab").iterdir()) == ["lab_0.mcap", "lab_1.mcap", "metadata.yaml"]


def test_hashes_are_those_of_the_publishers(test_node, wait_until):
    node, spin = test_node
    types = [msg.ForceSamples, msg.GaitState, msg.Stride, msg.Asymmetry, msg.SessionState, msg.CueReceipt, String]
    for kind in types:
        name = kind.__name__
        publisher = node.create_publisher(kind, name, 10)
        wait_until(lambda name=name: node.get_publishers_info_by_topic(name), spin)
        (info,) = node.get_publishers_info_by_topic(name)
        package = kind.__module__.split(".")[0]
        assert find_definition(f"{package}/msg/{name}").type_hash == str(info.topic_type_hash)
        assert serialize_message(kind())
        node.destroy_publisher(publisher)


def test_the_files_of_the_session_are_kept_beside_it(start, test_node, wait_until, tmp_path):
    node, spin = test_node
    config, participant = tmp_path / "any.yaml", tmp_path / "who.yaml"
    config.write_text("a: 1\n")
    participant.write_text("b: 2\n")
    watch = Watch(node)
    process = start("-p", f"config_file:={config}", "-p", f"participant_file:={participant}")
    wait_until(lambda: watch.state.is_recording, spin)
    stop(process)
    assert Path(tmp_path / "lab/config.yaml").read_text() == "a: 1\n"
    assert Path(tmp_path / "lab/participant.yaml").read_text() == "b: 2\n"
