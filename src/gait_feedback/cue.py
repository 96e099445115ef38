# SPDX-License-Identifier: Apache-2.0
"""A cue and what becomes of it."""

import math
from abc import abstractmethod
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, Protocol, TypeAlias

from gait_analysis.events import GaitEvent
from gait_analysis.gait import Asymmetry, GaitState, Stride
from gait_analysis.standing import Standing
from gait_sensing.driver import Driver
from gait_sensing.samples import Side


@dataclass(frozen=True, slots=True)
class Asked:
    """The walker asked for cues, or answered that one was felt: the same hand does both."""

    time_s: float


Observation: TypeAlias = GaitEvent | Stride | Asymmetry | GaitState | Standing | Asked  # what a strategy is told


class Modality(Enum):
    """How a cue reaches the walker; values as in Cue.msg."""

    VIBRATION = 1
    SOUND = 2
    TEXT = 3


class CueResult(Enum):
    """What became of a cue; values as in CueReceipt.msg."""

    SENT = 1
    DROPPED_LATE = 2
    DROPPED_LIMIT = 3
    DROPPED_NO_LINK = 4
    WITHHELD = 5


@dataclass(frozen=True, slots=True)
class Cue:
    """One cue that a strategy asks for."""

    side: Side
    event_s: float  # time of the gait event that led to it; for a cue sent early, the instant at which it is to be felt
    detected_s: float  # sample time at which that event was confirmed
    intensity: float  # 0 to 1, no unit
    duration_s: float
    reason: str  # metric and value that led to it
    text: str = ""
    modality: Modality = Modality.VIBRATION


class CueStrategy(Protocol):
    """What a file in ``cues/`` holds as ``Strategy(settings, prosthetic_side)``, beside its ``Settings``.

    Made anew for each session. It is told of what it ``OBSERVES`` and of nothing else; states of the control grid cost
    most, since hundreds come each second.
    """

    OBSERVES: ClassVar[tuple[type[Observation], ...]]

    def feed(self, observation: Observation) -> list[Cue]:
        """Return the cues that one finding of the analysis calls for, mostly none."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a device said to one command."""

    sequence: int  # of the command
    device_time_s: float = math.nan  # the device's own clock when it began; NaN when it does not say
    problem: str = ""  # why the device refused; empty: it does what it was told


class ActuatorDriver(Driver):
    """Base of the ``Driver(settings)`` in each file of ``actuators/``; ``connect`` switches everything off."""

    acknowledges: ClassVar[bool] = False  # True: the device answers every ``begin``
    poll_interval_s: ClassVar[float] = math.inf  # ``poll`` is to be written this often
    silent_s: ClassVar[float] = math.inf  # silent for so long, the link is broken; infinite: it need not speak
    sequence: int = 0  # of the newest ``begin``, whose answer carries it
    problem: str = ""  # what keeps the device from being cued, by what it has said or not said; empty: nothing

    @abstractmethod
    def begin(self, side: Side, intensity: float, duration_s: float) -> bytes:
        """Return the bytes that switch the side's actuator on, at ``intensity`` above 0 to 1 of its range.

        A device with a time-out of its own ends after ``duration_s``; others ignore it and await ``stop``. Raises
        ``ValueError`` for another intensity.
        """

    @abstractmethod
    def stop(self, side: Side) -> bytes:
        """Return the bytes that switch the side's actuator off; empty where a cue cannot be taken back."""

    def poll(self) -> bytes:
        """Return what shows the device that the host lives; a device may switch off when it no longer hears it."""
        return b""

    @abstractmethod
    def feed(self, data: bytes) -> list[Answer]:
        """Take what the device wrote; return the answers that it completes, oldest first."""


@dataclass(frozen=True, slots=True)
class ActuatorChange:
    """What an emulated actuator was told."""

    side: Side
    intensity: float  # 0 when switched off


class ActuatorEmulator(Protocol):
    """Device side of an actuator's wire."""

    def feed(self, data: bytes) -> bytes:
        """Take what the host wrote; return the device's answer."""

    def advance(self, duration_s: float) -> None:
        """Move the device's clock on: what has its own time-out may end."""

    def changes(self) -> list[ActuatorChange]:
        """Return, once, what was switched since the last call."""
