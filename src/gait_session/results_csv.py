# SPDX-License-Identifier: Apache-2.0
"""What the analysis found, as tables in CSV: events, phase, strides and asymmetry, one file each; and a session's cues.

Times are those of the samples. A cell that is empty is not known; true and false are 1 and 0; several words in a cell
are joined by ``|``. Units are in the columns' names or in the column ``unit``.
"""

import csv
import math
from collections.abc import Iterable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any

from gait_analysis.events import EventFlag, GaitEvent
from gait_analysis.gait import Asymmetry, GaitState, MetricAsymmetry, Presence, Stride
from gait_feedback.cue import CueResult
from gait_messages import values
from gait_sensing.samples import Side

EVENTS, PHASE, STRIDES, ASYMMETRY = "events.csv", "phase.csv", "strides.csv", "asymmetry.csv"
PHASE_HEAD = "time_s,side,phase,is_valid\n"
_EVENT_HEAD = ("time_s", "side", "event", "source", "confidence", "flags")
_STAMPS = {f"{name}_s": name for name in ("event", "detected", "decided", "sent", "acknowledged")}  # of a CueReceipt
_CUE_HEAD = ("number", "side", "result", *_STAMPS, "device_time_s", "intensity", "duration_s", "reason", "why")
_DEVIATIONS = {
    Presence.PRESENT: "deviations",
    Presence.ABSENT: "absent_deviations",
    Presence.UNTOLD: "untold_deviations",
}
_OF_BOTH = ("value", "sd", "cv", "strides_count")  # numbers of a metric that each leg has
_ASYMMETRY_HEAD = (
    *("time_s", "side", "metric", "unit", "left_value", "right_value", "value", "rolling_median", "index"),
    *(f"{leg}_{name}" for name in _OF_BOTH[1:] for leg in ("left", "right")),
)


def check_folder(folder: Path) -> None:
    """Raise ``ValueError`` unless ``folder`` is absent, empty or holds nothing but results of an earlier run."""
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file; --out names a folder")
    if folder.is_dir():
        others = sorted({path.name for path in folder.iterdir()} - {EVENTS, PHASE, STRIDES, ASYMMETRY})
        if others:
            raise ValueError(f"{folder} holds {others[0]}; results are never written among other files")


def write_events(folder: Path, events: Iterable[GaitEvent]) -> None:
    """Write ``events.csv``, in order of time."""
    _write(folder / EVENTS, _EVENT_HEAD, (_event(event) for event in sorted(events, key=lambda event: event.time_s)))


def write_strides(folder: Path, strides: Iterable[Stride]) -> None:
    """Write ``strides.csv``: every field of every stride, the rejected ones too; deviations by their presence."""
    head = [name for name in Stride._fields if name != "deviations"]
    rows = ((*(getattr(stride, name) for name in head), *_deviations(stride)) for stride in strides)
    _write(folder / STRIDES, (*head, *_DEVIATIONS.values()), rows)


def write_asymmetry(folder: Path, asymmetries: Iterable[Asymmetry], prosthetic_side: Side | None) -> None:
    """Write ``asymmetry.csv``: a row for each metric of each pair of strides."""
    own = {"name", *_ASYMMETRY_HEAD, *(f"{limb}_{name}" for name in _OF_BOTH for limb in ("prosthetic", "sound"))}
    head = (*_ASYMMETRY_HEAD, *(name for name in MetricAsymmetry._fields if name not in own))
    rows = (row for asymmetry in asymmetries for row in _asymmetry(asymmetry, prosthetic_side))
    _write(folder / ASYMMETRY, head, ([row[name] for name in head] for row in rows))


def write_cues(path: Path, cues: Iterable[Any], receipts: Iterable[Any]) -> None:
    """Write the ledger of a session's cues: for each receipt its times, and what was asked for, where the cue went."""
    asked = {cue.number: cue for cue in cues}
    _write(path, _CUE_HEAD, (_cue(asked.get(receipt.number), receipt) for receipt in receipts))


def phase_rows(state: GaitState) -> str:
    """Return the two lines of ``phase.csv`` of a state."""
    return "".join(
        f"{state.time_s:.6f},{limb.side.value},{limb.phase:.6f},1\n"
        if limb.is_phase_valid
        else f"{state.time_s:.6f},{limb.side.value},,0\n"
        for limb in (state.left, state.right)
    )


def _deviations(stride: Stride) -> Iterator[tuple[str, ...]]:
    """Yield what stands in each column of ``_DEVIATIONS``: names, with what is said of them."""
    for presence in _DEVIATIONS:
        judged = (each for each in stride.deviations if each.presence is presence)
        yield tuple(f"{each.name}: {each.text}" if each.text else each.name for each in judged)


def _event(event: GaitEvent) -> tuple[Any, ...]:
    flags = tuple(str(flag.name).lower() for flag in EventFlag if flag.value and flag in event.flags)
    return (event.time_s, event.side, event.kind, event.source, event.confidence, flags)


def _cue(cue: Any, receipt: Any) -> tuple[Any, ...]:
    times_s = (values.known_seconds(getattr(receipt, name)) for name in _STAMPS.values())
    asked = (cue.intensity, cue.duration_s, cue.reason) if cue is not None else (math.nan, math.nan, "")
    told = (receipt.number, values.SIDES[receipt.side], CueResult(receipt.result).name.lower())
    return (*told, *times_s, receipt.device_time_s, *asked, receipt.text)


def _asymmetry(asymmetry: Asymmetry, prosthetic_side: Side | None) -> Iterator[dict[str, Any]]:
    legs = ("right", "left") if prosthetic_side is Side.RIGHT else ("left", "right")
    limbs = tuple(zip(legs, ("prosthetic", "sound"), strict=True))
    for metric in asymmetry.metrics:
        row = metric._asdict()
        for name in _OF_BOTH:
            row |= {f"{leg}_{name}": row[f"{limb}_{name}"] for leg, limb in limbs}
        yield {**row, "time_s": asymmetry.time_s, "side": asymmetry.side, "metric": metric.name}


def _write(path: Path, head: tuple[str, ...], rows: Iterable[Iterable[Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        writer.writerows([_cell(value) for value in row] for row in rows)


def _cell(value: Any) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.6f}"
    return "|".join(value) if isinstance(value, tuple) else str(value)
