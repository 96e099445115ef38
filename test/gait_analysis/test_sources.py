# SPDX-License-Identifier: Apache-2.0
"""Plates, a prosthesis' load cell and motion sensors on one walk: who is believed, and when another takes over."""

import math
import random
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from gait_analysis.analyser import Analyser, AnalyserSettings
from gait_analysis.contact.foot_sensor import UNPROVEN
from gait_analysis.events import EventKind, GaitEvent, Source
from gait_analysis.gait import Asymmetry, GaitState, Stride
from gait_analysis.participant import Input, Participant
from gait_analysis.strides.stride_motion import WAIT_S
from gait_sensing.samples import ForceSamples, ImuSample, Side
from gait_sim.walker import Walker, WalkerSettings

DURATION_S, BATCH_S = 45.0, 0.016
OUT_S, BACK_S = 22.0, 32.0  # plates fall silent, and come back
MASS_KG = 80.0
UNKNOWN_XYZW = (math.nan,) * 4
FEET = ("left_foot", "right_foot")
SETTINGS = AnalyserSettings(state_rate_hz=50.0)

Sample = ForceSamples | ImuSample


class Recorded:
    """What all sensors of one walk gave, and the truth."""

    def __init__(self, segments: tuple[str, ...] = (*FEET, "pelvis"), stands_s: float = 0.0) -> None:
        walker = Walker(WalkerSettings(body_mass_kg=MASS_KG, seed=3))
        self.truth, self.plates = [], {"left_belt": [], "right_belt": []}
        self.imus = {name: [] for name in segments}
        for batch in range(int(DURATION_S / BATCH_S)):
            time_s = batch * BATCH_S + np.arange(1, 9) * BATCH_S / 8
            belt_mps = 1.0 if time_s[-1] > stands_s else 0.0
            self.truth += walker.advance(float(time_s[-1]), belt_mps, belt_mps)
            for name, batches in self.plates.items():
                force_n, pressure_m = walker.plate(name, time_s)
                batches.append(ForceSamples(name, 8 * batch, time_s, force_n, np.full((8, 3), np.nan), pressure_m))
            for name, samples in self.imus.items():
                for instant_s in np.arange(len(samples) * 0.01, time_s[-1], 0.01).tolist():
                    reading = walker.imu(name, instant_s, None)
                    samples.append(
                        ImuSample(name, instant_s, reading.acceleration_mps2, reading.angular_rate_radps, UNKNOWN_XYZW)
                    )

    @property
    def feet(self) -> list[list[ImuSample]]:
        return [self.imus[name] for name in FEET]

    @property
    def shared_plate(self) -> list[ForceSamples]:
        """One plate in place of both."""
        return [_sum(*batches) for batches in zip(*self.plates.values(), strict=True)]

    def contacts_s(self, side: Side, from_s: float, to_s: float) -> list[float]:
        return [
            event.time_s
            for event in self.truth
            if event.side is side and event.kind is EventKind.INITIAL_CONTACT and from_s < event.time_s < to_s
        ]


def _sum(left: ForceSamples, right: ForceSamples) -> ForceSamples:
    weights = [np.where(np.isfinite(s.centre_of_pressure_m[:, :1]), s.force_n[:, 2:], 0.0) for s in (left, right)]
    moments = [np.nan_to_num(s.centre_of_pressure_m) * w for s, w in zip((left, right), weights, strict=True)]
    pressure_m = sum(moments) / np.maximum(sum(weights), 1.0)
    return replace(left, name="belt", force_n=left.force_n + right.force_n, centre_of_pressure_m=pressure_m)


@pytest.fixture(scope="module")
def recorded() -> Recorded:
    return Recorded()


def in_order(*streams: list[Sample]) -> list[Sample]:
    return sorted((sample for stream in streams for sample in stream), key=lambda s: float(np.max(s.time_s)))


def without_plates(samples: list[ForceSamples]) -> list[ForceSamples]:
    return [each for each in samples if not OUT_S < each.time_s[0] < BACK_S]


def analyse(samples: list[Sample], prosthetic_side: Side | None = None, settings: AnalyserSettings = SETTINGS) -> list:
    analyser = Analyser(settings, Participant(MASS_KG, prosthetic_side), Input.SIMULATED, 0.0)
    return [result for sample in samples for result in analyser.feed(sample)]


def of(kind: type, results: list) -> list:
    return [result for result in results if isinstance(result, kind)]


def contacts(results: list, side: Side, from_s: float = 0.0, to_s: float = DURATION_S) -> Iterator[GaitEvent]:
    for event in of(GaitEvent, results):
        if event.side is side and event.kind is EventKind.INITIAL_CONTACT and from_s < event.time_s < to_s:
            yield event


@pytest.fixture(scope="module")
def broken_off(recorded) -> list:
    """Both plates fall silent for ten seconds; the feet wear IMUs."""
    plates = [without_plates(batches) for batches in recorded.plates.values()]
    return analyse(in_order(*plates, *recorded.feet))


@pytest.mark.parametrize("side", Side)
def test_motion_sensors_take_over_and_give_back(recorded, broken_off, side):
    expected = {f"{side.value}_belt": (15.0, OUT_S - 0.1), f"{side.value}_foot": (OUT_S + 0.1, BACK_S - 0.1)}
    for sensor, (from_s, to_s) in expected.items():
        assert {event.sensor for event in contacts(broken_off, side, from_s, to_s)} == {sensor}
    assert {event.sensor for event in contacts(broken_off, side, BACK_S + 1.3)} == {f"{side.value}_belt"}


@pytest.mark.parametrize("side", Side)
def test_each_contact_is_told_once_whoever_tells_it(recorded, broken_off, side):
    told_s = [event.time_s for event in contacts(broken_off, side, 15.0, DURATION_S - 0.5)]
    true_s = recorded.contacts_s(side, 15.0, DURATION_S - 0.5)
    assert len(told_s) == len(true_s) > 20
    assert np.abs(np.array(told_s) - true_s).max() < 0.03  # of motion sensors without their bias


def test_the_bias_of_motion_sensors_is_learned_from_force(recorded, broken_off):
    """The simulated foot turns fastest well before it leaves the ground."""
    offs = [event for event in of(GaitEvent, broken_off) if event.sensor in FEET and event.kind is EventKind.FOOT_OFF]
    true_s = np.array([event.time_s for event in recorded.truth if event.kind is EventKind.FOOT_OFF])
    assert len(offs) > 10
    assert all("off force" in event.reason for event in offs)
    assert max(np.abs(true_s - event.time_s).min() for event in offs) < 0.03
    alone = analyse(in_order(*recorded.feet))
    offs = [event for event in of(GaitEvent, alone) if event.kind is EventKind.FOOT_OFF]
    assert np.median([np.abs(true_s - event.time_s).min() for event in offs]) > 0.04


def test_a_stride_of_two_sensors_is_kept_but_not_accepted(broken_off):
    spoilt = [stride for stride in of(Stride, broken_off) if "instead of" in stride.reason]
    assert {stride.reason for stride in spoilt} >= {"events from left_foot instead of left_belt"}
    assert not any(stride.is_accepted for stride in spoilt)
    accepted = [stride for stride in of(Stride, broken_off) if stride.is_accepted]
    assert [s for s in accepted if s.start_s > OUT_S + 2.0 and s.end_s < BACK_S]  # motion sensors are good enough


def test_states_go_on_without_plates(broken_off):
    states = [state for state in of(GaitState, broken_off) if OUT_S + 1.0 < state.time_s < BACK_S - 0.1]
    assert len(states) == pytest.approx(50.0 * (BACK_S - OUT_S - 1.1), abs=2)
    assert all(state.left.is_in_contact is not None and state.left.is_phase_valid for state in states)
    assert all(math.isnan(state.left.load_bw) for state in states)
    assert {state.left.is_in_contact for state in states} == {True, False}


def test_the_order_of_arrival_does_not_matter(recorded, broken_off):
    """Motion samples come up to 40 ms after the force samples of their instant, by chance."""
    chance = random.Random(1)
    plates = [without_plates(batches) for batches in recorded.plates.values()]
    samples = in_order(*plates, *recorded.feet)
    at = {
        id(s): float(np.max(s.time_s)) + (0.04 * chance.random() if isinstance(s, ImuSample) else 0.0) for s in samples
    }
    newest = {}
    for sample in samples:  # of one sensor none overtakes another
        name = getattr(sample, "segment", None) or sample.name
        at[id(sample)] = newest[name] = max(at[id(sample)], newest.get(name, 0.0))
    results = analyse(sorted(samples, key=lambda sample: at[id(sample)]))

    def steady(results):
        return [e for e in of(GaitEvent, results) if not BACK_S - 0.2 < e.detected_s < BACK_S + 1.3]

    assert [repr(event) for event in steady(results)] == [repr(event) for event in steady(broken_off)]


def test_feet_alone_tell_steps_but_no_asymmetry_of_stance(recorded):
    results = analyse(in_order(*recorded.feet))
    for side in Side:
        told_s = [event.time_s for event in contacts(results, side, 2.0, DURATION_S - 0.5)]
        assert len(told_s) == len(recorded.contacts_s(side, 2.0, DURATION_S - 0.5))  # those before it was known, too
    assert {event.source for event in of(GaitEvent, results)} == {Source.IMU}
    assert sum(stride.is_accepted for stride in of(Stride, results)) > 60
    metrics = {metric.name: metric for metric in of(Asymmetry, results)[-1].metrics}
    assert metrics["step_time"].value == pytest.approx(0.0, abs=0.3)
    assert math.isnan(metrics["stance_time"].value) and metrics["stance_time"].reason == UNPROVEN


def test_one_foot_alone_gives_its_strides(recorded):
    results = analyse(in_order(recorded.imus["left_foot"]))
    strides = of(Stride, results)
    assert {stride.side for stride in strides} == {Side.LEFT}
    assert sum(stride.is_accepted for stride in strides) > 30
    assert all(0.3 < stride.swing_time_s < 0.6 for stride in strides if stride.is_accepted)
    assert all(math.isnan(stride.step_time_s) for stride in strides)
    state = of(GaitState, results)[-1]
    assert state.right.reason.startswith("no sensor of the right foot has sent anything")
    assert state.right.is_in_contact is None


def test_a_foot_sensor_on_the_wrong_leg_is_told_of(recorded):
    """Its contacts agree with none of the plate's."""
    others = {"left_foot": "right_foot", "right_foot": "left_foot"}
    swapped = [replace(sample, segment=others[sample.segment]) for imu in recorded.feet for sample in imu]
    results = analyse(in_order(*recorded.plates.values(), swapped))
    late = [event for event in of(GaitEvent, results) if event.time_s > 30.0]
    assert all(event.source is Source.FORCE and event.confidence == 0.5 for event in late)
    (reason,) = {event.reason for event in late if event.side is Side.LEFT}
    assert reason.startswith("left_foot agrees with 0 of the last 5 events of left_belt, but with those of the other")
    fine = analyse(in_order(*recorded.plates.values(), *recorded.imus.values()))
    assert not any(event.reason for event in of(GaitEvent, fine) if event.time_s > 30.0)


def test_the_load_cell_in_the_prosthesis_tells_of_its_foot(recorded):
    pylon = [
        ForceSamples("prosthesis", s.first_sample_count, s.time_s, s.force_n, s.moment_nm, s.centre_of_pressure_m)
        for s in recorded.plates["left_belt"]
    ]
    results = analyse(in_order(pylon, recorded.plates["right_belt"]), Side.LEFT)
    told = list(contacts(results, Side.LEFT, 3.0, DURATION_S - 0.5))
    assert {(event.source, event.sensor) for event in told} == {(Source.PROSTHESIS, "prosthesis")}
    true_s = recorded.contacts_s(Side.LEFT, 3.0, DURATION_S - 0.5)
    assert np.abs(np.array([event.time_s for event in told]) - true_s).max() < 0.01
    metrics = {metric.name: metric for metric in of(Asymmetry, results)[-1].metrics}
    assert math.isfinite(metrics["stance_time"].rolling_median)
    ignored = analyse(in_order(pylon))  # of somebody without a prosthesis
    assert ignored == []


@pytest.mark.parametrize("kind", EventKind)
def test_one_plate_under_both_feet_tells_of_both(recorded, kind):
    results = analyse(in_order(recorded.shared_plate), settings=replace(SETTINGS, shared_plate="belt"))
    for side in Side:
        told = [e for e in of(GaitEvent, results) if (e.side, e.kind) == (side, kind) and 4.0 < e.time_s < 44.0]
        true_s = [e.time_s for e in recorded.truth if (e.side, e.kind) == (side, kind) and 4.0 < e.time_s < 44.0]
        assert {(event.source, event.sensor) for event in told} == {(Source.FORCE, "belt")}
        assert len(told) == len(true_s) > 30
        assert np.median(np.abs(np.array([event.time_s for event in told]) - true_s)) < 0.02
    assert sum(stride.is_accepted for stride in of(Stride, results)) > 55
    metrics = {metric.name: metric for metric in of(Asymmetry, results)[-1].metrics}
    assert math.isfinite(metrics["stance_time"].rolling_median)
    states = of(GaitState, results)
    assert math.isnan(states[-1].left.load_bw) and states[-1].left.is_in_contact is not None


def test_the_lower_back_is_the_last_resort(recorded):
    """It tells initial contacts alone, some 0.3 s late, and nothing of stance."""
    results = analyse(in_order(recorded.imus["pelvis"]))
    events = of(GaitEvent, results)
    assert {(event.kind, event.sensor) for event in events} == {(EventKind.INITIAL_CONTACT, "pelvis")}
    strides = [stride for stride in of(Stride, results) if stride.is_accepted]
    assert len(strides) > 40
    unsure = [stride.reason for stride in of(Stride, results) if not stride.is_accepted]
    assert "pelvis is not sure of the IC of the left foot" in unsure  # before it is known which way is forward
    assert all(math.isnan(stride.stance_time_s) and 0.4 < stride.step_time_s < 0.9 for stride in strides)
    assert all(state.left.is_in_contact is None for state in of(GaitState, results))
    with_feet = of(GaitEvent, analyse(in_order(*recorded.feet, recorded.imus["pelvis"])))
    assert {event.sensor for event in with_feet if event.time_s > 10.0} == set(FEET)


def test_strides_carry_what_the_feet_tell_of_their_path(recorded):
    """The walker goes at 1 m/s; a stride comes once the foot has come to rest again, in order, none twice."""
    results = analyse(in_order(*recorded.plates.values(), *recorded.feet))
    strides = [stride for stride in of(Stride, results) if stride.start_s > 8.0 and stride.is_accepted]
    assert len(strides) > 40
    assert all(0.02 < stride.foot_clearance_m < 0.3 for stride in strides)
    assert all(stride.foot_pitch_at_contact_rad < 0.0 for stride in strides)  # on the heel
    lengths_m = [stride.stride_length_m for stride in strides]  # of a recorder without belts
    assert lengths_m == pytest.approx([stride.stride_time_s for stride in strides], abs=0.05)
    assert [stride.end_s for stride in strides] == sorted(stride.end_s for stride in strides)
    told_s = {id(stride): results[: results.index(stride)] for stride in strides[:3]}
    for stride, before in zip(strides, told_s.values(), strict=False):
        known_s = max(state.time_s for state in of(GaitState, before))
        assert known_s == pytest.approx(stride.end_s + WAIT_S, abs=0.03)
        assert any(asymmetry.time_s == stride.end_s for asymmetry in of(Asymmetry, before))  # cues do not wait


def test_what_waited_is_told_at_the_end(recorded):
    analyser = Analyser(SETTINGS, Participant(MASS_KG, None), Input.SIMULATED, 0.0)
    results = [r for sample in in_order(*recorded.plates.values(), *recorded.feet) for r in analyser.feed(sample)]
    assert len(of(Stride, analyser.finish())) >= 1
    assert analyser.finish() == []
    assert of(Stride, results)


def test_standing_still_before_the_start_counts_for_posture():
    recorded = Recorded(("left_thigh", "left_shank", "pelvis"), stands_s=9.0)
    samples = in_order(*recorded.plates.values(), *recorded.imus.values())

    def knees_rad(prepared_s: float) -> list[float]:
        participant = Participant(MASS_KG, None)
        analyser = Analyser(SETTINGS, participant, Input.SIMULATED, 8.5, prepared_s=prepared_s)
        strides = of(Stride, [result for sample in samples for result in analyser.feed(sample)])
        assert strides and all(stride.start_s > 8.5 for stride in strides)
        return [s.knee_flexion_peak_swing_rad for s in strides if s.side is Side.LEFT and s.start_s > 25.0]

    assert 0.4 < np.median(knees_rad(1.0)) < 1.6
    assert np.isnan(knees_rad(8.4)).all()  # the filter has not settled when the person walks off
