# SPDX-License-Identifier: Apache-2.0
"""Who may import whom, and who may know ROS: the rule of docs/architecture.md."""

import ast
from pathlib import Path

import pytest

SRC = Path(__file__).parent.parent / "src"
PURE = ["gait_parts", "gait_sensing", "gait_analysis", "gait_feedback", "gait_messages", "gait_session"]
READ_NO_CLOCK = {"gait_parts", "gait_analysis", "gait_feedback", "gait_messages"}
MAY_IMPORT = {package: set(PURE[:index]) for index, package in enumerate(PURE)}
MAY_IMPORT["gait_sim"] = MAY_IMPORT["gait_ros"] = set(PURE)
ROS = {"rclpy", "gait_lab", "gait_ros", "ament_index_python", "builtin_interfaces", "rosidl_runtime_py"}
FILES = sorted(SRC.rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Top-level names that a file imports, wherever in the file the import stands."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import; write the full name"
            names.add((node.module or "").split(".")[0])
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SRC)))
def test_imports_follow_the_layers(path):
    package = path.relative_to(SRC).parts[0]
    names = imported(path)
    open_to_all = {"gait_ros", "gait_messages"} if path.name.endswith("_node.py") else {"gait_ros"}
    stages = names & {*MAY_IMPORT} - {package, *open_to_all}
    assert stages <= MAY_IMPORT[package], f"{package} may not import {stages - MAY_IMPORT[package]}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SRC)))
def test_only_nodes_and_gait_ros_know_ros(path):
    if path.name.endswith("_node.py") or path.relative_to(SRC).parts[0] == "gait_ros":
        return
    known = {name for name in imported(path) if name in ROS or name.endswith(("_msgs", "_srvs"))}
    assert not known, f"a pure file imports {known}: move the ROS part to a *_node.py"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SRC)))
def test_pure_stages_read_no_clock(path):
    package = path.relative_to(SRC).parts[0]
    if path.name.endswith("_node.py") or package not in READ_NO_CLOCK:
        return
    assert not imported(path) & {"time", "datetime"}, f"{path}: time is an argument"


def test_no_source_folder_bears_the_name_of_the_message_package():
    assert not (SRC / "gait_lab").exists()


def test_the_rule_sees_every_package():
    assert {path.name for path in SRC.iterdir() if path.is_dir() and not path.name.startswith("__")} == {*MAY_IMPORT}
