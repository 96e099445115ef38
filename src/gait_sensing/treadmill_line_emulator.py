# SPDX-License-Identifier: Apache-2.0
"""The treadmill's side of ``treadmill_line``: a belt with its own ramp, its own timer, and nothing said unasked.

Where manuals are silent it does what is worst for the host: a command takes the bytes that follow it whatever they
are, a set speed outlives a stop, and a belt that is started goes to it.
"""

import math
from typing import ClassVar

from gait_sensing.samples import BeltReading
from gait_sensing.treadmill_line import (
    ANSWER,
    GET_GRADE,
    GET_SPEED,
    GET_STATE,
    GRADE_STEP,
    OUT_OF_RANGE,
    RUNNING,
    RUNNING_UNTIMED,
    SET_GRADE,
    SET_SPEED,
    START,
    STEP_MPS,
    STOP,
    STOPPED,
    UNKNOWN_COMMAND,
    Dialect,
    LineSettings,
)

TIMER_S = 0.5
RAMP_MPS2 = 1.0  # up, down, and when it stops by itself
GRADE_RATE_PER_S = 0.01  # rise over run
AUTO_STOP = 0xAA


class LineEmulator:
    """One belt. ``least_units`` is the slowest set speed that it takes; some models refuse 0."""

    status_interval_s: ClassVar[float] = 0.1  # how often a host that polls hears of it
    dialect: ClassVar[Dialect]

    def __init__(self, settings: LineSettings) -> None:
        self.start_count = 0
        self.least_units = 0
        self.state = STOPPED
        self._step_mps = STEP_MPS[settings.unit]
        self._most_units = self.dialect.most_speed_units[settings.unit]
        self._set_units = self._set_grade_units = 0
        self._speed_mps = self._grade = 0.0
        self._silent_s = 0.0  # since the last command
        self._buffer = bytearray()

    def feed(self, data: bytes) -> bytes:
        """Take what the host wrote; return the answers."""
        self._buffer += data
        answers = b""
        while self._buffer:
            length = 1 + self.dialect.digits_after.get(self._buffer[0], 0)
            if len(self._buffer) < length:
                break
            answers += self._obey(self._buffer[0], bytes(self._buffer[1:length]))
            del self._buffer[:length]
        return answers

    def advance(self, duration_s: float) -> BeltReading:
        """Move belt and deck on by ``duration_s``; the timer may run out on the way."""
        timed_s = TIMER_S - self._silent_s if self.state == RUNNING else math.inf
        self._silent_s += duration_s
        if timed_s < duration_s:
            self._move(timed_s)
            self.state = STOPPED
            duration_s -= timed_s
        self._move(duration_s)
        return BeltReading(self._speed_mps, self._speed_mps, math.atan(self._grade))

    def encode(self, reading: BeltReading) -> bytes:
        """Return the answers to the two questions that make a reading: elevation, then speed."""
        grade_units = round(math.tan(reading.incline_rad) / GRADE_STEP)
        speed = self.dialect.speed_digits(round(reading.left_speed_mps / self._step_mps))
        return b"%c%04d%c%s" % (GET_GRADE + ANSWER, grade_units, GET_SPEED + ANSWER, speed)

    def press_stop(self) -> None:
        """Somebody presses the treadmill's own stop button."""
        self.state = STOPPED

    def _obey(self, code: int, digits: bytes) -> bytes:
        if code not in self.dialect.digits_after:
            return b"%c" % UNKNOWN_COMMAND
        self._silent_s = 0.0
        if code >= GET_STATE:
            return b"%c%s" % (code + ANSWER, self._answer(code))
        if digits and not self._is_taken(code, digits):
            return b"%c" % OUT_OF_RANGE
        if code in (START, self.dialect.untimed_start):
            self.start_count += self.state == STOPPED
            self.state = RUNNING if code == START else RUNNING_UNTIMED
        elif code in (STOP, AUTO_STOP):
            self.state = STOPPED
        return b"%c" % (code + ANSWER)

    def _is_taken(self, code: int, digits: bytes) -> bool:
        """Take the value that follows a command, unless it is out of range."""
        if not digits.isdigit():
            return False
        if code == SET_SPEED:
            units = self.dialect.speed_units(digits)
            if units is None or not self.least_units <= abs(units) <= self._most_units:
                return False
            self._set_units = units
        elif code == SET_GRADE:
            if int(digits) > self.dialect.most_grade_units or int(digits) % self.dialect.grade_unit_step:
                return False
            self._set_grade_units = int(digits)
        return True

    def _answer(self, code: int) -> bytes:
        if code == GET_STATE:
            return self.state
        if code == GET_SPEED:
            return self.dialect.speed_digits(round(self._speed_mps / self._step_mps))
        return b"%04d" % round(self._grade / GRADE_STEP)

    def _move(self, duration_s: float) -> None:
        goal_mps = 0.0 if self.state == STOPPED else self._set_units * self._step_mps
        self._speed_mps = _approach(self._speed_mps, goal_mps, RAMP_MPS2 * duration_s)
        self._grade = _approach(self._grade, self._set_grade_units * GRADE_STEP, GRADE_RATE_PER_S * duration_s)


def _approach(value: float, goal: float, step: float) -> float:
    return min(value + step, goal) if value < goal else max(value - step, goal)
