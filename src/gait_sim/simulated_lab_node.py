# SPDX-License-Identifier: Apache-2.0
"""Runs the simulated lab beside the real nodes, and plays the operator who starts the session.

The simulated person stands beside the belts until the session awaits them on the plates.

Only this node ever starts a session by itself, and it refuses any device address that is not its own emulation: a
lab with real belts is started by a person.
"""

from dataclasses import dataclass
from pathlib import Path

from gait_lab import msg, srv
from rclpy.client import Client

from gait_parts.settings import Settings, setting
from gait_ros import qos
from gait_ros.parameters import declare
from gait_ros.running import LabNode, run
from gait_sim.recorded import Recorded, RecordedSettings
from gait_sim.simulated_lab import SimulatedLab, read_devices
from gait_sim.walker import Walker, WalkerSettings

ASK_PERIOD_S = 1.0


@dataclass(frozen=True)
class LabSettings(Settings):
    """What is emulated, and where the truth is written."""

    config_file: str = setting("", "the lab's config: its devices are emulated at their addresses")
    truth_folder: str = setting("", "folder of the recording, for the truth log")
    starts_session: bool = setting(True, "play the operator: call session_node/start until the session runs")


class SimulatedLabNode(LabNode):
    """The emulated devices, their walker, and an operator."""

    def __init__(self) -> None:
        super().__init__("simulated_lab_node")
        settings = declare(self, LabSettings)
        walker_settings = declare(self, WalkerSettings)
        recorded_settings = declare(self, RecordedSettings)
        walker = Recorded(recorded_settings) if recorded_settings.recording else Walker(walker_settings)
        walker.step_off()
        self._lab = SimulatedLab(read_devices(Path(settings.config_file)), walker, Path(settings.truth_folder))
        self._lab.start()
        self._starts_session = settings.starts_session
        self._client: Client[srv.Start.Request, srv.Start.Response] = self.create_client(
            srv.Start, "session_node/start"
        )
        self.create_subscription(msg.SessionState, "session/state", self._on_session, qos.STATE)
        self.create_timer(ASK_PERIOD_S, self._ask)

    def _ask(self) -> None:
        if self._starts_session and self._client.service_is_ready():
            self._client.call_async(srv.Start.Request())

    def _on_session(self, message: msg.SessionState) -> None:
        if message.is_participant_awaited:
            self._lab.step_on()
        if message.state != msg.SessionState.IDLE:  # a session that later stops is not started again
            self._starts_session = False

    def destroy_node(self) -> None:
        """Close the wires and the truth log."""
        self._lab.close()
        super().destroy_node()


def main() -> None:
    """Run the node."""
    run(SimulatedLabNode)
