# SPDX-License-Identifier: Apache-2.0
"""Rows of motion samples as a table."""

import math

import numpy as np

from gait_analysis.imu_motion.imu_table import later, table


def rows_at(*times_s):
    return [(time_s, *(time_s + 0.1 * column for column in range(1, 11))) for time_s in times_s]


def test_a_table_holds_the_numbers_of_the_rows():
    rows = rows_at(0.1, 0.2, 0.3)
    rows[1] = (0.2, math.nan, math.inf, -0.0, *rows[1][4:])
    assert np.array_equal(table(rows), np.array(rows), equal_nan=True)


def test_rows_not_later_than_all_before_them_are_left_out():
    rows = table(rows_at(0.1, 0.2, 0.2, 0.15, math.nan, 0.18, 0.3))
    assert later(rows, -math.inf)[:, 0].tolist() == [0.1, 0.2, 0.3]
    assert later(rows, 0.1)[:, 0].tolist() == [0.2, 0.3]
    assert not len(later(rows, 0.3))
