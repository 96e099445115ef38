# SPDX-License-Identifier: Apache-2.0
"""Sends ``gait/events`` and ``gait/state`` to the Lab Streaming Layer. Needs the extra ``lsl``."""

from functools import partial

from gait_lab import msg

from gait_messages import values
from gait_ros import qos
from gait_ros.running import LabNode, now_s, run
from gait_session.lsl_outlet import EVENTS, STATE, LslOutlet, event_row, state_row


class LslOutletNode(LabNode):
    """Two outlets, open as long as the node runs."""

    def __init__(self) -> None:
        super().__init__("lsl_outlet_node")
        now = partial(now_s, self)
        self._events, self._state = LslOutlet(EVENTS, now), LslOutlet(STATE, now)
        self.create_subscription(msg.GaitEvent, "gait/events", self._on_event, qos.EVENTS)
        self.create_subscription(msg.GaitState, "gait/state", self._on_state, qos.EVENTS)

    def _on_event(self, message: msg.GaitEvent) -> None:
        event = values.gait_event(message)
        self._events.push(event_row(event), event.time_s)

    def _on_state(self, message: msg.GaitState) -> None:
        state = values.gait_state(message)
        self._state.push(state_row(state), state.time_s)


def main() -> None:
    """Run the node."""
    run(LslOutletNode)
