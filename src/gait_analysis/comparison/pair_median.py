# SPDX-License-Identifier: Apache-2.0
"""The normalised difference of one number over the last pairs of strides, for deviations that compare pairs."""

import math
from collections import deque
from dataclasses import dataclass
from statistics import median

from gait_analysis.comparison.indices import normalised_difference
from gait_parts import settings as parts
from gait_parts.settings import setting


@dataclass(frozen=True)
class PairSettings(parts.Settings):
    """Settings that deviations of pairs share."""

    least: float = setting(
        0.05, "a smaller normalised difference is no finding: observers do not see it", low=0.0, high=1.0
    )
    pairs_count: int = setting(5, "last pairs of strides whose median is judged", low=1, high=100)


class PairMedian:
    """Median of (S - P) / (S + P) over the last pairs."""

    def __init__(self, pairs_count: int) -> None:
        self._values: deque[float] = deque(maxlen=pairs_count)

    def feed(self, prosthetic: float, sound: float) -> float:
        """Return the median with the next pair in it; NaN when this pair is undefined, which is left out."""
        value, _ = normalised_difference(prosthetic, sound)
        if math.isnan(value):
            return math.nan
        self._values.append(value)
        return median(self._values)
