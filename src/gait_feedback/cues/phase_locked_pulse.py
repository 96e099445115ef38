# SPDX-License-Identifier: Apache-2.0
"""A short pulse at a chosen phase of every stride, as at push-off, so that the walker feels when it is due.

It is sent early by the measured output latency, with phase and rate of ``gait/state``, and skipped when it would be
felt more than ``max_miss_s`` from its instant: see ``phase_trigger``. Without a valid phase there is no pulse.

Pulses at the transitions of the gait cycle brought three elderly transfemoral amputees near symmetry within two hours
(Crea et al. 2017); pulses on both sides of the waist did so less surely, and trunk and pelvis made up for it (Martini
et al. 2021, TNSRE 29:74). It tells when, not how well: a schedule should let it fade.
"""

from dataclasses import dataclass

from gait_analysis.gait import GaitState
from gait_feedback.cue import Cue, Observation
from gait_feedback.limb_choice import LIMBS, chosen_sides
from gait_feedback.phase_trigger import PhaseTrigger, TriggerSettings
from gait_parts.settings import setting
from gait_sensing.samples import Side


@dataclass(frozen=True)
class Settings(TriggerSettings):
    """Settings of the pulse."""

    limb: str = setting("prosthetic", "limbs whose phase it is, and that are cued", choices=LIMBS)
    phase: float = setting(0.5, "of the stride, from initial contact, no unit", low=0.0, high=0.98)


class Strategy:
    """See the module."""

    OBSERVES = (GaitState,)

    def __init__(self, settings: Settings, prosthetic_side: Side | None) -> None:
        """Take the settings and which limb is the prosthesis; the left takes its place where none is."""
        self._settings = settings
        sides = chosen_sides(settings.limb, prosthetic_side)
        self._triggers = {side: PhaseTrigger(settings, settings.phase) for side in sides}

    def feed(self, observation: Observation) -> list[Cue]:
        """Return the pulses that a ``GaitState`` is the one to send."""
        return self._pulses(observation) if isinstance(observation, GaitState) else []

    def _pulses(self, state: GaitState) -> list[Cue]:
        settings, cues = self._settings, []
        for limb in (state.left, state.right):
            if limb.side not in self._triggers:
                continue
            target_s = self._triggers[limb.side].feed(state.time_s, limb.phase, limb.phase_rate_hz)
            if target_s is not None:
                cues.append(
                    Cue(
                        side=limb.side,
                        event_s=target_s,
                        detected_s=state.time_s,
                        intensity=settings.intensity,
                        duration_s=settings.duration_s,
                        reason=f"phase {settings.phase:g} in {target_s - state.time_s:+.3f} s, now at {limb.phase:.3f}",
                        text=f"now, on the {limb.side.value}",
                    )
                )
        return cues
