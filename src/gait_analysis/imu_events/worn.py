# SPDX-License-Identifier: Apache-2.0
"""What detectors for a sensor worn anyhow share: gaps, learning of the mounting, and what was measured before it."""

import math
from abc import ABC, abstractmethod
from collections import deque

from gait_analysis.events import GaitEvent
from gait_analysis.imu_events.sagittal import Row, SagittalAxis
from gait_sensing.samples import ImuSample, Vector

HISTORY_S = 20.0  # kept while the mounting is not known
HIGHEST_MPS2, HIGHEST_RADPS = 2000.0, 100.0  # 200 g and 5700 degrees/s, beyond what worn sensors measure


class WornDetector(ABC):
    """Base of the detectors. A kind of detector derives from it and finds events where the axis is known.

    Events depend on the samples alone. Until the mounting is known there are none, and ``reason`` says so; once it is,
    those of the last ``HISTORY_S`` are found too, and their ``detected_s`` says how late.
    """

    def __init__(self, link: str, check_s: float, max_gap_s: float) -> None:
        self._axis = SagittalAxis(link, check_s)
        self._max_gap_s = max_gap_s
        self._rows: deque[Row] = deque()
        self._newest_s = -math.inf
        self._seen_s = -math.inf  # the newest row in which events were sought

    @property
    def reason(self) -> str:
        """Why no event can be found now; empty when events are found."""
        return self._axis.reason or self._lost_reason()

    @property
    def is_learning(self) -> bool:
        """Whether it is not known yet how the sensor is worn."""
        return self._axis.left is None

    @property
    def left(self) -> Vector | None:
        """The person's left in the sensor's axes, unit vector; ``None`` while it is not known."""
        return self._axis.left

    def feed(self, sample: ImuSample) -> list[GaitEvent]:
        """Take the next sample; one that is no measurement, or not later than the last, counts as missing."""
        time_s, axis, rows = sample.time_s, self._axis, self._rows
        row: Row = (time_s, *sample.acceleration_mps2, *sample.angular_rate_radps)
        if time_s <= self._newest_s or not is_measured(row):
            return []
        if time_s - self._newest_s > self._max_gap_s:
            axis.restart(time_s)
        self._newest_s = time_s
        rows.append(row)
        if time_s - rows[0][0] > HISTORY_S:
            rows.popleft()
        events = self._seek(row, axis.left, time_s) if axis.left is not None else []
        if time_s >= axis.next_s and axis.look(rows) and axis.left is not None:
            for earlier in rows:
                if earlier[0] > self._seen_s:
                    events += self._seek(earlier, axis.left, time_s)
        return events

    def _seek(self, row: Row, left: Vector, detected_s: float) -> list[GaitEvent]:
        if row[0] - self._seen_s > self._max_gap_s:
            self._lose("samples are missing: nothing is known until the next rest")
        self._seen_s = row[0]
        return self._step(row, left, detected_s)

    @abstractmethod
    def _lost_reason(self) -> str:
        """Return why no event can be found though the mounting is known."""

    @abstractmethod
    def _lose(self, reason: str) -> None:
        """Forget the stride in progress: samples are missing."""

    @abstractmethod
    def _step(self, row: Row, left: Vector, detected_s: float) -> list[GaitEvent]:
        """Return the events that ``row`` tells, as detected at ``detected_s``."""


def is_measured(row: Row) -> bool:
    """Whether all values are there and within what a sensor can measure; not so for NaN."""
    _, a, b, c, x, y, z = row
    return (
        -HIGHEST_MPS2 < a < HIGHEST_MPS2
        and -HIGHEST_MPS2 < b < HIGHEST_MPS2
        and -HIGHEST_MPS2 < c < HIGHEST_MPS2
        and -HIGHEST_RADPS < x < HIGHEST_RADPS
        and -HIGHEST_RADPS < y < HIGHEST_RADPS
        and -HIGHEST_RADPS < z < HIGHEST_RADPS
    )
