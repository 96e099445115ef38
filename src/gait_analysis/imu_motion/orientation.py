# SPDX-License-Identifier: Apache-2.0
"""The vertical in the axes of a worn IMU, on an even grid of time, over the last seconds.

Samples come at any rate and with single ones missing. Each value of the grid is the mean over its hundredth of a
second, so that what a rate turned is kept. On the grid runs VQF, a filter of the library ``vqf``: it turns with the
angular rate, corrects the tilt by specific force that was averaged in earth axes over some seconds, where the
accelerations of walking cancel, and finds the rate's offset at rest and in motion. Heading is not used. Where the
sensor sends its own orientation, that is taken instead.

Source: Laidig and Seel 2023, Information Fusion 91:187 (doi 10.1016/j.inffus.2022.10.014); its settings are theirs.
"""

import math

import numpy as np
from numpy.typing import NDArray
from vqf import VQF

from gait_analysis.history import History
from gait_analysis.imu_events.worn import HIGHEST_MPS2, HIGHEST_RADPS
from gait_analysis.imu_motion.imu_table import later, table
from gait_sensing.mounting.axes import RATE_HZ
from gait_sensing.samples import Array, ImuRow, ImuSample, ImuSamples

BLOCK_COUNT = 200  # samples that wait at most: work on many at once costs less
KEEP_S = 15.0  # two of the longest strides, and the eight seconds from which axes are found
SETTLE_S = 3.0  # of the filter after a gap: the time constant of its correction
STUCK_S = 0.1  # an orientation that stays exactly the same so long is not measured
ROW_COUNT = 50  # of the grid in half a second
TIME, FORCE, RATE, UP, AGE, SINCE = 0, slice(1, 4), slice(4, 7), slice(7, 10), 10, 11  # columns of the grid
HIGHEST = np.repeat([HIGHEST_MPS2, HIGHEST_RADPS], 3)
_SENT = slice(7, 11)  # of a sample: the orientation as sent


class Orientation:
    """Readings of one IMU on the grid, and up in its axes. Gaps longer than ``max_gap_s`` are not bridged.

    What it holds depends on the samples alone, not on when ``update`` is called.
    """

    def __init__(self, max_gap_s: float) -> None:
        self._max_gap_s = max_gap_s
        self._waiting: list[ImuRow] = []
        self._newest_s = -math.inf
        self._grid = History(SINCE, KEEP_S)
        self._stretch: _Stretch | None = None

    def feed(self, sample: ImuSample | ImuSamples) -> bool:
        """Take the next samples, but those not later than the last; return whether ``update`` ought to be called."""
        self._waiting += sample.rows
        return len(self._waiting) >= BLOCK_COUNT

    def update(self) -> list[Array]:
        """Bring the waiting samples to the grid; return each half second that is new and whole, [50, 12]."""
        if not self._waiting:
            return []
        samples = later(table(self._waiting), self._newest_s)
        self._waiting.clear()
        if len(samples):
            self._newest_s = float(samples[-1, TIME])
        is_measured = np.abs(samples[:, FORCE.start : RATE.stop]) < HIGHEST  # not so for NaN
        if not is_measured.all():
            samples = samples[is_measured.all(axis=1)]
        halves: list[Array] = []
        while len(samples):
            time_s, stretch = samples[:, TIME], self._stretch
            if stretch is None or time_s[0] - stretch.last_s > self._max_gap_s:
                self._stretch = _Stretch(samples[0], stretch)
                samples = samples[1:]
                continue
            gaps = (time_s[1:] - time_s[:-1] > self._max_gap_s).nonzero()[0]
            end = int(gaps[0]) + 1 if len(gaps) else len(samples)
            halves += self._extend(stretch, samples[:end])
            samples = samples[end:]
        return halves

    def _extend(self, stretch: "_Stretch", samples: Array) -> list[Array]:
        begin = stretch.count
        columns = stretch.take(samples)
        if columns:
            self._grid.append(*columns)
        marks = range(begin // ROW_COUNT + 1, stretch.count // ROW_COUNT + 1)
        return [self.between(*stretch.half_s(mark)) for mark in marks]

    def between(self, start_s: float, end_s: float) -> Array:
        """Return the grid's values, [n, 12], with ``start_s`` <= time <= ``end_s``; columns as named above."""
        return self._grid.between(start_s, end_s)

    def interval(self, start_s: float, end_s: float) -> tuple[Array, str]:
        """Return as ``between``, and why an angle cannot be told there; empty when it can."""
        rows = self.between(start_s, end_s)
        if not end_s > start_s:
            return rows, "an event of the stride is missing"
        margin_s = 1.5 / RATE_HZ
        if len(rows) < 2 or rows[0, TIME] > start_s + margin_s or rows[-1, TIME] < end_s - margin_s:
            return rows, "samples are missing"
        if rows[-1, AGE] - rows[0, AGE] < rows[-1, TIME] - rows[0, TIME] - margin_s:
            return rows, "samples are missing"
        if rows[0, AGE] < SETTLE_S:
            return rows, "the orientation is not settled yet after the first sample or a gap"
        if rows[:, SINCE].max() > self._max_gap_s:
            return rows, "the sensor sends the same values again and again"
        return rows, ""


class _Stretch:
    """Samples without a gap, from ``first`` on: [11] time, specific force, angular rate, orientation as sent."""

    def __init__(self, first: Array, earlier: "_Stretch | None") -> None:
        self._begin_s = float(first[TIME])
        self.count = 0  # of the grid so far
        self._last = first
        self._integral = self._edge = np.zeros(6)  # of force and rate, up to the last sample and the last edge
        self._changed_s, self._turned_s = self._begin_s, -math.inf  # when readings and sent orientation last changed
        self._filter = VQF(1.0 / RATE_HZ)
        if earlier is not None:
            self._filter.setBiasEstimate(*earlier._filter.getBiasEstimate())

    @property
    def last_s(self) -> float:
        """Time of the newest sample."""
        return float(self._last[TIME])

    def half_s(self, mark: int) -> tuple[float, float]:
        """Return from when to when the half second lasts that ends at ``mark`` half seconds."""
        end_s = self._begin_s + mark * ROW_COUNT / RATE_HZ
        return end_s - (ROW_COUNT - 0.5) / RATE_HZ, end_s + 0.5 / RATE_HZ

    def take(self, samples: Array) -> list[Array]:
        """Return the columns of the grid that ``samples`` [n, 11] complete."""
        columns = np.concatenate([self._last[None], samples]).T.copy()  # each in one piece, which is faster
        time_s, values = columns[TIME], columns[FORCE.start : RATE.stop]
        steps = (time_s[1:] - time_s[:-1]) * 0.5 * (values[:, 1:] + values[:, :-1])
        integral = np.concatenate([self._integral[:, None], steps], axis=1).cumsum(axis=1)
        differs = columns[:, 1:] != columns[:, :-1]
        changed_s = _latest_s(time_s, differs[FORCE.start : RATE.stop], self._changed_s)
        turned_s = _latest_s(time_s, differs[_SENT], self._turned_s)
        self._last, self._integral = samples[-1], integral[:, -1]
        self._changed_s, self._turned_s = float(changed_s[-1]), float(turned_s[-1])
        numbers = np.arange(self.count + 1, int((time_s[-1] - self._begin_s) * RATE_HZ) + 2)
        edges_s = self._begin_s + numbers / RATE_HZ
        edges_s = edges_s[: edges_s.searchsorted(time_s[-1], side="right")]
        if not len(edges_s):
            return []
        after = time_s.searchsorted(edges_s)  # edges up to the first row's time are of earlier calls
        before = after - 1
        share = (edges_s - time_s[before]) / (time_s[after] - time_s[before])
        at_edges = np.concatenate([self._edge[:, None], integral[:, before] + share * steps[:, before]], axis=1)
        means = (at_edges[:, 1:] - at_edges[:, :-1]) * RATE_HZ
        self._edge, self.count = at_edges[:, -1], self.count + len(edges_s)
        filtered = self._filter.updateBatch(np.ascontiguousarray(means[3:].T), np.ascontiguousarray(means[:3].T))
        sent = _sent(columns[_SENT], time_s - turned_s)
        up = None if sent is None else _blended(sent[:, before], sent[:, after], share)
        if up is None or not (is_told := np.isfinite(up)).all():
            filtered_up = _vertical(filtered["quat6D"].T[[1, 2, 3, 0]])
            up = filtered_up if up is None else np.where(is_told, up, filtered_up)
        return [edges_s, means.T, up.T, edges_s - self._begin_s, edges_s - changed_s[before]]


def _sent(sent_xyzw: Array, age_s: Array) -> Array | None:
    """Return up by the orientation that the sensor sends, [3, n], NaN where it sends none; None if nowhere.

    ``age_s`` [n] is for how long it, [4, n], has been the same.
    """
    sent_xyzw = np.where(np.abs(sent_xyzw) < 1.1, sent_xyzw, np.nan)
    is_sent = np.abs((sent_xyzw * sent_xyzw).sum(axis=0) - 1.0) < 0.1  # not so for NaN
    if not is_sent.any():
        return None
    return np.where(is_sent & (age_s < STUCK_S), _vertical(sent_xyzw), np.nan)


def _blended(first: Array, second: Array, share: Array) -> Array:
    """Return unit vectors [3, n] at ``share`` [n] of the way from the first to the second ones."""
    blended = first + share * (second - first)
    blended /= np.sqrt((blended * blended).sum(axis=0))
    return blended


def _latest_s(time_s: Array, differs: NDArray[np.bool_], first_s: float) -> Array:
    """Return for each row [n] when it last differed from that before, in [k, n - 1]; ``first_s`` for the first row."""
    times_s = np.empty(len(time_s))
    times_s[0] = first_s
    times_s[1:] = np.where(differs.any(axis=0), time_s[1:], -np.inf)
    latest_s: Array = np.maximum.accumulate(times_s)
    return latest_s


def _vertical(attitude_xyzw: Array) -> Array:
    """Return up in the axes of the sensor, [3, n], for orientations [4, n] from its axes to the earth's."""
    x, y, z, w = attitude_xyzw
    up = np.empty((3, len(x)))
    up[0] = 2.0 * (x * z - w * y)
    up[1] = 2.0 * (y * z + w * x)
    up[2] = 1.0 - 2.0 * (x * x + y * y)
    return up
