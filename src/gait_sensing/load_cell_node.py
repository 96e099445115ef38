# SPDX-License-Identifier: Apache-2.0
"""Publishes ``load_cell/<name>/samples`` at full rate and ``load_cell/<name>/wrench`` as a slow mirror."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
from gait_lab import msg, srv
from geometry_msgs.msg import WrenchStamped

from gait_messages import values
from gait_parts.settings import setting
from gait_ros import qos
from gait_ros.devices import Outlet, RawSettings, TopicInput, TopicSettings, Wire, declare_device, declare_topic, start
from gait_ros.messages import force_samples_message, wrench_message
from gait_ros.parameters import declare, declare_names
from gait_ros.running import LabNode, run
from gait_sensing import load_cells
from gait_sensing.batching import Batcher
from gait_sensing.calibration.drift import DriftSettings
from gait_sensing.calibration.load_cell import CalibrationSettings, LoadCellCalibration
from gait_sensing.clocks.device_clock import clock_for
from gait_sensing.samples import ForceSamples
from gait_sensing.streams import CalibratedCell, LoadCellHealthSettings, LoadCellStream
from gait_sensing.topic_streams import WrenchTopicStream
from gait_sensing.wires.raw_log import RawKind


@dataclass(frozen=True)
class LoadCellNodeSettings(RawSettings):
    """What all load cells of the node share."""

    max_batch_s: float = setting(0.002, "longest time that samples wait for a fuller message", low=0.0, high=0.1)
    wrench_rate_hz: float = setting(100.0, "rate of the WrenchStamped mirror", low=1.0, high=1000.0)


class Publication:
    """The two topics of one load cell."""

    def __init__(self, node: LabNode, name: str, sample_interval_s: float, shared: LoadCellNodeSettings) -> None:
        self._batcher = Batcher(shared.max_batch_s, sample_interval_s)
        self._samples = node.create_publisher(msg.ForceSamples, f"load_cell/{name}/samples", qos.SAMPLES)
        self._wrench = node.create_publisher(WrenchStamped, f"load_cell/{name}/wrench", qos.SAMPLES)
        self._wrench_interval_s = 1.0 / shared.wrench_rate_hz
        self._next_wrench_s = 0.0

    def publish(self, samples: ForceSamples) -> None:
        """Publish what ``samples`` completes."""
        for batch in self._batcher.feed(samples):
            self._samples.publish(force_samples_message(batch))
            if batch.time_s[-1] >= self._next_wrench_s:
                self._next_wrench_s = float(batch.time_s[-1]) + self._wrench_interval_s
                self._wrench.publish(wrench_message(batch))


class LoadCellNode(LabNode):
    """One stream for each name in the parameter ``names``, from a wire or a foreign topic."""

    def __init__(self) -> None:
        super().__init__("load_cell_node")
        self._shared = declare(self, LoadCellNodeSettings)
        names = declare_names(self, "names", "load cells and force plates")
        if reserved := sorted({field.name for field in fields(LoadCellNodeSettings)} & set(names)):
            raise ValueError(f"load_cell_node: {', '.join(reserved)} is a setting and cannot name a load cell")
        self._zeros: dict[str, Callable[[], float]] = {}
        self._inputs: list[Wire | TopicInput] = []
        by_url: dict[str, list[Outlet]] = defaultdict(list)
        for name in names:
            self._add(name, by_url)
        self._inputs += [Wire(self, url, outlets) for url, outlets in by_url.items()]
        start(self, self._inputs)
        self.create_service(srv.Zero, "~/zero", self._zero)

    def _add(self, name: str, by_url: dict[str, list[Outlet]]) -> None:
        prefix = f"{name}."
        settings = declare(self, CalibrationSettings, prefix)
        try:
            calibration = LoadCellCalibration(settings)
        except ValueError as error:
            raise ValueError(f"load_cell_node: parameter {prefix}{error}") from None
        health = declare(self, LoadCellHealthSettings, prefix)
        drift = declare(self, DriftSettings, prefix)
        topic = declare_topic(self, prefix)
        source: Outlet | TopicInput
        stream: CalibratedCell
        if topic:
            interval_s = 1.0 / declare(self, TopicSettings, prefix).rate_hz
            stream = foreign = WrenchTopicStream(name, interval_s, calibration, health, drift)

            def take(message: Any, received_s: float) -> ForceSamples | None:
                return foreign.feed(*values.stamped_wrench(message), received_s)

            publish = Publication(self, name, interval_s, self._shared).publish
            source = TopicInput(self, f"load_cell/{name}", topic, WrenchStamped, foreign, take, publish)
            self._inputs.append(source)
        else:
            device = declare_device(self, load_cells.__name__, prefix)
            clock = clock_for(device.driver, device.delay_s)
            stream = wired = LoadCellStream(name, device.driver, clock, calibration, health, drift)
            publish = Publication(self, name, device.driver.sample_interval_s, self._shared).publish
            source = Outlet(self, f"load_cell/{name}", wired, publish, self._shared.record_raw_bytes)
            by_url[device.url].append(source)
        self._zeros[name] = lambda: source.locked(RawKind.ZEROED, stream.zero)

    def _zero(self, request: srv.Zero.Request, response: srv.Zero.Response) -> srv.Zero.Response:
        names = [request.name] if request.name else list(self._zeros)
        loads_n: list[float] = []
        texts: list[str] = []
        response.load_n = float("nan")
        for name in names:
            if name not in self._zeros:
                response.text = f"no load cell '{name}': there are {', '.join(self._zeros)}"
                return response
            try:
                loads_n.append(self._zeros[name]())
            except ValueError as error:
                response.text = "; ".join([*texts, str(error)])
                return response
            texts.append(f"{name}: {round(loads_n[-1], 1) + 0.0:.1f} N is zero now")  # + 0.0: never "-0.0"
        response.is_zeroed, response.text = True, "; ".join(texts) or "there are no load cells to zero"
        response.load_n = max(loads_n, key=abs, default=float("nan"))
        return response

    def health(self) -> list[DiagnosticStatus]:
        """One status for each load cell."""
        return [status for each in self._inputs for status in each.statuses()]

    def destroy_node(self) -> None:
        """Join the reader threads, then close."""
        for each in self._inputs:
            each.close()
        super().destroy_node()


def main() -> None:
    """Run the node."""
    run(LoadCellNode)
