# SPDX-License-Identifier: Apache-2.0
"""A recording made without a lab: a walker's forces, what the analysis finds in them, cues and belts, as messages."""

import math
from pathlib import Path

import numpy as np
import pytest
from gait_lab import msg
from rclpy.serialization import serialize_message

from gait_analysis.analyser import Analyser, AnalyserSettings, Result
from gait_analysis.events import EventKind, GaitEvent
from gait_analysis.gait import GaitState, Stride
from gait_analysis.participant import Input, Participant
from gait_analysis.standing import Standing
from gait_feedback.cue import Cue
from gait_ros import messages
from gait_sensing.samples import ForceSamples, ImuSample, Side
from gait_session.recording.writer import RecordingWriter

START_S = 1_790_000_000.25
MASS_KG = 80.0
STRIDE_S = 1.15
RATE_HZ = 250.0
BATCH = 5
LATCHED = {
    "history": "keep_last",
    "depth": 1,
    "reliability": "reliable",
    "durability": "transient_local",
    "deadline": {"sec": 9223372036, "nsec": 854775807},
    "lifespan": {"sec": 9223372036, "nsec": 854775807},
    "liveliness": "automatic",
    "liveliness_lease_duration": {"sec": 9223372036, "nsec": 854775807},
    "avoid_ros_namespace_conventions": False,
}


OFFSET = {Side.LEFT: 0.0, Side.RIGHT: 0.53}  # share of the stride
STANCE = {Side.LEFT: 0.60, Side.RIGHT: 0.65}  # share of the stride
LOAD = {Side.LEFT: 0.94, Side.RIGHT: 1.03}


class Walker:
    """Forces of a walker whose left foot is the prosthesis: stands shorter on it, and loads it less."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)

    def force_n(self, side: Side, time_s: np.ndarray) -> np.ndarray:
        """Ground reaction at ``time_s`` (seconds since the walker set out), [n, 3]."""
        count, cycle = np.divmod(time_s / STRIDE_S - OFFSET[side], 1.0)
        stance = cycle / (STANCE[side] + 0.012 * np.sin(3.7 * count))  # no two strides are the same
        weight_n = MASS_KG * 9.80665 * (LOAD[side] + 0.03 * np.sin(2.3 * count))
        is_loaded = stance < 1.0
        force_n = np.zeros((len(time_s), 3))
        shape = 1.2 * np.sin(np.pi * stance) + 0.25 * np.sin(3 * np.pi * stance)
        force_n[:, 2] = np.where(is_loaded, weight_n * shape, 0.0)
        force_n[:, 0] = np.where(is_loaded, -0.18 * weight_n * np.sin(2 * np.pi * stance), 0.0)
        return force_n + self._random.normal(0.0, 1.5, force_n.shape)


class Recorder:
    """Writes messages as the recorder does."""

    def __init__(self, folder: Path) -> None:
        self.writer = RecordingWriter(folder)
        self.sent: dict[str, list[object]] = {}

    def write(self, topic: str, message: object, time_s: float) -> None:
        kind = type(message)
        self.writer.add_topic(topic, f"{kind.__module__.split('.')[0]}/msg/{kind.__name__}", [LATCHED])
        self.sent.setdefault(topic, []).append(message)
        stamp_ns = round(time_s * 1e9)
        self.writer.write(topic, serialize_message(message), stamp_ns + 400_000, stamp_ns, len(self.sent[topic]))


class Lab:
    """Walks, analyses, cues and records, all at once and without a clock."""

    def __init__(self, folder: Path, input: Input, seed: int) -> None:
        self.recorder = Recorder(folder)
        self._walker = Walker(seed)
        self._input = input
        self._participant = Participant(MASS_KG, Side.LEFT)
        self._analyser = Analyser(AnalyserSettings(), self._participant, input, START_S)
        self._cue_count = 0

    def walk(self, duration_s: float, skip_s: float = 0.0, unrecorded: range = range(0)) -> None:
        """Walk from one second before the start, or ``skip_s`` later, until ``duration_s`` after the start.

        Samples numbered in ``unrecorded`` reach the analysis and not the recorder.
        """
        begin_s = START_S - 1.0
        self._session(msg.SessionState.ACTIVE, begin_s + skip_s)
        for first in range(int(skip_s * RATE_HZ), int((duration_s + 1.0) * RATE_HZ), BATCH):
            time_s = begin_s + np.arange(first, first + BATCH) / RATE_HZ
            if first % 25 == 0:
                self._belt(float(time_s[0]))
            if first % 250 == 0:
                self._session(msg.SessionState.ACTIVE, float(time_s[0]))
            for side in Side:
                self._step(side, first, time_s, first not in unrecorded)

    def _step(self, side: Side, first: int, time_s: np.ndarray, is_recorded: bool) -> None:
        force_n = self._walker.force_n(side, time_s - START_S)
        pressure_m = np.full((BATCH, 2), math.nan)
        samples = ForceSamples(f"{side.value}_belt", first, time_s, force_n, 0.0 * force_n, pressure_m)
        message = messages.force_samples_message(samples)
        now_s = float(time_s[-1]) + 0.002
        if is_recorded:
            self.recorder.write(f"/load_cell/{side.value}_belt/samples", message, now_s)
        for result in self._analyser.feed(messages.values.force_samples(message)):
            self._publish(result, now_s)

    def _publish(self, result: Result, now_s: float) -> None:
        if isinstance(result, GaitState):
            self.recorder.write("/gait/state", messages.state_message(result, self._participant, now_s), now_s)
        elif isinstance(result, GaitEvent):
            self.recorder.write("/gait/events", messages.event_message(result, self._participant), now_s)
            if result.kind is EventKind.INITIAL_CONTACT and result.side is Side.LEFT:
                self._cue(result, now_s)
        elif isinstance(result, Stride):
            self.recorder.write("/gait/strides", messages.stride_message(result, self._participant), now_s)
        elif isinstance(result, Standing):
            self.recorder.write("/gait/standing", messages.standing_message(result), now_s)
        else:
            self.recorder.write("/gait/asymmetry", messages.asymmetry_message(result), now_s)

    def _cue(self, event: GaitEvent, now_s: float) -> None:
        cue = Cue(Side.LEFT, event.time_s, event.detected_s, 0.6, 0.1, "stance_time asymmetry -8.0 %, band 5.0 %")
        self._cue_count += 1
        message = messages.cue_message(cue, self._cue_count, self._participant, now_s + 0.0004)
        if self._cue_count % 7 == 0:
            text = "sooner than one stride after the last one"
            receipt = messages.dropped_receipt(message, msg.CueReceipt.DROPPED_LIMIT, text, now_s + 0.0006)
        else:
            self.recorder.write("/feedback/cue", message, now_s + 0.0005)
            receipt = messages.sent_receipt(message, now_s + 0.0011 + 0.0001 * (self._cue_count % 5), now_s + 0.003)
        self.recorder.write("/feedback/receipt", receipt, now_s + 0.003)

    def _belt(self, time_s: float) -> None:
        speed_mps = min(1.1, max(0.0, 0.25 * (time_s - START_S + 1.0)))
        message = msg.TreadmillState(
            left_speed_mps=speed_mps - 0.004, right_speed_mps=speed_mps + 0.003, incline_rad=0.0,
            left_commanded_mps=speed_mps, right_commanded_mps=speed_mps, is_armed=True,
        )  # fmt: skip
        message.header.stamp = messages.to_stamp(time_s)
        self.recorder.write("/treadmill/state", message, time_s)
        if time_s < START_S - 0.99:
            safety = msg.SafetyState(level=msg.SafetyState.LEVEL_OK, text="armed by session_node/start", state="armed")
            safety.header.stamp = messages.to_stamp(time_s)
            self.recorder.write("/treadmill/safety", safety, time_s)

    def imu(self, count: int) -> None:
        """Record ``count`` samples of a foot's IMU that measures no orientation."""
        nan = math.nan
        for number in range(count):
            time_s = START_S + number / 100.0
            sample = ImuSample("left_foot", time_s, (0.0, 0.1 * number, 9.81), (0.0, 0.0, 0.1), (nan, nan, nan, nan))
            self.recorder.write("/imu/left_foot", messages.imu_message(sample), time_s)

    def _session(self, state: int, time_s: float) -> None:
        message = msg.SessionState(
            state=state, session="2026-03-14T09-26-53Z", participant="P07", body_mass_kg=MASS_KG,
            prosthetic_side=msg.LimbState.SIDE_LEFT, duration_s=60.0, text="walking",
            input={Input.LIVE: 0, Input.SIMULATED: 1, Input.RECORDING: 2}[self._input],
        )  # fmt: skip
        message.header.stamp = messages.to_stamp(time_s)
        message.start, message.prepared = messages.to_stamp(START_S), messages.to_stamp(START_S - 5.0)
        self.recorder.write("/session/state", message, time_s)

    def end(self, missed_counts: dict[str, int] | None = None, after_s: float = 60.0) -> None:
        """End the session and close the recording."""
        self._session(msg.SessionState.ENDED, START_S + after_s)
        (self.recorder.writer.folder / "config.yaml").write_text("/**/analysis_node: {ros__parameters: {}}\n")
        self.recorder.writer.close(missed_counts or {})


@pytest.fixture
def make_lab(tmp_path):
    """Return a function that makes a lab recording to ``folder``."""

    def make(folder: Path = tmp_path / "walk", input: Input = Input.SIMULATED, seed: int = 7) -> Lab:
        return Lab(folder, input, seed)

    return make


@pytest.fixture(scope="session")
def walk(tmp_path_factory):
    """A closed recording of 20 s of walking, and what was sent, by topic."""
    folder = tmp_path_factory.mktemp("recordings") / "walk"
    lab = Lab(folder, Input.SIMULATED, 7)
    lab.walk(20.0)
    lab.imu(50)
    lab.end()
    return folder, lab.recorder.sent
