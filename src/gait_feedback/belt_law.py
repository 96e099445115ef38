# SPDX-License-Identifier: Apache-2.0
"""What a file in ``belts/`` holds as ``Law(settings)``, beside its ``Settings``."""

from typing import Protocol

from gait_analysis.gait import GaitState
from gait_sensing.belt_gate.states import BeltRequest
from gait_sensing.samples import BeltSample


class BeltLaw(Protocol):
    """Decides what the belts should do while a session is active; ``gait_sensing.belt_gate.gate`` has the last word."""

    def feed(self, now_s: float, belt: BeltSample | None, gait: GaitState | None) -> BeltRequest | None:
        """Return what to ask for at ``now_s``, given the newest status and state; None to ask for nothing.

        Asking for nothing makes the gate bring the belts to rest. A law never speeds up on old data.
        """

    def stop_request(self) -> BeltRequest:
        """Return the request for rest, for a session that has ended."""
