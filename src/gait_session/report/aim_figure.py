# SPDX-License-Identifier: Apache-2.0
"""The figure of what cues aimed at: that number over the session, with its target, cues, and strides without them."""

from collections.abc import Callable, Iterator
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gait_messages import values
from gait_sensing.samples import Side
from gait_session.report.aim import Course, courses
from gait_session.report.data import Walk
from gait_session.report.figures import ALARM, CUE, INK, MUTED, SECOND, SENT, STYLE, WIDTH, svg

WITHHELD = 5  # CueReceipt.WITHHELD
SILENT, RETENTION, GUARDED = "#dcefe3", "#eceff3", "#f6dcd8"
_MEDIAN_COUNT = 9  # strides or pairs of the rolling median
_ROW = 0.045  # of the panel's height, that one row of marks takes


def aim_panels(walk: Walk) -> str:
    """Return a panel for each number that the cues were about; empty text where there is none."""
    found = courses(walk)
    if not found:
        return ""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 0.7 + 2.9 * len(found)), layout="constrained")
        for axes, course in zip(figure.subplots(len(found), 1, sharex=True, squeeze=False).flat, found, strict=True):
            _panel(axes, walk, course)
        axes.set_xlabel("seconds since the start")
        axes.set_xlim(0.0, max(1.0, walk.end_s - walk.start_s))
        handles, labels = axes.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4, labelcolor=INK)
        return svg(figure, "aim")


def _panel(axes: Axes, walk: Walk, course: Course) -> None:
    axes.set_title(f"{course.name[0].upper()}{course.name[1:]}, {course.unit}" if course.unit else course.name)
    axes.plot(course.seconds, course.values, linestyle="", marker="o", markersize=3.6, markerfacecolor=MUTED,
              markeredgewidth=0, alpha=0.55, label="each stride or pair")  # fmt: skip
    if len(course.values) >= _MEDIAN_COUNT:
        windows = np.lib.stride_tricks.sliding_window_view(course.values, _MEDIAN_COUNT)
        axes.plot(course.seconds[_MEDIAN_COUNT - 1 :], np.median(windows, axis=1), color=INK, linewidth=1.8,
                  label=f"median of the last {_MEDIAN_COUNT}")  # fmt: skip
    if np.isfinite(course.target):
        axes.axhline(course.target, color=SECOND, linewidth=1.1, linestyle=(0, (4, 3)), label="target")
    low, high = axes.get_ylim()
    room = 0.25 * (high - low)  # for the marks at the foot
    low, high = low - room, high + 0.1 * room
    axes.set_ylim(low, high)
    _spans(axes, walk, lambda message: message.schedule_text.startswith(("retention", "quiet")), RETENTION,
           "retention or quiet: no cues")  # fmt: skip
    _spans(axes, walk, lambda message: message.guard_level > 0, GUARDED, "stability guard softens or pauses")
    if not np.isnan(course.low):
        silent = max(course.low, low), min(course.high, high)
        if silent[0] < silent[1]:
            axes.axhspan(*silent, color=SILENT, alpha=0.75, linewidth=0, zorder=0, label="no cue is called for")
    _marks(axes, walk, course.side)


def _marks(axes: Axes, walk: Walk, side: Side | None) -> None:
    """Mark a side's cues, or all, at the foot of the panel: one row for each thing that became of them."""
    rows: dict[str, tuple[str, str, list[float]]] = {
        "cue sent": ("|", CUE, []),
        "catch stride: cue withheld": ("v", ALARM, []),
        "retention: cue withheld": ("s", MUTED, []),
        "withheld otherwise": ("x", MUTED, []),
    }
    for receipt in walk.receipts:
        if side not in (None, values.SIDES[receipt.side]):
            continue
        if receipt.result == SENT:
            rows["cue sent"][2].append(values.seconds(receipt.sent) - walk.start_s)
        elif receipt.result == WITHHELD:
            kind = next((name for name in rows if receipt.text.startswith(name.split(":")[0])), "withheld otherwise")
            rows[kind][2].append(values.seconds(receipt.decided) - walk.start_s)
    for row, (label, (marker, colour, seconds)) in enumerate(rows.items()):
        if seconds:
            axes.plot(seconds, [_ROW * (row + 0.7)] * len(seconds), linestyle="", marker=marker, color=colour,
                      markersize=7.0 if marker == "|" else 4.0, label=label,
                      transform=axes.get_xaxis_transform())  # fmt: skip


def _spans(axes: Axes, walk: Walk, is_so: Callable[[Any], bool], colour: str, label: str) -> None:
    for number, (from_s, to_s) in enumerate(_runs(walk, is_so)):
        axes.axvspan(from_s, to_s, color=colour, linewidth=0, zorder=0, label="" if number else label)


def _runs(walk: Walk, is_so: Callable[[Any], bool]) -> Iterator[tuple[float, float]]:
    """Yield from when to when the feedback said so, in seconds since the start."""
    begin_s: float | None = None
    for message in walk.feedback:
        now_s = values.seconds(message.header.stamp)
        if is_so(message) and begin_s is None:
            begin_s = now_s
        elif not is_so(message) and begin_s is not None:
            yield begin_s - walk.start_s, now_s - walk.start_s
            begin_s = None
    if begin_s is not None:
        yield begin_s - walk.start_s, walk.end_s - walk.start_s
