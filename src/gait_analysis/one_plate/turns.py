# SPDX-License-Identifier: Apache-2.0
"""Which foot bears a walker on one plate: the turns of the centre of pressure from foot to foot, as they happen.

While one foot bears, the pressure under it follows a line, backward with the belt. Once the other foot is down, the
pressure has left that line toward it by as much of the step between the feet as this foot bears of the load: that is
its load, and a contact where it is clear. When the pressure follows the line that is usual under the new foot, the old
one has left. The step and the velocities of both turns of a stride are taken from the turns before.

How far the pressure has come is weighed across more than along, for under a foot it wanders along more than across, as
a foot is longer than broad. So it is the way across that tells in wide steps, and the way along in narrow ones.
"""

import math
from collections import deque
from dataclasses import dataclass, replace

from gait_analysis.events import EventKind
from gait_sensing.samples import Side

Vector2 = tuple[float, float]  # x, y

FOOT_RATIO = 2.8  # length of a foot, 0.26 m, by its breadth, 0.09 m
_FOLLOW_S = 0.04  # in which the line under the bearing foot forgets
_OFF_LINE = 0.5  # of the load that is a contact: with more on the other foot the line is not followed
_LEAST_DONE = 0.7  # share of the usual step after which the old foot may leave
_LEAST_ACROSS = 0.3  # of the usual step, the same by the place beyond the midline
# Share of the double support in which the rest has to be still before the old foot has left, within bounds.
_HOLD_SHARE, _LEAST_HOLD_S, _MOST_HOLD_S = 0.12, 0.022, 0.048
_STILL_SHARE = 0.15  # of its mean rate over the double support that the load may still move with
_SKIP_S, _LEARN_S = 0.0325, 0.0725  # after a foot off, and the time then in which the new velocity is learned
_LEARN_GAIN = 0.5
_BELT_CHANGE_MPS = 0.4  # more than the velocity under a foot differs from step to step: the belt's speed has changed
_LEAST_OUT_M, _LEAST_OUT_SHARE = 0.01, 0.15  # of the step: a foot not so far out from the midline tells no side
_LONG_STEP_M = 0.1  # along: more than the pressure wanders under a foot in a double support
_LATE_STEPS = 0.6  # a double support is seldom longer, in steps
_OVERDUE_STEPS = 0.9  # a double support longer than so much of a step is none
_LEAST_PACE, _MOST_PACE = 0.5, 1.6  # of one step by the last
_BACK_COUNT = 3  # groups on the old foot's line that end a touch
_ASTRAY_M = 0.005  # the wrong way across at a contact
_NOT_USUAL = "a foot is not on its usual side of the midline"


@dataclass(frozen=True, slots=True)
class Turn:
    """How the pressure usually comes onto one foot."""

    step_m: Vector2  # from under the old foot to under this one
    before_mps: Vector2  # velocity under the old foot alone
    after_mps: Vector2  # velocity under this foot alone

    def weights(self) -> Vector2:
        """Return what to multiply a way in m with for its share of the step."""
        x_m, y_m = self.step_m
        weighted_m = FOOT_RATIO**2 * y_m
        square_m2 = x_m * x_m + weighted_m * y_m
        return x_m / square_m2, weighted_m / square_m2


@dataclass(frozen=True, slots=True)
class Line:
    """A uniform motion of the centre of pressure."""

    time_s: float
    place_m: Vector2  # at ``time_s``
    velocity_mps: Vector2

    def at(self, time_s: float) -> Vector2:
        """Return the place at a time."""
        since_s = time_s - self.time_s
        return self.place_m[0] + self.velocity_mps[0] * since_s, self.place_m[1] + self.velocity_mps[1] * since_s


@dataclass(frozen=True, slots=True)
class Pattern:
    """What is known of a walk when it begins to be followed."""

    turns: dict[Side, Turn]  # by the foot that the pressure comes onto
    bearing: Side
    line: Line  # under ``bearing``
    weight_n: float  # mean load
    step_s: float  # from one turn to the next


@dataclass(frozen=True, slots=True)
class Told:
    """A contact or foot off that is sure by now; when it was is for a closer look."""

    side: Side
    kind: EventKind
    velocity_mps: Vector2  # under the one foot that bears before the contact, or after the foot off
    weights: Vector2  # of the turn
    doubt: str  # why the event or its side is doubtful; empty when it is not


class Turns:
    """Follows the pressure from the line of ``pattern`` on.

    ``on_share`` of the weight on a foot tells its contact; no step takes longer than ``longest_s``.
    """

    def __init__(self, pattern: Pattern, on_share: float, longest_s: float) -> None:
        line, bearing = pattern.line, pattern.bearing
        self.bearing, self.is_double = bearing, False
        self.since_s = line.time_s  # the last change
        self.until_s = line.time_s + longest_s  # by then the next change has to come
        self.doubtful_count = 0  # turns in a row that do not tell the side
        self.turns = dict(pattern.turns)
        self._weight_n, self._on_share = pattern.weight_n, on_share
        self._longest_s, self._step_s, self._contact_s = longest_s, pattern.step_s, math.nan
        self._line = line  # under the old foot, at the contact
        self._weights = self.turns[bearing.other].weights()
        self._time_s, (self._x_m, self._y_m), (self._x_mps, self._y_mps) = line.time_s, line.place_m, line.velocity_mps
        self._middle_m = line.place_m[1] + 0.5 * self.turns[bearing.other].step_m[1]  # between the feet, across
        self._last_load = 0.0
        self._after_mps = line.velocity_mps  # expected after the turn in progress
        self._done: deque[Vector2] = deque()  # time and share of the turn done, less what the new foot's line explains
        self._back_count = 0  # groups in a row, in the turn, that were on the old foot's line
        self._learned_from: tuple[float, float, float] | None = None  # time and place
        self._is_learned = True

    def feed(self, time_s: float, force_n: float, x_m: float, y_m: float) -> Told | None:
        """Take the next centre of pressure; times increase."""
        if self.is_double:
            return self._feed_double(time_s, x_m, y_m)
        return self._feed_single(time_s, x_m, y_m, force_n)

    def _feed_single(self, time_s: float, x_m: float, y_m: float, force_n: float) -> Told | None:
        step_s = time_s - self._time_s
        self._time_s = time_s
        self._x_m += self._x_mps * step_s
        self._y_m += self._y_mps * step_s
        x_off_m, y_off_m = x_m - self._x_m, y_m - self._y_m
        on_share = self._on_share
        load = (x_off_m * self._weights[0] + y_off_m * self._weights[1]) * force_n / self._weight_n
        if load > on_share and (load > 2.0 * on_share or self._last_load > on_share):
            return self._contact(time_s, y_off_m)
        self._last_load = load
        if load < _OFF_LINE * on_share:  # an alpha-beta filter, critically damped
            alpha = min(step_s / _FOLLOW_S, 0.5)
            beta_hz = alpha * alpha / (2.0 - alpha) / step_s
            self._x_m += alpha * x_off_m
            self._y_m += alpha * y_off_m
            self._x_mps += beta_hz * x_off_m
            self._y_mps += beta_hz * y_off_m
        if not self._is_learned:
            self._learn(time_s, x_m, y_m)
        return None

    def _learn(self, time_s: float, x_m: float, y_m: float) -> None:
        """Learn the velocity after a turn, once the foot has borne alone for a while."""
        if self._learned_from is None:
            if time_s - self.since_s >= _SKIP_S:
                self._learned_from = time_s, x_m, y_m
            return
        since_s = time_s - self._learned_from[0]
        if since_s < _LEARN_S:
            return
        turn = self.turns[self.bearing]
        now_mps = (x_m - self._learned_from[1]) / since_s, (y_m - self._learned_from[2]) / since_s
        before_mps, after_mps = _nearer(turn.before_mps, self._line.velocity_mps), _nearer(turn.after_mps, now_mps)
        self.turns[self.bearing] = replace(turn, before_mps=before_mps, after_mps=after_mps)
        self._is_learned = True

    def _contact(self, time_s: float, y_off_m: float) -> Told:
        side = self.bearing.other
        turn = self.turns[side]
        self._line = Line(time_s, (self._x_m, self._y_m), (self._x_mps, self._y_mps))
        change_mps = self._x_mps - turn.before_mps[0]
        faster_mps = change_mps if abs(change_mps) > _BELT_CHANGE_MPS else 0.0
        self._after_mps = turn.after_mps[0] + faster_mps, turn.after_mps[1]
        self._done.clear()
        self._back_count = 0
        lasted_s, self._contact_s = time_s - self._contact_s, time_s
        if not self.doubtful_count and _LEAST_PACE * self._step_s < lasted_s < _MOST_PACE * self._step_s:
            self._step_s += _LEARN_GAIN * (lasted_s - self._step_s)
        self.is_double, self.since_s = True, time_s
        self.until_s = time_s + min(_OVERDUE_STEPS * self._step_s, self._longest_s)
        is_doubtful = self.doubtful_count > 0 or math.copysign(y_off_m, y_off_m * turn.step_m[1]) < -_ASTRAY_M
        doubt = _NOT_USUAL if is_doubtful else ""
        return Told(side, EventKind.INITIAL_CONTACT, self._line.velocity_mps, self._weights, doubt)

    def _feed_double(self, time_s: float, x_m: float, y_m: float) -> Told | None:
        self._time_s, since_s = time_s, time_s - self.since_s
        (x_weight, y_weight), (x_mps, y_mps) = self._weights, self._line.velocity_mps
        x_off_m, y_off_m = x_m - self._line.place_m[0] - x_mps * since_s, y_m - self._line.place_m[1] - y_mps * since_s
        done = x_off_m * x_weight + y_off_m * y_weight
        explained_hz = (self._after_mps[0] - x_mps) * x_weight + (self._after_mps[1] - y_mps) * y_weight
        hold_s = min(max(_HOLD_SHARE * since_s, _LEAST_HOLD_S), _MOST_HOLD_S)
        self._done.append((time_s, done - explained_hz * since_s))
        while len(self._done) > 2 and time_s - self._done[1][0] >= hold_s:
            self._done.popleft()
        lasted_s, moved = time_s - self._done[0][0], self._done[-1][1] - self._done[0][1]
        self._back_count = self._back_count + 1 if done < _OFF_LINE * self._on_share else 0
        if self._back_count >= _BACK_COUNT:
            return self._lift(time_s, (x_m, y_m))
        if lasted_s < hold_s or moved * since_s > _STILL_SHARE * lasted_s or not self._is_over(done, x_off_m, y_m):
            return None
        return self._foot_off(time_s, (x_m, y_m), (x_off_m, y_off_m))

    def _is_over(self, done: float, x_off_m: float, y_m: float) -> bool:
        """Whether the pressure has come so far that the old foot may leave: by the usual step, or by where it is."""
        new = self.bearing.other
        x_step_m, y_step_m = self.turns[new].step_m
        was_inward = self._outward_m(new, self._line.place_m[1]) < 0.0
        if done > _LEAST_DONE or (was_inward and self._outward_m(new, y_m) > _LEAST_ACROSS * abs(y_step_m)):
            return True
        is_late = self._time_s - self.since_s > _LATE_STEPS * self._step_s  # the foot may be elsewhere across
        return is_late and x_step_m > _LONG_STEP_M and x_off_m > _LEAST_DONE * x_step_m

    def _outward_m(self, foot: Side, y_m: float) -> float:
        """Return how far a place is from the midline, on the side of a foot."""
        return y_m - self._middle_m if foot is Side.LEFT else self._middle_m - y_m

    def _lift(self, time_s: float, place_m: Vector2) -> Told:
        """Go back to the old foot: the new one has only touched the ground."""
        self.is_double, self.since_s, self.until_s, self._last_load = False, time_s, time_s + self._longest_s, 0.0
        self._is_learned = True
        self._time_s, (self._x_m, self._y_m), (self._x_mps, self._y_mps) = time_s, place_m, self._line.velocity_mps
        weights = -self._weights[0], -self._weights[1]  # the load that ends is on the other side of the line
        doubt = "the foot touched the ground in its swing"
        return Told(self.bearing.other, EventKind.FOOT_OFF, self._line.velocity_mps, weights, doubt)

    def _foot_off(self, time_s: float, place_m: Vector2, step_m: Vector2) -> Told:
        old, new = self.bearing, self.bearing.other
        turn = self.turns[new]
        outward_m = self._outward_m(new, place_m[1])
        is_doubtful = outward_m < max(_LEAST_OUT_M, _LEAST_OUT_SHARE * abs(turn.step_m[1]))
        self.doubtful_count = self.doubtful_count + 1 if is_doubtful else 0
        if not is_doubtful:
            self._middle_m += _LEARN_GAIN * (place_m[1] - 0.5 * step_m[1] - self._middle_m)
            self.turns[new] = replace(turn, step_m=_nearer(turn.step_m, step_m))
        told = Told(old, EventKind.FOOT_OFF, self._after_mps, self._weights, _NOT_USUAL if is_doubtful else "")
        self._is_learned, self._learned_from = is_doubtful, None
        self.bearing, self.is_double, self.since_s, self.until_s = new, False, time_s, time_s + self._longest_s
        self._weights, self._last_load = self.turns[old].weights(), 0.0
        self._time_s, (self._x_m, self._y_m), (self._x_mps, self._y_mps) = time_s, place_m, self._after_mps
        return told


def _nearer(old: Vector2, new: Vector2) -> Vector2:
    return old[0] + _LEARN_GAIN * (new[0] - old[0]), old[1] + _LEARN_GAIN * (new[1] - old[1])
