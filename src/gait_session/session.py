# SPDX-License-Identifier: Apache-2.0
"""The course of one session as a table: idle, waiting for the lab, arming, active, ended. No clock, no ROS."""

import math
from dataclasses import dataclass
from enum import Enum

from gait_parts.settings import Settings, setting


@dataclass(frozen=True)
class SessionSettings(Settings):
    """Who walks, for how long, and where the samples come from."""

    session: str = setting("session", "name of the session and of its recording")
    participant: str = setting("unnamed", "pseudonym of the participant, never a name")
    body_mass_kg: float = setting(math.nan, "mass on the belt, prosthesis included; nan when unknown", low=20, high=250)
    prosthetic_side: str = setting(
        "unknown", "which limb is the prosthesis", choices=("left", "right", "none", "unknown")
    )
    duration_s: float = setting(60.0, "planned length; 0 means until the operator stops it", low=0.0, high=14400.0)
    input: str = setting("live", "where samples come from", choices=("live", "simulated", "recording"))
    start_delay_s: float = setting(1.0, "from arming to the instant at which analysis begins afresh", low=0.5, high=10)
    start_timeout_s: float = setting(15.0, "how long a start waits for the lab to be ready", low=1.0, high=120.0)


class Phase(Enum):
    """Where the session is. ``WAITING`` and ``ARMING`` are published as idle."""

    IDLE = "idle"
    WAITING = "waiting"
    ARMING = "arming"
    ACTIVE = "active"
    ENDED = "ended"


class Said(Enum):
    """What happened, besides the passing of time."""

    START = "start"
    STOP = "stop"
    ARMED = "armed"
    REFUSED = "refused"


# Anything not in the table is ignored: a second start or a late answer of the treadmill changes nothing.
_NEXT = {
    (Phase.IDLE, Said.START): Phase.WAITING,
    (Phase.WAITING, Said.STOP): Phase.IDLE,
    (Phase.ARMING, Said.STOP): Phase.IDLE,
    (Phase.ARMING, Said.ARMED): Phase.ACTIVE,
    (Phase.ARMING, Said.REFUSED): Phase.IDLE,
    (Phase.ACTIVE, Said.STOP): Phase.ENDED,
}


class Session:
    """Follows one session. ``start_s`` is the sample time at which analysis begins afresh, ``None`` before."""

    def __init__(self, settings: SessionSettings) -> None:
        self.settings = settings
        self.phase = Phase.IDLE
        self.start_s: float | None = None
        self.text = "waits for the operator to start it"
        self._asked_s = 0.0

    def feed(self, now_s: float, said: Said, text: str) -> bool:
        """Take what an operator or the treadmill said, with its reason in words; return whether it changed anything."""
        phase = _NEXT.get((self.phase, said))
        if phase is None:
            return False
        self.phase, self.text = phase, text
        if phase is Phase.WAITING:
            self._asked_s = now_s
        if phase is Phase.ACTIVE:
            self.start_s = now_s + self.settings.start_delay_s
        return True

    def tick(self, now_s: float, missing: str) -> bool:
        """Let time pass; ``missing`` names what the lab still lacks. Return whether the belts are to be armed now."""
        if self.phase is Phase.WAITING:
            if not missing:
                self.phase, self.text = Phase.ARMING, "arms the treadmill"
                return True
            self.text = f"waits for {missing}"
            if now_s - self._asked_s > self.settings.start_timeout_s:
                self.phase, self.text = Phase.IDLE, f"not started: no {missing}"
        if self.phase is Phase.ACTIVE and self._is_over(now_s):
            self.phase, self.text = Phase.ENDED, "planned length reached"
        return False

    def _is_over(self, now_s: float) -> bool:
        return self.start_s is not None and 0 < self.settings.duration_s <= now_s - self.start_s
