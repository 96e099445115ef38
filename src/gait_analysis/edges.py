# SPDX-License-Identifier: Apache-2.0
"""Where exactly a sampled force crossed a level, found looking back from a sample that has settled the matter."""

import math
from dataclasses import dataclass

import numpy as np

from gait_sensing.samples import Array

_FAR_RATIO = 1.8  # an interval longer than this many usual ones has lost samples in it


@dataclass(frozen=True, slots=True)
class Edge:
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
    intervals_s = np.diff(time_s)
    interval_s = float(np.median(intervals_s))
    has_lost = bool(intervals_s.max() > _FAR_RATIO * interval_s)  # a mean across lost samples would shift the edge
    smooth_n = force_n if has_lost else centred_mean(force_n, interval_s, smoothing_s)
    is_before = smooth_n < level_n if is_rising else smooth_n >= level_n
    before = np.flatnonzero(is_before[:-1] & ~is_before[1:])
    if len(before) == 0:
        return Edge(float(time_s[0]), True)
    low = int(before[-1])
    share = (level_n - smooth_n[low]) / (smooth_n[low + 1] - smooth_n[low])
    width_s = float(time_s[low + 1] - time_s[low])
    return Edge(float(time_s[low] + share * width_s), width_s > _FAR_RATIO * interval_s)


def centred_mean(values: Array, interval_s: float, window_s: float) -> Array:
    """Return the mean over an odd number of samples spanning at most ``window_s``; ends repeat the end values."""
    half = math.floor(window_s / (2.0 * interval_s))
    if half == 0 or len(values) < 2 * half + 1:
        return values
    padded = np.concatenate((np.full(half, values[0]), values, np.full(half, values[-1])))
    return np.convolve(padded, np.full(2 * half + 1, 1.0 / (2 * half + 1)), mode="valid")
