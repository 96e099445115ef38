# SPDX-License-Identifier: Apache-2.0
import math
import struct
from collections.abc import Callable

import numpy as np
import pytest

from gait_sensing.calibration.load_cell import CalibrationSettings, LoadCellCalibration
from gait_sensing.load_cells.gaitway_3d import Driver, Emulator, Settings
from gait_sensing.samples import ForceReadings

Vectors = Callable[[str], dict[str, bytes]]
START = b"startDS 1000 0 0 0 2 0\r\n"


def type_i(number: int, *samples: tuple[float, ...]) -> bytes:
    """A packet of samples Fz, Fy, Fx, y, x, Tz; belt speed, elevation, heart rate and inputs are of no interest."""
    content = b"".join(struct.pack("<6f2f2H", *sample, 1.25, 0.0, 72, 1) for sample in samples)
    return struct.pack("<HHI8x", 16 + len(content), 1, number) + content


def answer(kind: int, text: bytes) -> bytes:
    return struct.pack("<HH", 4 + len(text), kind) + text


def standing(n: int, first_fz: float = 700.0) -> list[tuple[float, ...]]:
    return [(first_fz + i, 12.5, -3.0, 0.8, 0.05, 0.25) for i in range(n)]


def test_axes_come_in_reversed_order(vectors: Vectors) -> None:
    readings = Driver(Settings()).feed(vectors("gaitway_3d")["one_sample"])
    assert readings.ticks.tolist() == [7]
    assert readings.force_n.tolist() == [[-3.0, 12.5, 700.0]]


def test_the_moment_gives_the_centre_of_pressure_back(vectors: Vectors) -> None:
    readings = Driver(Settings()).feed(vectors("gaitway_3d")["one_sample"])
    _, moment_nm, centre_m = LoadCellCalibration(CalibrationSettings()).apply(readings)
    assert centre_m[0] == pytest.approx([0.05, 0.8])
    assert moment_nm[0] == pytest.approx([560.0, -35.0, 0.25 + 0.05 * 12.5 - 0.8 * -3.0])


def test_the_centre_of_pressure_of_a_plate_turned_in_the_lab(vectors: Vectors) -> None:
    readings = Driver(Settings()).feed(vectors("gaitway_3d")["one_sample"])
    settings = CalibrationSettings(axes=["+y", "-x", "+z"], origin_m=[-0.9, 0.4, 0.0])
    force_n, _, centre_m = LoadCellCalibration(settings).apply(readings)
    assert force_n[0].tolist() == [12.5, 3.0, 700.0]
    assert centre_m[0] == pytest.approx([-0.9 + 0.8, 0.4 - 0.05])


def test_the_emulated_plate_sends_the_same_values(vectors: Vectors) -> None:
    packet = vectors("gaitway_3d")["one_sample"]
    sent = Emulator(Settings()).encode(Driver(Settings()).feed(packet))
    assert sent[:16] == packet[:16]
    assert struct.unpack_from("<6f", sent, 16) == pytest.approx(struct.unpack_from("<6f", packet, 16), rel=1e-6)


@pytest.mark.parametrize("centre_m", [math.nan, math.inf])
def test_without_a_centre_of_pressure_the_force_acts_through_the_origin(centre_m: float) -> None:
    driver = Driver(Settings())
    readings = driver.feed(type_i(0, (0.5, 0.1, 0.2, 0.7, centre_m, 0.01), (700.0, 0.0, 0.0, 0.5, 0.1, 0.0)))
    assert readings.moment_nm.tolist()[0] == pytest.approx([0.0, 0.0, 0.01])
    assert readings.moment_nm.tolist()[1] == pytest.approx([350.0, -70.0, 0.0])
    assert driver.counts.device_error_count == 0


def test_an_emulated_plate_without_vertical_force() -> None:
    reading = ForceReadings(np.array([3]), np.array([[1.0, 2.0, 0.0]]), np.array([[0.3, 0.4, 0.5]]))
    found = Driver(Settings()).feed(Emulator(Settings()).encode(reading))
    assert found.force_n.tolist() == [[1.0, 2.0, 0.0]]
    assert found.moment_nm.tolist() == [[0.0, 0.0, 0.5]]


def test_a_sample_that_is_no_number_is_left_out_and_counted() -> None:
    driver = Driver(Settings())
    bad = [(math.nan, 0.0, 0.0, 0.0, 0.0, 0.0), (700.0, 0.0, 0.0, 0.0, 0.0, math.inf)]
    readings = driver.feed(type_i(5, bad[0], *standing(1), bad[1]))
    assert readings.ticks.tolist() == [16]
    assert (driver.counts.reading_count, driver.counts.device_error_count) == (1, 2)


def test_a_signalling_nan_is_left_out_like_any_other() -> None:
    signalling = struct.pack("<HHI8x", 52, 1, 0) + b"\x01\x00\xa0\x7f" + bytes(32)
    driver = Driver(Settings())
    assert len(driver.feed(signalling).ticks) == 0
    assert driver.counts.device_error_count == 1


def test_ticks_count_samples_not_packets() -> None:
    readings = Driver(Settings()).feed(type_i(7, *standing(10)) + type_i(8, *standing(10, 710.0)))
    assert readings.ticks.tolist() == list(range(70, 90))
    assert readings.force_n[:, 2].tolist() == [float(fz) for fz in range(700, 720)]


def test_a_lost_packet_leaves_a_gap_of_its_samples() -> None:
    driver = Driver(Settings())
    assert driver.feed(type_i(7, *standing(10))).ticks.tolist() == list(range(70, 80))
    assert driver.feed(type_i(10, *standing(10))).ticks.tolist() == list(range(100, 110))


def test_packets_of_different_length_still_count_samples() -> None:
    driver = Driver(Settings())
    packets = type_i(4, *standing(5)) + type_i(5, *standing(3)) + type_i(6, *standing(4)) + type_i(8, *standing(2))
    assert driver.feed(packets).ticks.tolist() == [*range(20, 32), 34, 35]


def test_a_repeated_packet_has_the_same_ticks() -> None:
    readings = Driver(Settings()).feed(2 * type_i(7, *standing(3)))
    assert readings.ticks.tolist() == [21, 22, 23, 21, 22, 23]


def test_packet_numbers_and_ticks_wrap() -> None:
    readings = Driver(Settings()).feed(type_i(2**32 - 1, *standing(2)) + type_i(0, *standing(2)))
    assert readings.ticks.tolist() == [2**32 - 2, 2**32 - 1, 0, 1]


def test_ticks_start_anew_with_the_link() -> None:
    driver = Driver(Settings())
    driver.feed(type_i(7, *standing(10)))
    driver.connect()
    assert driver.feed(type_i(1, *standing(3))).ticks.tolist() == [3, 4, 5]


def test_set_up_of_an_idle_server(vectors: Vectors) -> None:
    driver = Driver(Settings())
    assert driver.connect() == vectors("gaitway_3d")["start_1000"] == START
    readings = driver.feed(answer(6, START[:-2] + b"\0\0") + type_i(0, *standing(1)))
    assert readings.ticks.tolist() == [0]
    assert driver.pending() == b""
    assert driver.disconnect() == b"stopDS\r\n"


def test_a_server_that_still_streams_is_stopped_once() -> None:
    driver = Driver(Settings(rate_hz=250.0))
    start = driver.connect()
    assert start == b"startDS 250 0 0 0 2 0\r\n"
    driver.feed(answer(0x15, start[:-2]))
    assert driver.pending() == b"stopDS\r\n"
    driver.feed(answer(6, b"stopDS\0\0"))
    assert driver.pending() == start
    driver.feed(answer(0x15, start[:-2]))
    assert driver.pending() == b""
    assert driver.counts.device_error_count == 2
    driver.connect()
    driver.feed(answer(0x15, start[:-2]))
    assert driver.pending() == b"stopDS\r\n"


def test_a_stop_that_was_not_asked_for_starts_nothing() -> None:
    driver = Driver(Settings())
    driver.connect()
    driver.feed(answer(6, b"stopDS"))
    assert driver.pending() == b""


def test_packets_of_other_types_are_passed_over() -> None:
    driver = Driver(Settings())
    others = struct.pack("<HHH", 6, 0, 3) + struct.pack("<HH", 32 + 44, 2) + bytes(72)
    assert driver.feed(others + type_i(2, *standing(1))).ticks.tolist() == [2]
    assert driver.counts.frame_count == 3


@pytest.mark.parametrize(
    "head",
    [
        struct.pack("<HH", 51, 1),  # not a whole number of samples
        struct.pack("<HH", 16 + 114 * 36, 1),  # longer than anything may be
        struct.pack("<HH", 40, 2),
        struct.pack("<HH", 52, 3),  # no such type
        struct.pack("<HH", 3, 6),
    ],
)
def test_after_an_impossible_packet_nothing_is_decoded_until_the_link_is_new(head: bytes) -> None:
    driver = Driver(Settings())
    assert driver.feed(type_i(1, *standing(1)) + head + type_i(2, *standing(1))).ticks.tolist() == [1]
    assert driver.feed(type_i(3, *standing(1))).ticks.tolist() == []
    assert driver.counts.bytes_dropped_count == 4 + 2 * 52
    driver.connect()
    assert driver.feed(type_i(4, *standing(1))).ticks.tolist() == [4]


def test_the_longest_packet() -> None:
    assert len(Driver(Settings()).feed(type_i(0, *standing(113))).ticks) == 113


def test_the_server_answers_commands() -> None:
    emulator = Emulator(Settings())
    assert emulator.feed(START[:9]) == b""
    assert emulator.feed(START[9:]) == answer(6, START[:-2])
    assert emulator.is_streaming
    assert emulator.feed(START) == answer(0x15, START[:-2])
    assert emulator.feed(b"stopDS\r\n") == answer(6, b"stopDS")
    assert not emulator.is_streaming
    assert emulator.feed(b"startDS 300 0 0 0 2 0\r\n") == answer(0x15, b"startDS 300 0 0 0 2 0")
    assert not emulator.is_streaming


def test_a_rate_the_server_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match="rate_hz: got 300, expected one of 100, 200"):
        Driver(Settings(rate_hz=300.0))
