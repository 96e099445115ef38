# SPDX-License-Identifier: Apache-2.0
"""The way of one foot through the air, once a stride, from an IMU anywhere on the foot, worn anyhow.

Between the rest in the stance before a swing and the rest in the stance after it: see ``foot_rest`` for the rests and
``strapdown`` for the way. A foot at rest on a belt moves with it evenly, so that lengths are relative to the belt.
Heights are counted from the straight line between the two rests, so that a sloping belt does not matter. Where a belt
changes its speed between the rests, the length is wrong by up to half of the change times the time between them.

* *Clearance* is where the toes, which point down first, come level. A rigid foot that is turned as at rest has risen by
  the same everywhere, so that it does not matter where on the foot the sensor is. The least clearance of the toes comes
  shortly before and is somewhat smaller; it cannot be told without knowing how far ahead of the sensor they are.
* *Circumduction* is that of the sensor: one on the heel or outer edge moves sideways when the foot turns, too.
* *Progression* is as good as ``left``. A foot turns about an axis across the way rather than across itself, and a
  ``left`` that was found from this turning hides most of how the toes point out: only with one from a mounting that is
  known is it that angle. It is no worse for noticing a stride that differs from those around it.

What is not known is NaN, and ``reason`` says why. Nothing is known of a foot that does not come to rest, of a stride
with missing samples, and of a sensor that is stuck or clipped in swing. Where the sensor's own readings contradict each
other by more than ``MOST_MISFIT``, or the length may be wrong by more than ``MOST_ERROR_M``, what hangs on its way is
not told.
"""

import math
from array import array
from typing import NamedTuple

import numpy as np

from gait_analysis.imu_events.worn import HISTORY_S
from gait_analysis.imu_motion.foot_rest import FASTEST_RADPS, Stillness
from gait_analysis.imu_motion.imu_table import later, table
from gait_analysis.imu_motion.orientation import HIGHEST
from gait_analysis.imu_motion.strapdown import Way, crossing, way_between
from gait_sensing.samples import Array, ImuSample, ImuSamples, Side, Vector

SETTLE_S = 0.4  # after contact; by then the foot is flat for REST_S, and later samples are not looked at
KEEP_S = HISTORY_S + 5.0  # events may become known that late, and the longest stride
MAX_GAP_S = 0.05  # one sample lost at 50 Hz is within it
STUCK_S = 0.05  # no moving foot reads the same for so long
CLIPPED_COUNT, CLIPPED_S = 3, 0.01  # equal readings in a row at the end of a range, more where they come faster
LEAST_RANGES = np.repeat((19.6, 4.36), 3)  # 2 g and 250 degrees/s: no sensor of use for gait clips below
MOST_MISFIT = 4.0  # errors twice as large as those that strapdown expects
MOST_ERROR_M = 0.1  # standard deviation
LEAST_LENGTH_M = 0.1  # of a stride with a direction
_WIDTH = 7


class FootSwing(NamedTuple):
    """What one swing of a foot was like; NaN: cannot tell."""

    stride_length_m: float  # horizontal distance from rest to rest, relative to the belt
    stride_length_error_m: float  # its standard deviation, bounded from what remains of motion in the rests
    foot_clearance_m: float  # height of the sole as the foot comes level in swing, above the line between the rests
    circumduction_m: float  # how far the path goes out of the line from foot off to contact, away from the other leg
    foot_pitch_at_contact_rad: float  # against the rests, positive with the toes up (in Stride.msg negative)
    foot_progression_rad: float  # from the way to the foot's forward, mean of both rests, positive with the toes out
    reason: str  # why something cannot be told; empty when all can


def _nothing(reason: str) -> FootSwing:
    return FootSwing(math.nan, math.nan, math.nan, math.nan, math.nan, math.nan, reason)


class FootPath:
    """Follows the foot on ``side``."""

    def __init__(self, side: Side) -> None:
        self._outward = 1.0 if side is Side.LEFT else -1.0
        self._values = array("d")  # rows of _WIDTH values
        self._newest_s = -math.inf

    def feed(self, sample: ImuSample | ImuSamples) -> None:
        """Take the next samples; one that is not later than the last is left out."""
        values, rows = self._values, later(table(sample.rows), self._newest_s)
        if len(rows):
            self._newest_s = float(rows[-1, 0])
            values.frombytes(rows[:, :_WIDTH].tobytes())
        if self._newest_s - values[0] > 2.0 * KEEP_S:
            del values[: _WIDTH * int(np.searchsorted(self._rows()[:, 0], self._newest_s - KEEP_S))]

    def swing(self, start_s: float, foot_off_s: float, contact_s: float, left: Vector) -> FootSwing:
        """Return what the swing between ``foot_off_s`` and ``contact_s`` was like; ``start_s`` is the contact before.

        ``left`` is the person's left in the sensor's axes, a unit vector. Samples up to ``contact_s + SETTLE_S`` are
        looked at, so ask when they have been fed; asked earlier, the foot may not have come to rest yet.
        """
        rows = self._measured(start_s, contact_s + SETTLE_S)
        if len(rows) < 2:
            return _nothing("no samples of the foot")
        stillness = Stillness(rows)
        rests = stillness.rest_between(start_s, foot_off_s), stillness.rest_between(contact_s, contact_s + SETTLE_S)
        first, last = rests
        if first is None or last is None:
            return _nothing("too few samples of the foot in stance")
        doubt = _doubt(rows[first.index : last.index + 1], foot_off_s, contact_s)
        if doubt:
            return _nothing(doubt)
        if max(first.rate_radps, last.rate_radps) > FASTEST_RADPS:
            return _nothing("the foot does not come to rest")
        return _judge(way_between(rows, first, last), np.array(left), self._outward, foot_off_s, contact_s)

    def _rows(self) -> Array:
        return np.frombuffer(self._values).reshape(-1, _WIDTH)

    def _measured(self, begin_s: float, end_s: float) -> Array:
        """Return the rows [n, 7] of that time that are measurements."""
        rows = self._rows()
        rows = rows[rows[:, 0].searchsorted(begin_s) : rows[:, 0].searchsorted(end_s, side="right")]
        is_measured = np.abs(rows[:, 1:]) < HIGHEST
        measured: Array = rows.copy() if is_measured.all() else rows[is_measured.all(axis=1)]
        return measured  # a copy: the buffer must be free to grow


def _doubt(path: Array, foot_off_s: float, contact_s: float) -> str:
    """Return what makes the rows from rest to rest useless; empty when nothing does."""
    time_s = path[:, 0]
    if len(time_s) < 2 or (time_s[1:] - time_s[:-1]).max() > MAX_GAP_S:
        return "samples of the foot are missing"
    swing = path[(time_s >= foot_off_s) & (time_s <= contact_s)]
    moved = np.flatnonzero((swing[1:, 1:] != swing[:-1, 1:]).any(axis=1))
    changes_s = np.concatenate([swing[:1, 0], swing[moved + 1, 0], swing[-1:, 0]])
    if len(changes_s) < 2 or (changes_s[1:] - changes_s[:-1]).max() > MAX_GAP_S + STUCK_S:
        return "the sensor of the foot is stuck"
    return "the sensor of the foot is clipped" if _is_clipped(swing) else ""


def _is_clipped(swing: Array) -> bool:
    """Whether a channel stays at its largest reading, beyond what any range must hold."""
    size = np.abs(swing[:, 1:])
    peak = size.max(axis=0)
    channels = np.flatnonzero(peak > LEAST_RANGES)
    is_at_peak = size[:, channels] == peak[channels]
    if np.count_nonzero(is_at_peak) < len(channels) + CLIPPED_COUNT - 1:  # no channel is there so often
        return False
    count = max(CLIPPED_COUNT, 1 + round(CLIPPED_S * (len(swing) - 1) / (swing[-1, 0] - swing[0, 0])))
    runs = sum(is_at_peak[shift : len(size) - count + 1 + shift].astype(int) for shift in range(count))
    return bool(np.any(runs == count))


def _judge(way: Way, left: Array, outward: float, foot_off_s: float, contact_s: float) -> FootSwing:
    """Return what a way says; ``outward`` is 1 for the left foot and -1 for the right one."""
    up = way.attitude[0, 2] + way.attitude[-1, 2]  # in the sensor's axes, mean of both rests
    forward = crossing(left) @ up
    facing = way.attitude @ (forward / np.linalg.norm(forward))
    pitch_rad = np.arcsin(np.clip(facing[:, 2], -1.0, 1.0))
    contact_rad = float(np.interp(contact_s, way.time_s, pitch_rad))
    length_m = math.hypot(*way.position_m[-1, :2])
    swing = _nothing("")._replace(foot_pitch_at_contact_rad=contact_rad, stride_length_error_m=way.length_error_m)
    if way.misfit > MOST_MISFIT:
        return swing._replace(reason="the foot's readings contradict each other: its sensor needs calibration")
    if way.length_error_m > MOST_ERROR_M:
        return swing._replace(reason="the foot hardly comes to rest")
    swing = swing._replace(stride_length_m=length_m)
    if length_m < LEAST_LENGTH_M:
        return swing._replace(reason="the stride is too short to have a direction")
    ahead = way.position_m[-1, :2] / length_m
    clearance_m = _clearance_m(way, pitch_rad, way.position_m[:, :2] @ ahead / length_m, foot_off_s, contact_s)
    sideways = facing[[0, -1], 1] * ahead[0] - facing[[0, -1], 0] * ahead[1]
    toe_out_rad = outward * float(np.arctan2(sideways, facing[[0, -1], :2] @ ahead).mean())
    return swing._replace(
        foot_clearance_m=clearance_m,
        circumduction_m=_out_m(way, outward, foot_off_s, contact_s),
        foot_progression_rad=toe_out_rad,
        reason="the foot does not come level in swing" if math.isnan(clearance_m) else "",
    )


def _clearance_m(way: Way, pitch_rad: Array, progress: Array, foot_off_s: float, contact_s: float) -> float:
    """Return how high the foot is when its toes, pointing down at first, come level; then all of it is as high."""
    is_swing = (way.time_s[:-1] >= foot_off_s) & (way.time_s[1:] <= contact_s)
    level = np.flatnonzero(is_swing & (pitch_rad[:-1] < 0.0) & (pitch_rad[1:] >= 0.0))
    if not len(level):
        return math.nan
    before = level[0]
    height_m = way.position_m[before : before + 2, 2] - way.position_m[-1, 2] * progress[before : before + 2]
    share = pitch_rad[before] / (pitch_rad[before] - pitch_rad[before + 1])
    return float(height_m[0] + share * (height_m[1] - height_m[0]))


def _out_m(way: Way, outward: float, foot_off_s: float, contact_s: float) -> float:
    """Return the largest excursion outward from the straight line of the swing; NaN when there is no line."""
    ends = np.array(
        [[np.interp(at_s, way.time_s, axis_m) for axis_m in way.position_m.T[:2]] for at_s in (foot_off_s, contact_s)]
    )
    line = ends[1] - ends[0]
    if math.hypot(*line) < LEAST_LENGTH_M:
        return math.nan
    swing_m = way.position_m[(way.time_s >= foot_off_s) & (way.time_s <= contact_s), :2] - ends[0]
    left_m = (line[0] * swing_m[:, 1] - line[1] * swing_m[:, 0]) / math.hypot(*line)
    return max(float((outward * left_m).max(initial=0.0)), 0.0)
