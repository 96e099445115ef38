# SPDX-License-Identifier: Apache-2.0
"""When a foot rests: the stillest tenth of a second of a stance, by angular rate and by how steady the force is.

Source: the statistic is that of Skog et al. 2010 (doi 10.1109/TBME.2010.2060723), whose authors weigh 6 m/s2 as much as
1 rad/s in their OpenShoe; that the rate tells rest better than the force, they found as well.
"""

from dataclasses import dataclass

import numpy as np

from gait_sensing.samples import Array

REST_S = 0.1  # of the some 0.3 s in which a walking foot is flat
WEIGHT_MPS2 = 6.0  # of force, that counts like 1 rad/s
FASTEST_RADPS = 0.5  # 30 degrees/s: a foot that turns faster does not rest
LEVER_M = 0.1  # from the sensor to the point about which a foot on the ground turns, toe or heel
LEAST_COUNT = 3  # samples
_ROUNDING_S = 1e-6


@dataclass(frozen=True, slots=True)
class Rest:
    """A rest of the foot."""

    index: int  # of the sample in its middle
    force_mps2: Array  # [3] mean specific force, sensor axes
    rate_radps: float  # root mean square; of a foot that truly rests, the sensor's noise and bias
    force_error_mps2: float  # standard deviation of what in the force is not gravity

    @property
    def speed_mps(self) -> float:
        """How fast the sensor may be moving."""
        return LEVER_M * self.rate_radps


class Stillness:
    """Running means over the rows [n, 7] (time, specific force, angular rate) of a stride."""

    def __init__(self, rows: Array) -> None:
        self._time_s = rows[:, 0]
        self._first = np.searchsorted(self._time_s, self._time_s - (0.5 * REST_S + _ROUNDING_S))
        self._end = np.searchsorted(self._time_s, self._time_s + (0.5 * REST_S + _ROUNDING_S))
        self._count = self._end - self._first
        means = self._means(np.column_stack([rows[:, 1:4], (rows[:, 1:] ** 2) @ _SUMS]))
        self._force_mps2, self._rate2 = means[:, :3], means[:, 4]
        self._variance = np.maximum(means[:, 3] - (self._force_mps2**2).sum(axis=1), 0.0)
        self._unrest = self._rate2 + self._variance / WEIGHT_MPS2**2

    def rest_between(self, begin_s: float, end_s: float) -> Rest | None:
        """Return the stillest rest that lies wholly between; ``None`` when there are too few samples."""
        is_inside = (self._time_s >= begin_s + 0.5 * REST_S) & (self._time_s <= end_s - 0.5 * REST_S)
        candidates = np.flatnonzero(is_inside & (self._count >= LEAST_COUNT))
        if not len(candidates):
            return None
        index = int(candidates[self._unrest[candidates].argmin()])
        rate2, noise = float(self._rate2[index]), float(self._variance[index] / self._count[index])
        return Rest(index, self._force_mps2[index], rate2**0.5, (rate2 * (LEVER_M / REST_S) ** 2 + noise) ** 0.5)

    def _means(self, columns: Array) -> Array:
        sums = np.zeros((len(columns) + 1, columns.shape[1]))
        columns.cumsum(axis=0, out=sums[1:])
        means: Array = (sums[self._end] - sums[self._first]) / self._count[:, None]
        return means


_SUMS = np.repeat(np.eye(2), 3, axis=0)  # of the squares of force and of rate
