# SPDX-License-Identifier: Apache-2.0
"""Cut a stream of text into lines of one form, wherever the reads happen to cut it.

Lines carry no sync word and no check: where one begins is known only from where the one before ended.
"""

import re

from gait_sensing.driver import WireCounts

# A decimal number in plain digits: no exponent, no "nan", "inf" or "ovf". Its length is bounded, so that it is finite.
NUMBER = rb"[+-]?(?:\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})"
INTEGER = rb"[+-]?\d{1,20}"


class LineSplitter:
    """Find the lines of a form in a stream; ``counts`` is told what was met. A line ends with LF or CR LF.

    A line of more than ``longest_bytes`` is dropped to its very end: its tail could pass for a line of its own. For
    the same reason the first line of a new link may be a tail that passes for a line; nothing can tell.
    """

    def __init__(self, form: bytes, longest_bytes: int, counts: WireCounts) -> None:
        self._form = re.compile(form + rb"\r?")
        self._longest_bytes = longest_bytes
        self._counts = counts
        self._buffer = bytearray()
        self._is_overlong = False  # what has come of the line that has begun was too long, and is dropped
        self._is_in_step = True  # nothing was dropped since the last line of the form

    def clear(self) -> None:
        """Forget a half line: the link is new."""
        self._counts.bytes_dropped_count += len(self._buffer)
        self._buffer.clear()
        self._is_overlong = False
        self._is_in_step = True

    def feed(self, data: bytes) -> list[re.Match[bytes]]:
        """Return the lines that ``data`` completes, oldest first, as matches of the form."""
        self._buffer += data
        *lines, rest = bytes(self._buffer).split(b"\n")
        found = []
        for line in lines:
            is_whole = not self._is_overlong and len(line) <= self._longest_bytes
            self._is_overlong = False
            if is_whole and (match := self._form.fullmatch(line)):
                found.append(match)
                self._is_in_step = True
            else:
                self._drop(len(line) + 1)
        if len(rest) > self._longest_bytes:
            self._drop(len(rest))
            self._is_overlong = True
            rest = b""
        self._buffer[:] = rest
        self._counts.frame_count += len(found)
        return found

    def _drop(self, byte_count: int) -> None:
        self._counts.bytes_dropped_count += byte_count
        self._counts.resync_count += self._is_in_step
        self._is_in_step = False
