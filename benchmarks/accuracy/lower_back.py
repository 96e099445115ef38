# SPDX-License-Identifier: Apache-2.0
"""Initial contacts of both feet from one IMU on the lower back, the last resort, against references.

    python benchmarks/accuracy/lower_back.py

docs/recordings.md says what the recordings are and where they must lie. The mounting is not told to the detector. A
found and a reference contact match one to one, nearest first, within 250 ms.

*ha001*, *ha002*: one healthy adult each at simulated daily activities in a lab, with many turns; the reference is
what their insoles (INDIP) tell. A reference bout is four contacts or more, each within 3 s of the one before. *Inside*:
found contacts from 250 ms before to 250 ms after a reference bout. *Overall*: all contacts of the recording. *Bouts
found*: share of the time of reference bouts that is in found bouts; *beside*: time of found bouts in none, of which
some is walking that the insoles did not see (ha001, 131 to 134 s, is in the motion capture).

*Completed*: inside, with the contacts that the insoles' own foot offs prove. Who walks has a foot on the ground at all
times: where one foot is told to leave it while the other is in the air, the other had landed in between. If no contact
of that foot is told within 250 ms of this interval, one is added to the reference; a found contact of that foot in the
interval, or within 250 ms of it, matches it, unless it matches another. Below the table: how often the insoles
contradict themselves so, and what that leaves a perfect detector; and motion capture against insoles.

*pp07*: one person after stroke on a treadmill; there is no reference, but what the detectors find for the feet of the
same recording. Turned: mounted at random. Mirrored: the recording of a person who limps on the other side. Slower and
faster: times stretched, rates scaled with them, the specific force left as it is. Simulated: the walker's pelvis with a
random mounting, left leg a prosthesis, standing before and after; truth exact, but its jolts are 2 m/s2 at every speed.

*Bias* and *spread* are the median of found minus reference and the median distance from it. *Right side*: share of the
matched contacts with the right foot named, and of those without a flag. *Delay* is from the contact to the sample that
told, in a bout that is known and with the first contacts of bouts, which are told late. *x real time* is by processor
time, the best of three: fed sample by sample as live, and as one array with the same results.
"""

import csv
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from data_folder import data_folder
from imu_events import (
    CONTACT,
    SPEEDS_MPS,
    STAND_S,
    WALK_S,
    Recording,
    find_events,
    match,
    mirrored,
    stretched,
    turned,
)
from numpy.lib.recfunctions import structured_to_unstructured

from gait_analysis.events import GaitEvent
from gait_analysis.imu_events.lower_back import Detector, Settings
from gait_sensing.samples import Array, ImuSample, Side
from gait_sim.walker import Walker, WalkerSettings

WINDOW_S = 0.25
BOUT_GAP_S, BOUT_CONTACTS = 3.0, 4
FLIGHT_S = 0.1  # an insole may tell contact late, or foot off early, by less
RATE_HZ = 100
NAN_XYZW = (float("nan"),) * 4
INSOLES, CAPTURE = "INDIP", "Stereophoto"


@dataclass(frozen=True)
class Unseen:
    """A contact that the reference lacks, for without it both feet would be in the air."""

    begin_s: float  # this foot left the ground
    end_s: float  # the other one did
    side: str


@dataclass(frozen=True)
class Walk:
    """Readings of the lower back, and the true or reference contacts in order of time."""

    recording: Recording  # of which the readings are used
    times_s: Array
    sides: list[str]
    unseen: tuple[Unseen, ...] = ()


@dataclass(frozen=True)
class Score:
    """How found contacts agree with reference contacts."""

    count: int  # reference contacts in bouts
    inside: float
    completed: float
    overall: float
    matched_count: int  # inside; with the two counts, F1 over several recordings
    found_count: int
    error_s: Array
    is_right: Array  # side, of each matched contact
    is_sure: Array
    bouts_found: float
    beside_s: float
    delay_s: Array  # in bouts
    first_delay_s: Array  # of the contacts that were told together


def recordings() -> Iterator[Walk]:
    """Yield the recordings that have insoles."""
    for name in ("ha001", "ha002"):
        yield _walk(name, INSOLES)


def _walk(name: str, source: str) -> Walk:
    path = data_folder() / f"imu_lowerback_mobgap_{name}_100hz.csv"
    rows = _rows(name, source)
    contacts = [(time_s, side) for time_s, side, event in rows if event == CONTACT.value]
    times_s, sides = zip(*contacts, strict=True)
    readings = np.loadtxt(path, delimiter=",", skiprows=1)
    return Walk(_recording(name, readings), np.array(times_s), list(sides), tuple(_unseen(rows)))


def _rows(name: str, source: str) -> list[tuple[float, str, str]]:
    """Return time, side and kind of the reference events of one source, in order of time."""
    path = data_folder() / f"imu_lowerback_mobgap_{name}_100hz_events.csv"
    with path.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["source"] == source]
    return sorted((float(row["time_s"]), row["side"], row["event"]) for row in rows)


def _flights(rows: list[tuple[float, str, str]]) -> Iterator[tuple[Unseen, float]]:
    """Yield where events have both feet in the air, and for how long until the next contact."""
    last: dict[str, tuple[float, str]] = {}
    for index, (time_s, side, event) in enumerate(rows):
        other = Side(side).other.value
        if event != CONTACT.value and other in last and last[other][1] != CONTACT.value:
            next_s = min((row[0] for row in rows[index:] if row[2] == CONTACT.value), default=time_s)
            yield Unseen(last[other][0], time_s, other), next_s - time_s
            last[other] = (time_s, CONTACT.value)
        last[side] = (time_s, event)


def _unseen(rows: list[tuple[float, str, str]]) -> Iterator[Unseen]:
    """Yield the contacts that the reference lacks, in its bouts; a contact told late is not lacking."""
    contacts = [(time_s, side) for time_s, side, event in rows if event == CONTACT.value]
    truth = reference_bouts(np.array([time_s for time_s, _ in contacts]))
    for each, _ in _flights(rows):
        low_s, high_s = each.begin_s - WINDOW_S, each.end_s + WINDOW_S
        is_told = any(side == each.side and low_s <= time_s <= high_s for time_s, side in contacts)
        if not is_told and any(begin_s <= each.begin_s and each.end_s <= end_s for begin_s, end_s in truth):
            yield each


def _recording(name: str, readings: Array) -> Recording:
    return Recording(name, readings, {}, WINDOW_S, True, "pelvis")


def treadmill() -> Walk:
    """Return the lower back of the recording without a reference, with the contacts found for its feet."""
    table = np.genfromtxt(data_folder() / "imu_5seg_treadmill_stroke_pp07_100hz_noref.csv", delimiter=",", names=True)

    def readings(segment: str) -> Array:
        columns = [f"{segment}_{kind}_{axis}" for kind in ("acc", "gyr") for axis in "xyz"]
        return structured_to_unstructured(table[["time_s", *columns]])

    contacts = sorted(
        (event.time_s, side.value)
        for side in Side
        for event in find_events(readings(f"{side.value}foot"), "foot")
        if event.kind is CONTACT
    )
    times_s, sides = zip(*contacts, strict=True)
    return Walk(_recording("pp07 against its feet", readings("lumbar")), np.array(times_s), list(sides))


def simulated(speed_mps: float, settings: WalkerSettings, walk_s: float = WALK_S) -> Walk:
    """Return the pelvis of the walker, who stands, walks and stands, with the true contacts."""
    walker = Walker(settings)
    count = round((2.0 * STAND_S + walk_s) * RATE_HZ)
    readings, contacts = np.zeros((count, 7)), []
    for index in range(count):
        time_s = index / RATE_HZ
        belt_mps = speed_mps if STAND_S <= time_s < STAND_S + walk_s else 0.0
        events = walker.advance(time_s + 1e-3, belt_mps, belt_mps)
        contacts += [(event.time_s, event.side.value) for event in events if event.kind is CONTACT]
        reading = walker.imu("pelvis", time_s, None)
        readings[index] = (time_s, *reading.acceleration_mps2, *reading.angular_rate_radps)
    times_s, sides = zip(*contacts, strict=True)
    return Walk(_recording(f"simulated, {speed_mps} m/s", readings), np.array(times_s), list(sides))


def walks() -> Iterator[Walk]:
    """Yield simulated walks with random mountings."""
    for number, speed_mps in enumerate(SPEEDS_MPS):
        yield worn_anyhow(simulated(speed_mps, WalkerSettings(prosthetic_side="left", seed=number)), number)


def worn_anyhow(walk: Walk, seed: int) -> Walk:
    """Return what a sensor measures that is mounted at random."""
    return replace(walk, recording=turned(walk.recording, seed))


def in_mirror(walk: Walk) -> Walk:
    """Return the walk of the mirrored person, mounted as recorded: its y axis is taken for the sideways one."""
    sides = [Side(side).other.value for side in walk.sides]
    unseen = tuple(replace(each, side=Side(each.side).other.value) for each in walk.unseen)
    return replace(walk, recording=mirrored(walk.recording), sides=sides, unseen=unseen)


def paced(walk: Walk, factor: float) -> Walk:
    """Return the walk of a person who is slower by ``factor``."""
    unseen = tuple(Unseen(factor * each.begin_s, factor * each.end_s, each.side) for each in walk.unseen)
    return replace(walk, recording=stretched(walk.recording, factor), times_s=factor * walk.times_s, unseen=unseen)


def altered(walk: Walk) -> Iterator[Walk]:
    """Yield the walk and what is made of it."""
    yield walk
    yield worn_anyhow(walk, 1)
    yield worn_anyhow(in_mirror(walk), 2)
    yield paced(walk, 0.8)
    yield paced(walk, 1.25)


def samples(readings: Array) -> Iterator[ImuSample]:
    """Yield the readings as samples."""
    for time_s, *values in readings.tolist():
        yield ImuSample("pelvis", time_s, tuple(values[:3]), tuple(values[3:]), NAN_XYZW)


def find_contacts(readings: Array) -> list[GaitEvent]:
    """Run the detector over readings."""
    return Detector(Settings()).feed_readings(readings)


def reference_bouts(times_s: Array) -> list[tuple[float, float]]:
    """Return begin and end of the bouts of reference contacts."""
    parts = np.split(times_s, np.flatnonzero(np.diff(times_s) > BOUT_GAP_S) + 1)
    return [(float(part[0]), float(part[-1])) for part in parts if len(part) >= BOUT_CONTACTS]


def bouts(contacts: Iterable[GaitEvent], longest_step_s: float) -> list[tuple[float, float]]:
    """Return begin and end of the bouts of walking that the detector's contacts, in order of time, belong to."""
    found: list[tuple[float, float]] = []
    for contact in contacts:
        if found and contact.time_s - found[-1][1] <= longest_step_s:
            found[-1] = (found[-1][0], contact.time_s)
        else:
            found.append((contact.time_s, contact.time_s))
    return found


def score(walk: Walk) -> Score:
    """Return how the detector does on a walk."""
    events = find_contacts(walk.recording.readings)
    found_bouts = bouts(events, Settings().longest_step_s)
    told_s = np.array([event.detected_s for event in events])
    is_first = np.isin(told_s, [later for earlier, later in pairwise(told_s) if earlier == later])
    delay_s = told_s - np.array([event.time_s for event in events])
    result = compare(walk, events)
    truth = reference_bouts(walk.times_s)
    shared_s = sum(max(min(a[1], b[1]) - max(a[0], b[0]), 0.0) for a in truth for b in found_bouts)
    return replace(
        result,
        bouts_found=shared_s / sum(end - begin for begin, end in truth),
        beside_s=sum(end - begin for begin, end in found_bouts) - shared_s,
        delay_s=delay_s[~is_first],
        first_delay_s=delay_s[is_first],
    )


def compare(walk: Walk, events: list[GaitEvent]) -> Score:
    """Return how contacts agree with the reference contacts of a walk."""
    times_s, truth = walk.times_s, reference_bouts(walk.times_s)
    in_bout = np.array([any(begin <= time_s <= end for begin, end in truth) for time_s in times_s])
    near = [
        event for event in events if any(begin - WINDOW_S <= event.time_s <= end + WINDOW_S for begin, end in truth)
    ]
    reference_s, found_s = times_s[in_bout], np.array([event.time_s for event in near])
    names = [side for side, is_in in zip(walk.sides, in_bout, strict=True) if is_in]
    pairs = match(reference_s, found_s, WINDOW_S)
    every = match(times_s, np.array([event.time_s for event in events]), WINDOW_S)
    matched = {column for _, column in pairs}
    proven = _proven(walk.unseen, [event for index, event in enumerate(near) if index not in matched])
    total = len(reference_s) + len(near)
    return Score(
        len(reference_s),
        2.0 * len(pairs) / total,
        2.0 * (len(pairs) + proven) / (total + len(walk.unseen)),
        2.0 * len(every) / (len(times_s) + len(events)),
        len(pairs),
        len(near),
        np.array([found_s[column] - reference_s[row] for row, column in pairs]),
        np.array([near[column].side.value == names[row] for row, column in pairs]),
        np.array([not near[column].flags for _, column in pairs]),
        float("nan"),
        float("nan"),
        np.zeros(0),
        np.zeros(0),
    )


def _proven(unseen: tuple[Unseen, ...], unmatched: list[GaitEvent]) -> int:
    """Return how many of the contacts that the reference lacks are among the ``unmatched`` ones."""
    free, count = list(unmatched), 0
    for each in unseen:
        low_s, high_s = each.begin_s - WINDOW_S, each.end_s + WINDOW_S
        right = [event for event in free if event.side.value == each.side and low_s <= event.time_s <= high_s]
        if right:
            free.remove(right[0])
            count += 1
    return count


def speeds(readings: Array) -> tuple[float, float]:
    """Return how many times real time the detector is, fed by sample and as one array."""
    duration_s, fed = float(np.ptp(readings[:, 0])), list(samples(readings))
    by_sample, by_array = [], []
    for _ in range(3):
        detector = Detector(Settings())
        start_s = time.process_time()
        for sample in fed:
            detector.feed(sample)
        middle_s = time.process_time()
        find_contacts(readings)
        by_sample.append(duration_s / (middle_s - start_s))
        by_array.append(duration_s / (time.process_time() - middle_s))
    return max(by_sample), max(by_array)


def row_of(walk: Walk) -> str:
    """Return a row of the table."""
    result = score(walk)
    error_ms = 1e3 * result.error_s
    spread_ms = np.median(np.abs(error_ms - np.median(error_ms)))
    sure = 100.0 * np.mean(result.is_right[result.is_sure]) if result.is_sure.any() else float("nan")
    delay_s = np.percentile(result.delay_s, [50, 95])
    first_s = np.percentile(result.first_delay_s, [50, 95])
    by_sample, by_array = speeds(walk.recording.readings)
    return (
        f"| {walk.recording.name} | {result.count} | {result.inside:.3f} | {result.completed:.3f} "
        f"| {result.overall:.3f} | {np.median(error_ms):+.0f} | {spread_ms:.0f} "
        f"| {100.0 * result.is_right.mean():.0f} | {sure:.0f} ({result.is_sure.sum()}) "
        f"| {100.0 * result.bouts_found:.0f} | {result.beside_s:.0f} "
        f"| {delay_s[0]:.2f} / {delay_s[1]:.2f} | {first_s[0]:.1f} / {first_s[1]:.1f} "
        f"| {by_sample:.0f} / {by_array:.0f} |"
    )


def references_agree(name: str) -> str:
    """Return a line on how well motion capture agrees with the insoles."""
    insoles, capture = _walk(name, INSOLES), _walk(name, CAPTURE)
    seen = [(begin - WINDOW_S, end + WINDOW_S) for begin, end in reference_bouts(capture.times_s)]
    is_seen = np.array([any(begin <= time_s <= end for begin, end in seen) for time_s in insoles.times_s])
    pairs = match(insoles.times_s[is_seen], capture.times_s, WINDOW_S)
    flights_s = [flight_s for _, flight_s in _flights(_rows(name, INSOLES)) if flight_s > FLIGHT_S]
    count, lacking = len(insoles.times_s), len(insoles.unseen)
    longest = f", up to {max(flights_s):.1f} s" if flights_s else ""
    return (
        f"{name}: the insoles have both feet in the air {len(flights_s)} times for more than {FLIGHT_S} s{longest}; "
        f"{lacking} contacts are lacking, beside {count}, so that F1 inside is at most "
        f"{2.0 * count / (2.0 * count + lacking):.3f}. Where motion capture sees a bout too, {len(pairs)} of "
        f"{is_seen.sum()} of their contacts are in it."
    )


def pooled(results: list[Score]) -> float:
    """Return F1 inside bouts over several recordings."""
    return 2.0 * sum(each.matched_count for each in results) / sum(each.count + each.found_count for each in results)


def main() -> None:
    """Print the tables."""
    print(
        "| recording | n | F1 inside | completed | overall | bias ms | spread ms | right side % | unflagged % (n) "
        "| bouts found % | beside s | delay p50 / p95 s | first p50 / p95 s | x real time |\n|" + 14 * "---|"
    )
    is_there = data_folder().is_dir()
    if is_there:
        for walk in (*recordings(), treadmill()):
            for each in altered(walk):
                print(row_of(each))
    for walk in walks():
        print(row_of(walk))
    if not is_there:
        print(f"\nNo recordings: {data_folder()} is not there.")
        return
    print(f"\nBoth recordings together, F1 inside: {pooled([score(walk) for walk in recordings()]):.3f}.\n")
    for name in ("ha001", "ha002"):
        print(f"* {references_agree(name)}")


if __name__ == "__main__":
    main()
