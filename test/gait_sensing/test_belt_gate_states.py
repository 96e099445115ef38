# SPDX-License-Identifier: Apache-2.0
"""The belt gate under arbitrary commands, losses, delays, restarts and jumps of time, against the emulated Bertec.

What must hold whatever happens: belts inside their envelope of speed, forward and backward, acceleration and
difference; no motion without an arming; setpoints that would keep the envelope, and the jerk, even on a treadmill that
jumps to them; a reason and a text for every stop; and rest within the stated time once everything falls silent.
``benchmarks/belt_gate_histories.py`` does the same with millions of inputs.
"""

import math

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gait_sensing.belt_gate.gate import (
    ArmRequest,
    BeltGate,
    BeltRequest,
    GateSettings,
    HarnessLoad,
    LinkDown,
    LinkUp,
    Misstep,
    OperatorAlive,
    PlateLoad,
    Shutdown,
    StopInput,
    StopRequest,
    Tick,
    Walker,
)
from gait_sensing.belt_gate.limits import LEAST_DECELERATION_MPS2
from gait_sensing.belt_gate.states import TICK_S, Level, Reason, State
from gait_sensing.samples import BeltReading, BeltSetpoint, TreadmillReport
from gait_sensing.treadmills import bertec_classic

LIMITS = GateSettings(
    max_speed_mps=1.2,
    max_backward_mps=0.4,
    max_acceleration_mps2=0.5,
    max_deceleration_mps2=0.7,
    max_belt_difference_mps=0.6,
)
ROUNDING_MPS = 0.0011  # the wire's unit is 1 mm/s
REST_S = LIMITS.max_speed_mps / LIMITS.max_deceleration_mps2
STATED_S = (
    LIMITS.operator_stale_s + TICK_S + 2 * LIMITS.min_command_interval_s + REST_S + LIMITS.rest_hold_s + 2 * TICK_S
)
SPEEDS_MPS = st.one_of(st.floats(-0.8, 2.0), st.sampled_from([0.0, -0.0, 0.7, 1.2]))
ACCELERATIONS_MPS2 = st.floats(0.001, 5.0)
LOADS_N = st.sampled_from([0.0, 5.0, 350.0, 700.0, -50.0, 1e9, math.nan, math.inf])
PLACES_M = st.sampled_from([0.0, 0.65, -0.8, 1e9, math.nan, math.inf])
AGES_S = st.sampled_from([0.0, 0.1, 0.3, -0.1, 1e9, math.nan])
BAD = st.sampled_from([math.nan, math.inf, -math.inf, -1.0, -1e-12, 1e308, -40.0])


class GateMachine(RuleBasedStateMachine):
    @initialize()
    def start(self) -> None:
        self.time_s = 1_700_000_000.0  # of the world
        self.clock_error_s = 0.0
        self.treadmill = bertec_classic.Emulator(bertec_classic.Settings())
        self.belts = BeltReading(0.0, 0.0, 0.0)
        self.asked: BeltRequest | None = None
        self.has_link = self.has_operator = self.has_status = True
        self.is_command_lost = False
        self.restart()

    def feed(self, thing: object) -> None:
        now_s = self.time_s + self.clock_error_s
        was_stopping = self.gate.safety.state is State.STOPPING
        setpoint = self.gate.feed(now_s, thing)
        is_armed = self.gate.is_armed
        if isinstance(thing, ArmRequest) and is_armed:
            self.is_motion_allowed = True
        if setpoint is not None:
            self.check(setpoint)
            packet = self.driver.command(setpoint)
            if not self.is_command_lost:
                self.treadmill.feed(packet)
            self.is_command_lost = False
        if not is_armed:
            self.is_motion_allowed = False
            assert self.gate.safety.text
        is_stop = isinstance(thing, StopRequest) or (isinstance(thing, StopInput) and not thing.may_run)
        if is_stop and self.gate.safety.state is State.STOPPING:
            assert self.gate.safety.level is Level.STOP
            assert setpoint is None or setpoint.acceleration_mps2 == LIMITS.stop_deceleration_mps2
        if self.gate.safety.state is State.STOPPING and not was_stopping:
            assert self.gate.safety.level is Level.OK or self.gate.safety.reason is not Reason.NONE

    def check(self, setpoint: BeltSetpoint) -> None:
        assert self.has_link and self.is_status_seen
        speeds_mps = (setpoint.left_speed_mps, setpoint.right_speed_mps)
        assert all(-LIMITS.max_backward_mps <= speed_mps <= LIMITS.max_speed_mps for speed_mps in speeds_mps)
        assert abs(speeds_mps[0] - speeds_mps[1]) <= LIMITS.max_belt_difference_mps + 1e-9
        least_mps2 = 0.0 if any(speeds_mps) else LEAST_DECELERATION_MPS2
        assert least_mps2 <= setpoint.acceleration_mps2 <= LIMITS.stop_deceleration_mps2
        assert 0.0 <= setpoint.incline_rad <= LIMITS.max_incline_rad
        if any(speeds_mps):
            assert self.is_motion_allowed and self.gate.safety.state is State.RUNNING
            self.check_change(setpoint, speeds_mps)
        else:
            self.rates_mps2 = [0.0, 0.0]
        self.sent_mps, self.sent_s = speeds_mps, self.time_s

    def check_change(self, setpoint: BeltSetpoint, speeds_mps: tuple[float, float]) -> None:
        since_s = min(self.time_s - self.sent_s, 10.0)
        for number, (before_mps, now_mps) in enumerate(zip(self.sent_mps, speeds_mps, strict=True)):
            rise_mps = abs(now_mps) - abs(before_mps)
            assert rise_mps <= LIMITS.max_acceleration_mps2 * since_s + 1e-6
            assert -rise_mps <= LIMITS.max_deceleration_mps2 * since_s + 1e-6
            if rise_mps > 0.0:
                assert setpoint.acceleration_mps2 <= LIMITS.max_acceleration_mps2
                growth_mps2 = rise_mps / since_s - self.rates_mps2[number]
                assert growth_mps2 <= LIMITS.max_jerk_mps3 * (since_s + LIMITS.min_command_interval_s) + 1e-6
            self.rates_mps2[number] = max(0.0, rise_mps) / max(since_s, 1e-9)

    def pass_time(self, duration_s: float) -> None:
        """Let the belts move on, and hold them to their envelope."""
        before = self.belts
        self.time_s += duration_s
        self.belts = self.treadmill.advance(duration_s)
        pairs = (
            (before.left_speed_mps, self.belts.left_speed_mps),
            (before.right_speed_mps, self.belts.right_speed_mps),
        )
        for was_mps, is_mps in pairs:
            assert -LIMITS.max_backward_mps - ROUNDING_MPS <= is_mps <= LIMITS.max_speed_mps + ROUNDING_MPS
            assert abs(is_mps) - abs(was_mps) <= LIMITS.max_acceleration_mps2 * duration_s + ROUNDING_MPS
            assert abs(was_mps) - abs(is_mps) <= LIMITS.stop_deceleration_mps2 * duration_s + ROUNDING_MPS
        difference_mps = abs(self.belts.left_speed_mps - self.belts.right_speed_mps)
        assert difference_mps <= LIMITS.max_belt_difference_mps + 2 * ROUNDING_MPS

    def tick(self) -> None:
        self.pass_time(TICK_S)
        if self.has_link and self.has_status:
            self.is_status_seen = True
            for reading in self.driver.feed(self.treadmill.encode(self.belts)):
                self.feed(reading)
        if self.has_operator:
            self.feed(OperatorAlive())
        if self.asked is not None:
            self.feed(self.asked)
        self.feed(Tick())

    @rule(ticks=st.integers(1, 80))
    def run(self, ticks: int) -> None:
        for _ in range(ticks):
            self.tick()

    @rule()
    def arm_and_walk(self) -> None:
        """The good path, taken often enough for the rest to matter."""
        self.asked = None
        self.has_operator = self.has_status = True
        for _ in range(16):
            self.tick()
        self.feed(ArmRequest("Ann"))
        self.asked = BeltRequest(1.0, 1.0, 0.5, "law")
        for _ in range(40):
            self.tick()

    @rule(
        left=SPEEDS_MPS,
        right=SPEEDS_MPS,
        acceleration=ACCELERATIONS_MPS2,
        source=st.sampled_from(["law", "law", "other"]),
        age_s=st.sampled_from([0.0, 0.0, 0.1, 0.3, -1.0, 1e9, math.nan]),
        problem=st.sampled_from(["", "", "", "why"]),
    )
    def ask(self, left: float, right: float, acceleration: float, source: str, age_s: float, problem: str) -> None:
        self.asked = BeltRequest(left, right, acceleration, source, age_s, problem)

    @rule(value=BAD, place=st.integers(0, 2))
    def ask_nonsense(self, value: float, place: int) -> None:
        values = [1.0, 1.0, 0.5]
        values[place] = value
        self.feed(BeltRequest(*values, "law"))

    @rule()
    def cease_to_ask(self) -> None:
        self.asked = None

    @rule(operator=st.sampled_from(["Ann", ""]))
    def arm(self, operator: str) -> None:
        self.feed(ArmRequest(operator))

    @rule()
    def press_stop(self) -> None:
        self.feed(StopRequest("Ann"))

    @rule(is_alive=st.booleans())
    def operator(self, is_alive: bool) -> None:
        self.has_operator = is_alive

    @rule(is_sent=st.booleans())
    def status(self, is_sent: bool) -> None:
        self.has_status = is_sent

    @rule(
        thing=st.one_of(
            st.builds(Walker, st.sampled_from([700.0, math.nan, 0.0]), st.booleans()),
            st.builds(PlateLoad, st.sampled_from(["left_belt", "right_belt", "other"]), LOADS_N, PLACES_M, AGES_S),
            st.builds(HarnessLoad, LOADS_N, AGES_S),
            st.builds(Misstep, st.booleans()),
            st.builds(StopInput, st.booleans()),
            st.builds(TreadmillReport, st.just("why"), st.booleans()),
        ),
        ticks=st.integers(0, 4),
    )
    def observe(self, thing: object, ticks: int) -> None:
        self.feed(thing)
        self.run(ticks)

    @rule()
    def watch_a_walker(self) -> None:
        """Plates and harness that tell of somebody in the middle, as often as they should."""
        for _ in range(8):
            for name in ("left_belt", "right_belt"):
                self.feed(PlateLoad(name, 350.0, 0.1))
            self.feed(HarnessLoad(10.0))
            self.tick()

    @rule()
    def lose_next_command(self) -> None:
        self.is_command_lost = True

    @rule()
    def break_link(self) -> None:
        self.has_link = False
        self.feed(LinkDown("cable"))

    @rule()
    def open_link(self) -> None:
        self.has_link, self.is_status_seen = True, False
        self.feed(LinkUp())

    @rule(duration_s=st.floats(0.0, 3.0))
    def freeze(self, duration_s: float) -> None:
        """The process hangs; the belts do not."""
        self.pass_time(duration_s)

    @rule(jump_s=st.floats(-100.0, 100.0))
    def jump_clock(self, jump_s: float) -> None:
        self.clock_error_s += jump_s

    @rule(value=st.sampled_from([math.nan, math.inf, -math.inf]))
    def break_clock(self, value: float) -> None:
        error_s, self.clock_error_s = self.clock_error_s, value
        self.feed(Tick())
        self.clock_error_s = error_s

    @rule(value=st.sampled_from([math.nan, math.inf]))
    def garble_status(self, value: float) -> None:
        self.feed(BeltReading(value, 0.0, 0.0))
        self.feed(BeltReading(0.0, 0.0, value))

    @rule(is_clean=st.booleans())
    def restart(self, is_clean: bool = False) -> None:
        if is_clean:
            self.feed(Shutdown())
        self.gate = BeltGate(LIMITS)
        self.driver = bertec_classic.Driver(bertec_classic.Settings())
        self.is_motion_allowed = self.is_status_seen = False
        self.sent_mps, self.sent_s, self.rates_mps2 = (0.0, 0.0), -math.inf, [0.0, 0.0]
        if self.has_link:
            self.feed(LinkUp())

    @invariant()
    def verdict_makes_sense(self) -> None:
        safety = self.gate.safety
        assert safety.text
        assert self.gate.is_armed == (safety.state in (State.ARMED, State.RUNNING))
        if safety.state is State.DISARMED:
            assert safety.level >= Level.RAMP_DOWN and safety.reason is not Reason.NONE
        if self.gate.is_armed:
            assert safety.level <= Level.WARN

    def teardown(self) -> None:
        """All fall silent, with the link as it is mended: the belts rest within the stated time, and it is known."""
        if not hasattr(self, "gate"):
            return
        self.asked, self.has_operator, self.has_status, self.is_command_lost = None, False, True, False
        if not self.has_link:
            self.open_link()
        for _ in range(math.ceil(STATED_S / TICK_S)):
            self.tick()
        assert self.belts.left_speed_mps == self.belts.right_speed_mps == 0.0
        assert self.gate.safety.state is State.DISARMED


GateMachine.TestCase.settings = settings(max_examples=50, stateful_step_count=40, deadline=None)
TestGateMachine = GateMachine.TestCase
