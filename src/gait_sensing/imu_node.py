# SPDX-License-Identifier: Apache-2.0
"""Publishes ``imu/<segment>``, one ``sensor_msgs/Imu`` for each sample of each IMU, and ``imu_mounting``."""

from collections import defaultdict
from functools import partial
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.publisher import Publisher
from sensor_msgs.msg import Imu

from gait_messages import values
from gait_ros import qos
from gait_ros.devices import Outlet, RawSettings, TopicInput, TopicSettings, Wire, declare_device, declare_topic, start
from gait_ros.messages import imu_message
from gait_ros.mounting import MountingWatch
from gait_ros.parameters import declare, declare_names
from gait_ros.running import LabNode, run
from gait_sensing import imus
from gait_sensing.clocks.device_clock import clock_for
from gait_sensing.mounting.mounting import MountingSettings
from gait_sensing.samples import ImuSample
from gait_sensing.streams import ImuHealthSettings, ImuStream
from gait_sensing.topic_streams import ImuTopicStream


class ImuNode(LabNode):
    """One wire (or foreign topic), one stream and one topic for each segment in the parameter ``segments``."""

    def __init__(self) -> None:
        super().__init__("imu_node")
        self._is_raw_recorded = declare(self, RawSettings).record_raw_bytes
        segments = declare_names(self, "segments", "body segments that wear an IMU")
        if reserved := sorted({"mounting", "record_raw_bytes"} & set(segments)):
            raise ValueError(f"imu_node: {', '.join(reserved)} is a setting and cannot name a segment")
        self._mounting = MountingWatch(self, declare(self, MountingSettings, "mounting."), segments)
        self._inputs: list[Wire | TopicInput] = []
        by_url: dict[str, list[Outlet]] = defaultdict(list)
        for segment in segments:
            self._add(segment, by_url)
        self._inputs += [Wire(self, url, outlets) for url, outlets in by_url.items()]
        start(self, self._inputs)

    def _add(self, segment: str, by_url: dict[str, list[Outlet]]) -> None:
        name, prefix = f"imu/{segment}", f"{segment}."
        publish = partial(self._publish, self.create_publisher(Imu, name, qos.SAMPLES))
        health = declare(self, ImuHealthSettings, prefix)
        topic = declare_topic(self, prefix)
        if topic:
            interval_s = 1.0 / declare(self, TopicSettings, prefix).rate_hz
            foreign = ImuTopicStream(segment, interval_s, health)

            def take(message: Any, received_s: float) -> list[ImuSample]:
                return foreign.feed(values.imu_sample(message, segment), received_s)

            self._inputs.append(TopicInput(self, name, topic, Imu, foreign, take, publish))
            return
        device = declare_device(self, imus.__name__, prefix)
        stream = ImuStream(segment, device.driver, clock_for(device.driver, device.delay_s), health)
        by_url[device.url].append(Outlet(self, name, stream, publish, self._is_raw_recorded))

    def _publish(self, publisher: Publisher[Imu], samples: list[ImuSample]) -> None:
        for sample in samples:
            publisher.publish(imu_message(sample))
        self._mounting.feed(samples)

    def health(self) -> list[DiagnosticStatus]:
        """One status for each segment, and one for how the IMUs are worn."""
        return [*(status for each in self._inputs for status in each.statuses()), *self._mounting.statuses()]

    def destroy_node(self) -> None:
        """Join the reader threads, then close."""
        for each in self._inputs:
            each.close()
        super().destroy_node()


def main() -> None:
    """Run the node."""
    run(ImuNode)
