# SPDX-License-Identifier: Apache-2.0
"""Cut the samples of several IMUs into rows of half a second, with the same borders for all; see ``mounting``.

A row is complete once all IMUs have passed it, or one is ``LATEST_S`` ahead of a silent one: up to there, how samples
of different IMUs are interleaved changes nothing.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from gait_sensing.samples import Array, ImuSample

ROW_S = 0.5
LATEST_S = 20.0
LEAST_COUNT = 5  # samples of an IMU in a row, to count as there


@dataclass(frozen=True, slots=True)
class Row:
    """Half a second of all IMUs that sent enough of it."""

    begin_s: float
    readings: dict[str, Array]  # segment -> [n, 7]: time, acceleration, angular rate

    def is_quiet(self, acceleration_mps2: float, rate_radps: float) -> bool:
        """Whether no IMU moves: deviation of acceleration and size of the rate, root mean square, below these."""
        for reading in self.readings.values():
            deviation_mps2 = math.sqrt(float(reading[:, 1:4].var(axis=0).sum()))
            size_radps = math.sqrt(float((reading[:, 4:] ** 2).sum(axis=1).mean()))
            if deviation_mps2 > acceleration_mps2 or size_radps > rate_radps:
                return False
        return bool(self.readings)


class RowCutter:
    """Takes samples, ascending in time for each segment, and returns rows. Samples with NaN are left out."""

    def __init__(self, segments: Sequence[str]) -> None:
        self._last_index = dict.fromkeys(segments, -math.inf)
        self._open: dict[int, dict[str, list[tuple[float, ...]]]] = {}
        self._done_index = -math.inf

    def feed(self, sample: ImuSample) -> Iterator[Row]:
        """Yield the rows that this sample completes, oldest first."""
        values = (sample.time_s, *sample.acceleration_mps2, *sample.angular_rate_radps)
        if sample.segment not in self._last_index or not all(map(math.isfinite, values)):
            return
        index = math.floor(sample.time_s / ROW_S)
        if index <= self._done_index:
            return
        self._open.setdefault(index, {}).setdefault(sample.segment, []).append(values)
        if index > self._last_index[sample.segment]:
            self._last_index[sample.segment] = index
            yield from self._complete()

    def _complete(self) -> Iterator[Row]:
        first, last = min(self._last_index.values()), max(self._last_index.values())
        for index in sorted(self._open):
            if index >= first and last - index < LATEST_S / ROW_S:
                return
            readings = self._open.pop(index)
            self._done_index = index
            whole = {name: readings[name] for name in self._last_index if len(readings.get(name, ())) >= LEAST_COUNT}
            yield Row(index * ROW_S, {name: np.array(rows) for name, rows in whole.items()})
