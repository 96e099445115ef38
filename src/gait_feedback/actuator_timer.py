# SPDX-License-Identifier: Apache-2.0
"""The host's own time-out of actuators: every switch-on has its switch-off here, whatever the device promises."""

import math
from dataclasses import dataclass

from gait_feedback.cue import ActuatorDriver, Cue
from gait_parts import settings as parts
from gait_parts.settings import setting
from gait_sensing.samples import Side

PAUSE_S = 0.2  # a shorter end is none: a motor takes up to 0.05 s to spin up, and about as long to come to rest


@dataclass(frozen=True)
class ActuatorTimerSettings(parts.Settings):
    """How long an actuator may be on, and how old a cue may be."""

    max_duration_s: float = setting(1.0, "longest time on without a pause, whatever cues ask for", low=0.05, high=2.0)
    max_age_s: float = setting(0.1, "most between decision and actuator, either way; else dropped", low=0.01, high=1.0)


class ActuatorTimer:
    """Turns cues into bytes of ``driver``, and their ends too.

    A cue on a side that is on already may prolong it, up to ``max_duration_s`` from when it was switched on, and never
    shortens it. A cue within ``PAUSE_S`` of an end goes on with what ended, so that no sequence of cues keeps a side on
    for longer. Time that goes back ends everything that is on, and nothing goes on from there.
    """

    def __init__(self, settings: ActuatorTimerSettings, driver: ActuatorDriver) -> None:
        """Begin with everything off, as ``driver.connect()`` leaves it."""
        self.settings = settings
        self.refusal = ""  # why the newest cue was refused; empty when it was not
        self._driver = driver
        self._on_s: dict[Side, tuple[float, float]] = {}  # switched on at, to be switched off at
        self._ended_s: dict[Side, tuple[float, float]] = {}  # switched on at, switched off at
        self._now_s = -math.inf

    @property
    def next_due_s(self) -> float:
        """When ``due`` has something to switch off; infinite when nothing is on."""
        return min((off_s for _, off_s in self._on_s.values()), default=math.inf)

    def feed(self, now_s: float, cue: Cue) -> bytes:
        """Return what to write for ``cue``: first what is due, then the cue, unless there is a ``refusal``."""
        if not (math.isfinite(now_s) and 0.0 < cue.intensity <= 1.0 and 0.0 < cue.duration_s < math.inf):
            self.refusal = "no cue: intensity or duration has no meaning"
            return b""
        data = self.due(now_s)
        began_s, off_s = self._on_s.get(cue.side, (self._began_s(cue.side, now_s), now_s))
        latest_s = began_s + self.settings.max_duration_s
        if now_s >= latest_s:
            after = f"{self.settings.max_duration_s:g} s on, or when time went back"
            self.refusal = f"the {cue.side.value} is left off for {PAUSE_S:g} s after {after}"
            return data
        self.refusal = ""
        off_s = min(max(off_s, now_s + cue.duration_s), latest_s)
        self._on_s[cue.side] = (began_s, off_s)
        return data + self._driver.begin(cue.side, cue.intensity, off_s - now_s)

    def due(self, now_s: float) -> bytes:
        """Return what switches off the sides whose time is over; empty when there are none."""
        has_gone_back = not now_s >= self._now_s  # NaN too
        self._now_s = now_s
        over = [side for side, (_, off_s) in self._on_s.items() if has_gone_back or now_s >= off_s]
        for side in over:
            self._ended_s[side] = (self._on_s.pop(side)[0], now_s)
        if has_gone_back:  # how long a side was on can no longer be told: it was for the longest time
            self._ended_s = dict.fromkeys(self._ended_s, (-math.inf, now_s))
        return b"".join(map(self._driver.stop, over))

    def all_off(self) -> bytes:
        """Return what switches every side off, on or not."""
        self._on_s.clear()
        return b"".join(map(self._driver.stop, Side))

    def _began_s(self, side: Side, now_s: float) -> float:
        """Return when a side that is off and is cued now counts as switched on."""
        began_s, ended_s = self._ended_s.get(side, (now_s, -math.inf))
        return began_s if now_s - ended_s < PAUSE_S else now_s
