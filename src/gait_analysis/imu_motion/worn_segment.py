# SPDX-License-Identifier: Apache-2.0
"""One body segment and the IMU it wears anyhow: how it stands, and its axes in those of the sensor.

*Standing*: half seconds in which the sensor is quiet, two seconds or more of them in a row. The last standing before
the walking from which axes are first found is the reference, and stays it.

*Axes*: the line of forward and left comes from the rules of ``gait_sensing.mounting.axes``, found again every
``CHECK_S`` from the last eight seconds of walking and averaged. The pelvis' and the trunk's specific force is levelled
beforehand, for in a walker who sways, gravity leaks into it; and how the pelvis turns counts as much as how it is
accelerated, for uneven steps disturb both, but seldom alike. Which end of the line is forward is told

* by these rules, though not for a trunk, for which they were not made;
* by ``vote``: what whoever knows the gait events says after each stride, see ``posture`` and ``knee``.

Where neither tells, or both contradict each other, there are no axes. A sensor that moves on its segment has none and
no standing until both are found anew.
"""

import math
from collections import deque
from dataclasses import dataclass, replace

import numpy as np

from gait_analysis.imu_motion.orientation import AGE, FORCE, RATE, ROW_COUNT, SETTLE_S, TIME, UP, Orientation
from gait_sensing.mounting.axes import (
    RATE_HZ,
    STEP_HZ,
    Axes,
    Motion,
    find_leg_axes,
    find_pelvis_axes,
    find_stride,
    smooth,
)
from gait_sensing.mounting.walk import angle_rad
from gait_sensing.samples import Array, ImuSample, ImuSamples

QUIET_MPS2, QUIET_RADPS = 0.3, 0.1  # root mean square in half a second; these and the two below as in mounting
POSE_COUNT, POSE_COUNT_KEPT = 4, 20  # half seconds
POSTURE_LIMIT_RAD = 0.7  # between standing and walking; more is sitting
MOVED_RAD = 0.35  # 20 degrees between the postures of two stretches of walking
TURNED_RAD = math.radians(40.0)  # axes found in a few strides agree within some 20 degrees
WINDOW_S, TRY_S = 8.0, 1.0
CHECK_S, KNOWN_CHECK_S = 8.0, 30.0  # between two looks at the axes, the latter once there are enough to average
LEAST_STRIDES, SHORTEST_STRIDE_S = 3, 0.6
# Autocorrelation of the angular rate after one stride: of lower backs 0.7 and more in even walking, below 0.5 in daily
# activities. The axis about which a leg turns needs less.
LEAST_ALIKE = {"pelvis": 0.5, "trunk": 0.5, "thigh": 0.3, "shank": 0.3}
STRAIGHT_RAD = 0.8  # heading in straight walking stays within; of pelvis and trunk, whose axes are those of the way
LOOKS_KEPT, VOTES_KEPT, LEAST_VOTES = 5, 20, 3
LEAST_AGREEMENT = 0.8  # share of votes
ANSWERS_KEPT = 16  # the latest that were found
MOVED = "the sensor moved on its segment: standing and three even strides are needed anew"


@dataclass(frozen=True, slots=True)
class BodyAxes:
    """Unit vectors [3] in the sensor's axes, horizontal in the reference but ``up``, which is the vertical there.

    Both ``forward`` and ``left`` may point the other way round; ``sign`` says so as far as the rules tell: 1 or -1,
    0 where they do not.
    """

    from_s: float
    up: Array
    forward: Array
    left: Array
    walking_up: Array  # the mean over whole strides
    sign: int
    is_standing: bool  # the reference is standing; otherwise the mean over whole strides


class WornSegment:
    """The IMU on a ``link``: "pelvis", "trunk", "thigh" or "shank"."""

    def __init__(self, link: str, max_gap_s: float) -> None:
        self._link = link
        self.orientation = Orientation(max_gap_s)
        self._standing: deque[Array] = deque(maxlen=POSE_COUNT_KEPT)  # mean up of the last half seconds, all quiet
        self._pose: Array | None = None
        self._is_pose_kept = False
        self._walking_from_s = self._next_s = -math.inf
        self._looks: deque[tuple[Array, Array, int]] = deque(maxlen=LOOKS_KEPT)  # forward, up in walking, sign
        self._answers: deque[BodyAxes | str] = deque(maxlen=ANSWERS_KEPT)
        self._answers_s: deque[float] = deque(maxlen=ANSWERS_KEPT)
        self._votes: deque[int] = deque(maxlen=VOTES_KEPT)
        self._forgotten_s = -math.inf  # axes from before are of another mounting

    def feed(self, sample: ImuSample | ImuSamples) -> None:
        """Take the next samples of this IMU."""
        if self.orientation.feed(sample):
            self.update()

    def update(self) -> None:
        """Take in what was fed. To be called before asking."""
        for rows in self.orientation.update():
            self._take(rows)

    def line(self, time_s: float) -> tuple[BodyAxes | None, str]:
        """Return the axes as known at ``time_s``, either way round, and why there are none."""
        for from_s, answer in zip(reversed(self._answers_s), reversed(self._answers), strict=True):
            if from_s <= time_s:
                return (None, answer) if isinstance(answer, str) else (answer, "")
        return None, "the mounting of the sensor is not known before three even strides, straight on"

    def vote(self, axes: BodyAxes, value: int) -> None:
        """Take what a stride says of ``axes``: 1 that they are the right way round, -1 that they are not, 0 nothing."""
        if value and axes.from_s > self._forgotten_s:
            self._votes.append(value)

    def sign(self, axes: BodyAxes) -> tuple[int, str]:
        """Return 1 where ``axes`` are the right way round, -1 where the other way; otherwise 0 and why."""
        count, total = len(self._votes), sum(self._votes)
        voted = 0
        if count >= LEAST_VOTES and abs(total) >= (2.0 * LEAST_AGREEMENT - 1.0) * count:
            voted = 1 if total > 0 else -1
        if voted and axes.sign and voted != axes.sign:
            return 0, "movement and gait events contradict each other about which way is forward"
        sign = voted or axes.sign
        return sign, "" if sign else "cannot tell which way is forward"

    def _take(self, rows: Array) -> None:
        """Take half a second of the grid."""
        end_s = float(rows[-1, TIME])
        if _is_quiet(rows):
            self._standing.append(rows[:, UP].mean(axis=0))
            if len(self._standing) >= POSE_COUNT:
                self._walking_from_s = end_s
                if not self._is_pose_kept:
                    self._pose = _unit(np.mean(self._standing, axis=0))
            return
        self._standing.clear()
        if end_s < self._next_s:
            return
        begin_s = max(self._walking_from_s, end_s - WINDOW_S, end_s - float(rows[-1, AGE]) + SETTLE_S)
        if end_s - begin_s >= LEAST_STRIDES * SHORTEST_STRIDE_S:
            self._look(self.orientation.between(begin_s, end_s))

    def _look(self, rows: Array) -> None:
        now_s = float(rows[-1, TIME])
        self._next_s = now_s + TRY_S - 0.5 / RATE_HZ
        readings = smooth(rows[:, FORCE.start : RATE.stop])
        motion = Motion(readings[:, :3], readings[:, 3:])
        stride_s, alike = find_stride([motion])
        if not alike >= LEAST_ALIKE[self._link] or len(rows) < LEAST_STRIDES * stride_s * RATE_HZ:
            return
        if self._link in ("pelvis", "trunk") and _turned_rad(rows) > STRAIGHT_RAD:
            return
        self._next_s = now_s + (CHECK_S if len(self._looks) < LOOKS_KEPT else KNOWN_CHECK_S) - 0.5 / RATE_HZ
        whole = round(int(len(rows) / (stride_s * RATE_HZ)) * stride_s * RATE_HZ)
        walking_up = _unit(rows[-whole:, UP].mean(axis=0))
        if angle_rad(_unit(rows[-whole:, FORCE].mean(axis=0)), walking_up) > MOVED_RAD:
            self._forget(now_s, "orientation and gravity as measured contradict each other")
            return
        if self._looks and angle_rad(self._looks[0][1], walking_up) > MOVED_RAD:
            self._forget(now_s, MOVED)
            return
        if self._pose is not None and angle_rad(self._pose, walking_up) > POSTURE_LIMIT_RAD:
            self._forget(now_s, "the person did not stand upright before walking")
            return
        self._is_pose_kept = self._pose is not None
        self._add(now_s, self._find(rows, motion, walking_up, stride_s), walking_up)

    def _find(self, rows: Array, motion: Motion, walking_up: Array, stride_s: float) -> Axes:
        if self._link in ("pelvis", "trunk"):
            level = _levelled(motion.acceleration_mps2, rows[:, UP], walking_up)
            found = find_pelvis_axes(Motion(level, motion.angular_rate_radps), walking_up, stride_s)
            return _with_turning(found, level, motion.angular_rate_radps, stride_s) if self._link == "pelvis" else found
        up = walking_up if self._pose is None else self._pose
        return find_leg_axes(motion, up, stride_s, self._link)

    def _add(self, now_s: float, found: Axes, walking_up: Array) -> None:
        """Average what was found with what was found before, and turn it to the reference."""
        forward = found.forward
        if self._looks:
            usual = np.mean([look[0] for look in self._looks], axis=0)
            forward = forward if forward @ usual >= 0.0 else -forward
            if angle_rad(forward, usual) > TURNED_RAD:
                self._forget(now_s, MOVED)
                return
        clear = found.is_forward_clear and self._link != "trunk"
        self._looks.append((forward, walking_up, (1 if forward @ found.forward > 0.0 else -1) if clear else 0))
        forward = np.mean([look[0] for look in self._looks], axis=0)
        mean_up = np.mean([look[1] for look in self._looks], axis=0)
        up = _unit(mean_up) if self._pose is None else self._pose
        forward = _unit(forward - mean_up * (forward @ up) / (mean_up @ up))  # turned in the sagittal plane alone
        signs = {look[2] for look in self._looks} - {0}
        sign = signs.pop() if len(signs) == 1 else 0
        left, is_standing = np.cross(up, forward), self._pose is not None
        self._answer(now_s, BodyAxes(now_s, up, forward, left, _unit(mean_up), sign, is_standing))

    def _answer(self, now_s: float, answer: BodyAxes | str) -> None:
        self._answers.append(answer)
        self._answers_s.append(now_s)

    def _forget(self, now_s: float, reason: str) -> None:
        self._pose, self._is_pose_kept = None, False
        self._walking_from_s = self._next_s = self._forgotten_s = now_s
        self._looks.clear()
        self._votes.clear()
        self._answer(now_s, reason)


def _is_quiet(rows: Array) -> bool:
    if float((rows[:, RATE] ** 2).sum()) > QUIET_RADPS**2 * ROW_COUNT:
        return False
    return float(rows[:, FORCE].var(axis=0).sum()) <= QUIET_MPS2**2


def _turned_rad(rows: Array) -> float:
    """Return the range of the heading."""
    return float(np.ptp(np.cumsum((rows[:, RATE] * rows[:, UP]).sum(axis=1)))) / RATE_HZ


def _unit(vector: Array) -> Array:
    unit: Array = vector / np.linalg.norm(vector)
    return unit


def _levelled(force_mps2: Array, up: Array, level_up: Array) -> Array:
    """Return ``force_mps2`` [n, 3] turned by the smallest turn that brings each ``up`` [n, 3] to ``level_up`` [3]."""
    axis = np.cross(up, level_up)
    once = np.cross(axis, force_mps2)
    levelled: Array = force_mps2 + once + np.cross(axis, once) / (1.0 + up @ level_up)[:, None]
    return levelled


def _with_turning(found: Axes, force_mps2: Array, rate_radps: Array, stride_s: float) -> Axes:
    """Return ``found`` with the line of forward told by how the pelvis turns, as much as by how it is accelerated.

    The two steps of a stride roll it about forward in opposite ways, and pitch it about left alike.
    """
    flat = np.stack([found.forward, found.left], axis=1)
    mirrored = _likeness(rate_radps @ flat, stride_s)
    forward = np.linalg.eigh(_likeness(smooth(force_mps2, STEP_HZ) @ flat, stride_s) - mirrored)[1][:, -1]
    forward = flat @ forward * (1.0 if forward[0] > 0.0 else -1.0)
    return replace(found, forward=forward, left=np.cross(found.up, forward))


def _likeness(values: Array, stride_s: float) -> Array:
    """Return [2, 2] of values [n, 2]: covariance of what both steps have alike less that of what they have mirrored."""
    step = round(0.5 * stride_s * RATE_HZ)
    even, odd = np.cov((values[step:] + values[:-step]).T), np.cov((values[step:] - values[:-step]).T)
    likeness: Array = (even - odd) / np.trace(even + odd)
    return likeness
