# SPDX-License-Identifier: Apache-2.0
"""The line under a cloud of (device time, receipt) points: what the device's clock would read on a wire without delay.

A sample's receipt is never earlier than the sample, but may be later by the wire's buffers (16 ms on many USB
adapters) or by a busy host. The device's counter is even but runs at its own rate. So receipt minus device time is
a line (offset and drift) plus a delay that is never negative, and the line is the lower envelope of the points.

Method. The lowest point of each second is kept for a minute. *Drift*: the slope of that edge of the lower convex
hull of these minima which spans their middle; it belongs to the line under all points with the least total distance
to them. *Offset*: the lowest point of the last four to five seconds above a line of that slope; a short memory,
because a host clock that is being slewed changes the drift. A point costs a few comparisons, a second one hull of
60 points.

Sources: the line as a linear programme: Moon, Skelly, Towsley, "Estimation and removal of clock skew from network
delay measurements", INFOCOM 1999, doi:10.1109/INFCOM.1999.749287; its solution by convex hull: Zhang, Liu, Xia,
"Clock synchronization algorithms for network measurements", INFOCOM 2002. Deviations: minima per second in place of
all points; a sliding window; the separate, shorter memory of the offset; drift bounded.
"""

from collections import deque
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

MAX_DRIFT = 400e-6  # no unit; two crystals of 100 ppm each, and a host clock being slewed
SLOT_S = 1.0
DRIFT_SLOTS = 60
MIN_DRIFT_SLOTS = 5  # before that the nominal rate is the better guess
OFFSET_SLOTS = 4  # finished ones, beside the one being filled
STEP_S = 0.05  # a whole second off the line by this much: the host clock was set, or the wire's delay has changed

Point = tuple[float, float]  # device_s, receipt minus device time
Seconds = TypeVar("Seconds", float, NDArray[np.floating[Any]])


class LowerEnvelope:
    """Maps device time to host time; starts from one point at the nominal rate."""

    def __init__(self, device_s: float, received_s: float) -> None:
        self.step_count = 0  # times all before was forgotten, see STEP_S
        self._drift = 0.0  # no unit; host seconds gained on a device second
        self._minima: deque[Point] = deque(maxlen=DRIFT_SLOTS)  # of finished slots
        self._base_s = received_s - device_s  # offset of the line at device time 0
        self._slot_start_s = received_s
        self._slot_minimum: Point = (device_s, received_s - device_s)

    def add(self, device_s: float, received_s: float) -> None:
        """Take the newest sample of a read, which waited least; device time must not go back."""
        if not 0.0 <= received_s - self._slot_start_s < SLOT_S:
            self._finish_slot()
            self._slot_start_s = received_s
            self._slot_minimum = (device_s, received_s - device_s)
        offset_s = received_s - device_s
        if offset_s - self._drift * device_s < self._slot_minimum[1] - self._drift * self._slot_minimum[0]:
            self._slot_minimum = (device_s, offset_s)
        self._base_s = min(self._base_s, offset_s - self._drift * device_s)

    def host_s(self, device_s: Seconds) -> Seconds:
        """Return the host time of a device time or of an array of them."""
        return device_s * (1.0 + self._drift) + self._base_s

    def device_s(self, host_s: float) -> float:
        """Return the device time at a host time."""
        return (host_s - self._base_s) / (1.0 + self._drift)

    def _finish_slot(self) -> None:
        if self._minima and abs(self._height_s(self._slot_minimum) - self._height_s(self._minima[-1])) > STEP_S:
            self._minima.clear()
            self.step_count += 1
        self._minima.append(self._slot_minimum)
        if len(self._minima) >= MIN_DRIFT_SLOTS:
            self._drift = max(-MAX_DRIFT, min(_middle_slope(self._minima), MAX_DRIFT))
        self._base_s = min(self._height_s(point) for point in list(self._minima)[-OFFSET_SLOTS:])

    def _height_s(self, point: Point) -> float:
        """Return the offset at device time 0 of a line with the present drift through ``point``."""
        return point[1] - self._drift * point[0]


def _middle_slope(points: "deque[Point]") -> float:
    """Return the slope of the lower hull's edge that spans the mean of the abscissas; ``points`` ascend in them."""
    hull: list[Point] = []
    for point in points:
        while len(hull) > 1 and _slope(hull[-2], hull[-1]) >= _slope(hull[-2], point):
            hull.pop()
        hull.append(point)
    middle_s = sum(device_s for device_s, _ in points) / len(points)
    for left, right in pairwise(hull):
        if right[0] >= middle_s:
            return _slope(left, right)
    return 0.0


def _slope(left: Point, right: Point) -> float:
    return (right[1] - left[1]) / (right[0] - left[0])
