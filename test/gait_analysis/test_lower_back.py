# SPDX-License-Identifier: Apache-2.0
"""Contacts from one IMU on the lower back: on the simulated walker, on broken input, and how samples may be cut."""

import math
import pickle
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gait_analysis.events import EventFlag, EventKind, Source
from gait_analysis.imu_events.lower_back import Detector, Settings
from gait_sensing.samples import STANDARD_GRAVITY_MPS2
from gait_sim.walker import WalkerSettings

WALK_S = 20.0
RATE_HZ = 100


@pytest.fixture(scope="module")
def lower_back(accuracy_script):
    return accuracy_script("lower_back")


@pytest.fixture(scope="module")
def walk(lower_back):
    return lower_back.simulated(1.2, WalkerSettings(prosthetic_side="left", seed=5), WALK_S)


@pytest.fixture(scope="module")
def readings(walk):
    return walk.recording.readings


def events_of(readings):
    return Detector(Settings()).feed_readings(readings)


def lying(count, seed=1):
    """Readings of a sensor at rest, with noise."""
    noise = np.random.default_rng(seed)
    readings = np.zeros((count, 7))
    readings[:, 0] = np.arange(count) / RATE_HZ
    readings[:, 1:4] = noise.normal(0.0, 0.02, (count, 3)) + np.array([0.0, 0.0, STANDARD_GRAVITY_MPS2])
    readings[:, 4:] = noise.normal(0.0, 0.005, (count, 3))
    return readings


def test_a_landing_is_not_told_early_where_the_step_before_has_not_faded(lower_back):
    """Its blow adds to what is left of an earlier one, so that the rise begins long before the landing."""
    plain = lower_back.simulated(1.2, WalkerSettings(prosthetic_side="left", seed=3), 40.0)
    errors_s = lower_back.score(plain).error_s
    assert np.abs(errors_s - np.median(errors_s)).max() <= 0.12


@pytest.mark.parametrize(("speed_mps", "least_f1"), [(0.5, 0.92), (0.8, 0.92), (1.2, 0.92), (1.6, 0.92)])
def test_contacts_of_a_walk_are_found_and_named_however_the_sensor_is_mounted(lower_back, speed_mps, least_f1):
    plain = lower_back.simulated(speed_mps, WalkerSettings(prosthetic_side="left", seed=2), WALK_S)
    result = lower_back.score(lower_back.worn_anyhow(plain, 3))
    assert result.overall >= least_f1
    assert np.mean(result.is_right) >= 0.9
    assert abs(np.median(result.error_s)) <= 0.06
    assert np.percentile(result.delay_s, 95) <= 0.6


def test_events_say_what_they_are(lower_back, readings):
    events = events_of(readings)
    assert {(event.kind, event.source) for event in events} == {(EventKind.INITIAL_CONTACT, Source.IMU)}
    assert all(0.0 < event.confidence <= 0.7 for event in events)
    assert all(event.detected_s > event.time_s for event in events)
    assert all(earlier.time_s < later.time_s for earlier, later in pairwise(events))
    assert any(not event.flags for event in events)
    assert all(bool(event.flags) == bool(event.reason) for event in events)
    assert all(event.confidence <= 0.3 for event in events if event.flags & EventFlag.IRREGULAR)
    for earlier, later in pairwise(events):
        assert earlier.side is not later.side or later.flags & EventFlag.IRREGULAR


def test_the_first_contacts_of_a_bout_are_told_with_the_fourth(readings):
    events = events_of(readings)
    first, later = events[:4], events[4:]
    assert {event.detected_s for event in first} == {first[3].detected_s}
    assert all(event.flags & EventFlag.IRREGULAR for event in first)  # forward is not known yet
    assert later[0].detected_s > first[3].detected_s


def test_nothing_is_told_before_four_contacts_in_a_row(walk, readings):
    assert not events_of(readings[readings[:, 0] < walk.times_s[2]])
    assert len(events_of(readings[readings[:, 0] < walk.times_s[3] + 1.0])) >= 4


def test_bout_begins_and_ends_with_the_walk(lower_back, walk, readings):
    detector, changes = Detector(Settings()), []
    for sample in lower_back.samples(readings):
        detector.feed(sample)
        assert (detector.reason == "") == detector.is_walking
        if not changes or changes[-1][1] != detector.is_walking:
            changes.append((sample.time_s, detector.is_walking))
    assert [is_walking for _, is_walking in changes] == [False, True, False]
    assert changes[1][0] < walk.times_s[3] + 1.0
    ((begin_s, end_s),) = lower_back.bouts(events_of(readings), 2.0)
    assert changes[2][0] - end_s == pytest.approx(3.0, abs=0.02)
    assert abs(begin_s - walk.times_s[0]) < 1.2 and abs(end_s - walk.times_s[-1]) < 1.2


def test_mounting_shift_in_time_and_scale_of_neither_matter(lower_back, walk, readings):
    plain = events_of(readings)
    anyhow = events_of(lower_back.worn_anyhow(walk, 7).recording.readings)
    assert [(event.time_s, event.side) for event in plain] == [(event.time_s, event.side) for event in anyhow]
    later = events_of(readings + np.array([1024.0, *6 * [0.0]]))
    assert [event.side for event in plain] == [event.side for event in later]
    assert np.allclose([event.time_s + 1024.0 for event in plain], [event.time_s for event in later], atol=1e-6)


def test_the_mirrored_person_has_the_other_sides(lower_back, walk, readings):
    plain, mirrored = events_of(readings), events_of(lower_back.in_mirror(walk).recording.readings)
    assert [event.time_s for event in plain] == [event.time_s for event in mirrored]
    assert [event.side for event in plain[4:]] == [event.side.other for event in mirrored[4:]]


@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.integers(1, 2799), max_size=8), seed=st.integers(0, 100))
def test_cutting_and_broken_samples_do_not_change_what_is_found(lower_back, readings, cuts, seed):
    chance = np.random.default_rng(seed)
    broken = readings.copy()
    broken[chance.integers(0, len(broken), 30), 1 + seed % 6] = math.nan
    broken[chance.integers(0, len(broken), 3), 0] = 0.0
    rare = slice(*sorted(chance.integers(0, len(broken), 2).tolist()))
    broken[rare][np.arange(len(broken[rare])) % 8 > 0, 2] = math.nan  # a sensor that loses most samples for a while
    hole = int(chance.integers(500, 2000))
    broken = np.delete(broken, np.arange(hole, hole + seed), axis=0)
    detector, by_sample = Detector(Settings()), []
    for sample in lower_back.samples(broken):
        by_sample += detector.feed(sample)
    detector, by_part = Detector(Settings()), []
    for part in np.split(broken, sorted(cuts)):
        by_part += detector.feed_readings(part)
    assert by_sample == by_part


@pytest.mark.parametrize("rate_hz", [50, 62.5, 200, 1000])
def test_other_sampling_rates_find_the_same_contacts(readings, rate_hz):
    times_s = np.arange(0.0, readings[-1, 0], 1.0 / rate_hz)
    other = np.stack([times_s, *(np.interp(times_s, readings[:, 0], column) for column in readings.T[1:])], axis=1)
    plain, found = events_of(readings), events_of(other)
    assert abs(len(found) - len(plain)) <= 1
    errors_s = [min(abs(event.time_s - each.time_s) for each in plain) for event in found]
    assert np.median(errors_s) <= 0.02


def test_standing_and_broken_sensors_tell_nothing():
    rest = lying(2000)
    stuck = np.repeat(rest[:1], 2000, axis=0)
    stuck[:, 0] = rest[:, 0]
    missing = rest.copy()
    missing[:, 4] = math.nan
    clipped = rest.copy()
    clipped[:, 1:4] = 5000.0
    for readings in (rest, stuck, missing, clipped):
        detector = Detector(Settings())
        assert not detector.feed_readings(readings)
        assert not detector.is_walking and detector.reason


def test_knocks_without_the_upward_swing_of_walking_are_no_steps():
    knocked = lying(3000)
    for begin in range(500, 2500, 60):  # as of hands that work at a table, 100 a minute
        knocked[begin : begin + 4, 1] += np.array([1.0, -1.5, 1.5, -1.0])
    assert not events_of(knocked)
    swinging = knocked.copy()
    swinging[:, 3] += 1.0 * np.cos(2.0 * np.pi * (swinging[:, 0] - 5.0) / 0.6)
    assert len(events_of(swinging)) > 25


def test_a_gap_ends_the_bout(readings):
    hole = (readings[:, 0] > 14.0) & (readings[:, 0] < 14.6)
    events = events_of(readings[~hole])
    detected_s = [event.detected_s for event in events if event.time_s > 14.6]
    assert not any(13.95 < event.time_s < 14.6 for event in events)
    assert detected_s[0] == detected_s[3]


@pytest.mark.parametrize("number", range(8))
def test_a_contact_that_is_told_from_bridged_samples_is_flagged(readings, number):
    """Wherever in its blow they are missing: it may be told a quarter of a second early then."""
    contact_s = [event.time_s for event in events_of(readings) if event.time_s > 14.0][number]
    beside = (readings[:, 0] > contact_s - 0.16) & (readings[:, 0] < contact_s - 0.02)
    nearest = min(events_of(readings[~beside]), key=lambda event: abs(event.time_s - contact_s))
    assert nearest.flags & EventFlag.INTERPOLATION_FAR
    assert nearest.confidence <= 0.35


def test_a_strong_walk_does_not_hide_a_soft_one_after_standing(readings):
    strong, soft = readings.copy(), readings.copy()
    strong[:, 1:4] = 6.0 * (strong[:, 1:4] - readings[:300, 1:4].mean(axis=0)) + readings[:300, 1:4].mean(axis=0)
    soft[:, 0] += strong[-1, 0] + 0.01
    found = events_of(np.concatenate([strong, soft]))
    alone = events_of(readings)
    assert sum(event.time_s > soft[0, 0] for event in found) >= len(alone) - 1


def test_no_contact_comes_sooner_than_a_step_after_another(readings):
    steps_s = np.diff([event.time_s for event in Detector(Settings(shortest_step_s=0.6)).feed_readings(readings)])
    assert len(steps_s) > 10
    assert steps_s.min() >= 0.6 > np.diff([event.time_s for event in events_of(readings)]).min() > 0.3


def test_memory_does_not_grow(lower_back, readings):
    detector, sizes = Detector(Settings()), []
    span_s = readings[-1, 0] + 0.01
    for lap in range(6):
        detector.feed_readings(readings + np.array([lap * span_s, *6 * [0.0]]))
        sizes.append(len(pickle.dumps(detector)))
    assert sizes[-1] <= 1.05 * sizes[1]


def test_bouts_are_contacts_without_a_long_pause(lower_back, readings):
    events = events_of(readings)
    kept = [event for event in events if not 10.0 < event.time_s < 14.0]
    assert len(lower_back.bouts(kept, 2.0)) == 2
    assert lower_back.bouts([], 2.0) == []


def test_settings_out_of_bounds_are_refused():
    with pytest.raises(ValueError, match="least_steps"):
        Settings(least_steps=1)


def test_recordings_reach_their_bars(lower_back, data_folder):
    """What is reached must not be lost. ha002 stays below 0.85: its reference lacks seven contacts, see completed."""
    walks = {walk.recording.name: walk for walk in lower_back.recordings()}
    results = {name: lower_back.score(walk) for name, walk in walks.items()}
    assert lower_back.pooled(list(results.values())) >= 0.85
    assert results["ha001"].inside >= 0.9 and results["ha002"].inside >= 0.78
    assert results["ha002"].completed >= 0.85 and len(walks["ha002"].unseen) == 7 and not walks["ha001"].unseen
    assert results["ha001"].overall >= 0.69 and results["ha002"].overall >= 0.55  # mobgap: 0.681 and 0.536
    for result in results.values():
        assert result.bouts_found >= 0.9
        assert np.mean(result.is_right) >= 0.8
        assert np.percentile(result.delay_s, 95) <= 0.5


@pytest.mark.parametrize("seed", [1, 2])
def test_a_persons_treadmill_walk_agrees_with_their_feet(lower_back, data_folder, seed):
    walk = lower_back.treadmill()
    for each in (walk, lower_back.worn_anyhow(lower_back.in_mirror(walk), seed)):
        result = lower_back.score(each)
        assert result.inside >= 0.98 and np.mean(result.is_right) >= 0.98
        assert abs(np.median(result.error_s)) <= 0.03
        assert np.percentile(np.abs(result.error_s - np.median(result.error_s)), 95) <= 0.03
        assert np.percentile(result.delay_s, 95) <= 0.4
