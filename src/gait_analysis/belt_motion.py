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

import numpy as np

from gait_analysis.history import History
from gait_sensing.calibration.belt_inertia import BLOCK_S, BeltInertia
from gait_sensing.samples import Array, BeltSample, Side

_KEEP_S = 15.0


class BeltMotion:
    """Speed and displacement of both belts; NaN wherever a status is missing for more than ``max_age_s``."""

    def __init__(self, settle_s: float, max_age_s: float) -> None:
        self._settle_s, self._max_age_s = settle_s, max_age_s
        self._statuses = History(2, _KEEP_S)
        self._newest_s = -math.inf

    def feed(self, sample: BeltSample) -> None:
        """Take the next status; one that is not newer than the last is ignored."""
        if sample.time_s > self._newest_s:
            self._newest_s = sample.time_s
            row = np.array([[sample.time_s], [sample.left_speed_mps], [sample.right_speed_mps]])
            self._statuses.append(row[0], row[1], row[2])

    def speeds_mps(self, known_s: list[float]) -> list[tuple[float, float]]:
        """Return the speed of the left and the right belt as known at each of these instants."""
        rows = self._statuses.newest([time_s - self._settle_s for time_s in known_s], self._max_age_s, slice(3))
        return [(row[1], row[2]) if row else (math.nan, math.nan) for row in rows]

    def displacement_m(self, side: Side, start_s: float, end_s: float, known_s: float) -> float:
        """Return how far the belt's surface moved backward from ``start_s`` to ``end_s``, as known at ``known_s``.

        Speed is taken as linear between statuses.
        """
        known = self._statuses.between(start_s - self._max_age_s, known_s - self._settle_s)
        if not len(known) or known[0, 0] > start_s:
            return math.nan
        time_s, speed_mps = known[:, 0], known[:, 1 if side is Side.LEFT else 2]
        last_s = float(time_s[-1])
        if end_s - last_s > self._max_age_s or np.max(time_s[1:] - time_s[:-1], initial=0.0) > self._max_age_s:
            return math.nan
        first, end = time_s.searchsorted(start_s, side="right"), time_s.searchsorted(end_s, side="left")
        at_s = np.concatenate(([start_s], time_s[first:end], [end_s]))
        at_mps = np.interp(at_s, time_s, speed_mps)
        return float((0.5 * (at_mps[1:] + at_mps[:-1]) * (at_s[1:] - at_s[:-1])).sum())

    def acceleration_mps2(self, inertia: BeltInertia, side: Side, time_s: Array, known_s: float) -> Array:
        """Return the belt's acceleration [n], backward positive, at the times [n] of force samples, as known at
        ``known_s``, by what ``inertia`` says of the treadmill's delay; NaN where statuses are missing or too new.
        """
        reach_s = abs(inertia.delay_s) + BLOCK_S + self._max_age_s
        end_s = min(float(time_s[-1]) + reach_s, known_s - self._settle_s)
        known = self._statuses.between(float(time_s[0]) - reach_s, end_s)
        return inertia.acceleration_mps2(time_s, known[:, 0], known[:, 1 if side is Side.LEFT else 2])
