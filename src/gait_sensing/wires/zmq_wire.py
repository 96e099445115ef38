# SPDX-License-Identifier: Apache-2.0
"""A wire over ZeroMQ: requests one at a time, the newest message of a data stream, and an echoed heartbeat.

URL: ``zmq://HOST:PORT?data_port=PORT&heartbeat_port=PORT``. Needs the extra ``zmq``.

A ZeroMQ socket belongs to one thread. ``read`` and ``close`` are to be called by one thread, which alone touches the
sockets; ``write`` may be called by any and leaves its requests in a queue, with a byte that wakes the reader.

A request socket that got no reply is stuck, so it is thrown away (the "lazy pirate" of the ZeroMQ guide, chapter 4).
Unlike there, what goes out next is the oldest request that waits, and only without one the same request again: to a
treadmill, a stop is worth more than what was wanted before it.
"""

import contextlib
import socket
import time
from collections import deque
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from gait_sensing.wires.transport import MAX_READ_BYTES, WireError

REPLY_TIMEOUT_S = 0.5
MAX_TIMEOUTS = 3  # in a row, before the wire counts as broken
MAX_QUEUED = 32  # requests
LINGER_S = 0.25  # how long closing waits for a last request to go out
ALLOWED_URL = "zmq://HOST:PORT?data_port=PORT&heartbeat_port=PORT"


@dataclass(frozen=True, slots=True)
class ZmqAddress:
    """A device's address, taken apart. The heartbeat port is one of this computer."""

    host: str
    port: int
    data_port: int
    heartbeat_port: int


def parse_zmq_url(url: str) -> ZmqAddress:
    """Take ``url`` apart. Raises ``ValueError`` naming the URL and the allowed form."""
    parts = urlsplit(url)
    try:
        query = parse_qs(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        is_complete = parts.scheme == "zmq" and parts.hostname and parts.port and not parts.path.strip("/")
        if is_complete and sorted(query) == ["data_port", "heartbeat_port"]:
            (data_text,), (heartbeat_text,) = query["data_port"], query["heartbeat_port"]
            address = ZmqAddress(parts.hostname or "", parts.port or 0, int(data_text), int(heartbeat_text))
            if 0 < address.data_port < 65536 and 0 < address.heartbeat_port < 65536:
                return address
    except ValueError:
        pass  # a port that is no number: refused below, like any other wrong form
    raise ValueError(f"url {url!r}: expected {ALLOWED_URL}")


def open_zmq_wire(url: str) -> "ZmqWire":
    """Open the wire that ``url`` names. Raises ``ValueError`` for a wrong URL, ``WireError`` when it will not open."""
    return ZmqWire(parse_zmq_url(url))


class ZmqWire:
    """See the module, and ``transport.Wire``. Opening waits for nobody: a silent peer is noticed by its silence.

    Raises ``WireError`` when it will not open or pyzmq is not installed.
    """

    def __init__(self, address: ZmqAddress) -> None:
        try:
            import zmq  # an optional extra: only who has such a device needs it
        except ModuleNotFoundError:
            raise WireError("a zmq:// address needs the package pyzmq: pip install 'gait_lab[zmq]'") from None
        self._zmq = zmq
        host = f"[{address.host}]" if ":" in address.host else address.host
        self._name = f"zmq://{host}:{address.port}"
        self._request_url, data_url = f"tcp://{host}:{address.port}", f"tcp://{host}:{address.data_port}"
        self._requests: deque[bytes] = deque()
        self._unanswered: bytes | None = None
        self._sent_s = 0.0
        self._timeout_count = 0
        self._bell, self._wake = socket.socketpair()
        self._bell.setblocking(False)
        self._wake.setblocking(False)
        self._context: Any = zmq.Context()
        self._poller: Any = zmq.Poller()
        self._poller.register(self._wake, zmq.POLLIN)
        try:
            self._data = self._socket(zmq.SUB)
            self._data.setsockopt(zmq.CONFLATE, 1)  # one message is kept, the newest
            self._data.subscribe(b"")
            self._data.connect(data_url)
            self._heartbeat = self._socket(zmq.DEALER)
            self._heartbeat.bind(f"tcp://{_own_address_towards(address)}:{address.heartbeat_port}")
            self._request = self._connected_request()
        except (zmq.ZMQError, OSError) as error:
            self.close()
            raise WireError(f"cannot open {self._name}: {error}") from error

    def read(self, max_wait_s: float) -> bytes:
        """Return one message, a reply or one of the data stream; see ``transport.Wire``."""
        end_s = time.monotonic() + max_wait_s
        try:
            while True:
                self._send_next()
                wait_s = max(0.0, min(end_s, self._due_s()) - time.monotonic())
                ready = dict(self._poller.poll(1e3 * wait_s))
                if message := self._taken(ready):
                    return message
                if time.monotonic() >= self._due_s():
                    self._give_up_waiting()
                if time.monotonic() >= end_s:
                    return b""
        except (self._zmq.ZMQError, OSError) as error:
            raise WireError(f"{self._name}: {error}") from error

    def write(self, data: bytes) -> None:
        """Queue ``data``, one request a line, to be sent by ``read``; see ``transport.Wire``."""
        requests = data.splitlines()
        if len(self._requests) + len(requests) > MAX_QUEUED:
            raise WireError(f"{self._name}: {MAX_QUEUED} requests wait for replies that do not come")
        self._requests.extend(requests)
        try:
            self._bell.send(b"!")
        except BlockingIOError:
            pass  # many bells are waiting to be heard already
        except OSError as error:
            raise WireError(f"{self._name}: {error}") from error

    def close(self) -> None:
        """Send the newest request if it still waits, for no reply is waited for any more, and close."""
        if self._context.closed:
            return
        if self._requests:
            self._connected_request().send(self._requests.pop())
        self._requests.clear()
        self._context.destroy(linger=round(1e3 * LINGER_S))
        self._bell.close()
        self._wake.close()

    def _socket(self, kind: int) -> Any:
        """Return a new socket, watched by the poller."""
        result = self._context.socket(kind)
        result.setsockopt(self._zmq.MAXMSGSIZE, MAX_READ_BYTES)
        self._poller.register(result, self._zmq.POLLIN)
        return result

    def _connected_request(self) -> Any:
        result = self._socket(self._zmq.REQ)
        result.connect(self._request_url)
        return result

    def _due_s(self) -> float:
        """Return when the reply is overdue."""
        return float("inf") if self._unanswered is None else self._sent_s + REPLY_TIMEOUT_S

    def _send_next(self) -> None:
        if self._unanswered is None and self._requests:
            self._unanswered = self._requests.popleft()
            self._sent_s = time.monotonic()
            self._request.send(self._unanswered, self._zmq.NOBLOCK)

    def _taken(self, ready: dict[Any, int]) -> bytes:
        """Take what has come; return one message for the host, if there is one."""
        if self._wake.fileno() in ready:
            self._wake.recv(4096)
        if self._heartbeat in ready:
            beat = self._heartbeat.recv_multipart()
            with contextlib.suppress(self._zmq.Again):  # it went away meanwhile
                self._heartbeat.send_multipart(beat, self._zmq.NOBLOCK)
        if self._request in ready:
            self._unanswered, self._timeout_count = None, 0
            return bytes(self._request.recv())
        return bytes(self._data.recv()) if self._data in ready else b""

    def _give_up_waiting(self) -> None:
        self._timeout_count += 1
        if self._timeout_count == MAX_TIMEOUTS:
            self._requests.clear()  # nobody shall obey them later
            raise WireError(f"{self._name}: no reply to {MAX_TIMEOUTS} requests")
        if not self._requests and self._unanswered is not None:
            self._requests.append(self._unanswered)
        self._unanswered = None
        self._poller.unregister(self._request)
        self._request.close(linger=0)
        self._request = self._connected_request()


def _own_address_towards(address: ZmqAddress) -> str:
    """Return this computer's address on the way to the device: nobody else need reach the heartbeat."""
    family, kind, protocol, _, peer = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.connect(peer)  # sends nothing
        own = str(probe.getsockname()[0])
    return f"[{own}]" if ":" in own else own
