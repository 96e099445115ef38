# SPDX-License-Identifier: Apache-2.0
"""Wires over real pseudo-terminals and loopback sockets."""

import os
import pty
import select
import socket
import threading
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer

import pytest
import serial

from gait_sensing.wires import transport
from gait_sensing.wires.transport import Wire, WireError, WireUrl, fetch_page, open_wire, parse_url


def read_until(wire: Wire, data: bytes, deadline_s: float = 30.0) -> bytes:
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
    assert parse_url("udp://[::1]:49152") == WireUrl("udp", host="::1", port=49152, http_port=80)
    assert parse_url("udp://10.0.0.2:49152?http_port=8080") == WireUrl("udp", "", 0, "10.0.0.2", 49152, 8080)
    assert parse_url("udp-listen://0.0.0.0:8888") == WireUrl("udp-listen", host="0.0.0.0", port=8888)


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
        "tcp://host:4000?http_port=80",
        "udp://host:4000?http_port=0",
        "udp://host:4000?http_port=65536",
        "udp://host:4000?http_port=web",
        "udp://host:4000?http_port=80&http_port=81",
        "udp-listen://host",
        "udp-listen://host:4000?http_port=80",
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
        got = b""
        while len(got) < len(everything):  # in pieces of any size
            got += os.read(master, 1000)
        assert got == everything
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


def test_what_was_written_last_arrives_although_the_line_is_closed(terminal: tuple[int, str]) -> None:
    master, path = terminal
    wire = open_wire(f"serial://{path}?baud_bps=115200")
    keeper = os.open(path, os.O_RDWR | os.O_NOCTTY)  # a pseudo-terminal forgets when nobody holds it
    wire.write(b"stop")
    wire.close()
    assert os.read(master, 100) == b"stop"
    os.close(keeper)


@pytest.mark.parametrize("is_stuck", [True, False])
def test_a_device_that_takes_nothing_does_not_hold_up_closing(
    terminal: tuple[int, str], monkeypatch: pytest.MonkeyPatch, is_stuck: bool
) -> None:
    """On a real port; a pseudo-terminal has no transmitter whose bytes could wait."""
    waiting = [5] * (1000 if is_stuck else 3)
    thrown_away: list[int] = []
    monkeypatch.setattr(transport, "DRAIN_S", 0.05)
    monkeypatch.setattr(serial.Serial, "out_waiting", property(lambda port: waiting.pop() if waiting else 0))
    monkeypatch.setattr(serial.Serial, "reset_output_buffer", lambda port: thrown_away.append(port.fileno()))
    wire = open_wire(f"serial://{terminal[1]}?baud_bps=115200")
    wire.close()
    assert len(thrown_away) == is_stuck
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


def free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_nobody_at_a_udp_address_is_an_error_once_the_network_says_so() -> None:
    wire = open_wire(f"udp://127.0.0.1:{free_udp_port()}")
    try:
        wire.write(b"start")
        with pytest.raises(WireError, match="refused"):
            wire.read(5.0)
        wire.write(b"start")
        with pytest.raises(WireError, match="refused"):
            wire.write(b"start")
    finally:
        wire.close()


def test_an_empty_datagram_is_no_data_and_none_is_sent() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
        device.bind(("127.0.0.1", 0))
        wire = open_wire(f"udp://127.0.0.1:{device.getsockname()[1]}")
        try:
            wire.write(b"")
            wire.write(b"start")
            data, host = device.recvfrom(100)
            assert data == b"start"
            device.sendto(b"", host)
            device.sendto(b"one", host)
            assert [wire.read(5.0), wire.read(5.0)] == [b"", b"one"]
        finally:
            wire.close()


def test_a_listening_wire_takes_datagrams_from_anyone_and_answers_nobody() -> None:
    port = free_udp_port()
    wire = open_wire(f"udp-listen://127.0.0.1:{port}")
    try:
        for data in (b"one", b"two"):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
                device.sendto(data, ("127.0.0.1", port))
            assert wire.read(5.0) == data
        assert wire.read(0.01) == b""
        wire.write(b"")
        with pytest.raises(WireError, match=f"udp-listen://127.0.0.1:{port}.*cannot be written to"):
            wire.write(b"x")
        with pytest.raises(WireError, match="cannot open"):
            open_wire(f"udp-listen://127.0.0.1:{port}")  # taken
    finally:
        wire.close()


class PageHandler(BaseHTTPRequestHandler):
    """Answers with ``page``; when there is none, with bytes without end."""

    def __init__(self, page: bytes | None, *request: object) -> None:
        self.page = page
        super().__init__(*request)

    def do_GET(self) -> None:
        if self.path != "/netftapi2.xml":
            self.send_error(404)
            return
        self.send_response(200)
        self.end_headers()
        try:
            while self.page is None:
                self.wfile.write(bytes(65536))
            self.wfile.write(self.page)
        except ConnectionError:
            return

    def log_message(self, *words: object) -> None:
        pass


@contextmanager
def web_server(page: bytes | None) -> Iterator[int]:
    with TCPServer(("127.0.0.1", 0), partial(PageHandler, page)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def test_a_page_is_fetched_past_any_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setattr(transport, "PAGE_TIMEOUT_S", 60.0)
    page = bytes(range(256)) * 1000
    with web_server(page) as port:
        assert fetch_page(f"udp://127.0.0.1:49152?http_port={port}", "netftapi2.xml") == page
        with pytest.raises(WireError, match=f"cannot fetch http://127.0.0.1:{port}/other.xml: .*404"):
            fetch_page(f"udp://127.0.0.1:49152?http_port={port}", "other.xml")


def test_a_page_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "PAGE_TIMEOUT_S", 60.0)
    with web_server(None) as port:
        url = f"udp://127.0.0.1:49152?http_port={port}"
        with pytest.raises(WireError, match=r"too long .*, 10\d{5} bytes"):
            fetch_page(url, "netftapi2.xml")
        monkeypatch.setattr(transport, "PAGE_TIMEOUT_S", 0.0)
        with pytest.raises(WireError, match=r"too slow, \d{1,5} bytes"):
            fetch_page(url, "netftapi2.xml")


def test_no_web_server_or_one_that_talks_nonsense_is_an_error(listener: socket.socket) -> None:
    port = listener.getsockname()[1]

    def talk() -> None:
        client, _ = listener.accept()
        with client:
            client.sendall(b"SSH-2.0-x\r\n")
            client.recv(1000)

    thread = threading.Thread(target=talk)
    thread.start()
    url = f"udp://127.0.0.1:49152?http_port={port}"
    with pytest.raises(WireError, match="cannot fetch"):
        fetch_page(url, "netftapi2.xml")
    thread.join()
    listener.close()
    with pytest.raises(WireError, match="refused"):
        fetch_page(url, "netftapi2.xml")
    with pytest.raises(WireError, match="cannot fetch"):
        fetch_page("serial:///dev/ttyUSB0?baud_bps=9600", "netftapi2.xml")


@pytest.mark.parametrize("kind", ["serial", "tcp", "udp", "udp-listen"])
def test_a_quiet_wire_gives_nothing(kind: str, terminal: tuple[int, str], listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    port = free_udp_port() if kind == "udp-listen" else port
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
