# SPDX-License-Identifier: Apache-2.0
"""Fits what an accelerating belt does to its plate, see ``belt_inertia``, on a run that nobody walks on.

Linear least squares, as Hnat, van Basten and van den Bogert (2018, J Biomech) do for platforms that move: means
of force and moment over blocks of 0.2 s against the change of speed over the same block, beside a constant (the zero)
and the speed itself (friction). Speeds are not differentiated one by one, for what a treadmill sends is rounded to
0.01 m/s, some 15 times a second. How much later than true the treadmill tells its speed is tried from -0.05 to 0.3 s.

Standard errors are those of the jackknife over ten parts of the run, each left out once (Efron and Tibshirani 1993, An
Introduction to the Bootstrap, 11): what the plate swings by itself goes on from block to block, so that the textbook
formula, for errors independent of each other, would tell too little.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.integrate import cumulative_trapezoid

from gait_sensing.calibration.belt_inertia import BLOCK_S, LARGEST_GAP_S, BeltInertia
from gait_sensing.samples import Array, BeltSample, ForceSamples, Side

LEAST_RUN_S = 20.0
LEAST_RMS_MPS2 = 0.1  # five times what rounding to 0.01 m/s does
LARGEST_LOAD_N = 50.0  # as for zeroing: with more, somebody is on the plate
PARTS_COUNT = 10
LEAST_CHANGING_COUNT = 5  # parts of a run in which the belt has to change its speed
_DELAY_STEP_S = 0.005
_DELAYS_S = np.arange(-0.05, 0.3001, _DELAY_STEP_S)
_FORWARD, _PITCH = 0, 1


@dataclass(frozen=True, slots=True)
class Part:
    """How F_x in N, or M_y in N m, follows the belt's acceleration; all NaN, the gain 0, where it is not measured."""

    gain: float = 0.0  # kg, or kg m
    gain_error: float = math.nan  # standard error
    share: float = math.nan  # R squared: what of the variance the belt explains
    rms: float = math.nan  # over blocks of BLOCK_S, zero and friction off, before ...
    left_rms: float = math.nan  # ... and after


@dataclass(frozen=True, slots=True)
class Fit:
    """What a run without a walker told."""

    inertia: BeltInertia
    rms_mps2: float  # of the belt's acceleration over the run
    forward: Part
    pitch: Part
    delay_error_s: float  # standard error


def fit(samples: Sequence[ForceSamples], belts: Sequence[BeltSample], side: Side, origin_z_m: float = 0.0) -> Fit:
    """Return what fits the plate of one belt best. ``samples`` are of that plate, both in order of time.

    Raises ``ValueError`` that says why when the run tells nothing: too short, somebody on the plate, a gap, neither
    F_x nor M_y, or a belt that hardly changed its speed.
    """
    time_s, wrench = _joined(samples)
    status_s = np.array([each.time_s for each in belts])
    speed_mps = np.array([each.left_speed_mps if side is Side.LEFT else each.right_speed_mps for each in belts])
    known = np.isfinite(speed_mps)
    status_s, speed_mps = status_s[known], speed_mps[known]
    _check(time_s, wrench, status_s)
    measured = [number for number, column in ((_FORWARD, 0), (_PITCH, 4)) if np.isfinite(wrench[:, column]).all()]
    if not measured:
        raise ValueError("belt inertia: got neither F_x nor M_y in all samples, expected one of them at least")
    sums = cumulative_trapezoid(np.nan_to_num(wrench[:, (0, 4)]), time_s, axis=0, initial=0.0)
    blocks = [_blocks(time_s, sums, status_s, speed_mps, float(delay_s)) for delay_s in _DELAYS_S]
    _check_changes(blocks[0])
    best, errors = _best(blocks, measured), _errors(blocks, measured)
    columns = np.stack([best.gains, errors[:2], best.shares, best.rms, best.left], axis=1).tolist()
    forward, pitch = (Part(*columns[number]) if number in measured else Part() for number in (_FORWARD, _PITCH))
    inertia = BeltInertia(forward.gain, pitch.gain, origin_z_m, best.delay_s)
    return Fit(inertia, best.rms_mps2, forward, pitch, float(errors[2]))


@dataclass(frozen=True, slots=True)
class _Blocks:
    """A run in blocks of ``BLOCK_S``, the belt's speed read ``delay_s`` later than the force."""

    delay_s: float
    means: Array  # [n, 2] forward force and pitch moment
    acceleration_mps2: Array  # [n]
    speed_mps: Array  # [n]

    @property
    def part(self) -> Array:
        """Which of ``PARTS_COUNT`` parts of the run each block [n] lies in."""
        return np.asarray(np.arange(len(self.means)) * PARTS_COUNT // len(self.means))


@dataclass(frozen=True, slots=True)
class _Regression:
    """Forward force and pitch moment, in this order, against one belt."""

    delay_s: float
    rms_mps2: float
    gains: Array  # [2]
    shares: Array  # [2]
    rms: Array  # [2] before
    left: Array  # [2] after


def _blocks(time_s: Array, sums: Array, status_s: Array, speed_mps: Array, delay_s: float) -> _Blocks:
    begin_s = max(time_s[0], status_s[0] - delay_s)
    end_s = min(time_s[-1], status_s[-1] - delay_s)
    edges_s = np.arange(begin_s, end_s, BLOCK_S)
    means = np.stack([np.diff(np.interp(edges_s, time_s, each)) for each in sums.T], axis=1) / BLOCK_S
    at_edges_mps = np.interp(edges_s + delay_s, status_s, speed_mps)
    return _Blocks(delay_s, means, np.diff(at_edges_mps) / BLOCK_S, 0.5 * (at_edges_mps[1:] + at_edges_mps[:-1]))


def _best(blocks: Sequence[_Blocks], measured: list[int], left_out: int = -1) -> _Regression:
    """Return the regression at the delay that explains most, without the part ``left_out`` of the run."""
    found = (_regressed(each, each.part != left_out) for each in blocks)
    return max(found, key=lambda each: float(each.shares[measured].sum()))


def _errors(blocks: Sequence[_Blocks], measured: list[int]) -> Array:
    """Return the standard errors [3] of both gains and of the delay, by leaving out each part of the run once."""
    found = [_best(blocks, measured, part) for part in range(PARTS_COUNT)]
    values = np.array([(*each.gains, each.delay_s) for each in found])
    rounding = np.array([0.0, 0.0, _DELAY_STEP_S**2 / 12.0])  # delays are tried in steps
    return np.asarray(np.sqrt((PARTS_COUNT - 1) * values.var(axis=0) + rounding))


def _regressed(blocks: _Blocks, is_used: Array) -> _Regression:
    accelerations_mps2, speed_mps = blocks.acceleration_mps2[is_used], blocks.speed_mps[is_used]
    others = np.stack([np.ones(len(speed_mps)), speed_mps], axis=1)
    means, accelerations = (_without(others, each) for each in (blocks.means[is_used], accelerations_mps2[:, None]))
    gains = (accelerations.T @ means)[0] / max(float((accelerations**2).sum()), 1e-12)
    left = means - accelerations * gains
    rms, left_rms = (np.sqrt((each**2).mean(axis=0)) for each in (means, left))
    shares = 1.0 - left_rms**2 / np.maximum(rms**2, 1e-12)
    return _Regression(blocks.delay_s, float(np.sqrt((accelerations**2).mean())), gains, shares, rms, left_rms)


def _without(others: Array, values: Array) -> Array:
    """Return ``values`` [n, k] without what ``others`` [n, 2] explain."""
    return np.asarray(values - others @ np.linalg.lstsq(others, values, rcond=None)[0])


def _joined(samples: Sequence[ForceSamples]) -> tuple[Array, Array]:
    """Return times [n] and force and moment [n, 6]."""
    if not samples:
        raise ValueError("belt inertia: got no force samples, expected a run without a walker")
    time_s = np.concatenate([each.time_s for each in samples])
    wrench = np.concatenate([np.concatenate((each.force_n, each.moment_nm), axis=1) for each in samples])
    return time_s, wrench


def _check(time_s: Array, wrench: Array, status_s: Array) -> None:
    """Raise ``ValueError`` where the run is of no use."""
    if len(status_s) < 2:
        raise ValueError("belt inertia: got no belt speeds, expected the treadmill's statuses of the run")
    run_s = min(time_s[-1], status_s[-1]) - max(time_s[0], status_s[0])
    if run_s < LEAST_RUN_S:
        raise ValueError(
            f"belt inertia: got {run_s:.1f} s of force and belt speed, expected {LEAST_RUN_S:g} s at least"
        )
    for name, times_s in (("force", time_s), ("belt speed", status_s)):
        gap_s = float(np.diff(times_s).max())
        if gap_s > LARGEST_GAP_S:
            raise ValueError(f"belt inertia: got a gap of {gap_s:.2f} s in {name}, allowed {LARGEST_GAP_S:g} s")
    first_rows = np.flatnonzero(np.diff((time_s - time_s[0]) // BLOCK_S, prepend=-1.0))  # a running belt shakes: means
    loads_n = np.add.reduceat(wrench[:, 2], first_rows) / np.diff(np.append(first_rows, len(time_s)))
    load_n = float(np.abs(loads_n).max())
    if not load_n <= LARGEST_LOAD_N:
        raise ValueError(f"belt inertia: got a vertical load of {load_n:.1f} N, allowed {LARGEST_LOAD_N:g} N: step off")


def _check_changes(blocks: _Blocks) -> None:
    """Raise ``ValueError`` where the belt hardly changed its speed, or only in a small part of the run."""
    squares = (blocks.acceleration_mps2 - blocks.acceleration_mps2.mean()) ** 2
    rms_mps2 = float(np.sqrt(squares.mean()))
    if rms_mps2 < LEAST_RMS_MPS2:
        raise ValueError(
            f"belt inertia: got a belt acceleration of {rms_mps2:.3f} m/s2 (root mean square), expected "
            f"{LEAST_RMS_MPS2:g} m/s2 at least: change its speed more often and faster"
        )
    parts_rms = [float(np.sqrt(squares[blocks.part == part].mean())) for part in range(PARTS_COUNT)]
    changing_count = sum(each >= LEAST_RMS_MPS2 for each in parts_rms)
    if changing_count < LEAST_CHANGING_COUNT:
        raise ValueError(
            f"belt inertia: got a belt that changes its speed in {changing_count} of {PARTS_COUNT} parts of the run, "
            f"expected {LEAST_CHANGING_COUNT} at least: change it all the time"
        )
