# SPDX-License-Identifier: Apache-2.0
"""The clock is judged against a device whose true sample times are known."""

import numpy as np
import pytest
from gait_sensing.device_clock import DeviceClock, ReceiptClock
from gait_sensing.samples import Array
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

START_S = 1.7e9
Ticks = NDArray[np.int64]


class Device:
    """Samples at even true times, counted, and delivered in reads that end at ``read_times_s``."""

    def __init__(self, rate_hz: float, duration_s: float, drift_ppm: float = 0.0, modulus: int = 65536) -> None:
        self.period_s = 1.0 / (rate_hz * (1.0 + 1e-6 * drift_ppm))
        self.true_s = START_S + np.arange(int(duration_s / self.period_s)) * self.period_s
        self.ticks = (np.arange(len(self.true_s)) + 65000) % modulus

    def reads(self, interval_s: float, jitter_s: float = 0.0, seed: int = 1) -> list[tuple[slice, float]]:
        """Cut the samples where a buffer emptied every ``interval_s``, late by up to ``jitter_s``, would."""
        rng = np.random.default_rng(seed)
        ends_s = np.arange(self.true_s[0] + interval_s / 3, self.true_s[-1], interval_s)
        cuts = np.searchsorted(self.true_s, ends_s, side="right")
        received_s = ends_s + rng.uniform(0.0, jitter_s, len(ends_s))
        pairs = zip(cuts, cuts[1:], received_s[1:], strict=False)
        return [(slice(a, b), float(t)) for a, b, t in pairs if b > a]


def run(clock: DeviceClock, device: Device, reads: list[tuple[slice, float]]) -> tuple[Array, Array, Ticks]:
    """Return stamps, their errors and running numbers of all samples kept."""
    stamps, errors, counts = [], [], []
    for part, received_s in reads:
        count, time_s = clock.feed(device.ticks[part], received_s)
        kept = np.isfinite(time_s)
        stamps.append(time_s[kept])
        errors.append((time_s - device.true_s[part])[kept])
        counts.append(count[kept])
    return np.concatenate(stamps), np.concatenate(errors), np.concatenate(counts)


def p99(errors: Array) -> float:
    return float(np.percentile(np.abs(errors), 99))


@pytest.mark.parametrize("drift_ppm", [-200.0, 0.0, 200.0])
@pytest.mark.parametrize(("rate_hz", "limit_s"), [(1000.0, 1e-3), (100.0, 2e-3)])
def test_bursts_and_drift_are_taken_out(rate_hz: float, limit_s: float, drift_ppm: float) -> None:
    device = Device(rate_hz, 90.0, drift_ppm)
    clock = DeviceClock(1.0 / rate_hz, 65536)
    stamps, errors, counts = run(clock, device, device.reads(0.016, jitter_s=0.002))
    assert p99(errors) <= limit_s
    assert np.all(np.diff(stamps) > 0.0)
    assert np.all(np.diff(counts) == 1)
    assert (clock.lost_count, clock.duplicate_count, clock.restart_count) == (0, 0, 0)
