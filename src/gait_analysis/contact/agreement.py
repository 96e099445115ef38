# SPDX-License-Identifier: Apache-2.0
"""How well the events of one sensor agree with those that force told of the same foot, and by how much they are off.

Events of one kind belong together when they are within ``FAR_S``, or, once the bias is known, within ``NEAR_S`` of it.
The bias is the median of the last differences, apart for each kind and each foot: motion sensors tell foot off 35 to
84 ms early in users of prostheses, by side (doi 10.1101/2021.08.27.21262720).
"""

from collections import deque
from statistics import median

from gait_analysis.events import EventKind, GaitEvent

FAR_S, NEAR_S = 0.15, 0.05
LEAST_COUNT, KEPT_COUNT = 10, 30  # events that a bias rests on
DOUBT_COUNT = 5  # events in a row that are looked at


class Agreement:
    """Compares one sensor's events with the events told."""

    def __init__(self) -> None:
        self._differences_s = {kind: deque[float](maxlen=KEPT_COUNT) for kind in EventKind}
        self._told_s: dict[EventKind, float] = {}  # the last one told, while nothing found agrees with it
        self._found_s: dict[EventKind, float] = {}  # the last one found, while nothing told agrees with it
        self._was_met: deque[bool] = deque(maxlen=DOUBT_COUNT)

    def told(self, event: GaitEvent) -> None:
        """Take an event that force told."""
        if event.kind in self._told_s:  # the one before was never met
            self._was_met.append(False)
        self._told_s[event.kind] = event.time_s
        self._meet(event.kind)

    def found(self, event: GaitEvent) -> None:
        """Take an event that the sensor found."""
        self._found_s[event.kind] = event.time_s
        self._meet(event.kind)

    def _meet(self, kind: EventKind) -> None:
        if kind not in self._told_s or kind not in self._found_s:
            return
        difference_s = self._found_s[kind] - self._told_s[kind]
        far_s = NEAR_S if self.has_bias(kind) else FAR_S
        if abs(difference_s - self.bias_s(kind)) <= far_s:
            self._differences_s[kind].append(difference_s)
            self._was_met.append(True)
            del self._told_s[kind], self._found_s[kind]

    def has_bias(self, kind: EventKind) -> bool:
        """Whether the bias of this kind of event is known."""
        return len(self._differences_s[kind]) >= LEAST_COUNT

    def bias_s(self, kind: EventKind) -> float:
        """Return how much later than force the sensor finds events of this kind; 0 while that is not known."""
        return median(self._differences_s[kind]) if self.has_bias(kind) else 0.0

    @property
    def met_count(self) -> int | None:
        """How many of the last ``DOUBT_COUNT`` events were met; ``None`` while there are fewer."""
        return sum(self._was_met) if len(self._was_met) == DOUBT_COUNT else None
