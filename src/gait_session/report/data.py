# SPDX-License-Identifier: Apache-2.0
"""What a report is made from: one session out of a recording, as values and arrays."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from gait_analysis.analyser import AnalyserSettings
from gait_analysis.comparison import asymmetry
from gait_analysis.events import GaitEvent
from gait_analysis.gait import Asymmetry, Stride
from gait_analysis.participant import Participant
from gait_analysis.standing import Standing
from gait_feedback import cues
from gait_messages import values
from gait_parts import plugins
from gait_sensing.samples import Array, Side
from gait_session.parameter_file import node_parameters, read_parameter_file
from gait_session.recording.reader import Recording, Topic
from gait_session.stride_verdicts import Verdicts, deviation_names, verdicts

CURVE_POINTS = 101  # 0 to 100 % of stance
_LONGEST_GAP_S = 0.05  # a stance with a hole larger than this gives no curve
_FEWEST_SAMPLES = 5
ENDED = 2  # SessionState.ENDED


@dataclass
class Force:
    """One load cell: all its samples, and the numbers by which a gap is seen."""

    time_s: Array
    force_n: Array  # [n, 3]
    lost_count: int  # running numbers that never came
    restart_count: int  # how often the numbers began again: the device was connected anew


@dataclass(frozen=True)
class Stream:
    """How the messages of one topic came from the start of the session to its end."""

    topic: Topic
    rate_hz: float  # NaN when there are too few to tell
    longest_gap_s: float
    jitter_s: float  # 99 of 100 intervals differ from the median by less; NaN where messages come irregularly


@dataclass(frozen=True)
class Band:
    """Where a cue strategy is silent."""

    metric: str
    low: float  # asymmetry index, no unit
    high: float


@dataclass
class Walk:
    """One session: what was recorded from its start on; what the analysis found, up to its end.

    Remarks and standing count from ``prepared_s`` on, for the participant is weighed before the start.
    """

    session: Any = None  # last session/state of the session; None when there is none
    prepared_s: float = 0.0  # when the lab was complete, before the start
    start_s: float = 0.0  # 0 when no session was started
    end_s: float = 0.0
    participant: Participant = field(default_factory=lambda: Participant(float("nan"), None))
    strides: list[Stride] = field(default_factory=list)
    events: list[GaitEvent] = field(default_factory=list)
    asymmetries: list[Asymmetry] = field(default_factory=list)
    standings: list[Standing] = field(default_factory=list)
    phases: dict[Side, Counter[str]] = field(default_factory=dict)  # states by why phase is not valid; "": it is
    cues: list[Any] = field(default_factory=list)
    receipts: list[Any] = field(default_factory=list)
    feedback: list[Any] = field(default_factory=list)  # what strategy, guard, schedule and law say of themselves
    belts: list[Any] = field(default_factory=list)
    safety: list[Any] = field(default_factory=list)
    annotations: list[Any] = field(default_factory=list)
    forces: dict[str, Force] = field(default_factory=dict)
    streams: list[Stream] = field(default_factory=list)
    recovered_files: list[str] = field(default_factory=list)
    meaningless: list[str] = field(default_factory=list)  # messages that were left out, in words
    config: dict[str, Any] = field(default_factory=dict)

    def parameters(self, node: str) -> dict[str, Any]:
        """Return what the lab's config says of ``node``; empty when the recording has no config."""
        return node_parameters(self.config, node)

    def asymmetry_settings(self) -> asymmetry.Settings:
        """Return the settings of the comparison between the limbs."""
        given: asymmetry.Settings = plugins.settings_of(
            asymmetry, self.parameters("analysis_node").get("asymmetry", {})
        )
        return given

    def verdicts(self) -> dict[str, list[Verdicts]]:
        """Return what the strides say of each deviation that was looked for."""
        files = self.parameters("analysis_node").get("deviations", AnalyserSettings().deviations)
        return verdicts(self.strides, deviation_names(files))

    def cue_settings(self) -> tuple[str, Any] | None:
        """Return the name of the cue strategy and its settings; None when the config names none that could run."""
        cue = dict(self.parameters("feedback_node").get("cue", {}))
        strategy = cue.pop("strategy", None)
        if strategy is None:
            return None
        try:
            return strategy, plugins.settings_of(plugins.find(cues.__name__, strategy), cue)
        except ValueError:  # it never ran: feedback_node refused the same
            return None

    def cue_band(self) -> Band | None:
        """Return the band outside which cues were given; None when the cue strategy has none, or is not known."""
        found = self.cue_settings()
        if found is None or not all(hasattr(found[1], name) for name in ("metric", "target", "band")):
            return None
        settings = found[1]
        return Band(settings.metric, settings.target - settings.band, settings.target + settings.band)

    def curves(self, side: Side, axis: int) -> Array:
        """Return force over stance of each accepted stride, [strides, ``CURVE_POINTS``], in body weights.

        In newton where the body weight is not known. ``axis`` is 0 for fore-aft and 2 for vertical.
        """
        left, right = self.parameters("analysis_node").get("force_streams", ["left_belt", "right_belt"])
        force = self.forces.get(left if side is Side.LEFT else right)
        if force is None:
            return np.empty((0, CURVE_POINTS))
        weight_n = self.participant.body_weight_n
        strides = [stride for stride in self.strides if stride.side is side and stride.is_accepted]
        found = [curve_n for stride in strides if (curve_n := _stance(force, stride, axis)) is not None]
        return np.array(found).reshape(-1, CURVE_POINTS) / (weight_n if weight_n > 0 else 1.0)


def read_walk(recording: Recording) -> Walk:
    """Read the last session of ``recording``, or all of it when none was started."""
    walk = Walk(recovered_files=recording.recovered_files, config=_config(recording.folder))
    _read_session(walk, recording)
    lists: dict[str, tuple[list[Any], Callable[[Any], Any]]] = {
        "gait/events": (walk.events, values.gait_event),
        "gait/strides": (walk.strides, values.stride),
        "gait/asymmetry": (walk.asymmetries, values.asymmetry),
        "gait/standing": (walk.standings, values.standing),
        "feedback/cue": (walk.cues, _with_side),
        "feedback/receipt": (walk.receipts, _with_side),
        "feedback/state": (walk.feedback, _itself),
        "treadmill/state": (walk.belts, _itself),
        "treadmill/safety": (walk.safety, _itself),
        "session/annotation": (walk.annotations, _itself),
    }
    targets = {topic: target for name, (target, _) in lists.items() for topic in recording.find(name)}
    for recorded, value in recording.values({name: to_value for name, (_, to_value) in lists.items()}):
        target = targets[recorded.topic]
        is_belt = target is walk.belts or target is walk.safety  # armed before the start, and may move
        begin_s = walk.prepared_s if target is walk.standings or target is walk.annotations else walk.start_s
        if is_belt or values.seconds(recorded.message.header.stamp) >= begin_s:
            target.append(value)
    walk.strides = [each for each in walk.strides if walk.start_s <= each.start_s and each.end_s <= walk.end_s]
    walk.events = [event for event in walk.events if event.time_s <= walk.end_s]
    walk.asymmetries = [asymmetry for asymmetry in walk.asymmetries if asymmetry.time_s <= walk.end_s]
    walk.standings = [standing for standing in walk.standings if standing.time_s <= walk.end_s]
    _read_phases(walk, recording)
    _read_forces(walk, recording)
    walk.streams = _read_streams(walk, recording)
    walk.meaningless = recording.meaningless
    return walk


def _itself(message: Any) -> Any:
    return message


def _with_side(message: Any) -> Any:
    """Return a message that is about one side."""
    values.side(message)
    return message


def _config(folder: Path) -> dict[str, Any]:
    path = folder / "config.yaml"
    return read_parameter_file(path) if path.is_file() else {}


def _read_session(walk: Walk, recording: Recording) -> None:
    walk.end_s = recording.start_s + recording.duration_s
    for recorded, session in recording.values({"session/state": values.session}):
        message = recorded.message
        is_end = message.state == ENDED and (walk.session is None or walk.session.state != ENDED)
        if is_end:
            walk.end_s = values.seconds(message.header.stamp)
        walk.session, walk.start_s, walk.participant = message, session.start_s, session.participant
        walk.prepared_s = values.seconds(message.prepared) or session.start_s


def _read_phases(walk: Walk, recording: Recording) -> None:
    walk.phases = {side: Counter() for side in Side}
    for _, state in recording.values({"gait/state": values.gait_state}):
        if walk.start_s <= state.time_s <= walk.end_s:
            for limb in (state.left, state.right):
                walk.phases[limb.side]["" if limb.is_phase_valid else limb.reason] += 1


def _read_forces(walk: Walk, recording: Recording) -> None:
    batches: dict[str, list[Any]] = {}
    for recorded in recording.messages("load_cell/+/samples"):
        samples = values.force_samples(recorded.message)
        batches.setdefault(samples.name, []).append(samples)
    for name, parts in sorted(batches.items()):
        gaps = [
            after.first_sample_count - before.first_sample_count - len(before.time_s)
            for before, after in pairwise(parts)
        ]
        walk.forces[name] = Force(
            np.concatenate([part.time_s for part in parts]),
            np.concatenate([part.force_n for part in parts]),
            lost_count=sum(gap for gap in gaps if gap > 0),
            restart_count=sum(gap < 0 for gap in gaps),
        )


def _read_streams(walk: Walk, recording: Recording) -> list[Stream]:
    times_s: dict[str, list[float]] = {name: [] for name in recording.topics}
    for arrival in recording.arrivals():
        if walk.start_s <= arrival.published_s <= walk.end_s:
            times_s[arrival.topic].append(arrival.published_s)
    return [_stream(topic, np.sort(np.array(times_s[name]))) for name, topic in sorted(recording.topics.items())]


def _stream(topic: Topic, published_s: Array) -> Stream:
    nan = float("nan")
    if len(published_s) < 10:
        return Stream(topic, nan, nan, nan)
    intervals_s = np.diff(published_s)
    median_s = float(np.median(intervals_s))
    deviations_s = np.abs(intervals_s - median_s)
    is_regular = float(np.percentile(deviations_s, 90)) < 0.5 * median_s
    mean_s = float(np.mean(intervals_s))
    return Stream(
        topic,
        rate_hz=1.0 / mean_s if mean_s > 0 else nan,
        longest_gap_s=float(np.max(intervals_s)),
        jitter_s=float(np.percentile(deviations_s, 99)) if is_regular else nan,
    )


def _stance(force: Force, stride: Stride, axis: int) -> Array | None:
    """Return force from contact to foot off at ``CURVE_POINTS`` instants, or None where samples are missing."""
    first, end = np.searchsorted(force.time_s, [stride.start_s, stride.foot_off_s])
    time_s = force.time_s[first:end]
    if len(time_s) < _FEWEST_SAMPLES or float(np.max(np.diff(time_s))) > _LONGEST_GAP_S:
        return None
    share = (time_s - stride.start_s) / (stride.foot_off_s - stride.start_s)
    return np.interp(np.linspace(0.0, 1.0, CURVE_POINTS), share, force.force_n[first:end, axis])
