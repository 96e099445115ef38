# SPDX-License-Identifier: Apache-2.0
"""How often and how much a walker may be cued, whatever a strategy asks for."""

import math
from collections import deque
from dataclasses import dataclass

from gait_feedback.cue import Cue, CueResult
from gait_parts import settings as parts
from gait_parts.settings import setting
from gait_sensing.samples import Side


@dataclass(frozen=True)
class LimiterSettings(parts.Settings):
    """Limits of one session."""

    min_interval_s: float = setting(0.4, "least time between two cues on one side", low=0.05, high=10.0)
    max_cues_per_minute_count: int = setting(80, "most cues in any minute, both sides together", low=1, high=200)
    max_session_s: float = setting(300.0, "most cue time in a session, both sides together", low=1.0, high=3600.0)
    max_age_s: float = setting(
        0.1, "from the detection of the event to the cue; later ones are dropped", low=0.01, high=1.0
    )
    max_event_age_s: float = setting(
        0.3, "from the event itself to the cue: some sensors detect it late", low=0.05, high=2.0
    )


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a cue: it may go, or why it may not."""

    drop: CueResult | None = None  # None: allowed
    reason: str = ""  # in words, empty when allowed

    @property
    def is_allowed(self) -> bool:
        """Whether the cue may go to the actuator."""
        return self.drop is None


class Limiter:
    """Judges the cues of one session in the order of decision. Refused cues count for nothing."""

    def __init__(self, settings: LimiterSettings) -> None:
        """Begin a session with nothing cued."""
        self._settings = settings
        self._newest_s: dict[Side, float] = {}
        self._last_minute_s: deque[float] = deque()
        self._cued_s = 0.0

    def feed(self, decided_s: float, cue: Cue) -> Verdict:
        """Return whether ``cue``, decided at ``decided_s``, may go."""
        # Where the clock went back, cues given in what is now the future count as given now: a small step frees no cue,
        # and a large one silences nobody for longer than the limits do.
        self._newest_s = {side: min(newest_s, decided_s) for side, newest_s in self._newest_s.items()}
        self._last_minute_s = deque(min(given_s, decided_s) for given_s in self._last_minute_s)
        while self._last_minute_s and decided_s - self._last_minute_s[0] >= 60.0:
            self._last_minute_s.popleft()
        verdict = self._judge(decided_s, cue)
        if verdict.is_allowed:
            self._newest_s[cue.side] = decided_s
            self._last_minute_s.append(decided_s)
            self._cued_s += cue.duration_s
        return verdict

    def _judge(self, now_s: float, cue: Cue) -> Verdict:
        settings = self._settings
        if not (0.0 < cue.intensity <= 1.0 and 0.0 < cue.duration_s < math.inf):
            return Verdict(CueResult.DROPPED_LIMIT, f"no cue: intensity {cue.intensity}, duration {cue.duration_s} s")
        age_s = now_s - cue.detected_s
        if not age_s <= settings.max_age_s:
            return Verdict(CueResult.DROPPED_LATE, f"{age_s:.3f} s after detection, allowed {settings.max_age_s:g} s")
        age_s = now_s - cue.event_s
        if not age_s <= settings.max_event_age_s:
            reason = f"{age_s:.3f} s after the event, allowed {settings.max_event_age_s:g} s"
            return Verdict(CueResult.DROPPED_LATE, reason)
        since_s = now_s - self._newest_s.get(cue.side, -math.inf)
        if since_s < settings.min_interval_s:
            text = f"{since_s:.3f} s after the last one on the {cue.side.value}, least {settings.min_interval_s:g} s"
            return Verdict(CueResult.DROPPED_LIMIT, text)
        if len(self._last_minute_s) >= settings.max_cues_per_minute_count:
            return Verdict(CueResult.DROPPED_LIMIT, f"{len(self._last_minute_s)} cues in the last minute are enough")
        if self._cued_s + cue.duration_s > settings.max_session_s:
            return Verdict(CueResult.DROPPED_LIMIT, f"{self._cued_s:.1f} s of cues in this session are enough")
        return Verdict()
