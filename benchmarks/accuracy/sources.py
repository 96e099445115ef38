# SPDX-License-Identifier: Apache-2.0
"""Plates that fall silent and come back: what motion sensors tell meanwhile, and what is lost at the change.

    python benchmarks/accuracy/sources.py

Simulated walks of 80 s at three speeds, even and with a limp, plates at 1 kHz in batches of 16 ms with 5 N of noise,
IMUs at 100 Hz, mounted at random. Both plates, or the left one alone, are silent from 40 to 60 s. Truth: the instants
at which load begins and ends. Events match one to one within 100 ms.

*missed*, *invented*: events of the silent plates' feet from 0.5 s after they fell silent until they are back; *error*:
median and 95th percentile of that of the times told, from which the bias learned against force in the first 40 s is
taken off; *raw*: of the sensors' own times. *lost, made up at a change*: true events within 1.5 s of it that nobody
told, and events told that are none, a foot. *strides*: not accepted for a change of sensor, a change.

The simulated foot and shank turn fastest well before the foot leaves the ground, by the same in every stride: the bias
is larger and more even than a person's, and the errors after it are smaller. That a bias differs from side to side and
drifts in people is not in here.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from imu_events import match
from scipy.spatial.transform import Rotation

from gait_analysis.analyser import Analyser, AnalyserSettings
from gait_analysis.events import EventKind, GaitEvent
from gait_analysis.gait import Stride
from gait_analysis.participant import Input, Participant
from gait_sensing.samples import ForceSamples, ImuSample, Side
from gait_sim.stepping import FootEvent
from gait_sim.walker import Walker, WalkerSettings

SPEEDS_MPS = (0.5, 0.9, 1.4)
LIMP = {"stance_time_asymmetry": 0.1, "step_time_asymmetry": -0.08, "step_length_asymmetry": 0.1}
WALK_S, BATCH_S, OUT_S, BACK_S = 80.0, 0.016, 40.0, 60.0
SETTLED_S, CHANGE_S, MATCH_S = 0.5, 1.5, 0.1
MASS_KG = 80.0
PLATES = ("left_belt", "right_belt")

Sample = ForceSamples | ImuSample


@dataclass(frozen=True)
class Walk:
    """What all sensors of a walk gave, in order of time, and the truth."""

    samples: list[Sample]
    truth: list[FootEvent]


def walks(links: tuple[str, ...]) -> Iterator[Walk]:
    """Yield simulated walks with IMUs on ``links`` of both legs."""
    for number, (speed_mps, limp) in enumerate((speed, limp) for speed in SPEEDS_MPS for limp in ({}, LIMP)):
        walker = Walker(WalkerSettings(body_mass_kg=MASS_KG, force_noise_n=5.0, variability=0.03, seed=number, **limp))
        yield _walk(walker, speed_mps, [f"{side.value}_{link}" for side in Side for link in links], number)


def _walk(walker: Walker, speed_mps: float, segments: list[str], seed: int) -> Walk:
    mountings = dict(zip(segments, Rotation.random(len(segments), random_state=seed), strict=True))
    samples: list[Sample] = []
    truth: list[FootEvent] = []
    done_s = dict.fromkeys(segments, 0)  # hundredths of a second
    count = round(BATCH_S * 1000)
    for batch in range(int(WALK_S / BATCH_S)):
        time_s = batch * BATCH_S + np.arange(1, count + 1) / 1000.0
        truth += walker.advance(float(time_s[-1]), speed_mps, speed_mps)
        for segment, mounting in mountings.items():
            while 0.01 * done_s[segment] <= time_s[-1]:
                samples.append(_imu(walker, segment, 0.01 * done_s[segment], mounting))
                done_s[segment] += 1
        for name in PLATES:
            force_n, pressure_m = walker.plate(name, time_s)
            samples.append(ForceSamples(name, batch * count, time_s, force_n, np.full((count, 3), np.nan), pressure_m))
    return Walk(samples, truth)


def _imu(walker: Walker, segment: str, time_s: float, mounting: Rotation) -> ImuSample:
    reading = walker.imu(segment, time_s, None)
    vectors = mounting.apply([reading.acceleration_mps2, reading.angular_rate_radps])
    force, rate = (tuple(float(value) for value in vector) for vector in vectors)
    return ImuSample(segment, time_s, force, rate, (math.nan,) * 4)


def analyse(walk: Walk, silent: tuple[str, ...]) -> tuple[list[GaitEvent], list[Stride]]:
    """Return what is told of a walk in which the plates ``silent`` are silent for a while."""
    analyser = Analyser(AnalyserSettings(state_rate_hz=0.0), Participant(MASS_KG, Side.LEFT), Input.SIMULATED, 0.0)
    results = []
    for sample in walk.samples:
        if isinstance(sample, ForceSamples) and sample.name in silent and OUT_S <= sample.time_s[0] < BACK_S:
            continue
        results += analyser.feed(sample)
    events = [result for result in results if isinstance(result, GaitEvent)]
    return events, [result for result in results if isinstance(result, Stride)]


def raw(walk: Walk, silent: tuple[str, ...]) -> list[GaitEvent]:
    """Return what motion sensors alone tell of the walk."""
    return analyse(replace(walk, samples=[each for each in walk.samples if isinstance(each, ImuSample)]), silent)[0]


@dataclass(frozen=True, slots=True)
class Row:
    """What the walks with one set of sensors show."""

    name: str
    kind: EventKind
    true_count: int
    missed_count: int
    invented_count: int
    error_s: np.ndarray
    raw_s: np.ndarray
    change_missed: float  # per change
    change_invented: float
    spoilt: float


def score(name: str, links: tuple[str, ...], silent: tuple[str, ...]) -> list[Row]:
    """Return a row for each kind of event."""
    sides = [side for side, plate in zip(Side, PLATES, strict=True) if plate in silent]
    found = [(walk.truth, *analyse(walk, silent), raw(walk, silent)) for walk in walks(links)]
    rows = []
    for kind in EventKind:
        errors, own, missed, invented, true_count, lost, extra = [], [], 0, 0, 0, 0, 0
        for truth, events, _, alone in found:
            for side in sides:
                true_s, told_s, alone_s = (_times_s(of, side, kind) for of in (truth, events, alone))
                span = (OUT_S + SETTLED_S, BACK_S)
                inside, told = _inside(true_s, *span), _inside(told_s, *span)
                pairs = match(inside, told, MATCH_S)
                errors += [told[b] - inside[a] for a, b in pairs]
                missed, invented = missed + len(inside) - len(pairs), invented + len(told) - len(pairs)
                true_count += len(inside)
                own += [alone_s[b] - inside[a] for a, b in match(inside, alone_s, MATCH_S)]
                for change_s in (OUT_S, BACK_S):
                    near, said = (_inside(of, change_s - CHANGE_S, change_s + CHANGE_S) for of in (true_s, told_s))
                    lost += len(near) - len(match(near, told_s, MATCH_S))
                    extra += len(said) - len(match(said, true_s, MATCH_S))
        changes = 2 * len(found) * len(sides)
        spoilt = sum("instead of" in stride.reason for _, _, strides, _ in found for stride in strides)
        rows.append(
            Row(
                name, kind, true_count, missed, invented, np.array(errors), np.array(own),
                lost / changes, extra / changes, spoilt / (2 * len(found)),
            )
        )  # fmt: skip
    return rows


def _times_s(events: list, side: Side, kind: EventKind) -> np.ndarray:
    return np.array(sorted(event.time_s for event in events if event.side is side and event.kind is kind))


def _inside(time_s: np.ndarray, begin_s: float, end_s: float) -> np.ndarray:
    return time_s[(time_s >= begin_s) & (time_s < end_s)]


CASES = (
    ("both plates silent, feet", ("foot",), PLATES),
    ("both plates silent, shanks", ("shank",), PLATES),
    ("left plate silent, feet", ("foot",), PLATES[:1]),
)


def main() -> None:
    """Print the table."""
    print("| sensors | event | n | missed | invented | error, ms | raw, ms | lost, made up at a change | strides |")
    print("|---|---|---|---|---|---|---|---|---|")
    for case in CASES:
        for row in score(*case):
            told, own = (
                f"{1e3 * np.median(np.abs(e)):.0f} / {1e3 * np.percentile(np.abs(e), 95):.0f}"
                for e in (row.error_s, row.raw_s)
            )
            print(
                f"| {row.name} | {row.kind.value} | {row.true_count} | {row.missed_count} | {row.invented_count} "
                f"| {told} | {own} | {row.change_missed:.2f}, {row.change_invented:.2f} | {row.spoilt:.1f} |"
            )


if __name__ == "__main__":
    main()
