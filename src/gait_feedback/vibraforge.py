# SPDX-License-Identifier: Apache-2.0
"""What both protocols of the VibraForge actuators share: three bytes a command, an actuator a side, nothing answered.

An actuator runs until it is told to stop; ``actuator_timer`` owns its time-out. Sources and layouts are in
``actuators/vibraforge_v1.py`` and ``actuators/vibraforge_v2.py``.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from gait_feedback.cue import ActuatorChange, ActuatorDriver, Answer
from gait_parts import settings as parts
from gait_parts.settings import setting
from gait_sensing.samples import Side

COMMAND_BYTES = 3
PADDING = b"\xff" * COMMAND_BYTES


@dataclass(frozen=True)
class WornSettings(parts.Settings):
    """Which actuator is worn where, and how fast it vibrates."""

    left_actuator: int = setting(0, "number of the actuator on the left", low=0, high=127)
    right_actuator: int = setting(1, "number of the actuator on the right", low=0, high=127)
    frequency_index: int = setting(3, "0 to 7: 123, 145, 170, 200, 235, 275, 322, 384 Hz", low=0, high=7)

    def __post_init__(self) -> None:
        """Check each setting, then that the sides have an actuator each."""
        super().__post_init__()
        if self.left_actuator == self.right_actuator:
            raise ValueError(f"right_actuator: got {self.right_actuator}, which is left_actuator; expected another one")

    @property
    def actuators(self) -> dict[Side, int]:
        """Number of each side's actuator."""
        return {Side.LEFT: self.left_actuator, Side.RIGHT: self.right_actuator}


class VibraForgeDriver(ActuatorDriver):
    """Host side, but for what the three bytes are. A device that answers nothing acknowledges nothing."""

    largest_duty: int

    def connect(self) -> bytes:
        """Switch both actuators off."""
        self._pending = b""
        return self.stop(Side.LEFT) + self.stop(Side.RIGHT)

    def disconnect(self) -> bytes:
        """Switch both actuators off."""
        return self.stop(Side.LEFT) + self.stop(Side.RIGHT)

    def begin(self, side: Side, intensity: float, duration_s: float) -> bytes:
        """Switch on at ``intensity``, above 0 to 1 of the largest duty; never rounded to off. Until ``stop``.

        Raises ``ValueError`` for another intensity.
        """
        if not 0.0 < intensity <= 1.0:
            raise ValueError(f"intensity: got {intensity}, allowed above 0 to 1")
        return self.start_command(side, max(1, round(intensity * self.largest_duty)))

    @abstractmethod
    def start_command(self, side: Side, duty: int) -> bytes:
        """Return the command that starts the side's actuator at ``duty``, 1 to ``largest_duty``."""

    def feed(self, data: bytes) -> list[Answer]:
        """Count what comes and drop it: it answers nothing."""
        self.counts.bytes_dropped_count += len(data)
        return []


class VibraForgeEmulator(ABC):
    """Device side, but for what the three bytes are. Counts commands without a meaning and to actuators not worn."""

    def __init__(self, settings: WornSettings) -> None:
        """Begin with everything off."""
        self.bad_command_count = 0
        self._sides = {number: side for side, number in settings.actuators.items()}
        self._buffer = b""
        self._changes: list[ActuatorChange] = []

    def feed(self, data: bytes) -> bytes:
        """Take commands three bytes at a time, wherever they begin; the device answers none."""
        self._buffer += data
        while len(self._buffer) >= COMMAND_BYTES:
            command, self._buffer = self._buffer[:COMMAND_BYTES], self._buffer[COMMAND_BYTES:]
            if command != PADDING:
                self._obey(*command)
        return b""

    def advance(self, duration_s: float) -> None:  # noqa: B027
        """Do nothing: no actuator ends by itself."""

    def changes(self) -> list[ActuatorChange]:
        """Return, once, what was switched since the last call."""
        changes, self._changes = self._changes, []
        return changes

    def _obey(self, first: int, second: int, third: int) -> None:
        number, intensity = self.read_command(first, second, third)
        side = None if number is None else self._sides.get(number)
        if side is None:
            self.bad_command_count += 1
            return
        self._changes.append(ActuatorChange(side, intensity))

    @abstractmethod
    def read_command(self, first: int, second: int, third: int) -> tuple[int | None, float]:
        """Return an actuator's number and its intensity, 0 for off; None for the number when it means nothing."""
