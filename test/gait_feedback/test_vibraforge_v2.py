# SPDX-License-Identifier: Apache-2.0
"""VibraForge v2 to the byte."""

from pathlib import Path

import pytest

from gait_feedback.actuators.vibraforge_v2 import LARGEST_DUTY, Driver, Emulator, Settings
from gait_feedback.cue import ActuatorChange
from gait_sensing.samples import Side

LINES = (Path(__file__).parent.parent / "vectors" / "vibraforge_v2.txt").read_text().splitlines()[1:]
VECTORS = {name: bytes.fromhex(data) for _, _, name, data in (line.split(" | ") for line in LINES)}


def test_each_vector_says_where_it_is_from():
    assert len(VECTORS) == 3 and all(line.startswith("[SYNTH] ") for line in LINES)


def test_start_with_sine():
    driver = Driver(Settings(left_actuator=0, right_actuator=9, frequency_index=3, waveform="sine"))
    assert driver.begin(Side.LEFT, 16 / LARGEST_DUTY, 0.1) == VECTORS["start_0_duty_16_freq_3_sine"]


def test_start_with_square_in_the_second_group():
    driver = Driver(Settings(left_actuator=0, right_actuator=9, frequency_index=4, waveform="square"))
    assert driver.begin(Side.RIGHT, 1.0, 0.1) == VECTORS["start_9_duty_31_freq_4_square"]


def test_stop():
    assert Driver(Settings(left_actuator=9, right_actuator=0)).stop(Side.LEFT) == VECTORS["stop_9"]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("start_0_duty_16_freq_3_sine", ActuatorChange(Side.LEFT, 16 / 31)),
        ("start_9_duty_31_freq_4_square", ActuatorChange(Side.RIGHT, 1.0)),
        ("stop_9", ActuatorChange(Side.RIGHT, 0.0)),
    ],
)
def test_the_emulator_reads_each_vector(name, change):
    emulator = Emulator(Settings(left_actuator=0, right_actuator=9))
    assert emulator.feed(VECTORS[name]) == b""
    assert emulator.changes() == [change] and emulator.changes() == []


@pytest.mark.parametrize("number", range(32))
def test_every_actuator_can_be_reached(number):
    settings = Settings(left_actuator=number, right_actuator=(number + 1) % 32)
    emulator = Emulator(settings)
    emulator.feed(Driver(settings).begin(Side.LEFT, 1.0, 0.1))
    assert emulator.changes() == [ActuatorChange(Side.LEFT, 1.0)] and emulator.bad_command_count == 0


def test_soft_stop_switches_off():
    emulator = Emulator(Settings())
    emulator.feed(bytes((0x82, 0x00, 0x00)))
    assert emulator.changes() == [ActuatorChange(Side.LEFT, 0.0)]


def test_padding_is_nothing_and_a_lost_byte_shifts_all_that_follows():
    emulator, driver = Emulator(Settings()), Driver(Settings())
    emulator.feed(b"\xff\xff\xff" + driver.begin(Side.LEFT, 1.0, 0.1) + b"\xff\xff\xff")
    assert emulator.changes() == [ActuatorChange(Side.LEFT, 1.0)] and emulator.bad_command_count == 0
    emulator.feed(driver.stop(Side.LEFT)[1:] + driver.stop(Side.LEFT) * 2)
    emulator.feed(driver.begin(Side.RIGHT, 1.0, 0.1))
    assert ActuatorChange(Side.RIGHT, 1.0) not in emulator.changes()


def test_commands_to_nobody_are_counted():
    emulator = Emulator(Settings(left_actuator=0, right_actuator=8))
    emulator.feed(bytes((0x81, 0x05, 0x83)) + bytes((0x83, 0x00, 0x83)) + bytes((0x81, 0x08, 0x83)))
    assert emulator.bad_command_count == 3 and emulator.changes() == []


def test_the_weakest_cue_is_still_felt():
    assert Driver(Settings()).begin(Side.LEFT, 1e-6, 0.1)[2] >> 3 == 1


@pytest.mark.parametrize("intensity", [0.0, -0.1, 1.01, float("nan")])
def test_an_intensity_that_cannot_be_is_refused(intensity):
    with pytest.raises(ValueError, match="intensity"):
        Driver(Settings()).begin(Side.LEFT, intensity, 0.1)


def test_all_is_switched_off_again_when_the_device_has_started():
    driver, emulator = Driver(Settings()), Emulator(Settings())
    assert driver.feed(b"boot\r\nRea") == [] and driver.pending() == b""
    assert driver.feed(b"dy for commands\r\n") == []
    emulator.feed(driver.pending())
    assert {(change.side, change.intensity) for change in emulator.changes()} == {(Side.LEFT, 0.0), (Side.RIGHT, 0.0)}
    assert driver.pending() == b""
    assert (driver.counts.frame_count, driver.counts.bytes_dropped_count) == (1, 6)


def test_a_new_link_forgets_what_the_old_one_said():
    driver = Driver(Settings())
    driver.feed(b"Ready\nRea")
    driver.connect()
    assert driver.pending() == b""
    driver.feed(b"dy\n")
    assert driver.pending() == b""


def test_a_line_without_an_end_is_not_kept():
    driver = Driver(Settings())
    for _ in range(100):
        driver.feed(b"x" * 1000)
    assert len(driver._line) <= 200


def test_both_sides_on_one_actuator_are_refused():
    with pytest.raises(ValueError, match="right_actuator"):
        Settings(left_actuator=4, right_actuator=4)
