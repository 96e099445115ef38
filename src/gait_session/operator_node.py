# SPDX-License-Identifier: Apache-2.0
"""The operator's hand from a terminal: calls one service of the lab, prints the answer and ends."""

import argparse
import sys

from rclpy.client import Client
from rclpy.task import Future
from rclpy.utilities import remove_ros_args
from std_srvs.srv import Trigger

from gait_ros.running import LabNode, run

SERVICES = {"start": "session_node/start", "stop": "session_node/stop", "stop-belts": "treadmill_node/stop"}
TIMEOUT_S = 5.0


class OperatorNode(LabNode):
    """Calls the service that the first argument names."""

    def __init__(self) -> None:
        super().__init__("operator_node")
        parser = argparse.ArgumentParser(prog="operator_node", description=__doc__)
        parser.add_argument("wish", choices=SERVICES)
        self._service = SERVICES[parser.parse_args(remove_ros_args(sys.argv)[1:]).wish]
        self._client: Client[Trigger.Request, Trigger.Response] = self.create_client(Trigger, self._service)
        self._is_asked = False
        self._poll = self.create_timer(0.1, self._ask)
        self.create_timer(TIMEOUT_S, self._give_up)

    def _ask(self) -> None:
        if not self._is_asked and self._client.service_is_ready():
            self._is_asked = True
            self._client.call_async(Trigger.Request()).add_done_callback(self._on_answer)

    def _on_answer(self, future: Future[Trigger.Response]) -> None:
        answer = future.result()
        assert answer is not None  # rclpy calls this when there is a result
        print(answer.message, flush=True)
        self.exit_code = 0 if answer.success else 1
        self.is_done = True

    def _give_up(self) -> None:
        print(f"no answer from {self._service} within {TIMEOUT_S:.0f} s: is the lab running?", file=sys.stderr)
        self.exit_code = 1
        self.is_done = True


def main() -> None:
    """Run the node."""
    run(OperatorNode)
