# SPDX-License-Identifier: Apache-2.0
"""What a message means, as a value; one that means nothing is dropped and told, and the node lives on."""

import math
from collections import Counter
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from rclpy.node import Node
from rclpy.qos import QoSProfile

T = TypeVar("T")


class Meaning(Generic[T]):
    """Makes values of the messages of one topic, by a function of ``gait_messages.values``."""

    def __init__(self, node: Node, topic: str, to_value: Callable[[Any], T]) -> None:
        self._logger, self._topic = node.get_logger(), node.resolve_topic_name(topic)
        self._to_value = to_value
        self._dropped: Counter[str] = Counter()  # by reason

    def of(self, message: Any) -> T | None:
        """Return the value of ``message``; None for one that means nothing, which is logged at 1, 10, 100 and so on."""
        try:
            return self._to_value(message)
        except ValueError as error:
            reason = str(error)
        self._dropped[reason] += 1
        if math.log10(self._dropped[reason]).is_integer():
            self._logger.warning(f"{self._topic}: dropped {self._dropped[reason]} so far: {reason}")
        return None


def subscribe(
    node: Node,
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
