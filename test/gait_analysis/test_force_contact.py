# SPDX-License-Identifier: Apache-2.0
"""Force contacts near their thresholds, under noise and drift, with bounces and gaps."""

import math
from dataclasses import replace

import numpy as np
import pytest

from gait_analysis.detectors.force_contact import Detector, Settings
from gait_analysis.events import EventFlag, EventKind
from gait_analysis.stream_merge import cut
from gait_sensing.samples import ForceSamples, Side

WEIGHT_N = 735.0


def samples(vertical_n, rate_hz=1000.0, start_s=0.0):
    count = len(vertical_n)
    force_n = np.zeros((count, 3))
    force_n[:, 2] = vertical_n
    time_s = start_s + np.arange(count) / rate_hz
    return ForceSamples("left_belt", 0, time_s, force_n, np.zeros((count, 3)), np.full((count, 2), np.nan))


def pieces(*lengths_and_levels):
    return np.concatenate([np.full(length, float(level)) for length, level in lengths_and_levels])


def edges(vertical_n, settings=None, weight_n=WEIGHT_N, **kwargs):
    changes = Detector(settings or Settings(), Side.LEFT, weight_n).feed(samples(vertical_n, **kwargs))
    return [(change.event.kind.value, change.event.time_s) for change in changes if change.event]


@pytest.mark.parametrize("drift_n", [0.0, 20.0, -20.0])
@pytest.mark.parametrize("kind", list(EventKind))
def test_edges_under_noise_and_drift_are_within_5_ms(walk, walker, drift_n, kind):
    walked = walk(walker(duration_s=60.0, noise_n=5.0, drift_n=drift_n, stride_time_s=1.2037))
    for side, plate in walked.plates.items():
        changes = Detector(Settings(), side, WEIGHT_N).feed(plate)
        found_s = np.array([change.event.time_s for change in changes if change.event and change.event.kind is kind])
        truth_s = walked.times(side, kind)
        assert len(found_s) == len(truth_s)
        assert np.percentile(np.abs(found_s - truth_s), 99) <= 0.005
        assert np.std(found_s - truth_s) < 0.001


def test_a_gentle_end_of_load_moves_foot_off_to_the_threshold(walk, walker):
    """The event is where load crosses 2 % of body weight; a gentle end of load reaches zero later."""
    walked = walk(walker(duration_s=60.0, noise_n=5.0, foot_off_power=1.5))
    plate = walked.plates[Side.LEFT]
    changes = Detector(Settings(), Side.LEFT, WEIGHT_N).feed(plate)
    found_s = np.array([c.event.time_s for c in changes if c.event and c.event.kind is EventKind.FOOT_OFF])
    before_end_s = walked.times(Side.LEFT, EventKind.FOOT_OFF) - found_s
    assert 0.010 < np.median(before_end_s) < 0.018
    assert np.std(before_end_s) < 0.0025


@pytest.mark.parametrize(("noise_n", "level_n"), [(0.0, 14.7), (1.0, 7.35), (3.0, 7.35), (15.0, 14.7)])
def test_the_level_of_an_event_stands_clear_of_noise_and_no_higher(noise_n, level_n):
    """Half of 2 % of body weight on a quiet plate, all of it on a noisy one or on one that was set to zero."""
    ramp_n = np.concatenate((np.zeros(600), np.linspace(0.0, 735.0, 401), np.full(300, 735.0)))
    noise = noise_n * np.random.default_rng(2).standard_normal(len(ramp_n))
    noise[590:] = 0.0
    walked_n = np.concatenate((np.full(200, 735.0), ramp_n + noise))
    found = edges(walked_n)
    assert found[-1][1] == pytest.approx(0.8 + 0.4 * level_n / 735.0, abs=0.0015)


def test_an_edge_is_interpolated_between_samples():
    force_n = np.array([0.0, 0.0, 0.0, 100.0, 200.0, 300.0] + [400.0] * 30 + [300.0, 200.0, 100.0, 0.0, 0.0, 0.0])
    (contact, contact_s), (off, off_s) = edges(force_n, rate_hz=100.0)
    assert (contact, off) == ("IC", "TO")
    assert contact_s == pytest.approx(0.02 + 0.01 * 14.7 / 100.0)
    assert off_s == pytest.approx(0.38 + 0.01 * (100.0 - 14.7) / 100.0)


def test_a_scuff_in_swing_is_not_the_contact():
    (_, contact_s), *_ = edges(pieces((300, 0), (10, 25), (50, 0), (300, 700), (100, 0)))
    assert contact_s == pytest.approx(0.360, abs=0.003)


def test_a_bounce_after_contact_is_one_contact_detected_without_delay():
    force_n = pieces((200, 0), (30, 300), (20, 0), (400, 700), (200, 0))
    changes = Detector(Settings(), Side.LEFT, WEIGHT_N).feed(samples(force_n))
    assert [change.event.kind.value for change in changes if change.event] == ["IC", "TO"]
    assert [change.detected_s for change in changes if change.event] == pytest.approx([0.200, 0.655])


def test_a_dropout_shorter_than_the_confirmation_is_no_foot_off():
    assert [kind for kind, _ in edges(pieces((200, 0), (300, 500), (3, 0), (300, 500)))] == ["IC"]


def test_a_tap_ends_when_the_load_went_though_it_is_believed_later():
    (_, contact_s), (kind, off_s) = edges(pieces((200, 0), (50, 300), (400, 0)))
    assert contact_s == pytest.approx(0.199, abs=0.003)
    assert kind == "TO"
    assert off_s == pytest.approx(0.250, abs=0.003)


def test_thresholds_scale_with_the_person():
    child = pieces((200, 0), (400, 30), (200, 0))
    assert len(edges(child, weight_n=150.0)) == 2
    assert len(edges(child, weight_n=math.nan)) == 2  # newtons alone: 25 N
    assert edges(child, weight_n=WEIGHT_N) == []  # 5 % of this weight is 37 N


def test_a_plate_that_was_not_zeroed_still_shows_the_swing():
    step = pieces((500, 24), (600, 724))
    found = edges(np.concatenate([step] * 5 + [pieces((400, 24))]))
    assert [kind for kind, _ in found] == ["IC", "TO"] * 5 or [kind for kind, _ in found] == ["TO", "IC"] * 4 + ["TO"]
    off_s = [time_s for kind, time_s in found if kind == "TO"]
    assert off_s == pytest.approx([1.1 * number for number in range(6 - len(off_s), 6)], abs=0.005)


def test_no_event_is_invented_across_a_gap():
    detector = Detector(Settings(), Side.LEFT, WEIGHT_N)
    assert [change.is_in_contact for change in detector.feed(samples(pieces((300, 0))))] == [False]
    changes = detector.feed(samples(pieces((300, 700)), start_s=0.5))
    assert [(change.is_in_contact, change.event) for change in changes] == [(None, None), (True, None)]
    assert "no force for 0.201 s" in changes[0].reason
    (change,) = detector.feed(samples(pieces((200, 0)), start_s=0.8))
    assert change.event is not None and change.event.kind is EventKind.FOOT_OFF


def test_between_the_thresholds_contact_is_not_known_at_first():
    changes = Detector(Settings(), Side.LEFT, WEIGHT_N).feed(samples(pieces((50, 25), (50, 5))))
    assert [(change.detected_s, change.is_in_contact) for change in changes] == [(0.05, False)]


def test_noise_on_a_resting_plate_is_no_contact():
    noise_n = 5.0 * np.random.default_rng(3).standard_normal(60_000)
    assert edges(noise_n) == []


def test_crossed_thresholds_are_refused():
    with pytest.raises(ValueError, match="off_force_n"):
        Settings(on_force_n=20.0, off_force_n=30.0)


def off_zero(plate, zero_n):
    force_n = plate.force_n.copy()
    force_n[:, 2] += zero_n
    return replace(plate, force_n=force_n)


def found_s(changes, kind, after_s=0.0):
    times_s = [change.event.time_s for change in changes if change.event and change.event.kind is kind]
    return [time_s for time_s in times_s if time_s > after_s]


@pytest.mark.parametrize("zero_n", [40.0, 60.0, 120.0])
@pytest.mark.parametrize("from_s", [0.0, 10.0])
@pytest.mark.parametrize("rate_hz", [50.0, 1000.0])
def test_a_plate_off_zero_shows_its_swings(walk, walker, zero_n, from_s, rate_hz):
    """From the begin, or of a sudden; after three swings its level is known, and named."""
    walked = walk(walker(duration_s=30.0, noise_n=2.0, rate_hz=rate_hz))
    plate = walked.plates[Side.LEFT]
    changes = Detector(Settings(), Side.LEFT, WEIGHT_N).feed(off_zero(plate, zero_n * (plate.time_s >= from_s)))
    (anew,) = (change for change in changes if "was it set to zero?" in change.reason)
    assert anew.detected_s < from_s + 5.0
    assert (anew.is_in_contact, anew.baseline_n) == (None, pytest.approx(zero_n, abs=4.0))
    assert next(change.event.reason for change in changes if change.event and change.detected_s > anew.detected_s)
    for kind in EventKind:
        truth_s = walked.times(Side.LEFT, kind)
        truth_s = truth_s[truth_s > anew.detected_s]
        assert found_s(changes, kind, anew.detected_s) == pytest.approx(truth_s, abs=0.02)


def test_a_plate_off_zero_is_told_alike_in_any_batches(walk, walker):
    plate = off_zero(walk(walker(duration_s=12.0, noise_n=2.0)).plates[Side.LEFT], 60.0)
    whole = Detector(Settings(), Side.LEFT, WEIGHT_N).feed(plate)
    assert len(whole) > 10
    for size in (1, 7, 1500):
        detector = Detector(Settings(), Side.LEFT, WEIGHT_N)
        parts = (cut(plate, first, first + size) for first in range(0, len(plate.time_s), size))
        assert repr([change for part in parts for change in detector.feed(part)]) == repr(whole)


@pytest.mark.parametrize("rate_hz", [50.0, 1000.0])
@pytest.mark.parametrize("noise_n", [0.0, 5.0])
def test_somebody_who_stands_is_not_taken_for_swings(rate_hz, noise_n):
    random = np.random.default_rng(4)
    time_s = np.arange(round(30.0 * rate_hz)) / rate_hz
    turns = 2.0 * np.pi * time_s
    light_bw = random.uniform(0.1, 0.3, 40)[time_s.astype(int)]  # on the foot that bears less, another each time
    for load_bw in (
        0.5 + 0.01 * np.sin(0.6 * turns),  # still
        0.5 + 0.35 * np.sin(turns / 2.0),  # shifting
        light_bw + 0.6 / (1.0 + np.exp(-4.0 * np.sin(turns))),  # quickly
        0.5 + 0.4 * np.sin(1.5 * turns),  # bending the knees
        0.9 + 0.2 * np.sin(1.8 * turns),  # both feet walking on it
    ):
        force_n = WEIGHT_N * load_bw + noise_n * random.standard_normal(len(time_s))
        changes = Detector(Settings(), Side.LEFT, WEIGHT_N).feed(samples(force_n, rate_hz))
        assert [(change.is_in_contact, change.event) for change in changes] == [(True, None)]


def test_a_runner_on_a_drifting_plate_keeps_stepping():
    """Flights of 80 ms are short, but tell the level of the plate."""
    rate_hz, stride_s, stance_s = 300.0, 0.38, 0.3
    time_s = np.arange(round(20.0 * rate_hz)) / rate_hz
    share = (time_s % stride_s) / stance_s
    running_n = np.where(share < 1.0, 1800.0 * np.sin(np.pi * np.minimum(share, 1.0)), 0.0)
    changes = Detector(Settings(), Side.LEFT, WEIGHT_N).feed(samples(running_n + 8.0 * time_s, rate_hz))
    contacts_s = found_s(changes, EventKind.INITIAL_CONTACT, 0.1)
    assert contacts_s == pytest.approx(np.arange(1, len(contacts_s) + 1) * stride_s, abs=0.006)
    assert contacts_s[-1] > 19.5


@pytest.mark.parametrize("drift_n", [250.0, -250.0])
def test_a_fast_drift_moves_no_contact(walk, walker, drift_n):
    """10 N in a second is more than the level of an event within a stride."""
    walked = walk(walker(duration_s=25.0, noise_n=1.0, drift_n=drift_n))
    changes = Detector(Settings(), Side.LEFT, WEIGHT_N).feed(walked.plates[Side.LEFT])
    contacts_s = found_s(changes, EventKind.INITIAL_CONTACT, 2.0)
    truth_s = walked.times(Side.LEFT, EventKind.INITIAL_CONTACT)
    assert contacts_s == pytest.approx(truth_s[truth_s > 2.0], abs=0.008)


def test_a_plate_off_below_zero_is_known_after_a_few_swings(walk, walker):
    walked = walk(walker(duration_s=15.0, noise_n=1.0))
    changes = Detector(Settings(), Side.LEFT, WEIGHT_N).feed(off_zero(walked.plates[Side.LEFT], -60.0))
    for kind in EventKind:
        truth_s = walked.times(Side.LEFT, kind)
        assert found_s(changes, kind, 5.0) == pytest.approx(truth_s[truth_s > 5.0], abs=0.006)


def test_a_load_that_stays_between_the_thresholds_flags_the_contact():
    """Where the load rose cannot be told of a foot that first rests lightly on the plate."""
    force_n = pieces((600, 700), (400, 0), (150, 20), (300, 700))
    changes = Detector(Settings(), Side.LEFT, WEIGHT_N).feed(samples(force_n))
    contact = next(change.event for change in changes if change.event and change.event.kind.value == "IC")
    assert contact.flags is EventFlag.INTERPOLATION_FAR and contact.confidence < 1.0
    assert 1.0 < contact.time_s < 1.15


@pytest.mark.parametrize("noise_n", [15.0, 25.0])
def test_a_noisy_plate_makes_no_contacts_in_swing(walk, walker, noise_n):
    """Once a swing has told the noise."""
    walked = walk(walker(duration_s=40.0, noise_n=noise_n, rate_hz=200.0))
    for side, plate in walked.plates.items():
        changes = Detector(Settings(), side, WEIGHT_N).feed(plate)
        truth_s = walked.times(side, EventKind.INITIAL_CONTACT)
        assert len(found_s(changes, EventKind.INITIAL_CONTACT, 3.0)) == np.count_nonzero(truth_s > 3.0)
