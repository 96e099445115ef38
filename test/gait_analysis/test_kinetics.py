# SPDX-License-Identifier: Apache-2.0
"""Peaks, impulses and loading rate of one stance with known answers."""

import math

import numpy as np
import pytest

from gait_analysis.strides.kinetics import stance_kinetics

TIME_S = np.arange(1, 700) / 1000.0


def kinetics(vertical_bw, forward_bw=None):
    return stance_kinetics(0.0, 0.7, TIME_S, vertical_bw, np.zeros_like(TIME_S) if forward_bw is None else forward_bw)


def test_two_humps_have_two_peaks_and_their_integral():
    share = TIME_S / 0.7
    noise_bw = 0.007 * np.random.default_rng(0).standard_normal(len(TIME_S))
    vertical_bw = 1.15 * (np.sin(np.pi * share) + 0.35 * np.sin(3.0 * np.pi * share))
    found = kinetics(vertical_bw + noise_bw, -0.2 * np.sin(2.0 * np.pi * share))
    top_bw = vertical_bw.max()
    assert found.first_peak_load_bw == pytest.approx(top_bw, abs=0.01)
    assert found.second_peak_load_bw == pytest.approx(top_bw, abs=0.01)
    assert found.peak_load_bw == max(found.first_peak_load_bw, found.second_peak_load_bw)
    assert found.vertical_impulse_bws == pytest.approx(1.15 * 0.7 * (2.0 + 0.35 * 2.0 / 3.0) / math.pi, abs=0.001)
    assert found.braking_impulse_bws == pytest.approx(-0.2 * 0.7 / math.pi, abs=0.001)
    assert found.propulsion_impulse_bws == pytest.approx(0.2 * 0.7 / math.pi, abs=0.001)


def test_loading_rate_is_the_slope_to_the_first_peak():
    vertical_bw = np.interp(TIME_S, [0.0, 0.1, 0.35, 0.6, 0.7], [0.0, 1.0, 0.8, 0.9, 0.0])
    assert kinetics(vertical_bw).loading_rate_bwps == pytest.approx(10.0, rel=0.02)


def test_a_force_still_rising_has_no_first_peak():
    found = kinetics(np.interp(TIME_S, [0.0, 0.5, 0.7], [0.0, 1.0, 0.0]))
    assert math.isnan(found.first_peak_load_bw) and math.isnan(found.loading_rate_bwps)
    assert found.second_peak_load_bw == pytest.approx(1.0, abs=0.03)


def test_a_plateau_with_noise_has_no_peaks():
    noise_bw = 0.007 * np.random.default_rng(1).standard_normal(len(TIME_S))
    found = kinetics(np.interp(TIME_S, [0.0, 0.1, 0.6, 0.7], [0.0, 1.0, 1.0, 0.0]) + noise_bw)
    assert math.isnan(found.first_peak_load_bw) and math.isnan(found.second_peak_load_bw)
    assert found.peak_load_bw == pytest.approx(1.0, abs=0.02)


def test_too_few_samples_tell_nothing():
    found = stance_kinetics(0.0, 0.05, TIME_S[:5], np.ones(5), np.ones(5))
    assert math.isnan(found.vertical_impulse_bws)


def test_a_peak_below_the_unloaded_plate_has_no_loading_rate():
    found = kinetics(np.interp(TIME_S, [0.0, 0.2, 0.35, 0.6, 0.7], [-0.06, -0.01, -0.05, -0.01, -0.06]))
    assert found.first_peak_load_bw == pytest.approx(-0.01, abs=0.003)
    assert math.isnan(found.loading_rate_bwps)
