# SPDX-License-Identifier: Apache-2.0
"""The report's tables of walking and standing: deviations, events and their sources, left-out strides, phase, sway."""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from statistics import median

from gait_analysis.events import EventFlag, EventKind, GaitEvent
from gait_analysis.standing import Standing
from gait_sensing.samples import Side
from gait_session.report.data import Walk
from gait_session.report.figures import side_name
from gait_session.report.numbers import NOT_MEASURED, Table, accepted, number, percent
from gait_session.stride_verdicts import Verdicts, kinds, reason_kind, rejected_kinds, unjudged

_MOST_ROWS = 20
_FLAGS = {
    EventFlag.CROSS_STEP: "cross step",
    EventFlag.IRREGULAR: "out of sequence",
    EventFlag.INTERPOLATION_FAR: "samples missing",
}

_DEGREES = math.degrees(1.0)
_POSTURE = (  # what, the field of Stride, from it to the unit on the left and on the right side, unit
    ("step width", "step_width_m", 100.0, 100.0, "cm"),
    ("lateral margin of stability", "lateral_margin_of_stability_m", 100.0, 100.0, "cm"),
    ("foot clearance in swing", "foot_clearance_m", 100.0, 100.0, "cm"),
    ("outward swing of the foot", "circumduction_m", 100.0, 100.0, "cm"),
    ("toes up at contact", "foot_pitch_at_contact_rad", -_DEGREES, -_DEGREES, "\N{DEGREE SIGN}"),
    ("toes out in stance", "foot_progression_rad", _DEGREES, _DEGREES, "\N{DEGREE SIGN}"),
    ("knee flexion in swing", "knee_flexion_peak_swing_rad", _DEGREES, _DEGREES, "\N{DEGREE SIGN}"),
    (
        "drop of the pelvis on the swinging side",
        "pelvic_obliquity_mid_stance_rad",
        _DEGREES,
        -_DEGREES,
        "\N{DEGREE SIGN}",
    ),
    ("lean of the trunk over the standing leg", "trunk_lean_mid_stance_rad", -_DEGREES, _DEGREES, "\N{DEGREE SIGN}"),
)


@dataclass(frozen=True)
class DeviationRow:
    """One deviation on one side: in how many strides it was found, was absent, and could not be told."""

    name: str
    side: str
    found_count: int
    absent_count: int
    untold_count: int
    words: str
    untold: str  # why it could not be told, with counts; empty when it always could


def deviation_rows(walk: Walk) -> list[DeviationRow]:
    """Return a row for each deviation and each side that was judged."""
    rows = []
    for name, sides in walk.verdicts().items():
        rows += [_deviation_row(walk, one) for one in sides]
        if not sides:
            rows.append(DeviationRow(name, "", 0, 0, 0, "", unjudged(walk.strides, walk.participant.prosthetic_side)))
    return rows


def posture_table(walk: Walk) -> Table:
    """How each side moves, as medians of its accepted strides: what most deviations are judged by."""
    rows = []
    for what, name, on_left, on_right, unit in _POSTURE:
        cells = [what]
        for side, scale in zip(Side, (on_left, on_right), strict=True):
            strides = accepted(walk, side)
            known = [scale * value for stride in strides if not math.isnan(value := getattr(stride, name))]
            cells += [number(median(known), 1, unit) if known else "cannot tell", f"{len(known)} of {len(strides)}"]
        rows.append(tuple(cells))
    left, right = (side_name(walk, side) for side in Side)
    return Table(("median of accepted strides", left, "strides", right, "strides"), rows)


def event_table(walk: Walk) -> Table:
    """Events and strides by side."""
    rows = []
    for side in Side:
        events = [event for event in walk.events if event.side is side]
        kinds = Counter(event.kind for event in events)
        rejected = [stride for stride in walk.strides if stride.side is side and not stride.is_accepted]
        counts = [kinds[EventKind.INITIAL_CONTACT], kinds[EventKind.FOOT_OFF], len(accepted(walk, side)), len(rejected)]
        rows.append((side_name(walk, side), *map(str, counts), *(_share(events, flag) for flag in _FLAGS)))
    head = ("side", "initial contacts", "feet off", "strides accepted", "strides left out", *_FLAGS.values())
    return Table(head, rows)


def source_table(walk: Walk) -> Table:
    """What told of the events, from when to when."""
    rows = []
    for side in Side:
        events = sorted((event for event in walk.events if event.side is side), key=lambda event: event.time_s)
        for (source, sensor), group in groupby(events, key=lambda event: (event.source.value, event.sensor)):
            run = list(group)
            at = (number(event.time_s - walk.start_s, 1, "s") for event in (run[0], run[-1]))
            doubt = min(event.confidence for event in run)
            rows.append((side_name(walk, side), source, sensor, *at, str(len(run)), number(doubt, 2)))
    return _shortened(
        ("side", "events told by", "sensor", "from", "to", "events", "least confidence"), rows, "changes of source"
    )


def reason_table(walk: Walk) -> Table:
    """Why strides were left out, most frequent first."""
    return _reasons(walk, "why strides were left out", "strides", rejected_kinds(walk.strides))


def doubt_table(walk: Walk) -> Table:
    """What is doubtful about events, most frequent first."""
    doubts = kinds((event.reason, event.side) for event in walk.events if event.reason)
    return _reasons(walk, "what is doubtful", "events", doubts)


def rejected_table(walk: Walk) -> Table:
    """The strides that were left out, one by one."""
    strides = sorted((stride for stride in walk.strides if not stride.is_accepted), key=lambda stride: stride.start_s)
    rows = [
        (number(stride.start_s - walk.start_s, 1, "s"), side_name(walk, stride.side), str(stride.number), stride.reason)
        for stride in strides
    ]
    return _shortened(("at", "side", "stride", "why it was left out"), rows, "strides")


def phase_table(walk: Walk) -> Table:
    """For how much of the time phase could be used, and why not."""
    rows = []
    for side, reasons in walk.phases.items():
        count, why = reasons.total(), Counter[str]()
        for text, state_count in reasons.items():
            why[reason_kind(text)] += state_count if text else 0
        share = percent(reasons[""] / count, sign=False) if count else NOT_MEASURED
        rows.append((side_name(walk, side), share, str(count), _counted(+why) or "always valid" if count else ""))
    return Table(("side", "phase valid", "of states", "when not, and in how many states"), rows)


def standing_table(walk: Walk) -> Table:
    """Each time that both feet stood: weight on each side and sway, over its last window."""
    rows = []
    # The analysis begins afresh at the start: who stands through it is measured anew.
    runs = groupby(walk.standings, key=lambda each: (each.is_standing, each.time_s >= walk.start_s))
    for (is_standing, _), group in runs:
        if is_standing:
            rows.append(_standing_row(walk, list(group)))
    head = ("from", "to", "weight " + side_name(walk, Side.LEFT), side_name(walk, Side.RIGHT), "over", "sway path",
            "velocity", "95 % ellipse", "weight shift against its target")  # fmt: skip
    is_shifted = any(row[-1] for row in rows)
    return Table(head if is_shifted else head[:-1], [row if is_shifted else row[:-1] for row in rows])


def not_standing(walk: Walk) -> str:
    """Return why nobody stood, with how often each reason was given."""
    return _counted(Counter(each.reason for each in walk.standings if not each.is_standing))


def _deviation_row(walk: Walk, one: Verdicts) -> DeviationRow:
    words = "Not seen in any stride that could be judged." if one.told_count else ""
    if (telling := one.most_telling) is not None:
        stride, sentence = telling
        words = f"At {number(stride.end_s - walk.start_s, 1, 's')}: {sentence}."
    counts = len(one.found), one.absent_count, one.untold.total()
    return DeviationRow(one.name, side_name(walk, one.side), *counts, words, _counted(one.untold))


def _standing_row(walk: Walk, run: list[Standing]) -> tuple[str, ...]:
    last = run[-1]
    begin_s = run[0].time_s - run[0].window_s - walk.start_s if run[0].window_s > 0 else math.nan
    both_bw = last.left_load_bw + last.right_load_bw
    loads = (
        f"{percent(load_bw / both_bw, sign=False)} ({number(load_bw, 2, 'BW')})" if both_bw > 0 else NOT_MEASURED
        for load_bw in (last.left_load_bw, last.right_load_bw)
    )
    shift = ""
    if not math.isnan(last.shift_error_rms):
        in_band = percent(last.shift_in_band, sign=False)
        shift = f"error {percent(last.shift_error_rms, sign=False)} RMS, {in_band} of the time within its band"
    return (
        number(begin_s, 1, "s"),
        number(last.time_s - walk.start_s, 1, "s"),
        *loads,
        f"{number(last.window_s, 1, 's')}",
        number(1000.0 * last.sway_path_m, 0, "mm"),
        number(1000.0 * last.sway_velocity_mps, 1, "mm/s"),
        number(1e6 * last.sway_ellipse_m2, 0, "mm\N{SUPERSCRIPT TWO}"),
        shift,
    )


def _reasons(walk: Walk, what: str, unit: str, reasons: dict[str, Counter[Side]]) -> Table:
    rows = [(reason, *(str(counts[side]) for side in Side), str(counts.total())) for reason, counts in reasons.items()]
    return Table((what, *(side_name(walk, side) for side in Side), unit), rows)


def _share(events: list[GaitEvent], flag: EventFlag) -> str:
    return f"{sum(flag in event.flags for event in events)} of {len(events)}"


def _counted(reasons: Counter[str]) -> str:
    return "; ".join(f"{text} ({count})" for text, count in reasons.most_common())


def _shortened(head: tuple[str, ...], rows: Iterable[tuple[str, ...]], what: str) -> Table:
    """Return a table that stays readable, and says how much it leaves out."""
    rows = list(rows)
    more_count = len(rows) - _MOST_ROWS
    if more_count > 1:
        left_out = (f"and {more_count} more {what}", *[""] * (len(head) - 1))
        rows = [*rows[:_MOST_ROWS], left_out]
    return Table(head, rows)
