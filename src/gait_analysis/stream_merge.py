# SPDX-License-Identifier: Apache-2.0
"""Brings several force streams into one order of sample time, whatever the order in which they arrive."""

import math
from collections import deque

from gait_sensing.samples import ForceSamples


class StreamMerge:
    """Holds samples back until every stream has reached their time: up to the *watermark*.

    What is released, and in which intervals of time it may be looked at, then depends on the samples alone. A stream
    that lags more than ``stale_s`` behind the newest of the others, or has not begun ``stale_s`` after the first of
    them, is no longer waited for, until it sends again. Its samples from before the watermark come too late and are
    counted, as are samples out of order.
    """

    def __init__(self, names: list[str], stale_s: float) -> None:
        self._stale_s = stale_s
        self._waiting: dict[str, deque[ForceSamples]] = {name: deque() for name in names}
        self._newest_s = dict.fromkeys(names, -math.inf)
        self._first_s = math.inf  # oldest sample ever seen
        self.newest_s = -math.inf  # newest sample of all streams
        self.watermark_s = -math.inf
        self.late_count = 0

    def feed(self, samples: ForceSamples) -> None:
        """Take samples of one of the streams."""
        last_s, newest_s = self._newest_s[samples.name], float(samples.time_s[-1])
        oldest_s = max(self.watermark_s, last_s)
        # Even samples that come too late say that the stream is back; else one that is always fed last stayed away.
        self._newest_s[samples.name] = max(last_s, newest_s)
        self.newest_s = max(self.newest_s, newest_s)
        if samples.time_s[0] <= oldest_s:
            first = int(samples.time_s.searchsorted(oldest_s, side="right"))
            self.late_count += first
            if first == len(samples.time_s):
                return
            samples = cut(samples, first, len(samples.time_s))
        self._waiting[samples.name].append(samples)
        self._first_s = min(self._first_s, float(samples.time_s[0]))
        self._move_watermark()

    def leave_behind(self, time_s: float) -> None:
        """Move the watermark to ``time_s``: other streams go on without these."""
        self.watermark_s = max(self.watermark_s, time_s)

    def release(self, name: str) -> list[ForceSamples]:
        """Return, once, the samples of stream ``name`` up to the watermark."""
        waiting, released = self._waiting[name], []
        while waiting and waiting[0].time_s[-1] <= self.watermark_s:
            released.append(waiting.popleft())
        if waiting and waiting[0].time_s[0] <= self.watermark_s:
            samples = waiting.popleft()
            first = int(samples.time_s.searchsorted(self.watermark_s, side="right"))
            released.append(cut(samples, 0, first))
            waiting.appendleft(cut(samples, first, len(samples.time_s)))
        return released

    def _move_watermark(self) -> None:
        oldest_s, reached_s = self.newest_s - self._stale_s, self.newest_s
        for time_s in self._newest_s.values():
            if time_s < reached_s and (time_s >= oldest_s or self._first_s >= oldest_s):
                reached_s = time_s
        if reached_s > self.watermark_s:  # otherwise one has not begun and may still do so
            self.watermark_s = reached_s


def cut(samples: ForceSamples, first: int, end: int) -> ForceSamples:
    """Return samples number ``first`` to ``end`` (not included)."""
    return ForceSamples(
        samples.name,
        samples.first_sample_count + first,
        samples.time_s[first:end],
        samples.force_n[first:end],
        samples.moment_nm[first:end],
        samples.centre_of_pressure_m[first:end],
    )


def since(samples: ForceSamples, start_s: float) -> ForceSamples | None:
    """Return the samples from ``start_s`` on; None when there are none."""
    if samples.time_s[0] >= start_s:
        return samples
    first = int(samples.time_s.searchsorted(start_s))
    return cut(samples, first, len(samples.time_s)) if first < len(samples.time_s) else None
