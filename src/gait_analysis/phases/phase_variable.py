# SPDX-License-Identifier: Apache-2.0
"""Gait phase from where a leg segment is: the direction of its pitch and the pitch's integral in their plane.

Over a stride pitch and integral go once around an orbit. Both are centred and scaled by their extremes in the last
stride, and the integral begins anew at each contact, so that no offset piles up. The orbit is not passed at constant
speed; at which direction a share of the stride is over is learned from the limb's own strides. After Villarreal,
Poonawala and Gregg (IEEE T Neural Syst Rehabil Eng 2017, doi 10.1109/TNSRE.2016.2569019). Deviations: the learned
shares, and phase that neither goes back within a stride nor wraps ahead of a contact.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from gait_analysis.cycle.contact_clock import ContactClock
from gait_analysis.cycle.pace import LONGEST_S
from gait_analysis.events import GaitEvent
from gait_analysis.parts import PhaseEstimate
from gait_parts import settings
from gait_parts.settings import setting
from gait_sensing.samples import Array, Side

_TURN = 2.0 * math.pi
_GRID: Array = np.linspace(0.0, 1.0, 51)  # shares of the stride
_LEAST_RANGE_RAD = 0.1  # of pitch in a stride: a leg that moves less does not walk


@dataclass(frozen=True)
class Settings(settings.Settings):
    """Settings of the phase variable."""

    segment: str = setting("thigh", "leg segment whose pitch it is", choices=("thigh", "shank"))
    strides_count: int = setting(3, "strides whose mean tells which share is over at a direction", low=1, high=20)


@dataclass(frozen=True, slots=True)
class _Orbit:
    """Centre of pitch and of its integral, and the factor that makes the orbit round."""

    pitch_rad: float
    integral_rads: float
    scale_ps: float

    def direction(self, pitch_rad: float, integral_rads: float) -> float:
        """Return where on the orbit they are, in turns."""
        return math.atan2(self.scale_ps * (integral_rads - self.integral_rads), pitch_rad - self.pitch_rad) / _TURN


class Phase:
    """Phase of the limb on ``side``."""

    def __init__(self, settings: Settings, side: Side) -> None:
        self._settings, self.segment = settings, settings.segment
        self._clock = ContactClock(side, settings.segment)
        self._rows: list[tuple[float, float, float]] = []  # time, pitch, integral in the stride in progress
        self._mean_rad = math.nan  # of pitch in the last stride
        self._orbit: _Orbit | None = None
        self._turns = math.nan  # on the orbit since the contact, never less than before in the stride
        self._direction = math.nan
        self._usual_turns: Array | None = None  # at the shares of the grid
        self._learned_count = 0

    def feed(self, event: GaitEvent) -> None:
        """Take the next event of either foot."""
        if not self._clock.is_contact(event):
            return
        stride = [row for row in self._rows if row[0] <= event.time_s]
        late = [row for row in self._rows if row[0] > event.time_s]
        if self._clock.covers([row[0] for row in stride]):
            self._learn(np.array(stride), event.time_s)
        self._rows, self._turns, self._direction = [], 0.0, math.nan
        for time_s, pitch_rad, _ in late:
            self._follow(time_s, pitch_rad)

    def feed_signal(self, time_s: float, angle_rad: float, rate_radps: float) -> None:
        """Take the next pitch of the segment."""
        if math.isnan(angle_rad):
            return
        if math.isnan(self._clock.step_s(time_s)):
            self._rows, self._turns = [], math.nan  # the integral is lost until the next contact
            return
        if self._rows and time_s - self._rows[0][0] > LONGEST_S:
            self._rows, self._turns = [], math.nan
        if not time_s < self._clock.contact_s:  # one before a contact that is known already belongs to no orbit
            self._follow(time_s, angle_rad)

    def at(self, time_s: float) -> PhaseEstimate:
        """Return the phase at ``time_s``."""
        rate_hz = 1.0 / self._clock.expected_s if self._clock.has_pace else math.nan
        cycles = math.nan
        if self._usual_turns is not None and not math.isnan(self._turns):
            before = min(self._clock.told_late_s * rate_hz, 0.0)  # the contact was after the newest value
            cycles = before + float(np.interp(self._turns, self._usual_turns, _GRID))
        return self._clock.estimate(time_s, cycles, rate_hz)

    def _follow(self, time_s: float, pitch_rad: float) -> None:
        integral_rads = 0.0
        if self._rows:
            last_s, last_rad, last_rads = self._rows[-1]
            middle_rad = 0.5 * (last_rad + pitch_rad) - (0.0 if math.isnan(self._mean_rad) else self._mean_rad)
            integral_rads = last_rads + middle_rad * (time_s - last_s)
        self._rows.append((time_s, pitch_rad, integral_rads))
        if self._orbit is None or math.isnan(self._turns):
            return
        direction = self._orbit.direction(pitch_rad, integral_rads)
        if not math.isnan(self._direction):
            self._turns = max(self._turns, self._turns + _wrapped(direction - self._direction))
        self._direction = direction

    def _learn(self, stride: Array, end_s: float) -> None:
        """Take the stride that just ended: [n, 3] of time, pitch and integral."""
        time_s, pitch_rad = stride[:, 0], stride[:, 1]
        range_rad = float(np.ptp(pitch_rad))
        if range_rad < _LEAST_RANGE_RAD:
            return
        self._mean_rad = float(np.mean(pitch_rad))
        middle_rad = 0.5 * (pitch_rad[1:] + pitch_rad[:-1]) - self._mean_rad
        integral_rads = np.concatenate([[0.0], np.cumsum(middle_rad * np.diff(time_s))])
        self._orbit = _Orbit(
            0.5 * float(pitch_rad.max() + pitch_rad.min()),
            0.5 * float(integral_rads.max() + integral_rads.min()),
            range_rad / float(np.ptp(integral_rads)),
        )
        directions = [self._orbit.direction(*row) for row in zip(pitch_rad, integral_rads, strict=True)]
        turns = np.maximum.accumulate(np.cumsum([0.0, *(_wrapped(b - a) for a, b in pairwise(directions))]))
        shares = 1.0 - (end_s - time_s) / self._clock.stride_s
        turns = np.interp(_GRID, [*shares, 1.0], [*turns, max(turns[-1], 1.0)])  # a stride is once around
        turns += 1e-6 * _GRID  # rising, where the direction stands still
        self._learned_count = min(self._learned_count + 1, self._settings.strides_count)
        before = turns if self._usual_turns is None else self._usual_turns
        self._usual_turns = before + (turns - before) / self._learned_count


def _wrapped(turns: float) -> float:
    return turns - round(turns)
