# SPDX-License-Identifier: Apache-2.0
"""Records every topic as it is sent, and counts what it missed by the publishers' own sequence numbers.

No callbacks: one thread takes from every subscription until it is empty, a hundred times a second. That costs a third
of an executor's way to the same bytes, and ``EventsExecutor`` yields no sequence numbers.
"""

import importlib
import shutil
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
from gait_lab import msg
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription
from rclpy.topic_endpoint_info import TopicEndpointInfo

from gait_messages.definitions import find_definition
from gait_parts.settings import Settings, setting
from gait_ros import qos
from gait_ros.intake import never_called, new_intake, take
from gait_ros.messages import to_stamp
from gait_ros.parameters import declare
from gait_ros.running import LabNode, now_s, run, status
from gait_session.recording.writer import QosProfile, RecordingWriter

QUEUE_DEPTH = 1000
TAKE_PERIOD_S = 0.01
DISCOVERY_PERIOD_S = 0.2
FLUSH_PERIOD_S = 0.5  # what a hard kill costs
STATE_PERIOD_S = 0.2
QUIET_S = 0.3  # a stop waits until nothing has arrived for so long ...
LONGEST_DRAIN_S = 2.0  # ... but no longer than this


@dataclass(frozen=True)
class RecorderSettings(Settings):
    """Where the recording goes, and which files it keeps beside it."""

    folder: str = setting("recording", "folder of the recording; made if there is none, continued if there is one")
    config_file: str = setting("", "copied into the folder as config.yaml; empty for none")
    participant_file: str = setting("", "copied into the folder as participant.yaml; empty for none")


class Intake:
    """Subscriptions to every topic, emptied by ``take``; for one thread."""

    def __init__(self, node: Node, writer: RecordingWriter) -> None:
        self.counts: dict[str, int] = {}
        self.missed_counts: dict[str, int] = {}
        self.refused: dict[str, str] = {}  # by topic, why it cannot be recorded
        self._writer = writer
        self._subscriptions: dict[str, Subscription[Any]] = {}
        self._last_numbers: dict[bytes, int] = {}  # by publisher
        self._node = new_intake(node)

    def discover(self) -> None:
        """Subscribe to what is new in the graph, and again where publishers came that offer less."""
        for topic, types in self._node.get_topic_names_and_types():
            if topic in self.refused:
                continue
            publishers = self._node.get_publishers_info_by_topic(topic)
            if not publishers:
                continue
            profile = _profile(publishers)
            subscription = self._subscriptions.get(topic)
            if subscription is None or (subscription.qos_profile != profile):
                self._subscribe(topic, types, publishers, profile)

    def take(self) -> int:
        """Write all that has arrived; return how many messages that were."""
        return sum(self._take_from(topic, subscription) for topic, subscription in self._subscriptions.items())

    def close(self) -> None:
        """Leave the graph."""
        self._node.destroy_node()

    def _subscribe(
        self, topic: str, types: list[str], publishers: list[TopicEndpointInfo], profile: QoSProfile
    ) -> None:
        try:
            message_type = _message_type(types)
            self._writer.add_topic(topic, types[0], [_as_rosbag2(publisher.qos_profile) for publisher in publishers])
        except ValueError as error:
            self.refused[topic] = str(error)
            return
        old = self._subscriptions.pop(topic, None)
        if old is not None:
            self._take_from(topic, old)
            self._node.destroy_subscription(old)
        self._subscriptions[topic] = self._node.create_subscription(
            message_type, topic, never_called, profile, raw=True
        )

    def _take_from(self, topic: str, subscription: "Subscription[Any]") -> int:
        count = 0
        while count < QUEUE_DEPTH and (taken := take(subscription)) is not None:
            count += 1
            cdr, info = taken
            if self._is_new(topic, info["publisher_gid"]["data"], info["publication_sequence_number"]):
                self._writer.write(
                    topic,
                    cdr,
                    info["received_timestamp"],
                    info["source_timestamp"],
                    info["publication_sequence_number"],
                )
                self.counts[topic] = self.counts.get(topic, 0) + 1
        return count

    def _is_new(self, topic: str, publisher: bytes, number: int) -> bool:
        """Follow a publisher's numbers. What it sent before it was first heard of is not missed."""
        last = self._last_numbers.get(publisher, number - 1)
        if number <= last:
            return False  # latched, and had again after a new subscription
        self._last_numbers[publisher] = number
        self.missed_counts[topic] = self.missed_counts.get(topic, 0) + number - last - 1
        return True


class RecorderNode(LabNode):
    """Writes the recording in a thread, and says in ``session/recording`` how it goes."""

    def __init__(self) -> None:
        super().__init__("recorder_node")
        settings = declare(self, RecorderSettings)
        self._folder = Path(settings.folder).absolute()
        self._folder.mkdir(parents=True, exist_ok=True)
        _copy(settings.config_file, self._folder / "config.yaml")
        _copy(settings.participant_file, self._folder / "participant.yaml")
        self._writer = RecordingWriter(self._folder, find_definition)
        self._intake = Intake(self, self._writer)
        self._is_recording = True
        self._publisher = self.create_publisher(msg.RecordingState, "session/recording", qos.STATE)
        self.create_timer(STATE_PERIOD_S, self._publish)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recorder")
        self._thread.start()

    def destroy_node(self) -> None:
        """Take what is still under way, close the recording, then the node."""
        self._stop.set()
        self._thread.join()
        super().destroy_node()

    def health(self) -> list[DiagnosticStatus]:
        """One status: messages recorded and missed, by topic where any were; topics that cannot be recorded."""
        missed = {f"missed_count {topic}": count for topic, count in list(self._intake.missed_counts.items()) if count}
        refused = list(self._intake.refused.values())
        problem = "; ".join([*refused, *(f"{topic} {count}" for topic, count in missed.items())])
        return [status("recorder", problem, False, {"message_count": self._writer.message_count, **missed})]

    def _run(self) -> None:
        self.exit_code = 1  # unless the recording comes to its end
        try:
            self._record()
            self.exit_code = 0
        finally:
            self._is_recording = False
            self.is_done = True

    def _record(self) -> None:
        intake, writer = self._intake, self._writer
        next_discovery_s = next_flush_s = 0.0
        while not self._stop.wait(TAKE_PERIOD_S):
            intake.take()
            now = time.monotonic()
            if now >= next_discovery_s:
                intake.discover()
                next_discovery_s = now + DISCOVERY_PERIOD_S
            if now >= next_flush_s:
                writer.flush()
                next_flush_s = now + FLUSH_PERIOD_S
        self._drain()
        intake.close()
        writer.close(intake.missed_counts)

    def _drain(self) -> None:
        begin = last = now = time.monotonic()
        while now < min(last + QUIET_S, begin + LONGEST_DRAIN_S):
            time.sleep(TAKE_PERIOD_S)
            now = time.monotonic()
            if self._intake.take():  # last of all: what came while this process stood still came in time
                last = now

    def _publish(self) -> None:
        counts = dict(self._intake.counts)
        message = msg.RecordingState(is_recording=self._is_recording, folder=str(self._folder), topics=sorted(counts))
        message.header.stamp = to_stamp(now_s(self))
        message.message_count = sum(counts.values())
        message.missed_count = sum(list(self._intake.missed_counts.values()))
        self._publisher.publish(message)


def _profile(publishers: list[TopicEndpointInfo]) -> QoSProfile:
    """Return the strictest quality of service that every publisher can serve: latched messages come only so."""
    offered = [publisher.qos_profile for publisher in publishers]
    is_reliable = all(profile.reliability == ReliabilityPolicy.RELIABLE for profile in offered)
    is_latched = all(profile.durability == DurabilityPolicy.TRANSIENT_LOCAL for profile in offered)
    return QoSProfile(
        depth=QUEUE_DEPTH,
        reliability=ReliabilityPolicy.RELIABLE if is_reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if is_latched else DurabilityPolicy.VOLATILE,
    )


def _as_rosbag2(profile: QoSProfile) -> QosProfile:
    return {
        "history": profile.history.name.lower(),
        "depth": profile.depth,
        "reliability": profile.reliability.name.lower(),
        "durability": profile.durability.name.lower(),
        "deadline": _duration(profile.deadline.nanoseconds),
        "lifespan": _duration(profile.lifespan.nanoseconds),
        "liveliness": profile.liveliness.name.lower(),
        "liveliness_lease_duration": _duration(profile.liveliness_lease_duration.nanoseconds),
        "avoid_ros_namespace_conventions": profile.avoid_ros_namespace_conventions,
    }


def _duration(nanoseconds: int) -> dict[str, int]:
    return {"sec": nanoseconds // 1_000_000_000, "nsec": nanoseconds % 1_000_000_000}


def _message_type(types: list[str]) -> Any:
    """Return the class of a topic's messages; raise ``ValueError`` when there is not exactly one, or none installed."""
    if len(types) > 1:
        raise ValueError(f"not recorded: a topic of several types, {', '.join(types)}")
    package, _, name = types[0].split("/")
    try:
        return getattr(importlib.import_module(f"{package}.msg"), name)
    except (ModuleNotFoundError, AttributeError):
        raise ValueError(f"not recorded: {types[0]} is not installed here") from None


def _copy(source: str, target: Path) -> None:
    if source and Path(source).absolute() != target:
        shutil.copyfile(source, target)


def main() -> None:
    """Run the node."""
    run(RecorderNode)
