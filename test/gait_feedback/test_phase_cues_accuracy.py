# SPDX-License-Identifier: Apache-2.0
"""How near its phase a pulse is felt, on a simulated walker whose steps vary by 1 %; contacts told 10 ms late."""

import numpy as np
import pytest

from gait_sensing.samples import Side

BARS_S = {0.1: 0.008, 0.5: 0.015, 0.9: 0.018}  # at 0.9 as much as the walker varies


@pytest.fixture(scope="module")
def bench(accuracy_script):
    return accuracy_script("phase_cues")


@pytest.fixture(scope="module")
def even(bench):
    return bench.phase.simulated("even", [(0.0, 1.1)], 50.0, variability=0.01)


@pytest.mark.parametrize("target", BARS_S)
def test_with_the_phase_from_contacts_alone_every_stride_is_met(bench, even, target):
    errors_s = bench.errors_s(bench.phase.estimators()["time_based"], even, target)[:, 0]
    assert len(errors_s) > 60 and np.isfinite(errors_s).all()
    assert abs(np.median(errors_s)) < 0.004
    assert np.percentile(np.abs(errors_s), 95) < BARS_S[target]


def test_one_pulse_a_stride(bench, even):
    contacts_s = even.contacts_s[Side.LEFT]
    felt_s = np.array(list(bench.felt_s(bench.phase.estimators()["time_based"], even, Side.LEFT, 0.5)))
    counts = np.histogram(felt_s, contacts_s[6:])[0]
    assert (counts == 1).all()
