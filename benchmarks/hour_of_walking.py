#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the analysis holds in memory as an hour of walking goes on, with all sensors.

    .venv/bin/python benchmarks/hour_of_walking.py [minutes, default 60]

Two plates at 1 kHz, seven IMUs at 100 Hz and the belts of a simulated walk, `gait/state` at 200 Hz, fed as fast as it
goes. Five minutes of walking are simulated and come again and again, each time later: at each seam the walker is in
another part of the stride at once. *Held* is every byte that can be reached from the analyser, its arrays included, and
*items* are the entries of all its lists, deques, dicts and sets; *process* is the resident set, with the five minutes
themselves. What the analysis told is let go.
"""

import gc
import os
import sys
import time
import types
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from simulated_walk import MASS_KG, Sample, walk

from gait_analysis.analyser import Analyser, AnalyserSettings
from gait_analysis.gait import Stride
from gait_analysis.participant import Input, Participant

SEAM_S = 300.0
BATCH_COUNT = 20
LOOKS_MIN = (2, 5, 10, 20, 30, 45, 60)
CODE = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, types.CodeType)


def held(root: object) -> tuple[int, int]:
    """Return bytes and items that can be reached from ``root``, code left out."""
    byte_count = item_count = 0
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, CODE):
            continue
        seen.add(id(each))
        byte_count += sys.getsizeof(each)
        if isinstance(each, np.ndarray):
            waiting += [] if each.base is None else [each.base]
            continue
        if isinstance(each, list | deque | dict | set):
            item_count += len(each)
        waiting += gc.get_referents(each)
    return byte_count, item_count


def endless(samples: list[Sample]) -> Iterator[Sample]:
    """Yield the samples over and over, each round later than the one before."""
    start_s = 0.0
    while True:
        for sample in samples:
            yield replace(sample, time_s=sample.time_s + start_s)
        start_s += SEAM_S


def resident_mb() -> float:
    """Return the resident set of this process."""
    pages_count = int(Path("/proc/self/statm").read_text().split()[1])
    return 1e-6 * pages_count * os.sysconf("SC_PAGE_SIZE")


def rows(duration_min: float) -> Iterator[tuple[float, int, int, int, float]]:
    """Yield minutes, strides told, bytes and items held, and seconds of work, at each look."""
    samples = [sample for _, sample in walk(SEAM_S, BATCH_COUNT)]
    analyser = Analyser(AnalyserSettings(), Participant(MASS_KG, None), Input.LIVE, 0.0)
    looks_min = deque(minute for minute in LOOKS_MIN if minute <= duration_min)
    stride_count, begun_s = 0, time.process_time()
    for sample in endless(samples):
        stride_count += sum(isinstance(result, Stride) for result in analyser.feed(sample))
        now_s = float(np.max(sample.time_s))
        if now_s >= 60.0 * looks_min[0]:
            work_s = time.process_time() - begun_s
            yield looks_min.popleft(), stride_count, *held(analyser), work_s
            begun_s = time.process_time() - work_s
            if not looks_min:
                return


def main() -> None:
    """Print the table."""
    print("| minutes | strides | held, kB | items | process, MB | x real time so far |", flush=True)
    print("|---|---|---|---|---|---|")
    for minute, stride_count, byte_count, item_count, work_s in rows(float(sys.argv[1]) if len(sys.argv) > 1 else 60.0):
        print(
            f"| {minute} | {stride_count} | {1e-3 * byte_count:.0f} | {item_count} | {resident_mb():.0f} "
            f"| {60.0 * minute / work_s:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
