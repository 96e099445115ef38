# SPDX-License-Identifier: Apache-2.0
"""A node of the test and nodes of the lab, each of the latter in a process of its own, in one domain."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node


@pytest.fixture
def test_node(domain_id: int) -> Iterator[tuple[Node, Callable[[], None]]]:
    """A node, and what lets it hear for a moment."""
    context = rclpy.Context()
    context.init(domain_id=domain_id)
    node = rclpy.create_node("test_node", context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    yield node, lambda: executor.spin_once(timeout_sec=0.02)
    executor.shutdown()
    node.destroy_node()
    context.shutdown()


@pytest.fixture
def start_node(tmp_path: Path, domain_id: int) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """``start_node("imu_node", yaml)`` starts a sensing node, or a node of another package, on a config."""
    processes = []

    def start(name: str, config: str, package: str = "gait_sensing") -> "subprocess.Popen[str]":
        path = tmp_path / f"{name}.yaml"
        path.write_text(config)
        command = [sys.executable, "-c", f"from {package}.{name} import main; main()"]
        command += ["--ros-args", "--params-file", str(path)]
        processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def health(test_node: tuple[Node, Callable[[], None]]) -> dict[str, str]:
    """The newest text of each name on ``/diagnostics``; "ok" for what is healthy."""
    texts: dict[str, str] = {}

    def take(message: DiagnosticArray) -> None:
        texts.update({status.name: status.message for status in message.status})

    node, _ = test_node
    node.create_subscription(DiagnosticArray, "/diagnostics", take, 10)
    return texts
