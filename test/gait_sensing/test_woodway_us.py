# SPDX-License-Identifier: Apache-2.0
"""Where Woodway's dialect differs; what it shares with Trackmaster's is tested there."""

import math
from collections.abc import Callable

import pytest

from gait_sensing.samples import BeltReading, BeltSetpoint
from gait_sensing.treadmills.woodway_us import Driver, Emulator, Settings

Vectors = Callable[[str], dict[str, bytes]]

MPH_MPS = 0.44704


def connected() -> Driver:
    """A driver that knows its treadmill: level, and at rest."""
    driver = Driver(Settings())
    driver.connect()
    driver.feed(b"\xd01")
    driver.pending()
    driver.feed(b"\xd20000")
    return driver


def command(driver: Driver, speed_mps: float, incline_rad: float = 0.0) -> bytes:
    return driver.command(BeltSetpoint(speed_mps, speed_mps, 0.5, incline_rad))


def test_published_commands(vectors: Vectors) -> None:
    published = vectors("woodway_us")
    assert command(connected(), 2.5 * MPH_MPS) == published["speed_2_5_mph"] + published["start_timed"]
    assert command(connected(), -1.0 * MPH_MPS)[:5] == published["speed_reverse_1_0_mph"]
    assert command(connected(), 1.0, math.atan(0.05))[:5] == published["grade_5_0_percent"]
    assert command(connected(), 0.0) == published["speed_0_mph"] + published["disengage"]


@pytest.mark.parametrize(("name", "speed_mph"), [("speed_is_2_5_mph", 2.5), ("speed_is_reverse_1_0_mph", -1.0)])
def test_published_answers(vectors: Vectors, name: str, speed_mph: float) -> None:
    published, driver = vectors("woodway_us"), Driver(Settings())
    driver.feed(published["grade_is_5_0_percent"])
    (reading,) = driver.feed(published[name])
    assert reading == BeltReading(
        pytest.approx(speed_mph * MPH_MPS), pytest.approx(speed_mph * MPH_MPS), pytest.approx(math.atan(0.05))
    )
    driver.feed(published["master_timeout"] + published["invalid_data"] + published["invalid_command"])
    assert driver.counts.device_error_count == 3


@pytest.mark.parametrize("speed_mps", [0.0, -0.0, 0.01, -0.01])
def test_zero_is_forward(speed_mps: float) -> None:
    assert command(connected(), speed_mps)[:5] == b"\xa30000"


def test_a_measured_zero_in_reverse_is_zero() -> None:
    (reading,) = connected().feed(b"\xd13000")
    assert math.copysign(1.0, reading.left_speed_mps) == 1.0 and reading.left_speed_mps == 0.0


def test_fast_in_reverse_takes_three_digits() -> None:
    assert command(connected(), -10.0 * MPH_MPS)[:5] == b"\xa33100"
    assert command(connected(), -29.9 * MPH_MPS)[:5] == b"\xa33299"


@pytest.mark.parametrize("speed_mph", [30.0, -30.0])
def test_more_than_three_digits_are_refused(speed_mph: float) -> None:
    with pytest.raises(ValueError, match="the treadmill can be told"):
        command(connected(), speed_mph * MPH_MPS)


@pytest.mark.parametrize("digits", [b"1000", b"2010", b"9999"])
def test_an_unknown_sign_is_no_speed(digits: bytes) -> None:
    driver = connected()
    assert driver.feed(b"\xd1" + digits) == []
    assert driver.counts.bad_checksum_count == 1


def test_the_elevation_is_set_in_tenths_of_a_percent() -> None:
    assert command(connected(), 1.0, math.atan(0.043))[:5] == b"\xa40043"
    with pytest.raises(ValueError, match="incline"):
        command(connected(), 1.0, math.atan(0.3))


def test_the_belt_runs_backward() -> None:
    treadmill = Emulator(Settings())
    treadmill.feed(command(connected(), -1.0 * MPH_MPS))
    treadmill.advance(0.4)
    assert treadmill.feed(b"\xc1") == b"\xd13009"
    assert treadmill.advance(0.1).left_speed_mps == pytest.approx(-MPH_MPS)


def test_the_start_without_timer_is_another_command_here() -> None:
    treadmill = Emulator(Settings())
    assert treadmill.feed(b"\xa9\xc0") == b"\xb9\xd03"
    assert treadmill.feed(b"\xa1") == b"\xbf"
