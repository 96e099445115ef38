# SPDX-License-Identifier: Apache-2.0
"""How much a number varies from stride to stride of one side.

Over the last ``window_count`` accepted strides in which it was measured, each counted once, whether it made a pair or
not: the standard deviation (n - 1), and the coefficient of variation, which is the standard deviation by the size of
the mean. There is neither with less than 3 strides: two tell of a spread by a single difference, so that the 95 percent
interval of the true standard deviation goes from 0.4 to 32 times what was found, with 3 still from 0.5 to 6 times, with
10 from 0.7 to 1.8 times (chi-square distribution). Owings and Grabiner (2003,
doi:10.1016/S0021-9290(03)00108-8) ask for 400 steps where variability is the outcome. The coefficient means nothing
where the values differ in sign or their mean is nearly zero, and is NaN there.
"""

import math
from collections import deque

from gait_analysis.comparison.indices import LEAST_SUM

LEAST_STRIDES = 3


class Variability:
    """Spread of one number over one side's last strides; ``sd`` and ``cv`` are NaN until there are enough."""

    def __init__(self, window_count: int) -> None:
        self._values: deque[float] = deque(maxlen=window_count)
        self.strides_count = 0  # in the window
        self.sd = math.nan  # in the number's unit
        self.cv = math.nan  # no unit

    def feed(self, value: float) -> None:
        """Take the number of the next accepted stride; NaN, not measured, is passed over."""
        if math.isnan(value):
            return
        values = self._values
        values.append(value)
        self.strides_count = count = len(values)
        if count < LEAST_STRIDES:
            return
        mean = math.fsum(values) / count
        self.sd = sd = math.sqrt(math.fsum([(each - mean) ** 2 for each in values]) / (count - 1))
        is_quotient = abs(mean) >= 0.5 * LEAST_SUM and min(values) * max(values) >= 0.0
        self.cv = sd / abs(mean) if is_quotient else math.nan
