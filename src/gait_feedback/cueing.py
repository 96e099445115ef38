# SPDX-License-Identifier: Apache-2.0
"""From what the analysis finds to the cues that may go: strategy, stability guard, schedule, limiter, in this order.

What a strategy means by an intensity is a share of what ``IntensitySettings`` says of the side.

The session begins at ``start_s``, the sample time at which the analysis began afresh: strides that ended earlier
neither count for the schedule nor make a baseline of the guard, and cues asked for earlier are withheld. A strategy
that observes standing alone has no strides: the guard is left out, and the schedule counts, in place of strides, how
often a cue was asked for on that side.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from gait_analysis.gait import Stride
from gait_analysis.standing import Standing
from gait_feedback.cue import Asked, Cue, CueResult, CueStrategy, Observation
from gait_feedback.intensity import IntensitySettings
from gait_feedback.limiter import Limiter, LimiterSettings, Verdict
from gait_feedback.schedule import Schedule, ScheduleSettings
from gait_feedback.stability_guard import GuardSettings, Level, StabilityGuard
from gait_sensing.samples import Side

NO_GUARD = "standing is not watched"
NOT_ACTIVE = "no session is active"


@dataclass(frozen=True)
class CueingSettings:
    """Settings of what stands between a strategy and the actuator."""

    guard: GuardSettings = field(default_factory=GuardSettings)
    schedule: ScheduleSettings = field(default_factory=ScheduleSettings)
    limiter: LimiterSettings = field(default_factory=LimiterSettings)
    intensity: IntensitySettings = field(default_factory=IntensitySettings)


@dataclass(frozen=True, slots=True)
class Decision:
    """A cue that the strategy asked for, weaker where the guard softened it, and whether it goes."""

    number: int  # of the cue in the session, from 1, whatever became of it
    cue: Cue
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class CueingState:
    """What the walker may expect, and why."""

    level: Level
    guard: str  # what the guard says; empty when all is well
    unwatched: tuple[str, ...]  # what it cannot watch with the sensors present
    schedule: str
    given_count: int  # cues that went to the actuator
    withheld_count: int  # by schedule or guard
    dropped_count: int  # by the limiter


class Cueing:
    """One session of one strategy, which is made anew with it."""

    def __init__(self, strategy: CueStrategy, settings: CueingSettings, start_s: float) -> None:
        """Begin with nothing told and nothing given."""
        self._strategy, self._start_s = strategy, start_s
        is_in_standing = set(strategy.OBSERVES) == {Standing}
        self._guard = None if is_in_standing else StabilityGuard(settings.guard)
        self._intensity = settings.intensity
        self._schedule = Schedule(settings.schedule)
        self._limiter = Limiter(settings.limiter)
        self._counts = dict.fromkeys(Side, 0)  # strides since the start; in standing, cues asked for
        self._results: Counter[CueResult | None] = Counter()  # None: given

    def feed(self, now_s: float, observation: Observation, is_active: bool = True) -> list[Decision]:
        """Take one finding, in order of arrival; return what becomes of the cues that it leads to.

        ``now_s``, Unix seconds, is when it is decided. While the session is not active the strategy is told all the
        same, for its window must know those strides, and no cue comes of it.
        """
        if self._guard and isinstance(observation, Stride) and observation.end_s >= self._start_s:
            self._counts[observation.side] += 1
            self._guard.feed(observation)
        if not isinstance(observation, self._strategy.OBSERVES):
            return []
        asked = self._strategy.feed(observation)
        return list(self._decide(now_s, asked)) if is_active and asked else []

    def ask(self, now_s: float) -> None:
        """Take that the walker asked for cues, or answered."""
        self._schedule.ask(now_s - self._start_s)
        if Asked in self._strategy.OBSERVES:
            self._strategy.feed(Asked(now_s))

    def state(self, now_s: float, is_active: bool = True) -> CueingState:
        """Return what the walker may expect at ``now_s``."""
        given_count, withheld_count = self._results[None], self._results[CueResult.WITHHELD]
        counts = given_count, withheld_count, self._results.total() - given_count - withheld_count
        if not is_active:
            return CueingState(Level.PASS, "", (), NOT_ACTIVE, *counts)
        words = self._schedule.words(now_s - self._start_s, max(self._counts.values()))
        if self._guard is None:
            return CueingState(Level.PASS, NO_GUARD, (), words, *counts)
        return CueingState(self._guard.level, self._guard.words, self._guard.unwatched, words, *counts)

    def _decide(self, now_s: float, asked: list[Cue]) -> Iterator[Decision]:
        for wanted in asked:
            cue = replace(wanted, intensity=wanted.intensity * self._intensity.on(wanted.side))
            judged, verdict = self._guard.judge(cue) if self._guard else (cue, Verdict())
            if verdict.is_allowed:
                verdict = self._schedule.feed(now_s - self._start_s, self._counts[cue.side], judged)
            if verdict.is_allowed:
                verdict = self._limiter.feed(now_s, judged)
            if self._guard is None:
                self._counts[cue.side] += 1
            self._results[verdict.drop] += 1
            yield Decision(self._results.total(), judged, verdict)
