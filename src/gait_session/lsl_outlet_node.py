# SPDX-License-Identifier: Apache-2.0
"""Sends ``gait/events`` and ``gait/state`` to the Lab Streaming Layer. Needs the extra ``lsl``."""

from functools import partial

from gait_lab import msg

from gait_analysis.events import GaitEvent
from gait_analysis.gait import GaitState
from gait_messages import values
from gait_ros import qos
from gait_ros.meaning import subscribe
from gait_ros.running import LabNode, now_s, run
from gait_session.lsl_outlet import EVENTS, STATE, LslOutlet, event_row, state_row


class LslOutletNode(LabNode):
    """Two outlets, open as long as the node runs."""

    def __init__(self) -> None:
        super().__init__("lsl_outlet_node")
        now = partial(now_s, self)
        self._events, self._state = LslOutlet(EVENTS, now), LslOutlet(STATE, now)
        subscribe(self, msg.GaitEvent, "gait/events", values.gait_event, self._on_event, qos.EVENTS)
        subscribe(self, msg.GaitState, "gait/state", values.gait_state, self._on_state, qos.EVENTS)

    def _on_event(self, event: GaitEvent, _: object) -> None:
        self._events.push(event_row(event), event.time_s)

    def _on_state(self, state: GaitState, _: object) -> None:
        self._state.push(state_row(state), state.time_s)


def main() -> None:
    """Run the node."""
    run(LslOutletNode)
