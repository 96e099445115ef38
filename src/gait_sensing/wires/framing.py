# SPDX-License-Identifier: Apache-2.0
"""Cut a noisy byte stream into checked frames, wherever the reads happen to cut it.

A device's file describes its frames with ``FrameFormat``; ``FrameSplitter`` finds them. A candidate that fails its
check costs one byte, not its whole length: a sync word that occurs by chance inside a payload then hides no true frame.
"""

from collections.abc import Callable
from dataclasses import dataclass

from gait_sensing.driver import WireCounts

INCOMPLETE = 0  # what a length rule answers when it needs more bytes
NOT_A_FRAME = -1  # ... and when no frame can start here


@dataclass(frozen=True, slots=True)
class FrameFormat:
    """One kind of frame: how it begins, how long it is, and whether it arrived whole.

    ``length_of(buffer, at)`` sees the sync word at ``at`` and returns the length of the whole frame in bytes,
    ``INCOMPLETE`` or ``NOT_A_FRAME``. It must bound what it returns: the bound is how long a corrupt length can
    hold frames back. ``is_intact(frame)`` checks a whole frame, sync word included.
    """

    sync: bytes
    length_of: Callable[[bytearray, int], int]
    is_intact: Callable[[bytes], bool]


class FrameSplitter:
    """Find the frames of one or several formats in a stream; ``counts`` is told what was met.

    Once ``feed`` has returned, the buffer holds no more than one incomplete candidate.
    """

    def __init__(self, formats: tuple[FrameFormat, ...], counts: WireCounts) -> None:
        self._formats = formats
        self._counts = counts
        self._longest_sync = max(len(frame_format.sync) for frame_format in formats)
        self._buffer = bytearray()
        self._is_in_step = True  # no byte was skipped since the last whole frame

    def clear(self) -> None:
        """Forget a half frame: the link is new."""
        self._counts.bytes_dropped_count += len(self._buffer)
        self._buffer.clear()
        self._is_in_step = True

    def feed(self, data: bytes) -> list[bytes]:
        """Return the whole frames that ``data`` completes, oldest first, from sync word to checksum."""
        buffer, counts = self._buffer, self._counts
        buffer += data
        frames: list[bytes] = []
        at = 0
        while at < len(buffer):
            frame_format = self._format_at(at)
            if frame_format is None:
                start = self._next_start(at)
                if start == at:
                    break  # the beginning of a sync word: wait for the rest
                self._skip(start - at)
                at = start
                continue
            length = frame_format.length_of(buffer, at)
            if length == INCOMPLETE or at + length > len(buffer):
                break
            frame = bytes(buffer[at : at + length]) if length > 0 else b""
            if frame and frame_format.is_intact(frame):
                frames.append(frame)
                at += length
                self._is_in_step = True
            else:
                counts.bad_checksum_count += bool(frame)
                self._skip(1)
                at += 1
        del buffer[:at]
        counts.frame_count += len(frames)
        return frames

    def _skip(self, byte_count: int) -> None:
        self._counts.bytes_dropped_count += byte_count
        self._counts.resync_count += self._is_in_step
        self._is_in_step = False

    def _format_at(self, at: int) -> FrameFormat | None:
        for frame_format in self._formats:
            if self._buffer.startswith(frame_format.sync, at):
                return frame_format
        return None

    def _next_start(self, at: int) -> int:
        """Return where a frame may start: at a sync word, else where the buffer ends in the beginning of one."""
        buffer = self._buffer
        found = [start for each in self._formats if (start := buffer.find(each.sync, at)) >= 0]
        if found:
            return min(found)
        for start in range(max(at, len(buffer) - self._longest_sync + 1), len(buffer)):
            tail = bytes(buffer[start:])
            if any(each.sync.startswith(tail) for each in self._formats):
                return start
        return len(buffer)
