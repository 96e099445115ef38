# SPDX-License-Identifier: Apache-2.0
import socket
from pathlib import Path

import pytest

from gait_sensing.health import Level
from gait_session.doctor import checks
from gait_session.doctor.streams import findings


@pytest.mark.parametrize(
    ("version", "machine", "level"),
    [
        ((3, 10), "Linux x86_64", Level.GREEN),
        ((3, 13), "Linux x86_64", Level.GREEN),
        ((3, 9), "Linux x86_64", Level.RED),
        ((3, 14), "Linux x86_64", Level.RED),
        ((3, 12), "Linux aarch64", Level.AMBER),
    ],
)
def test_python(version: tuple[int, int], machine: str, level: str) -> None:
    assert checks.check_python(version, machine).level == level


@pytest.mark.parametrize(("free_bytes", "level"), [(5e8, Level.RED), (5e9, Level.AMBER), (5e10, Level.GREEN)])
def test_disk(free_bytes: float, level: str) -> None:
    assert checks.check_disk(free_bytes).level == level


PROFILE = {"FASTDDS_DEFAULT_PROFILES_FILE": "/opt/share/gait_lab/config/loopback.xml"}


@pytest.mark.parametrize(
    ("changes", "levels"),
    [
        ({}, [Level.GREEN, Level.GREEN]),
        ({"ROS_AUTOMATIC_DISCOVERY_RANGE": "SYSTEM_DEFAULT"}, [Level.AMBER, Level.GREEN]),
        ({"ROS_AUTOMATIC_DISCOVERY_RANGE": "SYSTEM_DEFAULT", **PROFILE}, [Level.GREEN, Level.GREEN]),
        ({"ROS_AUTOMATIC_DISCOVERY_RANGE": "SUBNET"}, [Level.AMBER, Level.GREEN]),
        ({"ROS_AUTOMATIC_DISCOVERY_RANGE": "off"}, [Level.RED, Level.GREEN]),
        ({"ROS_DOMAIN_ID": "232"}, [Level.GREEN, Level.GREEN]),
        ({"ROS_DOMAIN_ID": "233"}, [Level.GREEN, Level.RED]),
        ({"ROS_DOMAIN_ID": "lab"}, [Level.GREEN, Level.RED]),
        ({"ROS_LOCALHOST_ONLY": "1"}, [Level.GREEN, Level.GREEN, Level.AMBER]),
    ],
)
def test_network(changes: dict[str, str], levels: list[str]) -> None:
    environment = {"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST", **changes}
    assert [finding.level for finding in checks.check_network(environment)] == levels


def test_the_addresses_of_a_config_are_found(tmp_path: Path) -> None:
    path = tmp_path / "lab.yaml"
    path.write_text(
        "/**/imu_node: {ros__parameters: {segments: [a], a: {url: 'serial:///dev/x', rate_hz: 1}}}\n"
        "/**/treadmill_node: {ros__parameters: {url: 'tcp://1.2.3.4:5'}}\n"
    )
    assert checks.read_urls(path) == [("imu_node/a", "serial:///dev/x"), ("treadmill_node", "tcp://1.2.3.4:5")]


def test_a_serial_address_must_exist_and_be_ours(tmp_path: Path) -> None:
    path = tmp_path / "device"
    assert checks.check_address("a", f"serial://{path}?baud_bps=115200").level is Level.RED
    path.touch()
    assert checks.check_address("a", f"serial://{path}?baud_bps=115200").level is Level.GREEN


def test_a_tcp_address_must_answer_and_is_sent_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        assert checks.check_address("a", url).level is Level.GREEN
        connection, _ = server.accept()
        with connection:
            assert connection.recv(1) == b""
    assert checks.check_address("a", url).level is Level.RED


@pytest.mark.parametrize(
    ("url", "level"),
    [
        ("udp://127.0.0.1:5", Level.AMBER),
        ("tcp://127.0.0.1", Level.RED),
        ("tcp://127.0.0.1:x", Level.RED),
        ("/dev/ttyUSB0", Level.RED),
        ("serial:///dev/null", Level.RED),  # no baud_bps
        ("udp-listen://192.0.2.1:5", Level.RED),  # not this computer's
    ],
)
def test_other_addresses(url: str, level: str) -> None:
    assert checks.check_address("a", url).level == level


def test_an_address_to_listen_at_must_be_free() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        url = f"udp-listen://127.0.0.1:{other.getsockname()[1]}"
        assert checks.check_address("a", url).level is Level.RED
    assert checks.check_address("a", url).level is Level.GREEN


def test_an_import_is_tried_for_real() -> None:
    assert checks.check_import("a", "argparse", {}, "do this").level is Level.GREEN
    finding = checks.check_import("a", "no_such_module", {}, "do this")
    assert (finding.level, finding.advice) == (Level.RED, "do this")
    assert "no_such_module" in finding.found


def test_what_is_not_known_of_a_stream_is_told_in_words_and_every_red_one_has_advice() -> None:
    counts = {"lost_count": "0", "bad_checksum_count": "0", "open_count": "7"}
    values = {"nominal_rate_hz": "1000.0", "rate_hz": "nan", "age_s": "nan", "jitter_s": "nan", **counts}
    silent = {"level": 2, "text": "not connected", "values": {**values, "advice": "plug it in"}}
    slow = {"level": 0, "text": "ok", "values": {**values, "age_s": "0.004"}}
    belts = {"level": 2, "text": "no status", "values": {}}
    found = {one.what: one for one in findings({"a": silent, "b": slow, "treadmill": belts})}
    assert found["a"].found == "not connected; nothing of 1000 Hz has come, 0 lost, 0 bad, 7 times opened"
    assert found["b"].found == "4 ms old, 0 lost, 0 bad, 7 times opened"
    assert found["a"].advice == "plug it in" and found["b"].advice == ""
    assert "switched on" in found["treadmill"].advice
