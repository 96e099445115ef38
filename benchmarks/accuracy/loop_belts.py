# SPDX-License-Identifier: Apache-2.0
"""Each belt law in the closed loop: who walks, what the law is asked for, and its aim. See closed_loop.py."""

import math
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import self_pacing
from loop_cues import Outcome
from loop_harm import Harm, harm_of
from loop_walk import GATE, Walked, walk, within

from gait_feedback import belts
from gait_feedback.cueing import CueingSettings
from gait_feedback.cues import outside_band
from gait_feedback.limiter import LimiterSettings
from gait_feedback.schedule import ScheduleSettings
from gait_feedback.stability_guard import GuardSettings
from gait_parts import plugins
from gait_sensing.samples import Side
from gait_sim.walker import WalkerSettings

EVEN = {"stance_time_asymmetry": 0.0, "step_time_asymmetry": 0.0, "step_length_asymmetry": 0.0, "load_asymmetry": 0.0}
EDGE_MPS, PUSH_PHASES = 0.005, (0.2, 0.45)  # of a push: where it is seen to begin, and what is mid-stance
LIMITS = LimiterSettings()


def ramp_to_speed(is_responder: bool, is_long: bool) -> tuple[str, Outcome]:
    """The belts reach the speed, whoever walks."""
    walked = _walk("ramp_to_speed", _adapting(is_responder), 40.0 if is_long else 25.0)
    speed_mps = _speed_mps(walked, walked.belts[-1][0] - 5.0)
    reached = abs(speed_mps - 1.1) <= 0.01
    return "speed of the belts 1.1 m/s, within 0.01", _outcome(walked, 0.0, speed_mps, reached)


def self_paced(is_responder: bool, is_long: bool) -> tuple[str, Outcome]:
    """The belts follow a person whose intent changes, and do not lead one whose intent does not."""
    return _paced(self_pacing.self_paced_law, is_responder, is_long, 0.05)


def position_dead_zone(is_responder: bool, is_long: bool) -> tuple[str, Outcome]:
    """As ``self_paced``; within its zone the person may well drift."""
    return _paced(self_pacing.dead_zone_law, is_responder, is_long, 0.1)


def split_ratio(is_responder: bool, is_long: bool) -> tuple[str, Outcome]:
    """The ratio is reached, and tied again; step lengths then show what was learned."""
    tied_count, split_count = (20, 100) if is_long else (6, 25)
    settings = {"slow_speed_mps": 0.6, "ratio": 1.6, "tied_strides_count": tied_count}
    person = {**EVEN, "split_adaptation": (0.05 if is_long else 0.15) if is_responder else 0.0}
    seconds = 12.0 + 1.6 * (tied_count + split_count) + 6.0
    walked = _walk("split_ratio", person, seconds, {**settings, "split_strides_count": split_count})
    times_s, left_mps, right_mps = np.array(walked.belts).T
    split = np.flatnonzero(right_mps > 1.59 * left_mps.clip(0.1))
    is_tied_again = len(split) > 0 and abs(right_mps[-1] / left_mps[-1] - 1.0) < 0.02
    begin_s, end_s = (times_s[split[0]], times_s[split[-1]]) if is_tied_again else (math.nan, math.nan)
    early, late = _length_index(walked, begin_s + 2.0, begin_s + 5.0), _length_index(walked, end_s - 8.0, end_s)
    after = _length_index(walked, end_s + 4.0, end_s + 7.0)
    is_learned = abs(late) < 0.5 * abs(early) and after > 0.05
    aim = f"belts at 1.6 and tied again; step-length asymmetry split, first and last (tied again {after:+.3f})"
    return aim, _outcome(walked, early, late, bool(is_tied_again) and (is_learned or not is_responder), False)


def adaptive_split(is_responder: bool, is_long: bool) -> tuple[str, Outcome]:
    """The asymmetry of step length is steered to 0, also while the person slowly gets used to the split."""
    tied_count, seconds = (20, 120.0) if is_long else (8, 60.0)
    person = {**EVEN, "step_length_asymmetry": 0.15, "split_adaptation": 0.005 if is_responder else 0.0}
    walked = _walk("adaptive_split", person, seconds, {"tied_strides_count": tied_count})
    before, after = _length_index(walked, 8.0, 8.0 + tied_count), _length_index(walked, seconds - 20.0, seconds)
    return "step-length asymmetry, within 0.03 of 0", _outcome(
        walked, before, after, abs(after) <= 0.03 < before, False
    )


def perturbation(is_responder: bool, is_long: bool) -> tuple[str, Outcome]:
    """Each push begins in mid-stance of its leg, and two strides later steps are as before."""
    count, seconds = (10, 200.0) if is_long else (3, 45.0)
    settings = {"is_enabled": True, "side": "right", "most_count": count, "least_strides_count": 5}
    walked = _walk("perturbation", _adapting(is_responder), seconds, {**settings, "most_strides_count": 8}, True)
    pushes_s = pushes(walked, Side.RIGHT)
    phases = [push_phase(walked, time_s) for time_s in pushes_s]
    usual = _length_index(walked, 8.0, pushes_s[0])
    off = [_length_index(walked, time_s + 2.5, time_s + 6.0) - usual for time_s in pushes_s]
    is_timed = len(pushes_s) == count and all(PUSH_PHASES[0] <= phase <= PUSH_PHASES[1] for phase in phases)
    told = f"{len(pushes_s)} pushes, begun at phase {min(phases):.2f} to {max(phases):.2f}"
    aim = f"{told}; step-length asymmetry before, and furthest from it 2 strides after a push"
    return aim, _outcome(walked, usual, usual + max(off, key=abs), is_timed and max(map(abs, off)) <= 0.03, False)


def training_progression(is_responder: bool, is_long: bool) -> tuple[str, Outcome]:
    """With cues on step length: the speed rises once they have worked, and falls when they stop and it is forgotten."""
    block_count, cued_count, seconds = (10, 60, 260.0) if is_long else (6, 25, 100.0)
    cued = outside_band.Settings(metric="step_length", band=0.03)
    person = {**EVEN, "step_length_asymmetry": 0.2, "cue_meaning": "step_length", "cue_retention_s": 25.0}
    guard = GuardSettings(settling_strides_count=3, baseline_strides_count=5)
    schedule = ScheduleSettings(block_strides_count=cued_count, blocks_count=1)  # then retention
    walked = walk(
        WalkerSettings(**person, cue_response=0.6 if is_responder else 0.0),
        seconds,
        _law("training_progression", {"start_speed_mps": 0.6, "block_strides_count": block_count}),
        lambda side: outside_band.Strategy(cued, side),
        CueingSettings(guard=guard, schedule=schedule),
    )
    speeds_mps = within(walked.belts, 5.0, seconds)[:, 1]
    highest_mps, last_mps = float(speeds_mps.max()), float(speeds_mps[-1])
    is_right = highest_mps >= 0.69 and last_mps <= highest_mps - 0.04 if is_responder else highest_mps <= 0.61
    return "speed from 0.6: highest, and last after cues stopped, m/s", _outcome(
        walked, highest_mps, last_mps, is_right
    )


def pushes(walked: Walked, side: Side) -> list[float]:
    """Return when the belt of a side began to go faster, once both were steady."""
    table = within(walked.belts, 8.0, math.inf)
    speed_mps = table[:, 1 if side is Side.LEFT else 2]
    steady_mps = median(speed_mps) + EDGE_MPS
    rising = np.flatnonzero((speed_mps[:-1] <= steady_mps) & (speed_mps[1:] > steady_mps))
    return [float(time_s) for time_s in table[rising + 1, 0]]


def push_phase(walked: Walked, time_s: float) -> float:
    """Return the phase of the right leg's true stride at an instant."""
    ends_s, strides_s = walked.strides_s(Side.RIGHT).T
    place = int(np.searchsorted(ends_s, time_s))
    return float(1.0 - (ends_s[place] - time_s) / strides_s[place])


def _paced(law: Callable[[float], Any], is_responder: bool, is_long: bool, off_mps: float) -> tuple[str, Outcome]:
    from_mps, change_mps = 0.9, 0.3 if is_responder else 0.0
    seconds = self_pacing.SETTLED_S + (30.0 if is_long else 12.0)
    found = self_pacing.walk(self_pacing.changing(from_mps, change_mps), law(from_mps), seconds)
    table = np.array([(time_s, mps, mps) for time_s, mps in found.belts])
    last_mps = float(table[table[:, 0] > seconds - 5.0, 1].mean())
    before_mps = float(within(table, self_pacing.SETTLED_S - 5.0, self_pacing.SETTLED_S)[:, 1].mean())
    rates_mps2 = np.abs(np.diff(table[:, 1])) / np.diff(table[:, 0])
    furthest_m = float(np.abs(found.place_m).max())
    problems = {
        f"the law gave up: {found.reason}": bool(found.reason),
        "belts beyond a limit": table[:, 1].max() > GATE.max_speed_mps or rates_mps2.max() > GATE.max_acceleration_mps2,
        "the person is more than 0.6 m from the middle": furthest_m > 0.6,
    }
    harm = Harm(
        0, 0.0, (math.nan,) * 2, (math.nan,) * 2, float(table[:, 1].max()), float(rates_mps2.max()),
        tuple(text for text, is_so in problems.items() if is_so),
    )  # fmt: skip
    walks_mps = found.settled_mps()
    change = "0.3 m/s faster after 20 s" if is_responder else "at one speed"
    aim = f"belts as fast as a person {change}, who walks at {walks_mps:.2f} m/s and {furthest_m:.2f} m off the middle"
    is_reached = abs(last_mps - walks_mps) <= off_mps
    return aim, Outcome(before_mps, last_mps, is_reached, 0, 0, harm)


def _adapting(is_responder: bool) -> dict[str, float]:
    return {**EVEN, "split_adaptation": 0.05 if is_responder else 0.0}


def _walk(
    name: str,
    person: dict[str, Any],
    seconds: float,
    settings: dict[str, Any] | None = None,
    is_push_allowed: bool = False,
) -> Walked:
    return walk(WalkerSettings(**person), seconds, _law(name, settings or {}), is_push_allowed=is_push_allowed)


def _law(name: str, settings: dict[str, Any]) -> Any:
    part = plugins.find(belts.__name__, name)
    return part.Law(part.Settings(**settings))


def _outcome(walked: Walked, before: float, after: float, is_reached: bool, is_steady: bool = True) -> Outcome:
    end_s = walked.belts[-1][0]
    harm = harm_of(walked, LIMITS, (8.0, 15.0), (max(end_s - 15.0, 8.0), end_s), is_steady)
    return Outcome(before, after, is_reached, len(walked.cues()), len(walked.decisions), harm)


def _speed_mps(walked: Walked, from_s: float) -> float:
    return float(within(walked.belts, from_s, math.inf)[:, 1:].mean())


def _length_index(walked: Walked, from_s: float, to_s: float) -> float:
    """(S - P) / (S + P) of true step lengths, the left side prosthetic."""
    _, left_m, right_m = within(walked.lengths_m, from_s, to_s).T
    return float(np.mean((right_m - left_m) / (right_m + left_m)))


SCENARIOS = {
    law.__name__: law
    for law in (
        adaptive_split,
        perturbation,
        position_dead_zone,
        ramp_to_speed,
        self_paced,
        split_ratio,
        training_progression,
    )
}
