# SPDX-License-Identifier: Apache-2.0
import math
import struct
from collections.abc import Callable

import numpy as np
import pytest

from gait_sensing.imus.vectornav import Driver, Emulator, Settings
from gait_sensing.samples import ImuReading, Quaternion

Vectors = Callable[[str], dict[str, bytes]]
TIME = struct.pack("<Q", 5_000_000)  # 5 ms
READING = ImuReading(5_000, (-0.25, 0.5, 9.75), (0.125, -2.0, 3.5), (0.5, -0.5, 0.25, 0.125))


def frame(groups: int, masks: list[int], payload: bytes) -> bytes:
    """Built here on its own, not by the driver's code: CRC-16/XMODEM bit by bit."""
    body = bytes([groups]) + b"".join(mask.to_bytes(2, "little") for mask in masks) + payload
    crc = 0
    for byte in body:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return b"\xfa" + body + crc.to_bytes(2, "big")


def line(text: bytes) -> bytes:
    checksum = 0
    for byte in text:
        checksum ^= byte
    return b"$" + text + f"*{checksum:02X}\r\n".encode()


def turned(q: Quaternion, v: tuple[float, float, float]) -> list[float]:
    """``v`` of the sensor's axes in the earth frame."""
    axis, w = np.array(q[:3]), q[3]
    once = 2.0 * np.cross(axis, v)
    found: list[float] = (v + w * once + np.cross(axis, once)).tolist()
    return found


def test_a_sample_has_its_values(vectors: Vectors) -> None:
    (reading,) = Driver(Settings()).feed(vectors("vectornav")["with_time"])
    assert reading.tick == 123_456_789  # of 123456789012 ns
    assert reading.acceleration_mps2 == pytest.approx((0.0, 0.0, -9.8), abs=1e-6)
    assert reading.angular_rate_radps == pytest.approx((0.1, 0.2, 0.3), abs=1e-6)
    assert reading.orientation_xyzw == pytest.approx((0.866025, -0.5, 0.0, 0.0), abs=1e-6)


def test_the_earth_frame_has_z_up(vectors: Vectors) -> None:
    """A device that lies flat, turned by 60 degrees from north over east."""
    (reading,) = Driver(Settings()).feed(vectors("vectornav")["with_time"])
    assert reading.orientation_xyzw and reading.acceleration_mps2
    assert turned(reading.orientation_xyzw, reading.acceleration_mps2) == pytest.approx([0.0, 0.0, 9.8], abs=1e-6)
    forward = turned(reading.orientation_xyzw, (1.0, 0.0, 0.0))
    assert forward == pytest.approx([math.cos(math.radians(60.0)), -math.sin(math.radians(60.0)), 0.0], abs=1e-6)


@pytest.mark.parametrize("name", ["manual_yaw_pitch_roll", "without_time", "manual_acceleration"])
def test_what_has_no_time_gives_no_reading(vectors: Vectors, name: str) -> None:
    driver = Driver(Settings())
    assert driver.feed(vectors("vectornav")[name]) == []
    assert (driver.counts.frame_count, driver.counts.device_error_count) == (1, 0)


def test_set_up_step_by_step(vectors: Vectors) -> None:
    published = vectors("vectornav")
    driver = Driver(Settings(rate_hz=100.0))
    assert driver.connect() == published["ascii_off"]
    driver.feed(published["manual_acceleration"] + published["with_time"])  # not off yet
    assert driver.pending() == b""
    driver.feed(published["ascii_off_answer"])
    assert driver.pending() == line(b"VNWRG,75,1,8,01,0131")
    driver.feed(line(b"VNWRG,75,1,8,01,0131"))
    assert driver.pending() == b""
    assert driver.counts.bytes_dropped_count == 0


def test_the_set_up_follows_the_settings() -> None:
    driver = Driver(Settings(rate_hz=800.0, port=2))
    driver.feed(line(b"VNWRG,06,0"))
    assert driver.pending() == line(b"VNWRG,75,2,1,01,0131")


def test_errors_of_the_device_are_counted() -> None:
    driver = Driver(Settings())
    assert driver.feed(line(b"VNERR,0C")) == []
    assert driver.counts.device_error_count == 1
    assert driver.pending() == b""


def test_a_line_that_arrives_wrong_is_no_answer() -> None:
    driver = Driver(Settings())
    driver.feed(line(b"VNWRG,06,0").replace(b"6C", b"6D"))
    assert driver.pending() == b""
    assert driver.counts.bad_checksum_count == 1


def test_lines_between_frames_byte_by_byte(vectors: Vectors) -> None:
    published = vectors("vectornav")
    driver = Driver(Settings())
    stream = published["with_time"] + published["manual_acceleration"] + published["with_time"]
    assert sum(len(driver.feed(bytes([byte]))) for byte in stream) == 2
    assert driver.counts.bytes_dropped_count == 0


@pytest.mark.parametrize("begun", [b"$VN", b"$VNWRG,06", b"$VNWRG,06,0*6", b"$VN" + b"A" * 300])
def test_a_line_cut_off_by_a_frame_hides_nothing(vectors: Vectors, begun: bytes) -> None:
    assert len(Driver(Settings()).feed(begun + vectors("vectornav")["with_time"])) == 1


SIZES = {
    0x01: [8, 8, 8, 12, 16, 12, 24, 12, 12, 24, 20, 28, 2, 4, 8],
    0x02: [8, 8, 8, 2, 8, 8, 8, 4, 4, 1],
    0x04: [2, 12, 12, 12, 4, 4, 16, 12, 12, 12, 12, 2, 40],
    0x10: [2, 12, 16, 36, 12, 12, 12, 12, 12, 12, 28, 24],
}


@pytest.mark.parametrize("group", SIZES)
def test_other_fields_and_groups_are_stepped_over(group: int) -> None:
    for field, size in enumerate(SIZES[group]):
        driver = Driver(Settings())
        acceleration = struct.pack("<3f", 1.0, 2.0, 3.0)
        if group == 1:
            mask = 1 | 1 << field | 1 << 8
            between = b"" if field in (0, 8) else bytes(size)
            data = frame(1, [mask], TIME + (between + acceleration if field <= 8 else acceleration + between))
        else:
            data = frame(1 | group, [0x0101, 1 << field], TIME + acceleration + bytes(size))
        (reading,) = driver.feed(data)
        assert (reading.tick, reading.acceleration_mps2) == (5_000, (1.0, 2.0, 3.0)), f"field {field}"
        assert driver.counts.bytes_dropped_count == 0


@pytest.mark.parametrize(
    ("groups", "masks"),
    [
        (0x00, []),
        (0x01, [0x0000]),
        (0x01, [0x8000]),  # more masks follow
        (0x02, [0x0400]),
        (0x80, [0x0001]),
        (0x77, [0x7FFF, 0x03FF, 0x1FFF, 0x1FFF, 0x1FFF, 0x0FFF]),  # longer than any device sends
    ],
)
def test_what_no_table_knows_is_no_frame_and_holds_nothing_up(vectors: Vectors, groups: int, masks: list[int]) -> None:
    driver = Driver(Settings())
    assert len(driver.feed(frame(groups, masks, b"")[:-2] + vectors("vectornav")["with_time"])) == 1


def test_a_frame_after_a_corrupt_one_is_found_at_once(vectors: Vectors) -> None:
    whole = vectors("vectornav")["with_time"]
    driver = Driver(Settings())
    assert len(driver.feed(b"\xfa" + whole[:20] + whole)) == 1  # a frame begins inside what seems to be one
    assert driver.counts.bytes_dropped_count == 21
    assert driver.counts.bad_checksum_count > 0


def test_nanoseconds_are_reduced_to_microseconds_that_wrap() -> None:
    driver = Driver(Settings())
    assert (driver.tick_s, driver.tick_modulus, driver.ticks_per_sample) == (1e-6, 1 << 40, 10_000)
    for time_ns, tick in ((999, 0), (1_000, 1), ((1 << 40) * 1000 - 1, (1 << 40) - 1), ((1 << 40) * 1000 + 7000, 7)):
        (reading,) = driver.feed(frame(1, [1], struct.pack("<Q", time_ns)))
        assert reading.tick == tick
    (reading,) = driver.feed(frame(1, [1], b"\xff" * 8))
    assert reading.tick == (2**64 - 1) // 1000 % 2**40


def test_what_is_no_number_is_missing() -> None:
    payload = TIME + struct.pack("<4f", 0.0, float("nan"), 0.0, 1.0) + struct.pack("<3f", 1.0, 2.0, float("inf"))
    (reading,) = Driver(Settings()).feed(frame(1, [0x0031], payload))
    assert reading == ImuReading(5_000, None, None, None)


def test_the_device_sends_what_it_was_asked_for(vectors: Vectors) -> None:
    published = vectors("vectornav")
    emulator, driver = Emulator(Settings()), Driver(Settings())
    assert emulator.encode(READING) == b""
    assert not emulator.is_streaming
    emulator.feed(line(b"VNWRG,75,1,8,15,0131,0001,0004"))
    assert emulator.is_streaming
    data = emulator.encode(READING)
    assert data[:8] == bytes.fromhex("FA 15 31 01 01 00 04 00")
    assert driver.feed(data) == [READING]
    emulator.feed(line(b"VNWRG,75,1,8,01,0131"))
    (reading,) = driver.feed(published["with_time"])
    sent = emulator.encode(reading)
    assert sent[12:-2] == published["with_time"][12:-2]  # the time had 12 ns more
    assert driver.feed(emulator.encode(ImuReading(5, None, None, None))) == [ImuReading(5, None, None, None)]


def test_the_device_answers(vectors: Vectors) -> None:
    published = vectors("vectornav")
    emulator = Emulator(Settings())
    assert emulator.feed(published["read_model"][:-3]) == b""
    assert emulator.feed(published["read_model"][-3:]) == line(b"VNRRG,01,VN-100")
    assert emulator.feed(published["pause"]) == published["pause"]
    assert emulator.feed(b"$VNWRG,06,0*XX\r\n") == published["ascii_off_answer"]
    assert emulator.feed(b"$VNWRG,06,0*00\r\n") == line(b"VNERR,03")
    assert emulator.feed(line(b"VNABC")) == line(b"VNERR,04")
    for wrong in (b"1", b"9,8,01,0131", b"1,0,01,0131", b"1,8,03,0131", b"1,8,01,8000", b"1,8,zz,0131", b"1,8,01,-1"):
        assert emulator.feed(line(b"VNWRG,75," + wrong)) == line(b"VNERR,07")
    assert not emulator.is_streaming


def test_the_stream_goes_to_the_port_that_was_named() -> None:
    for port, is_streaming in ((0, False), (1, False), (2, True), (3, True)):
        emulator = Emulator(Settings(port=2))
        emulator.feed(line(b"VNWRG,75,%d,8,01,0131" % port))
        assert emulator.is_streaming == is_streaming


@pytest.mark.parametrize("rate_hz", [60.0, 99.5, 300.0])
def test_the_rate_divides_800(rate_hz: float) -> None:
    with pytest.raises(ValueError, match="rate_hz"):
        Driver(Settings(rate_hz=rate_hz))


def test_a_port_that_the_device_has_not() -> None:
    with pytest.raises(ValueError, match="port"):
        Settings(port=3)
