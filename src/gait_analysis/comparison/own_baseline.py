# SPDX-License-Identifier: Apache-2.0
"""The person's own first values, or given ones, against which later values are held."""

import math
from statistics import fmean, stdev
from typing import NamedTuple


class Spread(NamedTuple):
    """Mean and standard deviation of a baseline; NaN until it is complete."""

    mean: float = math.nan
    sd: float = math.nan


class OwnBaseline:
    """Mean and standard deviation (n - 1) of the first ``count`` values, at least 2, or ``given``."""

    def __init__(self, count: int, given: Spread | None = None) -> None:
        self._count = count
        self._values: list[float] = []
        self.spread = given or Spread()
        self._is_complete = given is not None

    def feed(self, value: float) -> None:
        """Take the next value; what comes after the last of the baseline leaves it as it is."""
        if self._is_complete:
            return
        self._values.append(value)
        if len(self._values) == self._count:
            self.spread, self._is_complete = Spread(fmean(self._values), stdev(self._values)), True
