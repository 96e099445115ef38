# SPDX-License-Identifier: Apache-2.0
"""Contacts and foot offs of both feet from the one plate under both of them: a treadmill of one belt.

Samples are looked at in groups of some 5 ms. First the pattern of the steps is learned, from four steps on
(``pattern``): where the pressure is under each foot, on which side. Then each turn of the pressure from foot to foot is
followed as it happens (``turns``), starting with the steps that the pattern was learned from, so that these are told
late and from then on each event as soon as it is sure.

The **time of an event** is found by looking back at the samples. Before a contact, and after a foot off, one foot bears
alone, and the pressure goes along a line. How far it is off that line, as a share of the step, times the total force is
the load of the other foot; the event is where that crosses ``edge_share_bw``, near to the start and end of load.

After a gap, an empty plate, or when no step comes for ``longest_wait_s``, all is learned anew. Each stretch is
bounded, and so is the memory.
"""

import math
from collections import deque
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from gait_analysis.contact.edges import Edge, last_crossing
from gait_analysis.events import EventFlag, EventKind, GaitEvent, Source
from gait_analysis.history import History
from gait_analysis.one_plate.pattern import find_pattern
from gait_analysis.one_plate.turns import Told, Turns
from gait_parts import settings
from gait_parts.settings import setting
from gait_sensing.samples import Array, ForceSamples, Side

_GROUP_S = 0.005
_BLOCK_COUNT = 1024  # samples taken in one go
_RATE_COUNT = 21  # samples from which their rate is taken
_WINDOW_S, _TRY_S = 7.0, 0.2475  # the pattern is looked for in so much, so often
_KEEP_S = _WINDOW_S + 1.0
# No whole numbers of the usual sampling intervals, for there rounding would decide which samples belong to them.
_LINE_S, _CLEAR_S = 0.1145, 0.0345  # of the line before a contact; from its end until the contact is sure
_ANCHOR_S = 0.0155  # before a foot off is sure, in which the other foot bears alone
_LOOK_BACK_S = 0.25  # for a foot off
_SMOOTHING_S = 0.005
_HIGHEST_N = 20_000.0  # no plate under a walker sees more
_LOWEST_N = -150.0  # an unloaded plate that drifted pulls less
_LEAST_LOADED_N = 50.0  # nobody is on the plate: of body weight, the larger one counts
_LEAST_LOADED_BW = 0.2
_UNLOADED_S = 0.05
_DOUBTFUL_COUNT = 3  # turns in a row after which sides are no longer believed
_DOUBTFUL_CONFIDENCE = 0.5
_TIME, _FORCE, _X, _Y = range(4)  # columns
_NO_SAMPLES = "no samples yet"


@dataclass(frozen=True)
class Settings(settings.Settings):
    """Settings of the events from one plate."""

    on_share_bw: float = setting(0.06, "load of a foot that tells its contact, in body weights", low=0.02, high=0.3)
    edge_share_bw: float = setting(0.02, "load of a foot at its contact and foot off", low=0.005, high=0.1)
    max_gap_s: float = setting(0.05, "longer without a measurement, contact is unknown", low=0.002, high=0.5)
    longest_wait_s: float = setting(1.5, "longer without a step, nobody walks", low=0.5, high=5.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.edge_share_bw >= self.on_share_bw:
            raise ValueError(
                f"edge_share_bw, on_share_bw: got {self.edge_share_bw} and {self.on_share_bw}, expected the first "
                "below the second"
            )


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the contact of both feet from a sample on."""

    time_s: float  # of the sample that told
    is_in_contact: dict[Side, bool | None]
    reason: str


class OnePlate:
    """Events of both feet; ``body_weight_n`` NaN when it is not known."""

    def __init__(self, settings: Settings, body_weight_n: float) -> None:
        self.reason = _NO_SAMPLES  # why no events can be told now, empty when they can
        self.is_in_contact: dict[Side, bool | None] = dict.fromkeys(Side)  # after the newest sample
        self.news: list[Known] = []  # changes of the reason that the last feed told, in order
        self._settings = settings
        weight_n = 0.0 if math.isnan(body_weight_n) else body_weight_n
        self._loaded_n = max(_LEAST_LOADED_N, _LEAST_LOADED_BW * weight_n)
        self._history = History(3, _KEEP_S)
        self._measured_s = math.nan  # newest measurement
        self._rest = np.empty((0, 4))  # rows that do not make a group yet
        self._group_count = 0  # samples of a group; 0: their rate is not known yet
        self._next_try_s = -math.inf
        self._restart(-math.inf, _NO_SAMPLES)

    def feed(self, samples: ForceSamples) -> list[GaitEvent]:
        """Take the next samples, at least one, times increasing; return the events that they tell, in order of time."""
        self.news = []
        if math.isnan(self._measured_s):
            self._measured_s = float(samples.time_s[0])
        events: list[GaitEvent] = []
        for first in range(0, len(samples.time_s), _BLOCK_COUNT):
            part = slice(first, first + _BLOCK_COUNT)
            events += self._take(samples.time_s[part], self._measured(samples, part))
        return events

    def _measured(self, samples: ForceSamples, part: slice) -> Array:
        """Return rows of time, vertical force, centre of pressure, without those that are no measurement."""
        force_n = samples.force_n[part, 2]
        rows = np.empty((len(force_n), 4))
        rows[:, _TIME], rows[:, _FORCE] = samples.time_s[part], force_n
        rows[:, _X:] = samples.centre_of_pressure_m[part]
        if force_n.min() > _LOWEST_N and force_n.max() < _HIGHEST_N and math.isfinite(rows.sum()):
            return rows
        has_place = np.isfinite(rows[:, _X:]).all(axis=1)
        rows[(force_n < self._loaded_n) & ~has_place, _X:] = 0.0
        measured: Array = rows[(force_n > _LOWEST_N) & (force_n < _HIGHEST_N) & np.isfinite(rows).all(axis=1)]
        return measured

    def _take(self, time_s: Array, rows: Array) -> list[GaitEvent]:
        """Look at the measurements among samples at ``time_s`` [n], and begin anew after each gap between them."""
        longest_s, before_s = self._settings.max_gap_s, self._measured_s
        if len(rows):
            self._measured_s = float(rows[-1, _TIME])
        if time_s[-1] - before_s <= longest_s:  # all of them together are no gap
            return self._group(rows)
        measured_s = np.concatenate(((before_s,), rows[:, _TIME], time_s[-1:]))
        starts = np.flatnonzero(measured_s[1:] - measured_s[:-1] > longest_s).tolist()  # rows after a gap
        events: list[GaitEvent] = []
        for first, end in pairwise([0, *starts, len(rows)]):
            events += self._group(rows[first:end])
            if end in starts:
                late = int(time_s.searchsorted(measured_s[end] + longest_s, side="right"))
                self._rest, self._group_count = rows[:0], 0
                self._history.clear()
                self._restart(float(time_s[min(late, len(time_s) - 1)]), f"no measurement for {longest_s} s")
        return events

    def _group(self, rows: Array) -> list[GaitEvent]:
        """Look at the means over groups of samples, which have no gap between them."""
        if not len(rows):
            return []
        self._history.append(*rows.T)
        rows = np.concatenate((self._rest, rows)) if len(self._rest) else rows
        if self._group_count == 0 and len(rows) >= _RATE_COUNT:
            interval_s = float(np.median(np.diff(rows[:_RATE_COUNT, _TIME])))
            self._group_count = max(round(_GROUP_S / interval_s), 1)
        size = self._group_count
        count = len(rows) // size if size else 0
        self._rest = rows[count * size :].copy()
        if count == 0:
            return []
        whole = rows[: count * size].reshape(count, size, 4)
        means = (np.add.reduce(whole, axis=1) / size).tolist() if size > 1 else rows.tolist()
        return self._look(means, whole[:, -1, _TIME].tolist())

    def _look(self, means: list[list[float]], ends_s: list[float]) -> list[GaitEvent]:
        events: list[GaitEvent] = []
        loaded_n = self._loaded_n
        for (time_s, force_n, x_m, y_m), end_s in zip(means, ends_s, strict=True):
            if force_n < loaded_n:
                self._look_at_empty(time_s, end_s)
                continue
            self._empty_since_s = math.nan
            turns = self._turns
            if turns is None:
                events += self._learn((time_s, force_n, x_m, y_m, end_s))
                continue
            told = turns.feed(time_s, force_n, x_m, y_m)
            if told is not None:
                events.append(self._tell(turns, told, end_s, end_s))
            elif time_s > turns.until_s:
                self._restart(end_s, f"no step for {time_s - turns.since_s:.1f} s")
        return events

    def _look_at_empty(self, time_s: float, end_s: float) -> None:
        if math.isnan(self._empty_since_s):
            self._empty_since_s = time_s
        if time_s - self._empty_since_s >= _UNLOADED_S:
            self._restart(end_s, "nobody is on the plate", is_in_contact=False)

    def _know(self, time_s: float, is_in_contact: dict[Side, bool | None], reason: str) -> None:
        if reason != self.reason:
            self.news.append(Known(time_s, is_in_contact, reason))
        self.is_in_contact, self.reason = is_in_contact, reason

    def _restart(self, time_s: float, reason: str, is_in_contact: bool | None = None) -> None:
        self._know(time_s, dict.fromkeys(Side, is_in_contact), reason)
        self._turns: Turns | None = None
        self._groups: deque[tuple[float, float, float, float, float]] = deque()
        self._next_try_s = -math.inf
        self._empty_since_s = math.nan
        self._edge_s = -math.inf  # the last event

    def _learn(self, group: tuple[float, float, float, float, float]) -> list[GaitEvent]:
        """Look for the pattern in the groups so far; once it is there, follow the turns in them."""
        self._groups.append(group)
        time_s, end_s = group[0], group[-1]
        while self._groups[0][0] < time_s - _WINDOW_S:
            self._groups.popleft()
        if time_s < self._next_try_s:
            return []
        self._next_try_s = time_s + _TRY_S
        groups = np.array(self._groups)
        pattern = find_pattern(groups[:, :4])
        if isinstance(pattern, str):
            self._know(end_s, dict.fromkeys(Side), pattern)
            return []
        limits = self._settings.on_share_bw, self._settings.longest_wait_s
        rows = groups[groups[:, _TIME] > pattern.line.time_s].tolist()
        first = Turns(pattern, *limits)
        is_clear = bool(_replay(first, rows))  # and the turns are better known now
        turns = Turns(replace(pattern, turns=first.turns), *limits)
        told = _replay(turns, rows) if is_clear else []
        if not told:
            self._know(end_s, dict.fromkeys(Side), "the steps so far have no clear pattern")
            return []
        self._turns, self._weight_n, self._edge_s = turns, pattern.weight_n, pattern.line.time_s
        events = [self._tell(turns, each, row_end_s, end_s) for each, row_end_s in told]
        self._know(end_s, self.is_in_contact, "")
        return events

    def _tell(self, turns: Turns, told: Told, end_s: float, detected_s: float) -> GaitEvent:
        """Return the event that was sure at ``end_s``."""
        event = self._event(told, end_s, detected_s)
        self._edge_s = event.time_s
        self.is_in_contact = {side: turns.is_double or side is turns.bearing for side in Side}
        if turns.doubtful_count >= _DOUBTFUL_COUNT:
            self._restart(detected_s, "the feet cannot be told apart by where they are across the plate")
        return event

    def _event(self, told: Told, end_s: float, detected_s: float) -> GaitEvent:
        rows = self._history.between(max(self._edge_s, end_s - _LOOK_BACK_S), end_s)
        edge = self._contact(told, rows) if told.kind is EventKind.INITIAL_CONTACT else self._foot_off(told, rows)
        flags = EventFlag.IRREGULAR if told.doubt else EventFlag.NONE
        if edge.is_far:
            flags |= EventFlag.INTERPOLATION_FAR
        far = "samples do not show where its load crosses the edge" if edge.is_far else ""
        return GaitEvent(
            time_s=edge.time_s,
            detected_s=detected_s,
            side=told.side,
            kind=told.kind,
            source=Source.FORCE,
            confidence=_DOUBTFUL_CONFIDENCE if flags else 1.0,
            flags=flags,
            reason="; ".join(filter(None, (told.doubt, far))),
        )

    def _contact(self, told: Told, rows: Array) -> Edge:
        """Return where the load of the landing foot begins, off the line of least squares of the bearing one."""
        time_s = rows[:, _TIME]
        end_s = time_s[-1] - _CLEAR_S
        before = rows[(time_s > end_s - _LINE_S) & (time_s <= end_s)]
        if len(before) < 3:
            return Edge(float(time_s[-1]), True)
        middle = before.mean(axis=0)
        since_s = before[:, _TIME] - middle[_TIME]
        velocity_mps = since_s @ before[:, _X:] / (since_s @ since_s)
        return self._edge(rows, middle, velocity_mps, told, is_rising=True)

    def _foot_off(self, told: Told, rows: Array) -> Edge:
        """Return where the load of the leaving foot ends, off the line of the other one."""
        now = rows[rows[:, _TIME] > rows[-1, _TIME] - _ANCHOR_S].mean(axis=0)
        return self._edge(rows, now, np.array(told.velocity_mps), told, is_rising=False)

    def _edge(self, rows: Array, place: Array, velocity_mps: Array, told: Told, is_rising: bool) -> Edge:
        line_m = place[_X:] + (rows[:, _TIME, None] - place[_TIME]) * velocity_mps
        way_m = rows[:, _X:] - line_m if is_rising else line_m - rows[:, _X:]
        load_bw = way_m @ np.array(told.weights) * rows[:, _FORCE] / self._weight_n
        return last_crossing(rows[:, _TIME], load_bw, self._settings.edge_share_bw, is_rising, _SMOOTHING_S)


def _replay(turns: Turns, rows: list[list[float]]) -> list[tuple[Told, float]]:
    """Return what the turns tell of past groups and their ends; nothing where the pattern does not hold for them."""
    told: list[tuple[Told, float]] = []
    for time_s, force_n, x_m, y_m, end_s in rows:
        each = turns.feed(time_s, force_n, x_m, y_m)
        if each is not None:
            told.append((each, end_s))
        if time_s > turns.until_s or turns.doubtful_count >= _DOUBTFUL_COUNT:
            return []
    return [] if turns.doubtful_count else told
