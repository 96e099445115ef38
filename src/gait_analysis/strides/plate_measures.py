# SPDX-License-Identifier: Apache-2.0
"""What plates and belts tell of a stride besides its times: lengths, loading, and the margin of stability."""

import math
from collections.abc import Callable

from gait_analysis.belt_motion import BeltMotion
from gait_analysis.contact.plausibility import Doubt, StrideDoubts
from gait_analysis.events import GaitEvent
from gait_analysis.limb import Landing, Limb
from gait_analysis.participant import Input, Participant
from gait_analysis.strides import stability
from gait_analysis.strides.lengths import step_length_m, stride_length_m
from gait_analysis.strides.strides import StrideTimes
from gait_sensing.calibration import belt_inertia
from gait_sensing.samples import Array, Side


class PlateMeasures:
    """Measures the strides of both ``limbs``; of a recording no lengths, whose belts were not walked on."""

    def __init__(
        self,
        limbs: dict[Side, Limb],
        belts: BeltMotion,
        input: Input,
        stability: stability.Settings,
        inertia: belt_inertia.Settings,
        participant: Participant,
    ) -> None:
        self._limbs, self._belts, self._input, self._stability = limbs, belts, input, stability
        left, right = (limb.stream for limb in limbs.values())
        self._doubts = StrideDoubts((left, right), participant.body_weight_n)
        self._leg_length_m = participant.leg_length_m
        self._inertia = {side: inertia.of(side) for side in Side}

    def belt_mps(self, side: Side, known_s: float) -> float:
        """Return the speed of the belt on ``side``, as known at ``known_s``."""
        return self._belts.speeds_mps([known_s])[0][0 if side is Side.LEFT else 1]

    def measures(
        self, limb: Limb, times: StrideTimes, last: Landing, contact: GaitEvent, width_m: float, doubt: Doubt
    ) -> dict[str, float]:
        """Return fields of the stride that ``contact`` ends, but for doubtful ones; ``last`` is the landing before.

        Asymmetry waits for them, so the margin of stability, which takes longer than all of them, is apart.
        """
        measured: dict[str, float] = {}
        if self._input is not Input.RECORDING:
            measured = self._lengths(limb, times, last, contact.detected_s)
            if not doubt.is_place_wrong:
                measured["step_width_m"] = width_m
        if contact.sensor != limb.stream or doubt.is_load_wrong:
            return measured
        pull_n = self._pull_n(limb.side, contact.detected_s)
        return measured | limb.kinetics(times.start_s, pull_n)._asdict()

    def doubt(self, limb: Limb, times: StrideTimes, width_m: float) -> Doubt:
        """Return what is doubtful about the plates at the end of a stride."""
        if any(each.sensors.used is not each.plate for each in self._limbs.values()):
            return Doubt()
        clip_n = limb.clip_n(times.start_s, times.foot_off_s)
        other_clip_n = self._limbs[limb.side.other].clip_n(times.other_contact_s, times.end_s)
        is_clipped = not (math.isnan(clip_n) and math.isnan(other_clip_n))
        left_n, right_n = (each.load_n(times.start_s, times.end_s) for each in self._limbs.values())
        doubt = self._doubts.feed((left_n, right_n), math.nan if is_clipped else width_m)
        if not (doubt.text or math.isnan(clip_n)):
            doubt = Doubt(f"{limb.stream} is clipped at {clip_n:.0f} N: its peaks are not known")
        if self._input is Input.RECORDING:  # whose plates may each have an origin of its own
            doubt = doubt._replace(is_other_foot=False)
        return doubt._replace(is_place_wrong=True) if is_clipped else doubt

    def _lengths(self, limb: Limb, times: StrideTimes, last: Landing, known_s: float) -> dict[str, float]:
        other, here = self._limbs[limb.side.other], limb.landing
        lengths: dict[str, float] = {}
        if other.landing.contact_s == times.other_contact_s:
            contacts_s = other.landing.contact_s, here.contact_s
            landings_m = other.landing.position_m, here.position_m
            lengths["step_length_m"] = step_length_m(self._belts, limb.side, contacts_s, landings_m, known_s)
        if last.contact_s == times.start_s:
            contacts_s, landings_m = (last.contact_s, here.contact_s), (last.position_m, here.position_m)
            length_m = stride_length_m(self._belts, limb.side, contacts_s, landings_m, known_s)
            lengths["stride_length_m"], lengths["speed_mps"] = length_m, length_m / (times.end_s - times.start_s)
        return lengths

    def step_width_m(self, limb: Limb, times: StrideTimes) -> float:
        """Return how far apart across the belts both feet were in their single supports; NaN when unknown."""
        other = self._limbs[limb.side.other]
        own_y_m = limb.pressure_y_m(times.other_foot_off_s, times.other_contact_s)
        other_y_m = other.pressure_y_m(times.foot_off_s, times.end_s)
        return own_y_m - other_y_m if limb.side is Side.LEFT else other_y_m - own_y_m

    def _pull_n(self, side: Side, known_s: float) -> Callable[[Array], Array] | None:
        """Return what the mass of the belt adds to fore-aft force at times [n], if anything was fitted."""
        inertia = self._inertia[side]
        if inertia.forward_kg == 0.0:
            return None
        return lambda time_s: inertia.forward_kg * self._belts.acceleration_mps2(inertia, side, time_s, known_s)

    def margin_m(self, limb: Limb, times: StrideTimes, contact: GaitEvent, doubt: Doubt) -> float:
        """Return the lateral margin of stability of the stride that ``contact`` ends; NaN when unknown or doubtful."""
        is_doubtful = contact.sensor != limb.stream or doubt.is_load_wrong or doubt.is_place_wrong
        if is_doubtful or not self._leg_length_m > 0.0:
            return math.nan
        begin_s = 2.0 * times.start_s - times.end_s
        plates = [each.across(begin_s, times.end_s) for each in self._limbs.values()]
        support_s = times.other_foot_off_s, times.other_contact_s
        stride_s = times.start_s, times.end_s
        return stability.lateral_margin_m(self._stability, self._leg_length_m, limb.side, stride_s, support_s, plates)
