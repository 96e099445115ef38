# SPDX-License-Identifier: Apache-2.0
"""Belt speed and displacement from rare statuses, the same whenever those arrived."""

import math

import numpy as np
import pytest

from gait_analysis.belt_motion import BeltMotion
from gait_sensing.calibration.belt_inertia import BeltInertia
from gait_sensing.samples import BeltSample, Side


def belts(until_s=10.0, speed=lambda time_s: 1.0, interval_s=0.0625):
    motion = BeltMotion(settle_s=0.1, max_age_s=1.0)
    for time_s in np.arange(0.0, until_s, interval_s):
        motion.feed(BeltSample(float(time_s), speed(time_s), 2.0 * speed(time_s), 0.0))
    return motion


def test_displacement_is_the_integral_of_speed():
    motion = belts(speed=lambda time_s: 0.2 * time_s)
    assert motion.displacement_m(Side.LEFT, 2.03, 5.11, 6.0) == pytest.approx(0.1 * (5.11**2 - 2.03**2))
    assert motion.displacement_m(Side.RIGHT, 2.03, 5.11, 6.0) == pytest.approx(0.2 * (5.11**2 - 2.03**2))


def test_statuses_that_may_not_have_arrived_are_not_used():
    early, late = belts(until_s=5.0), belts(until_s=5.9)
    asked = (Side.LEFT, 4.0, 5.0, 5.0)
    assert early.displacement_m(*asked) == late.displacement_m(*asked)
    ramp = belts(speed=lambda time_s: 0.2 * time_s)
    assert ramp.speeds_mps([5.0])[0][0] == pytest.approx(0.2 * 4.875)  # newest status that is 0.1 s old
    known_m = ramp.displacement_m(Side.LEFT, 4.5, 5.0, 5.0)
    assert known_m == pytest.approx(0.1 * (4.875**2 - 4.5**2) + 0.125 * 0.2 * 4.875)


def test_unknown_speed_is_nan():
    motion = belts(until_s=5.0)
    assert all(math.isnan(speeds_mps[0]) for speeds_mps in motion.speeds_mps([0.05, 6.2]))
    assert motion.speeds_mps([5.5]) == [(1.0, 2.0)]
    assert math.isnan(motion.displacement_m(Side.LEFT, -0.5, 1.0, 2.0))  # begins before the first status
    assert math.isnan(motion.displacement_m(Side.LEFT, 4.5, 6.5, 6.5))  # ends long after the last
    motion.feed(BeltSample(7.0, 1.0, 2.0, 0.0))
    assert math.isnan(motion.displacement_m(Side.LEFT, 4.5, 7.2, 7.5))  # a gap of 2 s within


def test_a_status_out_of_order_is_ignored():
    motion = belts(until_s=5.0)
    motion.feed(BeltSample(1.0, 9.0, 9.0, 0.0))
    assert motion.displacement_m(Side.LEFT, 0.5, 4.5, 5.0) == pytest.approx(4.0)


def test_statuses_of_long_ago_are_forgotten_and_the_newest_kept():
    short, long = belts(until_s=20.0), belts(until_s=100.0)
    assert math.isnan(long.displacement_m(Side.LEFT, 50.0, 51.0, 100.0))
    assert long.displacement_m(Side.RIGHT, 90.03, 95.11, 100.0) == pytest.approx(2.0 * 5.08)
    assert short.displacement_m(Side.LEFT, 0.5, 19.5, 20.0) == pytest.approx(19.0)
    assert long.speeds_mps([50.0, 99.0])[1] == (1.0, 2.0)


def test_a_status_without_a_time_is_ignored():
    motion = BeltMotion(settle_s=0.1, max_age_s=1.0)
    for time_s in (math.nan, 1.0, math.nan, 1.5, 2.0):
        motion.feed(BeltSample(time_s, 1.0, 2.0, 0.0))
    assert motion.displacement_m(Side.LEFT, 1.0, 2.0, 2.5) == pytest.approx(1.0)


def test_acceleration_is_that_of_the_statuses_known_by_then():
    inertia, at_s = BeltInertia(delay_s=0.05), np.array([2.0, 4.6, 4.8])
    early, late = (belts(until_s=until_s, speed=lambda time_s: 0.2 * time_s) for until_s in (5.0, 9.0))
    for side, expected_mps2 in ((Side.LEFT, 0.2), (Side.RIGHT, 0.4)):
        found_mps2 = early.acceleration_mps2(inertia, side, at_s, 5.0)
        assert found_mps2 == pytest.approx([expected_mps2, expected_mps2, math.nan], nan_ok=True)
        assert np.array_equal(found_mps2, late.acceleration_mps2(inertia, side, at_s, 5.0), equal_nan=True)
        assert late.acceleration_mps2(inertia, side, at_s, 6.0)[2] == pytest.approx(expected_mps2)
    assert np.isnan(early.acceleration_mps2(inertia, Side.LEFT, np.array([7.0, 7.1]), 9.0)).all()
