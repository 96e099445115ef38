# SPDX-License-Identifier: Apache-2.0
"""Samples of the streams that nothing waits for while plates tell of the feet: motion sensors, and a prosthesis.

They arrive after the force samples of the same instant, by an amount nobody controls. Waiting for them would delay
every cue. So while plates lead, a follower's sample becomes known ``lag_s`` after its time; what comes out is then the
same live and in a replay, as long as it arrived by then. Where no plate tells, the followers set the pace, and are
known at once.
"""

import math
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator
from operator import itemgetter

from gait_analysis.stream_merge import cut
from gait_sensing.samples import ForceSamples, ImuRow

Block = ForceSamples | list[ImuRow]  # rows of a motion sensor, see ``ImuSamples``, one at least


class Followers:
    """Holds samples back until they may be known."""

    def __init__(self, stale_s: float) -> None:
        self._stale_s = stale_s
        self._waiting: dict[str, deque[tuple[float, float, Block]]] = {}  # with the times of first and last
        self._newest_s: dict[str, float] = {}
        self.newest_s = -math.inf  # of all
        self._done_s = -math.inf
        self.late_count = 0

    def feed(self, name: str, block: Block) -> None:
        """Take the next samples of stream ``name``; what comes too late, or again, is left out and counted."""
        first_s, newest_s = _span_s(block)
        last_s = self._newest_s.get(name, -math.inf)
        begin_s = max(last_s, self._done_s)
        # Even samples that come too late say that the stream is there; else one that is always fed last stayed away.
        self._newest_s[name] = max(last_s, newest_s)
        self.newest_s = max(self.newest_s, newest_s)
        if not newest_s > begin_s:
            self.late_count += _count(block, newest_s)
            return
        if first_s <= begin_s:
            late_count = _count(block, begin_s)
            self.late_count += late_count
            block = _part(block, slice(late_count, None))
            first_s = _span_s(block)[0]
        if name not in self._waiting:
            self._waiting[name] = deque()
        self._waiting[name].append((first_s, newest_s, block))

    @property
    def reached_s(self) -> float:
        """Time up to which every stream has come, without those that lag ``stale_s`` behind the newest."""
        oldest_s = self.newest_s - self._stale_s
        reached_s = min(self._newest_s.values(), default=-math.inf)
        if reached_s >= oldest_s:
            return reached_s
        return min((time_s for time_s in self._newest_s.values() if time_s >= oldest_s), default=-math.inf)

    def release(self, until_s: float) -> Iterator[tuple[str, list[Block]]]:
        """Yield, once, the name and the samples up to ``until_s`` of each stream that has some, in order of time."""
        self._done_s = max(self._done_s, until_s)
        for name, waiting in self._waiting.items():
            blocks: list[Block] = []
            while waiting and waiting[0][0] <= until_s:
                _, newest_s, block = waiting.popleft()
                if newest_s > until_s:
                    end = _count(block, until_s)
                    rest = _part(block, slice(end, None))
                    waiting.appendleft((_span_s(rest)[0], newest_s, rest))
                    block = _part(block, slice(end))
                blocks.append(block)
            if blocks:
                yield name, blocks


def _span_s(block: Block) -> tuple[float, float]:
    """Return the times of the first and of the last sample."""
    if isinstance(block, list):
        return block[0][0], block[-1][0]
    return float(block.time_s[0]), float(block.time_s[-1])


def _count(block: Block, until_s: float) -> int:
    """Return the number of samples up to ``until_s``."""
    if isinstance(block, list):
        return bisect_right(block, until_s, key=itemgetter(0))
    return int(block.time_s.searchsorted(until_s, side="right"))


def _part(block: Block, part: slice) -> Block:
    if isinstance(block, list):
        return block[part]
    return cut(block, *part.indices(len(block.time_s))[:2])
