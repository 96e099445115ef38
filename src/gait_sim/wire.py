# SPDX-License-Identifier: Apache-2.0
"""The device's end of a wire: a pseudo-terminal behind a symbolic link, or a TCP or UDP socket on loopback.

None can reach a real device: a serial address must be a path where nothing is or an old link of ours, any other
must be this machine. Nothing here ever blocks: what the host does not take is dropped, message by message, and counted.
"""

import contextlib
import ipaddress
import os
import socket
import tty
from pathlib import Path
from typing import Protocol

from gait_sensing.wires.transport import WireUrl, parse_url
from gait_sim.page_server import Pages, PageServer
from gait_sim.udp_wire import UdpWire

MAX_READ_BYTES = 4096
PTY_FOLDER = "/dev/pts"


class DeviceWire(Protocol):
    """What an emulated device speaks over; closed at first."""

    @property
    def dropped_byte_count(self) -> int:
        """Bytes that the host did not take."""

    def open(self) -> None:
        """Make the address reachable. Raises ``OSError`` when that cannot be."""

    def close(self) -> None:
        """Take the address away, as when a plug is pulled; closing twice is harmless."""

    def filenos(self) -> list[int]:
        """Return what to wait on for something from the host."""

    def read(self) -> bytes:
        """Return what the host wrote, mostly nothing."""

    def write(self, message: bytes) -> bool:
        """Send a message whole, or drop it and return False; always dropped when no host is connected."""


def device_wire(url: str, pages: Pages | None = None) -> DeviceWire:
    """Return the device's end of ``url``; one for udp:// serves ``pages`` over HTTP while it is open.

    Raises ``ValueError`` for an address that may be a real device's.
    """
    address = parse_url(url)
    if address.scheme == "serial":
        return PtyWire(address, url)
    if not _is_loopback(address.host):
        raise ValueError(f"url {url!r}: refused, only an address of this machine can be emulated, as 127.0.0.1")
    if address.scheme == "tcp":
        return TcpWire(address)
    if address.scheme == "zmq":
        raise ValueError(f"url {url!r}: ZeroMQ cannot be emulated; serial, TCP and UDP can")
    return UdpWire(address, PageServer(address.host, address.http_port, pages) if pages else None)


class _Outbox:
    """Sends messages whole: what a full channel did not take of one goes first, and others are dropped meanwhile."""

    def __init__(self) -> None:
        self._rest = b""
        self.dropped_byte_count = 0

    def clear(self) -> None:
        self._rest = b""

    def send(self, channel: int, message: bytes) -> bool:
        """Write to a non-blocking file. Raises ``OSError`` when it is broken."""
        if self._rest:
            self._rest = self._rest[_written(channel, self._rest) :]
        if self._rest:
            self.dropped_byte_count += len(message)
            return False
        written = _written(channel, message)
        if written == 0 < len(message):
            self.dropped_byte_count += len(message)
            return False
        self._rest = message[written:]
        return True


def _written(channel: int, data: bytes) -> int:
    try:
        return os.write(channel, data)
    except BlockingIOError:
        return 0


class PtyWire:
    """A pseudo-terminal in raw mode; the link at the configured path leads to it."""

    def __init__(self, address: WireUrl, url: str) -> None:
        self._path = Path(address.path)
        if self._path.is_relative_to("/dev") or not self._is_free():
            raise ValueError(f"url {url!r}: refused, there may be a real device; give a path where there is nothing")
        self._outbox = _Outbox()
        self._device = self._host = -1

    @property
    def dropped_byte_count(self) -> int:
        """See ``DeviceWire``."""
        return self._outbox.dropped_byte_count

    def open(self) -> None:
        """See ``DeviceWire``."""
        if not self._is_free():
            raise FileExistsError(f"{self._path} has been made by someone else")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._device, self._host = os.openpty()  # the host's end stays open here, or reading fails until a host comes
        tty.setraw(self._host)
        os.set_blocking(self._device, False)
        self._path.unlink(missing_ok=True)
        self._path.symlink_to(os.ttyname(self._host))

    def close(self) -> None:
        """See ``DeviceWire``."""
        if self._device < 0:
            return
        if self._path.is_symlink() and str(self._path.readlink()) == os.ttyname(self._host):
            self._path.unlink()
        os.close(self._device)
        os.close(self._host)
        self._device = self._host = -1
        self._outbox.clear()

    def filenos(self) -> list[int]:
        """See ``DeviceWire``."""
        return [self._device] if self._device >= 0 else []

    def read(self) -> bytes:
        """See ``DeviceWire``."""
        try:
            return os.read(self._device, MAX_READ_BYTES) if self._device >= 0 else b""
        except BlockingIOError:
            return b""

    def write(self, message: bytes) -> bool:
        """See ``DeviceWire``."""
        return self._device >= 0 and self._outbox.send(self._device, message)

    def _is_free(self) -> bool:
        """Whether the path is unused, or used by a link to a pseudo-terminal, which a killed lab leaves behind."""
        if self._path.is_symlink():
            return self._path.readlink().is_relative_to(PTY_FOLDER)
        return not self._path.exists()


class TcpWire:
    """A listener on loopback that serves one host at a time, and the next one when that has gone."""

    def __init__(self, address: WireUrl) -> None:
        self._address = (address.host, address.port)
        self._outbox = _Outbox()
        self._listener: socket.socket | None = None
        self._client: socket.socket | None = None

    @property
    def dropped_byte_count(self) -> int:
        """See ``DeviceWire``."""
        return self._outbox.dropped_byte_count

    def open(self) -> None:
        """See ``DeviceWire``."""
        family = socket.AF_INET6 if ":" in self._address[0] else socket.AF_INET
        listener = socket.socket(family)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(self._address)
            listener.listen(1)
        except OSError as error:
            listener.close()
            raise OSError(error.errno, f"cannot listen on {self._address[0]}:{self._address[1]}: {error}") from error
        listener.setblocking(False)
        self._listener = listener

    def close(self) -> None:
        """See ``DeviceWire``."""
        self._hang_up()
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def filenos(self) -> list[int]:
        """See ``DeviceWire``."""
        waited_for = self._client or self._listener
        return [waited_for.fileno()] if waited_for is not None else []

    def read(self) -> bytes:
        """See ``DeviceWire``."""
        if self._client is None:
            self._accept()
            return b""
        try:
            data = self._client.recv(MAX_READ_BYTES)
        except BlockingIOError:
            return b""
        except ConnectionError:
            data = b""
        if not data:
            self._hang_up()
        return data

    def write(self, message: bytes) -> bool:
        """See ``DeviceWire``."""
        if self._client is None:
            return False
        try:
            return self._outbox.send(self._client.fileno(), message)
        except ConnectionError:
            self._hang_up()
            return False

    def _accept(self) -> None:
        if self._listener is None:
            return
        with contextlib.suppress(BlockingIOError, ConnectionError):
            self._client, _ = self._listener.accept()
            self._client.setblocking(False)
            self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _hang_up(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None
        self._outbox.clear()


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
