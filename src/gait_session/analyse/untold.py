# SPDX-License-Identifier: Apache-2.0
"""What the summary of ``gait-lab analyse`` cannot tell, and why: what is missing, or must not be compared."""

import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from gait_analysis.gait import MetricAsymmetry, Stride
from gait_analysis.participant import Participant
from gait_sensing.samples import ForceSamples, Side
from gait_session.analyse.findings import Findings
from gait_session.plain_walk import LONGEST_STANCE_S, PlainWalk, usual_interval_s
from gait_session.stride_verdicts import Verdicts, unjudged

_SLOWEST_HZ = 25.0  # of rows, below which contact is taken as unknown between two of them
_UNLOADED_SHARE, _LOADED_SHARE = 0.1, 0.2  # a foot in walking is off the plate a third of the time
_LOADS = 3  # of a plate without an event: more than one stance has, or a touch
_LIGHT_HEAVY = np.array((0.3, 0.7))  # of what a stance bears; who stands with some on each foot is between
_MARGIN_NEEDS = "needs the centre of pressure under both feet (cop_ml_left_m, cop_ml_right_m)"
_NEEDS = (  # what, a field of Stride that would hold it, what it needs
    ("step and stride length, speed", "stride_length_m", "the files do not tell the speed of the belts"),
    ("step width", "step_width_m", "the files do not tell both belts' plates and their speed"),
    ("loads in body weights", "peak_load_bw", "needs a plate under the foot and the right body mass"),
    ("braking and propulsion", "braking_impulse_bws", "needs the fore-aft force (fap_…_N) and the body mass"),
    ("margin of stability", "lateral_margin_of_stability_m", _MARGIN_NEEDS),
)
_IMU_NEEDS = (  # what, a field of Stride that would hold it, where the IMU would be worn
    ("foot clearance", "foot_clearance_m", "foot"),
    ("tilt of the pelvis", "pelvic_obliquity_mid_stance_rad", "pelvis"),
    ("lean of the trunk", "trunk_lean_mid_stance_rad", "trunk"),
    ("knee flexion", "knee_flexion_peak_swing_rad", "thigh and shank"),
)


def untold(walk: PlainWalk, found: Findings, participant: Participant) -> Iterator[str]:
    """Yield what cannot be told of the walk, and why."""
    if not found.events:
        yield f"gait events: none were found in {', '.join(walk.times_s)}"
    for side in Side:
        if not any(event.side is side for event in found.events):
            limb = found.last and (found.last.left if side is Side.LEFT else found.last.right)
            nobody = f"no sensor of the {side.value} foot has sent anything"
            yield f"the {side.value} leg: {limb.reason if limb and limb.reason and _is_sensed(walk, side) else nobody}"
    for name, time_s in walk.times_s.items():
        if 1.0 / usual_interval_s(time_s) < _SLOWEST_HZ:
            yield f"contacts: {name} has fewer than {_SLOWEST_HZ:g} rows a second; is time_s in seconds?"
    for foot, samples in walk.forces.items():
        force_n = samples.force_n[:, 2]
        if foot is not None and np.quantile(force_n, _UNLOADED_SHARE) > _LOADED_SHARE * np.mean(force_n) > 0.0:
            yield f"contacts: {samples.name} is never unloaded; did nobody walk, or is more than one foot on it?"
        elif foot is not None and (stretch_s := _without_events(samples, foot, found)):
            times = f"from {stretch_s[0]:.1f} to {stretch_s[1]:.1f} s"
            yield f"contacts: {samples.name} tells of none {times}, though load comes and goes; is its zero lost?"
    if found.events and not found.asymmetries:
        yield "asymmetry: no accepted strides of both sides follow each other"
    strides = [stride for side in Side for stride in found.accepted(side)]
    for what, name, need in _NEEDS:
        if _lacks(strides, name):
            is_leg_missing = need is _MARGIN_NEEDS and walk.forces and not participant.leg_length_m > 0.0
            yield f"{what}: {'the leg length is not told (--leg-length-m)' if is_leg_missing else need}"
    lacking = [(what, where) for what, name, where in _IMU_NEEDS if _lacks(strides, name)]
    if unworn := [f"{what} ({where})" for what, where in lacking if not _is_worn(walk, where)]:
        yield f"what needs IMUs: {', '.join(unworn)}"
    if worn := [f"{what} ({where})" for what, where in lacking if _is_worn(walk, where)]:
        yield f"what the IMUs did not tell: {', '.join(worn)}"
    yield from _undefined(found)


def _is_sensed(walk: PlainWalk, side: Side) -> bool:
    """Return whether a plate or an IMU could tell of the leg's steps."""
    return any(foot in (side, None) for foot in walk.forces) or any(
        segment.startswith(side.value) or segment == "pelvis" for segment in walk.imus
    )


def _without_events(samples: ForceSamples, foot: Side, found: Findings) -> tuple[float, float] | None:
    """Return the first time without an event of the foot that is too long for a stance that bears so many loads."""
    time_s, force_n = samples.time_s, samples.force_n[:, 2]
    light_n, heavy_n = _LIGHT_HEAVY * np.quantile(force_n, 0.9)
    is_clear = (force_n < light_n) | (force_n > heavy_n)
    is_heavy = force_n[is_clear] > heavy_n
    loads_s = time_s[is_clear][1:][is_heavy[1:] & ~is_heavy[:-1]]
    events_s = sorted(event.time_s for event in found.events if event.side is foot)
    for begin_s, end_s in pairwise([float(time_s[0]), *events_s, float(time_s[-1])]):
        if end_s - begin_s > LONGEST_STANCE_S and np.count_nonzero((begin_s < loads_s) & (loads_s < end_s)) >= _LOADS:
            return begin_s, end_s
    return None


def _is_worn(walk: PlainWalk, where: str) -> bool:
    return all(any(segment.endswith(link) for segment in walk.times_s) for link in where.split(" and "))


def _lacks(strides: list[Stride], name: str) -> bool:
    """Return whether no stride, of some, has a value for the field."""
    return bool(strides) and all(math.isnan(getattr(stride, name)) for stride in strides)


def _undefined(found: Findings) -> Iterator[str]:
    """Yield of which metrics no pair could be compared though both sides were measured, and why."""
    reasons: dict[str, list[str]] = {}
    compared: dict[str, list[MetricAsymmetry]] = {}
    for each in (each for pair in found.asymmetries for each in pair.metrics):
        if not each.name.startswith("step_length"):  # which says itself what it needs
            compared.setdefault(each.name, []).append(each)
    for name, series in compared.items():
        is_measured = not math.isnan(series[-1].prosthetic_value + series[-1].sound_value)
        if is_measured and all(math.isnan(each.value) for each in series):
            reasons.setdefault(series[-1].reason, []).append(name.replace("_", " "))
    yield from (f"asymmetry of {', '.join(names)}: {why}" for why, names in reasons.items())


def untold_deviations(told: dict[str, list[Verdicts]], found: Findings, participant: Participant) -> Iterator[str]:
    """Yield the deviations that could not be told of any stride, by why."""
    if not any(found.accepted(side) for side in Side):
        return
    reasons: dict[str, list[str]] = {}
    for name, sides in told.items():
        if any(one.told_count for one in sides):
            continue
        whys = dict.fromkeys(why for one in sides for why in one.untold)
        if not whys:
            whys = {unjudged(found.strides, participant.prosthetic_side): None}
        reasons.setdefault("; ".join(whys), []).append(name)
    if reasons:
        yield "deviations: " + "; ".join(f"{', '.join(names)} ({why})" for why, names in reasons.items())
