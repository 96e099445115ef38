# SPDX-License-Identifier: Apache-2.0
"""The figures of the report, as SVG text to stand inside its page."""

import io
import math
import re
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from gait_analysis.events import EventFlag, EventKind, Source
from gait_analysis.gait import MetricAsymmetry
from gait_analysis.participant import Role
from gait_messages import values
from gait_sensing.samples import Side
from gait_session.report.data import CURVE_POINTS, Walk

SENT = 1  # CueReceipt.SENT
INK, MUTED, HAIR = "#1d2733", "#667085", "#e3e6ea"
FIRST, SECOND = "#c2571a", "#1f5f8b"  # prosthetic and sound; left and right where neither is
CUE, ALARM = "#7a4fa3", "#b42318"
SOURCES = {Source.FORCE: INK, Source.IMU: CUE, Source.PROSTHESIS: "#20734a"}
DOUBTFUL = EventFlag.CROSS_STEP | EventFlag.IRREGULAR
PANELS = ("step_time", "stance_time", "step_length", "peak_load")
WIDTH = 10.0  # inches; the page scales it
STYLE: Any = {
    "svg.fonttype": "none",  # text stays text: searchable, and in the page's own font
    "font.size": 9.5,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": MUTED,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10.5,
    "axes.titlelocation": "left",
    "axes.titlecolor": INK,
    "axes.titleweight": "bold",
    "axes.titlepad": 9.0,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": HAIR,
    "grid.linewidth": 0.7,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "lines.solid_capstyle": "round",
}


def side_colour(walk: Walk, side: Side) -> str:
    """Return the colour of a side: that of its role, or of left and right where no side is a prosthesis."""
    first = walk.participant.prosthetic_side or Side.LEFT
    return FIRST if side is first else SECOND


def side_name(walk: Walk, side: Side) -> str:
    """Return "left, prosthetic", "right, sound", or just the side."""
    role = walk.participant.role(side)
    return side.value if role is Role.UNKNOWN else f"{side.value}, {role.value}"


def metric_name(name: str) -> str:
    """Return a metric's name in words."""
    return name.replace("_", " ")


def is_ratio(index: str) -> bool:
    """Return whether an index, told by its definition, is even at 1 and not at 0."""
    return "above 1" in index


def timeline(walk: Walk) -> str:
    """Every initial contact over the session by what told of it, the doubtful ones, and the strides left out."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 1.9), layout="constrained")
        axes = figure.subplots()
        for row, side in enumerate(reversed(Side)):
            contacts = [e for e in walk.events if e.side is side and e.kind is EventKind.INITIAL_CONTACT]
            for source, colour in SOURCES.items():
                seconds = [event.time_s - walk.start_s for event in contacts if event.source is source]
                label = f"contact told by {source.value}" if seconds else ""
                axes.vlines(seconds, row - 0.22, row + 0.22, color=colour, linewidth=1.3, label=label)
            doubtful_s = [event.time_s - walk.start_s for event in contacts if event.flags & DOUBTFUL]
            axes.plot(doubtful_s, [row + 0.34] * len(doubtful_s), linestyle="", marker="v", color=ALARM, markersize=4.5,
                      label="cross step or out of sequence" if doubtful_s else "")  # fmt: skip
            left_out = [s for s in walk.strides if s.side is side and not s.is_accepted]
            spans = [(stride.start_s - walk.start_s, stride.end_s - stride.start_s) for stride in left_out]
            axes.broken_barh(spans, (row - 0.3, 0.6), color="#f6dcd8", label="stride left out" if spans else "")
        axes.set_yticks(range(len(Side)), [side_name(walk, side) for side in reversed(Side)], color=INK)
        axes.set_ylim(-0.5, 1.55)
        axes.set_xlim(0.0, max(1.0, walk.end_s - walk.start_s))
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("seconds since the start")
        handles = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))  # one for both sides
        axes.legend(handles.values(), handles, loc="upper center", bbox_to_anchor=(0.5, -0.35), ncols=5, labelcolor=INK)
        return svg(figure, "timeline")


def force_curves(walk: Walk) -> str:
    """Vertical and fore-aft force over stance: mean of each side, and one standard deviation to both sides of it."""
    unit = "body weights" if walk.participant.body_weight_n > 0 else "newton"
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 3.7), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=[1.25, 1.0])
        for axes, axis, title in ((left, 2, "Vertical force"), (right, 0, "Fore-aft force, forward positive")):
            for side in Side:
                _curve(axes, walk, side, axis)
            axes.set_title(title)
            axes.set_xlabel("share of stance, %")
            axes.set_ylabel(unit)
            axes.set_xlim(0, 100)
            axes.axhline(0.0, color=MUTED, linewidth=0.7)
        left.legend(loc="lower center", bbox_to_anchor=(0.5, 0.06), labelcolor=INK)
        return svg(figure, "forces")


def asymmetry_panels(walk: Walk) -> str:
    """Asymmetry of the main metrics over the session, with the band around the target and the cues that were sent."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 5.4), layout=ConstrainedLayoutEngine(h_pad=0.16, w_pad=0.1))
        grid = figure.subplots(2, 2, sharex=True)
        for axes, name in zip(grid.flat, PANELS, strict=True):
            _panel(axes, walk, name)
        grid[0][0].set_xlim(0.0, max(1.0, walk.end_s - walk.start_s))
        for axes in grid[1]:
            axes.set_xlabel("seconds since the start")
        return svg(figure, "asymmetry")


def belt_speeds(walk: Walk) -> str:
    """Belt speed, commanded and measured, with the limit and what the gate decided."""
    time_s = np.array([values.seconds(belt.header.stamp) for belt in walk.belts]) - walk.start_s
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 3.4), layout="constrained")
        axes = figure.subplots()
        for side in Side:
            commanded_mps = [getattr(belt, f"{side.value}_commanded_mps") for belt in walk.belts]
            measured_mps = [getattr(belt, f"{side.value}_speed_mps") for belt in walk.belts]
            colour = side_colour(walk, side)
            axes.plot(time_s, measured_mps, color=colour, linewidth=1.8, label=f"{side.value} belt, measured")
            axes.plot(time_s, commanded_mps, color=INK, linewidth=0.8, linestyle=(0, (2, 3)))
        axes.plot([], [], color=INK, linewidth=0.8, linestyle=(0, (2, 3)), label="commanded")
        limit_mps = walk.parameters("treadmill_node").get("max_speed_mps")
        if limit_mps is not None:
            axes.axhline(limit_mps, color=ALARM, linewidth=0.9, label=f"limit, {limit_mps:g} m/s")
        for number, (second, _) in enumerate(safety_changes(walk), start=1):
            axes.axvline(second, color=CUE, linewidth=0.8)
            axes.annotate(str(number), (second, 1.0), xycoords=("data", "axes fraction"), xytext=(-3, 4),
                          textcoords="offset points", color=CUE, fontsize=9, fontweight="bold")  # fmt: skip
        axes.set_xlabel("seconds since the start")
        axes.set_ylabel("metres a second")
        axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=4, labelcolor=INK)
        return svg(figure, "belts")


def safety_changes(walk: Walk) -> list[tuple[float, Any]]:
    """Return the messages of the gate that say something new, with their seconds since the start."""
    changes: list[tuple[float, Any]] = []
    last: tuple[Any, ...] = ()
    for message in walk.safety:
        what = message.level, message.reason, message.state
        if what != last:
            changes.append((values.seconds(message.header.stamp) - walk.start_s, message))
        last = what
    return changes


def metric_series(walk: Walk, name: str) -> list[tuple[float, MetricAsymmetry]]:
    """Return a metric's asymmetries, with their seconds since the start."""
    return [
        (asymmetry.time_s - walk.start_s, metric)
        for asymmetry in walk.asymmetries
        for metric in asymmetry.metrics
        if metric.name == name
    ]


def _curve(axes: Axes, walk: Walk, side: Side, axis: int) -> None:
    curves = walk.curves(side, axis)
    if not len(curves):
        return
    percent = np.linspace(0.0, 100.0, CURVE_POINTS)
    mean, deviation = curves.mean(axis=0), curves.std(axis=0, ddof=1 if len(curves) > 1 else 0)
    colour = side_colour(walk, side)
    axes.fill_between(percent, mean - deviation, mean + deviation, color=colour, alpha=0.18, linewidth=0)
    count = "1 stride" if len(curves) == 1 else f"{len(curves)} strides"
    axes.plot(percent, mean, color=colour, linewidth=2.0, label=f"{side_name(walk, side)} ({count})")


def _panel(axes: Axes, walk: Walk, name: str) -> None:
    series = [(second, metric) for second, metric in metric_series(walk, name) if not math.isnan(metric.value)]
    title = f"{metric_name(name).capitalize()} asymmetry"
    if not series:
        axes.set_title(title)
        axes.annotate("not measured", (0.5, 0.5), xycoords="axes fraction", ha="center", va="center", color=MUTED)
        axes.set_yticks([])
        return
    last = series[-1][1]
    even, scale, least = (1.0, 1.0, 0.1) if is_ratio(last.index) else (0.0, 100.0, 5.0)
    axes.set_title(title if is_ratio(last.index) else f"{title}, %")
    axes.axhline(even, color=MUTED, linewidth=0.9)
    if not is_ratio(last.index):
        _band(axes, walk, name)
    seconds = [second for second, _ in series]
    axes.plot(seconds, [scale * metric.value for _, metric in series], linestyle="", marker="o", markersize=3.4,
              markerfacecolor=MUTED, markeredgewidth=0, alpha=0.5)  # fmt: skip
    axes.plot(seconds, [scale * metric.rolling_median for _, metric in series], color=INK, linewidth=1.8)
    if not math.isnan(last.baseline):
        for value in (last.baseline - last.baseline_sd, last.baseline + last.baseline_sd):
            axes.axhline(scale * value, color=SECOND, linewidth=0.9, linestyle=(0, (4, 3)))
    if not math.isnan(last.norm):
        axes.axhline(scale * last.norm, color=FIRST, linewidth=1.1, linestyle=(0, (1, 2)))
    reach = max(least, *(abs(limit - even) for limit in axes.get_ylim()))
    axes.set_ylim(even - 1.15 * reach, even + 1.15 * reach)


def _band(axes: Axes, walk: Walk, name: str) -> None:
    """Draw the band of the cue strategy, and the cues, on the metric that the strategy watches."""
    band = walk.cue_band()
    if band is None or band.metric != name:
        return
    axes.axhspan(100.0 * band.low, 100.0 * band.high, color="#dcefe3", linewidth=0)
    sent_s = [values.seconds(r.sent) - walk.start_s for r in walk.receipts if r.result == SENT]
    for second in sent_s:
        axes.axvline(second, ymin=0.0, ymax=0.05, color=CUE, linewidth=1.2)


def svg(figure: Figure, name: str) -> str:
    """Return the figure as an SVG element that refers to nothing outside itself."""
    text = io.StringIO()
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": name}):
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    drawn = text.getvalue()
    drawn = re.sub(r"<metadata>.*?</metadata>", "", drawn[drawn.index("<svg") :], flags=re.DOTALL)
    return re.sub(r'(?<![\w:])id="([a-z]+_\d+)"', rf'id="{name}_\1"', drawn)  # several figures stand in one page
