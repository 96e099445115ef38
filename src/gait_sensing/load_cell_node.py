# SPDX-License-Identifier: Apache-2.0
"""Publishes ``load_cell/<name>/samples`` at full rate and ``load_cell/<name>/wrench`` as a slow mirror."""

from dataclasses import dataclass, fields
from functools import partial

from diagnostic_msgs.msg import DiagnosticStatus
from gait_lab import msg, srv
from geometry_msgs.msg import WrenchStamped

from gait_parts.settings import Settings, setting
from gait_ros import qos
from gait_ros.devices import Wire, declare_device
from gait_ros.messages import force_samples_message, wrench_message
from gait_ros.parameters import declare, declare_names
from gait_ros.running import LabNode, now_s, run
from gait_sensing import load_cells
from gait_sensing.batching import Batcher
from gait_sensing.calibration import CalibrationSettings, LoadCellCalibration
from gait_sensing.device_clock import clock_for
from gait_sensing.streams import LoadCellStream


@dataclass(frozen=True)
class LoadCellNodeSettings(Settings):
    """What all load cells of the node share."""

    max_batch_s: float = setting(0.002, "longest time that samples wait for a fuller message", low=0.0, high=0.1)
    wrench_rate_hz: float = setting(100.0, "rate of the WrenchStamped mirror", low=1.0, high=1000.0)


class LoadCell:
    """One load cell: wire, stream, calibration and its two topics."""

    def __init__(self, node: LabNode, name: str, shared: LoadCellNodeSettings) -> None:
        device = declare_device(node, load_cells.__name__, f"{name}.")
        calibration = LoadCellCalibration(declare(node, CalibrationSettings, f"{name}."))
        clock = clock_for(device.driver, device.delay_s)
        self.stream = LoadCellStream(name, device.driver, clock, calibration)
        self._batcher = Batcher(shared.max_batch_s, device.driver.sample_interval_s)
        self._samples = node.create_publisher(msg.ForceSamples, f"load_cell/{name}/samples", qos.SAMPLES)
        self._wrench = node.create_publisher(WrenchStamped, f"load_cell/{name}/wrench", qos.SAMPLES)
        self._wrench_interval_s = 1.0 / shared.wrench_rate_hz
        self._next_wrench_s = 0.0
        self.wire = Wire(f"load_cell/{name}", device.url, self.stream, self._publish, partial(now_s, node))

    def _publish(self, data: bytes, received_s: float) -> None:
        samples = self.stream.feed(data, received_s)
        for batch in self._batcher.feed(samples) if samples else ():
            self._samples.publish(force_samples_message(batch))
            if batch.time_s[-1] >= self._next_wrench_s:
                self._next_wrench_s = float(batch.time_s[-1]) + self._wrench_interval_s
                self._wrench.publish(wrench_message(batch))


class LoadCellNode(LabNode):
    """One ``LoadCell`` for each name in the parameter ``names``."""

    def __init__(self) -> None:
        super().__init__("load_cell_node")
        shared = declare(self, LoadCellNodeSettings)
        names = declare_names(self, "names", "load cells and force plates")
        if reserved := sorted({field.name for field in fields(LoadCellNodeSettings)} & set(names)):
            raise ValueError(f"load_cell_node: {', '.join(reserved)} is a setting and cannot name a load cell")
        self._cells = {name: LoadCell(self, name, shared) for name in names}
        self.create_service(srv.Zero, "~/zero", self._zero)

    def _zero(self, request: srv.Zero.Request, response: srv.Zero.Response) -> srv.Zero.Response:
        if request.name not in self._cells:
            response.text = f"no load cell '{request.name}': there are {', '.join(self._cells)}"
            response.load_n = float("nan")
            return response
        try:
            response.load_n = self._cells[request.name].stream.zero(now_s(self))
        except ValueError as error:
            response.load_n, response.text = float("nan"), str(error)
            return response
        response.is_zeroed, response.text = True, f"{request.name}: {response.load_n:.1f} N is zero now"
        return response

    def health(self) -> list[DiagnosticStatus]:
        """One status for each wire."""
        return [cell.wire.status() for cell in self._cells.values()]

    def destroy_node(self) -> None:
        """Join the reader threads, then close."""
        for cell in self._cells.values():
            cell.wire.close()
        super().destroy_node()


def main() -> None:
    """Run the node."""
    run(LoadCellNode)
