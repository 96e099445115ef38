# SPDX-License-Identifier: Apache-2.0
"""What detectors for a sensor worn anyhow share: gaps, learning of the mounting, and what was measured before it."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator

from gait_analysis.events import GaitEvent
from gait_analysis.history import History
from gait_analysis.imu_events.sagittal import SagittalAxis
from gait_analysis.imu_motion.imu_table import table
from gait_sensing.samples import ImuRow, ImuSample, ImuSamples, Side, Vector

HISTORY_S = 20.0  # kept while the mounting is not known
WAITING_COUNT = 100  # rows that wait at most to be kept: many at once cost less
HIGHEST_MPS2, HIGHEST_RADPS = 2000.0, 100.0  # 200 g and 5700 degrees/s, beyond what worn sensors measure


class WornDetector(ABC):
    """Base of the detectors. A kind of detector derives from it and finds events where the axis is known.

    Events depend on the samples alone. Until the mounting is known there are none, and ``reason`` says so; once it is,
    those of the last ``HISTORY_S`` are found too, and their ``detected_s`` says how late.
    """

    def __init__(self, side: Side, link: str, check_s: float, max_gap_s: float) -> None:
        self._axis = SagittalAxis(side, link, check_s)
        self._max_gap_s = max_gap_s
        self._reason = ""  # why no event can be found though the mounting is known
        self._rows: list[ImuRow] = []  # that wait to be kept
        self._history = History(6, HISTORY_S)  # force and rate
        self._newest_s = -math.inf
        self._seen_s = -math.inf  # the newest row in which events were sought
        self._told_left: Vector | None = None
        self._told_reason, self._told_axis_reason = "", self._axis.reason

    @property
    def reason(self) -> str:
        """Why no event can be found now; empty when events are found."""
        return self._axis.reason or self._reason

    @property
    def is_learning(self) -> bool:
        """Whether it is not known yet how the sensor is worn."""
        return self._axis.left is None

    @property
    def left(self) -> Vector | None:
        """The person's left in the sensor's axes, unit vector; ``None`` while it is not known."""
        return self._axis.left

    def feed(self, sample: ImuSample | ImuSamples) -> list[GaitEvent]:
        """Take the next samples; return the events that they tell. One that is no measurement is left out."""
        measured = list(filter(is_measured, sample.rows))
        return [event for _, events in self.follow(measured) for event in events]

    def follow(self, rows: list[ImuRow]) -> Iterator[tuple[float, list[GaitEvent]]]:
        """Take the next rows that are measurements, see ``is_measured``; one not later than the last is left out.

        Yield the time of each that tells events, another ``left`` or ``reason``, and the events.
        """
        axis, max_gap_s, newest_s = self._axis, self._max_gap_s, self._newest_s
        keep, seek = self._rows.append, self._seek
        for row in rows:
            time_s = row[0]
            if not time_s > newest_s:
                continue
            if time_s - newest_s > max_gap_s:
                axis.restart(time_s)
            newest_s = time_s
            keep(row)
            left = axis.left
            event = None if left is None else seek(row, left, time_s)
            if event is None and time_s < axis.next_s and self._told_reason is self._reason:
                continue
            events = [event] if event else []
            if time_s >= axis.next_s:
                events += self._look(time_s)
            is_new = self._told_left is not axis.left or self._told_axis_reason is not axis.reason
            if events or is_new or self._told_reason is not self._reason:
                self._told_left, self._told_reason, self._told_axis_reason = axis.left, self._reason, axis.reason
                yield time_s, events
        self._newest_s = newest_s
        if len(self._rows) >= WAITING_COUNT:
            self._keep()

    def _keep(self) -> None:
        rows = table(self._rows)
        self._history.append(rows[:, 0], rows[:, 1:7])
        self._rows.clear()

    def _look(self, now_s: float) -> list[GaitEvent]:
        """Look at how the sensor is worn; return the earlier events that are found with it."""
        self._keep()
        has_changed = self._axis.look(self._history, now_s)
        events: list[GaitEvent] = []
        if has_changed and self._axis.left is not None:
            begin_s = max(math.nextafter(self._seen_s, math.inf), now_s - HISTORY_S)
            for earlier in self._history.between(begin_s, now_s).tolist():
                if event := self._seek(earlier, self._axis.left, now_s):
                    events.append(event)
        return events

    @abstractmethod
    def _seek(self, row: ImuRow, left: Vector, detected_s: float) -> GaitEvent | None:
        """Return the event that ``row`` tells, as detected at ``detected_s``, and note in ``_seen_s`` that it did."""


def is_measured(row: ImuRow) -> bool:
    """Whether force and rate are there and within what a sensor can measure; not so for NaN."""
    _, a, b, c, x, y, z, _, _, _, _ = row
    return (
        -HIGHEST_MPS2 < a < HIGHEST_MPS2
        and -HIGHEST_MPS2 < b < HIGHEST_MPS2
        and -HIGHEST_MPS2 < c < HIGHEST_MPS2
        and -HIGHEST_RADPS < x < HIGHEST_RADPS
        and -HIGHEST_RADPS < y < HIGHEST_RADPS
        and -HIGHEST_RADPS < z < HIGHEST_RADPS
    )
