# SPDX-License-Identifier: Apache-2.0
"""Serves one page and one stream of events (Server-Sent Events) over HTTP; answers nothing but GET.

Whoever publishes waits for nobody. Each visitor has a thread and room for one event of each kind, the newest; one that
does not read is left when its connection takes no more for ``VISIT_S``.
"""

import ipaddress
import json
import sys
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import closing, suppress
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socket import AF_INET, AF_INET6, SHUT_RDWR, socket
from socketserver import TCPServer, ThreadingMixIn
from typing import Any
from urllib.parse import urlsplit

POLL_S = 0.1  # bounds how long close() waits for the thread that accepts visitors
VISIT_S = 2.0  # longest wait for a visitor to ask, or to take what is sent
MOST_VISITORS = 20  # each has a thread; a page takes one
_WILDCARDS = ("0.0.0.0", "::")  # every address of this computer


class Board:
    """What all visitors are told."""

    def __init__(self) -> None:
        """Begin with nobody listening."""
        self._changed = threading.Condition()
        self._pending: dict[int, dict[str, bytes]] = {}  # by visitor, then by kind of event
        self._visitor_count = 0
        self._is_closed = False

    def publish(self, kind: str, values: Mapping[str, Any]) -> None:
        """Tell every visitor; ``clock_s`` goes with it, so that a page knows what came late. NaN is refused."""
        text = json.dumps({"clock_s": time.monotonic(), **values}, allow_nan=False)
        event = f"event: {kind}\ndata: {text}\n\n".encode()
        with self._changed:
            for pending in self._pending.values():
                pending[kind] = event
            self._changed.notify_all()

    def events(self) -> Generator[bytes, None, None]:
        """Yield to one visitor what is published from now on, until ``close``."""
        pending: dict[str, bytes] = {}
        with self._changed:
            self._visitor_count += 1
            number = self._visitor_count
            self._pending[number] = pending
        try:
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: pending or self._is_closed)
                    if self._is_closed:
                        return
                    events = b"".join(pending.values())
                    pending.clear()
                yield events
        finally:
            with self._changed:
                del self._pending[number]

    def close(self) -> None:
        """Let every visitor go."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()


class LiveServer:
    """Serves ``page`` at ``/`` and ``board`` at ``/events`` from now on, until ``close``."""

    def __init__(self, host: str, port: int, page: bytes, headers: Mapping[str, str]) -> None:
        """Listen on ``port``, 0 for any free one; ``headers`` go with every answer.

        Raises ``OSError`` when that cannot be: an address that is none, or of another computer, or a port in use.
        """
        self.board = Board()
        self._server = _Server((host, port), partial(_Visit, host, page, headers, self.board))
        name = "<address of this computer>" if host in _WILDCARDS else f"[{host}]" if ":" in host else host
        self.url = f"http://{name}:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(POLL_S,), name="live server")
        self._thread.start()

    def close(self) -> None:
        """Let every visitor go, and wait for every thread."""
        self._server.shutdown()
        self._thread.join()
        self.board.close()
        self._server.hang_up()
        self._server.server_close()


def is_own_name(header: str, host: str) -> bool:
    """Return whether ``header``, the Host of a request, names this server, which listens on ``host``.

    Somebody else's page that lets its own name point to this computer (DNS rebinding) is asked for by that name. So a
    name must be localhost or ``host``; an address cannot be made to point elsewhere.
    """
    try:
        name = urlsplit(f"//{header}").hostname or ""
        if name in ("localhost", host.lower()):
            return True
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Return whether a server that listens on ``host`` is reached from this computer alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _Server(ThreadingMixIn, TCPServer):
    allow_reuse_address = True
    daemon_threads = False  # server_close() waits for each

    def __init__(self, address: tuple[str, int], handler: Any) -> None:
        self.address_family = AF_INET6 if ":" in address[0] else AF_INET
        self._visitors: set[socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, handler)

    def verify_request(self, request: Any, client_address: Any) -> bool:
        with self._lock:
            if len(self._visitors) >= MOST_VISITORS:
                return False
            self._visitors.add(request)
        return True

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._visitors.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End every wait for a visitor."""
        with self._lock:
            for visitor in self._visitors:
                with suppress(OSError):  # it has gone by itself
                    visitor.shutdown(SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], OSError):  # a visitor that left or hung
            super().handle_error(request, client_address)


class _Visit(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "gait_lab", ""
    timeout = VISIT_S
    disable_nagle_algorithm = True

    def __init__(self, host: str, page: bytes, headers: Mapping[str, str], board: Board, *request: Any) -> None:
        self._host, self._page, self._headers, self._board = host, page, headers, board
        super().__init__(*request)

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if not is_own_name(self.headers.get("Host", ""), self._host):
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST)
        elif path == "/":
            self._begin("text/html; charset=utf-8", len(self._page))
            self.wfile.write(self._page)
        elif path == "/events":
            self._begin("text/event-stream")
            with closing(self._board.events()) as events:
                for event in events:
                    self.wfile.write(event)
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def _begin(self, kind: str, length: int | None = None) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.send_header("Connection", "close")
        self.end_headers()

    def end_headers(self) -> None:
        for name, value in self._headers.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the lab's own log does."""
