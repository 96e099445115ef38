# SPDX-License-Identifier: Apache-2.0
"""A walker in a formula: plates, belts and what is true of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from gait_analysis.analyser import Analyser, AnalyserSettings
from gait_analysis.events import EventKind
from gait_analysis.participant import Input, Participant
from gait_analysis.stream_merge import cut
from gait_sensing.samples import BeltSample, ForceSamples, Side

MASS_KG = 75.0
WEIGHT_N = MASS_KG * 9.80665


@dataclass(frozen=True)
class Walker:
    """How the person walks; ``left``/``right`` pairs."""

    duration_s: float = 20.0
    rate_hz: float = 1000.0
    first_contact_s: tuple[float, float] = (0.3, 0.9)
    stride_time_s: float = 1.2
    stance_time_s: tuple[float, float] = (0.75, 0.75)
    landing_m: tuple[float, float] = (0.25, 0.25)
    belt_mps: float = 1.0
    noise_n: float = 0.0
    drift_n: float = 0.0  # reached at the end of the walk, linearly
    moment_noise_nm: float = 0.0
    foot_off_power: float = 1.0  # above 1: the load ends more gently than it begins
    seed: int = 0


@dataclass(frozen=True)
class Walk:
    """What sensors give, and the truth: (time, side, kind) of each contact and foot off."""

    plates: dict[Side, ForceSamples]
    belts: list[BeltSample]
    truth: list[tuple[float, Side, EventKind]] = field(default_factory=list)

    def times(self, side: Side, kind: EventKind) -> np.ndarray:
        return np.array([time_s for time_s, whose, what in self.truth if whose is side and what is kind])

    def moved(self, shift_s: float) -> "Walk":
        plates = {side: replace(plate, time_s=plate.time_s + shift_s) for side, plate in self.plates.items()}
        return replace(self, plates=plates, belts=[replace(belt, time_s=belt.time_s + shift_s) for belt in self.belts])


def double_hump_bw(share: np.ndarray, foot_off_power: float) -> np.ndarray:
    """Vertical load over the share of stance: two peaks of about 1.1, a valley of about 0.75."""
    share = 1.0 - (1.0 - share) ** foot_off_power
    return 1.15 * (np.sin(np.pi * share) + 0.35 * np.sin(3.0 * np.pi * share))


def _walk(walker: Walker) -> Walk:
    random = np.random.default_rng(walker.seed)
    count = round(walker.duration_s * walker.rate_hz)
    time_s = np.arange(1, count + 1) / walker.rate_hz
    plates, truth = {}, []
    for number, side in enumerate(Side):
        force_n, pressure_m = np.zeros((count, 3)), np.zeros((count, 2))
        pressure_m[:, 1] = 0.12 if side is Side.LEFT else -0.10
        first_s = walker.first_contact_s[number] - walker.stride_time_s  # the walk began before the measurement
        for contact_s in np.arange(first_s, walker.duration_s, walker.stride_time_s):
            stance_s = walker.stance_time_s[number]
            share = (time_s - contact_s) / stance_s
            inside = (share > 0.0) & (share < 1.0)
            share = share[inside]
            force_n[inside, 2] = WEIGHT_N * double_hump_bw(share, walker.foot_off_power)
            force_n[inside, 0] = -0.15 * WEIGHT_N * np.sin(2.0 * np.pi * share)
            carried_m = walker.belt_mps * (time_s[inside] - contact_s)
            pressure_m[inside, 0] = walker.landing_m[number] - carried_m + 0.2 * share
            for event_s, kind in ((contact_s, EventKind.INITIAL_CONTACT), (contact_s + stance_s, EventKind.FOOT_OFF)):
                if 0.0 < event_s < walker.duration_s - 0.02:  # a later one is not confirmed any more
                    truth.append((float(event_s), side, kind))
        force_n[:, 2] += walker.noise_n * random.standard_normal(count) + walker.drift_n * time_s / walker.duration_s
        loaded_n = np.where(force_n[:, 2] >= 20.0, force_n[:, 2], np.nan)
        pressure_m += (walker.moment_noise_nm * random.standard_normal(count) / loaded_n)[:, None]
        pressure_m[np.isnan(loaded_n)] = np.nan
        plates[side] = ForceSamples(f"{side.value}_belt", 0, time_s, force_n, np.zeros((count, 3)), pressure_m)
    belts = [
        BeltSample(float(t), walker.belt_mps, walker.belt_mps, 0.0) for t in np.arange(0.0, walker.duration_s, 0.067)
    ]
    return Walk(plates, belts, sorted(truth))


def _batches(samples: ForceSamples, sizes: Iterator[int]) -> list[ForceSamples]:
    batches, first = [], 0
    while first < len(samples.time_s):
        end = first + next(sizes)
        batches.append(cut(samples, first, end))
        first = end
    return batches


def _fixed(size: int) -> Iterator[int]:
    while True:
        yield size


def _analyse(
    walk: Walk,
    settings: AnalyserSettings | None = None,
    participant: Participant | None = None,
    input: Input = Input.SIMULATED,
    sizes: Callable[[Side], Iterator[int]] = lambda side: _fixed(10),
    lag_s: Callable[[str], float] = lambda name: 0.0,
    start_s: float = 0.0,
) -> list[object]:
    """Feed the walk in batches of ``sizes``, in order of the time of each batch's end plus ``lag_s`` of its stream."""
    analyser = Analyser(settings or AnalyserSettings(), participant or Participant(MASS_KG, None), input, start_s)
    arrivals = [(belt.time_s + lag_s("belt"), "belt", belt) for belt in walk.belts]
    for side, plate in walk.plates.items():
        for batch in _batches(plate, sizes(side)):
            arrivals.append((float(batch.time_s[-1]) + lag_s(side.value), side.value, batch))
    arrivals.sort(key=lambda arrival: arrival[:2])
    return [result for _, _, sample in arrivals for result in analyser.feed(sample)]


@pytest.fixture(scope="session")
def walker() -> type[Walker]:
    return Walker


@pytest.fixture(scope="session")
def walk() -> Callable[[Walker], Walk]:
    return _walk


@pytest.fixture(scope="session")
def analyse() -> Callable[..., list[object]]:
    return _analyse
