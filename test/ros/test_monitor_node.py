# SPDX-License-Identifier: Apache-2.0
"""The monitor in a process of its own, told by the test what other nodes would tell, and visited over HTTP."""

import http.client
import json
import re
import signal
import socket
import threading

import pytest
from gait_lab import msg

from gait_ros import qos
from gait_ros.messages import to_stamp

DEADLINE_S = 60.0
WORDS = "longer step on the left"


class Page:
    """A page that is open: it keeps the newest state and every prompt that it was told to speak."""

    def __init__(self, port):
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_S)
        self._connection.request("GET", "/events")
        self._answer = self._connection.getresponse()
        self.headers = self._answer.headers
        self.state, self.prompts, self.has_ended = {}, [], False
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self):
        kind = ""
        for line in self._answer:
            name, _, value = line.decode().strip().partition(": ")
            if name == "event":
                kind = value
            elif name == "data" and kind == "state":
                self.state = json.loads(value)
            elif name == "data":
                self.prompts.append(json.loads(value)["text"])
        self.has_ended = True

    def close(self):
        self._thread.join(DEADLINE_S)
        self._connection.close()


class Lab:
    """The monitor, and the test's end of its topics."""

    def __init__(self, test_node, start_node, wait_until, *settings):
        self._node, self._spin = test_node
        self._wait_until, self._start_node = wait_until, start_node
        self._start_s = self._now_s() - 30.0
        self._publishers = {
            message_type: self._node.create_publisher(message_type, topic, profile)
            for message_type, topic, profile in (
                (msg.SessionState, "session/state", qos.STATE),
                (msg.TreadmillState, "treadmill/state", qos.EVENTS),
                (msg.SafetyState, "treadmill/safety", qos.STATE),
                (msg.FeedbackState, "feedback/state", qos.STATE),
                (msg.Stride, "gait/strides", qos.EVENTS),
                (msg.Asymmetry, "gait/asymmetry", qos.EVENTS),
                (msg.Cue, "feedback/cue", qos.CUE),
            )
        }
        self.process = self.start(*settings)
        line = next(line for line in self.process.stderr if "the live page is at" in line)
        self.port = int(re.search(r"http://127\.0\.0\.1:(\d+)", line)[1])

    def _now_s(self):
        return self._node.get_clock().now().nanoseconds * 1e-9

    def start(self, *settings):
        config = "\n".join(["/**/monitor_node:", "  ros__parameters:", *(f"    {line}" for line in settings), ""])
        return self._start_node("monitor_node", config, package="gait_session")

    def publish(self, *messages):
        """Publish once; whoever wants it heard does so again and again."""
        for message in messages:
            self._publishers[type(message)].publish(message)
        self._spin()

    def session(self):
        message = msg.SessionState(state=msg.SessionState.ACTIVE, session="today", start=to_stamp(self._start_s))
        message.header.stamp = to_stamp(self._now_s())
        return message

    def wait(self, condition, *messages):
        """Publish a session and ``messages`` until a condition is met."""
        self._wait_until(condition, lambda: self.publish(self.session(), *messages), deadline_s=DEADLINE_S)

    def wait_for_state(self, page, condition, *messages):
        """Return the first state that meets a condition; the next one may not, where the test was held up."""
        states = []
        self.wait(lambda: page.state and condition(states.append(page.state) or states[-1]), *messages)
        return states[-1]

    def ask(self, path="/", **headers):
        """Return status, headers and body of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE_S)
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        finally:
            connection.close()

    def stop(self):
        """End the node; return what it said on standard error since its start."""
        self.process.send_signal(signal.SIGINT)
        _, err = self.process.communicate(timeout=DEADLINE_S)
        assert self.process.returncode == 0, err
        return err


@pytest.fixture
def lab(test_node, start_node, wait_until):
    return Lab(test_node, start_node, wait_until, "port: 0", "repeat_after_s: 600.0")


@pytest.fixture
def open_page(lab):
    pages = []

    def open_page():
        pages.append(Page(lab.port))
        return pages[-1]

    yield open_page
    lab.process.kill()
    for page in pages:
        page.close()


def test_page_and_refusals(lab):
    status, headers, text = lab.ask()
    assert status == 200
    assert "<title>gait session</title>" in text
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert lab.ask(Host="evil.example")[0] == lab.ask("/events", Host="evil.example")[0] == 421
    assert lab.ask("/state")[0] == 404
    assert lab.stop() == ""


def test_a_page_is_told_what_happens(lab, open_page):
    page = open_page()
    assert page.headers["Content-Type"] == "text/event-stream"
    state = lab.wait_for_state(page, lambda state: state["session"])
    assert (state["session"]["phase"], state["session"]["name"]) == ("active", "today")
    assert state["session"]["elapsed_s"] >= 30.0
    assert state["belts"] is state["safety"] is state["asymmetry"] is state["prompt"] is None
    metric = msg.AsymmetryMetric(name="step_time", rolling_median=0.05, index="positive: more on the left")
    told = (
        msg.TreadmillState(left_speed_mps=1.1, right_speed_mps=0.9),
        msg.SafetyState(level=3, reason=16, text="nobody is on the plates", state="stopping"),
        msg.FeedbackState(guard_text="no baseline yet"),
        msg.Asymmetry(side=1, metrics=[metric]),
        msg.Stride(side=msg.LimbState.SIDE_LEFT, number=7, header=lab.session().header),
    )
    names = ("session", "belts", "safety", "guard", "asymmetry")
    state = lab.wait_for_state(page, lambda state: all(map(state.get, names)) and state["strides"]["left_count"], *told)
    assert state["belts"] == {"left_speed_mps": 1.1, "right_speed_mps": 0.9}
    assert (state["safety"]["words"], state["safety"]["is_stopped"]) == ("stopping: walker gone", True)
    assert state["guard"] == {"text": "no baseline yet"}
    shown = {"name": "step time", "value": "0.050", "words": "positive: more on the left"}
    assert state["asymmetry"]["metrics"] == [shown]
    assert (state["strides"]["left_count"], state["strides"]["right_count"]) == (7, None)
    lab.wait_for_state(page, lambda state: state["belts"] is None)  # told no more


def test_a_prompt_is_shown_and_spoken_once(lab, open_page):
    first, second = open_page(), open_page()
    lab.wait(lambda: first.state and second.state)
    cue = msg.Cue(side=msg.LimbState.SIDE_LEFT, modality=msg.Cue.MODALITY_VIBRATION, text=WORDS)
    lab.wait(lambda: first.prompts and second.prompts, cue)
    lab.wait(lambda: first.state["prompt"] == second.state["prompt"] == {"text": WORDS}, cue)
    assert first.prompts == second.prompts == [WORDS]  # though it was cued again and again


def test_while_the_belts_are_stopped_no_prompt_is_spoken(lab, open_page):
    page = open_page()
    stop = msg.SafetyState(level=msg.SafetyState.LEVEL_STOP, reason=msg.SafetyState.REASON_OPERATOR_STOP)
    lab.wait_for_state(page, lambda state: state["safety"] and state["safety"]["is_stopped"], stop)
    unheard = msg.Cue(side=msg.LimbState.SIDE_LEFT, modality=msg.Cue.MODALITY_VIBRATION, text=WORDS)
    states = []
    lab.wait(lambda: states.append(page.state["clock_s"]) or len(set(states)) > 10, stop, unheard)
    armed = msg.SafetyState(level=msg.SafetyState.LEVEL_OK, state="armed")
    lab.wait_for_state(page, lambda state: state["safety"] and not state["safety"]["is_stopped"], armed)
    lab.wait(lambda: page.prompts, msg.Cue(side=1, modality=1, text="more weight on the left"))
    assert page.prompts == ["more weight on the left"]


def test_a_message_without_a_meaning_is_dropped_and_told(lab, open_page, health):
    page = open_page()
    lab.wait(lambda: "dropped messages of" in health.get("monitor_node_messages", ""), msg.SafetyState(level=9))
    lab.wait_for_state(page, lambda state: state["safety"], msg.SafetyState(level=0, state="armed"))


def test_a_page_that_never_reads_delays_no_other(lab, open_page):
    with socket.socket() as hung:
        hung.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        hung.connect(("127.0.0.1", lab.port))
        hung.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        page = open_page()
        guard = msg.FeedbackState()  # long words soon fill every buffer of a connection
        for number in range(30):
            guard.guard_text = f"{number} " + "x" * 200_000
            lab.wait_for_state(page, lambda state: state["guard"] == {"text": guard.guard_text}, guard)
        assert lab.stop() == ""


def test_a_node_that_ends_lets_its_pages_go(lab, open_page):
    pages = [open_page() for _ in range(3)]
    lab.wait(lambda: all(page.state for page in pages))
    with socket.create_connection(("127.0.0.1", lab.port), timeout=DEADLINE_S):  # says nothing
        assert lab.stop() == ""
    for page in pages:
        page.close()
        assert page.has_ended


def test_a_port_in_use_ends_the_node_with_one_line(lab):
    second = lab.start(f"port: {lab.port}")
    _, err = second.communicate(timeout=DEADLINE_S)
    assert second.returncode == 1
    assert err == (
        f"monitor_node: cannot serve the page at host 127.0.0.1, port {lab.port}: Address already in use; "
        "port 0 takes any free one\n"
    )


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ('host: ""', "monitor_node: parameter host: got '', expected an address of this computer"),
        ("host: 192.0.2.1", "monitor_node: cannot serve the page at host 192.0.2.1, port 8420: "),
        ("host: nowhere.invalid", "monitor_node: cannot serve the page at host nowhere.invalid, port 8420: "),
        ("repeat_after_s: -1.0", "monitor_node: .*repeat_after_s"),
    ],
)
def test_a_wrong_setting_ends_the_node_with_one_line(start_node, domain_id, settings, words):
    process = start_node("monitor_node", f"/**/monitor_node: {{ros__parameters: {{{settings}}}}}", "gait_session")
    _, err = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 1
    assert re.match(words, err), err
    assert err.count("\n") == 1


def test_whoever_opens_it_to_others_is_told_that_there_is_no_password(start_node, domain_id):
    process = start_node(
        "monitor_node", "/**/monitor_node: {ros__parameters: {host: 0.0.0.0, port: 0}}", "gait_session"
    )
    assert any("there is no password" in line for line in process.stderr)
