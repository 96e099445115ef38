# SPDX-License-Identifier: Apache-2.0
"""Events of the detectors for an IMU on a foot or a shank against references, on plain and on altered recordings.

    python benchmarks/accuracy/imu_events.py

docs/recordings.md says what the recordings are and where they must lie. Samples with ``valid`` = 0 are left out and are
gaps. Side and mounting are not told to the detector. A found event and a reference event match one to one, nearest
first, within 150 ms for healthy, 200 ms for hemiparetic and 250 ms for simulated walkers; events found beyond the first
and last reference of their kind are not scored. The treadmill references come from an insole whose clock is off by a
constant: one median of all errors, both kinds, is taken off; those of gaitmap are from motion capture and are compared
as they are. Stride times and stance are compared where no event is flagged as doubtful, for flagged strides are left
out of every metric. Delays are of events without a flag after the mounting became known.

Altered: *turned*, a random mounting; *mirrored*, the other foot's sensor; *slower* and *faster*, times stretched and
rates scaled with them, the specific force left as it is (it is mostly gravity). Simulated: feet and shanks of the
walker with random mountings, at belt speeds from 0.3 to 1.6 m/s, the left leg a prosthesis, standing before and after;
truth exact, but its foot and shank turn fastest 0.06 to 0.2 s before they leave the ground, which those of people do
not. Shanks of a recording without a reference are compared with what was found for the feet of the same legs.

Below the table: how far the insoles can be trusted. *In swing*: reference events at which the foot turns toes up faster
than a quarter of its usual peak in swing; on the ground a foot turns toes down alone. *At rest*: reference contacts
before which it has been still for 0.1 s, so that it had landed. *Without them*: F1 and RMSE with these reference events
left out, and the found one nearest to each.
"""

import csv
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from data_folder import data_folder
from scipy.spatial.transform import Rotation

from gait_analysis.events import EventFlag, EventKind, GaitEvent
from gait_analysis.imu_events import foot_rate, shank_rate
from gait_analysis.imu_events.turn_detector import TurnDetector
from gait_analysis.imu_events.turning import STILL_RADPS
from gait_sensing.samples import Array, ImuSample, Side
from gait_sim.walker import Walker, WalkerSettings

RATE_HZ = 100
STAND_S, WALK_S = 6.0, 40.0
SPEEDS_MPS = (0.3, 0.5, 0.8, 1.2, 1.6)
HEALTHY_S, PARETIC_S, SIMULATED_S = 0.15, 0.2, 0.25
TREADMILL = {"healthy_h1": HEALTHY_S, "hemiparetic_p1": PARETIC_S, "hemiparetic_p5": PARETIC_S}
SWINGING = 0.25  # of the usual peak of a swing
STILL_S = 0.1
UNKNOWN = (math.nan,) * 4
CONTACT, OFF = EventKind.INITIAL_CONTACT, EventKind.FOOT_OFF


@dataclass(frozen=True)
class Recording:
    """Readings [n, 7] of one sensor (time, specific force, angular rate) and the times of its reference events."""

    name: str
    readings: Array
    reference_s: dict[EventKind, Array]
    window_s: float
    is_clock_shared: bool
    link: str = "foot"


@dataclass(frozen=True)
class Score:
    """How found events agree with reference events; errors are found minus reference, in s."""

    reference_count: dict[EventKind, int]
    f1: dict[EventKind, float]
    error_s: dict[EventKind, Array]
    stride_error_s: Array
    stance_error: Array  # share of the stride
    delay_s: Array
    known_s: float  # when the first event was told
    speed: float  # times real time


def recordings() -> Iterator[Recording]:
    """Yield the recordings of one foot."""
    folder = data_folder()
    for name, window_s in TREADMILL.items():
        path = folder / f"imu_foot_treadmill_{name}_100hz.csv"
        reference_s = _reference(folder / f"{path.stem}_events.csv", "instrumented")
        yield Recording(name.replace("_", " "), _readings(path), reference_s, window_s, False)
    for side in Side:
        path = folder / f"imu_foot_{side.value}_gaitmap_2x20m_204p8hz.csv"
        reference_s = _reference(folder / "imu_foot_gaitmap_2x20m_204p8hz_events.csv", side.value)
        yield Recording(f"gaitmap {side.value}", _readings(path), reference_s, HEALTHY_S, True)


def _readings(path: Path) -> Array:
    table = np.genfromtxt(path, delimiter=",", names=True)
    columns = [table["time_s"], *(table[f"{kind}_{axis}"] for kind in ("acc", "gyr") for axis in "xyz")]
    readings = np.stack(columns, axis=1)
    return readings[table["valid"] == 1] if "valid" in table.dtype.names else readings


def _reference(path: Path, side: str) -> dict[EventKind, Array]:
    with path.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["side"] == side]
    return {kind: np.array([float(row["time_s"]) for row in rows if row["event"] == kind.value]) for kind in EventKind}


def turned(recording: Recording, seed: int) -> Recording:
    """Return what a sensor measures that is mounted anyhow."""
    rotation = Rotation.random(rng=np.random.default_rng(seed))
    force, rate = rotation.apply(recording.readings[:, 1:4]), rotation.apply(recording.readings[:, 4:])
    return replace(
        recording, name=f"{recording.name}, turned", readings=np.hstack([recording.readings[:, :1], force, rate])
    )


def mirrored(recording: Recording) -> Recording:
    """Return what the sensor of the other foot measures; in a mirror a rate, an axial vector, turns the other way."""
    readings = recording.readings * np.array([1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0])
    return replace(recording, name=f"{recording.name}, mirrored", readings=readings)


def stretched(recording: Recording, factor: float) -> Recording:
    """Return the recording of a person who walks slower by ``factor``."""
    readings = recording.readings * np.array([factor, 1.0, 1.0, 1.0, *3 * [1.0 / factor]])
    reference_s = {kind: factor * times_s for kind, times_s in recording.reference_s.items()}
    name = f"{recording.name}, {'slower' if factor > 1.0 else 'faster'} by {factor:g}"
    return replace(recording, name=name, readings=readings, reference_s=reference_s)


def shanks() -> Iterator[Recording]:
    """Yield the shanks of the recording that has feet too, with the events of the feet."""
    table = np.genfromtxt(data_folder() / "imu_5seg_treadmill_stroke_pp07_100hz_noref.csv", delimiter=",", names=True)

    def readings(segment: str) -> Array:
        columns = [table[f"{segment}_{kind}_{axis}"] for kind in ("acc", "gyr") for axis in "xyz"]
        return np.stack([table["time_s"], *columns], axis=1)

    for side in Side:
        events = find_events(readings(f"{side.value}foot"), "foot")
        reference_s = {kind: np.array([event.time_s for event in events if event.kind is kind]) for kind in EventKind}
        name = f"pp07, {side.value} shank against foot"
        yield Recording(name, readings(f"{side.value}shank"), reference_s, HEALTHY_S, True, "shank")


def simulated(speed_mps: float, side: Side, link: str, settings: WalkerSettings) -> Recording:
    """Return a foot or shank of the walker, who stands, walks and stands, with the true events."""
    walker = Walker(settings)
    count = round((2.0 * STAND_S + WALK_S) * RATE_HZ)
    readings, times_s = np.zeros((count, 7)), {kind: [] for kind in EventKind}
    for index in range(count):
        time_s = index / RATE_HZ
        belt_mps = speed_mps if STAND_S <= time_s < STAND_S + WALK_S else 0.0
        for event in walker.advance(time_s + 1e-3, belt_mps, belt_mps):
            if event.side is side:
                times_s[event.kind].append(event.time_s)
        reading = walker.imu(f"{side.value}_{link}", time_s, None)
        readings[index] = (time_s, *reading.acceleration_mps2, *reading.angular_rate_radps)
    reference_s = {kind: np.array(values) for kind, values in times_s.items()}
    return Recording(f"simulated, {speed_mps} m/s, {side.value} {link}", readings, reference_s, SIMULATED_S, True, link)


def detector(link: str, side: Side = Side.LEFT) -> TurnDetector:
    """Return the detector for a link, with its defaults."""
    if link == "foot":
        return foot_rate.Detector(foot_rate.Settings(), side)
    return shank_rate.Detector(shank_rate.Settings(), side)


def find_events(readings: Array, link: str) -> list[GaitEvent]:
    """Run the detector over readings as if live."""
    one = detector(link)
    events: list[GaitEvent] = []
    for time_s, *values in readings.tolist():
        events += one.feed(ImuSample("one", time_s, tuple(values[:3]), tuple(values[3:]), UNKNOWN))
    return events


def match(reference_s: Array, found_s: Array, window_s: float) -> list[tuple[int, int]]:
    """Return the indices of reference and found event of the pairs, nearest first, each event in one pair at most."""
    pairs: list[tuple[int, int]] = []
    apart_s = np.abs(found_s[None, :] - reference_s[:, None])
    free = (np.ones(len(reference_s), bool), np.ones(len(found_s), bool))
    for flat in np.argsort(apart_s, axis=None).tolist():
        row, column = divmod(flat, len(found_s))
        if apart_s[row, column] > window_s:
            break
        if free[0][row] and free[1][column]:
            free[0][row] = free[1][column] = False
            pairs.append((row, column))
    return sorted(pairs)


def score(recording: Recording) -> Score:
    """Return how the detector does on a recording."""
    start_s = time.perf_counter()
    events = find_events(recording.readings, recording.link)
    speed = float(np.ptp(recording.readings[:, 0])) / (time.perf_counter() - start_s)
    reference_s, window_s = recording.reference_s, recording.window_s
    offset_s = 0.0 if recording.is_clock_shared else _offset_s(events, reference_s, window_s)
    f1, error_s, matched = {}, {}, {}
    for kind, truth_s in reference_s.items():
        low_s, high_s = truth_s[0] - window_s + offset_s, truth_s[-1] + window_s + offset_s
        found = [event for event in events if event.kind is kind and low_s <= event.time_s <= high_s]
        found_s = np.array([event.time_s - offset_s for event in found])
        pairs = match(truth_s, found_s, window_s)
        f1[kind] = 2.0 * len(pairs) / (len(truth_s) + len(found))
        error_s[kind] = np.array([found_s[column] - truth_s[row] for row, column in pairs])
        matched[kind] = {row: (found_s[column], found[column].flags) for row, column in pairs}
    known_s = events[0].detected_s if events else math.nan
    delay_s = [event.detected_s - event.time_s for event in events if event.detected_s > known_s and not event.flags]
    return Score(
        {kind: len(times_s) for kind, times_s in reference_s.items()},
        f1,
        error_s,
        *_strides(reference_s, matched),
        np.array(delay_s),
        known_s,
        speed,
    )


def _offset_s(events: list[GaitEvent], reference_s: dict[EventKind, Array], window_s: float) -> float:
    errors_s = []
    for kind, times_s in reference_s.items():
        found_s = np.array([event.time_s for event in events if event.kind is kind])
        errors_s += [found_s[np.abs(found_s - time_s).argmin()] - time_s for time_s in times_s]
    near_s = [error_s for error_s in errors_s if abs(error_s) <= window_s]
    return float(np.median(near_s))


def _strides(
    reference_s: dict[EventKind, Array], matched: dict[EventKind, dict[int, tuple[float, EventFlag]]]
) -> tuple[Array, Array]:
    """Return the errors of stride time in s and of the share of stance, of strides without a doubtful event."""
    contacts, offs = matched[CONTACT], matched[OFF]
    durations_s, shares = [], []
    for row, (begin_s, end_s) in enumerate(zip(reference_s[CONTACT][:-1], reference_s[CONTACT][1:], strict=True)):
        if row not in contacts or row + 1 not in contacts or contacts[row][1] or contacts[row + 1][1]:
            continue
        found_begin_s, found_s = contacts[row][0], contacts[row + 1][0] - contacts[row][0]
        durations_s.append(found_s - (end_s - begin_s))
        between = np.flatnonzero((reference_s[OFF] > begin_s) & (reference_s[OFF] < end_s)).tolist()
        if len(between) == 1 and between[0] in offs and not offs[between[0]][1]:
            true_share = (reference_s[OFF][between[0]] - begin_s) / (end_s - begin_s)
            shares.append((offs[between[0]][0] - found_begin_s) / found_s - true_share)
    return np.array(durations_s), np.array(shares)


def trust_row(recording: Recording) -> str:
    """Return a row on the reference events that the readings contradict, and the scores without them."""
    events = find_events(recording.readings, recording.link)
    offset_s = _offset_s(events, recording.reference_s, recording.window_s)
    cells, matched = [], {}
    for kind, own_s in recording.reference_s.items():
        truth_s, found = own_s + offset_s, [event for event in events if event.kind is kind]
        is_swinging, is_resting = _against(recording, events, truth_s)
        is_wrong = is_swinging | is_resting if kind is CONTACT else is_swinging
        found_s = np.array([event.time_s for event in found])
        nearest = {int(np.abs(found_s - time_s).argmin()) for time_s in truth_s[is_wrong]}
        rows = np.flatnonzero(~is_wrong).tolist()
        low_s, high_s = truth_s[0] - recording.window_s, truth_s[-1] + recording.window_s
        kept = [each for at, each in enumerate(found) if at not in nearest and low_s <= each.time_s <= high_s]
        pairs = match(truth_s[rows], np.array([event.time_s for event in kept]), recording.window_s)
        matched[kind] = {rows[row]: (kept[column].time_s, kept[column].flags) for row, column in pairs}
        counts = f"{is_swinging.sum()} + {is_resting.sum()}" if kind is CONTACT else f"{is_swinging.sum()}"
        cells += [f"{counts} of {len(own_s)}", f"{2.0 * len(pairs) / (len(rows) + len(kept)):.3f}"]
    stride_error_s, _ = _strides(recording.reference_s, matched)
    rmse_ms = 1e3 * math.sqrt(float(np.mean(stride_error_s**2)))
    return f"| {recording.name} | {' | '.join(cells)} | {rmse_ms:.1f} |"


def _against(recording: Recording, events: list[GaitEvent], times_s: Array) -> tuple[Array, Array]:
    """Return whether the foot is in mid-swing, and whether it has been at rest, at each of these times."""
    one = detector(recording.link)
    for time_s, *values in recording.readings.tolist():
        one.feed(ImuSample("one", time_s, tuple(values[:3]), tuple(values[3:]), UNKNOWN))
    at_s, gyro_radps = recording.readings[:, 0], recording.readings[:, 4:]
    toes_up_radps, size_radps = -(gyro_radps @ np.array(one.left)), np.linalg.norm(gyro_radps, axis=1)
    offs_s = [event.time_s for event in events if event.kind is OFF]
    peak_radps = np.median([toes_up_radps[(at_s > off_s) & (at_s < off_s + 1.0)].max() for off_s in offs_s])
    before = [size_radps[(at_s > time_s - STILL_S) & (at_s <= time_s)] for time_s in times_s]
    is_resting = np.array([len(part) > 1 and part.max() < STILL_RADPS for part in before])
    return np.interp(times_s, at_s, toes_up_radps) > SWINGING * peak_radps, is_resting


def row_of(name: str, result: Score) -> str:
    """Return a row of the table."""
    kinds = (CONTACT, OFF)

    def both(values: list[float], form: str) -> str:
        return " / ".join(format(value, form) for value in values)

    size_ms = [1e3 * np.abs(result.error_s[kind]) for kind in kinds]
    stride_ms = 1e3 * result.stride_error_s
    delay_ms = np.percentile(1e3 * result.delay_s, [50, 95])
    return (
        f"| {name} | {both([result.reference_count[kind] for kind in kinds], 'd')} "
        f"| {both([result.f1[kind] for kind in kinds], '.3f')} "
        f"| {both([1e3 * float(np.median(result.error_s[kind])) for kind in kinds], '+.0f')} "
        f"| {both([float(np.median(size)) for size in size_ms], '.0f')} "
        f"| {both([float(np.percentile(size, 95)) for size in size_ms], '.0f')} "
        f"| {math.sqrt(float(np.mean(stride_ms**2))):.1f} | {float(np.median(np.abs(stride_ms))):.0f} "
        f"| {100.0 * float(np.mean(result.stance_error)):+.1f} | {delay_ms[0]:.0f} / {delay_ms[1]:.0f} "
        f"| {result.known_s:.1f} | {result.speed:.0f} |"
    )


def altered(recording: Recording) -> Iterator[Recording]:
    """Yield the recording and what is made of it."""
    yield recording
    yield turned(recording, 1)
    yield turned(mirrored(recording), 2)
    yield stretched(recording, 0.8)
    yield stretched(recording, 1.25)


def walks() -> Iterator[Recording]:
    """Yield feet and shanks of simulated walks with random mountings."""
    for link in ("foot", "shank"):
        for number, speed_mps in enumerate(SPEEDS_MPS):
            for side in Side:
                walk = simulated(speed_mps, side, link, WalkerSettings(prosthetic_side="left", seed=number))
                yield turned(walk, number)


def main() -> None:
    """Print the tables."""
    print(
        "| recording | n IC / TO | F1 IC / TO | bias ms | median ms | p95 ms | stride RMSE ms | its median ms "
        "| stance bias pp | delay p50 / p95 ms | known at s | x real time |\n|" + 12 * "---|"
    )
    if data_folder().is_dir():
        for recording in recordings():
            for each in altered(recording):
                print(row_of(each.name, score(each)))
        for shank in shanks():
            print(row_of(shank.name, score(shank)))
    else:
        print(f"\nNo recordings: {data_folder()} is not there.")
    for walk in walks():
        print(row_of(walk.name, score(walk)))
    if data_folder().is_dir():
        print(
            "\n| insole of | contacts in swing + at rest | F1 without them | foot offs in swing | F1 without them "
            "| stride RMSE without them ms |\n|---|---|---|---|---|---|"
        )
        for recording in recordings():
            if not recording.is_clock_shared:
                print(trust_row(recording))


if __name__ == "__main__":
    main()
