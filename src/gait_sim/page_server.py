# SPDX-License-Identifier: Apache-2.0
"""The HTTP server of an emulated device, on loopback."""

import threading
from collections.abc import Callable, Mapping
from functools import partial
from http.server import BaseHTTPRequestHandler
from socket import AF_INET, AF_INET6
from socketserver import TCPServer
from typing import Any

POLL_S = 0.05  # bounds how long close() waits for a server without a visitor
VISIT_S = 1.0  # ... and how long for a visitor who says nothing

Pages = Mapping[str, Callable[[], bytes]]  # by path, without the first slash


class PageServer:
    """Serves ``pages`` while it is open, in a thread of its own."""

    def __init__(self, host: str, port: int, pages: Pages) -> None:
        self._address = (host, port)
        self._handler = partial(_Visit, pages)
        self._server: _Server | None = None
        self._thread = threading.Thread()

    def open(self) -> None:
        """Listen. Raises ``OSError`` when that cannot be."""
        try:
            self._server = _Server(self._address, self._handler)
        except OSError as error:
            raise OSError(error.errno, f"cannot serve pages on port {self._address[1]}: {error}") from error
        self._thread = threading.Thread(target=self._server.serve_forever, args=(POLL_S,), name="page server")
        self._thread.start()

    def close(self) -> None:
        """Stop listening and wait for the thread; closing twice is harmless."""
        if self._server is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self._server = None


class _Server(TCPServer):
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], handler: Callable[..., BaseHTTPRequestHandler]) -> None:
        self.address_family = AF_INET6 if ":" in address[0] else AF_INET
        super().__init__(address, handler)


class _Visit(BaseHTTPRequestHandler):
    timeout = VISIT_S

    def __init__(self, pages: Pages, *request: Any) -> None:
        self._pages = pages
        super().__init__(*request)

    def do_GET(self) -> None:
        page = self._pages.get(self.path.lstrip("/"))
        if page is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/xml")
        self.end_headers()
        self.wfile.write(page())

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the lab's own log does."""
