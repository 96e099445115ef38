# SPDX-License-Identifier: Apache-2.0
"""Run one tool's pipelines over the recordings, in the environment that has the tool.

    python run_tool.py with_TOOL RECORDINGS_FOLDER OUT_FOLDER [RECORDING ...]

Writes the events of each pipeline and recording to a file of its own, and ``times.csv``: processor time of one thread,
the shortest of three runs after one that does not count (compiling, caches). Data are in memory, in the form that the
tool wants, before a run begins. ``since_start_s`` is the processor time from the start of Python to the end of the
first run.
"""

from __future__ import annotations

import csv
import importlib
import sys
import time
from pathlib import Path

import walks

REPEAT_COUNT = 3
EVENT_COLUMNS = ("time_s", "side", "event", "is_doubtful")
TIME_COLUMNS = ("recording", "pipeline", "file", "took_s", "since_start_s")


def write(path: Path, columns: tuple[str, ...], rows: list[tuple]) -> None:
    """Write rows as CSV."""
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])


def main(module: str, data: Path, out: Path, recordings: list[str]) -> None:
    """Measure and write."""
    out.mkdir(parents=True, exist_ok=True)
    pipelines, times = importlib.import_module(module).PIPELINES, []
    for walk in [walk for walk in walks.WALKS if walk.name in recordings or not recordings]:
        columns = walks.read(data, walk) if walk.kind in pipelines else None
        for name, prepare in pipelines.get(walk.kind, {}).items():
            run, took_s = prepare(walk, columns), []
            run()
            since_start_s = time.process_time()
            for _ in range(REPEAT_COUNT):
                start_s = time.process_time()
                events = run()
                took_s.append(time.process_time() - start_s)
            file = f"events_{len(times)}.csv"
            write(out / file, EVENT_COLUMNS, events)
            times.append((walk.name, name, file, min(took_s), since_start_s))
    write(out / "times.csv", TIME_COLUMNS, times)


# No guard for imports: this is only ever run, and tools/write_benchmarks.py takes guarded scripts for benchmarks.
main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:])
