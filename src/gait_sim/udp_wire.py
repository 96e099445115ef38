# SPDX-License-Identifier: Apache-2.0
"""The device's end of a UDP wire, with the pages that go with it."""

import socket
from typing import Any

from gait_sensing.wires.transport import WireUrl
from gait_sim.page_server import PageServer

MAX_READ_BYTES = 65536


class UdpWire:
    """Datagrams: for udp:// bound to the address and sent to whoever wrote last, for udp-listen:// sent to the address.

    What the host's system drops for want of room goes unseen, as on a real network.
    """

    def __init__(self, address: WireUrl, page_server: PageServer | None) -> None:
        self._address = address
        self._page_server = page_server
        self._socket: socket.socket | None = None
        self._host: Any = None  # address of whoever wrote last; udp-listen:// needs none
        self.dropped_byte_count = 0

    def open(self) -> None:
        """See ``wire.DeviceWire``."""
        host, port = self._address.host, self._address.port
        family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        opened = socket.socket(family, kind, protocol)
        try:
            opened.setblocking(False)
            if self._address.scheme == "udp":
                opened.bind(place)
            else:
                opened.connect(place)
            if self._page_server is not None:
                self._page_server.open()
        except OSError as error:
            opened.close()
            raise OSError(error.errno, f"cannot open {host}:{port} for datagrams: {error}") from error
        self._socket = opened

    def close(self) -> None:
        """See ``wire.DeviceWire``."""
        if self._socket is not None:
            self._socket.close()
            self._socket = self._host = None
        if self._page_server is not None:
            self._page_server.close()

    def filenos(self) -> list[int]:
        """See ``wire.DeviceWire``."""
        return [self._socket.fileno()] if self._socket is not None else []

    def read(self) -> bytes:
        """Return one datagram; see ``wire.DeviceWire``."""
        if self._socket is None:
            return b""
        try:
            data, self._host = self._socket.recvfrom(MAX_READ_BYTES)
        except (BlockingIOError, ConnectionError):
            return b""
        return data

    def write(self, message: bytes) -> bool:
        """Send a message as one datagram; see ``wire.DeviceWire``."""
        if self._socket is None or (self._address.scheme == "udp" and self._host is None):
            return False
        try:
            if self._address.scheme == "udp":
                self._socket.sendto(message, self._host)
            else:
                self._socket.send(message)
            is_refused = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0  # known at once on loopback
        except ConnectionError:
            return False
        except OSError:  # no room, or longer than a datagram can be
            self.dropped_byte_count += len(message)
            return False
        return not is_refused
