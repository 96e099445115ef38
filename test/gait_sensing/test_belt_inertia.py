# SPDX-License-Identifier: Apache-2.0
"""What a belt does to its plate: fitted on a simulated run with known truth, taken off another one."""

import math
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest
from scipy.signal import lsim

from gait_sensing.calibration.belt_inertia import BeltInertia, Settings
from gait_sensing.calibration.belt_inertia_fit import fit
from gait_sensing.samples import BeltSample, ForceSamples, Side

RATE_HZ, STATUS_HZ = 1000.0, 15.0
FORWARD_KG, PITCH_KGM, ORIGIN_Z_M = 2.0, 9.0, -0.05


@dataclass(frozen=True)
class Run:
    """An empty plate under a belt whose speed wanders between ``low_mps`` and ``high_mps``."""

    duration_s: float = 40.0
    low_mps: float = 0.2
    high_mps: float = 1.8
    greatest_mps2: float = 2.0
    force_noise_n: float = 5.0
    moment_noise_nm: float = 1.0
    rounded_mps: float = 0.01
    delay_s: float = 0.06
    frame_hz: float = 20.0  # the plate swings at it, lightly damped
    seed: int = 1


def measured(run):
    """Force samples and statuses of a run, and the belt's true acceleration at the samples."""
    random = np.random.default_rng(run.seed)
    time_s = 100.0 + np.arange(round(run.duration_s * RATE_HZ)) / RATE_HZ
    turns_s = np.cumsum(random.uniform(0.3, 1.5, round(4.0 * run.duration_s)))
    knots_mps = [run.low_mps]
    for wait_s in np.diff(turns_s, prepend=0.0)[1:]:
        step_mps = random.uniform(-1.0, 1.0) * run.greatest_mps2 * wait_s
        knots_mps.append(min(max(knots_mps[-1] + step_mps, run.low_mps), run.high_mps))
    speed_mps = np.interp(time_s - 100.0, turns_s, knots_mps)
    acceleration_mps2 = np.gradient(speed_mps, 1.0 / RATE_HZ)
    turn = 2.0 * math.pi * run.frame_hz
    _, felt_mps2, _ = lsim(([turn**2], [1.0, 0.2 * turn, turn**2]), acceleration_mps2, time_s - 100.0)
    noise = random.standard_normal((len(time_s), 6))
    wrench = noise * np.array([run.force_noise_n] * 3 + [run.moment_noise_nm] * 3)
    wrench[:, 0] += FORWARD_KG * felt_mps2 + 3.0 + 0.5 * speed_mps + 0.01 * (time_s - 100.0)  # zero, friction, drift
    wrench[:, 4] += PITCH_KGM * felt_mps2 - 1.0
    centre_m = np.full((len(time_s), 2), math.nan)
    plate = ForceSamples("left_belt", 0, time_s, wrench[:, :3], wrench[:, 3:], centre_m)
    status_s = np.arange(100.0, 100.0 + run.duration_s, 1.0 / STATUS_HZ)
    told_mps = run.rounded_mps * np.round(np.interp(status_s - run.delay_s, time_s, speed_mps) / run.rounded_mps)
    belts = [BeltSample(float(at_s), float(told), 0.7, 0.0) for at_s, told in zip(status_s, told_mps, strict=True)]
    return plate, belts, acceleration_mps2


def statuses(belts):
    return np.array([belt.time_s for belt in belts]), np.array([belt.left_speed_mps for belt in belts])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_truth_is_found_in_noise(seed):
    plate, belts, _ = measured(Run(seed=seed))
    found = fit([plate], belts, Side.LEFT, ORIGIN_Z_M)
    assert found.inertia.pitch_kgm == pytest.approx(PITCH_KGM, rel=0.05)
    assert found.inertia.forward_kg == pytest.approx(FORWARD_KG, rel=0.1)
    assert found.inertia.delay_s == pytest.approx(0.06, abs=0.02)
    assert found.inertia.origin_z_m == ORIGIN_Z_M
    assert found.pitch.share > 0.95 and found.forward.share > 0.8
    assert found.pitch.left_rms < 0.2 * found.pitch.rms and found.forward.left_rms < found.forward.rms


def test_the_uncertainty_is_that_of_the_run():
    off = []
    for seed in range(10, 18):
        plate, belts, _ = measured(Run(seed=seed))
        found = fit([plate], belts, Side.LEFT)
        assert 0.0 < found.pitch.gain_error < 0.1 and 0.0 < found.forward.gain_error < 0.1
        assert 0.0 < found.delay_error_s < 0.01
        off.append([
            (found.pitch.gain - PITCH_KGM) / found.pitch.gain_error,
            (found.forward.gain - FORWARD_KG) / found.forward.gain_error,
        ])  # fmt: skip
    spread = np.sqrt(np.mean(np.square(off), axis=0))  # 1 where the told errors are right
    assert (spread > 0.5).all() and (spread < 2.5).all()
    noisy, belts, _ = measured(Run(force_noise_n=50.0, seed=1))
    assert fit([noisy], belts, Side.LEFT).forward.gain_error > 0.1


@pytest.mark.parametrize(("delay_s", "seed"), [(0.0, 4), (0.06, 5), (0.15, 6)])
def test_another_run_is_rid_of_it(delay_s, seed):
    plate, belts, _ = measured(Run(delay_s=delay_s, seed=seed))
    inertia = fit([plate], belts, Side.LEFT).inertia
    other, belts, _ = measured(Run(delay_s=delay_s, seed=seed + 100, moment_noise_nm=0.0))
    taken = inertia.taken_off(other, inertia.acceleration_mps2(other.time_s, *statuses(belts)))
    known = np.isfinite(taken.moment_nm[:, 1])
    assert 0.98 < known.mean() < 1.0  # not at the ends, where no statuses are around
    before, after = (float(np.std(each.moment_nm[known, 1])) for each in (other, taken))
    assert after < 0.4 * before  # what changes faster than statuses come remains
    assert np.array_equal(taken.force_n[:, 1:], other.force_n[:, 1:])
    assert np.array_equal(taken.moment_nm[:, ::2], other.moment_nm[:, ::2])


def test_batches_and_the_other_belt_do_not_matter():
    plate, belts, _ = measured(Run())
    whole = fit([plate], belts, Side.LEFT)
    edges = [0, 1, 700, 25_000, len(plate.time_s)]
    parts = [
        replace(plate, time_s=plate.time_s[a:b], force_n=plate.force_n[a:b], moment_nm=plate.moment_nm[a:b])
        for a, b in pairwise(edges)
    ]
    assert fit(parts, belts, Side.LEFT) == whole
    turned = [BeltSample(belt.time_s, 0.7, belt.left_speed_mps, 0.0) for belt in belts]
    assert fit([plate], turned, Side.RIGHT) == whole


@pytest.mark.parametrize(("column", "part", "gain"), [(0, "forward", "forward_kg"), (4, "pitch", "pitch_kgm")])
def test_what_a_plate_does_not_measure_is_not_made_up(column, part, gain):
    plate, belts, _ = measured(Run())
    whole = fit([plate], belts, Side.LEFT)
    wrench = np.concatenate((plate.force_n, plate.moment_nm), axis=1)
    wrench[:, column] = math.nan
    found = fit([replace(plate, force_n=wrench[:, :3], moment_nm=wrench[:, 3:])], belts, Side.LEFT)
    assert math.isnan(getattr(found, part).share) and math.isnan(getattr(found, part).gain_error)
    assert getattr(found.inertia, gain) == getattr(found, part).gain == 0.0
    other = {"forward_kg": "pitch_kgm", "pitch_kgm": "forward_kg"}[gain]
    assert getattr(found.inertia, other) == pytest.approx(getattr(whole.inertia, other), rel=0.05)


def changed(plate, **columns):
    force_n = plate.force_n.copy()
    for axis, value in columns.items():
        force_n[4900:5300, "xyz".index(axis)] = value
    return replace(plate, force_n=force_n)


def continued(plate, duration_s):
    """Columns of a plate whose last row lasts on, so that it is there for ``duration_s`` in all."""
    count = round(duration_s * RATE_HZ)
    rows = np.minimum(np.arange(count), len(plate.time_s) - 1)
    names = ("force_n", "moment_nm", "centre_of_pressure_m")
    return {name: getattr(plate, name)[rows] for name in names} | {"time_s": 100.0 + np.arange(count) / RATE_HZ}


def test_runs_that_tell_nothing_are_refused():
    plate, belts, _ = measured(Run(duration_s=30.0))
    steady, steady_belts, _ = measured(Run(duration_s=30.0, low_mps=1.2, high_mps=1.2))
    short = replace(plate, time_s=plate.time_s[:9000], force_n=plate.force_n[:9000], moment_nm=plate.moment_nm[:9000])
    started, started_belts, _ = measured(Run(duration_s=8.0))
    started = replace(started, **continued(started, 30.0))
    started_belts += [
        replace(started_belts[-1], time_s=float(at_s)) for at_s in np.arange(108.0, 130.0, 1.0 / STATUS_HZ)
    ]
    unmeasured = replace(changed(plate, x=math.nan), moment_nm=np.full((len(plate.time_s), 3), math.nan))
    refused = {
        "no force samples": ([], belts),
        "no belt speeds": ([plate], [replace(belt, left_speed_mps=math.nan) for belt in belts]),
        "9.0 s of force": ([short], belts),
        "gap of 2.0": ([plate], belts[:100] + belts[130:]),
        "load of 300.0 N": ([changed(plate, z=300.0)], belts),
        "load of nan N": ([changed(plate, z=math.nan)], belts),
        "neither F_x nor M_y": ([unmeasured], belts),
        "acceleration of 0.000": ([steady], steady_belts),
        "changes its speed in 3 of 10 parts": ([started], started_belts),
    }
    for text, (samples, statuses_of_it) in refused.items():
        with pytest.raises(ValueError, match=text):
            fit(samples, statuses_of_it, Side.LEFT)


def loaded(acceleration_mps2, vertical_n):
    """What a plate measures whose foot stands at 0.2, 0.1 m, with 30 N forward, and its belt accelerates."""
    force_x_n = 30.0 + FORWARD_KG * acceleration_mps2
    surface_nm = -0.2 * vertical_n + (PITCH_KGM + ORIGIN_Z_M * FORWARD_KG) * acceleration_mps2
    moment_y_nm = surface_nm - ORIGIN_Z_M * force_x_n
    zeros = np.zeros_like(force_x_n)
    centre_m = np.stack([-surface_nm / np.where(vertical_n > 20.0, vertical_n, math.nan), zeros + 0.1], axis=1)
    force_n, moment_nm = np.stack([force_x_n, zeros, vertical_n], 1), np.stack([zeros, moment_y_nm, zeros], 1)
    return ForceSamples("left_belt", 0, 1.0 + np.arange(len(zeros)), force_n, moment_nm, centre_m)


def test_force_and_centre_of_pressure_become_those_of_the_foot():
    acceleration_mps2 = np.array([0.0, 5.0, -5.0, 5.0, math.nan])
    samples = loaded(acceleration_mps2, np.array([700.0, 700.0, 350.0, 0.0, 700.0]))
    assert samples.centre_of_pressure_m[1, 0] == pytest.approx(0.2 - 44.5 / 700.0)
    taken = BeltInertia(FORWARD_KG, PITCH_KGM, ORIGIN_Z_M).taken_off(samples, acceleration_mps2)
    assert taken.force_n[:4, 0] == pytest.approx([30.0] * 4) and math.isnan(taken.force_n[4, 0])
    assert taken.centre_of_pressure_m[:3, 0] == pytest.approx([0.2] * 3)
    assert np.isnan(taken.centre_of_pressure_m[3:, 0]).all()  # unloaded, and not known
    assert np.array_equal(taken.centre_of_pressure_m[:, 1], samples.centre_of_pressure_m[:, 1])
    known = slice(0, 3)
    centre_m = -(taken.moment_nm[known, 1] + ORIGIN_Z_M * taken.force_n[known, 0]) / taken.force_n[known, 2]
    assert centre_m == pytest.approx([0.2] * 3)  # force, moment and centre still agree


def test_without_coefficients_samples_stay_as_they_are():
    samples = loaded(np.array([1.0]), np.array([700.0]))
    assert Settings().of(Side.LEFT).taken_off(samples, np.array([math.nan])) is samples
    right = Settings(right_forward_kg=1.0, right_pitch_kgm=2.0, right_origin_z_m=-0.1, right_delay_s=0.05).of(
        Side.RIGHT
    )
    assert right == BeltInertia(1.0, 2.0, -0.1, 0.05)


def test_acceleration_is_that_of_the_told_speed():
    status_s = np.arange(0.0, 3.0, 0.1)
    speed_mps = 1.0 + 0.5 * status_s
    found_mps2 = BeltInertia(1.0, delay_s=0.2).acceleration_mps2(np.array([-0.2, 0.5, 2.5, 2.7]), status_s, speed_mps)
    assert found_mps2 == pytest.approx([math.nan, 0.5, 0.5, math.nan], nan_ok=True)
    gap = (status_s < 1.0) | (status_s > 1.65)
    found_mps2 = BeltInertia(1.0).acceleration_mps2(
        np.array([0.75, 0.85, 1.3, 1.75, 1.85]), status_s[gap], speed_mps[gap]
    )
    assert found_mps2 == pytest.approx([0.5, math.nan, math.nan, math.nan, 0.5], nan_ok=True)
    assert np.isnan(BeltInertia(1.0).acceleration_mps2(np.zeros(2), status_s[:0], speed_mps[:0])).all()
