# SPDX-License-Identifier: Apache-2.0
"""A simulated person who intends a speed, whatever the belts do: a point mass on a massless leg. See self_pacing.py."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gait_sensing.samples import STANDARD_GRAVITY_MPS2, Array, Side

HEIGHT_M = 1.0
RATE_RADPS = math.sqrt(STANDARD_GRAVITY_MPS2 / HEIGHT_M)
SAMPLE_S = 0.001
ROLL_M = 0.15  # that the centre of pressure goes forward under one foot in single support
ANKLE_M, ANKLE_GAIN = 0.05, 1.5  # either way, that it may be elsewhere against a fall, and for each metre of that fall
DOUBLE_SUPPORT = 0.25  # of a step
STATURE_M = 1.75
DRIFT_S = 30.0


@dataclass(frozen=True)
class Person:
    """Who walks, and how noisy the plates are."""

    intent_mps: Callable[[float], float]  # of the time, against the belts
    length_asymmetry: float = 0.0  # (right step - left step) / (right + left)
    time_asymmetry: float = 0.0  # of step times, the same way
    mass_kg: float = 80.0
    step_time_cv: float = 0.02
    placing_m: float = 0.003  # standard deviation of where a foot lands
    bounce: float = 0.2  # of the vertical force, twice a stride
    force_noise_n: float = 2.0
    moment_noise_nm: float = 0.2
    force_offset_n: float = 0.0  # of each plate, fore-aft
    force_drift_n: float = 0.0  # amplitude of what comes to it and goes within half a minute
    incline_rad: float = 0.0
    seed: int = 1


@dataclass
class _Step:
    begin_s: float
    double_s: float
    step_s: float
    rear_m: float  # where the rear foot's toe is on the belt
    front_m: float  # where the front foot's heel lands on the belt


class PacingWalker:
    """Walks from time 0 on, in the middle of the treadmill; ``advance`` moves it on."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.time_s = 0.0
        self.place_m, self.speed_mps = 0.0, math.nan  # of the centre of mass in the lab frame
        self._random = np.random.default_rng(person.seed)
        self._carried_m = self._ankle_m = self._planned_m = 0.0
        self._side = Side.RIGHT
        rear_m = self._begin()
        self._step = _Step(-1.0, 0.1, 1.0, math.nan, rear_m - ROLL_M)  # over at once

    def advance(self, count: int, from_mps: float, to_mps: float) -> tuple[dict[Side, Array], Array]:
        """Walk for ``count`` samples while the belts go from one speed to the other.

        Return of each plate fore-aft force, vertical force and centre of pressure [n, 3], and place and speed [n, 2].
        """
        forces = {side: np.empty((count, 3)) for side in Side}
        truth = np.empty((count, 2))
        for index in range(count):
            belt_mps = from_mps + (to_mps - from_mps) * (index + 1) / count
            self._move(belt_mps)
            truth[index] = self.place_m, self.speed_mps
            for side, row in self._plates().items():
                forces[side][index] = row
        self._measure(forces)
        return forces, truth

    def _move(self, belt_mps: float) -> None:
        if math.isnan(self.speed_mps):
            self.speed_mps = self.person.intent_mps(0.0) - belt_mps
        if self.time_s >= self._step.begin_s + self._step.step_s:
            self._land(belt_mps)
        fall_m = self.place_m + self._carried_m + (self.speed_mps + belt_mps) / RATE_RADPS - self._planned_m
        self._ankle_m = min(max(ANKLE_GAIN * fall_m, -ANKLE_M), ANKLE_M)
        self._planned_m += RATE_RADPS * (self._planned_m - self._rolling_m()) * SAMPLE_S
        pull_mps2 = self._load() * RATE_RADPS**2 * (self.place_m - (self._pressure_m() - self._carried_m))
        self.speed_mps += pull_mps2 * SAMPLE_S
        self.place_m += self.speed_mps * SAMPLE_S
        self._carried_m += belt_mps * SAMPLE_S
        self.time_s += SAMPLE_S

    def _begin(self) -> float:
        """Return where the rear toe is at the first contact, in the midst of even walking."""
        _, double_s, fall_m = self._plan(self._side)
        step_s, _, _ = self._plan(self._side)
        roll_m = ROLL_M / (step_s - double_s) / RATE_RADPS
        ahead_m = roll_m + (fall_m - roll_m) * math.exp(RATE_RADPS * (step_s - double_s)) + ROLL_M
        return self.person.intent_mps(0.0) / RATE_RADPS - (ahead_m - ROLL_M)

    def _land(self, belt_mps: float) -> None:
        """Set the other foot where the fall of the centre of mass then goes on at the speed intended."""
        self._side = self._side.other
        rear_m = self._step.front_m + ROLL_M
        step_s, double_s, fall_m = self._plan(self._side)
        step_s *= 1.0 + self.person.step_time_cv * self._random.standard_normal()
        grown = math.exp(RATE_RADPS * double_s)
        extrapolated_m = self.place_m + self._carried_m + (self.speed_mps + belt_mps) / RATE_RADPS
        pace_mps = RATE_RADPS * ((extrapolated_m - rear_m) * grown - fall_m) / (grown - 1.0)
        front_m = rear_m + double_s * pace_mps + self.person.placing_m * self._random.standard_normal()
        self._step, self._planned_m = _Step(self.time_s, double_s, step_s, rear_m, front_m), extrapolated_m

    def _plan(self, side: Side) -> tuple[float, float, float]:
        """Return the time from this contact to the next, its double support, and how far XCoM is then ahead."""
        person, intent_mps = self.person, self.person.intent_mps(self.time_s)
        stride_s = 1.0 / (1.08 * (max(intent_mps, 0.4) / STATURE_M) ** 0.57)
        growth, gain, offset = {}, {}, {}
        for foot in Side:  # the step that this foot ends
            sign = 1.0 if foot is Side.RIGHT else -1.0
            step_s = 0.5 * stride_s * (1.0 + sign * person.time_asymmetry)
            length_m = 0.5 * intent_mps * stride_s * (1.0 + sign * person.length_asymmetry)
            double_s = 0.5 * DOUBLE_SUPPORT * stride_s
            roll_mps = ROLL_M / (step_s - double_s)
            single = math.exp(RATE_RADPS * (step_s - double_s))
            double = math.exp(RATE_RADPS * double_s)
            carried_mps = (length_m - ROLL_M) / double_s
            growth[foot] = step_s, double_s
            gain[foot] = single * double
            offset[foot] = (roll_mps / RATE_RADPS) * (1.0 - single) * double - carried_mps * (double - 1.0) / RATE_RADPS
        # after the contact of a foot: fall[foot] = gain[foot] * fall[other] + offset[foot], period of two steps
        other = side.other
        fall_m = (gain[side] * offset[other] + offset[side]) / (1.0 - gain[side] * gain[other])
        return growth[other][0], growth[side][1], fall_m

    def _share(self) -> float:
        """Load on the front foot."""
        return min((self.time_s - self._step.begin_s) / self._step.double_s, 1.0)

    def _load(self) -> float:
        """Vertical force, body weights."""
        phase = (self.time_s - self._step.begin_s) / self._step.step_s
        return 1.0 + self.person.bounce * math.cos(2.0 * math.pi * phase)

    def _pressure_m(self) -> float:
        """Centre of pressure of both feet on the belt."""
        return self._rolling_m() + self._ankle_m

    def _rolling_m(self) -> float:
        """Where it is planned to be."""
        step, share = self._step, self._share()
        if share < 1.0:
            return step.rear_m + (step.front_m - step.rear_m) * share
        single_s = step.step_s - step.double_s
        return step.front_m + ROLL_M * (self.time_s - step.begin_s - step.double_s) / single_s

    def _plates(self) -> dict[Side, tuple[float, float, float]]:
        person, step, share = self.person, self._step, self._share()
        weight_n = person.mass_kg * STANDARD_GRAVITY_MPS2
        load_n = weight_n * self._load()
        off_m = self.place_m - (self._pressure_m() - self._carried_m)
        pull_n = load_n * off_m / HEIGHT_M + weight_n * math.sin(person.incline_rad)
        front_m = (self._rolling_m() if share >= 1.0 else step.front_m) + self._ankle_m
        rear_m = step.rear_m + self._ankle_m
        rear = (pull_n * (1.0 - share), load_n * (1.0 - share), rear_m - self._carried_m)
        return {self._side: (pull_n * share, load_n * share, front_m - self._carried_m), self._side.other: rear}

    def _measure(self, forces: dict[Side, Array]) -> None:
        """Add what plates add: noise, an offset, and no centre of pressure without a load."""
        person = self.person
        for row in forces.values():
            noise = self._random.standard_normal(row.shape)
            row[:, 2] += noise[:, 2] * person.moment_noise_nm / np.maximum(row[:, 1], 1.0)
            row[row[:, 1] < 20.0, 2] = math.nan
            drift_n = person.force_drift_n * math.sin(2.0 * math.pi * self.time_s / DRIFT_S)
            row[:, 0] += person.force_offset_n + drift_n
            row[:, :2] += person.force_noise_n * noise[:, :2]
