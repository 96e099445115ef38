# SPDX-License-Identifier: Apache-2.0
"""The way of a sensor between two rests: its rates and forces integrated, and freed of what does not fit the rests.

At both ends the sensor stands still and measures gravity alone. What the integrals say against that is shared out among
the errors that a sensor has, each as far as it is likely to be at fault (the estimate of least variance):

* at a rest the sensor still moves, and is accelerated, as far as the residual turning of the foot allows;
* the gyroscope has a bias of ``BIAS_RADPS``, the accelerometer one of ``OFFSET_MPS2`` along each axis;
* between two samples force and rate may have changed at any moment: an error of their integrals with a standard
  deviation of ``|change| * interval / sqrt(12)``. It is largest at the blow of landing, which sensors clip or sample
  too coarsely.

The last one matters most: drift that is removed linearly in time is taken for a constant error of acceleration, while
much of it arises at landing.

Axes: z up, as the force says at the first rest; x and y horizontal, anyhow.

Orientation is the integral of the rate alone. Filters that lean on gravity meanwhile (Madgwick, VQF, also run backward)
gave no truer stride lengths on a recording with a marker on the heel: what a swinging foot measures is hardly gravity.

Source: strap-down integration with zero velocity, Foxlin 2005 (doi 10.1109/MCG.2005.140) and Skog et al. 2010
(doi 10.1109/TBME.2010.2060723), whose filters know the same errors. As something is known at the two ends alone, one
system of linear equations does what a smoother would. The variance of coarse samples is that of an even distribution.
"""

import math
from typing import NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

from gait_analysis.imu_motion.foot_rest import Rest
from gait_sensing.samples import STANDARD_GRAVITY_MPS2, Array

BIAS_RADPS = math.radians(1.0)  # data sheets of common sensors that were not zeroed
OFFSET_MPS2 = 0.2  # 20 mg, as they say too; scale that is wrong by 2 % does as much at rest
RESOLUTION_MPS2 = 0.01  # 1 mg: no force is known better
GRAVITY: Array = np.array([0.0, 0.0, STANDARD_GRAVITY_MPS2])
# CROSS[i] @ d is the cross product of axis i and d; a force that is wrong by e tells up wrong by the turn TILT @ e.
CROSS: Array = np.array(
    [[[0, 0, 0], [0, 0, -1], [0, 1, 0]], [[0, 0, 1], [0, 0, 0], [-1, 0, 0]], [[0, -1, 0], [1, 0, 0], [0, 0, 0]]]
)
TILT: Array = CROSS[2] / STANDARD_GRAVITY_MPS2
UNTURNED: Array = np.eye(3)
MOTION, BIAS, OFFSET, SPEED = (slice(first, first + 3) for first in (0, 3, 6, 9))  # the unknowns


class Way(NamedTuple):
    """Where a sensor was and how it was turned, between two rests."""

    time_s: Array  # [n]
    position_m: Array  # [n, 3] from the first rest
    attitude: Array  # [n, 3, 3] from the sensor's axes to those of the way
    length_error_m: float  # standard deviation of the horizontal distance between the rests
    misfit: float  # mean square of what did not fit the rests, over what was to be expected: about 1


class _Integrals(NamedTuple):
    """What the sensor's readings amount to, and how much of it each error would make."""

    interval_s: Array  # [n - 1]
    attitude: Array  # [n, 3, 3]
    speed_mps: Array  # [n, 3]
    turned: Array  # [n, 3, 3] integral of the attitude: turning by a bias
    leaned: Array  # [n, 3, 3] integral of [force x]: speed by a tilt
    swerved: Array  # [n, 3, 3] integral of [force x] @ turned: speed by a bias
    jolt: Array  # [n - 1] variance of the change of speed between two samples, along each axis, (m/s)^2
    twitch: float  # variance of the tilt from all changes of rate, along each axis, rad^2


def way_between(rows: Array, first: Rest, last: Rest) -> Way:
    """Return the way between two rests in ``rows`` [m, 7]: time, specific force and angular rate in sensor axes."""
    part = rows[first.index : last.index + 1]
    sums = _integrate(part, first)
    wanted, expected, knowledge = _equations(sums, first, last)
    prior = np.repeat(
        [first.force_error_mps2**2 + RESOLUTION_MPS2**2, BIAS_RADPS**2, OFFSET_MPS2**2, first.speed_mps**2], 3
    )
    spread = (expected * prior) @ expected.T + knowledge
    weights = np.linalg.solve(spread, wanted)
    errors = prior * (weights @ expected)
    jolts = np.concatenate([[0.0], sums.jolt.cumsum()])
    speed_mps = sums.speed_mps + _speed_by(sums, errors) + np.multiply.outer(jolts, weights[:3])
    position_m = _integral(speed_mps, sums.interval_s)
    turn = TILT @ (errors[MOTION] + sums.attitude[0] @ errors[OFFSET]) - sums.turned @ errors[BIAS]
    attitude = Rotation.from_rotvec(turn).as_matrix() @ sums.attitude
    misfit = float(wanted @ weights) / len(wanted)
    variance_m2 = max(misfit, 1.0) * _length_variance_m2(sums, position_m[-1], prior, expected, spread)
    return Way(part[:, 0], position_m, attitude, math.sqrt(variance_m2), misfit)


def _integrate(part: Array, first: Rest) -> _Integrals:
    interval_s = part[1:, 0] - part[:-1, 0]
    attitude = _level(first.force_mps2) @ _turns(part[:, 4:], interval_s)
    force_mps2 = (attitude @ part[:, 1:4, None])[..., 0]
    crossed = crossing(force_mps2)
    turned, leaned = _integral(attitude, interval_s), _integral(crossed, interval_s)
    return _Integrals(
        interval_s,
        attitude,
        _integral(force_mps2 - GRAVITY, interval_s),
        turned,
        leaned,
        _integral(crossed @ turned, interval_s),
        _coarseness(force_mps2, interval_s),
        float(_coarseness(part[:, 4:], interval_s).sum()),
    )


def _turns(rate_radps: Array, interval_s: Array) -> Array:
    """Return the attitudes [n, 3, 3] since the first sample: products of all turns before, log2(n) at a time."""
    vectors = 0.5 * (rate_radps[1:] + rate_radps[:-1]) * interval_s[:, None]
    turns = np.concatenate([UNTURNED[None], Rotation.from_rotvec(vectors).as_matrix()])
    reach = 1
    while reach < len(turns):
        turns[reach:] = turns[:-reach] @ turns[reach:]
        reach *= 2
    return turns


def _level(force_mps2: Array) -> Array:
    """Return a rotation [3, 3] that brings a force to z."""
    up = force_mps2 / np.linalg.norm(force_mps2)
    across = crossing(up)[:, np.abs(up).argmin()]
    across /= np.linalg.norm(across)
    return np.stack([across, crossing(up) @ across, up])


def crossing(vectors: Array) -> Array:
    """Return the matrices [..., 3, 3] whose product with d is the cross product of ``vectors`` [..., 3] and d."""
    matrices: Array = (vectors @ CROSS.reshape(3, 9)).reshape(*vectors.shape, 3)
    return matrices


def _integral(values: Array, interval_s: Array) -> Array:
    """Return the running integral over [n, ...] by trapezes."""
    sums = np.zeros_like(values)
    steps = (values[1:] + values[:-1]).reshape(len(interval_s), -1)
    steps *= 0.5 * interval_s[:, None]
    steps.cumsum(axis=0, out=sums[1:].reshape(steps.shape))
    return sums


def _coarseness(values: Array, interval_s: Array) -> Array:
    """Return the variances along each axis of the steps of an integral of ``values`` [n, 3]."""
    change = values[1:] - values[:-1]
    variance: Array = np.einsum("ij,ij->i", change, change) * interval_s**2 / 36.0  # 1/12, over three axes
    return variance


def _equations(sums: _Integrals, first: Rest, last: Rest) -> tuple[Array, Array, Array]:
    """Return what is left at the rests [7], how it depends on the unknowns [7, 12], and its own covariance [7, 7].

    Left are the speed and the force without gravity at the last rest, and the amount of force at the first one.
    """
    begin, end = sums.attitude[0], sums.attitude[-1]
    left = np.zeros(7)
    left[:3] = -sums.speed_mps[-1]
    left[3:6] = GRAVITY - end @ last.force_mps2
    left[6] = np.linalg.norm(first.force_mps2) - STANDARD_GRAVITY_MPS2
    depends = np.zeros((7, 12))
    depends[:3] = _speed_sensitivity(sums.leaned[-1], sums.swerved[-1], sums.turned[-1], begin, 1.0)
    fallen = -STANDARD_GRAVITY_MPS2 * CROSS[2]  # of gravity's force, by a turn
    depends[3:6, MOTION] = fallen @ TILT
    depends[3:6, BIAS] = -fallen @ sums.turned[-1]
    depends[3:6, OFFSET] = fallen @ TILT @ begin - end
    depends[6, MOTION], depends[6, OFFSET] = (0.0, 0.0, 1.0), begin[2]
    own = np.full(7, RESOLUTION_MPS2**2)
    own[:3] = sums.jolt.sum() + last.speed_mps**2
    own[3:6] += last.force_error_mps2**2
    own[3:5] += STANDARD_GRAVITY_MPS2**2 * sums.twitch
    return left, depends, np.diag(own)


def _speed_sensitivity(leaned: Array, swerved: Array, turned: Array, begin: Array, time: float) -> Array:
    """Return how the speed [3], or with other integrals the way, depends on the unknowns: [3, 12]."""
    return np.concatenate([-leaned @ TILT, swerved, -leaned @ TILT @ begin - turned, time * UNTURNED], axis=1)


def _speed_by(sums: _Integrals, errors: Array) -> Array:
    """Return the correction of the speed [n, 3] for the estimated errors."""
    tilt = TILT @ (errors[MOTION] + sums.attitude[0] @ errors[OFFSET])
    speed: Array = sums.swerved @ errors[BIAS] - sums.leaned @ tilt - sums.turned @ errors[OFFSET] + errors[SPEED]
    return speed


def _length_variance_m2(sums: _Integrals, end_m: Array, prior: Array, expected: Array, spread: Array) -> float:
    """Return the variance of the horizontal distance that remains once the rests are known."""
    ahead = end_m * (1.0, 1.0, 0.0)
    ahead /= max(float(np.linalg.norm(ahead)), 1e-9)
    weight_s = np.zeros(len(sums.interval_s) + 1)
    weight_s[:-1] = sums.interval_s
    weight_s[1:] += sums.interval_s
    weight_s *= 0.5
    leaned, swerved, turned = (
        (weight_s @ each.reshape(-1, 9)).reshape(3, 3) for each in (sums.leaned, sums.swerved, sums.turned)
    )
    after_s = weight_s.sum() - sums.interval_s.cumsum() + 0.5 * sums.interval_s
    depends = ahead @ _speed_sensitivity(leaned, swerved, turned, sums.attitude[0], float(weight_s.sum()))
    common = expected @ (prior * depends)
    common[:3] += ahead * (sums.jolt @ after_s)
    whole = depends @ (prior * depends) + sums.jolt @ after_s**2
    return max(float(whole - common @ np.linalg.solve(spread, common)), 0.0)
