# SPDX-License-Identifier: Apache-2.0
"""The commanded speeds on their way to what is asked for, within acceleration, jerk and difference.

Speeding up, forward or backward, begins and ends gently: acceleration grows by no more than the jerk allows, and is
taken back in time to arrive. Slowing down is never delayed for that: it begins at once, at the whole deceleration.
"""

import math

from gait_sensing.belt_gate.limits import LEAST_ACCELERATION_MPS2, GateSettings, within_difference
from gait_sensing.belt_gate.states import BeltRequest
from gait_sensing.samples import BeltReading

LEAST_TELL_S = 0.001  # between two commands, where time stood still
LONGEST_STEP_S = 0.1  # after a late tick the setpoint goes on as if only this much time had passed


class SetpointRamp:
    """``speeds_mps``, left and right: what the belts are to be told now."""

    def __init__(self, settings: GateSettings, now_s: float) -> None:
        """Begin at rest at ``now_s``."""
        self.speeds_mps = (0.0, 0.0)
        self._settings = settings
        self._rates_mps2 = (0.0, 0.0)  # of belts that speed up, 0 for others
        self._limit_mps2 = self._told_limit_mps2 = math.inf  # of the last step; least of those since a command
        self._stepped_s = now_s
        self._told_mps, self._told_s = (0.0, 0.0), now_s

    def step(self, now_s: float, target: BeltRequest) -> None:
        """Move ``speeds_mps`` by what the time since the last step allows.

        Where one belt speeds up and the other slows down, the smaller of both limits holds for both: a command has one
        acceleration.
        """
        elapsed_s, settings = self._elapsed_s(now_s), self._settings
        goals_mps = (target.left_speed_mps, target.right_speed_mps)
        pairs = [(speed, _goal(speed, goal)) for speed, goal in zip(self.speeds_mps, goals_mps, strict=True)]
        is_rising = any(abs(goal) > abs(speed) for speed, goal in pairs)
        is_falling = any(abs(goal) < abs(speed) for speed, goal in pairs)
        self._limit_mps2 = target.acceleration_mps2
        if is_rising or not is_falling:
            self._limit_mps2 = min(self._limit_mps2, settings.max_acceleration_mps2)
        if is_falling or not is_rising:
            self._limit_mps2 = min(self._limit_mps2, settings.max_deceleration_mps2)
        self._told_limit_mps2 = min(self._told_limit_mps2, self._limit_mps2)
        if elapsed_s > 0.0:
            moved = [
                self._moved(speed, goal, rate, elapsed_s)
                for (speed, goal), rate in zip(pairs, self._rates_mps2, strict=True)
            ]
            (left_mps, left_mps2), (right_mps, right_mps2) = moved
            self._rates_mps2 = (left_mps2, right_mps2)
            self.speeds_mps = within_difference(left_mps, right_mps, settings.max_belt_difference_mps)

    def tell(self, now_s: float, measured: BeltReading) -> float:
        """Return the acceleration to command with ``speeds_mps``: what takes the belts there from the last told ones.

        The belts then move on evenly until the next command. When nothing is to change it is the whole limit, so that a
        belt that lags catches up; and as gently as belts speed up, even while it is told to slow down.
        """
        elapsed_s = max(now_s - self._told_s, LEAST_TELL_S)
        change_mps = max(abs(now - told) for now, told in zip(self.speeds_mps, self._told_mps, strict=True))
        limit_mps2, self._told_limit_mps2 = self._told_limit_mps2, math.inf
        found_mps = (measured.left_speed_mps, measured.right_speed_mps)
        if any(abs(found) < abs(told) for found, told in zip(found_mps, self.speeds_mps, strict=True)):
            limit_mps2 = min(limit_mps2, self._settings.max_acceleration_mps2)
        self._told_mps, self._told_s = self.speeds_mps, now_s
        if change_mps == 0.0:
            return limit_mps2
        return min(max(change_mps / elapsed_s, LEAST_ACCELERATION_MPS2), limit_mps2)

    def fall(self, now_s: float, deceleration_mps2: float) -> None:
        """Move ``speeds_mps`` towards rest by what the time since the last step allows."""
        step_mps = deceleration_mps2 * self._elapsed_s(now_s)
        left_mps, right_mps = (_towards(speed, 0.0, step_mps) for speed in self.speeds_mps)
        self.speeds_mps = (left_mps, right_mps)

    def turn_down(self, deceleration_mps2: float) -> None:
        """Begin the ramp to rest no faster than was told last, and a command ahead: what is told holds until the next.

        Without that, a treadmill that knows coarse steps would hear of the first command after the second.
        """
        step_mps = deceleration_mps2 * self._settings.min_command_interval_s
        pairs = zip(self.speeds_mps, self._told_mps, strict=True)
        left_mps, right_mps = (_towards(min(pair, key=abs), 0.0, step_mps) for pair in pairs)
        self.speeds_mps = (left_mps, right_mps)

    def rest(self) -> None:
        """Be at rest at once: the treadmill makes the ramp, or stands already."""
        self.speeds_mps = (0.0, 0.0)

    def give_up(self, left_mps: float, right_mps: float) -> None:
        """Go no faster than a belt that is measured slower than told beyond tolerance: it may have been halted."""
        tolerance_mps = self._settings.follow_tolerance_mps
        speeds_mps = []
        for speed, found in zip(self.speeds_mps, (left_mps, right_mps), strict=True):
            found_mps = max(0.0, math.copysign(1.0, speed) * found)  # in the direction that was told
            is_slower = found_mps < abs(speed) - tolerance_mps
            speeds_mps.append(math.copysign(found_mps, speed) if is_slower else speed)
        self.speeds_mps = (speeds_mps[0], speeds_mps[1])

    def _moved(self, speed_mps: float, goal_mps: float, rate_mps2: float, elapsed_s: float) -> tuple[float, float]:
        """Return speed and rate of one belt after ``elapsed_s``."""
        error_mps, limit_mps2 = abs(goal_mps) - abs(speed_mps), self._limit_mps2
        if error_mps <= 0.0:
            return _towards(speed_mps, goal_mps, limit_mps2 * elapsed_s), 0.0
        change_mps2 = self._settings.max_jerk_mps3 * elapsed_s
        half_mps2 = 0.5 * change_mps2
        # the fastest rate from which steps of the jerk end at the goal
        wanted_mps2 = math.sqrt(half_mps2**2 + 2.0 * self._settings.max_jerk_mps3 * error_mps) - half_mps2
        rate_mps2 = min(wanted_mps2, limit_mps2, rate_mps2 + change_mps2)
        if rate_mps2 * elapsed_s >= error_mps:
            return goal_mps, error_mps / elapsed_s
        return speed_mps + math.copysign(rate_mps2 * elapsed_s, goal_mps), rate_mps2

    def _elapsed_s(self, now_s: float) -> float:
        elapsed_s = min(max(0.0, now_s - self._stepped_s), LONGEST_STEP_S)  # 0 for NaN and when the clock went back
        self._stepped_s = now_s
        return elapsed_s


def _goal(speed_mps: float, goal_mps: float) -> float:
    """Return where a belt goes now: to rest first, when it is to run the other way."""
    return 0.0 if speed_mps * goal_mps < 0.0 else goal_mps


def _towards(value: float, target: float, step: float) -> float:
    return min(value + step, target) if value < target else max(value - step, target)
