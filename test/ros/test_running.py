# SPDX-License-Identifier: Apache-2.0
"""A node starts, stops and refuses its settings the way ``gait_ros`` promises; each in a real process."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

DEADLINE_S = 60.0
EXECUTABLE = Path(__file__).parents[2] / "executables" / "node.in"

NODE = """
import dataclasses
from gait_parts.settings import Settings, setting
from gait_ros.parameters import declare
from gait_ros.running import LabNode, run

@dataclasses.dataclass(frozen=True)
class NodeSettings(Settings):
    rate_hz: float = setting(100.0, "rate", low=1.0, high=400.0)
    mode: str = setting("a", "which", choices=("a", "b"))
    origin_m: list[float] = setting([0.0, 0.0, 0.0], "where", low=-5.0, high=5.0)

class ExampleNode(LabNode):
    def __init__(self):
        super().__init__("example_node")
        settings = declare(self, NodeSettings, "part.")
        print("settings", settings.rate_hz, settings.mode, settings.origin_m, flush=True)
        self.create_timer(0.01, self.on_timer)

    def on_timer(self):
        {on_timer}

    def destroy_node(self):
        super().destroy_node()
        print("destroyed", flush=True)

run(ExampleNode)
"""


@pytest.fixture
def start(domain_id):
    processes = []

    def start_node(*arguments, on_timer="print('alive', flush=True)"):
        process = subprocess.Popen(
            [sys.executable, "-c", NODE.format(on_timer=on_timer), "--ros-args", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process

    yield start_node
    for process in processes:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_node_cleanly(start, number):
    process = start()
    assert process.stdout.readline().startswith("settings")
    assert process.stdout.readline() == "alive\n"
    process.send_signal(number)
    out, err = process.communicate(timeout=DEADLINE_S)
    assert out.endswith("destroyed\n")
    assert (process.returncode, err) == (0, "")


def test_a_node_may_end_by_itself_with_its_exit_code(start):
    process = start(on_timer="self.is_done, self.exit_code = True, 3")
    out, _ = process.communicate(timeout=DEADLINE_S)
    assert out.endswith("destroyed\n")
    assert process.returncode == 3


def test_parameters_reach_the_settings(start):
    process = start("-p", "part.rate_hz:=250.0", "-p", "part.mode:=b", "-p", "part.origin_m:=[1.0, 2.0, 3.0]")
    assert process.stdout.readline() == "settings 250.0 b [1.0, 2.0, 3.0]\n"


def test_whole_numbers_need_no_decimal_point(start):
    process = start("-p", "part.rate_hz:=250", "-p", "part.origin_m:=[1, 2, 3]")
    assert process.stdout.readline() == "settings 250.0 a [1.0, 2.0, 3.0]\n"


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("part.rate_hx:=100.0", ["example_node", "part.rate_hx", "part.rate_hz"]),
        ("part.rate_hz:=1000.0", ["part.rate_hz", "1000"]),
        ("part.rate_hz:=fast", ["part.rate_hz", "STRING"]),
        ("part.mode:=c", ["part.mode", "'c'", "a, b"]),
    ],
)
def test_a_wrong_parameter_stops_the_node_and_is_named(start, argument, words):
    process = start("-p", argument)
    _, err = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 1
    assert "Traceback" not in err
    assert all(word in err for word in words), err


@pytest.mark.parametrize("words", [("--log-level", "loud"), ("--params-file", "absent.yaml"), ("nonsense",)])
def test_a_wrong_argument_is_named_in_one_line(start, words):
    _, err = start(*words).communicate(timeout=DEADLINE_S)
    *_, line = [line for line in err.splitlines() if not re.match(r"\[ERROR\] .*\[rcl\]", line)]
    assert words[-1] in line
    assert "Traceback" not in err and ".c:" not in line


def ended(script):
    """Return what a script has printed that must end well."""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=DEADLINE_S)
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_while_a_node_is_being_made_is_obeyed_once_it_can_close(domain_id, number):
    told = f"import os; os.kill(os.getpid(), {int(number)})\n        "
    script = NODE.format(on_timer="pass").replace("settings = declare", told + "settings = declare")
    assert ended(script).endswith("destroyed\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_during_the_imports_of_an_executable_is_obeyed_at_once(number):
    """However long they take: on a starved machine longer than a launch waits."""
    preamble, importing, _ = EXECUTABLE.read_text().partition("from @module@")
    assert importing
    endless = f"os.kill(os.getpid(), {int(number)})\nwhile True:\n    pass\n"
    assert ended(preamble + endless) == ""
