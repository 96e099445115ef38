# SPDX-License-Identifier: Apache-2.0
"""Publishes ``imu/<segment>``, one ``sensor_msgs/Imu`` for each sample of each IMU."""

from functools import partial

from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.publisher import Publisher
from sensor_msgs.msg import Imu

from gait_ros import qos
from gait_ros.devices import Wire, declare_device
from gait_ros.messages import imu_message
from gait_ros.parameters import declare_names
from gait_ros.running import LabNode, now_s, run
from gait_sensing import imus
from gait_sensing.device_clock import clock_for
from gait_sensing.streams import ImuStream


class ImuNode(LabNode):
    """One wire, one stream and one topic for each segment in the parameter ``segments``."""

    def __init__(self) -> None:
        super().__init__("imu_node")
        self._wires: list[Wire] = []
        for segment in declare_names(self, "segments", "body segments that wear an IMU"):
            device = declare_device(self, imus.__name__, f"{segment}.")
            clock = clock_for(device.driver, device.delay_s)
            stream = ImuStream(segment, device.driver, clock)
            publisher = self.create_publisher(Imu, f"imu/{segment}", qos.SAMPLES)
            on_data = partial(self._publish, stream, publisher)
            self._wires.append(Wire(f"imu/{segment}", device.url, stream, on_data, partial(now_s, self)))

    @staticmethod
    def _publish(stream: ImuStream, publisher: Publisher[Imu], data: bytes, received_s: float) -> None:
        for sample in stream.feed(data, received_s):
            publisher.publish(imu_message(sample))

    def health(self) -> list[DiagnosticStatus]:
        """One status for each wire."""
        return [wire.status() for wire in self._wires]

    def destroy_node(self) -> None:
        """Join the reader threads, then close."""
        for wire in self._wires:
            wire.close()
        super().destroy_node()


def main() -> None:
    """Run the node."""
    run(ImuNode)
