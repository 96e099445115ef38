# SPDX-License-Identifier: Apache-2.0
"""Which foot landed, from how the lower back's horizontal force changes when it does; the mounting is found too.

Each landing brakes: the force points further forward before it than after it. And it catches a body that went to the
landing foot's side: the force points further to that side before it than after it. So the sum of these changes over
landings points forward, for the sideways parts cancel, and the sideways part of each says its side. The more so when
the landing before it went the other way, so that the sides take turns unless a landing clearly says otherwise.

The sum is over means of two successive landings. Forward is sure when it is longer than changes in random directions
have it once in ten cases: Rayleigh's test, chance exp(-R^2), with R the sum's length over the root of the sum of
squares; twice that sum, since each landing is in two means. The person walks forward, not backward.

Source: sideways motion of the trunk toward the side of the standing leg, Zijlstra and Hof 2003
(doi 10.1016/S0966-6362(02)00190-X); Rayleigh's test, Mardia and Jupp, Directional Statistics (2000). The rule is ours.
"""

import math

import numpy as np

from gait_sensing.samples import Array, Side

KEPT = 0.98  # of the sums, a landing: some fifty landings count
LEAST_RESULTANT = 1.5  # R; chance exp(-2.25), one in ten
TURN_SHARE = 0.5  # of the evidence of the landing before


class PelvisSides:
    """Tells the side of landings, in the order of the landings."""

    def __init__(self) -> None:
        self._sum_mps2 = np.zeros(3)
        self._squares = 0.0
        self._last_mps2: Array | None = None  # change of the last landing
        self._evidence_mps2 = 0.0  # positive for left, of the last landing

    @property
    def is_sure(self) -> bool:
        """Whether forward is known."""
        return float(self._sum_mps2 @ self._sum_mps2) >= LEAST_RESULTANT**2 * 2.0 * self._squares > 0.0

    def learn(self, change_mps2: Array) -> None:
        """Take a landing's horizontal change [3]; it counts for forward."""
        if self._last_mps2 is not None:
            mean = 0.5 * (self._last_mps2 + change_mps2)
            self._sum_mps2 = KEPT * self._sum_mps2 + mean
            self._squares = KEPT**2 * self._squares + float(mean @ mean)
        self._last_mps2 = change_mps2

    def begin(self) -> None:
        """Forget the last landing, but not forward: the person stood in between."""
        self._last_mps2 = None
        self._evidence_mps2 = 0.0

    def side_of(self, change_mps2: Array, up: Array) -> Side:
        """Return the side of the next landing; a guess that takes turns while forward is not sure."""
        forward = self._sum_mps2 - (self._sum_mps2 @ up) * up
        (fx, fy, fz), (ux, uy, uz) = forward.tolist(), up.tolist()
        left = np.array([uy * fz - uz * fy, uz * fx - ux * fz, ux * fy - uy * fx])  # up x forward
        sideways_mps2 = float(change_mps2 @ left) / max(math.sqrt(left @ left), 1e-9)
        self._evidence_mps2 = sideways_mps2 - TURN_SHARE * self._evidence_mps2
        return Side.LEFT if self._evidence_mps2 > 0.0 else Side.RIGHT
