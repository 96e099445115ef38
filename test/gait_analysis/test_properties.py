# SPDX-License-Identifier: Apache-2.0
"""What must hold of the whole analysis with all its sources: plates, feet, pelvis and belts of one walk."""

import math
import random
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import accumulate, cycle, pairwise, takewhile

import numpy as np
import pytest
from hypothesis import Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from gait_analysis.analyser import Analyser, AnalyserSettings
from gait_analysis.events import GaitEvent
from gait_analysis.gait import Asymmetry, GaitState, LimbState, Stride
from gait_analysis.participant import Input, Participant
from gait_analysis.stream_merge import cut
from gait_sensing.samples import BeltSample, ForceSamples, ImuSample
from gait_sim.walker import Walker, WalkerSettings

RATE_HZ, IMU_HZ, BELT_HZ, STATE_HZ = 512, 64, 16, 32  # of times that floating point holds exactly
DURATION_S, MASS_KG = 20, 64.0
SEGMENTS = ("left_foot", "right_foot", "pelvis")
OUT_S, BACK_S = 12.0, 15.375  # the left plate falls silent, and comes back in the middle of a stance
SETTINGS = AnalyserSettings(state_rate_hz=STATE_HZ)
UNKNOWN_XYZW = (math.nan,) * 4
FOLLOW_S = 0.04  # the analysis waits 50 ms for motion samples, 100 ms for belts

Sample = ForceSamples | ImuSample | BeltSample


class Streams(dict[str, list[Sample]]):
    """The samples of each stream."""

    def __repr__(self) -> str:
        return "the walk"  # what fails says more than 20 s of samples


class Results(list):
    """What the analysis told."""

    def __repr__(self) -> str:
        return "its results"


few = partial(
    hypothesis_settings,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a smaller example tells no more of a failure
)


def record() -> Streams:
    """Return what all sensors of one walk gave; plates as one long batch each."""
    walker = Walker(WalkerSettings(body_mass_kg=MASS_KG, seed=7))
    parts: dict[str, list] = {"left_belt": [], "right_belt": []}
    streams = Streams({name: [] for name in (*SEGMENTS, "belts")})
    for block in range(DURATION_S * BELT_HZ):
        end_s = (block + 1) / BELT_HZ
        time_s = (np.arange(RATE_HZ // BELT_HZ) + 1) / RATE_HZ + block / BELT_HZ
        walker.advance(end_s, 1.0, 1.0)
        for name, rows in parts.items():
            rows.append((time_s, *walker.plate(name, time_s)))
        for name in SEGMENTS:
            for instant_s in time_s[RATE_HZ // IMU_HZ - 1 :: RATE_HZ // IMU_HZ].tolist():
                reading = walker.imu(name, instant_s, None)
                values = reading.acceleration_mps2, reading.angular_rate_radps
                streams[name].append(ImuSample(name, instant_s, *values, UNKNOWN_XYZW))
        streams["belts"].append(BeltSample(end_s, 1.0, 1.0, 0.0))
    for name, rows in parts.items():
        time_s, force_n, pressure_m = (np.concatenate(column) for column in zip(*rows, strict=True))
        streams[name] = [ForceSamples(name, 0, time_s, force_n, np.full((len(time_s), 3), np.nan), pressure_m)]
    streams["left_belt"] = without(streams["left_belt"][0], OUT_S, BACK_S)
    return streams


def without(plate: ForceSamples, from_s: float, to_s: float) -> list[Sample]:
    first, end = plate.time_s.searchsorted((from_s, to_s)).tolist()
    return [cut(plate, 0, first), cut(plate, end, len(plate.time_s))]


def in_batches(samples: list[Sample], sizes: list[int]) -> list[Sample]:
    """Return force samples cut anew, the sizes taken in turn; of other samples there is one each anyhow."""
    batches: list[Sample] = []
    for each in samples:
        if not isinstance(each, ForceSamples):
            batches.append(each)
            continue
        count = len(each.time_s)
        bounds = [0, *takewhile(lambda bound, count=count: bound < count, accumulate(cycle(sizes))), count]
        batches += [cut(each, first, end) for first, end in pairwise(bounds)]
    return batches


def analyse(
    streams: Streams,
    sizes: list[int] | None = None,
    lag_s: Callable[[str], float] = lambda name: 0.0,
    mass_kg: float = MASS_KG,
    start_s: float = 0.0,
) -> list:
    """Feed each sample ``lag_s`` of its stream after it was there; none overtakes another of its stream."""
    arrivals: list[tuple[float, int, Sample]] = []
    for name, samples in streams.items():
        at_s = -math.inf
        for sample in in_batches(samples, sizes or [8]):
            at_s = max(at_s, float(np.max(sample.time_s)) + lag_s(name))
            arrivals.append((at_s, len(arrivals), sample))
    analyser = Analyser(SETTINGS, Participant(mass_kg, None), Input.SIMULATED, start_s)
    results = [found for _, _, sample in sorted(arrivals, key=lambda each: each[:2]) for found in analyser.feed(sample)]
    return results + analyser.finish()


def of(kind: type, results: list) -> list:
    return [result for result in results if isinstance(result, kind)]


def limbs(state: GaitState) -> tuple[LimbState, LimbState]:
    return state.left, state.right


def by_kind(results: list) -> dict[str, list[str]]:
    """Return the texts of the results of each kind; repr tells every float apart and lets NaN equal NaN.

    Without the end, up to which one stream may come farther than another, and the instant at which the left plate is
    back: until its first samples are there nobody waits for them.
    """
    ends = {GaitEvent: "time_s", Stride: "end_s", Asymmetry: "time_s", GaitState: "time_s"}
    return {kind.__name__: [repr(r) for r in of(kind, results) if _is_clear(r, end)] for kind, end in ends.items()}


def _is_clear(result: object, end: str) -> bool:
    end_s = getattr(result, end)
    begin_s = result.start_s if isinstance(result, Stride) else end_s
    return end_s < DURATION_S - 0.5 and not begin_s - 0.1 < BACK_S <= end_s


@pytest.fixture(scope="module")
def streams() -> Streams:
    return record()


@pytest.fixture(scope="module")
def results(streams) -> Results:
    return Results(analyse(streams))


def test_all_sources_are_at_work(results):
    """What the properties are tested on has strides of plates and of feet, asymmetry, and a change of sensor."""
    assert {event.sensor for event in of(GaitEvent, results)} == {"left_belt", "right_belt", "left_foot"}
    assert len([stride for stride in of(Stride, results) if stride.is_accepted]) > 15
    assert len(of(Asymmetry, results)) > 10
    assert [stride for stride in of(Stride, results) if "instead of" in stride.reason]


@given(sizes=st.lists(st.integers(1, 25), min_size=1, max_size=12))
@few(max_examples=5)
def test_batches_do_not_matter(streams, results, sizes):
    assert by_kind(analyse(streams, sizes)) == by_kind(results)


@given(seed=st.integers(0, 2**32 - 1))
@few(max_examples=5)
def test_the_order_of_arrival_does_not_matter(streams, results, seed):
    """Within what is promised: motion samples come less than 50 ms after the plates', belt statuses than 100 ms."""
    chance = random.Random(seed)
    late_s = dict.fromkeys(SEGMENTS, FOLLOW_S) | {"belts": 0.09}
    shuffled = by_kind(analyse(streams, lag_s=lambda name: late_s.get(name, 0.0) * chance.random()))
    assert shuffled == by_kind(results)


@pytest.mark.parametrize("shift_s", [2.0**14, 2.0**20])
def test_a_walk_at_another_time_is_the_same_walk(streams, results, shift_s):
    """Sample times are held exactly after the shift; what is computed from them is rounded at 2**-32 s."""
    moved = {name: [_later(sample, shift_s) for sample in samples] for name, samples in streams.items()}
    later = analyse(moved, start_s=shift_s)
    assert [type(result) for result in later] == [type(result) for result in results]
    for one, other in zip(of(GaitEvent, results), of(GaitEvent, later), strict=True):
        assert (other.side, other.kind, other.flags, other.sensor) == (one.side, one.kind, one.flags, one.sensor)
        assert (other.reason, other.stride_number) == (one.reason, one.stride_number)
        assert other.confidence == pytest.approx(one.confidence)
        assert other.time_s - shift_s == pytest.approx(one.time_s, abs=1e-6)
        assert other.detected_s - shift_s == pytest.approx(one.detected_s, abs=1e-6)
    for one, other in zip(of(GaitState, results), of(GaitState, later), strict=True):
        assert [limb.is_in_contact for limb in limbs(other)] == [limb.is_in_contact for limb in limbs(one)]
        assert other.left.phase == pytest.approx(one.left.phase, abs=1e-5, nan_ok=True)
    for one, other in zip(of(Stride, results), of(Stride, later), strict=True):
        assert (other.side, other.number, other.is_accepted) == (one.side, one.number, one.is_accepted)
        for name in ("stride_time_s", "step_length_m", "peak_load_bw", "foot_clearance_m"):
            assert getattr(other, name) == pytest.approx(getattr(one, name), abs=1e-5, nan_ok=True)


def _later(sample: Sample, shift_s: float) -> Sample:
    return replace(sample, time_s=sample.time_s + shift_s)


MIRRORED = {"left_belt": "right_belt", "left_foot": "right_foot"}
MIRRORED |= {other: name for name, other in MIRRORED.items()}


def mirrored(sample: Sample) -> Sample:
    """Return what the same sensor measures in a mirror: lateral forces and turns about the other axes change sign."""
    across = np.array([1.0, -1.0, 1.0])
    if isinstance(sample, ForceSamples):
        pressure_m = sample.centre_of_pressure_m * across[:2]
        name = MIRRORED[sample.name]
        return replace(sample, name=name, force_n=sample.force_n * across, centre_of_pressure_m=pressure_m)
    if isinstance(sample, ImuSample):
        x, y, z = sample.acceleration_mps2
        roll, pitch, yaw = sample.angular_rate_radps
        segment = MIRRORED.get(sample.segment, sample.segment)
        return replace(sample, segment=segment, acceleration_mps2=(x, -y, z), angular_rate_radps=(-roll, pitch, -yaw))
    return replace(sample, left_speed_mps=sample.right_speed_mps, right_speed_mps=sample.left_speed_mps)


def test_a_mirrored_walk_gives_mirrored_results(streams, results):
    """Left and right change places, and asymmetry its sign."""
    other_results = analyse({MIRRORED.get(n, n): [mirrored(s) for s in samples] for n, samples in streams.items()})
    for one, other in zip(_sorted(GaitEvent, results), _sorted(GaitEvent, other_results), strict=True):
        assert (other.side, other.kind, other.flags) == (one.side.other, one.kind, one.flags)
        assert (other.sensor, other.confidence) == (MIRRORED[one.sensor], pytest.approx(one.confidence))
        assert other.time_s == pytest.approx(one.time_s, abs=1e-6)
    unchanged = ("stride_time_s", "step_length_m", "step_width_m", "peak_load_bw", "foot_clearance_m", "speed_mps")
    for one, other in zip(_sorted(Stride, results), _sorted(Stride, other_results), strict=True):
        assert (other.side, other.is_accepted) == (one.side.other, one.is_accepted)
        for name in unchanged:
            assert getattr(other, name) == pytest.approx(getattr(one, name), abs=1e-6, nan_ok=True)
    for one, other in zip(_sorted(Asymmetry, results), _sorted(Asymmetry, other_results), strict=True):
        assert other.side is one.side.other
        for metric, its_mirror in zip(one.metrics, other.metrics, strict=True):
            assert its_mirror.value == pytest.approx(-metric.value, abs=1e-6, nan_ok=True), metric.name
            assert its_mirror.sound_value == pytest.approx(metric.prosthetic_value, abs=1e-6, nan_ok=True)
    for one, other in zip(of(GaitState, results), of(GaitState, other_results), strict=True):
        assert [limb.is_in_contact for limb in limbs(other)] == [limb.is_in_contact for limb in limbs(one)[::-1]]


def _sorted(kind: type, results: list) -> list:
    """Return results of one kind in the order of their times: of two at one instant the left one is told first."""
    return sorted(of(kind, results), key=lambda each: getattr(each, "end_s" if kind is Stride else "time_s"))


@given(factor=st.sampled_from([0.5, 1.0, 1.25, 2.0]))
@few(max_examples=4)
def test_a_heavier_person_walking_alike_gives_the_same_body_weights(streams, results, factor):
    """Above 63 kg all thresholds are shares of body weight; below, newtons count, and edges move."""
    scaled = {
        name: [replace(s, force_n=s.force_n * factor) if isinstance(s, ForceSamples) else s for s in samples]
        for name, samples in streams.items()
    }
    heavier = analyse(scaled, mass_kg=MASS_KG * factor)
    within_s = 1e-9 if factor >= 1.0 else 0.02
    for one, other in zip(of(GaitEvent, results), of(GaitEvent, heavier), strict=True):
        assert (other.side, other.kind, other.flags, other.sensor) == (one.side, one.kind, one.flags, one.sensor)
        assert other.time_s == pytest.approx(one.time_s, abs=within_s)
    for one, other in zip(of(Stride, results), of(Stride, heavier), strict=True):
        assert other.peak_load_bw == pytest.approx(one.peak_load_bw, abs=1e-9 if factor >= 1.0 else 1e-3, nan_ok=True)
        if factor >= 1.0:
            assert other.vertical_impulse_bws == pytest.approx(one.vertical_impulse_bws, abs=1e-9, nan_ok=True)
