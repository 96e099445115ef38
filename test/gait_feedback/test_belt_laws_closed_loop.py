# SPDX-License-Identifier: Apache-2.0
"""Laws around the loop in simulated time: walker, plates, analysis, law, gate, treadmill's bytes, belts, walker.

The simulated walker follows the belts, does not adapt and does not tire: this shows that a law does what it says.
"""

from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

import numpy as np
import pytest

from gait_analysis.analyser import Analyser, AnalyserSettings
from gait_analysis.events import EventKind
from gait_analysis.gait import Asymmetry, GaitState, Stride
from gait_analysis.participant import Input, Participant
from gait_feedback.belts import adaptive_split, perturbation, split_ratio, training_progression
from gait_sensing.belt_gate.gate import ArmRequest, BeltGate, GateSettings, LinkUp, OperatorAlive, Tick
from gait_sensing.samples import BeltReading, BeltSample, ForceSamples, Side
from gait_sensing.treadmills import bertec_classic
from gait_sim.walker import Walker, WalkerSettings

START_S, TICK_S, BATCH = 1.8e9, 0.05, 10
EVEN = {"stance_time_asymmetry": 0.0, "step_time_asymmetry": 0.0, "step_length_asymmetry": 0.0, "load_asymmetry": 0.0}


@dataclass
class Session:
    """What truly happened, and what was found."""

    belts: list[tuple[float, float, float]] = field(default_factory=list)  # time, left, right, as measured
    truth: list[object] = field(default_factory=list)
    findings: list[object] = field(default_factory=list)

    def changes_in_stance(self, side, from_s):
        """How much the belt of ``side`` changed in each true stance, less 50 ms for the tick it is sampled at."""
        events = [event for event in self.truth if event.side is side and event.time_s > from_s]
        times, *speeds = np.array(self.belts).T
        speed = speeds[0 if side is Side.LEFT else 1]
        changes = []
        for contact, off in pairwise(events):
            if contact.kind is EventKind.INITIAL_CONTACT and off.kind is EventKind.FOOT_OFF:
                inside = speed[(times >= contact.time_s + TICK_S) & (times <= off.time_s)]
                changes.append(np.ptp(inside))
        return np.array(changes)


def run(law, walker_settings, seconds, participant_side=None):
    walker, found, gate = Walker(walker_settings), Session(), BeltGate(GateSettings())
    belts, driver = (part(bertec_classic.Settings()) for part in (bertec_classic.Emulator, bertec_classic.Driver))
    participant = Participant(walker_settings.body_mass_kg, participant_side, is_push_allowed=True)
    analyser = Analyser(AnalyserSettings(), participant, Input.SIMULATED, START_S)
    law.observe(participant)
    gate.feed(START_S, LinkUp())
    gait, request = None, None
    for tick in range(1, round(seconds / TICK_S) + 1):
        now_s = START_S + tick * TICK_S
        speeds = belts.advance(TICK_S)
        found.truth += walker.advance(tick * TICK_S, speeds.left_speed_mps, speeds.right_speed_mps)
        belt = BeltSample(now_s, speeds.left_speed_mps, speeds.right_speed_mps, 0.0)
        samples = [belt, *plates(walker, tick)]
        for finding in [found_now for sample in samples for found_now in analyser.feed(sample)]:
            if isinstance(finding, GaitState):
                gait = finding
            else:
                found.findings.append(finding)
                law.observe(finding)
        if tick > 20:
            request = law.feed(now_s, belt, gait)
        reading = BeltReading(belt.left_speed_mps, belt.right_speed_mps, 0.0)
        for thing in (reading, OperatorAlive(), ArmRequest("Ann") if tick == 20 else request, Tick()):
            setpoint = gate.feed(now_s, thing) if thing else None
            if setpoint is not None:
                belts.feed(driver.command(setpoint))
        found.belts.append((tick * TICK_S, belt.left_speed_mps, belt.right_speed_mps))
    assert not law.reason and gate.is_armed
    return found


def plates(walker, tick):
    """What both plates send in the tick that ends now."""
    first = round((tick - 1) * TICK_S * 1000)
    samples = []
    for begin in range(first, first + 50, BATCH):
        counts = np.arange(begin, begin + BATCH)
        for side in Side:
            force_n, place_m = walker.plate(f"{side.value}_belt", counts / 1000.0)
            samples.append(
                ForceSamples(f"{side.value}_belt", begin, START_S + counts / 1000.0, force_n, 0.0 * force_n, place_m)
            )
    return samples


def test_a_split_is_reached_in_the_swings_of_its_leg():
    law = split_ratio.Law(split_ratio.Settings(slow_speed_mps=0.6, ratio=2.0, tied_strides_count=10))
    found = run(law, WalkerSettings(**EVEN), 50.0)
    assert found.belts[-1][1:] == pytest.approx((0.6, 1.2), abs=0.01)
    for side in Side:
        changes = found.changes_in_stance(side, 8.0)
        assert len(changes) > 20 and changes.max() <= 0.02, side


@pytest.mark.parametrize("asymmetry", [0.15, -0.15])
def test_the_split_steers_step_length_to_the_target(asymmetry):
    law = adaptive_split.Law(adaptive_split.Settings(tied_strides_count=8))
    settings = WalkerSettings(**{**EVEN, "step_length_asymmetry": asymmetry})
    found = run(law, settings, 90.0, Side.LEFT)
    values = [
        (each.time_s - START_S, metric.value)
        for each in found.findings
        if isinstance(each, Asymmetry)
        for metric in each.metrics
        if metric.name == "step_length"
    ]
    before = median(value for time_s, value in values if 8.0 < time_s < 13.0)
    after = median(value for time_s, value in values if time_s > 60.0)
    assert before == pytest.approx(asymmetry, abs=0.04) and abs(after) <= 0.02
    assert max(found.changes_in_stance(side, 8.0).max() for side in Side) <= 0.02


def test_a_slip_comes_in_mid_stance_of_its_leg_and_leaves_the_other_belt_alone():
    law = perturbation.Law(
        perturbation.Settings(is_enabled=True, side="right", least_strides_count=5, most_strides_count=8, most_count=4)
    )
    found = run(law, WalkerSettings(**EVEN), 60.0)
    times, left, right = np.array(found.belts).T
    steady = times > 8.0
    assert law.pushes_count == 4 and np.abs(left[steady] - 0.8).max() <= 0.01
    rising = np.flatnonzero(steady[1:] & (right[:-1] <= 0.805) & (right[1:] > 0.805))
    assert len(rising) == 4
    contacts = [e.time_s for e in found.truth if e.side is Side.RIGHT and e.kind is EventKind.INITIAL_CONTACT]
    strides_s = [stride.stride_time_s for stride in found.findings if isinstance(stride, Stride) and stride.is_accepted]
    for begin_s in times[rising + 1]:  # seen 50 ms late at most
        phase = (begin_s - max(time_s for time_s in contacts if time_s <= begin_s)) / median(strides_s)
        assert 0.2 <= phase <= 0.45


def test_speed_rises_for_one_who_walks_well_and_stays_for_one_who_does_not():
    rule = training_progression.Settings(start_speed_mps=0.6, block_strides_count=10)
    good = run(training_progression.Law(rule), WalkerSettings(**EVEN), 60.0)
    assert good.belts[-1][1] >= 0.7
    bad = run(training_progression.Law(rule), WalkerSettings(**{**EVEN, "step_length_asymmetry": 0.2}), 60.0, Side.LEFT)
    assert bad.belts[-1][1] == pytest.approx(0.6, abs=0.01)
