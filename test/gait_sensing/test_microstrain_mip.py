# SPDX-License-Identifier: Apache-2.0
import math
import struct
from collections.abc import Callable

import numpy as np
import pytest

from gait_sensing.imus.microstrain_mip import Driver, Emulator, Settings
from gait_sensing.samples import ImuReading, Quaternion, Vector

Vectors = Callable[[str], dict[str, bytes]]
GRAVITY = 9.80665
WEEK_US = 604_800_000_000
HALF = math.sqrt(0.5)

# What stands in the vectors, w first: half, half, -half, half. Turned by hand into east, north, up: x, y, z, w.
ENU = (HALF, 0.0, -HALF, 0.0)


def packet(descriptor_set: int, *fields: bytes) -> bytes:
    """A packet with its Fletcher pair, computed as the definition says."""
    body = bytes([0x75, 0x65, descriptor_set, sum(map(len, fields))]) + b"".join(fields)
    a = b = 0
    for byte in body:
        a = (a + byte) % 256
        b = (b + a) % 256
    return body + bytes([a, b])


def field(kind: int, content: bytes = b"") -> bytes:
    return bytes([2 + len(content), kind]) + content


def ack(descriptor_set: int, command: int, error: int = 0, *more: bytes) -> bytes:
    return packet(descriptor_set, field(0xF1, bytes([command, error])), *more)


def sensor(time_s: float, z_g: float = 1.0) -> bytes:
    time = field(0x12, struct.pack(">dHH", time_s, 2300, 6))
    return packet(0x80, time, field(4, struct.pack(">3f", 0, 0, z_g)), field(5, struct.pack(">3f", 0, 0, 0)))


def attitude(time_s: float, flags: int = 1, w: float = 1.0) -> bytes:
    time = field(0x11, struct.pack(">dHH", time_s, 2300, 1))
    return packet(0x82, time, field(3, struct.pack(">4fH", w, 0, 0, 0, flags)))


def rotated(q: Quaternion, v: Vector) -> list[float]:
    """``v`` turned by ``q``."""
    u, w = np.array(q[:3]), q[3]
    return list(np.array(v) + 2.0 * np.cross(u, np.cross(u, v) + w * np.array(v)))


@pytest.mark.parametrize(("series", "tick"), [("5", 345_600_250_000), ("7", 123_456_789)])
def test_a_sensor_packet_and_a_filter_packet_make_a_reading(vectors: Vectors, series: str, tick: int) -> None:
    published = vectors("microstrain_mip")
    driver = Driver(Settings(series=series))
    assert driver.feed(published[f"series_{series}_sensor"]) == []
    (reading,) = driver.feed(published[f"series_{series}_filter"])
    assert reading.tick == tick
    assert reading.acceleration_mps2 == pytest.approx((0.5 * GRAVITY, -0.25 * GRAVITY, -GRAVITY))
    assert reading.angular_rate_radps == (0.125, -0.5, 2.0)
    assert reading.orientation_xyzw == pytest.approx(ENU)


@pytest.mark.parametrize("series", ["5", "7"])
def test_the_filter_packet_may_come_first(vectors: Vectors, series: str) -> None:
    published = vectors("microstrain_mip")
    driver = Driver(Settings(series=series))
    (reading,) = driver.feed(published[f"series_{series}_filter"] + published[f"series_{series}_sensor"])
    assert reading.orientation_xyzw == pytest.approx(ENU)


def test_different_times_are_never_mixed() -> None:
    driver = Driver(Settings())
    readings = driver.feed(sensor(1.00) + attitude(1.01) + sensor(1.02) + attitude(1.02) + sensor(1.03) + sensor(1.04))
    assert [reading.tick for reading in readings] == [1_000_000, 1_020_000, 1_030_000]
    assert [reading.orientation_xyzw is None for reading in readings] == [True, False, True]


def test_a_late_attitude_is_dropped() -> None:
    driver = Driver(Settings())
    readings = driver.feed(sensor(1.00) + sensor(1.01) + attitude(1.00) + attitude(1.01))
    assert [(reading.tick, reading.orientation_xyzw is None) for reading in readings] == [
        (1_000_000, True),
        (1_010_000, False),
    ]


def test_a_new_link_forgets_what_waits() -> None:
    driver = Driver(Settings())
    driver.feed(sensor(1.0))
    driver.connect()
    assert driver.feed(attitude(1.0)) == []
    driver.connect()
    assert driver.feed(sensor(1.0)) == []


def test_an_attitude_without_solution_closes_the_reading_without_orientation() -> None:
    (reading,) = Driver(Settings()).feed(sensor(1.0) + attitude(1.0, flags=0))
    assert reading.orientation_xyzw is None
    (reading,) = Driver(Settings()).feed(sensor(1.0) + attitude(1.0, w=math.nan))
    assert reading.orientation_xyzw is None


def test_level_facing_north_is_turned_into_a_frame_with_z_up() -> None:
    """Axes forward, right, down along north, east, down: forward is north, and down is down."""
    (reading,) = Driver(Settings()).feed(sensor(1.0, z_g=-1.0) + attitude(1.0))
    assert reading.orientation_xyzw is not None
    assert reading.acceleration_mps2 is not None
    assert rotated(reading.orientation_xyzw, (1.0, 0.0, 0.0)) == pytest.approx([0.0, 1.0, 0.0], abs=1e-6)
    assert rotated(reading.orientation_xyzw, (0.0, 1.0, 0.0)) == pytest.approx([1.0, 0.0, 0.0], abs=1e-6)
    assert rotated(reading.orientation_xyzw, reading.acceleration_mps2) == pytest.approx([0.0, 0.0, GRAVITY], abs=1e-6)


def test_time_wraps_with_the_week() -> None:
    driver = Driver(Settings())
    assert driver.tick_modulus == WEEK_US
    readings = driver.feed(sensor(604799.99) + attitude(604799.99) + sensor(0.0) + attitude(0.0))
    assert [reading.tick for reading in readings] == [WEEK_US - 10_000, 0]
    assert driver.ticks_per_sample == 10_000


def test_time_since_power_up_wraps_likewise() -> None:
    time = field(0xD5, struct.pack(">Q", (WEEK_US + 5) * 1000 + 400))
    (reading,) = Driver(Settings(series="7")).feed(packet(0x80, time) + packet(0x82, time))
    assert reading == ImuReading(5, None, None, None)


def test_a_packet_without_time_is_no_reading(vectors: Vectors) -> None:
    driver = Driver(Settings())
    assert (
        driver.feed(vectors("microstrain_mip")["acceleration_alone"] + sensor(2.0) + attitude(2.0))[0].tick == 2_000_000
    )
    assert driver.counts.reading_count == 1
    assert driver.counts.frame_count == 3


@pytest.mark.parametrize("time_s", [math.nan, math.inf, 1e307])
def test_a_time_that_is_no_number_is_no_reading(time_s: float) -> None:
    driver = Driver(Settings())
    assert driver.feed(sensor(time_s) + attitude(time_s) + sensor(2.0) + attitude(2.0))[0].tick == 2_000_000
    assert driver.counts.bytes_dropped_count == len(sensor(time_s) + attitude(time_s))


def test_a_value_that_is_no_number_is_not_sent() -> None:
    (reading,) = Driver(Settings()).feed(sensor(1.0, z_g=math.inf) + attitude(1.0))
    assert reading.acceleration_mps2 is None
    assert reading.angular_rate_radps == (0.0, 0.0, 0.0)


def test_a_field_of_another_length_is_no_reading() -> None:
    driver = Driver(Settings())
    time = field(0x12, struct.pack(">dHH", 1.0, 0, 0))
    assert driver.feed(packet(0x80, time, field(4, bytes(8))) + packet(0x80, time, b"\x00\x04") + attitude(1.0)) == [
        ImuReading(1_000_000, None, None, (HALF, HALF, 0.0, 0.0))
    ]


def test_the_makers_packets_have_the_right_fletcher_pair(vectors: Vectors) -> None:
    published = vectors("microstrain_mip")
    assert published["ping"] == packet(1, field(1))
    assert published["ping_ack"] == ack(1, 1)
    assert published["acceleration_alone"] == packet(0x80, field(4, struct.pack(">3f", 1, 2, -3)))


@pytest.mark.parametrize("at", [-1, -2, 4, 15])
def test_both_sums_are_checked(at: int) -> None:
    broken = bytearray(sensor(1.0))
    broken[at] ^= 0x01
    driver = Driver(Settings())
    assert driver.feed(bytes(broken) + attitude(1.0)) == []
    assert driver.counts.bad_checksum_count == 1


def test_swapped_bytes_are_seen() -> None:
    broken = bytearray(sensor(1.5))
    broken[6], broken[7] = broken[7], broken[6]
    driver = Driver(Settings())
    driver.feed(bytes(broken))
    assert driver.counts.bad_checksum_count == 1


def test_set_up_of_series_5_step_by_step(vectors: Vectors) -> None:
    published = vectors("microstrain_mip")
    driver = Driver(Settings())
    assert driver.connect() == published["idle"]
    driver.feed(sensor(1.0) + attitude(1.0))  # the stream had not stopped yet
    assert driver.pending() == b""
    driver.feed(ack(1, 2))
    assert driver.pending() == published["series_5_base_rate"]
    driver.feed(published["series_5_base_rate_1000"])
    assert driver.pending() == published["series_5_sensor_format"]
    driver.feed(published["series_5_sensor_format_ack"])
    assert driver.pending() == published["series_5_sensor_on"]
    driver.feed(ack(0x0C, 0x11))
    assert driver.pending() == packet(0x0C, field(0x0B))
    driver.feed(ack(0x0C, 0x0B, 0, field(0x8A, b"\x01\xf4")))
    assert driver.pending() == published["series_5_filter_format"]
    driver.feed(ack(0x0C, 0x0A))
    assert driver.pending() == published["series_5_filter_on"]
    driver.feed(ack(0x0C, 0x11))
    assert driver.pending() == published["resume"]
    driver.feed(ack(1, 6))
    assert driver.pending() == b""
    assert driver.counts.device_error_count == driver.counts.bytes_dropped_count == 0
    assert driver.disconnect() == published["idle"]


def test_set_up_of_series_7_names_the_set(vectors: Vectors) -> None:
    published = vectors("microstrain_mip")
    driver = Driver(Settings(series="7"))
    driver.connect()
    driver.feed(ack(1, 2))
    assert driver.pending() == packet(0x0C, field(0x0E, b"\x80"))
    driver.feed(ack(0x0C, 0x0E, 0, field(0x8E, b"\x80\x03\xe8")))
    assert driver.pending() == published["series_7_sensor_format"]
    driver.feed(ack(0x0C, 0x0F))
    assert driver.pending() == packet(0x0C, field(0x11, b"\x01\x80\x01"))
    driver.feed(ack(0x0C, 0x11))
    assert driver.pending() == published["series_7_base_rate"]
    driver.feed(published["series_7_base_rate_500"])
    assert driver.pending() == packet(0x0C, field(0x0F, bytes.fromhex("01 82 02 D5 00 05 03 00 05")))
    driver.feed(ack(0x0C, 0x0F))
    assert driver.pending() == published["series_7_filter_on"]


def test_an_answer_to_something_else_changes_nothing(vectors: Vectors) -> None:
    driver = Driver(Settings())
    driver.connect()
    driver.feed(vectors("microstrain_mip")["ping_ack"] + ack(0x0C, 2))
    assert driver.pending() == b""


def test_a_refused_sensor_format_ends_the_set_up(vectors: Vectors) -> None:
    driver = Driver(Settings())
    driver.connect()
    driver.feed(ack(1, 2))
    driver.feed(vectors("microstrain_mip")["series_5_base_rate_1000"])
    driver.pending()
    driver.feed(vectors("microstrain_mip")["nack_of_format"])
    assert driver.pending() == b""
    assert driver.counts.device_error_count == 1


def test_a_device_without_filter_streams_without_orientation() -> None:
    driver = Driver(Settings())
    driver.connect()
    for answer in (ack(1, 2), ack(0x0C, 6, 0, field(0x83, b"\x03\xe8")), ack(0x0C, 8), ack(0x0C, 0x11)):
        driver.feed(answer)
    driver.pending()
    driver.feed(ack(0x0C, 0x0B, 1))
    assert driver.pending() == packet(1, field(6))
    assert driver.counts.device_error_count == 1
    readings = driver.feed(sensor(1.00) + sensor(1.01) + sensor(1.02))
    assert [(reading.tick, reading.orientation_xyzw) for reading in readings] == [(1_000_000, None), (1_010_000, None)]


@pytest.mark.parametrize("base_rate", [b"\x03\xe8", b"\x00\x32", b""])
def test_a_base_rate_that_does_not_suit_is_counted(base_rate: bytes) -> None:
    driver = Driver(Settings(rate_hz=300.0))
    driver.connect()
    driver.feed(ack(1, 2))
    driver.pending()
    driver.feed(ack(0x0C, 6, 0, field(0x83, base_rate)))
    assert driver.pending() == b""
    assert driver.counts.device_error_count == 1


@pytest.mark.parametrize("series", ["5", "7"])
def test_the_emulated_device_sends_what_it_measured(series: str) -> None:
    reading = ImuReading(123_456_789_012, (0.5, -9.0, 2.0), (0.25, -0.5, 1.0), (0.5, -0.5, 0.1, 0.7))
    (found,) = Driver(Settings(series=series)).feed(Emulator(Settings(series=series)).encode(reading))
    assert found.tick == reading.tick
    assert found.acceleration_mps2 == pytest.approx(reading.acceleration_mps2, abs=1e-5)
    assert found.angular_rate_radps == reading.angular_rate_radps
    assert found.orientation_xyzw == pytest.approx(reading.orientation_xyzw, abs=1e-6)


def test_the_emulated_device_packs_the_vectors(vectors: Vectors) -> None:
    published = vectors("microstrain_mip")
    emulator = Emulator(Settings(series="7"))
    sensor_7, filter_7 = published["series_7_sensor"], published["series_7_filter"]
    reading = Driver(Settings(series="7")).feed(sensor_7 + filter_7)[0]
    sent = emulator.encode(reading)
    assert len(sent) == len(sensor_7 + filter_7)
    assert struct.unpack_from(">3f", sent, 16) == (0.5, -0.25, -1.0)
    assert struct.unpack_from(">4fH", sent, len(sensor_7) + 16) == pytest.approx((0.5, 0.5, -0.5, 0.5, 1), abs=1e-6)


def test_the_device_answers_commands(vectors: Vectors) -> None:
    published = vectors("microstrain_mip")
    emulator = Emulator(Settings())
    assert emulator.feed(published["ping"]) == published["ping_ack"]
    assert emulator.feed(published["series_5_base_rate"]) == published["series_5_base_rate_1000"]
    assert emulator.feed(published["series_5_sensor_format"]) == published["series_5_sensor_format_ack"]
    assert emulator.feed(published["series_7_sensor_format"]) == ack(0x0C, 0x0F, 1)
    emulator.feed(published["resume"])
    assert emulator.is_streaming
    emulator.feed(published["idle"][:3])
    assert emulator.is_streaming
    emulator.feed(published["idle"][3:])
    assert not emulator.is_streaming


def test_the_rate_is_a_whole_number() -> None:
    with pytest.raises(ValueError, match="rate_hz"):
        Driver(Settings(rate_hz=99.5))
