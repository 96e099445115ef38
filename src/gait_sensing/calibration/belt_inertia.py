# SPDX-License-Identifier: Apache-2.0
"""What an accelerating belt does to its plate: fitted on a run that nobody walks on, and taken off again.

A belt that runs faster needs a push along x, and its rollers a moment about y, and the plate under them measures both:

    F_x = forward_kg x a,   M_y = pitch_kgm x a

with a the acceleration of the belt, positive when its surface runs backward faster, and M_y about the sensor's origin.
Where motor and rollers stand on the plate the push is nearly zero, as what runs backward above runs forward below, and
the moment remains (Willems and Gosseye 2013, Biol Open 2:1421). Hnat and van den Bogert (2014, J Biomech 47:3758) found
moments of up to 30 N m and took off 47 to 82 % of their root mean square. A moment shifts the centre of pressure along
x by itself over the vertical force.

*Fit.* Linear least squares, as Hnat, van Basten and van den Bogert (2018, J Biomech) do for platforms that move: means
of force and moment over blocks of 0.2 s against the change of speed over the same block, beside a constant (the zero)
and the speed itself (friction). Speeds are not differentiated one by one, for what a treadmill sends is rounded to
0.01 m/s, some 15 times a second. How much later than true the treadmill tells its speed is tried from -0.05 to 0.3 s.

Deviation: Hnat and van den Bogert (2014) put a filter of second order between the two. What it tells is above what 15
speeds a second can; here the plate follows at once.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.integrate import cumulative_trapezoid

from gait_parts import settings as parts
from gait_parts.settings import setting
from gait_sensing.samples import Array, BeltSample, ForceSamples, Side

BLOCK_S = 0.2  # acceleration is that over it: a change of 0.01 m/s is 0.05 m/s2
LEAST_RUN_S = 20.0
LEAST_RMS_MPS2 = 0.1  # five times what rounding to 0.01 m/s does
LARGEST_LOAD_N = 50.0  # as for zeroing: with more, somebody is on the plate
LARGEST_GAP_S = 0.5
_DELAYS_S = np.arange(-0.05, 0.3001, 0.005)
_FORWARD, _PITCH = 0, 1


@dataclass(frozen=True, slots=True)
class BeltInertia:
    """How one plate answers to its belt's acceleration."""

    forward_kg: float = 0.0
    pitch_kgm: float = 0.0  # about the sensor's origin
    origin_z_m: float = 0.0  # of the sensor, lab frame, as in its origin_m
    delay_s: float = 0.0  # by which the treadmill tells its speed late

    def acceleration_mps2(self, time_s: Array, status_s: Array, speed_mps: Array) -> Array:
        """Return the belt's acceleration [n] at times [n] of force samples, from statuses [m], ascending.

        NaN at times for which there are no statuses around, half of ``BLOCK_S`` to both sides, or only with a gap of
        more than ``LARGEST_GAP_S`` in them.
        """
        if not len(status_s):
            return np.full(len(time_s), math.nan)
        gaps = np.flatnonzero(np.diff(status_s) > LARGEST_GAP_S)
        speed_mps = np.insert(speed_mps, gaps + 1, math.nan)  # nothing is known on either side of it
        status_s = np.insert(status_s, gaps + 1, 0.5 * (status_s[gaps] + status_s[gaps + 1]))
        at_s = time_s + self.delay_s
        after, before = (
            np.interp(at_s + sign * 0.5 * BLOCK_S, status_s, speed_mps, left=math.nan, right=math.nan)
            for sign in (1.0, -1.0)
        )
        return np.asarray((after - before) / BLOCK_S)

    def taken_off(self, samples: ForceSamples, acceleration_mps2: Array) -> ForceSamples:
        """Return samples without what the belt does to them, at accelerations [n].

        F_x, M_y and the centre of pressure along x change, and are NaN where the acceleration is. All are as they
        were for a plate without coefficients.
        """
        if self.forward_kg == 0.0 and self.pitch_kgm == 0.0:
            return samples
        force_n, moment_nm = samples.force_n.copy(), samples.moment_nm.copy()
        force_n[:, 0] -= self.forward_kg * acceleration_mps2
        moment_nm[:, 1] -= self.pitch_kgm * acceleration_mps2
        centre_m = samples.centre_of_pressure_m.copy()
        centre_m[:, 0] += self.forward_shift_m(acceleration_mps2, force_n[:, 2])
        return replace(samples, force_n=force_n, moment_nm=moment_nm, centre_of_pressure_m=centre_m)

    def forward_shift_m(self, acceleration_mps2: Array, vertical_n: Array) -> Array:
        """Return by how much the true centre of pressure is ahead of the measured one, where the plate is loaded."""
        surface_kgm = self.pitch_kgm + self.origin_z_m * self.forward_kg
        loaded_n = np.where(vertical_n > 0.0, vertical_n, math.nan)
        return np.asarray(surface_kgm * acceleration_mps2 / loaded_n)


@dataclass(frozen=True)
class Settings(parts.Settings):
    """What was fitted for the plate of each belt; 0: not taken off."""

    left_forward_kg: float = setting(0.0, "F_x of the left plate by its belt's acceleration", low=-200.0, high=200.0)
    left_pitch_kgm: float = setting(0.0, "M_y, about the sensor's origin, by it", low=-200.0, high=200.0)
    left_origin_z_m: float = setting(0.0, "third number of the load cell's origin_m", low=-2.0, high=2.0)
    left_delay_s: float = setting(0.0, "by which the treadmill tells the left speed late", low=-0.05, high=0.3)
    right_forward_kg: float = setting(0.0, "the same of the right plate", low=-200.0, high=200.0)
    right_pitch_kgm: float = setting(0.0, "the same of the right plate", low=-200.0, high=200.0)
    right_origin_z_m: float = setting(0.0, "the same of the right plate", low=-2.0, high=2.0)
    right_delay_s: float = setting(0.0, "the same of the right plate", low=-0.05, high=0.3)

    def of(self, side: Side) -> BeltInertia:
        """Return what belongs to the plate of one belt."""
        names = ("forward_kg", "pitch_kgm", "origin_z_m", "delay_s")
        return BeltInertia(**{name: getattr(self, f"{side.value}_{name}") for name in names})


@dataclass(frozen=True, slots=True)
class Fit:
    """What a run without a walker told. The shares are R squared: what of the variance the belt explains."""

    inertia: BeltInertia
    rms_mps2: float  # of the belt's acceleration over the run
    forward_share: float  # NaN where the plate does not measure F_x
    pitch_share: float  # NaN where it does not measure M_y
    forward_rms_n: float  # of F_x over 0.2 s, zero and friction off, before ...
    forward_left_rms_n: float  # ... and after
    pitch_rms_nm: float
    pitch_left_rms_nm: float


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
    found = [_regressed(time_s, sums, status_s, speed_mps, float(delay_s)) for delay_s in _DELAYS_S]
    if found[0].rms_mps2 < LEAST_RMS_MPS2:
        raise ValueError(
            f"belt inertia: got a belt acceleration of {found[0].rms_mps2:.3f} m/s2 (root mean square), expected "
            f"{LEAST_RMS_MPS2:g} m/s2 at least: change its speed more often and faster"
        )
    best = max(found, key=lambda each: float(each.shares[measured].sum()))
    gains, shares, rms, left = (
        np.where(np.isin((_FORWARD, _PITCH), measured), values, missing)
        for values, missing in ((best.gains, 0.0), (best.shares, math.nan), (best.rms, math.nan), (best.left, math.nan))
    )
    inertia = BeltInertia(float(gains[_FORWARD]), float(gains[_PITCH]), origin_z_m, best.delay_s)
    numbers = (float(each) for pair in zip(rms, left, strict=True) for each in pair)
    return Fit(inertia, best.rms_mps2, float(shares[_FORWARD]), float(shares[_PITCH]), *numbers)


@dataclass(frozen=True, slots=True)
class _Regression:
    """Forward force and pitch moment, in this order, against one belt."""

    delay_s: float
    rms_mps2: float
    gains: Array  # [2]
    shares: Array  # [2]
    rms: Array  # [2] before
    left: Array  # [2] after


def _regressed(time_s: Array, sums: Array, status_s: Array, speed_mps: Array, delay_s: float) -> _Regression:
    begin_s = max(time_s[0], status_s[0] - delay_s)
    end_s = min(time_s[-1], status_s[-1] - delay_s)
    edges_s = np.arange(begin_s, end_s, BLOCK_S)
    means = np.stack([np.diff(np.interp(edges_s, time_s, each)) for each in sums.T], axis=1) / BLOCK_S
    at_edges_mps = np.interp(edges_s + delay_s, status_s, speed_mps)
    accelerations_mps2 = np.diff(at_edges_mps) / BLOCK_S
    others = np.stack([np.ones(len(means)), 0.5 * (at_edges_mps[1:] + at_edges_mps[:-1])], axis=1)
    means, accelerations = (_without(others, each) for each in (means, accelerations_mps2[:, None]))
    gains = (accelerations.T @ means)[0] / max(float((accelerations**2).sum()), 1e-12)
    left = means - accelerations * gains
    rms, left_rms = (np.sqrt((each**2).mean(axis=0)) for each in (means, left))
    shares = 1.0 - left_rms**2 / np.maximum(rms**2, 1e-12)
    return _Regression(delay_s, float(np.sqrt((accelerations**2).mean())), gains, shares, rms, left_rms)


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
    load_n = float(np.abs(wrench[:, 2]).max())
    if not load_n <= LARGEST_LOAD_N:
        raise ValueError(f"belt inertia: got a vertical load of {load_n:.1f} N, allowed {LARGEST_LOAD_N:g} N: step off")
