# SPDX-License-Identifier: Apache-2.0
"""What a message means, as a value; one that means nothing is dropped and told, and the node lives on."""

import math
from collections import Counter
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from rclpy.qos import QoSProfile

from gait_ros.running import LabNode

T = TypeVar("T")


class Meaning(Generic[T]):
    """Makes values of the messages of one topic, by a function of ``gait_messages.values``."""

    def __init__(self, node: LabNode, topic: str, to_value: Callable[[Any], T]) -> None:
        self._node, self._topic = node, node.resolve_topic_name(topic)
        self._to_value = to_value
        self._dropped: Counter[str] = Counter()  # by reason

    def of(self, message: Any) -> T | None:
        """Return the value of ``message``; None for one that means nothing.

        That is counted in the node's health, and logged the first, tenth, hundredth time and so on.
        """
        try:
            return self._to_value(message)
        except ValueError as error:
            reason = str(error)
        self._dropped[reason] += 1
        self._node.dropped[self._topic] += 1
        if math.log10(self._dropped[reason]).is_integer():
            text = f"{self._topic}: dropped {self._dropped[reason]} so far: {reason}"
            self._node.get_logger().warning(text)
        return None


def subscribe(
    node: LabNode,
    message_type: type,
    topic: str,
    to_value: Callable[[Any], T],
    callback: Callable[[T, Any], object],
    profile: QoSProfile,
) -> None:
    """Call ``callback(value, message)`` for each message of ``topic`` that means anything."""
    meaning = Meaning(node, topic, to_value)

    def take(message: Any) -> None:
        value = meaning.of(message)
        if value is not None:
            callback(value, message)

    node.create_subscription(message_type, topic, take, profile)
