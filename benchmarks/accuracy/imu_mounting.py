# SPDX-License-Identifier: Apache-2.0
"""Mountings of IMUs found from standing and walking, and wrongly worn IMUs named, against what was done to the data.

    python benchmarks/accuracy/imu_mounting.py

Simulated: seven IMUs with random mountings at belt speeds of 0.4 to 1.6 m/s, each leg or none a prosthesis. The
walker's legs turn in the sagittal plane alone. "Rough" has twice the noise, and all segments turn about their other two
axes as well: each by 0.15 of the size of their sagittal rate, at one and at two times stride frequency, with random
phases. Some 0.9 of the variance is then sagittal, as it is in recordings of feet and shanks.

Real: the recordings of docs/recordings.md. Most begin in walking, and standing is put before them: the specific force
of a foot at its rests, the mean one of other segments. Nobody measured how those IMUs sat; what can be checked is
whether stretches of a recording agree, and whether labels that are exchanged in the data are named. Few people walked,
and some constants of the method were set with these recordings in view: counts, not rates.

A claim is right when exactly what was done is named (nothing, where nothing was done), unclear when there is only a
warning that something cannot be told, missed when nothing is said, wrong when anything else is claimed. Not told: no
walking was found that is even enough.
"""

import math
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import combinations

import numpy as np
from data_folder import data_folder
from scipy.spatial.transform import Rotation

from gait_analysis.events import EventKind
from gait_sensing.mounting.axes import Motion, find_rests, find_stride
from gait_sensing.mounting.mounting import ImuMounting, MountingSettings
from gait_sensing.mounting.placement import link_of
from gait_sensing.samples import Array, ImuSample, Side
from gait_sim.body_motion import SEGMENTS
from gait_sim.walker import Walker, WalkerSettings

RATE_HZ = 100
STAND_S, WALK_S, STOP_S = 4.0, 21.0, 6.0
SPEEDS_MPS = (0.4, 0.6, 0.9, 1.2, 1.6)
MOUNTINGS_PER_WALK = 3
TURNED_RAD = math.pi
MOVED_RAD = math.radians(20.0)
OUT_OF_PLANE = 0.15
Readings = dict[str, Array]  # segment -> [n, 7]: time, acceleration, angular rate
Contacts = list[tuple[Side, float]]


def simulate(speed_mps: float, settings: WalkerSettings) -> tuple[Readings, Contacts]:
    """Return what all segments measure while the person stands, walks and stands, and the true contacts."""
    walker = Walker(settings)
    count = round((STAND_S + WALK_S + STOP_S) * RATE_HZ)
    readings = {segment: np.zeros((count, 7)) for segment in SEGMENTS}
    contacts: Contacts = []
    for index in range(count):
        time_s = index / RATE_HZ
        belt_mps = speed_mps if STAND_S <= time_s < STAND_S + WALK_S else 0.0
        events = walker.advance(time_s + 0.001, belt_mps, belt_mps)
        contacts += [(event.side, event.time_s) for event in events if event.kind is EventKind.INITIAL_CONTACT]
        for segment in SEGMENTS:
            reading = walker.imu(segment, time_s, None)
            readings[segment][index] = (time_s, *reading.acceleration_mps2, *reading.angular_rate_radps)
    return readings, contacts


def walks(is_rough: bool) -> Iterator[tuple[int, Readings, Contacts]]:
    """Yield a seed, the readings and the contacts of each simulated walk."""
    noise = 2.0 if is_rough else 1.0
    for number, (speed_mps, side) in enumerate((v, side) for v in SPEEDS_MPS for side in ("left", "right", "none")):
        settings = WalkerSettings(
            prosthetic_side=side,
            seed=number,
            acceleration_noise_mps2=noise * 0.05,
            angular_rate_noise_radps=noise * 0.005,
        )
        readings, contacts = simulate(speed_mps, settings)
        if is_rough:
            stride_s = 2.0 * float(np.median(np.diff([time_s for _, time_s in contacts])))
            readings = {segment: _roughened(reading, stride_s, number) for segment, reading in readings.items()}
        yield number, readings, contacts


def _roughened(reading: Array, stride_s: float, seed: int) -> Array:
    random = np.random.default_rng(seed)
    size_radps = OUT_OF_PLANE * math.sqrt(2.0) * np.abs(reading[:, 5])
    rough = reading.copy()
    for axis in (4, 6):
        for harmonic in (1, 2):
            phase = 2.0 * math.pi * (harmonic * reading[:, 0] / stride_s + random.random())
            rough[:, axis] += size_radps * np.sin(phase)
    return rough


def turned(reading: Array, rotation: Rotation) -> Array:
    """Return what a sensor measures that is mounted with ``rotation``, its axes to those of the reading."""
    return np.hstack([reading[:, :1], rotation.inv().apply(reading[:, 1:4]), rotation.inv().apply(reading[:, 4:])])


def run(readings: Mapping[str, Array], contacts: Contacts, settings: MountingSettings) -> ImuMounting:
    """Run the mounting over readings as if live."""
    mounting = ImuMounting(settings, list(readings))
    for side, time_s in contacts:
        mounting.feed_contact(side, time_s)
    unknown = (math.nan,) * 4
    rows = [(*row, segment) for segment, reading in readings.items() for row in reading.tolist()]
    for time_s, ax, ay, az, wx, wy, wz, segment in sorted(rows):
        mounting.feed(ImuSample(segment, time_s, (ax, ay, az), (wx, wy, wz), unknown))
    return mounting


def claims(mounting: ImuMounting) -> list[tuple[str, str]]:
    """Return level and text of all that is more than "cannot tell"."""
    return [(finding.level, finding.text) for finding in mounting.findings() if finding.level != "info"]


def verdict(mounting: ImuMounting, expected: str) -> str:
    """Return how right the claims are; ``expected`` begins the right one and is empty for none."""
    if not mounting.is_complete:
        return "not told"
    found = claims(mounting)
    errors = [text for level, text in found if level == "error" or "moved on" in text]
    if not expected:
        return "right" if not found else "wrong" if errors else "unclear"
    if not found:
        return "missed"
    return "right" if all(text.startswith(expected) for text in errors) and errors else "wrong" if errors else "unclear"


def score_axes(is_rough: bool) -> None:
    """Print the rows of angular error of simulated walks."""
    errors_deg: dict[str, list[float]] = {}
    told: Counter[str] = Counter()
    for seed, readings, contacts in walks(is_rough):
        random = np.random.default_rng(1000 + seed)
        for _ in range(MOUNTINGS_PER_WALK):
            truth = dict(zip(SEGMENTS, Rotation.random(len(SEGMENTS), rng=random), strict=True))
            mounting = run({name: turned(readings[name], truth[name]) for name in SEGMENTS}, contacts, PLAIN)
            for segment in SEGMENTS:
                link = link_of(segment)
                told[link] += 1
                result = mounting.result(segment)
                if result is not None:
                    error = Rotation.from_quat(result.rotation_xyzw) * truth[segment].inv()
                    errors_deg.setdefault(link, []).append(math.degrees(error.magnitude()))
    for link, values in errors_deg.items():
        wrong = sum(value > 90.0 for value in values)
        print(
            f"| {'rough' if is_rough else 'smooth'} | {link} | {told[link]} | {len(values)} | {np.median(values):.1f} "
            f"| {np.percentile(values, 95):.1f} | {max(values):.1f} | {wrong} |"
        )


PLAIN = MountingSettings()


def simulated_cases(readings: Readings, contacts: Contacts) -> Iterator[tuple[str, str, ImuMounting]]:
    """Yield what was done, the claim that is right, and the mounting found."""
    yield "nothing", "", run(readings, contacts, PLAIN)
    yield "nothing, no contacts", "", run(readings, [], PLAIN)
    for one, other in combinations(SEGMENTS, 2):
        if link_of(one) != link_of(other):
            swapped = {**readings, one: readings[other], other: readings[one]}
            yield "two unlike segments swapped", f"{one} and {other} look swapped", run(swapped, contacts, PLAIN)
    for link in ("foot", "shank", "thigh"):
        left, right = f"left_{link}", f"right_{link}"
        swapped = {**readings, left: readings[right], right: readings[left]}
        yield "left and right swapped", f"{left} and {right} look swapped", run(swapped, contacts, PLAIN)
        text = "left and right look swapped either for"
        yield "left and right swapped, no contacts", text, run(swapped, [], PLAIN)
    turn = Rotation.from_rotvec((0.1, 0.4, 0.2))
    for label, place in (("left_thigh", "left_shank"), ("left_foot", "left_thigh"), ("pelvis", "left_shank")):
        only = {label: turned(readings[place], turn)}
        others = {name: values for name, values in readings.items() if name not in (label, place)}
        text = f"{label} looks worn on a {link_of(place)}"
        yield "one on a wrong segment", text, run({**only, **others}, contacts, PLAIN)
    for segment in ("pelvis", "left_foot", "right_shank", "left_thigh"):
        yield from _turned_cases(readings, contacts, segment)


def _turned_cases(readings: Readings, contacts: Contacts, segment: str) -> Iterator[tuple[str, str, ImuMounting]]:
    expecting = MountingSettings(expected=[f"{name} +x +y +z" for name in readings])
    about = turned(readings[segment], Rotation.from_rotvec((0.0, 0.0, TURNED_RAD)))
    over = turned(readings[segment], Rotation.from_rotvec((TURNED_RAD, 0.0, 0.0)))
    yield "turned by 180 degrees", f"{segment} is turned by 1", run({**readings, segment: about}, contacts, expecting)
    yield "upside down", f"{segment} is worn upside down", run({**readings, segment: over}, contacts, expecting)
    shifted = turned(readings[segment], Rotation.from_rotvec((0.0, MOVED_RAD, 0.0)))
    late = readings[segment][:, :1] > STAND_S + WALK_S - 1.0
    moved = np.where(late, shifted, readings[segment])
    yield "moved by 20 degrees", f"{segment} moved on the segment", run({**readings, segment: moved}, contacts, PLAIN)


def read_imu(name: str, prefix: str = "") -> Array:
    """Return the readings [n, 7] of one IMU of a recording."""
    table = np.genfromtxt(data_folder() / f"{name}.csv", delimiter=",", names=True)
    columns = [f"{prefix}{kind}_{axis}" for kind in ("acc", "gyr") for axis in "xyz"]
    return np.stack([table["time_s"], *(table[column] for column in columns)], axis=1)


def with_standing(readings: Readings, begin_s: float, end_s: float) -> Readings:
    """Return a stretch of a recording with four seconds of standing put before it."""
    stretches = {name: values[(values[:, 0] >= begin_s) & (values[:, 0] < end_s)] for name, values in readings.items()}
    count = round((end_s - begin_s) * RATE_HZ) - 2
    motions = {name: Motion.sampled(values, begin_s, count) for name, values in stretches.items()}
    stride_s, _ = find_stride(list(motions.values()))
    for name, motion in motions.items():
        rests = find_rests(motion, stride_s) if link_of(name) == "foot" else slice(None)
        standing = np.zeros((round(STAND_S * RATE_HZ), 7))
        standing[:, 0] = begin_s - STAND_S + np.arange(len(standing)) / RATE_HZ
        standing[:, 1:4] = np.median(motion.acceleration_mps2[rests], axis=0) * np.ones((len(standing), 1))
        if link_of(name) != "foot":
            standing[:, 1:4] = motion.acceleration_mps2.mean(axis=0)
        stretches[name] = np.vstack([standing, stretches[name]])
    return stretches


def recordings() -> Iterator[tuple[str, MountingSettings, list[Readings], Contacts]]:
    """Yield each recording's name, settings, stretches of walking and contacts."""
    name = "imu_5seg_treadmill_stroke_pp07_100hz_noref"
    places = {"left_foot": "leftfoot_", "right_foot": "rightfoot_", "left_shank": "leftshank_"}
    places |= {"right_shank": "rightshank_", "pelvis": "lumbar_"}
    readings = {segment: read_imu(name, prefix) for segment, prefix in places.items()}
    yield "stroke pp07, 5 IMUs", PLAIN, [with_standing(readings, at, at + 20.0) for at in (0.0, 20.0, 39.0)], []
    feet = {f"{side.value}_foot": read_imu(f"imu_foot_{side.value}_gaitmap_2x20m_204p8hz") for side in Side}
    table = np.genfromtxt(
        data_folder() / "imu_foot_gaitmap_2x20m_204p8hz_events.csv",
        delimiter=",",
        names=True,
        dtype=None,
        encoding=None,
    )
    contacts = [(Side(row["side"]), float(row["time_s"])) for row in table if row["event"] == "IC"]
    short = MountingSettings(walking_s=7.0)
    yield "healthy, feet, overground", short, [with_standing(feet, at, at + 9.0) for at in (3.5, 20.0)], contacts
    for name in ("healthy_h1", "hemiparetic_p1", "hemiparetic_p5"):
        foot = {"left_foot": read_imu(f"imu_foot_treadmill_{name}_100hz")}
        yield f"{name}, a foot", PLAIN, [with_standing(foot, at, at + 30.0) for at in range(0, 150, 30)], []


def real_cases(
    readings: Readings, contacts: Contacts, settings: MountingSettings
) -> Iterator[tuple[str, str, ImuMounting]]:
    """Yield what was done to a recording, the claim that is right, and the mounting found."""
    yield "nothing", "", run(readings, contacts, settings)
    for one, other in combinations(readings, 2):
        swapped = {**readings, one: readings[other], other: readings[one]}
        text = f"{one} and {other} look swapped"
        if link_of(one) != link_of(other):
            yield "two unlike segments swapped", text, run(swapped, contacts, settings)
        elif contacts:
            yield "left and right swapped", text, run(swapped, contacts, settings)
        elif len(readings) > 2:
            yield "left and right swapped, no contacts", "left and right look", run(swapped, contacts, settings)
    for label in ("foot", "shank", "thigh"):
        for name, values in readings.items():
            if label != link_of(name):
                link = link_of(name)
                text = f"left_{label} looks worn on {'the' if link == 'pelvis' else 'a'} {link}"
                yield "the only IMU on a wrong segment", text, run({f"left_{label}": values}, [], settings)


def score_real() -> tuple[dict[tuple[str, str], Counter[str]], list[str]]:
    """Return verdicts by recording and deed, and rows on how stretches of a recording agree."""
    verdicts: dict[tuple[str, str], Counter[str]] = {}
    rows = []
    for name, settings, stretches, contacts in recordings():
        found: dict[str, list[Rotation]] = {segment: [] for segment in stretches[0]}
        for readings in stretches:
            for deed, expected, mounting in real_cases(readings, contacts, settings):
                verdicts.setdefault((name, deed), Counter())[verdict(mounting, expected)] += 1
            mounting = run(readings, contacts, settings)
            for segment in found:
                if (result := mounting.result(segment)) is not None:
                    found[segment].append(Rotation.from_quat(result.rotation_xyzw))
        for segment, rotations in found.items():
            angles_deg = [math.degrees((a * b.inv()).magnitude()) for a, b in combinations(rotations, 2)]
            largest = f"{max(angles_deg):.1f}" if angles_deg else "-"
            rows.append(f"| {name} | {segment} | {len(stretches)} | {len(rotations)} | {largest} |")
    return verdicts, rows


def print_verdicts(verdicts: Mapping[tuple[str, str], Counter[str]]) -> None:
    """Print a table of verdicts."""
    print(
        "\n| data | done to it | n | right | unclear | missed | wrong | not told |\n|---|---|---|---|---|---|---|---|"
    )
    for (data, deed), counts in verdicts.items():
        cells = " | ".join(str(counts[key]) for key in ("right", "unclear", "missed", "wrong", "not told"))
        print(f"| {data} | {deed} | {sum(counts.values())} | {cells} |")


def score_cost() -> str:
    """Return what seven IMUs at 100 Hz cost."""
    readings, contacts = simulate(1.1, WalkerSettings())
    start_s = time.perf_counter()
    mounting = run(readings, contacts, PLAIN)
    spent_s = time.perf_counter() - start_s
    walked_s = STAND_S + WALK_S + STOP_S
    start_s = time.perf_counter()
    mounting.findings()
    return (
        f"Seven IMUs at {RATE_HZ} Hz: {spent_s / walked_s:.1%} of a core, {walked_s / spent_s:.0f} times real time; "
        f"findings in {1e3 * (time.perf_counter() - start_s):.1f} ms."
    )


def main() -> None:
    """Print the tables."""
    print("| simulated | segment | n | told | median deg | p95 deg | max deg | forward wrong |")
    print("|---|---|---|---|---|---|---|---|")
    score_axes(False)
    score_axes(True)
    verdicts: dict[tuple[str, str], Counter[str]] = {}
    for is_rough in (False, True):
        for _, readings, contacts in walks(is_rough):
            for deed, expected, mounting in simulated_cases(readings, contacts):
                key = ("rough" if is_rough else "smooth", deed)
                verdicts.setdefault(key, Counter())[verdict(mounting, expected)] += 1
    print_verdicts(verdicts)
    if data_folder().is_dir():
        real_verdicts, rows = score_real()
        print_verdicts(real_verdicts)
        print("\n| recording | segment | stretches | told | largest angle between them, deg |\n|---|---|---|---|---|")
        print("\n".join(rows))
    else:
        print(f"\nNo recordings: {data_folder()} is not there.")
    print(f"\n{score_cost()}")


if __name__ == "__main__":
    main()
