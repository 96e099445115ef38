# SPDX-License-Identifier: Apache-2.0
"""When the belt gate last heard from whom, and whose silence is a reason to go to rest in which state."""

import math
from collections.abc import Iterator

from gait_sensing.belt_gate.limits import GateSettings
from gait_sensing.belt_gate.states import Reason, State

NEVER_S = -math.inf
_INPUTS = (Reason.STATUS_STALE, Reason.OPERATOR_LOST, Reason.COMMAND_STALE)
WATCHED: dict[State, tuple[Reason, ...]] = {
    State.DISARMED: (),
    State.ARMED: (Reason.STATUS_STALE, Reason.OPERATOR_LOST, Reason.ARMING_UNUSED),
    State.RUNNING: (*_INPUTS, Reason.BELT_NOT_FOLLOWING),
    State.STOPPING: _INPUTS,  # counts only while the command itself asked for rest, and may then hasten it
}
"""Whose silence brings the belts to rest, in each state."""


class Hearing:
    """Each reason with the time at which it was last disproved."""

    def __init__(self, settings: GateSettings) -> None:
        """Begin with nothing heard."""
        self._limits_s = {
            Reason.STATUS_STALE: (settings.status_stale_s, "status of the treadmill"),
            Reason.OPERATOR_LOST: (settings.operator_stale_s, "heartbeat of the session"),
            Reason.COMMAND_STALE: (settings.command_stale_s, "command from {}"),
            Reason.ARMING_UNUSED: (settings.arming_unused_s, "command for the armed belts"),
            Reason.BELT_NOT_FOLLOWING: (settings.follow_stale_s, "measured speed near the commanded one"),
        }
        self._heard_s = dict.fromkeys(self._limits_s, NEVER_S)

    def hear(self, reason: Reason, now_s: float, age_s: float = 0.0) -> None:
        """Note that the reason did not hold ``age_s`` ago; what is older than it may be, or NaN, tells nothing."""
        if abs(age_s) <= self._limits_s[reason][0]:
            self._heard_s[reason] = now_s - max(0.0, age_s)

    def forget(self, *reasons: Reason) -> None:
        """Note that it is not known to hold no more: the link is new, or the clock went back."""
        self._heard_s.update(dict.fromkeys(reasons or self._heard_s, NEVER_S))

    def is_fresh(self, reason: Reason, now_s: float) -> bool:
        """Whether silence has not lasted too long; false for NaN."""
        return now_s - self._heard_s[reason] <= self._limits_s[reason][0]

    def silent(self, state: State, now_s: float, source: str | None) -> Iterator[tuple[Reason, str]]:
        """Yield each reason to go to rest in this state, with its words."""
        for reason in WATCHED[state]:
            if not self.is_fresh(reason, now_s):
                limit_s, what = self._limits_s[reason]
                silent_s = now_s - self._heard_s[reason]
                yield reason, f"no {what.format(source)} for {silent_s:.2f} s, allowed {limit_s:g} s"
