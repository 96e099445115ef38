# SPDX-License-Identifier: Apache-2.0
"""The course of one session as a table, from idle over its preparation to active and ended. No clock, no ROS.

Preparation: wait until the lab is complete and sound, zero the load cells while nobody stands on them, weigh the
participant, who stands still on them, and arm the belts.
"""

import math
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from gait_analysis.comparison.norms import LEVELS
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
    amputation_level: str = setting("unknown", "whose published norms stand beside the values", choices=LEVELS)
    leg_length_m: float = setting(
        math.nan, "greater trochanter to floor, in shoes; nan when unknown", low=0.3, high=1.5
    )
    is_push_allowed: bool = setting(False, "whether the protocol lets a belt law push this participant")
    duration_s: float = setting(60.0, "planned length; 0 means until the operator stops it", low=0.0, high=14400.0)
    input: str = setting("live", "where samples come from", choices=("live", "simulated", "recording"))
    start_delay_s: float = setting(1.0, "from arming to the instant at which analysis begins afresh", low=0.5, high=10)
    start_timeout_s: float = setting(15.0, "how long a start waits for the lab to be ready", low=1.0, high=120.0)
    zeroes_load_cells: bool = setting(True, "take every load cell's signal for zero at the start, nobody on them")
    plates: list[str] = setting(
        ["left_belt", "right_belt"], "load cells that carry the participant, who is weighed at the start; [] for none"
    )
    awaits_feedback: bool = setting(True, "start only once feedback_node is heard; false for a lab without one")
    step_on_timeout_s: float = setting(60.0, "how long a start waits for quiet standing", low=2.0, high=600.0)


class Phase(Enum):
    """Where the session is. All before ``ACTIVE`` are published as idle."""

    IDLE = "idle"
    WAITING = "waiting"
    ZEROING = "zeroing"
    WEIGHING = "weighing"
    ARMING = "arming"
    ACTIVE = "active"
    ENDED = "ended"


class Said(Enum):
    """What happened, besides the passing of time."""

    START = "start"
    STOP = "stop"
    DONE = "done"  # a step of the preparation succeeded
    REFUSED = "refused"


TEXTS = {
    Phase.ZEROING: "zeroes the load cells",
    Phase.WEIGHING: "weighs the participant: stand still, one foot on each plate",
    Phase.ARMING: "arms the treadmill",
    Phase.ACTIVE: "walking",
}
_STEPS = (Phase.ZEROING, Phase.WEIGHING, Phase.ARMING)


class Session:
    """Follows one session. ``start_s`` is the sample time at which analysis begins afresh, ``None`` before.

    From ``prepared_s`` on, the lab was complete and recorded.
    """

    def __init__(self, settings: SessionSettings) -> None:
        self.settings = settings
        self.phase = Phase.IDLE
        self.start_s: float | None = None
        self.prepared_s = 0.0
        self.text = "waits for the operator to start it"
        self.keeps_zero = False  # set before a start: the participant stands on the plates already
        self.change_count = 0  # of the phase: an answer to what was asked in an earlier one is no answer now
        self._since_s = 0.0  # when the present phase began

    def feed(self, now_s: float, said: Said, text: str = "") -> bool:
        """Take what was said, with its reason in words where the table has none; return whether the phase changed."""
        phase = self._next().get((self.phase, said))
        if phase is None:
            return False
        if self.phase is Phase.WAITING:
            self.prepared_s = now_s
        self.phase, self.text, self._since_s = phase, text or TEXTS.get(phase, ""), now_s
        self.change_count += 1
        if phase is Phase.ACTIVE:
            self.start_s = now_s + self.settings.start_delay_s
        return True

    def tick(self, now_s: float, missing: str) -> bool:
        """Let time pass; ``missing`` names what the present step still waits for. Return whether the phase changed."""
        if self.phase is Phase.WAITING and not missing:
            return self.feed(now_s, Said.DONE)
        if self.phase in (Phase.WAITING, *_STEPS):
            is_weighing, settings = self.phase is Phase.WEIGHING, self.settings
            limit_s = settings.step_on_timeout_s if is_weighing else settings.start_timeout_s
            if now_s - self._since_s > limit_s:
                missing = missing or f"it {self.text}, and nobody answers"
                return self.feed(now_s, Said.REFUSED, f"not started: {missing}")
            self.text = f"waits: {missing}" if missing else self.text
        if self.phase is Phase.ACTIVE and self._is_over(now_s):
            return self.feed(now_s, Said.STOP, "planned length reached")
        return False

    def _next(self) -> dict[tuple[Phase, Said], Phase]:
        """Return the table. What is not in it is ignored: a second start or a late answer changes nothing."""
        settings = self.settings
        is_played = settings.input == "recording"  # nobody stands on these plates
        skipped = {Phase.ZEROING} if is_played or self.keeps_zero or not settings.zeroes_load_cells else set()
        skipped |= {Phase.WEIGHING} if is_played or not settings.plates else set()
        steps = [Phase.WAITING, *(step for step in _STEPS if step not in skipped), Phase.ACTIVE]
        table = {(step, Said.DONE): after for step, after in pairwise(steps)}
        table |= {(step, said): Phase.IDLE for step in steps[:-1] for said in (Said.STOP, Said.REFUSED)}
        return table | {(Phase.IDLE, Said.START): Phase.WAITING, (Phase.ACTIVE, Said.STOP): Phase.ENDED}

    def _is_over(self, now_s: float) -> bool:
        return self.start_s is not None and 0 < self.settings.duration_s <= now_s - self.start_s
