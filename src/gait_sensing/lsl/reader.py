# SPDX-License-Identifier: Apache-2.0
"""One thread for each Lab Streaming Layer stream: find it, pull its chunks, find it again when it is lost."""

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np

from gait_sensing.lsl.clock import Chunk
from gait_sensing.wires.reader import WireHealth
from gait_sensing.wires.transport import WireError

FIND_S = 1.0  # how long one search takes when there is no such stream; bounds how long close() waits
POLL_S = 0.1
OPEN_TIMEOUT_S = 5.0
BUFFER_S = 10  # of samples, held by liblsl while this process stands still
MAX_CHUNK = 1024  # samples


class ChunkStream(Protocol):
    """What a reader serves."""

    def open(self, labels: tuple[str, ...]) -> None:
        """Begin a connection to a stream of these channels. Raises ``ValueError`` when one is missing."""


def lsl_library() -> Any:
    """Return pylsl. Raises ``ValueError`` saying what to install when it, or its liblsl, is missing."""
    try:
        import pylsl  # an optional extra: only who uses LSL needs it
    except (ModuleNotFoundError, RuntimeError) as error:
        raise ValueError(f"LSL needs the package pylsl: pip install 'gait_lab[lsl]' ({error})") from None
    return pylsl


class LslReader:
    """Keeps an inlet open to the stream of this name, and of this type unless that is empty.

    A thread that starts at once calls ``stream.open(labels)`` for each new connection and ``on_chunk(chunk)`` for
    what is pulled. ``now`` is the host clock, Unix seconds. Of several such streams the first one found is
    taken. Raises ``ValueError`` without a name, or without pylsl.
    """

    def __init__(
        self,
        stream_name: str,
        stream_type: str,
        stream: ChunkStream,
        on_chunk: Callable[[Chunk], None],
        now: Callable[[], float],
    ) -> None:
        if not stream_name:
            raise ValueError("stream_name: got '', expected the name of an LSL stream")
        self._pylsl = lsl_library()
        self._wanted = (stream_name, stream_type)
        self._stream, self._on_chunk, self._now = stream, on_chunk, now
        self._closing = threading.Event()
        self._is_connected = False
        self._open_count = 0
        self._last_received_s = math.nan
        self._error = ""
        self._thread = threading.Thread(target=self._run, name=f"lsl {stream_name}")
        self._thread.start()

    def health(self) -> WireHealth:
        """Return the state of the connection. Raises ``RuntimeError`` when the thread has died of a bug."""
        if not self._thread.is_alive() and not self._closing.is_set():
            raise RuntimeError(f"LSL stream {self._wanted[0]!r}: the reader thread has died; its traceback says why")
        return WireHealth(self._is_connected, self._open_count, self._last_received_s, self._error)

    def close(self) -> None:
        """Close the inlet and wait for the thread to end."""
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self._serve()
            except (WireError, ValueError) as error:
                self._error = str(error)
                self._closing.wait(POLL_S)

    def _serve(self) -> None:
        inlet = self._found()
        try:
            with self._as_wire_errors():
                self._stream.open(_labels(inlet.info(OPEN_TIMEOUT_S)))
                inlet.time_correction(OPEN_TIMEOUT_S)  # the first takes a while, later ones are known
                inlet.open_stream(OPEN_TIMEOUT_S)
            self._is_connected = True
            self._open_count += 1
            while not self._closing.is_set():
                chunk = self._pulled(inlet)
                if chunk is not None:
                    self._on_chunk(chunk)
        finally:
            self._is_connected = False
            inlet.close_stream()

    def _found(self) -> Any:
        """Return an inlet, not yet open. It is not to recover by itself: a new connection may have a new clock."""
        name, kind = self._wanted
        infos = [
            info
            for info in self._pylsl.resolve_byprop("name", name, minimum=1, timeout=FIND_S)
            if kind in ("", info.type())
        ]
        if not infos:
            raise WireError(f"no LSL stream {name!r}" + (f" of type {kind!r}" if kind else "") + " on the network")
        if infos[0].channel_format() == self._pylsl.cf_string:
            raise ValueError(f"LSL stream {name!r} carries text, expected numbers")
        with self._as_wire_errors():
            return self._pylsl.StreamInlet(infos[0], max_buflen=BUFFER_S, recover=False)

    def _pulled(self, inlet: Any) -> Chunk | None:
        with self._as_wire_errors():
            first, first_s = inlet.pull_sample(timeout=POLL_S)
            if first is None:
                return None
            rows, stamps_s = inlet.pull_chunk(timeout=0.0, max_samples=MAX_CHUNK)
            received_s = self._now()
            offset_s = inlet.time_correction(OPEN_TIMEOUT_S) + received_s - self._pylsl.local_clock()
        values = np.array([first, *rows], np.float64)
        self._last_received_s = received_s
        return Chunk(values, np.array([first_s, *stamps_s]), offset_s, received_s)

    @contextmanager
    def _as_wire_errors(self) -> Iterator[None]:
        """Turn pylsl's errors, which derive from ``RuntimeError``, into ``WireError``."""
        try:
            yield
        except RuntimeError as error:
            raise WireError(f"LSL stream {self._wanted[0]!r}: {error}") from error


def _labels(info: Any) -> tuple[str, ...]:
    return tuple(label or "" for label in info.get_channel_labels() or [""] * info.channel_count())
