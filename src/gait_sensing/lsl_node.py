# SPDX-License-Identifier: Apache-2.0
"""Publishes Lab Streaming Layer streams as ``imu/<name>`` and ``load_cell/<name>/samples``. Needs the extra ``lsl``."""

from collections.abc import Callable
from functools import partial

from diagnostic_msgs.msg import DiagnosticStatus
from sensor_msgs.msg import Imu

from gait_ros import qos
from gait_ros.devices import verdict_status
from gait_ros.messages import imu_message
from gait_ros.parameters import declare, declare_names
from gait_ros.running import LabNode, now_s, run
from gait_sensing.calibration.load_cell import CalibrationSettings, LoadCellCalibration
from gait_sensing.load_cell_node import LoadCellNodeSettings, Publication
from gait_sensing.lsl.clock import Chunk
from gait_sensing.lsl.inlet import ForceChannels, ImuChannels, LslForceStream, LslImuStream, StreamSettings
from gait_sensing.lsl.reader import LslReader
from gait_sensing.streams import ImuHealthSettings, LoadCellHealthSettings


class LslNode(LabNode):
    """One inlet for each name in the parameter ``streams``."""

    def __init__(self) -> None:
        super().__init__("lsl_node")
        self._now = partial(now_s, self)
        blocks = [self._declared(name) for name in declare_names(self, "streams", "segments and load cells")]
        self._inputs = [
            (name, stream, LslReader(settings.stream_name, settings.stream_type, stream, on_chunk, self._now))
            for name, settings, stream, on_chunk in blocks
        ]

    def _declared(
        self, name: str
    ) -> tuple[str, StreamSettings, LslForceStream | LslImuStream, Callable[[Chunk], None]]:
        """Declare one stream's block. All are declared before the first thread starts: a wrong one ends the node."""
        settings = declare(self, StreamSettings, f"{name}.")
        if not settings.stream_name:
            raise ValueError(f"lsl_node: parameter {name}.stream_name is missing from the config")
        if settings.carries == "imu":
            ranges = declare(self, ImuHealthSettings, f"{name}.")
            imu = LslImuStream(name, declare(self, ImuChannels, f"{name}."), settings, ranges)
            return f"imu/{name}", settings, imu, self._imu_publication(imu)
        calibration = LoadCellCalibration(declare(self, CalibrationSettings, f"{name}."))
        channels, health = declare(self, ForceChannels, f"{name}."), declare(self, LoadCellHealthSettings, f"{name}.")
        force = LslForceStream(name, channels, settings, calibration, health)
        return f"load_cell/{name}", settings, force, self._force_publication(force, settings)

    def _imu_publication(self, stream: LslImuStream) -> Callable[[Chunk], None]:
        publisher = self.create_publisher(Imu, f"imu/{stream.segment}", qos.SAMPLES)

        def publish(chunk: Chunk) -> None:
            for sample in stream.feed(chunk):
                publisher.publish(imu_message(sample))

        return publish

    def _force_publication(self, stream: LslForceStream, settings: StreamSettings) -> Callable[[Chunk], None]:
        publication = Publication(self, stream.name, 1.0 / settings.rate_hz, LoadCellNodeSettings())

        def publish(chunk: Chunk) -> None:
            for samples in stream.feed(chunk):
                publication.publish(samples)

        return publish

    def health(self) -> list[DiagnosticStatus]:
        """One status for each stream."""
        return [
            verdict_status(name, stream.judge(self._now(), reader.health())) for name, stream, reader in self._inputs
        ]

    def destroy_node(self) -> None:
        """Join the reader threads, then close."""
        for _, _, reader in self._inputs:
            reader.close()
        super().destroy_node()


def main() -> None:
    """Run the node."""
    run(LslNode)
