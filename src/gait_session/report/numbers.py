# SPDX-License-Identifier: Apache-2.0
"""The words and tables of the report. A number that was not measured is said to be so; it is never 0."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from gait_analysis.gait import Stride
from gait_sensing.samples import Side
from gait_session.report.data import Stream, Walk
from gait_session.report.figures import safety_changes

NOT_MEASURED = "not measured"
RESULTS = {1: "sent", 2: "dropped: late", 3: "dropped: limit", 4: "dropped: no link", 5: "withheld"}  # CueReceipt
LEVELS = {0: "ok", 1: "warning", 2: "ramp down", 3: "stop"}  # SafetyState.LEVEL_*
REASONS = (  # SafetyState.REASON_*
    "none", "not armed", "operator stop", "command stale", "link lost", "status stale", "operator lost",
    "command invalid", "command limited", "second source", "belt moving unarmed", "belt overspeed", "node stopping",
    "belt not following", "command old", "walker at edge", "walker gone", "stumble", "cross steps", "sensor silent",
    "harness load", "stop input", "driver fault", "law problem", "belt not slowing", "incline beyond", "arming unused",
)  # fmt: skip
FORCE_TYPE = "gait_lab/msg/ForceSamples"


@dataclass(frozen=True)
class Table:
    """A table of the page; the first column names the row."""

    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def number(value: float | None, digits: int, unit: str = "", sign: bool = False) -> str:
    """Return a number as text, or "not measured" for None and NaN. The unit "1" is that of a share, and not written."""
    if value is None or math.isnan(value):
        return NOT_MEASURED
    text = f"{value:{'+' if sign else ''}.{digits}f}".replace("-", "\N{MINUS SIGN}")
    return f"{text}\N{NO-BREAK SPACE}{unit}" if unit not in ("", "1") else text


def percent(value: float, sign: bool = True) -> str:
    """Return a share as signed percentage."""
    return number(100.0 * value, 1, "%", sign)


def accepted(walk: Walk, side: Side) -> list[Stride]:
    """Return the accepted strides of ``side``."""
    return [stride for stride in walk.strides if stride.side is side and stride.is_accepted]


def safety_table(walk: Walk) -> Table:
    """What the belt gate decided, numbered as in the figure of the belts."""
    rows = [
        (str(count), number(second, 2, "s"), message.state, LEVELS.get(message.level, str(message.level)),
         REASONS[message.reason] if message.reason < len(REASONS) else str(message.reason), message.text)
        for count, (second, message) in enumerate(safety_changes(walk), start=1)
    ]  # fmt: skip
    return Table(("no.", "at", "gate", "level", "reason", "in words"), rows)


def stream_table(walk: Walk) -> Table:
    """Every topic: how much came, how evenly, and what is missing."""
    head = ("topic", "messages", "rate", "longest gap", "jitter", "samples lost", "missed by the recorder")
    return Table(head, [_stream_row(walk, stream) for stream in walk.streams])


def belt_words(walk: Walk) -> str:
    """Return the highest belt speed beside the limit."""
    speeds_mps = [speed for belt in walk.belts for speed in (belt.left_speed_mps, belt.right_speed_mps)]
    highest_mps = max(speeds_mps, default=math.nan)
    limit_mps = walk.parameters("treadmill_node").get("max_speed_mps")
    limit = "" if limit_mps is None else f"; the limit was {number(limit_mps, 2, 'm/s')}"
    return f"Highest measured belt speed {number(highest_mps, 2, 'm/s')}{limit}."


def lost_count(walk: Walk) -> int:
    """Return how many load-cell samples never came."""
    return sum(force.lost_count for force in walk.forces.values())


def missed_count(walk: Walk) -> int | None:
    """Return how many messages the recorder missed; None when that is not known."""
    counts = [stream.topic.missed_count for stream in walk.streams]
    return None if not counts or None in counts else sum(count for count in counts if count is not None)


def typical(numbers: Iterable[float]) -> float:
    """Return the median of what was measured; NaN when nothing was."""
    known = [value for value in numbers if not math.isnan(value)]
    return median(known) if known else math.nan


def _stream_row(walk: Walk, stream: Stream) -> tuple[str, ...]:
    topic = stream.topic
    force = walk.forces.get(topic.name.split("/")[-2]) if topic.type_name == FORCE_TYPE else None
    lost = "" if force is None else str(force.lost_count)
    if force is not None and force.restart_count:
        lost += f", numbered anew {force.restart_count} times"
    is_few, is_irregular = math.isnan(stream.rate_hz), math.isnan(stream.jitter_s)
    return (
        topic.name,
        str(topic.message_count),
        "" if is_few else number(stream.rate_hz, 1, "Hz"),
        "" if is_few else number(1000.0 * stream.longest_gap_s, 1, "ms"),
        "" if is_few else "irregular" if is_irregular else number(1000.0 * stream.jitter_s, 1, "ms"),
        lost,
        "not known" if topic.missed_count is None else str(topic.missed_count),
    )
