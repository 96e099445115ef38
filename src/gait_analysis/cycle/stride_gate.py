# SPDX-License-Identifier: Apache-2.0
"""Which stride durations are to be believed: near the mean of the last ones, with a way out when the pace changes."""

from collections import deque
from statistics import fmean

TOLERANCE = 0.2  # no unit
SHORTEST_S, LONGEST_S = 0.4, 3.0


class StrideGate:
    """Accepts a duration within ``TOLERANCE`` of the mean of the last ``window_count`` accepted ones.

    After ``reset_count`` rejections in a row that agree with each other within the tolerance, the pace has changed:
    they become the new history, and the newest of them is accepted. Without a history every plausible duration is.
    """

    def __init__(self, window_count: int, reset_count: int) -> None:
        self._accepted: deque[float] = deque(maxlen=window_count)
        self._rejected: deque[float] = deque(maxlen=reset_count)

    @property
    def mean_s(self) -> float:
        """Mean of the last accepted durations; there is at least one."""
        return fmean(self._accepted)

    def judge(self, duration_s: float) -> str:
        """Return why ``duration_s`` is not to be believed; empty when it is accepted."""
        if not SHORTEST_S <= duration_s <= LONGEST_S:
            self._rejected.clear()  # a break, not a pace
            return f"stride time {duration_s:.3f} s is outside {SHORTEST_S} to {LONGEST_S} s"
        if not self._accepted or self._is_near(duration_s, self.mean_s):
            self._rejected.clear()
            self._accepted.append(duration_s)
            return ""
        reason = f"stride time {duration_s:.3f} s is not within {TOLERANCE:.0%} of the mean {self.mean_s:.3f} s"
        self._rejected.append(duration_s)
        if len(self._rejected) == self._rejected.maxlen and self._agree():
            self._accepted.clear()
            self._accepted.extend(self._rejected)
            self._rejected.clear()
            return ""
        return reason

    def _agree(self) -> bool:
        mean_s = fmean(self._rejected)
        return all(self._is_near(duration_s, mean_s) for duration_s in self._rejected)

    def _is_near(self, duration_s: float, mean_s: float) -> bool:
        return abs(duration_s - mean_s) <= TOLERANCE * mean_s
