# SPDX-License-Identifier: Apache-2.0
"""The jolts that landing feet give the lower back, whichever way the sensor is mounted.

A blow is the specific force less the mean of itself 0.04 s before and after, as a length. A step's own oscillation, 2.5
Hz at most, passes with a tenth of the gain of 12.5 Hz, where the blow of a landing is; gravity and posture do not pass.
Smoothed, there is one hump a landing, a *jolt*. It begins where it has risen to ``RISE`` of the trough before it and is
told once it has fallen to ``FALL`` of its peak; the landing is where it was half-way up for the last time, for a rise
may begin with what is left of the step before.

With each jolt goes what tells walking from arm work, and left from right: how far the upward force swung within the
last second, and how the force changed with the landing, the sensor's own turning taken off.

Source: 98 % of the ground force in walking is below 10 Hz, Antonsson and Mann 1985 (doi
10.1016/0021-9290(85)90043-0), 99 % below 15; contacts from the acceleration of the lower back, Zijlstra and Hof 2003
(doi 10.1016/S0966-6362(02)00190-X) and McCamley et al. 2012 (doi 10.1016/j.gaitpost.2012.02.019), who take its smooth
part. The blow itself is ours: it is there in irregular steps too, whose smooth part is lost in that of turning.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.signal import bessel

from gait_sensing.samples import Array

RATE_HZ = 100.0  # of the evenly spaced samples
LAG = 4  # samples to either side
SMOOTH_HZ = 3.5  # beyond the fastest steps, 2.5 a second
SMOOTH_DELAY_S = 1.36 / (2.0 * np.pi * SMOOTH_HZ)  # of the Bessel filter, well below its edge
(B0, B1, B2), (_, A1, A2) = (values.tolist() for values in bessel(2, SMOOTH_HZ, fs=RATE_HZ, norm="mag"))
RISE, FALL = 1.75, 0.77  # 5 dB and 2.3 dB
HISTORY = 300  # samples kept
LONGEST_RISE = 150  # samples
SWING, SMOOTH = 100, 20  # samples: one second; means over 0.2 s have no part of 5 Hz, twice the fastest steps
BESIDE = 20  # samples before and after a landing: together no more than the shortest usual step


@dataclass(frozen=True, slots=True)
class Jolt:
    """One jolt. Vectors are [3], in the sensor's axes at the landing."""

    index: float  # of the landing in the samples fed, from 0
    told: int  # index of the sample that confirmed it
    height_mps2: float
    swing_mps2: float  # of the smooth force's size within the last second, highest less lowest
    change_mps2: Array  # horizontal: mean force before the landing less mean force after it
    up: Array  # unit vector


class Jolts:
    """Finds jolts of ``least_mps2`` and above in evenly spaced samples. How they are cut does not matter."""

    def __init__(self, least_mps2: float) -> None:
        self._least_mps2 = least_mps2
        self._count = 0  # samples fed
        self._readings = np.zeros((0, 6))  # the newest: specific force and angular rate
        self._hump_mps2 = np.zeros(0)  # at the same samples
        self._filter = (0.0, 0.0)
        self._is_up = False
        self._peak = self._trough = 0
        self._peak_mps2 = self._trough_mps2 = 0.0

    def feed(self, readings: Array) -> list[Jolt]:
        """Take the next samples [n, 6] of specific force and angular rate."""
        if not self._count:  # as if it had been still before
            self._readings = np.repeat(readings[:1], 2 * LAG, axis=0)
            self._hump_mps2 = np.zeros(2 * LAG)
        self._readings = np.concatenate([self._readings, readings])
        force = self._readings[-len(readings) - 2 * LAG :, :3]
        blow = force[LAG:-LAG] - 0.5 * (force[: -2 * LAG] + force[2 * LAG :])
        hump = self._smooth(np.sqrt(np.einsum("ij,ij->i", blow, blow)).tolist())
        self._hump_mps2 = np.concatenate([self._hump_mps2, hump])
        first = self._count
        self._count += len(readings)
        every = [self._jolt(*found) for found in self._peaks(hump, first)]
        self._readings, self._hump_mps2 = self._readings[-HISTORY:], self._hump_mps2[-HISTORY:]
        return [jolt for jolt in every if jolt.index >= 0.0]  # how one that was there at the start rose is not known

    def _smooth(self, sizes_mps2: list[float]) -> list[float]:
        """Filter in plain Python: for few samples faster than a call of scipy."""
        one, two = self._filter
        smooth = []
        for size in sizes_mps2:
            value = B0 * size + one
            one, two = B1 * size - A1 * value + two, B2 * size - A2 * value
            smooth.append(value)
        self._filter = (one, two)
        return smooth

    def _peaks(self, hump_mps2: list[float], first: int) -> list[tuple[int, int, int]]:
        """Return the indices of trough, peak and confirmation of each finished hump."""
        found = []
        for index, value in enumerate(hump_mps2, first):
            if self._is_up:
                if value > self._peak_mps2:
                    self._peak, self._peak_mps2 = index, value
                elif value <= FALL * self._peak_mps2:
                    found.append((self._trough, self._peak, index))
                    self._is_up, self._trough, self._trough_mps2 = False, index, value
            elif value < self._trough_mps2:
                self._trough, self._trough_mps2 = index, value
            elif value >= self._least_mps2 and value >= RISE * self._trough_mps2:
                self._is_up, self._peak, self._peak_mps2 = True, index, value
        return found

    def _jolt(self, trough: int, peak: int, told: int) -> Jolt:
        oldest = self._count - len(self._hump_mps2)
        begin = max(trough, peak - LONGEST_RISE, oldest)
        rise = self._hump_mps2[begin - oldest : peak + 1 - oldest]
        is_low = rise < 0.5 * (rise[0] + rise[-1])
        half_way = peak + 1 - int(np.argmax(is_low[::-1]))
        index = half_way - LAG - SMOOTH_DELAY_S * RATE_HZ
        begin = max(told - SWING - SMOOTH, oldest)
        force = self._readings[begin - oldest : told + 1 - oldest, :3]
        total = np.cumsum(np.sqrt(np.einsum("ij,ij->i", force, force)))
        swing_mps2 = float(np.ptp(total[SMOOTH:] - total[:-SMOOTH])) / SMOOTH if len(total) > SMOOTH else 0.0
        up = force.mean(axis=0)
        up /= max(math.sqrt(up @ up), 1e-9)
        landing = round(index) - oldest
        change = self._change(landing, told + 1 - oldest)
        return Jolt(index, told, float(rise[-1]), swing_mps2, change - (change @ up) * up, up)

    def _change(self, landing: int, end: int) -> Array:
        """Return mean force before less mean force after a landing, in the axes that the sensor has at it."""
        begin = landing - BESIDE
        if begin < 0:
            return np.zeros(3)
        part = self._readings[begin : min(landing + BESIDE, end)]
        force = part[:, :3]
        turned = np.cumsum(part[:, 3:], axis=0) / RATE_HZ
        turned -= turned[BESIDE]
        level = force + turned[:, [1, 2, 0]] * force[:, [2, 0, 1]] - turned[:, [2, 0, 1]] * force[:, [1, 2, 0]]
        change: Array = level[:BESIDE].mean(axis=0) - level[BESIDE:].mean(axis=0)
        return change
