# SPDX-License-Identifier: Apache-2.0
"""What every phase estimator that follows a signal also needs: the limb's contacts, and when a phase is valid."""

import math

from gait_analysis.cycle.pace import Pace
from gait_analysis.cycle.stride_events import StrideEvents
from gait_analysis.events import GaitEvent
from gait_analysis.parts import PhaseEstimate
from gait_sensing.samples import Side

_STRIDES_COUNT, _RESET_COUNT = 3, 3
_VARIABILITY = 0.025  # of stride times at one pace, no unit: 0.01 to 0.04 in adults
_MAX_STRIDE_SHARE = 1.5
_USUAL_WITHIN = 1.2  # times or parts of the expected stride: what the signal does in another one is not usual
_HIGHEST_PHASE = 0.99
_LEAST_VALUES_COUNT = 20  # of a signal, to know its course over a stride
_MAX_AGE_S = 0.1  # phase is carried on so long after the newest value of the signal


class ContactClock:
    """The contacts of the limb on ``side`` and the times of the signal of ``segment``."""

    def __init__(self, side: Side, segment: str) -> None:
        self._segment = segment
        self._events = StrideEvents(side, _MAX_STRIDE_SHARE)
        self._pace = Pace(_VARIABILITY, _STRIDES_COUNT, _RESET_COUNT, _MAX_STRIDE_SHARE)
        self.contact_s = math.nan  # of the last contact
        self.signal_s = math.nan  # of the newest value
        self.stride_s = math.nan  # of the stride that ended last; NaN when it is not one to learn from

    def is_contact(self, event: GaitEvent) -> bool:
        """Take an event of either foot; return whether it is this limb's contact, which begins a stride."""
        if self._events.which(event):
            self._events.take(event, self.contact_s)
            return False
        stride_s = event.time_s - self.contact_s
        is_usual = not math.isnan(stride_s) and self._pace.is_near(stride_s, _USUAL_WITHIN)
        is_believed = not math.isnan(stride_s) and self._pace.feed(stride_s)
        self.contact_s, self.stride_s = event.time_s, stride_s if is_believed and is_usual else math.nan
        if not math.isnan(self.stride_s):
            self._events.learn(self.stride_s)
        self._events.begin()
        return True

    def step_s(self, time_s: float) -> float:
        """Take the time of the signal's next value; return the time since the last one, NaN after a gap."""
        step_s, self.signal_s = time_s - self.signal_s, time_s
        return step_s if step_s <= _MAX_AGE_S else math.nan

    def covers(self, times_s: list[float]) -> bool:
        """Whether these times are spread over all of the stride that ended last, and it is one to learn from."""
        if math.isnan(self.stride_s) or len(times_s) < _LEAST_VALUES_COUNT:
            return False
        margin_s = 0.05 * self.stride_s
        is_from_start = times_s[0] <= self.contact_s - self.stride_s + margin_s
        return is_from_start and times_s[-1] >= self.contact_s - _MAX_AGE_S - margin_s

    @property
    def told_late_s(self) -> float:
        """How long before the signal's newest value the last contact was; below 0 when after it; 0 without a signal."""
        late_s = self.signal_s - self.contact_s
        return late_s if late_s >= -_MAX_AGE_S else 0.0

    @property
    def has_pace(self) -> bool:
        """Whether a stride is known."""
        return self._pace.count > 0

    @property
    def expected_s(self) -> float:
        """How long the stride in progress is expected to last; a stride is known."""
        return self._pace.expected.duration_s

    def estimate(self, time_s: float, cycles: float, rate_hz: float) -> PhaseEstimate:
        """Return the estimate at ``time_s`` from ``cycles`` since the last contact, where the signal is newest.

        It saturates at both ends: phase begins at the contact that was seen, and ends before the next one.
        """
        missing_count = _STRIDES_COUNT - self._pace.count
        if missing_count > 0:
            return PhaseEstimate.invalid(f"{missing_count} more strides needed, and the pitch of the {self._segment}")
        if not time_s - self.signal_s <= _MAX_AGE_S:
            return PhaseEstimate.invalid(f"no pitch of the {self._segment} for more than {_MAX_AGE_S} s")
        latest_s, why = self._events.latest(self.expected_s)
        if time_s - self.contact_s > latest_s:
            return PhaseEstimate.invalid(why)
        if math.isnan(cycles):
            return PhaseEstimate.invalid(f"the pitch of the {self._segment} over a stride is not known yet")
        phase = cycles + rate_hz * (time_s - self.signal_s)
        return PhaseEstimate(min(max(phase, 0.0), _HIGHEST_PHASE), rate_hz, "")
