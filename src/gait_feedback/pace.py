# SPDX-License-Identifier: Apache-2.0
"""Where on the treadmill a person is and how fast they walk, from two plates: what self-paced belts follow.

A Kalman filter after Song et al. (2020, J NeuroEng Rehabil 17:68). State: place y and speed v of the centre of mass in
the lab frame, and an offset b of its acceleration. Every 10 ms the fore-aft force by the body's mass, less what an
incline takes, moves it on. At each initial contact it is corrected by what is measured:

- speed: how far in the lab this landing is from that of the same foot before, by the time; the belts drop out of it;
- place: the mean centre of pressure of both feet over the step, and by statics what accelerated the body in it times
  its height by gravity: 0.95 m will do.

Deviations from Song: speed is measured over a stride (over single steps of unequal length and time it has a bias, which
``window_steps_count`` 1 gives back); place is told by the centre of pressure instead of the middle between the feet,
which is off by half a foot; b, since 2 N of offset in each plate are 0.05 m/s2; the means are what the state and the
forces since say they were, so that the filter does not lag. Noise: Song's 0.085 m/s of a speed over a step, half of it
over a stride; 0.013 m of place and a tenth of Song's noise of acceleration, as plates have it: b takes what is slow.

Walking speed is the mean speed over the window plus what the belts did of it, so that belts that change do not pass for
the person. A body takes up a change of the belt under it ``TAKE_UP_S`` later, that of a pendulum falling over its foot.
Forces on a handrail or in a harness are seen as acceleration that is not there, until b has learned them.
"""

import math
from collections import deque
from dataclasses import dataclass, field

import numpy as np

from gait_analysis.belt_motion import BeltMotion
from gait_analysis.participant import Participant
from gait_feedback.belt_law import Observation
from gait_sensing.samples import STANDARD_GRAVITY_MPS2, Array, BeltSample, ForceSamples, Side

BIN_S = 0.01
CONTACT_BW, FREE_BW = 0.3, 0.1  # load that makes a contact (Song), and below which a foot may land again
LONGEST_STEP_S = 1.2  # Song; after a longer one nothing is measured
HEIGHT_S2 = 0.95 / STANDARD_GRAVITY_MPS2  # height of the centre of mass, some 0.55 of stature, by gravity
LEAST_KNOWN = 0.9  # share of a window in which both plates must tell
ACCELERATION_DENSITY = 3e-4  # m2/s3: 5.6 N in each plate (arXiv 2303.14482) of 80 kg, correlated over some 15 ms
UNKNOWN_DENSITY = 0.2  # m2/s3, while a plate is silent: walking's own 1 m/s2, correlated over some 0.1 s
OFFSET_DENSITY = 1e-4  # (m/s2)2/s: an offset may come within half a minute
FIRST_OFFSET_MPS2 = 0.05  # 4 N of 80 kg
PLACE_M, STEP_SPEED_MPS = 0.013, 0.085  # standard deviations of a measurement: of plates (arXiv 2303.14482), and Song's
FAR = 5.0  # standard deviations beyond which a measurement is a misstep
MISSTEPS_COUNT = 3  # in a row, after which the state is what is wrong
WEIGHT_MEMORY_COUNT = 500  # bins of which weight is the mean where nobody told it
KEPT_COUNT = 500  # bins
PRESSURE_COUNT = 50  # bins
TAKE_UP_S = 0.32  # sqrt(height of the centre of mass, 1 m, by gravity)
BELT_SILENCE_S = 0.5


@dataclass(frozen=True, slots=True)
class Pace:
    """What is known after a contact."""

    contact_s: float
    middle_s: float  # of the step that it ends
    position_m: float  # mean over that step, forward of mid-treadmill
    walking_mps: float  # mean over the stride, against the belts


@dataclass
class _Plate:
    """Samples of one plate by bin, not yet used, and whether its foot may land."""

    bins: dict[int, list[tuple[float, float, float, float]]] = field(default_factory=dict)
    newest: int = -1
    is_free: bool = False

    def add(self, samples: ForceSamples) -> None:
        rows = zip(
            samples.time_s.tolist(),
            samples.force_n[:, 0].tolist(),
            samples.force_n[:, 2].tolist(),
            samples.centre_of_pressure_m[:, 0].tolist(),
            strict=True,
        )
        for row in rows:
            number = math.floor(row[0] / BIN_S)
            if number >= self.newest and math.isfinite(row[1]) and math.isfinite(row[2]):
                self.newest = number
                self.bins.setdefault(number, []).append(row)
        while len(self.bins) > KEPT_COUNT:  # the other plate is silent
            del self.bins[min(self.bins)]


@dataclass(frozen=True, slots=True)
class _Landing:
    side: Side
    time_s: float
    place_m: float


class PaceEstimator:
    """Follows one person; ``window_steps_count`` is 2 for strides and 1 for steps."""

    OBSERVES = (Participant, BeltSample, ForceSamples)

    def __init__(self, window_steps_count: int = 2) -> None:
        """Begin with nothing known."""
        self.pace: Pace | None = None
        self.time_s = math.nan  # of the state
        self._window = window_steps_count
        self._weight_n, self._bins_count, self._is_weight_told = math.nan, 0, False
        self._plates = {side: _Plate() for side in Side}
        self._belts = BeltMotion(0.0, BELT_SILENCE_S)
        self._incline_rad = 0.0
        self._next = -1  # bin
        self._landings: deque[_Landing] = deque(maxlen=window_steps_count + 1)
        self._inputs = np.zeros(2)  # speed and way that the forces since the begin would give
        # time, both of these, moment and load of the plates about mid-treadmill
        self._history: deque[tuple[float, float, float, float, float]] = deque(maxlen=KEPT_COUNT)
        self._state: Array | None = None
        self._covariance = np.zeros((3, 3))
        self._missteps_count = 0

    @property
    def position_m(self) -> float:
        """Place of the centre of mass at ``time_s``, forward of mid-treadmill; NaN when not known."""
        return math.nan if self._state is None else float(self._state[0])

    @property
    def speed_mps(self) -> float:
        """Speed of the centre of mass at ``time_s`` in the lab frame; NaN when not known."""
        return math.nan if self._state is None else float(self._state[1])

    @property
    def pressure_m(self) -> float:
        """Mean centre of pressure of the last ``PRESSURE_COUNT`` bins, to which a rail makes no difference."""
        rows = [row for row in list(self._history)[-PRESSURE_COUNT:] if math.isfinite(row[4])]
        load_n = sum(row[4] for row in rows)
        return sum(row[3] for row in rows) / load_n if load_n > 0.0 else math.nan

    def position_at_m(self, now_s: float) -> float:
        """Return where the person is, the swaying within a stride left out, if they walk on as told last."""
        if self.pace is None:
            return math.nan
        walked_m = self.pace.walking_mps * (now_s - self.pace.middle_s)
        return self.pace.position_m + walked_m - self._carried_m(self.pace.middle_s, now_s, now_s)

    def feed(self, observation: Observation) -> bool:
        """Take a sample of a plate named ``left_belt`` or ``right_belt``, of the belts, or who walks; ignore the rest.

        Return whether ``pace`` is new.
        """
        if isinstance(observation, Participant):
            self._is_weight_told = math.isfinite(observation.body_weight_n)
            self._weight_n = observation.body_weight_n
        elif isinstance(observation, BeltSample):
            self._belts.feed(observation)
            if math.isfinite(observation.incline_rad):
                self._incline_rad = observation.incline_rad
        elif isinstance(observation, ForceSamples):
            side = next((side for side in Side if observation.name == f"{side.value}_belt"), None)
            if side is not None:
                self._plates[side].add(observation)
                return self._go_on()
        return False

    def _go_on(self) -> bool:
        """Use the bins that both plates have left behind."""
        complete = min(plate.newest for plate in self._plates.values())
        if complete < 0:
            return False
        if not 0 <= complete - self._next <= KEPT_COUNT:
            # the first bins, or nothing for so long that nothing is known any more
            self._next = max(min(plate.bins) for plate in self._plates.values())
            self._state, self.pace = None, None
            self._landings.clear()
        before = self.pace
        while self._next < complete:
            self._use({side: plate.bins.pop(self._next, []) for side, plate in self._plates.items()})
            self._next += 1
        for plate in self._plates.values():
            plate.bins = {number: rows for number, rows in plate.bins.items() if number >= self._next}
        return self.pace is not before

    def _use(self, rows: dict[Side, list[tuple[float, float, float, float]]]) -> None:
        self.time_s = (self._next + 1) * BIN_S
        force_n, load_n, moment_nm = math.nan, math.nan, math.nan
        if all(rows.values()):
            force_n = sum(sum(row[1] for row in each) / len(each) for each in rows.values())
            load_n = sum(sum(row[2] for row in each) / len(each) for each in rows.values())
            moment_nm = sum(
                sum(row[2] * row[3] for row in each if math.isfinite(row[3])) / len(each) for each in rows.values()
            )
            self._weigh(load_n)
        acceleration_mps2 = STANDARD_GRAVITY_MPS2 * (force_n / self._weight_n - math.sin(self._incline_rad))
        is_known = math.isfinite(acceleration_mps2)
        self._predict(acceleration_mps2 if is_known else 0.0, ACCELERATION_DENSITY if is_known else UNKNOWN_DENSITY)
        self._history.append((self.time_s, float(self._inputs[0]), float(self._inputs[1]), moment_nm, load_n))
        landings = [self._landing(side, each) for side, each in rows.items()]
        for landing in sorted(filter(None, landings), key=lambda each: each.time_s):
            self._land(landing)

    def _weigh(self, load_n: float) -> None:
        """Take the mean load for the weight, where nobody told it."""
        if not self._is_weight_told:
            if load_n > 2.0 * self._weight_n:
                self._bins_count = 0  # somebody steps on
            self._bins_count = min(self._bins_count + 1, WEIGHT_MEMORY_COUNT)
            weight_n = 0.0 if math.isnan(self._weight_n) else self._weight_n
            self._weight_n = max(weight_n + (load_n - weight_n) / self._bins_count, 1.0)

    def _landing(self, side: Side, rows: list[tuple[float, float, float, float]]) -> _Landing | None:
        plate = self._plates[side]
        for time_s, _, load_n, place_m in rows:
            if load_n < FREE_BW * self._weight_n:
                plate.is_free = True
            elif plate.is_free and load_n >= CONTACT_BW * self._weight_n and math.isfinite(place_m):
                plate.is_free = False
                return _Landing(side, time_s, place_m)
        return None

    def _predict(self, acceleration_mps2: float, density: float) -> None:
        speed_mps, _ = self._inputs
        half_s2 = 0.5 * BIN_S**2
        self._inputs += (acceleration_mps2 * BIN_S, speed_mps * BIN_S + acceleration_mps2 * half_s2)
        if self._state is None:
            return
        self._state = _TRANSITION @ self._state + acceleration_mps2 * np.array([half_s2, BIN_S, 0.0])
        self._covariance = _TRANSITION @ self._covariance @ _TRANSITION.T + density * _MOTION_NOISE + _OFFSET_NOISE

    def _land(self, landing: _Landing) -> None:
        """Measure over the window that a landing ends, if the feet took turns in it."""
        last = self._landings[-1] if self._landings else None
        if last and (last.side is landing.side or landing.time_s - last.time_s >= LONGEST_STEP_S):
            self._landings.clear()
        self._landings.append(landing)
        if len(self._landings) > self._window:
            self._measure(self._landings[0], self._landings[-2], landing)

    def _measure(self, first: _Landing, before: _Landing, last: _Landing) -> None:
        """Correct the state by the speed since ``first`` and the place since ``before``, up to the ``last`` landing."""
        history = np.array(self._history)
        history = history[history[:, 0] <= last.time_s]
        step, window = history[history[:, 0] > before.time_s], history[history[:, 0] > first.time_s]
        known = np.isfinite(step[:, 4])
        long_s = last.time_s - first.time_s
        carried_m = self._carried_m(first.time_s, last.time_s, self.time_s)
        if known.sum() * BIN_S < LEAST_KNOWN * (last.time_s - before.time_s) or not math.isfinite(carried_m):
            return
        pushed_mps2 = (step[-1, 1] - step[0, 1]) / (step[-1, 0] - step[0, 0])
        place_m = step[known, 3].sum() / step[known, 4].sum() + HEIGHT_S2 * pushed_mps2
        place_row, place_given = self._mean_place(step)
        speed_row, speed_given = self._mean_speed(window)
        place_measured_row = place_row + np.array([0.0, 0.0, HEIGHT_S2])
        measured = np.array([place_m - place_given, (last.place_m - first.place_m) / long_s - speed_given])
        self._correct(measured, np.stack([place_measured_row, speed_row]))
        if self._state is not None:
            place_m, speed_mps = float(place_row @ self._state), float(speed_row @ self._state)
            middle_s = float(step[:, 0].mean()) - 0.5 * BIN_S
            walking_mps = speed_mps + speed_given + carried_m / long_s
            self.pace = Pace(last.time_s, middle_s, place_m + place_given, walking_mps)

    def _mean_place(self, window: Array) -> tuple[Array, float]:
        """Return row and constant by which the state now tells the mean place over rows of the history."""
        ago_s, (speed_mps, way_m) = self.time_s - window[:, 0], self._inputs
        row = np.array([1.0, -ago_s.mean(), -0.5 * (ago_s**2).mean()])
        return row, float((speed_mps * ago_s - (way_m - window[:, 2])).mean())

    def _mean_speed(self, window: Array) -> tuple[Array, float]:
        """Return the same for the mean speed."""
        return np.array([0.0, 1.0, (self.time_s - window[:, 0]).mean()]), float((window[:, 1] - self._inputs[0]).mean())

    def _correct(self, measured: Array, rows: Array) -> None:
        noise = np.diag([PLACE_M**2, (STEP_SPEED_MPS / self._window) ** 2])
        if self._state is not None:
            missed = measured - rows @ self._state
            spread = rows @ self._covariance @ rows.T + noise
            if missed @ np.linalg.solve(spread, missed) <= FAR**2:
                gain = np.linalg.solve(spread, rows @ self._covariance).T
                self._state = self._state + gain @ missed
                self._covariance = (np.eye(3) - gain @ rows) @ self._covariance
                self._missteps_count = 0
                return
            self._missteps_count += 1
            if self._missteps_count < MISSTEPS_COUNT:
                return
        self._missteps_count = 0
        self._state = np.append(np.linalg.solve(rows[:, :2], measured), 0.0)
        self._covariance = np.diag([PLACE_M**2, STEP_SPEED_MPS**2, FIRST_OFFSET_MPS2**2])

    def _carried_m(self, from_s: float, to_s: float, known_s: float) -> float:
        """Return how far the belts, their mean, carried the person back; NaN when they did not tell."""
        times_s = from_s - TAKE_UP_S, to_s - TAKE_UP_S, known_s
        return 0.5 * sum(self._belts.displacement_m(side, *times_s) for side in Side)


_TRANSITION: Array = np.array([[1.0, BIN_S, -0.5 * BIN_S**2], [0.0, 1.0, -BIN_S], [0.0, 0.0, 1.0]])
_MOTION_NOISE: Array = np.array([[BIN_S**3 / 3.0, BIN_S**2 / 2.0, 0.0], [BIN_S**2 / 2.0, BIN_S, 0.0], [0.0, 0.0, 0.0]])
_OFFSET_NOISE: Array = np.diag([0.0, 0.0, OFFSET_DENSITY * BIN_S])
