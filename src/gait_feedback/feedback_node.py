# SPDX-License-Identifier: Apache-2.0
"""Findings of the analysis to cues and belt commands; silent unless a fresh ``session/state`` says active."""

from collections.abc import Callable
from functools import partial
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
from gait_lab import msg
from std_srvs.srv import Trigger

from gait_analysis.events import GaitEvent
from gait_analysis.gait import Asymmetry, GaitState, Stride
from gait_analysis.standing import Standing
from gait_feedback import belts, cues
from gait_feedback.cue import Observation
from gait_feedback.cueing import NOT_ACTIVE, Cueing, CueingSettings, Decision
from gait_feedback.driving import Driving
from gait_feedback.intensity import IntensitySettings
from gait_feedback.limiter import LimiterSettings
from gait_feedback.schedule import ScheduleSettings
from gait_feedback.stability_guard import GuardSettings
from gait_messages import values
from gait_ros import qos
from gait_ros.intake import Newest
from gait_ros.meaning import Meaning, subscribe
from gait_ros.messages import cue_message, dropped_receipt, feedback_message, to_stamp
from gait_ros.parameters import declare, declare_part
from gait_ros.running import LabNode, now_s, run, status
from gait_sensing.samples import ForceSamples, Side

COMMAND_PERIOD_S = 0.05
STATE_PERIOD_S = 1.0
SESSION_FRESH_S = 1.0
FINDINGS: dict[type, tuple[type, str, Callable[[Any], Any]]] = {
    GaitEvent: (msg.GaitEvent, "gait/events", values.gait_event),
    Stride: (msg.Stride, "gait/strides", values.stride),
    Asymmetry: (msg.Asymmetry, "gait/asymmetry", values.asymmetry),
    Standing: (msg.Standing, "gait/standing", values.standing),
}


class FeedbackNode(LabNode):
    """One cue strategy and one belt law, both made anew for each session."""

    def __init__(self) -> None:
        super().__init__("feedback_node")
        self._now = partial(now_s, self)
        self._cue_part, self._cue_settings = declare_part(self, cues.__name__, "strategy", "cue.")
        self._belt_part, self._belt_settings = declare_part(self, belts.__name__, "law", "belt.")
        self._cueing_settings = CueingSettings(
            declare(self, GuardSettings, "guard."),
            declare(self, ScheduleSettings, "schedule."),
            declare(self, LimiterSettings, "limiter."),
            declare(self, IntensitySettings, "intensity."),
        )
        self._names = {
            "strategy": str(self.get_parameter("cue.strategy").value),
            "law": str(self.get_parameter("belt.law").value),
        }
        self._session_message: msg.SessionState | None = None
        self._session_seen_s = 0.0
        self._session: values.Session | None = None
        self._belt: msg.TreadmillState | None = None
        self._gait: GaitState | None = None
        self._newest_gait: Newest | None = None  # unless the strategy wants every state
        self._gait_meaning = Meaning(self, "gait/state", values.gait_state)
        self._told, self._told_s = msg.FeedbackState(), 0.0
        self._withheld_command_count = 0
        self._cues = self.create_publisher(msg.Cue, "feedback/cue", qos.CUE)
        self._receipts = self.create_publisher(msg.CueReceipt, "feedback/receipt", qos.EVENTS)
        self._commands = self.create_publisher(msg.TreadmillCommand, "treadmill/command", qos.COMMAND)
        self._states = self.create_publisher(msg.FeedbackState, "feedback/state", qos.STATE)
        self.create_service(Trigger, "~/ask", self._on_ask)
        self._subscribe({*self._cue_part.Strategy.OBSERVES, *self._belt_part.Law.OBSERVES, Stride})  # the guard's
        self.create_timer(COMMAND_PERIOD_S, self._on_period)

    def _subscribe(self, wanted: set[type]) -> None:
        subscribe(self, msg.SessionState, "session/state", values.session, self._on_session, qos.STATE)
        self.create_subscription(msg.TreadmillState, "treadmill/state", self._on_belt, qos.EVENTS)
        if GaitState in self._cue_part.Strategy.OBSERVES:
            subscribe(self, msg.GaitState, "gait/state", values.gait_state, self._on_state, qos.EVENTS)
        else:
            self._newest_gait = self.newest(msg.GaitState, "gait/state")
        for kind, (message_type, topic, to_value) in FINDINGS.items():
            if kind in wanted:
                subscribe(self, message_type, topic, to_value, self._on_finding, qos.EVENTS)
        for side in Side if ForceSamples in wanted else ():
            topic = f"load_cell/{side.value}_belt/samples"
            subscribe(self, msg.ForceSamples, topic, values.force_samples, self._on_force, qos.SAMPLES)

    def _on_session(self, session: values.Session, message: msg.SessionState) -> None:
        self._session_message, self._session_seen_s = message, self._now()
        if session != self._session:  # a new participant or a new start: nothing carries over
            self._session = session
            strategy = self._cue_part.Strategy(self._cue_settings, session.participant.prosthetic_side)
            self._cueing = Cueing(strategy, self._cueing_settings, session.start_s)
            law = self._belt_part.Law(self._belt_settings)
            self._driving = Driving(law, session.participant, session.start_s)

    def _state(self) -> int | None:
        """Return the state of the session, None when it is not fresh."""
        is_fresh = self._now() - self._session_seen_s <= SESSION_FRESH_S
        return self._session_message.state if self._session_message and is_fresh else None

    @property
    def _is_active(self) -> bool:
        return bool(self._state() == msg.SessionState.ACTIVE)

    def _on_finding(self, finding: Any, _: object) -> None:
        if self._session is not None:
            self._cue(finding)
            self._driving.observe(finding)

    def _on_state(self, state: GaitState, _: object) -> None:
        self._gait = state
        if self._session is not None:
            self._cue(state)

    def _on_belt(self, message: msg.TreadmillState) -> None:
        self._belt = message
        if self._session is not None:
            self._driving.observe(values.belt_sample(message))

    def _on_force(self, samples: ForceSamples, _: object) -> None:
        if self._session is not None:
            self._driving.observe(samples)

    def _cue(self, finding: Observation) -> None:
        for decision in self._cueing.feed(self._now(), finding, self._is_active):
            self._send(decision)

    def _send(self, decision: Decision) -> None:
        assert self._session is not None
        verdict, decided_s = decision.verdict, self._now()
        message = cue_message(decision.cue, decision.number, self._session.participant, decided_s)
        if verdict.drop is None:
            self._cues.publish(message)
        else:
            self._receipts.publish(dropped_receipt(message, verdict.drop.value, verdict.reason, decided_s))

    def _on_ask(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success, response.message = self._is_active, NOT_ACTIVE
        if self._is_active:
            self._cueing.ask(self._now())
            response.message = self._cueing.state(self._now()).schedule
        return response

    def _on_period(self) -> None:
        if self._session is not None:
            self._command()
            self._tell_state()

    def _command(self) -> None:
        state, now = self._state(), self._now()
        if state == msg.SessionState.ACTIVE:
            if self._newest_gait is not None and (gait := self._newest_gait.take()) is not None:
                self._gait = self._gait_meaning.of(gait) or self._gait
            belt = values.belt_sample(self._belt) if self._belt else None
            request = self._driving.request(now, belt, bool(self._belt and self._belt.is_armed), self._gait)
        elif state == msg.SessionState.ENDED:
            request = self._driving.stop_request()
        else:
            return
        if request is None:  # no command is a command: the gate ramps down when they cease
            self._withheld_command_count += 1
            return
        message = msg.TreadmillCommand(
            left_speed_mps=float(request.left_speed_mps),
            right_speed_mps=float(request.right_speed_mps),
            acceleration_mps2=float(request.acceleration_mps2),
            problem=request.problem,
        )
        message.header.stamp, message.header.frame_id = to_stamp(now), self.get_fully_qualified_name()
        self._commands.publish(message)

    def _tell_state(self) -> None:
        now = self._now()
        told = feedback_message(self._cueing.state(now, self._is_active), self._driving.reason, self._names, now)
        if now - self._told_s >= STATE_PERIOD_S or _words(told) != _words(self._told):
            self._told, self._told_s = told, now
            self._states.publish(told)

    def health(self) -> list[DiagnosticStatus]:
        """One status: cues given, dropped and withheld, belt commands withheld."""
        counts = {
            "given_count": self._told.given_count,
            "dropped_count": self._told.dropped_count,
            "withheld_count": self._told.withheld_count,
            "withheld_command_count": self._withheld_command_count,
        }
        return [status("feedback", "", False, counts)]


def _words(message: msg.FeedbackState) -> tuple[object, ...]:
    """Return what is news when it changes."""
    return message.guard_level, message.guard_text, tuple(message.unwatched), message.schedule_text, message.law_text


def main() -> None:
    """Run the node."""
    run(FeedbackNode)
