# SPDX-License-Identifier: Apache-2.0
"""Which prompts are spoken, and when: one at a time, not the same over and over, and none late.

Cues come once a stride or oftener, and words take longer than a step. So one prompt at most waits until the one before
it has been spoken; newer words take its place, for they are about a newer stride. Nobody tells when a voice has ended:
that is estimated from the length of the words.
"""

import math
from dataclasses import dataclass

from gait_parts import settings as parts
from gait_parts.settings import setting

PAUSE_S = 0.3  # before the first word and after the last one
CHARACTERS_PER_S = 12.0  # some 150 words a minute, the slow end of what voices do


@dataclass(frozen=True)
class PromptSettings(parts.Settings):
    """How often the walker is spoken to."""

    repeat_after_s: float = setting(8.0, "a prompt of the same words is not spoken again sooner", low=0.0, high=600.0)
    longest_wait_s: float = setting(
        1.0, "a prompt that has waited longer for another to be spoken is dropped", low=0.0, high=10.0
    )


class Prompts:
    """Feed it the words of every cue, and "" now and then while there are none. Times are of a clock nobody sets."""

    def __init__(self, settings: PromptSettings) -> None:
        """Begin with nothing spoken."""
        self._settings = settings
        self._begun_s: dict[str, float] = {}  # when words were spoken, by the words, until they may be again
        self._silent_s = -math.inf  # from then on nothing is being spoken
        self._waiting = ("", -math.inf)  # words, and when they came

    def feed(self, now_s: float, text: str) -> str:
        """Return what to speak now; "" for nothing."""
        repeat_s, wait_s = self._settings.repeat_after_s, self._settings.longest_wait_s
        self._begun_s = {words: begun_s for words, begun_s in self._begun_s.items() if now_s - begun_s < repeat_s}
        words = " ".join(text.split())
        if words and words not in self._begun_s:
            self._waiting = (words, now_s)
        words, came_s = self._waiting
        if now_s - came_s > wait_s:
            self._waiting = ("", -math.inf)
        elif words and now_s >= self._silent_s:
            self._waiting = ("", -math.inf)
            self._begun_s[words] = now_s
            self._silent_s = now_s + speaking_s(words)
            return words
        return ""


def speaking_s(words: str) -> float:
    """Return how long it takes to speak ``words``, about."""
    return 2.0 * PAUSE_S + len(words) / CHARACTERS_PER_S
