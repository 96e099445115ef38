# SPDX-License-Identifier: Apache-2.0
"""What a file in ``belts/`` holds as ``Law(settings)``, beside its ``Settings``."""

from typing import ClassVar, Protocol

from gait_analysis.events import GaitEvent
from gait_analysis.gait import Asymmetry, GaitState, Stride
from gait_analysis.participant import Participant
from gait_sensing.belt_gate.states import BeltRequest
from gait_sensing.samples import BeltSample, ForceSamples

Observation = Participant | ForceSamples | BeltSample | GaitEvent | Stride | Asymmetry
"""What a law may hear of between two requests: who walks, samples of the plates and belts, findings."""


class BeltLaw(Protocol):
    """Decides what the belts should do while a session is active; ``gait_sensing.belt_gate.gate`` has the last word.

    A law is made anew for each session. It is told of what it ``OBSERVES`` and of nothing else.
    """

    OBSERVES: ClassVar[tuple[type[Observation], ...]]
    reason: str  # why the belts are brought to rest; empty when they are not

    def observe(self, observation: Observation) -> None:
        """Take what happened, in the order it became known; what a law has no use for it ignores."""

    def feed(self, now_s: float, belt: BeltSample | None, gait: GaitState | None) -> BeltRequest | None:
        """Return what to ask for at ``now_s``, given the newest status and state; None to ask for nothing.

        Asking for nothing makes the gate bring the belts to rest. A law never speeds up on old data.
        """

    def stop_request(self) -> BeltRequest:
        """Return the request for rest, for a session that has ended."""
