# SPDX-License-Identifier: Apache-2.0
"""How fast the belts ran and how far they went, from the treadmill's statuses.

Statuses are rare (some 15 a second) and arrive after the force samples of the same instant, by an amount nobody
controls. Waiting for them would delay every cue. Instead every question names the instant ``known_s`` from which it is
asked, and only statuses stamped at least ``settle_s`` before it are used; from the last of those on, its speed is
held. The answer is then the same live and in a replay, whenever a status happened to arrive, as long as it took less
than ``settle_s``. What this costs is the change of speed within ``settle_s`` and one status interval: at 0.25 m/s2
some 4 mm.
"""

import math
from bisect import bisect_left, bisect_right

import numpy as np

from gait_sensing.calibration.belt_inertia import BLOCK_S, BeltInertia
from gait_sensing.samples import Array, BeltSample, Side

_KEEP_S = 15.0


class BeltMotion:
    """Speed and displacement of both belts; NaN wherever a status is missing for more than ``max_age_s``."""

    def __init__(self, settle_s: float, max_age_s: float) -> None:
        self._settle_s, self._max_age_s = settle_s, max_age_s
        # Of the statuses of the last seconds, in lists since they come one by one.
        self._times_s: list[float] = []
        self._unbroken_s: list[float] = []  # since when no status was missing
        self._left_mps: list[float] = []
        self._right_mps: list[float] = []

    def feed(self, sample: BeltSample) -> None:
        """Take the next status; one that is not newer than the last is ignored."""
        times_s, time_s = self._times_s, sample.time_s
        last_s = times_s[-1] if times_s else -math.inf
        if not time_s > last_s:
            return
        self._unbroken_s.append(self._unbroken_s[-1] if time_s - last_s <= self._max_age_s else time_s)
        times_s.append(time_s)
        self._left_mps.append(sample.left_speed_mps)
        self._right_mps.append(sample.right_speed_mps)
        if time_s - times_s[0] > 2.0 * _KEEP_S:
            first = bisect_left(times_s, time_s - _KEEP_S)
            for values in (times_s, self._unbroken_s, self._left_mps, self._right_mps):
                del values[:first]

    def speeds_mps(self, known_s: list[float]) -> list[tuple[float, float]]:
        """Return the speed of the left and the right belt as known at each of these instants."""
        times_s, left_mps, right_mps = self._times_s, self._left_mps, self._right_mps
        found = []
        for instant_s in known_s:
            last_s = instant_s - self._settle_s
            number = bisect_right(times_s, last_s) - 1
            is_known = number >= 0 and times_s[number] >= last_s - self._max_age_s
            found.append((left_mps[number], right_mps[number]) if is_known else (math.nan, math.nan))
        return found

    def displacement_m(self, side: Side, start_s: float, end_s: float, known_s: float) -> float:
        """Return how far the belt's surface moved backward from ``start_s`` to ``end_s``, as known at ``known_s``.

        Speed is taken as linear between statuses.
        """
        times_s, speeds_mps = self._times_s, self._of(side)
        known = bisect_right(times_s, known_s - self._settle_s)
        if not known or end_s - times_s[known - 1] > self._max_age_s:
            return math.nan
        if max(times_s[0], self._unbroken_s[known - 1]) > start_s:
            return math.nan
        first, end = bisect_right(times_s, start_s), min(bisect_left(times_s, end_s), known)
        begin_mps, end_mps = (self._speed_mps(speeds_mps, time_s, known) for time_s in (start_s, end_s))
        at_s = np.array([start_s, *times_s[first:end], end_s])
        at_mps = np.array([begin_mps, *speeds_mps[first:end], end_mps])
        return float((0.5 * (at_mps[1:] + at_mps[:-1]) * (at_s[1:] - at_s[:-1])).sum())

    def _of(self, side: Side) -> list[float]:
        return self._left_mps if side is Side.LEFT else self._right_mps

    def _speed_mps(self, speeds_mps: list[float], time_s: float, known: int) -> float:
        """Return the speed between the first ``known`` statuses, not before the first of them."""
        number = min(bisect_right(self._times_s, time_s), known) - 1
        if number == known - 1:
            return speeds_mps[number]
        before_s, after_s = self._times_s[number : number + 2]
        slope_mps2 = (speeds_mps[number + 1] - speeds_mps[number]) / (after_s - before_s)
        return slope_mps2 * (time_s - before_s) + speeds_mps[number]

    def acceleration_mps2(self, inertia: BeltInertia, side: Side, time_s: Array, known_s: float) -> Array:
        """Return the belt's acceleration [n], backward positive, at the times [n] of force samples, as known at
        ``known_s``, by what ``inertia`` says of the treadmill's delay; NaN where statuses are missing or too new.
        """
        reach_s = abs(inertia.delay_s) + BLOCK_S + self._max_age_s
        end_s = min(float(time_s[-1]) + reach_s, known_s - self._settle_s)
        known = slice(bisect_left(self._times_s, float(time_s[0]) - reach_s), bisect_right(self._times_s, end_s))
        status_s, speed_mps = np.array(self._times_s[known]), np.array(self._of(side)[known])
        return inertia.acceleration_mps2(time_s, status_s, speed_mps)
