# SPDX-License-Identifier: Apache-2.0
"""Samples to events, strides, asymmetry and the state of both limbs: the whole analysis as one ``feed``.

What comes out depends on the samples alone, bit for bit: not on how they are cut into batches, nor on how streams
interleave, as long as no force stream is fed more than ``stale_s`` of sample time ahead of another and belt statuses
come within ``belt_settle_s``. See ``stream_merge`` and ``belt_motion`` for how.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from gait_analysis.asymmetry import AsymmetryTracker
from gait_analysis.belt_motion import BeltMotion
from gait_analysis.cross_steps import CrossSteps
from gait_analysis.deviation import DeviationTracker
from gait_analysis.events import EventFlag, EventKind, GaitEvent
from gait_analysis.gait import Asymmetry, GaitState, Stride
from gait_analysis.lengths import step_length_m, stride_length_m
from gait_analysis.limb import Landing, Limb
from gait_analysis.limb_phase import LimbPhase
from gait_analysis.participant import Input, Participant
from gait_analysis.parts import ContactChange, build, settings_of
from gait_analysis.standing import Standing, StandingTracker
from gait_analysis.stream_merge import StreamMerge, cut
from gait_analysis.strides import StrideTimes, timed_stride
from gait_parts.settings import Settings, setting
from gait_sensing.samples import BeltSample, ForceSamples, ImuSample, Side

Result = GaitEvent | Stride | Asymmetry | GaitState | Standing

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
_DEVIATIONS = [
    "short_step",
    "delayed_swing",
    "circumduction",
    "foot_drag",
    "trunk_lean",
    "hip_drop",
    "unequal_weight",
]


@dataclass(frozen=True)
class AnalyserSettings(Settings):
    """Settings of the analysis."""

    force_streams: list[str] = setting(["left_belt", "right_belt"], "force streams of the left and of the right foot")
    detector: str = setting("force_contact", "file name of a part in gait_analysis/detectors")
    phase: str = setting("time_based", "file name of a part in gait_analysis/phases")
    metrics: list[str] = setting(_METRICS, "file names of parts in gait_analysis/metrics")
    deviations: list[str] = setting(_DEVIATIONS, "file names of parts in gait_analysis/deviations")
    state_rate_hz: float = setting(200.0, "rate of gait/state; 0: none", low=0.0, high=2000.0)
    stale_s: float = setting(0.1, "a force stream this far behind the others is not waited for", low=0.01, high=2.0)
    max_sample_age_s: float = setting(0.05, "without a sample for so long, contact is unknown", low=0.002, high=0.5)
    lowest_force_n: float = setting(-150.0, "a vertical force below this is no measurement", low=-5000.0, high=-20.0)
    belt_settle_s: float = setting(0.1, "belt statuses are used from this age on", low=0.0, high=1.0)
    pitch_settle_s: float = setting(0.05, "the pitch of a segment is used from this age on", low=0.0, high=0.1)
    belt_max_age_s: float = setting(1.0, "without a status for so long, belt speed is unknown", low=0.05, high=10.0)
    asymmetry_window_count: int = setting(10, "pairs of strides in the rolling median", low=1, high=1000)

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.force_streams) != 2 or len(set(self.force_streams)) != 2:
            raise ValueError(f"force_streams: got {self.force_streams}, expected two names: left foot, right foot")

    def named_parts(self) -> list[tuple[str, str]]:
        """Return package and file name of every part that these settings name."""
        return [
            ("gait_analysis.detectors", self.detector),
            ("gait_analysis.phases", self.phase),
            *(("gait_analysis.metrics", name) for name in self.metrics),
            *(("gait_analysis.deviations", name) for name in self.deviations),
            ("gait_analysis", "asymmetry"),
            ("gait_analysis", "standing"),
        ]


class Analyser:
    """The analysis of one session; samples before ``start_s`` are ignored.

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
    ) -> None:
        parts = parts or {}
        self._settings, self._input, self._start_s = settings, input, start_s
        self._merge = StreamMerge(settings.force_streams, settings.stale_s)
        self._belts = BeltMotion(settings.belt_settle_s, settings.belt_max_age_s)
        weight_n = participant.body_weight_n
        self._limbs = {
            side: Limb(
                stream,
                build("detectors", "Detector", settings.detector, parts, side, weight_n),
                LimbPhase(build("phases", "Phase", settings.phase, parts, side), side, settings.pitch_settle_s),
                side,
                weight_n,
                settings.lowest_force_n,
                settings.max_sample_age_s,
            )
            for side, stream in zip((Side.LEFT, Side.RIGHT), settings.force_streams, strict=True)
        }
        self._cross_steps = CrossSteps()
        metrics = [build("metrics", "Metric", name, parts) for name in settings.metrics]
        count, compared = settings.asymmetry_window_count, settings_of("gait_analysis", "asymmetry", parts)
        self._asymmetry = AsymmetryTracker(metrics, participant, count, compared)
        prosthetic_side = participant.prosthetic_side
        names = settings.deviations
        self._deviations = DeviationTracker(
            [build("deviations", "Deviation", name, parts, prosthetic_side) for name in names]
        )
        self._standing = StandingTracker(settings_of("gait_analysis", "standing", parts), participant, start_s)
        self._next_state = 0  # number of the next instant of the control grid
        self._done_s = -math.inf

    def feed(self, sample: ForceSamples | ImuSample | BeltSample) -> list[Result]:
        """Take the next sample of any stream; return what is now known, in the order in which samples told it."""
        if isinstance(sample, BeltSample):
            self._belts.feed(sample)
        elif isinstance(sample, ImuSample):
            for limb in self._limbs.values():
                if sample.segment == limb.phase.segment:
                    limb.phase.turn(sample)
        elif sample.name in self._settings.force_streams:
            return self._feed_force(sample)
        return []

    def _feed_force(self, samples: ForceSamples) -> list[Result]:
        if samples.time_s[0] < self._start_s:
            first = int(samples.time_s.searchsorted(self._start_s))
            if first == len(samples.time_s):
                return []
            samples = cut(samples, first, len(samples.time_s))
        self._merge.feed(samples)
        if self._merge.watermark_s <= self._done_s:
            return []
        return self._advance(self._merge.watermark_s)

    def _advance(self, watermark_s: float) -> list[Result]:
        """Look at all samples up to the watermark."""
        changes: list[tuple[Limb, ContactChange]] = []
        for limb in self._limbs.values():
            for samples in self._merge.release(limb.stream):
                changes += [(limb, change) for change in limb.take(samples)]
        changes.sort(key=lambda item: item[1].detected_s)  # stable: the left foot first where times are equal
        results: list[Result] = []
        for limb, change in changes:
            self._add_regular(results, change.detected_s, is_end_included=False)
            self._apply(results, limb, change)
        self._add_regular(results, watermark_s, is_end_included=True)
        self._done_s = watermark_s
        return results

    def _apply(self, results: list[Result], limb: Limb, change: ContactChange) -> None:
        last_landing, last_stance = limb.landing, limb.stance
        limb.apply(change)
        if change.is_in_contact is None:
            self._cross_steps.interrupt()
            for each in self._limbs.values():
                each.strides.interrupt()
                each.subphase.interrupt()
        if change.event is None:
            return
        if change.event.kind is EventKind.INITIAL_CONTACT:
            limb.land(change.event, self._belt_mps(limb.side, change.detected_s))
        event, times = self._place(limb, change.event)
        results.append(event)
        if times is not None:
            lengths = self._lengths(limb, times, last_landing, change.detected_s)
            stride = timed_stride(times, **asdict(last_stance), **lengths)
            stride = self._deviations.feed(stride, limb.swing_load_bw(times.foot_off_s, times.end_s))
            results.append(stride)
            if asymmetry := self._asymmetry.feed(stride, limb.landing.position_m):
                results.append(asymmetry)

    def _place(self, limb: Limb, event: GaitEvent) -> tuple[GaitEvent, StrideTimes | None]:
        """Return the event with its place in the order of strides, and the stride that it ends."""
        finding = self._cross_steps.feed(event, limb.across_m(event))
        flags = event.flags | finding.flag if finding else event.flags
        ended: StrideTimes | None = None
        for each in self._limbs.values():
            each.subphase.feed(event)
            if finding and each.side in finding.sides:
                each.strides.spoil(finding.reason)
            times, is_out_of_order = each.strides.feed(event)
            ended, flags = ended or times, flags | EventFlag.IRREGULAR if is_out_of_order else flags
        if finding and finding.is_next_spoilt:
            limb.strides.spoil(finding.reason)
        placed = replace(event, flags=flags, stride_number=limb.strides.number)
        for each in self._limbs.values():
            each.phase.feed(placed)
        return placed, ended

    def _lengths(self, limb: Limb, times: StrideTimes, last: Landing, known_s: float) -> dict[str, float]:
        """Return the lengths of a stride; none of a recording, whose belts are not the ones that were walked on."""
        if self._input is Input.RECORDING:
            return {}
        other, here = self._limbs[limb.side.other], limb.landing
        lengths = {"step_width_m": self._step_width_m(limb, other, times)}
        if other.landing.contact_s == times.other_contact_s:
            contacts_s = other.landing.contact_s, here.contact_s
            landings_m = other.landing.position_m, here.position_m
            lengths["step_length_m"] = step_length_m(self._belts, limb.side, contacts_s, landings_m, known_s)
        if last.contact_s == times.start_s:
            contacts_s, landings_m = (last.contact_s, here.contact_s), (last.position_m, here.position_m)
            length_m = stride_length_m(self._belts, limb.side, contacts_s, landings_m, known_s)
            lengths["stride_length_m"], lengths["speed_mps"] = length_m, length_m / (times.end_s - times.start_s)
        return lengths

    def _step_width_m(self, limb: Limb, other: Limb, times: StrideTimes) -> float:
        own_y_m = limb.pressure_y_m(times.other_foot_off_s, times.other_contact_s)
        other_y_m = other.pressure_y_m(times.foot_off_s, times.end_s)
        return own_y_m - other_y_m if limb.side is Side.LEFT else other_y_m - own_y_m

    def _belt_mps(self, side: Side, known_s: float) -> float:
        return self._belts.speeds_mps(known_s)[0 if side is Side.LEFT else 1]

    def _add_regular(self, results: list[Result], end_s: float, is_end_included: bool) -> None:
        """Add what comes at fixed instants up to ``end_s``: standing, and the states."""
        standing, limbs = self._standing, self._limbs.values()
        while standing.end_s < end_s or (standing.end_s == end_s and is_end_included):
            instant_s = standing.end_s
            self._add_states(results, instant_s, is_end_included=False)
            left, right = (limb.loads(standing.begin_s, instant_s) for limb in limbs)
            if result := standing.feed(left, right):
                results.append(result)
            else:
                standing.skip_to(min(end_s, *(limb.next_s(instant_s) for limb in limbs)))
        self._add_states(results, end_s, is_end_included)

    def _add_states(self, results: list[Result], end_s: float, is_end_included: bool) -> None:
        """Add the states of the control grid up to ``end_s``, without those that no sample tells anything about."""
        rate_hz = self._settings.state_rate_hz
        while rate_hz > 0.0:
            time_s = self._start_s + self._next_state / rate_hz
            if time_s > end_s or (time_s == end_s and not is_end_included):
                return
            self._next_state += 1
            state = self._state(time_s)
            if state is not None:
                results.append(state)
                continue
            next_s = min(end_s, *(limb.next_s(time_s) for limb in self._limbs.values()))
            self._next_state = max(self._next_state, math.floor((next_s - self._start_s) * rate_hz) - 1)

    def _state(self, time_s: float) -> GaitState | None:
        left, right = self._limbs.values()
        left_row, right_row = left.newest(time_s), right.newest(time_s)
        newest_s = max((float(row[0]) for row in (left_row, right_row) if row is not None), default=None)
        if newest_s is None:
            return None
        left_mps, right_mps = self._belts.speeds_mps(time_s)
        return GaitState(
            time_s=time_s,
            newest_sample_s=newest_s,
            left=left.state(time_s, left_row, right_row is not None and right.is_contact_known),
            right=right.state(time_s, right_row, left_row is not None and left.is_contact_known),
            left_belt_speed_mps=left_mps,
            right_belt_speed_mps=right_mps,
        )
