# SPDX-License-Identifier: Apache-2.0
"""Every cue strategy, belt law and actuator, found by its file, keeps the contract of its folder."""

import dataclasses
import math
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gait_analysis.events import EventKind, GaitEvent, Source
from gait_analysis.gait import Asymmetry, GaitState, LimbState, MetricAsymmetry, Stride, Subphase
from gait_analysis.participant import Participant
from gait_feedback.actuator_timer import ActuatorTimer, ActuatorTimerSettings
from gait_feedback.belt_law import Observation
from gait_feedback.cue import ActuatorChange, Cue
from gait_feedback.limiter import Limiter, LimiterSettings
from gait_parts.plugins import available, find
from gait_parts.settings import Settings
from gait_sensing.belt_gate.gate import BeltRequest
from gait_sensing.driver import WireCounts
from gait_sensing.samples import BeltSample, ForceSamples, Side

CUES, BELTS, ACTUATORS = "gait_feedback.cues", "gait_feedback.belts", "gait_feedback.actuators"
CLASSES = {CUES: ("Strategy",), BELTS: ("Law",), ACTUATORS: ("Driver", "Emulator")}
PARTS = [(package, name) for package in CLASSES for name in available(package)]
quickly = settings(derandomize=True, deadline=None, max_examples=50)

every_cue = pytest.mark.parametrize("name", available(CUES))
every_law = pytest.mark.parametrize("name", available(BELTS))
every_actuator = pytest.mark.parametrize("name", available(ACTUATORS))


def test_every_folder_has_a_part():
    assert all(available(package) for package in CLASSES)


@pytest.mark.parametrize(("package", "name"), PARTS)
def test_a_part_has_its_classes_and_documented_settings_with_defaults(package, name):
    part = find(package, name)
    assert part.__doc__ and part.Settings.__doc__
    assert isinstance(part.Settings(), Settings)
    for field in dataclasses.fields(part.Settings):
        assert field.metadata["doc"]
    for class_name in CLASSES[package]:
        assert getattr(part, class_name).__doc__


# Cues


def asymmetries(value, metric="stance_time"):
    measured = MetricAsymmetry(metric, "", value, value, 0.6, 0.7, "s", 1, 0)
    return [Asymmetry(10.0 + 0.5 * number, side, (measured,)) for number, side in enumerate(Side)]


@every_cue
@pytest.mark.parametrize("prosthetic", [None, *Side])
@pytest.mark.parametrize("value", [0.3, -0.3, 0.0, math.nan, 1.0, -1.0])
def test_a_strategy_yields_cues_that_a_limiter_takes(name, prosthetic, value):
    part = find(CUES, name)
    strategy = part.Strategy(part.Settings(), prosthetic)
    contact = GaitEvent(10.0, 10.01, Side.LEFT, EventKind.INITIAL_CONTACT, Source.FORCE, 1.0)
    for observation in [contact, *asymmetries(value) * 20, Asymmetry(30.0, Side.LEFT)]:
        cues = strategy.feed(observation)
        assert len({cue.side for cue in cues}) == len(cues), "one cue a side at most"
        for cue in cues:
            assert isinstance(cue, Cue) and cue.reason
            assert not (isinstance(observation, Asymmetry) and math.isnan(value)), "unknown is nothing to cue for"
            assert Limiter(LimiterSettings()).feed(cue.detected_s + 0.001, cue).is_allowed


# Belts


def gait_state(time_s, load_bw=math.nan):
    limbs = [LimbState(side, None, Subphase.UNKNOWN, math.nan, math.nan, load_bw, "none yet") for side in Side]
    return GaitState(time_s, time_s, *limbs, math.nan, math.nan)


@every_law
def test_a_law_asks_for_what_has_a_meaning_and_can_ask_for_rest(name):
    part = find(BELTS, name)
    law = part.Law(part.Settings())
    rest = law.stop_request()
    assert isinstance(rest, BeltRequest) and rest.left_speed_mps == rest.right_speed_mps == 0.0
    for request in (rest, law.feed(100.0, BeltSample(100.0, 0.0, 0.0, 0.0), gait_state(100.0))):
        assert request is None or (request.left_speed_mps >= 0.0 and request.right_speed_mps >= 0.0)
        assert request is None or (0.0 < request.acceleration_mps2 < math.inf and request.source)


@every_law
@pytest.mark.parametrize("age_s", [1.0, 100.0, math.inf, math.nan, None])
def test_a_law_never_speeds_up_on_old_data(name, age_s):
    part = find(BELTS, name)
    law = part.Law(part.Settings())
    fresh = BeltSample(100.0, 0.5, 0.5, 0.0), gait_state(100.0)
    law.feed(99.95, *fresh)
    belt = None if age_s is None else BeltSample(100.0 - age_s, 0.5, 0.5, 0.0)
    gait = None if age_s is None else gait_state(100.0 - age_s)
    for old in ((belt, fresh[1]), (fresh[0], gait), (belt, gait)):
        request = law.feed(100.0, *old)
        assert request is None or max(request.left_speed_mps, request.right_speed_mps) <= 0.5


@every_law
@pytest.mark.parametrize("lost", ["belt", "gait", "plates"])
def test_a_law_asks_for_rest_soon_after_any_loss(name, lost):
    """Asked 20 times a second, at most 0.2 s after the last fresh input; it may have had other reasons before."""
    part = find(BELTS, name)
    law = part.Law(part.Settings())
    for number in range(20):
        now_s = 100.0 + 0.05 * number
        known_s = min(now_s, 100.5)
        loads_bw = 0.5 if lost != "plates" or now_s <= 100.5 else math.nan
        belt = BeltSample(known_s if lost == "belt" else now_s, 0.4, 0.4, 0.0)
        request = law.feed(now_s, belt, gait_state(known_s if lost == "gait" else now_s, loads_bw))
        if now_s > 100.5 + 0.2 - 1e-6:
            assert request is None or request.left_speed_mps == request.right_speed_mps == 0.0


@every_law
def test_a_law_says_what_it_observes(name):
    observes = find(BELTS, name).Law.OBSERVES
    assert set(observes) <= set(get_args(Observation))


@every_law
def test_a_law_takes_whatever_there_is_to_observe(name):
    part = find(BELTS, name)
    law = part.Law(part.Settings())
    nothing = np.full((3, 3), np.nan)
    stride = Stride(Side.LEFT, 1, True, "", *[100.0] * 5, *[math.nan] * 8)
    for observation in (
        Participant(math.nan, None),
        ForceSamples("left_belt", 0, np.array([100.0, 100.001, 100.002]), nothing, nothing, nothing[:, :2]),
        ForceSamples("prosthesis", 0, np.array([100.0, 100.001, 100.002]), nothing, nothing, nothing[:, :2]),
        BeltSample(100.0, math.nan, math.nan, math.nan),
        GaitEvent(100.0, 100.01, Side.LEFT, EventKind.FOOT_OFF, Source.IMU, 1.0),
        stride,
        *asymmetries(math.nan),
    ):
        assert law.observe(observation) is None
    request = law.feed(100.0, BeltSample(100.0, 0.5, 0.5, 0.0), gait_state(100.0))
    assert request is None or (math.isfinite(request.left_speed_mps) and math.isfinite(request.right_speed_mps))


# Actuators


def bench(name):
    part = find(ACTUATORS, name)
    return part.Driver(part.Settings()), part.Emulator(part.Settings())


@every_actuator
def test_connecting_and_leaving_switch_everything_off(name):
    driver, emulator = bench(name)
    for side in Side:
        emulator.feed(driver.begin(side, 1.0, 0.1))
    for farewell in (driver.connect, driver.disconnect):
        emulator.changes()
        driver.feed(emulator.feed(farewell()))
        assert set(emulator.changes()) == {ActuatorChange(side, 0.0) for side in Side}


@every_actuator
@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("intensity", [0.01, 0.5, 1.0])
def test_on_and_off_arrive_on_their_side(name, side, intensity):
    driver, emulator = bench(name)
    driver.feed(emulator.feed(driver.connect()))
    emulator.changes()
    driver.feed(emulator.feed(driver.begin(side, intensity, 0.1)))
    (change,) = emulator.changes()
    assert change.side is side and 0.0 < change.intensity == pytest.approx(intensity, abs=0.07)
    driver.feed(emulator.feed(driver.stop(side)))
    assert emulator.changes() == [ActuatorChange(side, 0.0)]


@every_actuator
def test_a_device_that_acknowledges_answers_every_cue(name):
    driver, emulator = bench(name)
    driver.feed(emulator.feed(driver.connect()))
    assert driver.problem == "", "ready once it was heard"
    numbers = []
    for side in [*Side, *Side]:
        answers = driver.feed(emulator.feed(driver.begin(side, 0.5, 0.1)))
        assert [(answer.sequence, answer.problem) for answer in answers] == [
            (driver.sequence, "")
        ] * driver.acknowledges
        numbers.append(driver.sequence)
    assert not driver.acknowledges or (len(set(numbers)) == len(numbers) and min(numbers) > 0)


@every_actuator
def test_a_poll_switches_nothing_and_keeps_a_link_that_must_not_fall_silent(name):
    driver, emulator = bench(name)
    driver.feed(emulator.feed(driver.connect()))
    emulator.changes()
    before = driver.counts.reading_count
    driver.feed(emulator.feed(driver.poll()))
    assert emulator.changes() == []
    if driver.silent_s < math.inf:
        assert driver.counts.reading_count > before and driver.poll_interval_s < driver.silent_s
    else:
        assert driver.poll_interval_s == math.inf or driver.poll()


@every_actuator
def test_time_alone_switches_nothing_on(name):
    driver, emulator = bench(name)
    emulator.feed(driver.connect() + driver.begin(Side.LEFT, 1.0, 0.1))
    emulator.changes()
    for _ in range(30):
        emulator.advance(0.1)
    assert all(change == ActuatorChange(Side.LEFT, 0.0) for change in emulator.changes())


@every_actuator
def test_a_cue_begins_and_ends_through_the_timer(name):
    driver, emulator = bench(name)
    timer = ActuatorTimer(ActuatorTimerSettings(), driver)
    emulator.feed(driver.connect())
    emulator.changes()
    emulator.feed(timer.feed(10.0, Cue(Side.RIGHT, 9.9, 9.95, 1.0, 0.1, "test")))
    emulator.feed(timer.due(10.2))
    assert emulator.changes() == [ActuatorChange(Side.RIGHT, 1.0), ActuatorChange(Side.RIGHT, 0.0)]


@every_actuator
@quickly
@given(chunks=st.lists(st.binary(max_size=300), max_size=10))
def test_whatever_the_bytes_neither_end_raises(name, chunks):
    driver, emulator = bench(name)
    driver.connect()
    for chunk in chunks:
        assert isinstance(driver.feed(chunk), list)
        assert isinstance(driver.pending(), bytes)
        assert isinstance(emulator.feed(chunk), bytes)
    assert isinstance(driver.counts, WireCounts)


@every_actuator
@quickly
@given(cuts=st.lists(st.integers(1, 5), min_size=30, max_size=30))
def test_the_emulator_does_not_care_where_writes_are_cut(name, cuts):
    driver, emulator = bench(name)
    data = driver.connect() + b"".join(driver.begin(side, 1.0, 0.1) + driver.stop(side) for side in Side)
    for cut in cuts:
        emulator.feed(data[:cut])
        data = data[cut:]
    emulator.feed(data)
    assert len(emulator.changes()) == 6
