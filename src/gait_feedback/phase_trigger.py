# SPDX-License-Identifier: Apache-2.0
"""When to send a cue that is to be felt at a phase of a cycle: early by the output latency, once a cycle, or never.

The phase is looked at whenever a state of the control grid comes, so the cue is sent with the state that is nearest to
the best instant, at most half a step of the grid off. A cue that would be felt further from its instant than
``max_miss_s`` is skipped: after a late or missing state, or when the phase was set forward by more than that.
"""

import math
from dataclasses import dataclass

from gait_parts import settings as parts
from gait_parts.settings import setting

_MAX_GAP_S = 0.1  # between two states; after more, the passing of the phase may have been missed
_LEAST_CYCLES = 0.75  # between two cues: a phase that is set back meets its target twice


@dataclass(frozen=True)
class TriggerSettings(parts.Settings):
    """Settings of a cue at a phase."""

    output_latency_s: float = setting(
        0.0, "from a state's time to the cue being felt, as measured; 0: not measured", low=0.0, high=0.4
    )
    max_miss_s: float = setting(0.04, "a cue felt further from its instant than this is skipped", low=0.005, high=0.2)
    intensity: float = setting(0.8, "share of what the actuator can do, no unit", low=0.05, high=1.0)
    duration_s: float = setting(0.1, "length of the cue", low=0.02, high=1.0)


class PhaseTrigger:
    """Meets ``phase``, [0, 1) no unit, of one cycle after the other."""

    def __init__(self, settings: TriggerSettings, phase: float) -> None:
        """Begin unarmed: a phase must be seen before its target to be met."""
        self._settings, self._phase = settings, phase
        self._is_armed = False
        self._now_s = self._target_s = -math.inf

    def feed(self, now_s: float, phase: float, rate_hz: float) -> float | None:
        """Return the instant that the cue is meant for, if it must be sent now; NaN phase or rate is not valid."""
        step_s, self._now_s = now_s - self._now_s, now_s
        if step_s < 0.0:
            self._target_s = -math.inf
        if not (math.isfinite(phase) and 0.0 < rate_hz < math.inf and 0.0 < step_s <= _MAX_GAP_S):
            self._is_armed = False
            return None
        latency_s, max_miss_s = self._settings.output_latency_s, self._settings.max_miss_s
        late_s = math.remainder(phase + rate_hz * latency_s - self._phase, 1.0) / rate_hz
        if late_s < -min(0.5 * step_s, max_miss_s):
            self._is_armed = True
            return None
        was_armed, self._is_armed = self._is_armed, False
        target_s = now_s + latency_s - late_s
        if not was_armed or late_s > max_miss_s or rate_hz * (target_s - self._target_s) < _LEAST_CYCLES:
            return None
        self._target_s = target_s
        return target_s
