# SPDX-License-Identifier: Apache-2.0
"""Gait phase as the share of the expected stride time that has passed since initial contact.

What is expected follows the limb's last strides (``pace``) and is corrected twice within the stride, since by then much
of it is known: at the other foot's contact and at this limb's foot off, by the share of the cycle at which they usually
come. These shares and their spreads are learned from the limb's own strides, so that they may be as asymmetric as they
are; only the other foot's contact is believed to tell a new pace, for the share of stance changes with it.

Phase saturates just below 1 when a stride lasts longer than expected, rather than wrapping into a stride that has not
begun, and never goes back within a stride: it waits when a correction finds it too early. It is not valid before enough
strides are known or long after the last contact. A foot off without a contact before it tells that one was missed, and
brings phase back by its usual share of the cycle.
"""

import math
from dataclasses import dataclass

from gait_analysis.events import EventFlag, EventKind, GaitEvent
from gait_analysis.pace import Estimate, Pace
from gait_analysis.parts import PhaseEstimate
from gait_parts import settings
from gait_parts.settings import setting
from gait_sensing.samples import Side

_OWN_OFF, _OTHER_CONTACT = "this foot off", "contact of the other foot"  # events within a stride
_SHARE_WINDOW_COUNT = 5  # strides that a learned share and its spread rest on
_FIRST_SHARE_SD, _LEAST_SHARE_SD = 0.02, 0.007  # of the cycle: healthy walking has 0.01 to 0.02; events are 5 ms true
_WHOLE_WITHIN = 0.1  # of the cycle; a contact missed or made up moves the other foot's contact by a quarter and more
_LEARN_WITHIN = 1.1  # times or parts of the expected stride: while the pace changes, events do not come at their shares
_LARGEST_CHANGE = math.log(2.0)  # from the stride that was expected to the one that an event tells
_DOUBTFUL = EventFlag.CROSS_STEP | EventFlag.IRREGULAR


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


@dataclass(slots=True)
class _Share:
    """At which share of the cycle an event usually comes."""

    mean: float = math.nan
    variance: float = _FIRST_SHARE_SD**2
    count: int = 0

    def learn(self, share: float) -> None:
        self.count = min(self.count + 1, _SHARE_WINDOW_COUNT)
        if self.count == 1:
            self.mean = share
            return
        surprise = share - self.mean
        self.mean += surprise / self.count
        self.variance += (surprise**2 - self.variance) / _SHARE_WINDOW_COUNT
        self.variance = max(self.variance, _LEAST_SHARE_SD**2)


class Phase:
    """Phase of the limb on ``side``."""

    segment = ""

    def __init__(self, settings: Settings, side: Side) -> None:
        self._settings, self._side = settings, side
        self._pace = Pace(settings.variability, settings.strides_count, settings.reset_count, settings.max_stride_share)
        self._shares: dict[str, _Share] = {}
        self._contact_s = math.nan  # when the stride in progress began
        self._is_contact_seen = False  # or followed from another event
        self._is_off = False
        self._passed_s: dict[str, float] = {}  # from the contact to each event since
        self._stride: Estimate | None = None  # of the stride in progress
        self._expected_s = self._longest_s = math.nan  # the same, and up to when phase is valid; NaN while it is not
        self._least_phase = 0.0  # where phase was before the last correction

    def feed(self, event: GaitEvent) -> None:
        """Take the next event of either foot."""
        is_own, is_contact = event.side is self._side, event.kind is EventKind.INITIAL_CONTACT
        if is_own and is_contact:
            self._begin(event.time_s)
        elif is_own or is_contact:
            which = _OWN_OFF if is_own else _OTHER_CONTACT
            if is_own and self._is_off:
                self._find_missed_contact(event.time_s)
            elif which not in self._passed_s and not (event.flags and event.flags & _DOUBTFUL):
                self._correct(which, event)
            self._is_off = self._is_off or is_own

    def feed_signal(self, time_s: float, angle_rad: float, rate_radps: float) -> None:
        """Take nothing: events are enough."""

    def at(self, time_s: float) -> PhaseEstimate:
        """Return the phase at ``time_s``."""
        passed_s = time_s - self._contact_s
        if not passed_s <= self._longest_s:
            return PhaseEstimate.invalid(self._reason())
        phase = min(max(passed_s / self._expected_s, self._least_phase), self._settings.highest_phase)
        return PhaseEstimate(phase, 1.0 / self._expected_s, "")

    def _reason(self) -> str:
        """Return why there is no phase."""
        missing_count = self._settings.strides_count - self._pace.count
        if missing_count > 0 or self._stride is None:
            return f"{max(missing_count, 1)} more strides needed"
        if math.isnan(self._contact_s):
            return "no initial contact was seen"
        return f"no initial contact for {self._settings.max_stride_share} expected stride times"

    def _expect(self, stride: Estimate | None) -> None:
        self._stride = stride
        self._expected_s = self._longest_s = math.nan
        if stride is not None and self._pace.count >= self._settings.strides_count:
            self._expected_s = stride.duration_s
            self._longest_s = self._settings.max_stride_share * self._expected_s

    def _begin(self, contact_s: float) -> None:
        stride_s = contact_s - self._contact_s
        if stride_s <= 0.0:
            return  # the same contact again
        is_usual = self._pace.is_near(stride_s, _LEARN_WITHIN)
        is_whole, step_s = self._is_whole(stride_s), stride_s - self._passed_s.get(_OTHER_CONTACT, math.nan)
        is_believed = self._is_contact_seen and self._pace.feed(stride_s, is_whole)
        stride = self._pace.expected if self._pace.count else None
        if stride is not None and is_believed and is_whole and step_s > 0.0:
            stride = self._paced_by(step_s, stride, self._shares[_OTHER_CONTACT])
        self._expect(stride)
        if is_believed and is_usual:
            for which, passed_s in self._passed_s.items():
                self._shares.setdefault(which, _Share()).learn(passed_s / stride_s)
        self._contact_s, self._is_contact_seen, self._is_off = contact_s, True, False
        self._passed_s, self._least_phase = {}, 0.0

    def _paced_by(self, step_s: float, stride: Estimate, share: _Share) -> Estimate:
        """Follow a change of pace that this limb's last step shows, the newest half of the last stride."""
        step_share = 1.0 - share.mean
        variance = stride.variance + share.variance / step_share**2
        paced = Estimate(stride.log, 0.0).updated(step_s / step_share, variance)
        return Estimate(paced.log, stride.variance)

    def _is_whole(self, stride_s: float) -> bool:
        """Whether the other foot's contact divides a stride as usual, so that no contact was missed or made up."""
        share, passed_s = self._shares.get(_OTHER_CONTACT), self._passed_s.get(_OTHER_CONTACT)
        return share is not None and passed_s is not None and abs(passed_s / stride_s - share.mean) < _WHOLE_WITHIN

    def _correct(self, which: str, event: GaitEvent) -> None:
        """Learn from an event how long the stride in progress will last."""
        passed_s = event.time_s - self._contact_s
        if passed_s <= 0.0:
            return  # at the very instant of contact: of the stride before
        self._passed_s[which] = passed_s
        if self._stride is None or which not in self._shares:
            return
        share = self._shares[which]
        stride_s = passed_s / share.mean
        if abs(math.log(stride_s) - self._stride.log) > _LARGEST_CHANGE:
            return
        reached = self.at(event.detected_s)
        if reached.is_valid:
            self._least_phase = reached.phase
        is_change_possible = which == _OTHER_CONTACT
        self._expect(self._stride.updated(stride_s, share.variance / share.mean**2, is_change_possible))

    def _find_missed_contact(self, off_s: float) -> None:
        """Begin the stride in which the foot is off again without having been seen to come down."""
        self._contact_s, self._is_contact_seen, self._passed_s, self._least_phase = math.nan, False, {}, 0.0
        if _OWN_OFF in self._shares and self._pace.count:
            stride = self._pace.expected
            self._expect(stride)
            self._contact_s = off_s - self._shares[_OWN_OFF].mean * stride.duration_s
