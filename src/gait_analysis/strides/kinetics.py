# SPDX-License-Identifier: Apache-2.0
"""What one stance did to the plate: peaks, impulses and loading rate, in body weights."""

import math
from typing import NamedTuple

import numpy as np

from gait_analysis.contact.edges import centred_mean, highest, lowest, median
from gait_sensing.samples import Array

_SMOOTHING_S = 0.02  # against noise on a peak; lowers a peak of 0.2 s width by less than 0.5 percent
_PROMINENCE_BW = 0.02  # a peak stands out of the valley between the two by more than noise
_LONGEST_GAP_S = 0.05  # without a sample for longer, neither peaks nor impulses are known
_RATE_FROM, _RATE_TO = 0.2, 0.8  # shares of the first peak between which the loading rate is taken


class Kinetics(NamedTuple):
    """Loading of one stance; fields and signs as in Stride.msg."""

    peak_load_bw: float = math.nan
    first_peak_load_bw: float = math.nan
    second_peak_load_bw: float = math.nan
    vertical_impulse_bws: float = math.nan
    braking_impulse_bws: float = math.nan
    propulsion_impulse_bws: float = math.nan
    loading_rate_bwps: float = math.nan


def stance_kinetics(start_s: float, end_s: float, time_s: Array, vertical_bw: Array, forward_bw: Array) -> Kinetics:
    """Return the kinetics of the stance from ``start_s`` to ``end_s``.

    The arrays [n] hold the samples within it. The highest values before and after half of stance are peaks only where
    the force falls by 2 percent of body weight between them: a single hump has one, a force still rising none.
    """
    if len(time_s) < 8:
        return Kinetics()
    at_s = np.concatenate(((start_s,), time_s, (end_s,)))
    widths_s = at_s[1:] - at_s[:-1]
    if highest(widths_s) > _LONGEST_GAP_S:
        return Kinetics()
    smooth_bw = centred_mean(vertical_bw, median(widths_s[1:-1]), _SMOOTHING_S)
    half = int(time_s.searchsorted(0.5 * (start_s + end_s)))
    first = int(smooth_bw[:half].argmax()) if half else 0
    second = half + int(smooth_bw[half:].argmax()) if half < len(time_s) else half - 1
    valley_bw = lowest(smooth_bw[first : second + 1])
    peaks_bw = float(smooth_bw[first]), float(smooth_bw[second])
    first_bw, second_bw = (_peak(peak_bw, valley_bw) for peak_bw in peaks_bw)
    loads_bw = np.empty((3, len(time_s)))
    loads_bw[0] = vertical_bw
    np.minimum(forward_bw, 0.0, out=loads_bw[1])
    np.maximum(forward_bw, 0.0, out=loads_bw[2])
    vertical_bws, braking_bws, propulsion_bws = _integrals(widths_s, loads_bw)
    rate_bwps = _loading_rate_bwps(time_s[: first + 1], smooth_bw[: first + 1], first_bw)
    return Kinetics(max(peaks_bw), first_bw, second_bw, vertical_bws, braking_bws, propulsion_bws, rate_bwps)


def _peak(value_bw: float, valley_bw: float) -> float:
    return value_bw if value_bw - valley_bw >= _PROMINENCE_BW else math.nan


def _integrals(widths_s: Array, values: Array) -> list[float]:
    """Return the sums of the trapezoids below values [k, n], the first and the last of which hold to the ends.

    ``widths_s`` [n + 1] go from one end over the values to the other.
    """
    pairs = np.empty((len(values), len(widths_s)))
    pairs[:, 0], pairs[:, -1] = values[:, 0] + values[:, 0], values[:, -1] + values[:, -1]
    np.add(values[:, 1:], values[:, :-1], out=pairs[:, 1:-1])
    pairs *= 0.5
    pairs *= widths_s
    sums: list[float] = pairs.sum(axis=1).tolist()
    return sums


def _loading_rate_bwps(time_s: Array, rising_bw: Array, peak_bw: float) -> float:
    """Return the mean slope between the last crossings of both shares before the peak.

    NaN too of a peak below the unloaded plate, which noise taken for contact has.
    """
    if not peak_bw > 0.0:
        return math.nan
    crossings_s: list[float] = []
    for share in (_RATE_FROM, _RATE_TO):
        level_bw = share * peak_bw
        below = (rising_bw < level_bw)[::-1]
        newest = int(below.argmax())
        if not below[newest]:
            return math.nan
        around = slice(len(below) - 1 - newest, len(below) + 1 - newest)
        (low_bw, high_bw), (begin_s, end_s) = rising_bw[around].tolist(), time_s[around].tolist()
        crossings_s.append(begin_s + (level_bw - low_bw) / (high_bw - low_bw) * (end_s - begin_s))
    return (_RATE_TO - _RATE_FROM) * peak_bw / (crossings_s[1] - crossings_s[0])
