# SPDX-License-Identifier: Apache-2.0
"""A node starts, stops and refuses its settings the way ``gait_ros`` promises; each in a real process."""

import signal
import subprocess
import sys

import pytest

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
    out, err = process.communicate(timeout=20)
    assert out.endswith("destroyed\n")
    assert (process.returncode, err) == (0, "")


def test_a_node_may_end_by_itself_with_its_exit_code(start):
    process = start(on_timer="self.is_done, self.exit_code = True, 3")
    out, _ = process.communicate(timeout=20)
    assert out.endswith("destroyed\n")
    assert process.returncode == 3


def test_parameters_reach_the_settings(start):
    process = start("-p", "part.rate_hz:=250.0", "-p", "part.mode:=b", "-p", "part.origin_m:=[1.0, 2.0, 3.0]")
    assert process.stdout.readline() == "settings 250.0 b [1.0, 2.0, 3.0]\n"


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
    _, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "Traceback" not in err
    assert all(word in err for word in words), err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_during_the_start_is_obeyed_after_it(domain_id, number):
    """As the executables do: blocked while modules are imported, obeyed once the node can close."""
    blocked = "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))\n"
    told = f"import os; os.kill(os.getpid(), {int(number)})\n"
    script = blocked + told + NODE.format(on_timer="pass")
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.endswith("destroyed\n")
