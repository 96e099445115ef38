# SPDX-License-Identifier: Apache-2.0
"""``gait-lab launch``: find a launch file; run it with ROS 2's own ``launch`` or, where that is absent, with ours."""

import importlib
import importlib.util
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from gait_session.launching.environment import find_share, launch_environment
from gait_session.launching.evaluate import Surroundings, evaluate
from gait_session.launching.file import Element, LaunchFileError, arguments, parse_file
from gait_session.launching.run import run

PACKAGE = "gait_lab"


def find_launch_file(name: str) -> Path:
    """Return the file that a path, or a name in the package's ``launch`` folder, means, or raise ``ValueError``."""
    if Path(name).is_file():
        return Path(name).absolute()
    folder = find_share(PACKAGE, launch_environment(os.environ)) / "launch"
    for path in (folder / name, folder / f"{name}.launch.xml"):
        if path.is_file():
            return path
    there = ", ".join(sorted(path.name for path in folder.glob("*.launch.xml"))) or "none"
    raise ValueError(f"there is no launch file {name}, neither here nor in {folder}, which has {there}")


def parse_arguments(words: Sequence[str]) -> dict[str, str]:
    """Return the launch arguments written as ``name:=value``; the last of a name wins. Raises ``ValueError``."""
    result = {}
    for word in words:
        name, sign, value = word.partition(":=")
        if not (name and sign and value):
            raise ValueError(f"{word!r} is not of the form name:=value")
        result[name] = value
    return result


def launch(path: Path, given: Mapping[str, str]) -> int:
    """Run a launch file to its end and return the exit code. Raises ``LaunchFileError`` before anything is started."""
    if all(importlib.util.find_spec(name) for name in ("launch", "launch_ros", "launch_xml")):
        return _launch_with_ros2(path, given)
    environment = launch_environment(os.environ)
    loaded: list[Element] = []

    def load(path: Path) -> Element:
        loaded.append(parse_file(path))
        return loaded[-1]

    actions = evaluate(path, given, Surroundings(environment, lambda name: find_share(name, environment), load))
    known = {argument.name for root in loaded for argument in arguments(root)}
    for name in given.keys() - known:
        raise LaunchFileError(f"{path} has no argument {name}; it has {', '.join(sorted(known)) or 'none'}")
    return run(actions, environment, sys.stdout.buffer)


def show_arguments(path: Path) -> str:
    """Return a launch file's arguments as text."""
    lines = [f"Arguments of {path.name}, given as name:=value"]
    for argument in arguments(parse_file(path)):
        default = "must be given" if argument.default is None else f"default: {argument.default or '(empty)'}"
        lines += ["", f"  {argument.name}", f"      {argument.description or 'no description'}", f"      {default}"]
        if argument.choices:
            lines.append(f"      one of: {', '.join(argument.choices)}")
    return "\n".join(lines)


def _launch_with_ros2(path: Path, given: Mapping[str, str]) -> int:
    """Hand the file to ROS 2's ``launch``; imported by name, as most environments do not have it."""
    ros2 = importlib.import_module("launch")
    sources = importlib.import_module("launch.launch_description_sources")
    actions = importlib.import_module("launch.actions")
    os.environ.update(launch_environment(os.environ))
    source = sources.AnyLaunchDescriptionSource(str(path))
    include = actions.IncludeLaunchDescription(source, launch_arguments=list(given.items()))
    service = ros2.LaunchService(argv=[f"{name}:={value}" for name, value in given.items()])
    service.include_launch_description(ros2.LaunchDescription([include]))
    return int(service.run())
