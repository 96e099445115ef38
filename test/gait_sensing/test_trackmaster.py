# SPDX-License-Identifier: Apache-2.0
"""Trackmaster, and with it what both dialects of ``treadmill_line`` share."""

import math
from collections.abc import Callable

import pytest

from gait_sensing.samples import BeltReading, BeltSetpoint
from gait_sensing.treadmills.trackmaster import Driver, Emulator, Settings

Vectors = Callable[[str], dict[str, bytes]]

MPH_MPS = 0.44704
START, STOP, ZERO = b"\xa0", b"\xa2", b"\xa30000"


class Line:
    """A driver and its treadmill, set up, with every answer delivered at once."""

    def __init__(self, settings: Settings = Settings()) -> None:  # noqa: B008
        self.driver, self.treadmill = Driver(settings), Emulator(settings)
        self.readings: list[BeltReading] = []
        self.sent = b""
        self.write(self.driver.connect())

    def write(self, data: bytes) -> bytes:
        """Let the treadmill have ``data``; return it."""
        written = data
        while data:
            self.sent += data
            self.readings += self.driver.feed(self.treadmill.feed(data))
            data = self.driver.pending()
        return written

    def command(self, speed_mps: float, incline_rad: float = 0.0) -> bytes:
        return self.write(self.driver.command(BeltSetpoint(speed_mps, speed_mps, 0.5, incline_rad)))

    def run(self, duration_s: float) -> BeltReading:
        """Let time pass, polling as the node does."""
        for _ in range(round(duration_s / self.driver.poll_interval_s)):
            self.write(self.driver.poll())
            belts = self.treadmill.advance(self.driver.poll_interval_s)
        return belts


def walking(speed_mps: float = 1.0) -> Line:
    line = Line()
    line.command(speed_mps)
    line.run(3.0)
    return line


def test_published_commands(vectors: Vectors) -> None:
    published, line = vectors("trackmaster"), Line()
    assert line.driver.connect() == published["ask_state"]
    line = Line()
    assert line.command(2.7 * MPH_MPS) == published["speed_2_7_mph"] + published["start_timed"]
    line.run(1.0)
    assert line.command(4.0 * MPH_MPS) == published["speed_4_0_mph"]
    five_percent = line.command(4.0 * MPH_MPS, math.atan(0.05))
    assert five_percent == published["grade_5_0_percent"] + published["speed_4_0_mph"]
    line.treadmill.advance(0.4)
    assert line.run(6.0) == BeltReading(
        pytest.approx(4.0 * MPH_MPS), pytest.approx(4.0 * MPH_MPS), pytest.approx(math.atan(0.05))
    )


def test_published_answers(vectors: Vectors) -> None:
    published, driver = vectors("trackmaster"), Driver(Settings())
    assert driver.feed(published["speed_is_2_7_mph"]) == [], "no reading before the grade is known"
    assert driver.feed(published["grade_is_5_0_percent"]) == []
    (reading,) = driver.feed(published["speed_is_2_7_mph"])
    assert reading.left_speed_mps == reading.right_speed_mps == pytest.approx(2.7 * MPH_MPS)
    assert reading.incline_rad == pytest.approx(math.atan(0.05))
    driver.feed(published["out_of_range"] + published["unknown_command"])
    assert driver.counts.device_error_count == 2
    assert driver.counts.bytes_dropped_count == 0


def test_set_up_asks_and_moves_nothing() -> None:
    line = Line()
    assert line.treadmill.start_count == 0
    assert line.driver.feed(b"\xd10000") == [BeltReading(0.0, 0.0, 0.0)], "grade and state are known"


def test_polls_ask_for_the_speed_at_least_four_times_a_second() -> None:
    driver = Driver(Settings())
    polls = [driver.poll() for _ in range(round(2.0 / driver.poll_interval_s))]
    assert polls.count(b"\xc1") >= 8
    assert set(polls) <= {b"\xc1", b"\xc2"}, "while the speed is not answered nothing else is asked"
    line = Line()
    asked = [line.write(line.driver.poll()) for _ in range(8)]
    assert asked == [b"\xc2", b"\xc1", b"\xc0", b"\xc1"] * 2
    assert len(line.readings) >= 7, "each answer is a status once the speed is known"


def test_kilometres_an_hour() -> None:
    line = Line(Settings(unit="km/h"))
    assert line.command(1.0) == b"\xa30036" + START
    assert line.run(3.0).left_speed_mps == pytest.approx(1.0)
    assert line.readings[-1].left_speed_mps == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("left_mps", "right_mps", "acceleration_mps2", "incline_rad"),
    [
        (-0.1, -0.1, 0.5, 0.0),
        (6.8, 6.8, 0.5, 0.0),
        (1.0, 0.9, 0.5, 0.0),
        (math.nan, math.nan, 0.5, 0.0),
        (1.0, 1.0, 0.0, 0.0),
        (1.0, 1.0, math.inf, 0.0),
        (1.0, 1.0, 0.5, -0.01),
        (1.0, 1.0, 0.5, 0.25),
        (1.0, 1.0, 0.5, math.pi + 0.01),  # its tangent could be told
        (1.0, 1.0, 0.5, math.nan),
    ],
)
def test_what_the_line_cannot_say_is_refused(left_mps, right_mps, acceleration_mps2, incline_rad) -> None:
    line = Line()
    with pytest.raises(ValueError, match="got"):
        line.driver.command(BeltSetpoint(left_mps, right_mps, acceleration_mps2, incline_rad))
    assert line.driver.disconnect() == b"", "nothing was commanded"


def test_both_ends_of_what_it_can_say() -> None:
    line = Line()
    assert line.command(15.0 * MPH_MPS, math.atan(0.25)) == b"\xa40250\xa30150" + START


def test_the_elevation_is_set_in_steps_of_half_a_percent_and_only_when_it_differs() -> None:
    line = Line()
    assert line.command(1.0, math.atan(0.052)) == b"\xa40050\xa30022" + START
    line.run(10.0)
    for percent in (4.8, 5.0, 5.2):
        assert line.command(1.0, math.atan(percent / 100)) == b"\xa30022"
    assert line.command(1.0, math.atan(0.053)) == b"\xa40055\xa30022"


def test_rest_is_told_whatever_else_cannot_be() -> None:
    line = walking()
    assert line.driver.command(BeltSetpoint(0.0, 0.0, math.nan, -3.0)) == ZERO


def test_a_slow_belt_told_to_rest_is_switched_off() -> None:
    line = walking()
    assert line.command(0.0) == ZERO
    line.run(1.5)
    assert line.command(0.0) == ZERO + STOP
    assert line.treadmill.state == b"1"


def test_where_zero_is_out_of_range_the_belt_is_switched_off() -> None:
    line = walking()
    line.treadmill.least_units = 2
    assert line.command(0.0) == ZERO
    assert line.driver.counts.device_error_count == 1
    assert line.command(0.0) == STOP
    assert line.run(2.0).left_speed_mps == 0.0


def test_a_belt_is_started_once_and_at_the_speed_asked_for() -> None:
    line = Line()
    line.write(b"\xa30150")  # what somebody left there: an untold start would go to it
    assert line.command(0.5)[-1:] == START
    for _ in range(5):
        assert START not in line.command(0.5)
        assert line.run(0.5).left_speed_mps <= 0.5
    assert line.treadmill.start_count == 1


def test_a_speed_that_rounds_to_zero_starts_nothing() -> None:
    line = Line()
    assert line.command(0.02) == ZERO
    assert line.command(0.03) == b"\xa30001" + START


def test_a_belt_that_stopped_by_itself_is_not_started_again_before_rest_was_commanded() -> None:
    line = walking()
    line.treadmill.press_stop()
    line.run(0.4)
    for _ in range(3):
        with pytest.raises(ValueError, match=r"got 1 m/s.*stopped by itself"):
            line.command(1.0)
        line.run(1.0)
    line.command(0.0)
    assert START in line.command(0.5)


def test_a_state_from_before_the_start_is_no_stop() -> None:
    line = Line()
    line.write(line.driver.command(BeltSetpoint(1.0, 1.0, 0.5, 0.0)))
    line.driver.feed(b"\xd01")
    assert line.command(1.0) == b"\xa30022"


def test_nothing_moves_before_the_treadmill_has_told_its_state() -> None:
    driver = Driver(Settings())
    driver.connect()
    with pytest.raises(ValueError, match="not reported"):
        driver.command(BeltSetpoint(1.0, 1.0, 0.5, 0.0))
    driver.feed(b"\xd01")
    with pytest.raises(ValueError, match="not reported"):
        driver.command(BeltSetpoint(1.0, 1.0, 0.5, 0.0))


@pytest.mark.parametrize("is_started_by_others", [True, False])
def test_a_belt_without_timer_is_told_to_rest_only(is_started_by_others: bool) -> None:
    line = Line()
    if not is_started_by_others:
        line = walking()
    line.write(b"\xa1")  # as a corrupt A3 may start it
    line.run(0.4)
    with pytest.raises(ValueError, match="without its communication timer"):
        line.command(1.0)
    line.command(0.0)
    assert line.run(2.0).left_speed_mps == 0.0


def test_a_belt_that_is_on_already_needs_no_start() -> None:
    line = Line()
    line.write(START)
    line.run(0.4)
    assert line.command(1.0) == b"\xa30022"


def test_no_start_and_no_question_after_a_new_link() -> None:
    line = walking()
    line.write(line.driver.connect())
    line.treadmill.advance(0.6)
    assert line.treadmill.state == b"1"
    assert line.driver.pending() == b""
    assert line.treadmill.start_count == 1


def test_what_an_old_link_told_counts_no_more() -> None:
    line = walking()
    line.driver.connect()
    line.driver.feed(b"\xd01")
    line.driver.connect()
    line.driver.poll()
    line.driver.feed(b"\xd20000")
    with pytest.raises(ValueError, match="not reported"):
        line.driver.command(BeltSetpoint(1.0, 1.0, 0.5, 0.0))
    assert line.driver.disconnect() == b"", "nothing was commanded over this link"


def test_the_timer_stops_the_belt_half_a_second_after_the_host() -> None:
    line = walking()
    line.write(line.driver.poll())
    line.treadmill.advance(0.49)
    assert line.treadmill.state == b"2"
    assert line.treadmill.advance(0.02).left_speed_mps == pytest.approx(1.0, abs=0.03)
    assert line.treadmill.state == b"1"
    assert line.treadmill.advance(1.0).left_speed_mps == 0.0


def test_polls_and_commands_each_keep_the_timer_from_running_out() -> None:
    line = walking()
    for _ in range(20):
        line.treadmill.advance(0.4)
        line.write(line.driver.poll())
    for _ in range(20):
        line.treadmill.advance(0.4)
        line.command(1.0)
    assert line.treadmill.state == b"2"


def test_leaving_stops_what_was_commanded() -> None:
    line = walking()
    line.write(line.driver.disconnect())
    line.run(2.0)
    assert line.treadmill.advance(0.0).left_speed_mps == 0.0


def test_an_answer_to_another_question_is_refused() -> None:
    line = walking()
    line.driver.connect()  # asks for the state alone
    assert line.driver.feed(b"\xd20000\xd10000") == []
    assert line.driver.counts.bad_checksum_count == 2
    assert line.driver.counts.bytes_dropped_count == 10


def test_a_late_answer_is_taken_for_the_question_it_answers() -> None:
    line = walking()
    questions = [line.driver.poll() for _ in range(4)]  # C2, C1, C1, C1
    answers = [line.treadmill.feed(question) for question in questions]
    assert [len(line.driver.feed(answer)) for answer in answers] == [1] * 4
    assert line.driver.counts.bytes_dropped_count == 0


def test_a_lost_answer_does_not_stand_in_the_way_of_the_next() -> None:
    line = walking()
    before = len(line.readings)
    for _ in range(6):
        line.driver.poll()  # asked, never answered
    line.run(0.4)
    assert len(line.readings) - before >= 1


@pytest.mark.parametrize("state", [b"0", b"4", b"9"])
def test_an_unknown_state_is_none(state: bytes) -> None:
    driver = Driver(Settings())
    driver.connect()
    driver.feed(b"\xd0" + state + b"\xd20000")
    with pytest.raises(ValueError, match="not reported"):
        driver.command(BeltSetpoint(1.0, 1.0, 0.5, 0.0))


def test_only_these_commands_are_ever_sent() -> None:
    line = walking()
    line.command(1.2, 0.1)
    line.treadmill.press_stop()
    line.run(1.0)
    line.command(0.0)
    line.command(0.5)
    line.write(line.driver.disconnect())
    assert {byte for byte in line.sent if byte >= 0x80} == {0xA0, 0xA2, 0xA3, 0xA4, 0xC0, 0xC1, 0xC2}


def test_the_treadmill_says_nothing_unasked_and_takes_the_bytes_of_a_number_whatever_they_are() -> None:
    treadmill = Emulator(Settings())
    treadmill.advance(10.0)
    assert treadmill.feed(b"") == b""
    assert treadmill.feed(b"\xa30") == b"", "it waits for the rest"
    assert treadmill.feed(b"\xc1\xc1\xc1") == b"\xbe"
    assert treadmill.feed(b"\xa90150") == b"\xb9", "a weight, here"
    assert treadmill.feed(b"\xa40043") == b"\xbe", "not half a percent"
    assert treadmill.feed(b"\xa30151\x07") == b"\xbe\xbf"
