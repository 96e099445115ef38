# SPDX-License-Identifier: Apache-2.0
"""Trackmaster (Full Vision) treadmills with the RS-232 or USB option; the line is ``treadmill_line``.

Speed ``A3`` and four digits, tenths of a mile or kilometre an hour, forward only. Elevation ``A4`` and four digits,
tenths of a percent, the last of them 0 or 5. A belt started by ``A0`` stops when no command came for 0.5 s. ``A1``
starts it without that timer and ``A9`` sets a weight here: neither is ever sent.

Source: Trackmaster service manuals (TMX428/TMX58, 317-160-406, chapter 8; FVX/TMX series, 2006, section 9), and
the client trackmaster-python, whose range of 0.2 to 15 mph and 0 to 25 % is the one used here. Confidence: high for the
messages and the timer; medium for the ranges, which differ between models; unknown how fast the belt changes its speed,
whether a set speed outlives a stop, and whether 0 is a speed that can be set.
"""

from dataclasses import dataclass
from typing import ClassVar

from gait_sensing.treadmill_line import Dialect, LineDriver, LineSettings
from gait_sensing.treadmill_line_emulator import LineEmulator

DIGITS_AFTER = {0xA3: 4, 0xA4: 4, 0xA5: 4, 0xA6: 2, 0xA7: 2, 0xA9: 4}
DIALECT = Dialect(
    most_speed_units={"mph": 150, "km/h": 241},
    most_grade_units=250,
    grade_unit_step=5,
    has_sign=False,
    digits_after={code: DIGITS_AFTER.get(code, 0) for code in (*range(0xA0, 0xAD), 0xC0, 0xC1, 0xC2)},
    untimed_start=0xA1,
)


@dataclass(frozen=True)
class Settings(LineSettings):
    """Settings of the line; limits of speed and elevation are the belt gate's."""


class Driver(LineDriver):
    """Host side."""

    can_reverse: ClassVar[bool] = False
    dialect: ClassVar[Dialect] = DIALECT


class Emulator(LineEmulator):
    """Device side."""

    dialect: ClassVar[Dialect] = DIALECT
