# SPDX-License-Identifier: Apache-2.0
"""Which segment an IMU is worn on, judged by how it turns in walking; ``legs`` tells which leg.

Two numbers that no mounting changes: the way that the sensor turns in a stride (the integral of the size of
its angular rate), and how still its stillest fifth is beside the mean. A foot rests in stance, a shank turns more than
a thigh, a pelvis turns little and never rests. The logarithms are taken as normally distributed about ``USUAL``; a
slow walker turns less with all segments alike, which is a spread that all share. Labels are exchanged, or one is
changed, one step after the other, where that makes the numbers more likely by ``CLAIM``. What came out is claimed of
a segment where every other place is less likely by ``CHOICE``.

Source: the idea of sorting sensors by what they do in walking, Weenk et al. 2013 (doi 10.1186/1743-0003-10-31) and
Baniasad et al. 2023 (doi 10.3390/s23073587); ``USUAL`` is ours: ways from textbook ranges of joint
angles, rests from simulated and recorded walking, thighs simulated alone, all with wide spreads.
"""

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from gait_sensing.mounting.axes import Motion
from gait_sensing.samples import Side

USUAL = {  # link -> way turned in a stride in rad, rest beside the mean, and the spread of the latter's logarithm
    "foot": (2.7, 0.08, 0.5),
    "shank": (2.3, 0.38, 0.25),
    "thigh": (1.3, 0.36, 0.3),
    "pelvis": (0.5, 0.65, 0.3),
}
WAY_SPREAD, SHARED_SPREAD = 0.2, 0.25  # of the logarithm of the way: of each segment, and of all of a person's
REST_QUANTILE = 0.2
CLAIM = math.log(100.0)  # how much likelier other labels must be to say that these are wrong
CHOICE = math.log(10.0)  # ... and than other places, to say where it is
NOT_WORN_RAD = 0.1  # turned in a stride: less than any segment


@dataclass(frozen=True, slots=True)
class MountingFinding:
    """Something that the operator should know."""

    segment: str  # empty when it concerns all
    level: str  # "info": cannot be told; "warn": doubtful; "error": wrong
    text: str
    other: str = ""  # second segment that it concerns


@dataclass(frozen=True, slots=True)
class Turning:
    """How one IMU turns in walking."""

    way_rad: float  # in a stride
    rest: float  # rate not exceeded in the stillest fifth of the time, by the mean rate


def link_of(segment: str) -> str:
    """Return ``foot``, ``shank``, ``thigh``, ``pelvis``, or an empty string for what has no rules here."""
    link = segment.removeprefix("left_").removeprefix("right_")
    if side_of(segment) is None:
        return "pelvis" if link in ("pelvis", "lower_back") else ""
    return link if link in ("foot", "shank", "thigh") else ""


def side_of(segment: str) -> Side | None:
    """Return the leg that a segment belongs to."""
    return next((side for side in Side if segment.startswith(f"{side.value}_")), None)


def find_turning(motion: Motion, stride_s: float) -> Turning:
    """Return how an IMU turns in walking."""
    size_radps = np.linalg.norm(motion.angular_rate_radps, axis=1)
    mean_radps = float(size_radps.mean())
    rest = float(np.quantile(size_radps, REST_QUANTILE)) / max(mean_radps, 1e-9)
    return Turning(mean_radps * stride_s, max(rest, 1e-3))


def find_misplaced(turnings: dict[str, Turning]) -> list[MountingFinding]:
    """Return what is wrong about which link each segment's IMU is worn on."""
    findings = [
        MountingFinding(segment, "error", f"{segment} does not move with the walking: it may not be worn")
        for segment, turning in turnings.items()
        if turning.way_rad < NOT_WORN_RAD
    ]
    turnings = {segment: turning for segment, turning in turnings.items() if turning.way_rad >= NOT_WORN_RAD}
    links = {segment: link_of(segment) for segment in turnings}
    while change := _best_change(turnings, links):
        links |= change
    changed = {segment: link for segment, link in links.items() if link != link_of(segment)}
    sure = {segment: _is_sure(turnings, links, segment) for segment in changed}
    if len(changed) == 2 and all(sure.values()):
        one, other = changed
        if changed[one] == link_of(other) and changed[other] == link_of(one):
            return [*findings, MountingFinding(one, "error", f"{one} and {other} look swapped", other)]
    for segment, link in changed.items():
        level, text = "error", f"{segment} looks worn on {'the' if link == 'pelvis' else 'a'} {link}"
        if not sure[segment]:
            level, text = "warn", f"{segment} does not move as its segment does: cannot tell where it is worn"
        findings.append(MountingFinding(segment, level, text))
    return findings


def _best_change(turnings: dict[str, Turning], links: dict[str, str]) -> dict[str, str]:
    """Return the change that explains the numbers best, empty if none makes them likelier by ``CLAIM``."""
    gains = _gains(turnings, links)
    gain, change = max(gains, key=lambda scored: scored[0], default=(0.0, {}))
    return change if gain >= CLAIM else {}


def _is_sure(turnings: dict[str, Turning], links: dict[str, str], segment: str) -> bool:
    """Whether every change of this segment's link makes the numbers less likely by ``CHOICE``."""
    return all(gain <= -CHOICE for gain, change in _gains(turnings, links) if segment in change)


def _gains(turnings: dict[str, Turning], links: dict[str, str]) -> list[tuple[float, dict[str, str]]]:
    usual = _log_likelihood(turnings, links)
    return [(_log_likelihood(turnings, {**links, **change}) - usual, change) for change in _changes(links)]


def _changes(links: dict[str, str]) -> list[dict[str, str]]:
    """Return every exchange of two unlike labels, and every change of one."""
    swaps = [
        {one: links[other], other: links[one]} for one, other in combinations(links, 2) if links[one] != links[other]
    ]
    return swaps + [{segment: link} for segment in links for link in USUAL if link != links[segment]]


def _log_likelihood(turnings: dict[str, Turning], links: dict[str, str]) -> float:
    """Return the logarithm of the likelihood of the numbers, but for what all assignments have in common."""
    ways = np.array([math.log(turnings[segment].way_rad / USUAL[link][0]) for segment, link in links.items()])
    shared = ways.sum() ** 2 / (len(ways) + (WAY_SPREAD / SHARED_SPREAD) ** 2)
    total = -0.5 * (float((ways**2).sum()) - float(shared)) / WAY_SPREAD**2
    for segment, link in links.items():
        _, rest, spread = USUAL[link]
        total -= 0.5 * (math.log(turnings[segment].rest / rest) / spread) ** 2 + math.log(spread)
    return total
