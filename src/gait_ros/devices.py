# SPDX-License-Identifier: Apache-2.0
"""Where a sensor's samples come from: a wire with a reader thread, or somebody else's topic. With their health."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from diagnostic_msgs.msg import DiagnosticStatus
from gait_lab import msg
from rclpy.exceptions import NameValidationException
from rclpy.node import Node

from gait_parts.settings import Settings, setting
from gait_ros import qos
from gait_ros.messages import raw_bytes_message
from gait_ros.parameters import declare, declare_part, declare_text
from gait_ros.running import now_s, status
from gait_sensing.health import Level, Verdict
from gait_sensing.streams import ImuStream, LoadCellStream
from gait_sensing.topic_streams import ImuTopicStream, WrenchTopicStream
from gait_sensing.wires.raw_log import RawEntry, RawKind, RawLog
from gait_sensing.wires.reader import Reader, WireHealth
from gait_sensing.wires.transport import parse_url

T = TypeVar("T")


@dataclass(frozen=True)
class DelaySettings(Settings):
    """What every sensor's block may set beside its driver's own settings."""

    delay_s: float = setting(0.0, "known time from measurement to the first byte on the wire", low=0.0, high=1.0)


@dataclass(frozen=True)
class RawSettings(Settings):
    """What the nodes of sensors share."""

    record_raw_bytes: bool = setting(False, "publish what crosses each wire, for the recording")


@dataclass(frozen=True)
class TopicSettings(Settings):
    """What a block sets in place of a driver's settings when its samples come from a topic."""

    rate_hz: float = setting(100.0, "samples a second that the publisher sends", low=0.1, high=10_000.0)


@dataclass(frozen=True, slots=True)
class Device:
    """A configured device: where it is and who speaks its language."""

    url: str
    driver: Any  # of the kind its package's contract names
    delay_s: float


def declare_topic(node: Node, prefix: str) -> str:
    """Declare ``prefix + topic`` and return it: the topic that gives the samples, or "" when a wire does."""
    return declare_text(node, f"{prefix}topic", "topic of somebody else's driver, in place of url and driver", "")


def declare_device(node: Node, package: str, prefix: str) -> Device:
    """Declare one sensor's block ``prefix + {driver, url, delay_s, the driver's settings}`` and build the driver."""
    url = declare_text(node, f"{prefix}url", "address of the device, see docs/add_a_device.md")
    part, settings = declare_part(node, package, "driver", prefix)
    return Device(url, part.Driver(settings), declare(node, DelaySettings, prefix).delay_s)


def verdict_status(name: str, verdict: Verdict) -> DiagnosticStatus:
    """Return a verdict as a diagnostic status; ``advice`` is one of its values."""
    values: Mapping[str, object] = {name: f"{value:.6g}" for name, value in verdict.values.items()}
    return status(name, verdict.text, verdict.level is Level.RED, {**values, "advice": verdict.advice})


def link_status(name: str, health: WireHealth, values: Mapping[str, object], problem: str = "") -> DiagnosticStatus:
    """Return the status of a wire without samples: ERROR without a link or when there is a ``problem``."""
    if not health.is_connected:
        problem = f"not connected: {health.error or 'not opened yet'}"
    return status(name, problem, True, values)


class RawTap:
    """Publishes what crosses a wire on ``<name>/raw``, if the config wants it recorded."""

    def __init__(self, node: Node, name: str, is_raw_recorded: bool) -> None:
        self._log = RawLog()
        self._publisher = node.create_publisher(msg.RawBytes, f"{name}/raw", qos.RAW) if is_raw_recorded else None

    def feed(self, kind: RawKind, time_s: float, data: bytes = b"") -> None:
        """Take what has happened."""
        if self._publisher:
            self._publish(self._log.feed(RawEntry(kind, time_s, data)))

    def close(self) -> None:
        """Publish what is left."""
        self._publish(self._log.flush())

    def _publish(self, entries: list[RawEntry]) -> None:
        if entries and self._publisher:
            self._publisher.publish(raw_bytes_message(entries))


class Outlet:
    """One stream of a wire: ``publish`` gets what ``stream`` makes of the bytes, ``tap`` the bytes."""

    def __init__(
        self,
        node: Node,
        name: str,
        stream: ImuStream | LoadCellStream,
        publish: Callable[[Any], None],
        is_raw_recorded: bool,
    ) -> None:
        self.name, self.stream, self._publish = name, stream, publish
        self.tap = RawTap(node, name, is_raw_recorded)
        self._now = partial(now_s, node)
        self._lock = threading.Lock()  # a zero falls between two reads, as the raw log tells it

    def open(self, opened_s: float, page: bytes) -> None:
        """Note that the wire has been opened, and the device's page."""
        with self._lock:
            self.tap.feed(RawKind.OPENED, opened_s, page)

    def feed(self, data: bytes, received_s: float) -> None:
        """Take what one read returned, and publish what it completes."""
        with self._lock:
            self.tap.feed(RawKind.RECEIVED, received_s, data)
            samples = self.stream.feed(data, received_s)
        if samples:
            self._publish(samples)

    def locked(self, kind: RawKind, act: Callable[[float], T]) -> T:
        """Call ``act(now_s)`` between two reads, and log it when it succeeds."""
        with self._lock:
            now = self._now()
            result = act(now)
            self.tap.feed(kind, now)
            return result

    def status(self, wire: WireHealth) -> DiagnosticStatus:
        """Return the stream's verdict as a diagnostic status."""
        return verdict_status(self.name, self.stream.judge(self._now(), wire))


class Wire:
    """The reader thread of one wire, from ``start`` to ``close``, and the streams that share it.

    Raises ``ValueError`` for a wrong URL, and when several share a wire whose device must be spoken to: only one could.
    """

    def __init__(self, node: Node, url: str, outlets: Sequence[Outlet]) -> None:
        self._outlets = outlets
        drivers = [outlet.stream.driver for outlet in outlets]
        if len(drivers) > 1 and any(driver.page_path or driver.connect() for driver in drivers):
            names = " and ".join(outlet.name for outlet in outlets)
            raise ValueError(f"{names} share {url}: only a device that is never written to can be shared")
        parse_url(url)
        self._open = partial(Reader, url, drivers[0], self._on_data, partial(now_s, node), on_open=self._on_open)

    def start(self) -> None:
        """Begin to read."""
        self._reader = self._open()

    def close(self) -> None:
        """Tell the device to stop, close the link and join the thread."""
        self._reader.close()
        for outlet in self._outlets:
            outlet.tap.close()

    def statuses(self) -> list[DiagnosticStatus]:
        """Return the verdict on each stream as a diagnostic status."""
        wire = self._reader.health()
        return [outlet.status(wire) for outlet in self._outlets]

    def _on_open(self, opened_s: float, page: bytes) -> None:
        for outlet in self._outlets[1:]:
            outlet.stream.driver.connect()  # the reader has asked the first one
        for outlet in self._outlets:
            outlet.open(opened_s, page)

    def _on_data(self, data: bytes, received_s: float) -> None:
        for outlet in self._outlets:
            outlet.feed(data, received_s)


class TopicInput:
    """Samples from somebody else's topic; ``publish`` gets what ``take(message, received_s)`` makes of each."""

    def __init__(
        self,
        node: Node,
        name: str,
        topic: str,
        message_type: type,
        stream: ImuTopicStream | WrenchTopicStream,
        take: Callable[[Any, float], Any],
        publish: Callable[[Any], None],
    ) -> None:
        self.name, self._stream, self._take, self._publish = name, stream, take, publish
        self._node, self._now = node, partial(now_s, node)
        self._last_received_s = float("nan")
        try:
            self._subscription = node.create_subscription(message_type, topic, self._on_message, qos.FOREIGN)
        except NameValidationException as error:
            raise ValueError(f"{node.get_name()}: topic of {name}: {error}") from None
        self.topic = self._subscription.topic_name

    def locked(self, kind: RawKind, act: Callable[[float], T]) -> T:
        """Call ``act(now_s)``; messages and services share the executor's one thread."""
        return act(self._now())

    def close(self) -> None:
        """Take no more messages."""
        self._node.destroy_subscription(self._subscription)

    def statuses(self) -> list[DiagnosticStatus]:
        """Return the stream's verdict as a diagnostic status."""
        is_published = self._node.count_publishers(self.topic) > 0
        error = "" if is_published else f"nobody publishes {self.topic}"
        wire = WireHealth(is_published, 1, self._last_received_s, error)
        return [verdict_status(self.name, self._stream.judge(self._now(), wire))]

    def _on_message(self, message: Any) -> None:
        self._last_received_s = self._now()
        samples = self._take(message, self._last_received_s)
        if samples:
            self._publish(samples)


def start(node: Node, inputs: Sequence[Wire | TopicInput]) -> None:
    """Begin to read every wire, once all that can be wrong with a setting has been looked at: threads outlive errors.

    Raises ``ValueError``, and starts nothing, when a topic that is to give samples is one that the node publishes.
    """
    own = {publisher.topic_name for publisher in node.publishers}
    for each in inputs:
        if isinstance(each, TopicInput) and each.topic in own:
            raise ValueError(
                f"{node.get_name()}: {each.name} would take its samples from {each.topic}, which this node publishes; "
                "give the topic of somebody else's driver"
            )
    for each in inputs:
        if isinstance(each, Wire):
            each.start()
