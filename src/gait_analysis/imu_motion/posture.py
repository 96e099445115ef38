# SPDX-License-Identifier: Apache-2.0
"""Pelvic obliquity and trunk lean: how far pelvis or trunk is rolled about the forward axis, from the IMU it wears.

Positive when the pelvis drops to the right, or the trunk leans to the right: a turn about x, forward. It is relative to
standing still before walking; where no standing was seen, relative to the mean over whole strides, which hides a lean
that is always there.

Which way is left is told by the sensor's movement (see ``worn_segment``) and by gait events: while one leg
alone supports the body, its foot is beyond the middle, and the body is accelerated to the other side as an inverted
pendulum is. Both must agree; without either there is no lean.

Source: pendulum, Winter 1995 (doi 10.1016/0966-6362(96)82849-9); the rule is ours.
"""

import math

import numpy as np

from gait_analysis.imu_motion.orientation import FORCE, TIME, UP
from gait_analysis.imu_motion.worn_segment import BodyAxes, WornSegment
from gait_sensing.mounting.walk import angle_rad
from gait_sensing.samples import Array, ImuSample, ImuSamples, Side

MAX_GAP_S = 0.1  # bridged: of a pelvis that turns by 0.5 rad/s at 2 Hz, half a degree is lost at most
ASKEW_RAD = 0.5  # 29 degrees; a trunk lurches by 10, and bows by as much again
LEAST_ASIDE_MPS2 = 0.1  # sideways acceleration that tells the side: a centimetre off the foot, a degree of tilt wrong


class Posture:
    """Roll of ``segment``, "pelvis" or "trunk". Ask once a stride, when its samples have been fed.

    ``reason`` says why the last answer is NaN; it is empty when it is not.
    """

    def __init__(self, segment: str) -> None:
        if segment not in ("pelvis", "trunk"):
            raise ValueError(f"segment {segment!r}: choose pelvis or trunk")
        self._worn = WornSegment(segment, MAX_GAP_S)
        self.reason = ""

    def feed(self, sample: ImuSample | ImuSamples) -> None:
        """Take the next samples of the IMU on the segment; one that is not later than the last is left out."""
        self._worn.feed(sample)

    def lean_rad(self, side: Side, start_s: float, end_s: float) -> float:
        """Return the roll at mid-stance of ``side``: the middle of its single support from ``start_s`` to ``end_s``."""
        rows, axes = self._ask(start_s, end_s)
        if axes is None:
            return math.nan
        self._worn.vote(axes, _side_vote(rows, axes, side))
        sign, self.reason = self._worn.sign(axes)
        if self.reason:
            return math.nan
        middle_s = 0.5 * (start_s + end_s)
        return sign * float(np.interp(middle_s, rows[:, TIME], _roll_rad(rows, axes)))

    def sway_rad(self, start_s: float, end_s: float) -> float:
        """Return the range of the roll over a stride."""
        rows, axes = self._ask(start_s, end_s)
        return math.nan if axes is None else float(np.ptp(_roll_rad(rows, axes)))

    def _ask(self, start_s: float, end_s: float) -> tuple[Array, BodyAxes | None]:
        self._worn.update()
        rows, self.reason = self._worn.orientation.interval(start_s, end_s)
        if self.reason:
            return rows, None
        axes, self.reason = self._worn.line(end_s)
        if axes is not None and angle_rad(rows[:, UP].mean(axis=0), axes.walking_up) > ASKEW_RAD:
            axes, self.reason = None, "the segment is far from its posture in walking: it or the sensor moved"
        return rows, axes


def _roll_rad(rows: Array, axes: BodyAxes) -> Array:
    rolls_rad: Array = np.arctan2(rows[:, UP] @ axes.left, rows[:, UP] @ axes.up)
    return rolls_rad


def _side_vote(rows: Array, axes: BodyAxes, side: Side) -> int:
    """Return 1 when the acceleration in single support of ``side`` says that ``axes.left`` is the left, -1 if not."""
    up = rows[:, UP]
    level = axes.left - (up @ axes.left)[:, None] * up
    aside_mps2 = float((rows[:, FORCE] * level).sum(axis=1).mean())
    if abs(aside_mps2) < LEAST_ASIDE_MPS2:
        return 0
    return 1 if (aside_mps2 < 0.0) is (side is Side.LEFT) else -1
