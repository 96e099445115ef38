# SPDX-License-Identifier: Apache-2.0
"""For ``gait-lab doctor``: listens to ``/diagnostics`` and prints the newest status of each name as JSON."""

import json
import sys
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.utilities import remove_ros_args

from gait_ros.running import LabNode, run


class HealthNode(LabNode):
    """Listens for as many seconds as the first argument says."""

    def __init__(self) -> None:
        super().__init__("health_node")
        self._statuses: dict[str, dict[str, Any]] = {}
        self.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)
        self.create_timer(float(remove_ros_args(sys.argv)[1]), self._end)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            self._statuses[status.name] = {
                "level": int.from_bytes(status.level, "little"),
                "text": status.message,
                "values": {pair.key: pair.value for pair in status.values},
            }

    def _end(self) -> None:
        print(json.dumps(self._statuses), flush=True)
        self.is_done = True


def main() -> None:
    """Run the node."""
    run(HealthNode)
