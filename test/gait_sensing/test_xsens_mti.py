# SPDX-License-Identifier: Apache-2.0
import struct
from collections.abc import Callable

import pytest

from gait_sensing.imus.xsens_mti import Driver, Emulator, Settings
from gait_sensing.samples import ImuReading

Vectors = Callable[[str], dict[str, bytes]]
READING = ImuReading(39_007_691, (-0.25, 0.5, 9.75), (0.125, -2.0, 3.5), (0.5, -0.5, 0.5, -0.5))


def message(kind: int, payload: bytes = b"") -> bytes:
    """Built here on its own, not by the driver's code."""
    length = bytes([len(payload)]) if len(payload) < 255 else b"\xff" + len(payload).to_bytes(2, "big")
    body = b"\xff" + bytes([kind]) + length + payload
    return b"\xfa" + body + bytes([(256 - sum(body)) % 256])


def item(identifier: int, content: bytes) -> bytes:
    return identifier.to_bytes(2, "big") + bytes([len(content)]) + content


TIME = item(0x1060, (5).to_bytes(4, "big"))


def test_captured_samples_have_the_values_published_with_them(vectors: Vectors) -> None:
    driver = Driver(Settings())
    (mti_630,) = driver.feed(vectors("xsens_mti")["mti_630"])
    assert mti_630.tick == 39_007_691
    assert mti_630.orientation_xyzw == pytest.approx((-0.002933, 0.012304, 0.003328, 0.999915), abs=1e-6)
    assert mti_630.angular_rate_radps == pytest.approx((0.000487, -0.001807, -0.001025), abs=1e-6)
    assert mti_630.acceleration_mps2 == pytest.approx((-0.223494, -0.028320, 9.860061), abs=1e-6)
    (quaternion_only,) = driver.feed(vectors("xsens_mti")["quaternion_only"])
    assert quaternion_only.tick == 718_924
    assert quaternion_only.orientation_xyzw == pytest.approx((0.503420, -0.506098, 0.497915, 0.492456), abs=1e-6)
    assert quaternion_only.acceleration_mps2 is None
    assert quaternion_only.angular_rate_radps is None
    (with_deltas,) = driver.feed(vectors("xsens_mti")["with_utc_and_deltas"])
    assert with_deltas.tick == 51_703_123
    assert with_deltas.acceleration_mps2 == pytest.approx((-0.017374, -7.255745, -1.209553), abs=1e-6)
    assert with_deltas.angular_rate_radps == pytest.approx((-0.002966, 0.002204, 0.001723), abs=1e-6)
    (euler,) = driver.feed(vectors("xsens_mti")["euler_with_time"])
    assert euler.tick == 154_827_959
    assert driver.counts.bytes_dropped_count == 0


@pytest.mark.parametrize("name", ["empty_data", "euler_without_time", "counter_only", "preamble_inside_payload"])
def test_data_without_a_time_gives_no_reading(vectors: Vectors, name: str) -> None:
    driver = Driver(Settings())
    assert driver.feed(vectors("xsens_mti")[name]) == []
    assert (driver.counts.frame_count, driver.counts.reading_count) == (1, 0)


def test_set_up_step_by_step(vectors: Vectors) -> None:
    published = vectors("xsens_mti")
    driver = Driver(Settings(rate_hz=100.0))
    assert driver.connect() == published["go_to_config"]
    assert driver.pending() == b""
    driver.feed(published["mti_630"] + published["go_to_config_ack"])  # still measuring when the request came
    assert driver.pending() == published["set_output_config_gait"]
    driver.feed(published["set_output_config_ack"])
    assert driver.pending() == published["go_to_measurement"]
    driver.feed(message(0x11))
    assert driver.pending() == b""


def test_a_wake_up_is_acknowledged_and_starts_the_set_up_anew(vectors: Vectors) -> None:
    driver = Driver(Settings())
    driver.feed(message(0x3E))
    assert driver.pending() == message(0x3F) + vectors("xsens_mti")["go_to_config"]


def test_errors_of_the_device_are_counted(vectors: Vectors) -> None:
    driver = Driver(Settings())
    assert driver.feed(vectors("xsens_mti")["error_4"]) == []
    assert driver.counts.device_error_count == 1


NUMBERS = (1.5, -2.25, 0.125)
FORMATS = {
    0: struct.pack(">3f", *NUMBERS),
    1: bytes.fromhex("00180000 FFDC0000 00020000"),  # FP12.20
    2: bytes.fromhex("80000000 0001 C0000000 FFFD 20000000 0000"),  # FP16.32: fraction first, then whole part
    3: struct.pack(">3d", *NUMBERS),
}


@pytest.mark.parametrize("number_format", [0, 1, 2, 3])
def test_every_number_format(number_format: int) -> None:
    content = FORMATS[number_format]
    payload = TIME + item(0x4020 | number_format, content) + item(0x8020 | number_format, content)
    (reading,) = Driver(Settings()).feed(message(0x36, payload))
    assert reading.acceleration_mps2 == NUMBERS
    assert reading.angular_rate_radps == NUMBERS


@pytest.mark.parametrize("number_format", [0, 1, 2, 3])
def test_the_emulator_sends_the_formats_it_was_asked_for(number_format: int) -> None:
    emulator, driver = Emulator(Settings()), Driver(Settings())
    items = [0x1060, 0x2010 | number_format, 0x4020 | number_format, 0x8020 | number_format]
    config = b"".join(identifier.to_bytes(2, "big") + b"\x00\x64" for identifier in items)
    assert emulator.feed(message(0x30) + message(0xC0, config)) == message(0x31) + message(0xC1, config)
    assert driver.feed(emulator.encode(READING)) == [READING]


@pytest.mark.parametrize(("frame", "is_z_up"), [(0x0, True), (0x4, False), (0x8, True)])
def test_an_orientation_whose_z_points_down_is_left_out(frame: int, is_z_up: bool) -> None:
    payload = TIME + item(0x2010 | frame, struct.pack(">4f", 1.0, 0.0, 0.0, 0.0))
    (reading,) = Driver(Settings()).feed(message(0x36, payload))
    assert reading.orientation_xyzw == ((0.0, 0.0, 0.0, 1.0) if is_z_up else None)


def test_a_long_message_with_unknown_items() -> None:
    payload = item(0x7010, bytes(200)) + item(0x7020, b"\xfa\xff" * 60) + TIME
    (reading,) = Driver(Settings()).feed(message(0x36, payload))
    assert len(payload) > 255
    assert reading == ImuReading(5, None, None, None)


@pytest.mark.parametrize(
    "rest", [b"\x40", b"\x40\x20", b"\x40\x20\x0c\x00", item(0x4020, bytes(11)), item(0x1060, b"")]
)
def test_a_list_of_items_that_does_not_add_up_is_dropped(rest: bytes) -> None:
    driver = Driver(Settings())
    assert driver.feed(message(0x36, TIME + rest)) == []
    assert driver.counts.bytes_dropped_count > 0


def test_what_is_no_number_is_missing() -> None:
    payload = TIME + item(0x4020, struct.pack(">3f", 0.0, float("nan"), 9.8))
    (reading,) = Driver(Settings()).feed(message(0x36, payload))
    assert reading.acceleration_mps2 is None


def test_the_device_refuses_what_it_must(vectors: Vectors) -> None:
    published = vectors("xsens_mti")
    emulator = Emulator(Settings())
    assert emulator.feed(published["request_output_config"])[2] == 0xC1
    assert emulator.feed(published["go_to_measurement"]) == message(0x11)
    assert emulator.feed(published["set_output_config_gait"]) == published["error_4"]  # only in config state
    assert emulator.is_streaming


def test_ticks_are_of_time_and_fit_the_rate() -> None:
    assert Driver(Settings(rate_hz=400.0)).ticks_per_sample == 25
    for rate_hz in (60.0, 99.5):
        with pytest.raises(ValueError, match="rate_hz"):
            Driver(Settings(rate_hz=rate_hz))
