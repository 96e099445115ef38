# SPDX-License-Identifier: Apache-2.0
"""A metronome that the sound side leads: beats for both feet, evenly spaced, that go along with the walker.

*Period.* Ten strides of the sound limb (the right one, where neither is a prosthesis) give the own cadence, once ten
before them have passed in which the belts speed up, and ``cadence_change`` what it is to become. The period is that,
and by the share ``adaptation`` the median of the limb's last strides: with 0 the metronome stands firm, with 1 it
follows wholly. A share below 1 does not run away when the walker follows.

*Beats.* The beat for the sound foot is drawn toward its contacts by ``correction`` of what it was off; the beat for the
other foot comes half a period later, which is what that side is to meet. People's contacts precede beats a little, and
follow changes of 1 ms a step that they do not notice (doi:10.1186/s12984-019-0632-7). Two-way pacing of this kind: Hove
et al. (2012, doi:10.1371/journal.pone.0032600); the law here is simpler than theirs. Beats are sent early by the output
latency with ``gait/state``: see ``phase_trigger``.

It is silent until the baseline is known, after a stride that was not accepted, a doubtful contact, or when no contact
comes for one and a half periods, and begins again by itself.
"""

import math
from collections import deque
from dataclasses import dataclass
from statistics import median

from gait_analysis.comparison.own_baseline import OwnBaseline
from gait_analysis.events import EventFlag, EventKind, GaitEvent
from gait_analysis.gait import GaitState, Stride
from gait_feedback.cue import Cue, Modality, Observation
from gait_feedback.phase_trigger import PhaseTrigger, TriggerSettings
from gait_parts.settings import setting
from gait_sensing.samples import Side

_LAST_STRIDES = 5
_LONGEST_PERIODS = 1.5  # without a contact of the sound foot


@dataclass(frozen=True)
class Settings(TriggerSettings):
    """Settings of the metronome."""

    cadence_change: float = setting(0.0, "share more than the own cadence, no unit", low=-0.3, high=0.3)
    adaptation: float = setting(0.5, "share of the walker's own period, no unit", low=0.0, high=1.0)
    correction: float = setting(0.3, "share of the beat's error at a contact that is put right", low=0.0, high=1.0)
    settling_strides_count: int = setting(10, "first strides of the sound limb, as belts speed up", low=0, high=1000)
    baseline_strides_count: int = setting(10, "strides after these, the own cadence", low=2, high=1000)


class Strategy:
    """See the module."""

    OBSERVES = (GaitState, Stride, GaitEvent)

    def __init__(self, settings: Settings, prosthetic_side: Side | None) -> None:
        """Take the settings and which limb is the prosthesis; the left takes its place where none is."""
        self._settings = settings
        self._leader = (prosthetic_side or Side.LEFT).other
        self._triggers = {self._leader: PhaseTrigger(settings, 0.0), self._leader.other: PhaseTrigger(settings, 0.5)}
        self._settling_count = settings.settling_strides_count
        self._baseline = OwnBaseline(settings.baseline_strides_count)
        self._strides_s: deque[float] = deque(maxlen=_LAST_STRIDES)
        self._period_s = self._beat_s = self._contact_s = math.nan  # one beat of the sound foot, its newest contact

    def feed(self, observation: Observation) -> list[Cue]:
        """Return the beats that a ``GaitState`` is the one to send; contacts and strides set their time."""
        if isinstance(observation, GaitState):
            return self._beats(observation.time_s)
        if isinstance(observation, Stride) and observation.side is self._leader:
            self._set_period(observation)
        elif isinstance(observation, GaitEvent) and observation.side is self._leader:
            self._draw(observation)
        return []

    def _set_period(self, stride: Stride) -> None:
        settings = self._settings
        if not (stride.is_accepted and 0.0 < stride.stride_time_s < math.inf):
            self._silence()
            return
        if self._settling_count > 0:
            self._settling_count -= 1
            return
        self._strides_s.append(stride.stride_time_s)
        self._baseline.feed(stride.stride_time_s)
        aim_s = self._baseline.spread.mean / (1.0 + settings.cadence_change)
        self._period_s = aim_s + settings.adaptation * (median(self._strides_s) - aim_s)

    def _draw(self, event: GaitEvent) -> None:
        if event.kind is not EventKind.INITIAL_CONTACT:
            return
        if event.flags is not EventFlag.NONE:
            self._silence()
            return
        self._contact_s = event.time_s
        off_s = (
            math.remainder(event.time_s - self._beat_s, self._period_s) if math.isfinite(self._period_s) else math.nan
        )
        self._beat_s = event.time_s if math.isnan(off_s) else event.time_s - (1.0 - self._settings.correction) * off_s

    def _beats(self, now_s: float) -> list[Cue]:
        period_s, cues = self._period_s, []
        if not 0.0 <= now_s - self._contact_s <= _LONGEST_PERIODS * period_s:
            self._beat_s = math.nan  # the next contact begins anew
        cycles = (now_s - self._beat_s) / period_s
        for side, trigger in self._triggers.items():
            target_s = trigger.feed(now_s, cycles, 1.0 / period_s)
            if target_s is not None:
                cues.append(self._cue(side, target_s, now_s))
        return cues

    def _silence(self) -> None:
        """Wait for a stride and a contact that can be believed."""
        self._period_s = self._beat_s = math.nan

    def _cue(self, side: Side, target_s: float, now_s: float) -> Cue:
        return Cue(
            side=side,
            event_s=target_s,
            detected_s=now_s,
            intensity=self._settings.intensity,
            duration_s=self._settings.duration_s,
            reason=f"beat of the {side.value} foot in {target_s - now_s:+.3f} s, period {self._period_s:.3f} s",
            text=f"step on the {side.value}",
            modality=Modality.SOUND,
        )
