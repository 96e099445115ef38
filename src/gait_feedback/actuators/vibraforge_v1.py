# SPDX-License-Identifier: Apache-2.0
"""VibraForge vibration actuators, protocol v1, the open hardware's own: over Bluetooth LE behind a serial bridge.

Three bytes a command: group << 2 | 1 start or 0 stop; 0x40 | address in the group, 0 to 63; 0x80 | duty 0 to 15 << 3 |
frequency index 0 to 7. FF FF FF is padding. Actuators hang in chains, and a group is a chain. How many numbers a chain
has is a choice of whoever built it: the maker's editor counts 16, the maker's server script 30.

Source: huangbj16/VibraForge (GUI_Editor, Software_Design/Python_Server and the control unit's firmware), as restated in
the vectors; Huang et al., CHI 2025. Confidence: high for the bytes; medium for where a bridge cuts them.

The control unit takes a Bluetooth write of any number of whole commands, and drops one whose length is no multiple of
three. It answers nothing. The maker pads writes to 20 commands, which the control unit skips; nothing is padded here.
What both protocols share is in ``gait_feedback/vibraforge.py``.
"""

from dataclasses import dataclass

from gait_feedback.vibraforge import VibraForgeDriver, VibraForgeEmulator, WornSettings
from gait_parts.settings import setting
from gait_sensing.samples import Side

LARGEST_DUTY = 15
LARGEST_GROUP = 15  # the control unit reads four bits
STOP, START = 0, 1
ADDRESS, DUTY = 0x40, 0x80  # the top bits that tell the second and third byte from the first


@dataclass(frozen=True)
class Settings(WornSettings):
    """Which actuator is worn where, and how many numbers a chain has."""

    chain_length_count: int = setting(16, "numbers in a chain: 16 as the maker's editor counts, or 30", low=1, high=64)

    def __post_init__(self) -> None:
        """Check each setting, then that both actuators lie in a chain that can be addressed."""
        super().__post_init__()
        largest = self.chain_length_count * (LARGEST_GROUP + 1) - 1
        for name, number in (("left_actuator", self.left_actuator), ("right_actuator", self.right_actuator)):
            if number > largest:
                raise ValueError(f"{name}: got {number}, allowed 0 to {largest} in chains of {self.chain_length_count}")


class Driver(VibraForgeDriver):
    """Host side."""

    largest_duty = LARGEST_DUTY

    def __init__(self, settings: Settings) -> None:
        """Take the settings; nothing is written yet."""
        super().__init__()
        self._settings = settings

    def start_command(self, side: Side, duty: int) -> bytes:
        """Switch on at the frequency of the settings."""
        return self._command(side, START, duty << 3 | self._settings.frequency_index)

    def stop(self, side: Side) -> bytes:
        """Switch off at once."""
        return self._command(side, STOP, 0)

    def _command(self, side: Side, mode: int, drive: int) -> bytes:
        group, address = divmod(self._settings.actuators[side], self._settings.chain_length_count)
        return bytes((group << 2 | mode, ADDRESS | address, DUTY | drive))


class Emulator(VibraForgeEmulator):
    """Device side."""

    def __init__(self, settings: Settings) -> None:
        """Begin with everything off."""
        super().__init__(settings)
        self._chain_length_count = settings.chain_length_count

    def read_command(self, first: int, second: int, third: int) -> tuple[int | None, float]:
        """See ``VibraForgeEmulator``. Only the bits that the control unit reads count."""
        group, address = first >> 2 & LARGEST_GROUP, second & 0b111111
        if address >= self._chain_length_count:
            return None, 0.0
        number = group * self._chain_length_count + address
        return number, (third >> 3 & LARGEST_DUTY) / LARGEST_DUTY if first & START else 0.0
