# SPDX-License-Identifier: Apache-2.0
"""From the loss of each input to the first bytes that slow a belt down, on simulated time, at the inputs' real rates.

Each input comes at its own rate; gate and treadmill are shifted against the others, and the loss against both. Speeds
are read off the bytes: a treadmill that knows tenths of a mile an hour hears nothing of a smaller change.
"""

import math
import re
from dataclasses import dataclass, field
from types import ModuleType

import pytest

from gait_sensing.belt_gate.gate import BeltGate
from gait_sensing.belt_gate.limits import GateSettings, fitted
from gait_sensing.belt_gate.states import (
    TICK_S,
    ArmRequest,
    BeltRequest,
    HarnessLoad,
    LinkUp,
    OperatorAlive,
    PlateLoad,
    Reason,
    State,
    StopInput,
    StopRequest,
    Tick,
    Walker,
)
from gait_sensing.belt_wires import BeltWires
from gait_sensing.treadmill_line import STEP_MPS
from gait_sensing.treadmills import bertec_classic, trackmaster, woodway_us

STEP_S = 0.001
BOUND_S = 0.25
SPEED_MPS = 1.45
RATES_S = {"command": 0.05, "session": 0.05, "plates": 0.002, "harness": 0.002, "switch": 0.1}
REASONS = {
    "command": Reason.COMMAND_STALE,
    "session": Reason.OPERATOR_LOST,
    "status": Reason.STATUS_STALE,
    "plates": Reason.SENSOR_SILENT,
    "harness": Reason.SENSOR_SILENT,
    "switch": Reason.STOP_INPUT,
}


def speed_in(part: ModuleType, message: bytes) -> float:
    """Speed of the left belt that a command's bytes ask for."""
    if part is bertec_classic:
        return bertec_classic.COMMAND.unpack(message[: bertec_classic.COMPLEMENT_AT])[1] / 1000.0
    (digits,) = re.findall(rb"\xa3(\d{4})", message)
    return int(digits) * STEP_MPS["mph"]


@dataclass
class Lab:
    """A treadmill on its wire, a gate that ticks, and inputs until each is cut."""

    part: ModuleType
    phase_s: float = 0.0  # of the gate's tick and the status against all other inputs
    cut: str = ""
    ms: int = 0
    told: list[tuple[float, float]] = field(default_factory=list)
    last_s: dict[str, float] = field(default_factory=dict)
    wish_mps: float = SPEED_MPS

    def __post_init__(self) -> None:
        self.belts = BeltWires([self.part.Driver(self.part.Settings())])
        self.treadmill = self.part.Emulator(self.part.Settings())
        self.gate = BeltGate(fitted(GateSettings(), self.belts), self.belts.has_acceleration)
        self.answer = b""
        self.write([self.belts.drivers[0].connect()])
        self.feed(LinkUp())
        self.feed(Walker(700.0, is_on_belts=True))

    @property
    def now_s(self) -> float:
        return 1000.0 + self.ms * STEP_S

    def write(self, messages: list[bytes]) -> None:
        self.answer += self.treadmill.feed(messages[0])

    def feed(self, thing: object) -> None:
        setpoint = self.gate.feed(self.now_s, thing)
        if setpoint is not None:
            messages = self.belts.command(setpoint, self.now_s)
            self.told.append((self.now_s, speed_in(self.part, messages[0])))
            self.write(messages)

    def is_due(self, name: str, period_s: float, phase_s: float = 0.0) -> bool:
        period, phase = round(period_s / STEP_S), round(phase_s / STEP_S)
        is_due = self.cut != name and (self.ms - phase) % period == 0
        if is_due:
            self.last_s[name] = self.now_s
        return is_due

    def step(self) -> None:
        self.ms += 1
        belts = self.treadmill.advance(STEP_S)
        if self.is_due("session", RATES_S["session"]):
            self.feed(OperatorAlive())
        if self.is_due("plates", RATES_S["plates"]):
            for name in ("left_belt", "right_belt"):
                self.feed(PlateLoad(name, 350.0, 0.0))
        if self.is_due("harness", RATES_S["harness"]):
            self.feed(HarnessLoad(10.0))
        if self.is_due("switch", RATES_S["switch"]):
            self.feed(StopInput(True))
        if self.wish_mps and self.gate.is_armed and self.is_due("command", RATES_S["command"]):
            self.feed(BeltRequest(self.wish_mps, self.wish_mps, 0.6, "law"))
        self.hear(belts)
        if self.is_due("tick", TICK_S, self.phase_s):
            self.feed(Tick())
            self.write(self.belts.poll(self.now_s))

    def hear(self, belts) -> None:
        if math.isinf(self.belts.drivers[0].poll_interval_s):
            data = self.treadmill.encode(belts) if self.is_due("status", 0.067, self.phase_s) else b""
        else:  # an answer comes as long as one at 4800 baud takes after its question
            data, self.answer = self.answer if self.ms % 20 == 0 else b"", b"" if self.ms % 20 == 0 else self.answer
            if self.cut == "status":
                data = b""
            elif data:
                self.last_s["status"] = self.now_s
        for reading in self.belts.feed(0, data, self.now_s):
            self.feed(reading)
        self.write([self.belts.drivers[0].pending()])

    def run(self, duration_s: float) -> None:
        for _ in range(round(duration_s / STEP_S)):
            self.step()

    def walk(self) -> None:
        self.run(1.0)
        self.feed(ArmRequest("Ann"))
        self.run(4.0)
        assert self.gate.safety.state is State.RUNNING, self.gate.safety
        assert self.told[-1][1] == pytest.approx(SPEED_MPS, abs=0.5 * STEP_MPS["mph"])


def slowing_s(lab: Lab, since: int) -> float:
    """Time of the first command after ``since`` that asks for less; runs until there is one."""
    for _ in range(500):
        lower = [at_s for at_s, told_mps in lab.told[since:] if told_mps < lab.told[since - 1][1] - 1e-6]
        if lower:
            return lower[0]
        lab.step()
    pytest.fail(f"nothing slowed down: {lab.gate.safety}")


@pytest.mark.parametrize("part", [bertec_classic, trackmaster, woodway_us], ids=lambda part: part.__name__[-11:])
@pytest.mark.parametrize("lost", REASONS)
def test_from_each_loss_to_the_first_deceleration_at_most_a_quarter_second(part, lost):
    longest_s = 0.0
    for number in range(4):
        lab = Lab(part, phase_s=0.006 * number)
        lab.walk()
        lab.run(0.013 * number)
        since, lab.cut = len(lab.told), lost
        found_s = slowing_s(lab, since)
        longest_s = max(longest_s, found_s - lab.last_s[lost])
        assert lab.gate.safety.reason is REASONS[lost]
    assert 0.1 < longest_s <= BOUND_S


@pytest.mark.parametrize("part", [bertec_classic, trackmaster], ids=lambda part: part.__name__[-11:])
@pytest.mark.parametrize(("stop", "ramp_mps2"), [("operator", 1.0), ("command", 0.6)])
def test_full_stop_within_the_ramp_set(part, stop, ramp_mps2):
    lab = Lab(part)
    lab.walk()
    lost_s = lab.now_s
    if stop == "operator":
        lab.wish_mps = 0.0
        lab.feed(StopRequest("Ann"))
    else:
        lab.cut = stop
    allowed_s = BOUND_S + SPEED_MPS / ramp_mps2 + (0.3 if part is trackmaster else 0.05)  # steps of a command's time
    while lab.treadmill.advance(0.0).left_speed_mps > 0.0:
        lab.step()
        assert lab.now_s - lost_s <= allowed_s


def test_a_lost_link_is_told_to_rest_by_the_first_status_of_the_next():
    lab = Lab(bertec_classic)
    lab.walk()
    since = len(lab.told)
    lab.feed(LinkUp())
    begun_s = lab.now_s
    assert slowing_s(lab, since) - begun_s <= 0.067 + STEP_S
