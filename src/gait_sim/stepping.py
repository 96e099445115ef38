# SPDX-License-Identifier: Apache-2.0
"""Where and when the feet are set: standing, walking off, walking, stopping, as the belts move.

Steps are planned one by one. At a foot's contact, at the belt speed of that instant, the other foot's contact and this
foot's foot off are set (``gait_pattern``, plus the chance of this step); from then on they are true. Where a foot lands
on the belt is set when it lands.
"""

import math
import random
from dataclasses import dataclass

import numpy as np

from gait_analysis.events import EventKind
from gait_sensing.samples import Array, Side
from gait_sim.cross_stepping import REGULAR, Irregularity, Placing, Step, StepKind
from gait_sim.cue_learning import CueLearning, LearningSettings
from gait_sim.foot import LegTable, LoadTable
from gait_sim.gait_pattern import FOOT_LENGTH_M, SHARES, Pattern
from gait_sim.odometer import Odometer
from gait_sim.split_adaptation import SplitAdaptation

START_MPS, STOP_MPS = 0.15, 0.10  # mean of the belts: standing begins to walk, walking stops
CARRIED_MAX_M = 0.2  # a person carried back this far on a slow belt steps forward
SHIFT_S = 0.5  # to bring the weight onto one leg before the first step
SETTLE_S = 0.3  # to share the weight again after the last one; until then nobody walks off
STANDING_PLACE_M = 0.02  # of the centre of pressure in standing, forward of mid-treadmill
CHANCE_LIMIT = 2.5  # standard deviations, so that no double support vanishes

RISING: Array = np.sin(0.5 * math.pi * SHARES)  # 0 to 1, at once at full slope
FALLING: Array = RISING[::-1].copy()  # 1 to 0, with full slope to the end
NOTHING: Array = np.zeros(len(SHARES))


@dataclass(frozen=True, slots=True)
class FootEvent:
    """Something that truly happened to a foot."""

    time_s: float
    side: Side
    kind: EventKind
    irregular: StepKind = StepKind.REGULAR  # what was wrong with the step whose contact or foot off it is


class Stepping:
    """Both feet on their belts from time 0, in standing. ``variability`` is the coefficient of variation of a step."""

    def __init__(self, settings: LearningSettings, variability: float, seed: int, irregularity: Irregularity) -> None:
        self.cues = CueLearning(settings)
        self.adaptation = SplitAdaptation(settings)
        self.odometer = Odometer()
        self.loads = {side: LoadTable(STANDING_PLACE_M) for side in Side}
        self.legs = {side: LegTable() for side in Side}
        self.placing = {side: Placing(side) for side in Side}
        self._irregularity = irregularity
        self._coming = REGULAR  # how the next contact will be
        self._off_s = dict.fromkeys(Side, 0.0)  # the last foot off that was planned
        self._settings, self._variability = settings, variability
        self._random = random.Random(seed)
        self._landing: FootEvent | None = None  # the next contact; None while standing
        self._is_last_step = False  # the next contact ends walking
        self._stands_since_s = -SETTLE_S
        self._planned: list[FootEvent] = []  # ascending, not yet handed out

    def changes(self, time_s: float) -> dict[str, float]:
        """Return by how much each setting is other than at first, in steps planned at ``time_s``."""
        changes = self.cues.changes(time_s)
        length = changes.get(self.adaptation.HABIT, 0.0)
        return {**changes, self.adaptation.HABIT: length + self.adaptation.change}

    def advance(self, to_s: float, left_mps: float, right_mps: float) -> list[FootEvent]:
        """Move on to ``to_s``, the belts running at these speeds since the last call; return what happened meanwhile.

        How a stretch of constant speed is cut into calls changes nothing.
        """
        speed_mps = 0.5 * (left_mps + right_mps)
        if self._landing is None:
            start_s = self._start_s(speed_mps)
            if start_s <= to_s:
                self.odometer.advance(start_s, left_mps, right_mps)
                self._start(start_s, speed_mps)
        while self._landing is not None and self._landing.time_s <= to_s:
            self.odometer.advance(self._landing.time_s, left_mps, right_mps)
            self._land(self._landing, speed_mps)
        self.odometer.advance(to_s, left_mps, right_mps)
        happened = [event for event in self._planned if event.time_s <= to_s]
        self._planned = self._planned[len(happened) :]
        return happened

    def _start_s(self, speed_mps: float) -> float:
        """Return when a standing person walks off if the belts go on like this."""
        ready_s = max(self.odometer.time_s, self._stands_since_s + SETTLE_S)
        if speed_mps >= START_MPS:
            return ready_s
        place_m = sum(self.loads[side].last_place_m - self.odometer.now_m(side) for side in Side) / 2.0
        until_carried_m = CARRIED_MAX_M - (STANDING_PLACE_M - place_m)
        if until_carried_m <= 0.0:
            return ready_s
        return max(ready_s, self.odometer.time_s + until_carried_m / speed_mps) if speed_mps > 0.0 else math.inf

    def _start(self, start_s: float, speed_mps: float) -> None:
        """Walk off from standing: shift the weight, then swing the foot of the prosthesis, or else the left one."""
        pattern = self._pattern(start_s, speed_mps)
        first = next(side for side in Side if self._settings.sign(side) < 0.0)
        off_s = start_s + SHIFT_S
        contact_s = off_s + pattern.swing_s(first)
        for side, end_bw in ((first, 0.0), (first.other, 1.0)):
            load = self.loads[side]
            vertical_bw = end_bw + (load.last_vertical_bw - end_bw) * FALLING
            load.add(start_s + SHIFT_S * SHARES, vertical_bw, NOTHING, load.last_place_m + NOTHING, 1.0 - SHARES)
            self.legs[side].stay(start_s)
        self._lift(first, off_s, pattern)
        self._expect(first, contact_s)
        self._leave(first.other, contact_s, pattern)

    def _leave(self, carrying: Side, contact_s: float, pattern: Pattern) -> None:
        """Take the weight off the foot that carries all of it, and swing it, once the other one is set down."""
        load, off_s = self.loads[carrying], contact_s + pattern.double_support_s(carrying.other)
        place_m = load.last_place_m + 0.5 * FOOT_LENGTH_M * SHARES
        load.add(contact_s + (off_s - contact_s) * SHARES, FALLING, NOTHING, place_m, NOTHING)
        self._lift(carrying, off_s, pattern)

    def _land(self, landing: FootEvent, speed_mps: float) -> None:
        """Set a foot down, and plan its stance and the other foot's step."""
        side, time_s = landing.side, landing.time_s
        pattern, here = self._pattern(time_s, speed_mps), self._coming
        if self._is_last_step:
            self._is_last_step = False
            if speed_mps < START_MPS:
                self._stand(side, time_s)
                return
            self.legs[side.other].stay(time_s)
            self._leave(side.other, time_s, pattern)
        self._coming = self._irregularity.draw(side.other) if speed_mps >= STOP_MPS else REGULAR
        contact_s = time_s + pattern.step_s(side.other) * self._chance() * self._coming.pace
        contact_s = self.cues.drawn_s(side.other, time_s, contact_s)
        self.adaptation.step(side, pattern.landing_m(side), self.odometer, self.cues.changes(time_s))
        heel_m = self.odometer.now_m(side.other if here.is_carried_by_other else side) + pattern.landing_m(side)
        if speed_mps < STOP_MPS:
            self._is_last_step = True
            self.placing[side].add(time_s, contact_s, here)
            place_m = heel_m + 0.5 * FOOT_LENGTH_M + NOTHING
            self.loads[side].add(time_s + SETTLE_S * SHARES, RISING, NOTHING, place_m, NOTHING)
            self.legs[side].stand(time_s + SETTLE_S)
        else:
            off_s = contact_s + pattern.double_support_s(side.other) * self._chance()
            place_m = heel_m + FOOT_LENGTH_M * SHARES
            stance_s = time_s + (off_s - time_s) * SHARES
            self.loads[side].add(stance_s, pattern.load_bw(side), pattern.fore_aft_bw(side), place_m, NOTHING)
            self.placing[side].add(time_s, off_s, here)
            self._lift(side, off_s, pattern, here.kind)
            self._drag(side.other, contact_s, self._coming)
        self._expect(side.other, contact_s, self._coming.kind)

    def _drag(self, side: Side, contact_s: float, step: Step) -> None:
        """Let a foot touch the ground in the swing before ``contact_s``: in its middle, or all through it."""
        if step.drag_bw == 0.0:
            return
        off_s = self._off_s[side]
        from_s, to_s = off_s, contact_s
        if step.kind is StepKind.STUMBLE:
            from_s, to_s = off_s + 0.4 * (contact_s - off_s), off_s + 0.65 * (contact_s - off_s)
        shape = 2.0 * RISING * FALLING if step.kind is StepKind.STUMBLE else 1.0 + NOTHING
        place_m = self.odometer.now_m(side) + STANDING_PLACE_M + NOTHING
        self.loads[side].add(from_s + (to_s - from_s) * SHARES, step.drag_bw * shape, NOTHING, place_m, NOTHING)

    def _stand(self, side: Side, time_s: float) -> None:
        """Set the last foot beside the other one, which carried all of the weight, and share it."""
        place_m, carrying = self.odometer.now_m(side) + STANDING_PLACE_M, self.loads[side.other]
        settling_s = time_s + SETTLE_S * SHARES
        self.loads[side].add(settling_s, 0.5 * RISING, NOTHING, place_m + NOTHING, SHARES)
        carrying.add(settling_s, 1.0 - 0.5 * RISING, NOTHING, carrying.last_place_m + NOTHING, SHARES)
        self.legs[side].stand(time_s + SETTLE_S)
        self._landing, self._stands_since_s = None, time_s

    def _lift(self, side: Side, off_s: float, pattern: Pattern, kind: StepKind = StepKind.REGULAR) -> None:
        self._off_s[side] = off_s
        self._planned = sorted([*self._planned, FootEvent(off_s, side, EventKind.FOOT_OFF, kind)], key=_time_s)
        amplitude = min(max(0.55 + 0.4 * pattern.speed_mps, 0.6), 1.3)
        self.legs[side].lift(off_s, amplitude, pattern.speed_mps * pattern.stride_s)

    def _expect(self, side: Side, contact_s: float, kind: StepKind = StepKind.REGULAR) -> None:
        self._landing = FootEvent(contact_s, side, EventKind.INITIAL_CONTACT, kind)
        self._planned = sorted([*self._planned, self._landing], key=_time_s)
        self.legs[side].land(contact_s)

    def _pattern(self, time_s: float, speed_mps: float) -> Pattern:
        return Pattern.at(self._settings, speed_mps, self.changes(time_s))

    def _chance(self) -> float:
        """Draw a factor of mean 1."""
        drawn = self._random.gauss(0.0, 1.0)
        return 1.0 + self._variability * min(max(drawn, -CHANCE_LIMIT), CHANCE_LIMIT)


def _time_s(event: FootEvent) -> float:
    return event.time_s
