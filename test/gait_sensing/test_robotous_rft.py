# SPDX-License-Identifier: Apache-2.0
from collections.abc import Callable

import numpy as np
import pytest

from gait_sensing.load_cells.robotous_rft import Driver, Emulator, Settings
from gait_sensing.samples import ForceReadings

Vectors = Callable[[str], dict[str, bytes]]

RATE_SET = bytes.fromhex("55 0F 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 10 AA")
FILTER_SET = bytes.fromhex("55 08 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 09 AA")


def framed(data: bytes) -> bytes:
    return b"\x55" + data + bytes([sum(data) & 0xFF]) + b"\xaa"


def test_a_sample(vectors: Vectors) -> None:
    readings = Driver(Settings()).feed(vectors("robotous_rft")["hundred_newton"])
    assert readings.ticks.tolist() == [-1]
    assert readings.force_n[0] == pytest.approx([1.50, -2.24, 100.0])
    assert readings.moment_nm[0] == pytest.approx([0.125, -0.5, 0.01])


def test_a_large_models_torque(vectors: Vectors) -> None:
    driver = Driver(Settings(torque_divider=1000.0))
    readings = driver.feed(vectors("robotous_rft")["hundred_newton"])
    assert readings.force_n[0] == pytest.approx([1.50, -2.24, 100.0])
    assert readings.moment_nm[0] == pytest.approx([0.25, -1.0, 0.02])
    assert (driver.force_step_n, driver.moment_step_nm) == (0.02, 0.001)


def test_the_emulator_packs_the_same_sample(vectors: Vectors) -> None:
    frame = vectors("robotous_rft")["hundred_newton"]
    assert Emulator(Settings()).encode(Driver(Settings()).feed(frame * 2)) == frame * 2


def test_set_up_step_by_step(vectors: Vectors) -> None:
    published = vectors("robotous_rft")
    driver = Driver(Settings(cutoff_hz=150.0))
    assert driver.connect() == published["stop"] + published["rate_1000"]
    driver.feed(published["hundred_newton"])  # the stream had not stopped yet
    assert driver.pending() == b""
    driver.feed(RATE_SET)
    assert driver.pending() == framed(bytes([8, 1, 11, 0, 0, 0, 0, 0]))
    driver.feed(FILTER_SET)
    assert driver.pending() == published["start_stream"]
    assert driver.counts.device_error_count == driver.counts.bytes_dropped_count == 0
    assert driver.disconnect() == published["stop"]


@pytest.mark.parametrize(("rate_hz", "code"), [(10.0, 1), (100.0, 4), (200.0, 5), (300.0, 6), (1000.0, 8)])
def test_the_rates_code(rate_hz: float, code: int) -> None:
    driver = Driver(Settings(rate_hz=rate_hz))
    assert driver.connect()[-11:] == framed(bytes([15, code, 0, 0, 0, 0, 0, 0]))
    assert driver.sample_interval_s == 1.0 / rate_hz
    assert driver.tick_s is None


def test_no_filter() -> None:
    driver = Driver(Settings())
    driver.feed(RATE_SET)
    assert driver.pending() == framed(bytes([8, 0, 0, 0, 0, 0, 0, 0]))


def test_a_refused_step_is_counted_and_passed_over() -> None:
    driver = Driver(Settings())
    driver.feed(framed(bytes([8, 0, 2]).ljust(16, b"\0")))
    assert driver.counts.device_error_count == 1
    assert driver.pending() == framed(bytes([11]).ljust(8, b"\0"))


def test_overload_is_counted_and_the_sample_kept(vectors: Vectors) -> None:
    frame = vectors("robotous_rft")["hundred_newton"]
    data = bytearray(frame[1:17])
    data[13] = 0x28  # Fx and Fz
    driver = Driver(Settings())
    readings = driver.feed(frame + framed(bytes(data)) + frame)
    assert readings.force_n[:, 2].tolist() == [100.0, 100.0, 100.0]
    assert driver.counts.device_error_count == 1


@pytest.mark.parametrize("at", [0, 1, 2, 14, 17, 18])
def test_both_markers_the_kind_and_the_sum_are_checked(vectors: Vectors, at: int) -> None:
    broken = bytearray(vectors("robotous_rft")["hundred_newton"])
    broken[at] ^= 0x01
    driver = Driver(Settings())
    assert len(driver.feed(bytes(broken)).ticks) == 0
    assert driver.counts.reading_count == 0


def test_one_sample_asked_for_by_others_is_no_reading(vectors: Vectors) -> None:
    data = bytearray(vectors("robotous_rft")["hundred_newton"][1:17])
    data[0] = 10
    driver = Driver(Settings())
    assert len(driver.feed(framed(bytes(data))).ticks) == 0
    assert driver.counts.frame_count == 1


def test_an_unknown_kind_of_answer_is_no_frame() -> None:
    driver = Driver(Settings())
    driver.feed(framed(bytes([0x42]).ljust(16, b"\0")))
    assert driver.counts.frame_count == 0
    assert driver.counts.bytes_dropped_count == 19


def test_markers_inside_a_sample_hide_nothing() -> None:
    whole = ForceReadings(np.full(2, -1), np.full((2, 3), 0x55AA / 50.0), np.full((2, 3), 0x550B / 2000.0))
    frames = Emulator(Settings()).encode(whole)
    readings = Driver(Settings()).feed(b"\x55\x0b" + frames)
    assert readings.force_n == pytest.approx(whole.force_n)
    assert readings.moment_nm == pytest.approx(whole.moment_nm)


def test_the_device_clips_at_its_range() -> None:
    frame = Emulator(Settings()).encode(
        ForceReadings(np.array([-1]), np.array([[700.0, -700.0, 0.004]]), np.ones((1, 3)))
    )
    assert Driver(Settings()).feed(frame).force_n.tolist() == [[655.34, -655.36, 0.0]]


def test_the_device_starts_stops_and_refuses_an_unknown_rate(vectors: Vectors) -> None:
    published = vectors("robotous_rft")
    emulator = Emulator(Settings())
    assert emulator.feed(published["start_stream"][:5]) == b""
    assert emulator.feed(published["start_stream"][5:]) == b""
    assert emulator.is_streaming
    assert emulator.feed(published["stop"] + published["rate_1000"]) == RATE_SET
    assert not emulator.is_streaming
    assert emulator.feed(framed(bytes([15, 9, 0, 0, 0, 0, 0, 0])))[1:4] == bytes([15, 0, 2])


@pytest.mark.parametrize(
    ("name", "value"), [("rate_hz", 400.0), ("cutoff_hz", 60.0), ("cutoff_hz", -1.0), ("torque_divider", 500.0)]
)
def test_what_the_sensor_cannot_do_is_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        Driver(Settings(**{name: value}))
