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
        self._columns: NDArray[np.float64] = np.empty((1 + columns_count, _FIRST_CAPACITY_COUNT))
        self._time_s: Array = self._columns[0, :0]  # of all rows

    def append(self, time_s: Array, *columns: Array) -> None:
        """Add rows: ``time_s`` [n], increasing, and columns, each [n] or several of them as [n, k]."""
        if len(self._time_s) + len(time_s) > self._columns.shape[1]:
            self._make_room(len(time_s), float(time_s[0]) - self._keep_s)
        first, end = len(self._time_s), len(self._time_s) + len(time_s)
        self._columns[0, first:end] = time_s
        number = 1
        for column in columns:
            count = 1 if column.ndim == 1 else column.shape[1]
            self._columns[number : number + count, first:end] = column.T
            number += count
        self._time_s = self._columns[0, :end]

    def clear(self) -> None:
        """Forget all rows."""
        self._time_s = self._columns[0, :0]

    def next_s(self, time_s: float) -> float:
        """Return the time of the first row after ``time_s``; infinity when there is none."""
        index = int(self._time_s.searchsorted(time_s, side="right"))
        return float(self._time_s[index]) if index < len(self._time_s) else np.inf

    def newest_s(self, time_s: float, max_age_s: float) -> float:
        """Return the time of the newest row up to ``time_s``; -infinity when it is too old or there is none."""
        index = int(self._time_s.searchsorted(time_s, side="right"))
        newest_s = float(self._time_s[index - 1]) if index else -np.inf
        return newest_s if newest_s >= time_s - max_age_s else -np.inf

    def newest(self, times_s: list[float], max_age_s: float, columns: slice) -> list[list[float] | None]:
        """Return, for each time, ``columns`` of the newest row up to it; ``None`` where it is too old or there is none.

        The first of the columns is the time.
        """
        rows = self._columns[columns, : len(self._time_s)].T
        if not len(rows):
            return [None] * len(times_s)
        numbers = rows[:, 0].searchsorted(times_s, side="right") - 1
        found = zip(times_s, numbers.tolist(), rows[numbers].tolist(), strict=True)
        return [row if number >= 0 and row[0] >= time_s - max_age_s else None for time_s, number, row in found]

    def between(self, start_s: float, end_s: float) -> Array:
        """Return the rows with ``start_s`` <= time <= ``end_s`` as [n, 1 + columns]: a view, not to be changed."""
        time_s = self._time_s
        return self._columns[:, time_s.searchsorted(start_s) : time_s.searchsorted(end_s, "right")].T

    def _make_room(self, count: int, oldest_s: float) -> None:
        kept = self._columns[:, self._time_s.searchsorted(oldest_s, side="left") : len(self._time_s)]
        kept_count = kept.shape[1]
        if 2 * (kept_count + count) > self._columns.shape[1]:
            columns = np.empty((len(kept), 3 * (kept_count + count)))
        else:
            columns, kept = self._columns, kept.copy()
        columns[:, :kept_count] = kept
        self._columns, self._time_s = columns, columns[0, :kept_count]
