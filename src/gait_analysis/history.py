# SPDX-License-Identifier: Apache-2.0
"""The last seconds of a sampled signal, kept so that an interval can be looked at again."""

import numpy as np
from numpy.typing import NDArray

from gait_sensing.samples import Array

_FIRST_CAPACITY_COUNT = 1024


class History:
    """Rows of one time and ``columns_count`` values over at least the last ``keep_s``.

    What ``between`` returns depends on the rows alone, never on how they were cut into batches, as long as it asks for
    no more than ``keep_s`` back from the first row of the newest batch.
    """

    def __init__(self, columns_count: int, keep_s: float) -> None:
        self._keep_s = keep_s
        self._rows: NDArray[np.float64] = np.empty((_FIRST_CAPACITY_COUNT, 1 + columns_count))
        self._first = 0
        self._end = 0

    def append(self, time_s: Array, *columns: Array) -> None:
        """Add rows: ``time_s`` [n], increasing, and columns, each [n] or several of them as [n, k]."""
        end = self._end + len(time_s)
        if end > len(self._rows):
            self._make_room(len(time_s), float(time_s[0]) - self._keep_s)
            end = self._end + len(time_s)
        rows = self._rows[self._end : end]
        rows[:, 0] = time_s
        number = 1
        for column in columns:
            if column.ndim == 1:
                rows[:, number] = column
                number += 1
            else:
                rows[:, number : number + column.shape[1]] = column
                number += column.shape[1]
        self._end = end

    def clear(self) -> None:
        """Forget all rows."""
        self._first = self._end = 0

    def next_s(self, time_s: float) -> float:
        """Return the time of the first row after ``time_s``; infinity when there is none."""
        all_s = self._rows[self._first : self._end, 0]
        index = int(all_s.searchsorted(time_s, side="right"))
        return float(all_s[index]) if index < len(all_s) else np.inf

    def newest(self, times_s: list[float], max_age_s: float, columns: slice) -> list[list[float] | None]:
        """Return, for each time, ``columns`` of the newest row up to it; ``None`` where it is too old or there is none.

        The first of the columns is the time.
        """
        rows = self._rows[self._first : self._end, columns]
        if not len(rows):
            return [None] * len(times_s)
        numbers = rows[:, 0].searchsorted(times_s, side="right") - 1
        found = zip(times_s, numbers.tolist(), rows[numbers].tolist(), strict=True)
        return [row if number >= 0 and row[0] >= time_s - max_age_s else None for time_s, number, row in found]

    def between(self, start_s: float, end_s: float) -> Array:
        """Return the rows with ``start_s`` <= time <= ``end_s`` as [n, 1 + columns]: a view, not to be changed."""
        time_s = self._rows[self._first : self._end, 0]
        start = int(time_s.searchsorted(start_s, side="left"))
        end = int(time_s.searchsorted(end_s, side="right"))
        return self._rows[self._first + start : self._first + end]

    def _make_room(self, count: int, oldest_s: float) -> None:
        time_s = self._rows[self._first : self._end, 0]
        first = self._first + int(time_s.searchsorted(oldest_s, side="left"))
        kept = self._rows[first : self._end]
        if 2 * (len(kept) + count) > len(self._rows):
            rows = np.empty((4 * (len(kept) + count), self._rows.shape[1]))
        else:
            rows, kept = self._rows, kept.copy()
        rows[: len(kept)] = kept
        self._rows, self._first, self._end = rows, 0, len(kept)
