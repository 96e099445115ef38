# SPDX-License-Identifier: Apache-2.0
"""The axis about which a worn IMU turns in walking, and which way round, found while the person walks.

Nothing is assumed of the mounting. The specific force at the rests of the foot is the vertical. The first principal
component of the angular rate across it is the mediolateral axis, and the way that the sensor goes between two rests
together with the asymmetry of its turning says which end of it is the left: see ``gait_sensing.mounting.axes``, whose
rules and limits these are. At least three strides must agree, all of them while there are fewer than five. The axis is
found again every ``check_s`` while the person walks, and follows small changes; one that has turned further than
``MOVED_RAD`` means that the sensor moved. That is noticed once the new mounting fills most of the ``WINDOW_S`` looked
at, 4 to 11 s after the move in recordings turned while walking. Where rate and specific force clearly contradict each
other there is no axis, and the reason names the sensor.

The rests of a foot also say what the sensor tells at rest: the offset of its rate, if it is more than a foot turns in
stance, and the scale of its force. They are learned anew with each look.
"""

import math

import numpy as np

from gait_analysis.history import History
from gait_analysis.imu_events.turning import AtRest
from gait_sensing.mounting.axes import (
    IMPOSSIBLE,
    RATE_HZ,
    SHORTEST_STRIDE_S,
    Axes,
    Motion,
    find_leg_axes,
    find_rests,
    find_stride,
    middle,
)
from gait_sensing.samples import Array, Side, Vector

WINDOW_S = 8.0  # three strides of the slowest walkers, who need some 2.5 s for one
LEAST_STRIDES = 3
TRY_S = 0.5  # between two attempts
LEAST_GRAVITY_MPS2 = 5.0  # at rest; less is no gravity
LEAST_OFFSET_RADPS = 0.25  # of a rate at rest; less may be the foot, which rolls by up to 0.2 in stance
LEAST_RATE_RADPS = 1.0  # a foot that never turns faster does not walk
LEAST_ALIKE = 0.3  # autocorrelation of the angular rate after one stride: even walking has 0.7, a paretic foot less
MOVED_RAD = math.radians(40.0)  # a foot's axis found in a few strides is within some 20 degrees


class SagittalAxis:
    """Finds the axis of the ``link`` ("foot" or "shank") of ``side`` that the sensor is worn on.

    ``left`` is the unit vector to the person's left in the sensor's axes, ``None`` until it is known; then ``reason``
    says why.
    """

    def __init__(self, side: Side, link: str, check_s: float) -> None:
        self._link, self._check_s = link, check_s
        self.next_s = -math.inf  # when to look next
        self._from_s = -math.inf  # earlier rows are before a gap or a move
        self._is_mirrored, self._mirrored = False, f"{side.value}_{link} {IMPOSSIBLE}"  # as it was when that was clear
        self.at_rest = AtRest()  # what the sensor tells there, from the last strides
        self.left: Vector | None = None
        self.reason = "the mounting of the sensor is not known before three even strides"

    def look(self, history: History, now_s: float) -> bool:
        """Look at force and rate up to ``now_s``, not before ``next_s``.

        Return whether the axis became known or unknown.
        """
        self.next_s = now_s + (TRY_S if self.left is None else self._check_s)
        axes, at_rest = self._find(_walking(history.between(max(self._from_s, now_s - WINDOW_S), now_s)))
        if axes is not None and axes.handedness:
            self._is_mirrored = axes.handedness < 0
        if self._is_mirrored:
            was_known = self.left is not None
            self.left, self.reason = None, self._mirrored
            return was_known
        if axes is None or not axes.is_forward_clear:
            return False
        found = axes.left
        if self.left is not None and float(found @ np.array(self.left)) < math.cos(MOVED_RAD):
            self.left, self.reason = None, "the sensor moved on its segment: its mounting is sought anew"
            self.restart(now_s)
            return True
        was_known = self.left is not None
        self.left, self.reason, self.at_rest = (float(found[0]), float(found[1]), float(found[2])), "", at_rest
        return not was_known

    def restart(self, now_s: float) -> None:
        """Look at nothing before ``now_s`` any more: samples are missing there, or the sensor moved."""
        self._from_s = now_s
        self.next_s = max(self.next_s, now_s + LEAST_STRIDES * SHORTEST_STRIDE_S)

    def _find(self, readings: Array) -> tuple[Axes | None, AtRest]:
        count = int((readings[-1, 0] - readings[0, 0]) * RATE_HZ) if len(readings) else 0
        if count < LEAST_STRIDES * SHORTEST_STRIDE_S * RATE_HZ:
            return None, self.at_rest
        motion = Motion.sampled(readings, float(readings[0, 0]), count)
        stride_s, alike = find_stride([motion])
        if not alike >= LEAST_ALIKE or count < LEAST_STRIDES * stride_s * RATE_HZ:
            return None, self.at_rest
        rests = find_rests(motion, stride_s)
        up = middle(motion.acceleration_mps2[rests]) if len(rests) else np.zeros(3)
        size_mps2 = float(np.linalg.norm(up))
        if len(rests) < LEAST_STRIDES or size_mps2 < LEAST_GRAVITY_MPS2:
            return None, self.at_rest
        at_rest = self.at_rest
        if self._link == "foot":  # a shank turns at its stillest too
            offset_radps = middle(motion.angular_rate_radps[rests])
            if np.linalg.norm(offset_radps) < LEAST_OFFSET_RADPS:
                at_rest = AtRest(force_mps2=size_mps2)
            else:
                x, y, z = offset_radps.tolist()
                at_rest = AtRest((x, y, z), size_mps2)
                motion = Motion(motion.acceleration_mps2, motion.angular_rate_radps - offset_radps)
                rests = find_rests(motion, stride_s)
        return find_leg_axes(motion, up / size_mps2, stride_s, self._link, rests), at_rest


def _walking(readings: Array) -> Array:
    """Return the readings [n, 7] from the first fast turn on; none when there is no fast turn."""
    turns = np.flatnonzero((readings[:, 4:] ** 2).sum(axis=1) > LEAST_RATE_RADPS**2)
    return readings[turns[0] :] if len(turns) else readings[:0]
