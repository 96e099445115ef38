# SPDX-License-Identifier: Apache-2.0
"""Cues to an actuator's bytes, each answered with ``feedback/receipt``; every cue ends by the node's own time-out."""

import math
from functools import partial

from diagnostic_msgs.msg import DiagnosticStatus
from gait_lab import msg

from gait_feedback import actuators
from gait_feedback.actuator_timer import ActuatorTimer, ActuatorTimerSettings
from gait_ros import qos
from gait_ros.devices import link_status
from gait_ros.messages import dropped_receipt, sent_receipt, values
from gait_ros.parameters import declare, declare_part, declare_text
from gait_ros.running import LabNode, now_s, run
from gait_sensing.wires.reader import Reader
from gait_sensing.wires.transport import WireError

TICK_S = 0.01


class HapticNode(LabNode):
    """One actuator device on one wire."""

    def __init__(self) -> None:
        super().__init__("haptic_node")
        self._now = partial(now_s, self)
        url = declare_text(self, "url", "address of the actuator: serial:// or tcp://")
        part, settings = declare_part(self, actuators.__name__, "driver", "")
        self._driver = part.Driver(settings)
        timer_settings = declare(self, ActuatorTimerSettings)
        self._timer = ActuatorTimer(timer_settings, self._driver)
        self._sent_count = self._dropped_count = 0
        self._receipts = self.create_publisher(msg.CueReceipt, "feedback/receipt", qos.EVENTS)
        self._reader = Reader(url, self._driver, self._on_data, self._now, silent_s=math.inf)  # it need not speak
        self.create_subscription(msg.Cue, "feedback/cue", self._on_cue, qos.CUE)
        self.create_timer(TICK_S, self._on_tick)

    def _on_data(self, data: bytes, _: float) -> None:
        self._driver.feed(data)

    def _on_cue(self, message: msg.Cue) -> None:
        now, cue = self._now(), values.cue(message)
        age_s = now - values.seconds(message.header.stamp)
        if age_s > self._timer.settings.max_age_s:
            self._drop(message, msg.CueReceipt.DROPPED_LATE, f"{age_s:.3f} s old", now)
            return
        data = self._timer.feed(now, cue)
        if not data:
            self._drop(message, msg.CueReceipt.DROPPED_LIMIT, "no cue: intensity or duration has no meaning", now)
            return
        try:
            self._reader.write(data)
            sent_s = self._now()
        except WireError as error:
            self._drop(message, msg.CueReceipt.DROPPED_NO_LINK, str(error), now)
            return
        self._sent_count += 1
        self._receipts.publish(sent_receipt(message, sent_s, self._now()))

    def _drop(self, message: msg.Cue, result: int, text: str, now: float) -> None:
        self._dropped_count += 1
        self._receipts.publish(dropped_receipt(message, result, text, now))

    def _on_tick(self) -> None:
        due = self._timer.due(self._now())
        if due:
            self._write_or_reconnect(due)

    def _write_or_reconnect(self, data: bytes) -> None:
        """Write; on a lost link nothing more can be done here, and ``connect()`` switches all off when it is back."""
        try:
            self._reader.write(data)
        except WireError as error:
            self.get_logger().warning(f"could not switch the actuator off: {error}")

    def health(self) -> list[DiagnosticStatus]:
        """One status: the wire to the actuator."""
        health = self._reader.health()
        counts = {
            "sent_count": self._sent_count,
            "dropped_count": self._dropped_count,
            "open_count": health.open_count,
        }
        return [link_status("haptic", health, counts)]

    def destroy_node(self) -> None:
        """Leave nothing switched on."""
        self._write_or_reconnect(self._timer.all_off())
        self._reader.close()
        super().destroy_node()


def main() -> None:
    """Run the node."""
    run(HapticNode)
