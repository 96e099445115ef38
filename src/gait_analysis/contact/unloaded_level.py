# SPDX-License-Identifier: Apache-2.0
"""The level of an unloaded plate that nobody set to zero, or that lost its zero, from the walking on it.

A plate under a walker comes back to one level in each swing, rests there until load comes at once, and bears a good
part of the body weight in between. Whoever stands on it and shifts weight, bends the knees or bounces does not: the
load turns round at its lowest values, or rests at another one each time, or leaves it slowly.
"""

from itertools import pairwise

import numpy as np

from gait_analysis.contact.edges import centred_mean, middle, usual_interval_s
from gait_sensing.samples import Array

_SWING_COUNT = 3  # two whole strides
_SHORTEST_S = 0.05  # a runner's flight is longer
_LONGEST_RISE_S = 0.06  # from the level to half of a stance's least load: a shift of weight takes longer
_SMOOTHING_S = 0.02
_SLOPE_SHARE = 0.1  # of a swing's lowest values, which noise alone may reach


def unloaded_level_n(time_s: Array, force_n: Array, band_n: float, load_n: float) -> float | None:
    """Return the force of the unloaded plate as it was in the newest swing; ``None`` when nobody seems to walk on it.

    ``band_n`` is how flat a swing is, and how far from the next; a stance bears at least ``load_n`` more than it.
    ``time_s`` [n], ``force_n`` [n].
    """
    if len(time_s) < 2:
        return None
    interval_s = usual_interval_s(time_s)
    smooth_n = centred_mean(force_n, interval_s, _SMOOTHING_S)
    is_low = smooth_n < smooth_n.min() + 0.5 * load_n
    (borders,) = (is_low[1:] != is_low[:-1]).nonzero()
    borders = borders[1 if is_low[0] else 0 :] + 1  # of lows whose begin was seen
    lows = [
        (first, end)
        for first, end in zip(borders[::2].tolist(), borders[1::2].tolist(), strict=False)
        if time_s[end - 1] - time_s[first] >= _SHORTEST_S
    ][-_SWING_COUNT:]
    if len(lows) < _SWING_COUNT:
        return None
    levels_n = []
    for first, end in lows:
        ordered_n = np.sort(smooth_n[first:end])
        level_n = middle(ordered_n)
        (resting,) = (smooth_n[first:end] < level_n + band_n).nonzero()
        rise_s = time_s[end] - time_s[first + resting[-1]]
        if level_n - ordered_n[int(_SLOPE_SHARE * len(ordered_n))] > band_n or rise_s > _LONGEST_RISE_S + interval_s:
            return None
        levels_n.append(level_n)
    for (level_n, next_n), ((_, first), (end, _)) in zip(pairwise(levels_n), pairwise(lows), strict=True):
        if abs(next_n - level_n) > band_n or smooth_n[first:end].max() < level_n + load_n:
            return None
    return levels_n[-1]
