# SPDX-License-Identifier: Apache-2.0
"""What motion sensors tell of a stride, added to it once their samples of all of it are there.

A foot's path is known from its rest in one stance to its rest in the next, so a stride waits ``WAIT_S`` after the
contact that ends it; it waits for nothing where no motion sensor is heard.
"""

import math
from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from operator import itemgetter
from typing import Any, NamedTuple

from gait_analysis.gait import Stride
from gait_analysis.imu_motion.foot_path import SETTLE_S, FootPath
from gait_analysis.imu_motion.knee import Knee
from gait_analysis.imu_motion.posture import Posture
from gait_sensing.samples import ImuRow, ImuSamples, Side, Vector

WAIT_S = SETTLE_S + 0.05  # after contact: samples that lag are there, too
HEARD_S = 0.5  # since the last sample
COMING_COUNT = 200  # rows that wait at most: many at once cost less


class _Waiting(NamedTuple):
    stride: Stride
    swing_load_bw: float
    due_s: float


class StrideMotion:
    """Holds strides until all is known of them; ``left`` tells the person's left in the axes of a segment's IMU."""

    def __init__(self, left: Callable[[str], Vector | None]) -> None:
        self._left = left
        self._feet = {side: FootPath(side) for side in Side}
        self._knees = {side: Knee(side) for side in Side}
        self._pelvis, self._trunk = Posture("pelvis"), Posture("trunk")
        self._feeds: dict[str, Callable[[ImuSamples], None]] = {
            "pelvis": self._pelvis.feed,
            "trunk": self._trunk.feed,
            **{f"{side.value}_foot": self._feet[side].feed for side in Side},
            **{f"{side.value}_{link}": self._knees[side].feed for side in Side for link in ("thigh", "shank")},
        }
        self._waiting: deque[_Waiting] = deque()
        self._heard_s = -math.inf  # time of the newest row heard
        self._worn: set[str] = set()  # segments with an IMU
        self._coming: dict[str, list[ImuRow]] = {}  # rows not heard yet
        self._lag_s = 0.0  # of those

    def feed(self, segment: str, rows: list[ImuRow], lag_s: float) -> None:
        """Take the next rows of a motion sensor, see ``ImuSamples``; each is known ``lag_s`` after its time.

        Those of earlier calls are known by now.
        """
        if lag_s != self._lag_s:
            self._hear(math.inf)
            self._lag_s = lag_s
        coming = self._coming.setdefault(segment, [])
        if len(coming) >= COMING_COUNT:
            self._take(segment, coming)
            coming.clear()
        coming += rows

    def _newest_s(self, known_s: float) -> float:
        """Return the time of the newest row that is known at ``known_s``."""
        until_s = known_s - self._lag_s
        counts = ((rows, bisect_right(rows, until_s, key=itemgetter(0))) for rows in self._coming.values())
        return max([self._heard_s, *(rows[count - 1][0] for rows, count in counts if count)])

    def _hear(self, known_s: float) -> None:
        """Take the rows that are known at ``known_s``."""
        for segment, rows in self._coming.items():
            if rows:
                end = bisect_right(rows, known_s - self._lag_s, key=itemgetter(0))
                self._take(segment, rows[:end])
                del rows[:end]

    def _take(self, segment: str, rows: list[ImuRow]) -> None:
        if not rows:
            return
        self._heard_s = max(self._heard_s, rows[-1][0])
        if feed := self._feeds.get(segment):
            feed(ImuSamples(segment, rows))
            self._worn.add(segment)

    def add(self, stride: Stride, swing_load_bw: float, known_s: float) -> None:
        """Take a stride that ended; ``known_s`` is when that became known."""
        is_heard = known_s - self._newest_s(known_s) <= HEARD_S
        due_s = max(stride.end_s + WAIT_S, known_s) if is_heard else known_s
        self._waiting.append(_Waiting(stride, swing_load_bw, due_s))

    @property
    def next_s(self) -> float:
        """When all will be known of the next stride; infinity when none waits."""
        return self._waiting[0].due_s if self._waiting else math.inf

    def due(self, known_s: float) -> list[tuple[Stride, float]]:
        """Return the strides of which all is known at ``known_s``, in order, each with the load of its swing."""
        found = []
        if self.next_s <= known_s:
            self._hear(known_s)
        while self._waiting and self._waiting[0].due_s <= known_s:
            waiting = self._waiting.popleft()
            found.append((self._measured(waiting.stride), waiting.swing_load_bw))
        return found

    def _measured(self, stride: Stride) -> Stride:
        if not self._worn:
            return stride
        stride = self._with_path(stride) if f"{stride.side.value}_foot" in self._worn else stride
        measured: dict[str, Any] = {}
        support_s = stride.other_foot_off_s, stride.other_contact_s
        if "pelvis" in self._worn:
            measured["pelvic_obliquity_mid_stance_rad"] = self._pelvis.lean_rad(stride.side, *support_s)
        if "trunk" in self._worn:
            measured["trunk_lean_mid_stance_rad"] = self._trunk.lean_rad(stride.side, *support_s)
            measured["trunk_sway_rad"] = self._trunk.sway_rad(stride.start_s, stride.end_s)
        if {f"{stride.side.value}_thigh", f"{stride.side.value}_shank"} <= self._worn:
            knee = self._knees[stride.side]
            measured["knee_flexion_peak_swing_rad"] = knee.peak_swing_flexion_rad(stride.foot_off_s, stride.end_s)
        return stride._replace(**measured) if measured else stride

    def _with_path(self, stride: Stride) -> Stride:
        left = self._left(f"{stride.side.value}_foot")
        if left is None or math.isnan(stride.foot_off_s):
            return stride
        swing = self._feet[stride.side].swing(stride.start_s, stride.foot_off_s, stride.end_s, left)
        if math.isnan(stride.stride_length_m):
            length_m = swing.stride_length_m
            stride = stride._replace(stride_length_m=length_m, speed_mps=length_m / stride.stride_time_s)
        return stride._replace(
            foot_clearance_m=swing.foot_clearance_m,
            circumduction_m=swing.circumduction_m,
            foot_pitch_at_contact_rad=-swing.foot_pitch_at_contact_rad,  # REP 103: positive with the toes down
            foot_progression_rad=swing.foot_progression_rad,
        )
