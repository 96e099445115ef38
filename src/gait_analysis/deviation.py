# SPDX-License-Identifier: Apache-2.0
"""What a detector of a deviation is, and how its findings come into the stride.

A file in ``deviations/`` holds ``Settings`` and ``Deviation``; the file name is the name that the config uses. Each
stride's texts say what was found, and what could not be told; those that were looked for and not there are named apart.
"""

import math
from typing import NamedTuple, Protocol

from gait_analysis.gait import Stride
from gait_sensing.samples import Side


class Finding(NamedTuple):
    """What one stride shows of one deviation."""

    is_present: bool | None  # None: cannot tell
    text: str = ""  # what was found, or that and why it cannot be told; empty when the deviation is absent


ABSENT = Finding(False)


def unseen(missing: str) -> Finding:
    """Return that the deviation cannot be told for want of ``missing``."""
    return Finding(None, f"cannot tell with the sensors present: no {missing}")


def too_early(count: int) -> Finding:
    """Return that the deviation cannot be told before ``count`` strides of each side."""
    return Finding(None, f"cannot tell before {count} accepted strides of each side")


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
        """Return the stride with its deviations in words; strides come in order of their ends."""
        other = self._latest.get(stride.side.other)
        if other is not None and not stride.start_s < other.end_s < stride.end_s:
            other = None
        if stride.is_accepted:
            self._latest[stride.side] = stride
        evidence = Evidence(stride, other, swing_load_bw)
        said, absent = [], []
        for deviation in self._deviations:
            finding = deviation.judge(evidence)
            if finding is not None and finding.text:
                said.append(f"{deviation.name}: {finding.text}")
            elif finding is not None:
                absent.append(deviation.name)
        return stride._replace(deviations=tuple(said), absent_deviations=tuple(absent))
