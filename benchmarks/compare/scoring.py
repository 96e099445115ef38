# SPDX-License-Identifier: Apache-2.0
"""How the events that any tool found agree with reference events: one rule for all tools."""

import csv
import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from walks import Walk

KINDS = ("IC", "TO")
BOUT_GAP_S = 3.0  # without a reference contact for longer, a walking bout has ended


@dataclass(frozen=True)
class Events:
    """Times of the events of one foot, or of nobody's in particular, by kind; and which a tool calls doubtful."""

    time_s: dict[str, np.ndarray]
    is_doubtful: dict[str, np.ndarray]

    def moved(self, by_s: float) -> "Events":
        """Return the events at later times."""
        return Events({kind: times_s + by_s for kind, times_s in self.time_s.items()}, self.is_doubtful)

    def kept(self, kind: str, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return times and doubts of the chosen events."""
        return self.time_s[kind][chosen], self.is_doubtful[kind][chosen]


@dataclass(frozen=True)
class Score:
    """Agreement over all feet of a recording; errors are found minus reference."""

    reference_count: dict[str, int]
    found_count: dict[str, int]
    error_s: dict[str, np.ndarray]
    stride_count: int  # in the reference
    stride_error_s: dict[tuple[str, int], float]  # by side and number in the reference, of those that can be compared
    stance_error: np.ndarray  # share of the stride
    in_bouts: tuple[int, int]  # contacts found, and right ones, inside the reference's walking bouts

    def f1(self, kind: str) -> float:
        """Harmonic mean of sensitivity and precision, no unit; NaN without a reference."""
        count = self.reference_count[kind] + self.found_count[kind]
        return 2.0 * len(self.error_s[kind]) / count if self.reference_count[kind] else math.nan

    def stride_rms_s(self, strides: Collection[tuple[str, int]]) -> float:
        """Return the root mean square error of the durations of some strides, NaN of none."""
        errors_s = [self.stride_error_s[stride] for stride in strides]
        return float(np.sqrt(np.mean(np.square(errors_s)))) if errors_s else math.nan

    @property
    def f1_in_bouts(self) -> float:
        """The same of the contacts inside the reference's walking bouts alone."""
        found, right = self.in_bouts
        return 2.0 * right / (self.reference_count["IC"] + found)


def read_events(path: Path, side: str, source: str = "") -> Events:
    """Return the events in a file; of one side unless that is empty, and of one source unless that is."""
    with path.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if not side or row["side"] == side]
    rows = [row for row in rows if not source or row["source"] == source]
    of_kind = {kind: sorted(_pairs(rows, kind)) for kind in KINDS}
    return Events(
        {kind: np.array([time_s for time_s, _ in pairs]) for kind, pairs in of_kind.items()},
        {kind: np.array([doubt for _, doubt in pairs], bool) for kind, pairs in of_kind.items()},
    )


def _pairs(rows: list[dict[str, str]], kind: str) -> Iterator[tuple[float, bool]]:
    for row in rows:
        if row["event"] == kind:
            yield float(row["time_s"]), row.get("is_doubtful") == "1"


def match(reference_s: np.ndarray, found_s: np.ndarray, window_s: float) -> dict[int, int]:
    """Return index of reference event -> index of found event, nearest pairs first, each event in one at most."""
    apart_s = np.abs(found_s[None, :] - reference_s[:, None])
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for flat in np.argsort(apart_s, axis=None, kind="stable").tolist():
        row, column = divmod(flat, len(found_s))
        if apart_s[row, column] > window_s:
            break
        if row not in pairs and column not in taken:
            pairs[row] = column
            taken.add(column)
    return pairs


def score(walk: Walk, folder: Path, found_path: Path) -> Score:
    """Return how the events in a file agree with the recording's reference."""
    sides = ("left", "right") if walk.kind == "force" else (walk.side,)
    feet = []
    for side in sides:
        reference = read_events(folder / walk.reference, side, "INDIP" if walk.kind == "back" else "")
        found = read_events(found_path, side)
        if not walk.is_clock_shared:
            found = found.moved(-_offset_s(reference, found, walk.window_s))
        feet.append(_score_foot(reference, found, walk, side))
    return _joined(feet)


def _offset_s(reference: Events, found: Events, window_s: float) -> float:
    """Return the constant by which the clocks differ: the median of all nearest errors within the window."""
    errors_s = [
        found.time_s[kind][np.abs(found.time_s[kind] - time_s).argmin()] - time_s
        for kind in KINDS
        if len(found.time_s[kind])
        for time_s in reference.time_s[kind]
    ]
    near_s = [error_s for error_s in errors_s if abs(error_s) <= window_s]
    return float(np.median(near_s)) if near_s else 0.0


def _score_foot(reference: Events, found: Events, walk: Walk, side: str) -> Score:
    kinds = ("IC",) if walk.kind == "back" else KINDS
    counts, error_s, matched = {}, {kind: np.array([]) for kind in KINDS}, {}
    for kind in kinds:
        truth_s = reference.time_s[kind]
        found_s = found.time_s[kind]
        is_inside = (found_s >= truth_s[0] - walk.window_s) & (found_s <= truth_s[-1] + walk.window_s)
        found_s, is_doubtful = found.kept(kind, is_inside)
        pairs = match(truth_s, found_s, walk.window_s)
        counts[kind] = len(found_s)
        error_s[kind] = np.array([found_s[column] - truth_s[row] for row, column in pairs.items()])
        matched[kind] = {row: found_s[column] for row, column in pairs.items() if not is_doubtful[column]}
    durations_s, shares = _strides(reference, matched) if walk.kind != "back" else ({}, np.array([]))
    return Score(
        {kind: len(reference.time_s[kind]) if kind in kinds else 0 for kind in KINDS},
        {kind: counts.get(kind, 0) for kind in KINDS},
        error_s,
        len(reference.time_s["IC"]) - 1,
        {(side, row): error_s for row, error_s in durations_s.items()},
        shares,
        _in_bouts(reference.time_s["IC"], found.time_s["IC"], walk.window_s),
    )


def _strides(reference: Events, matched: dict[str, dict[int, float]]) -> tuple[dict[int, float], np.ndarray]:
    """Return the errors of duration in s, by number, and of the share of stance; no stride with a doubtful event."""
    contacts, offs, off_s = matched["IC"], matched["TO"], reference.time_s["TO"]
    durations_s, shares = {}, []
    for row in sorted(contacts):
        if row + 1 not in contacts:
            continue
        begin_s, end_s = reference.time_s["IC"][row : row + 2]
        found_s = contacts[row + 1] - contacts[row]
        durations_s[row] = float(found_s - (end_s - begin_s))
        between = np.flatnonzero((off_s > begin_s) & (off_s < end_s)).tolist()
        if len(between) == 1 and between[0] in offs:
            share = (offs[between[0]] - contacts[row]) / found_s
            shares.append(share - (off_s[between[0]] - begin_s) / (end_s - begin_s))
    return durations_s, np.array(shares)


def _in_bouts(reference_s: np.ndarray, found_s: np.ndarray, window_s: float) -> tuple[int, int]:
    """Return how many contacts were found inside the reference's walking bouts, and how many of them are right."""
    bouts = np.split(reference_s, np.flatnonzero(np.diff(reference_s) > BOUT_GAP_S) + 1)
    is_inside = np.zeros(len(found_s), bool)
    for bout_s in bouts:
        is_inside |= (found_s >= bout_s[0] - window_s) & (found_s <= bout_s[-1] + window_s)
    return int(is_inside.sum()), len(match(reference_s, found_s[is_inside], window_s))


def _joined(feet: list[Score]) -> Score:
    return Score(
        {kind: sum(foot.reference_count[kind] for foot in feet) for kind in KINDS},
        {kind: sum(foot.found_count[kind] for foot in feet) for kind in KINDS},
        {kind: np.concatenate([foot.error_s[kind] for foot in feet]) for kind in KINDS},
        sum(foot.stride_count for foot in feet),
        {stride: error_s for foot in feet for stride, error_s in foot.stride_error_s.items()},
        np.concatenate([foot.stance_error for foot in feet]),
        (sum(foot.in_bouts[0] for foot in feet), sum(foot.in_bouts[1] for foot in feet)),
    )
