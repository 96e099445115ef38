# SPDX-License-Identifier: Apache-2.0
"""The accuracy that is promised of the default phase, on simulated walks and on recordings; the others' floor."""

import numpy as np
import pytest

from gait_analysis.analyser import AnalyserSettings
from gait_sensing.samples import Side

DEFAULT = AnalyserSettings().phase


@pytest.fixture(scope="module")
def bench(accuracy_script):
    return accuracy_script("phase")


@pytest.fixture(scope="module")
def steady(bench):
    return bench.simulated("steady", [(0.0, 1.1)], 40.0)


@pytest.fixture(scope="module")
def changing(bench):
    return bench.simulated("changing", [(0.0, 0.5), (25.0, 1.2)], 45.0)


@pytest.fixture(scope="module")
def slow(bench):
    return bench.simulated("slow", [(0.0, 0.3)], 45.0)


@pytest.fixture(scope="module")
def camargo(bench, data_folder):
    return bench.recorded(bench._CAMARGO, True)


def errors(bench, name, walk, after_s=14.0):
    """Return the errors in steady walking and around changes of speed, in % of the cycle."""
    steady, changed = [], []
    for side in Side:
        rows = bench.track(bench.estimators()[name](side), walk, side)
        rows = rows[rows[:, 3] > bench._SETTLED_COUNT]
        is_changing = bench.is_changing(walk, side, rows, after_s)
        size = 100.0 * bench.error(rows)
        assert np.isfinite(size).all()
        steady, changed = [*steady, size[~is_changing]], [*changed, size[is_changing]]
    return np.concatenate(steady), np.concatenate(changed)


def rms(size):
    return float(np.sqrt(np.mean(size**2)))


def test_steady_and_slow_walking(bench, steady, slow):
    for walk in (steady, slow):
        assert rms(errors(bench, DEFAULT, walk)[0]) < 1.2


def test_changes_of_speed_in_a_recording_as_if_live(bench, camargo):
    calm, changed = errors(bench, DEFAULT, camargo)
    assert rms(calm) < 1.2 and rms(changed) < 3.0
    assert rms(errors(bench, DEFAULT, camargo, after_s=6.0)[1]) < 3.0  # the strides nearest to the change alone


def test_changes_of_speed_in_simulation(bench, changing):
    assert rms(errors(bench, DEFAULT, changing)[1]) < 3.0
    assert rms(errors(bench, "(last stride)", changing)[1]) > 3.0  # it takes more than that


@pytest.mark.parametrize("kind", ["missed", "jump"])
def test_recovery_within_two_strides(bench, steady, slow, kind):
    for walk in (steady, slow):
        are_right = list(bench.recovers(bench.estimators()[DEFAULT], walk, kind))
        assert len(are_right) >= 9 and all(are_right)


@pytest.mark.parametrize("name", ["adaptive_oscillator", "extended_kalman_filter", "phase_variable"])
def test_estimators_that_follow_a_signal_track_it(bench, steady, name):
    assert rms(errors(bench, name, steady)[0]) < 3.0


@pytest.mark.parametrize("segment", ["thigh", "shank"])
@pytest.mark.parametrize("name", ["adaptive_oscillator", "extended_kalman_filter", "phase_variable"])
def test_either_segment_will_do(bench, steady, name, segment):
    part = bench.plugins.find("gait_analysis.phases", name)
    rows = bench.track(part.Phase(part.Settings(segment=segment), Side.LEFT), steady, Side.LEFT)
    assert rms(100.0 * bench.error(rows[rows[:, 3] > bench._SETTLED_COUNT])) < 3.0
