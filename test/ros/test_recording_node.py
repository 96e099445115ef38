# SPDX-License-Identifier: Apache-2.0
"""The recorder gets every message, latched ones too, counts what was missed, and closes its file whatever stops it."""

import itertools
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from gait_lab import msg
from rclpy.duration import Duration
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.serialization import serialize_message
from std_msgs.msg import String

from gait_messages.definitions import find_definition
from gait_ros import qos
from gait_session.recording.reader import Recording

RUN = "from gait_session.recorder_node import main; main()"
DEADLINE_S = 60.0
QUEUE_DEPTH = 1000  # of publishers here and of the recorder
PATIENCE_S = 0.2  # less than for which the recorder, told to stop, waits for more


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
    _, err = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0, err


def wait_for_acks(publishers) -> None:
    """Wait until all that was published waits to be taken, or was."""
    assert all(publisher.wait_for_all_acked(Duration(seconds=DEADLINE_S)) for publisher in publishers)


class Watch:
    """What the recorder says of itself."""

    def __init__(self, node, spin, wait_until) -> None:
        self._spin, self._wait_until = spin, wait_until
        self.state = msg.RecordingState()
        node.create_subscription(msg.RecordingState, "session/recording", self._take, qos.STATE)

    def _take(self, message) -> None:
        self.state = message

    def wait(self, condition, step=lambda: None) -> None:
        def go_on() -> None:
            step()
            self._spin()

        self._wait_until(condition, go_on, deadline_s=DEADLINE_S)

    def is_recorded(self, topic) -> bool:
        return topic in self.state.topics


@pytest.fixture
def watch(test_node, wait_until):
    return Watch(*test_node, wait_until)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_every_message_is_recorded_until_the_recorder_is_stopped(test_node, start, watch, tmp_path, number):
    node, _ = test_node
    latched = node.create_publisher(String, "latched", qos.STATE)
    latched.publish(String(data="sent before the recorder was there"))
    fast = node.create_publisher(String, "fast", QoSProfile(depth=QUEUE_DEPTH))
    careless = node.create_publisher(
        String, "careless", QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)
    )
    process = start()
    watch.wait(lambda: careless.get_subscription_count() == fast.get_subscription_count() == 1)
    watch.wait(lambda: watch.is_recorded("/careless"), lambda: careless.publish(String(data="careless")))
    assert watch.state.is_recording
    for count in range(3000):
        if count % (QUEUE_DEPTH // 2) == 0:  # never more under way than a queue holds, of a few other messages too
            watch.wait(lambda count=count: watch.state.message_count >= count)
        fast.publish(String(data=str(count)))
    wait_for_acks([fast])
    for count in range(3000, 3100):
        fast.publish(String(data=str(count)))
    process.send_signal(number)
    sent_s = [time.monotonic()]
    for count in range(3100, 3120):  # nodes that end later than the recorder is told to
        fast.publish(String(data=str(count)))
        sent_s.append(time.monotonic())
        time.sleep(0.04)
    stop(process, number)
    recording = Recording(tmp_path / "lab")
    in_time = itertools.takewhile(lambda pair: pair[1] - pair[0] < PATIENCE_S, itertools.pairwise(sent_s))
    texts = [r.message.data for r in recording.messages("fast")]
    assert texts == [str(count) for count in range(len(texts))]
    assert len(texts) >= 3100 + len(list(in_time))
    assert [r.message.data for r in recording.messages("latched")] == ["sent before the recorder was there"]
    assert recording.topics["/fast"].missed_count == 0
    assert recording.topics["/session/recording"].message_count > 0
    assert watch.state.missed_count == 0
    assert watch.state.folder == str(tmp_path / "lab")


def test_numbers_that_a_publisher_skips_are_counted_by_publisher(test_node, start, watch, tmp_path):
    """A reliable publisher overwrites what the stopped recorder cannot take."""
    node, _ = test_node
    publishers = [node.create_publisher(String, "shared", QoSProfile(depth=QUEUE_DEPTH)) for _ in range(2)]
    process = start()
    watch.wait(lambda: all(publisher.get_subscription_count() == 1 for publisher in publishers))
    for publisher in publishers:
        publisher.publish(String(data="first"))
    wait_for_acks(publishers)
    watch.wait(lambda: watch.is_recorded("/shared"))
    process.send_signal(signal.SIGSTOP)
    for _ in range(3000):  # far more than the recorder's queue holds
        publishers[0].publish(String(data="lost, most of them"))
    process.send_signal(signal.SIGCONT)
    publishers[1].publish(String(data="last"))
    watch.wait(lambda: watch.state.missed_count > 0)
    publishers[0].publish(String(data="last"))
    wait_for_acks(publishers)
    stop(process)
    topic = Recording(tmp_path / "lab").topics["/shared"]
    assert topic.message_count + topic.missed_count == 3000 + 4


def test_a_killed_recorder_continues_in_its_folder(test_node, start, watch, tmp_path):
    node, _ = test_node
    publisher = node.create_publisher(String, "text", QoSProfile(depth=10, durability=DurabilityPolicy.VOLATILE))
    for number in range(2):
        watch.state = msg.RecordingState()
        process = start()
        path = tmp_path / "lab" / f"lab_{number}.mcap"

        def tell(number=number):  # again and again: who subscribes a moment later hears no more of it
            publisher.publish(String(data=f"message {number}"))

        watch.wait(lambda: watch.is_recorded("/text"), tell)
        size = path.stat().st_size
        watch.wait(lambda path=path, size=size: path.stat().st_size > size)  # flushed
        if number == 0:
            process.kill()
            process.wait()
    stop(process)
    recording = Recording(tmp_path / "lab")
    texts = [r.message.data for r in recording.messages("text")]
    assert texts == sorted(texts) and set(texts) == {"message 0", "message 1"}
    assert recording.recovered_files == ["lab_0.mcap"]
    assert sorted(path.name for path in (tmp_path / "lab").iterdir()) == ["lab_0.mcap", "lab_1.mcap", "metadata.yaml"]


def test_hashes_are_those_of_the_publishers(test_node, wait_until):
    node, spin = test_node
    types = [msg.ForceSamples, msg.GaitState, msg.Stride, msg.Asymmetry, msg.SessionState, msg.CueReceipt, String]
    for kind in types:
        name = kind.__name__
        publisher = node.create_publisher(kind, name, 10)
        wait_until(lambda name=name: node.get_publishers_info_by_topic(name), spin, deadline_s=DEADLINE_S)
        (info,) = node.get_publishers_info_by_topic(name)
        package = kind.__module__.split(".")[0]
        assert find_definition(f"{package}/msg/{name}").type_hash == str(info.topic_type_hash)
        assert serialize_message(kind())
        node.destroy_publisher(publisher)


def test_the_files_of_the_session_are_kept_beside_it(start, watch, tmp_path):
    config, participant = tmp_path / "any.yaml", tmp_path / "who.yaml"
    config.write_text("a: 1\n")
    participant.write_text("b: 2\n")
    process = start("-p", f"config_file:={config}", "-p", f"participant_file:={participant}")
    watch.wait(lambda: watch.state.is_recording)
    stop(process)
    assert Path(tmp_path / "lab/config.yaml").read_text() == "a: 1\n"
    assert Path(tmp_path / "lab/participant.yaml").read_text() == "b: 2\n"
