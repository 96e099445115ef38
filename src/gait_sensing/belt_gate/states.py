# SPDX-License-Identifier: Apache-2.0
"""What the belt gate is told and what it says. The gate itself is ``gate``."""

from dataclasses import dataclass
from enum import Enum, IntEnum

TICK_S = 0.025  # how often ``Tick`` is fed


class State(str, Enum):
    """Where the gate is; ``transitions`` says how it gets there. Belts move on command in RUNNING alone."""

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
    COMMAND_OLD = 14
    WALKER_AT_EDGE = 15
    WALKER_GONE = 16
    STUMBLE = 17
    CROSS_STEPS = 18
    SENSOR_SILENT = 19
    HARNESS_LOAD = 20
    STOP_INPUT = 21
    DRIVER_FAULT = 22
    LAW_PROBLEM = 23
    BELT_NOT_SLOWING = 24
    INCLINE_BEYOND = 25
    ARMING_UNUSED = 26


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
    age_s: float = 0.0  # since it was decided, by its stamp; negative: the stamp lies ahead
    problem: str = ""  # why the belts are to rest, whatever the speeds; empty when nothing is amiss


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

    age_s: float = 0.0  # as in ``BeltRequest``: a latched or replayed one is no sign of life


@dataclass(frozen=True, slots=True)
class Walker:
    """Who the session says is on the belts."""

    weight_n: float  # NaN when not known
    is_on_belts: bool  # False: a recording is played, and its plates carried somebody elsewhere


@dataclass(frozen=True, slots=True)
class PlateLoad:
    """Newest sample of one force plate."""

    name: str
    load_n: float  # vertical
    ahead_m: float  # centre of pressure, forward of mid-treadmill; NaN while nobody is on the plate
    age_s: float = 0.0  # as in ``BeltRequest``: samples of a recording are no watch over a walker


@dataclass(frozen=True, slots=True)
class HarnessLoad:
    """Newest sample of the load cell in the harness."""

    load_n: float  # along the rope, whichever way the cell measures it
    age_s: float = 0.0  # as in ``PlateLoad``


@dataclass(frozen=True, slots=True)
class Misstep:
    """A foot landed where or when it should not; by the plates."""

    is_cross_step: bool  # on the other belt, or on both; otherwise out of sequence: a stumble


@dataclass(frozen=True, slots=True)
class StopInput:
    """A stop switch says, again and again, whether belts may run."""

    may_run: bool


@dataclass(frozen=True, slots=True)
class ArmRequest:
    """An operator takes responsibility for moving belts, and has taken note of every warning so far."""

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
    """Time goes on; to be fed every ``TICK_S``."""


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
    Reason.WALKER_AT_EDGE: Level.RAMP_DOWN,
    Reason.WALKER_GONE: Level.STOP,
    Reason.STUMBLE: Level.RAMP_DOWN,
    Reason.CROSS_STEPS: Level.RAMP_DOWN,
    Reason.SENSOR_SILENT: Level.RAMP_DOWN,
    Reason.HARNESS_LOAD: Level.STOP,
    Reason.STOP_INPUT: Level.STOP,
    Reason.DRIVER_FAULT: Level.RAMP_DOWN,
    Reason.LAW_PROBLEM: Level.RAMP_DOWN,
    Reason.BELT_NOT_SLOWING: Level.STOP,
    Reason.INCLINE_BEYOND: Level.RAMP_DOWN,
    Reason.ARMING_UNUSED: Level.RAMP_DOWN,
}
"""How grave each reason to go to rest is."""

WARNINGS = (
    Reason.COMMAND_LIMITED,
    Reason.SECOND_SOURCE,
    Reason.COMMAND_OLD,
    Reason.WALKER_AT_EDGE,
    Reason.STUMBLE,
    Reason.CROSS_STEPS,
    Reason.SENSOR_SILENT,
)
"""Reasons that may also be a warning, or are never more."""
