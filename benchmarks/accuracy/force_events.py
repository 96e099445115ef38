# SPDX-License-Identifier: Apache-2.0
"""Contact events of the force detector against the reference of real treadmill recordings.

    python benchmarks/accuracy/force_events.py

docs/recordings.md says what the recordings are and where they must lie. A found event and a reference event match one
to one when nothing nearer is free within 50 ms.

Limits of the references: they are the first sample beyond 20 N, so late by half a sampling interval on average (2.5 ms
at 200 Hz, 5 ms at 100 Hz); *centred* has the median size of the error from the middle of that interval. Moving their
threshold to 50 N shifts them by 5 to 20 ms, so nothing finer is claimed. Two foot offs of the first recording are
late by 80 ms, where noise in swing passed 20 N once more; the second recording was set to zero below 20 N by its
authors, and its last contact, at 58.98 s, has no reference.

*Simulated*: the walker at five speeds, 5 N of noise on each force component, 20 N of drift in the walk, truth the
instants at which load begins and ends. Without the first foot off of each walk: from standing, load ends gently, and
is found some 10 ms early.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from data_folder import data_folder

from gait_analysis.analyser import Analyser, AnalyserSettings
from gait_analysis.detectors.force_contact import Detector, Settings
from gait_analysis.events import EventKind, GaitEvent
from gait_analysis.participant import Input, Participant
from gait_sensing.samples import STANDARD_GRAVITY_MPS2, ForceSamples, Side
from gait_sim.stepping import FootEvent
from gait_sim.walker import Walker, WalkerSettings

_BATCH_COUNT = 2
_WINDOW_S = 0.05
SPEEDS_MPS = (0.3, 0.5, 0.8, 1.1, 1.5)
_TICK_S, _WALK_S, _BELT_MPS2, _DRIFT_N = 0.02, 60.0, 0.25, 20.0
RECORDINGS = {  # file name without extension -> body mass
    "grf_camargo_ab_treadmill_slow_and_normal_200hz": 77.0,
    "grf_ceinms_s06_treadmill_4p5kmh_100hz": 58.0,
}


@dataclass(frozen=True, slots=True)
class Score:
    """How found events agree with reference events."""

    reference_count: int
    found_count: int
    error_s: np.ndarray  # found minus reference, of the matched ones

    @property
    def f1(self) -> float:
        """Harmonic mean of sensitivity and precision, no unit."""
        return 2.0 * len(self.error_s) / (self.reference_count + self.found_count)


def read_forces(path: Path) -> tuple[ForceSamples, ForceSamples]:
    """Return the samples of the left and the right plate of a recording."""
    columns = np.genfromtxt(path, delimiter=",", names=True)
    return _samples(columns, Side.LEFT), _samples(columns, Side.RIGHT)


def _samples(columns: np.ndarray, side: Side) -> ForceSamples:
    time_s = np.ascontiguousarray(columns["time_s"])
    force_n, pressure_m = np.zeros((len(time_s), 3)), np.full((len(time_s), 2), np.nan)
    force_n[:, 0], force_n[:, 2] = columns[f"fap_{side.value}_N"], columns[f"fz_{side.value}_N"]
    pressure_m[:, 0] = columns[f"cop_ap_{side.value}_m"]
    pressure_m[:, 1] = -columns[f"cop_ml_{side.value}_m"]
    return ForceSamples(f"{side.value}_belt", 0, time_s, force_n, np.zeros((len(time_s), 3)), pressure_m)


def find_events(path: Path, body_mass_kg: float) -> list[GaitEvent]:
    """Return the events found in a recording."""
    return [result for result in analyse(path, body_mass_kg) if isinstance(result, GaitEvent)]


def analyse(path: Path, body_mass_kg: float) -> list[object]:
    """Run the analysis over a recording as if live, a few samples at a time."""
    plates = read_forces(path)
    start_s = float(plates[0].time_s[0])
    analyser = Analyser(AnalyserSettings(state_rate_hz=0.0), Participant(body_mass_kg, None), Input.RECORDING, start_s)
    results: list[object] = []
    for first in range(0, len(plates[0].time_s), _BATCH_COUNT):
        for plate in plates:
            results += analyser.feed(_cut(plate, first, first + _BATCH_COUNT))
    return results


def _cut(samples: ForceSamples, first: int, end: int) -> ForceSamples:
    return ForceSamples(
        samples.name,
        first,
        samples.time_s[first:end],
        samples.force_n[first:end],
        samples.moment_nm[first:end],
        samples.centre_of_pressure_m[first:end],
    )


def read_reference(path: Path, kind: EventKind, side: Side) -> np.ndarray:
    """Return the times of the reference events of one kind and side."""
    with path.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["event"] == kind.value and row["side"] == side.value]
    return np.array([float(row["time_s"]) for row in rows])


def match(reference_s: np.ndarray, found_s: np.ndarray) -> np.ndarray:
    """Return found minus reference of the pairs, nearest first, each event in one pair at most."""
    if not len(reference_s) or not len(found_s):
        return np.array([])
    error_s = found_s[None, :] - reference_s[:, None]
    taken: list[float] = []
    for flat in np.argsort(np.abs(error_s), axis=None):
        row, column = divmod(int(flat), len(found_s))
        if np.isnan(error_s[row, column]):
            continue
        if abs(error_s[row, column]) > _WINDOW_S:
            break
        taken.append(float(error_s[row, column]))
        error_s[row, :] = error_s[:, column] = np.nan
    return np.array(taken)


def score(name: str, body_mass_kg: float) -> dict[EventKind, Score]:
    """Return how the detector does on a recording, for each kind of event."""
    folder = data_folder()
    events = find_events(folder / f"{name}.csv", body_mass_kg)
    scores: dict[EventKind, Score] = {}
    for kind in EventKind:
        counts, errors_s = [0, 0], []
        for side in Side:
            reference_s = read_reference(folder / f"{name}_events.csv", kind, side)
            found_s = np.array([event.time_s for event in events if event.kind is kind and event.side is side])
            counts = [counts[0] + len(reference_s), counts[1] + len(found_s)]
            errors_s.append(match(reference_s, found_s))
        scores[kind] = Score(counts[0], counts[1], np.concatenate(errors_s))
    return scores


def simulated(rate_hz: float, seed: int = 1) -> dict[EventKind, Score]:
    """Return how the detector does on the simulated walker at all speeds, for each kind of event."""
    counts, errors_s = dict.fromkeys(EventKind, np.zeros(2, int)), {kind: [np.array([])] for kind in EventKind}
    for speed_mps in SPEEDS_MPS:
        truth, found = _simulated_walk(speed_mps, rate_hz, seed)
        for kind in EventKind:
            for side in Side:
                true_s, found_s = (
                    np.array([each.time_s for each in events if each.side is side and each.kind is kind])
                    for events in (truth, found)
                )
                if kind is EventKind.FOOT_OFF:
                    true_s, found_s = true_s[1:], found_s[1:]
                counts[kind] = counts[kind] + (len(true_s), len(found_s))
                errors_s[kind].append(match(true_s, found_s))
    return {kind: Score(*counts[kind].tolist(), np.concatenate(errors_s[kind])) for kind in EventKind}


def _simulated_walk(speed_mps: float, rate_hz: float, seed: int) -> tuple[list[FootEvent], list[GaitEvent]]:
    walker = Walker(WalkerSettings(force_noise_n=5.0, variability=0.03, seed=seed))
    detectors = {side: Detector(Settings(), side, 80.0 * STANDARD_GRAVITY_MPS2) for side in Side}
    truth: list[FootEvent] = []
    found: list[GaitEvent] = []
    count = round(_TICK_S * rate_hz)
    for tick in range(round(_WALK_S / _TICK_S)):
        belt_mps = min(_BELT_MPS2 * tick * _TICK_S, speed_mps)
        truth += walker.advance((tick + 1) * _TICK_S, belt_mps, belt_mps)
        time_s = (tick * count + np.arange(1, count + 1)) / rate_hz
        for side, detector in detectors.items():
            force_n, pressure_m = walker.plate(side.value, time_s)
            force_n[:, 2] += _DRIFT_N * time_s / _WALK_S
            samples = ForceSamples(side.value, tick * count, time_s, force_n, np.zeros((count, 3)), pressure_m)
            found += [change.event for change in detector.feed(samples) if change.event]
    return [event for event in truth if event.time_s < _WALK_S - _TICK_S], found


def main() -> None:
    """Print the table."""
    print("| walk | event | true | found | F1 | bias ms | median ms | p95 ms | p99 ms | centred ms |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name, body_mass_kg in RECORDINGS.items():
        interval_s = 1.0 / float(name.rsplit("_", 1)[1].removesuffix("hz"))
        for kind, each in score(name, body_mass_kg).items():
            centred_ms = 1e3 * float(np.median(np.abs(each.error_s + 0.5 * interval_s)))
            print(_row(name, kind, each, f"{centred_ms:.1f}"))
    for rate_hz in (1000.0, 200.0):
        for kind, each in simulated(rate_hz).items():
            print(_row(f"simulated, {rate_hz:.0f} Hz", kind, each, "-"))


def _row(name: str, kind: EventKind, each: Score, centred: str) -> str:
    error_ms = 1e3 * each.error_s
    size_ms = np.abs(error_ms)
    return (
        f"| {name} | {kind.value} | {each.reference_count} | {each.found_count} | {each.f1:.3f} "
        f"| {np.median(error_ms):+.1f} | {np.median(size_ms):.1f} | {np.percentile(size_ms, 95):.1f} "
        f"| {np.percentile(size_ms, 99):.1f} | {centred} |"
    )


if __name__ == "__main__":
    main()
