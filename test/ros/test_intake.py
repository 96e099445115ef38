# SPDX-License-Identifier: Apache-2.0
"""What is taken when somebody looks is the newest message, once."""

import time

import pytest
from std_msgs.msg import Int32

from gait_ros.intake import Newest, never_called, new_intake, take
from gait_ros.qos import EVENTS


@pytest.fixture
def intake(test_node):
    node = new_intake(test_node[0])
    yield node
    node.destroy_node()


def wait_for(condition, listen):
    deadline_s = time.monotonic() + 60.0
    while not condition():
        assert time.monotonic() < deadline_s
        listen()


def test_the_newest_is_taken_once_and_what_came_before_it_never(test_node, intake):
    node, listen = test_node
    newest = Newest(intake, Int32, "numbers")
    publisher = node.create_publisher(Int32, "numbers", EVENTS)
    wait_for(publisher.get_subscription_count, listen)
    assert newest.take() is None
    taken = []

    def is_last_taken():
        if (message := newest.take()) is not None:
            taken.append(message.data)
        return taken[-1:] == [200]

    for number in range(1, 201):
        publisher.publish(Int32(data=number))
    wait_for(is_last_taken, listen)
    assert taken == sorted(set(taken))
    assert len(taken) < 20  # a queue would hand out one after the other
    assert newest.take() is None


def test_nothing_is_lost_of_a_queue_that_is_long_enough(test_node, intake):
    node, listen = test_node
    subscription = intake.create_subscription(Int32, "numbers", never_called, EVENTS, raw=True)
    publisher = node.create_publisher(Int32, "numbers", EVENTS)
    wait_for(publisher.get_subscription_count, listen)
    for number in range(5):
        publisher.publish(Int32(data=number))
    sent = []

    def is_all_there():
        while (taken := take(subscription)) is not None:
            sent.append(taken[1]["publication_sequence_number"])
        return len(sent) == 5

    wait_for(is_all_there, listen)
    assert sent == list(range(sent[0], sent[0] + 5))
