# SPDX-License-Identifier: Apache-2.0
"""The one screen that ``gait-lab analyse`` prints: what was found, how the sides differ, and what cannot be told."""

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

import numpy as np

from gait_analysis.analyser import AnalyserSettings, Result
from gait_analysis.events import EventFlag, EventKind, GaitEvent
from gait_analysis.gait import Asymmetry, GaitState, Stride
from gait_analysis.participant import Participant
from gait_analysis.parts import Metric, build
from gait_analysis.standing import INTERVAL_S, Standing
from gait_sensing.samples import Side
from gait_session.plain_walk import PlainWalk, gaps_s, usual_interval_s

_WIDTH = 28  # of the first column
_REASONS_COUNT = 4
_SLOWEST_HZ = 25.0  # of rows, below which contact is taken as unknown between two of them
_UNLOADED_SHARE, _LOADED_SHARE = 0.1, 0.2  # a foot in walking is off the plate a third of the time
_CANNOT_TELL, _NO_SENSOR = "cannot tell", "cannot tell with the sensors"  # as in gait_analysis.deviation
_EVENT_NAMES = {EventKind.INITIAL_CONTACT: "initial contacts", EventKind.FOOT_OFF: "feet off"}
_NEEDS = (  # what, a field of Stride that would hold it, what it needs
    ("step and stride length, speed", "stride_length_m", "the files do not tell the speed of the belts"),
    ("step width", "step_width_m", "the files do not tell both belts' plates and their speed"),
    ("loads in body weights", "peak_load_bw", "needs a plate under the foot and the body mass"),
    ("braking and propulsion", "braking_impulse_bws", "needs the fore-aft force (fap_…_N) and the body mass"),
    ("foot clearance", "foot_clearance_m", "needs a foot IMU"),
    ("tilt of the pelvis", "pelvic_obliquity_mid_stance_rad", "needs an IMU on the pelvis"),
    ("lean of the trunk", "trunk_lean_mid_stance_rad", "needs an IMU on the trunk"),
    ("knee flexion", "knee_flexion_peak_swing_rad", "needs IMUs on thigh and shank"),
    ("margin of stability", "lateral_margin_of_stability_m", "needs plates and the body's centre of mass"),
)


@dataclass
class Findings:
    """What the analysis found; of the states, the last one."""

    events: list[GaitEvent] = field(default_factory=list)
    strides: list[Stride] = field(default_factory=list)
    asymmetries: list[Asymmetry] = field(default_factory=list)
    standings: list[Standing] = field(default_factory=list)  # those in which somebody stood
    last: GaitState | None = None

    def take(self, result: Result) -> None:
        """Add ``result`` to its list."""
        if isinstance(result, GaitEvent):
            self.events.append(result)
        elif isinstance(result, Stride):
            self.strides.append(result)
        elif isinstance(result, Asymmetry):
            self.asymmetries.append(result)
        elif isinstance(result, Standing) and result.is_standing:
            self.standings.append(result)
        elif isinstance(result, GaitState):
            self.last = result

    def accepted(self, side: Side) -> list[Stride]:
        """Return the accepted strides of ``side``."""
        return [stride for stride in self.strides if stride.side is side and stride.is_accepted]


def summary(walk: PlainWalk, participant: Participant, found: Findings, settings: AnalyserSettings) -> str:
    """Return the summary as lines of text."""
    parts = [list(_who(walk, participant))]
    if found.events:
        parts += [list(_counts(found, participant)), list(_metrics(found, settings, participant))]
    parts.append([*_deviations(found), *_standing(found)])
    if untold := [f"  {line}" for line in _untold(walk, found)]:
        parts.append(["cannot tell:", *untold])
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
    rejected = [stride for stride in found.strides if not stride.is_accepted]
    yield _row("strides rejected", *(str(sum(stride.side is side for stride in rejected)) for side in Side))
    reasons = Counter(re.sub(r"[-\d.]+\d", "…", stride.reason) for stride in rejected).most_common()
    yield from (f"  {count} x {reason}" for reason, count in reasons[:_REASONS_COUNT])
    if len(reasons) > _REASONS_COUNT:
        yield f"  {sum(count for _, count in reasons[_REASONS_COUNT:])} x other reasons"
    if any(own_s := [_between_contacts_s(found, side) for side in Side]):
        yield _row("between own contacts, s", *(_number(values, 3) for values in own_s))
    if sources := Counter(event.source.value for event in found.events):
        yield _row("events told by", ", ".join(f"{name} ({count})" for name, count in sources.items()))


def _metrics(found: Findings, settings: AnalyserSettings, participant: Participant) -> Iterator[str]:
    if not any(found.accepted(side) for side in Side):
        return
    yield _row("medians of accepted strides", *(_name(side, participant) for side in Side), "asymmetry", "pairs")
    cadences = [[60.0 * stride.cadence_hz for stride in found.accepted(side)] for side in Side]
    yield _row("cadence, steps/min", *(_number(values, 1) for values in cadences))
    metrics: list[Metric] = [build("metrics", "Metric", name, {}) for name in settings.metrics]
    for metric in metrics:
        sides = [[metric.of(stride) for stride in found.accepted(side)] for side in Side]
        if not all(math.isnan(value) for values in sides for value in values):
            yield _metric_row(metric.name, metric.unit, sides, found)
    told = {each.name: each for asymmetry in found.asymmetries for each in asymmetry.metrics}
    for each in told.values():
        if each.name not in settings.metrics and not math.isnan(each.rolling_median):
            yield _metric_row(each.name, each.unit, [[], []], found)
    if told:
        yield "asymmetry: median of pairs of " + next(iter(told.values())).index


def _metric_row(name: str, unit: str, sides: list[list[float]], found: Findings) -> str:
    pairs = [each.value for a in found.asymmetries for each in a.metrics if each.name == name]
    pairs = [value for value in pairs if not math.isnan(value)]
    index = f"{100.0 * median(pairs):+.1f} %" if pairs else "-"
    return _row(f"{name.replace('_', ' ')}, {unit}", *(_number(values, 3) for values in sides), index, str(len(pairs)))


def _deviations(found: Findings) -> Iterator[str]:
    """Yield in how many strides each deviation was found."""
    said = [text.partition(": ") for stride in found.strides for text in stride.deviations]
    for name, count in Counter(name for name, _, text in said if _CANNOT_TELL not in text).most_common():
        yield f"{name}: in {count} strides"


def _standing(found: Findings) -> Iterator[str]:
    shares = [each.left_load_bw / (each.left_load_bw + each.right_load_bw) for each in found.standings]
    if shares := [share for share in shares if not math.isnan(share)]:
        yield f"standing: {len(shares) * INTERVAL_S:g} s; median load on the left foot {100.0 * median(shares):.0f} %"


def _untold(walk: PlainWalk, found: Findings) -> Iterator[str]:
    if not found.events:
        yield f"gait events: none were found in {', '.join(walk.times_s)}"
    for side in Side:
        if not any(event.side is side for event in found.events):
            limb = found.last and (found.last.left if side is Side.LEFT else found.last.right)
            yield f"the {side.value} leg: {limb.reason if limb and limb.reason else 'nothing tells of it'}"
    for name, time_s in walk.times_s.items():
        if 1.0 / usual_interval_s(time_s) < _SLOWEST_HZ:
            yield f"contacts: {name} has fewer than {_SLOWEST_HZ:g} rows a second"
    for samples in walk.forces.values():
        force_n = samples.force_n[:, 2]
        if np.quantile(force_n, _UNLOADED_SHARE) > _LOADED_SHARE * np.mean(force_n) > 0.0:
            yield f"contacts: {samples.name} is never unloaded; did nobody walk, or is more than one foot on it?"
    if found.events and not found.asymmetries:
        yield "asymmetry: no accepted strides of both sides follow each other"
    strides = [stride for side in Side for stride in found.accepted(side)]
    for what, name, need in _NEEDS if strides else ():
        if all(math.isnan(getattr(stride, name)) for stride in strides):
            yield f"{what}: {need}"
    said = (text.partition(f": {_NO_SENSOR}") for stride in strides for text in stride.deviations)
    if names := list(dict.fromkeys(name for name, sensors, _ in said if sensors)):
        yield f"deviations, for want of sensors: {', '.join(names)}"


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


def _row(*cells: str) -> str:
    return f"{cells[0]:<{_WIDTH}}" + "".join(f"{cell:>16}" for cell in cells[1:])
