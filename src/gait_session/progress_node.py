# SPDX-License-Identifier: Apache-2.0
"""Shows a session's progress in the terminal, and ends when it has ended and the belts are at rest.

The launch file makes it a required node: when it ends by itself, the launch ends. Killing it therefore ends the
session early and safely, and it is the one node that is not restarted.
"""

import math
import re
from functools import partial

from gait_lab import msg

from gait_analysis.gait import Stride
from gait_messages import values
from gait_ros import qos
from gait_ros.meaning import subscribe
from gait_ros.running import LabNode, now_s, run
from gait_sensing.samples import Side

PERIOD_S = 1.0
AT_REST_MPS = 0.01
LONGEST_STOP_S = 30.0  # far longer than any ramp: a belt that still moves then has already been reported by the gate


class ProgressNode(LabNode):
    """Counts what passes and prints one line a second."""

    def __init__(self) -> None:
        super().__init__("progress_node")
        self._session = msg.SessionState()
        self._belt = msg.TreadmillState(left_speed_mps=math.nan, right_speed_mps=math.nan)
        self._recording = msg.RecordingState()
        self._safety_text = self._guard_text = ""
        self._ended_s: float | None = None
        self._stride_count = dict.fromkeys(Side, 0)
        self._cue_count = 0
        self._asymmetry: dict[str, float] = {}
        self.create_subscription(msg.SessionState, "session/state", self._on_session, qos.STATE)
        self.create_subscription(msg.TreadmillState, "treadmill/state", partial(setattr, self, "_belt"), qos.EVENTS)
        self.create_subscription(
            msg.RecordingState, "session/recording", partial(setattr, self, "_recording"), qos.STATE
        )
        self.create_subscription(msg.SafetyState, "treadmill/safety", self._on_safety, qos.STATE)
        self.create_subscription(msg.FeedbackState, "feedback/state", self._on_feedback, qos.STATE)
        self.create_subscription(msg.ImuMounting, "imu_mounting", self._on_mounting, qos.STATE)
        subscribe(self, msg.Stride, "gait/strides", values.stride, self._on_stride, qos.EVENTS)
        self.create_subscription(msg.Asymmetry, "gait/asymmetry", self._on_asymmetry, qos.EVENTS)
        self.create_subscription(msg.CueReceipt, "feedback/receipt", self._on_receipt, qos.EVENTS)
        self.create_timer(PERIOD_S, self._on_period)

    def _on_session(self, message: msg.SessionState) -> None:
        if message.state == msg.SessionState.ENDED and self._ended_s is None:
            self._ended_s = now_s(self)
            self._say(f"session ended: {message.text}")
        if message.state == msg.SessionState.IDLE and _words(message.text) != _words(self._session.text):
            self._say(message.text)
        self._session = message

    def _on_safety(self, message: msg.SafetyState) -> None:
        if message.text != self._safety_text:
            self._safety_text = message.text
            self._say(f"treadmill: {message.text}")

    def _on_feedback(self, message: msg.FeedbackState) -> None:
        is_active = self._session.state == msg.SessionState.ACTIVE  # silence before and after it says nothing of cues
        if _words(message.guard_text) != _words(self._guard_text) and (message.guard_text or is_active):
            self._say(f"feedback: {message.guard_text or 'cues pass on both sides'}")
        self._guard_text = message.guard_text

    def _on_mounting(self, message: msg.ImuMounting) -> None:
        for level, text in zip(message.finding_level, message.finding_text, strict=False):  # shown as far as told
            if level != msg.ImuMounting.INFO:
                self._say(f"IMU: {text}")

    def _on_stride(self, stride: Stride, _: object) -> None:
        if stride.is_accepted:
            self._stride_count[stride.side] += 1

    def _on_asymmetry(self, message: msg.Asymmetry) -> None:
        self._asymmetry = {metric.name: metric.rolling_median for metric in message.metrics}

    def _on_receipt(self, message: msg.CueReceipt) -> None:
        self._cue_count += message.result == msg.CueReceipt.SENT

    def _on_period(self) -> None:
        if self._session.state != msg.SessionState.IDLE:
            self._say(self._line())
        if self._ended_s is not None:
            speed_mps = max(abs(self._belt.left_speed_mps), abs(self._belt.right_speed_mps))
            self.is_done = speed_mps < AT_REST_MPS or now_s(self) - self._ended_s > LONGEST_STOP_S

    def _line(self) -> str:
        elapsed_s = (self._ended_s or now_s(self)) - values.seconds(self._session.start)
        total = f"/{self._session.duration_s:.0f}" if self._session.duration_s else ""
        percent = {name: f"{100 * value:+.1f} %" for name, value in self._asymmetry.items() if not math.isnan(value)}
        return (
            f"{max(0.0, elapsed_s):5.0f}{total} s"
            f" | belt {self._belt.left_speed_mps:.2f} {self._belt.right_speed_mps:.2f} m/s"
            f" | strides left {self._stride_count[Side.LEFT]} right {self._stride_count[Side.RIGHT]}"
            f" | asymmetry step time {percent.get('step_time', '-')} stance time {percent.get('stance_time', '-')}"
            f" | cues {self._cue_count}"
            f" | recorded {self._recording.message_count} missed {self._recording.missed_count}"
        )

    @staticmethod
    def _say(text: str) -> None:
        print(text, flush=True)


def _words(text: str) -> str:
    """Return a text without its numbers: only what changes more than those is news."""
    return re.sub(r"[-\d.]+", "", text)


def main() -> None:
    """Run the node."""
    run(ProgressNode)
