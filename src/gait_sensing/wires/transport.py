# SPDX-License-Identifier: Apache-2.0
"""Open a wire to a device by URL and move bytes over it: serial line, TCP or UDP. Fetch a page from its HTTP server.

URLs: ``serial:///dev/ttyUSB0?baud_bps=921600``, ``tcp://host:port``, ``udp://host:port`` for a device that is asked
at that address, ``udp-listen://host:port`` for devices that send to that address of this machine unasked.
"""

import contextlib
import os
import select
import socket
import termios
import time
from dataclasses import dataclass
from http.client import HTTPException
from typing import Protocol
from urllib.parse import parse_qs, urlsplit
from urllib.request import ProxyHandler, build_opener

import serial

CONNECT_TIMEOUT_S = 1.0
WRITE_TIMEOUT_S = 0.25
DRAIN_S = 1.0  # that closing a serial line waits for what was written to leave it
PAGE_TIMEOUT_S = 2.0
MAX_READ_BYTES = 65536
MAX_PAGE_BYTES = 1_000_000
DATAGRAM_BUFFER_BYTES = (
    1 << 20
)  # asked of the system, which may give less: what comes while the host stalls waits there
ALLOWED_URLS = (
    "serial:///dev/NAME?baud_bps=NUMBER, tcp://HOST:PORT, udp://HOST:PORT, udp://HOST:PORT?http_port=NUMBER, "
    "udp-listen://HOST:PORT or zmq://HOST:PORT?data_port=NUMBER&heartbeat_port=NUMBER"
)


class WireError(ConnectionError):
    """The wire cannot be opened, or has broken; the text says which wire and why."""


class Wire(Protocol):
    """An open connection to a device. Every method raises ``WireError`` when the wire is broken."""

    def read(self, max_wait_s: float) -> bytes:
        """Return what has arrived as soon as anything has; ``b""`` when nothing came for ``max_wait_s``."""

    def write(self, data: bytes) -> None:
        """Hand over all of ``data``, or raise when that takes longer than ``WRITE_TIMEOUT_S``."""

    def close(self) -> None:
        """Close the wire; closing twice is harmless."""


@dataclass(frozen=True, slots=True)
class WireUrl:
    """A device's address, taken apart."""

    scheme: str  # "serial", "tcp", "udp", "udp-listen" or "zmq"
    path: str = ""  # serial: device file
    baud_bps: int = 0  # serial: bits a second
    host: str = ""  # all others
    port: int = 0
    http_port: int = 80  # udp: of the device's HTTP server


def parse_url(url: str) -> WireUrl:
    """Take ``url`` apart. Raises ``ValueError`` naming the URL and the allowed forms."""
    parts = urlsplit(url)
    if parts.scheme == "zmq":
        from gait_sensing.wires.zmq_wire import parse_zmq_url  # that file is built on this one

        address = parse_zmq_url(url)
        return WireUrl("zmq", host=address.host, port=address.port)
    try:
        query = parse_qs(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        if parts.scheme == "serial" and not parts.netloc and parts.path.strip("/") and list(query) == ["baud_bps"]:
            (baud_text,) = query["baud_bps"]
            if int(baud_text) > 0:
                return WireUrl("serial", path=parts.path, baud_bps=int(baud_text))
        if parts.scheme in ("tcp", "udp", "udp-listen") and parts.hostname and parts.port and parts.path in ("", "/"):
            if not query:
                return WireUrl(parts.scheme, host=parts.hostname, port=parts.port)
            if parts.scheme == "udp" and list(query) == ["http_port"]:
                (port_text,) = query["http_port"]
                if 0 < int(port_text) < 65536:
                    return WireUrl("udp", host=parts.hostname, port=parts.port, http_port=int(port_text))
    except ValueError:
        pass  # a port or a baud rate that is no number: refused below, like any other wrong form
    raise ValueError(f"url {url!r}: expected {ALLOWED_URLS}")


def open_wire(url: str) -> Wire:
    """Open the wire that ``url`` names. Raises ``ValueError`` for a wrong URL, ``WireError`` when it will not open."""
    address = parse_url(url)
    if address.scheme == "zmq":
        from gait_sensing.wires.zmq_wire import open_zmq_wire  # that file is built on this one

        return open_zmq_wire(url)
    try:
        return SerialWire(address) if address.scheme == "serial" else SocketWire(address)
    except OSError as error:
        raise WireError(f"cannot open {url}: {error}") from error


def fetch_page(url: str, path: str) -> bytes:
    """Return the page at ``path`` of the HTTP server of the device at ``url``.

    Raises ``ValueError`` for a wrong URL, ``WireError`` when the page does not come whole within two seconds or so,
    or is longer than a megabyte.
    """
    address = parse_url(url)
    host = f"[{address.host}]" if ":" in address.host else address.host
    page_url = f"http://{host}:{address.http_port}/{path}"
    deadline_s = time.monotonic() + PAGE_TIMEOUT_S
    page = b""
    web = build_opener(ProxyHandler({}))  # a device is on the lab's own network, never behind a proxy
    try:
        with web.open(page_url, timeout=CONNECT_TIMEOUT_S) as response:
            while piece := response.read1(MAX_READ_BYTES):
                page += piece
                if len(page) > MAX_PAGE_BYTES or time.monotonic() > deadline_s:
                    raise WireError(f"too long or too slow, {len(page)} bytes so far")
    except (OSError, HTTPException) as error:
        raise WireError(f"cannot fetch {page_url}: {error}") from error
    return page


class SerialWire:
    """A serial line, opened for this process alone."""

    def __init__(self, address: WireUrl) -> None:
        self._name = address.path
        self._port = serial.Serial(
            address.path, address.baud_bps, timeout=0, write_timeout=WRITE_TIMEOUT_S, exclusive=True
        )
        with contextlib.suppress(OSError, ValueError, NotImplementedError):
            self._port.set_low_latency_mode(True)  # USB adapters otherwise hold bytes back for up to 16 ms

    def read(self, max_wait_s: float) -> bytes:
        """Return what has arrived; see ``Wire``."""
        try:
            readable, _, _ = select.select([self._port.fileno()], [], [], max_wait_s)
            if not readable:
                return b""
            data = os.read(self._port.fileno(), MAX_READ_BYTES)  # one call, and whatever is there
        except OSError as error:
            raise WireError(f"{self._name}: {error}") from error
        if not data:
            raise WireError(f"{self._name}: the device is gone")
        return data

    def write(self, data: bytes) -> None:
        """Write all of ``data``; see ``Wire``."""
        try:
            self._port.write(data)
        except OSError as error:
            raise WireError(f"{self._name}: {error}") from error

    def close(self) -> None:
        """Close the port. What a device does not take within ``DRAIN_S`` is thrown away.

        Closing a port with bytes still in it waits for them in the system, for up to 30 s when the device hangs.
        """
        deadline_s = time.monotonic() + DRAIN_S
        with contextlib.suppress(OSError, termios.error):  # the device is gone, and nothing can leave
            while self._port.is_open and self._port.out_waiting and time.monotonic() < deadline_s:
                time.sleep(0.005)
            if self._port.is_open and self._port.out_waiting:
                self._port.reset_output_buffer()
        self._port.close()


class SocketWire:
    """A TCP connection, or a UDP socket: bound to one peer, or for "udp-listen" to an address of this machine."""

    def __init__(self, address: WireUrl) -> None:
        self._name = f"{address.scheme}://{address.host}:{address.port}"
        self._scheme = address.scheme
        if address.scheme == "tcp":
            self._socket = socket.create_connection((address.host, address.port), CONNECT_TIMEOUT_S)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        else:
            self._socket = _datagram_socket(address)
        self._socket.settimeout(WRITE_TIMEOUT_S)

    def read(self, max_wait_s: float) -> bytes:
        """Return what has arrived, of UDP one datagram; see ``Wire``."""
        try:
            readable, _, _ = select.select([self._socket], [], [], max_wait_s)
            if not readable:
                return b""
            data = self._socket.recv(MAX_READ_BYTES)
        except OSError as error:
            raise WireError(f"{self._name}: {error}") from error
        if not data and self._scheme == "tcp":
            raise WireError(f"{self._name}: closed by the device")
        return data

    def write(self, data: bytes) -> None:
        """Send all of ``data``, over UDP as one datagram; see ``Wire``. Raises ``WireError`` for "udp-listen" too."""
        if not data:
            return  # over UDP it would be an empty datagram
        if self._scheme == "udp-listen":
            raise WireError(f"{self._name}: a device that sends unasked cannot be written to")
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise WireError(f"{self._name}: {error}") from error

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


def _datagram_socket(address: WireUrl) -> socket.socket:
    family, kind, protocol, _, place = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_DGRAM)[0]
    datagrams = socket.socket(family, kind, protocol)
    try:
        datagrams.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, DATAGRAM_BUFFER_BYTES)
        if address.scheme == "udp":
            datagrams.connect(place)
        else:
            datagrams.bind(place)
    except OSError:
        datagrams.close()
        raise
    return datagrams
