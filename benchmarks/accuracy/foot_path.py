# SPDX-License-Identifier: Apache-2.0
"""The way of a foot from its IMU: stride length, clearance, circumduction, pitch at contact and progression.

    python benchmarks/accuracy/foot_path.py

Neither side nor mounting of the sensor is told: events and mounting are those that the detector finds, live. *told*
counts strides with a length. Errors are found minus true: the mean with its sign, and the mean size. *expected* is the
median of the standard deviation that is told with each length. Sources of truth, and their limits:

* *gaitmap left*: one healthy adult, overground at 1.3 m/s. Lengths of 27 strides from the heel marker of an optical
  system between mid-stances, as a regression test of the recording's own repository has them (mad-lab-fau/gaitmap, MIT,
  commit 05e22898); in a 28th the person turns about. The row beneath is what the pipeline of that repository says of 26
  of these strides, from another of its tests (commit 1d803a1a).
* *gaitmap right*: against the mean of the two strides of the left foot that overlap it. Feet do not part, so that the
  mean error is real; its size holds how uneven the steps are, too.
* *formula*: a foot whose path and turning are formulas, ten sensors mounted anyhow on its instep, with noise, and a
  blow at landing that is sampled as it comes: 1.3 m long, out by 5 cm, 0.3 rad toes up at contact, toes out by 10
  degrees. Simulated; events are told.
* *simulated*: the left foot of the simulated walker, which swings straight, lies still in stance and is 0.27 to 0.4 rad
  toes up at contact.

The second table is of belts whose speed is not known. *spread* is the standard deviation of length over time of single
strides, over its median: an even belt makes it small, but people drift on it by some centimetres a stride, so that it
is a bound from above. The sensors of the first three have no calibration: h1 shows 10.17 m/s2 at rest, and in the
swings of p1 and p5 a speed of 0.6 to 1.5 m/s comes up that the foot cannot have had, which is more than all errors
allowed for; so most of their strides are not told. For pp07, both feet should show the same speed.
"""

import math
import time
import timeit
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import imu_events
import numpy as np
from data_folder import data_folder
from scipy.spatial.transform import Rotation

from gait_analysis.events import EventKind
from gait_analysis.imu_motion.foot_path import SETTLE_S, FootPath, FootSwing
from gait_sensing.samples import STANDARD_GRAVITY_MPS2, Array, ImuSample, Side, Vector
from gait_sim.body_motion import CLEARANCE_M, POINTS_RAD, PitchShape
from gait_sim.foot import STANCE_PHASE
from gait_sim.gait_pattern import Pattern
from gait_sim.walker import Walker, WalkerSettings

# Heel marker, left foot, stride after stride; the person turns in the one that is NaN.
MARKER_M = (1.396, 1.398, 1.421, 1.415, 1.425, 1.438, 1.446, 1.444, 1.415, 1.378, 1.328, 1.318, 1.296, math.nan)
MARKER_M += (1.384, 1.381, 1.404, 1.437, 1.404, 1.407, 1.339, 1.367, 1.334, 1.339, 1.346, 1.336, 1.299, 1.163)
# What gaitmap says; it has no stride after the turn, which its last lengths and times show.
GAITMAP_M = (1.421, 1.351, 1.360, 1.442, 1.401, 1.437, 1.346, 1.430, 1.410, 1.283, 1.320, 1.240, 1.245, math.nan)
GAITMAP_M += (math.nan, 1.415, 1.382, 1.396, 1.376, 1.345, 1.373, 1.388, 1.278, 1.301, 1.272, 1.297, 1.309, 1.160)
MATCH_S = 0.15
SPEEDS_MPS, RATES_HZ = (0.5, 1.0, 1.5), (50.0, 100.0, 200.0, 400.0)
START_S, STEADY_S, END_S = 2.0, 6.0, 26.0  # of a simulated walk: the belt starts, the walk is even, it is over
LONGEST_STRIDE_S = 4.0
OFF_S, CONTACT_S, STRIDE_S = 0.65, 1.05, 1.1  # of the foot in a formula, after its contact before
LENGTH_M, OUT_M, HEIGHT_M, TOE_OUT_RAD, SLOPE = 1.3, 0.05, 0.04, math.radians(10.0), 0.1
PITCH_RAD = 0.3  # at contact
INSTEP_M = (0.05, 0.01, 0.06)  # of the sensor from the point of the foot that goes by the formula
CLIP_MPS2, BLOW_MPS2, BLOW_S = 157.0, 60.0, 0.006


@dataclass(frozen=True)
class Walked:
    """One stride as found live."""

    start_s: float
    foot_off_s: float
    contact_s: float
    swing: FootSwing


def strides(readings: Array, side: Side) -> list[Walked]:
    """Return the strides of a foot from readings [n, 7], fed one by one."""
    detector, path = imu_events.detector("foot", side), FootPath(side)
    waiting: list[tuple[float, float, float]] = []
    found: list[Walked] = []
    start_s = off_s = math.nan
    samples = [
        ImuSample(side.value, time_s, (x, y, z), (p, q, r), imu_events.UNKNOWN)
        for time_s, x, y, z, p, q, r in readings.tolist()
    ]
    for sample in samples:
        path.feed(sample)
        for event in detector.feed(sample):
            if event.kind is EventKind.FOOT_OFF:
                off_s = event.time_s
                continue
            if start_s < off_s and event.time_s - start_s < LONGEST_STRIDE_S:
                waiting.append((start_s, off_s, event.time_s))
            start_s = event.time_s
        while waiting and detector.left and sample.time_s > waiting[0][2] + SETTLE_S:
            times_s = waiting.pop(0)
            found.append(Walked(*times_s, path.swing(*times_s, detector.left)))
    return found


def marker_errors_m(walked: list[Walked], side: Side) -> Array:
    """Return the errors of strides of the gaitmap recording, NaN where no length is told."""
    reference_s = next(each for each in imu_events.recordings() if each.name == "gaitmap left").reference_s
    contacts_s = reference_s[EventKind.INITIAL_CONTACT]
    marker_m = np.array(MARKER_M)
    errors_m = []
    for each in walked:
        if side is Side.LEFT:
            stride = int(np.abs(contacts_s[1:] - each.contact_s).argmin())
            is_known = abs(contacts_s[stride + 1] - each.contact_s) < MATCH_S and stride < len(marker_m)
            true_m = marker_m[stride] if is_known else math.nan
        else:
            stride = int(contacts_s.searchsorted(each.start_s))
            is_known = 0 < stride < len(marker_m) and contacts_s[stride] < each.contact_s
            true_m = marker_m[stride - 1 : stride + 1].mean() if is_known else math.nan
        if math.isfinite(true_m):
            errors_m.append(each.swing.stride_length_m - true_m)
    return np.array(errors_m)


def simulated(speed_mps: float, rate_hz: float, seed: int = 1) -> tuple[Array, Array, float]:
    """Return readings of the walker's left foot, its pitch, toes up, at each, and the true length of a stride."""
    settings = WalkerSettings(seed=seed)
    walker = Walker(settings)
    readings, pitch_rad = np.zeros((round(END_S * rate_hz), 7)), np.zeros(round(END_S * rate_hz))
    for index in range(len(readings)):
        time_s = index / rate_hz
        belt_mps = speed_mps if time_s >= START_S else 0.0
        walker.advance(time_s + 1e-4, belt_mps, belt_mps)
        reading = walker.imu("left_foot", time_s, None)
        readings[index] = (time_s, *reading.acceleration_mps2, *reading.angular_rate_radps)
        pitch_rad[index] = -2.0 * math.asin(reading.orientation_xyzw[1])
    return readings, pitch_rad, speed_mps * Pattern.at(settings, speed_mps).stride_s


def simulated_clearance_m() -> float:
    """Return how high the simulated foot is when it comes level in swing."""
    shape = PitchShape(POINTS_RAD["foot"])
    phases = np.arange(STANCE_PHASE, 1.0, 0.001)
    level = next(phase for phase in phases.tolist() if shape.angle_rad(phase) <= 0.0)
    share = (level - STANCE_PHASE) / (1.0 - STANCE_PHASE)
    return 64.0 * CLEARANCE_M * (share * (1.0 - share)) ** 3


def with_errors(readings: Array, bias_dps: float, scale: float) -> Array:
    """Return what a worse sensor measures: its gyroscope has a bias, its accelerometer another scale."""
    bias = math.radians(bias_dps) * np.array([1.0, -1.0, 1.0])
    return np.hstack([readings[:, :1], scale * readings[:, 1:4], readings[:, 4:] + bias])


@dataclass(frozen=True)
class Formula:
    """A left foot that stands, swings and stands by formulas; a sensor on it."""

    slope: float = 0.0
    out_m: float = OUT_M
    toe_out_rad: float = TOE_OUT_RAD
    sensor_m: tuple[float, float, float] = INSTEP_M
    length_m: float = LENGTH_M
    contact_pitch_rad: float = PITCH_RAD

    def attitude(self, time_s: Array) -> Rotation:
        """Return how the foot is turned: x forward, y left, z up when flat."""
        at_s = np.array([-9.0, 0.0, 0.1, 0.35, OFF_S, 0.75, CONTACT_S - 0.1, CONTACT_S, STRIDE_S + 0.05, 9.0])
        landing_rad = self.contact_pitch_rad
        up_rad = np.array([0.0, 0.0, 0.0, 0.0, -1.0, -0.8, 1.1 * landing_rad, landing_rad, 0.0, 0.0])
        pitch = Rotation.from_rotvec(np.multiply.outer(_eased(at_s, up_rad, time_s), [0.0, -1.0, 0.0]))
        return self._incline() * Rotation.from_euler("z", self.toe_out_rad) * pitch

    def place_m(self, time_s: Array) -> Array:
        """Return where the sensor is [n, 3]: forward, left, up."""
        share = np.clip((time_s - OFF_S) / (STRIDE_S - OFF_S), 0.0, 1.0)
        ahead = share**4 * (35.0 - 84.0 * share + 70.0 * share**2 - 20.0 * share**3)
        bump = 256.0 * (share * (1.0 - share)) ** 4
        way = np.column_stack([self.length_m * ahead, self.out_m * bump, HEIGHT_M * bump])
        return self._incline().apply(way) + self.attitude(time_s).apply(np.array(self.sensor_m))

    def readings(self, rate_hz: float, seed: int = 1, noise: float = 1.0) -> Array:
        """Return what the sensor measures from 0.2 s before contact to 0.6 s after the next [n, 7], mounted anyhow."""
        random = np.random.default_rng(seed)
        time_s, step_s = np.arange(-0.2, CONTACT_S + 0.6, 1.0 / rate_hz), 1e-4
        before, here, after = (self.attitude(time_s + shift_s) for shift_s in (-step_s, 0.0, step_s))
        rate = (before.inv() * after).as_rotvec() / (2.0 * step_s)
        places = [self.place_m(time_s + shift_s) for shift_s in (-step_s, 0.0, step_s)]
        force = (places[0] - 2.0 * places[1] + places[2]) / step_s**2 + [0.0, 0.0, STANDARD_GRAVITY_MPS2]
        force = here.inv().apply(force)
        force += noise * (
            np.multiply.outer(_blow(time_s), [0.3, 0.1, 1.0]) + 0.03 * random.standard_normal(force.shape)
        )
        rate += noise * 0.003 * random.standard_normal(rate.shape)
        mounting = self.mounting(seed)
        return np.hstack([time_s[:, None], np.clip(mounting.apply(force), -CLIP_MPS2, CLIP_MPS2), mounting.apply(rate)])

    def mounting(self, seed: int) -> Rotation:
        """Return the turn from the foot's axes to the sensor's."""
        return Rotation.random(rng=np.random.default_rng(seed))

    def swing(self, readings: Array, seed: int = 1) -> FootSwing:
        """Return what is found in readings."""
        path = FootPath(Side.LEFT)
        for time_s, x, y, z, p, q, r in readings.tolist():
            path.feed(ImuSample("left_foot", time_s, (x, y, z), (p, q, r), imu_events.UNKNOWN))
        return path.swing(0.0, OFF_S, CONTACT_S, self.left(seed))

    def left(self, seed: int) -> Vector:
        """Return the person's left in the sensor's axes, as the axis about which the foot turns most."""
        x, y, z = self.mounting(seed).apply([0.0, 1.0, 0.0]).tolist()
        return (x, y, z)

    def _incline(self) -> Rotation:
        return Rotation.from_euler("y", -math.atan(self.slope))


def _eased(at_s: Array, values: Array, time_s: Array) -> Array:
    """Return values through points with a rate of nothing at each, and no jump of acceleration."""
    index = np.clip(np.searchsorted(at_s, time_s, side="right") - 1, 0, len(at_s) - 2)
    share = (time_s - at_s[index]) / (at_s[index + 1] - at_s[index])
    return values[index] + (values[index + 1] - values[index]) * share**3 * (10.0 - 15.0 * share + 6.0 * share**2)


def _blow(time_s: Array) -> Array:
    """Return the ringing of the sensor at contact, which moves nothing."""
    share = (time_s - CONTACT_S - 0.01) / BLOW_S
    return BLOW_MPS2 * (1.0 - share**2) * np.exp(-0.5 * share**2)


@dataclass(frozen=True)
class Row:
    """A row of the table: errors in m and rad, of the strides that are told."""

    name: str
    count: int
    swings: list[FootSwing]
    length_error_m: Array
    clearance_error_m: Array
    out_error_m: Array
    pitch_error_rad: Array
    toe_out_error_rad: Array

    @property
    def told_count(self) -> int:
        """Strides with a length."""
        return sum(math.isfinite(each.stride_length_m) for each in self.swings)

    @property
    def mean_length_error_m(self) -> float:
        """Mean of the errors' sizes, of what is told."""
        return float(np.nanmean(np.abs(self.length_error_m)))


def simulated_rows() -> Iterator[Row]:
    """Yield the simulated walker at all speeds and rates, and with a worse sensor at 100 Hz."""
    for speed_mps in SPEEDS_MPS:
        for rate_hz in RATES_HZ:
            plain = simulated(speed_mps, rate_hz)
            yield _simulated_row(f"simulated, {speed_mps:g} m/s, {rate_hz:.0f} Hz", *plain)
            if rate_hz == 100.0:
                for bias_dps, scale in ((0.5, 1.0), (0.0, 1.01)):
                    worse = with_errors(plain[0], bias_dps, scale)
                    name = f"simulated, {speed_mps:g} m/s, {rate_hz:.0f} Hz" + _worse(bias_dps, scale)
                    yield _simulated_row(name, worse, *plain[1:])


def _worse(bias_dps: float, scale: float) -> str:
    return (f", bias {bias_dps:g} deg/s" if bias_dps else "") + (f", scale {scale - 1.0:+.0%}" if scale != 1.0 else "")


def _simulated_row(name: str, readings: Array, pitch_rad: Array, length_m: float) -> Row:
    mounting = Rotation.random(rng=np.random.default_rng(3))
    turned = np.hstack([readings[:, :1], mounting.apply(readings[:, 1:4]), mounting.apply(readings[:, 4:])])
    walked = [each for each in strides(turned, Side.LEFT) if each.start_s > STEADY_S]
    at_contact_rad = np.interp([each.contact_s for each in walked], readings[:, 0], pitch_rad)
    return _row(name, [each.swing for each in walked], length_m, simulated_clearance_m(), 0.0, at_contact_rad, 0.0)


def formula_rows() -> Iterator[Row]:
    """Yield the foot in a formula: each row of ten sensors, mounted anyhow."""
    for rate_hz in RATES_HZ:
        for slope, bias_dps, scale in ((0.0, 0.0, 1.0), (SLOPE, 0.0, 1.0), (0.0, 0.5, 1.0), (0.0, 0.0, 1.01)):
            foot = Formula(slope)
            swings = [
                foot.swing(with_errors(foot.readings(rate_hz, seed), bias_dps, scale), seed) for seed in range(10)
            ]
            name = f"formula, {rate_hz:.0f} Hz" + _worse(bias_dps, scale) + (f", slope {slope:.0%}" if slope else "")
            length_m = LENGTH_M * math.cos(math.atan(slope))
            yield _row(name, swings, length_m, formula_clearance_m(), OUT_M, PITCH_RAD, TOE_OUT_RAD)


def formula_clearance_m() -> float:
    """Return how high the foot in a formula is when it comes level in swing."""
    time_s = np.arange(0.75, CONTACT_S, 1e-4)
    facing = Formula().attitude(time_s).apply([1.0, 0.0, 0.0])
    level_s = time_s[np.flatnonzero(facing[:, 2] >= 0.0)[:1]]
    return float(Formula(sensor_m=(0.0, 0.0, 0.0)).place_m(level_s)[0, 2])


def _row(
    name: str,
    swings: list[FootSwing],
    length_m: float,
    clearance_m: float,
    out_m: float,
    pitch_rad: float | Array,
    toe_out_rad: float,
) -> Row:
    return Row(
        name,
        len(swings),
        swings,
        np.array([each.stride_length_m for each in swings]) - length_m,
        np.array([each.foot_clearance_m for each in swings]) - clearance_m,
        np.array([each.circumduction_m for each in swings]) - out_m,
        np.array([each.foot_pitch_at_contact_rad for each in swings]) - pitch_rad,
        np.array([each.foot_progression_rad for each in swings]) - toe_out_rad,
    )


def recordings() -> Iterator[tuple[str, Array, Side]]:
    """Yield all recordings of feet: name, readings [n, 7], side (as good as known; the treadmill files do not say)."""
    for recording in imu_events.recordings():
        yield recording.name, recording.readings, Side.RIGHT if recording.name == "gaitmap right" else Side.LEFT
    path = data_folder() / "imu_5seg_treadmill_stroke_pp07_100hz_noref.csv"
    table = np.genfromtxt(path, delimiter=",", names=True)
    for side in Side:
        columns = [table[f"{side.value}foot_{kind}_{axis}"] for kind in ("acc", "gyr") for axis in "xyz"]
        yield f"stroke pp07 {side.value}", np.stack([table["time_s"], *columns], axis=1), side


def recorded_rows() -> Iterator[tuple[Row, list[Walked]]]:
    """Yield the recordings and their strides; of those of gaitmap with errors of their lengths."""
    for name, readings, side in recordings():
        walked = strides(readings, side)
        row = _row(name, [each.swing for each in walked], *5 * [math.nan])
        yield replace(row, length_error_m=marker_errors_m(walked, side) if "gaitmap" in name else np.array([])), walked


def speeds_mps(walked: list[Walked]) -> Array:
    """Return length over time of the strides with a length."""
    found_mps = np.array([each.swing.stride_length_m / (each.contact_s - each.start_s) for each in walked])
    return found_mps[np.isfinite(found_mps)]


def cost_us() -> tuple[float, float]:
    """Return what a sample and a stride take, at best, at 100 Hz."""
    foot = Formula()
    readings, left = foot.readings(100.0), foot.left(1)
    samples = [
        ImuSample("left_foot", time_s, (x, y, z), (p, q, r), imu_events.UNKNOWN)
        for time_s, x, y, z, p, q, r in readings.tolist()
    ]
    path = FootPath(Side.LEFT)
    start_s = time.perf_counter()
    for sample in samples:
        path.feed(sample)
    feed_s = (time.perf_counter() - start_s) / len(samples)
    swing_s = min(timeit.repeat(lambda: path.swing(0.0, OFF_S, CONTACT_S, left), number=1, repeat=300))
    return 1e6 * feed_s, 1e6 * swing_s


def main() -> None:
    """Print the tables."""
    print(
        "| foot | strides | told | length cm: mean, size, p95 | expected cm | clearance mm | out mm "
        "| pitch; toe-out deg |"
    )
    print("|---|---|---|---|---|---|---|---|")
    treadmills = []
    if data_folder().is_dir():
        for row, walked in recorded_rows():
            if not len(row.length_error_m):
                treadmills.append((row, walked))
                continue
            _print(row)
            if row.name == "gaitmap left":
                error_m = np.array(GAITMAP_M) - np.array(MARKER_M)
                other = _row("gaitmap left, by gaitmap", [], *5 * [math.nan])
                _print(replace(other, length_error_m=error_m[np.isfinite(MARKER_M)]))
    else:
        print(f"\nNo recordings: {data_folder()} is not there.\n")
    for row in (*formula_rows(), *simulated_rows()):
        _print(row)
    print("\n| treadmill | strides | told | length m | speed m/s | spread % | expected % | why not told |")
    print("|---|---|---|---|---|---|---|---|")
    for row, walked in treadmills:
        _print_treadmill(row, walked)
    feed_us, swing_us = cost_us()
    print(f"\nCost at 100 Hz: {feed_us:.1f} us a sample and {swing_us:.0f} us a stride.")


def _print(row: Row) -> None:
    def mean(values: Array, scale: float) -> str:
        known = scale * values[np.isfinite(values)]
        return f"{known.mean():+.1f}, {np.abs(known).mean():.1f}" if len(known) else "-"

    size_m = np.abs(row.length_error_m[np.isfinite(row.length_error_m)])
    expected_m = [each.stride_length_error_m for each in row.swings if math.isfinite(each.stride_length_m)]
    expected = f"{100.0 * float(np.median(expected_m)):.1f}" if expected_m else "-"
    degrees = math.degrees(1.0)
    print(
        f"| {row.name} | {len(row.length_error_m)} | {len(size_m)} "
        f"| {mean(row.length_error_m, 100.0)}, {100.0 * float(np.percentile(size_m, 95)):.1f} | {expected} "
        f"| {mean(row.clearance_error_m, 1e3)} | {mean(row.out_error_m, 1e3)} "
        f"| {mean(row.pitch_error_rad, degrees)}; {mean(row.toe_out_error_rad, degrees)} |"
    )


def _print_treadmill(row: Row, walked: list[Walked]) -> None:
    told = [each for each in row.swings if math.isfinite(each.stride_length_m)]
    length_m = float(np.median([each.stride_length_m for each in told]))
    expected = float(np.median([each.stride_length_error_m for each in told])) / length_m
    found_mps = speeds_mps(walked)
    reasons = Counter(each.reason for each in row.swings if math.isnan(each.stride_length_m)).most_common()
    print(
        f"| {row.name} | {row.count} | {row.told_count} | {length_m:.2f} | {np.median(found_mps):.2f} "
        f"| {100.0 * found_mps.std() / np.median(found_mps):.1f} | {100.0 * expected:.1f} "
        f"| {', '.join(f'{reason} ({count})' for reason, count in reasons)} |"
    )


if __name__ == "__main__":
    main()
