# SPDX-License-Identifier: Apache-2.0
import math

import pytest

from gait_sensing.belt_gate.limits import GateSettings, fitted
from gait_sensing.belt_wires import BeltWires
from gait_sensing.samples import BeltReading, BeltSetpoint
from gait_sensing.treadmills import bertec_classic, trackmaster, woodway_us


def wires(part, count: int = 1) -> BeltWires:
    return BeltWires([part.Driver(part.Settings()) for _ in range(count)])


def ready_pair(right_grade: bytes = b"0000") -> BeltWires:
    """Two belts that stand, and have said so."""
    pair = wires(woodway_us, 2)
    for wire, grade in enumerate((b"0000", right_grade)):
        pair.drivers[wire].connect()
        pair.feed(wire, b"\xd01", 0.0)
        pair.drivers[wire].pending()
        pair.feed(wire, b"\xd2" + grade + b"\xd10000", 0.0)
    return pair


def test_one_wire_is_passed_through() -> None:
    belts = wires(bertec_classic)
    driver, emulator = bertec_classic.Driver(bertec_classic.Settings()), bertec_classic.Emulator(None)
    wanted = BeltSetpoint(1.0, 0.8, 0.5, 0.0)
    assert belts.command(wanted, 0.0) == [driver.command(wanted)]
    assert belts.feed(0, emulator.encode(BeltReading(0.5, 0.25, 0.0)), 0.0) == [BeltReading(0.5, 0.25, 0.0)]
    assert (belts.is_split, belts.has_acceleration) == (True, True)
    assert belts.poll(100.0) == [b""], "a Bertec is not asked"


def test_two_wires_of_a_treadmill_that_needs_one_are_refused() -> None:
    with pytest.raises(ValueError, match="right_url"):
        wires(bertec_classic, 2)


def test_two_wires_are_one_treadmill_of_two_belts() -> None:
    pair = ready_pair()
    assert pair.is_split
    assert not pair.has_acceleration
    assert not wires(woodway_us).is_split
    assert pair.command(BeltSetpoint(1.0, -0.5, 0.5, 0.0), 1.0) == [b"\xa30022\xa0", b"\xa33011\xa0"]


def test_a_status_needs_both_belts_at_about_the_same_time() -> None:
    pair = ready_pair()
    assert pair.feed(0, b"\xd10022", 1.0) == []
    assert pair.feed(0, b"\xd10020", 1.05) == []
    (both,) = pair.feed(1, b"\xd10010", 1.1)
    assert both == BeltReading(pytest.approx(0.89408), pytest.approx(0.44704), 0.0)
    assert pair.feed(1, b"\xd10010", 1.2) == [], "each status is used once"
    assert pair.feed(0, b"\xd10020", 1.36) == [], "too far apart"
    assert len(pair.feed(1, b"\xd10010", 1.4)) == 1


def test_a_belt_that_falls_silent_leaves_no_status() -> None:
    pair = ready_pair()
    assert [pair.feed(0, b"\xd10022", 1.0 + i / 10) for i in range(20)] == [[]] * 20


def test_the_left_belts_incline_counts_and_the_right_one_keeps_its_own() -> None:
    pair = ready_pair(right_grade=b"0030")
    pair.feed(0, b"\xd20050\xd10000", 1.0)
    (both,) = pair.feed(1, b"\xd10000", 1.0)
    assert both.incline_rad == pytest.approx(math.atan(0.05))
    left, right = pair.command(BeltSetpoint(1.0, 1.0, 0.5, both.incline_rad), 1.1)
    assert (left, right) == (b"\xa30022\xa0", b"\xa30022\xa0")


def test_what_one_belt_refuses_is_refused_for_both_and_rest_never_is() -> None:
    pair = ready_pair()
    pair.feed(1, b"\xd03", 1.0)
    with pytest.raises(ValueError, match="timer"):
        pair.command(BeltSetpoint(1.0, 1.0, 0.5, 0.0), 1.1)
    assert pair.command(BeltSetpoint(0.0, 0.0, 0.5, 0.0), 1.1) == [b"\xa30000\xa2"] * 2
    assert wires(woodway_us, 2).command(BeltSetpoint(0.0, 0.0, 0.5, 0.0), 1.1) == [b"\xa30000\xa2"] * 2


def test_a_link_that_closes_repeats_the_ramp_that_the_belts_are_on() -> None:
    belts = wires(bertec_classic)
    belts.farewell_deceleration_mps2 = 0.6
    (driver,) = belts.drivers
    for setpoint, deceleration_mps2 in (
        (BeltSetpoint(1.0, 1.0, 0.05, 0.0), 0.6),
        (BeltSetpoint(0.0, 0.0, 1.0, 0.0), 1.0),
        (BeltSetpoint(1.0, 1.0, 0.05, 0.0), 0.6),
    ):
        belts.command(setpoint, 1.0)
        assert driver.disconnect() == driver.command(BeltSetpoint(0.0, 0.0, deceleration_mps2, 0.0))


def test_questions_come_in_time_and_not_with_a_command() -> None:
    belts = wires(trackmaster)
    asked = []
    for tick in range(40):
        now_s = 1000.0 + 0.05 * tick
        if tick % 2:
            belts.command(BeltSetpoint(0.0, 0.0, 0.5, 0.0), now_s)
        if belts.poll(now_s + 0.001) != [b""]:
            asked.append(tick)
    assert asked == list(range(0, 40, 2))


def test_questions_come_though_the_clock_went_back() -> None:
    belts = wires(trackmaster)
    belts.command(BeltSetpoint(0.0, 0.0, 0.5, 0.0), 1000.0)
    assert belts.poll(1000.1) != [b""]
    assert belts.poll(10.0) != [b""]


def test_questions_go_to_every_wire() -> None:
    assert wires(woodway_us, 2).poll(0.0) == [b"\xc2", b"\xc2"]


def test_limits_are_fitted_to_what_the_treadmill_can_do() -> None:
    limits = fitted(GateSettings(min_command_interval_s=0.02), wires(trackmaster))
    assert limits.max_speed_mps == pytest.approx(33 * 0.044704), "no rounding may lead above 1.5 m/s"
    assert limits.max_belt_difference_mps == 0.0
    assert limits.min_command_interval_s == 0.1
    assert fitted(GateSettings(), wires(woodway_us, 2)).max_belt_difference_mps == 1.0
    assert fitted(GateSettings(), wires(bertec_classic)) == GateSettings()
    assert fitted(GateSettings(max_speed_mps=1.234), wires(bertec_classic)).max_speed_mps == pytest.approx(1.234)


@pytest.mark.parametrize(
    ("wrong", "numbers"),
    [
        ({"follow_tolerance_mps": 0.05}, "got 0.05, allowed from 0.089408"),
        ({"overspeed_tolerance_mps": 0.04}, "got 0.04, allowed from 0.044704"),
    ],
)
def test_limits_finer_than_the_wire_are_refused_with_both_numbers(wrong, numbers) -> None:
    with pytest.raises(ValueError, match=numbers):
        fitted(GateSettings(**wrong), wires(trackmaster))
    fitted(GateSettings(**wrong), wires(bertec_classic))


@pytest.mark.parametrize(
    ("part", "wrong", "numbers"),
    [
        (trackmaster, {"max_backward_mps": 0.5}, "max_backward_mps: got 0.5, this treadmill can be told 0 at most"),
        (trackmaster, {"max_incline_rad": 0.26}, r"max_incline_rad: got 0\.26, this treadmill can be told 0\.2450"),
        (trackmaster, {"min_incline_rad": -0.1}, r"min_incline_rad: got -0\.1, this treadmill can be told 0 at least"),
        (bertec_classic, {"min_incline_rad": -0.1}, "this treadmill can be told 0 at least"),
    ],
)
def test_limits_that_the_treadmill_cannot_keep_are_refused_with_both_numbers(part, wrong, numbers) -> None:
    with pytest.raises(ValueError, match=numbers):
        fitted(GateSettings(**wrong), wires(part))


def test_an_acceleration_that_the_wire_cannot_say_is_refused_with_both_numbers() -> None:
    class Gentle(bertec_classic.Driver):
        """A model that takes no more."""

        max_acceleration_mps2 = 0.4

    with pytest.raises(ValueError, match=r"max_acceleration_mps2: got 0\.6, this treadmill can be told 0\.4 at most"):
        fitted(GateSettings(), BeltWires([Gentle(bertec_classic.Settings())]))


def test_a_treadmill_that_can_run_backward_may_be_let() -> None:
    assert fitted(GateSettings(max_backward_mps=0.5), wires(bertec_classic)).max_backward_mps == 0.5
    assert fitted(GateSettings(max_backward_mps=0.5), wires(woodway_us)).max_backward_mps == pytest.approx(
        11 * 0.044704
    )


def test_a_limit_above_what_the_wire_can_say_is_refused_with_both_numbers() -> None:
    class Slow(trackmaster.Driver):
        """A model that takes no more than 4 mph."""

        dialect = trackmaster.Dialect({"mph": 40, "km/h": 64}, 250, 5, False, trackmaster.DIALECT.digits_after, 0xA1)

    with pytest.raises(ValueError, match=r"max_speed_mps: got 2, this treadmill can be told 1\.788"):
        fitted(GateSettings(max_speed_mps=2.0), BeltWires([Slow(trackmaster.Settings())]))
