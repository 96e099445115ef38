# SPDX-License-Identifier: Apache-2.0
"""What the analysis costs: two plates at 1 kHz, live in small batches and offline in large ones.

python benchmarks/core_cost.py [seconds of walking]
"""

import sys
import time
from collections.abc import Callable

import numpy as np

from gait_analysis.analyser import Analyser, AnalyserSettings
from gait_analysis.detectors.force_contact import Detector, Settings
from gait_analysis.participant import Input, Participant
from gait_analysis.stream_merge import cut
from gait_sensing.samples import BeltSample, ForceSamples, Side

_RATE_HZ = 1000.0
_MASS_KG = 75.0
_BELT_INTERVAL_S = 0.067


def plate(side: Side, duration_s: float) -> ForceSamples:
    """Return the samples of one plate under steady walking, with noise."""
    time_s = np.arange(round(duration_s * _RATE_HZ)) / _RATE_HZ
    share = ((time_s + (0.55 if side is Side.LEFT else 0.0)) % 1.1) / 0.7
    is_loaded = share < 1.0
    force_n, pressure_m = np.zeros((len(time_s), 3)), np.full((len(time_s), 2), np.nan)
    hump = np.sin(np.pi * share) + 0.35 * np.sin(3.0 * np.pi * share)
    force_n[:, 2] = np.where(is_loaded, 1.15 * 9.81 * _MASS_KG * hump, 0.0)
    force_n[:, 2] += 3.0 * np.random.default_rng(0).standard_normal(len(time_s))
    pressure_m[is_loaded] = 0.0
    return ForceSamples(f"{side.value}_belt", 0, time_s, force_n, np.zeros((len(time_s), 3)), pressure_m)


def batches(duration_s: float, size: int) -> list[ForceSamples | BeltSample]:
    """Return what an analyser would be fed, plates in turn and belt statuses between them."""
    plates = [plate(side, duration_s) for side in Side]
    fed: list[ForceSamples | BeltSample] = []
    next_belt_s = 0.0
    for first in range(0, len(plates[0].time_s), size):
        now_s = float(plates[0].time_s[first])
        if now_s >= next_belt_s:
            fed.append(BeltSample(now_s, 1.0, 1.0, 0.0))
            next_belt_s = now_s + _BELT_INTERVAL_S
        fed += [cut(samples, first, first + size) for samples in plates]
    return fed


def timed_s(work: Callable[[], object]) -> float:
    """Return the processor time that ``work`` takes."""
    start_s = time.process_time()
    work()
    return time.process_time() - start_s


def report(name: str, size: int, state_rate_hz: float, duration_s: float) -> None:
    """Print one row: the analyser over batches of one size."""
    fed = batches(duration_s, size)
    settings = AnalyserSettings(state_rate_hz=state_rate_hz, stale_s=max(0.1, 2.0 * size / _RATE_HZ))
    analyser = Analyser(settings, Participant(_MASS_KG, None), Input.LIVE, 0.0)
    cost_s = np.array([timed_s(lambda sample=sample: analyser.feed(sample)) for sample in fed])  # type: ignore[misc]
    total_s = float(cost_s.sum())
    print(
        f"| {name} | {size} | {state_rate_hz:.0f} | {duration_s / total_s:.0f} | {100.0 * total_s / duration_s:.2f} "
        f"| {1e6 * np.median(cost_s):.0f} | {1e6 * np.percentile(cost_s, 99):.0f} | {1e6 * cost_s.max():.0f} |"
    )


def report_detectors(size: int, duration_s: float) -> None:
    """Print one row: the two detectors alone."""
    detectors = {f"{side.value}_belt": Detector(Settings(), side, 9.81 * _MASS_KG) for side in Side}
    fed = [sample for sample in batches(duration_s, size) if isinstance(sample, ForceSamples)]
    total_s = timed_s(lambda: [detectors[samples.name].feed(samples) for samples in fed])
    share, call_us = 100.0 * total_s / duration_s, 1e6 * total_s / len(fed)
    print(f"| detectors alone | {size} | - | {duration_s / total_s:.0f} | {share:.2f} | {call_us:.0f} | - | - |")


def main() -> None:
    """Print the table."""
    duration_s = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    print("| what | samples a batch | states Hz | x real time | % of a core | us a call, median | p99 | max |")
    print("|---|---|---|---|---|---|---|---|")
    report("live", 2, 200.0, duration_s)
    report("live", 10, 200.0, duration_s)
    report("live", 2, 1000.0, duration_s)
    report("offline", 80, 0.0, 10.0 * duration_s)
    report("offline", 1000, 0.0, 10.0 * duration_s)
    report("offline", 80, 200.0, duration_s)
    report("offline", 80, 1000.0, duration_s)
    report_detectors(2, duration_s)
    report_detectors(100, 10.0 * duration_s)
    report_detectors(10_000, 10.0 * duration_s)


if __name__ == "__main__":
    main()
