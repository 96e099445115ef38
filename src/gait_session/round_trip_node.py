# SPDX-License-Identifier: Apache-2.0
"""For ``gait-lab doctor``: one process talks, another listens, and the message must arrive."""

import sys
import time

from std_msgs.msg import String

from gait_ros import qos
from gait_ros.running import LabNode, run

PERIOD_S = 0.1
TIMEOUT_S = 10.0


class RoundTripNode(LabNode):
    """Talks until told to end, or listens for one message, as the first argument says."""

    def __init__(self) -> None:
        is_talker = sys.argv[1:2] == ["talk"]
        super().__init__("round_trip_talker" if is_talker else "round_trip_listener")
        self._start_s = time.monotonic()
        if is_talker:
            self._publisher = self.create_publisher(String, "gait_lab_round_trip", qos.EVENTS)
            self.create_timer(PERIOD_S, lambda: self._publisher.publish(String(data="hello")))
        else:
            self.create_subscription(String, "gait_lab_round_trip", self._on_message, qos.EVENTS)
            self.create_timer(TIMEOUT_S, self._give_up)

    def _on_message(self, _: String) -> None:
        print(f"a message arrived after {time.monotonic() - self._start_s:.1f} s", flush=True)
        self.is_done = True

    def _give_up(self) -> None:
        print(f"no message within {TIMEOUT_S:.0f} s", file=sys.stderr)
        self.exit_code = 1
        self.is_done = True


def main() -> None:
    """Run the node."""
    run(RoundTripNode)


if __name__ == "__main__":
    main()
