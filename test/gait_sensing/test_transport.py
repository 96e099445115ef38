# SPDX-License-Identifier: Apache-2.0
"""Wires over real pseudo-terminals and loopback sockets."""

import os
import pty
import select
import socket
import time
import tty
from collections.abc import Iterator

import pytest

from gait_sensing.transport import Wire, WireError, WireUrl, open_wire, parse_url


def read_until(wire: Wire, data: bytes, deadline_s: float = 5.0) -> bytes:
    end_s, got = time.monotonic() + deadline_s, b""
    while len(got) < len(data) and time.monotonic() < end_s:
        got += wire.read(0.1)
    return got


@pytest.fixture
def terminal() -> Iterator[tuple[int, str]]:
    """The device's end of a serial line, and the path of the host's end."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    path = os.ttyname(slave)
    os.close(slave)
    yield master, path
    os.close(master)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def tcp_url(listener: socket.socket) -> str:
    return f"tcp://127.0.0.1:{listener.getsockname()[1]}"


def test_urls_are_taken_apart() -> None:
    assert parse_url("serial:///dev/ttyUSB0?baud_bps=921600") == WireUrl("serial", "/dev/ttyUSB0", 921600)
    assert parse_url("tcp://192.168.0.108:4008") == WireUrl("tcp", host="192.168.0.108", port=4008)
    assert parse_url("udp://[::1]:49152") == WireUrl("udp", host="::1", port=49152)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/dev/ttyUSB0",
        "serial:///dev/ttyUSB0",
        "serial:///dev/ttyUSB0?baud_bps=fast",
        "serial:///dev/ttyUSB0?baud_bps=0",
        "serial:///dev/ttyUSB0?baud_bps=9600&baud_bps=115200",
        "serial:///dev/ttyUSB0?baudrate=9600",
        "serial:///dev/ttyUSB0?baud_bps=9600&parity=odd",
        "serial://ttyUSB0?baud_bps=9600",
        "serial:///?baud_bps=9600",
        "tcp://host",
        "tcp://:4000",
        "tcp://host:0",
        "tcp://host:70000",
        "tcp://host:port",
        "tcp://host:4000/path",
        "tcp://host:4000?baud_bps=9600",
        "http://host:80",
    ],
)
def test_wrong_urls_are_named_with_what_is_allowed(url: str) -> None:
    for refuse in (parse_url, open_wire):
        with pytest.raises(ValueError, match=r"serial:///dev/NAME.*tcp://HOST:PORT.*udp://HOST:PORT") as caught:
            refuse(url)
        assert repr(url) in str(caught.value)


def test_serial_both_ways_and_alone(terminal: tuple[int, str]) -> None:
    master, path = terminal
    wire = open_wire(f"serial://{path}?baud_bps=921600")
    try:
        everything = bytes(range(256))
        os.write(master, everything)
        assert read_until(wire, everything) == everything
        wire.write(everything)
        assert os.read(master, 1000) == everything
        with pytest.raises(WireError, match=path):
            open_wire(f"serial://{path}?baud_bps=921600")
    finally:
        wire.close()
    open_wire(f"serial://{path}?baud_bps=921600").close()


def test_a_pulled_serial_line_is_an_error() -> None:
    master, slave = pty.openpty()
    path = os.ttyname(slave)
    wire = open_wire(f"serial://{path}?baud_bps=115200")
    os.close(slave)
    os.close(master)
    try:
        with pytest.raises(WireError, match=path):
            wire.read(1.0)
        with pytest.raises(WireError, match=path):
            wire.write(b"x")
    finally:
        wire.close()


def test_a_device_that_takes_nothing_is_an_error_in_time(terminal: tuple[int, str]) -> None:
    wire = open_wire(f"serial://{terminal[1]}?baud_bps=115200")
    try:
        with pytest.raises(WireError):
            for _ in range(1000):
                wire.write(bytes(4096))
    finally:
        wire.close()


def test_tcp_both_ways_without_delay(listener: socket.socket) -> None:
    wire = open_wire(tcp_url(listener))
    device, _ = listener.accept()
    with device:
        device.sendall(b"status")
        assert read_until(wire, b"status") == b"status"
        wire.write(b"command")
        assert device.recv(100) == b"command"
        assert wire._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    try:
        with pytest.raises(WireError, match="closed by the device"):
            wire.read(5.0)
    finally:
        wire.close()


def test_nobody_there_is_an_error(listener: socket.socket) -> None:
    url = tcp_url(listener)
    listener.close()
    with pytest.raises(WireError, match=f"cannot open {url}"):
        open_wire(url)
    with pytest.raises(WireError, match="cannot open serial:///dev/no_such_device"):
        open_wire("serial:///dev/no_such_device?baud_bps=9600")


def test_udp_keeps_datagrams_apart() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
        device.bind(("127.0.0.1", 0))
        wire = open_wire(f"udp://127.0.0.1:{device.getsockname()[1]}")
        try:
            wire.write(b"start")
            data, host = device.recvfrom(100)
            assert data == b"start"
            device.sendto(b"one", host)
            device.sendto(b"two", host)
            assert [wire.read(5.0), wire.read(5.0)] == [b"one", b"two"]
        finally:
            wire.close()


@pytest.mark.parametrize("kind", ["serial", "tcp", "udp"])
def test_a_quiet_wire_gives_nothing(kind: str, terminal: tuple[int, str], listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    url = f"serial://{terminal[1]}?baud_bps=9600" if kind == "serial" else f"{kind}://127.0.0.1:{port}"
    wire = open_wire(url)
    try:
        assert wire.read(0.01) == b""
    finally:
        wire.close()
        wire.close()


def test_a_read_returns_what_is_there_at_once(terminal: tuple[int, str]) -> None:
    master, path = terminal
    wire = open_wire(f"serial://{path}?baud_bps=115200")
    try:
        os.write(master, b"abc")
        select.select([wire._port.fileno()], [], [], 5.0)
        assert wire.read(3600.0) == b"abc"
    finally:
        wire.close()
