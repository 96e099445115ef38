# SPDX-License-Identifier: Apache-2.0
"""The belt gate under millions of arbitrary inputs, losses, delays and restarts, over a treadmill's real bytes.

    python benchmarks/belt_gate_histories.py [--inputs 2000000] [--seed 1]

Source of truth: emulated treadmills on simulated time, half of the histories on a Bertec, half on a Trackmaster, which
takes no acceleration. A history is a minute in which chance arms, asks for speeds with and without a meaning, sends old
commands, a second source, cuts and restores every input, breaks the link, loses commands, freezes or restarts the
process and sets the clock; then all fall silent. Inputs come at their real rates against a tick of 25 ms.

Asserted all the time, so that a single failure ends the run: nothing moves without an arming; commanded speeds within
0.4 m/s backward and 1.2 m/s forward, their difference, acceleration, growth of acceleration and deceleration, and the
incline within the limits, even on a treadmill that jumps to each setpoint; the Bertec's belts within the same
envelope; from the loss of an input to the first command to slow down at most 0.25 s; from a cause to standstill at most
the ramp and what commands and statuses take; and rest, known to the gate, within the stated time once all are silent.

*longest*: the longest time of all histories; *bound*: the largest that is allowed. Times from a loss or a cause are
taken where no freeze, lost command, set clock or link came in between: these are held to all other bounds.
"""

import argparse
import math
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from types import ModuleType

from gait_sensing.belt_gate.gate import BeltGate
from gait_sensing.belt_gate.limits import GateSettings, fitted
from gait_sensing.belt_gate.states import (
    TICK_S,
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
    Shutdown,
    State,
    StopInput,
    StopRequest,
    Tick,
    Walker,
)
from gait_sensing.belt_wires import BeltWires
from gait_sensing.samples import BeltReading, BeltSetpoint, TreadmillReport
from gait_sensing.treadmills import bertec_classic, trackmaster

HISTORY_S = 60.0
BOUND_S = 0.25
ROUNDING_MPS = 0.0011
LOST = {  # what is cut, and the reason that follows
    "commands": Reason.COMMAND_STALE,
    "statuses": Reason.STATUS_STALE,
    "heartbeat": Reason.OPERATOR_LOST,
    "plates": Reason.SENSOR_SILENT,
    "harness": Reason.SENSOR_SILENT,
    "stop switch": Reason.STOP_INPUT,
}
WEIGHT_N = 700.0


@dataclass
class Found:
    """Counts and longest times over all histories."""

    inputs: int = 0
    runs: int = 0
    causes: Counter[str] = field(default_factory=Counter)
    slowing_s: dict[str, float] = field(default_factory=dict)
    rest_s: dict[str, float] = field(default_factory=dict)
    rest_bound_s: dict[str, float] = field(default_factory=dict)
    silent_s: dict[str, tuple[float, float]] = field(default_factory=dict)  # longest and bound, of each treadmill


class History:
    """One minute of one treadmill."""

    def __init__(self, part: ModuleType, random: Random, found: Found) -> None:
        self.part, self.random, self.found = part, random, found
        self.is_bertec = part is bertec_classic
        wished = GateSettings(
            max_speed_mps=1.2,
            max_backward_mps=0.4 if self.is_bertec else 0.0,
            max_acceleration_mps2=0.5,
            max_deceleration_mps2=0.7,
            max_belt_difference_mps=0.6,
        )
        self.treadmill = part.Emulator(part.Settings())
        self.belts = self.treadmill.advance(0.0)
        self.wires = BeltWires([part.Driver(part.Settings())])
        self.limits = fitted(wished, self.wires)
        self.time_s, self.clock_error_s = 1000.0, 0.0
        self.tick_count, self.answer = 0, b""
        self.cut: set[str] = set()
        self.has_link, self.lost_count = True, 0
        self.asked: BeltRequest | None = None
        self.ahead_m, self.load_n, self.harness_n, self.may_run = 0.0, WEIGHT_N, 10.0, True
        self.disturbed_s = self.time_s
        self.restart()

    # Host

    def restart(self) -> None:
        """Begin with a new process."""
        self.wires = BeltWires([self.part.Driver(self.part.Settings())])
        self.gate = BeltGate(self.limits, self.wires.has_acceleration)
        self.is_allowed = self.is_status_seen = False
        self.sent_mps, self.sent_s, self.rates_mps2 = (0.0, 0.0), -math.inf, (0.0, 0.0)
        self.heard_s: dict[str, float] = {}
        self.cause: tuple[str, float, float] | None = None
        if self.has_link:
            self.open_link()

    def open_link(self) -> None:
        """Plug in."""
        self.has_link, self.is_status_seen, self.answer = True, False, b""
        self.write([self.wires.drivers[0].connect()])
        self.feed(LinkUp())
        self.disturb()

    def disturb(self) -> None:
        """Take no time of a loss or a cause across this."""
        self.disturbed_s, self.cause = self.time_s, None

    def feed(self, thing: object) -> None:
        """Give the gate one thing, write what it lets out, and hold both to the promises."""
        before = self.gate.safety.state
        self.found.inputs += 1
        setpoint = self.gate.feed(self.time_s + self.clock_error_s, thing)
        safety = self.gate.safety
        if isinstance(thing, ArmRequest) and before is State.DISARMED and self.gate.is_armed:
            self.is_allowed = True
        if safety.state is State.STOPPING and before is State.RUNNING and safety.level >= Level.RAMP_DOWN:
            self.note_cause(safety.reason, safety.text, setpoint)
        if setpoint is not None:
            self.check(setpoint, safety.state)
            try:
                messages = self.wires.command(setpoint, self.time_s)
            except ValueError as error:
                self.feed(Refused(str(error)))
                messages = []
            if self.lost_count:
                self.lost_count -= 1
                self.disturb()
            elif messages:
                self.write(messages)
        if not self.gate.is_armed:
            self.is_allowed = False
        self.found.runs += safety.state is State.RUNNING and before is State.ARMED

    def write(self, messages: list[bytes]) -> None:
        """Let the treadmill have it."""
        self.answer += self.treadmill.feed(messages[0])

    def note_cause(self, reason: Reason, text: str, setpoint: BeltSetpoint | None) -> None:
        """Take the time since the loss, and begin that of the ramp."""
        self.found.causes[reason.name] += 1
        for name, expected in LOST.items():
            is_it = reason is expected and name in self.cut and (name != "plates" or "belt" in text)
            if is_it and self.time_s - self.disturbed_s > 1.0 and name in self.heard_s:
                took_s = self.time_s - self.heard_s[name]
                assert setpoint is not None and took_s <= BOUND_S + 1e-6, (name, took_s)
                self.found.slowing_s[name] = max(took_s, self.found.slowing_s.get(name, 0.0))
        speed_mps = max(abs(self.belts.left_speed_mps), abs(self.belts.right_speed_mps))
        self.cause = (reason.name, self.time_s, speed_mps)

    def check(self, setpoint: BeltSetpoint, state: State) -> None:
        """Hold one command to the envelope."""
        limits, speeds_mps = self.limits, (setpoint.left_speed_mps, setpoint.right_speed_mps)
        assert self.has_link and self.is_status_seen
        assert all(-limits.max_backward_mps <= speed <= limits.max_speed_mps for speed in speeds_mps)
        assert abs(speeds_mps[0] - speeds_mps[1]) <= limits.max_belt_difference_mps + 1e-9
        assert 0.0 < setpoint.acceleration_mps2 <= limits.stop_deceleration_mps2
        assert limits.min_incline_rad <= setpoint.incline_rad <= limits.max_incline_rad
        if any(speeds_mps):
            assert state is State.RUNNING or not self.is_bertec
            assert self.is_allowed or state is State.STOPPING
        since_s = min(self.time_s - self.sent_s, 10.0)
        rates_mps2 = []
        for before, now, rate in zip(self.sent_mps, speeds_mps, self.rates_mps2, strict=True):
            rise_mps, fall_mps = abs(now) - abs(before), abs(before) - abs(now)
            assert rise_mps <= limits.max_acceleration_mps2 * since_s + 1e-6
            if state is State.RUNNING:
                most_mps2 = max(limits.max_acceleration_mps2, limits.max_deceleration_mps2)
                assert abs(now - before) <= most_mps2 * since_s + 1e-6, "also from forward to backward"
                assert fall_mps <= limits.max_deceleration_mps2 * since_s + 1e-6
                rates_mps2.append(max(0.0, rise_mps) / since_s if since_s > 0.0 else 0.0)
                most_mps2 = rate + limits.max_jerk_mps3 * (since_s + limits.min_command_interval_s)
                assert rates_mps2[-1] <= most_mps2 + 1e-6
            elif not self.is_bertec:
                assert rise_mps <= 0.0
        self.rates_mps2 = (rates_mps2[0], rates_mps2[1]) if rates_mps2 else (0.0, 0.0)
        self.sent_mps, self.sent_s = speeds_mps, self.time_s

    # Time

    def pass_time(self, duration_s: float) -> None:
        """Let the belts move on, and hold them to their envelope."""
        before, limits = self.belts, self.limits
        self.time_s += duration_s
        self.belts = after = self.treadmill.advance(duration_s)
        most_mps = limits.max_speed_mps + ROUNDING_MPS
        for was, now in (
            (before.left_speed_mps, after.left_speed_mps),
            (before.right_speed_mps, after.right_speed_mps),
        ):
            assert -limits.max_backward_mps - ROUNDING_MPS <= now <= most_mps
            if self.is_bertec:
                assert abs(now) - abs(was) <= limits.max_acceleration_mps2 * duration_s + ROUNDING_MPS
                assert abs(was) - abs(now) <= limits.stop_deceleration_mps2 * duration_s + ROUNDING_MPS
        difference_mps = abs(after.left_speed_mps - after.right_speed_mps)
        assert difference_mps <= limits.max_belt_difference_mps + 2 * ROUNDING_MPS
        if self.cause and not any((after.left_speed_mps, after.right_speed_mps)):
            self.note_rest()

    def note_rest(self) -> None:
        """Compare the time from a cause to standstill with its bound."""
        assert self.cause is not None
        name, since_s, speed_mps = self.cause
        interval_s = self.limits.min_command_interval_s
        allowed_s = speed_mps / self.limits.max_deceleration_mps2 + 2 * TICK_S
        allowed_s += 0.0 if self.is_bertec else 4 * interval_s  # commands, and answers that are waited for
        took_s = self.time_s - since_s
        assert took_s <= allowed_s, (name, took_s, allowed_s)
        if took_s > self.found.rest_s.get(name, 0.0):
            self.found.rest_s[name], self.found.rest_bound_s[name] = took_s, allowed_s
        self.cause = None

    def hear(self, name: str, *things: object, sent_s: float = math.inf) -> None:
        """Feed an input that is not cut; ``sent_s`` is its stamp where it has one."""
        if name not in self.cut:
            self.heard_s[name] = max(self.heard_s.get(name, 0.0), min(self.time_s, sent_s))
            for thing in things:
                self.feed(thing)

    def tick(self) -> None:
        """One period; each input at its own rate."""
        self.pass_time(TICK_S)
        self.tick_count += 1
        self.hear_treadmill()
        share_n = 0.5 * self.load_n
        ahead_m = self.ahead_m if self.load_n > 50.0 else math.nan
        self.hear("plates", *(PlateLoad(name, share_n, ahead_m) for name in ("left_belt", "right_belt")))
        self.hear("harness", HarnessLoad(self.harness_n))
        if self.tick_count % 4 == 0:
            self.hear("stop switch", StopInput(self.may_run))
        if self.tick_count % 2 == 0:
            self.hear("heartbeat", OperatorAlive())
            if self.asked is not None:
                is_old = self.asked.age_s > self.limits.command_stale_s
                self.hear("commands", self.asked, sent_s=0.0 if is_old else self.time_s - self.asked.age_s)
        self.feed(Tick())
        if self.has_link and not self.is_bertec:
            self.write(self.wires.poll(self.time_s))

    def hear_treadmill(self) -> None:
        """Take a status, or the answers to what was asked."""
        if not self.has_link:
            return
        if self.is_bertec:
            data = self.treadmill.encode(self.belts) if self.tick_count % 3 == 0 else b""
        else:
            data, self.answer = self.answer, b""
        if data and "statuses" not in self.cut:
            readings = self.wires.feed(0, data, self.time_s)
            self.is_status_seen |= bool(readings)
            self.hear("statuses", *self.wires.reports(), *readings)
            self.write([self.wires.drivers[0].pending()])

    # Chance

    def live(self) -> None:
        """A minute of chance, then silence."""
        self.feed(Walker(WEIGHT_N, is_on_belts=True))
        end_s = self.time_s + HISTORY_S
        while self.time_s < end_s:
            if self.gate.safety.state is State.DISARMED and self.random.random() < 0.05:
                self.mend()
            if self.random.random() < 0.02:
                self.random.choice(EVENTS)(self)
            self.tick()
        self.fall_silent()

    def mend(self) -> None:
        """All is well, and somebody arms."""
        self.cut.clear()
        self.asked, self.lost_count = None, 0
        self.ahead_m, self.load_n, self.harness_n, self.may_run = 0.0, WEIGHT_N, 10.0, True
        if not self.has_link:
            self.open_link()
        for _ in range(40):
            self.tick()
        self.feed(ArmRequest("Ann"))
        self.ask()

    def ask(self) -> None:
        """Want a speed; now and then one beyond the limits, or by another source, or old."""
        random = self.random
        left_mps = random.uniform(-0.6 if random.random() < 0.2 else 0.0, 1.5)
        right_mps = left_mps if random.random() < 0.5 else random.uniform(0.0, 1.5)
        age_s = random.choice([0.0, 0.0, 0.0, random.uniform(0.0, 0.4)])
        source = random.choice(["law"] * 9 + ["another"])
        self.asked = BeltRequest(left_mps, right_mps, random.choice([0.3, 0.6, 5.0]), source, age_s)

    def ask_nonsense(self) -> None:
        """Send something that has no meaning, once."""
        values = [1.0, 1.0, 0.5]
        values[self.random.randrange(3)] = self.random.choice([math.nan, math.inf, -math.inf, -40.0, 1e308])
        self.heard_s["commands"] = self.time_s  # what is only too much is limited, and counts
        self.feed(BeltRequest(values[0], values[1], values[2], "law"))

    def cease(self) -> None:
        """Cut one input, or ask for nothing any more."""
        self.cut.add(self.random.choice(list(LOST)))

    def restore(self) -> None:
        """Let all inputs come again."""
        self.cut.clear()

    def rest(self) -> None:
        """Want rest, at whatever deceleration."""
        problem = self.random.choice(["", "", "why"])
        self.asked = BeltRequest(0.0, 0.0, self.random.uniform(0.01, 2.0), "law", problem=problem)

    def break_link(self) -> None:
        """Pull the plug; it is back in after a while."""
        if not self.has_link:
            self.open_link()
            return
        self.has_link = False
        self.feed(LinkDown("plug"))
        self.disturb()

    def freeze(self) -> None:
        """The process hangs; the belts do not."""
        self.disturb()
        self.pass_time(self.random.uniform(0.0, 2.0))
        self.disturb()

    def set_clock(self) -> None:
        """The clock jumps, or is broken for a moment."""
        if self.random.random() < 0.2:
            error_s, self.clock_error_s = self.clock_error_s, self.random.choice([math.nan, math.inf, -math.inf])
            self.feed(Tick())
            self.clock_error_s = error_s
        self.clock_error_s += self.random.uniform(-50.0, 50.0)
        self.disturb()

    def end_process(self) -> None:
        """The process ends, told to or not, and a new one begins."""
        if self.random.random() < 0.5:
            self.feed(Shutdown())
        self.restart()
        self.feed(Walker(WEIGHT_N, is_on_belts=True))

    def walk_badly(self) -> None:
        """Something happens to the walker."""
        random = self.random
        self.ahead_m, self.harness_n = random.uniform(-1.0, 1.0), random.choice([10.0, 10.0, 600.0])
        self.load_n, self.may_run = random.choice([WEIGHT_N, WEIGHT_N, 0.0]), random.random() < 0.8
        for _ in range(random.randrange(6)):
            self.feed(Misstep(random.random() < 0.5))

    def report(self) -> None:
        """The treadmill says that something is wrong."""
        self.feed(TreadmillReport("chance", self.random.random() < 0.5))

    def garble(self) -> None:
        """A status without a value."""
        self.feed(BeltReading(math.nan, 0.0, 0.0))

    def fall_silent(self) -> None:
        """All but the treadmill fall silent: the belts rest, and the gate knows it, within the stated time."""
        self.cut, self.asked, self.lost_count = set(LOST) - {"statuses"}, None, 0
        if not self.has_link:
            self.open_link()
        limits = self.limits
        ramp_s = limits.max_speed_mps / limits.max_deceleration_mps2
        stated_s = BOUND_S + ramp_s + 2 * limits.min_command_interval_s + limits.rest_hold_s + 0.2
        stated_s += 0.0 if self.is_bertec else 1.0  # a new link's questions, and commands that wait for their turn
        begun_s, rest_s = self.time_s, math.inf
        while self.time_s - begun_s < stated_s:
            self.tick()
            is_at_rest = not any((self.belts.left_speed_mps, self.belts.right_speed_mps))
            if is_at_rest and self.gate.safety.state is State.DISARMED:
                rest_s = min(rest_s, self.time_s - begun_s)
        assert rest_s < math.inf, (self.gate.safety, self.belts)
        name = self.part.__name__.rsplit(".", 1)[-1]
        self.found.silent_s[name] = (max(rest_s, self.found.silent_s.get(name, (0.0, 0.0))[0]), stated_s)


EVENTS = (
    *(History.ask,) * 6,
    *(History.cease,) * 4,
    History.restore,
    History.ask_nonsense,
    History.rest,
    History.break_link,
    History.freeze,
    History.set_clock,
    History.end_process,
    *(History.walk_badly,) * 2,
    History.report,
    History.garble,
    lambda history: history.feed(StopRequest("Ann")),
    lambda history: history.feed(ArmRequest(history.random.choice(["Ann", ""]))),
    lambda history: setattr(history, "lost_count", history.random.randrange(1, 4)),
)


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=2_000_000, help="how many inputs at least")
    parser.add_argument("--seed", type=int, default=1, help="of chance")
    arguments = parser.parse_args()
    found, number = Found(), 0
    while found.inputs < arguments.inputs:
        part = (bertec_classic, trackmaster)[number % 2]
        try:
            History(part, Random(f"{arguments.seed} {number}"), found).live()
        except AssertionError:
            print(f"history {number} of seed {arguments.seed}, {part.__name__}")
            raise
        number += 1
    print(f"{found.inputs:,} inputs in {number} histories, {found.runs:,} runs, {sum(found.causes.values()):,} causes;")
    print("no command and no belt outside its envelope, no motion without an arming.\n")
    print("| from the loss of | to the first command to slow down, longest s | bound s |\n|---|---|---|")
    for name in LOST:
        print(f"| {name} | {found.slowing_s.get(name, math.nan):.3f} | {BOUND_S:.3f} |")
    print("\n| cause | times | to standstill, longest s | bound then s |\n|---|---|---|---|")
    for name, count in sorted(found.causes.items()):
        if name in found.rest_s:
            print(f"| {name} | {count} | {found.rest_s[name]:.2f} | {found.rest_bound_s[name]:.2f} |")
    print("\n| from any state, all silent, to rest that the gate knows of | longest s | bound s |\n|---|---|---|")
    for name, (longest_s, bound_s) in found.silent_s.items():
        print(f"| {name} | {longest_s:.2f} | {bound_s:.2f} |")


if __name__ == "__main__":
    main()
