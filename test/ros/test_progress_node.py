# SPDX-License-Identifier: Apache-2.0
"""The progress node in a process of its own, told by the test what the other nodes of a lab would tell."""

import re

from gait_lab import msg

from gait_ros import qos
from gait_ros.messages import to_stamp

DEADLINE_S = 30.0


def test_progress_stops_at_the_end_and_says_when_cues_pass(test_node, start_node, wait_until):
    node, spin = test_node
    process = start_node("progress_node", "", package="gait_session")
    sessions = node.create_publisher(msg.SessionState, "session/state", qos.STATE)
    feedback = node.create_publisher(msg.FeedbackState, "feedback/state", qos.STATE)
    belts = node.create_publisher(msg.TreadmillState, "treadmill/state", qos.EVENTS)

    def wait(condition):
        wait_until(condition, spin, deadline_s=DEADLINE_S)

    def next_line(start):
        return next(line for line in process.stdout if line.startswith(start))

    wait(lambda: all(publisher.get_subscription_count() for publisher in (sessions, feedback, belts)))
    session = msg.SessionState(state=msg.SessionState.ACTIVE, duration_s=40.0)
    session.start = to_stamp(node.get_clock().now().nanoseconds * 1e-9 - 39.0)
    belts.publish(msg.TreadmillState(left_speed_mps=0.5, right_speed_mps=0.5))
    sessions.publish(session)
    assert re.match(r" *\d+/40 s .* belt 0.50 0.50", process.stdout.readline())
    feedback.publish(msg.FeedbackState(guard_text="no baseline yet"))
    assert next_line("feedback: ") == "feedback: no baseline yet\n"
    feedback.publish(msg.FeedbackState())
    assert next_line("feedback: ") == "feedback: cues pass on both sides\n"
    session.state, session.text = msg.SessionState.ENDED, "planned length reached"
    session.start = to_stamp(node.get_clock().now().nanoseconds * 1e-9 - 40.2)
    sessions.publish(session)
    assert next_line("session ended: ") == "session ended: planned length reached\n"
    lines = [process.stdout.readline() for _ in range(2)]  # while the belts move, a line a second
    assert {re.match(r" *(\S+) s ", line)[1] for line in lines} == {"40/40"}
    wait(lambda: belts.publish(msg.TreadmillState()) or process.poll() is not None)
    assert process.returncode == 0
