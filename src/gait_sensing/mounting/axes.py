# SPDX-License-Identifier: Apache-2.0
"""Axes of a body segment in the axes of the IMU that it wears, from gravity in standing and from walking.

Up is the specific force in standing. A leg's segment turns mostly about its mediolateral axis: the first principal
component of its angular rate across the vertical. The pelvis turns about all three, so its fore-aft axis is the one
along which it is accelerated alike in both steps of a stride, while sideways the two steps mirror each other.

Which way is forward, since both axes may as well point the other way:

* Foot and shank: where the sensor goes from one rest to the next, its acceleration integrated twice. It is at rest
  once a stride, a shank nearly so. What is still there of the belt's speed drops out.
* Shank and thigh: they go forward in swing faster than back in stance, so that the third moment of the rate about
  the left axis is negative.
* Foot: it turns toes down, before it leaves the ground, further than toes up, so that the third moment of its angle is
  positive.
* Pelvis: it is fastest where it is lowest, as an inverted pendulum: forward acceleration goes with the change of upward
  acceleration.

All of it holds for walking forward, and is judged stride by stride: where strides disagree there is no forward.

Axes of a foot or shank that are mirrored, or a gyroscope that counts the other way, make a segment turn back where it
turns forth. A foot goes as fast at one rest as at the next, so its acceleration in the lab's axes is that of gravity
in the mean: with the angle as told, or, if that fits much worse, with its opposite. A reversed specific force looks as
the mirror image of the walk does, and nothing in the data tells it.

Source: principal axis, McGrath et al. 2018 (doi 10.3390/s18061882) and Kong et al. 2016 (doi 10.3390/s16122011); axes
from pose and movement, Seel et al. 2014 (doi 10.3390/s140406891); shank in swing, Salarian et al. 2004
(doi 10.1109/TBME.2004.827933); pelvis, Zijlstra and Hof 2003 (doi 10.1016/S0966-6362(02)00190-X) for its acceleration
and Menz et al. 2003 (doi 10.1016/S0966-6362(02)00159-5) for even and odd harmonics. The signs are rules of ours.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt, sosfilt_zi

from gait_sensing.samples import Array

Indices = NDArray[np.intp]

RATE_HZ = 100.0  # of the evenly spaced samples of everything here
SMOOTH_HZ, STEP_HZ = 15.0, 5.0  # edges of the low-pass filters: for all, and for the pelvis' slow motion
MIRRORED = 9  # samples at each end, by which the filter settles
SHORTEST_STRIDE_S, LONGEST_STRIDE_S = 0.6, 3.0
NEARLY_BEST = 0.1  # the first peak of the autocorrelation so near to its highest is the stride; later ones, several
REST_SHARE = 0.2  # of the stride: the stillest stretch so long is rest; the turn of a shank in swing is shorter
LEAST_SKEW, LEAST_CORRELATION = 0.2, 0.3  # below them a whole walk tells no direction
LEAST_AGREEMENT = 0.8  # share of strides
MIRRORED_MPS2, MIRRORED_RATIO = 1.0, 2.0  # mean acceleration from rest to rest, and how much less the other way round
IMPOSSIBLE = "turns against gravity: are its axes mirrored, or is the sign of its gyroscope reversed?"


@dataclass(frozen=True, slots=True)
class Motion:
    """Evenly spaced, smoothed readings of one IMU in walking, in its own axes."""

    acceleration_mps2: Array  # [n, 3]
    angular_rate_radps: Array  # [n, 3]

    @classmethod
    def sampled(cls, readings: Array, begin_s: float, n: int) -> "Motion":
        """Return ``n`` samples from ``begin_s`` on of ``readings`` [m, 7]: time, acceleration, angular rate."""
        at_s = begin_s + np.arange(n) / RATE_HZ
        columns = smooth(np.stack([np.interp(at_s, readings[:, 0], column) for column in readings.T[1:]], axis=1))
        return cls(columns[:, :3], columns[:, 3:])


@dataclass(frozen=True, slots=True)
class Axes:
    """Found axes, unit vectors [3] in the sensor's own axes. ``left`` and ``forward`` are horizontal in standing."""

    up: Array
    left: Array
    forward: Array
    do_cues_agree: bool  # False: cues contradict each other or are too weak
    rate_share: float  # of the variance of the angular rate about ``left``
    stride_agreement: float  # share of strides that say the same of forward, of the cue where they do so least
    handedness: int = 0  # 1: rate and specific force fit each other; -1: only if one is mirrored; 0: cannot tell

    @property
    def is_forward_clear(self) -> bool:
        """Whether forward can be told; otherwise it and left may both point the other way."""
        return self.handedness >= 0 and self.do_cues_agree and self.stride_agreement >= LEAST_AGREEMENT


def smooth(values: Array, edge_hz: float = SMOOTH_HZ) -> Array:
    """Return ``values`` [n, k] low-passed without delay: what scipy's ``sosfiltfilt`` does, its beginning known."""
    sections, begun = _low_pass(edge_hz)
    before, after = 2.0 * values[0] - values[MIRRORED:0:-1], 2.0 * values[-1] - values[-2 : -MIRRORED - 2 : -1]
    forward = np.concatenate([before, values, after])
    forward = sosfilt(sections, forward, axis=0, zi=begun * forward[0])[0]
    backward: Array = sosfilt(sections, forward[::-1], axis=0, zi=begun * forward[-1])[0]
    return backward[::-1][MIRRORED:-MIRRORED]


@cache  # to design it costs more than to filter eight seconds
def _low_pass(edge_hz: float) -> tuple[Array, Array]:
    """Return the filter, and its state [1, 2, 1] after ones without end."""
    sections: Array = butter(2, edge_hz, fs=RATE_HZ, output="sos")
    return sections, sosfilt_zi(sections)[..., None]


def find_stride(motions: list[Motion]) -> tuple[float, float]:
    """Return duration of a stride in s and how alike strides are, 1 at best; NaN and 0 where nothing repeats.

    From the autocorrelation of the angular rate as a vector, which no mounting changes and which, for the pelvis, is
    negative after one step. The median over IMUs ignores one that is not worn.
    """
    n = len(motions[0].angular_rate_radps)
    each = [_autocorrelation(motion.angular_rate_radps) for motion in motions]
    alike = np.median(each, axis=0) if len(each) > 1 else each[0]
    first = round(SHORTEST_STRIDE_S * RATE_HZ)
    part = alike[first : min(round(LONGEST_STRIDE_S * RATE_HZ) + 2, n // 2)]
    peaks = np.flatnonzero((part[1:-1] > part[:-2]) & (part[1:-1] >= part[2:])) + 1
    if not len(peaks):
        return float("nan"), 0.0
    peak = peaks[part[peaks] > part[peaks].max() - NEARLY_BEST][0]
    return float((first + peak) / RATE_HZ), float(part[peak])


def _autocorrelation(rate_radps: Array) -> Array:
    n = len(rate_radps)
    spectrum = np.fft.rfft(rate_radps - rate_radps.mean(axis=0), 2 * n, axis=0)
    product = np.fft.irfft((np.abs(spectrum) ** 2).sum(axis=1))[:n]
    alike: Array = product / max(product[0], 1e-12) * n / (n - np.arange(n))
    return alike


def middle(values: Array) -> Array:
    """Return the median over numbers [n, ...], n at least 1; of few several times faster than ``np.median``."""
    ordered, half = np.sort(values, axis=0), len(values) // 2
    median: Array = ordered[half] if len(values) % 2 else 0.5 * (ordered[half - 1] + ordered[half])
    return median


def find_leg_axes(motion: Motion, up: Array, stride_s: float, link: str, rests: Indices | None = None) -> Axes:
    """Return the axes of a foot, shank or thigh, as ``link`` says; ``up`` [3] from standing.

    ``rests`` are those of ``find_rests``, where they were found before.
    """
    spread = np.cov(motion.angular_rate_radps.T)
    across = np.eye(3) - np.outer(up, up)
    left = np.linalg.eigh(across @ spread @ across)[1][:, -1]
    votes, handedness = _leg_votes(motion, up, left, stride_s, link, rests)
    signs = [1.0 if middle(vote) > 0.0 else -1.0 for vote in votes]
    agreement = min(np.count_nonzero(vote * sign > 0.0) / len(vote) for vote, sign in zip(votes, signs, strict=True))
    return _axes(spread, up, signs[0] * left, len(set(signs)) == 1, agreement, handedness)


def _leg_votes(
    motion: Motion, up: Array, left: Array, stride_s: float, link: str, rests: Indices | None
) -> tuple[list[Array], int]:
    """For each cue a number a stride; positive says that ``left`` is the left. Never empty. And the handedness."""
    rate = motion.angular_rate_radps @ left
    size = len(rate) // round(stride_s * RATE_HZ)
    strides = rate[: size * (len(rate) // size)].reshape(size, -1)
    scale = np.sqrt((rate**2).mean()) ** 3
    skew = -(strides * strides * strides).mean(axis=1) / scale  # the third power takes ten times as long
    turning = skew if abs(skew.mean()) >= LEAST_SKEW else np.zeros(1)
    if link == "thigh":
        return [turning], 0
    rests = find_rests(motion, stride_s) if rests is None else rests
    travel, angle_skew, handedness = _travel(motion, up, left, rests)
    return [travel, turning if link == "shank" else angle_skew], handedness


def find_rests(motion: Motion, stride_s: float) -> Indices:
    """Return the indices of the middles of the stillest stretches, one a stride, ascending."""
    width = round(REST_SHARE * stride_s * RATE_HZ)
    x, y, z = motion.angular_rate_radps.T
    size = np.sqrt(x * x + y * y + z * z)
    still = np.convolve(size, np.ones(width) / width, "same")
    stride, rests, at = round(stride_s * RATE_HZ), [], width
    while at + stride < len(still) - width:
        rests.append(at + int(np.argmin(still[at : at + stride])))
        at = rests[-1] + round(0.6 * stride)
    return np.array(rests, dtype=np.intp)


def _travel(motion: Motion, up: Array, left: Array, rests: Indices) -> tuple[Array, Array, int]:
    """Return, for each pair of rests, the way forward in m and the third moment of the angle since rest, scaled.

    And the handedness, see ``Axes``.
    """
    forward_mps2 = motion.acceleration_mps2 @ _cross(left, up)
    up_mps2, rate_radps = motion.acceleration_mps2 @ up, motion.angular_rate_radps @ left
    if len(rests) < 2:
        return np.zeros(1), np.zeros(1), 0
    # All pairs at once; a rest ends one pair and begins the next, and is in both.
    counts = rests[1:] - rests[:-1] + 1
    firsts = counts.cumsum() - counts
    pair = np.arange(len(counts)).repeat(counts)
    step = np.arange(len(pair)) - firsts[pair]
    index, share = rests[pair] + step, step / (counts - 1)[pair]  # of the samples; of the time from rest to rest
    lasts = firsts + counts - 1

    def integral(values: Array) -> Array:
        """Return the integral from each first rest, by the trapezoidal rule, less its drift: both are at rest."""
        steps = np.zeros(len(values))
        steps[1:] = 0.5 / RATE_HZ * (values[1:] + values[:-1])
        total = steps.cumsum()
        since = total - total[firsts][pair]
        closed: Array = since - share * since[lasts][pair]
        return closed

    angle_rad = integral(rate_radps[index])
    cosine, sine = np.cos(angle_rad), np.sin(angle_rad)
    forward_mps2, up_mps2, gravity_mps2 = forward_mps2[index], up_mps2[index], middle(up_mps2[rests])

    def mean(values: Array) -> Array:
        """Return the mean from rest to rest."""
        means: Array = np.add.reduceat(values, firsts) / counts
        return means

    def off_gravity_mps2(turned: Array) -> float:
        ahead_mps2, above_mps2 = (
            mean(forward_mps2 * cosine + up_mps2 * turned),
            mean(up_mps2 * cosine - forward_mps2 * turned),
        )
        return float(middle(np.hypot(ahead_mps2, above_mps2 - gravity_mps2)))

    told_mps2, mirrored_mps2 = off_gravity_mps2(sine), off_gravity_mps2(-sine)
    worse_mps2 = max(MIRRORED_MPS2, MIRRORED_RATIO * min(told_mps2, mirrored_mps2))
    handedness = int(mirrored_mps2 > worse_mps2) - int(told_mps2 > worse_mps2)
    speed_mps = integral(forward_mps2 * cosine + up_mps2 * sine)
    square = angle_rad * angle_rad
    angle_skew = mean(square * angle_rad) / np.maximum(mean(square), 1e-12) ** 1.5
    return np.add.reduceat(speed_mps, firsts) / RATE_HZ, angle_skew, handedness


def find_pelvis_axes(motion: Motion, up: Array, stride_s: float) -> Axes:
    """Return the axes of the pelvis or the lower back; ``up`` [3] from standing."""
    flat = np.linalg.svd(up[None])[2][1:]
    slow = smooth(motion.acceleration_mps2, STEP_HZ)
    step = round(0.5 * stride_s * RATE_HZ)
    even, odd = (slow[step:] + slow[:-step]) / 2.0, (slow[step:] - slow[:-step]) / 2.0
    forward = np.linalg.eigh(np.cov((even @ flat.T).T) - np.cov((odd @ flat.T).T))[1][:, -1] @ flat
    ahead = even @ forward - (even @ forward).mean()
    change = np.gradient(even @ up)
    product = ahead * change
    correlation = product.sum() / max(np.sqrt((ahead**2).sum() * (change**2).sum()), 1e-12)
    sign = 1.0 if correlation > 0.0 else -1.0
    size = len(product) // (2 * step)
    strides = product[: size * 2 * step].reshape(size, -1).mean(axis=1)
    agreement = float(np.mean(strides * sign > 0.0))
    left = _cross(up, sign * forward)
    spread = np.cov(motion.angular_rate_radps.T)
    return _axes(spread, up, left, abs(correlation) >= LEAST_CORRELATION, agreement)


def _axes(spread: Array, up: Array, left: Array, do_cues_agree: bool, agreement: float, handedness: int = 0) -> Axes:
    left = left / np.linalg.norm(left)
    share = float(left @ spread @ left / max(np.trace(spread), 1e-12))
    return Axes(up, left, _cross(left, up), do_cues_agree, share, agreement, handedness)


def _cross(a: Array, b: Array) -> Array:
    """Return the cross product of two vectors [3]; numpy's own takes long for so few."""
    (a_x, a_y, a_z), (b_x, b_y, b_z) = a.tolist(), b.tolist()
    return np.array([a_y * b_z - a_z * b_y, a_z * b_x - a_x * b_z, a_x * b_y - a_y * b_x])
