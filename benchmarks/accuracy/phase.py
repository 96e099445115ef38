# SPDX-License-Identifier: Apache-2.0
"""Gait phase of every estimator against true phase: steady, across changes of speed, slow, and after a disturbance.

    python benchmarks/accuracy/phase.py

True phase runs linearly from one true contact to the next. Of the simulated walker both contacts and the pitch of thigh
and shank are known; contacts are told 10 ms late, belts change their speed by 0.5 m/s2, and steps vary by 2 % where
nothing else is said. Of the recordings (docs/recordings.md) the contacts are a 20 N threshold applied offline, true to
about 10 ms: 1 % of a stride. "Told" contacts are those references without delay, "found" ones those of the force
detector as if live. No recording has contacts and the pitch of a thigh; estimators that follow it are seen on the
simulated walker alone, whose pitch has the same shape in every stride: a best case.

Error is the shorter way around the cycle, in % of it, over the instants at which phase is valid. A stride belongs to a
change of speed when any of it lies from 2 s before to 14 s after the change began, or to 6 s after for the harder
figure; the rest is steady. "At contact" is the mean error in the last hundredth of a second before a contact.
Recovered: over one stride's time, which begins two strides after the missed contact or the jump, phase is valid and its
RMSE less than 5 %. A missed contact is told neither itself nor with its foot off; in a jump half a stride is cut out of
everything, anywhere in the cycle. Walks are disturbed in one stride after the other, where the speed does not change.
In brackets: what one would do without any of this.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import force_events
import numpy as np
from data_folder import data_folder

from gait_analysis.events import EventKind, GaitEvent, Source
from gait_analysis.parts import Phase, PhaseEstimate, build
from gait_parts import plugins
from gait_sensing.samples import Side
from gait_sim.walker import Walker, WalkerSettings

_STEP_S, _DELAY_S = 0.01, 0.01
_BELT_MPS2 = 0.5  # by which simulated belts change their speed
_BEFORE_S, _AFTER_S, _LONG_AFTER_S = 2.0, 6.0, 14.0  # of a change of speed
_LARGEST_ERROR = 0.05  # of what is called recovered
_SETTLED_COUNT = 6  # strides walked before a disturbance
_CAMARGO, _CEINMS = "grf_camargo_ab_treadmill_slow_and_normal_200hz", "grf_ceinms_s06_treadmill_4p5kmh_100hz"
_CROSSOVER_S = 44.0  # of the second one: from here on a foot is on the other belt, and contacts are wrong


@dataclass(frozen=True)
class Walk:
    """What is told of a walk, and what is true."""

    name: str
    events: list[GaitEvent]  # in the order in which they became known
    pitch: dict[tuple[Side, str], np.ndarray]  # side and segment -> [n, 3]: time, pitch, its rate
    contacts_s: dict[Side, np.ndarray]
    changes_s: tuple[float, ...] = ()

    def true_phase(self, side: Side, time_s: float) -> tuple[float, int]:
        """Return phase and number of the stride; NaN outside of strides."""
        contacts_s = self.contacts_s[side]
        number = int(np.searchsorted(contacts_s, time_s, side="right"))
        if not 0 < number < len(contacts_s):
            return math.nan, number
        return float((time_s - contacts_s[number - 1]) / (contacts_s[number] - contacts_s[number - 1])), number


class MeanOfStrides:
    """The naive phase: time since contact by the mean of the last strides."""

    segment = ""

    def __init__(self, count: int, side: Side) -> None:
        self._count, self._side, self._contacts_s = count, side, [math.nan] * (count + 1)

    def feed(self, event: GaitEvent) -> None:
        """Take the next event of either foot."""
        if event.side is self._side and event.kind is EventKind.INITIAL_CONTACT:
            self._contacts_s = [*self._contacts_s[-self._count :], event.time_s]

    def feed_signal(self, time_s: float, angle_rad: float, rate_radps: float) -> None:
        """Take nothing."""

    def at(self, time_s: float) -> PhaseEstimate:
        """Return the phase at ``time_s``."""
        stride_s = (self._contacts_s[-1] - self._contacts_s[0]) / self._count
        if math.isnan(stride_s):
            return PhaseEstimate.invalid(f"{self._count} strides needed")
        return PhaseEstimate(min((time_s - self._contacts_s[-1]) / stride_s, 0.99), 1.0 / stride_s, "")


def estimators() -> dict[str, Callable[[Side], Phase]]:
    """Return what is compared, by name."""
    naive: dict[str, Callable[[Side], Phase]] = {
        "(last stride)": lambda side: MeanOfStrides(1, side),
        "(mean of three)": lambda side: MeanOfStrides(3, side),
    }
    return naive | {name: _builder(name) for name in plugins.available("gait_analysis.phases")}


def _builder(name: str) -> Callable[[Side], Phase]:
    return lambda side: build("phases", "Phase", name, {}, side)


def simulated(name: str, speeds: list[tuple[float, float]], duration_s: float, **settings: float) -> Walk:
    """Return a walk at ``speeds``, pairs of a time from which on they hold and metres a second."""
    walker = Walker(WalkerSettings(**settings))  # type: ignore[arg-type]
    events: list[GaitEvent] = []
    pitch: dict[tuple[Side, str], list[tuple[float, float, float]]] = {
        (side, segment): [] for side in Side for segment in ("thigh", "shank")
    }
    speed_mps = speeds[0][1]
    for number in range(round(duration_s / _STEP_S)):
        time_s = number * _STEP_S
        wanted_mps = [speed for start_s, speed in speeds if start_s <= time_s][-1]
        most_mps = _BELT_MPS2 * _STEP_S
        speed_mps += min(max(wanted_mps - speed_mps, -most_mps), most_mps)
        for event in walker.advance(time_s, speed_mps, speed_mps):
            told_s = event.time_s + _DELAY_S
            events.append(GaitEvent(event.time_s, told_s, event.side, event.kind, Source.FORCE, 1.0))
        for (side, segment), rows in pitch.items():
            reading = walker.imu(f"{side.value}_{segment}", time_s, None)
            assert reading.orientation_xyzw and reading.angular_rate_radps
            _, sine, _, cosine = reading.orientation_xyzw
            rows.append((time_s, 2.0 * math.atan2(sine, cosine), reading.angular_rate_radps[1]))
    changes_s = tuple(start_s for start_s, _ in speeds[1:])
    arrays = {key: np.array(rows) for key, rows in pitch.items()}
    return Walk(name, events, arrays, _contacts_s(events), changes_s)


def _contacts_s(events: list[GaitEvent]) -> dict[Side, np.ndarray]:
    contacts = [event for event in events if event.kind is EventKind.INITIAL_CONTACT]
    return {side: np.array([event.time_s for event in contacts if event.side is side]) for side in Side}


def recorded(name: str, are_found: bool) -> Walk:
    """Return a recording, its contacts told by the reference or found by the detector."""
    folder = data_folder()
    told = [
        GaitEvent(float(time_s), float(time_s), side, kind, Source.FORCE, 1.0)
        for side in Side
        for kind in EventKind
        for time_s in force_events.read_reference(folder / f"{name}_events.csv", kind, side)
    ]
    end_s = _CROSSOVER_S if name == _CEINMS else math.inf
    told = sorted((event for event in told if event.time_s < end_s), key=lambda event: event.detected_s)
    events = force_events.find_events(folder / f"{name}.csv", force_events.RECORDINGS[name]) if are_found else told
    label = f"{name.split('_')[1]}, {'found' if are_found else 'told'}"
    return Walk(label, events, {}, _contacts_s(told), (36.0,) if name == _CAMARGO else ())


def track(phase: Phase, walk: Walk, side: Side) -> np.ndarray:
    """Return [n, 4]: time, estimated phase (NaN when not valid), true phase, number of the stride."""
    known: list[tuple[float, int, GaitEvent | tuple[float, float, float]]] = []
    known += [(event.detected_s, 0, event) for event in walk.events]
    if phase.segment and (side, phase.segment) in walk.pitch:
        known += [(row[0], 1, row) for row in walk.pitch[side, phase.segment].tolist()]
    known.sort(key=lambda item: item[:2])
    rows, place = [], 0
    for time_s in np.arange(walk.contacts_s[side][0], walk.contacts_s[side][-1], _STEP_S).tolist():
        while place < len(known) and known[place][0] <= time_s + 1e-9:
            what = known[place][2]
            if isinstance(what, GaitEvent):
                phase.feed(what)
            else:
                phase.feed_signal(*what)
            place += 1
        rows.append((time_s, phase.at(time_s).phase, *walk.true_phase(side, time_s)))
    return np.array(rows)


def error(rows: np.ndarray) -> np.ndarray:
    """Return the shorter way around the cycle from true to estimated phase, no unit."""
    apart = np.abs(rows[:, 1] - rows[:, 2]) % 1.0
    return np.minimum(apart, 1.0 - apart)


def is_changing(walk: Walk, side: Side, rows: np.ndarray, after_s: float) -> np.ndarray:
    """Return which rows belong to strides with any part from before to ``after_s`` after a change of speed began."""
    contacts_s, numbers = walk.contacts_s[side], rows[:, 3].astype(int)
    start_s, end_s = contacts_s[numbers - 1], contacts_s[numbers]
    return np.any([(end_s > at - _BEFORE_S) & (start_s < at + after_s) for at in (*walk.changes_s, -1e9)], axis=0)


def disturbed(walk: Walk, side: Side, number: int, kind: str, share: float) -> tuple[Walk, float]:
    """Return the walk disturbed in stride ``number``, and when phase has to be right again."""
    contacts_s = walk.contacts_s[side]
    first, end = max(number - _SETTLED_COUNT, 0), number + 5
    start_s, contact_s, end_s = contacts_s[first], contacts_s[number], contacts_s[end]
    if kind == "missed":
        own = [event for event in walk.events if event.side is side]
        missed = min((e for e in own if e.kind is EventKind.INITIAL_CONTACT), key=lambda e: abs(e.time_s - contact_s))
        off = next(e for e in own if e.time_s > missed.time_s)
        events = [event for event in walk.events if event not in (missed, off)]
        return _between(replace(walk, events=events), start_s, end_s, 0.0), contacts_s[number + 2]
    stride_s = contacts_s[number + 1] - contact_s
    cut_s, lost_s = contact_s + share * stride_s, 0.5 * stride_s
    before, after = _between(walk, start_s, cut_s, 0.0), _between(walk, cut_s + lost_s, end_s, -lost_s)
    joined = Walk(
        walk.name,
        before.events + after.events,
        {key: np.concatenate([before.pitch[key], after.pitch[key]]) for key in walk.pitch},
        {each: np.concatenate([before.contacts_s[each], after.contacts_s[each]]) for each in Side},
    )
    return joined, cut_s + 2.0 * stride_s


def _between(walk: Walk, start_s: float, end_s: float, shift_s: float) -> Walk:
    events = [
        e._replace(time_s=e.time_s + shift_s, detected_s=e.detected_s + shift_s)
        for e in walk.events
        if start_s <= e.time_s <= end_s
    ]
    pitch = {key: rows[(rows[:, 0] >= start_s) & (rows[:, 0] < end_s)] for key, rows in walk.pitch.items()}
    shifted = {key: rows + np.array([shift_s, 0.0, 0.0]) for key, rows in pitch.items()}
    contacts_s = {side: s[(s >= start_s) & (s <= end_s)] + shift_s for side, s in walk.contacts_s.items()}
    return Walk(walk.name, events, shifted, contacts_s)


def recovers(make: Callable[[Side], Phase], walk: Walk, kind: str) -> Iterator[bool]:
    """Disturb a walk in one stride after the other; yield whether phase was right again in time."""
    for side in Side:
        contacts_s = walk.contacts_s[side]
        for number in range(_SETTLED_COUNT, len(contacts_s) - 6, 2):
            spoilt_s = contacts_s[number - 1] - _AFTER_S, contacts_s[number + 5] + _BEFORE_S
            if any(spoilt_s[0] < change_s < spoilt_s[1] for change_s in walk.changes_s):
                continue
            trial, right_s = disturbed(walk, side, number, kind, share=0.1 * (number % 10) + 0.05)
            rows = track(make(side), trial, side)
            rows = rows[rows[:, 0] >= right_s + 2.0 * _DELAY_S]
            rows = rows[rows[:, 0] < rows[0, 0] + contacts_s[number + 1] - contacts_s[number]]
            yield bool(np.sqrt(np.mean(error(rows) ** 2)) < _LARGEST_ERROR)  # NaN, not valid, is not right


def rmse(errors: np.ndarray) -> str:
    """Return the root of the mean square in % of the cycle."""
    return f"{100.0 * math.sqrt(np.nanmean(errors**2)):.2f}" if np.isfinite(errors).any() else "-"


def print_errors(walks: list[Walk]) -> None:
    """Print the first table: error in undisturbed walking."""
    print("| walk | estimator | strides | steady | change, 16 s | change, 8 s | at contact | not valid % |")
    print("|---|---|---|---|---|---|---|---|")
    for walk in walks:
        for name, make in estimators().items():
            if make(Side.LEFT).segment and not walk.pitch:
                continue
            parts = []
            for side in Side:
                rows = track(make(side), walk, side)
                rows = rows[rows[:, 3] > _SETTLED_COUNT]
                near, far = (is_changing(walk, side, rows, after_s) for after_s in (_AFTER_S, _LONG_AFTER_S))
                parts.append(np.column_stack([error(rows), near, far, rows[:, 3]]))
            errors, near, far, numbers = np.concatenate(parts).T
            is_last = np.append(np.diff(numbers) != 0.0, True)
            strides_count = sum(len(np.unique(part[:, 3])) for part in parts)
            print(
                f"| {walk.name} | {name} | {strides_count} | {rmse(errors[far == 0.0])} | {rmse(errors[far == 1.0])} "
                f"| {rmse(errors[near == 1.0])} | {100.0 * np.nanmean(errors[is_last]):.2f} "
                f"| {100.0 * np.mean(np.isnan(errors)):.1f} |"
            )


def print_recoveries(walks: list[Walk]) -> None:
    """Print the second table: how often phase is right again within two strides."""
    print("\n| walk | estimator | missed contact: recovered | half-cycle jump: recovered |")
    print("|---|---|---|---|")
    for walk in walks:
        for name, make in estimators().items():
            if make(Side.LEFT).segment and not walk.pitch:
                continue
            cells = []
            for kind in ("missed", "jump"):
                are_right = list(recovers(make, walk, kind))
                cells.append(f"{sum(are_right)} of {len(are_right)}")
            print(f"| {walk.name} | {name} | {' | '.join(cells)} |")


def main() -> None:
    """Print both tables."""
    walks = [
        simulated("simulated, 1.1 m/s", [(0.0, 1.1)], 90.0),
        simulated("simulated, 0.5, 1.2, 0.7 m/s", [(0.0, 0.5), (30.0, 1.2), (60.0, 0.7)], 90.0),
        simulated("simulated, 0.3 m/s", [(0.0, 0.3)], 90.0),
        simulated("simulated, 0.3 m/s, steps vary by 4 %", [(0.0, 0.3)], 90.0, variability=0.04),
    ]
    if data_folder().is_dir():
        for name, are_found in ((_CAMARGO, False), (_CAMARGO, True), (_CEINMS, False), (_CEINMS, True)):
            walks.append(recorded(name, are_found))
    print_errors(walks)
    print_recoveries(walks)


if __name__ == "__main__":
    main()
