# SPDX-License-Identifier: Apache-2.0
"""Cues to an actuator's bytes, each answered with one ``feedback/receipt``; every cue ends by the node's own time-out.

A device that acknowledges is not waited for: its answers come from the reader thread, and are looked at once a tick.
"""

import math
from collections import deque
from dataclasses import dataclass
from functools import partial

from diagnostic_msgs.msg import DiagnosticStatus
from gait_lab import msg

from gait_feedback import actuators
from gait_feedback.actuator_timer import ActuatorTimer, ActuatorTimerSettings
from gait_feedback.cue import Answer, Cue, Modality
from gait_feedback.ledger import Ledger, LedgerSettings, Settled
from gait_messages import values
from gait_parts.settings import Settings, setting
from gait_ros import qos
from gait_ros.devices import link_status
from gait_ros.meaning import subscribe
from gait_ros.messages import dropped_receipt, sent_receipt
from gait_ros.parameters import declare, declare_part, declare_text, refuse_sim_time
from gait_ros.running import LabNode, now_s, run
from gait_sensing.wires.reader import Reader
from gait_sensing.wires.transport import WireError

TICK_S = 0.01


@dataclass(frozen=True)
class ModalitySettings(Settings):
    """Which cues the node takes; others are left to other nodes, and answered by them."""

    modality: str = setting(
        "vibration", "cues to take, whatever the device makes of them", choices=("vibration", "sound")
    )


class HapticNode(LabNode):
    """One actuator device on one wire, for the cues of one modality."""

    def __init__(self) -> None:
        super().__init__("haptic_node")
        refuse_sim_time(self)
        self._now = partial(now_s, self)
        self._modality = Modality[declare(self, ModalitySettings).modality.upper()]
        url = declare_text(self, "url", "address of the actuator: serial:// or tcp://")
        part, settings = declare_part(self, actuators.__name__, "driver", "")
        self._driver = part.Driver(settings)
        self._timer = ActuatorTimer(declare(self, ActuatorTimerSettings), self._driver)
        self._ledger: Ledger[msg.Cue] = Ledger(declare(self, LedgerSettings))
        self._answers: deque[tuple[Answer, float]] = deque()  # from the reader thread
        self._sent_count = self._dropped_count = 0
        self._receipts = self.create_publisher(msg.CueReceipt, "feedback/receipt", qos.EVENTS)
        self._reader = Reader(url, self._driver, self._on_data, self._now, silent_s=self._driver.silent_s)
        subscribe(self, msg.Cue, "feedback/cue", values.cue, self._on_cue, qos.CUE)
        self.create_timer(TICK_S, self._on_tick)
        if math.isfinite(self._driver.poll_interval_s):
            self.create_timer(self._driver.poll_interval_s, self._poll)

    def _on_data(self, data: bytes, received_s: float) -> None:
        self._answers.extend((answer, received_s) for answer in self._driver.feed(data))

    def _on_cue(self, cue: Cue, message: msg.Cue) -> None:
        if cue.modality is not self._modality:
            return
        now = self._now()
        age_s = now - values.seconds(message.header.stamp)
        if abs(age_s) > self._timer.settings.max_age_s:
            text = f"{age_s:.3f} s old" if age_s > 0.0 else f"stamped {-age_s:.3f} s ahead of this computer's clock"
            self._drop(message, msg.CueReceipt.DROPPED_LATE, text, now)
            return
        if self._driver.problem:
            self._drop(message, msg.CueReceipt.DROPPED_NO_LINK, self._driver.problem, now)
            return
        data = self._timer.feed(now, cue)
        try:
            self._reader.write(data)  # with a refused cue, too: what ends now
        except WireError as error:
            self._drop(message, msg.CueReceipt.DROPPED_NO_LINK, str(error), now)
            return
        if self._timer.refusal:
            self._drop(message, msg.CueReceipt.DROPPED_LIMIT, self._timer.refusal, now)
            return
        self._note_sent(message, self._now())

    def _note_sent(self, message: msg.Cue, sent_s: float) -> None:
        self._sent_count += 1
        if self._driver.acknowledges:
            self._ledger.sent(self._driver.sequence, message, sent_s)
        else:
            self._receipts.publish(sent_receipt(message, sent_s, self._now()))

    def _drop(self, message: msg.Cue, result: int, text: str, now: float) -> None:
        self._dropped_count += 1
        self._receipts.publish(dropped_receipt(message, result, text, now))

    def _on_tick(self) -> None:
        now = self._now()
        if due := self._timer.due(now):
            self._write_or_reconnect(due)
        while self._answers:
            self._settle(self._ledger.feed(*self._answers.popleft()))
        self._settle(self._ledger.due(now))

    def _settle(self, cues: list[Settled[msg.Cue]]) -> None:
        for each in cues:
            times = each.sent_s, self._now(), each.acknowledged_s, each.device_time_s
            self._receipts.publish(sent_receipt(each.cue, *times, each.text))

    def _poll(self) -> None:
        if self._reader.is_connected:
            self._write_or_reconnect(self._driver.poll())

    def _write_or_reconnect(self, data: bytes) -> None:
        """Write; on a lost link nothing more can be done here, and ``connect()`` switches all off when it is back."""
        try:
            self._reader.write(data)
        except WireError as error:
            self.get_logger().warning(f"could not reach the actuator: {error}")

    def health(self) -> list[DiagnosticStatus]:
        """One status: the wire to the actuator, and whether it acknowledges what it must."""
        health = self._reader.health()
        counts = {
            "sent_count": self._sent_count,
            "dropped_count": self._dropped_count,
            "unacknowledged_count": self._ledger.unacknowledged_count,
            "open_count": health.open_count,
        }
        problem = self._driver.problem or (self._ledger.problem and f"newest cue {self._ledger.problem}")
        return [link_status(self.get_name().removesuffix("_node"), health, counts, problem)]

    def destroy_node(self) -> None:
        """Leave nothing switched on."""
        self._write_or_reconnect(self._timer.all_off())
        self._reader.close()
        self._settle(self._ledger.close())
        super().destroy_node()


def main() -> None:
    """Run the node."""
    run(HapticNode)
