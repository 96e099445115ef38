# SPDX-License-Identifier: Apache-2.0
import json
import math
from collections.abc import Callable

import pytest

from gait_sensing.samples import BeltReading, BeltSetpoint
from gait_sensing.treadmills.bertec_fit5 import Driver, Emulator, Settings

Vectors = Callable[[str], dict[str, bytes]]


def setpoint(
    left_mps: float = 1.2, right_mps: float = 1.2, acceleration_mps2: float = 0.5, incline_deg: float = 0.0
) -> BeltSetpoint:
    return BeltSetpoint(left_mps, right_mps, acceleration_mps2, math.radians(incline_deg))


def requests(data: bytes) -> list[dict]:
    return [json.loads(line) for line in data.splitlines()]


def data_message(**fields: object) -> bytes:
    return json.dumps(fields).encode()


LEVEL = data_message(leftVel=0.0, rightVel=0.0, inclineAngle=0.0)


def test_the_first_request_introduces_this_computer_and_moves_nothing(vectors: Vectors) -> None:
    driver = Driver(Settings())
    assert driver.connect() == vectors("bertec_fit5")["init_connect"] + b"\n"
    (again,) = requests(Driver(Settings(client_ip="10.0.0.2", heartbeat_port=6000)).connect())
    assert again["params"] == {"ip": "10.0.0.2", "port": "6000"}
    assert driver.disconnect() == b""  # it never commanded: somebody else may be
    emulator = Emulator(Settings())
    emulator.feed(vectors("bertec_fit5")["init_connect"])
    assert emulator.is_connected
    assert emulator.advance(10.0) == BeltReading(0.0, 0.0, 0.0)


def test_numbers_are_text_with_the_separator_of_the_treadmills_windows(vectors: Vectors) -> None:
    for separator, name in ((".", "run_both_belts"), (",", "run_comma")):
        driver = Driver(Settings(decimal_separator=separator))
        driver.connect()
        driver.feed(LEVEL)
        (request,) = requests(driver.command(setpoint()))
        (published,) = requests(vectors("bertec_fit5")[name])
        texts = {key: f"{float(text.replace(',', '.')):.3f}" for key, text in published["params"].items()}
        published["params"] = {key: text.replace(".", separator) for key, text in texts.items()}
        assert request == published


def test_belts_speeds_and_rates_go_to_their_own_sides() -> None:
    driver = Driver(Settings())
    driver.feed(LEVEL)
    (request,) = requests(driver.command(setpoint(1.1, -0.9, 0.25)))
    assert request["params"] == {
        "leftVel": "1.100", "leftAccel": "0.250", "leftDecel": "0.250",
        "rightVel": "-0.900", "rightAccel": "0.250", "rightDecel": "0.250",
    }  # fmt: skip


def test_each_request_has_the_next_number() -> None:
    driver = Driver(Settings())
    lines = driver.connect() + driver.command(setpoint(incline_deg=1.0)) + driver.command(setpoint(incline_deg=1.0))
    assert [request["id"] for request in requests(lines)] == [1, 2, 3, 4]


def test_the_deck_is_told_only_when_its_angle_changes() -> None:
    driver = Driver(Settings())
    driver.connect()
    driver.feed(data_message(leftVel=0.0, rightVel=0.0, inclineAngle=2.5))
    methods = [
        [request["method"] for request in requests(driver.command(setpoint(incline_deg=angle_deg)))]
        for angle_deg in (2.5, 2.5, 4.0, 4.0, 2.5)
    ]
    belts, both = ["RunTreadmill"], ["RunTreadmill", "RunIncline"]
    assert methods == [belts, belts, both, belts, both]
    driver.connect()  # on a new link the deck may be anywhere
    assert len(requests(driver.command(setpoint(incline_deg=2.5)))) == 2


@pytest.mark.parametrize(
    "wanted",
    [
        setpoint(left_mps=10.001),
        setpoint(right_mps=-10.001),
        setpoint(acceleration_mps2=0.0009),
        setpoint(acceleration_mps2=10.1),
        setpoint(incline_deg=90.1),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(wanted: BeltSetpoint) -> None:
    driver = Driver(Settings())
    with pytest.raises(ValueError, match="the treadmill can be told"):
        driver.command(wanted)
    assert driver.disconnect() == b""
    assert requests(driver.connect())[0]["id"] == 1


def test_the_farewell_stops_belts_and_leaves_the_deck() -> None:
    driver = Driver(Settings())
    driver.farewell_deceleration_mps2 = 0.25
    driver.command(setpoint(incline_deg=5.0))
    (request,) = requests(driver.disconnect())
    assert request["method"] == "RunTreadmill"
    assert request["params"]["leftVel"] == request["params"]["rightVel"] == "0.000"
    assert request["params"]["rightDecel"] == "0.250"


def test_statuses_come_from_the_fields_that_the_settings_name(vectors: Vectors) -> None:
    (reading,) = Driver(Settings()).feed(vectors("bertec_fit5")["data"])
    assert reading == BeltReading(1.2, 1.0, pytest.approx(math.radians(2.5)))
    driver = Driver(Settings(left_speed_field="vl", right_speed_field="vr", incline_field="angle"))
    (reading,) = driver.feed(data_message(vl="1,25", vr=1, angle="-0.5"))
    assert reading == BeltReading(1.25, 1.0, pytest.approx(math.radians(-0.5)))


@pytest.mark.parametrize(
    "message",
    [
        data_message(fz=712.5, copy=0.75),  # what users are known to read: no belts in it
        data_message(leftVel=1.0, inclineAngle=0.0),
        data_message(leftVel=1.0, rightVel=None, inclineAngle=0.0),
        data_message(leftVel=1.0, rightVel=True, inclineAngle=0.0),
        data_message(leftVel=1.0, rightVel="1.234,5", inclineAngle=0.0),
        data_message(leftVel=1.0, rightVel=10**400, inclineAngle=0.0),
        b'{"leftVel":1.0,"rightVel":NaN,"inclineAngle":0.0}',
        b'{"leftVel":1.0,"rightVel":1e999,"inclineAngle":0.0}',
    ],
)
def test_a_missing_speed_is_counted_and_is_never_zero(message: bytes) -> None:
    driver = Driver(Settings())
    assert driver.feed(message) == []
    assert (driver.counts.frame_count, driver.counts.reading_count) == (0, 0)
    assert (driver.counts.bad_checksum_count, driver.counts.bytes_dropped_count) == (1, len(message))


@pytest.mark.parametrize("message", [b"[1, 2]", b"{", b"\xff{}", b"[" * 60000, b"1" * 6000, b'{"a":1}' + b" " * 65536])
def test_what_is_no_message_is_dropped(message: bytes) -> None:
    driver = Driver(Settings())
    assert driver.feed(message) == []
    assert (driver.counts.bad_checksum_count, driver.counts.bytes_dropped_count) == (0, len(message))


def test_error_codes_are_counted(vectors: Vectors) -> None:
    driver = Driver(Settings())
    for name in ("reply_success", "reply_with_result", "reply_treadmill_error"):
        assert driver.feed(vectors("bertec_fit5")[name]) == []
    assert (driver.counts.frame_count, driver.counts.device_error_count) == (3, 1)
    assert driver.counts.bytes_dropped_count == 0


@pytest.mark.parametrize(
    ("request_text", "code"),
    [
        ("{", -32700),
        ('{"method":"Jump","params":{}}', -32601),
        ('{"method":["RunIncline"],"params":{}}', -32601),
        ('{"method":"RunIncline"}', -32602),
        ('{"method":"RunTreadmill","params":{"leftVel":"1.2"}}', -32602),
        ('{"method":"InitConnect","params":{}}', -32602),
    ],
)
def test_the_emulator_answers_with_the_error_codes(request_text: str, code: int) -> None:
    reply = Emulator(Settings()).feed(request_text.encode())
    assert json.loads(reply)["code"] == code
    driver = Driver(Settings())
    driver.feed(reply)
    assert driver.counts.device_error_count == 1


@pytest.mark.parametrize(("host", "device"), [(".", ","), (",", ".")])
def test_with_the_wrong_separator_nothing_moves(host: str, device: str) -> None:
    driver, emulator = Driver(Settings(decimal_separator=host)), Emulator(Settings(decimal_separator=device))
    reply = emulator.feed(driver.command(setpoint()))
    assert emulator.advance(10.0) == BeltReading(0.0, 0.0, 0.0)
    for line in reply.splitlines():
        driver.feed(line)
    assert driver.counts.device_error_count == 2


def test_belts_and_deck_move_at_their_rates(vectors: Vectors) -> None:
    emulator = Emulator(Settings())
    emulator.feed(vectors("bertec_fit5")["run_both_belts"] + b"\n" + vectors("bertec_fit5")["run_incline"])
    assert emulator.advance(1.0) == BeltReading(0.5, 0.5, pytest.approx(math.radians(1.0)))
    assert emulator.advance(5.0) == BeltReading(1.2, 1.2, pytest.approx(math.radians(2.5)))
    slower = {"leftVel": 0, "leftAccel": 9, "leftDecel": "0.2", "rightVel": "1.4", "rightAccel": "0.1", "rightDecel": 9}
    emulator.feed(data_message(method="RunTreadmill", params=slower))
    assert emulator.advance(1.0).left_speed_mps == pytest.approx(1.0)  # slows at its deceleration
    assert emulator.advance(0.0).right_speed_mps == pytest.approx(1.3)  # and speeds up at its acceleration
