# SPDX-License-Identifier: Apache-2.0
"""One hop of a chain of nodes that do nothing else: with argument N it hears hop N - 1 and tells hop N; 0 counts up."""

import sys

from std_msgs.msg import Int32

from gait_ros import qos
from gait_ros.running import LabNode, run

TOPIC = "bare_hop_{}"
PERIOD_S = 0.2  # as often as feet land and leave


class BareHop(LabNode):
    """Publishes what it hears at once, or a number at a time."""

    def __init__(self) -> None:
        number = int(sys.argv[1])
        super().__init__(f"bare_hop_{number}")
        publisher = self.create_publisher(Int32, TOPIC.format(number), qos.EVENTS)
        if number:
            self.create_subscription(Int32, TOPIC.format(number - 1), publisher.publish, qos.EVENTS)
            return
        self._count = 0

        def count_up() -> None:
            self._count += 1
            publisher.publish(Int32(data=self._count))

        self.create_timer(PERIOD_S, count_up)


def main() -> None:
    """Run the node."""
    run(BareHop)
