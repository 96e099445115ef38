# SPDX-License-Identifier: Apache-2.0
"""Events of both feet, in order, to what they make: placed events, strides and asymmetry."""

import math
from collections.abc import Callable

from gait_analysis.comparison.asymmetry import AsymmetryTracker
from gait_analysis.contact.cross_steps import CrossSteps, Finding
from gait_analysis.deviation import DeviationTracker
from gait_analysis.events import EventFlag, EventKind, GaitEvent
from gait_analysis.gait import Asymmetry, Stride
from gait_analysis.limb import Limb
from gait_analysis.strides.plate_measures import PlateMeasures
from gait_analysis.strides.stride_motion import StrideMotion
from gait_analysis.strides.strides import Seen, StrideTimes, timed_stride
from gait_sensing.samples import Side


class StrideMaker:
    """Takes the events of both ``limbs``; ``plates`` and ``motion`` measure their strides."""

    def __init__(
        self,
        limbs: dict[Side, Limb],
        plates: PlateMeasures,
        motion: StrideMotion,
        asymmetry: AsymmetryTracker,
        deviations: DeviationTracker,
    ) -> None:
        self._limbs, self._plates, self._motion = limbs, plates, motion
        self._asymmetry, self._deviations = asymmetry, deviations
        self._cross_steps = CrossSteps()

    def interrupt(self) -> None:
        """Forget the strides in progress: events may have been missed."""
        self._cross_steps.interrupt()
        for limb in self._limbs.values():
            limb.strides.interrupt()
            limb.subphase.interrupt()

    def change_sensor(self, reason: str) -> None:
        """Do not accept the strides in progress: their events are not all of one sensor."""
        self._cross_steps.interrupt()
        for limb in self._limbs.values():
            limb.strides.spoil(reason)

    def feed(self, event: GaitEvent, tell: Callable[[GaitEvent | Stride | Asymmetry], None]) -> None:
        """Tell what ``event`` makes known: itself in its place, the asymmetry of its stride, and strides that are due.

        Asymmetry comes at once, for cues hang on it; the stride with what motion sensors tell of it, see ``due``.
        """
        limb = self._limbs[event.side]
        last_landing = limb.landing
        if event.kind is EventKind.INITIAL_CONTACT:
            limb.land(event, self._plates.belt_mps(event.side, event.detected_s))
        placed, times = self._place(limb, event)
        if times is None:
            tell(placed)
            return
        width_m = self._plates.step_width_m(limb, times)
        doubt = self._plates.doubt(limb, times, width_m)
        if doubt.text and not placed.reason:
            placed = placed._replace(reason=doubt.text)
        tell(placed)
        if (swap := doubt.text if doubt.is_other_foot else limb.sensors.swap_doubt) and not times.reason:
            times = times._replace(reason=swap)
        measured = self._plates.measures(limb, times, last_landing, event, width_m, doubt)
        stride = timed_stride(times, **measured, stance_doubt=limb.sensors.stance_doubt)
        if asymmetry := self._asymmetry.feed(stride, limb.landing.position_m):
            tell(asymmetry)
        if not math.isnan(margin_m := self._plates.margin_m(limb, times, event, doubt)):
            stride = stride._replace(lateral_margin_of_stability_m=margin_m)
        swing_bw = math.nan if doubt.is_load_wrong else limb.swing_load_bw(times.foot_off_s, times.end_s)
        self._motion.add(stride, swing_bw, event.detected_s)
        for due in self.due(event.detected_s):
            tell(due)

    def due(self, known_s: float) -> list[Stride]:
        """Return the strides of which all is known at ``known_s``."""
        return [self._deviations.feed(stride, load_bw) for stride, load_bw in self._motion.due(known_s)]

    def _place(self, limb: Limb, event: GaitEvent) -> tuple[GaitEvent, StrideTimes | None]:
        """Return the event with its place in the order of strides, and the stride that it ends."""
        finding = None
        if all(each.sensors.used is each.plate for each in self._limbs.values()):
            finding = self._cross_steps.feed(event, limb.across_m(event))
        elif EventFlag.IRREGULAR in event.flags:
            reason = f"{event.sensor} is not sure of the {event.kind.value} of the {event.side.value} foot"
            finding = Finding(EventFlag.IRREGULAR, reason, is_next_spoilt=True)
        flags = event.flags | finding.flag if finding else event.flags
        seen = self._seen(event.detected_s)
        ended: StrideTimes | None = None
        for each in self._limbs.values():
            if seen is not Seen.CONTACTS:
                each.subphase.feed(event)
            if finding and each.side in finding.sides:
                each.strides.spoil(finding.reason)
            if seen is Seen.CONTACTS and event.kind is EventKind.FOOT_OFF:
                continue
            times, is_out_of_order = each.strides.feed(event, seen)
            ended, flags = ended or times, flags | EventFlag.IRREGULAR if is_out_of_order else flags
        if finding and finding.is_next_spoilt:
            limb.strides.spoil(finding.reason)
        reason = event.reason or (finding.reason if finding else "")
        placed = event._replace(flags=flags, stride_number=limb.strides.number, reason=reason)
        for each in self._limbs.values():
            each.phase.feed(placed)
        return placed, ended

    def _seen(self, known_s: float) -> Seen:
        """Return which events the sensors in use can tell."""
        seen = Seen.ALL
        for limb in self._limbs.values():
            sensor = limb.sensors.best(known_s)
            if sensor is None:
                return Seen.ONE_FOOT
            if not sensor.knows_foot_off:
                seen = Seen.CONTACTS
        return seen
