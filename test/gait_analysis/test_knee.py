# SPDX-License-Identifier: Apache-2.0
"""Knee flexion in swing, however the sensors sit, and nothing where it cannot be told; bars are in ``test_posture``."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from gait_analysis.events import EventKind
from gait_analysis.imu_motion.knee import Knee
from gait_sensing.samples import ImuSample, Side
from gait_sim.body_motion import POINTS_RAD, PitchShape
from gait_sim.walker import Walker, WalkerSettings

MIRROR = np.array([1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0])  # of readings in y; a rate is an axial vector
SEGMENTS = ("left_thigh", "left_shank")
SHORTEST_S = 20.0


@pytest.fixture(scope="module")
def script(accuracy_script):
    return accuracy_script("posture")


@pytest.fixture(scope="module")
def leg(script):
    """An uneven walk: readings of thigh and shank of the left leg, and its swings as (begin, end)."""
    walker = script.Walker(4, stride_s=1.2, is_even=False)
    body = script.walk(walker)
    swings = [
        (script.START_S + begin_s, script.START_S + end_s)
        for _, side, begin_s, end_s in script.intervals(body, script.SWING)
        if side is Side.LEFT and begin_s < script.STAND_S + SHORTEST_S
    ]
    return {segment: script.measure(body, segment, walker) for segment in SEGMENTS}, swings


def ask(script, readings, swings, side=Side.LEFT, late_s=0.05):
    """Return peak flexions in degrees, and the reason of each."""
    knee, flexions_deg, reasons, fed = Knee(side), [], [], 0
    stream = sorted(
        (sample for segment, each in readings.items() for sample in script.samples(segment, each)),
        key=lambda sample: sample.time_s,
    )
    for begin_s, end_s in swings:
        while fed < len(stream) and stream[fed].time_s <= end_s + late_s:
            knee.feed(stream[fed])
            fed += 1
        flexions_deg.append(math.degrees(knee.peak_swing_flexion_rad(begin_s, end_s)))
        reasons.append(knee.reason)
    assert all(math.isnan(each) == bool(reason) for each, reason in zip(flexions_deg, reasons, strict=True))
    return np.array(flexions_deg), reasons


@pytest.mark.parametrize("speed_mps", [0.5, 1.2])
def test_flexion_of_the_simulated_walker_is_that_of_its_legs(speed_mps):
    """Another source of truth than the benchmark's: legs in the sagittal plane, their accelerations in formulas."""
    walker, knee, contact_s, off_s, found = Walker(WalkerSettings(prosthetic_side="left")), Knee(Side.RIGHT), 0, 0, []
    for index in range(3000):
        time_s = 0.01 * index
        belt_mps = speed_mps if time_s > 4.0 else 0.0
        events = walker.advance(time_s + 1e-3, belt_mps, belt_mps)
        for segment in ("right_thigh", "right_shank"):
            reading = walker.imu(segment, time_s, None)
            knee.feed(
                ImuSample(segment, time_s, reading.acceleration_mps2, reading.angular_rate_radps, (math.nan,) * 4)
            )
        for event in events:
            if event.side is Side.RIGHT and event.kind is EventKind.FOOT_OFF:
                off_s = event.time_s
            elif event.side is Side.RIGHT and off_s:
                contact_s = event.time_s
        if contact_s > off_s > 0:
            found.append(math.degrees(knee.peak_swing_flexion_rad(off_s, contact_s)))
            off_s = 0
    thigh, shank = (PitchShape(POINTS_RAD[link]) for link in ("thigh", "shank"))
    phases = np.linspace(0.0, 1.0, 500, endpoint=False)
    whole_deg = math.degrees(max(shank.angle_rad(phase) - thigh.angle_rad(phase) for phase in phases))
    told = np.array(found)[np.isfinite(found)]
    assert len(told) >= len(found) - 8
    amplitude = np.median(told) / whole_deg  # slow walkers move less
    assert 0.4 < amplitude < 1.1 and (np.abs(told - np.median(told)) < 4.0).all()


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_mounting_does_not_matter(script, leg, seed):
    readings, swings = leg
    rotation = Rotation.random(rng=np.random.default_rng(seed))
    other = {
        segment: np.hstack([each[:, :1], rotation.apply(each[:, 1:4]), rotation.apply(each[:, 4:])])
        for segment, each in readings.items()
    }
    plain_deg, other_deg = (ask(script, each, swings)[0] for each in (readings, other))
    np.testing.assert_allclose(other_deg, plain_deg, atol=0.2)
    assert np.isfinite(plain_deg[-10:]).all()


def test_the_other_leg_of_a_mirrored_walker_flexes_alike(script, leg):
    readings, swings = leg
    mirrored = {segment.replace("left", "right"): each * MIRROR for segment, each in readings.items()}
    plain_deg, other_deg = ask(script, readings, swings)[0], ask(script, mirrored, swings, Side.RIGHT)[0]
    np.testing.assert_allclose(other_deg, plain_deg, atol=0.1)


def test_it_does_not_matter_when_is_asked_nor_how_the_two_are_interleaved(script, leg):
    readings, swings = leg
    expected = ask(script, readings, swings)
    late = ask(script, readings, swings, late_s=1.5)
    np.testing.assert_array_equal(late[0], expected[0])
    knee, begin_s = Knee(Side.LEFT), -math.inf
    flexions_deg = []
    for swing in swings:
        for segment in reversed(SEGMENTS):
            times_s = readings[segment][:, 0]
            part = readings[segment][(times_s > begin_s) & (times_s <= swing[1] + 0.5)]
            for sample in script.samples(segment, part):
                knee.feed(sample)
        begin_s = swing[1] + 0.5
        flexions_deg.append(math.degrees(knee.peak_swing_flexion_rad(*swing)))
    np.testing.assert_array_equal(flexions_deg, expected[0])


def test_a_gap_in_one_sensor_is_not_bridged(script, leg):
    readings, swings = leg
    begin_s, end_s = swings[10][0] + 0.1, swings[10][0] + 0.2
    thigh = readings["left_thigh"]
    kept = thigh[(thigh[:, 0] < begin_s) | (thigh[:, 0] > end_s)]
    plain_deg = ask(script, readings, swings)[0]
    flexions_deg, reasons = ask(script, {**readings, "left_thigh": kept}, swings)
    np.testing.assert_array_equal(flexions_deg[:10], plain_deg[:10])
    assert reasons[10] == "left_thigh: samples are missing" and "not settled" in reasons[11]
    assert np.abs(flexions_deg[14:] - plain_deg[14:]).max() < 2.0


def test_without_standing_there_is_no_zero(script, leg):
    readings, swings = leg
    start_s = swings[0][0] + 3.0
    walking = {segment: each[each[:, 0] > start_s] for segment, each in readings.items()}
    flexions_deg, reasons = ask(script, walking, swings)
    assert np.isnan(flexions_deg).all() and "standing still" in reasons[-1]


def test_someone_who_sat_before_walking_has_no_zero(script, leg):
    readings, swings = leg
    thigh = readings["left_thigh"].copy()
    share = np.clip(script.START_S + 5.0 - thigh[:, :1], 0.0, 1.0)  # rises from a chair between 4 and 5 s
    bent_rad = np.array([0.0, 1.4, 0.0])
    for columns in (slice(1, 4), slice(4, 7)):
        thigh[:, columns] = Rotation.from_rotvec(share * bent_rad).apply(thigh[:, columns])
    thigh[:, 4:] += np.where((share > 0.0) & (share < 1.0), bent_rad, 0.0)
    flexions_deg, reasons = ask(script, {**readings, "left_thigh": thigh}, swings)
    assert np.isnan(flexions_deg).all()
    assert any("did not stand upright" in reason for reason in reasons)
    assert reasons[-1] == "left_thigh: no standing still before walking was seen"


def test_one_sensor_is_not_enough(script, leg):
    readings, swings = leg
    flexions_deg, reasons = ask(script, {"left_shank": readings["left_shank"]}, swings)
    assert np.isnan(flexions_deg).all() and reasons[-1] == "left_thigh: samples are missing"


def test_events_of_the_other_leg_tell_nothing(script):
    walker = script.Walker(0)
    body = script.walk(walker)
    readings = {segment: script.measure(body, segment, walker) for segment in SEGMENTS}
    swings = [
        (script.START_S + begin_s, script.START_S + end_s)
        for _, side, begin_s, end_s in script.intervals(body, script.SWING)
        if side is Side.RIGHT and begin_s < script.STAND_S + SHORTEST_S
    ]
    flexions_deg, reasons = ask(script, readings, swings)
    assert np.isnan(flexions_deg[-8:]).all() and "contradict" in reasons[-1]


def test_a_missing_event_tells_nothing(script, leg):
    readings, swings = leg
    flexions_deg, reasons = ask(script, readings, [*swings[:-1], (math.nan, swings[-1][1])])
    assert math.isnan(flexions_deg[-1]) and reasons[-1] == "left_thigh: an event of the stride is missing"
