# SPDX-License-Identifier: Apache-2.0
"""Which leg an IMU is worn on; see ``mounting``.

Both legs do the same half a stride apart, so that only something that knows left from right can tell them apart: the
contacts of force plates. Before a contact its leg goes forward, while the other goes back.

Without contacts the IMUs can still be compared with each other: those of a leg move together, at stride frequency
within some 60 degrees, those of the other leg half a stride later. That shows that labels contradict each other, not
which are wrong.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from gait_sensing.mounting.axes import RATE_HZ
from gait_sensing.mounting.placement import MountingFinding, link_of, side_of
from gait_sensing.samples import Array, Side

BEFORE_CONTACT = (0.35, 0.05)  # of a stride before contact, in which the leg swings forward
CLEAR = 0.5  # difference of the mean rates there, by their root mean square, that tells the legs apart
LEAST_CONTACTS = 3  # of each side
SURE_COSINE = 0.5  # of the angle between two motions at stride frequency, to call them together or opposite


def tell_leg(
    rate_radps: Array, begin_s: float, stride_s: float, contacts_s: Mapping[Side, Sequence[float]]
) -> Side | None:
    """Return the leg that an IMU is worn on, from its rate [n] about its left axis and the times of contacts.

    ``None`` when there are too few contacts or the rate before them does not tell.
    """
    means = {side: _before(rate_radps, begin_s, stride_s, contacts_s[side]) for side in Side}
    if min(len(mean) for mean in means.values()) < LEAST_CONTACTS:
        return None
    by_side = {side: float(np.median(mean)) for side, mean in means.items()}
    difference = (by_side[Side.LEFT] - by_side[Side.RIGHT]) / max(float(np.sqrt((rate_radps**2).mean())), 1e-9)
    if abs(difference) < CLEAR:
        return None
    return Side.LEFT if difference < 0.0 else Side.RIGHT


def _before(rate_radps: Array, begin_s: float, stride_s: float, contacts_s: Sequence[float]) -> list[float]:
    """Return the mean rate before each contact that lies within the walking."""
    means = []
    for contact_s in contacts_s:
        first, end = (round((contact_s - begin_s - share * stride_s) * RATE_HZ) for share in BEFORE_CONTACT)
        if first >= 0 and end <= len(rate_radps):
            means.append(float(rate_radps[first:end].mean()))
    return means


def find_wrong_legs(legs: Mapping[str, Side | None]) -> list[MountingFinding]:
    """Return what is wrong about the legs that the IMUs are worn on; ``legs`` says them by label, ``None`` unknown."""
    findings, named = [], set()
    for segment, leg in legs.items():
        side = side_of(segment)
        if side is None or segment in named:
            continue
        if leg is None:
            findings.append(MountingFinding(segment, "info", f"cannot tell which leg {segment} is worn on"))
        elif leg is not side:
            other = f"{leg.value}_{link_of(segment)}"
            if legs.get(other) is side:
                named.add(other)
                findings.append(MountingFinding(segment, "error", f"{segment} and {other} look swapped", other))
            else:
                findings.append(MountingFinding(segment, "error", f"{segment} looks worn on the {leg.value} leg"))
    return findings


def find_contradictions(rates_radps: Mapping[str, Array], stride_s: float) -> list[MountingFinding]:
    """Return how the labels of legs contradict each other, from rates [n] about the left axes alone."""
    text = "cannot tell left from right: too few contacts of force plates during the walking"
    findings = [MountingFinding("", "info", text)]
    swings: dict[str, complex] = {}
    for link in sorted({link_of(segment) for segment in rates_radps}):
        left, right = (f"{side.value}_{link}" for side in Side)
        if left in rates_radps and right in rates_radps:
            of_left, of_right = (_at_stride_rate(rates_radps[segment], stride_s) for segment in (left, right))
            swings[link] = of_left - of_right
            if _cosine(of_left, of_right) > SURE_COSINE:
                findings.append(MountingFinding(left, "error", f"{left} and {right} move as on one leg", right))
                del swings[link]
    for one, other in combinations(swings, 2):
        if _cosine(swings[one], swings[other]) < -SURE_COSINE:
            text = f"left and right look swapped either for {one} or for {other}: cannot tell which"
            findings.append(MountingFinding("", "error", text))
    return findings


def _at_stride_rate(rate_radps: Array, stride_s: float) -> complex:
    """Return amplitude and phase at stride frequency."""
    window = np.hanning(len(rate_radps))
    turn = np.exp(-2j * np.pi * np.arange(len(rate_radps)) / (RATE_HZ * stride_s))
    return complex((window * (rate_radps - rate_radps.mean()) * turn).sum())


def _cosine(one: complex, other: complex) -> float:
    return float((one * other.conjugate()).real / max(abs(one) * abs(other), 1e-12))
