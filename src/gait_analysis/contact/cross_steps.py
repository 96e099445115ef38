# SPDX-License-Identifier: Apache-2.0
"""Steps that two plates cannot tell apart: a foot on the other's belt, on both, or on none.

The plates then still show contacts, but not those of the feet. What gives it away, of the rules in use in split-belt
laboratories, each compared with what the same person did in the last steps:

- *bare too long*: the plate of a foot shows nothing for much longer than a swing: the foot was on the other plate,
  which bore both feet in turn, or beside the belts;
- *stance within a stance*: one plate's whole contact, too long for a tap, lies within one of the other: the foot is on
  both;
- *near the gap*: load begins or ends with the centre of pressure in the middle between where the two feet usually are
  and far from where this foot usually is: the edge of the other foot came first, or stayed;
- *swing too short*: a plate is loaded again when the foot can hardly have swung;
- *both loaded too long*: for a stance and more, while two feet in turn are on both; for much longer, they stood.

Swings are measured by the last stance of the same foot, so that a change of pace, which moves both, tells nothing.
Before three steps are known, no swing is called short and no place unusual. Nothing looks at a clock or ahead: a
finding comes with the event that told, which is not later than the end of the strides it spoils.

Source: Song and others (J NeuroEng Rehabil 2020, doi 10.1186/s12984-020-00683-5) leave out steps of 1.2 s and more.
A foot is some 0.09 m broad. A swing is 0.45 (0.3 m/s) to 0.7 (1.8 m/s) of a stance; with a whole stride
missed it is 1.9 to 2.2 of it.
"""

import math
from collections import deque
from statistics import median
from typing import NamedTuple

from gait_analysis.events import EventFlag, EventKind, GaitEvent
from gait_sensing.samples import Side

_KNOWN_COUNT, _KEPT_COUNT = 3, 10  # of steps: to know what is usual, and that it is taken from
_SHORT_RATIO = 0.6  # of the usual swing
_LONGEST_SWING, _LONGEST_SWING_S = 1.25, 1.2  # of a stance; in all, while no stance is known
_LEAST_PACE, _MOST_PACE = 0.4, 1.7  # of one stance by the last, where two feet have not taken turns
_AGREE_RATIO = 0.2  # three in a row that agree so well are the new usual
_STANDING_RATIO, _LONGEST_STANDING_S = 2.5, 4.0  # two steps on both belts last two stances at most
_LEAST_STANCE_S = 0.4  # of a fast walker; a tap is shorter
_HALF_FOOT_M, _SHIFT_DEVIATIONS = 0.045, 3.0
_PER_ABSOLUTE_DEVIATION = 1.4826  # standard deviation of a normal spread by its median absolute deviation


class Finding(NamedTuple):
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
        self._stance_s = dict.fromkeys(Side, math.nan)  # the last one in which nothing was found
        self._swing = {side: _Usual() for side in Side}  # of the stance before it
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
        finding = self._both_long(event) or self._within(event) or self._bare_long(event)
        finding = finding or self._near_gap(event, across_m) or self._swung_short(event) or self._beside(event)
        side, is_contact = event.side, event.kind is EventKind.INITIAL_CONTACT
        if not is_contact:
            self._note_stance(event, finding is None and not self._is_told[side])
        if finding is None and not self._is_told[side]:
            self._usual_m[side, event.kind].take(across_m)
            if is_contact:
                self._swing[side].take(self._swing_share(event))
        self._since_s[side], self._is_loaded[side], self._last_s = event.time_s, is_contact, event.time_s
        self._is_told[side] = finding is not None and finding.is_next_spoilt
        self._is_across[side] = False
        return finding

    def _note_stance(self, event: GaitEvent, is_clean: bool) -> None:
        stance_s, last_s = event.time_s - self._since_s[event.side], self._stance_s[event.side]
        is_stance = is_clean and stance_s >= _LEAST_STANCE_S  # the end of one would never be outgrown
        if is_stance or _LEAST_PACE * last_s < stance_s < _MOST_PACE * last_s:
            self._stance_s[event.side] = stance_s

    def _swing_share(self, event: GaitEvent) -> float:
        """Duration of the swing that a contact ends, in stances of the same foot."""
        return (event.time_s - self._since_s[event.side]) / self._stance_s[event.side]

    def _both_long(self, event: GaitEvent) -> Finding | None:
        """Both plates were loaded until now: feet on both of them, or standing, after which all begins anew."""
        if not all(self._is_loaded.values()):
            return None
        known_s = [stance_s for stance_s in self._stance_s.values() if not math.isnan(stance_s)]
        lasted_s, usual_s = event.time_s - self._last_s, max(known_s, default=math.inf)
        if lasted_s > min(_STANDING_RATIO * usual_s, _LONGEST_STANDING_S):
            self._since_s = dict.fromkeys(Side, event.time_s)
            return Finding(EventFlag.IRREGULAR, f"both feet stood for {lasted_s:.2f} s")
        if lasted_s > usual_s:
            self._is_told = dict.fromkeys(Side, True)
            return Finding(EventFlag.CROSS_STEP, f"cross step: both plates were loaded for {lasted_s:.2f} s")
        return None

    def _within(self, event: GaitEvent) -> Finding | None:
        side, other = event.side, event.side.other
        if event.kind is EventKind.INITIAL_CONTACT or not self._is_loaded[other]:
            return None
        if not (self._since_s[other] < self._since_s[side] <= event.time_s - _LEAST_STANCE_S):
            return None
        self._is_told[other], self._is_across[other] = True, False
        return Finding(EventFlag.CROSS_STEP, f"cross step: the {other.value} plate was loaded all through a stance")

    def _bare_long(self, event: GaitEvent) -> Finding | None:
        if event.kind is EventKind.FOOT_OFF:
            return None
        swing, bare_s = self._swing_share(event), event.time_s - self._since_s[event.side]
        if not (bare_s > _LONGEST_SWING_S if math.isnan(swing) else swing > _LONGEST_SWING):
            return None
        self._is_told[event.side.other] = self._is_loaded[event.side.other]
        reason = f"cross step: nothing was on the {event.side.value} plate for {bare_s:.2f} s"
        return Finding(EventFlag.CROSS_STEP, reason)

    def _near_gap(self, event: GaitEvent, across_m: float) -> Finding | None:
        own, other = self._usual_m[event.side, event.kind], self._usual_m[event.side.other, event.kind]
        if math.isnan(across_m) or not (own.is_known and other.is_known):
            return None
        inward = math.copysign(1.0, other.value - own.value)
        shift_m, to_gap_m = inward * (across_m - own.value), 0.5 * inward * (other.value - own.value)
        is_far = shift_m > _HALF_FOOT_M and shift_m > _SHIFT_DEVIATIONS * own.deviation
        if not (is_far and shift_m > to_gap_m - 0.5 * _HALF_FOOT_M) or own.changes_to(across_m):
            return None
        is_contact = event.kind is EventKind.INITIAL_CONTACT
        # What is left there belongs to the other foot, unless this one was found across before.
        self._is_across[event.side.other] = not (is_contact or any(self._is_told.values()))
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
        usual, swing = self._swing[event.side], self._swing_share(event)
        if event.kind is EventKind.FOOT_OFF or not usual.is_known or not swing < _SHORT_RATIO * usual.value:
            return None
        if usual.changes_to(swing):
            return None
        lasted_s = event.time_s - self._since_s[event.side]
        reason = f"the {event.side.value} foot swung for {lasted_s:.2f} s only"
        return Finding(EventFlag.IRREGULAR, reason, is_next_spoilt=True)


class _Usual:
    """Median of the last values, and whether others in a row agree on a new one."""

    def __init__(self) -> None:
        self._values: deque[float] = deque(maxlen=_KEPT_COUNT)
        self._refused: deque[float] = deque(maxlen=_KNOWN_COUNT)
        self.value = 0.0  # the median; 0 when there is none

    @property
    def is_known(self) -> bool:
        return len(self._values) >= _KNOWN_COUNT

    @property
    def deviation(self) -> float:
        middle = self.value
        return _PER_ABSOLUTE_DEVIATION * median(abs(value - middle) for value in self._values)

    def take(self, value: float) -> None:
        if math.isfinite(value):
            self._values.append(value)
            self.value = median(self._values)
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
        self.value = middle
        self._refused.clear()
        return True
