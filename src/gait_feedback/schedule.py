# SPDX-License-Identifier: Apache-2.0
"""Which of the cues that a strategy asks for are given, so that the walker learns and does not lean on them.

As data, all of it settings: cues fade from block to block of strides (``first_share * fading ** block``), are withheld
on catch strides that show what the walker does alone, are given for a while after the walker asked for them
(self-controlled), pause in quiet periods, end with a retention phase without cues, and never exceed a dose. Bandwidth,
the silence within a band around the target, belongs to the strategy: its settings stand beside these. With the
defaults every cue is given.

What a stride gets is drawn from ``seed``, its side and its number alone: the same whenever it is asked, live and in a
replay, and for all cues of that stride. A session with the same settings has the same catch strides; change the seed
between sessions.

Of 173 studies of such feedback, 9 percent faded it and 8 percent had a control group and looked at retention (van
Gelder et al. 2018).
"""

import math
import random
from dataclasses import dataclass

from gait_feedback.cue import Cue, CueResult
from gait_feedback.limiter import Verdict
from gait_parts import settings as parts
from gait_parts.settings import setting


@dataclass(frozen=True)
class ScheduleSettings(parts.Settings):
    """What a session is to be."""

    seed: int = setting(0, "of what is drawn", low=0, high=2**31 - 1)
    block_strides_count: int = setting(50, "strides of a side in one block", low=1, high=10_000)
    first_share: float = setting(1.0, "of the strides of the first block have their cues", low=0.0, high=1.0)
    fading: float = setting(1.0, "share of a block by the share of the one before; 1: none", low=0.0, high=1.0)
    catch_share: float = setting(0.0, "of the strides have their cues withheld, whatever the block", low=0.0, high=1.0)
    blocks_count: int = setting(0, "blocks before retention, all without cues; 0: no retention", low=0, high=1000)
    asked_s: float = setting(0.0, "cues go for so long after the walker asked; 0: unasked", low=0.0, high=600.0)
    cued_s: float = setting(60.0, "between two quiet periods", low=1.0, high=3600.0)
    quiet_s: float = setting(0.0, "of each quiet period; 0: none", low=0.0, high=3600.0)
    dose_count: int = setting(0, "most cues in the session; 0: as many as the limiter allows", low=0, high=100_000)


class Schedule:
    """Judges the cues of one session in the order of decision. Withheld cues count for nothing.

    Ask it before the limiter; a cue that the limiter then drops has counted as given here.
    """

    def __init__(self, settings: ScheduleSettings) -> None:
        """Begin a session with nothing given and nothing asked for."""
        self._settings = settings
        self._given_count = 0
        self._asked_s = -math.inf

    def ask(self, session_s: float) -> None:
        """Take that the walker asked for cues, ``session_s`` after the session became active."""
        self._asked_s = session_s

    def feed(self, session_s: float, strides_count: int, cue: Cue) -> Verdict:
        """Return whether ``cue`` may go, ``session_s`` after the session became active.

        ``strides_count`` is how many strides of the cue's side have ended since then.
        """
        reason = self._reason(session_s, strides_count, cue)
        if reason:
            return Verdict(CueResult.WITHHELD, reason)
        self._given_count += 1
        return Verdict()

    def words(self, session_s: float, strides_count: int) -> str:
        """Return what the walker may expect at that time and stride."""
        if session_s < 0.0:
            return "the session is about to begin"
        return self._closed(session_s, strides_count) or self._share(strides_count)[1]

    def _reason(self, session_s: float, strides_count: int, cue: Cue) -> str:
        """Return why the cue is withheld; empty when it is given."""
        closed = self._closed(session_s, strides_count)
        if closed:
            return closed
        if self._draw("catch", strides_count, cue) < self._settings.catch_share:
            return "catch stride: the cue is withheld to see the walker do without"
        share, words = self._share(strides_count)
        return "" if self._draw("fading", strides_count, cue) < share else f"fading: {words}"

    def _share(self, strides_count: int) -> tuple[float, str]:
        """Return the share of strides that have their cues, and the same in words."""
        block = strides_count // self._settings.block_strides_count
        share = self._settings.first_share * self._settings.fading**block
        return share, f"{100.0 * share:.0f} percent of the strides of block {block + 1} have their cues"

    def _closed(self, session_s: float, strides_count: int) -> str:
        """Return why no cue at all is given now; empty when that hangs on the stride."""
        settings = self._settings
        if not (0.0 <= session_s < math.inf and strides_count >= 0):
            return f"not within the session: {session_s:.3f} s, {strides_count} strides"
        if 0 < settings.dose_count <= self._given_count:
            return f"the dose of {settings.dose_count} cues is given"
        block = strides_count // settings.block_strides_count
        if 0 < settings.blocks_count <= block:
            return f"retention: no cues after {settings.blocks_count} blocks of {settings.block_strides_count} strides"
        if settings.quiet_s > 0.0 and session_s % (settings.cued_s + settings.quiet_s) >= settings.cued_s:
            return f"quiet period of {settings.quiet_s:g} s"
        if settings.asked_s > 0.0 and not 0.0 <= session_s - self._asked_s < settings.asked_s:
            return f"the walker did not ask for cues in the last {settings.asked_s:g} s"
        return ""

    def _draw(self, purpose: str, strides_count: int, cue: Cue) -> float:
        """Return the number in [0, 1) that belongs to this stride; Python promises it to be the same in any version."""
        return random.Random(f"{self._settings.seed} {purpose} {cue.side.value} {strides_count}").random()
