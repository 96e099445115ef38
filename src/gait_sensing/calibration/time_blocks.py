# SPDX-License-Identifier: Apache-2.0
"""Cut a stream of samples at fixed instants of time, so that what is computed is the same however it came in reads."""

import math
from itertools import pairwise

import numpy as np

from gait_sensing.samples import Array

Block = tuple[int, Array]  # number of the block since the clock's epoch, its samples


class TimeBlocks:
    """Collects samples until the block of time in which they were measured is over."""

    def __init__(self, block_s: float) -> None:
        self._block_s = block_s
        self._number = 0
        self._kept: list[Array] = []  # of the unfinished block

    def feed(self, time_s: Array, values: Array) -> list[Block]:
        """Return the blocks that are over, oldest first; ``values`` [n, ...] were measured at ``time_s`` [n].

        Numbers that do not follow each other say that samples are missing, or that the clock was set. A block is
        over when a sample of another one comes, and has one sample at least.
        """
        if len(time_s) == 0:
            return []
        first, last = math.floor(time_s[0] / self._block_s), math.floor(time_s[-1] / self._block_s)
        if first == last == self._number:
            self._kept.append(values.copy())
            return []
        numbers = np.floor(time_s / self._block_s).astype(np.int64)
        starts = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(numbers)]
        blocks = []
        for start, end in pairwise(starts):
            if numbers[start] != self._number:
                if self._kept:
                    blocks.append((self._number, np.concatenate(self._kept)))
                self._number, self._kept = int(numbers[start]), []
            self._kept.append(values[start:end].copy())
        return blocks
