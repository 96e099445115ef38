# SPDX-License-Identifier: Apache-2.0
"""Samples to events, strides, asymmetry and the state of both limbs: the whole analysis as one ``feed``.

What comes out depends on the samples alone, bit for bit: not on how they are cut into batches, nor on how streams
interleave, as long as no force stream is fed more than ``stale_s`` of sample time ahead of another, and belt statuses
and motion samples come within ``belt_settle_s`` and ``follow_s``. See ``stream_merge``, ``followers`` and
``belt_motion`` for how.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from gait_analysis.belt_motion import BeltMotion
from gait_analysis.comparison.asymmetry import AsymmetryTracker
from gait_analysis.contact.foot_sensor import FootSensor
from gait_analysis.contact.plausibility import in_order
from gait_analysis.contact.sensors import DETECTORS, Finding, Sensors
from gait_analysis.cycle.limb_phase import LimbPhase
from gait_analysis.deviation import DeviationTracker
from gait_analysis.events import GaitEvent
from gait_analysis.followers import Followers
from gait_analysis.gait import Asymmetry, GaitState, Stride
from gait_analysis.limb import Limb
from gait_analysis.participant import Input, Participant
from gait_analysis.parts import ContactChange, build, settings_of
from gait_analysis.standing import Standing, StandingTracker
from gait_analysis.state_grid import StateGrid
from gait_analysis.stream_merge import StreamMerge, since
from gait_analysis.strides.plate_measures import PlateMeasures
from gait_analysis.strides.stride_maker import StrideMaker
from gait_analysis.strides.stride_motion import StrideMotion
from gait_parts import plugins
from gait_parts.settings import Settings, setting
from gait_sensing.samples import BeltSample, ForceSamples, ImuRow, ImuSample, ImuSamples, Side

STANDING_S = 10.0

Result = GaitEvent | Stride | Asymmetry | GaitState | Standing
Tell = Callable[[Result], None]
News = tuple[float, Callable[[Any, Tell, float], None], Any]  # when it is known, who takes it, and what it is

_METRICS = [
    "step_time",
    "stance_time",
    "swing_time",
    "double_support",
    "step_length",
    "peak_load",
    "first_peak_load",
    "vertical_impulse",
]
_DEVIATIONS = ["short_step", "delayed_swing", "circumduction", "foot_drag", "trunk_lean", "hip_drop", "unequal_weight"]

_PARTS = {  # settings that name parts, and where those are
    "detector": "gait_analysis.detectors",
    "phase": "gait_analysis.phases",
    "metrics": "gait_analysis.metrics",
    "deviations": "gait_analysis.deviations",
}


@dataclass(frozen=True)
class AnalyserSettings(Settings):
    """Settings of the analysis."""

    force_streams: list[str] = setting(["left_belt", "right_belt"], "force streams of the left and of the right foot")
    shared_plate: str = setting("", "force stream of a plate under both feet; empty: none")
    detector: str = setting("force_contact", "file name of a part in gait_analysis/detectors")
    phase: str = setting("time_based", "file name of a part in gait_analysis/phases")
    metrics: list[str] = setting(_METRICS, "file names of parts in gait_analysis/metrics")
    deviations: list[str] = setting(_DEVIATIONS, "file names of parts in gait_analysis/deviations")
    state_rate_hz: float = setting(200.0, "rate of gait/state; 0: none", low=0.0, high=2000.0)
    stale_s: float = setting(0.1, "a force stream this far behind the others is not waited for", low=0.01, high=2.0)
    max_sample_age_s: float = setting(0.05, "without a sample for so long, contact is unknown", low=0.002, high=0.5)
    lowest_force_n: float = setting(-150.0, "a vertical force below this is no measurement", low=-5000.0, high=-20.0)
    belt_settle_s: float = setting(0.1, "belt statuses are used from this age on", low=0.0, high=1.0)
    follow_s: float = setting(0.05, "other sensors are used from this age on while plates lead", low=0.0, high=0.1)
    pitch_settle_s: float = setting(0.05, "the pitch of a segment is used from this age on", low=0.0, high=0.1)
    belt_max_age_s: float = setting(1.0, "without a status for so long, belt speed is unknown", low=0.05, high=10.0)
    asymmetry_window_count: int = setting(10, "pairs of strides in the rolling median", low=1, high=1000)

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.force_streams) != 2 or len(set(self.force_streams)) != 2:
            raise ValueError(f"force_streams: got {self.force_streams}, expected two names: left foot, right foot")
        for name, package in _PARTS.items():
            given = getattr(self, name)
            for file in given if isinstance(given, list) else [given]:
                try:
                    plugins.find(package, file)
                except ValueError as error:
                    raise ValueError(f"{name}: {error}") from None

    def named_parts(self) -> list[tuple[str, str]]:
        """Return package and file name of every part that these settings name."""
        return [
            (_PARTS["detector"], self.detector),
            (_PARTS["phase"], self.phase),
            *((_PARTS["metrics"], name) for name in self.metrics),
            *((_PARTS["deviations"], name) for name in self.deviations),
            ("gait_analysis.comparison", "asymmetry"),
            ("gait_analysis", "standing"),
            ("gait_analysis.strides", "stability"),
            ("gait_sensing.calibration", "belt_inertia"),
            *(("gait_analysis.imu_events", name) for name in DETECTORS),
            *([("gait_analysis.one_plate", "one_plate")] if self.shared_plate else []),
        ]


class Analyser:
    """The analysis of one session; samples before ``start_s`` are ignored.

    But for motion sensors from ``prepared_s`` on, ``STANDING_S`` at most: they tell of posture in standing.

    ``parts`` holds the settings of detector, phase and metrics under their file names; one that is missing has its
    defaults. Raises ``ValueError`` when a part does not exist.
    """

    def __init__(
        self,
        settings: AnalyserSettings,
        participant: Participant,
        input: Input,
        start_s: float,
        parts: Mapping[str, Settings] | None = None,
        prepared_s: float = math.inf,
    ) -> None:
        parts = parts or {}
        self._settings, self._start_s = settings, start_s
        self._standing_s = max(prepared_s, start_s - STANDING_S)  # motion samples count from here on
        self._merge = StreamMerge(settings.force_streams, settings.stale_s)
        self._followers = Followers(settings.stale_s)
        self._sensors = Sensors(settings.detector, settings.shared_plate, participant, settings.lowest_force_n, parts)
        self._belts = BeltMotion(settings.belt_settle_s, settings.belt_max_age_s)
        self._limbs = {
            side: self._limb(side, stream, participant.body_weight_n, parts)
            for side, stream in zip((Side.LEFT, Side.RIGHT), settings.force_streams, strict=True)
        }
        for limb in self._limbs.values():
            limb.sensors.crossing = self._sensors.of_foot[limb.side.other]
            limb.plate.other = self._limbs[limb.side.other].plate
        metrics = [build("metrics", "Metric", name, parts) for name in settings.metrics]
        count, compared = settings.asymmetry_window_count, settings_of("gait_analysis.comparison", "asymmetry", parts)
        prosthetic_side, names = participant.prosthetic_side, settings.deviations
        deviations = [build("deviations", "Deviation", name, parts, prosthetic_side) for name in names]
        self._motion = StrideMotion(self._sensors.left)
        stability = settings_of("gait_analysis.strides", "stability", parts)
        inertia = settings_of("gait_sensing.calibration", "belt_inertia", parts)
        self._strides = StrideMaker(
            self._limbs,
            PlateMeasures(self._limbs, self._belts, input, stability, inertia, participant),
            self._motion,
            AsymmetryTracker(metrics, participant, count, compared),
            DeviationTracker(deviations),
        )
        standing = StandingTracker(settings_of("gait_analysis", "standing", parts), participant, start_s)
        self._grid = StateGrid(self._limbs, self._belts, standing, start_s, settings.state_rate_hz)
        self._turns = {limb.phase.segment: limb.phase.turn for limb in self._limbs.values()}
        self._first_s = math.inf  # of all samples
        self._led_until_s = math.inf  # up to then plates lead, and motion samples only wait
        self._done_s = -math.inf

    def _limb(self, side: Side, stream: str, weight_n: float, parts: Mapping[str, Settings]) -> Limb:
        settings = self._settings
        return Limb(
            stream,
            build("detectors", "Detector", settings.detector, parts, side, weight_n),
            LimbPhase(build("phases", "Phase", settings.phase, parts, side), side, settings.pitch_settle_s),
            side,
            self._sensors.of_foot[side],
            weight_n,
            settings.lowest_force_n,
            settings.max_sample_age_s,
        )

    def feed(self, sample: ForceSamples | ImuSample | ImuSamples | BeltSample) -> list[Result]:
        """Take the next samples of any stream; return what is now known, in the order in which samples told it."""
        results: list[Result] = []
        self.feed_to(results.append, sample)
        return results

    def feed_to(self, tell: Tell, sample: ForceSamples | ImuSample | ImuSamples | BeltSample) -> None:
        """As ``feed``, but tell each result as soon as it is known: cues hang on it, and the rest takes its time."""
        if isinstance(sample, BeltSample):
            self._belts.feed(sample)
        elif isinstance(sample, ForceSamples):
            self._feed_force(sample, tell)
        else:
            self._feed_motion(sample, tell)

    def _feed_force(self, sample: ForceSamples, tell: Tell) -> None:
        ordered = in_order(sample)
        samples = since(ordered, self._start_s) if ordered is not None else None
        if samples is None:
            return
        if samples.name in self._settings.force_streams:
            self._merge.feed(samples)
        elif samples.name in self._sensors.force_streams:
            self._followers.feed(samples.name, samples)
        else:
            return
        self._lead(float(samples.time_s[0]))
        self._advance(tell)

    def finish(self) -> list[Result]:
        """Return what waited for samples that will not come."""
        return [*self._strides.due(math.inf)]

    def silence(self, silent_s: float) -> GaitState | None:
        """Return what to tell when no state could be told for ``silent_s``; see ``StateGrid``. Changes nothing."""
        return self._grid.silence(silent_s)

    def _feed_motion(self, sample: ImuSample | ImuSamples, tell: Tell) -> None:
        rows, segment, start_s = sample.rows, sample.segment, self._start_s
        if turn := self._turns.get(segment):
            turn(sample)
        if not rows[0][0] >= start_s:
            self._motion.feed(segment, [row for row in rows if self._standing_s <= row[0] < start_s], 0.0)
            if not (rows := [row for row in rows if row[0] >= start_s]):
                return
        if rows[0][0] < self._first_s:
            self._lead(rows[0][0])
        self._followers.feed(segment, rows)
        if self._followers.newest_s > self._led_until_s:
            self._advance(tell)

    def _lead(self, time_s: float) -> None:
        self._first_s = min(self._first_s, time_s)
        self._led_until_s = max(self._merge.newest_s, self._first_s) + self._settings.stale_s

    def _advance(self, tell: Tell) -> None:
        """Look at all samples that may be looked at by now."""
        lag_s = self._settings.follow_s
        if self._followers.newest_s > self._led_until_s:
            self._merge.leave_behind(self._followers.reached_s)
            lag_s = 0.0
        watermark_s = self._merge.watermark_s
        if watermark_s <= self._done_s:
            return
        for known_s, take, what in self._news(watermark_s, lag_s):
            take(what, tell, known_s)
        self._tell_regular(tell, watermark_s, is_end_included=True)
        self._done_s = watermark_s

    def _news(self, watermark_s: float, lag_s: float) -> list[News]:
        """Return what the samples up to the watermark tell, in the order in which it became known."""
        news: list[News] = []
        for limb in self._limbs.values():
            for samples in self._merge.release(limb.stream):
                news += [(change.detected_s, self._on_plate, (limb, change)) for change in limb.take(samples)]
        news += self._of_followers(watermark_s, lag_s)
        news.sort(key=itemgetter(0))  # stable: the left foot first where times are equal
        return news

    def _of_followers(self, watermark_s: float, lag_s: float) -> list[News]:
        found: list[tuple[float, str, Callable[[Any, Tell, float], None], Any]] = []
        for name, blocks in self._followers.release(watermark_s - lag_s):
            rows: list[ImuRow] = []
            for block in blocks:
                if isinstance(block, list):
                    rows += block
                    continue
                for change in self._sensors.feed_force(block):
                    found.append((change[1].detected_s, name, self._on_change, change))
            if rows:
                measured, findings = self._sensors.feed(name, rows, lag_s, self._done_s)
                self._motion.feed(name, measured, lag_s)
                found += [(finding.time_s, name, self._on_finding, finding) for finding in findings]
        found.sort(key=itemgetter(0, 1))
        return [(max(time_s + lag_s, self._done_s), take, what) for time_s, _, take, what in found]

    def _on_plate(self, found: tuple[Limb, ContactChange], tell: Tell, known_s: float) -> None:
        limb, change = found
        self._tell_regular(tell, known_s)
        if change.event is not None and limb.sensors.used is limb.plate and limb.plate.is_left(known_s):
            self._strides.interrupt()  # of somebody who is back
        limb.apply(change)
        self._tell(tell, limb, known_s, change.is_in_contact is None)

    def _on_finding(self, finding: Finding, tell: Tell, known_s: float) -> None:
        self._tell_regular(tell, known_s)
        for change in self._sensors.tell(finding, known_s):
            self._on_change(change, tell, known_s)

    def _on_change(self, found: tuple[FootSensor, ContactChange], tell: Tell, known_s: float) -> None:
        sensor, change = found
        self._tell_regular(tell, known_s)
        sensor.take(change)
        if change.event is not None:
            sensor.agreement.found(change.event)
            sensor.crossed.found(change.event)
        self._tell(tell, self._limbs[sensor.side], known_s, change.is_in_contact is None)

    def _tell_regular(self, tell: Tell, known_s: float, is_end_included: bool = False) -> None:
        """Tell what comes at its time, whatever happens: strides that waited, standing, and the states."""
        while self._motion.next_s < known_s or (self._motion.next_s == known_s and is_end_included):
            due_s = self._motion.next_s
            for state in self._grid.until(due_s, is_end_included=False):
                tell(state)
            for stride in self._strides.due(due_s):
                tell(stride)
        for state in self._grid.until(known_s, is_end_included):
            tell(state)

    def _tell(self, tell: Tell, limb: Limb, known_s: float, has_lost_contact: bool) -> None:
        """Tell the events that the sensor now in use has found; a sensor ``has_lost_contact`` when it cannot tell."""
        if reason := limb.sensors.changed(known_s):
            self._strides.change_sensor(reason)
        for event in limb.sensors.told(known_s):
            self._strides.feed(event, tell)
        if has_lost_contact and limb.sensors.used is None:
            self._strides.interrupt()
