# SPDX-License-Identifier: Apache-2.0
"""What crossed a sensor's wire, in batches for a recording: enough to run its stream again and get the same samples."""

from dataclasses import dataclass
from enum import Enum

BATCH_S = 0.1  # few messages cost little; a hard kill loses this much


class RawKind(Enum):
    """What happened; values as in RawBytes.msg."""

    OPENED = 1  # the wire was opened: the driver forgot its half frame; data is the device's page, if it has one
    RECEIVED = 2
    ZEROED = 3  # the stream was told to take its present signal for zero


@dataclass(frozen=True, slots=True)
class RawEntry:
    """One thing that happened on a wire."""

    kind: RawKind
    time_s: float  # host time with which the stream was told
    data: bytes = b""


class RawLog:
    """Collects entries and hands them out about every ``BATCH_S``."""

    def __init__(self) -> None:
        self._entries: list[RawEntry] = []

    def feed(self, entry: RawEntry) -> list[RawEntry]:
        """Take an entry; return all that are collected when they span long enough, else none."""
        self._entries.append(entry)
        return self.flush() if not 0.0 <= entry.time_s - self._entries[0].time_s < BATCH_S else []

    def flush(self) -> list[RawEntry]:
        """Return what is collected."""
        entries, self._entries = self._entries, []
        return entries
