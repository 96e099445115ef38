# SPDX-License-Identifier: Apache-2.0
"""What motion sensors tell of a stride, added to it once their samples of all of it are there.

A foot's path is known from its rest in one stance to its rest in the next, so a stride waits ``WAIT_S`` after the
contact that ends it; it waits for nothing where no motion sensor is heard.
"""

import math
from collections import deque
from dataclasses import dataclass

from gait_analysis.gait import Stride
from gait_sensing.samples import ImuSample

WAIT_S = 0.35  # after contact: a foot is flat by then, and samples that lag are there
HEARD_S = 0.5  # since the last sample


@dataclass(frozen=True, slots=True)
class _Waiting:
    stride: Stride
    swing_load_bw: float
    due_s: float


class StrideMotion:
    """Holds strides until all is known of them."""

    def __init__(self) -> None:
        self._waiting: deque[_Waiting] = deque()
        self._heard_s = -math.inf

    def feed(self, sample: ImuSample) -> None:
        """Take the next sample of a motion sensor."""
        self._heard_s = sample.time_s

    def add(self, stride: Stride, swing_load_bw: float, known_s: float) -> None:
        """Take a stride that ended; ``known_s`` is when that became known."""
        is_heard = known_s - self._heard_s <= HEARD_S
        self._waiting.append(_Waiting(stride, swing_load_bw, stride.end_s + WAIT_S if is_heard else known_s))

    @property
    def next_s(self) -> float:
        """When all will be known of the next stride; infinity when none waits."""
        return self._waiting[0].due_s if self._waiting else math.inf

    def due(self, known_s: float) -> list[tuple[Stride, float]]:
        """Return the strides of which all is known at ``known_s``, in order, each with the load of its swing."""
        found = []
        while self._waiting and self._waiting[0].due_s <= known_s:
            waiting = self._waiting.popleft()
            found.append((waiting.stride, waiting.swing_load_bw))
        return found
