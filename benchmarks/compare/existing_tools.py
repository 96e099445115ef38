# SPDX-License-Identifier: Apache-2.0
"""The analysis beside what a researcher would use instead: the same recordings, the same scorer, the same run.

    python benchmarks/compare/existing_tools.py [--scratch DIR]

Makes a virtual environment for each tool in a scratch folder (a second run finds them there), runs one small script per
tool in it, and scores what each found. Needs PyPI, and Python 3.9 on the path for gaitmap's hidden Markov model.
docs/recordings.md says what the recordings are and where they must lie.

A found event and a reference event match one to one, nearest first, within 150 ms for healthy, 200 ms for hemiparetic,
250 ms for lower-back and 50 ms for force recordings; events beyond the first and last reference of their kind are not
scored. On the treadmill the reference insole's clock is off by a constant: for each tool the median of all its errors
is taken off, so that the medians there tell as much of stance bias as of events. Strides, n: those whose time could be
compared, of those in the reference; a tool's own doubts count (ours flags events, gaitmap drops strides that are not
consistent), and what it doubts is not in the other stride columns. *Same strides*: stride RMSE of those that the tool
and ours both have. Stance bias is in percentage points of the stride. One recording a person: a hundredth of F1 means
nothing.

Tools: gaitmap with its strides by template matching (DTW) or by a hidden Markov model (HMM), its events by Rampp or by
Herzer; it is told which way its axes point, but for *axes found*. mobgap's gait sequences by Iluz or by Ionescu, and
contacts in them by Ionescu; its whole pipeline goes on to walking bouts and their parameters. kineticstoolkit's
``detect_cycles`` at 20 N after its 20 Hz filter; the same with scipy.

*x real time*: processor time of one thread, data in memory, the shortest of three runs after one that does not count.
Ours takes one sample after another, as live (*offline*: the same detector, all samples at once), and is told neither
side nor mounting of an IMU; every other tool sees the whole recording at once, and filters forward and backward.
*Whole* is what ``gait-lab analyse`` does but for files, strides and asymmetry too: without states, or with one at every
input sample.

Limits of the references: insoles on the treadmill, motion capture for gaitmap's recordings, and for force the first
sample beyond 20 N of the same signal, which favours tools that use 20 N too. The lower back is scored without sides
against the insoles' contacts, which lack some walking: motion capture has bouts where they have none. *In bouts* leaves
out what was found outside their bouts (no contact for 3 s ends one).
"""

import argparse
import csv
import subprocess
import sys
import tempfile
from pathlib import Path

import environments
import scoring
import walks
from reporting import BACK_HEAD, HEAD, OURS, Outcome, behind, row_of

PROJECT = Path(__file__).resolve().parents[2]
sys.path.append(str(PROJECT / "benchmarks" / "accuracy"))
from data_folder import data_folder  # noqa: E402 - of the neighbouring folder


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


def cold_start(found: Path, module: str) -> str:
    """Return what a tool takes from the start of Python to the events of its first recording, in words."""
    with (found / "times.csv").open(newline="") as file:
        row = next(csv.DictReader(file))
    return f"{module.removeprefix('with_')} {float(row['since_start_s']):.1f} s ({row['recording']}, {row['pipeline']})"


def compare(data: Path, scratch: Path) -> tuple[dict[str, list[Outcome]], list[str], list[str]]:
    """Return what all tools did, by the name of the recording, their cold starts, and which could not be run."""
    results: dict[str, list[Outcome]] = {walk.name: [] for walk in walks.WALKS}
    starts, missing = [], []
    for tool in environments.TOOLS:
        try:
            found = environments.run(tool, data, scratch)
        except (OSError, subprocess.CalledProcessError) as error:
            if not tool.requirements:
                raise
            print(f"{tool.module}: {error}", file=sys.stderr)
            missing.append(tool.module)
            continue
        for name, some in outcomes(found, data).items():
            results[name] += some
        starts.append(cold_start(found, tool.module))
    return results, starts, missing


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Compare the analysis with existing tools.")
    usual = Path(tempfile.gettempdir()) / "gait_lab_compare"
    parser.add_argument("--scratch", type=Path, default=usual, help="folder for environments and events")
    results, starts, missing = compare(data_folder(), parser.parse_args().scratch.resolve())
    for head, kinds in ((HEAD, ("foot", "force")), (BACK_HEAD, ("back",))):
        print(head)
        for walk in walks.WALKS:
            if walk.kind in kinds:
                ours = next(outcome.score for outcome in results[walk.name] if outcome.pipeline == OURS)
                print("\n".join(row_of(walk, outcome, ours) for outcome in results[walk.name]))
    print("\nWhere another tool is ahead of ours, each figure beside the best of the others (of what it found):\n")
    for walk in walks.WALKS:
        if told := behind(walk, results[walk.name]):
            print(f"- {walk.name}: {'; '.join(told)}")
    print(f"\nFrom the start of Python to the first events, with reading, and compiling if new: {'; '.join(starts)}.")
    requirements = [each for tool in environments.TOOLS if tool.module not in missing for each in tool.requirements]
    print(f"\nVersions: {', '.join(dict.fromkeys(requirements))}.")
    if missing:
        print(f"\nCould not be run on this machine: {', '.join(missing)}.")


if __name__ == "__main__":
    main()
