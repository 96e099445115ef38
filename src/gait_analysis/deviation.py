# SPDX-License-Identifier: Apache-2.0
"""What a detector of a deviation is, and how its findings come into the stride.

A file in ``deviations/`` holds ``Settings`` and ``Deviation``; the file name is the name that the config uses.
"""

import math
from typing import NamedTuple, Protocol

from gait_analysis.gait import Presence, Stride, StrideDeviation
from gait_sensing.samples import Side


class Finding(NamedTuple):
    """What one stride shows of a deviation: a ``StrideDeviation`` without the name."""

    presence: Presence
    text: str = ""
    amount: float = math.nan
    unit: str = ""


ABSENT = Finding(Presence.ABSENT)


def present(text: str, amount: float, unit: str) -> Finding:
    """Return that the deviation is there, in words and as a number."""
    return Finding(Presence.PRESENT, text, amount, unit)


def unseen(missing: str) -> Finding:
    """Return that the deviation cannot be told with the sensors present, for want of ``missing``."""
    return Finding(Presence.UNTOLD, f"no {missing}")


def too_early(count: int) -> Finding:
    """Return that the deviation cannot be told before ``count`` strides of each side."""
    return Finding(Presence.UNTOLD, f"fewer than {count} accepted strides of each side")


class Evidence(NamedTuple):
    """A finished stride and what a deviation may be seen by."""

    stride: Stride
    other: Stride | None  # the other side's accepted stride that ended within this one
    swing_load_bw: float = math.nan  # highest vertical load in this stride's swing; NaN when not measured


class Deviation(Protocol):
    """Looks for one deviation: ``Deviation(settings, prosthetic_side)``, the side None without a prosthesis."""

    name: str  # in plain words: "short prosthetic step"

    def judge(self, evidence: Evidence) -> Finding | None:
        """Take the next stride of either side, accepted or not; return None when it says nothing of the deviation."""


class DeviationTracker:
    """Lets every detector judge every stride."""

    def __init__(self, deviations: list[Deviation]) -> None:
        self._deviations = deviations
        self._latest: dict[Side, Stride] = {}

    def feed(self, stride: Stride, swing_load_bw: float) -> Stride:
        """Return the stride with its deviations; strides come in order of their ends."""
        other = self._latest.get(stride.side.other)
        if other is not None and not stride.start_s < other.end_s < stride.end_s:
            other = None
        if stride.is_accepted:
            self._latest[stride.side] = stride
        evidence = Evidence(stride, other, swing_load_bw)
        judged = ((deviation.name, deviation.judge(evidence)) for deviation in self._deviations)
        return stride._replace(deviations=tuple(StrideDeviation(name, *found) for name, found in judged if found))
