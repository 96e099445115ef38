# SPDX-License-Identifier: Apache-2.0
"""What the comparison prints of each recording: its rows, and in words where another tool is ahead of ours."""

import math
from dataclasses import dataclass

import numpy as np
import scoring
import walks

HEAD = """
| recording | tool | n IC / TO | F1 IC / TO | median IC / TO ms | p95 IC / TO ms | strides, n \
| stride RMSE ms | same strides: its / ours | stance bias pp | x real time |
|---|---|---|---|---|---|---|---|---|---|---|"""
BACK_HEAD = """
| recording | tool | n IC | F1 IC | F1 IC in bouts | bias IC ms | median IC ms | p95 IC ms | x real time |
|---|---|---|---|---|---|---|---|---|"""
OURS = "ours: events"
MARGINS = {  # what a difference must pass to be told in words
    "F1 IC": 0.01, "F1 TO": 0.01, "F1 IC in bouts": 0.01, "median IC ms": 2.0, "median TO ms": 2.0, "p95 IC ms": 2.0,
    "p95 TO ms": 2.0, "stance bias pp": 0.2,
}  # fmt: skip
STRIDE_MARGIN_MS = 2.0


@dataclass(frozen=True)
class Outcome:
    """What one pipeline did on one recording."""

    pipeline: str
    score: scoring.Score
    speed: float  # times real time


def figures(walk: walks.Walk, score: scoring.Score) -> dict[str, float]:
    """Return the columns of the recording's table by name, and nothing that its kind has no table column for."""
    kinds = ("IC",) if walk.kind == "back" else scoring.KINDS
    named = {f"F1 {kind}": score.f1(kind) for kind in kinds}
    for kind in kinds:
        named[f"median {kind} ms"] = _percentile_ms(score.error_s[kind], 50)
        named[f"p95 {kind} ms"] = _percentile_ms(score.error_s[kind], 95)
    if walk.kind == "back":
        bias_ms = 1e3 * float(np.median(score.error_s["IC"])) if len(score.error_s["IC"]) else math.nan
        return named | {"F1 IC in bouts": score.f1_in_bouts, "bias IC ms": bias_ms}
    return named | {"stance bias pp": 100.0 * float(np.mean(score.stance_error))}


def _percentile_ms(errors_s: np.ndarray, share: float) -> float:
    return 1e3 * float(np.percentile(np.abs(errors_s), share)) if len(errors_s) else math.nan


def stride_rms_ms(score: scoring.Score, ours: scoring.Score) -> tuple[float, float, float]:
    """Return the error of stride time of all strides of a tool, of those that ours has too, and ours of the same."""
    both = score.stride_error_s.keys() & ours.stride_error_s.keys()
    errors_s = (score.stride_rms_s(score.stride_error_s), score.stride_rms_s(both), ours.stride_rms_s(both))
    return errors_s[0] * 1e3, errors_s[1] * 1e3, errors_s[2] * 1e3


def row_of(walk: walks.Walk, outcome: Outcome, ours: scoring.Score) -> str:
    """Return a row of the table for the recording's kind."""
    score, named = outcome.score, figures(walk, outcome.score)
    if walk.kind == "back":
        cells = [f"{score.reference_count['IC']}", f"{named['F1 IC']:.3f}", f"{named['F1 IC in bouts']:.3f}"]
        cells += [f"{named[name]:{form}}" for name, form in (("bias IC ms", "+.0f"), ("median IC ms", ".0f"))]
        cells.append(f"{named['p95 IC ms']:.0f}")
    else:
        cells = [f"{score.reference_count['IC']} / {score.reference_count['TO']}"]
        for what, form in (("F1 {}", ".3f"), ("median {} ms", ".0f"), ("p95 {} ms", ".0f")):
            cells.append(" / ".join(format(named[what.format(kind)], form) for kind in scoring.KINDS))
        all_ms, both_ms, ours_ms = stride_rms_ms(score, ours)
        cells += [f"{len(score.stride_error_s)} of {score.stride_count}", f"{all_ms:.1f}"]
        cells.append(f"{both_ms:.1f} / {ours_ms:.1f}" if score is not ours else "-")
        cells.append(f"{named['stance bias pp']:+.1f}")
    return f"| {' | '.join([walk.name, outcome.pipeline, *cells])} | {outcome.speed:.0f} |"


def behind(walk: walks.Walk, results: list[Outcome]) -> list[str]:
    """Return where the best of the other tools is ahead of ours, one sentence's part each."""
    ours = [outcome for outcome in results if outcome.pipeline.startswith(OURS)]  # of one accuracy
    others = [outcome for outcome in results if not outcome.pipeline.startswith("ours")]
    if not ours or not others:
        return []
    named, told = figures(walk, ours[0].score), []
    for name, margin in MARGINS.items():
        if name in named:
            sign = 1.0 if name.startswith("F1") else -1.0
            best, pipeline = max((sign * abs(figures(walk, other.score)[name]), other.pipeline) for other in others)
            if best - sign * abs(named[name]) > margin:
                form = ".3f" if sign > 0.0 else ".1f"
                told.append(f"{name} {abs(named[name]):{form}} against {abs(best):{form}} ({pipeline})")
    strides = [(*stride_rms_ms(other.score, ours[0].score)[1:], other.pipeline) for other in others]
    its_ms, ours_ms, pipeline = max(strides, key=lambda each: each[1] - each[0])
    if ours_ms - its_ms > STRIDE_MARGIN_MS:
        told.append(f"stride RMSE ms of the same strides {ours_ms:.1f} against {its_ms:.1f} ({pipeline})")
    fastest = max(others, key=lambda other: other.speed)
    speed = max(outcome.speed for outcome in ours)
    if fastest.speed > speed:
        told.append(f"speed {speed:.0f} against {fastest.speed:.0f} ({fastest.pipeline})")
    return told
