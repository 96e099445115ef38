# SPDX-License-Identifier: Apache-2.0
"""Steps onto the other belt: how many are found, how many clean strides are lost, and what asymmetry makes of them.

    python benchmarks/accuracy/cross_steps.py [seconds of each walk]

Source of truth: the simulated walker, who crosses with 8 % of the steps (the inner edge of the foot 0.01 to 0.15 m
beyond the gap, the foot turned in or out) and walks three strides with both feet on one belt now and then. 5 N of noise
on each force component. Its limits: crossing feet land as far ahead as others and load no otherwise.

*flagged*: a stride with a cross step as its reason overlaps the stance of the crossing foot. *left out*: no accepted
stride overlaps it by more than 20 ms. *false*: strides in which no foot was irregular, and yet flagged as cross step;
*lost*: the same, not accepted for whatever reason, most of them while the belts speed up. *wrong*: accepted strides
with a time more than 25 ms from the true event. *shift*: largest difference of the median asymmetry of stance and step
time from the same walk without irregular steps.
"""

import argparse
import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from gait_analysis.analyser import Analyser, AnalyserSettings
from gait_analysis.events import EventKind
from gait_analysis.gait import Asymmetry, Stride
from gait_analysis.participant import Input, Participant
from gait_analysis.stream_merge import cut
from gait_sensing.samples import BeltSample, ForceSamples, Side
from gait_sim.cross_stepping import StepKind
from gait_sim.stepping import FootEvent
from gait_sim.walker import Walker, WalkerSettings

TICK_S = 0.02
BELT_MPS2 = 0.25
EDGE_S, WRONG_S = 0.02, 0.025
SPEEDS_MPS = (0.3, 0.5, 0.8, 1.1, 1.5)
ASYMMETRIES = ((0.0, 0.0), (0.08, -0.05), (-0.1, 0.06))  # of stance time and of step time
WALKER = WalkerSettings(force_noise_n=5.0, moment_noise_nm=0.3, variability=0.03)
CROSSING = {"cross_step_share": 0.08, "one_belt_share": 0.004}


@dataclass
class Walk:
    """What truly happened and what was found."""

    events: list[FootEvent] = field(default_factory=list)
    findings: list[object] = field(default_factory=list)

    @property
    def strides(self) -> list[Stride]:
        """The strides found."""
        return [finding for finding in self.findings if isinstance(finding, Stride)]

    def is_true(self, stride: Stride) -> bool:
        """Whether all five times of a stride are those of true events."""
        own, other, contact, off = stride.side, stride.side.other, EventKind.INITIAL_CONTACT, EventKind.FOOT_OFF
        told = ((own, contact, stride.start_s), (own, contact, stride.end_s), (own, off, stride.foot_off_s))
        told += ((other, contact, stride.other_contact_s), (other, off, stride.other_foot_off_s))
        return all(
            any(abs(each.time_s - time_s) < WRONG_S for each in self.events if (each.side, each.kind) == (side, kind))
            for side, kind, time_s in told
        )

    def stances(self) -> Iterator[tuple[StepKind, float, float]]:
        """Yield kind, start and end of every irregular stance; a foot that drags or stumbles does so in its swing."""
        for contact in self.events:
            if contact.irregular is StepKind.REGULAR or contact.kind is not EventKind.INITIAL_CONTACT:
                continue
            own = [each for each in self.events if each.side is contact.side and each.kind is EventKind.FOOT_OFF]
            off_s = next((each.time_s for each in own if each.time_s > contact.time_s), math.inf)
            start_s = contact.time_s
            if contact.irregular in (StepKind.STUMBLE, StepKind.SHUFFLE):
                start_s = max((each.time_s for each in own if each.time_s < contact.time_s), default=start_s)
            yield contact.irregular, start_s, off_s


def walk(settings: WalkerSettings, speed_mps: float, rate_hz: float, duration_s: float, batch_count: int = 0) -> Walk:
    """Let a person walk and the analysis look on, with ``batch_count`` samples at a time; 0: those of 20 ms."""
    person, done = Walker(settings), Walk()
    side = None if settings.prosthetic_side == "none" else Side(settings.prosthetic_side)
    participant = Participant(settings.body_mass_kg, side)
    analyser = Analyser(AnalyserSettings(state_rate_hz=0.0), participant, Input.SIMULATED, 0.0)
    count = round(TICK_S * rate_hz)
    for tick in range(round(duration_s / TICK_S)):
        belt_mps = min(BELT_MPS2 * tick * TICK_S, speed_mps)
        done.events += person.advance((tick + 1) * TICK_S, belt_mps, belt_mps)
        done.findings += analyser.feed(BeltSample(tick * TICK_S, belt_mps, belt_mps, 0.0))
        time_s = (tick * count + np.arange(1, count + 1)) / rate_hz
        plates = [_samples(person, name, tick * count, time_s) for name in ("left_belt", "right_belt")]
        size = batch_count or count
        for first in range(0, count, size):
            for plate in plates:
                done.findings += analyser.feed(cut(plate, first, min(first + size, count)))
    return done


def _samples(person: Walker, name: str, first_count: int, time_s: np.ndarray) -> ForceSamples:
    force_n, pressure_m = person.plate(name, time_s)
    return ForceSamples(name, first_count, time_s, force_n, np.zeros((len(time_s), 3)), pressure_m)


@dataclass
class Score:
    """Counts over walks."""

    steps: int = 0
    flagged: int = 0
    left_out: int = 0
    clean: int = 0
    false: int = 0
    lost: int = 0
    accepted: int = 0
    wrong: int = 0
    missed: list[tuple[float, float]] = field(default_factory=list)

    def add(self, walked: Walk, kind: StepKind, until_s: float) -> None:
        """Count the irregular steps of one kind, and the clean strides."""
        irregular = list(walked.stances())
        for each, start_s, end_s in irregular:
            if each is not kind or end_s > until_s:
                continue
            meets = [s for s in walked.strides if s.start_s < end_s - EDGE_S and s.end_s > start_s + EDGE_S]
            is_flagged = any(_is_cross(stride) for stride in meets)
            self.steps, self.flagged = self.steps + 1, self.flagged + is_flagged
            self.left_out += not any(stride.is_accepted for stride in meets)
            if not is_flagged or any(stride.is_accepted for stride in meets):
                self.missed.append((start_s, end_s))
        accepted = [stride for stride in walked.strides if stride.is_accepted]
        self.accepted += len(accepted)
        self.wrong += sum(not walked.is_true(stride) for stride in accepted)
        for stride in walked.strides:
            if not any(start < stride.end_s + EDGE_S and end > stride.start_s - EDGE_S for _, start, end in irregular):
                self.clean += 1
                self.false += _is_cross(stride)
                self.lost += not stride.is_accepted


def _is_cross(stride: Stride) -> bool:
    return not stride.is_accepted and stride.reason.startswith("cross step")


def medians(walked: Walk) -> dict[str, float]:
    """Return the median of each asymmetry over the whole walk."""
    pairs = [finding for finding in walked.findings if isinstance(finding, Asymmetry)]
    metrics = [metric for pair in pairs for metric in pair.metrics]
    names = {metric.name for metric in metrics}
    return {name: float(np.nanmedian([each.value for each in metrics if each.name == name])) for name in names}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("duration_s", nargs="?", type=float, default=120.0)
    duration_s = parser.parse_args().duration_s
    print("| speed m/s | rate Hz | steps | flagged | left out | clean | false | lost | wrong | shift stance, step |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    whole = Score()
    for speed_mps in SPEEDS_MPS:
        for rate_hz in (1000.0, 200.0):
            score, shifts = Score(), {"stance_time": 0.0, "step_time": 0.0}
            for number, (stance, step) in enumerate(ASYMMETRIES):
                seed = 10 * SPEEDS_MPS.index(speed_mps) + number
                settings = replace(WALKER, stance_time_asymmetry=stance, step_time_asymmetry=step, seed=seed)
                regular = medians(walk(settings, speed_mps, rate_hz, duration_s))
                crossing = walk(replace(settings, **CROSSING), speed_mps, rate_hz, duration_s)
                for each in (score, whole):
                    each.add(crossing, StepKind.CROSS, duration_s - 5.0)
                for name, value in medians(crossing).items():
                    if name in shifts:
                        shifts[name] = max(shifts[name], abs(value - regular[name]))
            print(_row(f"{speed_mps}", f"{rate_hz:.0f}", score, " ".join(f"{v:.4f}" for v in shifts.values())))
    print(_row("all", "", whole, ""))


def _row(speed: str, rate: str, score: Score, shift: str) -> str:
    shares = [f"{100.0 * count / score.steps:.1f} %" for count in (score.flagged, score.left_out)]
    losses = [f"{100.0 * count / score.clean:.2f} %" for count in (score.false, score.lost)]
    losses.append(f"{100.0 * score.wrong / score.accepted:.2f} %")
    return "| " + " | ".join([speed, rate, str(score.steps), *shares, str(score.clean), *losses, shift]) + " |"


if __name__ == "__main__":
    main()
