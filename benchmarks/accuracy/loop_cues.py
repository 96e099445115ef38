# SPDX-License-Identifier: Apache-2.0
"""Each cue strategy in the closed loop: who walks, what the strategy is asked for, and its aim. See closed_loop.py."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from loop_harm import Harm, harm_of
from loop_walk import Walked, walk, within

from gait_feedback import cues
from gait_feedback.belts import ramp_to_speed
from gait_feedback.cue import Modality
from gait_feedback.cueing import CueingSettings
from gait_feedback.limiter import LimiterSettings
from gait_feedback.stability_guard import GuardSettings
from gait_parts import plugins
from gait_sensing.samples import Side
from gait_sim.walker import WalkerSettings

SPEED_MPS = 1.0
STEADY_S = 7.0  # belts and steps are steady from here on
P, S = Side.LEFT, Side.RIGHT
FELT = 0.2  # intensity from which cues are felt, of those who are asked


@dataclass(frozen=True)
class Length:
    """How long a walk lasts."""

    settling_count: int
    baseline_count: int  # strides of a side, of guard and strategy
    cued_s: float

    @property
    def uncued_s(self) -> float:
        """Until when a walker at ``SPEED_MPS`` is not cued."""
        return STEADY_S + 1.2 * (self.settling_count + self.baseline_count)


LONG, SHORT = Length(10, 20, 100.0), Length(3, 7, 34.0)


@dataclass(frozen=True)
class Scenario:
    """One strategy, and somebody for whom it is made."""

    aim: str  # in words, with unit
    measure: Callable[[Walked, float, float], float]  # of the truth, over a span of time
    is_reached: Callable[[float, float], bool]  # given the aim before and after
    wanted: str
    meaning: str = "stance_time"  # what the walker was told
    response: float = 0.3
    person: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    limiter: LimiterSettings = field(default_factory=LimiterSettings)
    is_standing: bool = False
    segments: tuple[str, ...] = ()
    is_timing: bool = False  # the aim is met by the strategy itself, whoever walks
    feels_from: float = 0.0  # intensity; one who does not respond feels nothing
    is_guarded: bool = True


@dataclass(frozen=True)
class Outcome:
    """What came of one walk."""

    before: float
    after: float
    is_reached: bool
    cues_count: int
    asked_count: int
    harm: Harm


def run(name: str, is_responder: bool, length: Length, seed: int = 1) -> Outcome:
    """Let somebody who responds, or does not, walk with a strategy; ``name`` is one of ``SCENARIOS``."""
    scenario = SCENARIOS[name]
    part = plugins.find(cues.__name__, name.split(",")[0])
    person = WalkerSettings(
        cue_meaning=scenario.meaning,
        cue_response=scenario.response if is_responder else 0.0,
        seed=seed,
        **scenario.person,
    )
    counts = {"settling_strides_count": length.settling_count, "baseline_strides_count": length.baseline_count}
    own = {name: count for name, count in counts.items() if hasattr(part.Settings(), name)}
    settings = part.Settings(**own, **scenario.settings)
    guard = replace(GuardSettings(), **counts, is_on=scenario.is_guarded)
    ramp = ramp_to_speed.Law(ramp_to_speed.Settings(target_speed_mps=SPEED_MPS, acceleration_mps2=0.5))
    end_s = length.uncued_s + length.cued_s
    walked = walk(
        person,
        end_s,
        None if scenario.is_standing else ramp,
        lambda side: part.Strategy(settings, side),
        CueingSettings(guard=guard, limiter=scenario.limiter),
        scenario.segments,
        feels_from=scenario.feels_from if is_responder else 2.0 * (scenario.feels_from > 0.0),
    )
    first_s = min([length.uncued_s, *(time_s for time_s, _ in walked.cues())])
    before, after = (0.0 if scenario.is_standing else STEADY_S, first_s), (end_s - 0.35 * length.cued_s, end_s)
    values = scenario.measure(walked, *before), scenario.measure(walked, *after)
    given = walked.cues()
    harm = harm_of(walked, scenario.limiter, before, after, not scenario.is_standing)
    return Outcome(*values, scenario.is_reached(*values), len(given), len(walked.decisions), harm)


def stance_asymmetry(walked: Walked, from_s: float, to_s: float) -> float:
    """(S - P) / (S + P) of true stance times."""
    p_s, s_s = (within(walked.stances_s(side), from_s, to_s)[:, 1].mean() for side in (P, S))
    return float((s_s - p_s) / (s_s + p_s))


def stance_s(walked: Walked, from_s: float, to_s: float) -> float:
    """Mean true stance time of the prosthetic side."""
    return float(within(walked.stances_s(P), from_s, to_s)[:, 1].mean())


def cadence(walked: Walked, from_s: float, to_s: float) -> float:
    """True steps a minute."""
    return float(120.0 / within(walked.strides_s(S), from_s, to_s)[:, 1].mean())


def habit(name: str, of: Callable[[float], float]) -> Callable[[Walked, float, float], float]:
    """Return the measure that is the mean of a habit of the walker over a span."""

    def measure(walked: Walked, from_s: float, to_s: float) -> float:
        return float(np.mean([of(walked.walker.habit(name, time_s)) for time_s in np.arange(from_s, to_s, 0.5)]))

    return measure


def timing_s(phase: float) -> Callable[[Walked, float, float], float]:
    """Return the measure that is the 95th percentile of how far pulses are from the true instant of a phase."""

    def measure(walked: Walked, from_s: float, to_s: float) -> float:
        starts_s = walked.contacts_s(P)
        felt_s = [time_s for time_s, _ in walked.cues() if from_s <= time_s < min(to_s, starts_s[-2])]
        due_s = starts_s[:-1] + phase * np.diff(starts_s)
        errors_s = [float(np.abs(due_s - time_s).min()) for time_s in felt_s]
        return float(np.percentile(errors_s, 95)) if errors_s else math.nan

    return measure


def found_intensity(walked: Walked) -> float:
    """Return what the strategy says in words to set on the prosthetic side; NaN when nothing was felt or found."""
    texts = [one.cue.text for _, one in walked.decisions if one.cue.modality is Modality.TEXT and one.cue.side is P]
    said = [text.split()[2] for text in texts if text.startswith("set intensity")]
    return float(said[-1]) if said else math.nan


SCENARIOS = {  # by the file of the strategy, and what is judged where there are several
    "outside_band": Scenario(
        "stance-time asymmetry, 0.05 about 0",
        stance_asymmetry,
        lambda before, after: abs(after) <= 0.055 < before,
        "within 0.055",
        person={"stance_time_asymmetry": 0.1},
    ),
    "stance_time_target": Scenario(
        "stance of the prosthesis, 10 % longer less a band of 5 %, s",
        stance_s,
        lambda before, after: after >= 1.035 * before,
        "3.5 % longer",
        settings={"change": 0.1},
    ),
    "push_off": Scenario(
        "propulsion of the prosthesis, 15 % more less a band of 5 %, by that of the mean leg",
        habit("push_off_asymmetry", lambda asymmetry: 1.0 - asymmetry),
        lambda before, after: after >= 1.07 * before,
        "7 % more",
        meaning="push_off",
        person={"push_off_asymmetry": 0.15},
        settings={"change": 0.15},
    ),
    "posture, hip_drop": Scenario(
        "hip drop beyond that of the sound side, rad",
        habit("hip_drop_rad", lambda drop_rad: drop_rad),
        lambda before, after: after <= 0.6 * before,
        "40 % less",
        meaning="hip_drop",
        person={"hip_drop_rad": 0.1},
        settings={"measure": "hip_drop", "change_rad": -0.06, "band_rad": 0.015},
        segments=("pelvis",),
    ),
    "posture, trunk_lean": Scenario(
        "trunk lean over the prosthesis beyond that over the sound side, rad",
        habit("trunk_lean_rad", lambda lean_rad: lean_rad),
        lambda before, after: after <= 0.6 * before,
        "40 % less",
        meaning="trunk_lean",
        person={"trunk_lean_rad": 0.1},
        settings={"measure": "trunk_lean", "change_rad": -0.06, "band_rad": 0.015},
        segments=("trunk",),
    ),
    "weight_shift_target": Scenario(
        "share of the load on the prosthesis, 0.05 about 0.5",
        habit("standing_load_asymmetry", lambda asymmetry: 0.5 * (1.0 - asymmetry)),
        lambda before, after: before < 0.4 and 0.44 <= after <= 0.56,
        "0.44 to 0.56",
        meaning="weight",
        person={"standing_load_asymmetry": 0.3},
        settings={"target": 0.5},
        is_standing=True,
    ),
    "rhythm": Scenario(
        "steps a minute, 8 % more, half of it the walker's own",
        cadence,
        lambda before, after: after >= 1.02 * before,
        "2 % more",
        meaning="beat",
        response=0.5,
        settings={"cadence_change": 0.08},
        limiter=LimiterSettings(max_cues_per_minute_count=130),
    ),
    "find_intensity": Scenario(
        f"intensity found on the prosthetic side, felt from {FELT:g} on, times 2.5",
        lambda walked, from_s, to_s: found_intensity(walked) if from_s > STEADY_S else math.nan,
        lambda before, after: abs(after / (2.5 * FELT) - 1.0) <= 0.15,
        "within 15 %",
        settings={"strides_count": 2, "answer_s": 1.5},
        feels_from=FELT,
        is_guarded=False,
    ),
    "phase_locked_pulse": Scenario(
        "pulse from the true instant of phase 0.5, 95th percentile, s",
        timing_s(0.5),
        lambda before, after: after <= 0.03,
        "0.03 s",
        meaning="push_off",
        response=0.02,
        person={"variability": 0.01},
        is_timing=True,
    ),
}
