# SPDX-License-Identifier: Apache-2.0
"""What the laws that follow a person share: the start, and when the person must not be followed any more."""

import math
from dataclasses import dataclass

from gait_feedback.belt_law import Observation
from gait_feedback.pace import PaceEstimator
from gait_parts import settings as parts
from gait_parts.settings import setting

PRESSURE_SLACK_M = 0.15  # by which the centre of pressure of half a second is off the body in slow walking


@dataclass(frozen=True)
class PaceSettings(parts.Settings):
    """Settings of following a person."""

    start_speed_mps: float = setting(0.5, "until enough steps are known", low=0.2, high=1.5)
    start_acceleration_mps2: float = setting(0.25, "to the start speed", low=0.01, high=1.0)
    least_speed_mps: float = setting(0.3, "slowest that a person is followed", low=0.05, high=1.0)
    settle_steps_count: int = setting(6, "steps measured before the person is followed", low=2, high=50)
    place_m: float = setting(0.0, "where the person shall be, forward of mid-treadmill", low=-0.5, high=0.5)
    front_m: float = setting(0.6, "place beyond which the belts come to rest", low=0.1, high=2.0)
    rear_m: float = setting(-0.6, "place behind which the belts come to rest", low=-2.0, high=-0.1)
    step_stale_s: float = setting(1.5, "longest time without a step, once there were some", low=0.5, high=5.0)
    plate_stale_s: float = setting(0.15, "oldest samples of both plates to act on", low=0.05, high=0.5)
    start_s: float = setting(20.0, "longest time until enough steps are known", low=2.0, high=120.0)


class PaceWatch:
    """Follows one person for one law; ``window_steps_count`` as in ``PaceEstimator``."""

    OBSERVES = PaceEstimator.OBSERVES

    def __init__(self, settings: PaceSettings, window_steps_count: int) -> None:
        """Begin with nobody known."""
        self._settings = settings
        self._estimator = PaceEstimator(window_steps_count)
        self._steps_count, self._used_count = 0, 0
        self._begun_s = math.nan

    @property
    def is_settled(self) -> bool:
        """Whether enough steps are known to follow the person."""
        return self._steps_count >= self._settings.settle_steps_count

    @property
    def walking_mps(self) -> float:
        """Walking speed against the belts; NaN when not known."""
        return self._estimator.pace.walking_mps if self._estimator.pace else math.nan

    @property
    def acceleration_mps2(self) -> float:
        """Most that a belt may change now: gentle at the start."""
        return math.inf if self.is_settled else self._settings.start_acceleration_mps2

    def observe(self, observation: Observation) -> None:
        """Take what happened."""
        self._steps_count += self._estimator.feed(observation)

    def take_step(self) -> bool:
        """Return, once, that a step was measured since the last call."""
        is_new, self._used_count = self._steps_count > self._used_count, self._steps_count
        return is_new

    def position_m(self, now_s: float) -> float:
        """Where the person is; NaN when not known."""
        return self._estimator.position_at_m(now_s)

    def problem(self, now_s: float) -> str:
        """Return why the person must not be followed; empty when they may."""
        settings = self._settings
        if math.isnan(self._begun_s):
            self._begun_s = now_s
        if not abs(now_s - self._estimator.time_s) <= settings.plate_stale_s:  # NaN too
            return f"a plate is silent, or both, for {settings.plate_stale_s:g} s"
        if not self.is_settled:
            late = f"no {settings.settle_steps_count} steps within {settings.start_s:g} s of the start"
            return "" if now_s - self._begun_s <= settings.start_s else late
        pace = self._estimator.pace
        if pace is None or not 0.0 <= now_s - pace.contact_s <= settings.step_stale_s:
            return f"no step measured within {settings.step_stale_s:g} s"
        return self._leaving(now_s)

    def _leaving(self, now_s: float) -> str:
        """Return where the person is beyond the margins: if they walk on, by the forces, or by where they stand."""
        settings, estimator = self._settings, self._estimator
        places_m = (
            (self.position_m(now_s), 0.0),
            (estimator.position_m, 0.0),
            (estimator.pressure_m, PRESSURE_SLACK_M),
        )
        for place_m, slack_m in places_m:
            if not settings.rear_m - slack_m <= place_m <= settings.front_m + slack_m:  # NaN too
                return f"the person is at {place_m:.2f} m, allowed {settings.rear_m:g} to {settings.front_m:g}"
        return ""
