# SPDX-License-Identifier: Apache-2.0
"""Sensors that are wrong, people who leave: a reason, nothing invented or bridged, and back when all is good again."""

import math
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import cycle, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gait_analysis.analyser import Analyser, AnalyserSettings
from gait_analysis.contact.believed_load import BelievedLoad
from gait_analysis.detectors.force_contact import Detector, Settings
from gait_analysis.events import EventKind, GaitEvent
from gait_analysis.gait import Asymmetry, GaitState, LimbState, Presence, Stride
from gait_analysis.participant import Input, Participant
from gait_analysis.stream_merge import cut
from gait_sensing.samples import STANDARD_GRAVITY_MPS2, BeltSample, ForceSamples, ImuSample, Side
from gait_sim.walker import Walker, WalkerSettings

DURATION_S, BATCH_S, MASS_KG = 24.0, 0.02, 80.0
WEIGHT_N = MASS_KG * STANDARD_GRAVITY_MPS2
FROM_S, TO_S = 12.0, 16.0  # while a sensor is wrong
LATE_S = 2.6  # after it, until a stride of each foot is whole again
SETTINGS = AnalyserSettings(state_rate_hz=50.0)
UNKNOWN_XYZW = (math.nan,) * 4
FEET = ("left_foot", "right_foot")
LEFT, RIGHT = Side.LEFT, Side.RIGHT

Sample = ForceSamples | ImuSample | BeltSample
Spoil = Callable[[ForceSamples, np.ndarray], ForceSamples]  # of samples, given which of them are in the wrong time


class Recorded:
    """What all sensors of one walk gave, a stream each, and the truth."""

    def __init__(self) -> None:
        walker = Walker(WalkerSettings(body_mass_kg=MASS_KG, seed=5))
        time_s = np.arange(1, round(DURATION_S * 1000) + 1) / 1000.0
        self.truth = []
        rows: dict[str, list] = {"left_belt": [], "right_belt": []}
        self.imus: dict[str, list[ImuSample]] = {name: [] for name in (*FEET, "left_shank", "pelvis")}
        for part_s in np.split(time_s, round(DURATION_S / BATCH_S)):
            self.truth += walker.advance(float(part_s[-1]), 1.0, 1.0)
            for name, parts in rows.items():
                parts.append(walker.plate(name, part_s))
            for name, samples in self.imus.items():
                for instant_s in part_s[9::10].tolist():
                    reading = walker.imu(name, instant_s, None)
                    values = reading.acceleration_mps2, reading.angular_rate_radps
                    samples.append(ImuSample(name, instant_s, *values, UNKNOWN_XYZW))
        self.plates = {name: _samples(name, time_s, parts) for name, parts in rows.items()}
        self.belts = [BeltSample(float(at_s), 1.0, 1.0, 0.0) for at_s in np.arange(0.0, DURATION_S, 0.067)]

    @property
    def feet(self) -> list[list[ImuSample]]:
        return [self.imus[name] for name in FEET]


def _samples(name: str, time_s: np.ndarray, parts: list) -> ForceSamples:
    force_n, pressure_m = (np.concatenate(column) for column in zip(*parts, strict=True))
    return ForceSamples(name, 0, time_s, force_n, np.full((len(time_s), 3), np.nan), pressure_m)


@pytest.fixture(scope="module")
def recorded() -> Recorded:
    return Recorded()


def batches(samples: ForceSamples, size: int = round(BATCH_S * 1000)) -> list[ForceSamples]:
    return [cut(samples, first, first + size) for first in range(0, len(samples.time_s), size)]


def in_order(*streams: list[Sample]) -> list[Sample]:
    return sorted((sample for stream in streams for sample in stream), key=lambda s: float(np.max(s.time_s)))


def analyse(
    samples: list[Sample],
    prosthetic_side: Side | None = None,
    mass_kg: float = MASS_KG,
    input: Input = Input.SIMULATED,
) -> list:
    analyser = Analyser(SETTINGS, Participant(mass_kg, prosthetic_side, leg_length_m=0.9), input, 0.0)
    return [result for sample in samples for result in analyser.feed(sample)]


def walk(
    recorded: Recorded,
    *more: list[Sample],
    mass_kg: float = MASS_KG,
    input: Input = Input.SIMULATED,
    **plates: ForceSamples,
) -> list:
    """Analyse the walk with these plates in place of its own, and with ``more`` streams."""
    streams = [batches(plate) for plate in (recorded.plates | plates).values()]
    return analyse(in_order(*streams, recorded.belts, *more), mass_kg=mass_kg, input=input)


def of(kind: type, results: list) -> list:
    return [result for result in results if isinstance(result, kind)]


def events_of(results: list, side: Side, from_s: float = 0.0, to_s: float = DURATION_S) -> list[GaitEvent]:
    return [e for e in of(GaitEvent, results) if e.side is side and from_s < e.time_s < to_s]


def states_of(results: list, side: Side, from_s: float, to_s: float) -> list[LimbState]:
    return [getattr(state, side.value) for state in of(GaitState, results) if from_s < state.time_s < to_s]


def true_s(recorded: Recorded, side: Side, from_s: float, to_s: float) -> list[tuple[str, float]]:
    return [(e.kind, e.time_s) for e in recorded.truth if e.side is side and from_s < e.time_s < to_s]


def assert_only_true_events(recorded: Recorded, results: list, within_s: float = 0.02) -> None:
    """No event was told that was not walked, and none twice."""
    for side in Side:
        for kind in EventKind:
            walked_s = np.array([e.time_s for e in recorded.truth if (e.side, e.kind) == (side, kind)])
            told_s = [e.time_s for e in events_of(results, side) if e.kind is kind]
            assert all(np.abs(walked_s - time_s).min() < within_s for time_s in told_s)
            assert all(later - earlier > 0.5 for earlier, later in pairwise(told_s))


def assert_back(recorded: Recorded, results: list, to_s: float = TO_S) -> None:
    """From ``to_s`` on every event and stride is told again, and nothing was bridged."""
    assert_told(recorded, results, to_s + 0.7, DURATION_S - 0.1)
    strides = [stride for stride in of(Stride, results) if stride.is_accepted]
    assert {stride.side for stride in strides if stride.start_s > to_s + 0.7} == set(Side)
    assert all(stride.stride_time_s < 1.6 for stride in strides)


def assert_told(recorded: Recorded, results: list, from_s: float, to_s: float) -> None:
    for side in Side:
        for kind, time_s in true_s(recorded, side, from_s, to_s):
            told = [e for e in events_of(results, side, time_s - 0.15, time_s + 0.15) if e.kind is kind]
            assert len(told) == 1, (side, kind, time_s)


def spoilt(plate: ForceSamples, spoil: Callable[[np.ndarray], None], from_s: float, to_s: float) -> ForceSamples:
    """The plate with the rows of force of an interval changed in place by ``spoil``."""
    force_n = plate.force_n.copy()
    inside = slice(*plate.time_s.searchsorted((from_s, to_s)).tolist())
    rows = force_n[inside]
    spoil(rows)
    return replace(plate, force_n=force_n)


def to(value_n: float) -> Callable[[np.ndarray], None]:
    def spoil(rows: np.ndarray) -> None:
        rows[:] = value_n

    return spoil


def held(rows: np.ndarray) -> None:
    rows[:] = rows[0]


def reverse(rows: np.ndarray) -> None:
    rows[:, 2] *= -1.0


def mid_stance_s(recorded: Recorded, side: Side, after_s: float) -> float:
    contact_s = next(e.time_s for e in recorded.truth if e.side is side and e.kind == "IC" and e.time_s > after_s)
    return contact_s + 0.3


def mid_swing_s(recorded: Recorded, side: Side, after_s: float) -> float:
    off_s = next(e.time_s for e in recorded.truth if e.side is side and e.kind == "TO" and e.time_s > after_s)
    return off_s + 0.2


@pytest.mark.parametrize(
    ("value_n", "reason"), [(math.nan, "sends no numbers"), (3e4, "30000 N, which no plate"), (-400.0, "reversed")]
)
@pytest.mark.parametrize("to_s", [TO_S, math.inf])
def test_a_plate_that_sends_no_measurement(recorded, value_n, reason, to_s):
    results = walk(recorded, left_belt=spoilt(recorded.plates["left_belt"], to(value_n), FROM_S, to_s))
    for state in states_of(results, LEFT, FROM_S + 0.1, to_s):
        assert state.is_in_contact is None and math.isnan(state.load_bw)
        assert "left_belt" in state.reason and reason in state.reason
    assert not events_of(results, LEFT, FROM_S, to_s)
    assert_only_true_events(recorded, results)
    if to_s == TO_S:
        assert_back(recorded, results)


def test_plates_that_never_send_a_number_still_give_states_with_a_reason(recorded):
    nothing = {name: spoilt(plate, to(math.nan), 0.0, math.inf) for name, plate in recorded.plates.items()}
    results = walk(recorded, **nothing)
    assert len(of(GaitState, results)) > 50 * (DURATION_S - 1.0)
    assert all("right_belt sends no numbers" in state.reason for state in states_of(results, RIGHT, 0.2, DURATION_S))
    assert not of(GaitEvent, results) and not of(Stride, results)


def test_nothing_is_integrated_across_missing_samples(recorded):
    """Impulses and peaks of a stance that was not seen whole are not known."""
    from_s = mid_stance_s(recorded, LEFT, FROM_S)
    plate = spoilt(recorded.plates["left_belt"], to(math.nan), from_s, from_s + 0.15)
    results = walk(recorded, *recorded.feet, left_belt=plate)
    (seen,) = [s for s in of(Stride, results) if s.side is LEFT and s.start_s < from_s < s.end_s]
    assert math.isnan(seen.vertical_impulse_bws) and math.isnan(seen.peak_load_bw)


@pytest.mark.parametrize("lasting_s", [0.2, 2.0, math.inf])
@pytest.mark.parametrize("where", [mid_stance_s, mid_swing_s])
def test_a_plate_that_is_stuck(recorded, where, lasting_s):
    """Too short a stretch is not known to be stuck; what it hides is not told."""
    from_s = where(recorded, LEFT, FROM_S)
    results = walk(recorded, left_belt=spoilt(recorded.plates["left_belt"], held, from_s, from_s + lasting_s))
    assert_only_true_events(recorded, results)
    loaded = where is mid_stance_s
    told_s = from_s + (0.22 if loaded else 2.02)
    for state in states_of(results, LEFT, told_s, from_s + lasting_s):
        assert state.is_in_contact is None
        assert "left_belt is stuck at" in state.reason
    if lasting_s <= 2.0:
        assert_back(recorded, results, from_s + lasting_s)


def test_a_stuck_plate_is_named_with_its_force(recorded):
    stuck = spoilt(recorded.plates["left_belt"], to(412.0), FROM_S, TO_S)
    states = states_of(walk(recorded, left_belt=stuck), LEFT, FROM_S + 0.3, TO_S)
    assert states and all("left_belt is stuck at 412 N" in state.reason for state in states)


@pytest.mark.parametrize(("zero_n", "from_s"), [(-100.0, 4.0), (-60.0, 4.0), (90.0, 8.0), (110.0, 8.0)])
def test_a_plate_set_to_zero_in_swing_and_then_off_zero_is_not_stuck(recorded, zero_n, from_s):
    """Unchanged to the bit in each swing, at a level that is no load."""

    def off_zero(rows: np.ndarray) -> None:
        rows[:, 2] = np.where(rows[:, 2] < 20.0, 0.0, rows[:, 2]) + zero_n

    spoiled = spoilt(recorded.plates["left_belt"], off_zero, 0.0, DURATION_S)
    results = walk(recorded, left_belt=spoiled)
    assert_told(recorded, results, from_s, DURATION_S - 0.1)
    assert all(state.is_in_contact is not None for state in states_of(results, LEFT, from_s, DURATION_S))


def test_a_clipped_plate_is_a_load_without_peaks(recorded):
    plate = recorded.plates["left_belt"]
    clipped = replace(plate, force_n=np.minimum(plate.force_n, 0.8 * WEIGHT_N))
    results, whole = walk(recorded, left_belt=clipped), walk(recorded)
    assert_only_true_events(recorded, results)
    late = [stride for stride in of(Stride, results) if stride.start_s > 8.0]
    assert len(late) == len([stride for stride in of(Stride, whole) if stride.start_s > 8.0])
    assert all(stride.is_accepted for stride in late)
    assert all(math.isnan(stride.peak_load_bw) == (stride.side is LEFT) for stride in late)
    assert all(math.isnan(stride.step_width_m) and math.isfinite(stride.step_length_m) for stride in late)
    told = [e for e in events_of(results, LEFT, 10.0) if e.kind is EventKind.INITIAL_CONTACT]
    assert told and all(e.reason == "left_belt is clipped at 628 N: its peaks are not known" for e in told)
    assert not any("clipped" in event.reason for event in of(GaitEvent, whole))
    metrics = {metric.name: metric for metric in of(Asymmetry, results)[-1].metrics}
    assert math.isnan(metrics["peak_load"].value) and math.isfinite(metrics["stance_time"].value)


def test_a_reversed_plate_tells_nothing_of_stance(recorded):
    results = walk(recorded, left_belt=spoilt(recorded.plates["left_belt"], reverse, 0.0, math.inf))
    assert not events_of(results, LEFT)
    assert not any(stride.is_accepted for stride in of(Stride, results)) and not of(Asymmetry, results)
    states = states_of(results, LEFT, 2.0, DURATION_S)
    assert not any(state.is_in_contact for state in states)
    assert sum("is its sign reversed" in state.reason for state in states) > 0.4 * len(states)


def test_swapped_plates_are_told_by_where_they_bear_the_load(recorded):
    left, right = recorded.plates.values()
    results = walk(recorded, left_belt=replace(right, name="left_belt"), right_belt=replace(left, name="right_belt"))
    late = [e for e in of(GaitEvent, results) if e.time_s > 8.0 and e.kind is EventKind.INITIAL_CONTACT]
    reason = "left_belt bears its load to the right of right_belt: are the plates swapped?"
    assert late and {event.reason for event in late} == {reason}
    assert_none_is_used(results, reason, 8.0)


def test_plates_of_a_recording_may_each_have_an_origin_of_their_own(recorded):
    own = {
        name: replace(plate, centre_of_pressure_m=plate.centre_of_pressure_m - [0.0, middle_m])
        for (name, plate), middle_m in zip(recorded.plates.items(), (0.25, -0.25), strict=True)
    }
    results = walk(recorded, input=Input.RECORDING, **own)
    late = [e for e in of(GaitEvent, results) if e.time_s > 8.0 and e.kind is EventKind.INITIAL_CONTACT]
    assert late and all("are the plates swapped?" in event.reason for event in late)
    strides = [stride for stride in of(Stride, results) if stride.end_s > 8.0]
    assert strides and all(stride.is_accepted for stride in strides)
    assert all(math.isnan(stride.lateral_margin_of_stability_m) for stride in strides)
    whole = of(Stride, walk(recorded, input=Input.RECORDING))[-1]
    assert math.isfinite(whole.lateral_margin_of_stability_m)
    assert not any(stride.is_accepted for stride in of(Stride, walk(recorded, **own)) if stride.end_s > 8.0)


def assert_none_is_used(results: list, reason: str, from_s: float) -> None:
    """From then on strides are told with the reason, and nothing is made of them."""
    strides = [stride for stride in of(Stride, results) if stride.end_s > from_s]
    assert {stride.side for stride in strides} == set(Side)
    assert not any(stride.is_accepted for stride in strides) and {stride.reason for stride in strides} == {reason}
    assert not any(asymmetry.time_s > from_s for asymmetry in of(Asymmetry, results))


def test_swapped_plates_without_a_place_of_load_cannot_be_told(recorded):
    swapped = {}
    for name, plate in zip(("right_belt", "left_belt"), recorded.plates.values(), strict=True):
        swapped[name] = replace(plate, name=name, centre_of_pressure_m=np.full((len(plate.time_s), 2), np.nan))
    assert not any(event.reason for event in of(GaitEvent, walk(recorded, **swapped)) if event.time_s > 8.0)


def test_swapped_plates_are_told_by_the_feet(recorded):
    left, right = (replace(p, centre_of_pressure_m=p.centre_of_pressure_m * np.nan) for p in recorded.plates.values())
    swapped = {"left_belt": replace(right, name="left_belt"), "right_belt": replace(left, name="right_belt")}
    results = walk(recorded, *recorded.feet, **swapped)
    late = [event for event in of(GaitEvent, results) if event.time_s > 20.0]
    assert late and all("are sides swapped?" in event.reason and event.confidence == 0.5 for event in late)
    strides = [stride for stride in of(Stride, results) if stride.end_s > 20.0]
    assert {stride.side for stride in strides} == set(Side) and not any(stride.is_accepted for stride in strides)
    assert all("but with those of the other foot: are sides swapped?" in stride.reason for stride in strides)
    assert not any(asymmetry.time_s > 20.0 for asymmetry in of(Asymmetry, results))


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_a_wrong_mass_or_two_people_are_told(recorded, factor):
    """Twice the load may be two people, or half the mass: the plates cannot tell which."""
    results = walk(recorded, mass_kg=MASS_KG * factor)
    late = [e for e in of(GaitEvent, results) if e.time_s > 8.0 and e.kind is EventKind.INITIAL_CONTACT]
    told = [re.fullmatch(r"both plates together bear (.*) body weights: is the mass right.*", e.reason) for e in late]
    assert told and all(match and float(match[1]) == pytest.approx(1.0 / factor, rel=0.03) for match in told)
    assert_only_true_events(recorded, results, within_s=0.04)
    strides = of(Stride, results)
    late = [stride for stride in strides if stride.start_s > 8.0]
    assert late and all(stride.is_accepted and math.isfinite(stride.step_width_m) for stride in late)
    loads = ("peak_load_bw", "loading_rate_bwps", "vertical_impulse_bws", "braking_impulse_bws")
    assert all(math.isnan(getattr(stride, name)) for stride in strides for name in loads)
    told = {metric.name: metric for metric in of(Asymmetry, results)[-1].metrics}
    assert math.isnan(told["peak_load"].value) and math.isfinite(told["step_time"].value)
    weights = [each for stride in strides for each in stride.deviations if each.name == "unequal weight"]
    assert weights and {each.presence for each in weights} == {Presence.UNTOLD}


def test_plates_that_nobody_is_on(recorded):
    bare = {name: spoilt(plate, _noise, 0.0, math.inf) for name, plate in recorded.plates.items()}
    results = walk(recorded, **bare)
    assert not of(GaitEvent, results)
    for state in states_of(results, LEFT, 1.2, DURATION_S):
        assert state.is_in_contact is None and "nobody is on the plates" in state.reason


def _noise(rows: np.ndarray) -> None:
    rows[:] = np.random.default_rng(len(rows)).normal(0.0, 2.0, rows.shape)


def test_feet_tell_of_a_walk_beside_the_plates(recorded):
    """The plates are bare, the feet walk: amplifiers that are switched off, or a walk on the floor."""
    bare = {name: spoilt(plate, _noise, 0.0, math.inf) for name, plate in recorded.plates.items()}
    results = walk(recorded, *recorded.feet, **bare)
    assert {event.sensor for event in of(GaitEvent, results)} == set(FEET)
    assert_told(recorded, results, 12.0, 23.0)


@pytest.mark.parametrize("away_s", [1.7, 4.0])
@pytest.mark.parametrize("after_s", [1.0, 8.0])
def test_a_walker_who_leaves_and_comes_back(recorded, after_s, away_s):
    """Nothing bridges the break, not even where it lasts no longer than a slow stride, and no pace is known yet."""
    leave_s = next(e.time_s for e in recorded.truth if e.side is LEFT and e.kind == "IC" and e.time_s > after_s) - 0.05
    plates = {name: spoilt(plate, _noise, leave_s, leave_s + away_s) for name, plate in recorded.plates.items()}
    results = walk(recorded, **plates)
    assert not [stride for stride in of(Stride, results) if stride.start_s < leave_s < stride.end_s]
    away = states_of(results, RIGHT, leave_s + 1.1, leave_s + away_s)
    assert away and all(state.is_in_contact is None and "nobody" in state.reason for state in away)
    for side in Side:
        assert not events_of(results, side, leave_s + 0.01, leave_s + away_s - 0.01)
    assert [stride for stride in of(Stride, results) if stride.start_s > leave_s + away_s and stride.is_accepted]


@pytest.mark.parametrize("where", ["samples again", "samples out of order", "stamps set back", "no stamps"])
def test_times_that_do_not_go_on_invent_nothing(recorded, where):
    arrivals = in_order(*(batches(plate) for plate in recorded.plates.values()))
    middle = len(arrivals) // 2
    wrong = arrivals[middle]
    order = np.random.default_rng(1).permutation(len(wrong.time_s))
    arrivals[middle : middle + 1] = {
        "samples again": arrivals[middle - 10 : middle + 1],
        "samples out of order": [_ordered(wrong, order)],
        "stamps set back": [replace(wrong, time_s=wrong.time_s - 3.0)],
        "no stamps": [replace(wrong, time_s=wrong.time_s * np.nan)],
    }[where]
    results = analyse(arrivals)
    assert_only_true_events(recorded, results)
    assert_back(recorded, results, DURATION_S / 2)


def _ordered(samples: ForceSamples, order: np.ndarray) -> ForceSamples:
    names = ("time_s", "force_n", "moment_nm", "centre_of_pressure_m")
    return replace(samples, **{name: getattr(samples, name)[order] for name in names})


@pytest.mark.parametrize("spoil", [to(math.nan), held, reverse])
def test_a_pylon_that_is_wrong(recorded, spoil):
    left, right = recorded.plates.values()
    from_s = mid_stance_s(recorded, LEFT, FROM_S)
    pylon = spoilt(replace(left, name="prosthesis"), spoil, from_s, TO_S)
    results = analyse(in_order(batches(pylon), batches(right)), LEFT)
    assert_only_true_events(recorded, results)
    assert {event.sensor for event in events_of(results, LEFT)} == {"prosthesis"}
    assert not events_of(results, LEFT, from_s, TO_S)
    states = states_of(results, LEFT, from_s + 0.3, TO_S)
    assert any("prosthesis" in state.reason for state in states)
    if spoil is not reverse:
        assert all(state.is_in_contact is None and "prosthesis" in state.reason for state in states)
    assert_back(recorded, results)


def wrong_imu(samples: list[ImuSample], how: str) -> list[ImuSample]:
    wrong: list[ImuSample] = []
    first: ImuSample | None = None
    for sample in samples:
        if not FROM_S + 0.4 <= sample.time_s < TO_S:
            wrong.append(sample)
            continue
        first = first or sample
        values = {
            "no numbers": ((math.nan,) * 3, (math.nan,) * 3),
            "no worn sensor": ((9e3, 0.0, 0.0), (0.0, 0.0, 0.0)),
            "is stuck": (first.acceleration_mps2, first.angular_rate_radps),
            "is stuck: its": ((0.0, 0.0, 9.81), (0.0, 0.0, 0.0)),
        }[how]
        wrong.append(replace(sample, acceleration_mps2=values[0], angular_rate_radps=values[1]))
    return wrong


@pytest.mark.parametrize("how", ["no numbers", "no worn sensor", "is stuck", "is stuck: its"])
@pytest.mark.parametrize("segment", ["left_foot", "left_shank"])
def test_a_motion_sensor_that_is_wrong(recorded, segment, how):
    results = analyse(in_order(wrong_imu(recorded.imus[segment], how), recorded.imus["right_foot"]))
    from_s = FROM_S + 0.4 + (2.1 if how.endswith("its") else 0.25)
    for state in states_of(results, LEFT, from_s, TO_S):
        assert state.is_in_contact is None
        assert segment in state.reason and how in state.reason
    assert not [e for e in events_of(results, LEFT, from_s, TO_S)]
    assert_back(recorded, results, TO_S + 0.6)


@pytest.mark.parametrize("how", ["no numbers", "is stuck"])
def test_a_pelvis_that_is_wrong_tells_no_contacts(recorded, how):
    results = analyse(in_order(wrong_imu(recorded.imus["pelvis"], how)))
    from_s = FROM_S + 0.7
    assert [e for e in of(GaitEvent, results) if e.time_s < from_s]
    assert not [e for e in of(GaitEvent, results) if from_s < e.time_s < TO_S]
    assert [e for e in of(GaitEvent, results) if e.time_s > TO_S + 3.0]
    assert not [s for s in of(Stride, results) if s.is_accepted and s.start_s < from_s < s.end_s - 0.5]
    states = states_of(results, LEFT, FROM_S + 2.5, TO_S)  # stuck at values like those of rest: known after 2 s
    assert states and all("pelvis" in state.reason and how in state.reason for state in states)


@pytest.mark.parametrize("spoil", [to(math.nan), held, reverse])
def test_one_plate_under_both_feet_that_is_wrong(recorded, spoil):
    left, right = recorded.plates.values()
    load_n = [np.where(np.isfinite(p.centre_of_pressure_m[:, :1]), p.force_n[:, 2:], 0.0) for p in (left, right)]
    moments_nm = [np.nan_to_num(p.centre_of_pressure_m) * n for p, n in zip((left, right), load_n, strict=True)]
    place_m = sum(moments_nm) / np.maximum(sum(load_n), 1.0)
    if spoil is held:
        held(place_m[slice(*left.time_s.searchsorted((FROM_S, TO_S)).tolist())])
    both = replace(left, name="belt", force_n=left.force_n + right.force_n, centre_of_pressure_m=place_m)
    analyser = Analyser(replace(SETTINGS, shared_plate="belt"), Participant(MASS_KG, None), Input.SIMULATED, 0.0)
    results = [r for batch in batches(spoilt(both, spoil, FROM_S, TO_S)) for r in analyser.feed(batch)]
    for side in Side:
        assert events_of(results, side, 6.0, FROM_S - 0.5)
        assert not events_of(results, side, FROM_S + 0.1, TO_S - 0.1)
        states = states_of(results, side, FROM_S + 2.0, TO_S)  # 1.5 s without a step
        assert states and all(state.is_in_contact is None and state.reason for state in states)
        assert events_of(results, side, TO_S + 4.0)


def test_a_wrong_motion_sensor_does_not_disturb_plates(recorded):
    feet = [wrong_imu(recorded.imus[name], "no numbers") for name in ("left_foot", "pelvis")]
    with_feet, without = walk(recorded, *feet), walk(recorded)
    times = [[(e.side, e.kind, e.time_s) for e in of(GaitEvent, results)] for results in (with_feet, without)]
    assert times[0] == times[1]


def test_belts_that_tell_no_speed_leave_lengths_unknown(recorded):
    wrong = [replace(belt, left_speed_mps=math.nan) if FROM_S < belt.time_s < TO_S else belt for belt in recorded.belts]
    streams = [batches(plate) for plate in recorded.plates.values()]
    results = analyse(in_order(*streams, wrong))
    during = [s for s in of(Stride, results) if s.side is LEFT and s.start_s > FROM_S + 0.2 and s.end_s < TO_S]
    assert during and all(math.isnan(stride.stride_length_m) for stride in during)
    assert_back(recorded, results)
    after = [s for s in of(Stride, results) if s.start_s > TO_S + LATE_S]
    assert after and all(math.isfinite(stride.stride_length_m) for stride in after)


SPOILS = {
    "good": lambda rows: None,
    "no numbers": to(math.nan),
    "held": held,
    "zero": to(0.0),
    "reversed": reverse,
    "clipped": lambda rows: np.minimum(rows, 500.0, out=rows),
}


@given(
    parts=st.lists(st.tuples(st.sampled_from(sorted(SPOILS)), st.integers(20, 3000)), min_size=1, max_size=12),
    sizes=st.lists(st.integers(1, 700), min_size=1, max_size=6),
)
@settings(max_examples=40, deadline=None)
def test_what_is_believed_does_not_depend_on_batches(plate_of_walk, parts, sizes):
    """Whatever is wrong with a plate, and however its samples are cut."""
    force_n = plate_of_walk.force_n.copy()
    first = 0
    for name, count in parts:
        SPOILS[name](force_n[first : first + count])
        first += count
    wrong = replace(plate_of_walk, force_n=force_n)
    assert believed(wrong, [len(force_n)]) == believed(wrong, sizes)


def believed(plate: ForceSamples, sizes: list[int]) -> tuple[list[str], float]:
    load = BelievedLoad("left_belt", Detector(Settings(), LEFT, WEIGHT_N), WEIGHT_N, -150.0)
    told: list[str] = []
    taken, first, turns = 0, 0, cycle(sizes)
    while first < len(plate.time_s):
        end = min(first + next(turns), len(plate.time_s))
        measured, changes = load.feed(cut(plate, first, end))
        taken += len(measured.time_s) if measured else 0
        told += map(repr, changes)
        first = end
    return told, taken


@pytest.fixture(scope="module")
def plate_of_walk(recorded) -> ForceSamples:
    class Plate(ForceSamples):
        def __repr__(self) -> str:
            return "the plate"

    plate = recorded.plates["left_belt"]
    return Plate(plate.name, 0, plate.time_s, plate.force_n, plate.moment_nm, plate.centre_of_pressure_m)
