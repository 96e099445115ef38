# SPDX-License-Identifier: Apache-2.0
"""Open a wire to a device by URL and move bytes over it: serial line, TCP or UDP.

URLs: ``serial:///dev/ttyUSB0?baud_bps=921600``, ``tcp://host:port``, ``udp://host:port``.
"""

import contextlib
import os
import select
import socket
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

import serial

CONNECT_TIMEOUT_S = 1.0
WRITE_TIMEOUT_S = 0.25
MAX_READ_BYTES = 65536
ALLOWED_URLS = "serial:///dev/NAME?baud_bps=NUMBER, tcp://HOST:PORT or udp://HOST:PORT"


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

    scheme: str  # "serial", "tcp" or "udp"
    path: str = ""  # serial: device file
    baud_bps: int = 0  # serial: bits a second
    host: str = ""  # tcp, udp
    port: int = 0


def parse_url(url: str) -> WireUrl:
    """Take ``url`` apart. Raises ``ValueError`` naming the URL and the allowed forms."""
    parts = urlsplit(url)
    try:
        query = parse_qs(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        if parts.scheme == "serial" and not parts.netloc and parts.path.strip("/") and list(query) == ["baud_bps"]:
            (baud_text,) = query["baud_bps"]
            if int(baud_text) > 0:
                return WireUrl("serial", path=parts.path, baud_bps=int(baud_text))
        if parts.scheme in ("tcp", "udp") and parts.hostname and parts.port and not parts.path.strip("/") and not query:
            return WireUrl(parts.scheme, host=parts.hostname, port=parts.port)
    except ValueError:
        pass  # a port or a baud rate that is no number: refused below, like any other wrong form
    raise ValueError(f"url {url!r}: expected {ALLOWED_URLS}")


def open_wire(url: str) -> Wire:
    """Open the wire that ``url`` names. Raises ``ValueError`` for a wrong URL, ``WireError`` when it will not open."""
    address = parse_url(url)
    try:
        return SerialWire(address) if address.scheme == "serial" else SocketWire(address)
    except OSError as error:
        raise WireError(f"cannot open {url}: {error}") from error


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
        """Close the port."""
        self._port.close()


class SocketWire:
    """A TCP connection, or a UDP socket bound to one peer."""

    def __init__(self, address: WireUrl) -> None:
        self._name = f"{address.scheme}://{address.host}:{address.port}"
        self._is_stream = address.scheme == "tcp"
        if self._is_stream:
            self._socket = socket.create_connection((address.host, address.port), CONNECT_TIMEOUT_S)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        else:
            family, kind, protocol, _, peer = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_DGRAM)[0]
            self._socket = socket.socket(family, kind, protocol)
            self._socket.connect(peer)
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
        if not data and self._is_stream:
            raise WireError(f"{self._name}: closed by the device")
        return data

    def write(self, data: bytes) -> None:
        """Send all of ``data``; see ``Wire``."""
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise WireError(f"{self._name}: {error}") from error

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
