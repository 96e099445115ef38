# SPDX-License-Identifier: Apache-2.0
"""What stands between a law's wish and its request: clamp, acceleration, jerk, and the ramp down.

A law says how fast each belt should run. The guard clamps that, and moves the speeds it asks for towards it, never
faster than the acceleration and the jerk that are set; it begins at the measured speeds. It brings the belts to rest
when it has begun and

- the newest belt status or gait state is missing, its time is further than ``stale_s`` from now, or no speed is told;
- plates that have told a load are both silent: motion sensors go on telling states, but not that somebody stands on
  the belts;
- the law has no wish, or one that is not finite.

``Law.reason`` says which it was.

Once it has asked for rest it asks for nothing else, whatever comes back, as the gate does. It begins anew, at measured
speeds, when it has not been asked for longer than ``stale_s`` (the node does not ask while no arming holds) or the
clock went back. Before it has begun, when nothing moves by its doing, it asks for nothing instead of rest.

At 20 requests a second, rest is asked for at most ``stale_s + 0.05 s`` after the last fresh input: 0.2 s by default.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from gait_analysis.gait import GaitState
from gait_feedback.belt_law import Observation
from gait_parts import settings as parts
from gait_parts.settings import setting
from gait_sensing.belt_gate.states import BeltRequest
from gait_sensing.samples import BeltSample, Side


@dataclass(frozen=True)
class GuardSettings(parts.Settings):
    """Limits of what a law asks for; the gate's own limits hold besides. A law's settings derive from these."""

    max_speed_mps: float = setting(1.5, "most that is asked for", low=0.1, high=3.0)
    acceleration_mps2: float = setting(0.25, "largest change of speed, either way", low=0.01, high=3.0)
    jerk_mps3: float = setting(3.0, "largest change of acceleration", low=0.5, high=100.0)
    stale_s: float = setting(0.15, "oldest belt status and gait state to act on", low=0.05, high=0.5)


@dataclass(frozen=True, slots=True)
class Wish:
    """How fast the belts should run; None for a belt that shall not change now."""

    left_mps: float | None
    right_mps: float | None
    acceleration_mps2: float = math.inf  # wanted for the change; the settings' limit holds

    @classmethod
    def both(cls, speed_mps: float) -> "Wish":
        """The same speed for both belts."""
        return cls(speed_mps, speed_mps)

    @property
    def is_finite(self) -> bool:
        """Whether what it says has a meaning."""
        speeds = [speed for speed in (self.left_mps, self.right_mps) if speed is not None]
        return all(map(math.isfinite, speeds)) and self.acceleration_mps2 > 0.0


@dataclass(slots=True)
class BeltMotion:
    """The speed that is asked for of one belt, and how it changes."""

    speed_mps: float
    rate_mps2: float = 0.0

    def approach(self, goal_mps: float | None, elapsed_s: float, acceleration_mps2: float, jerk_mps3: float) -> None:
        """Move towards the goal, or to no change, within the limits; does not overshoot a goal that stays."""
        error_mps = 0.0 if goal_mps is None else goal_mps - self.speed_mps
        change_mps2 = jerk_mps3 * elapsed_s
        if abs(error_mps) <= 1e-6 and abs(self.rate_mps2) <= change_mps2:
            self.rate_mps2 = 0.0
            return
        # the fastest rate from which steps of the jerk lead to rest within the error
        half_mps2 = 0.5 * change_mps2
        wanted_mps2 = math.sqrt(half_mps2**2 + 2.0 * jerk_mps3 * abs(error_mps)) - half_mps2
        wanted_mps2 = math.copysign(min(wanted_mps2, abs(error_mps) / elapsed_s, acceleration_mps2), error_mps)
        self.rate_mps2 += min(max(wanted_mps2 - self.rate_mps2, -change_mps2), change_mps2)
        self.speed_mps += self.rate_mps2 * elapsed_s


class GuardedLaw(ABC):
    """Base of every ``Law``: see the module. A law gives ``wish`` and, where it needs more, ``observe``."""

    SOURCE: str  # name of the file; who asks
    OBSERVES: ClassVar[tuple[type[Observation], ...]] = ()

    def __init__(self, settings: GuardSettings) -> None:
        """Begin with nothing asked for."""
        self._limits = settings
        self.reason = ""  # why the belts are brought to rest; empty when they are not
        self._asked_s = math.nan
        self._motions: dict[Side, BeltMotion] | None = None  # None: not begun, or brought to rest
        self._has_plates = False  # they have told a load since the law began

    @abstractmethod
    def wish(self, now_s: float, belt: BeltSample, gait: GaitState) -> Wish | None:
        """Return how fast the belts should run, given fresh inputs; None, with ``reason``, to bring them to rest."""

    def observe(self, observation: Observation) -> None:  # noqa: B027  a law may do without
        """Take what happened; see ``belt_law.BeltLaw``."""

    def asked_mps(self, side: Side) -> float:
        """Speed asked for last; NaN while nothing is."""
        return self._motions[side].speed_mps if self._motions else math.nan

    def feed(self, now_s: float, belt: BeltSample | None, gait: GaitState | None) -> BeltRequest | None:
        """Return what to ask for; see ``belt_law.BeltLaw``."""
        elapsed_s, self._asked_s = now_s - self._asked_s, now_s
        if not 0.0 <= elapsed_s <= self._limits.stale_s:  # NaN too: the first time
            self._motions, self.reason, self._has_plates, elapsed_s = None, "", False, 0.0
        if self.reason:
            return self._rest(self.reason)
        wish = None
        problem = self._loss(now_s, belt, gait)
        if not problem:
            assert belt is not None and gait is not None
            self._motions, is_first = self._motions or self._measured(belt), self._motions is None
            wish = self.wish(now_s, belt, gait)
            problem = self.reason if wish is None else "" if wish.is_finite else "the law asks for no finite speed"
            if is_first and problem:
                self._motions = None
        if wish is None or problem:
            return self._give_up(problem or "the law has no wish")
        return self._request(wish, elapsed_s)

    def stop_request(self) -> BeltRequest:
        """Ask for rest, as gently as belts speed up: nothing is amiss."""
        return self._rest()

    def _give_up(self, problem: str) -> BeltRequest | None:
        self.reason = problem if self._motions else ""
        return self._rest(self.reason) if self._motions else None

    def _rest(self, problem: str = "") -> BeltRequest:
        """Ask for rest; after a problem the gate does not look at the acceleration, but takes its own."""
        return BeltRequest(0.0, 0.0, self._limits.acceleration_mps2, self.SOURCE, problem=problem)

    def _loss(self, now_s: float, belt: BeltSample | None, gait: GaitState | None) -> str:
        """Return what is missing or too old to act on; empty when nothing is."""
        for known, name in ((belt, "belt status"), (gait, "gait state")):
            if known is None or not abs(now_s - known.time_s) <= self._limits.stale_s:  # NaN too
                return f"no {name} within {self._limits.stale_s:g} s"
        assert belt is not None and gait is not None
        if not (math.isfinite(belt.left_speed_mps) and math.isfinite(belt.right_speed_mps)):
            return "the treadmill tells no speed"
        is_loaded = not (math.isnan(gait.left.load_bw) and math.isnan(gait.right.load_bw))
        self._has_plates = self._has_plates or is_loaded
        return "the plates have fallen silent" if self._has_plates and not is_loaded else ""

    def _measured(self, belt: BeltSample) -> dict[Side, BeltMotion]:
        speeds = {Side.LEFT: belt.left_speed_mps, Side.RIGHT: belt.right_speed_mps}
        return {side: BeltMotion(self._clamped(speed)) for side, speed in speeds.items()}

    def _request(self, wish: Wish, elapsed_s: float) -> BeltRequest:
        assert self._motions is not None
        limits = self._limits
        acceleration_mps2 = min(wish.acceleration_mps2, limits.acceleration_mps2)
        for side, goal_mps in ((Side.LEFT, wish.left_mps), (Side.RIGHT, wish.right_mps)):
            motion = self._motions[side]
            if elapsed_s > 0.0:
                goal = None if goal_mps is None else self._clamped(goal_mps)
                motion.approach(goal, elapsed_s, acceleration_mps2, limits.jerk_mps3)
            motion.speed_mps = self._clamped(motion.speed_mps)
        left_mps, right_mps = (self._motions[side].speed_mps for side in (Side.LEFT, Side.RIGHT))
        return BeltRequest(left_mps, right_mps, limits.acceleration_mps2, self.SOURCE)

    def _clamped(self, speed_mps: float) -> float:
        return min(max(speed_mps, 0.0), self._limits.max_speed_mps)
