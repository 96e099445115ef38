# SPDX-License-Identifier: Apache-2.0
"""Findings of the analysis to cues and belt commands; silent unless a fresh ``session/state`` says active."""

from collections.abc import Callable
from functools import partial
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
from gait_lab import msg
from rclpy.serialization import deserialize_message

from gait_analysis.participant import Participant
from gait_feedback import belts, cues
from gait_feedback.belt_law import BeltLaw
from gait_feedback.cue import Cue, CueStrategy
from gait_feedback.limiter import Limiter, LimiterSettings
from gait_ros import qos
from gait_ros.messages import cue_message, dropped_receipt, to_stamp, values
from gait_ros.parameters import declare, declare_part
from gait_ros.running import LabNode, now_s, run, status
from gait_sensing.belt_gate.states import BeltRequest

COMMAND_PERIOD_S = 0.05
SESSION_FRESH_S = 1.0


class FeedbackNode(LabNode):
    """One cue strategy behind a limiter, and one belt law."""

    def __init__(self) -> None:
        super().__init__("feedback_node")
        self._now = partial(now_s, self)
        self._cue_part, self._cue_settings = declare_part(self, cues.__name__, "strategy", "cue.")
        self._limiter_settings = declare(self, LimiterSettings, "limiter.")
        belt_part, belt_settings = declare_part(self, belts.__name__, "law", "belt.")
        self._law: BeltLaw = belt_part.Law(belt_settings)
        self._session_message: msg.SessionState | None = None
        self._session_seen_s = 0.0
        self._session: values.Session | None = None
        self._belt: msg.TreadmillState | None = None
        self._gait: bytes | None = None
        self._cue_count = self._dropped_count = self._withheld_count = 0
        self._cues = self.create_publisher(msg.Cue, "feedback/cue", qos.CUE)
        self._receipts = self.create_publisher(msg.CueReceipt, "feedback/receipt", qos.EVENTS)
        self._commands = self.create_publisher(msg.TreadmillCommand, "treadmill/command", qos.COMMAND)
        self.create_subscription(msg.SessionState, "session/state", self._on_session, qos.STATE)
        self.create_subscription(msg.TreadmillState, "treadmill/state", partial(setattr, self, "_belt"), qos.EVENTS)
        # raw: of many states only the newest is looked at, once a command
        self.create_subscription(msg.GaitState, "gait/state", partial(setattr, self, "_gait"), qos.EVENTS, raw=True)
        for message_type, topic, to_value in (
            (msg.GaitEvent, "gait/events", values.gait_event),
            (msg.Stride, "gait/strides", values.stride),
            (msg.Asymmetry, "gait/asymmetry", values.asymmetry),
        ):
            self.create_subscription(message_type, topic, partial(self._on_finding, to_value), qos.EVENTS)
        self.create_timer(COMMAND_PERIOD_S, self._command)

    def _on_session(self, message: msg.SessionState) -> None:
        self._session_message, self._session_seen_s = message, self._now()
        session = values.session(message)
        if session != self._session:  # a new participant or a new start: nothing carries over
            self._session = session
            self._strategy: CueStrategy = self._cue_part.Strategy(
                self._cue_settings, session.participant.prosthetic_side
            )
            self._limiter = Limiter(self._limiter_settings)

    def _state(self) -> int | None:
        """Return the state of the session, None when it is not fresh."""
        is_fresh = self._now() - self._session_seen_s <= SESSION_FRESH_S
        return self._session_message.state if self._session_message and is_fresh else None

    def _on_finding(self, to_value: Callable[[Any], Any], message: object) -> None:
        session = self._session
        if session is None:
            return
        asked = self._strategy.feed(to_value(message))  # fed always: its window must know the strides before the start
        if self._state() == msg.SessionState.ACTIVE:
            for cue in asked:
                self._send(cue, session.participant)

    def _send(self, cue: Cue, participant: Participant) -> None:
        decided_s = self._now()
        verdict = self._limiter.feed(decided_s, cue)
        self._cue_count += 1
        message = cue_message(cue, self._cue_count, participant, decided_s)
        if verdict.drop is None:
            self._cues.publish(message)
        else:
            self._dropped_count += 1
            self._receipts.publish(dropped_receipt(message, verdict.drop.value, verdict.reason, decided_s))

    def _command(self) -> None:
        state = self._state()
        if state == msg.SessionState.ACTIVE:
            request = self._motion_request()
        elif state == msg.SessionState.ENDED:
            request = self._law.stop_request()
        else:
            return
        if request is None:  # no command is a command: the gate ramps down when they cease
            self._withheld_count += 1
            return
        message = msg.TreadmillCommand(
            left_speed_mps=float(request.left_speed_mps),
            right_speed_mps=float(request.right_speed_mps),
            acceleration_mps2=float(request.acceleration_mps2),
        )
        message.header.stamp, message.header.frame_id = to_stamp(self._now()), self.get_fully_qualified_name()
        self._commands.publish(message)

    def _motion_request(self) -> BeltRequest | None:
        """Ask the law, once the session's own analysis runs and an operator's arming holds."""
        if self._belt is None or self._gait is None or self._session is None:
            return None
        gait = values.gait_state(deserialize_message(self._gait, msg.GaitState))
        if not self._belt.is_armed or gait.time_s < self._session.start_s:
            return None
        return self._law.feed(self._now(), values.belt_sample(self._belt), gait)

    def health(self) -> list[DiagnosticStatus]:
        """One status: cues asked and dropped, belt commands withheld."""
        counts = {
            "cue_count": self._cue_count,
            "dropped_count": self._dropped_count,
            "withheld_command_count": self._withheld_count,
        }
        return [status("feedback", "", False, counts)]


def main() -> None:
    """Run the node."""
    run(FeedbackNode)
