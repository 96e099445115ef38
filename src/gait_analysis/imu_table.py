# SPDX-License-Identifier: Apache-2.0
"""Rows of motion samples as a table."""

from itertools import chain

import numpy as np

from gait_sensing.samples import Array, ImuRow


def table(rows: list[ImuRow]) -> Array:
    """Return rows, see ``ImuSamples``, as [n, 11]; numpy's own way from tuples takes twice as long."""
    return np.fromiter(chain.from_iterable(rows), float).reshape(-1, 11)


def later(rows: Array, newest_s: float) -> Array:
    """Return the rows [n, 11] that are later than ``newest_s`` and than all before them; none whose time is NaN."""
    before_s = np.fmax.accumulate(np.concatenate(([newest_s], rows[:-1, 0])))
    is_later = rows[:, 0] > before_s
    return rows if is_later.all() else rows[is_later]
