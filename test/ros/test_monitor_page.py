# SPDX-License-Identifier: Apache-2.0
"""The live page in a real browser, which the test drives over the DevTools protocol and a pipe."""

import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from fcntl import F_DUPFD, fcntl

import pytest
from gait_lab import msg

from gait_ros import qos
from gait_ros.messages import to_stamp

DEADLINE_S = 100.0
CHROMIUM = shutil.which("chromium")
# Chromium reads what it is asked from file 3 and answers into file 4.
EXEC = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); os.execvp(sys.argv[3], sys.argv[3:])"
)
OPTIONS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe"]
SPEECH = "window.spoken = []; speechSynthesis.speak = utterance => spoken.push(utterance.text);"

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on the PATH")


class Browser:
    """Headless Chromium with one page; ``script`` runs in it before the page's own."""

    def __init__(self, folder, script):
        pipes = [*os.pipe(), *os.pipe()]
        theirs = [fcntl(fd, F_DUPFD, 10) for fd in (pipes[0], pipes[3])]  # beyond 3 and 4, which they become
        self._answers, self._requests = pipes[2], pipes[1]
        os.close(pipes[0])
        os.close(pipes[3])
        command = [sys.executable, "-c", EXEC, *map(str, theirs), CHROMIUM, *OPTIONS, f"--user-data-dir={folder}"]
        self._process = subprocess.Popen(
            command, pass_fds=theirs, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for fd in theirs:
            os.close(fd)
        self._buffer, self._number, self._session, self._url = b"", 0, {}, ""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = {"sessionId": self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]}
        self.call("Page.enable")
        self.call("Page.addScriptToEvaluateOnNewDocument", source=script)

    def call(self, method, **parameters):
        """Return what the browser answers to a request of its protocol."""
        self._number += 1
        request = {"id": self._number, "method": method, "params": parameters, **self._session}
        os.write(self._requests, json.dumps(request).encode() + b"\0")
        while (told := self._read()).get("id") != self._number:
            pass
        assert "error" not in told, told
        return told["result"]

    def open(self, url):
        """Return when the page is there."""
        self.call("Page.navigate", url=url)
        while self._url.rstrip("/") != url:
            self._read()

    def _read(self):
        """Return what the browser says next, an answer or an event."""
        end = time.monotonic() + DEADLINE_S
        while b"\0" not in self._buffer:
            assert select.select([self._answers], [], [], max(0.0, end - time.monotonic()))[0], "chromium is silent"
            data = os.read(self._answers, 1 << 20)
            assert data, "chromium has ended"
            self._buffer += data
        text, self._buffer = self._buffer.split(b"\0", 1)
        told = json.loads(text)
        if told.get("method") == "Page.frameNavigated":
            self._url = told["params"]["frame"]["url"]
        return told

    def value(self, expression):
        """Return what an expression is in the page; it may do what a person's hand may."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, userGesture=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def text(self, element):
        """Return the text of an element, by its id; None while there is none."""
        return self.value(f"document.getElementById('{element}')?.textContent")

    def close(self):
        """End it, and all that it started."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._answers)
        os.close(self._requests)


@pytest.fixture
def browser(tmp_path):
    browser = Browser(tmp_path / "browser", SPEECH)
    yield browser
    browser.close()


def test_the_page_shows_and_speaks_a_prompt_and_says_when_the_connection_is_lost(
    test_node, start_node, wait_until, browser
):
    node, spin = test_node
    config = "/**/monitor_node: {ros__parameters: {port: 0, repeat_after_s: 0.5}}"
    process = start_node("monitor_node", config, package="gait_session")
    url = re.search(r"http://\S+", next(line for line in process.stderr if "the live page is at" in line))[0]
    sessions = node.create_publisher(msg.SessionState, "session/state", qos.STATE)
    cues = node.create_publisher(msg.Cue, "feedback/cue", qos.CUE)

    def publish():
        now = to_stamp(node.get_clock().now().nanoseconds * 1e-9)
        session = msg.SessionState(state=msg.SessionState.ACTIVE, session="today", start=now)
        session.header.stamp = now
        sessions.publish(session)
        cues.publish(msg.Cue(side=1, modality=1, text="longer step on the left"))
        spin()

    def wait(condition, step=publish):
        wait_until(condition, step, deadline_s=DEADLINE_S)

    def has_lost_connection():
        is_shown = browser.value("document.getElementById('link').offsetParent !== null")
        return is_shown and browser.text("link").startswith("Connection lost")

    browser.open(url)
    wait(lambda: browser.text("prompt") == "longer step on the left")
    assert browser.value("spoken") == []  # until a hand has allowed it
    browser.value("document.getElementById('speaks').click()")
    wait(lambda: "longer step on the left" in browser.value("spoken"))
    wait(lambda: browser.text("phase") == "active" and not has_lost_connection())
    process.send_signal(signal.SIGSTOP)  # hung: the connection is open, and silent
    wait(has_lost_connection, spin)
    process.send_signal(signal.SIGCONT)
    wait(lambda: browser.text("phase") == "active" and not has_lost_connection())
    process.send_signal(signal.SIGINT)
    wait(has_lost_connection, spin)
    assert [browser.text(each) for each in ("phase", "prompt", "elapsed")] == ["\N{EN DASH}"] * 3
    assert process.wait(DEADLINE_S) == 0
