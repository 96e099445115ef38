# SPDX-License-Identifier: Apache-2.0
"""Which cues a device has acknowledged: each is settled once, by its answer or by the end of the time for one."""

import math
from dataclasses import dataclass
from typing import Generic, TypeVar

from gait_feedback.cue import Answer
from gait_parts import settings as parts
from gait_parts.settings import setting

T = TypeVar("T")


@dataclass(frozen=True)
class LedgerSettings(parts.Settings):
    """How long an acknowledgement may take."""

    acknowledged_within_s: float = setting(
        0.25,
        "from the bytes of a cue to the device's acknowledgement; later ones count for nothing",
        low=0.02,
        high=2.0,
    )


@dataclass(frozen=True, slots=True)
class Settled(Generic[T]):
    """A cue of which no more will be heard."""

    cue: T  # as it was given to ``sent``
    sent_s: float
    acknowledged_s: float = math.nan  # NaN: it was not
    device_time_s: float = math.nan  # the device's own clock when it began
    text: str = ""  # why it was not acknowledged


class Ledger(Generic[T]):
    """Cues on their way to one device that acknowledges them."""

    def __init__(self, settings: LedgerSettings) -> None:
        """Begin with none."""
        self._settings = settings
        self._waiting: dict[int, tuple[T, float]] = {}
        self.unacknowledged_count = 0
        self.problem = ""  # why the newest settled cue was not acknowledged; empty when it was

    def sent(self, sequence: int, cue: T, sent_s: float) -> None:
        """Note a cue whose bytes were handed to the wire as command ``sequence``."""
        self._waiting[sequence] = (cue, sent_s)

    def feed(self, answer: Answer, received_s: float) -> list[Settled[T]]:
        """Take an answer; return the cue that it settles, if it is one that is waited for."""
        if answer.sequence not in self._waiting:
            return []  # to another command, or too late
        if answer.problem:
            return [self._unacknowledged(answer.sequence, f"refused by the device: {answer.problem}")]
        cue, sent_s = self._waiting.pop(answer.sequence)
        self.problem = ""
        acknowledged_s = max(received_s, sent_s)  # another thread takes that time
        return [Settled(cue, sent_s, acknowledged_s, answer.device_time_s)]

    def due(self, now_s: float) -> list[Settled[T]]:
        """Return the cues whose time for an acknowledgement is over, or began in what is now the future."""
        allowed_s = self._settings.acknowledged_within_s
        over = [each for each, (_, sent_s) in self._waiting.items() if not 0.0 <= now_s - sent_s <= allowed_s]
        return [self._unacknowledged(sequence, f"not acknowledged within {allowed_s:g} s") for sequence in over]

    def close(self) -> list[Settled[T]]:
        """Return all cues that still wait."""
        return [self._unacknowledged(sequence, "not acknowledged when the node ended") for sequence in [*self._waiting]]

    def _unacknowledged(self, sequence: int, text: str) -> Settled[T]:
        cue, sent_s = self._waiting.pop(sequence)
        self.unacknowledged_count += 1
        self.problem = text
        return Settled(cue, sent_s, text=text)
