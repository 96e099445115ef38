# SPDX-License-Identifier: Apache-2.0
"""The events between two contacts of a limb: at which share of the cycle they usually come, and when one is overdue.

Shares and their spreads are learned from the limb's own strides, so that they may be as asymmetric as they are. Who
stops keeps both feet down, so that the event that is due next does not come. As no stride differs from the expected one
by more than ``max_ratio``, an event is overdue after so many times its usual share of the expected stride and three
standard deviations more; events that are told late, as those of the lower back, so much later.
"""

import math
from dataclasses import dataclass

from gait_analysis.events import EventFlag, EventKind, GaitEvent
from gait_sensing.samples import Side

OTHER_OFF, OTHER_CONTACT, OWN_OFF = "foot off of the other foot", "contact of the other foot", "this foot off"
_OVERDUE = {which: f"the {which} is overdue" for which in (OTHER_OFF, OTHER_CONTACT, OWN_OFF)}
_WINDOW_COUNT = 5  # strides that a learned share and its spread rest on
_FIRST_SD, _LEAST_SD = 0.02, 0.007  # of the cycle: healthy walking has 0.01 to 0.02; events are 5 ms true
_FAR_SD = 3.0
_DOUBTFUL = EventFlag.CROSS_STEP | EventFlag.IRREGULAR


@dataclass(slots=True)
class Share:
    """At which share of the cycle an event usually comes."""

    mean: float = math.nan
    variance: float = _FIRST_SD**2
    count: int = 0
    told_late_s: float = 0.0  # the last one

    def learn(self, share: float) -> None:
        """Take the share of one stride."""
        self.count = min(self.count + 1, _WINDOW_COUNT)
        if self.count == 1:
            self.mean = share
            return
        surprise = share - self.mean
        self.mean += surprise / self.count
        self.variance += (surprise**2 - self.variance) / _WINDOW_COUNT
        self.variance = max(self.variance, _LEAST_SD**2)


class StrideEvents:
    """The events within the strides of the limb on ``side``."""

    def __init__(self, side: Side, max_ratio: float) -> None:
        self._side, self._max_ratio = side, max_ratio
        self._no_contact = f"no initial contact for {max_ratio} expected stride times"
        self.shares: dict[str, Share] = {}
        self.passed_s: dict[str, float] = {}  # from the contact to each event of the stride in progress
        self._furthest = 0.0  # share of the event that shows how far the stride has come

    def which(self, event: GaitEvent) -> str:
        """Return which event within a stride it is; empty for the limb's own contact, which begins one."""
        is_contact = event.kind is EventKind.INITIAL_CONTACT
        if event.side is self._side:
            return "" if is_contact else OWN_OFF
        return OTHER_CONTACT if is_contact else OTHER_OFF

    def begin(self) -> None:
        """Begin a stride."""
        self.passed_s, self._furthest = {}, 0.0

    def learn(self, stride_s: float) -> None:
        """Learn from the stride that lasted ``stride_s``, before the next one begins."""
        for which, passed_s in self.passed_s.items():
            self.shares.setdefault(which, Share()).learn(passed_s / stride_s)

    def take(self, event: GaitEvent, contact_s: float) -> bool:
        """Take an event of the stride that began at ``contact_s``; return whether it is its first and not doubtful."""
        which, passed_s = self.which(event), event.time_s - contact_s
        if not passed_s > 0.0:
            return False  # at the very instant of contact: of the stride before
        if share := self.shares.get(which):
            share.told_late_s = event.detected_s - event.time_s
            self._furthest = max(self._furthest, share.mean)
        if which in self.passed_s or (event.flags and event.flags & _DOUBTFUL):
            return False
        self.passed_s[which] = passed_s
        return True

    def latest(self, stride_s: float) -> tuple[float, str]:
        """Return how long after its contact a stride expected to last ``stride_s`` stands still, and why.

        An event that one after it proves to have been missed is not due.
        """
        limits = [(self._max_ratio * stride_s, self._no_contact)]
        for which, share in self.shares.items():
            if share.mean > self._furthest:
                late_s = stride_s * _FAR_SD * math.sqrt(share.variance) + share.told_late_s
                limits.append((self._max_ratio * share.mean * stride_s + late_s, _OVERDUE[which]))
        return min(limits)
