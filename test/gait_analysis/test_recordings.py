# SPDX-License-Identifier: Apache-2.0
"""Contacts in real treadmill recordings against their reference events.

The references are the first sample beyond 20 N, so they come up to one sample late: at 100 Hz 5 ms on average, which
alone uses up the aim of 5 ms for the median. The errors are therefore taken from the middle of the interval in which
the reference crossed. Two foot offs in the first recording are references some 80 ms late, where noise in swing passed
20 N once more.
"""

import numpy as np
import pytest

BARS_F1 = {"IC": 0.995, "TO": 0.98}


@pytest.fixture(scope="module")
def force_events(accuracy_script):
    return accuracy_script("force_events")


@pytest.mark.parametrize(
    ("name", "interval_s"),
    [("grf_camargo_ab_treadmill_slow_and_normal_200hz", 0.005), ("grf_ceinms_s06_treadmill_4p5kmh_100hz", 0.01)],
)
def test_contacts_of_a_recording_agree_with_its_reference(force_events, data_folder, name, interval_s):
    for kind, score in force_events.score(name, force_events.RECORDINGS[name]).items():
        size_s = np.abs(score.error_s + 0.5 * interval_s)
        assert score.f1 >= BARS_F1[kind.value]
        assert np.median(size_s) <= 0.005
        assert np.percentile(size_s, 95) <= 0.015


def test_matching_is_one_to_one_and_nearest_first(force_events):
    error_s = force_events.match(np.array([1.0, 2.0, 3.0]), np.array([1.01, 1.02, 2.97, 4.0]))
    assert sorted(error_s) == pytest.approx([-0.03, 0.01])
