# SPDX-License-Identifier: Apache-2.0
"""The analysis beside what a researcher would use instead: the same recordings, the same scorer, the same run.

    python benchmarks/compare/existing_tools.py [--scratch DIR]

Makes a virtual environment for each tool in a scratch folder (a second run finds them there), runs one small script per
tool in it, and scores what each found. Needs PyPI, and Python 3.9 on the path for gaitmap's hidden Markov model.
The recordings lie in the folder that ``GAIT_LAB_DATA`` names (default: ``../shared/data`` beside the project).

A found event and a reference event match one to one, nearest first, within 150 ms for healthy, 200 ms for hemiparetic,
250 ms for lower-back and 50 ms for force recordings; events beyond the first and last reference of their kind are not
scored. On the treadmill the reference insole's clock is off by a constant: for each tool the median of all its errors
is taken off. Strides, n: those whose time could be compared, of those in the reference; a tool's own doubts count (ours
flags events, gaitmap drops strides that are not consistent), and what it doubts is not in the other stride columns.
Stance bias is in percentage points of the stride. One recording a person: a hundredth of F1 means nothing.

Tools: gaitmap with its strides by template matching (DTW) or by a hidden Markov model (HMM), its events by Rampp or by
Herzer; it is told which way its axes point, but for *axes found*. mobgap's gait sequences by Iluz or by Ionescu, and
contacts in them by Ionescu; its whole pipeline goes on to walking bouts and their parameters. kineticstoolkit's
``detect_cycles`` at 20 N after its 20 Hz filter; the same with scipy.

*x real time*: processor time of one thread, data in memory, the shortest of three runs after one that does not count.
Ours takes one sample after another, as live, and is told neither side nor mounting of an IMU; every other tool sees
the whole recording at once, and smooths forward and backward where it smooths.

Limits of the references: insoles on the treadmill, motion capture for gaitmap's recordings, and for force the first
sample beyond 20 N of the same signal, which favours tools that use 20 N too. The lower back is scored without sides
against the insoles' contacts, which lack some walking: motion capture has bouts where they have none. *In bouts* leaves
out what was found outside their bouts (no contact for 3 s ends one).
"""

import argparse
import csv
import math
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import environments
import numpy as np
import scoring
import walks

PROJECT = Path(__file__).resolve().parents[2]
HEAD = """
| recording | tool | n IC / TO | F1 IC / TO | median IC / TO ms | p95 IC / TO ms | stride RMSE ms | strides, n \
| stance bias pp | x real time |
|---|---|---|---|---|---|---|---|---|---|"""
BACK_HEAD = """
| recording | tool | n IC | F1 IC | F1 IC in bouts | bias IC ms | median IC ms | p95 IC ms | x real time |
|---|---|---|---|---|---|---|---|---|"""
OURS = "ours: events"
MARGINS = {  # what a difference must pass to be told in words
    "F1 IC": 0.01, "F1 TO": 0.01, "F1 IC in bouts": 0.01, "median IC ms": 2.0, "median TO ms": 2.0, "p95 IC ms": 2.0,
    "p95 TO ms": 2.0, "stride RMSE ms": 2.0, "stance bias pp": 0.2,
}  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What one pipeline did on one recording."""

    pipeline: str
    score: scoring.Score
    speed: float  # times real time


def data_folder() -> Path:
    """Return where the recordings are."""
    return Path(os.environ.get("GAIT_LAB_DATA", str(PROJECT.parent / "shared" / "data"))).resolve()


def outcomes(found: Path, data: Path) -> dict[str, list[Outcome]]:
    """Return what one tool did, by the name of the recording."""
    by_name = {walk.name: walk for walk in walks.WALKS}
    results: dict[str, list[Outcome]] = {}
    with (found / "times.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            walk = by_name[row["recording"]]
            time_s = walks.read(data, walk).time_s
            score = scoring.score(walk, data, found / row["file"])
            speed = float(time_s[-1] - time_s[0]) / float(row["took_s"])
            results.setdefault(walk.name, []).append(Outcome(row["pipeline"], score, speed))
    return results


def figures(walk: walks.Walk, score: scoring.Score) -> dict[str, float]:
    """Return the columns of the recording's table by name, and nothing that its kind has no table column for."""
    kinds = ("IC",) if walk.kind == "back" else scoring.KINDS
    named = {f"F1 {kind}": score.f1(kind) for kind in kinds}
    for kind in kinds:
        named[f"median {kind} ms"] = _percentile_ms(score.error_s[kind], 50)
        named[f"p95 {kind} ms"] = _percentile_ms(score.error_s[kind], 95)
    if walk.kind == "back":
        bias_ms = 1e3 * float(np.median(score.error_s["IC"])) if len(score.error_s["IC"]) else math.nan
        return named | {"F1 IC in bouts": score.f1_in_bouts, "bias IC ms": bias_ms}
    stride_ms = 1e3 * math.sqrt(float(np.mean(score.stride_error_s**2)))
    return named | {"stride RMSE ms": stride_ms, "stance bias pp": 100.0 * float(np.mean(score.stance_error))}


def _percentile_ms(errors_s: np.ndarray, share: float) -> float:
    return 1e3 * float(np.percentile(np.abs(errors_s), share)) if len(errors_s) else math.nan


def row_of(walk: walks.Walk, outcome: Outcome) -> str:
    """Return a row of the table for the recording's kind."""
    score, named = outcome.score, figures(walk, outcome.score)
    if walk.kind == "back":
        cells = [f"{score.reference_count['IC']}", f"{named['F1 IC']:.3f}", f"{named['F1 IC in bouts']:.3f}"]
        cells += [f"{named[name]:{form}}" for name, form in (("bias IC ms", "+.0f"), ("median IC ms", ".0f"))]
        cells.append(f"{named['p95 IC ms']:.0f}")
    else:
        cells = [f"{score.reference_count['IC']} / {score.reference_count['TO']}"]
        for what, form in (("F1 {}", ".3f"), ("median {} ms", ".0f"), ("p95 {} ms", ".0f")):
            cells.append(" / ".join(format(named[what.format(kind)], form) for kind in scoring.KINDS))
        cells += [f"{named['stride RMSE ms']:.1f}", f"{len(score.stride_error_s)} of {score.stride_count}"]
        cells.append(f"{named['stance bias pp']:+.1f}")
    return f"| {' | '.join([walk.name, outcome.pipeline, *cells])} | {outcome.speed:.0f} |"


def behind(walk: walks.Walk, results: list[Outcome]) -> list[str]:
    """Return where the best of the other tools is ahead of ours, one sentence's part each."""
    ours = next((outcome for outcome in results if outcome.pipeline == OURS), None)
    others = [outcome for outcome in results if not outcome.pipeline.startswith("ours")]
    if ours is None or not others:
        return []
    named, told = figures(walk, ours.score), []
    for name, margin in MARGINS.items():
        if name in named:
            sign = 1.0 if name.startswith("F1") else -1.0
            best, pipeline = max((sign * abs(figures(walk, other.score)[name]), other.pipeline) for other in others)
            if best - sign * abs(named[name]) > margin:
                form = ".3f" if sign > 0.0 else ".1f"
                told.append(f"{name} {abs(named[name]):{form}} against {abs(best):{form}} ({pipeline})")
    fastest = max(others, key=lambda other: other.speed)
    if fastest.speed > ours.speed:
        told.append(f"speed {ours.speed:.0f} against {fastest.speed:.0f} ({fastest.pipeline})")
    return told


def compare(data: Path, scratch: Path) -> tuple[dict[str, list[Outcome]], list[str]]:
    """Return what all tools did, by the name of the recording, and which of them could not be run."""
    results: dict[str, list[Outcome]] = {walk.name: [] for walk in walks.WALKS}
    missing = []
    for tool in environments.TOOLS:
        try:
            found = environments.run(tool, data, scratch)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"{tool.module}: {error}", file=sys.stderr)
            missing.append(tool.module)
            continue
        for name, some in outcomes(found, data).items():
            results[name] += some
    return results, missing


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Compare the analysis with existing tools.")
    usual = Path(tempfile.gettempdir()) / "gait_lab_compare"
    parser.add_argument("--scratch", type=Path, default=usual, help="folder for environments and events")
    results, missing = compare(data_folder(), parser.parse_args().scratch.resolve())
    for head, kinds in ((HEAD, ("foot", "force")), (BACK_HEAD, ("back",))):
        print(head)
        for walk in walks.WALKS:
            if walk.kind in kinds:
                print("\n".join(row_of(walk, outcome) for outcome in results[walk.name]))
    print("\nWhere another tool is ahead of ours, each figure beside the best of the others:\n")
    for walk in walks.WALKS:
        if told := behind(walk, results[walk.name]):
            print(f"- {walk.name}: {'; '.join(told)}")
    if missing:
        print(f"\nCould not be run on this machine: {', '.join(missing)}.")


if __name__ == "__main__":
    main()
