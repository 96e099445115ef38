# SPDX-License-Identifier: Apache-2.0
"""The last gate before the belt: arming, staleness, limits and ramps to rest. It is no emergency stop: docs/safety.md.

``feed(now_s, thing)`` takes all that the gate is told, at the time of the call, and returns what is to be written now.

- ``transitions`` says which state follows which. Every way to rest, a commanded one too, ends in DISARMED.
- Going to rest is one command, speed 0 with a deceleration, so that the treadmill finishes the ramp even if this
  process dies. It is repeated until statuses show rest, since a command may be lost. Speeding up goes in small steps:
  a treadmill that jumped to each setpoint would still keep the limits, and one that loses its host gets no faster.
- A treadmill that cannot be told an acceleration goes to rest in small steps too, from the commanded speeds; its own
  timer stops it if this process dies. Belts not commanded over this link, or not following, are told 0 at once.
- A finite request beyond a limit is limited, with a warning: a stop would disturb the walker more. An infinite or NaN
  one, and a negative one unless enabled, has no safe meaning: the belts go to rest. One old by its stamp is ignored.
- Inputs are judged before a new thing is taken, so that nothing queued during a freeze passes for fresh.
- Every command carries an incline. The one sent is the measured one, within its limits. It follows the measurement
  only beyond a threshold: else the deck's own settling error, commanded again and again, would make it creep.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from gait_sensing.belt_gate.hearing import NEVER_S, Hearing
from gait_sensing.belt_gate.limits import LEAST_DECELERATION_MPS2, GateSettings, limited, problem_of
from gait_sensing.belt_gate.ramp import SetpointRamp
from gait_sensing.belt_gate.slowing import Slowing
from gait_sensing.belt_gate.states import (
    LEVELS,
    ArmRequest,
    BeltRequest,
    HarnessLoad,
    Level,
    LinkDown,
    LinkUp,
    Misstep,
    OperatorAlive,
    PlateLoad,
    Reason,
    Refused,
    Safety,
    Shutdown,
    State,
    StopInput,
    StopRequest,
    Tick,
    Walker,
)
from gait_sensing.belt_gate.supervisor import Finding, Observation, Supervisor, SupervisorSettings
from gait_sensing.belt_gate.transitions import Signal, after
from gait_sensing.belt_gate.treadmill_view import TreadmillView
from gait_sensing.belt_gate.verdict import Verdict
from gait_sensing.samples import BeltReading, BeltSetpoint, TreadmillReport


class BeltGate:
    """State machine between whoever commands the belts and the treadmill.

    ``settings`` are ``fitted`` to the treadmill; ``has_acceleration`` says whether it takes one with a command.
    """

    def __init__(
        self,
        settings: GateSettings,
        has_acceleration: bool = True,
        supervisor: SupervisorSettings = SupervisorSettings(),  # noqa: B008  frozen
    ) -> None:
        self._settings, self._has_acceleration = settings, has_acceleration
        self._supervisor = Supervisor(supervisor)
        self._findings: list[Finding] = []  # of the supervisor, now
        self._state = State.DISARMED
        self._verdict = Verdict()
        self._now_s = NEVER_S
        self._hearing = Hearing(settings)
        self._motion_asked_s = NEVER_S  # by anybody
        self._treadmill = TreadmillView(settings)
        self._source: str | None = None  # who commands, since arming
        self._target: BeltRequest | None = None  # the newest request, limited
        self._ramp = SetpointRamp(settings, NEVER_S)
        self._sent_s, self._is_rest_sent = NEVER_S, False  # rest: since the last cause to stop
        self._deceleration_mps2 = settings.max_deceleration_mps2
        self._rest_level = Level.OK  # of the gravest cause of this way to rest
        self._slowing = Slowing(settings.follow_tolerance_mps)

    @property
    def safety(self) -> Safety:
        """The verdict now."""
        if self.is_armed:
            return self._verdict.armed(self._state, self._source, self._supervisor.untold(self._now_s))
        missing = "status" if self._treadmill.is_link_up else "link"
        is_deaf = self._state is State.STOPPING and self._treadmill.belts is None
        return self._verdict.unarmed(self._state, missing if is_deaf else "")

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
        if (belts := self._treadmill.belts) is None:
            return None
        if self._state is State.STOPPING:
            self._ramp.fall(now_s, self._deceleration_mps2)
            return self._setpoint(self._deceleration_mps2) if self._is_due() else None
        if self._state is State.RUNNING and self._target and isinstance(thing, Tick):
            self._ramp.step(now_s, self._target)
            return self._setpoint(self._ramp.tell(now_s, belts)) if self._is_due() else None
        return None

    def _on_reading(self, belts: BeltReading) -> None:
        if self._treadmill.take(belts):
            self._hearing.hear(Reason.STATUS_STALE, self._now_s)
            self._judge_speeds()
            if self.is_armed and (problem := self._treadmill.incline_problem()):
                self._stop(Reason.INCLINE_BEYOND, problem)

    def _on_observation(self, thing: Observation) -> None:
        if self._state is State.RUNNING or not isinstance(thing, Misstep):
            self._supervisor.feed(self._now_s, thing)
            self._supervise()

    def _on_report(self, thing: TreadmillReport) -> None:
        if self._state is not State.DISARMED:
            self._stop(Reason.STOP_INPUT if thing.is_stop else Reason.DRIVER_FAULT, f"the treadmill: {thing.text}")

    def _on_arm(self, thing: ArmRequest) -> None:
        if self.is_armed:
            if _is_named(thing):
                self._verdict.warnings.clear()
                self._hearing.hear(Reason.ARMING_UNUSED, self._now_s)
            return
        obstacle = self._obstacle(thing)
        self._verdict.take_arming(thing.operator, obstacle)
        if not obstacle:
            self._state, self._source = after(self._state, Signal.ARM), None
            self._supervisor.begin()
            self._hearing.hear(Reason.ARMING_UNUSED, self._now_s)

    def _on_shutdown(self, _: Shutdown) -> None:
        self._stop(Reason.NODE_STOPPING, "the treadmill node is ending")
        self._sent_s = NEVER_S  # there may be no later call

    def _on_refused(self, thing: Refused) -> None:
        self._stop(Reason.BELT_NOT_FOLLOWING, f"the treadmill cannot be told: {thing.text}")
        if any(self._ramp.speeds_mps):
            self._ramp.rest()
            self._sent_s = NEVER_S

    def _on_request(self, request: BeltRequest) -> None:
        problem, limit_s = problem_of(request, self._settings), self._settings.command_stale_s
        is_at_rest = request.left_speed_mps == request.right_speed_mps == 0.0
        is_for_rest = not problem and (is_at_rest or request.problem != "")
        if not is_for_rest:
            self._motion_asked_s = self._now_s
        if self._state is State.DISARMED:
            return
        if self._source not in (None, request.source):
            text = f"commands from {request.source} are refused: {self._source} has control"
            self._verdict.warn(Reason.SECOND_SOURCE, text)
        elif not abs(request.age_s) <= limit_s:  # NaN too
            text = f"a command from {request.source} is refused: by its stamp it is {request.age_s:.2f} s old"
            self._verdict.warn(Reason.COMMAND_OLD, f"{text}, allowed {limit_s:g} s either way")
        elif problem:
            self._stop(Reason.COMMAND_INVALID, f"{request.source} asks for {problem}")
        else:
            self._obey(request, is_for_rest)

    _TAKE: ClassVar[dict[type, Callable[["BeltGate", Any], None]]] = {
        LinkUp: lambda gate, _: gate._renew_link("the link was opened anew", True),
        LinkDown: lambda gate, thing: gate._renew_link(f"the link is lost: {thing.text}", False),
        BeltReading: _on_reading,
        TreadmillReport: _on_report,
        OperatorAlive: lambda gate, thing: gate._hearing.hear(Reason.OPERATOR_LOST, gate._now_s, thing.age_s),
        **dict.fromkeys((Walker, PlateLoad, HarnessLoad, StopInput, Misstep), _on_observation),
        ArmRequest: _on_arm,
        StopRequest: lambda gate, thing: gate._stop(Reason.OPERATOR_STOP, f"stop asked for by {thing.operator}"),
        Refused: _on_refused,
        Shutdown: _on_shutdown,
        BeltRequest: _on_request,
        Tick: lambda gate, tick: None,  # time has gone on, and that is all
    }

    def _obey(self, request: BeltRequest, is_for_rest: bool) -> None:
        before, self._source = self._state, request.source
        self._hearing.hear(Reason.COMMAND_STALE, self._now_s, request.age_s)
        self._hearing.hear(Reason.ARMING_UNUSED, self._now_s)
        if is_for_rest:
            if before is State.RUNNING:
                self._rest_as_asked(request)
            return
        self._target, limits_hit = limited(request, self._settings)
        self._state = after(before, Signal.MOTION)
        if limits_hit and self._state is State.RUNNING:
            self._verdict.warn(Reason.COMMAND_LIMITED, f"{request.source} asks for {limits_hit}")
        if before is State.ARMED:
            self._ramp = SetpointRamp(self._settings, self._now_s)
            self._hearing.hear(Reason.BELT_NOT_FOLLOWING, self._now_s)

    def _rest_as_asked(self, request: BeltRequest) -> None:
        text = f"{request.source} asks for rest"
        if request.problem:
            self._stop(Reason.LAW_PROBLEM, f"{text}: {request.problem}")
            return
        wanted_mps2 = max(request.acceleration_mps2, LEAST_DECELERATION_MPS2)
        self._deceleration_mps2 = min(wanted_mps2, self._settings.max_deceleration_mps2)
        self._go_to_rest(Signal.REST, Reason.NONE, text)

    def _watch(self) -> None:
        for reason, text in list(self._hearing.silent(self._state, self._now_s, self._source)):
            self._stop(reason, text)
        self._supervise()

    def _supervise(self) -> None:
        """Judge what the supervisor finds; while nothing is armed it matters to the next arming alone."""
        is_moving = self._state is State.RUNNING and not self._treadmill.is_slow
        self._findings = self._supervisor.findings(self._now_s, is_moving)
        for finding in self._findings if self._state is not State.DISARMED else ():
            if finding.level is not Level.WARN:
                self._stop(finding.reason, finding.text)
            elif self.is_armed:
                self._verdict.warn(finding.reason, finding.text)

    def _judge_speeds(self) -> None:
        """Compare measured speeds with what they should be in this state."""
        settings, treadmill = self._settings, self._treadmill
        if self._state in (State.DISARMED, State.ARMED):
            if not treadmill.is_slow:
                self._stop(Reason.BELT_MOVING_UNARMED, f"{treadmill.speeds_text}, and no command moves the belts")
            return
        if treadmill.is_beyond():
            allowed = f"allowed {0.0 - settings.max_backward_mps:g} to {settings.max_speed_mps:g} m/s"
            self._stop(Reason.BELT_OVERSPEED, f"{treadmill.speeds_text}, {allowed}")
        if treadmill.is_following(self._ramp.speeds_mps):
            self._hearing.hear(Reason.BELT_NOT_FOLLOWING, self._now_s)
        if self._state is State.STOPPING:
            self._give_up()
            late_s = self._slowing.late_s(self._now_s, treadmill.fastest_mps, self._deceleration_mps2)
            if late_s > settings.follow_stale_s:
                text = f"told to rest, and {treadmill.speeds_text}: use the treadmill's own stop"
                self._stop(Reason.BELT_NOT_SLOWING, text)
            if treadmill.has_rested(self._now_s, self._is_rest_sent):
                self._state = after(self._state, Signal.AT_REST)
                self._verdict.rest()
                if all(finding.reason is not Reason.WALKER_GONE for finding in self._findings):
                    self._supervisor.begin()  # whoever walked may leave

    def _give_up(self) -> None:
        if belts := self._treadmill.belts:
            self._ramp.give_up(belts.left_speed_mps, belts.right_speed_mps)

    def _obstacle(self, thing: ArmRequest) -> str:
        """Return why the belts may not be armed now; empty when they may."""
        is_asked = self._is_fresh(self._motion_asked_s, self._settings.command_stale_s)
        incline_problem = self._treadmill.incline_problem()
        requirements = (
            (after(self._state, Signal.ARM) is State.ARMED, "the belts are not at rest yet"),
            (_is_named(thing), "no operator is named"),
            (self._treadmill.is_link_up, "there is no link to the treadmill"),
            (self._hearing.is_fresh(Reason.STATUS_STALE, self._now_s), "the treadmill sends no status"),
            (not incline_problem, incline_problem),
            (self._hearing.is_fresh(Reason.OPERATOR_LOST, self._now_s), "no session is heard"),
            (not is_asked, "a command asks for motion already"),
            *((finding.level is Level.WARN, finding.text) for finding in self._findings),
        )
        return next((text for is_met, text in requirements if not is_met), "")

    def _stop(self, reason: Reason, text: str) -> None:
        """Bring the belts to rest; the gravest cause counts, and of equal ones the first."""
        if self._state is State.STOPPING and LEVELS[reason] <= self._rest_level:
            return
        soft_mps2, hard_mps2 = self._settings.max_deceleration_mps2, self._settings.stop_deceleration_mps2
        self._deceleration_mps2 = hard_mps2 if LEVELS[reason] is Level.STOP else soft_mps2
        self._go_to_rest(Signal.CAUSE, reason, text)

    def _go_to_rest(self, signal: Signal, reason: Reason, text: str) -> None:
        if self._state is State.RUNNING and not self._has_acceleration:
            self._give_up()
            self._ramp.turn_down(self._deceleration_mps2)
        elif self._state is not State.STOPPING:
            self._ramp.rest()
        if self._state is not State.STOPPING:
            self._slowing.begin()
        self._rest_level = LEVELS[reason]
        self._state = after(self._state, signal)
        self._verdict.stop(reason, text)
        self._is_rest_sent, self._treadmill.rest_since_s = False, None
        self._sent_s = NEVER_S  # the next command goes at once

    def _setpoint(self, acceleration_mps2: float) -> BeltSetpoint:
        left_mps, right_mps = self._ramp.speeds_mps
        self._sent_s = self._now_s
        self._is_rest_sent = left_mps == right_mps == 0.0
        return BeltSetpoint(left_mps, right_mps, acceleration_mps2, self._treadmill.sent_incline_rad())

    def _is_due(self) -> bool:
        return not self._is_fresh(self._sent_s, self._settings.min_command_interval_s * 0.999)  # rounding of ticks

    def _is_fresh(self, since_s: float, limit_s: float) -> bool:
        return self._now_s - since_s <= limit_s  # false for NaN

    def _start_time_anew(self, now_s: float) -> None:
        """The clock went back, or is NaN: nothing heard so far can be called fresh."""
        if self._state is not State.DISARMED:
            self._stop(Reason.COMMAND_STALE, f"the clock went back from {self._now_s:.3f} to {now_s:.3f} s")
        self._hearing.forget()
        self._supervisor.forget_times()
        self._sent_s = NEVER_S
        self._motion_asked_s = now_s  # it may have been asked for a moment ago
        self._treadmill.rest_since_s = None

    def _renew_link(self, text: str, is_link_up: bool) -> None:
        if self._state is not State.DISARMED:
            self._stop(Reason.LINK_LOST, text)
        self._is_rest_sent, self._sent_s = False, NEVER_S
        self._ramp.rest()
        self._treadmill.renew(is_link_up)
        self._slowing.begin()
        self._hearing.forget(Reason.STATUS_STALE)


def _is_named(arming: ArmRequest) -> bool:
    return bool(arming.operator.strip())
