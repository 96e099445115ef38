# SPDX-License-Identifier: Apache-2.0
"""What must not happen to somebody in the closed loop, measured from the truth: see closed_loop.py."""

from dataclasses import dataclass

import numpy as np
from loop_walk import GATE, Walked, within

from gait_feedback.limiter import LimiterSettings
from gait_sensing.samples import Side

SLACK_MPS2, SLACK_MPS = 0.02, 0.005  # of speeds as the treadmill's bytes tell them, and of their change over 50 ms
MORE_VARIED, LESS_MARGIN = 0.01, 0.15  # coefficient of variation; share of the margin, as the guard softens at


@dataclass(frozen=True)
class Harm:
    """Numbers of one walk, before it was cued or pushed and at the end, and what is beyond its limit."""

    most_a_minute_count: int
    cued_s: float
    variation: tuple[float, float]  # of step time, before and after
    margin_m: tuple[float, float]  # lateral margin of stability, as the analysis tells it
    fastest_mps: float
    hardest_mps2: float
    problems: tuple[str, ...]


def harm_of(
    walked: Walked, limits: LimiterSettings, before: tuple[float, float], after: tuple[float, float], is_steady: bool
) -> Harm:
    """Judge a walk; spans of time in s. Belts that are to differ or to change (not ``is_steady``) make steps vary."""
    cues = walked.cues()
    times_s = np.array([time_s for time_s, _ in cues])
    most_count = max((int(np.count_nonzero((times_s > t - 60.0) & (times_s <= t))) for t in times_s), default=0)
    cued_s = sum(one.cue.duration_s for _, one in walked.decisions if one.verdict.is_allowed)
    gaps_s = [gap for side in Side for gap in np.diff([time_s for time_s, where in cues if where is side])]
    table = np.array(walked.belts)
    rates_mps2 = np.abs(np.diff(table[:, 1:], axis=0)) / np.diff(table[:, :1], axis=0)
    fastest_mps, hardest_mps2 = float(table[:, 1:].max()), float(rates_mps2.max())
    apart_mps = float(np.abs(table[:, 1] - table[:, 2]).max())
    variation = _variation(walked, *before), _variation(walked, *after)
    margin_m = _margin_m(walked, *before), _margin_m(walked, *after)
    limit_mps2 = max(GATE.max_acceleration_mps2, GATE.max_deceleration_mps2)
    checks = {
        "belts beyond the limit of speed": fastest_mps > GATE.max_speed_mps + SLACK_MPS,
        "belts beyond the limit of acceleration": hardest_mps2 > limit_mps2 + SLACK_MPS2,
        "belts too far apart": apart_mps > GATE.max_belt_difference_mps + SLACK_MPS,
        "the belt gate stepped in": bool(walked.interventions),
        f"the law gave up: {walked.law_reason}": bool(walked.law_reason),
        "cues too close": min(gaps_s, default=np.inf) < limits.min_interval_s,
        "too many cues in a minute": most_count > limits.max_cues_per_minute_count,
        "too much cue time": cued_s > limits.max_session_s,
        "steps vary more": is_steady and variation[1] > variation[0] + MORE_VARIED,
        "less margin of stability": is_steady and margin_m[1] < (1.0 - LESS_MARGIN) * margin_m[0],
    }
    problems = tuple(text for text, is_so in checks.items() if is_so)
    return Harm(most_count, cued_s, variation, margin_m, fastest_mps, hardest_mps2, problems)


def _variation(walked: Walked, from_s: float, to_s: float) -> float:
    """Coefficient of variation of true step times, mean of both feet."""
    found = []
    for side in Side:
        others_s, rows = walked.contacts_s(side.other), walked.contacts_s(side)
        steps_s = [time_s - others_s[others_s < time_s].max() for time_s in rows if (others_s < time_s).any()]
        steps = within(list(zip(rows[-len(steps_s) :], steps_s, strict=True)) if steps_s else [], from_s, to_s)
        if len(steps) > 1:
            found.append(float(steps[:, 1].std() / steps[:, 1].mean()))
    return float(np.mean(found)) if found else np.nan


def _margin_m(walked: Walked, from_s: float, to_s: float) -> float:
    rows = within(walked.margins_m, from_s, to_s)
    known = rows[np.isfinite(rows[:, 1]), 1] if len(rows) else rows
    return float(np.median(known)) if len(known) else np.nan
