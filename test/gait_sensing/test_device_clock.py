# SPDX-License-Identifier: Apache-2.0
"""The clock is judged against a device whose true sample times are known."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gait_sensing.clocks.device_clock import DeviceClock, ReceiptClock
from gait_sensing.samples import Array

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


def test_wrap_around_is_unnoticed() -> None:
    device = Device(1000.0, 90.0, modulus=256)
    clock = DeviceClock(1e-3, 256)
    _, errors, counts = run(clock, device, device.reads(0.016))
    assert p99(errors) <= 1e-3
    assert counts.tolist() == list(range(len(counts)))


def test_a_gap_shows_in_the_numbers() -> None:
    device = Device(1000.0, 10.0)
    clock = DeviceClock(1e-3, 65536)
    reads = [(part, t) for part, t in device.reads(0.016) if not 4.0 < t - START_S < 6.5]
    missing = len(device.ticks[: reads[-1][0].stop]) - reads[0][0].start - sum(p.stop - p.start for p, _ in reads)
    _, errors, counts = run(clock, device, reads)
    assert clock.lost_count == missing > 2000
    assert counts[-1] - counts[0] + 1 == len(counts) + missing
    assert p99(errors) <= 1e-3


def test_a_gap_longer_than_the_counter_keeps_time_and_numbers() -> None:
    clock = DeviceClock(1e-3, 65536)
    clock.feed(np.array([0]), START_S)
    count, time_s = clock.feed(np.array([100_000 % 65536]), START_S + 100.001)
    assert count.tolist() == [100_000]
    assert time_s == pytest.approx([START_S + 100.0], abs=2e-3)
    assert clock.restart_count == 0


def test_losses_of_single_samples_in_ticks_of_time() -> None:
    clock = DeviceClock(1e-4, 1 << 32, ticks_per_sample=100)
    for tick in (2**32 - 100, 0, 200, 300):
        clock.feed(np.array([tick]), START_S + (tick + 100) % 2**32 * 1e-4)
    assert clock.lost_count == 1


def test_delay_is_taken_off() -> None:
    _, plain_s = DeviceClock(1e-3, 65536).feed(np.array([1, 2]), START_S)
    _, early_s = DeviceClock(1e-3, 65536, delay_s=0.25).feed(np.array([1, 2]), START_S)
    assert plain_s - early_s == pytest.approx([0.25, 0.25])


@pytest.mark.parametrize("ticks", [[5, 5], [5, 4], [3, 3]])
def test_duplicates_and_late_ones_are_rejected(ticks: list[int]) -> None:
    clock = DeviceClock(1e-3, 65536)
    clock.feed(np.array([1, 2, 3]), START_S)
    count, time_s = clock.feed(np.array(ticks), START_S + 0.002)
    expected = [5, -1] if ticks[0] == 5 else [-1, -1]
    assert [c if c < 0 else c + 1 for c in count.tolist()] == expected
    assert np.isnan(time_s).tolist() == [c < 0 for c in expected]
    assert clock.duplicate_count == expected.count(-1)


@pytest.mark.parametrize("wild", [40_000, 500, 65_000])
def test_one_wild_value_is_rejected_alone(wild: int) -> None:
    device = Device(1000.0, 2.0)
    clean = device.ticks.copy()
    device.ticks[1000] = (device.ticks[1000] + wild) % 65536
    clock = DeviceClock(1e-3, 65536)
    _, errors, counts = run(clock, device, device.reads(0.016))
    assert p99(errors) <= 1e-3
    assert np.all(np.diff(counts) > 0)
    assert len(clean) - len(counts) < 40  # the ends of the run, and the wild one
    assert clock.restart_count == 0
    assert (clock.lost_count, clock.duplicate_count) == (1, 0)


def test_two_wild_values_apart_confirm_nothing() -> None:
    device = Device(1000.0, 3.0)
    device.ticks[1000], device.ticks[2000] = 30_000, 31_000
    clock = DeviceClock(1e-3, 65536)
    run(clock, device, device.reads(0.016))
    assert (clock.restart_count, clock.lost_count) == (0, 2)


@pytest.mark.parametrize("first_tick", [7, 65_500])  # long before, and 5 s before, where the counter was
def test_restart_of_the_device_goes_on_in_time_and_numbers(first_tick: int) -> None:
    device = Device(100.0, 20.0, modulus=1 << 32)
    device.ticks[1000:] = np.arange(len(device.ticks) - 1000) + first_tick
    clock = DeviceClock(1e-2, 1 << 32)
    reads = [(part, t) for part, t in device.reads(0.016) if not 10.0 <= t - START_S < 11.5]
    stamps, errors, counts = run(clock, device, reads)
    assert clock.restart_count == 1
    assert np.all(np.diff(stamps) > 0.0)
    assert np.percentile(np.abs(errors), 95) <= 4e-3
    assert np.max(np.abs(errors)) <= 0.016
    assert np.max(np.diff(counts)) == pytest.approx(150, abs=4)


@pytest.mark.parametrize("step_s", [0.2, 1.5, 30.0])
def test_a_host_clock_set_forward_is_followed_within_two_seconds(step_s: float) -> None:
    device = Device(1000.0, 20.0)
    reads = [(part, t + (step_s if t > START_S + 10.0 else 0.0)) for part, t in device.reads(0.016)]
    stamps, errors, _ = run(DeviceClock(1e-3, 65536), device, reads)
    assert np.all(np.diff(stamps) > 0.0)
    assert np.abs(errors[:9900]).max() < 2e-3
    assert np.abs(errors[12_100:] - step_s).max() < 2e-3


@pytest.mark.parametrize("step_s", [0.2, 1.5])
def test_a_host_clock_set_back_is_awaited_never_going_back(step_s: float) -> None:
    device = Device(1000.0, 20.0)
    reads = [(part, t - (step_s if t > START_S + 10.0 else 0.0)) for part, t in device.reads(0.016)]
    clock = DeviceClock(1e-3, 65536)
    stamps, errors, _ = run(clock, device, reads)
    assert np.all(np.diff(stamps) > 0.0)
    assert clock.restart_count == 1  # a host that is set looks like a device that restarted
    assert len(stamps) == sum(part.stop - part.start for part, _ in reads) - 1
    caught_up = int(10_000 + 2 * step_s * 1000) + 200
    assert np.abs(errors[caught_up:] + step_s).max() < 2e-3


def test_a_stalled_host_gets_its_backlog_in_true_time() -> None:
    device = Device(1000.0, 20.0)
    reads = [(part, max(t, START_S + 13.0) if t > START_S + 10.0 else t) for part, t in device.reads(0.016)]
    _, errors, counts = run(DeviceClock(1e-3, 65536), device, reads)
    assert np.abs(errors).max() < 2e-3
    assert np.all(np.diff(counts) == 1)


@settings(derandomize=True, deadline=None)
@given(st.lists(st.tuples(st.lists(st.integers(0, 255), max_size=5), st.floats(-0.2, 1.0)), max_size=30))
def test_nothing_makes_it_go_back_or_raise(reads: list[tuple[list[int], float]]) -> None:
    clock, now_s = DeviceClock(1e-3, 256), START_S
    last_s, last_count = -np.inf, -1
    for ticks, pause_s in reads:
        now_s += pause_s
        count, time_s = clock.feed(np.array(ticks, np.int64), now_s)
        kept = np.isfinite(time_s)
        assert (count[~kept] == -1).all()
        assert np.all(np.diff([last_s, *time_s[kept]]) > 0.0)
        assert np.all(np.diff([last_count, *count[kept]]) > 0)
        if kept.any():
            last_s, last_count = time_s[kept][-1], count[kept][-1]


def test_without_a_counter_the_receipt_is_the_time() -> None:
    clock = ReceiptClock(delay_s=0.01)
    count, time_s = clock.feed(np.full(1, -1), START_S)
    assert (count.tolist(), time_s) == ([0], pytest.approx([START_S - 0.01]))
    count, time_s = clock.feed(np.full(3, -1), START_S + 0.03)
    assert (count.tolist(), time_s) == ([1, 2, 3], pytest.approx(START_S + np.array([0.0, 0.01, 0.02])))
    _, time_s = clock.feed(np.full(5, -1), START_S + 9.0)
    assert time_s[0] >= START_S + 9.0 - 0.06
    _, again_s = clock.feed(np.full(2, -1), START_S + 8.0)
    assert np.all(np.diff([*time_s, *again_s]) > 0.0)


@pytest.mark.parametrize(("interval_s", "ticks"), [(0.0125, 12), (0.01011, 10), (0.00989, 10)])
def test_a_rate_that_is_no_whole_number_of_ticks_loses_no_sample(interval_s: float, ticks: int) -> None:
    clock = DeviceClock(0.001, 1 << 32, ticks_per_sample=ticks)
    numbers = [
        clock.feed(np.array([math.floor(k * interval_s * 1000)]), 1.7e9 + k * interval_s)[0][0] for k in range(4000)
    ]
    assert numbers == list(range(4000))
    assert clock.lost_count == 0
    clock.feed(np.array([math.floor(4003 * interval_s * 1000)]), 1.7e9 + 4003 * interval_s)
    assert clock.lost_count == 3
