# SPDX-License-Identifier: Apache-2.0
"""VibraForge vibration actuators, protocol v2, over USB serial at 115200 baud 8N1 (the same bytes go over BLE).

Three bytes a command, any number in one write: waveform (1 sine, 0 square) << 7 | group << 2 | mode (0 stop, 1 start,
2 soft stop); address in the group, 0 to 7; duty 0 to 31 << 3 | frequency index 0 to 7. FF FF FF is padding. Actuators
0 to 31 lie in four groups of eight.

Source: DariusGiannoli/LIS, docs/protocol.md, python/serial_api.py and firmware/serial/controller.ino, as restated in
the vectors; the design descends from VibraForge (Huang et al., CHI 2025). Confidence: high.

The device answers nothing, and has neither sync nor checksum: one lost byte shifts every later command until it is
reset, which opening the port does. Hence every write is whole commands. After its reset it prints a line beginning
with "Ready", up to 2 s later; what was written before may be lost, so everything is switched off again then. What
both protocols share is in ``gait_feedback/vibraforge.py``.
"""

from dataclasses import dataclass

from gait_feedback.cue import Answer
from gait_feedback.vibraforge import VibraForgeDriver, VibraForgeEmulator, WornSettings
from gait_parts.settings import setting
from gait_sensing.samples import Side

GROUP_SIZE = 8
LARGEST_DUTY = 31
STOP, START, SOFT_STOP = 0, 1, 2
LONGEST_LINE_BYTES = 200
READY = b"Ready"


@dataclass(frozen=True)
class Settings(WornSettings):
    """Which actuator is worn where, and how it vibrates."""

    left_actuator: int = setting(0, "number of the actuator on the left", low=0, high=31)
    right_actuator: int = setting(1, "number of the actuator on the right", low=0, high=31)
    waveform: str = setting("sine", "shape of the drive", choices=("sine", "square"))


class Driver(VibraForgeDriver):
    """Host side."""

    largest_duty = LARGEST_DUTY

    def __init__(self, settings: Settings) -> None:
        """Take the settings; nothing is written yet."""
        super().__init__()
        self._settings = settings
        self._line = b""

    def connect(self) -> bytes:
        """Forget a half line and switch both actuators off."""
        self._line = b""
        return super().connect()

    def start_command(self, side: Side, duty: int) -> bytes:
        """Switch on with the waveform and frequency of the settings."""
        is_sine = self._settings.waveform == "sine"
        return self._command(side, is_sine << 7 | START, duty << 3 | self._settings.frequency_index)

    def stop(self, side: Side) -> bytes:
        """Switch off at once."""
        return self._command(side, STOP, 0)

    def feed(self, data: bytes) -> list[Answer]:
        """Look for the line that tells of a start; there are no acknowledgements."""
        *lines, self._line = (self._line + data).split(b"\n")
        self._line = self._line[-LONGEST_LINE_BYTES:]
        for line in lines:
            if line.startswith(READY):
                self.counts.frame_count += 1
                self._pending = self.stop(Side.LEFT) + self.stop(Side.RIGHT)
            else:
                self.counts.bytes_dropped_count += len(line) + 1
        return []

    def _command(self, side: Side, first: int, third: int) -> bytes:
        group, address = divmod(self._settings.actuators[side], GROUP_SIZE)
        return bytes((first | group << 2, address, third))


class Emulator(VibraForgeEmulator):
    """Device side."""

    def read_command(self, first: int, second: int, third: int) -> tuple[int | None, float]:
        """See ``VibraForgeEmulator``."""
        mode, group = first & 0b11, first >> 2 & 0b11111
        if second >= GROUP_SIZE or mode not in (STOP, START, SOFT_STOP):
            return None, 0.0
        return group * GROUP_SIZE + second, (third >> 3) / LARGEST_DUTY if mode == START else 0.0
