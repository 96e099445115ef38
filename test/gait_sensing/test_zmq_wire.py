# SPDX-License-Identifier: Apache-2.0
"""A wire over real ZeroMQ sockets on loopback, and a treadmill at its other end."""

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gait_sensing.samples import BeltReading, BeltSetpoint
from gait_sensing.treadmills.bertec_fit5 import Driver, Emulator, Settings
from gait_sensing.wires import zmq_wire
from gait_sensing.wires.transport import WireError
from gait_sensing.wires.zmq_wire import MAX_QUEUED, ZmqAddress, ZmqWire, open_zmq_wire, parse_zmq_url

WaitUntil = Callable[..., None]


def test_urls_are_taken_apart() -> None:
    address = parse_zmq_url("zmq://192.168.0.20:5555?data_port=5556&heartbeat_port=5560")
    assert address == ZmqAddress("192.168.0.20", 5555, 5556, 5560)
    assert parse_zmq_url("zmq://[::1]:1?heartbeat_port=3&data_port=2") == ZmqAddress("::1", 1, 2, 3)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "tcp://host:5555?data_port=5556&heartbeat_port=5560",
        "zmq://host?data_port=5556&heartbeat_port=5560",
        "zmq://host:5555/path?data_port=5556&heartbeat_port=5560",
        "zmq://host:5555",
        "zmq://host:5555?data_port=5556",
        "zmq://host:5555?data_port=5556&heartbeat_port=5560&extra=1",
        "zmq://host:5555?data_port=5556&data_port=5557&heartbeat_port=5560",
        "zmq://host:5555?data_port=many&heartbeat_port=5560",
        "zmq://host:5555?data_port=0&heartbeat_port=5560",
        "zmq://host:5555?data_port=5556&heartbeat_port=65536",
    ],
)
def test_any_other_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="expected zmq://HOST:PORT"):
        open_zmq_wire(url)


def test_without_pyzmq_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zmq", None)
    with pytest.raises(WireError, match=r"pip install 'gait_lab\[zmq\]'"):
        open_zmq_wire("zmq://127.0.0.1:5555?data_port=5556&heartbeat_port=5560")


class Peer:
    """The treadmill's end: replies by hand, data stream, heartbeat."""

    def __init__(self, zmq: Any, free_port: int) -> None:
        self.zmq, self.context = zmq, zmq.Context()
        self.context.linger = 0
        self.replies, self.stream = self.context.socket(zmq.ROUTER), self.context.socket(zmq.XPUB)
        self.heart = self.context.socket(zmq.DEALER)
        port, data_port = (each.bind_to_random_port("tcp://127.0.0.1") for each in (self.replies, self.stream))
        self.url = f"zmq://127.0.0.1:{port}?data_port={data_port}&heartbeat_port={free_port}"
        self.heart.connect(f"tcp://127.0.0.1:{free_port}")
        self.requests: list[bytes] = []
        self.return_paths: list[list[bytes]] = []

    def take(self) -> int:
        """Take the requests that have come; return how many there were ever."""
        while self.replies.poll(0):
            *path, request = self.replies.recv_multipart()
            self.return_paths.append(path)
            self.requests.append(request)
        return len(self.requests)

    def reply(self, data: bytes) -> None:
        """Reply to the newest request."""
        self.replies.send_multipart([*self.return_paths[-1], data])


@pytest.fixture
def peer() -> Iterator[Peer]:
    zmq = pytest.importorskip("zmq", reason="the extra zmq is not installed")
    context = zmq.Context()
    with context.socket(zmq.DEALER) as probe:
        free_port = probe.bind_to_random_port("tcp://127.0.0.1")
    context.term()
    peer = Peer(zmq, free_port)
    yield peer
    peer.context.destroy(linger=0)


@pytest.fixture
def wire(peer: Peer, wait_until: WaitUntil, monkeypatch: pytest.MonkeyPatch) -> Iterator[ZmqWire]:
    monkeypatch.setattr(zmq_wire, "REPLY_TIMEOUT_S", 60.0)  # a peer that is late has not lost a request
    monkeypatch.setattr(zmq_wire, "LINGER_S", 10.0)
    wire = open_zmq_wire(peer.url)
    wait_until(lambda: peer.stream.poll(0), lambda: wire.read(0.01))  # until it has subscribed
    yield wire
    wire.close()
    wire.close()  # twice is harmless


@pytest.fixture
def impatient(wire: ZmqWire, monkeypatch: pytest.MonkeyPatch) -> ZmqWire:
    """The wire, which soon takes a request for lost."""
    monkeypatch.setattr(zmq_wire, "REPLY_TIMEOUT_S", 0.5)
    return wire


def test_a_request_waits_for_the_reply_to_the_one_before(peer: Peer, wire: ZmqWire, wait_until: WaitUntil) -> None:
    wire.write(b"one\ntwo\n")
    wait_until(peer.take, lambda: wire.read(0.01))
    assert wire.read(0.05) == b""
    assert peer.take() == 1
    got: list[bytes] = []
    peer.reply(b"first")
    wait_until(lambda: peer.take() == 2, lambda: got.append(wire.read(0.01)))
    peer.reply(b"second")
    wait_until(lambda: b"second" in got, lambda: got.append(wire.read(0.01)))
    assert peer.requests == [b"one", b"two"]
    assert list(filter(None, got)) == [b"first", b"second"]


def test_of_the_data_stream_the_newest_message_is_read(peer: Peer, wire: ZmqWire, wait_until: WaitUntil) -> None:
    for i in range(200):
        peer.stream.send(b"%d" % i)
    got: list[bytes] = []
    wait_until(lambda: b"199" in got, lambda: got.append(wire.read(0.01)))
    assert len(got) < 200  # those in between were dropped
    assert wire.read(0.05) == b""


def test_a_heartbeat_is_sent_back_unchanged(peer: Peer, wire: ZmqWire, wait_until: WaitUntil) -> None:
    for beat in ([b"\x00\xffbeat"], [b"", b"in", b"parts"]):
        peer.heart.send_multipart(beat)
        wait_until(lambda: peer.heart.poll(0), lambda: wire.read(0.01))
        assert peer.heart.recv_multipart() == beat


def test_without_a_reply_the_same_request_goes_again(peer: Peer, impatient: ZmqWire, wait_until: WaitUntil) -> None:
    impatient.write(b"hello\n")
    wait_until(lambda: peer.take() >= 2, lambda: impatient.read(0.01))
    assert set(peer.requests) == {b"hello"}
    got: list[bytes] = []

    def reply() -> None:  # to the newest: the others were given up
        if peer.take():
            peer.reply(b"late but welcome")
        got.append(impatient.read(0.01))

    wait_until(lambda: b"late but welcome" in got, reply)


def test_without_a_reply_a_newer_request_goes_first(peer: Peer, impatient: ZmqWire, wait_until: WaitUntil) -> None:
    impatient.write(b"go\n")
    wait_until(peer.take, lambda: impatient.read(0.01))
    impatient.write(b"stop\n")
    wait_until(lambda: peer.take() and peer.requests[-1] == b"stop", lambda: impatient.read(0.01))
    got: list[bytes] = []

    def reply() -> None:
        peer.take()
        peer.reply(b"stopped")
        got.append(impatient.read(0.01))

    wait_until(lambda: b"stopped" in got, reply)
    impatient.read(0.05)
    peer.take()
    requests = peer.requests[peer.requests.index(b"stop") :]
    assert set(requests) == {b"stop"}, "what was wanted before the stop never comes after it"


def test_a_peer_that_never_replies_breaks_the_wire(peer: Peer, impatient: ZmqWire) -> None:
    impatient.write(b"hello\n")
    with pytest.raises(WireError, match="no reply"):
        for _ in range(100):
            impatient.read(0.1)


def test_more_requests_than_are_ever_answered_are_refused(wire: ZmqWire) -> None:
    wire.write(b"go\n" * MAX_QUEUED)
    with pytest.raises(WireError, match="wait for replies"):
        wire.write(b"go\n")


def test_the_last_request_still_goes_when_the_wire_closes(peer: Peer, wire: ZmqWire, wait_until: WaitUntil) -> None:
    wire.write(b"go\n")
    wait_until(peer.take, lambda: wire.read(0.01))
    wire.write(b"faster\n")
    wire.write(b"stop\n")
    wire.close()
    wait_until(lambda: peer.take() == 2, lambda: peer.replies.poll(10))
    assert peer.requests == [b"go", b"stop"]


def test_a_taken_heartbeat_port_is_named(peer: Peer, wire: ZmqWire) -> None:
    with pytest.raises(WireError, match=r"cannot open zmq://127\.0\.0\.1"):
        open_zmq_wire(peer.url)


def test_a_treadmill_is_driven_over_it(peer: Peer, wire: ZmqWire, wait_until: WaitUntil) -> None:
    driver, emulator = Driver(Settings()), Emulator(Settings())
    statuses: list[BeltReading] = []

    def step() -> None:
        emulator.advance(0.02)
        peer.stream.send(emulator.encode(emulator.advance(0.0)))
        before = len(peer.requests)
        if peer.take() > before:
            peer.reply(emulator.feed(peer.requests[-1]))
        statuses.extend(driver.feed(wire.read(0.005)))

    wire.write(driver.connect())
    wait_until(lambda: emulator.is_connected and statuses, step)
    assert statuses[-1] == BeltReading(0.0, 0.0, 0.0)
    wire.write(driver.command(BeltSetpoint(1.2, -0.4, 0.5, 0.02)))
    wait_until(lambda: statuses[-1].left_speed_mps == 1.2 and statuses[-1].incline_rad > 0.0199, step)
    assert statuses[-1].right_speed_mps == -0.4
    assert [json.loads(request)["method"] for request in peer.requests] == ["InitConnect", "RunTreadmill", "RunIncline"]
    assert driver.counts.device_error_count == driver.counts.bytes_dropped_count == 0
