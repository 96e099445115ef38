# SPDX-License-Identifier: Apache-2.0
"""Messages that are taken when somebody looks, instead of a callback for each: a fast topic costs little in between."""

from typing import Any, cast

import rclpy
from rclpy.node import Node
from rclpy.serialization import deserialize_message
from rclpy.subscription import Subscription

from gait_ros import qos


def new_intake(node: Node) -> Node:
    """Return a node beside ``node`` that no executor spins: an executor would take the messages away."""
    return rclpy.create_node(
        f"{node.get_name()}_intake",
        context=node.context,
        namespace=node.get_namespace(),
        use_global_arguments=False,  # topics are named as they are in the graph: nothing is remapped again
        enable_rosout=False,
        start_parameter_services=False,
    )


def never_called(_: Any) -> None:
    """Stand where a subscription of an intake wants a callback."""
    raise AssertionError("an intake is spun by no executor")


def take(subscription: "Subscription[Any]") -> tuple[bytes, dict[str, Any]] | None:
    """Return the oldest message that waits, serialised, and what DDS says of it; None when there is none."""
    handle = subscription.handle
    with handle:
        return cast("tuple[bytes, dict[str, Any]] | None", handle.take_message(subscription.msg_type, True))


class Newest:
    """The newest message of one topic."""

    def __init__(self, intake: Node, message_type: type, topic: str) -> None:
        self._subscription = intake.create_subscription(message_type, topic, never_called, qos.NEWEST, raw=True)

    def take(self) -> Any:
        """Return the newest message that came since the last call; None when none did."""
        taken = take(self._subscription)
        return None if taken is None else deserialize_message(taken[0], self._subscription.msg_type)
