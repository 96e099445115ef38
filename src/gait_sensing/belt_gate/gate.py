# SPDX-License-Identifier: Apache-2.0
"""The last gate before the belt: arming, staleness, limits and ramps to rest. It is no emergency stop: docs/safety.md.

``feed(now_s, thing)`` takes all that the gate is told, at the time of the call, and returns what is to be written now.

- Only an ``ArmRequest`` leads out of DISARMED, and only a request for motion from ARMED to RUNNING. Every way to rest,
  a commanded one too, ends in DISARMED.
- Going to rest is one command, speed 0 with a deceleration, so that the treadmill finishes the ramp even if this
  process dies. It is repeated until statuses show rest, since a command may be lost. Speeding up goes in small steps:
  a treadmill that jumped to each setpoint would still keep the limits, and one that loses its host gets no faster.
- A treadmill that cannot be told an acceleration goes to rest in small steps too, from the commanded speeds; its own
  timer stops it if this process dies. Belts not commanded over this link, or not following, are told 0 at once.
- A finite request beyond a limit is limited, with a warning: the wish is clear, and a stop would disturb the walker
  more. A negative, infinite or NaN one has no safe meaning: the belts go to rest.
- Inputs are judged before a new thing is taken, so that nothing queued during a freeze passes for fresh.
- Every command carries an incline. The one sent is the measured one, within its limits. It follows the measurement
  only beyond ``INCLINE_HOLD_RAD``: else the deck's own settling error, commanded again and again, would make it creep.
"""

import math
from collections.abc import Callable
from typing import Any, ClassVar

from gait_sensing.belt_gate.limits import GateSettings, SetpointRamp, limited, longest_silences, problem_of
from gait_sensing.belt_gate.states import (
    LEVELS,
    WATCHED,
    ArmRequest,
    BeltRequest,
    Level,
    LinkDown,
    LinkUp,
    OperatorAlive,
    Reason,
    Refused,
    Safety,
    Shutdown,
    State,
    StopRequest,
    Tick,
)
from gait_sensing.samples import BeltReading, BeltSetpoint

INCLINE_HOLD_RAD = 0.005
WARNING_HOLD_S = 1.0  # a refused second source stays on the topic this long after its last request
NEVER_S = -math.inf


class BeltGate:
    """State machine between whoever commands the belts and the treadmill.

    ``settings`` are ``fitted`` to the treadmill; ``has_acceleration`` says whether it takes one with a command.
    """

    def __init__(self, settings: GateSettings, has_acceleration: bool = True) -> None:
        self._settings, self._has_acceleration = settings, has_acceleration
        self._state = State.DISARMED
        self._cause = (Level.RAMP_DOWN, Reason.NOT_ARMED, "not armed since the start")
        self._refusal = ""  # why the last ArmRequest was refused
        self._operator = ""
        self._now_s = NEVER_S
        self._heard_s = dict.fromkeys(WATCHED[State.RUNNING], NEVER_S)  # when each reason to stop was last disproved
        self._motion_asked_s = NEVER_S  # by anybody
        self._second_source = ("", NEVER_S)
        self._is_link_up = False
        self._belts: BeltReading | None = None  # newest status of this link
        self._incline_rad: float | None = None  # to be sent; None before the first status
        self._source: str | None = None  # who commands, since arming
        self._target: BeltRequest | None = None  # the newest request, limited
        self._limits_hit = ""
        self._ramp = SetpointRamp(settings, NEVER_S)
        self._sent_s, self._is_rest_sent = NEVER_S, False  # rest: since the last cause to stop
        self._deceleration_mps2 = settings.max_deceleration_mps2
        self._rest_since_s: float | None = None

    @property
    def safety(self) -> Safety:
        """The verdict now."""
        level, reason, text = self._warning() if self.is_armed else self._cause
        if self._state is State.STOPPING and self._incline_rad is None:
            text += f"; the treadmill cannot be told now, there is no {'status' if self._is_link_up else 'link'}"
        if self._refusal:
            text = f"arming refused: {self._refusal}; before: {text}"
        return Safety(level, reason, text, self._state)

    @property
    def is_armed(self) -> bool:
        """Whether an operator's arming holds."""
        return self._state in (State.ARMED, State.RUNNING)

    def feed(self, now_s: float, thing: object) -> BeltSetpoint | None:
        """Take one thing at ``now_s``; return what to write to the treadmill now, if anything.

        Raises ``KeyError`` for a type that is none of the gate's inputs.
        """
        take = self._TAKE[type(thing)]
        if not now_s >= self._now_s:  # NaN too
            self._start_time_anew(now_s)
        self._now_s = now_s
        self._watch()
        take(self, thing)
        if self._incline_rad is None:
            return None
        if self._state is State.STOPPING:
            self._ramp.fall(now_s, self._deceleration_mps2)
            return self._setpoint(*self._ramp.speeds_mps, self._deceleration_mps2) if self._is_due() else None
        if self._state is State.RUNNING and self._target and isinstance(thing, Tick):
            acceleration_mps2 = self._ramp.step(now_s, self._target)
            return self._setpoint(*self._ramp.speeds_mps, acceleration_mps2) if self._is_due() else None
        return None

    def _on_link_up(self, _: LinkUp) -> None:
        self._forget_link("the link was opened anew")
        self._is_link_up = True

    def _on_link_down(self, thing: LinkDown) -> None:
        self._forget_link(f"the link is lost: {thing.text}")

    def _on_reading(self, belts: BeltReading) -> None:
        values = (belts.left_speed_mps, belts.right_speed_mps, belts.incline_rad)
        if not self._is_link_up or not all(map(math.isfinite, values)):
            return  # tells nothing; statuses that stay away are noticed
        self._belts = belts
        self._heard_s[Reason.STATUS_STALE] = self._now_s
        if self._incline_rad is None or abs(belts.incline_rad - self._incline_rad) > INCLINE_HOLD_RAD:
            self._incline_rad = belts.incline_rad
        self._judge_speeds(belts.left_speed_mps, belts.right_speed_mps)

    def _on_operator_alive(self, _: OperatorAlive) -> None:
        self._heard_s[Reason.OPERATOR_LOST] = self._now_s

    def _on_arm(self, thing: ArmRequest) -> None:
        if self.is_armed:
            return
        self._refusal = self._obstacle(thing)
        if not self._refusal:
            self._state, self._operator = State.ARMED, thing.operator
            self._source, self._limits_hit = None, ""

    def _on_stop(self, thing: StopRequest) -> None:
        self._stop(Reason.OPERATOR_STOP, f"stop asked for by {thing.operator or 'an operator'}")

    def _on_shutdown(self, _: Shutdown) -> None:
        self._stop(Reason.NODE_STOPPING, "the treadmill node is ending")
        self._sent_s = NEVER_S  # there may be no later call

    def _on_refused(self, thing: Refused) -> None:
        self._stop(Reason.BELT_NOT_FOLLOWING, f"the treadmill cannot be told: {thing.text}")
        if any(self._ramp.speeds_mps):
            self._ramp.rest()
            self._sent_s = NEVER_S

    def _on_request(self, request: BeltRequest) -> None:
        problem = problem_of(request)
        is_for_rest = not problem and request.left_speed_mps == request.right_speed_mps == 0.0
        if not is_for_rest:
            self._motion_asked_s = self._now_s
        if self._state is State.DISARMED:
            return
        if self._source not in (None, request.source):
            self._second_source = (request.source, self._now_s)
        elif problem:
            self._stop(Reason.COMMAND_INVALID, f"{request.source} asks for {problem}")
        else:
            self._obey(request, is_for_rest)

    _TAKE: ClassVar[dict[type, Callable[["BeltGate", Any], None]]] = {
        LinkUp: _on_link_up,
        LinkDown: _on_link_down,
        BeltReading: _on_reading,
        OperatorAlive: _on_operator_alive,
        ArmRequest: _on_arm,
        StopRequest: _on_stop,
        Refused: _on_refused,
        Shutdown: _on_shutdown,
        BeltRequest: _on_request,
        Tick: lambda gate, tick: None,  # time has gone on, and that is all
    }

    def _obey(self, request: BeltRequest, is_for_rest: bool) -> None:
        self._source = request.source
        self._heard_s[Reason.COMMAND_STALE] = self._now_s
        if self._state is State.RUNNING and is_for_rest:
            self._deceleration_mps2 = min(request.acceleration_mps2, self._settings.max_deceleration_mps2)
            self._stop(Reason.NONE, f"{request.source} asks for rest")
        elif not is_for_rest:
            self._target, self._limits_hit = limited(request, self._settings)
            if self._state is State.ARMED:
                self._state, self._ramp = State.RUNNING, SetpointRamp(self._settings, self._now_s)
                self._heard_s[Reason.BELT_NOT_FOLLOWING] = self._now_s

    def _watch(self) -> None:
        limits = longest_silences(self._settings, self._source)
        for reason in WATCHED[self._state]:
            limit_s, what = limits[reason]
            if not self._is_fresh(self._heard_s[reason], limit_s):
                self._stop(reason, f"no {what} for {self._now_s - self._heard_s[reason]:.2f} s, allowed {limit_s:g} s")

    def _judge_speeds(self, left_mps: float, right_mps: float) -> None:
        """Compare measured speeds with what they should be in this state."""
        settings, measured = self._settings, f"measured left {left_mps:.3f}, right {right_mps:.3f} m/s"
        is_at_rest = max(abs(left_mps), abs(right_mps)) <= settings.rest_speed_mps
        if self._state in (State.DISARMED, State.ARMED):
            if not is_at_rest:
                self._stop(Reason.BELT_MOVING_UNARMED, f"{measured}, and no command moves the belts")
            return
        top_mps, tolerance_mps = settings.max_speed_mps, settings.overspeed_tolerance_mps
        if not -tolerance_mps <= min(left_mps, right_mps) <= max(left_mps, right_mps) <= top_mps + tolerance_mps:
            self._stop(Reason.BELT_OVERSPEED, f"{measured}, allowed 0 to {top_mps:g} m/s")
        errors_mps = (left_mps - self._ramp.speeds_mps[0], right_mps - self._ramp.speeds_mps[1])
        if max(map(abs, errors_mps)) <= settings.follow_tolerance_mps:
            self._heard_s[Reason.BELT_NOT_FOLLOWING] = self._now_s
        if self._state is State.STOPPING:
            self._ramp.give_up(left_mps, right_mps)
            self._await_rest(is_at_rest and self._is_rest_sent)

    def _await_rest(self, is_at_rest: bool) -> None:
        """Believe in rest when statuses have shown it for a while after a stop was written."""
        if not is_at_rest:
            self._rest_since_s = None
        elif self._rest_since_s is None:
            self._rest_since_s = self._now_s
        elif self._now_s - self._rest_since_s >= self._settings.rest_hold_s:
            level, _, text = self._cause
            self._state = State.DISARMED
            if level is Level.OK:
                self._cause = (Level.RAMP_DOWN, Reason.NOT_ARMED, f"{text}; arm again to start")

    def _obstacle(self, thing: ArmRequest) -> str:
        """Return why the belts may not be armed now; empty when they may."""
        settings, heard_s = self._settings, self._heard_s
        has_status = self._is_fresh(heard_s[Reason.STATUS_STALE], settings.status_stale_s)
        incline_rad = self._belts.incline_rad if self._belts else math.nan
        low_rad, high_rad = settings.min_incline_rad - INCLINE_HOLD_RAD, settings.max_incline_rad + INCLINE_HOLD_RAD
        incline = f"the incline is {incline_rad:.3f} rad, allowed {low_rad:g} to {high_rad:g}"
        requirements = (
            (self._state is State.DISARMED, "the belts are not at rest yet"),
            (bool(thing.operator.strip()), "no operator is named"),
            (self._is_link_up, "there is no link to the treadmill"),
            (has_status, "the treadmill sends no status"),
            (low_rad <= incline_rad <= high_rad, incline),
            (self._is_fresh(heard_s[Reason.OPERATOR_LOST], settings.operator_stale_s), "no session is heard"),
            (not self._is_fresh(self._motion_asked_s, settings.command_stale_s), "a command asks for motion already"),
        )
        return next((text for is_met, text in requirements if not is_met), "")

    def _stop(self, reason: Reason, text: str) -> None:
        """Bring the belts to rest; the gravest cause counts, and of equal ones the first."""
        level, settings = LEVELS[reason], self._settings
        if self._state is State.STOPPING and level <= self._cause[0]:
            return
        if self._state is State.RUNNING and self._belts and not self._has_acceleration:
            self._ramp.give_up(self._belts.left_speed_mps, self._belts.right_speed_mps)
        elif self._state is not State.STOPPING:
            self._ramp.rest()
        self._state, self._cause, self._refusal = State.STOPPING, (level, reason, text), ""
        self._is_rest_sent, self._rest_since_s = False, None
        self._sent_s = NEVER_S  # the next command goes at once
        hard_mps2, soft_mps2 = settings.stop_deceleration_mps2, settings.max_deceleration_mps2
        if level is not Level.OK:
            self._deceleration_mps2 = hard_mps2 if level is Level.STOP else soft_mps2

    def _warning(self) -> tuple[Level, Reason, str]:
        name, seen_s = self._second_source
        if self._is_fresh(seen_s, WARNING_HOLD_S):
            return Level.WARN, Reason.SECOND_SOURCE, f"commands from {name} are refused: {self._source} has control"
        if self._limits_hit:
            return Level.WARN, Reason.COMMAND_LIMITED, f"{self._source} asks for {self._limits_hit}"
        return Level.OK, Reason.NONE, f"armed by {self._operator}, commanded by {self._source or 'nobody yet'}"

    def _setpoint(self, left_mps: float, right_mps: float, acceleration_mps2: float) -> BeltSetpoint:
        assert self._incline_rad is not None  # nothing is sent before the first status
        self._sent_s = self._now_s
        self._is_rest_sent = left_mps == right_mps == 0.0
        incline_rad = min(max(self._incline_rad, self._settings.min_incline_rad), self._settings.max_incline_rad)
        return BeltSetpoint(left_mps, right_mps, acceleration_mps2, incline_rad)

    def _is_due(self) -> bool:
        return not self._is_fresh(self._sent_s, self._settings.min_command_interval_s * 0.999)  # rounding of ticks

    def _is_fresh(self, since_s: float, limit_s: float) -> bool:
        return self._now_s - since_s <= limit_s  # false for NaN

    def _start_time_anew(self, now_s: float) -> None:
        """The clock went back, or is NaN: nothing heard so far can be called fresh."""
        if self._state is not State.DISARMED:
            self._stop(Reason.COMMAND_STALE, f"the clock went back from {self._now_s:.3f} to {now_s:.3f} s")
        self._heard_s = dict.fromkeys(self._heard_s, NEVER_S)
        self._second_source = ("", NEVER_S)
        self._sent_s = NEVER_S
        self._motion_asked_s = now_s  # it may have been asked for a moment ago
        self._rest_since_s = None

    def _forget_link(self, text: str) -> None:
        if self._state is not State.DISARMED:
            self._stop(Reason.LINK_LOST, text)
        self._is_link_up, self._is_rest_sent, self._sent_s = False, False, NEVER_S
        self._ramp.rest()
        self._belts = self._incline_rad = self._rest_since_s = None
        self._heard_s[Reason.STATUS_STALE] = NEVER_S
