# SPDX-License-Identifier: Apache-2.0
"""Steps that two plates cannot tell apart: a foot on the other's belt, on both, or on none.

The plates then still show contacts, but not those of the feet. What gives it away, of the rules in use in split-belt
laboratories, each compared with what the same person did in the last steps:

- *loaded too long*: a plate bears load for longer than one stance, so two feet took turns on it: all of the other foot
  is here, and its own plate shows nothing meanwhile;
- *stance within a stance*: one plate's whole contact, too long for a tap, lies within one of the other: the foot is on
  both;
- *near the gap*: load begins or ends with the centre of pressure in the middle between where the two feet usually are
  and far from where this foot usually is: the edge of the other foot came first, or stayed;
- *swing too short*: a plate is loaded again when the foot can hardly have swung;
- *stood*: both plates are loaded for much longer than a stance. That is no step at all.

Before three steps are known, durations have limits that no walker at 0.3 m/s or more exceeds. Nothing looks at a
clock or ahead: a finding comes with the event that told, which is not later than the end of the strides it spoils.

Source: Song and others (J NeuroEng Rehabil 2020, doi 10.1186/s12984-020-00683-5) leave out steps of 1.2 s and more;
foot breadth about 0.1 m (NASA-STD-3000). The ratios lie between what a change of pace does to a stance within a step
(below 1.5) and what a second foot does to it (above 1.7, double support included).
"""

import math
from collections import deque
from dataclasses import dataclass
from statistics import median

from gait_analysis.events import EventFlag, EventKind, GaitEvent
from gait_sensing.samples import Side

_KNOWN_COUNT, _KEPT_COUNT = 3, 10  # of steps: to know what is usual, and that it is taken from
_LONG_RATIO, _SHORT_RATIO = 1.5, 0.6  # of the usual duration
_AGREE_RATIO = 0.2  # three in a row that agree so well are the new usual
_STANDING_RATIO = 2.5  # longer than two steps on both belts, which last two stances at most
_LONGEST_STANCE_S, _LONGEST_STANDING_S = 2.0, 4.0  # while nothing is known
_LONGEST_SINGLE_S = 1.2
_LEAST_STANCE_S = 0.4  # of a fast walker; a tap is shorter
_HALF_FOOT_M, _SHIFT_DEVIATIONS = 0.045, 3.0
_PER_ABSOLUTE_DEVIATION = 1.4826  # standard deviation of a normal spread by its median absolute deviation


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with the strides in progress."""

    flag: EventFlag
    reason: str
    sides: tuple[Side, ...] = tuple(Side)  # whose strides in progress are spoilt
    is_next_spoilt: bool = False  # the stride that the event begins, too: its contact was not the foot's own


class CrossSteps:
    """Looks at every event of both plates, in order."""

    def __init__(self) -> None:
        self._since_s = dict.fromkeys(Side, math.nan)  # start of the contact or swing in progress; NaN: not known
        self._is_loaded = dict.fromkeys(Side, False)
        self._is_told = dict.fromkeys(Side, False)  # something was found in the contact in progress
        self._usual_s = {(side, kind): _Usual() for side in Side for kind in EventKind}  # how long until then
        self._usual_m = {(side, kind): _Usual() for side in Side for kind in EventKind}
        self._is_across = dict.fromkeys(Side, False)  # the foot on this side is known to be on the other's plate
        self._last_s = math.nan  # time of the last event

    def interrupt(self) -> None:
        """Forget the contacts in progress: events may have been missed."""
        self._since_s, self._last_s = dict.fromkeys(Side, math.nan), math.nan
        self._is_loaded, self._is_told = dict.fromkeys(Side, False), dict.fromkeys(Side, False)
        self._is_across = dict.fromkeys(Side, False)

    def feed(self, event: GaitEvent, across_m: float) -> Finding | None:
        """Return what ``event`` tells; ``across_m`` is the centre of pressure then, left positive, NaN if unknown."""
        finding = self._stood(event) or self._within(event) or self._loaded_long(event)
        finding = finding or self._near_gap(event, across_m) or self._swung_short(event) or self._beside(event)
        side, is_contact = event.side, event.kind is EventKind.INITIAL_CONTACT
        if finding is None and not self._is_told[side]:
            self._usual_s[side, event.kind].take(event.time_s - self._since_s[side])
            self._usual_m[side, event.kind].take(across_m)
        self._since_s[side], self._is_loaded[side], self._last_s = event.time_s, is_contact, event.time_s
        self._is_told[side] = finding is not None and finding.is_next_spoilt
        self._is_across[side] = False
        return finding

    def _stood(self, event: GaitEvent) -> Finding | None:
        """Both feet rested on the ground until now; what lasts on goes on from here."""
        if not all(self._is_loaded.values()):
            return None
        usual_s = max(usual.value for (_, kind), usual in self._usual_s.items() if kind is EventKind.FOOT_OFF)
        lasted_s = event.time_s - self._last_s
        if not lasted_s > (_STANDING_RATIO * usual_s if usual_s > 0.0 else _LONGEST_STANDING_S):
            return None
        self._since_s = dict.fromkeys(Side, event.time_s)
        return Finding(EventFlag.IRREGULAR, f"both feet stood for {lasted_s:.2f} s")

    def _within(self, event: GaitEvent) -> Finding | None:
        side, other = event.side, event.side.other
        if event.kind is EventKind.INITIAL_CONTACT or not self._is_loaded[other]:
            return None
        if not (self._since_s[other] < self._since_s[side] <= event.time_s - _LEAST_STANCE_S):
            return None
        self._is_told[other] = True
        return Finding(EventFlag.CROSS_STEP, f"cross step: the {other.value} plate was loaded all through a stance")

    def _loaded_long(self, event: GaitEvent) -> Finding | None:
        for side in Side:
            if not self._is_loaded[side]:
                continue
            usual, lasted_s = self._usual_s[side, EventKind.FOOT_OFF], event.time_s - self._since_s[side]
            limit_s = _LONG_RATIO * usual.value if usual.is_known else _LONGEST_STANCE_S
            is_alone_long = not self._is_loaded[side.other] and event.time_s - self._last_s > _LONGEST_SINGLE_S
            if not (lasted_s > limit_s or (is_alone_long and not usual.is_known)):
                continue
            ends = event.side is side
            if ends and usual.changes_to(lasted_s):
                return None
            spoilt = (side,) if ends and self._is_told[side] else tuple(Side)
            self._is_told[side] = True
            return Finding(
                EventFlag.CROSS_STEP, f"cross step: the {side.value} plate was loaded for {lasted_s:.2f} s", spoilt
            )
        return None

    def _near_gap(self, event: GaitEvent, across_m: float) -> Finding | None:
        own, other = self._usual_m[event.side, event.kind], self._usual_m[event.side.other, event.kind]
        if math.isnan(across_m) or not (own.is_known and other.is_known):
            return None
        inward = math.copysign(1.0, other.value - own.value)
        shift_m, to_gap_m = inward * (across_m - own.value), 0.5 * inward * (other.value - own.value)
        is_far = shift_m > max(_HALF_FOOT_M, _SHIFT_DEVIATIONS * own.deviation)
        if not (is_far and shift_m > to_gap_m - 0.5 * _HALF_FOOT_M) or own.changes_to(across_m):
            return None
        is_contact = event.kind is EventKind.INITIAL_CONTACT
        self._is_across[event.side.other] = True
        what = "began" if is_contact else "ended"
        reason = f"cross step: load {what} {shift_m:.3f} m nearer the {event.side.other.value} belt than usual"
        return Finding(EventFlag.CROSS_STEP, reason, is_next_spoilt=is_contact)

    def _beside(self, event: GaitEvent) -> Finding | None:
        """A foot lands on a plate that bears some of the other foot."""
        if event.kind is EventKind.FOOT_OFF or not self._is_across[event.side.other]:
            return None
        reason = f"cross step: the {event.side.other.value} foot is on this plate, too"
        return Finding(EventFlag.CROSS_STEP, reason, sides=(), is_next_spoilt=True)

    def _swung_short(self, event: GaitEvent) -> Finding | None:
        usual, lasted_s = self._usual_s[event.side, event.kind], event.time_s - self._since_s[event.side]
        if event.kind is EventKind.FOOT_OFF or not usual.is_known or not lasted_s < _SHORT_RATIO * usual.value:
            return None
        if usual.changes_to(lasted_s):
            return None
        reason = f"the {event.side.value} foot swung for {lasted_s:.2f} s only"
        return Finding(EventFlag.IRREGULAR, reason, is_next_spoilt=True)


class _Usual:
    """Median of the last values, and whether others in a row agree on a new one."""

    def __init__(self) -> None:
        self._values: deque[float] = deque(maxlen=_KEPT_COUNT)
        self._refused: deque[float] = deque(maxlen=_KNOWN_COUNT)

    @property
    def is_known(self) -> bool:
        return len(self._values) >= _KNOWN_COUNT

    @property
    def value(self) -> float:
        """0 when there is none."""
        return median(self._values) if self._values else 0.0

    @property
    def deviation(self) -> float:
        middle = self.value
        return _PER_ABSOLUTE_DEVIATION * median(abs(value - middle) for value in self._values)

    def take(self, value: float) -> None:
        if math.isfinite(value):
            self._values.append(value)
            self._refused.clear()

    def changes_to(self, value: float) -> bool:
        """Note a value that is not usual; return whether it and those before it have become so."""
        self._refused.append(value)
        middle = median(self._refused)
        agree = all(abs(each - middle) <= _AGREE_RATIO * abs(middle) for each in self._refused)
        if len(self._refused) < _KNOWN_COUNT or not agree:
            return False
        self._values.clear()
        self._values.extend(self._refused)
        self._refused.clear()
        return True
