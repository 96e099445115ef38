# SPDX-License-Identifier: Apache-2.0
"""Woodway treadmills of the United States' serial dialect; the line is ``treadmill_line``.

One driver is one belt on one serial port; a split-belt treadmill has two. Speed ``A3``, a sign, '0' forward or
'3' reverse, and three digits, up to 29.9; 0.0 is forward. Elevation ``A4`` and four digits, tenths of a percent, up to
29.9. ``A0`` starts the belt with a communication timer. ``A9`` starts it without: neither it nor ``A1`` is ever sent.

Source: the client pyWoodway (Munroe-Meyer Institute), whose reading of 0.0 as reverse and whose fifth digit below -9.9
are taken for its mistakes. Confidence: medium for the messages; low for the byte of state, taken to mean what
it does in Trackmaster's manual, of the same family; unknown how long the timer is, and the range in km/h.
"""

from dataclasses import dataclass
from typing import ClassVar

from gait_sensing.treadmill_line import Dialect, LineDriver, LineSettings
from gait_sensing.treadmill_line_emulator import LineEmulator

DIALECT = Dialect(
    most_speed_units={"mph": 299, "km/h": 299},
    most_grade_units=299,
    grade_unit_step=1,
    has_sign=True,
    digits_after={0xA0: 0, 0xA2: 0, 0xA3: 4, 0xA4: 4, 0xA9: 0, 0xAA: 0, 0xC0: 0, 0xC1: 0, 0xC2: 0},
    untimed_start=0xA9,
)


@dataclass(frozen=True)
class Settings(LineSettings):
    """Settings of the line; limits of speed and elevation are the belt gate's."""


class Driver(LineDriver):
    """Host side of one belt."""

    can_reverse: ClassVar[bool] = True
    dialect: ClassVar[Dialect] = DIALECT


class Emulator(LineEmulator):
    """Device side of one belt."""

    dialect: ClassVar[Dialect] = DIALECT
