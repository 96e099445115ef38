# SPDX-License-Identifier: Apache-2.0
import struct
from collections.abc import Callable

import numpy as np
import pytest

from gait_sensing.load_cells.sri_m8128 import Driver, Emulator, Settings
from gait_sensing.samples import ForceReadings

Vectors = Callable[[str], dict[str, bytes]]


def test_the_manuals_sample(vectors: Vectors) -> None:
    readings = Driver(Settings()).feed(vectors("sri_m8128")["manual_god"])
    assert readings.ticks.tolist() == [50375]
    assert readings.force_n[0] == pytest.approx([-7.637940, -2.804561, -6.293248], abs=1e-6)
    assert readings.moment_nm[0] == pytest.approx([-0.096856, -0.069873, 0.228373], abs=1e-6)


def test_a_captured_and_a_constructed_sample_in_one_read(vectors: Vectors) -> None:
    published = vectors("sri_m8128")
    readings = Driver(Settings()).feed(published["small_forces"] + published["seven_hundred_newton"])
    assert readings.ticks.tolist() == [0xD1EB, 1]
    assert readings.force_n[1].tolist() == [1.5, -2.25, 700.0]
    assert readings.moment_nm[1].tolist() == [0.125, -0.5, 3.0]
    assert np.abs(readings.force_n[0]).max() < 2.0


def test_the_emulator_packs_the_manuals_sample(vectors: Vectors) -> None:
    frame = vectors("sri_m8128")["manual_god"]
    assert Emulator(Settings()).encode(Driver(Settings()).feed(frame)) == frame


def test_set_up_step_by_step(vectors: Vectors) -> None:
    published = vectors("sri_m8128")
    driver = Driver(Settings(rate_hz=500.0))
    assert driver.connect() == b"AT+GSD=STOP\r\n" + published["manual_dckmd"]
    assert driver.pending() == b""
    driver.feed(published["manual_god"] + published["manual_dckmd_ack"])  # the stream had not stopped yet
    assert driver.pending() == b"AT+SGDM=(A01,A02,A03,A04,A05,A06);E;1;(WMA:1)\r\n"
    driver.feed(b"ACK+SGDM=(A01,A02,A03,A04,A05,A06);E;1;(WMA:1)$OK\r\n")
    assert driver.pending() == b"AT+SMPF=500\r\n"
    driver.feed(b"ACK+SMPF=500$OK\r\n")
    assert driver.pending() == b"AT+GSD\r\n"
    assert driver.counts.bytes_dropped_count == 0
    assert driver.disconnect() == b"AT+GSD=STOP\r\n"


def test_the_other_firmwares_rate_command() -> None:
    driver = Driver(Settings(rate_hz=300.0, rate_command="SMPR"))
    driver.feed(b"ACK+SGDM$OK\r\n")
    assert driver.pending() == b"AT+SMPR=300\r\n"
    driver.feed(b"ACK+SMPR=300$OK\r\n")  # as a public reader expects it
    assert driver.pending() == b"AT+GSD\r\n"


def test_a_refused_step_is_counted_and_passed_over() -> None:
    driver = Driver(Settings())
    driver.feed(b"ACK+SGDM=$ERROR\r\n")
    assert driver.counts.device_error_count == 1
    assert driver.pending() == b"AT+SMPF=1000\r\n"


def test_answers_between_frames(vectors: Vectors) -> None:
    published = vectors("sri_m8128")
    driver = Driver(Settings())
    stream = published["small_forces"] + published["manual_dckmd_ack"] + published["manual_god"]
    found = [tick for byte in stream for tick in driver.feed(bytes([byte])).ticks.tolist()]
    assert found == [0xD1EB, 50375]
    assert driver.counts.frame_count == 3
    assert driver.counts.bytes_dropped_count == 0


def test_an_answer_cut_off_by_a_frame_hides_nothing(vectors: Vectors) -> None:
    driver = Driver(Settings())
    assert len(driver.feed(b"ACK+DC" + vectors("sri_m8128")["manual_god"]).ticks) == 1
    assert len(driver.feed(b"ACK+" + b"A" * 300 + vectors("sri_m8128")["manual_god"]).ticks) == 1


def test_the_sum_covers_the_data_alone(vectors: Vectors) -> None:
    frame = bytearray(vectors("sri_m8128")["manual_god"])
    frame[5] ^= 0xFF
    assert len(Driver(Settings()).feed(bytes(frame)).ticks) == 1
    frame[6] ^= 0x01
    assert len(Driver(Settings()).feed(bytes(frame)).ticks) == 0


def test_another_length_is_no_frame(vectors: Vectors) -> None:
    frame = bytearray(vectors("sri_m8128")["manual_god"])
    frame[3] += 24
    assert len(Driver(Settings()).feed(bytes(frame) + bytes(100)).ticks) == 0


@pytest.mark.parametrize(
    "second",
    [struct.pack("<f", float("inf")), struct.pack("<f", float("nan")), b"\x00\x00\xa0\x7f"],  # the last one signals
)
def test_a_sample_that_is_no_number_is_left_out_and_counted(vectors: Vectors, second: bytes) -> None:
    data = struct.pack("<f", 1.0) + second + struct.pack("<4f", 3.0, 4.0, 5.0, 6.0)
    frame = b"\xaa\x55\x00\x1b\x00\x01" + data + bytes([sum(data) & 0xFF])
    driver = Driver(Settings())
    assert driver.feed(frame + vectors("sri_m8128")["manual_god"]).ticks.tolist() == [50375]
    assert (driver.counts.reading_count, driver.counts.device_error_count) == (1, 1)


def test_package_numbers_wrap_on_the_wire() -> None:
    frames = Emulator(Settings()).encode(ForceReadings(np.array([65535, 65536]), np.ones((2, 3)), np.ones((2, 3))))
    assert [frames[4:6], frames[35:37]] == [b"\xff\xff", b"\x00\x00"]


def test_the_device_knows_start_stop_and_its_rate_command() -> None:
    emulator = Emulator(Settings(rate_command="SMPR"))
    assert emulator.feed(b"AT+SMPR=300\r") == b""
    assert emulator.feed(b"\nAT+SMPF=300\r\n") == b"ACK+SMPR=300$OK\r\nACK+SMPF=300$ERROR\r\n"
    emulator.feed(b"AT+GSD\r\n")
    assert emulator.is_streaming
    emulator.feed(b"AT+GSD=STOP\r\n")
    assert not emulator.is_streaming


def test_the_rate_is_a_whole_number() -> None:
    with pytest.raises(ValueError, match="rate_hz"):
        Driver(Settings(rate_hz=99.5))
