# SPDX-License-Identifier: Apache-2.0
"""Runs the session: publishes ``session/state`` as the operator's heartbeat, prepares, starts, stops when told to."""

import math
from functools import partial
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from gait_lab import msg, srv
from rclpy.client import Client
from rclpy.task import Future
from std_srvs.srv import Trigger

from gait_messages.values import seconds
from gait_ros import qos
from gait_ros.messages import SIDE_NUMBER, to_stamp
from gait_ros.parameters import declare
from gait_ros.running import LabNode, now_s, run
from gait_ros.scale import Scale
from gait_sensing.samples import Side
from gait_session.readiness import Readiness
from gait_session.session import Phase, Said, Session, SessionSettings

HEARTBEAT_S = 0.05  # the belts come to rest when it is not heard for 0.2 s
PREPARE_S = 0.2
_STATE = {Phase.ACTIVE: msg.SessionState.ACTIVE, Phase.ENDED: msg.SessionState.ENDED}
_BEFORE_START = "; gait-lab start begins the session, Ctrl-C in the lab's terminal ends the lab"
_ON_PLATES = (Phase.WEIGHING, Phase.ARMING, Phase.ACTIVE)
_INPUT = {
    "live": msg.SessionState.INPUT_LIVE,
    "simulated": msg.SessionState.INPUT_SIMULATED,
    "recording": msg.SessionState.INPUT_RECORDING,
}


class SessionNode(LabNode):
    """Carries ``Session`` between the operator's services, the lab's nodes and ``session/state``."""

    def __init__(self) -> None:
        super().__init__("session_node")
        self._now = partial(now_s, self)
        settings = declare(self, SessionSettings)
        self._session = Session(settings)
        self._readiness = Readiness(settings.input != "recording", settings.awaits_feedback)
        self._scale = Scale(self, settings.plates)
        self._publisher = self.create_publisher(msg.SessionState, "session/state", qos.STATE)
        self._annotations = self.create_publisher(msg.Annotation, "session/annotation", qos.EVENTS)
        self._gait = self.newest(msg.GaitState, "gait/state")
        self.create_subscription(msg.SafetyState, "treadmill/safety", self._on_safety, qos.STATE)
        self.create_subscription(msg.FeedbackState, "feedback/state", self._on_feedback, qos.STATE)
        self.create_subscription(msg.RecordingState, "session/recording", self._on_recording, qos.STATE)
        self.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, qos.EVENTS)
        self._zero: Client[srv.Zero.Request, srv.Zero.Response] = self.create_client(srv.Zero, "load_cell_node/zero")
        self._arm: Client[srv.Arm.Request, srv.Arm.Response] = self.create_client(srv.Arm, "treadmill_node/arm")
        self.create_service(srv.Start, "~/start", self._on_start)
        self.create_service(Trigger, "~/stop", self._on_stop)
        self.create_service(srv.Annotate, "~/annotate", self._on_annotate)
        self.create_timer(HEARTBEAT_S, self._publish)
        self.create_timer(PREPARE_S, self._prepare)

    def _on_safety(self, _: msg.SafetyState) -> None:
        self._readiness.treadmill_seen_s = self._now()

    def _on_feedback(self, _: msg.FeedbackState) -> None:
        self._readiness.feedback_seen_s = self._now()

    def _on_recording(self, message: msg.RecordingState) -> None:
        self._readiness.recorded = set(message.topics) if message.is_recording else set()

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            problem = status.message if status.level == DiagnosticStatus.ERROR else ""
            self._readiness.hear(status.name, problem, self._now())

    def _on_start(self, request: srv.Start.Request, response: srv.Start.Response) -> srv.Start.Response:
        if self._session.phase is Phase.ACTIVE:  # after a ramp down the operator takes the belts up again
            self._ask_arm()
            response.is_started = True
        else:
            if self._session.phase is Phase.IDLE:
                self._readiness.accepts_red, self._session.keeps_zero = request.despite_red, request.keeps_zero
            response.is_started = self._session.feed(self._now(), Said.START, "start asked by the operator")
        response.text = self._session.text
        return response

    def _on_stop(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        before_start = "" if self._session.phase in (Phase.ACTIVE, Phase.ENDED) else _BEFORE_START
        response.success = self._hear(Said.STOP, f"stopped by the operator{before_start}")
        response.message = self._session.text.removesuffix(before_start) + before_start
        return response

    def _on_annotate(self, request: srv.Annotate.Request, response: srv.Annotate.Response) -> srv.Annotate.Response:
        self._annotate(request.author, request.text)
        response.is_recorded = bool(self._readiness.recorded)
        return response

    def _prepare(self) -> None:
        """Go on with the preparation, or come to the planned end."""
        phase, now = self._session.phase, self._now()
        if phase is Phase.WAITING:
            if (gait := self._gait.take()) is not None:  # of silent sensors it comes too, but old
                self._readiness.gait_seen_s = seconds(gait.header.stamp)
            self._readiness.samples = {  # that somebody sends: the analysis also listens to load cells a lab may lack
                name
                for name, types in self.get_topic_names_and_types()
                if "gait_lab/msg/ForceSamples" in types and self.count_publishers(name)
            }
        missing = self._readiness.missing(now) if phase is Phase.WAITING else ""
        if phase is Phase.WEIGHING:
            missing = self._weigh()
        if self._session.phase is not phase or self._session.tick(now, missing):
            self._enter()
            self._publish()

    def _hear(self, said: Said, text: str = "") -> bool:
        is_changed = self._session.feed(self._now(), said, text)
        if is_changed:
            self._enter()
        self._publish()
        return is_changed

    def _enter(self) -> None:
        """Begin what the present phase consists of."""
        phase = self._session.phase
        self._scale.stop()
        if phase is Phase.ZEROING:
            self._ask(self._zero, srv.Zero.Request(), lambda answer: (answer.is_zeroed, answer.text))
        elif phase is Phase.WEIGHING:
            self._scale.start()
        elif phase is Phase.ARMING:
            self._ask_arm()

    def _ask_arm(self) -> None:
        request = srv.Arm.Request(operator_name="session_node/start")
        self._ask(self._arm, request, lambda answer: (answer.is_armed, answer.text))

    def _ask(self, client: Client[Any, Any], request: Any, outcome: Any) -> None:
        """Call a service; its answer is the end of the present phase. ``outcome(answer)`` is (succeeded, text)."""
        asked_count = self._session.change_count

        def on_answer(future: Future[Any]) -> None:
            is_done, text = outcome(future.result())
            if client is self._zero:  # what else is answered, treadmill or session say of themselves
                self.get_logger().info(text)
            if self._session.change_count == asked_count:
                self._hear(Said.DONE if is_done else Said.REFUSED, "" if is_done else f"not started: {text}")

        if client.service_is_ready():
            client.call_async(request).add_done_callback(on_answer)
        else:
            self._hear(Said.REFUSED, f"not started: nobody answers {client.service_name}")

    def _weigh(self) -> str:
        """Return what the weighing waits for; end the phase when it is over."""
        mass_kg = self._scale.mass_kg
        if math.isnan(mass_kg):
            return self._scale.refusal()
        settings = self._session.settings
        self._annotate("session_node", f"weighed {mass_kg:.1f} kg on {', '.join(settings.plates)}")
        problem = self._scale.problem(settings.body_mass_kg)
        if problem and not self._readiness.accepts_red:
            self._session.feed(self._now(), Said.REFUSED, f"not started: {problem}")
        else:
            self._session.feed(self._now(), Said.DONE)
        return ""

    def _annotate(self, author: str, text: str) -> None:
        message = msg.Annotation(author=author, text=text)
        message.header.stamp = to_stamp(self._now())
        self._annotations.publish(message)

    def _publish(self) -> None:
        settings, session = self._session.settings, self._session
        message = msg.SessionState()
        message.header.stamp = to_stamp(self._now())
        message.state = _STATE.get(session.phase, msg.SessionState.IDLE)
        message.input = _INPUT[settings.input]
        message.session, message.participant = settings.session, settings.participant
        mass_kg, message.weighed_mass_kg = float(settings.body_mass_kg), self._scale.mass_kg
        message.body_mass_kg = self._scale.mass_kg if math.isnan(mass_kg) else mass_kg
        message.duration_s = float(settings.duration_s)
        message.is_participant_awaited = session.phase in _ON_PLATES
        is_amputee = settings.prosthetic_side in ("left", "right")
        message.prosthetic_side = SIDE_NUMBER[Side(settings.prosthetic_side) if is_amputee else None]
        message.amputation_level, message.leg_length_m = settings.amputation_level, float(settings.leg_length_m)
        message.is_push_allowed = settings.is_push_allowed
        if session.start_s is not None:
            message.start, message.prepared = to_stamp(session.start_s), to_stamp(session.prepared_s)
        message.text = session.text
        self._publisher.publish(message)


def main() -> None:
    """Run the node."""
    run(SessionNode)
