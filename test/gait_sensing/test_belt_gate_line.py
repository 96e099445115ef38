# SPDX-License-Identifier: Apache-2.0
"""The belt gate before treadmills that take no acceleration and stop when nobody speaks, over their real bytes.

Time, wires and belts are simulated; host and treadmill take turns as ``treadmill_node`` and the treadmill do.
"""

import math
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gait_sensing.belt_gate.gate import BeltGate
from gait_sensing.belt_gate.limits import GateSettings, fitted
from gait_sensing.belt_gate.states import (
    TICK_S,
    ArmRequest,
    BeltRequest,
    Level,
    LinkDown,
    LinkUp,
    OperatorAlive,
    Reason,
    Refused,
    Shutdown,
    State,
    StopRequest,
    Tick,
)
from gait_sensing.belt_wires import BeltWires
from gait_sensing.samples import BeltReading, BeltSetpoint
from gait_sensing.treadmill_line_emulator import RAMP_MPS2, TIMER_S
from gait_sensing.treadmills import trackmaster, woodway_us

STEP_MPS = 0.044704
WISHED = GateSettings(max_speed_mps=1.5)
BOTH_DIALECTS = pytest.mark.parametrize("part", [trackmaster, woodway_us])


class Lab:
    """Gate, one driver for each wire, and emulated belts; an answer reaches the host one tick after its question."""

    def __init__(self, part: ModuleType = trackmaster, wire_count: int = 1, wished: GateSettings = WISHED) -> None:
        self.part, self.wished = part, wished
        self.now_s = 1_700_000_000.0
        self.treadmills = [part.Emulator(part.Settings()) for _ in range(wire_count)]
        self.answers = [b""] * wire_count
        self.speeds_mps = [0.0] * wire_count
        self.sent: list[tuple[float, BeltSetpoint]] = []
        self.request: BeltRequest | None = None
        self.has_link = self.has_answers = self.has_operator = True
        self.arm_count = 0
        self.lost_write_count = 0  # of the next ones
        self.corrupt = lambda data: data  # what the wire does to bytes for the treadmill
        self.start_host()

    def start_host(self) -> None:
        """Start the treadmill node, as after a respawn."""
        self.belts = BeltWires([self.part.Driver(self.part.Settings()) for _ in self.treadmills])
        self.limits = fitted(self.wished, self.belts)
        self.gate = BeltGate(self.limits, self.belts.has_acceleration)
        if self.has_link:
            self.open_link()

    def open_link(self) -> None:
        self.has_link = True
        self.answers = [b""] * len(self.treadmills)
        self.write([driver.connect() for driver in self.belts.drivers])
        self.feed(LinkUp())

    def break_link(self) -> None:
        self.has_link = False
        self.feed(LinkDown("plug"))

    def write(self, messages: list[bytes]) -> None:
        assert self.has_link or not any(messages)
        for wire, message in enumerate(messages):
            if self.lost_write_count and message:
                self.lost_write_count -= 1
                continue
            before = self.treadmills[wire].start_count
            self.answers[wire] += self.treadmills[wire].feed(self.corrupt(message))
            if self.treadmills[wire].start_count > before:
                self.on_start()

    def on_start(self) -> None:
        assert self.gate.safety.state is State.RUNNING, "a belt is started in no other state"

    def feed(self, thing: object) -> None:
        setpoint = self.gate.feed(self.now_s, thing)
        if isinstance(thing, ArmRequest):
            self.arm_count += self.gate.is_armed
        if setpoint is None:
            return
        try:
            messages = self.belts.command(setpoint, self.now_s)
        except ValueError as error:
            self.feed(Refused(str(error)))
            return
        self.sent.append((self.now_s, setpoint))
        self.write(messages)

    def move(self, duration_s: float) -> None:
        """Let the belts move on alone."""
        self.now_s += duration_s
        readings = [treadmill.advance(duration_s) for treadmill in self.treadmills]
        self.speeds_mps = [reading.left_speed_mps for reading in readings]

    def hear(self) -> None:
        """Take what has come from the treadmill."""
        for wire, driver in enumerate(self.belts.drivers):
            data, self.answers[wire] = self.answers[wire], b""
            if self.has_link and self.has_answers:
                readings = self.belts.feed(wire, data, self.now_s)
                for thing in (*self.belts.reports(), *readings):
                    self.feed(thing)
                rest = [b""] * len(self.treadmills)
                rest[wire] = driver.pending()
                self.write(rest)

    def tick(self) -> None:
        self.move(TICK_S)
        self.hear()
        if self.has_operator:
            self.feed(OperatorAlive())
        if self.request is not None:
            self.feed(self.request)
        self.feed(Tick())
        if self.has_link:
            self.write(self.belts.poll(self.now_s))

    def run(self, duration_s: float) -> None:
        for _ in range(round(duration_s / TICK_S)):
            self.tick()

    def ask(self, left_mps: float, right_mps: float | None = None, acceleration_mps2: float = 0.5) -> None:
        self.request = BeltRequest(left_mps, left_mps if right_mps is None else right_mps, acceleration_mps2, "law")

    def walk(self, speed_mps: float = 1.0) -> None:
        self.run(1.0)
        self.feed(ArmRequest("Ann"))
        self.ask(speed_mps)
        self.run(speed_mps / 0.5 + 1.0)
        assert self.state is State.RUNNING, self.gate.safety
        assert self.speeds_mps == pytest.approx([speed_mps] * len(self.speeds_mps), abs=0.51 * STEP_MPS)

    @property
    def state(self) -> State:
        return self.gate.safety.state

    @property
    def reason(self) -> Reason:
        return self.gate.safety.reason

    @property
    def is_at_rest(self) -> bool:
        return not any(self.speeds_mps)


def walking(part: ModuleType = trackmaster, speed_mps: float = 1.0, wire_count: int = 1) -> Lab:
    lab = Lab(part, wire_count)
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
    pytest.fail(f"no rest: {lab.gate.safety}, {lab.speeds_mps}")


@BOTH_DIALECTS
def test_nothing_moves_on_connect_on_polls_or_on_arming(part: ModuleType) -> None:
    lab = Lab(part)
    lab.run(3.0)
    lab.feed(ArmRequest("Ann"))
    lab.run(3.0)
    assert lab.state is State.ARMED
    assert (lab.sent, lab.treadmills[0].start_count, lab.is_at_rest) == ([], 0, True)


def test_statuses_come_often_enough_to_run_for_a_minute() -> None:
    lab = walking()
    lab.run(60.0)
    assert (lab.state, lab.gate.safety.level) == (State.RUNNING, Level.OK)
    assert lab.treadmills[0].start_count == 1


@BOTH_DIALECTS
@pytest.mark.parametrize(
    ("stop", "deceleration_mps2"), [(StopRequest("Ann"), 1.0), (Shutdown(), 0.6)], ids=["operator", "node"]
)
def test_rest_is_reached_in_steps_at_the_deceleration(part: ModuleType, stop: object, deceleration_mps2: float) -> None:
    lab = walking(part, 1.45)
    sent_count = len(lab.sent) - 1
    lab.request = None
    lab.feed(stop)
    moving_s = rest_time_s(lab)
    speeds_mps = [setpoint.left_speed_mps for _, setpoint in lab.sent[sent_count:]]
    lead_s = lab.limits.min_command_interval_s  # of the first, so that no rounding hides it
    for (before_s, before), (at_s, after) in zip(lab.sent[sent_count:], lab.sent[sent_count + 1 :], strict=False):
        drop_mps = before.left_speed_mps - after.left_speed_mps
        assert 0.0 <= drop_mps <= deceleration_mps2 * (at_s - before_s + lead_s) + 1e-6
        lead_s = 0.0
    assert speeds_mps[0] > 1.4 and speeds_mps[-1] == 0.0
    assert moving_s == pytest.approx(1.45 / deceleration_mps2, abs=0.25)


@pytest.mark.parametrize("ticks", range(1, 5))
def test_a_ramp_to_rest_begins_no_faster_than_was_told_last(ticks: int) -> None:
    lab = walking(speed_mps=0.5)
    lab.ask(1.4)
    lab.run(0.4 + ticks * TICK_S)
    told_mps = lab.sent[-1][1].left_speed_mps
    lab.ask(0.0, acceleration_mps2=0.01)
    lab.tick()
    assert lab.state is State.STOPPING and lab.sent[-1][1].left_speed_mps < told_mps


def test_rest_on_command_keeps_the_deceleration_asked_for() -> None:
    lab = walking()
    lab.ask(0.0, acceleration_mps2=0.25)
    assert rest_time_s(lab) == pytest.approx(4.0, abs=0.3)
    assert lab.reason is Reason.NOT_ARMED


@pytest.mark.parametrize(
    ("lose", "reason", "at_most_s"),
    [
        (lambda lab: setattr(lab, "request", None), Reason.COMMAND_STALE, 0.25),
        (lambda lab: setattr(lab, "has_operator", False), Reason.OPERATOR_LOST, 0.25),
        (lambda lab: setattr(lab, "has_answers", False), Reason.STATUS_STALE, 0.25),
        (lambda lab: lab.ask(math.nan), Reason.COMMAND_INVALID, 0.05),
    ],
)
def test_a_loss_ramps_down_and_says_why(lose, reason, at_most_s) -> None:
    lab = walking()
    lose(lab)
    lab.run(at_most_s + 1.0 / 0.6 + 0.2)
    assert lab.is_at_rest
    lab.has_answers = True
    rest_time_s(lab)
    assert lab.reason is reason


@BOTH_DIALECTS
def test_a_dead_host_leaves_the_belt_at_rest(part: ModuleType) -> None:
    lab = walking(part, 1.45)
    lab.move(TIMER_S + 1.475 / RAMP_MPS2)
    assert lab.is_at_rest


def test_a_host_that_dies_during_a_ramp_leaves_the_belt_at_rest() -> None:
    lab = walking(speed_mps=1.45)
    lab.feed(StopRequest("Ann"))
    lab.run(0.5)
    assert lab.speeds_mps[0] > 0.5
    lab.move(TIMER_S + 1.475 / RAMP_MPS2)
    assert lab.is_at_rest


def test_a_gate_that_hangs_stops_the_belt_though_its_reader_goes_on() -> None:
    """The reader's thread feeds the gate and answers the driver, but asks nothing."""
    lab = walking()
    for _ in range(60):
        lab.move(TICK_S)
        lab.hear()
    lab.move(1.0)
    assert lab.is_at_rest


def test_after_a_freeze_beyond_the_timer_nothing_starts_again() -> None:
    lab = walking()
    lab.move(0.8)
    rest_time_s(lab)
    lab.run(2.0)
    assert lab.is_at_rest
    assert lab.treadmills[0].start_count == 1


def test_a_belt_stopped_at_its_panel_stays_so_and_it_is_said() -> None:
    lab = walking()
    lab.treadmills[0].press_stop()
    lab.run(0.6)
    assert (lab.state, lab.reason, lab.gate.safety.level) == (State.STOPPING, Reason.STOP_INPUT, Level.STOP)
    assert "stopped by itself" in lab.gate.safety.text
    lab.run(3.0)
    assert lab.is_at_rest and lab.state is State.DISARMED
    assert lab.treadmills[0].start_count == 1
    assert {setpoint.left_speed_mps for _, setpoint in lab.sent[-3:]} == {0.0}


def test_a_belt_that_stands_during_a_ramp_is_told_no_more_than_it_does() -> None:
    lab = walking(speed_mps=1.45)
    lab.feed(StopRequest("Ann"))
    lab.feed(BeltReading(0.0, 0.0, 0.0))
    assert lab.sent[-1][1].left_speed_mps > 1.0, "this reading comes between two commands"
    lab.run(0.1)
    assert lab.sent[-1][1].left_speed_mps == 0.0


def test_a_belt_that_stands_is_told_zero_by_the_first_command_of_a_stop() -> None:
    lab = walking()
    lab.feed(BeltReading(0.0, 0.0, 0.0))
    lab.feed(StopRequest("Ann"))
    assert lab.sent[-1][1].left_speed_mps == 0.0


def test_what_the_driver_refuses_becomes_zero_at_once() -> None:
    lab = walking()
    setpoint = lab.gate.feed(lab.now_s, Refused("why"))
    assert setpoint is not None and setpoint.left_speed_mps == 0.0
    assert (lab.state, lab.reason) == (State.STOPPING, Reason.BELT_NOT_FOLLOWING)
    assert "why" in lab.gate.safety.text
    assert lab.gate.feed(lab.now_s, Refused("zero too")) is None, "told again when its turn comes"


def test_a_refusal_during_a_ramp_ends_it() -> None:
    lab = walking()
    lab.feed(StopRequest("Ann"))
    setpoint = lab.gate.feed(lab.now_s, Refused("why"))
    assert setpoint is not None and setpoint.left_speed_mps == 0.0
    assert lab.reason is Reason.OPERATOR_STOP


def test_a_belt_that_stands_early_is_not_called_at_rest_before_zero_was_told() -> None:
    lab = walking(speed_mps=0.15)
    lab.ask(0.0, acceleration_mps2=0.1)
    lab.tick()
    told_mps = [lab.sent[-1][1].left_speed_mps]
    while lab.state is not State.DISARMED:
        lab.now_s += TICK_S
        for thing in (OperatorAlive(), lab.request, BeltReading(0.0, 0.0, 0.0), Tick()):
            setpoint = lab.gate.feed(lab.now_s, thing)
            told_mps += [setpoint.left_speed_mps] if setpoint else []
    assert told_mps[0] > 0.1 and told_mps[-1] == 0.0


def test_a_link_that_comes_back_gets_zero_at_once() -> None:
    lab = walking()
    lab.break_link()
    lab.move(0.2)
    lab.open_link()
    sent_count = len(lab.sent)
    lab.run(1.5)
    assert lab.is_at_rest and lab.reason is Reason.LINK_LOST
    assert {setpoint.left_speed_mps for _, setpoint in lab.sent[sent_count:]} == {0.0}
    assert lab.treadmills[0].start_count == 1


def test_a_restarted_node_finds_the_belt_moving_and_tells_it_to_rest() -> None:
    lab = walking()
    lab.start_host()
    lab.run(0.3)
    assert lab.reason is Reason.BELT_MOVING_UNARMED
    lab.run(1.5)
    assert lab.is_at_rest and lab.treadmills[0].start_count == 1


def test_rest_is_not_believed_before_it_was_told() -> None:
    lab = walking(speed_mps=0.1)
    lab.feed(StopRequest("Ann"))
    while lab.state is not State.DISARMED:
        lab.tick()
    assert lab.sent[-1][1].left_speed_mps == 0.0
    assert lab.treadmills[0].state == b"1"


def test_no_setpoint_rounds_to_more_than_the_limit() -> None:
    lab = walking()
    lab.ask(3.0)
    for _ in range(200):
        lab.tick()
        assert lab.speeds_mps[0] <= 1.5
    assert lab.speeds_mps[0] == pytest.approx(1.475, abs=0.001)
    assert lab.reason is Reason.COMMAND_LIMITED


def test_one_belt_gets_the_slower_of_two_speeds_with_a_warning() -> None:
    lab = walking()
    lab.ask(1.2, 0.8)
    lab.run(2.0)
    assert (lab.gate.safety.level, lab.reason) == (Level.WARN, Reason.COMMAND_LIMITED)
    assert "left 1.200, right 0.800 m/s and gets 0.800, 0.800" in lab.gate.safety.text
    assert lab.speeds_mps == pytest.approx([0.8], abs=STEP_MPS)


def test_two_wires_drive_two_belts() -> None:
    lab = walking(woodway_us, wire_count=2)
    lab.ask(1.2, 0.8)
    lab.run(2.0)
    assert lab.state is State.RUNNING and lab.gate.safety.level is Level.OK
    assert lab.speeds_mps == pytest.approx([1.2, 0.8], abs=STEP_MPS)
    lab.treadmills[1].press_stop()
    lab.run(4.0)
    assert lab.is_at_rest and lab.reason is Reason.STOP_INPUT
    assert [treadmill.start_count for treadmill in lab.treadmills] == [1, 1]


def test_one_silent_belt_of_two_stops_both() -> None:
    lab = walking(woodway_us, wire_count=2)
    lab.treadmills[1].feed = lambda data: b""  # its line is dead
    lab.run(4.0)
    assert lab.is_at_rest and lab.reason is Reason.STATUS_STALE


@BOTH_DIALECTS
@settings(derandomize=True, deadline=None, max_examples=150)
@given(at=st.integers(0, 600), flips=st.integers(0, 255), length=st.integers(1, 6))
def test_bytes_corrupted_or_lost_on_the_way_never_run_away(part: ModuleType, at: int, flips: int, length: int) -> None:
    """``flips`` of 0 loses bytes. A wrong speed lasts until the next command, and the treadmill ramps meanwhile."""
    lab = Lab(part)
    byte_count = 0

    def corrupt(data: bytes) -> bytes:
        nonlocal byte_count
        found = b""
        for byte in data:
            is_hit = at <= byte_count < at + length
            found += bytes([byte]) if not is_hit else bytes([byte ^ flips]) if flips else b""
            byte_count += 1
        return found

    lab.corrupt, lab.on_start = corrupt, lambda: None
    lab.run(0.5)
    lab.feed(ArmRequest("Ann"))
    lab.ask(1.4)
    for _ in range(240):
        lab.tick()
        assert abs(lab.speeds_mps[0]) <= lab.limits.max_speed_mps + 0.3 * RAMP_MPS2
    assert byte_count > 0
    lab.request = None
    lab.run(4.5)
    assert lab.is_at_rest
    assert lab.state is State.DISARMED
    assert lab.gate.safety.text


LIMITS = GateSettings(
    max_speed_mps=1.2, max_acceleration_mps2=0.5, max_deceleration_mps2=0.7, max_belt_difference_mps=0.6
)
STATED_S = (
    0.5  # until a new link has told state, elevation and speed
    + LIMITS.operator_stale_s  # until the last input is stale
    + 1.2 / 0.7  # the ramp
    + 3 * 0.1  # commands that wait for their turn, and one that is lost
    + 0.4  # a status after the last motion
    + LIMITS.rest_hold_s
    + 0.4  # and the one that ends the hold
)


class LineMachine(RuleBasedStateMachine):
    part = trackmaster
    wire_count = 1

    @initialize()
    def start(self) -> None:
        self.lab = Lab(self.part, self.wire_count, LIMITS)
        self.check_count = 0
        self.was_rest_told = True

    @rule(ticks=st.integers(1, 60))
    def run(self, ticks: int) -> None:
        for _ in range(ticks):
            self.lab.tick()
            self.check_belts()

    @rule(speed_mps=st.sampled_from([0.5, 1.2]))
    def arm_and_walk(self, speed_mps: float) -> None:
        """The good path, taken often enough for the rest to matter."""
        self.lab.request = None
        self.lab.has_operator = self.lab.has_answers = True
        self.run(30)
        self.lab.feed(ArmRequest("Ann"))
        self.lab.ask(speed_mps)
        self.run(40)

    @rule(left=st.floats(0.0, 2.0), right=st.floats(0.0, 2.0), acceleration=st.floats(0.001, 5.0))
    def ask(self, left: float, right: float, acceleration: float) -> None:
        self.lab.ask(left, right, acceleration)

    @rule(value=st.sampled_from([math.nan, math.inf, -1.0, 1e308]))
    def ask_nonsense(self, value: float) -> None:
        self.lab.feed(BeltRequest(value, 1.0, 0.5, "law"))

    @rule()
    def cease_to_ask(self) -> None:
        self.lab.request = None

    @rule()
    def arm(self) -> None:
        self.lab.feed(ArmRequest("Ann"))

    @rule()
    def press_stop(self) -> None:
        self.lab.feed(StopRequest("Ann"))

    @rule(wire=st.integers(0, 1))
    def press_stop_at_the_panel(self, wire: int) -> None:
        self.lab.treadmills[wire % self.wire_count].press_stop()

    @rule(is_alive=st.booleans())
    def operator(self, is_alive: bool) -> None:
        self.lab.has_operator = is_alive

    @rule(is_heard=st.booleans())
    def answers(self, is_heard: bool) -> None:
        self.lab.has_answers = is_heard

    @rule(data=st.binary(max_size=12), wire=st.integers(0, 1))
    def noise(self, data: bytes, wire: int) -> None:
        """From the treadmill's side, also what looks like answers."""
        self.lab.answers[wire % self.wire_count] += data

    @rule(at=st.integers(0, 11), flips=st.integers(1, 255), wire=st.integers(0, 1))
    def corrupt_answer(self, at: int, flips: int, wire: int) -> None:
        data = bytearray(self.lab.answers[wire % self.wire_count])
        if data:
            data[at % len(data)] ^= flips
            self.lab.answers[wire % self.wire_count] = bytes(data)

    @rule(count=st.integers(1, 4))
    def lose_writes(self, count: int) -> None:
        self.lab.lost_write_count = count

    @rule()
    def break_link(self) -> None:
        self.lab.break_link()

    @rule()
    def open_link(self) -> None:
        self.lab.open_link()

    @rule(duration_s=st.floats(0.0, 2.0))
    def freeze(self, duration_s: float) -> None:
        """The host hangs; the belts do not."""
        self.lab.move(duration_s)
        self.check_belts()

    @rule(jump_s=st.floats(-100.0, 100.0))
    def jump_clock(self, jump_s: float) -> None:
        self.lab.now_s += jump_s

    @rule(is_clean=st.booleans())
    def restart(self, is_clean: bool) -> None:
        if is_clean:
            self.lab.feed(Shutdown())
        self.lab.start_host()

    def check_belts(self) -> None:
        assert all(-1e-9 <= speed_mps <= LIMITS.max_speed_mps for speed_mps in self.lab.speeds_mps)

    @invariant()
    def starts_were_armed_for(self) -> None:
        for treadmill in self.lab.treadmills:
            assert treadmill.state != b"3"
            assert treadmill.start_count <= self.lab.arm_count

    @invariant()
    def no_motion_after_rest_but_by_a_new_run(self) -> None:
        for _, setpoint in self.lab.sent[self.check_count :]:
            speeds_mps = (setpoint.left_speed_mps, setpoint.right_speed_mps)
            assert all(0.0 <= speed_mps <= LIMITS.max_speed_mps for speed_mps in speeds_mps)
        self.check_count = len(self.lab.sent)
        assert self.lab.gate.safety.text

    def teardown(self) -> None:
        """The host dies, or all but the link fall silent: the belts rest within the stated time."""
        if not hasattr(self, "lab"):
            return
        lab = self.lab
        states, speeds_mps = [treadmill.state for treadmill in lab.treadmills], lab.speeds_mps
        if len(lab.sent) % 2:
            lab.move(TIMER_S + LIMITS.max_speed_mps / RAMP_MPS2)
            assert lab.is_at_rest, (states, speeds_mps)
            return
        lab.request, lab.has_operator, lab.has_answers, lab.lost_write_count = None, False, True, 0
        if not lab.has_link:
            lab.open_link()
        for _ in range(math.ceil(STATED_S / TICK_S)):
            lab.tick()
            self.check_belts()
        assert lab.is_at_rest
        assert lab.state is State.DISARMED


class WoodwayMachine(LineMachine):
    part = woodway_us


class PairMachine(LineMachine):
    part = woodway_us
    wire_count = 2


for machine in (LineMachine, WoodwayMachine, PairMachine):
    machine.TestCase.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
TestLineMachine, TestWoodwayMachine = LineMachine.TestCase, WoodwayMachine.TestCase
TestPairMachine = PairMachine.TestCase
