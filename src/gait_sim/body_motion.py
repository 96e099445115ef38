# SPDX-License-Identifier: Apache-2.0
"""What IMUs on pelvis, thighs, shanks, feet and, if worn, on the trunk measure while the legs go through their phases.

Every sensor is mounted with x forward, y left and z up in quiet standing, and reports specific force (a sensor at rest
shows +9.81 m/s2 upward), angular rate in its own axes, and the orientation from its axes to an earth frame with z up
and the lab's heading. Legs move in the sagittal plane alone: their segments pitch about y, positive when the upper end
goes forward, which for the foot is toes down.

Angles over the gait cycle are periodic splines through points of ours, near textbook curves of healthy walking;
both sides share them, a prosthesis differs in its timing alone. Rates are the angles' derivatives. Thigh and shank
are accelerated as links that hang from a bobbing hip; a foot lies still on the belt in stance, goes along it with
least jerk in swing, and every contact sends a short shock up the leg.
"""

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

from gait_sensing.samples import STANDARD_GRAVITY_MPS2, ImuReading, Quaternion, Side, Vector
from gait_sim.foot import LegState, LegTable

POINTS_RAD = {
    "thigh": {0.0: -0.42, 0.1: -0.38, 0.3: -0.05, 0.4: 0.1, 0.5: 0.22}
    | {0.56: 0.2, 0.62: 0.08, 0.7: -0.2, 0.8: -0.42, 0.9: -0.47},
    "shank": {0.0: -0.36, 0.1: -0.12, 0.2: 0.05, 0.3: 0.15, 0.4: 0.28, 0.5: 0.5}
    | {0.62: 0.85, 0.7: 0.85, 0.8: 0.35, 0.9: -0.2, 0.96: -0.36},
    "foot": {0.0: -0.33, 0.05: -0.12, 0.1: -0.01, 0.15: 0.0, 0.22: 0.0, 0.3: 0.0, 0.4: 0.06, 0.5: 0.35}
    | {0.62: 1.0, 0.7: 0.9, 0.8: 0.25, 0.9: -0.2, 0.96: -0.35},
}
SEGMENTS = ("pelvis", *(f"{side.value}_{link}" for side in Side for link in POINTS_RAD))
TRUNK = "trunk"  # may be worn besides
SHOCK_MPS2 = {"foot": 25.0, "shank": 12.0, "thigh": 5.0, "pelvis": 2.0}  # upward, at contact
SHOCK_DECAY_S, SHOCK_HZ = 0.015, 20.0
THIGH_M, THIGH_SENSOR_M, SHANK_SENSOR_M = (
    0.45,
    0.22,
    0.16,
)  # link length, and sensors below their joints, per leg length
CLEARANCE_M = 0.05  # of the foot at mid-swing
BOB_M, SURGE_M, SHIFT_M = 0.02, 0.012, 0.025  # of the pelvis: up, forward, left
OBLIQUITY_RAD, LEAN_RAD, TILT_RAD, TURN_RAD = 0.06, 0.02, 0.02, 0.07  # LEAN: of the trunk, over the standing leg
LOWEST_PHASE, LEFT_PHASE = 0.06, 0.3  # of the left leg, when the pelvis is lowest, and when it is over the left foot
GRID = 1000


@dataclass(frozen=True, slots=True)
class Pitch:
    """An angle with its derivatives."""

    angle_rad: float
    rate_radps: float
    acceleration_radps2: float


class PitchShape:
    """A periodic angle over the phase."""

    def __init__(self, points_rad: Mapping[float, float]) -> None:
        phase = [*points_rad, 1.0]
        angle_rad = [*points_rad.values(), points_rad[0.0]]
        spline = CubicSpline(phase, angle_rad, bc_type="periodic")
        grid = np.arange(GRID + 1) / GRID
        self._rows: list[list[float]] = np.stack([spline(grid, order) for order in range(3)], axis=1).tolist()

    def at(self, leg: LegState) -> Pitch:
        """Return the pitch of a leg in this state."""
        place = leg.phase * GRID
        index = int(place)
        share = place - index
        shape, slope, bend = (
            low + share * (high - low) for low, high in zip(self._rows[index], self._rows[index + 1], strict=True)
        )
        rate_radps = leg.amplitude * slope * leg.phase_rate_hz + leg.amplitude_rate_hz * shape
        return Pitch(leg.amplitude * shape, rate_radps, leg.amplitude * bend * leg.phase_rate_hz**2)

    def angle_rad(self, phase: float) -> float:
        """Return the angle at a phase, at amplitude 1."""
        return self._rows[round(phase * GRID)][0]


class BodyMotion:
    """Readings of all segments, from the phases of both legs."""

    def __init__(
        self,
        legs: Mapping[Side, LegTable],
        leg_length_m: float,
        acceleration_noise_mps2: float,
        angular_rate_noise_radps: float,
        seed: int,
        hip_drop_rad: Callable[[float], float],
        trunk_lean_rad: Callable[[float], float],
    ) -> None:
        """Take how far pelvis drops and trunk leans in mid-stance of one leg beyond the other; left leg positive."""
        self._legs, self._leg_length_m = legs, leg_length_m
        self._hip_drop_rad, self._trunk_lean_rad = hip_drop_rad, trunk_lean_rad
        self._noise = (acceleration_noise_mps2, angular_rate_noise_radps)
        self._shapes = {link: PitchShape(points_rad) for link, points_rad in POINTS_RAD.items()}
        self._random = {segment: random.Random(f"{seed} {segment}") for segment in (*SEGMENTS, TRUNK)}

    def reading(self, segment: str, time_s: float, tick: int | None) -> ImuReading:
        """Return what the sensor on ``segment`` measures at ``time_s``, noise included, with this counter value."""
        if segment == "pelvis":
            acceleration, rate, orientation = self._body(time_s, OBLIQUITY_RAD, self._hip_drop_rad(time_s))
        elif segment == TRUNK:
            acceleration, rate, orientation = self._body(time_s, -LEAN_RAD, -self._trunk_lean_rad(time_s))
        else:
            side, link = segment.split("_")
            acceleration, rate, orientation = self._leg(Side(side), link, time_s)
        noise, (acceleration_noise, rate_noise) = self._random[segment].gauss, self._noise
        return ImuReading(
            tick,
            tuple(value + noise(0.0, acceleration_noise) for value in acceleration),  # type: ignore[arg-type]
            tuple(value + noise(0.0, rate_noise) for value in rate),  # type: ignore[arg-type]
            orientation,
        )

    def _leg(self, side: Side, link: str, time_s: float) -> tuple[Vector, Vector, Quaternion]:
        leg = self._legs[side].at(time_s)
        pitch = self._shapes[link].at(leg)
        if link == "foot":
            forward, up = _swinging(leg)
        else:
            forward, _, up = self._hip(time_s)
            below_m = self._leg_length_m * (THIGH_SENSOR_M if link == "thigh" else SHANK_SENSOR_M)
            links = [(pitch, below_m)]
            if link == "shank":
                links.append((self._shapes["thigh"].at(leg), self._leg_length_m * THIGH_M))
            for each, length_m in links:
                swung_forward, swung_up = _hanging(each, length_m)
                forward, up = forward + swung_forward, up + swung_up
        up += STANDARD_GRAVITY_MPS2 + SHOCK_MPS2[link] * _shock(leg)
        sine, cosine = math.sin(pitch.angle_rad), math.cos(pitch.angle_rad)
        half_rad = 0.5 * pitch.angle_rad
        return (
            (cosine * forward - sine * up, 0.0, sine * forward + cosine * up),
            (0.0, pitch.rate_radps, 0.0),
            (0.0, math.sin(half_rad), 0.0, math.cos(half_rad)),
        )

    def _hip(self, time_s: float) -> Vector:
        """Acceleration of the pelvis in the lab's axes, without gravity."""
        leg = self._legs[Side.LEFT].at(time_s)
        step_rad, stride_rad = 4.0 * math.pi * (leg.phase - LOWEST_PHASE), 2.0 * math.pi * (leg.phase - LEFT_PHASE)
        per_stride = (2.0 * math.pi * leg.phase_rate_hz) ** 2 * leg.amplitude
        return (
            -SURGE_M * 4.0 * per_stride * math.sin(step_rad),
            -SHIFT_M * per_stride * math.cos(stride_rad),
            BOB_M * 4.0 * per_stride * math.cos(step_rad),
        )

    def _body(self, time_s: float, level_rad: float, more_rad: float) -> tuple[Vector, Vector, Quaternion]:
        """As for a leg; the three angles are small, so that they may be taken as a rotation vector.

        Roll to the right in mid-stance of both legs, to the side that swings, and how much more in that of one leg.
        """
        leg = self._legs[Side.LEFT].at(time_s)
        forward, left, up = self._hip(time_s)
        shock = sum(_shock(self._legs[side].at(time_s)) for side in Side)
        up += STANDARD_GRAVITY_MPS2 + SHOCK_MPS2["pelvis"] * shock
        swing_rad, turn_rad, tilt_rad = (
            2.0 * math.pi * phase for phase in (leg.phase - LEFT_PHASE, leg.phase, 2.0 * leg.phase)
        )
        rate_radps = 2.0 * math.pi * leg.phase_rate_hz
        level_rad += math.copysign(0.5 * more_rad, level_rad)
        roll, roll_rate = (
            0.5 * more_rad + level_rad * math.cos(swing_rad),
            -level_rad * rate_radps * math.sin(swing_rad),
        )
        pitch, pitch_rate = TILT_RAD * math.cos(tilt_rad), -2.0 * TILT_RAD * rate_radps * math.sin(tilt_rad)
        yaw, yaw_rate = -TURN_RAD * math.cos(turn_rad), TURN_RAD * rate_radps * math.sin(turn_rad)
        roll, pitch, yaw = (leg.amplitude * angle for angle in (roll, pitch, yaw))
        norm = math.sqrt(1.0 + 0.25 * (roll**2 + pitch**2 + yaw**2))
        return (
            (forward - pitch * up + yaw * left, left - yaw * forward + roll * up, up - roll * left + pitch * forward),
            (leg.amplitude * roll_rate, leg.amplitude * pitch_rate, leg.amplitude * yaw_rate),
            (0.5 * roll / norm, 0.5 * pitch / norm, 0.5 * yaw / norm, 1.0 / norm),
        )


def _hanging(pitch: Pitch, below_m: float) -> tuple[float, float]:
    """Acceleration, forward and up, of a point on a link below its joint, relative to the joint."""
    sine, cosine = math.sin(pitch.angle_rad), math.cos(pitch.angle_rad)
    turn, spin = pitch.acceleration_radps2, pitch.rate_radps**2
    return below_m * (spin * sine - turn * cosine), below_m * (spin * cosine + turn * sine)


def _swinging(leg: LegState) -> tuple[float, float]:
    """Acceleration, forward and up, of a foot: none in stance, least jerk along the belt in swing."""
    if math.isnan(leg.swing):
        return 0.0, 0.0
    s, per_s2 = leg.swing, leg.swing_s**-2.0
    forward = leg.reach_m * per_s2 * (60.0 * s - 180.0 * s**2 + 120.0 * s**3)
    up = 64.0 * CLEARANCE_M * per_s2 * (6.0 * s - 36.0 * s**2 + 60.0 * s**3 - 30.0 * s**4)
    return forward, up


def _shock(leg: LegState) -> float:
    """What is left of the last contact's shock, no unit."""
    if math.isnan(leg.since_contact_s) or leg.since_contact_s > 10.0 * SHOCK_DECAY_S:
        return 0.0
    since_s = leg.since_contact_s
    return leg.amplitude * math.exp(-since_s / SHOCK_DECAY_S) * math.cos(2.0 * math.pi * SHOCK_HZ * since_s)
