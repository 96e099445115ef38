# SPDX-License-Identifier: Apache-2.0
"""The stamps of Lab Streaming Layer streams as Unix time, and Unix time as LSL's.

A sender stamps with its own monotonic clock. liblsl measures how far that clock is from this computer's, and this
computer's monotonic clock from Unix time is read beside it; the sum of both is the *offset* of a chunk. The median of
the offsets of the last seconds is used, because single ones are late by whatever held the thread up.

Source: Lab Streaming Layer, time synchronisation (https://labstreaminglayer.readthedocs.io). Deviation: post-processing
by liblsl is off, since its stamps may go backward and are not Unix time.
"""

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gait_sensing.clocks.device_clock import CATCH_UP, REJECTED, Stamps
from gait_sensing.health import Finding, Level
from gait_sensing.samples import Array

OFFSET_SPAN_S = 5.0
MAX_EARLY_S = 0.05  # a stamp further ahead of now than this is by another clock
MAX_LATE_S = 10.0
GAP_INTERVALS = 1.5  # no unit; a longer step between stamps is a gap


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one pull brought, oldest first."""

    values: Array  # [n, channels]
    sender_s: Array  # [n] stamps by the sender's clock
    offset_s: float  # Unix time less the sender's clock, as measured at the pull
    received_s: float  # Unix time of the pull


class OffsetHistory:
    """The median of what was measured in the last ``OFFSET_SPAN_S``."""

    def __init__(self) -> None:
        self._measured: deque[tuple[float, float]] = deque()

    def add(self, now_s: float, offset_s: float) -> float:
        """Take one measurement, made at ``now_s``; return the median."""
        self._measured.append((now_s, offset_s))
        while not 0.0 <= now_s - self._measured[0][0] <= OFFSET_SPAN_S:
            self._measured.popleft()
        return float(np.median([offset_s for _, offset_s in self._measured]))

    def clear(self) -> None:
        """Forget all: the clocks are others."""
        self._measured.clear()


class StampClock:
    """Gives each sample its running number and its Unix time, by the sender's stamps: ``device_clock.ClockCounts``.

    Promises: strictly increasing times, also across a new connection or a host clock set back, after which they advance
    at half speed until it has caught up. A sample is rejected when its stamp does not go on from the one before or is
    not near the host's time: then the sender does not stamp by LSL's clock. A step of stamps beyond 1.5 nominal
    intervals makes numbers jump by what is missing; a sender that stamps in bursts therefore shows false losses.
    """

    def __init__(self, rate_hz: float, delay_s: float = 0.0) -> None:
        self.lost_count = self.restart_count = self.step_count = 0
        self.duplicate_count = 0  # did not go on from the one before
        self._off_s = 0.0  # of the newest sample: receipt less stamp
        self._interval_s, self._delay_s = 1.0 / rate_hz, delay_s
        self._offsets = OffsetHistory()
        self._sender_s = -math.inf  # newest stamp of this connection
        self._count, self._last_s, self._lead_s = -1, -math.inf, -math.inf

    def restart(self) -> None:
        """Begin a new connection: the sender's clock may be another."""
        self._offsets.clear()
        self._sender_s = -math.inf

    def findings(self) -> Iterator[Finding]:
        """Yield what is wrong with the stamps."""
        if not -MAX_EARLY_S <= self._off_s <= MAX_LATE_S:
            text = f"stamps differ from this computer's clock by {self._off_s:.3f} s"
            yield Finding(Level.RED, text, "the sender must stamp by LSL's clock, local_clock()")

    def feed(self, chunk: Chunk) -> Stamps:
        """Return number and time of each sample; a rejected one has number -1 and time NaN."""
        n = len(chunk.sender_s)
        count, time_s = np.full(n, REJECTED, np.int64), np.full(n, math.nan)
        offset_s = self._offsets.add(chunk.received_s, chunk.offset_s)
        kept = self._kept(chunk, offset_s) if n else np.zeros(0, np.bool_)
        if kept.any():
            count[kept], time_s[kept] = self._stamped(chunk.sender_s[kept], offset_s)
        return count, time_s

    def _kept(self, chunk: Chunk, offset_s: float) -> NDArray[np.bool_]:
        late_s = chunk.received_s - (chunk.sender_s + offset_s)
        self._off_s = float(late_s[-1])
        is_near = (late_s >= -MAX_EARLY_S) & (late_s <= MAX_LATE_S)  # NaN is not
        near_s = np.where(is_near, chunk.sender_s, -math.inf)
        before_s = np.maximum.accumulate(np.concatenate([[self._sender_s], near_s]))[:-1]
        goes_on = is_near & (chunk.sender_s > before_s)
        self.duplicate_count += int((is_near & ~goes_on).sum())
        return goes_on

    def _stamped(self, sender_s: Array, offset_s: float) -> Stamps:
        wanted_s = sender_s + offset_s - self._delay_s
        is_first = self._sender_s == -math.inf
        if is_first:  # another clock: go on from the last time given, whatever the sender's reads
            self._lead_s = self._last_s + 1e-6 - CATCH_UP * sender_s[0]
        steps_s = np.diff(sender_s, prepend=sender_s[0] if is_first else self._sender_s)
        if is_first and self._count >= 0:
            steps_s[0] = wanted_s[0] - self._last_s
        lead_s = wanted_s - CATCH_UP * sender_s
        lead_s[0] = max(lead_s[0], self._lead_s)
        lead_s = np.maximum.accumulate(lead_s)
        count = self._count + np.cumsum(1 + self._missing(steps_s))
        time_s = lead_s + CATCH_UP * sender_s
        self._sender_s, self._lead_s = float(sender_s[-1]), float(lead_s[-1])
        self._count, self._last_s = int(count[-1]), float(time_s[-1])
        return count, time_s

    def _missing(self, steps_s: Array) -> NDArray[np.int64]:
        """Return how many samples are missing before each."""
        intervals = steps_s / self._interval_s
        missing = np.where(intervals > GAP_INTERVALS, np.rint(intervals) - 1.0, 0.0).astype(np.int64)
        self.lost_count += int(missing.sum())
        return missing
