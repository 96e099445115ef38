# SPDX-License-Identifier: Apache-2.0
"""Events of an IMU on a foot or a shank, worn anyhow, on the simulated walker and on formulas."""

import math
from functools import cache

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from gait_analysis.events import EventFlag, EventKind, Source
from gait_analysis.imu_events import shank_rate
from gait_analysis.imu_events.foot_rate import FLAT_RAD, Detector, Settings
from gait_analysis.imu_events.turning import AtRest, Turning
from gait_analysis.imu_events.turns import Landings, Swing, Usual
from gait_analysis.imu_events.worn import HISTORY_S
from gait_sensing.samples import STANDARD_GRAVITY_MPS2, ImuSample, Side
from gait_sim.walker import Walker, WalkerSettings

RATE_HZ = 100
STAND_S, WALK_S = 3.0, 20.0
CONTACT, OFF = EventKind.INITIAL_CONTACT, EventKind.FOOT_OFF
UNKNOWN = (math.nan,) * 4
PUSH_BEFORE_OFF_S = 0.3  # the walker's foot turns fastest before it leaves the ground, more so when it is slow


@cache
def walk(speed_mps, side, link="foot", rate_hz=RATE_HZ):
    """Readings [n, 7] of the walker's foot or shank and the true events: stands, walks, stands."""
    walker = Walker(WalkerSettings())
    count = round((2.0 * STAND_S + WALK_S) * rate_hz)
    readings, truth = np.zeros((count, 7)), []
    for index in range(count):
        time_s = index / rate_hz
        belt_mps = speed_mps if STAND_S <= time_s < STAND_S + WALK_S else 0.0
        events = walker.advance(time_s + 1e-3, belt_mps, belt_mps)
        truth += [(event.kind, event.time_s) for event in events if event.side is side]
        reading = walker.imu(f"{side.value}_{link}", time_s, None)
        readings[index] = (time_s, *reading.acceleration_mps2, *reading.angular_rate_radps)
    return readings, truth


def turned(readings, rotation):
    return np.hstack([readings[:, :1], rotation.apply(readings[:, 1:4]), rotation.apply(readings[:, 4:])])


def feed(detector, readings):
    events = []
    for time_s, *values in readings.tolist():
        events += detector.feed(ImuSample("foot", time_s, tuple(values[:3]), tuple(values[3:]), UNKNOWN))
    return events


def find(readings, side=Side.LEFT, settings=None):
    return feed(Detector(settings or Settings(), side), readings)


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("speed_mps", [0.3, 0.8, 1.6])
def test_every_event_of_a_sensor_worn_anyhow_is_found_and_none_in_standing(speed_mps, side):
    readings, truth = walk(speed_mps, side)
    rotation = Rotation.random(rng=np.random.default_rng(round(10 * speed_mps)))
    detector = Detector(Settings(), side)
    events = feed(detector, turned(readings, rotation))
    assert [event.kind for event in events] == [kind for kind, _ in truth]
    assert all(event.side is side and event.source is Source.IMU for event in events)
    for event, (kind, time_s) in zip(events, truth, strict=True):
        early_s = 0.06 if kind is CONTACT else PUSH_BEFORE_OFF_S
        assert time_s - early_s < event.time_s < time_s + 0.02
    assert math.degrees(math.acos(rotation.apply([0.0, 1.0, 0.0]) @ detector.left)) < 10.0
    assert detector.reason == ""


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("speed_mps", [0.8, 1.2, 1.6])
def test_every_contact_of_a_shank_is_found_and_hardly_anything_else(speed_mps, side):
    readings, truth = walk(speed_mps, side, "shank")
    rotation = Rotation.random(rng=np.random.default_rng(round(10 * speed_mps)))
    events = feed(shank_rate.Detector(shank_rate.Settings(), side), turned(readings, rotation))
    for kind in EventKind:
        true_s = np.array([time_s for true_kind, time_s in truth if true_kind is kind])
        found_s = np.array([event.time_s for event in events if event.kind is kind])
        late_s = found_s[None, :] - true_s[:, None]
        is_same = (late_s > (-0.06 if kind is CONTACT else -PUSH_BEFORE_OFF_S)) & (late_s < 0.03)
        assert (is_same.sum(axis=1) == 1).sum() >= len(true_s) - 1
        assert len(found_s) <= len(true_s) + 2


def test_a_shank_that_is_lost_in_walking_is_found_again():
    readings, truth = walk(1.2, Side.LEFT, "shank")
    detector = shank_rate.Detector(shank_rate.Settings(), Side.LEFT)
    events = feed(detector, without(readings, 12.0, 12.7))
    later_s = [time_s for kind, time_s in truth if kind is CONTACT and 15.0 < time_s < 22.0]
    assert [event.time_s for event in events if event.kind is CONTACT and 14.9 < event.time_s < 21.95] == pytest.approx(
        later_s, abs=0.06
    )


def test_until_the_mounting_is_known_there_are_no_events_and_then_those_before_it_too():
    readings, truth = walk(1.2, Side.LEFT)
    detector = Detector(Settings(), Side.LEFT)
    events = []
    for row in readings:
        before = detector.left
        told = feed(detector, row[None])
        if before is None:
            assert told == [] or detector.left is not None
            assert all(event.detected_s == row[0] for event in told)
        else:
            assert all(event.detected_s == row[0] and row[0] - event.time_s < 0.12 for event in told)
        if detector.left is None:
            assert "mounting" in detector.reason
        events += told
    assert len(events) == len(truth)
    assert events[0].detected_s - events[0].time_s > 1.0
    assert [event.time_s for event in events] == sorted(event.time_s for event in events)


def test_events_tell_contact_soon():
    events = [event for event in find(walk(1.2, Side.RIGHT)[0]) if event.time_s > 12.0]
    assert max(event.detected_s - event.time_s for event in events if event.kind is CONTACT) <= 0.06


def test_standing_and_weight_shifts_have_no_events():
    time_s = np.arange(0.0, 30.0, 1.0 / RATE_HZ)
    readings = np.zeros((len(time_s), 7))
    readings[:, 0], readings[:, 3] = time_s, STANDARD_GRAVITY_MPS2
    readings[:, 4] = 0.4 * np.sin(2.0 * np.pi * 0.5 * time_s)
    readings[:, 5] = 0.3 * np.sin(2.0 * np.pi * 0.7 * time_s)
    detector = Detector(Settings(), Side.LEFT)
    assert feed(detector, readings) == []
    assert "mounting" in detector.reason
    walked, _ = walk(0.8, Side.LEFT)
    feed(detector, walked + np.array([[40.0, 0, 0, 0, 0, 0, 0]]))
    assert detector.left is not None
    assert feed(detector, readings + np.array([[80.0, 0, 0, 0, 0, 0, 0]])) == []


def test_lifting_the_toes_in_standing_has_no_events():
    walked, _ = walk(0.8, Side.LEFT)
    detector = Detector(Settings(), Side.LEFT)
    feed(detector, walked)
    time_s = 31.0 + np.arange(0.0, 20.0, 1.0 / RATE_HZ)
    readings = np.zeros((len(time_s), 7))
    readings[:, 0], readings[:, 3] = time_s, STANDARD_GRAVITY_MPS2
    readings[:, 5] = -2.0 * np.sin(2.0 * np.pi * time_s) * (time_s % 4.0 < 1.0)  # up, then down
    assert feed(detector, readings) == []


def test_the_mirrored_foot_has_the_same_events():
    readings, _ = walk(1.2, Side.LEFT)
    mirror = np.array([1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0])
    one, other = find(readings), find(readings * mirror)
    assert [event.kind for event in one] == [event.kind for event in other]
    assert [event.time_s for event in one] == pytest.approx([event.time_s for event in other], abs=2e-3)


def cheap(readings, offset_radps=0.0, scale=1.0, noise_radps=0.0, noise_mps2=0.0):
    """What a sensor of these faults would have read."""
    noise = np.random.default_rng(1).standard_normal((len(readings), 7))
    noise *= [0.0, *3 * [noise_mps2], *3 * [noise_radps]]
    return readings * [1.0, *3 * [scale], *3 * [1.0]] + noise + [*4 * [0.0], *3 * [offset_radps]]


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize(
    "fault",
    [
        {"offset_radps": 0.3},
        {"offset_radps": -0.3, "scale": 0.82},
        {"scale": 1.18},
        {"noise_mps2": 1.0},
        {"offset_radps": 0.2, "noise_radps": 0.1, "noise_mps2": 0.5},
    ],
)
def test_a_cheap_sensor_with_offset_error_of_scale_or_noise_tells_the_same_events(fault, side):
    readings, truth = walk(1.1, side)
    clean, events = find(readings, side), find(cheap(readings, **fault), side)
    assert [event.kind for event in events] == [kind for kind, _ in truth]
    assert all(abs(event.time_s - true.time_s) < 0.04 for event, true in zip(events, clean, strict=True))


@pytest.mark.parametrize("link", ["foot", "shank"])
@pytest.mark.parametrize(("of_force", "of_rate"), [((1.0, 1.0, 1.0), (-1.0, -1.0, -1.0)), ((1.0, -1.0, 1.0),) * 2])
def test_a_sensor_with_mirrored_axes_or_a_reversed_rate_has_no_events_and_is_named(link, of_force, of_rate):
    kind = Detector if link == "foot" else shank_rate.Detector
    detector = kind(Settings() if link == "foot" else shank_rate.Settings(), Side.LEFT)
    assert not feed(detector, walk(1.1, Side.LEFT, link)[0] * [1.0, *of_force, *of_rate])
    assert f"left_{link} turns against gravity" in detector.reason and "mirrored" in detector.reason


def test_a_shift_of_time_shifts_events_and_nothing_else():
    readings, _ = walk(1.2, Side.LEFT)
    shift_s = 1024.0  # a power of two, so that times are rounded alike
    one, other = find(readings), find(readings + np.array([[shift_s, 0, 0, 0, 0, 0, 0]]))
    assert [event.kind for event in one] == [event.kind for event in other]
    for before, after in zip(one, other, strict=True):
        assert after.time_s - before.time_s == pytest.approx(shift_s, abs=1e-6)
        assert after.detected_s - before.detected_s == pytest.approx(shift_s, abs=1e-6)


def test_a_higher_rate_gives_the_same_events():
    for (kind, time_s), event in zip(walk(1.2, Side.LEFT)[1], find(walk(1.2, Side.LEFT, rate_hz=400)[0]), strict=True):
        assert event.kind is kind and abs(event.time_s - time_s) < 0.12


def without(readings, begin_s, end_s):
    return readings[(readings[:, 0] < begin_s) | (readings[:, 0] >= end_s)]


def test_in_a_long_gap_nothing_is_made_up_and_rest_ends_it():
    readings, _ = walk(1.2, Side.LEFT)
    begin_s, end_s = 14.0, 15.5
    whole, detector = find(readings), Detector(Settings(), Side.LEFT)
    events = feed(detector, without(readings[readings[:, 0] < end_s + 0.005], begin_s, end_s))
    assert "missing" in detector.reason
    events += feed(detector, readings[readings[:, 0] >= end_s + 0.005])
    assert not [event for event in events if begin_s <= event.time_s < end_s]
    late = {round(event.time_s, 3) for event in whole if event.time_s > end_s + 1.2}
    assert late <= {round(event.time_s, 3) for event in events}
    assert all(event in whole for event in events if event.time_s < begin_s - 0.1)


@pytest.mark.parametrize("kind", [CONTACT, OFF])
def test_an_event_in_a_short_gap_is_told_and_flagged(kind):
    readings, truth = walk(1.2, Side.LEFT)
    whole = find(readings)
    index = next(number for number, event in enumerate(whole) if event.kind is kind and event.time_s > 14.0)
    at_s = whole[index].time_s
    events = find(without(readings, at_s - 0.05, at_s + 0.05))
    assert [event.kind for event in events] == [true_kind for true_kind, _ in truth]
    assert EventFlag.INTERPOLATION_FAR in events[index].flags
    assert events[index].confidence < 0.5 < whole[index].confidence
    assert abs(events[index].time_s - at_s) < 0.12


def test_samples_that_are_no_measurement_or_not_later_are_left_out():
    readings, _ = walk(1.2, Side.LEFT)
    spoilt = np.repeat(readings, 2, axis=0)
    spoilt[1::2, 1:] *= -3.0  # the same time again
    bad = readings[::7] + np.array([[0.5 / RATE_HZ, 0, 0, 0, 0, 0, 0]])
    bad[::3, 5], bad[1::3, 5], bad[2::3, 1] = math.nan, 1e300, -math.inf
    spoilt = np.concatenate([spoilt, bad])
    assert find(spoilt[np.argsort(spoilt[:, 0], kind="stable")]) == find(readings)


@pytest.mark.parametrize("broken", ["no force", "no rate", "stuck", "noise", "g"])
def test_a_broken_sensor_has_no_events_and_a_reason(broken):
    readings = walk(1.2, Side.LEFT)[0].copy()
    if broken == "no force":
        readings[:, 1:4] = 0.0
    elif broken == "no rate":
        readings[:, 4:] = 0.0
    elif broken == "stuck":
        readings[:, 1:] = readings[1000, 1:]
    elif broken == "noise":
        readings[:, 1:] = np.random.default_rng(0).normal(0.0, 20.0, readings[:, 1:].shape)
    else:
        readings[:, 1:4] /= STANDARD_GRAVITY_MPS2
    for detector in (Detector(Settings(), Side.LEFT), shank_rate.Detector(shank_rate.Settings(), Side.LEFT)):
        assert feed(detector, readings) == []
        assert detector.reason


def test_a_sensor_that_moved_is_noticed_and_its_mounting_found_anew():
    readings, truth = walk(1.2, Side.LEFT)
    moved_s = 12.0
    late = readings[:, 0] >= moved_s
    moved = readings.copy()
    moved[late] = turned(readings[late], Rotation.from_rotvec([0.0, 0.0, math.pi]))
    detector, reasons = Detector(Settings(), Side.LEFT), []
    events = []
    for row in moved:
        events += feed(detector, row[None])
        reasons.append((row[0], detector.reason))
    assert any("moved" in reason for time_s, reason in reasons if time_s > moved_s)
    assert detector.left == pytest.approx((0.0, -1.0, 0.0), abs=0.2)
    true_s = [time_s for kind, time_s in truth if kind is CONTACT and time_s > 20.0]
    found_s = [event.time_s for event in events if event.kind is CONTACT and event.time_s > 19.9]
    assert found_s == pytest.approx(true_s, abs=0.06)


def test_memory_is_bounded():
    detector = Detector(Settings(), Side.LEFT)
    for turn in range(4):
        feed(detector, walk(1.2, Side.LEFT)[0] + np.array([[30.0 * turn, 0, 0, 0, 0, 0, 0]]))
    assert len(detector._rows) <= HISTORY_S * RATE_HZ + 1


def swing(rates_radps, off_pitch_rad=-0.9, struck_at=()):
    """Feed rates at 100 Hz after foot off; return when the swing says that contact was."""
    turning, told = Turning(0.1), []
    one = Swing(off_pitch_rad, Landings(*FLAT_RAD), True)
    for index, rate_radps in enumerate(rates_radps):
        force_mps2 = STANDARD_GRAVITY_MPS2 + (12.0 if index in struck_at else 2.0)
        turning.feed((index / 100.0, 0.0, 0.0, force_mps2, 0.0, -rate_radps, 0.0), (0.0, 1.0, 0.0), AtRest())
        if index == 0:
            turning.pitch_rad = off_pitch_rad
        contact_s = one.feed(turning, index > 10, 0.2, 0.05)
        if contact_s is not None:
            told.append(contact_s)
    return told


def lobe(peak_radps, count):
    return (peak_radps * np.sin(np.pi * np.arange(count) / count)).tolist()


def test_the_dip_between_two_lobes_is_not_contact():
    rates = [*lobe(4.0, 15), *lobe(-1.5, 8), *lobe(4.0, 30), *lobe(-3.0, 12)]
    assert swing(rates, -0.7)[0] == pytest.approx(0.53, abs=0.012)


def test_an_end_of_the_turn_that_no_landing_follows_is_not_contact():
    rates = [*lobe(4.0, 45), *([-0.1] * 25), *lobe(1.0, 10), *lobe(-3.0, 12)]
    assert swing(rates, -0.7)[0] == pytest.approx(0.8, abs=0.012)


def test_a_strike_tells_a_landing_that_hardly_turns_the_foot():
    rates = [*lobe(4.0, 45), *lobe(-0.5, 10), *lobe(0.3, 8)]
    assert swing(rates, -0.7) == []
    assert swing(rates, -0.7, struck_at=(5, 49))[0] == pytest.approx(0.45, abs=0.012)


def test_contact_is_at_the_landing_and_not_where_the_foot_began_to_hover():
    assert 0.7 < swing([*lobe(4.0, 45), *([-0.1] * 30), *lobe(-3.0, 12)], -0.7)[0] < 0.78


def test_a_flat_foot_lands_where_its_turn_is_stopped():
    flat, heel = swing([*lobe(4.0, 32), *lobe(-1.5, 10)], -0.8)[0], swing([*lobe(4.0, 50), *lobe(-1.5, 10)], -0.8)[0]
    assert flat == pytest.approx(0.37, abs=0.012)
    assert heel == pytest.approx(0.50, abs=0.012)


def test_one_landing_does_not_change_how_flat_a_person_lands():
    landings = Landings(0.05, 0.25)
    assert landings.flatness(0.15) == pytest.approx(0.5) and landings.flatness(0.4) == 0.0
    for _ in range(6):
        landings.add(0.04)
    assert landings.flatness(0.4) == 1.0
    for _ in range(4):
        landings.add(0.4)
    assert landings.flatness(0.4) == 0.0


def test_usual_peaks_are_forgotten_after_a_rest():
    usual = Usual(1.0, 0.5, 4.0)
    assert usual.least_radps(0.0) == 1.0 and usual.likeness(3.0) == 1.0
    for stride in range(5):
        usual.add(6.0, float(stride))
    assert usual.least_radps(5.0) == 3.0 and usual.likeness(3.0) == 0.5
    assert usual.least_radps(10.0) == 1.0
    usual.add(2.5, 10.0)
    assert usual.least_radps(10.0) == 1.25
