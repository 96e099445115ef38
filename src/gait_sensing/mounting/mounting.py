# SPDX-License-Identifier: Apache-2.0
"""How each IMU sits on its segment, found from a static pose and walking; and which IMUs are worn wrongly.

The person stands still and walks off. Half seconds in which all IMUs are quiet are standing; the last two seconds or
more of it before walking are the pose. The walking is the first stretch of ``walking_s`` thereafter in which strides
are alike. From then on the mounting stays as it is, and later standing is compared with the pose. ``axes`` says
how axes are found, ``placement`` how wrong places are.
"""

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from gait_parts import settings as parts
from gait_parts.settings import setting
from gait_sensing.mounting.axes import IMPOSSIBLE
from gait_sensing.mounting.expected import compare_mounting, read_expected
from gait_sensing.mounting.placement import MountingFinding, link_of
from gait_sensing.mounting.rows import ROW_S, Row, RowCutter
from gait_sensing.mounting.walk import Walk, angle_rad, find_walk
from gait_sensing.samples import Array, ImuSample, Quaternion, Side

POSE_ROWS, POSE_ROWS_KEPT = 4, 20
CONTACTS_KEPT = 200  # of each side


@dataclass(frozen=True)
class MountingSettings(parts.Settings):
    """When a person stands and walks, and what is expected of the mounting."""

    quiet_acceleration_mps2: float = setting(0.3, "deviation, root mean square, of an IMU at rest", low=0.0, high=5.0)
    quiet_rate_radps: float = setting(0.1, "angular rate, root mean square, of an IMU at rest", low=0.0, high=1.0)
    walking_s: float = setting(15.0, "of walking to find the axes from", low=5.0, high=60.0)
    least_alike: float = setting(0.5, "autocorrelation at one stride, below which it is not walking", low=0.0, high=1.0)
    posture_limit_rad: float = setting(0.7, "between the vertical in the pose and in walking", low=0.1, high=3.2)
    moved_limit_rad: float = setting(0.2, "between the vertical in the pose and in later standing", low=0.02, high=3.2)
    expected: list[str] = setting(
        [""], 'how IMUs ought to sit: segment, and which of its axes are forward, left, up, as in "pelvis -z +y +x"'
    )
    expected_limit_rad: float = setting(0.6, "turn from the expected mounting that is wrong", low=0.05, high=3.2)


@dataclass(frozen=True, slots=True)
class SegmentMounting:
    """How one IMU sits on its segment."""

    segment: str
    rotation_xyzw: Quaternion  # sensor axes to segment axes: x forward, y left, z up in standing
    tilt_spread_rad: float  # of the vertical over the half seconds of the pose, root mean square
    rate_share: float  # of the variance of the angular rate in walking about the segment's left axis
    stride_agreement: float  # share of strides that say the same of forward
    stride_count: int


class ImuMounting:
    """See the module. Takes samples of ``segments`` in any order between segments, ascending in each.

    Raises ``ValueError`` when ``settings.expected`` cannot be read.
    """

    def __init__(self, settings: MountingSettings, segments: Sequence[str]) -> None:
        self._settings, self._segments = settings, list(segments)
        self._expected = read_expected(settings.expected)
        self._cutter = RowCutter(self._segments)
        self._standing: deque[Row] = deque(maxlen=POSE_ROWS_KEPT)
        self._walking: deque[Row] = deque(maxlen=math.ceil(settings.walking_s / ROW_S))
        self._pose: dict[str, Array] = {}  # segment -> specific force [rows, 3] in standing before walking
        self._later_standing: dict[str, Array] = {}
        self._contacts_s: dict[Side, deque[float]] = {side: deque(maxlen=CONTACTS_KEPT) for side in Side}
        self._walk: Walk | None = None

    @property
    def is_complete(self) -> bool:
        """Whether pose and walking have been found; results stay as they are then."""
        return self._walk is not None

    def feed(self, sample: ImuSample) -> None:
        """Take one sample."""
        for row in self._cutter.feed(sample):
            self._take(row)

    def feed_contact(self, side: Side, time_s: float) -> None:
        """Take an initial contact that a force plate saw; the ones during the walking tell left from right."""
        if self._walk is None or time_s <= self._walk.end_s:
            self._contacts_s[side].append(time_s)

    def _take(self, row: Row) -> None:
        settings = self._settings
        if row.is_quiet(settings.quiet_acceleration_mps2, settings.quiet_rate_radps):
            self._standing.append(row)
            if len(self._standing) < POSE_ROWS:
                self._walk_on(row)  # perhaps: a foot alone is as quiet in a slow walker's stance
                return
            self._walking.clear()
            if self._walk is not None and len(self._standing) == POSE_ROWS:
                self._later_standing = _specific_forces(self._standing)
            return
        if self._walk is None and len(self._standing) >= POSE_ROWS:
            self._pose = _specific_forces(self._standing)
        self._standing.clear()
        self._walk_on(row)

    def _walk_on(self, row: Row) -> None:
        if self._walk is not None or not self._pose:
            return
        if self._walking and row.begin_s > self._walking[-1].begin_s + 1.5 * ROW_S:
            self._walking.clear()
        self._walking.append(row)
        if len(self._walking) == self._walking.maxlen:
            vertical = {segment: forces.mean(axis=0) for segment, forces in self._pose.items()}
            self._walk = find_walk(self._walking, vertical, self._settings.least_alike)
            if self._walk is not None:
                self._walking.clear()

    def result(self, segment: str) -> SegmentMounting | None:
        """Return how the IMU of ``segment`` sits, or ``None`` while or where that cannot be told."""
        walk = self._walk
        if walk is None or walk.is_misplaced(segment) or self._doubt(walk, segment) is not None:
            return None
        axes, forces = walk.axes[segment], self._pose[segment]
        x, y, z, w = Rotation.from_matrix(np.stack([axes.forward, axes.left, axes.up])).as_quat().tolist()
        angles_rad = [angle_rad(force, axes.up) for force in forces]
        spread_rad = math.sqrt(sum(angle**2 for angle in angles_rad) / len(angles_rad))
        return SegmentMounting(
            segment, (x, y, z, w), spread_rad, axes.rate_share, axes.stride_agreement, walk.stride_count
        )

    def findings(self) -> list[MountingFinding]:
        """Return all that the operator should know by now; none means that nothing was found wrong."""
        walk = self._walk
        if walk is None:
            missing = "even walking" if self._pose else "quiet standing and then walking"
            return [MountingFinding("", "info", f"the mounting is not known yet: waiting for {missing}")]
        findings = list(walk.misplaced)
        well_placed = [segment for segment in self._segments if not walk.is_misplaced(segment)]
        findings += [doubt for segment in well_placed if (doubt := self._doubt(walk, segment))]
        findings += walk.find_wrong_legs(self._contacts_s)
        return findings + self._unexpected(walk) + self._moved(walk)

    def _doubt(self, walk: Walk, segment: str) -> MountingFinding | None:
        """Return why there is no mounting for a segment that is worn in its place."""
        if not link_of(segment):
            return MountingFinding(segment, "info", f"cannot tell how {segment} is mounted: no rule for this segment")
        if segment not in walk.axes:
            return MountingFinding(segment, "error", f"{segment} sent too little during pose and walking")
        lean_rad = walk.lean_rad[segment]
        if lean_rad > self._settings.posture_limit_rad:
            text = f"{segment} stood {math.degrees(lean_rad):.0f} degrees from how it walked: it moved, or the pose was"
            return MountingFinding(segment, "error", f"{text} not standing")
        if walk.axes[segment].handedness < 0:
            return MountingFinding(segment, "error", f"{segment} {IMPOSSIBLE}")
        if not walk.axes[segment].is_forward_clear:
            return MountingFinding(segment, "warn", f"cannot tell which way is forward on {segment}")
        return None

    def _unexpected(self, walk: Walk) -> list[MountingFinding]:
        findings = []
        for segment, expected in self._expected.items():
            if segment in walk.axes and not walk.is_misplaced(segment):
                result = self.result(segment)
                found = None if result is None else Rotation.from_quat(result.rotation_xyzw)
                up, limit_rad = walk.axes[segment].up, self._settings.expected_limit_rad
                findings += compare_mounting(segment, expected, up, found, limit_rad)
        return findings

    def _moved(self, walk: Walk) -> list[MountingFinding]:
        """Compare the last standing with the pose. One IMU that differs has moved; several, and the person has."""
        angles_rad = {
            segment: angle_rad(forces.mean(axis=0), walk.axes[segment].up)
            for segment, forces in self._later_standing.items()
            if segment in walk.axes and walk.lean_rad[segment] <= self._settings.posture_limit_rad
        }
        differing = [segment for segment, angle in angles_rad.items() if angle > self._settings.moved_limit_rad]
        if not differing:
            return []
        if len(differing) > 1:
            text = f"{' and '.join(differing)} stand otherwise than in the pose: cannot tell whether IMUs moved"
            return [MountingFinding("", "info", text)]
        (segment,) = differing
        degrees = math.degrees(angles_rad[segment])
        text = f"{segment} moved on the segment since the pose, by {degrees:.0f} degrees or more"
        if len(angles_rad) == 1:
            text = f"{segment} stands otherwise than in the pose, by {degrees:.0f} degrees: it moved, or the person did"
        return [MountingFinding(segment, "warn", text)]


def _specific_forces(rows: Iterable[Row]) -> dict[str, Array]:
    """Return the mean specific force of each row, [rows, 3], of each segment that is in all of them."""
    rows = list(rows)
    segments = [segment for segment in rows[0].readings if all(segment in row.readings for row in rows)]
    return {segment: np.array([row.readings[segment][:, 1:4].mean(axis=0) for row in rows]) for segment in segments}
