# SPDX-License-Identifier: Apache-2.0
"""Softens or pauses cues while the walker is less stable than in the first strides, and says so.

More symmetric walking by feedback of stance time made transfemoral amputees less stable sideways
(doi:10.1186/s12984-019-0625-6), and feedback often makes people walk slower. So three things are watched, each stride,
on each side: speed, lean of the trunk at mid-stance (its size, either way) and lateral margin of stability.

*Baseline.* After ``settling_strides_count`` accepted strides of a side, its next ``baseline_strides_count`` ones are
the baseline; until a side has its own, it is not cued, for the baseline must be walked without. What was not measured
in half of them is not watched: ``unwatched`` names it.

*Worse.* The median of a side's last ``strides_count`` strides is held against the median of its baseline. Worse is
less speed, a smaller margin, or more lean, as a share of the baseline; a share of nearly nothing means nothing, so the
baseline counts as 0.1 m/s, 0.01 m or 0.05 rad (the error of a trunk IMU) at least. Beyond ``soften_share`` on either
side all cues get weaker, beyond ``pause_share`` they are withheld; a level is left again when it is better than 0.7 of
its share. What was watched and is no longer measured softens.

*Unknown.* A stride that was not accepted tells nothing of these, and a single one is ordinary: a cross step, a sensor
that came late. After ``rejected_strides_count`` of a side in a row nobody knows how stable the walker is: all cues are
withheld until most of as many strides of that side are accepted again.

A belt that is set slower is a lower speed too. Standing has no strides: cues for standing are not for this guard. The
shares are proposals; no study gives any.
"""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum
from statistics import median

from gait_analysis.gait import Stride
from gait_feedback.cue import Cue, CueResult
from gait_feedback.limiter import Verdict
from gait_parts import settings as parts
from gait_parts.settings import setting
from gait_sensing.samples import Side

_RELEASE = 0.7  # of a share, below which it is over


class Level(IntEnum):
    """What becomes of cues, from best to worst."""

    PASS = 0
    SOFTEN = 1
    PAUSE = 2


@dataclass(frozen=True)
class GuardSettings(parts.Settings):
    """What counts as worse."""

    is_on: bool = setting(True, "whether cues are softened and paused; off: nobody but the therapist watches")
    settling_strides_count: int = setting(10, "first strides of a side that are left out", low=0, high=1000)
    baseline_strides_count: int = setting(20, "accepted strides of a side that are its baseline", low=3, high=1000)
    strides_count: int = setting(5, "last accepted strides of a side that are judged", low=1, high=100)
    soften_share: float = setting(0.15, "worse than the baseline by this share: weaker cues", low=0.01, high=2.0)
    pause_share: float = setting(0.3, "worse than the baseline by this share: no cues", low=0.01, high=2.0)
    rejected_strides_count: int = setting(5, "strides of a side in a row not accepted: no cues", low=2, high=100)
    softened: float = setting(0.5, "intensity of softened cues, as share of what was asked", low=0.05, high=1.0)

    def __post_init__(self) -> None:
        """Check each setting, then that pausing is for worse than softening."""
        super().__post_init__()
        if self.pause_share < self.soften_share:
            raise ValueError(f"pause_share: got {self.pause_share}, allowed from soften_share {self.soften_share}")


@dataclass(frozen=True, slots=True)
class _Quantity:
    name: str
    unit: str
    of: Callable[[Stride], float]
    least: float  # that the baseline counts as
    is_more_worse: bool


_QUANTITIES = (
    _Quantity("speed", "m/s", lambda stride: stride.speed_mps, 0.1, False),
    _Quantity("trunk lean", "rad", lambda stride: abs(stride.trunk_lean_mid_stance_rad), 0.05, True),
    _Quantity("lateral margin of stability", "m", lambda stride: stride.lateral_margin_of_stability_m, 0.01, False),
)


class _Watch:
    """One quantity of one side."""

    def __init__(self, settings: GuardSettings, quantity: _Quantity, side: Side) -> None:
        self.name = f"{quantity.name} of the {side.value} side"
        self.level, self.reason = Level.PASS, ""
        self._settings, self._quantity = settings, quantity
        self._first: list[float] = []  # of the baseline; NaN where not measured
        self._last: deque[float] = deque(maxlen=settings.strides_count)
        self._baseline = math.nan

    @property
    def is_baseline_complete(self) -> bool:
        """Whether all strides of the baseline are there."""
        return len(self._first) == self._settings.baseline_strides_count

    @property
    def is_watching(self) -> bool:
        """Whether there is something to compare with."""
        return not math.isnan(self._baseline)

    def feed(self, stride: Stride) -> None:
        """Take the next accepted stride of the side."""
        value = self._quantity.of(stride)
        value = value if math.isfinite(value) else math.nan
        if not self.is_baseline_complete:
            self._first.append(value)
            known = [value for value in self._first if not math.isnan(value)]
            if self.is_baseline_complete and 2 * len(known) >= len(self._first):
                self._baseline = median(known)
        elif self.is_watching:
            self._last.append(value)
            self._judge([value for value in self._last if not math.isnan(value)])

    def _judge(self, known: list[float]) -> None:
        if not known:
            self.level, self.reason = Level.SOFTEN, f"{self.name} is no longer measured"
            return
        now, quantity = median(known), self._quantity
        worse = now - self._baseline if quantity.is_more_worse else self._baseline - now
        share = worse / max(abs(self._baseline), quantity.least)
        self.level, self.reason = self._level(share), ""
        if self.level is not Level.PASS:
            text = f"{now:.3f} {quantity.unit}, {self._baseline:.3f} at first"
            self.reason = f"{self.name} is worse by {100.0 * share:.0f} percent of the baseline: {text}"

    def _level(self, share: float) -> Level:
        settings = self._settings
        for level, limit in ((Level.PAUSE, settings.pause_share), (Level.SOFTEN, settings.soften_share)):
            if share > (_RELEASE * limit if self.level >= level else limit):
                return level
        return Level.PASS


class _Acceptance:
    """Whether the strides of one side can be judged at all."""

    def __init__(self, settings: GuardSettings, side: Side) -> None:
        self.level, self.reason = Level.PASS, ""
        self._side = side
        self._last: deque[bool] = deque(maxlen=settings.rejected_strides_count)

    def feed(self, stride: Stride) -> None:
        """Take the next stride of the side, accepted or not."""
        self._last.append(stride.is_accepted)
        count, accepted_count = len(self._last), sum(self._last)
        if count == self._last.maxlen and accepted_count == 0:
            self.level = Level.PAUSE
            self.reason = f"none of the last {count} strides of the {self._side.value} side could be judged"
            self.reason += f": {stride.reason}" if stride.reason else ""
        elif 2 * accepted_count > count:
            self.level, self.reason = Level.PASS, ""


class StabilityGuard:
    """Watches the strides of one session, in order, and judges its cues."""

    def __init__(self, settings: GuardSettings) -> None:
        """Begin without a baseline."""
        self._settings = settings
        self._settling_count = dict.fromkeys(Side, settings.settling_strides_count)
        self._acceptances = {side: _Acceptance(settings, side) for side in Side}
        self._watches = {side: [_Watch(settings, quantity, side) for quantity in _QUANTITIES] for side in Side}

    def feed(self, stride: Stride) -> None:
        """Take the next stride of either side."""
        if not self._settings.is_on:
            return
        self._acceptances[stride.side].feed(stride)
        if not stride.is_accepted:
            return
        if self._settling_count[stride.side] > 0:
            self._settling_count[stride.side] -= 1
            return
        for watch in self._watches[stride.side]:
            watch.feed(stride)

    @property
    def level(self) -> Level:
        """What becomes now of the cues on a side that has its baseline: the worst of all that is watched."""
        return max(each.level for each in self._judges())

    @property
    def reason(self) -> str:
        """What is worse; empty when cues pass."""
        return "; ".join(each.reason for each in self._judges() if each.level is self.level and each.reason)

    @property
    def words(self) -> str:
        """What is to be said to the therapist; empty when both sides are watched and cues pass."""
        if not self._settings.is_on:
            return "the stability guard is off"
        if self.level is not Level.PASS:
            return f"cues {_SAYS[self.level]}: {self.reason}"
        sides = [side.value for side in Side if not self._has_baseline(side)]
        return f"no baseline yet of the {' and '.join(sides)} side, which is not cued" if sides else ""

    @property
    def unwatched(self) -> tuple[str, ...]:
        """What cannot be watched with the sensors present; empty until a baseline is complete."""
        return tuple(watch.name for watch in self._all() if watch.is_baseline_complete and not watch.is_watching)

    def judge(self, cue: Cue) -> tuple[Cue, Verdict]:
        """Return the cue, weaker where the guard softens, and whether it may go."""
        if not self._settings.is_on:
            return cue, Verdict()
        if not self._has_baseline(cue.side):
            count = self._settings.baseline_strides_count
            return cue, _paused(f"the {cue.side.value} side has no baseline yet: {count} even strides without cues")
        if self.level is Level.PAUSE:
            return cue, _paused(self.reason)
        if self.level is Level.SOFTEN:
            reason = f"{cue.reason}; softened: {self.reason}"
            cue = replace(cue, intensity=cue.intensity * self._settings.softened, reason=reason)
        return cue, Verdict()

    def _has_baseline(self, side: Side) -> bool:
        return all(watch.is_baseline_complete for watch in self._watches[side])

    def _judges(self) -> list[_Acceptance | _Watch]:
        return [*self._acceptances.values(), *self._all()]

    def _all(self) -> list[_Watch]:
        return [watch for watches in self._watches.values() for watch in watches]


def _paused(reason: str) -> Verdict:
    return Verdict(CueResult.WITHHELD, f"paused: {reason}")


_SAYS = {Level.SOFTEN: "softened", Level.PAUSE: "paused"}
