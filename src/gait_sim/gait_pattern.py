# SPDX-License-Identifier: Apache-2.0
"""How a person walks at a given speed: durations, lengths and load of both sides, and the shape of the ground force.

Stride rate follows the log-log law that Grieve and Gear found (Ergonomics 1966, doi 10.1080/00140136608964399),
``1.08 Hz * (speed / stature) ** 0.57`` with coefficients of ours that give some 100 steps a minute at 1.1 m/s; below
0.4 m/s, where there is no law, the rate stays. The share of stance falls linearly with speed, from 0.69 at 0.4 m/s to
0.59 at 1.8 m/s: an approximation of ours.

An asymmetry is ``(S - P) / (S + P)``, S sound, P prosthetic; ``(R - L) / (R + L)`` where neither side is a prosthesis.
With a stride of ``T`` and stance of ``D`` on average, each side has ``T/2 (1 +- step_time)`` and
``D (1 +- stance_time)``: both indices are met exactly, and what remains for the two double supports follows from them.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from gait_parts.settings import Settings, setting
from gait_sensing.samples import Array, Side

STATURE_PER_LEG_LENGTH = 1.0 / 0.53  # hip to floor is about 0.53 of stature
SLOWEST_MPS, FASTEST_MPS = 0.4, 1.8  # the pattern of a slower or faster belt is that of these
LEAST_DOUBLE_SUPPORT = 0.01  # share of the stride
FOOT_LENGTH_M = 0.2  # that the centre of pressure travels, heel to toe

UNCHANGED: Mapping[str, float] = MappingProxyType({})

_ANGLE = np.linspace(0.0, math.pi, 41)
SHARES: Array = 0.5 - 0.5 * np.cos(_ANGLE)  # of stance, closer together near its ends


@dataclass(frozen=True)
class GaitSettings(Settings):
    """How the walker walks, whatever the belt does; an asymmetry has the index of ``gait_pattern``."""

    prosthetic_side: str = setting("left", "which limb is the prosthesis", choices=("left", "right", "none"))
    leg_length_m: float = setting(0.93, "hip to floor", low=0.3, high=1.3)
    stance_time_asymmetry: float = setting(
        0.08, "of stance time; positive: longer on the sound side", low=-0.2, high=0.2
    )
    step_time_asymmetry: float = setting(-0.05, "of step time; negative: longer on the prosthesis", low=-0.2, high=0.2)
    step_length_asymmetry: float = setting(-0.03, "of step length at constant speed", low=-0.3, high=0.3)
    load_asymmetry: float = setting(0.03, "of the mean vertical force over stance", low=-0.3, high=0.3)
    push_off_asymmetry: float = setting(0.0, "of the propulsive force", low=-0.5, high=0.5)
    standing_load_asymmetry: float = setting(0.0, "of the load in standing", low=-0.8, high=0.8)
    hip_drop_rad: float = setting(
        0.0, "by which the pelvis drops further in mid-stance of the prosthesis, at some 1.1 m/s", low=0.0, high=0.3
    )
    trunk_lean_rad: float = setting(
        0.0, "by which the trunk leans further over the standing prosthesis, at some 1.1 m/s", low=0.0, high=0.3
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        for speed_mps in (SLOWEST_MPS, FASTEST_MPS):
            pattern = Pattern.at(self, speed_mps)
            for side in Side:
                if pattern.stance_s(side.other) - pattern.step_s(side) < LEAST_DOUBLE_SUPPORT * pattern.stride_s:
                    raise ValueError(
                        f"stance_time_asymmetry, step_time_asymmetry: got {self.stance_time_asymmetry} and "
                        f"{self.step_time_asymmetry}, which leave no double support at {speed_mps} m/s"
                    )

    def sign(self, side: Side) -> float:
        """+1 for the side that an asymmetry is counted for, -1 for the other."""
        reference = Side.LEFT if self.prosthetic_side == "none" else Side(self.prosthetic_side)
        return -1.0 if side is reference else 1.0


@dataclass(frozen=True, slots=True)
class Pattern:
    """What a walker aims at, at one speed."""

    settings: GaitSettings
    speed_mps: float
    stride_s: float
    stance_share: float  # mean of both sides, of the stride
    changes: Mapping[str, float]  # by which settings are other than at first

    @classmethod
    def at(cls, settings: GaitSettings, speed_mps: float, changes: Mapping[str, float] = UNCHANGED) -> "Pattern":
        """Return the pattern at a belt speed, the mean of both belts."""
        paced_mps = min(max(speed_mps, SLOWEST_MPS), FASTEST_MPS)
        stature_m = settings.leg_length_m * STATURE_PER_LEG_LENGTH
        stride_s = 1.0 / (1.08 * (paced_mps / stature_m) ** 0.57)
        return cls(settings, speed_mps, stride_s, 0.72 - 0.07 * paced_mps, changes)

    def step_s(self, side: Side) -> float:
        """From the other foot's contact to this foot's."""
        return 0.5 * self.stride_s * self._scale(side, self._now("step_time_asymmetry"))

    def stance_s(self, side: Side) -> float:
        """From this foot's contact to its foot off."""
        return self.stance_share * self.stride_s * self._scale(side, self._now("stance_time_asymmetry"))

    def double_support_s(self, side: Side) -> float:
        """From this foot's contact to the other's foot off; however much is learned, there is some."""
        return max(self.stance_s(side.other) - self.step_s(side), LEAST_DOUBLE_SUPPORT * self.stride_s)

    def swing_s(self, side: Side) -> float:
        """From this foot's foot off to its contact."""
        return self.stride_s - self.stance_s(side)

    def landing_m(self, side: Side) -> float:
        """Where the heel lands, forward of mid-treadmill: half a step ahead, so that the person stays in place.

        A step is as long as this foot lands ahead of the other plus what the belt carried that one back meanwhile, so
        that landings differ by what asymmetric step times do not explain of asymmetric lengths.
        """
        asymmetry = self._now("step_length_asymmetry") - self._now("step_time_asymmetry")
        return 0.25 * self.speed_mps * self.stride_s * self._scale(side, asymmetry)

    def load_bw(self, side: Side) -> Array:
        """Vertical force at ``SHARES`` of stance, two humps, in body weights.

        Summed over a stride of both feet its impulse is that of one body weight.
        """
        shape = np.sin(_U) + self._hump * np.sin(3.0 * _U)
        mean = (2.0 + 2.0 * self._hump / 3.0) / math.pi  # of the shape over stance
        asymmetry = self._now("load_asymmetry")
        both = 2.0 * self.stance_share * (1.0 + asymmetry * self._now("stance_time_asymmetry"))
        return _closed(shape * self._scale(side, asymmetry) / (both * mean))

    def fore_aft_bw(self, side: Side) -> Array:
        """Fore-aft force at ``SHARES`` of stance: braking (negative), then as much propulsion on the mean of both."""
        force_bw = -min(0.14 * self.speed_mps, 0.25) * np.sin(2.0 * _U)
        return _closed(np.where(force_bw > 0.0, self._scale(side, self._now("push_off_asymmetry")), 1.0) * force_bw)

    @property
    def _hump(self) -> float:
        """Depth of the valley between the humps: people who walk slowly hardly have one."""
        return min(max(0.16 + 0.14 * self.speed_mps, 0.22), 0.4)

    def _scale(self, side: Side, asymmetry: float) -> float:
        return 1.0 + self.settings.sign(side) * asymmetry

    def _now(self, asymmetry: str) -> float:
        return float(getattr(self.settings, asymmetry)) + self.changes.get(asymmetry, 0.0)


_U: Array = math.pi * SHARES


def _closed(force_bw: Array) -> Array:
    """Return the force with nothing at its ends, where sines are rounded to nearly nothing."""
    force_bw[[0, -1]] = 0.0
    return force_bw
