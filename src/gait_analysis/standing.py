# SPDX-License-Identifier: Apache-2.0
"""Weight on each side, sway and weight shifting, while both feet stand.

Looked at every 0.5 s. A foot stands through such an interval when no sample of its load is below the threshold of
contact; after ``least_s`` of intervals in which both feet stand, numbers are given, over all of them up to
``window_s``. Walking never gives so long a double support.

Loads and centres of pressure are means over 10 ms (linear between samples where a sensor is slower). The centre of
pressure of both feet is the load-weighted mean of each foot's; before sway is measured it is low-pass filtered at 5 Hz
by a Butterworth filter of second order run forward and backward, fourth order in all and without delay. Path, mean
velocity and ellipse are defined as by Prieto et al. (1996, doi:10.1109/10.532130), who filtered alike, at 100 Hz over
20 s: the path is the summed distance between successive points, the velocity is path by time, and the ellipse holds 95
percent of the points, of area ``2 pi F sqrt(var_x var_y - cov_xy^2)`` with F the 95 percent quantile of the F
distribution with 2 and n - 2 degrees of freedom. Deviation: the window may be shorter than 20 s, and is told; path and
ellipse grow with it, velocity does not.

In weight shifting the share of the load on the prosthetic side (left, where neither is a prosthesis) is to follow a
target: ``shift_centre`` plus a sine of ``shift_amplitude`` and ``shift_period_s``, which begins with the session.
"""

import math
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.signal import butter, sosfiltfilt

from gait_analysis.contact.edges import lowest
from gait_analysis.participant import Participant
from gait_parts import settings as parts
from gait_parts.settings import setting
from gait_sensing.samples import Array, Side

INTERVAL_S = 0.5
_BIN_COUNT = 50  # in an interval
_BIN_S = INTERVAL_S / _BIN_COUNT
_MAX_GAP_S = 0.1
_LEAST_N, _LEAST_BW = 25.0, 0.05  # on one foot, as the threshold of contact
_CUTOFF_HZ = 5.0
_TWICE = (math.sqrt(2.0) - 1.0) ** 0.25  # cut-off of two passes by that of one, second order
_LOW_PASS = butter(2, _CUTOFF_HZ / _TWICE, fs=1.0 / _BIN_S, output="sos")
_LEFT, _RIGHT, _X, _Y = range(4)  # columns of a block


@dataclass(frozen=True)
class Settings(parts.Settings):
    """Settings of standing."""

    window_s: float = setting(20.0, "longest time that the numbers reach back", low=2.0, high=120.0)
    least_s: float = setting(2.0, "both feet stand for so long before numbers are given", low=1.0, high=60.0)
    shift_centre: float = setting(math.nan, "target share on the prosthetic side; NaN: no target", low=0.05, high=0.95)
    shift_amplitude: float = setting(0.0, "of the target's sine, as share; 0: a target that rests", low=0.0, high=0.45)
    shift_period_s: float = setting(4.0, "of the target's sine", low=1.0, high=60.0)
    shift_band: float = setting(0.05, "half width of the band around the target, as share", low=0.005, high=0.5)

    def __post_init__(self) -> None:
        """Check each setting, then that they fit together."""
        super().__post_init__()
        if self.least_s > self.window_s:
            raise ValueError(f"least_s: got {self.least_s}, allowed up to window_s {self.window_s}")


class Standing(NamedTuple):
    """Both feet over the last seconds; fields as in Standing.msg. NaN: not standing, or not measured."""

    time_s: float  # newest sample used
    is_standing: bool
    reason: str = ""
    left_load_bw: float = math.nan
    right_load_bw: float = math.nan
    window_s: float = math.nan
    centre_of_pressure_x_m: float = math.nan
    centre_of_pressure_y_m: float = math.nan
    sway_path_m: float = math.nan
    sway_velocity_mps: float = math.nan
    sway_ellipse_m2: float = math.nan
    shift_share: float = math.nan
    shift_target: float = math.nan
    shift_error_rms: float = math.nan
    shift_in_band: float = math.nan


class StandingTracker:
    """Standing of one session, from ``start_s`` on, interval by interval."""

    def __init__(self, settings: Settings, participant: Participant, start_s: float) -> None:
        self._settings, self._start_s = settings, start_s
        self._weight_n = participant.body_weight_n
        self._shifted = _RIGHT if participant.prosthetic_side is Side.RIGHT else _LEFT
        self._least_n = max(_LEAST_N, _LEAST_BW * (0.0 if math.isnan(self._weight_n) else self._weight_n))
        self._begin(0)
        self._blocks: deque[Array] = deque(maxlen=round(settings.window_s / INTERVAL_S))  # [_BIN_COUNT, 4] each

    def _begin(self, number: int) -> None:
        self._number = number  # of the interval in progress
        self.begin_s = self._start_s + number * INTERVAL_S  # its samples come after it
        self.end_s = self._start_s + (number + 1) * INTERVAL_S  # which its last sample may meet

    def feed(self, left: Array, right: Array) -> Standing | None:
        """Take the interval's samples of both feet and begin the next one; return None when there are none at all.

        ``left``, ``right``: [n, 4] of time, vertical load in newtons and centre of pressure x, y in the lab frame.
        """
        begin_s = self.begin_s
        self._begin(self._number + 1)
        newest_s = max((float(rows[-1, 0]) for rows in (left, right) if len(rows)), default=math.nan)
        reason = self._missing(left, right, begin_s)
        if reason:
            self._blocks.clear()
            return None if math.isnan(newest_s) else Standing(newest_s, False, reason)
        self._blocks.append(_block(_binned(left, begin_s), _binned(right, begin_s)))
        if len(self._blocks) * INTERVAL_S < self._settings.least_s:
            return Standing(newest_s, False, f"both feet have not stood for {self._settings.least_s:g} s yet")
        return self._measure(newest_s)

    def skip_to(self, time_s: float) -> None:
        """Pass over intervals that end before ``time_s``, in which there is no sample."""
        self._begin(max(self._number, math.floor((time_s - self._start_s) / INTERVAL_S) - 1))

    def _missing(self, left: Array, right: Array, begin_s: float) -> str:
        """Return why nobody stands on both feet throughout the interval; empty when somebody does."""
        feet = ((Side.LEFT, left), (Side.RIGHT, right))
        for side, rows in feet:
            if len(rows) and not lowest(rows[:, 1]) >= self._least_n:  # first, for in walking it is so
                return f"the {side.value} foot is off the ground"
        for side, rows in feet:
            gaps_s = np.diff(rows[:, 0], prepend=begin_s, append=begin_s + INTERVAL_S)
            if gaps_s.max() > _MAX_GAP_S:  # without a sample it is all one gap
                return f"samples of the {side.value} foot are missing"
        return ""

    def _measure(self, newest_s: float) -> Standing:
        rows = np.concatenate(self._blocks)
        left_n, right_n = rows[:, _LEFT].mean(), rows[:, _RIGHT].mean()
        share = rows[:, self._shifted] / (rows[:, _LEFT] + rows[:, _RIGHT])
        target = self._target(len(rows))
        error = share - target
        is_in_band = np.where(np.isnan(error), math.nan, np.abs(error) <= self._settings.shift_band)
        path_m, velocity_mps, ellipse_m2 = sway(rows[:, (_X, _Y)])
        return Standing(
            time_s=newest_s,
            is_standing=True,
            left_load_bw=float(left_n / self._weight_n),
            right_load_bw=float(right_n / self._weight_n),
            window_s=len(rows) * _BIN_S,
            centre_of_pressure_x_m=float(rows[:, _X].mean()),
            centre_of_pressure_y_m=float(rows[:, _Y].mean()),
            sway_path_m=path_m,
            sway_velocity_mps=velocity_mps,
            sway_ellipse_m2=ellipse_m2,
            shift_share=float(share[-1]),
            shift_target=float(target[-1]),
            shift_error_rms=float(np.sqrt(np.mean(error**2))),
            shift_in_band=float(is_in_band.mean()),
        )

    def _target(self, count: int) -> Array:
        """Return the target at the middle of each of the last ``count`` bins."""
        settings = self._settings
        since_start_s = self._number * INTERVAL_S + (np.arange(-count, 0) + 0.5) * _BIN_S
        turns = since_start_s / settings.shift_period_s
        return np.asarray(settings.shift_centre + settings.shift_amplitude * np.sin(2.0 * math.pi * turns))


def sway(centre_of_pressure_m: Array) -> tuple[float, float, float]:
    """Return path, mean velocity and area of the 95 percent ellipse of [n, 2] at 100 Hz, n above 15; see the module.

    NaN where the centre of pressure is not measured.
    """
    if not np.isfinite(centre_of_pressure_m).all():
        return math.nan, math.nan, math.nan
    smooth_m = sosfiltfilt(_LOW_PASS, centre_of_pressure_m, axis=0)
    count = len(smooth_m)
    path_m = float(np.hypot(*np.diff(smooth_m, axis=0).T).sum())
    freedom = count - 2
    quantile = 0.5 * freedom * (0.05 ** (-2.0 / freedom) - 1.0)  # of F with 2 and n - 2 degrees of freedom, 95 percent
    spread_m4 = float(np.linalg.det(np.cov(smooth_m.T)))
    return path_m, path_m / ((count - 1) * _BIN_S), 2.0 * math.pi * quantile * math.sqrt(max(spread_m4, 0.0))


def _binned(rows: Array, begin_s: float) -> Array:
    """Return [_BIN_COUNT, 3]: mean load, and mean of load times centre of pressure x and y, in every bin."""
    load_n = rows[:, 1]
    columns = (load_n, load_n * rows[:, 2], load_n * rows[:, 3])
    place = (rows[:, 0] - begin_s) / _BIN_S
    number = np.clip(np.ceil(place).astype(np.int64) - 1, 0, _BIN_COUNT - 1)
    counts = np.bincount(number, minlength=_BIN_COUNT)
    if counts.min() > 0:
        return np.stack([np.bincount(number, column, _BIN_COUNT) / counts for column in columns], axis=1)
    middles = np.arange(_BIN_COUNT) + 0.5
    return np.stack([np.interp(middles, place, column) for column in columns], axis=1)


def _block(left: Array, right: Array) -> Array:
    """Return the columns of a block from both feet's bins."""
    both = left + right
    return np.stack((left[:, 0], right[:, 0], both[:, 1] / both[:, 0], both[:, 2] / both[:, 0]), axis=1)
