# SPDX-License-Identifier: Apache-2.0
"""Each way a stream can be ill turns it amber or red, says why and what to do, and healing turns it green again."""

import math

import numpy as np
import pytest

from gait_sensing.clocks.device_clock import DeviceClock, ReceiptClock
from gait_sensing.driver import WireCounts
from gait_sensing.health import HealthSettings, Level, StreamHealth, WireHealth

NOW_S = 1_790_000_000.0
RATE_HZ = 100.0
OPEN = WireHealth(True, 1, NOW_S, "")


class Watched:
    """A stream at 100 Hz, told of samples one by one; stamps are 2 ms before their receipt."""

    def __init__(self, is_counted: bool = True) -> None:
        self.health = StreamHealth(1.0 / RATE_HZ, [100.0, 100.0], is_counted, HealthSettings())
        self.counts, self.clock = WireCounts(), DeviceClock(0.01, 65536)
        self.now_s, self.k = NOW_S, 0

    def walk(self, duration_s: float, rate_hz: float = RATE_HZ, values=lambda k: [math.sin(k), math.cos(k)]):
        """Feed samples; judge once a second, as the nodes do; return the last verdict."""
        verdict = None
        for _ in range(round(duration_s)):
            for _ in range(round(rate_hz)):
                self.now_s += 1.0 / rate_hz
                self.k += 1
                row = values(self.k)
                self.health.feed(1, self.now_s - 0.002, self.now_s, row, [abs(value) for value in row])
            verdict = self.judge()
        return verdict

    def judge(self, wire: WireHealth = OPEN):
        return self.health.judge(self.now_s, wire, self.counts, self.clock)


def test_a_well_stream_is_green_and_measured():
    verdict = Watched().walk(12)
    assert (verdict.level, verdict.text, verdict.advice) == (Level.GREEN, "", "")
    assert verdict.values["rate_hz"] == pytest.approx(100.0, rel=1e-4)
    assert verdict.values["sample_count"] == 1200
    assert verdict.values["age_s"] == pytest.approx(0.002, abs=1e-6)
    assert verdict.values["jitter_s"] == pytest.approx(0.0, abs=1e-6)


def test_without_a_link_or_samples_it_is_red():
    watched = Watched()
    verdict = watched.judge(WireHealth(False, 0, math.nan, "cannot open /dev/ttyUSB0: no such file"))
    assert verdict.level is Level.RED
    assert "no such file" in verdict.text
    assert "no samples" in watched.judge().text
    assert math.isnan(watched.judge().values["rate_hz"])


def test_stale_is_red_and_says_how_old():
    watched = Watched()
    watched.walk(3)
    watched.now_s += 1.5
    verdict = watched.judge()
    assert verdict.level is Level.RED
    assert "1.5 s old" in verdict.text
    assert watched.walk(12).level is Level.GREEN
    assert watched.health.gap_count == 1
    assert watched.health.longest_gap_s == pytest.approx(1.5, abs=1e-6)


def test_the_same_values_to_the_bit_are_stuck():
    watched = Watched()
    watched.walk(3)
    verdict = watched.walk(2, values=lambda k: [0.5, 0.25])
    assert verdict.level is Level.RED
    assert "stuck" in verdict.text
    assert watched.walk(2, values=lambda k: [0.5, 0.001 * (k % 2)]).level is Level.GREEN  # one axis moves: not stuck


def test_out_of_range_is_red_for_as_long_as_the_window():
    watched = Watched()
    assert "value 2 of 2 read 120, beyond 100" in watched.walk(1, values=lambda k: [math.sin(k), -120.0 + k % 2]).text
    assert watched.walk(9).level is Level.RED
    assert watched.walk(12).level is Level.GREEN


@pytest.mark.parametrize(
    ("rate_hz", "level"), [(101, Level.GREEN), (95, Level.AMBER), (50, Level.RED), (200, Level.RED)]
)
def test_another_rate_than_configured(rate_hz, level):
    verdict = Watched(is_counted=False).walk(5, rate_hz)
    assert verdict.level is level
    assert verdict.values["rate_hz"] == pytest.approx(rate_hz, rel=1e-4)
    assert level is Level.GREEN or f"{rate_hz:.1f} samples a second, 100 expected" in verdict.text


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("bad_checksum_count", "failed their check"),
        ("resync_count", "bytes were skipped"),
        ("device_error_count", "told by the device"),
    ],
)
def test_what_the_driver_counts_is_amber_until_it_is_past(name, word):
    watched = Watched()
    watched.walk(3)
    setattr(watched.counts, name, 4)
    verdict = watched.walk(1)
    assert verdict.level is Level.AMBER
    assert f"4 {'errors' if 'error' in name else ''}" in verdict.text
    assert word in verdict.text
    assert verdict.values[name] == 4
    verdict = watched.walk(12)
    assert verdict.level is Level.GREEN
    assert verdict.values[name] == 4


def test_lost_and_repeated_samples_clock_steps_and_restarts():
    watched = Watched()
    watched.walk(3)
    watched.clock.lost_count, watched.clock.duplicate_count, watched.clock.restart_count = 1, 2, 3
    verdict = watched.walk(1)
    assert verdict.level is Level.AMBER
    for word in ("1 samples lost", "2 samples came twice", "3 times the device began to count anew"):
        assert word in verdict.text
    watched.clock.lost_count += 100
    assert watched.walk(1).level is Level.RED


def test_reconnecting_is_amber():
    watched = Watched()
    watched.walk(3)
    again = WireHealth(True, 2, NOW_S, "pulled")
    assert watched.judge(again).level is Level.AMBER
    assert "1 times reconnected" in watched.judge(again).text


def test_the_first_opening_is_no_reconnection_and_the_rate_is_judged_after_it():
    watched = Watched(is_counted=False)
    watched.judge(WireHealth(False, 0, math.nan, ""))
    assert "200.0 samples a second" in watched.walk(4, 200).text
    assert "reconnected" not in watched.judge().text


def test_no_rate_is_judged_over_a_reconnection():
    watched = Watched(is_counted=False)
    watched.walk(3)
    watched.now_s += 2.0
    watched.walk(2)
    again = WireHealth(True, 2, NOW_S, "pulled")
    assert "samples a second" not in watched.judge(again).text


def test_late_samples_are_amber_and_the_jitter_is_told():
    watched = Watched()
    watched.walk(3)
    watched.health.feed(1, watched.now_s + 0.008, watched.now_s + 0.21, [2.0, 3.0], [2.0, 3.0])
    watched.now_s += 0.21
    verdict = watched.judge()
    assert verdict.values["jitter_s"] == pytest.approx(0.0, abs=1e-6)  # one sample has no jitter
    watched.health.feed(1, watched.now_s - 0.19, watched.now_s, [2.5, 3.0], [2.5, 3.0])
    watched.health.feed(1, watched.now_s - 0.01, watched.now_s, [2.0, 3.0], [2.0, 3.0])
    verdict = watched.judge()
    assert verdict.values["jitter_s"] == pytest.approx(0.18, abs=1e-6)
    assert verdict.level is Level.AMBER


def test_gaps_without_a_counter_allow_for_bursts():
    watched = Watched(is_counted=False)
    for k in range(10):  # bursts of 16 samples, each spread by the receipt clock
        watched.health.feed(5, NOW_S + 0.05 * k, NOW_S + 0.05 * k, [float(k), 1.0], [float(k), 1.0])
    assert watched.health.gap_count == 0
    watched.health.feed(1, NOW_S + 1.0, NOW_S + 1.0, [1.5, 1.0], [1.5, 1.0])
    assert watched.health.gap_count == 1


def test_the_host_clock_set_back_hides_nothing():
    watched = Watched()
    watched.walk(5)
    watched.now_s -= 3600.0
    watched.judge()
    verdict = watched.walk(12)
    assert verdict.values["rate_hz"] == pytest.approx(100.0, rel=1e-3)


def test_clocks_count_steps_of_the_host_clock():
    clock = DeviceClock(0.01, 1 << 32)
    receipt = ReceiptClock()
    for k in range(4000):
        step_s = 0.4 if k >= 2000 else 0.0
        clock.feed(np.array([k]), NOW_S + 0.01 * k + step_s)
        receipt.feed(np.array([-1]), NOW_S + 0.01 * k - step_s)
    assert clock.step_count == 1
    assert receipt.step_count == 1
