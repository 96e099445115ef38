# SPDX-License-Identifier: Apache-2.0
import math
import struct
from collections.abc import Callable

import pytest

from gait_sensing.clocks.device_clock import ReceiptClock, clock_for
from gait_sensing.imus.witmotion import Driver, Emulator, Settings
from gait_sensing.samples import ImuReading

Vectors = Callable[[str], dict[str, bytes]]
PARTS = ("acceleration", "angular_rate", "quaternion")


def frame(kind: int, *words: int) -> bytes:
    """Built here on its own, not by the driver's code."""
    body = bytes([0x55, kind]) + struct.pack("<4h", *words)
    return body + bytes([sum(body) % 256])


def sample(number: int) -> list[bytes]:
    """The three parts of a sample, each of which says which sample it belongs to."""
    return [frame(kind, number, number, number, number) for kind in (0x51, 0x52, 0x59)]


def numbers(readings: list[ImuReading]) -> list[tuple[int, int, int]]:
    """Which sample each part of each reading came from."""
    found = []
    for reading in readings:
        assert reading.acceleration_mps2 and reading.angular_rate_radps and reading.orientation_xyzw
        raw = (
            reading.acceleration_mps2[0] / 9.80665 * 2048.0,
            math.degrees(reading.angular_rate_radps[0]) / 2000.0 * 32768.0,
            reading.orientation_xyzw[3] * 32768.0,
        )
        found.append((round(raw[0]), round(raw[1]), round(raw[2])))
    return found


def test_a_sample_has_the_values_of_the_makers_formulas(vectors: Vectors) -> None:
    published = vectors("witmotion")
    driver = Driver(Settings())
    (reading,) = driver.feed(b"".join(published[name] for name in PARTS))
    assert reading.tick is None
    assert reading.acceleration_mps2 == pytest.approx((0.0, -0.5 * 9.80665, 9.80665), abs=1e-9)
    assert reading.angular_rate_radps == pytest.approx((math.radians(99.9756), math.radians(-49.9878), 0.0), abs=1e-6)
    assert reading.orientation_xyzw == pytest.approx((0.0, 0.0, 0.0, 0.99997), abs=1e-6)
    assert (driver.counts.frame_count, driver.counts.reading_count) == (3, 1)


def test_the_quaternion_starts_with_w() -> None:
    frames = [*sample(1)[:2], frame(0x59, 8192, -16384, 4096, 24576)]
    (reading,) = Driver(Settings()).feed(b"".join(frames))
    assert reading.orientation_xyzw == (-0.5, 0.125, 0.75, 0.25)


def test_other_types_between_the_parts_change_nothing(vectors: Vectors) -> None:
    published = vectors("witmotion")
    driver = Driver(Settings())
    acceleration, rate, quaternion = sample(7)
    others = published["angle"] + frame(0x54, 1, 2, 3, 4)
    found = driver.feed(frame(0x50, 1, 2, 3, 4) + acceleration + rate + others + quaternion)
    assert numbers(found) == [(7, 7, 7)]
    assert driver.counts.bytes_dropped_count == 0


@pytest.mark.parametrize("first_lost", range(3, 6))
@pytest.mark.parametrize("lost_count", range(1, 6))
def test_a_sample_with_a_lost_part_is_dropped_and_never_mixed(first_lost: int, lost_count: int) -> None:
    """Frames are destroyed in samples 2 and up; what is left behind is rubble that is no frame."""
    driver = Driver(Settings())
    frames = [part for number in (1, 2, 3, 4, 5) for part in sample(number)]
    last_lost = first_lost + lost_count - 1
    frames[first_lost] = frames[first_lost][:6]
    frames[first_lost + 1 : last_lost + 1] = [b""] * (lost_count - 1)
    whole = [number for number in range(1, 6) if 3 * number - 1 < first_lost or 3 * (number - 1) > last_lost]
    assert numbers(driver.feed(b"".join(frames))) == [(number,) * 3 for number in whole]


@pytest.mark.parametrize("lost", [{0}, {1}, {2}, {0, 1}, {1, 2}, {2, 3}, {0, 1, 2}])
def test_frames_that_vanish_without_a_trace_are_noticed_by_their_order(lost: set[int]) -> None:
    frames = [part for number in (1, 2, 3) for part in sample(number)]
    found = numbers(Driver(Settings()).feed(b"".join(part for i, part in enumerate(frames) if i not in lost)))
    assert found == [(number,) * 3 for number in (1, 2, 3) if not lost & set(range(3 * number - 3, 3 * number))]


def test_a_new_link_forgets_a_sample_that_had_begun() -> None:
    driver = Driver(Settings())
    driver.feed(b"".join(sample(1)[:2]))
    driver.connect()
    assert driver.feed(sample(2)[2]) == []


def test_set_up(vectors: Vectors) -> None:
    published = vectors("witmotion")
    written = Driver(Settings(rate_hz=100.0)).connect()
    assert written == b"".join(published[name] for name in ("unlock", "rate_100_hz", "content", "read_content"))
    assert Driver(Settings(rate_hz=200.0)).connect()[5:10] == b"\xff\xaa\x03\x0b\x00"
    for register in (b"\xff\xaa\x00", b"\xff\xaa\x04"):  # neither flash nor baud rate
        assert register not in written


def test_a_set_up_that_was_not_taken_is_counted(vectors: Vectors) -> None:
    published = vectors("witmotion")
    driver = Driver(Settings(rate_hz=100.0))
    driver.feed(published["registers_set_up"])
    assert driver.counts.device_error_count == 0
    driver.feed(published["registers_factory"])
    assert driver.counts.device_error_count == 1


def test_the_device_streams_its_factory_content_until_told_otherwise(vectors: Vectors) -> None:
    published = vectors("witmotion")
    emulator, driver = Emulator(Settings()), Driver(Settings())
    reading = ImuReading(None, (0.0, -4.9, 9.8), (0.1, -0.2, 0.3), (0.5, -0.5, 0.25, 0.125))
    assert emulator.is_streaming
    assert emulator.encode(reading)[1::11] == b"\x51\x52\x53\x54"
    assert driver.feed(emulator.encode(reading)) == []
    assert emulator.feed(published["read_content"]) == published["registers_factory"]
    assert emulator.feed(driver.connect()) == published["registers_set_up"]
    assert emulator.encode(reading)[1::11] == b"\x51\x52\x59"
    (found,) = driver.feed(emulator.encode(reading))
    assert found.orientation_xyzw == reading.orientation_xyzw


def test_the_device_obeys_only_once_unlocked(vectors: Vectors) -> None:
    published = vectors("witmotion")
    emulator = Emulator(Settings())
    emulator.feed(published["content"] + published["rate_100_hz"])
    assert emulator.feed(published["read_content"]) == published["registers_factory"]
    emulator.feed(published["unlock"] + published["content"] + published["rate_100_hz"])
    assert emulator.feed(published["read_content"]) == published["registers_set_up"]
    emulator.feed(b"\xff\xaa\x03\x0d\x00")  # no output
    assert not emulator.is_streaming


def test_the_device_packs_the_makers_values(vectors: Vectors) -> None:
    published = vectors("witmotion")
    emulator = Emulator(Settings())
    emulator.feed(Driver(Settings()).connect())
    (reading,) = Driver(Settings()).feed(b"".join(published[name] for name in PARTS))
    acceleration, rate, quaternion = (emulator.encode(reading)[at : at + 11] for at in (0, 11, 22))
    assert acceleration[2:8] == published["acceleration"][2:8]
    assert rate[2:8] == published["angular_rate"][2:8]
    assert quaternion == published["quaternion"]


def test_values_beyond_full_scale_are_clipped_and_missing_ones_not_sent() -> None:
    emulator = Emulator(Settings())
    emulator.feed(Driver(Settings()).connect())
    frames = emulator.encode(ImuReading(None, (500.0, -500.0, 0.0), None, (0.0, 0.0, 0.0, 1.0)))
    assert frames == frame(0x51, 32767, -32768, 0, 0) + frame(0x59, 32767, 0, 0, 0)


def test_it_gets_the_clock_of_a_device_without_a_counter() -> None:
    assert isinstance(clock_for(Driver(Settings())), ReceiptClock)


@pytest.mark.parametrize("rate_hz", [3.0, 125.0, 99.5])
def test_only_rates_that_the_device_has(rate_hz: float) -> None:
    with pytest.raises(ValueError, match=r"rate_hz: got .* 1, 2, 5, 10, 20, 50, 100, 200"):
        Driver(Settings(rate_hz=rate_hz))
