# SPDX-License-Identifier: Apache-2.0
"""The session node in a process of its own, told by the test what the other nodes of a lab would tell."""

import pytest
from gait_lab import msg, srv
from std_srvs.srv import Trigger

from gait_ros import qos
from gait_ros.messages import to_stamp

DEADLINE_S = 60.0


class Bench:
    """A session node of a played recording, the lab around it, and what the session says of itself."""

    def __init__(self, test_node, start_node, wait_until):
        self.node, self._spin = test_node
        self._wait_until = wait_until
        start_node("session_node", "/**: {ros__parameters: {input: recording}}\n", package="gait_session")
        self.has_feedback = False
        self.texts = []
        self.node.create_subscription(msg.SessionState, "session/state", self._on_state, qos.STATE)
        self._safety = self.node.create_publisher(msg.SafetyState, "treadmill/safety", qos.STATE)
        self._gait = self.node.create_publisher(msg.GaitState, "gait/state", qos.EVENTS)
        self._feedback = self.node.create_publisher(msg.FeedbackState, "feedback/state", qos.STATE)

    def _on_state(self, message):
        if message.text not in self.texts[-1:]:
            self.texts.append(message.text)

    def _step(self):
        state = msg.GaitState()
        state.header.stamp = to_stamp(self.node.get_clock().now().nanoseconds * 1e-9)
        self._gait.publish(state)
        self._safety.publish(msg.SafetyState())
        if self.has_feedback:
            self._feedback.publish(msg.FeedbackState())
        self._spin()

    def wait(self, condition):
        self._wait_until(condition, self._step, deadline_s=DEADLINE_S)

    def start(self):
        assert self._ask(srv.Start, "session_node/start").is_started

    def stop(self):
        return self._ask(Trigger, "session_node/stop")

    def _ask(self, kind, name):
        client = self.node.create_client(kind, name)
        self.wait(client.service_is_ready)
        future = client.call_async(kind.Request())
        self.wait(future.done)
        return future.result()


@pytest.fixture
def bench(test_node, start_node, wait_until):
    return Bench(test_node, start_node, wait_until)


def test_a_session_waits_for_feedback_by_name_and_goes_on_once_it_is_heard(bench):
    bench.start()
    bench.wait(lambda: any("feedback_node" in text for text in bench.texts))
    assert not any("arm" in text for text in bench.texts)
    bench.has_feedback = True
    bench.wait(lambda: "treadmill_node/arm" in bench.texts[-1])  # the next step, which nobody answers here


def test_a_stop_before_the_start_says_how_to_go_on_or_end(bench):
    advice = "; gait-lab start begins the session, Ctrl-C in the lab's terminal ends the lab"
    answer = bench.stop()
    assert (answer.success, answer.message) == (False, "waits for the operator to start it" + advice)
    bench.start()
    answer = bench.stop()
    assert (answer.success, answer.message) == (True, "stopped by the operator" + advice)
    assert bench.stop().message == answer.message
