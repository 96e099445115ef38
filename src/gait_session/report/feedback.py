# SPDX-License-Identifier: Apache-2.0
"""The report's ledger of cues: what became of each, why, and how long every part of its way took."""

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from gait_analysis.participant import Input
from gait_messages import values
from gait_sensing.samples import Side
from gait_session.report.data import Walk
from gait_session.report.figures import SENT, side_name
from gait_session.report.numbers import NOT_MEASURED, RESULTS, Table, number
from gait_session.stride_verdicts import reason_kind

SIMULATED = (
    "The walker is simulated, and whether it answers cues was set beforehand: this shows that cues came when and where "
    "they should, not that a person responds."
)
ARROW = "\N{RIGHTWARDS ARROW}"
_GUARD = {0: "cues pass", 1: "cues softened", 2: "cues paused"}  # FeedbackState.GUARD_*


def simulated_note(walk: Walk) -> str:
    """Return what must be said of feedback to somebody who is not a person; empty for a person."""
    is_simulated = walk.session is not None and values.INPUTS.get(walk.session.input) is Input.SIMULATED
    return SIMULATED if is_simulated else ""


def cue_table(walk: Walk) -> Table:
    """What became of each cue, and why."""
    counts: dict[tuple[int, str], Counter[Side]] = {}
    for receipt in walk.receipts:
        why = "acknowledged by the device" if receipt.is_acknowledged else reason_kind(receipt.text)
        if receipt.result == SENT:
            why = why or "not acknowledged: this device never does"
        counts.setdefault((receipt.result, why), Counter())[values.SIDES[receipt.side]] += 1
    rows = [
        (RESULTS.get(result, str(result)), why, *(str(sides[side]) for side in Side), str(sides.total()))
        for (result, why), sides in sorted(counts.items(), key=lambda item: (item[0][0], -item[1].total()))
    ]
    return Table(("result", "why", *(side_name(walk, side) for side in Side), "cues"), rows)


def latency_table(walk: Walk) -> Table:
    """From the event to the bytes on the wire and the device's word, for the cues that were sent."""
    stages: dict[str, list[float]] = {}
    for receipt in walk.receipts:
        if receipt.result == SENT:
            for name, latency_s in _stages(receipt):
                stages.setdefault(name, []).append(latency_s)
    rows = [(name, *_percentiles_ms(latencies_s)) for name, latencies_s in stages.items()]
    return Table(("way", "cues", "p50", "p95", "p99", "longest"), rows)


def state_table(walk: Walk) -> Table:
    """What strategy, guard, schedule and law said of themselves, whenever it changed."""
    rows: list[tuple[str, ...]] = []
    last: tuple[str, ...] = ()
    for message in walk.feedback:
        seconds = values.seconds(message.header.stamp) - walk.start_s
        guard = _GUARD.get(message.guard_level, str(message.guard_level))
        if message.guard_text:  # which says what does not pass where some cues do
            guard = f"{guard}: {message.guard_text}" if message.guard_level else message.guard_text
        if message.unwatched:
            guard += f" (not watched: {', '.join(message.unwatched)})"
        said = (guard, message.schedule_text, message.law_text)
        if tuple(map(reason_kind, said)) != last and 0.0 <= seconds <= walk.end_s - walk.start_s:
            rows.append((number(seconds, 1, "s"), *said))
            last = tuple(map(reason_kind, said))
    head = ("from", "stability guard", "schedule", "why the law rests")
    return Table(head, rows) if any(row[-1] for row in rows) else Table(head[:-1], [row[:-1] for row in rows])


def parts_words(walk: Walk) -> str:
    """Return which strategy and law ran."""
    if not walk.feedback:
        return ""
    newest = walk.feedback[-1]
    return f"Cue strategy: {newest.strategy}. Belt law: {newest.law}."


def _stages(receipt: Any) -> Iterator[tuple[str, float]]:
    stamps = (receipt.event, receipt.detected, receipt.decided, receipt.sent)
    event_s, detected_s, decided_s, sent_s = map(values.known_seconds, stamps)
    acknowledged_s = values.known_seconds(receipt.acknowledged)
    yield f"event {ARROW} detected", detected_s - event_s
    yield f"detected {ARROW} decided", decided_s - detected_s
    yield f"decided {ARROW} bytes", sent_s - decided_s
    yield f"bytes {ARROW} acknowledged", acknowledged_s - sent_s
    yield f"event {ARROW} bytes", sent_s - event_s


def _percentiles_ms(latencies_s: list[float]) -> list[str]:
    known_ms = [1000.0 * latency_s for latency_s in latencies_s if not math.isnan(latency_s)]
    if not known_ms:
        return ["0", *[NOT_MEASURED] * 4]
    return [str(len(known_ms)), *(number(float(ms), 1, "ms") for ms in np.percentile(known_ms, [50, 95, 99, 100]))]
