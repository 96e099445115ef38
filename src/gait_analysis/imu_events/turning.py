# SPDX-License-Identifier: Apache-2.0
"""A leg's turning in the sagittal plane and its stillness, sample by sample, from raw readings and a known axis."""

import math
from functools import lru_cache
from typing import NamedTuple

from gait_sensing.samples import STANDARD_GRAVITY_MPS2, ImuRow, Vector

SMOOTHING_S = 0.005  # time constant of the low-pass: contact shakes a shoe at 50 Hz and above, a foot turns below 15 Hz
STILL_RADPS = 0.6  # 34 degrees/s; rest told by both sensors as in Skog et al. 2010 (10.1109/TBME.2010.2060723)
STILL_MPS2 = 1.5  # off gravity: the swaying of a loaded foot, and what the scale of a cheap sensor has changed by
FAR_S = 0.05  # sensors send at 50 Hz and above: samples are missing in a longer interval
FLAT_RADPS = 0.3  # of still: a heel that begins to rise turns faster
STILLNESS_S = 0.01  # time constant of the low-pass for stillness: noise and shaking are not motion


class AtRest(NamedTuple):
    """What a sensor tells at rest; cheap ones have offsets of rate as large as slow turns, and errors of scale."""

    rate_radps: Vector = (0.0, 0.0, 0.0)
    force_mps2: float = STANDARD_GRAVITY_MPS2


class Turning:
    """The state after the newest sample. ``rate_radps`` and ``pitch_rad`` are positive forward, for a foot toes up.

    What is still for ``rest_s`` is at rest, and has pitch 0 there. The rate is smoothed; ``time_s`` is when it was so,
    a little before the sample's own time.
    """

    def __init__(self, rest_s: float) -> None:
        self._rest_s = rest_s
        self.time_s = self._earlier_s = self._newest_s = math.nan
        self.rate_radps = self._earlier_radps = self._raw_radps = 0.0
        self.pitch_rad = math.nan  # since the last rest; NaN before it
        self._row: ImuRow = (0.0,) * 4  # the newest
        self._rest_mps2 = 0.0  # size of the specific force at rest
        self._smooth = (0.0,) * 6  # force and rate
        self.still_since_s = math.nan  # NaN while it moves
        self.is_at_rest = False
        self._gap_begin_s = self._gap_end_s = -math.inf  # the last stretch without samples

    def feed(self, row: ImuRow, left: Vector, at_rest: AtRest) -> None:
        """Take the next sample; ``left`` is the unit vector to the person's left in the sensor's axes.

        ``at_rest`` is what the sensor tells when it does not move.
        """
        time_s, ahead, beside, above, x, y, z = row[:7]
        (rest_x, rest_y, rest_z), rest_mps2 = at_rest
        x, y, z = x - rest_x, y - rest_y, z - rest_z
        left_x, left_y, left_z = left
        rate_radps = -(left_x * x + left_y * y + left_z * z)
        interval_s = time_s - self._newest_s
        self._newest_s, self._row, self._rest_mps2 = time_s, row, rest_mps2
        smooth_radps = self.rate_radps
        self._earlier_s, self._earlier_radps = self.time_s, smooth_radps
        if interval_s > 0.0:
            share, late_s, new = _smoothing(interval_s)
            self.rate_radps = smooth_radps + share * (rate_radps - smooth_radps)
            self.time_s = time_s - late_s
            self.pitch_rad += interval_s * 0.5 * (rate_radps + self._raw_radps)
            if interval_s > FAR_S:
                self._gap_begin_s, self._gap_end_s = time_s - interval_s, time_s
                self.still_since_s, self.is_at_rest = math.nan, False
        else:  # the first sample
            self.rate_radps, self.time_s, new = rate_radps, time_s, 1.0
        self._raw_radps = rate_radps
        a, b, c, d, e, f = self._smooth
        a, b, c = a + new * (ahead - a), b + new * (beside - b), c + new * (above - c)
        d, e, f = d + new * (x - d), e + new * (y - e), f + new * (z - f)
        self._smooth = a, b, c, d, e, f
        speed_radps = math.sqrt(d * d + e * e + f * f)
        if speed_radps < STILL_RADPS and abs(math.sqrt(a * a + b * b + c * c) - rest_mps2) < STILL_MPS2:
            self._follow_stillness(time_s, speed_radps)
        else:
            self.still_since_s, self.is_at_rest = math.nan, False

    def _follow_stillness(self, time_s: float, speed_radps: float) -> None:
        if math.isnan(self.still_since_s):
            self.still_since_s = time_s
        elif time_s - self.still_since_s >= self._rest_s:
            self.is_at_rest = True
            if speed_radps < FLAT_RADPS:
                self.pitch_rad = 0.0

    @property
    def off_gravity_mps2(self) -> float:
        """Size of the newest specific force less that at rest."""
        _, ahead, beside, above = self._row[:4]
        return abs(math.sqrt(ahead * ahead + beside * beside + above * above) - self._rest_mps2)

    def crossed_s(self, level_radps: float) -> float:
        """Return when the rate crossed ``level_radps`` between the newest two samples."""
        share = (level_radps - self._earlier_radps) / (self.rate_radps - self._earlier_radps)
        return self._earlier_s + share * (self.time_s - self._earlier_s)

    def has_fallen_through(self, level_radps: float) -> bool:
        """Whether the rate fell through ``level_radps`` with the newest sample."""
        return self.rate_radps <= level_radps < self._earlier_radps

    def is_far(self, time_s: float) -> bool:
        """Whether samples are missing right before, at or after ``time_s``, which is not long ago."""
        return self._gap_begin_s - FAR_S < time_s < self._gap_end_s + FAR_S


@lru_cache(maxsize=1024)  # of a sensor's intervals there are few
def _smoothing(interval_s: float) -> tuple[float, float, float]:
    """Return the share of a new rate, how much later than the smoothed one it is, and its share for stillness."""
    kept = math.exp(-interval_s / SMOOTHING_S)
    share = 1.0 - kept
    return share, interval_s * kept / share, -math.expm1(-interval_s / STILLNESS_S)
