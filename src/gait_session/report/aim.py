# SPDX-License-Identifier: Apache-2.0
"""What the cues of a session aimed at: that number over time, its target, and whether it came nearer to it.

Targets are found as the strategies find them: given, or from the own baseline. A strategy that is not in ``_COURSES``
has its cues and times in the report, and no course.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gait_analysis.gait import Stride
from gait_feedback.limb_choice import chosen_sides
from gait_messages import values
from gait_sensing.samples import Array, Side
from gait_session.report.data import Walk
from gait_session.report.figures import metric_name, metric_series, side_name
from gait_session.report.numbers import Table, number

_SETTLING_COUNT = 10  # strides or pairs in which the belts speed up, where the strategy names no other number
_BLOCK_COUNT = 20  # strides or pairs of the first and of the last block, at most
_FEWEST_COUNT = 3  # in a block
_CLEARLY = 2.0  # standard errors of the difference between the blocks


@dataclass(frozen=True)
class Course:
    """One number over the session, on one side or of both sides together."""

    name: str
    unit: str
    seconds: Array  # since the start
    values: Array
    target: float = math.nan  # NaN: none
    low: float = -math.inf  # between low and high no cue is given
    high: float = math.inf
    settling_count: int = _SETTLING_COUNT
    digits: int = 3
    side: Side | None = None  # whose number it is; None: of both

    def blocks(self, retention_s: float) -> tuple[Array, Array, Array]:
        """Return the first and the last values before retention, and the last ones in it.

        Those of the settling are left out, and none is in two blocks.
        """
        is_cued = self.seconds < retention_s
        settled, retained = self.values[is_cued][self.settling_count :], self.values[~is_cued]
        count = min(_BLOCK_COUNT, len(settled) // 2)
        return settled[:count], settled[len(settled) - count :], retained[-_BLOCK_COUNT:]


def courses(walk: Walk) -> list[Course]:
    """Return what the session's cue strategy is about; empty when that is not known, or nothing was measured."""
    found = walk.cue_settings()
    if found is None or found[0] not in _COURSES:
        return []
    return [course for course in _COURSES[found[0]](walk, found[1]) if len(course.values)]


def retention_s(walk: Walk) -> float:
    """Return when retention began, from which on there are no cues, in seconds since the start; infinite: never."""
    began = (message for message in walk.feedback if message.schedule_text.startswith("retention"))
    first = next(began, None)
    return math.inf if first is None else values.seconds(first.header.stamp) - walk.start_s


def approach_table(walk: Walk) -> Table:
    """Whether each number came nearer to its target from the first to the last block, and what stayed without cues."""
    head = ("what the cues were about", "target", "first block", "last block", "strides", "towards the target")
    table = Table((*head, "in retention"), [_approach(course, retention_s(walk)) for course in courses(walk)])
    return table if math.isfinite(retention_s(walk)) else Table(head, [row[:-1] for row in table.rows])


def _approach(course: Course, from_s: float) -> tuple[str, ...]:
    first, last, retained = course.blocks(from_s)
    target = number(course.target, course.digits, course.unit) if math.isfinite(course.target) else "none given"
    if len(first) < _FEWEST_COUNT:
        told = (*["cannot tell"] * 2, str(len(course.values)), "cannot tell: too few strides")
    else:
        told = (_mean(course, first), _mean(course, last), f"{len(first)} each", _words(course, first, last))
    kept = f"{_mean(course, retained)}, last {len(retained)}" if len(retained) else "cannot tell"
    return (course.name, target, *told, kept)


def _mean(course: Course, block: Array) -> str:
    return number(float(block.mean()), course.digits, course.unit)


def _words(course: Course, first: Array, last: Array) -> str:
    if not math.isfinite(course.target):
        return "no target"
    before, after = np.abs(first - course.target), np.abs(last - course.target)
    nearer = float(before.mean() - after.mean())
    error = math.hypot(*(block.std(ddof=1) / math.sqrt(len(block)) for block in (before, after)))
    silent_count = int(np.count_nonzero((last >= course.low) & (last <= course.high)))
    within = "" if math.isnan(course.low) else f"; {silent_count} of the last {len(last)} within the silent band"
    if abs(nearer) <= _CLEARLY * error:
        return "no change beyond that from stride to stride" + within
    way = "nearer" if nearer > 0.0 else "further away"
    return f"{way} by {number(abs(nearer), course.digits, course.unit)}{within}"


def _asymmetry(walk: Walk, settings: Any) -> Iterator[Course]:
    name = settings.metric.rpartition(".")[2]
    pairs = [(second, metric) for second, metric in metric_series(walk, name) if not math.isnan(metric.value)]
    # judged as (S - P) / (S + P), whatever index the analysis shows
    judged = [(m.sound_value - m.prosthetic_value) / (m.sound_value + m.prosthetic_value) for _, m in pairs]
    yield Course(
        f"{metric_name(name)} asymmetry", "%", np.array([second for second, _ in pairs]), 100.0 * np.array(judged),
        100.0 * settings.target, 100.0 * (settings.target - settings.band), 100.0 * (settings.target + settings.band),
        digits=1,
    )  # fmt: skip


def _stance_time(walk: Walk, settings: Any) -> Iterator[Course]:
    def value(stride: Stride) -> float:
        return math.nan if stride.stance_doubt else stride.stance_time_s

    def target(own: float) -> float:
        return float(own * (1.0 + settings.change) if math.isnan(settings.target_s) else settings.target_s)

    return _banded(walk, settings, ("stance time", "s", value), target, settings.band_share, True)


def _push_off(walk: Walk, settings: Any) -> Iterator[Course]:
    is_impulse = settings.measure == "propulsion_impulse"

    def value(stride: Stride) -> float:
        force = stride.propulsion_impulse_bws if is_impulse else stride.second_peak_load_bw
        return math.nan if stride.stance_doubt else force

    def target(own: float) -> float:
        return float(own * (1.0 + settings.change) if math.isnan(settings.target) else settings.target)

    what = (
        ("propulsive impulse", "BW\N{NO-BREAK SPACE}s", value) if is_impulse else ("second peak of load", "BW", value)
    )
    return _banded(walk, settings, what, target, settings.band_share, True)


def _posture(walk: Walk, settings: Any) -> Iterator[Course]:
    is_lean = settings.measure == "trunk_lean"

    def value(stride: Stride) -> float:
        to_right_rad = stride.trunk_lean_mid_stance_rad if is_lean else stride.pelvic_obliquity_mid_stance_rad
        return math.degrees(to_right_rad if (stride.side is Side.RIGHT) is is_lean else -to_right_rad)

    def target(own: float) -> float:
        changed = own + math.degrees(settings.change_rad)
        return changed if math.isnan(settings.target_rad) else math.degrees(settings.target_rad)

    what = ("trunk lean" if is_lean else "hip drop", "\N{DEGREE SIGN}", value)
    return _banded(walk, settings, what, target, math.degrees(settings.band_rad), False)


def _banded(
    walk: Walk,
    settings: Any,
    what: tuple[str, str, Callable[[Stride], float]],
    target_of: Callable[[float], float],
    band: float,
    is_more_wanted: bool,
) -> Iterator[Course]:
    """Yield a course for each limb of a strategy with the settings of ``stride_band``.

    ``band`` is the least half width, as share of the target where more is wanted.
    """
    name, unit, value_of = what
    for side in chosen_sides(settings.limb, walk.participant.prosthetic_side):
        known = [
            (stride.end_s - walk.start_s, value)
            for stride in walk.strides
            if stride.side is side and stride.is_accepted and math.isfinite(value := value_of(stride))
        ]
        seconds, found = np.array(known).reshape(-1, 2).T
        own = found[settings.settling_strides_count :][: settings.baseline_strides_count]
        mean, sd = (own.mean(), own.std(ddof=1)) if len(own) == settings.baseline_strides_count else (math.nan,) * 2
        target = target_of(float(mean))
        least = band * abs(target) if is_more_wanted else band
        half = max(least, settings.band_sds * float(sd))  # NaN while there is no baseline
        low, high = (target - half, math.inf) if is_more_wanted else (-math.inf, target + half)
        settling_count, digits = settings.settling_strides_count, 3 if is_more_wanted else 1
        label = f"{name}, {side_name(walk, side)}"
        yield Course(label, unit, seconds, found, target, low, high, settling_count, digits, side)


def _weight_shift(walk: Walk, settings: Any) -> Iterator[Course]:
    during = [each for each in walk.standings if each.time_s >= walk.start_s]
    standing = [each for each in during if each.is_standing and math.isfinite(each.shift_share)]
    targets = [each.shift_target for each in standing]
    target = targets[-1] if math.isnan(settings.target) and targets and len(set(targets)) == 1 else settings.target
    seconds = np.array([each.time_s - walk.start_s for each in standing])
    shares = np.array([100.0 * each.shift_share for each in standing])
    side = walk.participant.prosthetic_side or Side.LEFT
    low, high = 100.0 * (target - settings.band), 100.0 * (target + settings.band)
    yield Course(f"weight on the {side.value} in standing", "%", seconds, shares, 100.0 * target, low, high, 0, 1)


def _cadence(walk: Walk, settings: Any) -> Iterator[Course]:
    leader = (walk.participant.prosthetic_side or Side.LEFT).other
    strides = [s for s in walk.strides if s.side is leader and s.is_accepted and math.isfinite(s.cadence_hz)]
    seconds = np.array([stride.end_s - walk.start_s for stride in strides])
    cadences = np.array([60.0 * stride.cadence_hz for stride in strides])
    own = cadences[settings.settling_strides_count :][: settings.baseline_strides_count]
    is_known = len(own) == settings.baseline_strides_count
    target = float(own.mean()) * (1.0 + settings.cadence_change) if is_known else math.nan
    yield Course("cadence", "steps a minute", seconds, cadences, target, math.nan, math.nan,
                 settings.settling_strides_count, 1)  # fmt: skip


_COURSES: dict[str, Callable[[Walk, Any], Iterator[Course]]] = {
    "outside_band": _asymmetry,
    "posture": _posture,
    "push_off": _push_off,
    "rhythm": _cadence,
    "stance_time_target": _stance_time,
    "weight_shift_target": _weight_shift,
}
