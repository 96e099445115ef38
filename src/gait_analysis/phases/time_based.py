# SPDX-License-Identifier: Apache-2.0
"""Gait phase as the share of the expected stride time that has passed since initial contact.

What is expected follows the limb's last strides (``pace``) and is corrected twice within the stride, since by then much
of it is known: at the other foot's contact and at this limb's foot off, by the share of the cycle at which they usually
come (``stride_events``); only the other foot's contact is believed to tell a new pace, for the share of stance changes
with it.

Phase saturates just below 1 when a stride lasts longer than expected, rather than wrapping into a stride that has not
begun, and never goes back within a stride: it waits when a correction finds it too early. It is not valid before enough
strides are known, when the event that is due next is overdue, as where a person stops, or long after the last contact.
A foot off without a contact before it tells that one was missed, and brings phase back by its usual share of the cycle.
"""

import math
from dataclasses import dataclass

from gait_analysis.cycle.pace import Estimate, Pace
from gait_analysis.cycle.stride_events import OTHER_CONTACT, OTHER_OFF, OWN_OFF, Share, StrideEvents
from gait_analysis.events import GaitEvent
from gait_analysis.parts import PhaseEstimate
from gait_parts import settings
from gait_parts.settings import setting
from gait_sensing.samples import Side

_WHOLE_WITHIN = 0.1  # of the cycle; a contact missed or made up moves the other foot's contact by a quarter and more
_LEARN_WITHIN = 1.1  # times or parts of the expected stride: while the pace changes, events do not come at their shares
_LARGEST_CHANGE = math.log(2.0)  # from the stride that was expected to the one that an event tells


@dataclass(frozen=True)
class Settings(settings.Settings):
    """Settings of the time-based phase."""

    strides_count: int = setting(3, "strides needed, and averaged while the pace is steady", low=1, high=20)
    variability: float = setting(
        0.025, "coefficient of variation of strides at one pace, no unit: 0.01 to 0.04 in adults", low=0.002, high=0.1
    )
    reset_count: int = setting(3, "strides in a row of another pace that make it the usual one", low=1, high=20)
    highest_phase: float = setting(0.99, "where phase saturates, no unit", low=0.5, high=0.9999)
    max_stride_share: float = setting(
        1.5,
        "not valid after so many expected stride times; no stride differs by more",
        low=1.1,
        high=3.0,
    )


class Phase:
    """Phase of the limb on ``side``."""

    segment = ""

    def __init__(self, settings: Settings, side: Side) -> None:
        self._settings, self._side = settings, side
        self._pace = Pace(settings.variability, settings.strides_count, settings.reset_count, settings.max_stride_share)
        self._events = StrideEvents(side, settings.max_stride_share)
        self._contact_s = math.nan  # when the stride in progress began
        self._is_contact_seen = False  # or followed from another event
        self._is_off = False
        self._stride: Estimate | None = None  # of the stride in progress
        self._expected_s = self._longest_s = math.nan  # the same, and up to when phase is valid; NaN while it is not
        self._late_reason = ""  # why it is not valid then
        self._least_phase = 0.0  # where phase was, as far as it was valid, before the last correction

    def feed(self, event: GaitEvent) -> None:
        """Take the next event of either foot."""
        which = self._events.which(event)
        if not which:
            self._begin(event.time_s)
        elif which is OWN_OFF and self._is_off:
            self._find_missed_contact(event)
        elif self._events.take(event, self._contact_s) and which is not OTHER_OFF:
            self._correct(which, event)
        self._is_off = self._is_off or which is OWN_OFF
        self._longest_s, self._late_reason = self._events.latest(self._expected_s)

    def feed_signal(self, time_s: float, angle_rad: float, rate_radps: float) -> None:
        """Take nothing: events are enough."""

    def at(self, time_s: float) -> PhaseEstimate:
        """Return the phase at ``time_s``."""
        passed_s = time_s - self._contact_s
        if not passed_s <= self._longest_s:
            return PhaseEstimate.invalid(self._reason())
        return PhaseEstimate(self._phase(passed_s), 1.0 / self._expected_s, "")

    def _phase(self, passed_s: float) -> float:
        return min(max(passed_s / self._expected_s, self._least_phase), self._settings.highest_phase)

    def _reason(self) -> str:
        """Return why there is no phase."""
        missing_count = self._settings.strides_count - self._pace.count
        if missing_count > 0 or self._stride is None:
            return f"{max(missing_count, 1)} more strides needed"
        if math.isnan(self._contact_s):
            return "no initial contact was seen"
        return self._late_reason

    def _expect(self, stride: Estimate | None) -> None:
        self._stride, self._expected_s = stride, math.nan
        if stride is not None and self._pace.count >= self._settings.strides_count:
            self._expected_s = stride.duration_s

    def _begin(self, contact_s: float) -> None:
        stride_s = contact_s - self._contact_s
        if stride_s <= 0.0:
            return  # the same contact again
        is_usual = self._pace.is_near(stride_s, _LEARN_WITHIN)
        is_whole, step_s = self._is_whole(stride_s), stride_s - self._events.passed_s.get(OTHER_CONTACT, math.nan)
        is_believed = self._is_contact_seen and self._pace.feed(stride_s, is_whole)
        stride = self._pace.expected if self._pace.count else None
        if stride is not None and is_believed and is_whole and step_s > 0.0:
            stride = self._paced_by(step_s, stride, self._events.shares[OTHER_CONTACT])
        self._expect(stride)
        if is_believed and is_usual:
            self._events.learn(stride_s)
        self._events.begin()
        self._contact_s, self._is_contact_seen, self._is_off = contact_s, True, False
        self._least_phase = 0.0

    def _paced_by(self, step_s: float, stride: Estimate, share: Share) -> Estimate:
        """Follow a change of pace that this limb's last step shows, the newest half of the last stride."""
        step_share = 1.0 - share.mean
        variance = stride.variance + share.variance / step_share**2
        paced = Estimate(stride.log, 0.0).updated(step_s / step_share, variance)
        return Estimate(paced.log, stride.variance)

    def _is_whole(self, stride_s: float) -> bool:
        """Whether the other foot's contact divides a stride as usual, so that no contact was missed or made up."""
        share, passed_s = self._events.shares.get(OTHER_CONTACT), self._events.passed_s.get(OTHER_CONTACT)
        return share is not None and passed_s is not None and abs(passed_s / stride_s - share.mean) < _WHOLE_WITHIN

    def _correct(self, which: str, event: GaitEvent) -> None:
        """Learn from an event how long the stride in progress will last."""
        share = self._events.shares.get(which)
        if self._stride is None or share is None:
            return
        stride_s = self._events.passed_s[which] / share.mean
        if abs(math.log(stride_s) - self._stride.log) > _LARGEST_CHANGE:
            return
        if not math.isnan(self._expected_s):
            self._least_phase = self._phase(min(event.detected_s - self._contact_s, self._longest_s))
        is_change_possible = which is OTHER_CONTACT
        self._expect(self._stride.updated(stride_s, share.variance / share.mean**2, is_change_possible))

    def _find_missed_contact(self, off: GaitEvent) -> None:
        """Begin the stride in which the foot is off again without having been seen to come down."""
        self._events.begin()
        self._contact_s, self._is_contact_seen, self._least_phase = math.nan, False, 0.0
        if OWN_OFF in self._events.shares and self._pace.count:
            stride = self._pace.expected
            self._expect(stride)
            self._contact_s = off.time_s - self._events.shares[OWN_OFF].mean * stride.duration_s
            self._events.take(off, self._contact_s)
