# SPDX-License-Identifier: Apache-2.0
"""Finds how the IMUs are worn while a session goes on, and says so in ``imu_mounting`` and in the node's health."""

import threading
from functools import partial

from diagnostic_msgs.msg import DiagnosticStatus
from gait_lab import msg

from gait_analysis.events import EventKind, GaitEvent, Source
from gait_messages import values
from gait_ros import qos
from gait_ros.meaning import subscribe
from gait_ros.messages import mounting_message
from gait_ros.running import LabNode, now_s, status
from gait_sensing.mounting.mounting import ImuMounting, MountingSettings, SegmentMounting
from gait_sensing.mounting.placement import MountingFinding
from gait_sensing.samples import ImuSample


class MountingWatch:
    """Begins anew when a session awaits the participant on the plates: standing there to be weighed is the pose."""

    def __init__(self, node: LabNode, settings: MountingSettings, segments: list[str]) -> None:
        self._settings, self._segments = settings, segments
        self._now = partial(now_s, node)
        self._lock = threading.Lock()  # samples come from reader threads
        self._mounting = ImuMounting(settings, segments)
        self._is_awaited = False
        self._sent: tuple[list[SegmentMounting], list[MountingFinding]] | None = None
        if segments:
            self._publisher = node.create_publisher(msg.ImuMounting, "imu_mounting", qos.STATE)
            node.create_subscription(msg.SessionState, "session/state", self._on_session, qos.STATE)
            subscribe(node, msg.GaitEvent, "gait/events", values.gait_event, self._on_event, qos.EVENTS)

    def feed(self, samples: list[ImuSample]) -> None:
        """Take samples of one segment."""
        with self._lock:
            for sample in samples:
                self._mounting.feed(sample)

    def statuses(self) -> list[DiagnosticStatus]:
        """Publish what has changed, and return what is wrong as a status; none without IMUs."""
        if not self._segments:
            return []
        with self._lock:
            mountings = [found for segment in self._segments if (found := self._mounting.result(segment))]
            findings = self._mounting.findings()
        news = (mountings, findings)
        if news != self._sent:
            self._publisher.publish(mounting_message(mountings, findings, self._now()))
            self._sent = news
        text = "; ".join(finding.text for finding in findings if finding.level != "info")
        is_wrong = any(finding.level == "error" for finding in findings)
        strides = {mounting.segment: f"{mounting.stride_count} strides" for mounting in mountings}
        return [status("imu_mounting", text, is_wrong, strides)]

    def _on_session(self, message: msg.SessionState) -> None:
        if message.is_participant_awaited and not self._is_awaited:
            with self._lock:
                self._mounting = ImuMounting(self._settings, self._segments)
        self._is_awaited = message.is_participant_awaited

    def _on_event(self, event: GaitEvent, _: object) -> None:
        if event.source is Source.FORCE and event.kind is EventKind.INITIAL_CONTACT:
            with self._lock:
                self._mounting.feed_contact(event.side, event.time_s)
