# SPDX-License-Identifier: Apache-2.0
"""Gait phase from an extended Kalman filter of the pitch of a leg segment and its rate.

The state is ``[phase, rate, size]``: cycles since contact, cycles a second, and how large the pitch is by its usual
curve. That curve is a Fourier series over the phase, which is learned from the limb's own strides, so that an
asymmetric or prosthetic leg is not held against a healthy one. An initial contact is a measurement of phase; where it
contradicts the filter by more than four standard deviations the filter begins anew at it.

After Medrano et al. (IEEE T Robot 2023, arXiv 2205.00155) and Hsu et al. (IEEE Robot Autom Lett 2024, PMC10831317),
whose noise settings are the defaults. Deviations: a curve of one's own scaled by one state stands in for a model of
stride length and incline fitted to other people; the rate may be 0.3 to 2 Hz, for slow walkers too.
"""

import math
from dataclasses import dataclass

import numpy as np

from gait_analysis.cycle.contact_clock import ContactClock
from gait_analysis.cycle.pace import LONGEST_S
from gait_analysis.events import GaitEvent
from gait_analysis.parts import PhaseEstimate
from gait_parts import settings
from gait_parts.settings import setting
from gait_sensing.samples import Array, Side

_TURN = 2.0 * math.pi
_ORDERS: Array = np.arange(1.0, 7.0)  # harmonics of the curve
_SLOWEST_HZ, _FASTEST_HZ = 0.3, 2.0
_SMALLEST, _LARGEST = 0.3, 3.0
_START_VARIANCE: Array = np.diag([0.02**2, 0.1**2, 0.1**2])
_CONTACT_VARIANCE = 0.01**2  # cycles squared: 10 ms in a stride of 1 s
_MAX_DISTANCE = 16.0  # four standard deviations, squared


@dataclass(frozen=True)
class Settings(settings.Settings):
    """Settings of the extended Kalman filter."""

    segment: str = setting("thigh", "leg segment whose pitch it follows", choices=("thigh", "shank"))
    angle_noise_rad: float = setting(0.087, "standard deviation of pitch from its curve", low=0.001, high=1.0)
    rate_noise_radps: float = setting(0.96, "standard deviation of its rate", low=0.01, high=10.0)
    rate_drift_hz: float = setting(0.1, "random walk of the stride rate in one second", low=0.001, high=5.0)
    size_drift: float = setting(0.1, "random walk of the size in one second", low=0.0, high=5.0)
    strides_count: int = setting(5, "strides that the curve rests on", low=1, high=20)


class Phase:
    """Phase of the limb on ``side``."""

    def __init__(self, settings: Settings, side: Side) -> None:
        self._settings, self.segment = settings, settings.segment
        self._clock = ContactClock(side, settings.segment)
        self._rows: list[tuple[float, float]] = []  # time, pitch in the stride in progress
        self._curve: Array | None = None  # offset, cosines, sines
        self._learned_count = 0
        self._state: Array = np.array([math.nan, math.nan, 1.0])
        self._variance: Array = _START_VARIANCE
        self._drift: Array = np.diag([0.0, settings.rate_drift_hz**2, settings.size_drift**2])
        self._noise: Array = np.diag([settings.angle_noise_rad**2, settings.rate_noise_radps**2])

    def feed(self, event: GaitEvent) -> None:
        """Take the next event of either foot."""
        if not self._clock.is_contact(event) or not self._clock.has_pace:
            return
        stride = [row for row in self._rows if row[0] <= event.time_s]
        self._rows = self._rows[len(stride) :]
        if self._clock.covers([row[0] for row in stride]):
            self._learn(np.array(stride), event.time_s)
        self._touch_down(self._clock.told_late_s)

    def feed_signal(self, time_s: float, angle_rad: float, rate_radps: float) -> None:
        """Take the next pitch of the segment and its rate."""
        if math.isnan(angle_rad + rate_radps):
            return
        step_s = self._clock.step_s(time_s)
        if math.isnan(step_s):
            self._state[0] = math.nan  # until the next contact
        if math.isnan(step_s) or (self._rows and time_s - self._rows[0][0] > LONGEST_S):
            self._rows = []
        self._rows.append((time_s, angle_rad))
        if self._curve is None or math.isnan(self._state[0]):
            return
        move = np.eye(3)
        move[0, 1] = step_s
        self._state = move @ self._state
        self._variance = move @ self._variance @ move.T + step_s * self._drift
        self._measure(angle_rad, rate_radps)

    def at(self, time_s: float) -> PhaseEstimate:
        """Return the phase at ``time_s``."""
        return self._clock.estimate(time_s, float(self._state[0]), float(self._state[1]))

    def _measure(self, angle_rad: float, rate_radps: float) -> None:
        assert self._curve is not None
        phase, rate_hz, size = self._state.tolist()
        turn = _TURN * _ORDERS
        waves = np.concatenate([np.cos(turn * phase), np.sin(turn * phase)])
        slopes = np.concatenate([-turn * waves[len(turn) :], turn * waves[: len(turn)]])
        bends = -(np.concatenate([turn, turn]) ** 2) * waves
        shape, slope, bend = (float(self._curve[1:] @ each) for each in (waves, slopes, bends))
        expected = np.array([self._curve[0] + size * shape, size * slope * rate_hz])
        turned = np.array([[size * slope, 0.0, shape], [size * bend * rate_hz, size * slope, slope * rate_hz]])
        self._update(np.array([angle_rad, rate_radps]) - expected, turned, self._noise)

    def _touch_down(self, since_s: float) -> None:
        """Take a contact that happened ``since_s`` before the newest value."""
        rate_hz = 1.0 / self._clock.expected_s
        ahead = float(self._state[0]) - rate_hz * since_s
        ahead -= round(ahead) if math.isfinite(ahead) else 0.0
        if ahead**2 <= _MAX_DISTANCE * (float(self._variance[0, 0]) + _CONTACT_VARIANCE):
            self._state[0] = ahead + rate_hz * since_s
            self._update(np.array([-ahead]), np.array([[1.0, 0.0, 0.0]]), np.array([[_CONTACT_VARIANCE]]))
        else:
            self._state, self._variance = np.array([rate_hz * since_s, rate_hz, 1.0]), _START_VARIANCE

    def _update(self, innovation: Array, turned: Array, noise: Array) -> None:
        spread = self._variance @ turned.T
        gain = spread @ np.linalg.inv(turned @ spread + noise)
        self._state = self._state + gain @ innovation
        self._state[1] = min(max(self._state[1], _SLOWEST_HZ), _FASTEST_HZ)
        self._state[2] = min(max(self._state[2], _SMALLEST), _LARGEST)
        self._variance = (np.eye(3) - gain @ turned) @ self._variance
        self._variance = 0.5 * (self._variance + self._variance.T)

    def _learn(self, stride: Array, end_s: float) -> None:
        """Take the pitch over the stride that just ended: [n, 2] of time and pitch."""
        phase = 1.0 - (end_s - stride[:, 0]) / self._clock.stride_s
        angle = _TURN * phase[:, None] * _ORDERS
        columns = np.concatenate([np.ones((len(phase), 1)), np.cos(angle), np.sin(angle)], axis=1)
        curve = np.linalg.lstsq(columns, stride[:, 1], rcond=None)[0]
        self._learned_count = min(self._learned_count + 1, self._settings.strides_count)
        before = curve if self._curve is None else self._curve
        self._curve = before + (curve - before) / self._learned_count
