# SPDX-License-Identifier: Apache-2.0
"""Samples in; ``gait/state``, ``gait/events``, ``gait/strides``, ``gait/asymmetry`` and ``gait/standing`` out."""

from collections import deque
from functools import partial

from gait_lab import msg
from sensor_msgs.msg import Imu

from gait_analysis.analyser import STANDING_S, Analyser, AnalyserSettings, Result
from gait_analysis.contact.sensors import PROSTHESIS
from gait_analysis.events import GaitEvent
from gait_analysis.gait import Asymmetry, GaitState, Stride
from gait_analysis.standing import Standing
from gait_analysis.state_grid import SILENT_S
from gait_messages import values
from gait_parts import plugins
from gait_ros import qos
from gait_ros.meaning import subscribe
from gait_ros.messages import asymmetry_message, event_message, standing_message, state_message, stride_message
from gait_ros.parameters import declare
from gait_ros.running import LabNode, now_s, run
from gait_sensing.samples import SEGMENTS, BeltSample, ForceSamples, ImuSample

STANDING_COUNT = round(STANDING_S * 8 * 200.0)  # of eight IMUs at 200 Hz


class AnalysisNode(LabNode):
    """Feeds the analyser; begins afresh at the instant at which a session starts, so that a replay sees the same."""

    def __init__(self) -> None:
        super().__init__("analysis_node")
        self._settings = declare(self, AnalyserSettings)
        self._parts = {
            name: declare(self, plugins.find(package, name).Settings, f"{name}.")
            for package, name in self._settings.named_parts()
        }
        self._analyser: Analyser | None = None  # until the session node has told who walks
        self._session: values.Session | None = None
        self._told_s = now_s(self)  # when the newest state was published
        self._standing: deque[ImuSample] = deque(maxlen=STANDING_COUNT)  # the next session may begin with it
        self._topics = {
            GaitState: self.create_publisher(msg.GaitState, "gait/state", qos.EVENTS),
            GaitEvent: self.create_publisher(msg.GaitEvent, "gait/events", qos.EVENTS),
            Stride: self.create_publisher(msg.Stride, "gait/strides", qos.EVENTS),
            Asymmetry: self.create_publisher(msg.Asymmetry, "gait/asymmetry", qos.EVENTS),
            Standing: self.create_publisher(msg.Standing, "gait/standing", qos.EVENTS),
        }
        subscribe(self, msg.SessionState, "session/state", values.session, self._on_session, qos.STATE)
        self.create_subscription(msg.TreadmillState, "treadmill/state", self._on_belt, qos.EVENTS)
        for segment in SEGMENTS:
            self.create_subscription(Imu, f"imu/{segment}", partial(self._on_motion, segment), qos.SAMPLES)
        for name in filter(None, [*self._settings.force_streams, PROSTHESIS, self._settings.shared_plate]):
            topic = f"load_cell/{name}/samples"
            subscribe(self, msg.ForceSamples, topic, values.force_samples, self._on_force, qos.SAMPLES)
        self.create_timer(SILENT_S, self._tell_silence)

    def _on_session(self, session: values.Session, _: object) -> None:
        if session != self._session:
            self._session, self._participant = session, session.participant
            self._told_s = max(now_s(self), session.start_s)  # there can be none before
            self._analyser = Analyser(
                self._settings, session.participant, session.input, session.start_s, self._parts, session.prepared_s
            )
            for sample in self._standing:
                self._analyser.feed(sample)

    def _on_force(self, samples: ForceSamples, _: object) -> None:
        self._feed(samples)

    def _on_motion(self, segment: str, message: Imu) -> None:
        if self._analyser is not None:
            sample = values.imu_sample(message, segment)
            self._standing.append(sample)
            self._feed(sample)

    def _on_belt(self, message: msg.TreadmillState) -> None:
        self._feed(values.belt_sample(message))

    def _feed(self, sample: ForceSamples | ImuSample | BeltSample) -> None:
        if self._analyser is not None:
            self._analyser.feed_to(self._tell, sample)

    def _tell(self, result: Result) -> None:
        self._topics[type(result)].publish(self._message(result))

    def _tell_silence(self) -> None:
        silent_s = now_s(self) - self._told_s
        if self._analyser is not None and silent_s >= SILENT_S and (state := self._analyser.silence(silent_s)):
            self._topics[GaitState].publish(state_message(state, self._participant, now_s(self)))

    def _message(self, result: Result) -> object:
        if isinstance(result, GaitState):
            self._told_s = now_s(self)
            return state_message(result, self._participant, self._told_s)
        if isinstance(result, GaitEvent):
            return event_message(result, self._participant)
        if isinstance(result, Stride):
            return stride_message(result, self._participant)
        if isinstance(result, Standing):
            return standing_message(result)
        return asymmetry_message(result)


def main() -> None:
    """Run the node."""
    run(AnalysisNode)
