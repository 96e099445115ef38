# SPDX-License-Identifier: Apache-2.0
"""VibraForge v1 to the byte."""

from pathlib import Path

import pytest

from gait_feedback.actuators.vibraforge_v1 import LARGEST_DUTY, Driver, Emulator, Settings
from gait_feedback.cue import ActuatorChange
from gait_feedback.vibraforge import PADDING
from gait_sensing.samples import Side

LINES = (Path(__file__).parent.parent / "vectors" / "vibraforge_v1.txt").read_text().splitlines()[1:]
VECTORS = {name: bytes.fromhex(data) for _, _, name, data in (line.split(" | ") for line in LINES)}
SETTINGS = Settings(left_actuator=0, right_actuator=17)


def test_starts_and_stops():
    driver = Driver(SETTINGS)
    assert driver.begin(Side.LEFT, 8 / LARGEST_DUTY, 0.1) == VECTORS["start_0_duty_8_freq_3"]
    assert driver.stop(Side.LEFT) == VECTORS["stop_0"]
    faster = Driver(Settings(left_actuator=0, right_actuator=17, frequency_index=2))
    assert faster.begin(Side.RIGHT, 1.0, 0.1) == VECTORS["start_17_duty_15_freq_2"]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("start_0_duty_8_freq_3", ActuatorChange(Side.LEFT, 8 / 15)),
        ("start_17_duty_15_freq_2", ActuatorChange(Side.RIGHT, 1.0)),
        ("stop_0", ActuatorChange(Side.LEFT, 0.0)),
    ],
)
def test_the_emulator_reads_each_vector(name, change):
    emulator = Emulator(SETTINGS)
    assert emulator.feed(PADDING + VECTORS[name] + PADDING * 9) == b""
    assert emulator.changes() == [change] and emulator.bad_command_count == 0


@pytest.mark.parametrize("chain_length_count", [16, 30])
@pytest.mark.parametrize("number", [0, 15, 16, 29, 30, 63, 127])
def test_an_actuator_is_reached_in_chains_of_any_length(chain_length_count, number):
    settings = Settings(left_actuator=number, right_actuator=1, chain_length_count=chain_length_count)
    emulator = Emulator(settings)
    command = Driver(settings).begin(Side.LEFT, 1.0, 0.1)
    assert (command[0] >> 2, command[1] & 0x3F) == divmod(number, chain_length_count)
    emulator.feed(command)
    assert emulator.changes() == [ActuatorChange(Side.LEFT, 1.0)]


def test_chains_that_cannot_be_addressed_are_refused():
    with pytest.raises(ValueError, match="right_actuator: got 64, allowed 0 to 63 in chains of 4"):
        Settings(right_actuator=64, chain_length_count=4)


def test_both_sides_on_one_actuator_are_refused():
    with pytest.raises(ValueError, match="right_actuator"):
        Settings(left_actuator=4, right_actuator=4)


def test_bytes_tell_their_place_by_their_top_bits():
    for number in range(64):
        settings = Settings(left_actuator=number, right_actuator=65, chain_length_count=30)
        for intensity in (0.01, 0.5, 1.0):
            first, second, third = Driver(settings).begin(Side.LEFT, intensity, 0.1)
            assert (first & 0xC0, second & 0xC0, third & 0x80) == (0x00, 0x40, 0x80)
            assert third >> 3 & 15 > 0, "never rounded to off"


def test_what_the_device_prints_is_no_answer():
    driver = Driver(SETTINGS)
    assert driver.feed(b"connected!\r\n") == [] and driver.counts.bytes_dropped_count == 12
    assert driver.pending() == b"" and not driver.acknowledges
