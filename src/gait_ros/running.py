# SPDX-License-Identifier: Apache-2.0
"""Start, spin and stop one node the same clean way everywhere; the only file that chooses an executor."""

import gc
import os
import re
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Mapping

import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.executors import Executor
from rclpy.experimental.events_executor import EventsExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from gait_ros.intake import Newest, new_intake
from gait_ros.parameters import refuse_unknown

SPIN_S = 0.2  # EventsExecutor hangs without a time-out; this is also the longest wait before a stop is seen
HEALTH_PERIOD_S = 1.0
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)

_ROS_PLACE = re.compile(r"\s*, at \S+:\d+")  # in the C code of ROS, which says nothing to who gave a wrong argument

# Over shared memory, Fast DDS lets a publisher wait up to a second for a subscriber that was killed; the treadmill's
# watchdog cannot. On one host UDP costs about the same. Read when the context is made; a user's own choice is kept, and
# so is a profile's (config/loopback.xml).
os.environ.setdefault("FASTDDS_BUILTIN_TRANSPORTS", "UDPv4")


class LabNode(Node):
    """A node of the lab: reports its health once a second, and may end by itself."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.context.untrack_node(
            self
        )  # it would also close a node that a wrong setting left half built; run() does not
        self.is_done = False  # set to end the process
        self.exit_code = 0  # with which it ends then
        self.dropped: Counter[str] = Counter()  # messages that meant nothing, by topic
        self._unspun: Node | None = None
        self._health_publisher = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self._health_timer = self.create_timer(HEALTH_PERIOD_S, self.publish_health)

    def newest(self, message_type: type, topic: str) -> Newest:
        """Return what takes the newest message of a topic."""
        if self._unspun is None:
            self._unspun = new_intake(self)
        return Newest(self._unspun, message_type, topic)

    def destroy_node(self) -> None:
        """Leave the graph."""
        if self._unspun is not None:
            self._unspun.destroy_node()
        super().destroy_node()

    def health(self) -> list[DiagnosticStatus]:
        """Return the health of each thing the node looks after; none by default."""
        return []

    def publish_health(self) -> None:
        """Publish ``health()`` now, and which messages were dropped because they meant nothing."""
        statuses = self.health()
        if self.dropped:
            problem = "dropped messages of " + ", ".join(sorted(self.dropped))
            statuses.append(status(f"{self.get_name()}_messages", problem, False, self.dropped))
        if statuses:
            message = DiagnosticArray(status=statuses)
            message.header.stamp = self.get_clock().now().to_msg()
            self._health_publisher.publish(message)


def status(name: str, problem: str, is_fatal: bool, values: Mapping[str, object]) -> DiagnosticStatus:
    """Return a diagnostic status: OK without a ``problem``, otherwise WARN, or ERROR when ``is_fatal``."""
    level = DiagnosticStatus.OK if not problem else DiagnosticStatus.ERROR if is_fatal else DiagnosticStatus.WARN
    pairs = [KeyValue(key=key, value=str(value)) for key, value in values.items()]
    return DiagnosticStatus(level=level, name=name, message=problem or "ok", values=pairs)


def now_s(node: Node) -> float:
    """Return the node's clock as Unix seconds."""
    return float(node.get_clock().now().nanoseconds) * 1e-9


def new_executor() -> Executor:
    """Return the executor that every node spins.

    ``EventsExecutor`` costs 40 % of ``SingleThreadedExecutor`` at 1 kHz and has the shorter tail. It is marked
    experimental: should a release break it, ``SingleThreadedExecutor`` goes here and nowhere else.
    """
    return EventsExecutor()


def run(node_type: Callable[[], LabNode]) -> None:
    """Body of every executable: spin until Ctrl-C, SIGTERM or ``is_done``, close the node, leave with its exit code.

    A wrong setting or argument ends the process with exit code 1 and one line that names it.
    """
    stop = threading.Event()
    for number in STOP_SIGNALS:
        signal.signal(number, lambda *_: stop.set())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)  # whoever started the process may have blocked them
    try:  # rclpy's own signal handlers race with a busy executor and can hang it
        context = rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    except RuntimeError as error:  # its kinds are private to rclpy
        sys.exit(_ROS_PLACE.sub("", str(error)))
    with context:
        try:
            node = node_type()
        except ValueError as error:
            sys.exit(f"{error}")
        try:
            refuse_unknown(node)
            gc.collect()
            gc.freeze()  # what lives as long as the node is not searched again and again: a pause is a late cue
            executor = new_executor()
            executor.add_node(node)
            while not stop.is_set() and not node.is_done:
                executor.spin_once(timeout_sec=SPIN_S)
            executor.remove_node(node)
        except ValueError as error:
            sys.exit(f"{error}")
        finally:
            node.destroy_node()
    sys.exit(node.exit_code)
