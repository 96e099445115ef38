# SPDX-License-Identifier: Apache-2.0
"""Gait phase as the share of the usual stride time that has passed since initial contact.

It saturates just below 1 when a stride lasts longer than usual, rather than wrapping into a stride that has not begun,
and is not valid before enough strides are known or long after the last contact.
"""

import math
from dataclasses import dataclass

from gait_analysis.events import EventKind, GaitEvent
from gait_analysis.parts import PhaseEstimate
from gait_analysis.stride_gate import StrideGate
from gait_parts import settings
from gait_parts.settings import setting


@dataclass(frozen=True)
class Settings(settings.Settings):
    """Settings of the time-based phase."""

    strides_count: int = setting(3, "strides whose mean duration is the usual one", low=1, high=20)
    reset_count: int = setting(3, "strides in a row of another pace that make it the usual one", low=1, high=20)
    highest_phase: float = setting(0.99, "where phase saturates, no unit", low=0.5, high=0.9999)
    max_stride_share: float = setting(1.5, "not valid after so many usual stride times", low=1.0, high=5.0)


class Phase:
    """Phase of one limb."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._gate = StrideGate(settings.strides_count, settings.reset_count)
        self._contact_s = math.nan  # the last initial contact

    def feed(self, event: GaitEvent) -> None:
        """Take the limb's next event."""
        if event.kind is not EventKind.INITIAL_CONTACT:
            return
        if not math.isnan(self._contact_s):
            self._gate.judge(event.time_s - self._contact_s)
        self._contact_s = event.time_s

    def at(self, time_s: float) -> PhaseEstimate:
        """Return the phase at ``time_s``."""
        missing_count = self._settings.strides_count - self._gate.accepted_count
        if missing_count > 0:
            return _invalid(f"{missing_count} more strides needed")
        usual_s = self._gate.mean_s
        passed_s = time_s - self._contact_s
        if passed_s > self._settings.max_stride_share * usual_s:
            return _invalid(f"no initial contact for {self._settings.max_stride_share} usual strides")
        return PhaseEstimate(min(passed_s / usual_s, self._settings.highest_phase), 1.0 / usual_s, "")


def _invalid(reason: str) -> PhaseEstimate:
    return PhaseEstimate(math.nan, math.nan, reason)
