# SPDX-License-Identifier: Apache-2.0
"""Knee flexion from the IMUs on thigh and shank: what the shank is pitched more than the thigh, relative to standing.

Both pitch about the axis about which they turn most in walking, found anew from how they move (see ``worn_segment``),
so that it is the flexion of the plane in which the leg swings. Which way is forward is told by that movement and by
gait events: in swing, thigh and shank go forward. Both must agree. Without standing still before walking there is no
zero, and no flexion.

Source: knee angle from the inclinations of two links about their turning axes, Seel et al. 2014
(doi 10.3390/s140406891); events as the sign are ours.
"""

import math

import numpy as np

from gait_analysis.imu_motion.orientation import TIME, UP
from gait_analysis.imu_motion.worn_segment import BodyAxes, WornSegment
from gait_sensing.mounting.axes import RATE_HZ
from gait_sensing.samples import Array, ImuSample, ImuSamples, Side

MAX_GAP_S = 0.05  # bridged: of a leg that turns by 4 rad/s at 2 Hz, half a degree is lost at most
LEAST_SWING_RAD = 0.1  # 6 degrees forward from foot off to contact; walkers have 20 and more
LINKS = ("thigh", "shank")


class Knee:
    """Flexion of the knee on ``side``. Ask once a stride, when its samples have been fed.

    ``reason`` says why the last answer is NaN; it is empty when it is not.
    """

    def __init__(self, side: Side) -> None:
        self._worn = {f"{side.value}_{link}": WornSegment(link, MAX_GAP_S) for link in LINKS}
        self.reason = ""

    def feed(self, sample: ImuSample | ImuSamples) -> None:
        """Take the next samples of thigh or shank of this side; others are left out."""
        worn = self._worn.get(sample.segment)
        if worn is not None:
            worn.feed(sample)

    def peak_swing_flexion_rad(self, foot_off_s: float, contact_s: float) -> float:
        """Return the largest flexion between foot off and the next initial contact of this side; positive."""
        pitches: list[Array] = []
        for segment, worn in self._worn.items():
            worn.update()
            rows, pitch_rad = self._pitch(worn, foot_off_s, contact_s)
            if self.reason:
                self.reason = f"{segment}: {self.reason}"
                return math.nan
            at_s = np.arange(foot_off_s, contact_s, 1.0 / RATE_HZ)
            pitches.append(np.interp(at_s, rows[:, TIME], pitch_rad))
        return float((pitches[1] - pitches[0]).max())

    def _pitch(self, worn: WornSegment, start_s: float, end_s: float) -> tuple[Array, Array]:
        """Return rows and the pitch in them, positive when the upper end goes forward; sets ``reason`` otherwise."""
        rows, self.reason = worn.orientation.interval(start_s, end_s)
        if self.reason:
            return rows, rows[:0, TIME]
        axes, self.reason = worn.line(end_s)
        if axes is None:
            return rows, rows[:0, TIME]
        pitch_rad = _pitch_rad(rows, axes)
        worn.vote(axes, _swing_vote(pitch_rad))
        sign, self.reason = worn.sign(axes)
        if not axes.is_standing:
            self.reason = self.reason or "no standing still before walking was seen"
        return rows, sign * pitch_rad


def _pitch_rad(rows: Array, axes: BodyAxes) -> Array:
    pitches_rad: Array = np.arctan2(-(rows[:, UP] @ axes.forward), rows[:, UP] @ axes.up)
    is_whole = (np.abs(pitches_rad[1:] - pitches_rad[:-1]) < math.pi).all()  # as nearly always
    return pitches_rad if is_whole else np.unwrap(pitches_rad)


def _swing_vote(pitch_rad: Array) -> int:
    """Return 1 when the link's lower end goes forward in swing, as ``pitch_rad`` counts it; -1 when back."""
    turned_rad = float(pitch_rad[-1] - pitch_rad[0])
    if abs(turned_rad) < LEAST_SWING_RAD:
        return 0
    return 1 if turned_rad < 0.0 else -1
