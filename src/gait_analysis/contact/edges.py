# SPDX-License-Identifier: Apache-2.0
"""Where exactly a sampled force crossed a level, found looking back from a sample that has settled the matter."""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from gait_sensing.samples import Array

_FAR_RATIO = 1.8  # an interval longer than this many usual ones has lost samples in it


class Edge(NamedTuple):
    """A crossing of a level."""

    time_s: float
    is_far: bool  # samples were missing around it


def last_crossing(time_s: Array, force_n: Array, level_n: float, is_rising: bool, smoothing_s: float) -> Edge:
    """Return the last crossing of ``level_n`` in the samples, linear between the two samples around it.

    A centred mean over at most ``smoothing_s`` first tames noise; it spans one sample, that is nothing, where samples
    are farther apart than half of it. ``time_s`` [n], ``force_n`` [n], n at least 1. Where there is no crossing, the
    edge is the first sample.
    """
    if len(time_s) < 2:
        return Edge(float(time_s[0]), True)
    intervals_s = time_s[1:] - time_s[:-1]
    intervals_s.sort()
    interval_s = middle(intervals_s)
    has_lost = intervals_s[-1] > _FAR_RATIO * interval_s  # a mean across lost samples would shift the edge
    smooth_n = force_n if has_lost else centred_mean(force_n, interval_s, smoothing_s)
    is_before = smooth_n < level_n if is_rising else smooth_n >= level_n
    before = (is_before[:-1] > is_before[1:]).nonzero()[0]
    if len(before) == 0:
        return Edge(float(time_s[0]), True)
    around = slice(before[-1], before[-1] + 2)
    (low_n, high_n), (begin_s, end_s) = smooth_n[around].tolist(), time_s[around].tolist()
    width_s = end_s - begin_s
    return Edge(begin_s + (level_n - low_n) / (high_n - low_n) * width_s, width_s > _FAR_RATIO * interval_s)


def centred_mean(values: Array, interval_s: float, window_s: float) -> Array:
    """Return the mean [n] of ``values`` [n] over an odd number of them, at most ``window_s``; ends repeat theirs."""
    half = math.floor(window_s / (2.0 * interval_s) + 1e-3)  # times are rounded, and so is the interval
    if half == 0 or len(values) < 2 * half + 1:
        return values
    padded = np.empty(len(values) + 2 * half)
    padded[:half], padded[half:-half], padded[-half:] = values[0], values, values[-1]
    return np.correlate(padded, _weights(2 * half + 1))


@lru_cache(maxsize=16)
def _weights(count: int) -> Array:
    return np.full(count, 1.0 / count)


def lowest(values: Array) -> float:
    """Return the least of all values, one at least, NaN if one is; several times faster than ``values.min()``."""
    return float(values.item(values.argmin()))


def highest(values: Array) -> float:
    """Return the greatest of all values, as ``lowest``."""
    return float(values.item(values.argmax()))


def median(values: Array) -> float:
    """Return the median of values [n], n at least 1; of few values several times faster than ``np.median``."""
    ordered = values.copy()
    ordered.sort()
    return middle(ordered) if ordered[-1] == ordered[-1] else math.nan  # NaN comes last


def usual_interval_s(time_s: Array) -> float:
    """Return the median interval between times [n], n at least 2."""
    intervals_s = time_s[1:] - time_s[:-1]
    intervals_s.sort()
    return middle(intervals_s)


def middle(ordered: Array | Sequence[float]) -> float:
    """Return the median of values in order [n], n at least 1."""
    half = len(ordered) // 2
    return 0.5 * float(ordered[half] + ordered[~half])  # of an odd number twice the same
