# SPDX-License-Identifier: Apache-2.0
"""What a stretch of walking says of all IMUs together, the vertical being known; see ``mounting``."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gait_sensing.mounting.axes import RATE_HZ, Axes, Motion, find_leg_axes, find_pelvis_axes, find_stride
from gait_sensing.mounting.legs import find_contradictions, find_wrong_legs, tell_leg
from gait_sensing.mounting.placement import MountingFinding, find_misplaced, find_turning, link_of, side_of
from gait_sensing.mounting.rows import ROW_S, Row
from gait_sensing.samples import Array, Side

LEAST_STRIDES = 5


@dataclass(frozen=True, slots=True)
class Walk:
    """Axes, wrong places and leg of every IMU that was there all the time, by segment."""

    begin_s: float
    end_s: float
    stride_s: float
    axes: dict[str, Axes]
    lean_rad: dict[str, float]  # from the vertical of the pose to the mean one in walking
    left_rate_radps: dict[str, Array]  # about the left axis
    misplaced: list[MountingFinding]

    @property
    def stride_count(self) -> int:
        """Whole strides."""
        return int((self.end_s - self.begin_s) / self.stride_s)

    def find_wrong_legs(self, contacts_s: Mapping[Side, Sequence[float]]) -> list[MountingFinding]:
        """Return what is wrong about the legs that the IMUs are worn on, as far as the contacts tell."""
        rates_radps = {
            segment: rate_radps
            for segment, rate_radps in self.left_rate_radps.items()
            if side_of(segment) and not self.is_misplaced(segment) and self.axes[segment].is_forward_clear
        }
        legs = {
            segment: tell_leg(rate_radps, self.begin_s, self.stride_s, contacts_s)
            for segment, rate_radps in rates_radps.items()
        }
        if any(legs.values()):
            return find_wrong_legs(legs)
        return find_contradictions(rates_radps, self.stride_s) if rates_radps else []

    def is_misplaced(self, segment: str) -> bool:
        """Whether an IMU is not where its label says, or may not be."""
        return any(segment in (finding.segment, finding.other) for finding in self.misplaced)


def find_walk(rows: Sequence[Row], vertical: Mapping[str, Array], least_alike: float) -> Walk | None:
    """Return what these rows say, or ``None`` if it is not at least five strides of even walking.

    ``vertical`` is the specific force [3] in standing, for each segment that was there.
    """
    begin_s, end_s = rows[0].begin_s, rows[-1].begin_s + ROW_S
    segments = [segment for segment in vertical if all(segment in row.readings for row in rows) and link_of(segment)]
    motions = {
        segment: Motion.sampled(
            np.concatenate([row.readings[segment] for row in rows]), begin_s, round((end_s - begin_s) * RATE_HZ)
        )
        for segment in segments
    }
    if not motions:
        return None
    stride_s, alike = find_stride(list(motions.values()))
    if alike < least_alike or end_s - begin_s < LEAST_STRIDES * stride_s:
        return None
    axes = {segment: _axes(segment, motion, vertical[segment], stride_s) for segment, motion in motions.items()}
    return Walk(
        begin_s,
        end_s,
        stride_s,
        axes,
        {
            segment: angle_rad(motion.acceleration_mps2.mean(axis=0), vertical[segment])
            for segment, motion in motions.items()
        },
        {segment: motion.angular_rate_radps @ axes[segment].left for segment, motion in motions.items()},
        find_misplaced({segment: find_turning(motion, stride_s) for segment, motion in motions.items()}),
    )


def _axes(segment: str, motion: Motion, vertical: Array, stride_s: float) -> Axes:
    up = vertical / np.linalg.norm(vertical)
    link = link_of(segment)
    if link == "pelvis":
        return find_pelvis_axes(motion, up, stride_s)
    return find_leg_axes(motion, up, stride_s, link)


def angle_rad(one: Array, other: Array) -> float:
    """Return the angle between two vectors [3]."""
    (a, b, c), (x, y, z) = one.tolist(), other.tolist()
    return math.atan2(math.hypot(b * z - c * y, c * x - a * z, a * y - b * x), a * x + b * y + c * z)
