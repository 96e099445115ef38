# SPDX-License-Identifier: Apache-2.0
"""What one stance did to the plate: peaks, impulses and loading rate, in body weights."""

import math
from typing import NamedTuple

import numpy as np

from gait_analysis.edges import centred_mean, usual_interval_s
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
    widths_s = np.diff(_between_ends(time_s, start_s, end_s))
    if widths_s.max() > _LONGEST_GAP_S:
        return Kinetics()
    interval_s = usual_interval_s(time_s)
    smooth_bw = centred_mean(vertical_bw, interval_s, _SMOOTHING_S)
    half = int(time_s.searchsorted(0.5 * (start_s + end_s)))
    first = int(smooth_bw[:half].argmax()) if half else 0
    second = half + int(smooth_bw[half:].argmax()) if half < len(time_s) else half - 1
    valley_bw = float(smooth_bw[first : second + 1].min())
    first_bw, second_bw = (_peak(float(smooth_bw[index]), valley_bw) for index in (first, second))
    vertical_bw, forward_bw = (_between_ends(each, each[0], each[-1]) for each in (vertical_bw, forward_bw))
    return Kinetics(
        peak_load_bw=float(smooth_bw.max()),
        first_peak_load_bw=first_bw,
        second_peak_load_bw=second_bw,
        vertical_impulse_bws=_integral(widths_s, vertical_bw),
        braking_impulse_bws=_integral(widths_s, np.minimum(forward_bw, 0.0)),
        propulsion_impulse_bws=_integral(widths_s, np.maximum(forward_bw, 0.0)),
        loading_rate_bwps=_loading_rate_bwps(time_s[: first + 1], smooth_bw[: first + 1], first_bw),
    )


def _peak(value_bw: float, valley_bw: float) -> float:
    return value_bw if value_bw - valley_bw >= _PROMINENCE_BW else math.nan


def _between_ends(values: Array, first: float, last: float) -> Array:
    ended = np.empty(len(values) + 2)
    ended[0], ended[1:-1], ended[-1] = first, values, last
    return ended


def _integral(widths_s: Array, values: Array) -> float:
    """Return the sum of the trapezoids between values [n] that are ``widths_s`` [n - 1] apart."""
    return float((0.5 * (values[1:] + values[:-1]) * widths_s).sum())


def _loading_rate_bwps(time_s: Array, rising_bw: Array, peak_bw: float) -> float:
    """Return the mean slope between the last crossings of both shares before the peak."""
    if math.isnan(peak_bw):
        return math.nan
    crossings_s = []
    for share in (_RATE_FROM, _RATE_TO):
        below = np.flatnonzero(rising_bw < share * peak_bw)
        if not len(below):
            return math.nan
        low = int(below[-1])
        part = (share * peak_bw - rising_bw[low]) / (rising_bw[low + 1] - rising_bw[low])
        crossings_s.append(float(time_s[low] + part * (time_s[low + 1] - time_s[low])))
    return (_RATE_TO - _RATE_FROM) * peak_bw / (crossings_s[1] - crossings_s[0])
