# SPDX-License-Identifier: Apache-2.0
"""The belt gate's states as one table: arm, start, run, stop. docs/safety.md shows the same table, and a test compares.

What is not in the table changes nothing: a command for motion while disarmed, an arming while the belts come to rest, a
command for rest before the start. A new gate begins in DISARMED, whatever the belts do.
"""

from enum import Enum

from gait_sensing.belt_gate.states import State


class Signal(str, Enum):
    """What the gate's inputs come down to."""

    ARM = "arm"  # an operator's arming that nothing speaks against
    MOTION = "motion"  # a fresh request for a speed that has a meaning, by the one source
    REST = "rest"  # a request for no speed
    CAUSE = "cause"  # any reason to go to rest, whoever finds it
    AT_REST = "at rest"  # zero was told, and statuses have shown rest for a while


TRANSITIONS: dict[tuple[State, Signal], State] = {
    (State.DISARMED, Signal.ARM): State.ARMED,
    (State.DISARMED, Signal.CAUSE): State.STOPPING,
    (State.ARMED, Signal.MOTION): State.RUNNING,
    (State.ARMED, Signal.CAUSE): State.STOPPING,
    (State.RUNNING, Signal.MOTION): State.RUNNING,
    (State.RUNNING, Signal.REST): State.STOPPING,
    (State.RUNNING, Signal.CAUSE): State.STOPPING,
    (State.STOPPING, Signal.CAUSE): State.STOPPING,
    (State.STOPPING, Signal.AT_REST): State.DISARMED,
}


def after(state: State, signal: Signal) -> State:
    """Return the state that follows."""
    return TRANSITIONS.get((state, signal), state)
