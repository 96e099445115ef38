# SPDX-License-Identifier: Apache-2.0
"""Events of both feet to the strides of one: a state machine in a table, which never looks at a clock."""

import math
from enum import Enum
from typing import Any, NamedTuple

from gait_analysis.cycle.stride_gate import StrideGate
from gait_analysis.events import EventKind, GaitEvent
from gait_analysis.gait import Stride
from gait_sensing.samples import Side

_OWN, _OTHER = "this", "the other"
_CONTACT, _OFF = EventKind.INITIAL_CONTACT, EventKind.FOOT_OFF


class Seen(Enum):
    """Which events the sensors present can tell."""

    ALL = "all"
    ONE_FOOT = "one foot"  # nothing of the other one
    CONTACTS = "contacts"  # no foot off


# (state, whose event, kind) -> next state. A state is named after what the limb does in it.
_NEXT = {
    Seen.ALL: {
        ("idle", _OWN, _CONTACT): "loading",
        ("loading", _OTHER, _OFF): "single_support",
        ("single_support", _OTHER, _CONTACT): "pre_swing",
        ("pre_swing", _OWN, _OFF): "swing",
        ("swing", _OWN, _CONTACT): "loading",
    },
    Seen.ONE_FOOT: {
        ("idle", _OWN, _CONTACT): "loading",
        ("loading", _OWN, _OFF): "swing",
        ("swing", _OWN, _CONTACT): "loading",
    },
    Seen.CONTACTS: {
        ("idle", _OWN, _CONTACT): "loading",
        ("loading", _OTHER, _CONTACT): "pre_swing",
        ("pre_swing", _OWN, _CONTACT): "loading",
    },
}
_GATE_WINDOW_COUNT, _GATE_RESET_COUNT = 10, 2


class StrideTimes(NamedTuple):
    """The five events of one stride and the verdict on it; NaN where an event was missing."""

    side: Side
    number: int
    reason: str  # why it is not accepted; empty otherwise
    start_s: float
    other_foot_off_s: float
    other_contact_s: float
    foot_off_s: float
    end_s: float


class StrideBuilder:
    """Builds the strides of ``side`` from the events of both feet.

    An event that does not follow in ``_NEXT`` is irregular: nothing is guessed, and the stride it falls into is kept
    for the record but not accepted, with NaN for what is missing. After ``interrupt`` the stride is not even known to
    be one, and nothing is returned for it.
    """

    def __init__(self, side: Side) -> None:
        self._side = side
        self._gate = StrideGate(_GATE_WINDOW_COUNT, _GATE_RESET_COUNT)
        self._state = "idle"
        self._times: dict[str, float] = {}  # state -> time of the event that began it
        self._reason = ""  # why the stride in progress is irregular
        self.number = 0  # of the stride in progress

    def feed(self, event: GaitEvent, seen: Seen = Seen.ALL) -> tuple[StrideTimes | None, bool]:
        """Return the stride that ``event`` ends, if any, and whether the event was irregular."""
        who = _OWN if event.side is self._side else _OTHER
        state = _NEXT[seen].get((self._state, who, event.kind))
        is_irregular = state is None and self._state != "idle"
        if is_irregular:
            self._reason = self._reason or f"{event.kind.value} of {who} foot after {self._state.replace('_', ' ')}"
            self._state = "idle"
        done = None
        if who == _OWN and event.kind is _CONTACT:
            done = self._finish(event.time_s)
            self._times, self._reason, state = {}, "", "loading"
            self.number += 1
        if state is not None:
            self._state, self._times[state] = state, event.time_s
        return done, is_irregular

    def spoil(self, reason: str) -> None:
        """Do not accept the stride in progress."""
        self._reason = self._reason or reason

    def interrupt(self) -> None:
        """Forget the stride in progress: events may have been missed."""
        self._state, self._times, self._reason = "idle", {}, ""

    def _finish(self, end_s: float) -> StrideTimes | None:
        if not self._times:
            return None
        start_s = self._times["loading"]
        reason = self._reason or self._gate.judge(end_s - start_s)
        return StrideTimes(
            side=self._side,
            number=self.number,
            reason=reason,
            start_s=start_s,
            other_foot_off_s=self._times.get("single_support", math.nan),
            other_contact_s=self._times.get("pre_swing", math.nan),
            foot_off_s=self._times.get("swing", math.nan),
            end_s=end_s,
        )


def timed_stride(times: StrideTimes, **measured: Any) -> Stride:
    """Return the stride with its durations, and with what else was ``measured`` in it."""
    stride_time_s = times.end_s - times.start_s
    return Stride(
        side=times.side,
        number=times.number,
        is_accepted=not times.reason,
        reason=times.reason,
        start_s=times.start_s,
        other_foot_off_s=times.other_foot_off_s,
        other_contact_s=times.other_contact_s,
        foot_off_s=times.foot_off_s,
        end_s=times.end_s,
        stride_time_s=stride_time_s,
        step_time_s=times.end_s - times.other_contact_s,
        stance_time_s=times.foot_off_s - times.start_s,
        swing_time_s=times.end_s - times.foot_off_s,
        initial_double_support_time_s=times.other_foot_off_s - times.start_s,
        terminal_double_support_time_s=times.foot_off_s - times.other_contact_s,
        single_support_time_s=times.other_contact_s - times.other_foot_off_s,
        cadence_hz=2.0 / stride_time_s,
        **measured,
    )
