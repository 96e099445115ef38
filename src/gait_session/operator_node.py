# SPDX-License-Identifier: Apache-2.0
"""The operator's hand from a terminal: calls one service of the lab, prints the answer and ends."""

import argparse
import sys
from typing import Any

from gait_lab import srv
from rclpy.client import Client
from rclpy.task import Future
from rclpy.utilities import remove_ros_args
from std_srvs.srv import Trigger

from gait_ros.running import LabNode, run

SERVICES: dict[str, tuple[str, Any]] = {
    "start": ("session_node/start", srv.Start),
    "stop": ("session_node/stop", Trigger),
    "stop-belts": ("treadmill_node/stop", Trigger),
    "ask": ("feedback_node/ask", Trigger),
}
TIMEOUT_S = 5.0


class OperatorNode(LabNode):
    """Calls the service that the first argument names."""

    def __init__(self) -> None:
        super().__init__("operator_node")
        parser = argparse.ArgumentParser(prog="operator_node", description=__doc__)
        parser.add_argument("wish", choices=SERVICES)
        parser.add_argument("--despite-red", action="store_true")
        parser.add_argument("--keep-zero", action="store_true")
        options = parser.parse_args(remove_ros_args(sys.argv)[1:])
        self._service, kind = SERVICES[options.wish]
        self._request = kind.Request()
        if options.wish == "start":
            self._request.despite_red, self._request.keeps_zero = options.despite_red, options.keep_zero
        self._client: Client[Any, Any] = self.create_client(kind, self._service)
        self._is_asked = False
        self._poll = self.create_timer(0.1, self._ask)
        self.create_timer(TIMEOUT_S, self._give_up)

    def _ask(self) -> None:
        if not self._is_asked and self._client.service_is_ready():
            self._is_asked = True
            self._client.call_async(self._request).add_done_callback(self._on_answer)

    def _on_answer(self, future: Future[Any]) -> None:
        answer: Any = future.result()
        is_done, text = (
            (answer.is_started, answer.text)
            if isinstance(answer, srv.Start.Response)
            else (answer.success, answer.message)
        )
        print(text, flush=True)
        self.exit_code = 0 if is_done else 1
        self.is_done = True

    def _give_up(self) -> None:
        print(f"no answer from {self._service} within {TIMEOUT_S:.0f} s: is the lab running?", file=sys.stderr)
        self.exit_code = 1
        self.is_done = True


def main() -> None:
    """Run the node."""
    run(OperatorNode)
