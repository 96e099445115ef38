# SPDX-License-Identifier: Apache-2.0
"""How far each belt has gone."""

from bisect import bisect_right

from gait_sensing.samples import Side

MOST_ROWS, KEPT_ROWS = 8192, 4096


class Odometer:
    """Distance of both belts over time, straight between the instants of ``advance``; remembers the last thousands."""

    def __init__(self) -> None:
        self._times_s = [0.0]
        self._gone_m = {side: [0.0] for side in Side}

    @property
    def time_s(self) -> float:
        """The instant reached."""
        return self._times_s[-1]

    def advance(self, to_s: float, left_mps: float, right_mps: float) -> None:
        """Let the belts run at these speeds until ``to_s``."""
        duration_s = to_s - self._times_s[-1]
        if duration_s <= 0.0:
            return
        columns = [self._times_s, *self._gone_m.values()]
        self._times_s.append(to_s)
        for gone_m, speed_mps in zip(self._gone_m.values(), (left_mps, right_mps), strict=True):
            gone_m.append(gone_m[-1] + speed_mps * duration_s)
        if len(self._times_s) > MOST_ROWS:
            for column in columns:
                del column[:-KEPT_ROWS]

    def now_m(self, side: Side) -> float:
        """Return how far the belt on ``side`` has gone."""
        return self._gone_m[side][-1]

    def at_m(self, side: Side, time_s: float) -> float:
        """Return how far it had gone at an instant up to now."""
        index = bisect_right(self._times_s, time_s)
        gone_m = self._gone_m[side]
        if index == len(gone_m):
            return gone_m[-1]
        before_s, after_s = self._times_s[index - 1], self._times_s[index]
        return gone_m[index - 1] + (time_s - before_s) / (after_s - before_s) * (gone_m[index] - gone_m[index - 1])
