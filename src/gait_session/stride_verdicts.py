# SPDX-License-Identifier: Apache-2.0
"""What a walk's strides say of each deviation and why some were left out, counted: for the report and the terminal."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from gait_analysis.gait import Presence, Stride, StrideDeviation
from gait_parts import plugins
from gait_sensing.samples import Side


@dataclass
class Verdicts:
    """What the strides of one side say of one deviation."""

    name: str
    side: Side
    absent_count: int = 0
    found: list[tuple[Stride, StrideDeviation]] = field(default_factory=list)
    untold: Counter[str] = field(default_factory=Counter)  # why it could not be told

    @property
    def told_count(self) -> int:
        """In how many strides it could be told."""
        return self.absent_count + len(self.found)

    @property
    def most_telling(self) -> tuple[Stride, str] | None:
        """The stride that shows the most of it, and its sentence."""
        most = max(self.found, key=lambda each: each[1].amount, default=None)
        return (most[0], most[1].text) if most else None


def deviation_names(files: Iterable[str]) -> list[str]:
    """Return the names in words of the deviations in these files of ``gait_analysis/deviations``."""
    return [plugins.find("gait_analysis.deviations", file).Deviation.name for file in files]


def verdicts(strides: Sequence[Stride], names: Sequence[str]) -> dict[str, list[Verdicts]]:
    """Return for each name what the strides say of it, one entry for each side that was judged."""
    counted: dict[tuple[str, Side], Verdicts] = {}
    for stride in strides:
        for each in stride.deviations:
            one = counted.setdefault((each.name, stride.side), Verdicts(each.name, stride.side))
            if each.presence is Presence.PRESENT:
                one.found.append((stride, each))
            elif each.presence is Presence.ABSENT:
                one.absent_count += 1
            else:
                one.untold[each.text] += 1
    every = dict.fromkeys([*names, *(name for name, _ in counted)])
    return {name: [counted[name, side] for side in Side if (name, side) in counted] for name in every}


def unjudged(strides: Iterable[Stride], prosthetic_side: Side | None) -> str:
    """Return why no stride was judged for a deviation that was looked for."""
    if len({stride.side for stride in strides if stride.is_accepted}) < len(Side):
        return "no accepted strides of both sides"
    return "no side is named as the prosthesis" if prosthetic_side is None else "no stride had what it is judged by"


def reason_kind(reason: str) -> str:
    """Return a reason without its numbers, so that alike reasons can be counted."""
    return re.sub(r"[-\d.]*\d", "\N{HORIZONTAL ELLIPSIS}", reason)


def rejected_kinds(strides: Iterable[Stride]) -> dict[str, Counter[Side]]:
    """Return why strides were not accepted, most frequent first, with how many of each side."""
    return kinds((stride.reason, stride.side) for stride in strides if not stride.is_accepted)


def kinds(reasons: Iterable[tuple[str, Side]]) -> dict[str, Counter[Side]]:
    """Return reasons without the numbers in which they differ, most frequent first, with how often of either side."""
    counts: dict[str, Counter[Side]] = {}
    texts: dict[str, set[str]] = {}
    for reason, side in reasons:
        kind = reason_kind(reason)
        counts.setdefault(kind, Counter())[side] += 1
        texts.setdefault(kind, set()).add(reason)
    by_count = sorted(counts.items(), key=lambda item: -item[1].total())
    return {min(texts[kind]) if len(texts[kind]) == 1 else kind: count for kind, count in by_count}
