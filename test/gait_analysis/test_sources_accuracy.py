# SPDX-License-Identifier: Apache-2.0
"""What motion sensors tell while plates are silent, measured by the benchmark's own script."""

import numpy as np
import pytest


@pytest.fixture(scope="module")
def rows(accuracy_script):
    script = accuracy_script("sources")
    return script.score(*script.CASES[0])


def test_no_event_is_missed_or_invented_while_plates_are_silent(rows):
    for row in rows:
        assert row.true_count > 150
        assert row.missed_count == row.invented_count == 0


def test_the_bias_is_taken_off(rows):
    for row in rows:
        assert np.median(np.abs(row.error_s)) < 0.01 < np.median(np.abs(row.raw_s))
        assert np.percentile(np.abs(row.error_s), 95) < 0.03


def test_a_change_of_sensor_costs_a_few_strides_and_makes_up_nothing(rows):
    for row in rows:
        assert row.change_missed <= 0.1 and row.change_invented == 0.0
        assert row.spoilt <= 4.0
