# SPDX-License-Identifier: Apache-2.0
"""Runs the session: publishes ``session/state`` as the operator's heartbeat, starts and stops when told to."""

from functools import partial

from gait_lab import msg, srv
from rclpy.client import Client
from rclpy.task import Future
from std_srvs.srv import Trigger

from gait_ros import qos
from gait_ros.messages import SIDE_NUMBER, to_stamp
from gait_ros.parameters import declare
from gait_ros.running import LabNode, now_s, run
from gait_sensing.samples import Side
from gait_session.session import Phase, Said, Session, SessionSettings

HEARTBEAT_S = 0.2
FRESH_S = 0.5
_STATE = {Phase.ACTIVE: msg.SessionState.ACTIVE, Phase.ENDED: msg.SessionState.ENDED}
_INPUT = {
    "live": msg.SessionState.INPUT_LIVE,
    "simulated": msg.SessionState.INPUT_SIMULATED,
    "recording": msg.SessionState.INPUT_RECORDING,
}


class SessionNode(LabNode):
    """Carries ``Session`` between the operator's services, the treadmill's arming and ``session/state``."""

    def __init__(self) -> None:
        super().__init__("session_node")
        self._now = partial(now_s, self)
        self._session = Session(declare(self, SessionSettings))
        self._gait_seen_s = self._safety_seen_s = 0.0
        self._recorded: set[str] = set()
        self._publisher = self.create_publisher(msg.SessionState, "session/state", qos.STATE)
        self._annotations = self.create_publisher(msg.Annotation, "session/annotation", qos.EVENTS)
        # raw: that it comes is all that matters, and it comes often
        self.create_subscription(msg.GaitState, "gait/state", self._on_gait, qos.COMMAND, raw=True)
        self.create_subscription(msg.SafetyState, "treadmill/safety", self._on_safety, qos.STATE)
        self.create_subscription(msg.RecordingState, "session/recording", self._on_recording, qos.STATE)
        self._arm: Client[srv.Arm.Request, srv.Arm.Response] = self.create_client(srv.Arm, "treadmill_node/arm")
        self.create_service(Trigger, "~/start", self._on_start)
        self.create_service(Trigger, "~/stop", self._on_stop)
        self.create_service(srv.Annotate, "~/annotate", self._on_annotate)
        self.create_timer(HEARTBEAT_S, self._on_heartbeat)

    def _on_gait(self, _: bytes) -> None:
        self._gait_seen_s = self._now()

    def _on_safety(self, _: msg.SafetyState) -> None:
        self._safety_seen_s = self._now()

    def _on_recording(self, message: msg.RecordingState) -> None:
        self._recorded = set(message.topics) if message.is_recording else set()

    def _on_start(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        if self._session.phase is Phase.ACTIVE:  # after a ramp down the operator takes the belts up again
            self._request_arm()
            response.success = True
        else:
            response.success = self._session.feed(self._now(), Said.START, "start asked by the operator")
        response.message = self._session.text
        return response

    def _on_stop(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success = self._session.feed(self._now(), Said.STOP, "stopped by the operator")
        response.message = self._session.text
        self._publish()
        return response

    def _on_annotate(self, request: srv.Annotate.Request, response: srv.Annotate.Response) -> srv.Annotate.Response:
        message = msg.Annotation(author=request.author, text=request.text)
        message.header.stamp = to_stamp(self._now())
        self._annotations.publish(message)
        response.is_recorded = bool(self._recorded)
        return response

    def _on_heartbeat(self) -> None:
        if self._session.tick(self._now(), self._missing()):
            self._request_arm()
        self._publish()

    def _missing(self) -> str:
        """Name what the lab lacks for a session: nothing may be analysed that is not recorded from the first sample."""
        now = self._now()
        if now - self._safety_seen_s > 2 * FRESH_S + HEARTBEAT_S:
            return "treadmill node"
        if now - self._gait_seen_s > FRESH_S:
            return "gait state from the load cells"
        samples = {name for name, types in self.get_topic_names_and_types() if "gait_lab/msg/ForceSamples" in types}
        unrecorded = sorted(samples - self._recorded)
        return f"recording of {', '.join(unrecorded)}" if unrecorded else ""

    def _request_arm(self) -> None:
        if not self._arm.service_is_ready():
            self._session.feed(self._now(), Said.REFUSED, "not started: the treadmill node cannot be asked to arm")
            return
        self._arm.call_async(srv.Arm.Request(operator_name="session_node/start")).add_done_callback(self._on_armed)

    def _on_armed(self, future: Future[srv.Arm.Response]) -> None:
        answer = future.result()
        assert answer is not None  # rclpy calls this when there is a result
        said = Said.ARMED if answer.is_armed else Said.REFUSED
        self._session.feed(self._now(), said, "walking" if answer.is_armed else f"not started: {answer.text}")
        self.get_logger().info(answer.text)
        self._publish()

    def _publish(self) -> None:
        settings, session = self._session.settings, self._session
        message = msg.SessionState()
        message.header.stamp = to_stamp(self._now())
        message.state = _STATE.get(session.phase, msg.SessionState.IDLE)
        message.input = _INPUT[settings.input]
        message.session, message.participant = settings.session, settings.participant
        message.body_mass_kg, message.duration_s = float(settings.body_mass_kg), float(settings.duration_s)
        is_amputee = settings.prosthetic_side in ("left", "right")
        message.prosthetic_side = SIDE_NUMBER[Side(settings.prosthetic_side) if is_amputee else None]
        if session.start_s is not None:
            message.start = to_stamp(session.start_s)
        message.text = session.text
        self._publisher.publish(message)


def main() -> None:
    """Run the node."""
    run(SessionNode)
