# SPDX-License-Identifier: Apache-2.0
"""Give each sample a running number and a host time, from the device's own counter where it has one.

The counter says how far apart samples were measured; receipt says when, give or take the wire's delay. How the two
are brought together is in ``lower_envelope``. Of the samples of one read the newest waited least, so that a read
gives one point, and its cost does not grow with its samples but for a few array operations.
"""

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gait_sensing.clocks.lower_envelope import LowerEnvelope
from gait_sensing.driver import ImuDriver, LoadCellDriver
from gait_sensing.samples import Array

MAX_LATE_S = 10.0  # a host may stall; a sample later than this is not late: the device restarted or a clock was set
MAX_EARLY_S = 0.05  # likewise a sample before its time by the line
CATCH_UP = 0.5  # no unit; stamps that are ahead of the line advance at this share of the device's time
MAX_BATCH_S = 0.05  # without a counter, samples of one read are taken to be no older than this
RECENT_S = 0.05  # a value this far back is a repetition, or late by another way; further back the device restarted
REJECTED = -1

Stamps = tuple[NDArray[np.int64], Array]  # running number [n] and time_s [n]; REJECTED and NaN for a rejected sample


class ClockCounts(Protocol):
    """What whoever numbers and stamps samples has met."""

    @property
    def lost_count(self) -> int:
        """Running numbers left out: samples that never came."""

    @property
    def duplicate_count(self) -> int:
        """Samples rejected because they, or later ones, had come before."""

    @property
    def restart_count(self) -> int:
        """Times the device began to count anew."""

    @property
    def step_count(self) -> int:
        """Times the host clock was set, or the wire's delay changed for good."""


class Clock(ClockCounts, Protocol):
    """Gives each sample of a read its running number and its time."""

    def feed(self, ticks: NDArray[np.int64], received_s: float) -> Stamps:
        """Return numbers and times of the samples that one read completed, oldest first."""


def clock_for(driver: ImuDriver | LoadCellDriver, delay_s: float = 0.0) -> Clock:
    """Return the clock that suits what the driver's device counts; ``delay_s`` as in the clocks."""
    if driver.tick_s is None:
        return ReceiptClock(delay_s)
    return DeviceClock(driver.tick_s, driver.tick_modulus, delay_s, driver.ticks_per_sample)


class ReceiptClock:
    """For a device without a counter: the time of a sample is when it was received, less ``delay_s``.

    Promise, weaker than that of ``DeviceClock``: strictly increasing, never later than receipt less ``delay_s``
    unless the host clock is set back, and late by what the wire delayed. The samples of one read are
    spread evenly over the time since the read before, at most 50 ms. Lost samples go unseen.
    """

    lost_count = 0
    duplicate_count = 0
    restart_count = 0

    def __init__(self, delay_s: float = 0.0) -> None:
        self.step_count = 0  # the host clock went back
        self._delay_s = delay_s
        self._received_s = -math.inf
        self._next_count = 0
        self._last_s = -math.inf

    def feed(self, ticks: NDArray[np.int64], received_s: float) -> Stamps:
        """Return running numbers and times; the values of ``ticks`` do not matter, only how many there are."""
        count = self._next_count + np.arange(len(ticks))
        self.step_count += received_s < self._received_s
        self._received_s = received_s
        end_s = received_s - self._delay_s
        start_s = max(self._last_s, end_s - MAX_BATCH_S)
        end_s = max(end_s, start_s + 1e-6 * len(ticks))
        time_s = np.linspace(start_s, end_s, len(ticks) + 1)[1:]
        if len(ticks):
            self._next_count += len(ticks)
            self._last_s = end_s
        return count, time_s


class DeviceClock:
    """For a device with a counter: strictly increasing host times, drift and bursts taken out.

    ``tick_s`` is the nominal length of a tick, ``tick_modulus`` where the counter wraps, ``ticks_per_sample`` the
    ticks between samples. ``delay_s`` is what the device itself delays (its filters): stamps are earlier by it.

    Promises, for drift within 400 ppm. A constant delay of the wire cannot be told from time and stays in the stamps
    (put it in ``delay_s``); the error beyond it is the least delay among the reads of the last four seconds.
    *Gap*: numbers jump by the samples lost. *Duplicates* and samples out of order are rejected. *A single
    wild counter value* (a checksum need not cover the counter) is rejected. *Device restart*: one sample is rejected,
    then numbers jump by the time passed. *Host clock set*: stamps never go back. Forward: followed within two
    seconds, five if by less than 50 ms. Backward: stamps advance at half speed until the host has caught up, which
    takes twice the step.
    """

    def __init__(self, tick_s: float, tick_modulus: int, delay_s: float = 0.0, ticks_per_sample: int = 1) -> None:
        self.lost_count = 0
        self.duplicate_count = 0
        self.restart_count = 0
        self._tick_s, self._modulus, self._delay_s = tick_s, tick_modulus, delay_s
        self._ticks_per_sample = ticks_per_sample
        span_s = tick_s * tick_modulus
        self._max_early_s = min(MAX_EARLY_S, span_s / 4)
        self._max_late_s = min(MAX_LATE_S, span_s / 2)
        self._envelope: LowerEnvelope | None = None  # None before the first sample
        self._shift = 0  # ticks as sent plus this are the unwrapped ones, modulo the modulus
        self._last_tick = -1  # unwrapped, of the newest sample placed
        self._last_count = -1
        self._counted_tick = -ticks_per_sample  # unwrapped, of the sample with the last number
        self._last_lead_s = -math.inf  # of its time over CATCH_UP of its device time: may never shrink
        self._wild_tick: int | None = None  # as sent: a rejected value that the next one may confirm

    @property
    def step_count(self) -> int:
        """See ``ClockCounts``."""
        return self._envelope.step_count if self._envelope else 0

    def feed(self, ticks: NDArray[np.int64], received_s: float) -> Stamps:
        """Return running numbers and times of the samples with these counter values, oldest first.

        A rejected sample has number -1 and time NaN.
        """
        n = len(ticks)
        if n == 0:
            return np.zeros(0, np.int64), np.zeros(0)
        envelope = self._envelope or self._start(ticks, received_s)
        placed = self._place_in_line(ticks, received_s, envelope)
        if placed is not None:
            return self._stamp(placed, received_s, envelope)
        placed = self._place_each(ticks, received_s, envelope)
        count, time_s = np.full(n, REJECTED, np.int64), np.full(n, math.nan)
        kept = placed > REJECTED
        if kept.any():
            count[kept], time_s[kept] = self._stamp(placed[kept], received_s, envelope)
        return count, time_s

    def _start(self, ticks: NDArray[np.int64], received_s: float) -> LowerEnvelope:
        self._shift = -int(ticks[0])
        self._envelope = LowerEnvelope(int((ticks[-1] - ticks[0]) % self._modulus) * self._tick_s, received_s)
        return self._envelope

    def _place_in_line(
        self, ticks: NDArray[np.int64], received_s: float, envelope: LowerEnvelope
    ) -> NDArray[np.int64] | None:
        """Unwrap a read whose samples follow the last one in order and in time; ``None`` when they do not."""
        placed = self._last_tick + (ticks + (self._shift - self._last_tick)) % self._modulus
        late_s = received_s - envelope.host_s(float(placed[-1]) * self._tick_s)
        is_in_time = -self._max_early_s <= late_s <= self._max_late_s
        is_in_order = placed[0] > self._last_tick and bool((placed[1:] > placed[:-1]).all())
        return placed if is_in_time and is_in_order else None

    def _place_each(self, ticks: NDArray[np.int64], received_s: float, envelope: LowerEnvelope) -> NDArray[np.int64]:
        """Unwrap sample by sample, after a long gap, a duplicate, a restart or a wild value."""
        placed = np.full(len(ticks), REJECTED, np.int64)
        horizon = math.floor(envelope.device_s(received_s + self._max_early_s) / self._tick_s)
        for i, tick in enumerate(ticks.tolist()):
            value = horizon - (horizon - tick - self._shift) % self._modulus
            if 0 <= (self._last_tick - value) * self._tick_s <= RECENT_S:
                self.duplicate_count += 1
                continue
            late_s = received_s - envelope.host_s(value * self._tick_s)
            if late_s > self._max_late_s or value < self._last_tick:
                if not self._is_confirmed(tick):
                    self._wild_tick = tick
                    continue
                value = self._restart(tick, int(ticks[-1]), received_s, envelope)
                horizon = max(horizon, value + int(ticks[-1] - tick) % self._modulus)
            self._wild_tick = None
            placed[i] = self._last_tick = value
        return placed

    def _is_confirmed(self, tick: int) -> bool:
        """True when this value follows the wild one before it closely: the counter really is there."""
        if self._wild_tick is None:
            return False
        return 0 < (tick - self._wild_tick) % self._modulus * self._tick_s <= self._max_late_s

    def _restart(self, tick: int, newest_tick: int, received_s: float, envelope: LowerEnvelope) -> int:
        """Shift the counter so that the newest sample of this read is of now; return the unwrapped ``tick``."""
        self.restart_count += 1
        behind = (newest_tick - tick) % self._modulus
        value = math.floor(envelope.device_s(received_s) / self._tick_s) - behind
        value = max(value, self._last_tick + self._ticks_per_sample)
        self._shift = value - tick
        return value

    def _stamp(self, placed: NDArray[np.int64], received_s: float, envelope: LowerEnvelope) -> Stamps:
        """Return numbers and times of placed samples, and remember the newest."""
        count = self._number(placed)
        device_s = placed * self._tick_s
        envelope.add(float(device_s[-1]), received_s)
        lead_s = envelope.host_s(device_s) - CATCH_UP * device_s
        lead_s[0] = max(lead_s[0], self._last_lead_s)
        lead_s = np.maximum.accumulate(lead_s)
        self._last_lead_s = float(lead_s[-1])
        self.lost_count += max(0, int(count[-1]) - self._last_count - len(count))
        self._last_tick = self._counted_tick = int(placed[-1])
        self._last_count = int(count[-1])
        return count, lead_s + CATCH_UP * device_s - self._delay_s

    def _number(self, placed: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return running numbers, each from the one before: ticks a sample may be no whole number, nor quite true."""
        steps = placed.copy()
        steps[0] -= self._counted_tick
        steps[1:] -= placed[:-1]
        steps += self._ticks_per_sample // 2
        steps //= self._ticks_per_sample
        np.maximum(steps, 1, out=steps)
        steps[0] += self._last_count
        return steps.cumsum()
