# SPDX-License-Identifier: Apache-2.0
"""The belt gate, one promise at a time: what it says, and what reaches the treadmill."""

import math
import re
from itertools import pairwise
from pathlib import Path

import pytest

from gait_sensing.belt_gate.gate import (
    ArmRequest,
    BeltGate,
    BeltRequest,
    GateSettings,
    LinkDown,
    LinkUp,
    OperatorAlive,
    Shutdown,
    StopRequest,
    Tick,
)
from gait_sensing.belt_gate.hearing import WATCHED
from gait_sensing.belt_gate.limits import LEAST_ACCELERATION_MPS2, LEAST_DECELERATION_MPS2
from gait_sensing.belt_gate.ramp import SetpointRamp
from gait_sensing.belt_gate.states import LEVELS, TICK_S, WARNINGS, Level, Reason, State
from gait_sensing.samples import BeltReading, BeltSetpoint
from gait_sensing.treadmills import bertec_classic

LIMITS = GateSettings()


class Lab:
    """Gate, driver and emulated Bertec on one simulated clock; whatever is switched off falls silent."""

    def __init__(self, limits: GateSettings = LIMITS) -> None:
        self.now_s = 1_700_000_000.0
        self.limits = limits
        self.treadmill = bertec_classic.Emulator(bertec_classic.Settings())
        self.belts = self.treadmill.advance(0.0)
        self.sent: list[tuple[float, BeltSetpoint]] = []
        self.request: BeltRequest | None = None
        self.has_link = self.has_status = self.has_operator = True
        self.is_deaf = False  # the treadmill
        self.start_gate()

    def start_gate(self) -> None:
        """Start the treadmill node's gate, as after a respawn."""
        self.gate = BeltGate(self.limits)
        self.driver = bertec_classic.Driver(bertec_classic.Settings())
        if self.has_link:
            self.feed(LinkUp())

    def feed(self, thing: object) -> BeltSetpoint | None:
        setpoint = self.gate.feed(self.now_s, thing)
        if setpoint is not None:
            assert self.has_link, "a command without a link"
            self.sent.append((self.now_s, setpoint))
            if not self.is_deaf:
                self.treadmill.feed(self.driver.command(setpoint))
        return setpoint

    def move_belts(self, duration_s: float) -> None:
        self.belts = self.treadmill.advance(duration_s)

    def tick(self) -> None:
        """One period: belts move, a status comes, whoever speaks speaks, and time is told."""
        self.now_s += TICK_S
        self.move_belts(TICK_S)
        if self.has_link and self.has_status:
            for reading in self.driver.feed(self.treadmill.encode(self.belts)):
                self.feed(reading)
        if self.has_operator:
            self.feed(OperatorAlive())
        if self.request is not None:
            self.feed(self.request)
        self.feed(Tick())

    def run(self, duration_s: float) -> None:
        for _ in range(round(duration_s / TICK_S)):
            self.tick()

    def ask(self, left_mps: float, right_mps: float | None = None, acceleration_mps2: float = 0.5) -> None:
        self.request = BeltRequest(left_mps, left_mps if right_mps is None else right_mps, acceleration_mps2, "law")

    def arm(self) -> None:
        self.feed(ArmRequest("Ann"))

    def walk(self, speed_mps: float = 1.0) -> None:
        """Arm, and bring the belts to a speed."""
        self.run(0.5)
        self.arm()
        self.ask(speed_mps)
        self.run(speed_mps / 0.5 + 1.0)
        assert self.state is State.RUNNING
        assert self.belts.left_speed_mps == pytest.approx(speed_mps, abs=0.002)

    @property
    def state(self) -> State:
        return self.gate.safety.state

    @property
    def reason(self) -> Reason:
        return self.gate.safety.reason

    @property
    def is_at_rest(self) -> bool:
        return self.belts.left_speed_mps == self.belts.right_speed_mps == 0.0


def walking(speed_mps: float = 1.0, limits: GateSettings = LIMITS) -> Lab:
    lab = Lab(limits)
    lab.walk(speed_mps)
    return lab


def rest_time_s(lab: Lab) -> float:
    """Let time pass until belts rest and the gate says so; return how long the belts moved."""
    moving_s = 0.0
    for _ in range(400):
        if lab.state is State.DISARMED and lab.is_at_rest:
            return moving_s
        lab.tick()
        moving_s += 0.0 if lab.is_at_rest else TICK_S
    pytest.fail(f"no rest: {lab.gate.safety}")


# Nothing starts by itself


def test_nothing_is_sent_on_connect():
    lab = Lab()
    lab.run(3.0)
    assert lab.sent == [] and lab.state is State.DISARMED and lab.reason is Reason.NOT_ARMED


def test_commands_move_nothing_while_disarmed():
    lab = Lab()
    lab.ask(1.0)
    lab.run(3.0)
    assert lab.sent == [] and lab.is_at_rest


def test_arming_alone_moves_nothing():
    lab = Lab()
    lab.run(0.5)
    lab.arm()
    lab.run(3.0)
    assert lab.state is State.ARMED and lab.gate.is_armed and lab.sent == []


def test_an_arming_that_nobody_uses_ends():
    lab = Lab()
    lab.run(0.5)
    lab.arm()
    lab.run(LIMITS.arming_unused_s - 2 * TICK_S)
    assert lab.state is State.ARMED
    lab.run(1.0)
    assert (lab.state, lab.reason) == (State.DISARMED, Reason.ARMING_UNUSED)
    assert "no command for the armed belts for 30" in lab.gate.safety.text
    lab.request = BeltRequest(1.0, 1.0, 0.5, "law")
    lab.run(1.0)
    assert lab.belts.left_speed_mps == 0.0


@pytest.mark.parametrize(
    "keep", [ArmRequest("operator"), BeltRequest(0.0, 0.0, 0.5, "law")], ids=["a second arming", "a command to rest"]
)
def test_commands_to_rest_and_a_second_arming_keep_it(keep):
    lab = Lab()
    lab.run(0.5)
    lab.arm()
    for _ in range(4):
        lab.run(0.5 * LIMITS.arming_unused_s)
        assert lab.state is State.ARMED, "before it is armed anew"
        lab.feed(keep)


def test_armed_belts_stay_at_rest_when_rest_is_asked_for():
    lab = Lab()
    lab.run(0.5)
    lab.arm()
    lab.ask(0.0)
    lab.run(1.0)
    assert lab.state is State.ARMED and lab.sent == []


def spoil_link(lab: Lab) -> None:
    lab.has_link = False
    lab.feed(LinkDown("cable"))


def spoil_status(lab: Lab) -> None:
    lab.has_status = False
    lab.run(0.7)


def spoil_operator(lab: Lab) -> None:
    lab.has_operator = False
    lab.run(1.2)


def spoil_command(lab: Lab) -> None:
    lab.ask(0.5)
    lab.run(0.1)


def spoil_time(lab: Lab) -> None:
    lab.now_s -= 100.0


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (spoil_link, "no link"),
        (spoil_status, "no status"),
        (spoil_operator, "no session"),
        (spoil_command, "asks for motion"),
        (spoil_time, "no status"),
    ],
)
def test_arming_is_refused_with_the_cause(spoil, words):
    lab = Lab()
    lab.run(0.5)
    spoil(lab)
    lab.arm()
    assert not lab.gate.is_armed and words in lab.gate.safety.text and "refused" in lab.gate.safety.text


def test_arming_is_refused_without_a_name():
    lab = Lab()
    lab.run(0.5)
    lab.feed(ArmRequest("  "))
    assert not lab.gate.is_armed and "operator" in lab.gate.safety.text


@pytest.mark.parametrize("incline_rad", [0.28, -0.02])
def test_arming_is_refused_beyond_the_incline_limits(incline_rad):
    lab = Lab()
    lab.feed(OperatorAlive())
    lab.feed(BeltReading(0.0, 0.0, incline_rad))
    lab.arm()
    assert not lab.gate.is_armed and "incline" in lab.gate.safety.text


def test_arming_is_refused_while_the_belts_come_to_rest():
    lab = walking()
    lab.feed(StopRequest("Ann"))
    lab.request = None
    lab.run(0.5)
    lab.arm()
    assert lab.state is State.STOPPING and "not at rest" in lab.gate.safety.text


def test_a_second_start_needs_a_second_arming():
    lab = walking()
    lab.ask(0.0)
    rest_time_s(lab)
    lab.ask(1.0)
    lab.run(2.0)
    assert lab.is_at_rest and lab.state is State.DISARMED and lab.reason is Reason.NOT_ARMED
    lab.request = None
    lab.run(0.5)
    lab.walk()


def test_arming_is_refused_after_a_meaningless_command():
    lab = Lab()
    lab.run(0.5)
    lab.feed(BeltRequest(math.nan, 0.0, 0.5, "law"))
    lab.arm()
    assert not lab.gate.is_armed and "asks for motion" in lab.gate.safety.text


def test_arming_is_refused_just_after_the_clock_went_back():
    lab = Lab()
    lab.run(0.5)
    lab.now_s -= 100.0
    lab.tick()
    lab.arm()
    assert not lab.gate.is_armed and "asks for motion" in lab.gate.safety.text
    lab.run(0.5)
    lab.arm()
    assert lab.gate.is_armed


def test_a_refusal_is_told_until_something_graver():
    lab = Lab()
    lab.arm()
    lab.run(0.5)
    assert "refused" in lab.gate.safety.text
    lab.feed(StopRequest("Ann"))
    assert "refused" not in lab.gate.safety.text


def test_each_arming_admits_its_own_source():
    lab = walking()
    lab.ask(9.0)
    lab.tick()
    lab.request = None
    rest_time_s(lab)
    lab.run(0.5)
    lab.arm()
    assert lab.gate.safety.level is Level.OK, "no warning is left over"
    lab.request = BeltRequest(0.5, 0.5, 0.5, "another law")
    lab.run(2.0)
    assert lab.belts.left_speed_mps == pytest.approx(0.5, abs=0.002)


# Every loss ends at rest, with its reason


def lose_commands(lab: Lab) -> None:
    lab.request = None


def lose_operator(lab: Lab) -> None:
    lab.has_operator = False


def lose_status(lab: Lab) -> None:
    lab.has_status = False


def press_stop(lab: Lab) -> None:
    lab.feed(StopRequest("Ann"))


def end_node(lab: Lab) -> None:
    lab.feed(Shutdown())


def turn_clock_back(lab: Lab) -> None:
    lab.now_s -= 3600.0


def freeze(lab: Lab) -> None:
    lab.now_s += 2.0
    lab.move_belts(2.0)


def ask_nan(lab: Lab) -> None:
    lab.ask(math.nan)


def ask_backward(lab: Lab) -> None:
    lab.ask(1.0, -0.1)


LOSSES = [
    (lose_commands, Reason.COMMAND_STALE, Level.RAMP_DOWN, 0.225),
    (lose_operator, Reason.OPERATOR_LOST, Level.RAMP_DOWN, 0.225),
    (press_stop, Reason.OPERATOR_STOP, Level.STOP, 0.0),
    (end_node, Reason.NODE_STOPPING, Level.RAMP_DOWN, 0.0),
    (turn_clock_back, Reason.COMMAND_STALE, Level.RAMP_DOWN, 0.05),
    (ask_nan, Reason.COMMAND_INVALID, Level.RAMP_DOWN, 0.05),
    (ask_backward, Reason.COMMAND_INVALID, Level.RAMP_DOWN, 0.05),
    (lose_status, Reason.STATUS_STALE, Level.RAMP_DOWN, 0.245),
]


@pytest.mark.parametrize(("lose", "reason", "level", "latest_s"), LOSSES)
def test_a_loss_ramps_down_in_time_and_says_why(lose, reason, level, latest_s):
    lab = walking()
    lost_s, sent_count = lab.now_s, len(lab.sent)
    lose(lab)
    lost_s = min(lost_s, lab.now_s)
    for _ in range(30):
        stops = [(at_s, setpoint) for at_s, setpoint in lab.sent[sent_count:] if setpoint.left_speed_mps == 0.0]
        if stops:
            break
        lab.tick()
    at_s, setpoint = stops[0]
    assert at_s - lost_s <= latest_s + 1e-6
    deceleration_mps2 = LIMITS.stop_deceleration_mps2 if level is Level.STOP else LIMITS.max_deceleration_mps2
    assert setpoint.acceleration_mps2 == deceleration_mps2 and setpoint.right_speed_mps == 0.0
    assert (lab.state, lab.reason, lab.gate.safety.level) == (State.STOPPING, reason, level)
    assert lab.gate.safety.text
    lab.has_status = lab.has_operator = True
    assert rest_time_s(lab) <= 1.0 / deceleration_mps2 + TICK_S + 1e-6
    assert lab.reason is reason, "the reason stays until an operator arms again"
    lab.ask(1.0)
    lab.run(1.0)
    assert lab.is_at_rest


@pytest.mark.parametrize(
    ("lose", "reason"), [(lose_operator, Reason.OPERATOR_LOST), (lose_status, Reason.STATUS_STALE)]
)
def test_a_loss_while_armed_disarms(lose, reason):
    lab = Lab()
    lab.run(0.5)
    lab.arm()
    lose(lab)
    lab.run(0.25)
    assert (lab.state, lab.reason) == (State.STOPPING, reason)
    assert {setpoint.left_speed_mps for _, setpoint in lab.sent} == {0.0}


def test_rest_is_reached_and_told_though_the_clock_goes_back_meanwhile():
    lab = walking()
    lab.feed(StopRequest("Ann"))
    lab.run(1.1)
    assert lab.is_at_rest and lab.state is State.STOPPING
    lab.now_s -= 3600.0
    lab.run(1.0)
    assert lab.state is State.DISARMED


@pytest.mark.parametrize("asked", [math.nan, math.inf, -math.inf, 0.0, -1.0, 0.0005])
def test_an_acceleration_without_meaning_ramps_down(asked):
    lab = walking()
    lab.ask(1.0, acceleration_mps2=asked)
    lab.tick()
    assert (lab.state, lab.reason) == (State.STOPPING, Reason.COMMAND_INVALID)


@pytest.mark.parametrize("asked_mps", [math.nan, math.inf, -math.inf, -0.001])
@pytest.mark.parametrize("is_left", [True, False])
def test_a_speed_without_meaning_ramps_down(asked_mps, is_left):
    lab = walking()
    lab.ask(*((asked_mps, 1.0) if is_left else (1.0, asked_mps)))
    lab.tick()
    assert (lab.state, lab.reason) == (State.STOPPING, Reason.COMMAND_INVALID)


def test_a_frozen_process_does_not_go_on_even_if_a_command_is_next():
    lab = walking(limits=GateSettings(command_stale_s=0.1))
    freeze_s = 0.15  # longer than a command lasts, shorter than the rest
    lab.now_s += freeze_s
    lab.move_belts(freeze_s)
    lab.feed(lab.request)
    assert (lab.state, lab.reason) == (State.STOPPING, Reason.COMMAND_STALE)


def test_a_late_tick_makes_no_jump():
    lab = walking(0.3)
    lab.ask(1.5, acceleration_mps2=0.6)
    lab.tick()
    before_mps = lab.sent[-1][1].left_speed_mps
    lab.now_s += 0.19
    lab.move_belts(0.19)
    lab.feed(lab.request)
    lab.feed(Tick())
    assert lab.sent[-1][1].left_speed_mps - before_mps <= 0.6 * (0.1 + TICK_S) + 1e-9


def test_nan_as_time_stops():
    lab = walking()
    setpoint = lab.gate.feed(math.nan, Tick())
    assert setpoint is not None and setpoint.left_speed_mps == 0.0 and lab.state is State.STOPPING


def test_unknown_things_are_refused_loudly():
    with pytest.raises(KeyError):
        BeltGate(LIMITS).feed(0.0, "go")


# Link


def test_a_lost_link_ramps_down_from_the_measured_speed_when_it_is_back():
    lab = walking()
    lab.has_link = False
    lab.feed(LinkDown("reset by peer"))
    assert (lab.state, lab.reason) == (State.STOPPING, Reason.LINK_LOST)
    assert "reset by peer" in lab.gate.safety.text and "cannot be told" in lab.gate.safety.text
    lab.run(1.0)
    assert lab.belts.left_speed_mps == pytest.approx(1.0), "the treadmill goes on while nobody can reach it"
    sent_count = len(lab.sent)
    lab.has_link = True
    lab.feed(LinkUp())
    assert len(lab.sent) == sent_count, "nothing before the first status: its incline is not known"
    assert rest_time_s(lab) <= 1.0 / LIMITS.max_deceleration_mps2 + 2 * TICK_S + 1e-6
    assert {setpoint.left_speed_mps for _, setpoint in lab.sent[sent_count:]} == {0.0}
    assert lab.reason is Reason.LINK_LOST


def test_a_link_renewed_unnoticed_counts_as_lost():
    lab = walking()
    lab.feed(LinkUp())
    assert (lab.state, lab.reason) == (State.STOPPING, Reason.LINK_LOST)


def test_a_stop_asked_for_without_a_link_is_kept_until_it_can_be_sent():
    lab = walking()
    lab.has_link = False
    lab.feed(LinkDown(""))
    lab.feed(StopRequest("Ann"))
    assert lab.reason is Reason.OPERATOR_STOP
    lab.run(1.0)
    lab.has_link = True
    lab.feed(LinkUp())
    lab.tick()
    assert lab.sent[-1][1].acceleration_mps2 == LIMITS.stop_deceleration_mps2 and lab.sent[-1][1].left_speed_mps == 0.0


def test_a_stop_is_sent_again_at_once_on_a_new_link():
    lab = walking()
    lab.feed(StopRequest("Ann"))
    lab.feed(LinkUp())
    sent_count = len(lab.sent)
    lab.feed(BeltReading(1.0, 1.0, 0.0))
    assert len(lab.sent) == sent_count + 1


def test_a_status_without_a_link_is_left_over_and_ignored():
    lab = Lab()
    lab.has_link = False
    lab.feed(LinkDown(""))
    lab.feed(BeltReading(1.0, 1.0, 0.0))
    assert lab.state is State.DISARMED


def test_a_restarted_gate_ramps_down_belts_that_it_finds_moving():
    lab = walking()
    sent_count = len(lab.sent)
    lab.start_gate()
    lab.tick()
    assert (lab.state, lab.reason) == (State.STOPPING, Reason.BELT_MOVING_UNARMED)
    rest_time_s(lab)
    assert {setpoint.left_speed_mps for _, setpoint in lab.sent[sent_count:]} == {0.0}


def test_a_restarted_gate_starts_nothing():
    lab = Lab()
    lab.ask(1.0)
    lab.start_gate()
    lab.run(2.0)
    assert lab.is_at_rest and lab.sent == []


def test_the_treadmill_finishes_the_ramp_when_the_process_dies_after_shutdown():
    lab = walking(1.5)
    setpoint = lab.feed(Shutdown())
    assert setpoint is not None
    lab.move_belts(1.5 / LIMITS.max_deceleration_mps2 + 0.01)
    assert lab.is_at_rest


def test_shutdown_repeats_a_stop_that_is_under_way():
    lab = walking()
    lab.feed(StopRequest("Ann"))
    setpoint = lab.feed(Shutdown())
    assert setpoint is not None and setpoint.acceleration_mps2 == LIMITS.stop_deceleration_mps2
    assert lab.reason is Reason.OPERATOR_STOP


def test_a_stop_that_the_treadmill_missed_is_repeated():
    lab = walking()
    lab.gate.feed(lab.now_s, StopRequest("Ann"))  # its bytes are lost
    assert rest_time_s(lab) <= 1.0 / LIMITS.stop_deceleration_mps2 + LIMITS.min_command_interval_s + 2 * TICK_S


def test_rest_is_not_believed_before_a_stop_was_sent():
    """A stop in the instant between a first small setpoint and the belt's first motion must not be skipped."""
    lab = Lab()
    lab.run(0.5)
    lab.arm()
    lab.feed(BeltRequest(0.5, 0.5, 0.5, "law"))
    lab.now_s += TICK_S
    lab.feed(Tick())
    assert lab.sent
    lab.feed(StopRequest("Ann"))
    lab.feed(BeltReading(0.0, 0.0, 0.0))
    assert lab.state is State.STOPPING and lab.sent[-1][1].left_speed_mps == 0.0
    rest_time_s(lab)


# Limits


def test_a_request_beyond_the_limits_is_limited_with_a_warning():
    lab = walking(1.0)
    lab.ask(9.0, acceleration_mps2=50.0)
    lab.run(3.0)
    assert (lab.gate.safety.level, lab.reason) == (Level.WARN, Reason.COMMAND_LIMITED)
    assert "9.000" in lab.gate.safety.text
    assert lab.belts.left_speed_mps == pytest.approx(LIMITS.max_speed_mps)
    lab.ask(1.2)
    lab.run(0.1)
    assert lab.reason is Reason.COMMAND_LIMITED, "until an operator has taken note of it"
    lab.arm()
    lab.run(0.1)
    assert (lab.state, lab.gate.safety.level, lab.reason) == (State.RUNNING, Level.OK, Reason.NONE)


def test_the_difference_between_the_belts_is_limited_on_the_faster_one():
    lab = walking(0.3)
    lab.ask(1.5, 0.3)
    lab.run(4.0)
    assert lab.belts.left_speed_mps == pytest.approx(1.3, abs=0.002)
    assert lab.belts.right_speed_mps == pytest.approx(0.3, abs=0.002)
    assert lab.reason is Reason.COMMAND_LIMITED


@pytest.mark.parametrize(("left_mps", "right_mps"), [(1.5, 1.5), (0.1, 0.1), (1.5, 0.5), (0.2, 0.9)])
def test_each_step_and_its_acceleration_keep_the_limits(left_mps, right_mps):
    limits = GateSettings(max_acceleration_mps2=0.4, max_deceleration_mps2=0.3)
    lab = walking(0.6, limits)
    sent_count = len(lab.sent)
    lab.ask(left_mps, right_mps, 2.0)
    lab.run(5.0)
    assert lab.belts.left_speed_mps == pytest.approx(left_mps, abs=0.002)
    assert lab.belts.right_speed_mps == pytest.approx(right_mps, abs=0.002)
    sent = lab.sent[sent_count - 1 :]
    for (before_s, before), (now_s, now) in pairwise(sent):
        duration_s = now_s - before_s
        assert duration_s >= limits.min_command_interval_s * 0.99
        for name in ("left_speed_mps", "right_speed_mps"):
            change_mps = getattr(now, name) - getattr(before, name)
            assert -0.3 * duration_s - 1e-9 <= change_mps <= 0.4 * duration_s + 1e-9
            if change_mps:
                assert now.acceleration_mps2 <= (0.4 if change_mps > 0 else 0.3)


@pytest.mark.parametrize("jerk_mps3", [1.0, 6.0])
def test_speeding_up_keeps_the_jerk(jerk_mps3):
    lab = walking(0.3, GateSettings(max_jerk_mps3=jerk_mps3))
    sent_count = len(lab.sent)
    lab.ask(1.2, 0.8, acceleration_mps2=0.6)
    lab.run(5.0)
    assert lab.belts.left_speed_mps == pytest.approx(1.2, abs=0.002)
    for name in ("left_speed_mps", "right_speed_mps"):
        told = [(at_s, getattr(setpoint, name)) for at_s, setpoint in lab.sent[sent_count - 1 :]]
        rates = [(after[1] - before[1]) / (after[0] - before[0]) for before, after in pairwise(told)]
        assert max(rates) > 0.55, "the limit of acceleration is reached"
        for before, after in pairwise([0.0, *rates]):
            step_mps2 = jerk_mps3 * lab.limits.min_command_interval_s
            assert -1.1 * step_mps2 <= after - before <= step_mps2 + 1e-6, "the last step takes what is left"


def test_a_belt_that_lags_catches_up_as_gently_as_belts_speed_up():
    """Commands were lost while it sped up; then less is asked for, and yet more than it does."""
    limits = GateSettings(max_acceleration_mps2=0.3, max_deceleration_mps2=0.6)
    lab = walking(0.5, limits)
    lab.ask(1.2)
    for _ in range(40):
        lab.now_s += TICK_S
        lab.feed(BeltReading(0.65, 0.65, 0.0))
        lab.feed(OperatorAlive())
        lab.feed(lab.request)
        lab.gate.feed(lab.now_s, Tick())
    lab.ask(0.7)
    for _ in range(4):
        lab.now_s += TICK_S
        lab.feed(BeltReading(0.65, 0.65, 0.0))
        lab.feed(OperatorAlive())
        lab.feed(lab.request)
        lab.feed(Tick())
    assert lab.state is State.RUNNING and lab.sent[-1][1].left_speed_mps > 0.65
    assert lab.sent[-1][1].acceleration_mps2 <= 0.3


def test_slowing_down_is_not_delayed():
    lab = walking(1.2, GateSettings(max_jerk_mps3=1.0))
    sent_count = len(lab.sent)
    lab.ask(0.6, acceleration_mps2=0.6)
    lab.run(0.5)
    assert lab.sent[sent_count][1].left_speed_mps <= 1.2 - 0.6 * TICK_S + 1e-9
    assert lab.sent[-1][1].left_speed_mps == pytest.approx(0.9, abs=0.06)


@pytest.mark.parametrize(("asked_mps", "found_mps"), [(-0.4, -0.4), (-2.0, -0.5)])
def test_backward_runs_only_where_it_is_enabled(asked_mps, found_mps):
    lab = walking(0.4)
    lab.ask(asked_mps)
    lab.tick()
    assert (lab.state, lab.reason) == (State.STOPPING, Reason.COMMAND_INVALID)
    lab = walking(0.4, GateSettings(max_backward_mps=0.5))
    sent_count = len(lab.sent)
    lab.ask(asked_mps)
    lab.run(4.0)
    assert lab.state is State.RUNNING
    assert lab.belts.left_speed_mps == lab.belts.right_speed_mps == pytest.approx(found_mps)
    for (before_s, before), (now_s, now) in pairwise(lab.sent[sent_count - 1 :]):
        assert abs(now.left_speed_mps - before.left_speed_mps) <= 0.6 * (now_s - before_s) + 1e-9
    lab.feed(BeltReading(-0.65, 0.0, 0.0))
    assert (lab.state, lab.reason) == (State.STOPPING, Reason.BELT_OVERSPEED)
    rest_time_s(lab)


def test_the_way_from_forward_to_backward_is_a_whole_ramp_to_rest_and_a_gentle_start():
    ramp = SetpointRamp(GateSettings(max_backward_mps=0.5), 0.0)
    told_mps = []
    for number in range(1, 100):
        wanted_mps = 0.2 if number <= 40 else -0.4
        ramp.step(number * TICK_S, BeltRequest(wanted_mps, wanted_mps, 0.6, "law"))
        told_mps.append(ramp.speeds_mps[0])
    changes_mps2 = [(after - before) / TICK_S for before, after in pairwise(told_mps)]
    assert changes_mps2[39] == pytest.approx(-0.6), "at once"
    begun = told_mps.index(0.0)
    assert changes_mps2[begun : begun + 3] == pytest.approx([-0.15, -0.3, -0.45])
    assert told_mps[-1] == pytest.approx(-0.4)


def test_the_difference_stays_limited_while_one_belt_is_still_gaining():
    lab = walking(0.6, GateSettings(max_jerk_mps3=1.0, max_belt_difference_mps=0.3))
    lab.ask(0.9, 0.6, acceleration_mps2=0.6)
    while lab.belts.left_speed_mps < 0.8:
        lab.tick()
    lab.ask(1.2, 1.2, acceleration_mps2=0.6)
    lab.run(3.0)
    assert lab.belts.right_speed_mps == pytest.approx(1.2, abs=0.002)
    differences_mps = [setpoint.left_speed_mps - setpoint.right_speed_mps for _, setpoint in lab.sent]
    assert max(differences_mps) == pytest.approx(0.3), "without the limit it would be more"


def test_the_difference_between_belts_that_run_against_each_other_is_limited():
    lab = walking(0.2, GateSettings(max_backward_mps=1.0, max_belt_difference_mps=0.6))
    lab.ask(0.9, -0.9)
    for _ in range(200):
        lab.tick()
        assert abs(lab.belts.left_speed_mps - lab.belts.right_speed_mps) <= 0.602
    assert lab.belts.left_speed_mps == -lab.belts.right_speed_mps == pytest.approx(0.3, abs=0.002)


def test_the_acceleration_asked_for_is_kept_below_the_limit():
    lab = walking(0.5)
    lab.ask(1.0, acceleration_mps2=0.1)
    lab.run(2.0)
    assert lab.belts.left_speed_mps == pytest.approx(0.7, abs=0.02)


def test_rest_on_command_keeps_the_deceleration_asked_for():
    lab = walking(1.0)
    lab.ask(0.0, acceleration_mps2=0.25)
    lab.tick()
    assert (lab.state, lab.gate.safety.level, lab.reason) == (State.STOPPING, Level.OK, Reason.NONE)
    assert lab.sent[-1][1].acceleration_mps2 == 0.25
    assert rest_time_s(lab) == pytest.approx(4.0, abs=0.15)


def test_rest_on_command_is_no_harder_than_allowed():
    lab = walking(1.0)
    lab.ask(0.0, acceleration_mps2=2.5)
    lab.tick()
    assert lab.sent[-1][1].acceleration_mps2 == LIMITS.max_deceleration_mps2


def test_rest_on_command_is_no_gentler_than_the_least():
    lab = walking(0.5)
    lab.ask(0.0, acceleration_mps2=LEAST_ACCELERATION_MPS2)
    assert rest_time_s(lab) <= 0.5 / LEAST_DECELERATION_MPS2 + 2 * TICK_S


@pytest.mark.parametrize("asked_mps", [0.0, 1.4])
def test_a_law_with_a_problem_is_ramped_down_at_the_gates_own_rate(asked_mps):
    lab = walking(1.0)
    lab.request = BeltRequest(asked_mps, asked_mps, LEAST_ACCELERATION_MPS2, "law", problem="the plates are silent")
    assert rest_time_s(lab) <= 1.0 / LIMITS.max_deceleration_mps2 + 2 * TICK_S
    assert (lab.gate.safety.level, lab.reason) == (Level.RAMP_DOWN, Reason.LAW_PROBLEM)
    assert "the plates are silent" in lab.gate.safety.text


@pytest.mark.parametrize("deceleration_mps2", [0.1, 0.6])
def test_a_treadmill_that_does_not_slow_down_is_told_of(deceleration_mps2):
    lab = walking(1.0)
    lab.is_deaf = True
    lab.ask(0.0, acceleration_mps2=deceleration_mps2)
    lab.run(0.2 / deceleration_mps2 + LIMITS.follow_stale_s - 0.2)
    assert lab.gate.safety.level is Level.OK
    lab.run(0.6)
    assert (lab.state, lab.gate.safety.level, lab.reason) == (State.STOPPING, Level.STOP, Reason.BELT_NOT_SLOWING)
    assert "measured left 1.000" in lab.gate.safety.text and "treadmill's own stop" in lab.gate.safety.text
    lab.is_deaf = False
    rest_time_s(lab)
    assert lab.reason is Reason.BELT_NOT_SLOWING


def test_a_ramp_to_rest_is_not_late_because_the_clock_went_back():
    lab = walking(1.4)
    lab.request = None
    for jump_s in (-5.0, -1000.0):
        lab.run(0.4)
        lab.now_s += jump_s
    rest_time_s(lab)
    assert lab.reason is Reason.COMMAND_STALE


def test_a_steady_command_keeps_both_limits_of_acceleration():
    lab = walking(0.5, GateSettings(max_acceleration_mps2=0.3))
    lab.ask(0.5, acceleration_mps2=3.0)
    lab.run(0.5)
    assert lab.sent[-1][1].acceleration_mps2 == 0.3


def test_rest_on_command_is_hastened_when_the_commands_cease():
    lab = walking(1.0)
    lab.ask(0.0, acceleration_mps2=0.01)
    lab.run(1.0)
    assert lab.gate.safety.level is Level.OK
    lab.request = None
    assert rest_time_s(lab) <= 0.25 + 1.0 / LIMITS.max_deceleration_mps2 + TICK_S
    assert lab.reason is Reason.COMMAND_STALE


@pytest.mark.parametrize("speed_mps", [1.7, -0.2])
def test_measured_beyond_the_limits_stops_hard(speed_mps):
    lab = walking()
    lab.feed(BeltReading(1.0, speed_mps, 0.0))
    assert (lab.state, lab.reason, lab.gate.safety.level) == (State.STOPPING, Reason.BELT_OVERSPEED, Level.STOP)


def test_belts_stopped_at_the_treadmill_do_not_start_again_by_themselves():
    """Somebody used the treadmill's own stop; when it is released, no command may still ask for speed."""
    lab = walking()
    for _ in range(round(1.25 / TICK_S)):
        lab.now_s += TICK_S
        lab.feed(BeltReading(0.0, 0.0, 0.0))
        lab.feed(OperatorAlive())
        lab.feed(lab.request)
        lab.feed(Tick())
    assert lab.reason is Reason.BELT_NOT_FOLLOWING and lab.sent[-1][1].left_speed_mps == 0.0


def test_one_status_that_is_right_among_many_that_are_wrong_is_no_proof():
    lab = walking(0.5)
    lab.has_status = False
    for number in range(60):
        lab.feed(BeltReading(*([0.5] * 2 if number % 20 == 0 else [1.2] * 2), 0.0))
        lab.tick()
    assert (lab.state, lab.reason) == (State.STOPPING, Reason.BELT_NOT_FOLLOWING)


def test_a_nudge_at_rest_does_not_take_the_place_of_a_graver_cause():
    lab = walking()
    lab.feed(BeltReading(1.0, 1.7, 0.0))
    rest_time_s(lab)
    lab.feed(BeltReading(0.03, 0.03, 0.0))
    assert lab.state is State.STOPPING and "measured left 0.030" in lab.gate.safety.text
    assert lab.sent[-1][1].acceleration_mps2 == LIMITS.max_deceleration_mps2
    lab.feed(StopRequest("Ann"))
    assert lab.sent[-1][1].acceleration_mps2 == LIMITS.stop_deceleration_mps2
    rest_time_s(lab)
    assert (lab.gate.safety.level, lab.reason) == (Level.STOP, Reason.BELT_OVERSPEED), "until an operator arms again"
    lab.request = None
    lab.run(0.5)
    lab.arm()
    lab.has_operator = False
    lab.run(0.3)
    assert lab.reason is Reason.OPERATOR_LOST


def test_belts_moved_by_others_while_armed_are_brought_to_rest():
    lab = Lab()
    lab.run(0.5)
    lab.arm()
    lab.feed(BeltReading(0.3, 0.0, 0.0))
    assert (lab.state, lab.reason) == (State.STOPPING, Reason.BELT_MOVING_UNARMED)
    assert lab.sent[-1][1].left_speed_mps == 0.0


@pytest.mark.parametrize("field", ["left_speed_mps", "right_speed_mps", "incline_rad"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_status_with_a_value_missing_is_no_status(field, value):
    lab = walking()
    lab.has_status = False
    for _ in range(12):
        lab.tick()
        lab.feed(BeltReading(**{"left_speed_mps": 1.0, "right_speed_mps": 1.0, "incline_rad": 0.0, field: value}))
    assert lab.reason is Reason.STATUS_STALE
    assert all(math.isfinite(setpoint.incline_rad) for _, setpoint in lab.sent)


# Incline


def deck_at(incline_rad: float) -> Lab:
    lab = Lab()
    lab.treadmill.feed(bertec_classic.Driver(bertec_classic.Settings()).command(BeltSetpoint(0, 0, 1, incline_rad)))
    lab.move_belts(30.0)
    return lab


def test_every_command_echoes_the_measured_incline():
    lab = deck_at(0.1)
    lab.walk()
    lab.feed(StopRequest("Ann"))
    rest_time_s(lab)
    assert all(setpoint.incline_rad == pytest.approx(0.1, abs=0.001) for _, setpoint in lab.sent)
    assert lab.belts.incline_rad == pytest.approx(0.1, abs=0.001)


def test_noise_of_the_measured_incline_is_not_commanded():
    lab = walking()
    lab.has_status = False
    for number in range(50):
        lab.feed(BeltReading(1.0, 1.0, 0.004 * (number % 3 > 0)))
        lab.tick()
    assert lab.state is State.RUNNING
    assert {setpoint.incline_rad for _, setpoint in lab.sent} == {0.0}


def test_one_wrong_status_does_not_move_the_deck():
    lab = walking()
    lab.feed(BeltReading(1.0, 1.0, 0.21))
    lab.has_status = False
    lab.run(1.0)
    assert lab.reason is Reason.STATUS_STALE
    assert {setpoint.incline_rad for _, setpoint in lab.sent} == {0.0}


def test_a_deck_beyond_its_limits_under_a_walker_ramps_down():
    lab = walking()
    lab.has_status = False
    for _ in range(3):
        lab.feed(BeltReading(1.0, 1.0, 0.3))
        lab.tick()
    assert (lab.state, lab.reason) == (State.STOPPING, Reason.INCLINE_BEYOND)
    assert "0.300 rad" in lab.gate.safety.text


@pytest.mark.parametrize(("measured_rad", "sent_rad"), [(0.5, 0.24), (-0.3, 0.0)])
def test_no_incline_beyond_the_limits_is_sent(measured_rad, sent_rad):
    lab = Lab()
    lab.feed(BeltReading(1.0, 1.0, measured_rad))
    assert lab.sent[-1][1].incline_rad == sent_rad


# Sources


def test_a_second_source_is_refused_and_named_and_the_first_keeps_control():
    lab = walking()
    for _ in range(10):
        lab.feed(BeltRequest(0.2, 0.2, 0.6, "intruder"))
        lab.feed(BeltRequest(math.nan, 0.0, 0.6, "intruder"))
        lab.tick()
    assert (lab.gate.safety.level, lab.reason) == (Level.WARN, Reason.SECOND_SOURCE)
    assert "intruder" in lab.gate.safety.text and "law" in lab.gate.safety.text
    assert lab.belts.left_speed_mps == pytest.approx(1.0, abs=0.002)
    lab.feed(ArmRequest(" "))
    assert lab.gate.safety.level is Level.WARN, "nobody has taken note of it"
    lab.arm()
    assert lab.gate.safety.level is Level.OK


def test_a_second_source_does_not_keep_the_first_ones_command_fresh():
    lab = walking()
    lab.request = BeltRequest(1.0, 1.0, 0.5, "intruder")
    lab.run(0.3)
    assert (lab.state, lab.reason) == (State.STOPPING, Reason.COMMAND_STALE)


# Causes among each other, and the tables


def test_the_graver_cause_counts_and_of_equal_ones_the_first():
    lab = walking()
    lab.request = None
    lab.run(0.3)
    lab.has_operator = False
    lab.run(1.2)
    assert lab.reason is Reason.COMMAND_STALE
    lab.feed(StopRequest("Ann"))
    assert lab.reason is Reason.OPERATOR_STOP
    assert lab.sent[-1][1].acceleration_mps2 == LIMITS.stop_deceleration_mps2
    lab.feed(Shutdown())
    assert lab.reason is Reason.OPERATOR_STOP


def test_every_reason_to_stop_has_a_level_and_every_watch_a_reason():
    assert set(LEVELS) | set(WARNINGS) == set(Reason) - {Reason.NOT_ARMED}
    assert set(WATCHED) == set(State)
    assert all(LEVELS[reason] >= Level.RAMP_DOWN for reasons in WATCHED.values() for reason in reasons)


def test_a_stop_gentler_than_a_ramp_is_refused():
    with pytest.raises(ValueError, match="stop_deceleration_mps2"):
        GateSettings(max_deceleration_mps2=2.0, stop_deceleration_mps2=1.0)


def test_the_safety_page_names_every_reason_and_tests_that_exist():
    root = Path(__file__).parent.parent
    page = (root.parent / "docs" / "safety.md").read_text()
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| ([A-Z_, ]+) \|", page, re.MULTILINE))
    levels = {reason.name: ["WARN"] for reason in WARNINGS} | {"NOT_ARMED": ["RAMP_DOWN"]}
    for reason, level in LEVELS.items():
        levels.setdefault(reason.name, []).append(level.name)
    assert rows == {name: ", ".join(words) for name, words in levels.items()}
    tests = "".join(path.read_text() for path in root.rglob("test_*.py"))
    for name in re.findall(r"`(test_\w+?)_?…?`", page):
        assert f"def {name}" in tests, f"docs/safety.md names {name}, which is no test"
