# SPDX-License-Identifier: Apache-2.0
"""What the belt gate is told and what it says. The gate itself is ``belt_gate``."""

from dataclasses import dataclass
from enum import Enum, IntEnum


class State(str, Enum):
    """Where the gate is. Belts move on command in RUNNING alone."""

    DISARMED = "disarmed"  # belts at rest as far as is known; no command moves them
    ARMED = "armed"  # an operator allows motion; nothing has asked for it yet
    RUNNING = "running"
    STOPPING = "stopping"  # belts are told to rest; ends in DISARMED, never back in RUNNING


class Level(IntEnum):
    """How grave it is; values as in SafetyState.msg."""

    OK = 0
    WARN = 1
    RAMP_DOWN = 2
    STOP = 3


class Reason(Enum):
    """Why the gate limits, refuses or stops; values as in SafetyState.msg."""

    NONE = 0
    NOT_ARMED = 1
    OPERATOR_STOP = 2
    COMMAND_STALE = 3
    LINK_LOST = 4
    STATUS_STALE = 5
    OPERATOR_LOST = 6
    COMMAND_INVALID = 7
    COMMAND_LIMITED = 8
    SECOND_SOURCE = 9
    BELT_MOVING_UNARMED = 10
    BELT_OVERSPEED = 11
    NODE_STOPPING = 12
    BELT_NOT_FOLLOWING = 13


@dataclass(frozen=True, slots=True)
class Safety:
    """The gate's verdict; fields as in SafetyState.msg."""

    level: Level
    reason: Reason
    text: str
    state: State


@dataclass(frozen=True, slots=True)
class BeltRequest:
    """What a belt law asks for; the gate limits it or refuses it."""

    left_speed_mps: float  # positive for walking forward
    right_speed_mps: float
    acceleration_mps2: float  # magnitude wanted for the change, above 0
    source: str  # who asks; one source at a time is heard


@dataclass(frozen=True, slots=True)
class LinkUp:
    """The wire to the treadmill is open anew."""


@dataclass(frozen=True, slots=True)
class LinkDown:
    """The wire to the treadmill is lost."""

    text: str


@dataclass(frozen=True, slots=True)
class OperatorAlive:
    """Heartbeat of the session that the operator runs."""


@dataclass(frozen=True, slots=True)
class ArmRequest:
    """An operator takes responsibility for moving belts."""

    operator: str


@dataclass(frozen=True, slots=True)
class StopRequest:
    """An operator wants the belts at rest."""

    operator: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The driver cannot tell the treadmill what the gate let out."""

    text: str


@dataclass(frozen=True, slots=True)
class Shutdown:
    """The gate's process is about to end."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Time goes on; to be fed every 50 ms."""


LEVELS = {
    Reason.NONE: Level.OK,  # the command asks for rest
    Reason.OPERATOR_STOP: Level.STOP,
    Reason.COMMAND_STALE: Level.RAMP_DOWN,
    Reason.LINK_LOST: Level.RAMP_DOWN,
    Reason.STATUS_STALE: Level.RAMP_DOWN,
    Reason.OPERATOR_LOST: Level.RAMP_DOWN,
    Reason.COMMAND_INVALID: Level.RAMP_DOWN,
    Reason.BELT_MOVING_UNARMED: Level.RAMP_DOWN,
    Reason.BELT_OVERSPEED: Level.STOP,
    Reason.NODE_STOPPING: Level.RAMP_DOWN,
    Reason.BELT_NOT_FOLLOWING: Level.RAMP_DOWN,
}
"""How grave each reason to go to rest is."""

_INPUTS = (Reason.STATUS_STALE, Reason.OPERATOR_LOST, Reason.COMMAND_STALE)
WATCHED: dict[State, tuple[Reason, ...]] = {
    State.DISARMED: (),
    State.ARMED: (Reason.STATUS_STALE, Reason.OPERATOR_LOST),
    State.RUNNING: (*_INPUTS, Reason.BELT_NOT_FOLLOWING),
    State.STOPPING: _INPUTS,  # counts only while the command itself asked for rest, and may then hasten it
}
"""Whose silence brings the belts to rest, in each state."""
