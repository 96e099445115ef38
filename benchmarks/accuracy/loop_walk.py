# SPDX-License-Identifier: Apache-2.0
"""The loop closed around the simulated walker, in its own time: see closed_loop.py."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from gait_analysis.analyser import Analyser, AnalyserSettings
from gait_analysis.events import EventKind
from gait_analysis.gait import GaitState, Stride
from gait_analysis.participant import Input, Participant
from gait_feedback.belt_law import BeltLaw
from gait_feedback.cue import ActuatorChange, CueStrategy, Modality
from gait_feedback.cueing import Cueing, CueingSettings, Decision
from gait_sensing.belt_gate.gate import ArmRequest, BeltGate, GateSettings, LinkUp, OperatorAlive, Tick
from gait_sensing.belt_gate.states import TICK_S, Level, PlateLoad
from gait_sensing.belt_gate.states import Walker as Weight
from gait_sensing.samples import Array, BeltReading, BeltSample, ForceSamples, ImuSample, Side
from gait_sensing.treadmills import bertec_classic
from gait_sim.stepping import FootEvent
from gait_sim.walker import Walker, WalkerSettings

START_S = 1.8e9
STEP_S, PLATE_COUNT = 0.5 * TICK_S, 5  # of a step of the loop, and its plate samples
TICK_STEPS, COMMAND_STEPS = 2, 4  # from tick to tick of the gate, and from command to command
ARMED_S = 1.0
ANSWER_S = 0.6  # from a cue that is felt to the walker saying so
CUEING_HZ, STATE_HZ = 200.0, 20.0  # of gait states, with cues and with belts alone
GATE = GateSettings()


class Belts:
    """The belt gate, and the bytes of an emulated treadmill."""

    def __init__(self) -> None:
        self.gate = BeltGate(GATE)
        self._driver = bertec_classic.Driver(bertec_classic.Settings())
        self._treadmill = bertec_classic.Emulator(bertec_classic.Settings())
        self.gate.feed(START_S, LinkUp())
        self.interventions: list[str] = []

    def advance(self, now_s: float, duration_s: float) -> BeltSample:
        """Let the belts run on to ``now_s``."""
        belts = self._treadmill.advance(duration_s)
        return BeltSample(now_s, belts.left_speed_mps, belts.right_speed_mps, 0.0)

    def tick(self, belt: BeltSample, *things: object) -> None:
        """Tell the gate what there is, and let it tell the treadmill."""
        reading = BeltReading(belt.left_speed_mps, belt.right_speed_mps, 0.0)
        for thing in (reading, OperatorAlive(), *things, Tick()):
            setpoint = self.gate.feed(belt.time_s, thing)
            if setpoint is not None:
                self._treadmill.feed(self._driver.command(setpoint))
        if self.gate.is_armed and self.gate.safety.level is not Level.OK:
            self.interventions.append(self.gate.safety.text)


@dataclass
class Walked:
    """What truly happened in one walk; times in seconds since its start."""

    walker: Walker
    events: list[FootEvent] = field(default_factory=list)
    belts: list[tuple[float, float, float]] = field(default_factory=list)  # time, left, right
    lengths_m: list[tuple[float, float, float]] = field(
        default_factory=list
    )  # time, step of the left, of the right foot
    decisions: list[tuple[float, Decision]] = field(default_factory=list)
    margins_m: list[tuple[float, float]] = field(
        default_factory=list
    )  # lateral, as the analysis tells it from the plates
    interventions: list[str] = field(default_factory=list)  # of the belt gate
    law_reason: str = ""
    is_armed: bool = True

    def cues(self) -> list[tuple[float, Side]]:
        """Return when the walker was cued, and where."""
        return [(time_s, one.cue.side) for time_s, one in self.decisions if one.verdict.is_allowed]

    def contacts_s(self, side: Side) -> Array:
        """Return all true contacts of a foot."""
        return np.array([e.time_s for e in self.events if e.side is side and e.kind is EventKind.INITIAL_CONTACT])

    def stances_s(self, side: Side) -> Array:
        """Return [n, 2] of each true contact, and how long the foot then stood."""
        mine = [event for event in self.events if event.side is side]
        rows = [(a.time_s, b.time_s - a.time_s) for a, b in pairwise(mine) if a.kind is EventKind.INITIAL_CONTACT]
        return np.array(rows).reshape(-1, 2)

    def strides_s(self, side: Side) -> Array:
        """Return [n, 2] of the end of each true stride, and its time."""
        contacts_s = self.contacts_s(side)
        return np.column_stack([contacts_s[1:], np.diff(contacts_s)])


def within(rows: Array | list[tuple[float, ...]], from_s: float, to_s: float) -> Array:
    """Return the rows whose first column, the time, lies between."""
    table = np.array(rows, dtype=float)
    return table[(table[:, 0] >= from_s) & (table[:, 0] < to_s)] if len(table) else table


def walk(
    person: WalkerSettings,
    seconds: float,
    law: BeltLaw | None,
    strategy: Callable[[Side], CueStrategy] | None = None,
    cueing: CueingSettings | None = None,
    segments: tuple[str, ...] = (),
    is_push_allowed: bool = False,
    feels_from: float = 0.0,
) -> Walked:
    """Let a person walk on the belts that ``law`` commands, cued by ``strategy``; without a law the belts rest.

    They feel cues from an intensity on, and tell so where that is asked.
    """
    walker, belts = Walker(person), Belts()
    side = Side(person.prosthetic_side)
    participant = Participant(
        person.body_mass_kg, side, leg_length_m=person.leg_length_m, is_push_allowed=is_push_allowed
    )
    chain = Cueing(strategy(side), cueing or CueingSettings(), START_S) if strategy else None
    settings = AnalyserSettings(state_rate_hz=CUEING_HZ if chain else STATE_HZ, deviations=[])
    analyser = Analyser(settings, participant, Input.SIMULATED, START_S)
    found, gait, told_s = Walked(walker), None, math.inf
    if law and isinstance(participant, law.OBSERVES):
        law.observe(participant)
    for step in range(1, round(seconds / STEP_S) + 1):
        time_s, now_s = step * STEP_S, START_S + step * STEP_S
        loads: dict[str, PlateLoad] = {}
        belt = belts.advance(now_s, STEP_S)
        found.events += walker.advance(time_s, belt.left_speed_mps, belt.right_speed_mps)
        for sample in _samples(walker, step, belt, segments):
            if isinstance(sample, ForceSamples):
                centre_m = sample.centre_of_pressure_m[-1, 0]
                loads[sample.name] = PlateLoad(sample.name, float(sample.force_n[-1, 2]), float(centre_m))
            if law and isinstance(sample, law.OBSERVES):
                law.observe(sample)
            for finding in analyser.feed(sample):
                if isinstance(finding, GaitState):
                    gait = finding
                elif law and isinstance(finding, law.OBSERVES):
                    law.observe(finding)
                if isinstance(finding, Stride):
                    found.margins_m.append((finding.end_s - START_S, finding.lateral_margin_of_stability_m))
                for decision in chain.feed(now_s, finding) if chain else []:
                    found.decisions.append((time_s, decision))
                    cue = decision.cue
                    if not decision.verdict.is_allowed or cue.modality is Modality.TEXT or cue.intensity < feels_from:
                        continue
                    walker.feel(ActuatorChange(cue.side, cue.intensity), time_s)
                    told_s = time_s + ANSWER_S
        if chain and time_s >= told_s:
            chain.ask(now_s)
            told_s = math.inf
        things: list[object] = [Weight(participant.body_weight_n, True), *loads.values()]
        if law and math.isclose(time_s, ARMED_S):
            things.append(ArmRequest("Ann"))
        if step % COMMAND_STEPS == 0:
            if law and time_s > ARMED_S and (request := law.feed(now_s, belt, gait)):
                things.append(request)
            found.belts.append((time_s, belt.left_speed_mps, belt.right_speed_mps))
            found.lengths_m.append((time_s, *walker.step_lengths_m()))
        if step % TICK_STEPS == 0:
            belts.tick(belt, *things)
    found.interventions, found.is_armed = belts.interventions, belts.gate.is_armed
    found.law_reason = law.reason if law else ""
    return found


def _samples(
    walker: Walker, step: int, belt: BeltSample, segments: tuple[str, ...]
) -> Iterator[BeltSample | ImuSample | ForceSamples]:
    """Yield what was measured in the step that ends now."""
    if step % COMMAND_STEPS == 0:
        yield belt
    for segment in segments:
        reading = walker.imu(segment, step * STEP_S, None)
        assert reading.acceleration_mps2 and reading.angular_rate_radps and reading.orientation_xyzw
        measured = reading.acceleration_mps2, reading.angular_rate_radps, reading.orientation_xyzw
        yield ImuSample(segment, belt.time_s, *measured)
    counts = np.arange((step - 1) * PLATE_COUNT + 1, step * PLATE_COUNT + 1)
    time_s = counts * (STEP_S / PLATE_COUNT)
    for side in Side:
        force_n, place_m = walker.plate(f"{side.value}_belt", time_s)
        yield ForceSamples(f"{side.value}_belt", int(counts[0]), START_S + time_s, force_n, 0.0 * force_n, place_m)
