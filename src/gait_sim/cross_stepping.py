# SPDX-License-Identifier: Apache-2.0
"""Steps that go wrong: onto the other belt, onto both, beside them, stumbled or shuffled. By chance, from a seed.

A foot is 0.09 m wide and presses evenly over its width, so its place across the gap between the belts decides what
each plate bears of it, and where. It may be turned in or out: then the part beyond the gap grows or shrinks while the
load goes from heel to toe. With all rates at 0 nothing is drawn, and the walker walks as if this file were not there.
"""

import random
from collections import deque
from dataclasses import dataclass
from enum import Enum

from gait_parts.settings import setting
from gait_sensing.samples import Side
from gait_sim.gait_pattern import GaitSettings

FOOT_WIDTH_M = 0.09
LEAST_BEYOND_M, MOST_BEYOND_M = 0.01, 0.15  # of the inner edge of a foot that crosses, past the gap, at its most
ONE_BELT_BEYOND_M = 0.13  # while both feet are on one belt
ONE_BELT_STEPS = 3  # that the foot stays on the other's belt
TURN_M, TURN_LIMIT_M = 0.03, 0.06  # of what the edge goes on over a stance, standard deviation: 15 degrees make 0.06 m
KEPT_STANCES = 8


class StepKind(str, Enum):
    """What was wrong with a step."""

    REGULAR = ""
    CROSS = "cross"  # on the other belt, or on both
    STUMBLE = "stumble"  # the foot touched down in its swing, and landed late
    SHUFFLE = "shuffle"  # the foot did not leave the ground, and came early
    OFF = "off"  # the foot stood beside the belts


@dataclass(frozen=True)
class IrregularSettings(GaitSettings):
    """How often steps go wrong; each is a share of all steps."""

    cross_step_share: float = setting(0.0, "steps onto the other belt or onto both", low=0.0, high=0.3)
    one_belt_share: float = setting(0.0, "steps from which on both feet are on one belt a while", low=0.0, high=0.1)
    stumble_share: float = setting(0.0, "steps with a touch in mid-swing", low=0.0, high=0.2)
    shuffle_share: float = setting(0.0, "steps that drag over the ground", low=0.0, high=0.2)
    step_off_share: float = setting(0.0, "steps beside the belts", low=0.0, high=0.2)


@dataclass(frozen=True, slots=True)
class Step:
    """How one foot is set down."""

    kind: StepKind = StepKind.REGULAR
    beyond_m: float = 0.0  # inner edge of the foot past the gap at contact, of a crossing foot
    turn_m: float = 0.0  # how much further it is at foot off
    pace: float = 1.0  # factor on the step's duration
    drag_bw: float = 0.0  # what the foot bears in a swing that is none

    @property
    def is_carried_by_other(self) -> bool:
        """Whether most of the foot is on the other belt."""
        return self.beyond_m > 0.5 * FOOT_WIDTH_M


REGULAR = Step()


class Irregularity:
    """Draws the steps of one walk."""

    def __init__(self, settings: IrregularSettings, seed: int) -> None:
        self._random = random.Random(f"steps {seed}")
        self._settings = settings
        shares = (settings.one_belt_share, settings.stumble_share, settings.shuffle_share, settings.step_off_share)
        self._is_regular = settings.cross_step_share + sum(shares) == 0.0
        self._stays: dict[Side, int] = dict.fromkeys(Side, 0)  # steps to come on the other's belt

    def draw(self, side: Side) -> Step:
        """Return how the next step of the foot on ``side`` is to go."""
        if self._is_regular:
            return REGULAR
        settings, chance = self._settings, self._random.random()
        if self._stays[side] > 0:
            self._stays[side] -= 1
            return Step(StepKind.CROSS, ONE_BELT_BEYOND_M)
        if chance < settings.cross_step_share:
            return self._cross()
        chance -= settings.cross_step_share
        if chance < settings.one_belt_share and not self._stays[side.other]:
            self._stays[side] = ONE_BELT_STEPS - 1
            return Step(StepKind.CROSS, ONE_BELT_BEYOND_M)
        chance -= settings.one_belt_share
        if chance < settings.stumble_share:
            return Step(StepKind.STUMBLE, pace=self._random.uniform(1.15, 1.4), drag_bw=self._random.uniform(0.15, 0.5))
        chance -= settings.stumble_share
        if chance < settings.shuffle_share:
            return Step(StepKind.SHUFFLE, pace=self._random.uniform(0.7, 0.9), drag_bw=self._random.uniform(0.08, 0.2))
        chance -= settings.shuffle_share
        return Step(StepKind.OFF) if chance < settings.step_off_share else REGULAR

    def _cross(self) -> Step:
        turn_m = min(max(self._random.gauss(0.0, TURN_M), -TURN_LIMIT_M), TURN_LIMIT_M)
        most_m = self._random.uniform(LEAST_BEYOND_M, MOST_BEYOND_M)
        return Step(StepKind.CROSS, most_m - max(turn_m, 0.0), turn_m)


@dataclass(frozen=True, slots=True)
class Tread:
    """What a plate bears of one foot: its share of the load and the middle of that part, left of the gap positive."""

    share: float
    left_m: float


class Placing:
    """Where across the belts the foot on ``side`` stood in its last stances."""

    def __init__(self, side: Side) -> None:
        self._outward = 1.0 if side is Side.LEFT else -1.0
        self._stances: deque[tuple[float, float, Step]] = deque(maxlen=KEPT_STANCES)  # from, to, step

    def add(self, contact_s: float, off_s: float, step: Step) -> None:
        """Set the foot down."""
        if step is not REGULAR or self._stances:
            self._stances.append((contact_s, off_s, step))

    def at(self, time_s: float) -> tuple[Step, float] | None:
        """Return the step of the stance at ``time_s`` and the share of it that is over; None when it is regular."""
        for contact_s, off_s, step in reversed(self._stances):
            if contact_s <= time_s:
                if step.kind not in (StepKind.CROSS, StepKind.OFF):
                    return None
                return step, min((time_s - contact_s) / (off_s - contact_s), 1.0)
        return None

    def treads(self, step: Step, share: float) -> tuple[Tread, Tread]:
        """Return what the foot's own plate and what the other one bears of it."""
        if step.kind is StepKind.OFF:
            return Tread(0.0, 0.0), Tread(0.0, 0.0)
        beyond_m = max(step.beyond_m + share * step.turn_m, 0.0)
        on_other_m, on_own_m = min(beyond_m, FOOT_WIDTH_M), max(FOOT_WIDTH_M - beyond_m, 0.0)
        own_left_m = self._outward * 0.5 * on_own_m
        other_left_m = -self._outward * (beyond_m - 0.5 * on_other_m)
        return Tread(on_own_m / FOOT_WIDTH_M, own_left_m), Tread(on_other_m / FOOT_WIDTH_M, other_left_m)
