# SPDX-License-Identifier: Apache-2.0
"""What the analysis costs on one core: offline in large batches and live in small ones, by the sensors there are.

    python benchmarks/core_cost.py [seconds of walking, default 60]

A simulated walk at 1 m/s: two plates at 1 kHz and belt statuses at 20 Hz, and IMUs at 100 Hz on pelvis, thighs, shanks
and feet. Processor time of ``Analyser.feed``, best of three runs over the whole walk; the time of single calls from one
more run. Live, a motion sample comes as soon as it is measured, and plates with ``batch`` samples at a time; offline,
both come in blocks of the same time. Reading files or messages is not in it.

Where the time goes: each part fed alone with the whole walk, in processor time per second of walking. The rest of
plates alone is what comes once an event (cross steps, phase) and once a stride (kinetics, lengths, asymmetry), and
keeping the samples and the order of time; of all sensors together also the way of the feet, posture and knee.
"""

import gc
import sys
import time
from collections.abc import Callable

import numpy as np
from simulated_walk import MASS_KG, PLATE_HZ, PLATES, Sample, walk

from gait_analysis.analyser import Analyser, AnalyserSettings
from gait_analysis.contact.believed_load import BelievedLoad
from gait_analysis.contact.plausibility import MotionCheck
from gait_analysis.detectors import force_contact
from gait_analysis.imu_events import foot_rate, lower_back, shank_rate
from gait_analysis.imu_motion.worn_segment import WornSegment
from gait_analysis.participant import Input, Participant
from gait_analysis.stream_merge import cut
from gait_sensing.samples import STANDARD_GRAVITY_MPS2, BeltSample, ForceSamples, ImuRow, ImuSample, ImuSamples, Side
from gait_sim.body_motion import SEGMENTS

Fed = ForceSamples | ImuSample | ImuSamples | BeltSample

BATCH_COUNT = 1000  # offline
LEAST_OFFLINE_COUNT = 100
FEET = ("left_foot", "right_foot")
MAX_GAP_S = 0.1
LOWEST_N = AnalyserSettings().lowest_force_n
ROWS: tuple[tuple[str, tuple[str, ...], int, float], ...] = (  # sensors, their names, plate samples a batch, states Hz
    ("plates and seven IMUs, offline", (*PLATES, *SEGMENTS), BATCH_COUNT, 0.0),
    ("plates and seven IMUs, offline", (*PLATES, *SEGMENTS), BATCH_COUNT, 200.0),
    ("plates and seven IMUs, live", (*PLATES, *SEGMENTS), 16, 200.0),
    ("plates and seven IMUs, live", (*PLATES, *SEGMENTS), 2, 200.0),
    ("plates, offline", PLATES, BATCH_COUNT, 0.0),
    ("plates, offline", PLATES, BATCH_COUNT, 200.0),
    ("plates, offline", PLATES, 100, 0.0),
    ("plates, live", PLATES, 16, 200.0),
    ("plates, live", PLATES, 2, 200.0),
    ("plates, live", PLATES, 2, 1000.0),
    ("seven IMUs", SEGMENTS, 0, 0.0),
    ("seven IMUs", SEGMENTS, 0, 200.0),
    ("IMUs on both feet", FEET, 0, 0.0),
    ("IMU on one foot", FEET[:1], 0, 0.0),
    ("IMU on the pelvis", ("pelvis",), 0, 0.0),
)


def fed(walked: list[Sample], names: tuple[str, ...], size: int) -> list[Fed]:
    """Return the samples of these sensors in order of time, plates cut into batches of ``size``.

    With large batches, motion samples come in blocks of as much time.
    """
    chosen: list[Fed] = []
    blocks: dict[tuple[str, float], list[ImuRow]] = {}
    for sample in walked:
        if isinstance(sample, ForceSamples):
            if sample.name in names:
                chosen += [cut(sample, first, first + size) for first in range(0, len(sample.time_s), size)]
        elif not isinstance(sample, ImuSample) or (sample.segment in names and size < LEAST_OFFLINE_COUNT):
            chosen.append(sample)
        elif sample.segment in names:
            blocks.setdefault((sample.segment, sample.time_s * PLATE_HZ // size), []).extend(sample.rows)
    chosen += [ImuSamples(segment, rows) for (segment, _), rows in blocks.items()]
    return sorted(chosen, key=newest_s)


def newest_s(sample: Fed) -> float:
    """Return the time of the last of the samples."""
    return sample.rows[-1][0] if isinstance(sample, ImuSamples) else float(np.max(sample.time_s))


def best_s(work: Callable[[], object]) -> float:
    """Return the least processor time that ``work`` takes, of three."""
    times_s = []
    for _ in range(3):
        gc.collect()
        start_s = time.process_time()
        work()
        times_s.append(time.process_time() - start_s)
    return min(times_s)


def new_analyser(size: int, state_rate_hz: float) -> Analyser:
    """Return an analyser that waits for two batches."""
    settings = AnalyserSettings(state_rate_hz=state_rate_hz, stale_s=max(0.1, 2.0 * size / PLATE_HZ))
    return Analyser(settings, Participant(MASS_KG, None), Input.LIVE, 0.0)


def report(name: str, samples: list[Fed], size: int, state_rate_hz: float, duration_s: float) -> None:
    """Print one row."""

    def analyse() -> None:
        analyser = new_analyser(size, state_rate_hz)
        for sample in samples:
            analyser.feed(sample)

    total_s = best_s(analyse)
    analyser, calls_s = new_analyser(size, state_rate_hz), np.zeros(len(samples) + 1)
    calls_s[0] = time.process_time()
    for index, sample in enumerate(samples, 1):
        analyser.feed(sample)
        calls_s[index] = time.process_time()
    call_us = 1e6 * np.diff(calls_s)
    print(
        f"| {name} | {size or '-'} | {state_rate_hz:.0f} | {duration_s / total_s:.0f} "
        f"| {100.0 * total_s / duration_s:.2f} | {np.median(call_us):.0f} | {np.percentile(call_us, 99):.0f} "
        f"| {call_us.max():.0f} |"
    )


def report_part(name: str, takers: dict[str, Callable[[], Callable]], blocks: list[Fed], duration_s: float) -> None:
    """Print the cost of what takes the samples of some streams; ``takers`` make it anew, by stream."""

    def work() -> None:
        feeds = {stream: make() for stream, make in takers.items()}
        for stream, block in pairs:
            feeds[stream](block)

    pairs = [(stream, block) for stream, block in named(blocks) if stream in takers]
    count = sum(len(block.rows) if isinstance(block, ImuSamples) else 1 for _, block in pairs)
    total_s = best_s(work)
    print(f"| {name} | {1e3 * total_s / duration_s:.2f} | {1e6 * total_s / count:.2f} |")


def named(blocks: list[Fed]) -> list[tuple[str, ForceSamples | ImuSamples]]:
    """Return plate and motion samples with the names of their streams."""
    found: list[tuple[str, ForceSamples | ImuSamples]] = []
    for block in blocks:
        if isinstance(block, ForceSamples):
            found.append((block.name, block))
        elif isinstance(block, ImuSamples):
            found.append((block.segment, block))
    return found


def checked(check: MotionCheck) -> Callable[[ImuSamples], object]:
    """Return what gives a block to the check."""
    return lambda block: check.feed(block.rows)


def parts() -> dict[str, dict[str, Callable[[], Callable]]]:
    """Return by name what is fed alone: for each stream how to make what takes its samples."""
    weight_n = MASS_KG * STANDARD_GRAVITY_MPS2
    links = {"pelvis": "pelvis"} | {f"{s.value}_{link}": link for s in Side for link in ("thigh", "shank")}
    plates = dict(zip(PLATES, Side, strict=True))
    return {
        "contact by two plates": {
            name: lambda side=side: force_contact.Detector(force_contact.Settings(), side, weight_n).feed
            for name, side in plates.items()
        },
        "the same, and whether the loads are to be believed": {
            name: lambda name=name, side=side: (
                BelievedLoad(
                    name, force_contact.Detector(force_contact.Settings(), side, weight_n), weight_n, LOWEST_N
                ).feed
            )
            for name, side in plates.items()
        },
        "events of two feet": {
            f"{side.value}_foot": lambda side=side: foot_rate.Detector(foot_rate.Settings(), side).feed for side in Side
        },
        "events of two shanks": {
            f"{side.value}_shank": lambda side=side: shank_rate.Detector(shank_rate.Settings(), side).feed
            for side in Side
        },
        "events of the lower back": {"pelvis": lambda: lower_back.Detector(lower_back.Settings()).feed},
        "whether motion samples are to be believed": {
            segment: lambda segment=segment: checked(MotionCheck(segment)) for segment in SEGMENTS
        },
        "up and axes of pelvis, thighs and shanks": {
            segment: lambda link=link: WornSegment(link, MAX_GAP_S).feed for segment, link in links.items()
        },
    }


def main() -> None:
    """Print both tables."""
    duration_s = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    walked = [sample for _, sample in walk(duration_s, BATCH_COUNT)]
    gc.collect()
    gc.freeze()  # the walk is no part of the analysis
    print("| sensors | batch | states Hz | x real time | % of a core | us a call, median | p99 | max |")
    print("|---|---|---|---|---|---|---|---|")
    for name, names, size, state_rate_hz in ROWS:
        report(name, fed(walked, names, size or 1), size, state_rate_hz, duration_s)
    print("\n| part alone | ms a second of walking | us a sample, or a batch of 1000 |")
    print("|---|---|---|")
    blocks = fed(walked, (*PLATES, *SEGMENTS), BATCH_COUNT)
    for name, takers in parts().items():
        report_part(name, takers, blocks, duration_s)


if __name__ == "__main__":
    main()
