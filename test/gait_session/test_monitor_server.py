# SPDX-License-Identifier: Apache-2.0
"""The live page's server on real sockets: who is answered, with what, and that nobody holds up anybody."""

import http.client
import json
import re
import socket
import threading
import time

import pytest

from gait_session.monitor import server
from gait_session.monitor.page import HEADERS, PAGE
from gait_session.monitor.server import LiveServer, is_loopback, is_own_name

DEADLINE_S = 30.0


@pytest.fixture
def live():
    live = LiveServer("127.0.0.1", 0, PAGE, HEADERS)
    yield live
    live.close()


class Visitor:
    """Somebody who listens to the stream of events."""

    def __init__(self, live, receive_bytes=None):
        self._socket = socket.socket()
        if receive_bytes:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self._socket.settimeout(DEADLINE_S)
        self._socket.connect(("127.0.0.1", port(live)))
        self._socket.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self._file = self._socket.makefile("rb")
        assert b" 200 " in self._file.readline()
        while self._file.readline() != b"\r\n":
            pass

    def event(self):
        """Return kind and values of the next event; None at the end."""
        lines = []
        while (line := self._file.readline()) not in (b"\n", b""):
            lines.append(line.decode())
        if not lines:
            return None
        kind, data = re.fullmatch(r"event: (\w+)\ndata: (.*)\n", "".join(lines)).groups()
        return kind, json.loads(data)

    def close(self):
        self._file.close()
        self._socket.close()


@pytest.fixture
def visit(live):
    visitors = []

    def visit(**arguments):
        visitors.append(Visitor(live, **arguments))
        return visitors[-1]

    yield visit
    for visitor in visitors:
        visitor.close()


def port(live):
    return int(live.url.rpartition(":")[2])


def ask(live, path="/", method="GET", **headers):
    """Return status, headers and body of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port(live), timeout=DEADLINE_S)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def publish_until(live, is_done, kind="state", **values):
    """Publish again and again, as the node does: a visitor is told from when its thread listens."""
    end = time.monotonic() + DEADLINE_S
    wait = threading.Event()
    while not is_done():
        assert time.monotonic() < end
        live.board.publish(kind, values)
        wait.wait(0.01)


def heard(live, visitor):
    """Return the first event that a visitor hears."""
    events = []
    thread = threading.Thread(target=lambda: events.append(visitor.event()))
    thread.start()
    publish_until(live, lambda: events, number_count=1)
    thread.join()
    return events[0]


def test_the_page_is_served_with_its_headers(live):
    status, headers, body = ask(live)
    assert (status, body) == (200, PAGE)
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert {name: headers[name] for name in HEADERS} == HEADERS
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_the_page_refers_to_nothing_outside_itself():
    text = PAGE.decode()
    assert not re.search(r"https?:|src=|href=|@import|url\(|\bon\w+=", text)
    assert re.findall(r'EventSource\("(.*?)"\)', text) == ["/events"]


def test_every_element_that_the_script_speaks_of_is_on_the_page():
    text = PAGE.decode()
    named = set(re.findall(r'(?:at|put)\("(\w+)"', text))
    assert len(named) > 10
    assert named <= set(re.findall(r' id="(\w+)"', text))


@pytest.mark.parametrize("path", ["/favicon.ico", "/..", "/events/", "/%2e%2e/etc/passwd"])
def test_there_is_nothing_else(live, path):
    status, headers, _ = ask(live, path)
    assert status == 404
    assert headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS"])
def test_nothing_can_be_commanded(live, method):
    assert ask(live, method=method)[0] == 501


@pytest.mark.parametrize("path", ["/", "/events"])
@pytest.mark.parametrize("name", ["evil.example", "evil.example:8420", "127.0.0.1.evil.example", "", "["])
def test_a_name_of_somebody_else_is_refused(live, path, name):
    status, _, body = ask(live, path, Host=name)
    assert status == 421
    assert b"gait" not in body


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "LOCALHOST:1", "[::1]:8420", "192.168.1.7:8420"])
def test_own_names_and_addresses_are_answered(live, name):
    assert ask(live, Host=name)[0] == 200


def test_the_configured_name_is_ones_own():
    assert is_own_name("Lab-PC:8420", "lab-pc")
    assert not is_own_name("lab-pc.evil.example", "lab-pc")
    assert not is_own_name("evil.example", "0.0.0.0")


def test_what_is_reached_from_this_computer_alone():
    assert all(map(is_loopback, ("127.0.0.1", "::1", "localhost", "127.3.2.1")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "192.168.1.7", "lab-pc")))


def test_every_visitor_is_told(live, visit):
    visitors = [visit() for _ in range(3)]
    for visitor in visitors:
        kind, values = heard(live, visitor)
        assert (kind, values.pop("number_count")) == ("state", 1)
        assert list(values) == ["clock_s"]


def test_no_number_that_a_browser_cannot_read_is_told(live):
    with pytest.raises(ValueError, match="JSON"):
        live.board.publish("state", {"speed_mps": float("nan")})


def test_a_visitor_who_never_reads_delays_nobody(live, visit):
    visit(receive_bytes=4096)
    visitor = visit()
    heard(live, visitor)
    slowest_s, padding = 0.0, "x" * 100_000
    for number in range(100):  # more than any buffer of a connection holds
        begun_s = time.thread_time()
        live.board.publish("state", {"number_count": number, "padding": padding})
        slowest_s = max(slowest_s, time.thread_time() - begun_s)
        while visitor.event()[1].get("number_count") != number:
            pass
    assert slowest_s < 0.1


def test_a_slow_visitor_hears_the_newest_of_each_kind(live, visit):
    visitor = visit(receive_bytes=4096)
    heard(live, visitor)
    padding = "x" * 100_000
    for number in range(200):
        live.board.publish("state", {"number_count": number, "padding": padding})
        live.board.publish("prompt", {"number_count": number})
    newest = {}
    while newest.get("state") != 199 or newest.get("prompt") != 199:
        kind, values = visitor.event()
        assert values["number_count"] >= newest.get(kind, 0)
        newest[kind] = values["number_count"]


def test_a_visitor_too_many_is_turned_away_and_a_place_is_free_again(live, visit, monkeypatch):
    monkeypatch.setattr(server, "MOST_VISITORS", 2)
    first, second = visit(), visit()
    heard(live, second)
    with pytest.raises((http.client.HTTPException, OSError)):
        ask(live)
    first.close()
    end = time.monotonic() + DEADLINE_S
    while True:  # the server finds that out when it writes
        assert time.monotonic() < end
        live.board.publish("state", {})
        try:
            assert ask(live)[0] == 200
            break
        except (http.client.HTTPException, OSError):
            pass


def test_close_lets_everybody_go(visit, live, monkeypatch):
    monkeypatch.setattr(server._Visit, "timeout", 600.0)  # not by the time-out
    silent = socket.create_connection(("127.0.0.1", port(live)))
    listening, hung = visit(), visit(receive_bytes=4096)
    heard(live, listening)
    heard(live, hung)
    for _ in range(3):
        live.board.publish("state", {"padding": "x" * 10_000_000})
    live.close()
    assert not [thread for thread in threading.enumerate() if "process_request" in thread.name]
    silent.close()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port(live)))


def test_a_visitor_who_says_nothing_is_left(live, monkeypatch):
    monkeypatch.setattr(server._Visit, "timeout", 0.05)
    with socket.create_connection(("127.0.0.1", port(live)), timeout=DEADLINE_S) as silent:
        assert silent.recv(1) == b""


def test_a_port_in_use_is_told(live):
    with pytest.raises(OSError, match="in use"):
        LiveServer("127.0.0.1", port(live), PAGE, HEADERS)


def test_a_port_is_free_again_at_once(live, visit):
    heard(live, visit())
    live.close()
    LiveServer("127.0.0.1", port(live), PAGE, HEADERS).close()


@pytest.mark.parametrize(
    ("host", "url"),
    [("::1", r"http://\[::1\]:\d+"), ("localhost", r"http://localhost:\d+"), ("0.0.0.0", "http://<address .*>:.*")],
)
def test_address_to_open(host, url):
    try:
        live = LiveServer(host, 0, PAGE, HEADERS)
    except OSError as error:
        pytest.skip(f"{host} is no address of this computer: {error}")
    live.close()
    assert re.fullmatch(url, live.url)
