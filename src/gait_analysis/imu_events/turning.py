# SPDX-License-Identifier: Apache-2.0
"""A leg's turning in the sagittal plane and its stillness, sample by sample, from raw readings and a known axis."""

import math

from gait_sensing.samples import STANDARD_GRAVITY_MPS2, ImuRow, Vector

SMOOTHING_S = 0.005  # time constant of the low-pass: contact shakes a shoe at 50 Hz and above, a foot turns below 15 Hz
STILL_RADPS = 0.6  # 34 degrees/s; rest told by both sensors as in Skog et al. 2010 (10.1109/TBME.2010.2060723)
STILL_MPS2 = 1.5  # off gravity: scale error of a cheap sensor and the swaying of a loaded foot
FAR_S = 0.05  # sensors send at 50 Hz and above: samples are missing in a longer interval
FLAT_RADPS = 0.3  # of still: a heel that begins to rise turns faster


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
        self._force_mps2 = (0.0, 0.0, 0.0)
        self.still_since_s = math.nan  # NaN while it moves
        self.is_at_rest = False
        self._gap_begin_s = self._gap_end_s = -math.inf  # the last stretch without samples

    def feed(self, row: ImuRow, left: Vector) -> None:
        """Take the next sample; ``left`` is the unit vector to the person's left in the sensor's axes."""
        time_s, ahead, beside, above, x, y, z = row[:7]
        left_x, left_y, left_z = left
        rate_radps = -(left_x * x + left_y * y + left_z * z)
        interval_s = time_s - self._newest_s
        self._newest_s = time_s
        self._force_mps2 = ahead, beside, above
        smooth_radps = self.rate_radps
        self._earlier_s, self._earlier_radps = self.time_s, smooth_radps
        if interval_s > 0.0:
            kept = math.exp(-interval_s / SMOOTHING_S)
            rest = 1.0 - kept
            self.rate_radps = smooth_radps + rest * (rate_radps - smooth_radps)
            self.time_s = time_s - interval_s * kept / rest
            self.pitch_rad += interval_s * 0.5 * (rate_radps + self._raw_radps)
            if interval_s > FAR_S:
                self._gap_begin_s, self._gap_end_s = time_s - interval_s, time_s
                self.still_since_s, self.is_at_rest = math.nan, False
        else:  # the first sample
            self.rate_radps, self.time_s = rate_radps, time_s
        self._raw_radps = rate_radps
        speed_radps = math.sqrt(x * x + y * y + z * z)
        if speed_radps < STILL_RADPS and self.off_gravity_mps2 < STILL_MPS2:
            self._follow_stillness(time_s, speed_radps)
        else:
            self.still_since_s, self.is_at_rest = math.nan, False

    @property
    def off_gravity_mps2(self) -> float:
        """Size of the specific force less gravity."""
        ahead, beside, above = self._force_mps2
        return abs(math.sqrt(ahead * ahead + beside * beside + above * above) - STANDARD_GRAVITY_MPS2)

    def _follow_stillness(self, time_s: float, speed_radps: float) -> None:
        if math.isnan(self.still_since_s):
            self.still_since_s = time_s
        elif time_s - self.still_since_s >= self._rest_s:
            self.is_at_rest = True
            if speed_radps < FLAT_RADPS:
                self.pitch_rad = 0.0

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
