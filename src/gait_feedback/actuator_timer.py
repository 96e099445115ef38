# SPDX-License-Identifier: Apache-2.0
"""The host's own time-out of actuators: every switch-on has its switch-off here, whatever the device promises."""

import math
from dataclasses import dataclass

from gait_feedback.cue import ActuatorDriver, Cue
from gait_parts import settings as parts
from gait_parts.settings import setting
from gait_sensing.samples import Side


@dataclass(frozen=True)
class ActuatorTimerSettings(parts.Settings):
    """How long an actuator may be on, and how old a cue may be."""

    max_duration_s: float = setting(1.0, "longest time on without a pause, whatever cues ask for", low=0.05, high=2.0)
    max_age_s: float = setting(0.1, "from decision to actuator; later cues are dropped", low=0.01, high=1.0)


class ActuatorTimer:
    """Turns cues into bytes of ``driver``, and their ends too.

    A cue on a side that is on already may prolong it, up to ``max_duration_s`` from when it was switched on, and never
    shortens it. Time that goes back ends everything that is on.
    """

    def __init__(self, settings: ActuatorTimerSettings, driver: ActuatorDriver) -> None:
        """Begin with everything off, as ``driver.connect()`` leaves it."""
        self.settings = settings
        self._driver = driver
        self._on_s: dict[Side, tuple[float, float]] = {}  # switched on at, to be switched off at
        self._now_s = -math.inf

    @property
    def next_due_s(self) -> float:
        """When ``due`` has something to switch off; infinite when nothing is on."""
        return min((off_s for _, off_s in self._on_s.values()), default=math.inf)

    def feed(self, now_s: float, cue: Cue) -> bytes:
        """Return what to write for ``cue``: first what is due, then the cue; empty for a cue without meaning."""
        if not (math.isfinite(now_s) and 0.0 < cue.intensity <= 1.0 and 0.0 < cue.duration_s < math.inf):
            return b""
        data = self.due(now_s)
        began_s, off_s = self._on_s.get(cue.side, (now_s, now_s))
        latest_s = began_s + self.settings.max_duration_s
        off_s = min(max(off_s, now_s + cue.duration_s), latest_s)
        self._on_s[cue.side] = (began_s, off_s)
        return data + self._driver.begin(cue.side, cue.intensity, off_s - now_s)

    def due(self, now_s: float) -> bytes:
        """Return what switches off the sides whose time is over; empty when there are none."""
        has_gone_back = not now_s >= self._now_s  # NaN too
        self._now_s = now_s
        over = [side for side, (_, off_s) in self._on_s.items() if has_gone_back or now_s >= off_s]
        for side in over:
            del self._on_s[side]
        return b"".join(map(self._driver.stop, over))

    def all_off(self) -> bytes:
        """Return what switches every side off, on or not."""
        self._on_s.clear()
        return b"".join(map(self._driver.stop, Side))
