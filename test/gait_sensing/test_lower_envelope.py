# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from gait_sensing.clocks.lower_envelope import MAX_DRIFT, LowerEnvelope


@pytest.mark.parametrize("drift_ppm", [-300.0, 0.0, 50.0, 300.0])
def test_finds_the_line_under_delayed_points(drift_ppm: float) -> None:
    rng = np.random.default_rng(1)
    envelope = LowerEnvelope(0.0, 1000.0)
    for device_s in np.arange(0.01, 60.0, 0.01):
        envelope.add(device_s, 1000.0 + device_s * (1.0 + 1e-6 * drift_ppm) + rng.exponential(0.005))
    assert envelope.host_s(60.0) == pytest.approx(1060.0 + 60e-6 * drift_ppm, abs=2e-4)
    assert envelope.host_s(61.0) - envelope.host_s(60.0) == pytest.approx(1.0 + 1e-6 * drift_ppm, abs=1e-5)
    assert envelope.device_s(envelope.host_s(12.5)) == pytest.approx(12.5)


def test_starts_at_the_nominal_rate() -> None:
    envelope = LowerEnvelope(5.0, 1000.0)
    assert envelope.host_s(np.array([4.0, 5.0, 7.0])).tolist() == [999.0, 1000.0, 1002.0]


def test_no_point_lies_below_the_line_when_it_is_added() -> None:
    rng = np.random.default_rng(2)
    envelope = LowerEnvelope(0.0, 0.0)
    for device_s in np.cumsum(rng.uniform(0.001, 0.5, 400)):
        received_s = device_s + rng.exponential(0.02)
        envelope.add(device_s, received_s)
        assert envelope.host_s(device_s) <= received_s + 1e-9


def test_follows_a_host_clock_that_begins_to_slew() -> None:
    envelope = LowerEnvelope(0.0, 0.0)
    for device_s in np.arange(0.01, 70.0, 0.01):
        envelope.add(device_s, device_s + 300e-6 * max(0.0, device_s - 60.0))
    assert envelope.host_s(70.0) == pytest.approx(70.003, abs=2e-3)


def test_a_slow_rise_of_delay_is_not_taken_for_more_drift_than_crystals_have() -> None:
    envelope = LowerEnvelope(0.0, 0.0)
    for device_s in np.arange(0.1, 60.0, 0.1):
        envelope.add(device_s, device_s * 1.002)
    assert envelope.host_s(61.0) - envelope.host_s(60.0) == pytest.approx(1.0 + MAX_DRIFT, abs=1e-9)
