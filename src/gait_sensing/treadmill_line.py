# SPDX-License-Identifier: Apache-2.0
"""The serial language that Trackmaster and Woodway treadmills share, host side; ``Dialect`` says what differs.

4800 baud, 8N1. A message is one byte, in some followed by ASCII digits; no sync word, terminator or checksum. The
treadmill speaks when spoken to only::

    A0 start with communication timer -> B0    C0 state     -> D0 and '1' stopped, '2' running, '3' running untimed
    A2 stop the belt                  -> B2    C1 speed     -> D1 and 4 digits, 0.1 mph or 0.1 km/h
    A3 set speed, 4 digits            -> B3    C2 elevation -> D2 and 4 digits, 0.1 %
    A4 set elevation, 4 digits        -> B4    errors: BD timeout, BE value out of range, BF unknown command

A belt that A0 started is stopped by the treadmill when nothing has come for 0.5 s (Trackmaster). The host keeps that
timer from running out with ``poll``, which whoever watches over the belts must write: what keeps a belt moving is the
watch itself and no other thread.

Decisions. *A0* starts a belt, so it is sent once: with the first speed above 0 after rest was commanded or the link
made, and only if the treadmill reports that it stands. A belt that then stops by itself (its own stop button, its
timer) is not started again: motion is refused until rest has been commanded. *State '3'*, running untimed, is running
too, but motion is refused on it, since nobody would stop it if the host died. *Zero* is a set speed that some models
refuse as out of range: then, and whenever the belt is slow, A2 follows. *Answers* that were not asked for are refused
while others are awaited, so that a corrupt first byte seldom turns a grade into a speed. *Status*: each answer to a
poll is one, ten a second, with speed and grade as last answered. The speed is 0.1 s old at most: every other question
is for it, and while it is not answered nothing else is asked. Questions and commands together are 20 messages a second,
which is what 4800 baud leave to a treadmill that takes some 30 ms to answer.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from gait_parts import settings as parts
from gait_parts.settings import setting
from gait_sensing.driver import TreadmillDriver
from gait_sensing.samples import BeltReading, BeltSetpoint, TreadmillReport
from gait_sensing.wires.framing import INCOMPLETE, NOT_A_FRAME, FrameFormat, FrameSplitter

START, STOP, SET_SPEED, SET_GRADE = 0xA0, 0xA2, 0xA3, 0xA4
GET_STATE, GET_SPEED, GET_GRADE = 0xC0, 0xC1, 0xC2
ANSWER = 0x10  # is added to the first byte of what is answered
OUT_OF_RANGE, UNKNOWN_COMMAND = 0xBE, 0xBF
TIMER_RAN_OUT = 0xBD
ERRORS = {
    TIMER_RAN_OUT: "its communication timer ran out",
    OUT_OF_RANGE: "it was told a value out of its range",
    UNKNOWN_COMMAND: "it was told a command that it does not know",
}
DIGITS_AFTER = {GET_STATE + ANSWER: 1, GET_SPEED + ANSWER: 4, GET_GRADE + ANSWER: 4}
STOPPED, RUNNING, RUNNING_UNTIMED = b"1", b"2", b"3"
QUESTIONS = (GET_SPEED, GET_GRADE, GET_SPEED, GET_STATE)  # in turn
LONGEST_UNANSWERED_COUNT = 4
POLL_INTERVAL_S = 0.1
COMMAND_INTERVAL_S = 0.1
SLOW_MPS = 0.1  # a belt told to rest is switched off from here down
STEP_MPS = {"mph": 0.044704, "km/h": 1.0 / 36.0}
GRADE_STEP = 0.001  # rise over run, of a tenth of a percent


@dataclass(frozen=True)
class LineSettings(parts.Settings):
    """Settings of either maker's treadmill."""

    unit: str = setting(
        "mph", "unit that the treadmill itself is set to; a wrong one is a wrong speed", choices=("mph", "km/h")
    )


@dataclass(frozen=True, slots=True)
class Dialect:
    """What the two makers do differently."""

    most_speed_units: Mapping[str, int]  # by unit of the settings
    most_grade_units: int  # tenths of a percent
    grade_unit_step: int  # the last digit must be a multiple of it
    has_sign: bool  # the first of the four digits of a speed is '0' forward or '3' reverse
    digits_after: Mapping[int, int]  # every command of the host, and the digits that follow it
    untimed_start: int  # the command that starts a belt without timer; never sent

    def speed_digits(self, units: int) -> bytes:
        """Return the four digits of a speed; 0 is forward."""
        return b"%s%03d" % (b"3" if units < 0 else b"0", abs(units)) if self.has_sign else b"%04d" % units

    def speed_units(self, digits: bytes) -> int | None:
        """Return the speed that four digits say, or None when they say none."""
        if not digits.isdigit() or (self.has_sign and digits[:1] not in b"03"):
            return None
        if not self.has_sign:
            return int(digits)
        return -int(digits[1:]) if digits[:1] == b"3" else int(digits[1:])


class LineDriver(TreadmillDriver):
    """Host side of one belt on one serial line."""

    is_split: ClassVar[bool] = False
    has_acceleration: ClassVar[bool] = False
    has_checksum: ClassVar[bool] = False
    dialect: ClassVar[Dialect]

    def __init__(self, settings: LineSettings) -> None:
        super().__init__()
        self.min_command_interval_s, self.poll_interval_s = COMMAND_INTERVAL_S, POLL_INTERVAL_S
        self.speed_step_mps = STEP_MPS[settings.unit]
        self.incline_step_rad = math.atan(GRADE_STEP * self.dialect.grade_unit_step)
        self.max_speed_mps = self.dialect.most_speed_units[settings.unit] * self.speed_step_mps
        self.incline_range_rad = (0.0, math.atan(self.dialect.most_grade_units * GRADE_STEP))
        self._splitter = FrameSplitter(self._formats(), self.counts)
        self._forget()

    def _forget(self) -> None:
        """Know nothing of the treadmill: the link is new."""
        self._state: bytes | None = None
        self._speed_units: int | None = None
        self._grade_units: int | None = None
        self._asked: list[int] = []  # questions without answer, oldest first
        self._poll_count = 0
        self._is_reading_due = False  # asked, and nothing answered since
        self._is_under_way = False  # motion was commanded, and rest not since
        self._has_stopped_itself = False
        self._last_units: int | None = None  # the speed last commanded over this link
        self._is_zero_refused = False

    def connect(self) -> bytes:
        """Ask for the state; its answer brings the next question."""
        self._splitter.clear()
        self._pending = b""
        self._forget()
        return self._ask(GET_STATE)

    def disconnect(self) -> bytes:
        """Return a stop if anything was commanded over this link."""
        return b"" if self._last_units is None else self._rest()

    def poll(self) -> bytes:
        """Return the next question; any question keeps the treadmill's timer from running out.

        A speed that was not answered is asked for again.
        """
        self._is_reading_due = True
        if GET_SPEED in self._asked[-1:]:
            return b"%c" % GET_SPEED  # still one question: its answer may only be late
        self._poll_count += 1
        return self._ask(QUESTIONS[self._poll_count % len(QUESTIONS)])

    def feed(self, data: bytes) -> list[BeltReading]:
        """Return a reading for each answer to a poll once speed and grade are known; see ``driver.TreadmillDriver``."""
        readings = []
        for frame in self._splitter.feed(data):
            code, digits = frame[0], frame[1:]
            if code == GET_STATE + ANSWER:
                self._take_state(digits)
            elif code == GET_GRADE + ANSWER:
                self._grade_units = int(digits)
            elif code == GET_SPEED + ANSWER:
                self._speed_units = self.dialect.speed_units(digits)
            elif code in ERRORS:
                self._take_error(code)
            if code == GET_SPEED + ANSWER or (self._is_reading_due and code - ANSWER in QUESTIONS):
                readings += self._reading()
                self._is_reading_due = False
        self.counts.reading_count += len(readings)
        return readings

    def command(self, setpoint: BeltSetpoint) -> bytes:
        """Return what asks for ``setpoint``.

        Both speeds 0: zero, and A2 once the belt is slow; elevation and acceleration are not looked at, so that
        nothing keeps a belt from being stopped. Otherwise the speed, before it A4 when the elevation differs from the
        reported one, and after it A0 when a standing belt is to start. Raises ``ValueError`` for what the line cannot
        say, and for motion that the treadmill's state forbids.
        """
        if setpoint.left_speed_mps == setpoint.right_speed_mps == 0.0:
            return self._rest()
        units, grade_units = self._in_units(setpoint)
        known_grade_units = self._known_grade_units(setpoint.left_speed_mps)
        data = self._set_speed(units)
        if grade_units != known_grade_units:
            data = b"%c%04d" % (SET_GRADE, grade_units) + data
        if units != 0 and not self._is_under_way:
            self._is_under_way, self._is_zero_refused = True, False
            data += b"%c" % START if self._state == STOPPED else b""
        return data

    def _rest(self) -> bytes:
        self._is_under_way = self._has_stopped_itself = False
        stop = b"%c" % STOP
        if self._is_zero_refused:
            return stop
        is_slow = abs(self._speed_units or 0) * self.speed_step_mps <= SLOW_MPS
        return self._set_speed(0) + (stop if is_slow else b"")

    def _set_speed(self, units: int) -> bytes:
        self._last_units = units
        return b"%c%s" % (SET_SPEED, self.dialect.speed_digits(units))

    def _known_grade_units(self, speed_mps: float) -> int:
        """Return the reported elevation as it could be set. Raises ``ValueError`` when no belt may move now."""
        problem = ""
        if self._state is None or self._grade_units is None:
            problem = "it has not reported its state and elevation yet"
        elif self._state == RUNNING_UNTIMED:
            problem = "it runs without its communication timer"
        elif self._has_stopped_itself:
            problem = "it has stopped by itself"
        if problem or self._grade_units is None:
            raise ValueError(f"speed: got {speed_mps:g} m/s, the treadmill can be told 0 only: {problem}")
        return self._to_grade_step(self._grade_units)

    def _in_units(self, setpoint: BeltSetpoint) -> tuple[int, int]:
        """Return speed and elevation in the line's units. Raises ``ValueError`` for what it cannot say."""
        speed_mps, acceleration_mps2 = setpoint.left_speed_mps, setpoint.acceleration_mps2
        if speed_mps != setpoint.right_speed_mps:  # NaN too
            raise ValueError(f"speeds: got {speed_mps:g} and {setpoint.right_speed_mps:g} m/s, there is one belt")
        if not 0.0 < acceleration_mps2 < math.inf:
            raise ValueError(f"acceleration: got {acceleration_mps2:g} m/s2, expected above 0")
        _check("speed (m/s)", speed_mps, -self.max_speed_mps if self.can_reverse else 0.0, self.max_speed_mps)
        _check("incline (rad)", setpoint.incline_rad, 0.0, math.atan(self.dialect.most_grade_units * GRADE_STEP))
        grade_units = self._to_grade_step(math.tan(setpoint.incline_rad) / GRADE_STEP)
        return round(speed_mps / self.speed_step_mps), grade_units

    def _to_grade_step(self, units: float) -> int:
        return self.dialect.grade_unit_step * round(units / self.dialect.grade_unit_step)

    def _ask(self, question: int) -> bytes:
        self._asked = [*self._asked, question][-LONGEST_UNANSWERED_COUNT:]
        return b"%c" % question

    def _take_state(self, state: bytes) -> None:
        if self._is_under_way and self._state in (RUNNING, RUNNING_UNTIMED) and state == STOPPED:
            self._has_stopped_itself = True
            self._reports.append(TreadmillReport("it has stopped by itself", is_stop=True))
        self._state = state
        if self._grade_units is None:
            self._pending += self._ask(GET_GRADE)

    def _take_error(self, code: int) -> None:
        """Some models refuse 0; anything else that goes wrong is a fault."""
        self.counts.device_error_count += 1
        self._is_zero_refused |= self._last_units == 0
        if code == TIMER_RAN_OUT or self._last_units != 0:
            self._reports.append(TreadmillReport(ERRORS[code], is_stop=False))

    def _reading(self) -> list[BeltReading]:
        if self._speed_units is None or self._grade_units is None:
            return []
        speed_mps = self._speed_units * self.speed_step_mps
        return [BeltReading(speed_mps, speed_mps, math.atan(self._grade_units * GRADE_STEP))]

    def _formats(self) -> tuple[FrameFormat, ...]:
        plain = [code + ANSWER for code in self.dialect.digits_after if code < GET_STATE]
        return (
            *(FrameFormat(b"%c" % code, _answer_length, self._is_awaited) for code in DIGITS_AFTER),
            *(FrameFormat(b"%c" % code, lambda buffer, at: 1, bool) for code in (*plain, *ERRORS)),
        )

    def _is_awaited(self, answer: bytes) -> bool:
        """Whether an answer makes sense and was asked for, or nothing is awaited; the question is then done."""
        code, digits = answer[0], answer[1:]
        if code == GET_STATE + ANSWER and digits not in (STOPPED, RUNNING, RUNNING_UNTIMED):
            return False
        if code == GET_SPEED + ANSWER and self.dialect.speed_units(digits) is None:
            return False
        question = code - ANSWER
        if question in self._asked:
            del self._asked[: self._asked.index(question) + 1]
            return True
        return not self._asked


def _answer_length(buffer: bytearray, at: int) -> int:
    """Length of the answer at ``at``: as soon as anything but a digit follows, there is none."""
    length = 1 + DIGITS_AFTER[buffer[at]]
    digits = buffer[at + 1 : at + length]
    if digits and not digits.isdigit():
        return NOT_A_FRAME
    return length if len(digits) == length - 1 else INCOMPLETE


def _check(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:  # NaN too
        raise ValueError(f"{name}: got {value:g}, the treadmill can be told {low:g} to {high:g}")
