# SPDX-License-Identifier: Apache-2.0
"""VibraForge vibration actuators, protocol v2, over USB serial at 115200 baud 8N1 (the same bytes go over BLE).

Three bytes a command, any number in one write: waveform (1 sine, 0 square) << 7 | group << 2 | mode (0 stop, 1 start,
2 soft stop); address in the group, 0 to 7; duty 0 to 31 << 3 | frequency index 0 to 7. FF FF FF is padding. Actuators
0 to 31 lie in four groups of eight.

Source: DariusGiannoli/LIS, docs/protocol.md, python/serial_api.py and firmware/serial/controller.ino, as restated in
the vectors; the design descends from VibraForge (Huang et al., CHI 2025). Confidence: high.

The device answers nothing, and has neither sync nor checksum: one lost byte shifts every later command until it is
reset, which opening the port does. Hence every write is whole commands. After its reset it prints a line beginning
with "Ready", up to 2 s later; what was written before may be lost, so everything is switched off again then. An
actuator runs until it is told to stop: ``actuator_timer`` owns its time-out.
"""

from dataclasses import dataclass

from gait_feedback.cue import ActuatorChange, ActuatorDriver
from gait_parts import settings as parts
from gait_parts.settings import setting
from gait_sensing.samples import Side

COMMAND_BYTES = 3
PADDING = b"\xff" * COMMAND_BYTES
GROUP_SIZE = 8
LARGEST_DUTY = 31
STOP, START, SOFT_STOP = 0, 1, 2
LONGEST_LINE_BYTES = 200
READY = b"Ready"
FREQUENCIES_HZ = (123.0, 145.0, 170.0, 200.0, 235.0, 275.0, 322.0, 384.0)
"""What the frequency index means."""


@dataclass(frozen=True)
class Settings(parts.Settings):
    """Which actuator is worn where, and how it vibrates."""

    left_actuator: int = setting(0, "number of the actuator on the left", low=0, high=31)
    right_actuator: int = setting(1, "number of the actuator on the right", low=0, high=31)
    frequency_index: int = setting(3, "0 to 7: 123, 145, 170, 200, 235, 275, 322, 384 Hz", low=0, high=7)
    waveform: str = setting("sine", "shape of the drive", choices=("sine", "square"))

    def __post_init__(self) -> None:
        """Check each setting, then that the sides have an actuator each."""
        super().__post_init__()
        if self.left_actuator == self.right_actuator:
            raise ValueError(f"right_actuator: got {self.right_actuator}, which is left_actuator; expected another one")

    @property
    def actuators(self) -> dict[Side, int]:
        """Number of each side's actuator."""
        return {Side.LEFT: self.left_actuator, Side.RIGHT: self.right_actuator}


class Driver(ActuatorDriver):
    """Host side."""

    def __init__(self, settings: Settings) -> None:
        """Take the settings; nothing is written yet."""
        super().__init__()
        self._settings = settings
        self._line = b""

    def connect(self) -> bytes:
        """Switch both actuators off."""
        self._line = self._pending = b""
        return self.stop(Side.LEFT) + self.stop(Side.RIGHT)

    def disconnect(self) -> bytes:
        """Switch both actuators off."""
        return self.stop(Side.LEFT) + self.stop(Side.RIGHT)

    def vibrate(self, side: Side, intensity: float) -> bytes:
        """Switch on at ``intensity``, above 0 to 1 of the largest duty; never rounded to off. Raises ``ValueError``."""
        if not 0.0 < intensity <= 1.0:
            raise ValueError(f"intensity: got {intensity}, allowed above 0 to 1")
        duty = max(1, round(intensity * LARGEST_DUTY))
        is_sine = self._settings.waveform == "sine"
        return self._command(side, is_sine << 7 | START, duty << 3 | self._settings.frequency_index)

    def stop(self, side: Side) -> bytes:
        """Switch off at once."""
        return self._command(side, STOP, 0)

    def feed(self, data: bytes) -> int:
        """Look for the line that tells of a start; there are no acknowledgements."""
        *lines, self._line = (self._line + data).split(b"\n")
        self._line = self._line[-LONGEST_LINE_BYTES:]
        for line in lines:
            if line.startswith(READY):
                self.counts.frame_count += 1
                self._pending = self.stop(Side.LEFT) + self.stop(Side.RIGHT)
            else:
                self.counts.bytes_dropped_count += len(line) + 1
        return 0

    def _command(self, side: Side, first: int, third: int) -> bytes:
        group, address = divmod(self._settings.actuators[side], GROUP_SIZE)
        return bytes((first | group << 2, address, third))


class Emulator:
    """Device side. Counts commands that mean nothing or address an actuator that nobody wears."""

    def __init__(self, settings: Settings) -> None:
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

    def changes(self) -> list[ActuatorChange]:
        """Return, once, what was switched since the last call."""
        changes, self._changes = self._changes, []
        return changes

    def _obey(self, first: int, address: int, third: int) -> None:
        mode, group = first & 0b11, first >> 2 & 0b11111
        side = self._sides.get(group * GROUP_SIZE + address)
        if side is None or address >= GROUP_SIZE or mode not in (STOP, START, SOFT_STOP):
            self.bad_command_count += 1
            return
        self._changes.append(ActuatorChange(side, (third >> 3) / LARGEST_DUTY if mode == START else 0.0))
