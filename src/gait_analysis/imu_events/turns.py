# SPDX-License-Identifier: Apache-2.0
"""The two turns of a leg that tell its events: backward before foot off, forward and back again before contact.

What tells what, and where the numbers come from, is said in ``foot_rate`` and ``shank_rate``. Rates and pitch are
positive forward, as in swing; for a foot that is toes up.
"""

import math
from collections import deque
from statistics import median

from gait_analysis.imu_events.turning import Turning

LEAST_RETURN = 0.6  # of the pitch at foot off; a foot's is 25 to 60 degrees then, and lands within 10 of flat
TURNED_SHARE = 0.8  # a peak has passed once the rate is back at this share of it
NOISE_SHARE = 0.05  # of the swing's peak: rates below it are noise and offset
IMPACT_MPS2 = 5.0  # off gravity, half of it
USUAL_COUNT = 7  # strides in the median


class Usual:
    """A person's usual peak: the median of the last strides, forgotten after ``forget_s`` without one."""

    def __init__(self, floor_radps: float, share: float, forget_s: float) -> None:
        self._floor_radps, self._share, self._forget_s = floor_radps, share, forget_s
        self._peaks_radps: deque[float] = deque(maxlen=USUAL_COUNT)
        self._usual_radps, self._least_radps = 0.0, floor_radps
        self._newest_s = -math.inf

    def add(self, peak_radps: float, time_s: float) -> None:
        """Take the peak of a stride."""
        if time_s - self._newest_s > self._forget_s:
            self._peaks_radps.clear()
        self._peaks_radps.append(peak_radps)
        self._usual_radps, self._newest_s = median(self._peaks_radps), time_s
        self._least_radps = max(self._floor_radps, self._share * self._usual_radps)

    def least_radps(self, time_s: float) -> float:
        """Return what a peak has to reach to count."""
        return self._floor_radps if time_s - self._newest_s > self._forget_s else self._least_radps

    def likeness(self, peak_radps: float) -> float:
        """Return the share of the usual peak that this one reaches, 1 at most."""
        return min(1.0, peak_radps / self._usual_radps) if self._usual_radps > 0.0 else 1.0


class Push:
    """The turn backward at the end of stance."""

    def __init__(self) -> None:
        self.fastest_radps = 0.0  # below 0
        self.pitch_rad = 0.0  # at the fastest
        self.fastest_s = math.nan

    def feed(self, turning: Turning) -> None:
        """Take the next sample of the turn."""
        if turning.rate_radps <= self.fastest_radps:  # the last one where a sensor clips
            self.fastest_s, self.fastest_radps = turning.time_s, turning.rate_radps
            self.pitch_rad = turning.pitch_rad


class Landings:
    """How flat a person usually lands: 1 with a pitch of ``low_rad`` or less, 0 from ``high_rad`` on.

    It is a habit, and one pitch is not sure, so the median of this landing and those before it counts.
    """

    def __init__(self, low_rad: float, high_rad: float) -> None:
        self._low_rad, self._high_rad = low_rad, high_rad
        self._pitches_rad: deque[float] = deque(maxlen=USUAL_COUNT - 1)

    def add(self, pitch_rad: float) -> None:
        """Take a landing."""
        self._pitches_rad.append(pitch_rad)

    def flatness(self, pitch_rad: float) -> float:
        """Return how flat this landing is."""
        usual_rad = median([*self._pitches_rad, pitch_rad])
        return min(max((self._high_rad - usual_rad) / (self._high_rad - self._low_rad), 0.0), 1.0)


class Swing:
    """The turn forward, and the landing after it.

    ``off_pitch_rad`` is the pitch at foot off, below 0. Contact is where the turn forward ends, or, the flatter the
    ``landings`` the more, where the turn back is fastest; without ``landings``, the former always.
    """

    def __init__(self, off_pitch_rad: float, landings: Landings | None, has_pushed: bool) -> None:
        self.has_pushed, self._landings = has_pushed, landings
        self.peak_radps = 0.0
        self._off_pitch_rad = off_pitch_rad
        self._least_pitch_rad = (1.0 - LEAST_RETURN) * off_pitch_rad
        self._zero_s = math.nan  # where the turn forward ended, which may be contact
        self.landing_rad = 0.0  # pitch there
        self._fastest_s = self._fastest_radps = 0.0  # of the turn back since
        self._is_landing = False

    @property
    def turned_rad(self) -> float:
        """How far the leg turned forward from foot off to contact."""
        return self.landing_rad - self._off_pitch_rad

    def feed(self, turning: Turning, is_long: bool, landing_share: float, set_back_s: float) -> float | None:
        """Take the next sample, ``is_long`` once the turn is that of a swing; return contact when it is told."""
        noise_radps = NOISE_SHARE * self.peak_radps
        if math.isnan(self._zero_s):
            if turning.rate_radps > self.peak_radps:
                self.peak_radps = turning.rate_radps
            if not (turning.has_fallen_through(0.0) and is_long and turning.pitch_rad >= self._least_pitch_rad):
                return None
            self._zero_s, self.landing_rad = turning.crossed_s(0.0), turning.pitch_rad
            self._fastest_radps = 0.0
        if turning.rate_radps < self._fastest_radps:
            self._fastest_s, self._fastest_radps = turning.time_s, turning.rate_radps
        is_struck = turning.rate_radps <= -noise_radps and turning.off_gravity_mps2 >= IMPACT_MPS2
        if not self._is_landing and (is_struck or self._fastest_radps <= -landing_share * self.peak_radps):
            self._is_landing = True
            self._zero_s = max(self._zero_s, turning.time_s - set_back_s)
        if self._is_landing:
            return self._contact_s(turning, set_back_s)
        if turning.rate_radps > noise_radps:
            self._zero_s = math.nan
        return None

    def _contact_s(self, turning: Turning, set_back_s: float) -> float | None:
        flatness = 0.0 if self._landings is None else self._landings.flatness(self.landing_rad)
        has_turned = turning.rate_radps >= TURNED_SHARE * self._fastest_radps
        if flatness == 0.0 or has_turned or turning.time_s - self._zero_s >= set_back_s:
            return self._zero_s + flatness * (self._fastest_s - self._zero_s)
        return None
