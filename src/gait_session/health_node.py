# SPDX-License-Identifier: Apache-2.0
"""For ``gait-lab doctor``: listens to ``/diagnostics`` and prints the newest status of each name as JSON.

It listens until the picture is whole, however slowly nodes start or find each other: until for ``quiet_s`` no status
was new, changed its level or came to know its rate, and no further node was found that tells its health.
"""

import json
import math
import sys
from functools import partial
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.utilities import remove_ros_args

from gait_ros.running import LabNode, now_s, run

TOPIC = "/diagnostics"
PERIOD_S = 0.1


class HealthNode(LabNode):
    """Takes three arguments: seconds to wait for a first status, ``quiet_s``, and the longest time in all."""

    def __init__(self) -> None:
        super().__init__("health_node")
        self._now = partial(now_s, self)
        self._first_s, self._quiet_s, self._longest_s = map(float, remove_ros_args(sys.argv)[1:4])
        self._statuses: dict[str, dict[str, Any]] = {}
        self._picture: object = None
        self._start_s = self._changed_s = self._now()
        self.create_subscription(DiagnosticArray, TOPIC, self._on_diagnostics, 10)
        self.create_timer(PERIOD_S, self._look)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            self._statuses[status.name] = {
                "level": int.from_bytes(status.level, "little"),
                "text": status.message,
                "values": {pair.key: pair.value for pair in status.values},
            }

    def _look(self) -> None:
        now = self._now()
        told = {name: (status["level"], _has_rate(status)) for name, status in self._statuses.items()}
        picture = (told, self.count_publishers(TOPIC))
        if picture != self._picture:
            self._picture, self._changed_s = picture, now
        quiet_s = self._quiet_s if told else self._first_s
        if now - self._changed_s >= quiet_s or now - self._start_s >= self._longest_s:
            print(json.dumps(self._statuses), flush=True)
            self.is_done = True


def _has_rate(status: dict[str, Any]) -> bool:
    return math.isfinite(float(status["values"].get("rate_hz", math.nan)))


def main() -> None:
    """Run the node."""
    run(HealthNode)
