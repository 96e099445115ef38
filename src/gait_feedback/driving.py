# SPDX-License-Identifier: Apache-2.0
"""What a belt law is told and when it is asked: one session of one law."""

from gait_analysis.gait import GaitState
from gait_analysis.participant import Participant
from gait_feedback.belt_law import BeltLaw, Observation
from gait_sensing.belt_gate.states import BeltRequest
from gait_sensing.samples import BeltSample


class Driving:
    """Begins at ``start_s``, the sample time at which the analysis begins afresh."""

    def __init__(self, law: BeltLaw, participant: Participant, start_s: float) -> None:
        """Tell the law, which is made anew with this, who walks."""
        self._law, self._start_s = law, start_s
        self.observe(participant)

    @property
    def reason(self) -> str:
        """Why the law asks for rest; empty when it does not."""
        return self._law.reason

    def observe(self, observation: Observation) -> None:
        """Take what happened, in the order it became known."""
        if isinstance(observation, self._law.OBSERVES):
            self._law.observe(observation)

    def request(
        self, now_s: float, belt: BeltSample | None, is_armed: bool, gait: GaitState | None
    ) -> BeltRequest | None:
        """Return what to ask for at ``now_s``, given the newest status and state; None to ask for nothing.

        The law is asked once the session's own analysis runs, and while an operator's arming holds.
        """
        if belt is None or gait is None or not is_armed or gait.time_s < self._start_s:
            return None
        return self._law.feed(now_s, belt, gait)

    def stop_request(self) -> BeltRequest:
        """Return the request for rest, for a session that has ended."""
        return self._law.stop_request()
