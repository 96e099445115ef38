# SPDX-License-Identifier: Apache-2.0
"""Landing and lengths on belts that run at different speeds."""

import math

import numpy as np
import pytest

from gait_analysis.belt_motion import BeltMotion
from gait_analysis.strides.lengths import landing_m, step_length_m, stride_length_m
from gait_sensing.samples import BeltSample, Side


def test_a_landing_is_carried_back_to_the_contact_and_weighted_by_load():
    time_s, force_n = np.array([1.002, 1.004, 1.006]), np.array([10.0, 30.0, 60.0])
    carried_m = 0.30 - 1.5 * (time_s - 1.0)
    assert landing_m(1.0, time_s, force_n, carried_m, 1.5) == pytest.approx(0.30)
    wrong_m = carried_m + np.array([0.10, 0.0, 0.0])
    assert landing_m(1.0, time_s, force_n, wrong_m, 1.5) == pytest.approx(0.31)
    wrong_m[0] = math.nan
    assert landing_m(1.0, time_s, force_n, wrong_m, 1.5) == pytest.approx(0.30)


def test_a_landing_without_centre_of_pressure_or_belt_is_not_known():
    time_s, force_n, pressure_m = np.array([1.0, 1.1]), np.array([50.0, 60.0]), np.array([0.1, 0.1])
    assert math.isnan(landing_m(1.0, time_s, force_n, np.full(2, math.nan), 1.0))
    assert math.isnan(landing_m(1.0, time_s, force_n, pressure_m, math.nan))


def test_lengths_use_the_belt_under_the_foot():
    belts = BeltMotion(settle_s=0.1, max_age_s=1.0)
    for time_s in np.arange(0.0, 10.0, 0.0625):
        belts.feed(BeltSample(float(time_s), 0.5, 1.0, 0.0))
    # The right foot landed at 0.20 m and was carried 0.6 s at 1.0 m/s when the left one lands at 0.25 m.
    assert step_length_m(belts, Side.LEFT, (2.0, 2.6), (0.20, 0.25), 2.6) == pytest.approx(0.65)
    assert stride_length_m(belts, Side.LEFT, (1.4, 2.6), (0.22, 0.25), 2.6) == pytest.approx(0.63)
