# SPDX-License-Identifier: Apache-2.0
"""Weigh the participant on the force plates: body mass from quiet standing, on one plate or several.

The plates are averaged over the same tenths of a second and added up, so that it does not matter which foot is
where, nor at what rates the plates send. The mass is that of the first ``duration_s`` in which the sum stayed still;
clothes and prosthesis are in it, and whatever a hand on the rail takes off is missing from it.

Source: mass = vertical force / standard gravity (9.80665 m/s2, ISO 80000-3). Deviation: the treadmill must be level.
"""

import math
from collections.abc import Sequence

import numpy as np

from gait_sensing.calibration.time_blocks import TimeBlocks
from gait_sensing.samples import STANDARD_GRAVITY_MPS2, Array, ForceSamples

BLOCK_S = 0.1
SILENT_BLOCKS = 10  # a plate this far behind the others sends nothing any more
MIN_LOAD_N = 100.0
MAX_DEVIATION = (
    0.02  # no unit; of the load. Breath and heart beat move it by less than half of that, a step by far more
)


class Weighing:
    """Weighs once. ``mass_kg`` is the result, NaN until there is one; ``refusal`` says what it waits for.

    Raises ``ValueError`` when ``names``, the plates to stand on, are none or ``duration_s`` is below one second.
    """

    def __init__(self, names: Sequence[str], duration_s: float = 5.0) -> None:
        if not names or not duration_s >= 1.0:
            raise ValueError(f"weighing: got {list(names)} for {duration_s} s, expected a plate and a second at least")
        self.mass_kg = math.nan
        self._block_count = round(duration_s / BLOCK_S)
        self._blocks = {name: TimeBlocks(BLOCK_S) for name in names}
        self._means_n: dict[str, dict[int, float]] = {name: {} for name in names}  # by number of the block

    def feed(self, samples: ForceSamples) -> None:
        """Take samples of a plate; those of plates that are not weighed on are passed over."""
        if not math.isnan(self.mass_kg) or samples.name not in self._blocks:
            return
        means_n = self._means_n[samples.name]
        for number, vertical_n in self._blocks[samples.name].feed(samples.time_s, samples.force_n[:, 2]):
            if means_n and number < max(means_n):
                means_n.clear()  # the clock was set back
            means_n[number] = float(vertical_n.mean())
            while min(means_n) < number - self._block_count - SILENT_BLOCKS:
                del means_n[min(means_n)]
            self._weigh()

    def refusal(self) -> str:
        """Return why there is no mass yet and what to do, or an empty text."""
        if not math.isnan(self.mass_kg):
            return ""
        loads_n = self._loads_n()
        return self._silence() or self._missing() or _unfit(loads_n) or self._too_short(len(loads_n))

    def _weigh(self) -> None:
        loads_n = self._loads_n()
        if len(loads_n) < self._block_count or not np.isfinite(loads_n).all() or _unfit(loads_n):
            return
        self.mass_kg = float(loads_n.sum(axis=1).mean()) / STANDARD_GRAVITY_MPS2

    def _loads_n(self) -> Array:
        """Return the loads [blocks, plates] of the newest unbroken run of blocks that all plates have."""
        plates = list(self._means_n.values())
        common = set(plates[0]).intersection(*plates[1:])
        newest = max(common, default=0)
        oldest = newest
        while oldest in common and newest - oldest < self._block_count:
            oldest -= 1
        rows = [[means_n[number] for means_n in plates] for number in range(oldest + 1, newest + 1)]
        return np.array(rows).reshape(-1, len(plates))

    def _silence(self) -> str:
        newest = {name: max(means_n, default=-math.inf) for name, means_n in self._means_n.items()}
        behind = max(*newest.values(), 0.0) - SILENT_BLOCKS
        silent = [name for name, number in newest.items() if number <= behind]
        return f"cannot weigh: no samples from {', '.join(silent)}; look at its wire and its power" if silent else ""

    def _missing(self) -> str:
        missing = [name for name, means_n in self._means_n.items() if not np.isfinite(list(means_n.values())).all()]
        if not missing:
            return ""
        return (
            f"cannot weigh: {', '.join(missing)} gives no vertical force (NaN found); weigh on plates that measure it"
        )

    def _too_short(self, block_count: int) -> str:
        return (
            f"cannot weigh yet: {block_count * BLOCK_S:.1f} s of standing found, {self._block_count * BLOCK_S:.1f} s "
            "needed; stand still"
        )


def _unfit(loads_n: Array) -> str:
    """Return why ``loads_n`` [blocks, plates] are not those of somebody who stands still, or an empty text."""
    if len(loads_n) == 0:
        return ""
    totals_n = loads_n.sum(axis=1)
    total_n, deviation_n = float(totals_n.mean()), float(totals_n.std())
    if total_n < -MIN_LOAD_N:
        return (
            f"cannot weigh: the load is {total_n:.1f} N, and must be positive; the plates' axes are reversed: change "
            "the signs in axes"
        )
    if total_n < MIN_LOAD_N:
        return f"cannot weigh: too little load, {total_n:.1f} N found, {MIN_LOAD_N:g} N needed; step onto the plates"
    if deviation_n > MAX_DEVIATION * total_n:
        return (
            f"cannot weigh: moving, the load of {total_n:.1f} N changes by {deviation_n:.1f} N (standard deviation), "
            f"{MAX_DEVIATION * total_n:.1f} N allowed; stand still, hands off the rail"
        )
    return ""
