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
        row: Row = (sample.time_s, *sample.acceleration_mps2, *sample.angular_rate_radps)
        if sample.time_s <= self._newest_s or not _is_measured(row):
            return []
        if sample.time_s - self._newest_s > self._max_gap_s:
            self._axis.restart(sample.time_s)
        self._newest_s = sample.time_s
        self._rows.append(row)
        if sample.time_s - self._rows[0][0] > HISTORY_S:
            self._rows.popleft()
        left = self._axis.left
        events = self._seek(row, left, sample.time_s) if left is not None else []
        if self._axis.look(self._rows) and self._axis.left is not None:
            for earlier in self._rows:
                if earlier[0] > self._seen_s:
                    events += self._seek(earlier, self._axis.left, sample.time_s)
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


def _is_measured(row: Row) -> bool:
    """Whether all values are there and within what a sensor can measure."""
    _, *force_mps2, x, y, z = row
    is_force = all(abs(value) < HIGHEST_MPS2 for value in force_mps2)  # not so for NaN
    return is_force and abs(x) < HIGHEST_RADPS and abs(y) < HIGHEST_RADPS and abs(z) < HIGHEST_RADPS
