# SPDX-License-Identifier: Apache-2.0
"""The runner with real processes: shell scripts installed as a package's executables in a temporary prefix."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from gait_session.launching import guard
from gait_session.launching.environment import launch_environment

SOURCE = Path(__file__).parents[2] / "src"
PATIENCE_S = 30.0  # how long a condition may take before the test gives up
STAY = """#!/bin/sh
trap 'echo got INT; exit 0' INT
trap 'exit 0' TERM
echo ready
while :; do sleep 1 & wait $!; done
"""
STUBBORN = "#!/bin/sh\ntrap '' INT TERM\necho ready\nwhile :; do sleep 1; done\n"
LAUNCH = """
import sys
from gait_session import command_line
from gait_session.launching import guard
guard.GRACE_S = {grace_s}
sys.exit(command_line.main(sys.argv[1:]))
"""


def wait_until(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline_s, "gave up waiting"
        time.sleep(0.01)


class Lab:
    """A prefix with executables, a launch file, and the launch of it with its output in a file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._output = folder / "output"
        self._launch: subprocess.Popen[bytes] | None = None
        (folder / "share/ament_index/resource_index/packages").mkdir(parents=True)
        (folder / "share/ament_index/resource_index/packages/toy").touch()
        (folder / "lib/toy").mkdir(parents=True)

    def start(self, body: str, *words: str, grace_s: float = PATIENCE_S, **scripts: str) -> None:
        for name, script in scripts.items():
            path = self._folder / "lib/toy" / name
            path.write_text(script)
            path.chmod(0o755)
        file = self._folder / "toy.launch.xml"
        file.write_text(f"<launch>\n{body}\n</launch>")
        environment = {**os.environ, "AMENT_PREFIX_PATH": str(self._folder), "PYTHONPATH": str(SOURCE)}
        for name in ("ROS_AUTOMATIC_DISCOVERY_RANGE", "PYTHONUNBUFFERED"):
            environment.pop(name, None)
        command = [sys.executable, "-W", "error", "-c", LAUNCH.format(grace_s=grace_s), "launch", str(file), *words]
        typed = self._folder / "typed"
        typed.write_text("for nobody")
        with self._output.open("wb") as output, typed.open("rb") as stdin:
            self._launch = subprocess.Popen(
                command, env=environment, stdin=stdin, stdout=output, stderr=subprocess.STDOUT
            )

    def say(self) -> str:
        return self._output.read_text()

    def wait_for(self, *texts: str) -> None:
        wait_until(lambda: all(text in self.say() for text in texts) or self.launch.poll() is not None)
        assert all(text in self.say() for text in texts), self.say()

    @property
    def launch(self) -> "subprocess.Popen[bytes]":
        assert self._launch is not None
        return self._launch

    def process(self, label: str) -> int:
        """Return the number of the process that was last started under a label."""
        return int(re.findall(rf"{label} started, process (\d+)", self.say())[-1])

    def processes(self) -> list[int]:
        return [int(number) for number in re.findall(r"started, process (\d+)", self.say())]

    def end(self) -> int:
        """Wait for the launch to end and return its exit code; nothing that it started may be left."""
        exit_code = self.launch.wait(2.0 * PATIENCE_S)
        assert not any(map(guard.is_running, self.processes()))
        assert "Traceback" not in self.say()
        return exit_code

    def close(self) -> None:
        if self._launch is not None and self._launch.poll() is None:
            self._launch.kill()
            self._launch.wait()
            for process in self.processes():
                guard.kill_group(process)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    lab = Lab(tmp_path)
    yield lab
    lab.close()


def node(name: str, attributes: str = "", children: str = "") -> str:
    return f'<node pkg="toy" exec="{name}" {attributes}>{children}</node>'


def test_output_is_forwarded_line_by_line(lab: Lab) -> None:
    script = "#!/bin/sh\nprintf 'one\\n\\nüñ\\ttwo\\n'\necho wrong >&2\nprintf 'no end'\n"
    lab.start(node("talk") + '<log message="hello"/>', talk=script)
    assert lab.end() == 0
    marked = [line for line in lab.say().splitlines() if line.startswith("[talk-1]")]
    assert marked == ["[talk-1] one", "[talk-1] ", "[talk-1] üñ\ttwo", "[talk-1] wrong", "[talk-1] no end"]
    assert lab.say().startswith("[launch] hello\n")


def test_much_output_arrives_whole(lab: Lab) -> None:
    lab.start(node("talk"), talk="#!/bin/sh\nseq 1 200000\n")
    assert lab.end() == 0
    numbers = [int(line.split()[1]) for line in lab.say().splitlines() if line.startswith("[talk-1]")]
    assert numbers == list(range(1, 200001))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_signal_ends_all_with_zero(lab: Lab, number: signal.Signals) -> None:
    lab.start(node("stay") + node("stay", 'respawn="true"'), stay=STAY)
    lab.wait_for("[stay-1] ready", "[stay-2] ready")
    lab.launch.send_signal(number)
    assert lab.end() == 0
    assert lab.say().count("got INT") == 2
    assert "starting it again" not in lab.say()


def test_a_second_interrupt_changes_nothing(lab: Lab) -> None:
    slow = STAY.replace("echo got INT; exit 0", "echo got INT; sleep 0.1; exit 0")
    lab.start(node("stay"), stay=slow)
    lab.wait_for("ready")
    lab.launch.send_signal(signal.SIGINT)
    lab.wait_for("got INT")
    lab.launch.send_signal(signal.SIGINT)
    assert lab.end() == 0
    assert lab.say().count("got INT") == 1


def test_what_ignores_signals_is_killed_and_named(lab: Lab) -> None:
    lab.start(node("stubborn") + node("stay"), grace_s=2.0, stubborn=STUBBORN, stay=STAY)
    lab.wait_for("[stubborn-1] ready", "[stay-2] ready")
    lab.launch.send_signal(signal.SIGINT)
    assert lab.end() == 1
    said = lab.say()
    assert said.index("sending SIGTERM") < said.index("sending SIGKILL")
    assert said.rstrip().endswith("[launch] stubborn-1 was ended by SIGKILL")
    assert "stay-2 was" not in said


def test_what_a_process_leaves_behind_is_killed(lab: Lab, tmp_path: Path) -> None:
    lab.start(node("leave"), leave="#!/bin/sh\nsleep 1000 &\necho left $!\n")
    assert lab.end() == 0
    (left,) = re.findall(r"left (\d+)", lab.say())
    wait_until(lambda: not guard.is_running(int(left)))


def test_a_process_is_started_again_while_the_launch_lasts(lab: Lab) -> None:
    lab.start(node("stay", 'respawn="true" respawn_delay="0.1"'), stay=STAY)
    lab.wait_for("ready")
    os.kill(lab.process("stay-1"), signal.SIGKILL)
    lab.wait_for("stay-1 was ended by SIGKILL; starting it again in 0.1 s")
    wait_until(lambda: lab.say().count("ready") == 2)
    lab.launch.send_signal(signal.SIGINT)
    assert lab.end() == 0


def test_restarts_have_a_limit(lab: Lab) -> None:
    lab.start(node("fail", 'respawn="true" respawn_max_retries="2"'), fail="#!/bin/sh\nexit 3\n")
    assert lab.end() == 1
    assert lab.say().count("started, process") == 3
    assert lab.say().rstrip().endswith("[launch] fail-1 ended with exit code 3")


def test_a_stop_cancels_a_restart_that_waits(lab: Lab) -> None:
    lab.start(node("fail", 'respawn="true" respawn_delay="1000"'), fail="#!/bin/sh\nexit 3\n")
    lab.wait_for("starting it again")
    lab.launch.send_signal(signal.SIGTERM)
    assert lab.end() == 1
    assert lab.say().count("started, process") == 1


@pytest.mark.parametrize("exit_code", [0, 4])
def test_the_end_of_a_required_process_ends_the_launch(lab: Lab, exit_code: int) -> None:
    required = f"#!/bin/sh\nwhile [ ! -e {{}} ]; do sleep 0.01; done\nexit {exit_code}\n"
    flag = lab._folder / "flag"
    lab.start(node("end", 'on_exit="shutdown"') + node("stay"), end=required.format(flag), stay=STAY)
    lab.wait_for("[stay-2] ready")
    flag.touch()
    assert lab.end() == min(exit_code, 1)
    assert "which ends the launch; stopping" in lab.say()
    assert "got INT" in lab.say()


def test_a_killed_launch_leaves_no_process(lab: Lab) -> None:
    lab.start(node("stay") + node("stay"), stay=STAY)
    lab.wait_for("[stay-1] ready", "[stay-2] ready")
    lab.launch.kill()
    lab.launch.wait()
    wait_until(lambda: not any(map(guard.is_running, lab.processes())))


def test_the_guard_kills_what_is_still_listed_and_nothing_else(tmp_path: Path) -> None:
    script = tmp_path / "stubborn"
    script.write_text(STUBBORN)
    script.chmod(0o755)
    start = partial(subprocess.Popen, [script], stdout=subprocess.PIPE, start_new_session=True)
    with start() as listed, start() as ended:
        for child in (listed, ended):
            assert child.stdout is not None
            assert child.stdout.readline() == b"ready\n"
        quick = "from gait_session.launching import guard as g; g.GRACE_S = 0.1; g.main()"
        lines = f"+{listed.pid}\n+{ended.pid}\n-{ended.pid}\n"
        environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
        subprocess.run([sys.executable, "-c", quick], input=lines.encode(), env=environment, check=True)
        assert listed.wait(PATIENCE_S) == -signal.SIGKILL
        assert ended.poll() is None
        guard.kill_group(ended.pid)


def test_a_launch_survives_the_death_of_its_guard(lab: Lab) -> None:
    lab.start(node("stay", 'respawn="true"'), stay=STAY)
    lab.wait_for("ready")
    children = Path(f"/proc/{lab.launch.pid}/task/{lab.launch.pid}/children").read_text().split()
    (guard,) = set(map(int, children)) - {lab.process("stay-1")}
    os.kill(guard, signal.SIGKILL)
    os.kill(lab.process("stay-1"), signal.SIGKILL)
    wait_until(lambda: lab.say().count("ready") == 2)
    lab.launch.send_signal(signal.SIGINT)
    assert lab.end() == 0


def test_what_a_process_gets(lab: Lab, tmp_path: Path) -> None:
    show = '#!/bin/sh\necho "$@"\ncat "${9}"\necho $ROS_AUTOMATIC_DISCOVERY_RANGE $PYTHONUNBUFFERED $COLOUR\n'
    show += "command -v python3\necho in: $(cat)\n"
    children = '<param name="x" value="$(var x)" type="float"/><env name="COLOUR" value="blue"/>'
    body = '<arg name="x"/>' + node("show", 'name="n" args="a" ros_args="--log-level debug"', children)
    lab.start(body, "x:=2", show=show)
    assert lab.end() == 0
    lines = [line.removeprefix("[show-1] ") for line in lab.say().splitlines() if line.startswith("[show-1]")]
    assert re.fullmatch(r"a --ros-args --log-level debug --ros-args -r __node:=n --params-file \S+", lines[0])
    assert lines[1:4] == ["/**:", "  ros__parameters:", "    x: 2.0"]
    reach = launch_environment(os.environ)["ROS_AUTOMATIC_DISCOVERY_RANGE"]
    assert lines[4:] == [f"{reach} 1 blue", str(Path(sys.executable).parent / "python3"), "in:"]
    assert not Path(lines[0].split()[-1]).exists()


def test_nothing_is_started_when_an_executable_is_missing(lab: Lab) -> None:
    lab.start(node("stay") + "\n" + node("absent"), stay=STAY)
    assert lab.end() == 2
    assert "toy.launch.xml:3: <node> the package toy has no executable absent" in lab.say()
    assert lab.processes() == []


def test_what_cannot_be_executed_is_a_failure(lab: Lab) -> None:
    lab.start(node("broken") + node("stay"), broken="#!/absent/interpreter\n", stay=STAY)
    lab.wait_for("broken-1 cannot be started", "[stay-2] ready")
    lab.launch.send_signal(signal.SIGINT)
    assert lab.end() == 1


def test_an_unknown_argument_is_refused(lab: Lab) -> None:
    lab.start('<arg name="duration_s" default="1"/>' + node("stay"), "durations:=5", stay=STAY)
    assert lab.end() == 2
    assert "has no argument durations; it has duration_s" in lab.say()
