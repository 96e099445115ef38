# SPDX-License-Identifier: Apache-2.0
"""Not a training cue: finds, in walking, how strong a cue must be for this walker to feel it.

Every few strides the side's contact is cued. The walker asks (``gait-lab ask``, or a button) when the cue is felt, and
does nothing when not; ``intensity.Staircase`` chooses how strong the next one is. At the end a text tells the strength
for that side, ``above`` times the threshold, as it goes into the config, and the other side follows. Walking masks
touch, so a threshold found in standing is too low.
"""

import math
from dataclasses import dataclass

from gait_analysis.events import EventFlag, EventKind, GaitEvent
from gait_feedback.cue import Asked, Cue, Modality, Observation
from gait_feedback.intensity import Staircase
from gait_feedback.limb_choice import LIMBS, chosen_sides
from gait_parts import settings as parts
from gait_parts.settings import setting
from gait_sensing.samples import Side


@dataclass(frozen=True)
class Settings(parts.Settings):
    """Settings of the search."""

    limb: str = setting("both", "limbs that are asked about, one after the other", choices=LIMBS)
    first: float = setting(0.8, "intensity of the first cue, which should be felt, no unit", low=0.05, high=1.0)
    strides_count: int = setting(4, "strides of the side from one cue to the next", low=2, high=50)
    answer_s: float = setting(2.0, "longest time from a cue to its answer", low=0.5, high=10.0)
    above: float = setting(2.5, "strength of a full cue, in thresholds", low=1.0, high=10.0)
    duration_s: float = setting(0.1, "length of the cue: as of those to come", low=0.02, high=1.0)


class Strategy:
    """See the module."""

    OBSERVES = (GaitEvent, Asked)

    def __init__(self, settings: Settings, prosthetic_side: Side | None) -> None:
        """Begin with the first side."""
        self._settings = settings
        self._sides = list(chosen_sides(settings.limb, prosthetic_side))
        self._staircase = Staircase(settings.first)
        self._contacts_count = 0
        self._cued_s = math.nan  # of the cue that is not answered yet

    def feed(self, observation: Observation) -> list[Cue]:
        """Take an answer; return the cue of a contact that is due."""
        if isinstance(observation, Asked):
            self._answer(observation.time_s)
        elif isinstance(observation, GaitEvent) and observation.kind is EventKind.INITIAL_CONTACT:
            return self._step(observation)
        return []

    def _step(self, contact: GaitEvent) -> list[Cue]:
        if not self._sides or contact.side is not self._sides[0]:
            return []
        self._contacts_count += 1
        if contact.flags is not EventFlag.NONE or self._contacts_count < self._settings.strides_count:
            return []
        if not math.isnan(self._cued_s):
            if contact.detected_s - self._cued_s <= self._settings.answer_s:
                return []
            self._cued_s = math.nan
            self._staircase.feed(False)
        self._contacts_count = 0
        return [self._result(contact) if self._staircase.is_done else self._try(contact)]

    def _answer(self, time_s: float) -> None:
        if 0.0 <= time_s - self._cued_s <= self._settings.answer_s:  # false for NaN
            self._cued_s = math.nan
            self._staircase.feed(True)

    def _try(self, contact: GaitEvent) -> Cue:
        self._cued_s = contact.detected_s
        intensity, side = self._staircase.intensity, contact.side.value
        reason = f"is {intensity:.3f} felt"
        return self._cue(contact, intensity, reason, f"ask when you feel it on the {side}", Modality.VIBRATION)

    def _result(self, contact: GaitEvent) -> Cue:
        threshold, name = self._staircase.threshold, self._sides.pop(0).value
        self._staircase = Staircase(self._settings.first)
        if math.isnan(threshold):
            reason, text = "the strongest cue is not felt", f"no cue is felt on the {name}"
        else:
            full = min(self._settings.above * threshold, 1.0)
            reason, text = f"felt half of the time: {threshold:.3f}", f"set intensity {full:.2f} on the {name}"
        return self._cue(contact, self._settings.first, reason, text, Modality.TEXT)

    def _cue(self, contact: GaitEvent, intensity: float, reason: str, text: str, modality: Modality) -> Cue:
        return Cue(
            side=contact.side,
            event_s=contact.time_s,
            detected_s=contact.detected_s,
            intensity=intensity,
            duration_s=self._settings.duration_s,
            reason=reason,
            text=text,
            modality=modality,
        )
