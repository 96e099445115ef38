# SPDX-License-Identifier: Apache-2.0
"""Samples of the streams that nothing waits for while plates tell of the feet: motion sensors, and a prosthesis.

They arrive after the force samples of the same instant, by an amount nobody controls. Waiting for them would delay
every cue. So while plates lead, a follower's sample becomes known ``lag_s`` after its time; what comes out is then the
same live and in a replay, as long as it arrived by then. Where no plate tells, the followers set the pace, and are
known at once.
"""

import math
from collections import deque
from operator import itemgetter

from gait_analysis.stream_merge import cut
from gait_sensing.samples import ForceSamples, ImuSample

Sample = ForceSamples | ImuSample


class Followers:
    """Holds samples back until they may be known."""

    def __init__(self, stale_s: float) -> None:
        self._stale_s = stale_s
        self._waiting: dict[str, deque[Sample]] = {}
        self._newest_s: dict[str, float] = {}
        self.newest_s = -math.inf  # of all
        self._done_s = -math.inf
        self.late_count = 0

    def feed(self, name: str, sample: Sample) -> None:
        """Take the next sample of stream ``name``; what comes too late, or again, is left out and counted."""
        newest_s = sample.time_s if isinstance(sample, ImuSample) else float(sample.time_s[-1])
        last_s = self._newest_s.get(name, -math.inf)
        begin_s = max(last_s, self._done_s)
        # Even samples that come too late say that the stream is there; else one that is always fed last stayed away.
        self._newest_s[name] = max(last_s, newest_s)
        self.newest_s = max(self.newest_s, newest_s)
        if not newest_s > begin_s:
            self.late_count += 1 if isinstance(sample, ImuSample) else len(sample.time_s)
            return
        if isinstance(sample, ForceSamples) and sample.time_s[0] <= begin_s:
            first = int(sample.time_s.searchsorted(begin_s, side="right"))
            self.late_count += first
            sample = cut(sample, first, len(sample.time_s))
        if name not in self._waiting:
            self._waiting[name] = deque()
        self._waiting[name].append(sample)

    @property
    def reached_s(self) -> float:
        """Time up to which every stream has come, without those that lag ``stale_s`` behind the newest."""
        oldest_s = self.newest_s - self._stale_s
        reached_s = min(self._newest_s.values(), default=-math.inf)
        if reached_s >= oldest_s:
            return reached_s
        return min((time_s for time_s in self._newest_s.values() if time_s >= oldest_s), default=-math.inf)

    def release(self, until_s: float) -> list[tuple[float, Sample]]:
        """Return, once, the samples up to ``until_s`` in order of their times, each with its last time."""
        self._done_s = max(self._done_s, until_s)
        released: list[tuple[float, str, Sample]] = []
        for name, waiting in self._waiting.items():
            while waiting:
                sample = waiting[0]
                if isinstance(sample, ImuSample):
                    if sample.time_s > until_s:
                        break
                    released.append((sample.time_s, name, waiting.popleft()))
                    continue
                if sample.time_s[0] > until_s:
                    break
                waiting.popleft()
                end = int(sample.time_s.searchsorted(until_s, side="right"))
                if end < len(sample.time_s):
                    waiting.appendleft(cut(sample, end, len(sample.time_s)))
                    sample = cut(sample, 0, end)
                released.append((float(sample.time_s[-1]), name, sample))
        released.sort(key=itemgetter(0, 1))
        return [(time_s, sample) for time_s, _, sample in released]
