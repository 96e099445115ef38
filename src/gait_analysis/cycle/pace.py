# SPDX-License-Identifier: Apache-2.0
"""How long a stride is expected to last: steady while the pace is, at once another when the pace changes.

A Kalman filter of one state, the logarithm of the duration, so that spreads are shares of it. Its gain rests on an
innovation test: ``max(p / (p + r), 1 - 4 r / d**2)`` for prior variance ``p``, noise ``r`` and innovation ``d``. Up to
two standard deviations of the noise an innovation is chance, and is averaged; a larger one is a change, and is followed
the more the larger it is. The second term is the gain that makes the innovation as likely as one of two deviations by
raising the prior, as in adaptive filtering after Jazwinski (Automatica 1969, doi 10.1016/0005-1098(69)90109-5).
"""

import math
from collections import deque
from typing import NamedTuple

SHORTEST_S, LONGEST_S = 0.4, 4.0  # from running to the slowest walk with a prosthesis
_TEST = 4.0  # two standard deviations, squared


class Estimate(NamedTuple):
    """Logarithm of a duration in seconds, and its variance, no unit."""

    log: float
    variance: float

    @property
    def duration_s(self) -> float:
        """The duration itself."""
        return math.exp(self.log)

    def updated(self, duration_s: float, variance: float, is_change_possible: bool = True) -> "Estimate":
        """Return the estimate after the duration was measured with this variance of its logarithm.

        Where no change of pace is possible, there is no innovation test.
        """
        innovation = math.log(duration_s) - self.log
        gain = self.variance / (self.variance + variance)
        if is_change_possible and innovation**2 > _TEST * variance:
            gain = max(gain, 1.0 - _TEST * variance / innovation**2)
        return Estimate(self.log + gain * innovation, gain * variance)


class Pace:
    """The expected stride of one limb, from the strides so far.

    ``variability`` is the coefficient of variation of strides at one pace, ``window_count`` the number of strides that
    the mean rests on while the pace is steady. A duration that differs from the expected one by more than
    ``max_ratio`` is a contact missed or one too many rather than a pace, unless it is sure to be a stride or
    ``reset_count`` in a row agree.
    """

    def __init__(self, variability: float, window_count: int, reset_count: int, max_ratio: float) -> None:
        self._noise = variability**2
        self._drift = self._noise / (window_count * (window_count - 1.0)) if window_count > 1 else math.inf
        self._max_ratio = max_ratio
        self._rejected_logs: deque[float] = deque(maxlen=reset_count)
        self._mean: Estimate | None = None
        self.count = 0  # strides that agreed since the beginning

    def feed(self, duration_s: float, is_sure: bool = False) -> bool:
        """Take the duration of the next stride; return whether it was one to be believed.

        One that is sure to be a stride, from more than its duration, is believed whatever the pace was.
        """
        if not SHORTEST_S <= duration_s <= LONGEST_S:
            self._rejected_logs.clear()  # a break, not a pace
            return False
        if self._mean is None:
            self._mean = Estimate(math.log(duration_s), self._noise)
        elif is_sure or self.is_near(duration_s, self._max_ratio):
            prior = Estimate(self._mean.log, self._mean.variance + self._drift)
            self._mean = prior.updated(duration_s, self._noise)
        elif not self._is_new_pace(math.log(duration_s)):
            return False
        self._rejected_logs.clear()
        self.count += 1
        return True

    def is_near(self, duration_s: float, max_ratio: float) -> bool:
        """Whether a duration differs by no more from what is expected; anything does when nothing is expected yet."""
        if self._mean is None or duration_s <= 0.0:
            return self._mean is None
        return abs(math.log(duration_s) - self._mean.log) <= math.log(max_ratio)

    @property
    def expected(self) -> Estimate:
        """What the next stride will last; there was at least one."""
        assert self._mean is not None
        return Estimate(self._mean.log, self._mean.variance + self._noise)

    def _is_new_pace(self, log: float) -> bool:
        self._rejected_logs.append(log)
        mean_log = sum(self._rejected_logs) / len(self._rejected_logs)
        is_full = len(self._rejected_logs) == self._rejected_logs.maxlen
        if not is_full or max(abs(each - mean_log) for each in self._rejected_logs) > 0.5 * math.log(self._max_ratio):
            return False
        self._mean = Estimate(mean_log, self._noise)
        return True
