# SPDX-License-Identifier: Apache-2.0
"""An IMU that rests reads gravity along the right axis, or is called ill; one that moves is not judged."""

import math

import pytest

from gait_sensing.calibration.rest_check import RestCheck
from gait_sensing.health import Level
from gait_sensing.samples import ImuSample

NAN = math.nan


def found(acceleration_mps2, rate_radps=0.0, up_axis="", count=100):
    check = RestCheck(0.01, up_axis)
    for k in range(count):
        rates = (rate_radps, 0.0, 0.0)
        check.feed(ImuSample("pelvis", 0.01 * k, acceleration_mps2, rates, (NAN, NAN, NAN, NAN)))
    return [(finding.level, finding.text) for finding in check.findings()]


def test_gravity_is_well_in_any_direction():
    assert found((0.0, -9.8, 0.1)) == []
    assert found((5.66, 5.66, 5.66)) == []


@pytest.mark.parametrize(
    ("acceleration_mps2", "level", "word"),
    [
        ((0.0, 0.0, 1.0), Level.RED, "in g"),
        ((0.0, 0.0, 0.02), Level.RED, "free acceleration"),
        ((0.0, 0.0, 9.3), Level.AMBER, "9.300"),
        ((NAN, NAN, NAN), Level.RED, "no acceleration"),
    ],
)
def test_anything_else_at_rest_is_named(acceleration_mps2, level, word):
    [(found_level, text)] = found(acceleration_mps2)
    assert found_level is level
    assert word in text


def test_the_axis_that_should_point_up():
    assert found((0.0, 0.0, 9.81), up_axis="+z") == []
    [(level, text)] = found((0.0, 0.0, -9.81), up_axis="+z")
    assert level is Level.RED
    assert "-z points up" in text


@pytest.mark.parametrize(("rate_radps", "count"), [(0.5, 100), (NAN, 100), (0.0, 99)])
def test_who_moves_or_has_not_rested_long_enough_is_not_judged(rate_radps, count):
    assert found((0.0, 0.0, 1.0), rate_radps=rate_radps, count=count) == []


def test_the_last_rest_counts_until_the_next():
    check = RestCheck(0.01, "")
    for scale in (0.1, 1.0):
        for k in range(100):
            check.feed(ImuSample("pelvis", 0.01 * k, (0.0, 0.0, 9.81 * scale), (0.0, 0.0, 0.0), (NAN,) * 4))
        assert (len(check.findings()) == 1) == (scale == 0.1)
        check.feed(ImuSample("pelvis", 1.0, (0.0, 0.0, 20.0), (3.0, 0.0, 0.0), (NAN,) * 4))
        assert (len(check.findings()) == 1) == (scale == 0.1)
