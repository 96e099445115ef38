# SPDX-License-Identifier: Apache-2.0
"""How far each belt has gone."""

import numpy as np

from gait_sensing.samples import Array, Side

ROWS = 8192


class Odometer:
    """Distance of both belts over time, straight between the instants of ``advance``; remembers the last thousands."""

    def __init__(self) -> None:
        self._table: Array = np.zeros((3, ROWS))  # time, left, right
        self._count = 1

    @property
    def time_s(self) -> float:
        """The instant reached."""
        return float(self._table[0, self._count - 1])

    def advance(self, to_s: float, left_mps: float, right_mps: float) -> None:
        """Let the belts run at these speeds until ``to_s``."""
        last = self._table[:, self._count - 1]
        duration_s = to_s - float(last[0])
        if duration_s <= 0.0:
            return
        if self._count == ROWS:
            self._table[:, : ROWS // 2] = self._table[:, ROWS // 2 :]
            self._count = ROWS // 2
        self._table[:, self._count] = to_s, last[1] + left_mps * duration_s, last[2] + right_mps * duration_s
        self._count += 1

    def now_m(self, side: Side) -> float:
        """Return how far the belt on ``side`` has gone."""
        return float(self._table[1 if side is Side.LEFT else 2, self._count - 1])

    def at_m(self, side: Side, time_s: Array) -> Array:
        """Return how far it had gone at times [n] up to now."""
        known = self._table[:, : self._count]
        distance_m: Array = np.interp(time_s, known[0], known[1 if side is Side.LEFT else 2])
        return distance_m
