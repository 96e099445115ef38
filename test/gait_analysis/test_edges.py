# SPDX-License-Identifier: Apache-2.0
"""A running mean spans the same samples whatever the rounding of their times."""

import numpy as np
import pytest

from gait_analysis.contact.edges import centred_mean, usual_interval_s

WINDOW_S = 0.02


@pytest.mark.parametrize(("rate_hz", "count"), [(100.0, 3), (1000.0, 21), (300.0, 7), (50.0, 1)])
@pytest.mark.parametrize("start_s", [0.0, 1e6, 1.79e9])
def test_the_window_does_not_hang_on_the_rounding_of_times(rate_hz, count, start_s):
    rng = np.random.default_rng(1)
    values = rng.standard_normal(200)
    expected = np.convolve(values, np.full(count, 1.0 / count), "valid")
    for first in range(5):
        time_s = start_s + (first + np.arange(200)) / rate_hz
        found = centred_mean(values, usual_interval_s(time_s), WINDOW_S)
        inner = found[count // 2 : len(values) - count // 2]
        assert inner == pytest.approx(expected, abs=1e-12)
