# SPDX-License-Identifier: Apache-2.0
"""One thread for each wire: open, set up, read, hand over, answer; open again when the wire breaks or falls silent."""

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass

from gait_sensing.driver import Driver
from gait_sensing.wires.transport import Wire, WireError, fetch_page, open_wire, parse_url

POLL_S = 0.1  # how long a read waits on a quiet wire; bounds how long close() waits
FIRST_WAIT_S = 0.1  # before the second attempt to open; doubled each time
LONGEST_WAIT_S = 2.0


@dataclass(frozen=True, slots=True)
class WireHealth:
    """The state of a wire, for diagnostics; what was decoded is in the driver's ``counts``."""

    is_connected: bool
    open_count: int  # times the wire was opened, the first included
    last_received_s: float  # when bytes last came; NaN before the first
    error: str  # why the wire was last closed or could not be opened; "" if it never was


class Reader:
    """Keeps a wire open and pumps its bytes, in a thread of its own that starts at once.

    The thread opens ``url``, writes ``driver.connect()``, and for each read calls ``on_data(data, received_s)``,
    which decodes, and then writes ``driver.pending()``. Before each opening it fetches the page that the driver asks
    for, if any. A broken wire is closed and opened again after 0.1 s, doubling to 2 s while nothing is decoded. A wire
    from which nothing is decoded for ``silent_s`` is treated as broken: a device that lost its set-up, or never got
    it, gets it again, and a peer that vanished is noticed. Give ``math.inf`` for a device that need not speak.
    ``on_open(opened_s, page)`` is told of each opening, after ``driver.connect()``.

    The driver belongs to this thread: elsewhere only ``counts`` may be read and commands be encoded.
    ``now`` is the host clock, Unix seconds. An error that is not the wire's ends the thread with a traceback, and
    from then on ``health()`` raises ``RuntimeError``. Raises ``ValueError`` for a wrong URL.
    """

    def __init__(
        self,
        url: str,
        driver: Driver,
        on_data: Callable[[bytes, float], None],
        now: Callable[[], float],
        *,
        silent_s: float = 2.0,
        on_open: Callable[[float, bytes], None] = lambda opened_s, page: None,
    ) -> None:
        parse_url(url)  # a wrong URL is the caller's error, not the thread's
        self._url, self._driver, self._on_data, self._now = url, driver, on_data, now
        self._silent_s, self._on_open = silent_s, on_open
        self._closing = threading.Event()
        self._lock = threading.Lock()  # guards _wire and every write to it
        self._wire: Wire | None = None
        self._open_count = 0
        self._last_received_s = math.nan
        self._error = ""
        self._thread = threading.Thread(target=self._run, name=f"reader {url}")
        self._thread.start()

    @property
    def is_connected(self) -> bool:
        """True while the wire is open."""
        return self._wire is not None

    def write(self, data: bytes) -> None:
        """Write to the device, from any thread. Raises ``WireError`` when the wire is down or takes too long.

        After a failed write the wire is opened anew, since the device may have got half of ``data``.
        """
        with self._lock:
            if self._wire is None:
                raise WireError(f"{self._url}: not connected")
            try:
                self._wire.write(data)
            except WireError as error:
                self._error = str(error)
                self._wire = None
                raise

    def health(self) -> WireHealth:
        """Return the state of the wire. Raises ``RuntimeError`` when the thread has died of a bug."""
        if not self._thread.is_alive() and not self._closing.is_set():
            raise RuntimeError(f"{self._url}: the reader thread has died; its traceback says why")
        return WireHealth(self.is_connected, self._open_count, self._last_received_s, self._error)

    def close(self) -> None:
        """Write ``driver.disconnect()``, close the wire and wait for the thread to end."""
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        wait_s = FIRST_WAIT_S
        while not self._closing.is_set():
            decoded_count = self._driver.counts.reading_count
            try:
                page = self._hand_over_page()
                self._serve(open_wire(self._url), page)
            except WireError as error:
                self._error = str(error)
            if self._driver.counts.reading_count > decoded_count:
                wait_s = FIRST_WAIT_S
            self._closing.wait(wait_s)
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    def _hand_over_page(self) -> bytes:
        """Fetch the page that the driver asks for, if any; raises ``WireError`` without it or when it is of no use."""
        path = self._driver.page_path
        if not path:
            return b""
        page = fetch_page(self._url, path)
        try:
            self._driver.take_page(page)
        except ValueError as error:
            raise WireError(f"{self._url}: page {path}: {error}") from error
        return page

    def _serve(self, wire: Wire, page: bytes) -> None:
        """Pump until told to close; raises ``WireError`` when the wire breaks. Closes the wire in any case."""
        try:
            wire.write(self._driver.connect())
            self._wire = wire
            self._open_count += 1
            self._on_open(self._now(), page)
            self._pump(wire)
            self.write(self._driver.disconnect())
        finally:
            with self._lock:
                self._wire = None
            wire.close()

    def _pump(self, wire: Wire) -> None:
        counts = self._driver.counts
        decoded_count, decoded_s = counts.reading_count, self._now()
        while not self._closing.is_set():
            data = wire.read(POLL_S)
            received_s = self._now()
            if self._wire is not wire:
                raise WireError(self._error)  # a write from another thread failed
            if data:
                self._last_received_s = received_s
                self._on_data(data, received_s)
                if answer := self._driver.pending():
                    self.write(answer)
            if counts.reading_count != decoded_count or received_s < decoded_s:  # or the host clock was set back
                decoded_count, decoded_s = counts.reading_count, received_s
            elif received_s - decoded_s > self._silent_s:
                raise WireError(f"{self._url}: nothing decoded for {self._silent_s:g} s")
