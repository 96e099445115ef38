# SPDX-License-Identifier: Apache-2.0
"""The progress node in a process of its own, told by the test what the other nodes of a lab would tell."""

import re
import threading

from gait_lab import msg

from gait_ros import qos
from gait_ros.messages import to_stamp

DEADLINE_S = 60.0


def test_progress_stops_at_the_end_and_says_when_cues_pass(test_node, start_node, wait_until):
    node, spin = test_node
    process = start_node("progress_node", "", package="gait_session")
    lines = []
    reader = threading.Thread(target=lambda: [lines.append(line) for line in process.stdout])
    reader.start()
    sessions = node.create_publisher(msg.SessionState, "session/state", qos.STATE)
    feedback = node.create_publisher(msg.FeedbackState, "feedback/state", qos.STATE)
    belts = node.create_publisher(msg.TreadmillState, "treadmill/state", qos.EVENTS)

    speed_mps = 0.5

    def step():  # again and again, as the treadmill does
        belts.publish(msg.TreadmillState(left_speed_mps=speed_mps, right_speed_mps=speed_mps))
        spin()

    def wait(condition):
        wait_until(condition, step, deadline_s=DEADLINE_S)

    def wait_for_line(start):
        wait(lambda: any(re.match(start, line) for line in lines))

    def start_s(ago_s):
        return to_stamp(node.get_clock().now().nanoseconds * 1e-9 - ago_s)

    session = msg.SessionState(state=msg.SessionState.ACTIVE, duration_s=40.0, start=start_s(39.0))
    sessions.publish(session)
    wait_for_line(r" *\d+/40 s .* belt 0.50 0.50")
    feedback.publish(msg.FeedbackState(guard_text="no baseline yet"))
    wait_for_line("feedback: no baseline yet\n")
    feedback.publish(msg.FeedbackState())
    wait_for_line("feedback: cues pass on both sides\n")
    session.state, session.text = msg.SessionState.ENDED, "planned length reached"
    sessions.publish(session)
    wait_for_line("session ended: planned length reached\n")
    place = lines.index("session ended: planned length reached\n")
    wait(lambda: len(lines) > place + 2)  # while the belts move, a line a second
    (ended,) = {re.match(r" *(\S+) s ", line)[1] for line in lines[place + 1 :]}  # and time stands still
    assert ended.endswith("/40")
    speed_mps = 0.0
    wait(lambda: process.poll() is not None)
    reader.join()
    assert process.returncode == 0
