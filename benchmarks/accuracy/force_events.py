# SPDX-License-Identifier: Apache-2.0
"""Contact events of the force detector against the reference of real treadmill recordings.

    python benchmarks/accuracy/force_events.py

The recordings lie in the folder that ``GAIT_LAB_DATA`` names (default: ``../shared/data`` beside the project). A found
event and a reference event match one to one when nothing nearer is free within 50 ms. The references are a 20 N
threshold applied offline; moving it to 50 N shifts them by 5 to 20 ms, so nothing finer is claimed.
"""

import csv
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gait_analysis.analyser import Analyser, AnalyserSettings
from gait_analysis.events import EventKind, GaitEvent
from gait_analysis.participant import Input, Participant
from gait_sensing.samples import ForceSamples, Side

_BATCH_COUNT = 2
_WINDOW_S = 0.05
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


def data_folder() -> Path:
    """Return where the recordings are."""
    beside = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"
    return Path(os.environ.get("GAIT_LAB_DATA", str(beside)))


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


def main() -> None:
    """Print the table."""
    print("| recording | event | reference | found | F1 | bias ms | median ms | p95 ms |")
    print("|---|---|---|---|---|---|---|---|")
    for name, body_mass_kg in RECORDINGS.items():
        for kind, each in score(name, body_mass_kg).items():
            error_ms = 1e3 * each.error_s
            size_ms = np.abs(error_ms)
            print(
                f"| {name} | {kind.value} | {each.reference_count} | {each.found_count} | {each.f1:.3f} "
                f"| {np.median(error_ms):+.1f} | {np.median(size_ms):.1f} | {np.percentile(size_ms, 95):.1f} |"
            )


if __name__ == "__main__":
    main()
