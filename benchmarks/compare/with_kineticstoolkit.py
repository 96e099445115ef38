# SPDX-License-Identifier: Apache-2.0
"""Force events with Kinetics Toolkit: its Butterworth filter, then ``cycles.detect_cycles``."""

from collections.abc import Callable

import kineticstoolkit as ktk
from walks import Columns, Walk

CUTOFF_HZ, THRESHOLD_N = 20.0, 20.0


def cycles(walk: Walk, columns: Columns) -> Callable[[], list[tuple]]:
    """Return what finds the cycles of both plates."""
    data = {side: columns.table[f"fz_{side}_N"].copy() for side in ("left", "right")}
    series = ktk.TimeSeries(time=columns.time_s.copy(), data=data)

    def run() -> list[tuple]:
        events = []
        smooth = ktk.filters.butter(series, fc=CUTOFF_HZ)
        for side in data:
            found = ktk.cycles.detect_cycles(
                smooth, side, event_names=("IC", "TO"), thresholds=(THRESHOLD_N, THRESHOLD_N)
            )
            events += [(event.time, side, event.name, 0) for event in found.events if event.name != "_"]
        return events

    return run


PIPELINES = {"force": {"kineticstoolkit": cycles}}
