# SPDX-License-Identifier: Apache-2.0
"""Force events as many labs write them: 20 Hz low-pass without lag, then a threshold of 20 N."""

from collections.abc import Callable

import numpy as np
from scipy.signal import butter, sosfiltfilt
from walks import Columns, Walk

CUTOFF_HZ, THRESHOLD_N = 20.0, 20.0


def threshold(walk: Walk, columns: Columns) -> Callable[[], list[tuple]]:
    """Return what finds the events of both plates: the first sample on the other side of the threshold."""
    time_s = columns.time_s
    forces_n = {side: columns.table[f"fz_{side}_N"] for side in ("left", "right")}

    def run() -> list[tuple]:
        events = []
        sos = butter(4, CUTOFF_HZ, fs=walk.rate_hz, output="sos")
        for side, force_n in forces_n.items():
            edges = np.diff((sosfiltfilt(sos, force_n) >= THRESHOLD_N).astype(int))
            for kind, sign in (("IC", 1), ("TO", -1)):
                events += [(when_s, side, kind, 0) for when_s in time_s[1:][edges == sign].tolist()]
        return events

    return run


PIPELINES = {"force": {"scipy: 20 Hz, 20 N": threshold}}
