# SPDX-License-Identifier: Apache-2.0
"""A person on a split belt, with known truth: stands, walks off when the belts move, follows them, stops with them.

The person stands beside the belts after ``step_off`` until ``step_on``: then the plates carry nobody.

Time is in seconds since the walker was made, at which it stands. Frame and signs as in ``gait_sensing.samples``: force
is what the ground does to the foot. ``stepping`` sets the feet, ``gait_pattern`` says how, ``body_motion`` moves the
IMUs.
"""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from gait_feedback.cue import ActuatorChange
from gait_parts.settings import setting
from gait_sensing.samples import STANDARD_GRAVITY_MPS2, Array, ImuReading, Side
from gait_sim.body_motion import SEGMENTS, TRUNK, BodyMotion
from gait_sim.cross_stepping import Irregularity, Tread
from gait_sim.cue_learning import LearningSettings
from gait_sim.stepping import FootEvent, Stepping

TURN = 2.0 * math.pi
NOISE_BLOCK_ROWS = 500
HALF_STEP_WIDTH_M = 0.1
MEDIAL_SHARE = 0.05  # of the vertical force, with which the ground pushes a foot inward
SWAY = ((0.02, 0.31, 0.0), (0.01, 0.73, 1.0))  # body weights, Hz, rad: load shifted to the left foot in standing


@dataclass(frozen=True)
class WalkerSettings(LearningSettings):
    """Who walks, how, and how noisy the sensors are."""

    body_mass_kg: float = setting(80.0, "prosthesis included", low=10.0, high=250.0)
    variability: float = setting(0.02, "coefficient of variation of step time, no unit", low=0.0, high=0.15)
    seed: int = setting(1, "of chance: the same seed, the same steps", low=0, high=2**31 - 1)
    force_noise_n: float = setting(2.0, "standard deviation of each force component", low=0.0, high=50.0)
    moment_noise_nm: float = setting(0.2, "standard deviation of the moments that place a foot", low=0.0, high=10.0)
    acceleration_noise_mps2: float = setting(0.05, "standard deviation of each component", low=0.0, high=5.0)
    angular_rate_noise_radps: float = setting(0.005, "standard deviation of each component", low=0.0, high=1.0)


class Walker:
    """See the module. ``advance`` moves time on; the others tell what is at times up to there."""

    end_s = math.inf
    is_truth_known = True

    def __init__(self, settings: WalkerSettings) -> None:
        self._settings = settings
        self._weight_n = settings.body_mass_kg * STANDARD_GRAVITY_MPS2
        irregularity = Irregularity(settings, settings.seed)
        self._stepping = Stepping(settings, settings.variability, settings.seed, irregularity)
        self._noise = {side: _noise(settings.seed, number) for number, side in enumerate(Side)}
        self._on_belts_since_s = -math.inf
        self._body = BodyMotion(
            self._stepping.legs,
            settings.leg_length_m,
            settings.acceleration_noise_mps2,
            settings.angular_rate_noise_radps,
            settings.seed,
            lambda time_s: self._on_prosthesis_rad("hip_drop_rad", time_s),
            lambda time_s: self._on_prosthesis_rad("trunk_lean_rad", time_s),
        )

    def describe(self) -> dict[str, Any]:
        """Return what made this walk, for the truth log."""
        return {"walker": asdict(self._settings), "learned": self._stepping.changes(self._stepping.odometer.time_s)}

    def advance(self, to_s: float, left_mps: float, right_mps: float) -> list[FootEvent]:
        """Move on to ``to_s``, the belts running at these speeds since the last call; return what happened meanwhile.

        How a stretch of constant speed is cut into calls changes nothing.
        """
        return self._stepping.advance(to_s, left_mps, right_mps)

    def feel(self, change: ActuatorChange, time_s: float) -> None:
        """Feel an actuator being switched on; ``cue_learning`` says what comes of it."""
        if change.intensity > 0.0:
            self._stepping.cues.feel(change.side, time_s)

    def habit(self, name: str, time_s: float) -> float:
        """Return what an asymmetry or the hip drop, a setting of this name, has become by ``time_s``."""
        return float(getattr(self._settings, name)) + self._stepping.changes(time_s).get(name, 0.0)

    def step_lengths_m(self) -> tuple[float, float]:
        """Return the length of the newest step of the left and of the right foot; NaN before there is one."""
        lengths_m = self._stepping.adaptation.lengths_m
        return lengths_m[Side.LEFT], lengths_m[Side.RIGHT]

    def step_off(self) -> None:
        """Stand beside the belts."""
        self._on_belts_since_s = math.inf

    def step_on(self, time_s: float) -> None:
        """Stand on the belts from ``time_s`` on, unless they stand there already."""
        self._on_belts_since_s = min(self._on_belts_since_s, time_s)

    def has_plate(self, name: str) -> bool:
        """Whether a force plate of this name is under one of the feet: ``left_...`` or ``right_...``."""
        return _side(name) is not None

    def plate(self, name: str, time_s: Array) -> tuple[Array, Array]:
        """Return force [n, 3] in N and centre of pressure [n, 2] in m at times [n], asked for once and in order.

        The centre is NaN while the foot is in the air.
        """
        side = _side(name)
        if side is None:
            raise ValueError(f"plate {name}: its name does not begin with left or right")
        rows = np.array([self._plate_row(side, instant_s) for instant_s in time_s.tolist()]).reshape(-1, 5)
        return rows[:, :3], rows[:, 3:]

    def _plate_row(self, side: Side, time_s: float) -> tuple[float, float, float, float, float]:
        """Force and centre of pressure at one instant: plain numbers, since a tick of the lab asks for two or three."""
        placed = {foot: self._stepping.placing[foot].at(time_s) for foot in Side}
        if any(placed.values()):
            return self._shared_row(side, time_s)
        settings, inward = self._settings, -1.0 if side is Side.LEFT else 1.0
        vertical_bw, fore_aft_bw, place_m, standing = self._stepping.loads[side].at(time_s)
        if time_s < self._on_belts_since_s:
            vertical_bw = fore_aft_bw = 0.0
        elif standing > 0.0 < vertical_bw:
            shifted = settings.sign(side) * self.habit("standing_load_asymmetry", time_s)
            vertical_bw *= 1.0 + standing * shifted
            for amplitude_bw, rate_hz, phase_rad in SWAY:
                vertical_bw -= inward * amplitude_bw * standing * math.sin(TURN * rate_hz * time_s + phase_rad)
        x_noise, y_noise, z_noise, ahead_noise, left_noise = next(self._noise[side])
        load_n = self._weight_n * vertical_bw
        ahead_m = left_m = math.nan
        if vertical_bw > 0.0:
            error_m = settings.moment_noise_nm / max(load_n, 1.0)
            ahead_m = place_m - self._stepping.odometer.at_m(side, time_s) + error_m * ahead_noise
            left_m = -inward * HALF_STEP_WIDTH_M + error_m * left_noise
        return (
            self._weight_n * fore_aft_bw + settings.force_noise_n * x_noise,
            inward * MEDIAL_SHARE * load_n + settings.force_noise_n * y_noise,
            load_n + settings.force_noise_n * z_noise,
            ahead_m,
            left_m,
        )

    def _shared_row(self, side: Side, time_s: float) -> tuple[float, float, float, float, float]:
        """Force and centre of pressure of a plate that a foot shares with the other plate, or is on in its stead."""
        force_n, pressure_nm = [0.0, 0.0, 0.0], [0.0, 0.0]
        for foot in Side:
            vertical_bw, fore_aft_bw, place_m, _ = self._stepping.loads[foot].at(time_s)
            tread, belt = self._tread(foot, side, time_s)
            inward, load_n = -1.0 if foot is Side.LEFT else 1.0, self._weight_n * vertical_bw * tread.share
            force = (self._weight_n * fore_aft_bw * tread.share, inward * MEDIAL_SHARE * load_n, load_n)
            force_n = [one + other for one, other in zip(force_n, force, strict=True)]
            pressure_nm[0] += load_n * (place_m - self._stepping.odometer.at_m(belt, time_s))
            pressure_nm[1] += load_n * tread.left_m
        x_noise, y_noise, z_noise, ahead_noise, left_noise = next(self._noise[side])
        noise_n = self._settings.force_noise_n
        ahead_m = left_m = math.nan
        if force_n[2] > 0.0:
            error_m = self._settings.moment_noise_nm / max(force_n[2], 1.0)
            ahead_m = pressure_nm[0] / force_n[2] + error_m * ahead_noise
            left_m = pressure_nm[1] / force_n[2] + error_m * left_noise
        x_n, y_n, z_n = force_n
        return x_n + noise_n * x_noise, y_n + noise_n * y_noise, z_n + noise_n * z_noise, ahead_m, left_m

    def _tread(self, foot: Side, plate: Side, time_s: float) -> tuple[Tread, Side]:
        """Return what a plate bears of a foot, and the belt that carries the foot."""
        placing = self._stepping.placing[foot]
        placed = placing.at(time_s)
        if placed is None:
            outward = 1.0 if foot is Side.LEFT else -1.0
            return Tread(float(foot is plate), outward * HALF_STEP_WIDTH_M), foot
        own, other = placing.treads(*placed)
        return own if foot is plate else other, foot.other if placed[0].is_carried_by_other else foot

    def has_segment(self, segment: str) -> bool:
        """Whether there are IMU signals for a segment of this name."""
        return segment in (*SEGMENTS, TRUNK)

    def _on_prosthesis_rad(self, habit: str, time_s: float) -> float:
        """Return how much further the body drops or leans on the prosthesis; positive where that is the left leg."""
        most_rad = float(getattr(self._settings, habit))
        return -self._settings.sign(Side.LEFT) * min(max(self.habit(habit, time_s), 0.0), most_rad)

    def imu(self, segment: str, time_s: float, tick: int | None) -> ImuReading:
        """Return what an IMU on ``segment`` measures at ``time_s``; see ``body_motion`` for its axes."""
        return self._body.reading(segment, time_s, tick)


def _noise(seed: int, number: int) -> Iterator[list[float]]:
    """Yield five standard normal numbers at a time, for ever."""
    random = np.random.default_rng((seed, number))
    while True:
        yield from random.standard_normal((NOISE_BLOCK_ROWS, 5)).tolist()


def _side(name: str) -> Side | None:
    return next((side for side in Side if name.startswith(side.value)), None)
