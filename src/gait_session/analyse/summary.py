# SPDX-License-Identifier: Apache-2.0
"""The one screen that ``gait-lab analyse`` prints: what was found, how the sides differ, and what cannot be told."""

import math
import textwrap
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from statistics import median

from gait_analysis.analyser import AnalyserSettings
from gait_analysis.comparison import asymmetry
from gait_analysis.events import EventFlag, EventKind
from gait_analysis.gait import MetricAsymmetry
from gait_analysis.participant import Participant
from gait_analysis.parts import Metric, build
from gait_sensing.samples import Side
from gait_session.analyse.findings import Findings
from gait_session.analyse.untold import untold, untold_deviations
from gait_session.plain_walk import PlainWalk, gaps_s, usual_interval_s
from gait_session.stride_verdicts import Verdicts, deviation_names, kinds, rejected_kinds, verdicts

_WIDTH = 28  # of the first column
_WIDTHS = (16, 16, 11, 7, 17, 10, 9)  # of the columns after it
_LINE = 112  # characters
_REASONS_COUNT = 4
_SEEN = (  # what else is told of a stride, by its field and how many units are in one of SI
    ("stride length, m", "stride_length_m", 1.0),
    ("speed, m/s", "speed_mps", 1.0),
    ("margin of stability, cm", "lateral_margin_of_stability_m", 100.0),
    ("foot clearance, cm", "foot_clearance_m", 100.0),
    ("knee flexion, degrees", "knee_flexion_peak_swing_rad", math.degrees(1.0)),
)
_EVENT_NAMES = {EventKind.INITIAL_CONTACT: "initial contacts", EventKind.FOOT_OFF: "feet off"}


def summary(walk: PlainWalk, participant: Participant, found: Findings, settings: AnalyserSettings) -> str:
    """Return the summary as lines of text."""
    parts = [list(_who(walk, participant))]
    if found.events:
        parts += [list(_counts(found, participant)), list(_metrics(found, settings, participant))]
    told = verdicts(found.strides, deviation_names(settings.deviations))
    parts.append([*_deviations(told, walk), *_standing(found)])
    if missing := [*untold(walk, found, participant), *untold_deviations(told, found, participant)]:
        parts.append(["cannot tell:", *(line for text in missing for line in _wrapped(text))])
    return "\n\n".join("\n".join(lines) for lines in parts if lines)


def _who(walk: PlainWalk, participant: Participant) -> Iterator[str]:
    mass = f"{participant.body_mass_kg:.1f} kg" if participant.body_mass_kg > 0 else "mass unknown"
    whose = f"{participant.prosthetic_side.value} prosthesis" if participant.prosthetic_side else "no prosthesis named"
    yield f"walk of {walk.end_s - walk.start_s:.1f} s, from {walk.start_s:.3f} to {walk.end_s:.3f} s; {mass}, {whose}"
    for name, time_s in walk.times_s.items():
        gaps = gaps_s(time_s)
        said = f", {len(gaps)} gap{'s' * (len(gaps) > 1)}, {gaps.sum():.1f} s in all" if len(gaps) else ""
        yield f"  {name}: {1.0 / usual_interval_s(time_s):.1f} rows a second{said}"
    yield from (f"  note: {note}" for note in walk.notes)


def _counts(found: Findings, participant: Participant) -> Iterator[str]:
    yield _row("", *(_name(side, participant) for side in Side))
    for kind, name in _EVENT_NAMES.items():
        yield _row(name, *(str(sum(e.side is side and e.kind is kind for e in found.events)) for side in Side))
    for flag in (EventFlag.CROSS_STEP, EventFlag.IRREGULAR):
        counts = [sum(event.side is side and flag in event.flags for event in found.events) for side in Side]
        if any(counts):
            yield _row(f"  {str(flag.name).lower().replace('_', ' ')}", *map(str, counts))
    yield _row("strides accepted", *(str(len(found.accepted(side))) for side in Side))
    rejected = rejected_kinds(found.strides)
    yield _row("strides left out", *(str(sum(counts[side] for counts in rejected.values())) for side in Side))
    reasons = [(reason, counts.total()) for reason, counts in rejected.items()]
    yield from (f"  {count} x {reason}" for reason, count in reasons[:_REASONS_COUNT])
    if len(reasons) > _REASONS_COUNT:
        yield f"  {sum(count for _, count in reasons[_REASONS_COUNT:])} x other reasons"
    if found.state_count:
        shares = (f"{100.0 * found.phase_counts[side] / found.state_count:.1f} %" for side in Side)
        yield _row("phase valid, of the time", *shares)
    if any(own_s := [_between_contacts_s(found, side) for side in Side]):
        yield _row("stride time by contacts, s", *(_number(values, 3) for values in own_s))
    if sources := Counter(event.source.value for event in found.events):
        yield _row("events told by", ", ".join(f"{name} ({count})" for name, count in sources.items()))
    doubts = kinds((event.reason, event.side) for event in found.events if event.reason and not event.flags)
    for reason, by_side in list(doubts.items())[:_REASONS_COUNT]:
        yield from _wrapped(f"{by_side.total()} x {reason}")


def _metrics(found: Findings, settings: AnalyserSettings, participant: Participant) -> Iterator[str]:
    if not any(found.accepted(side) for side in Side):
        return
    heads = ("asymmetry", "pairs", "own baseline", "change", "norm") if found.asymmetries else ()
    yield _row("medians of accepted strides", *(_name(side, participant) for side in Side), *heads)
    cadences = [[60.0 * stride.cadence_hz for stride in found.accepted(side)] for side in Side]
    yield _row("cadence, steps/min", *(_number(values, 1) for values in cadences))
    last = {each.name: each for pair in found.asymmetries for each in pair.metrics}
    metrics: list[Metric] = [build("metrics", "Metric", name, {}) for name in settings.metrics]
    for metric in metrics:
        sides = [[metric.of(stride) for stride in found.accepted(side)] for side in Side]
        if not all(math.isnan(value) for values in sides for value in values):
            yield _metric_row(metric.name, metric.unit, sides, found, last.get(metric.name))
    for what, name, scale in _SEEN:
        sides = [[scale * getattr(stride, name) for stride in found.accepted(side)] for side in Side]
        if not all(math.isnan(value) for values in sides for value in values):
            yield _row(what, *(_number(values, 3 if scale == 1.0 else 1) for values in sides))
    for each in last.values():
        if each.name not in settings.metrics and not math.isnan(each.rolling_median):
            yield _metric_row(each.name, each.unit, [[], []], found, each)
    if last:
        yield "asymmetry: median of pairs of " + next(iter(last.values())).index
        count = asymmetry.Settings().baseline_pairs_count
        if all(math.isnan(each.baseline) for each in last.values()):
            yield f"own baseline: cannot tell before {count} pairs"
        else:
            window_count = settings.asymmetry_window_count
            yield f"own baseline: mean and SD of the first {count} pairs; change: from it to the last {window_count}"
        sources = dict.fromkeys(each.norm_source for each in last.values() if not math.isnan(each.norm))
        yield from _wrapped(
            "norm: " + "; ".join(sources or dict.fromkeys(each.norm_source for each in last.values())), ""
        )


def _metric_row(name: str, unit: str, sides: list[list[float]], found: Findings, last: MetricAsymmetry | None) -> str:
    cells = [_number(values, 3) for values in sides]
    if last is not None:
        pairs = [each.value for a in found.asymmetries for each in a.metrics if each.name == name]
        pairs = [value for value in pairs if not math.isnan(value)]
        baseline = f"{_percent(last.baseline)} \N{PLUS-MINUS SIGN} {100.0 * last.baseline_sd:.1f}"
        cells += [_percent(median(pairs) if pairs else math.nan), str(len(pairs))]
        cells += ["-" if math.isnan(last.baseline) else baseline, _percent(last.change), _percent(last.norm)]
    return _row(name.replace("_", " ") + (f", {unit}" if unit != "1" else ""), *cells)


def _deviations(told: dict[str, list[Verdicts]], walk: PlainWalk) -> Iterator[str]:
    """Yield in how many strides each deviation was found, and which were looked for and not seen."""
    for one in (one for sides in told.values() for one in sides):
        if (telling := one.most_telling) is not None:
            stride, sentence = telling
            counts = f"in {len(one.found)} of {one.told_count} {one.side.value} strides"
            yield from _wrapped(f"{one.name}: {counts}; at {stride.end_s:.1f} s {sentence}", "")
    absent = [one for sides in told.values() for one in sides if one.absent_count and not one.found]
    if absent:
        names = (f"{one.name} ({one.absent_count} {one.side.value} strides)" for one in absent)
        yield from _wrapped(f"not seen: {'; '.join(names)}", "")


def _standing(found: Findings) -> Iterator[str]:
    """Yield weight and sway of the longest standing."""
    last = max(found.standings, key=lambda each: each.window_s, default=None)
    if last is None:
        return
    both_bw = last.left_load_bw + last.right_load_bw
    shares = (f"{side.value} {100.0 * load_bw / both_bw:.0f} %" for side, load_bw in
              zip(Side, (last.left_load_bw, last.right_load_bw), strict=True))  # fmt: skip
    sway = "sway: cannot tell, needs the centre of pressure"
    if not math.isnan(last.sway_path_m):
        sway = (
            f"sway {1000.0 * last.sway_path_m:.0f} mm, {1000.0 * last.sway_velocity_mps:.1f} mm/s, "
            f"95 % ellipse {1e6 * last.sway_ellipse_m2:.0f} mm2"
        )
    weight = "weight: cannot tell" if math.isnan(both_bw) else f"weight {', '.join(shares)}"
    yield f"standing, {last.window_s:g} s to {last.time_s:.1f} s: {weight}; {sway}"


def _between_contacts_s(found: Findings, side: Side) -> list[float]:
    """Return the times from each contact of ``side`` to its next, whatever the other foot does."""
    kind = EventKind.INITIAL_CONTACT
    return [b - a for a, b in pairwise(sorted(e.time_s for e in found.events if e.side is side and e.kind is kind))]


def _name(side: Side, participant: Participant) -> str:
    if participant.prosthetic_side is None:
        return side.value
    return f"{side.value} ({'prosth.' if participant.prosthetic_side is side else 'sound'})"


def _number(values: list[float], digits: int) -> str:
    known = [value for value in values if not math.isnan(value)]
    return f"{median(known):.{digits}f}" if known else "-"


def _percent(value: float) -> str:
    return "-" if math.isnan(value) else f"{100.0 * value:+.1f} %"


def _wrapped(text: str, indent: str = "  ") -> list[str]:
    return textwrap.wrap(text, _LINE, initial_indent=indent, subsequent_indent=indent + "  ")


def _row(*cells: str) -> str:
    return f"{cells[0]:<{_WIDTH}}" + "".join(
        f"{cell:>{width}}" for cell, width in zip(cells[1:], _WIDTHS, strict=False)
    )
