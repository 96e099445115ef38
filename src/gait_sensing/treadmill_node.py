# SPDX-License-Identifier: Apache-2.0
"""The last gate before the belt: takes ``treadmill/command``, tells ``treadmill/state`` and ``treadmill/safety``."""

import math
import threading
import time
from functools import partial

from diagnostic_msgs.msg import DiagnosticStatus
from gait_lab import msg, srv
from std_srvs.srv import Trigger

from gait_ros import qos
from gait_ros.devices import link_status
from gait_ros.messages import to_stamp
from gait_ros.parameters import declare, declare_part, declare_text
from gait_ros.running import LabNode, now_s, run
from gait_sensing import treadmills
from gait_sensing.belt_gate import (
    ArmRequest,
    BeltGate,
    BeltRequest,
    GateSettings,
    LinkDown,
    LinkUp,
    OperatorAlive,
    Shutdown,
    StopRequest,
    Tick,
)
from gait_sensing.belt_gate_states import Safety
from gait_sensing.reader import Reader
from gait_sensing.samples import BeltReading, BeltSetpoint
from gait_sensing.transport import WireError

TICK_S = 0.05
SAFETY_PERIOD_S = 1.0


class TreadmillNode(LabNode):
    """Everything that may move a belt passes ``BeltGate``; this node only carries it between ROS and the wire."""

    def __init__(self) -> None:
        super().__init__("treadmill_node")
        self._now = partial(now_s, self)
        self._url = declare_text(self, "url", "address of the treadmill: serial:// or tcp://")
        part, settings = declare_part(self, treadmills.__name__, "driver", "")
        self._driver, self._gate = part.Driver(settings), BeltGate(declare(self, GateSettings))
        self._lock = threading.Lock()  # the reader thread and the executor both feed the gate
        self._was_connected = False
        self._safety: Safety | None = None
        self._safety_due_s = 0.0
        self._commanded_mps = (math.nan, math.nan)
        self._state_publisher = self.create_publisher(msg.TreadmillState, "treadmill/state", qos.EVENTS)
        self._safety_publisher = self.create_publisher(msg.SafetyState, "treadmill/safety", qos.STATE)
        self.create_subscription(msg.TreadmillCommand, "treadmill/command", self._on_command, qos.COMMAND)
        self.create_subscription(msg.SessionState, "session/state", self._on_session, qos.STATE)
        self.create_service(srv.Arm, "~/arm", self._arm)
        self.create_service(Trigger, "~/stop", self._stop)
        self._reader = Reader(self._url, self._driver, self._on_data, self._now)
        self.create_timer(TICK_S, self._on_tick)

    def _feed(self, thing: object) -> None:
        """Pass one thing through the gate and write what it lets out."""
        with self._lock:
            setpoint = self._gate.feed(
                time.monotonic(), thing
            )  # stamps may step with the host clock; the watch must not
            if setpoint is not None:
                self._write(setpoint)
            self._publish_safety()

    def _write(self, setpoint: BeltSetpoint) -> None:
        try:
            self._reader.write(self._driver.command(setpoint))
        except WireError as error:
            self._gate.feed(time.monotonic(), LinkDown(str(error)))
            self._was_connected = False
            return
        except ValueError as error:  # the treadmill cannot be told this; it can always be told to rest
            rest = self._gate.feed(time.monotonic(), StopRequest(f"the driver ({error})"))
            if rest is not None:
                self._write(rest)
            return
        self._commanded_mps = (setpoint.left_speed_mps, setpoint.right_speed_mps)

    def _on_data(self, data: bytes, received_s: float) -> None:
        for reading in self._driver.feed(data):
            self._feed(reading)
            self._publish_state(reading, received_s)

    def _on_tick(self) -> None:
        is_connected = self._reader.is_connected
        if is_connected != self._was_connected:
            self._was_connected = is_connected
            self._feed(LinkUp() if is_connected else LinkDown(self._reader.health().error))
        self._feed(Tick())

    def _on_command(self, command: msg.TreadmillCommand) -> None:
        self._feed(
            BeltRequest(
                command.left_speed_mps, command.right_speed_mps, command.acceleration_mps2, command.header.frame_id
            )
        )

    def _on_session(self, _: msg.SessionState) -> None:
        self._feed(OperatorAlive())

    def _arm(self, request: srv.Arm.Request, response: srv.Arm.Response) -> srv.Arm.Response:
        self._feed(ArmRequest(request.operator_name))
        response.is_armed, response.text = self._gate.is_armed, self._gate.safety.text
        return response

    def _stop(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._feed(StopRequest("service call"))
        response.success, response.message = True, self._gate.safety.text
        return response

    def _publish_state(self, reading: BeltReading, received_s: float) -> None:
        message = msg.TreadmillState()
        message.header.stamp = to_stamp(received_s)
        message.left_speed_mps = float(reading.left_speed_mps)
        message.right_speed_mps = float(reading.right_speed_mps)
        message.incline_rad = float(reading.incline_rad)
        message.left_commanded_mps, message.right_commanded_mps = map(float, self._commanded_mps)
        message.is_armed = bool(self._gate.is_armed)
        self._state_publisher.publish(message)

    def _publish_safety(self) -> None:
        safety, now = self._gate.safety, self._now()
        if safety == self._safety and now < self._safety_due_s:
            return
        self._safety, self._safety_due_s = safety, now + SAFETY_PERIOD_S
        message = msg.SafetyState(level=safety.level.value, reason=safety.reason.value)
        message.header.stamp = to_stamp(now)
        message.text, message.state = safety.text, safety.state.value
        self._safety_publisher.publish(message)

    def health(self) -> list[DiagnosticStatus]:
        """One status: the wire to the treadmill."""
        health, counts = self._reader.health(), self._driver.counts
        values = {
            "status_count": counts.reading_count,
            "bytes_dropped_count": counts.bytes_dropped_count,
            "open_count": health.open_count,
            "safety": self._gate.safety.text,
        }
        return [link_status("treadmill", health, values)]

    def destroy_node(self) -> None:
        """Leave the belts on their way to rest, then close the link."""
        self._feed(Shutdown())
        self._reader.close()
        super().destroy_node()


def main() -> None:
    """Run the node."""
    run(TreadmillNode)
