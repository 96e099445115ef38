# SPDX-License-Identifier: Apache-2.0
"""How far the zero of a force plate has moved, seen in the swings of the foot that walks on it.

Force alone does not tell an empty plate whose zero has moved from one on which a foot rests lightly. What tells
them apart is walking: a plate that was loaded, is then still at the lowest level for a moment, and is loaded again, was
empty in between; and it was so again in the next swing, at the same level. So:

* A *swing* is the stillest 0.2 s (vertical standard deviation at most ``drift_quiet_n``) between two loads that both
  exceed its level by ``drift_stance_n`` within two seconds of it; nothing in the two seconds before was lower.
* The *drift* is the mean of those of the last seven swings that agree with their median to 5 N. Unless five do,
  nothing is known anew. At usual drifts it lags some four strides behind.
* The *correction* takes over the drift at the next swing, so that no stance is cut in two by it; but not a drift
  above ``max_correction_n``: that is a fault to be looked at, and is only told.

Standing, resting a foot, tapping and an empty plate on which nobody walks therefore change nothing, however long they
last. Nor does a belt on which both feet walk, or running without a still moment. A foot that is put down
with the same small force, steadily, in every swing is taken for drift; ``max_correction_n`` bounds the error.

Source: the rule of taking the unloaded level in swing is common practice in labs with split belts; its form here, and
the numbers, are this project's, tried on simulated drift and on treadmill recordings.
"""

import math
from collections import deque
from dataclasses import dataclass
from itertools import islice

import numpy as np

from gait_parts import settings as parts
from gait_parts.settings import setting
from gait_sensing.calibration.time_blocks import TimeBlocks
from gait_sensing.samples import Array

BLOCK_S = 0.05
WINDOW_BLOCKS = 4  # 0.2 s
MIN_WINDOW_COUNT = 10  # samples; fewer say little
MEMORY_BLOCKS = 40  # two seconds: a longer lull is no swing
LOWEST_N = 20.0  # a level this far above the lowest of the two seconds is not of swing, but the valley of a stance
SWINGS = 7
MIN_AGREEING = 5
AGREEMENT_N = 5.0


@dataclass(frozen=True)
class DriftSettings(parts.Settings):
    """When a plate counts as unloaded and how far its zero may move."""

    corrects_drift: bool = setting(True, "follow the zero in swing: for plates, not for a load cell in a prosthesis")
    drift_warn_n: float = setting(20.0, "drift of the vertical zero above which a warning is given", low=0.0)
    max_correction_n: float = setting(50.0, "drift of the vertical zero above which it is not corrected", low=0.0)
    drift_quiet_n: float = setting(
        15.0, "standard deviation of the vertical force up to which a plate may be empty, belts running", low=0.1
    )
    drift_stance_n: float = setting(100.0, "load by which a stance exceeds the unloaded plate at least", low=20.0)


@dataclass(frozen=True)
class _Block:
    """Sums over the samples of a block."""

    count: int
    sums: Array  # [6]
    vertical_sum_n: float
    vertical_square_sum_n2: float

    @property
    def vertical_n(self) -> float:
        return self.vertical_sum_n / self.count


@dataclass(frozen=True)
class _Lull:
    """A moment at which the plate may have been empty."""

    end: int  # number of its last block
    level: Array  # [6]
    deviation_n: float


class DriftWatch:
    """Follows the zero of one plate from its last zeroing on; after zeroing make a new one.

    The result depends on samples and their times alone, not on how they were cut into reads. ``drift_n`` is the
    vertical drift in N (NaN: not known yet), ``correction`` [6] what is to be taken off force (N) and moment (N m),
    in the axes fed; ``swing_count`` swings were seen.
    """

    def __init__(self, settings: DriftSettings) -> None:
        self.drift_n = math.nan
        self.correction = np.zeros(6)
        self.swing_count = 0
        self._settings = settings
        self._found = self.correction  # the drift to be taken over at the next swing
        self._blocks = TimeBlocks(BLOCK_S)
        self._number = 0  # of the newest block
        self._recent: deque[_Block] = deque(maxlen=MEMORY_BLOCKS)
        self._lull: _Lull | None = None
        self._levels: deque[Array] = deque(maxlen=SWINGS)

    def feed(self, time_s: Array, wrench: Array) -> None:
        """Take force and moment [n, 6] at ``time_s`` [n], zeroed but not corrected, upward positive in column 2."""
        for number, samples in self._blocks.feed(time_s, wrench):
            sums, vertical_n = samples.sum(axis=0), samples[:, 2]
            if number != self._number + 1 or math.isnan(sums[2]):
                self._recent.clear()
                self._lull = None
            self._number = number
            self._recent.append(_Block(len(samples), sums, float(sums[2]), float(vertical_n @ vertical_n)))
            self._look()

    def problem(self) -> str:
        """Return what is wrong with the zero and what to do, or an empty text."""
        size_n = abs(self.drift_n)  # NaN exceeds nothing
        if size_n > self._settings.max_correction_n:
            return (
                f"the zero has moved by {self.drift_n:.1f} N, too far to be corrected "
                f"({self._settings.max_correction_n:g} N allowed): unload and zero it; if it comes again, look at "
                "cable, amplifier and anything that touches the plate"
            )
        if size_n > self._settings.drift_warn_n:
            return (
                f"the zero has moved by {self.drift_n:.1f} N since zeroing ({self._settings.drift_warn_n:g} N "
                "expected at most) and is corrected in swing: zero it at the next pause"
            )
        return ""

    def _look(self) -> None:
        """Take the newest block into account."""
        lull = self._lull
        if lull is not None and self._recent[-1].vertical_n > self._loaded_n(float(lull.level[2])):
            self._lull = None
            self._take_swing(lull.level)
        elif lull is not None and self._number - lull.end > MEMORY_BLOCKS:
            self._lull = None
        elif (new := self._new_lull()) is not None:
            self.correction = self._found
            if lull is None or new.deviation_n < lull.deviation_n:
                self._lull = new

    def _loaded_n(self, level_n: float) -> float:
        return level_n + self._settings.drift_stance_n

    def _new_lull(self) -> _Lull | None:
        """Return the newest window if it may be of a swing."""
        window = list(islice(reversed(self._recent), WINDOW_BLOCKS))
        count = sum(block.count for block in window)
        if len(self._recent) < MEMORY_BLOCKS or count < MIN_WINDOW_COUNT:
            return None
        level_n = sum(block.vertical_sum_n for block in window) / count
        variance_n2 = sum(block.vertical_square_sum_n2 for block in window) / count - level_n**2
        if not variance_n2 <= self._settings.drift_quiet_n**2:
            return None
        before_n = [block.vertical_n for block in self._recent]
        if max(before_n) <= self._loaded_n(level_n) or level_n > min(before_n) + LOWEST_N:
            return None
        level = sum(block.sums for block in window) / count
        return _Lull(self._number, np.asarray(level), math.sqrt(max(variance_n2, 0.0)))

    def _take_swing(self, level: Array) -> None:
        self.swing_count += 1
        self._levels.append(level)
        levels = np.array(self._levels)
        agreeing = levels[np.abs(levels[:, 2] - np.median(levels[:, 2])) <= AGREEMENT_N]
        if len(agreeing) < MIN_AGREEING:
            return
        mean = agreeing.mean(axis=0)
        self.drift_n = float(mean[2])
        if abs(self.drift_n) <= self._settings.max_correction_n:
            self._found = np.where(np.isfinite(mean), mean, 0.0)  # what is not measured needs no correction
