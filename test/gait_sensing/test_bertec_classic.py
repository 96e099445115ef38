# SPDX-License-Identifier: Apache-2.0
import math
from collections.abc import Callable

import pytest

from gait_sensing.samples import BeltReading, BeltSetpoint
from gait_sensing.treadmills.bertec_classic import Driver, Emulator, Settings

Vectors = Callable[[str], dict[str, bytes]]


def setpoint(
    left_mps: float = 1.0, right_mps: float = 1.0, acceleration_mps2: float = 0.5, incline_deg: float = 0.0
) -> BeltSetpoint:
    return BeltSetpoint(left_mps, right_mps, acceleration_mps2, math.radians(incline_deg))


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("split_forward", setpoint(1.2, 1.0, 0.25)),
        ("backward_uphill", setpoint(-0.5, -0.5, 1.0, 5.0)),
        ("stop", setpoint(0.0, 0.0, 0.7)),
    ],
)
def test_published_commands(vectors: Vectors, name: str, wanted: BeltSetpoint) -> None:
    packet = vectors("bertec_classic")[name]
    assert Driver(Settings()).command(wanted) == packet
    emulator = Emulator(Settings())
    assert emulator.feed(packet) == b""
    assert (emulator.command_count, emulator.bad_packet_count) == (1, 0)
    reading = emulator.advance(60.0)
    assert reading.left_speed_mps == wanted.left_speed_mps
    assert reading.right_speed_mps == wanted.right_speed_mps
    assert reading.incline_rad == pytest.approx(wanted.incline_rad)


@pytest.mark.parametrize(
    ("name", "left_mps", "right_mps", "incline_deg"),
    [("status_downhill", 1.203, 0.998, -0.25), ("status_backward", -0.498, -0.5, 5.0)],
)
def test_published_statuses(vectors: Vectors, name: str, left_mps: float, right_mps: float, incline_deg: float) -> None:
    packet = vectors("bertec_classic")[name]
    (reading,) = Driver(Settings()).feed(packet)
    assert reading == BeltReading(left_mps, right_mps, pytest.approx(math.radians(incline_deg)))
    assert Emulator(Settings()).encode(reading) == packet


@pytest.mark.parametrize(
    "wanted",
    [
        setpoint(left_mps=32.768),
        setpoint(right_mps=-32.768),
        setpoint(acceleration_mps2=0.0009),
        setpoint(acceleration_mps2=-0.5),
        setpoint(acceleration_mps2=32.8),
        setpoint(incline_deg=-2.0),
        setpoint(incline_deg=91.0),
    ],
)
def test_what_the_format_cannot_say_is_refused(wanted: BeltSetpoint) -> None:
    with pytest.raises(ValueError, match="the treadmill can be told"):
        Driver(Settings()).command(wanted)


def test_both_ends_of_what_it_can_say() -> None:
    packet = Driver(Settings()).command(setpoint(32.767, -32.767, 0.001, 90.0))
    assert packet[1:5].hex() == "80017fff"
    assert packet[9:13].hex() == "00010001"
    assert packet[17:19].hex() == "2328"


def test_a_deck_just_below_level_is_level() -> None:
    driver = Driver(Settings(level_tolerance_rad=0.01))
    assert driver.command(setpoint(incline_deg=-0.25)) == driver.command(setpoint())


def test_on_a_deck_that_points_down_belts_may_only_be_stopped() -> None:
    driver = Driver(Settings())
    for wanted in (setpoint(incline_deg=-3.0), setpoint(left_mps=0.0, incline_deg=-3.0)):
        with pytest.raises(ValueError, match="incline"):
            driver.command(wanted)
    stop = setpoint(0.0, 0.0)
    assert driver.command(setpoint(0.0, 0.0, incline_deg=-3.0)) == driver.command(stop)


def test_the_farewell_stops_belts_and_holds_the_deck() -> None:
    driver = Driver(Settings())
    driver.farewell_deceleration_mps2 = 0.25
    assert driver.disconnect() == b""  # it never commanded: somebody else may be
    driver.command(setpoint(incline_deg=5.0))
    assert driver.disconnect() == driver.command(setpoint(0.0, 0.0, 0.25, 5.0))


def test_a_shifted_stream_gives_nothing_until_the_link_is_new(vectors: Vectors) -> None:
    packet = vectors("bertec_classic")["status_downhill"]
    driver = Driver(Settings())
    assert len(driver.feed(packet + packet[1:] + packet * 3)) == 1
    assert driver.feed(packet * 3) == []
    assert driver.counts.bad_checksum_count == 1
    assert driver.counts.bytes_dropped_count == 31 + 6 * 32
    driver.connect()
    assert len(driver.feed(packet)) == 1


def test_a_packet_with_a_wrong_complement_moves_nothing(vectors: Vectors) -> None:
    good = vectors("bertec_classic")["split_forward"]
    emulator = Emulator(Settings())
    for at in (0, 1, 18, 19, 36, 37, 63):
        bad = bytearray(good)
        bad[at] ^= 0x10
        emulator.feed(bytes(bad))
    assert (emulator.command_count, emulator.bad_packet_count) == (0, 7)
    assert emulator.advance(10.0) == BeltReading(0.0, 0.0, 0.0)
    emulator.feed(good[:40])
    emulator.feed(good[40:])
    assert emulator.command_count == 1


def test_belts_and_deck_move_at_their_rates(vectors: Vectors) -> None:
    emulator = Emulator(Settings())
    emulator.feed(Driver(Settings()).command(setpoint(1.0, -0.5, 0.25, 2.0)))
    reading = emulator.advance(1.0)
    assert reading == BeltReading(0.25, -0.25, pytest.approx(math.radians(1.0)))
    assert emulator.advance(1.0).right_speed_mps == -0.5
    emulator.feed(vectors("bertec_classic")["stop"])
    assert emulator.advance(0.5).left_speed_mps == pytest.approx(0.5 - 0.35)
    assert emulator.advance(5.0).left_speed_mps == 0.0
