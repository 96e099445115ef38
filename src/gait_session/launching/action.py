# SPDX-License-Identifier: Apache-2.0
"""What a launch file says to do once it is evaluated."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gait_session.launching.file import Element


@dataclass(frozen=True)
class LogAction:
    """A line that the launch file wants said."""

    level: str
    text: str


@dataclass(frozen=True)
class NodeAction:
    """One process to start, everything substituted."""

    package: str
    executable: str
    label: str  # what its output is marked with
    name: str | None
    namespace: str | None  # absolute
    arguments: tuple[str, ...]
    ros_arguments: tuple[str, ...]
    parameters: tuple[Path | Mapping[str, object], ...]  # files and inline values; a later one wins
    remaps: tuple[tuple[str, str], ...]
    environment: tuple[tuple[str, str], ...]  # added to the launch's own
    respawn: bool
    respawn_delay_s: float
    respawn_max_count: int  # below 0: no limit
    is_required: bool  # its end, however it comes, ends the launch
    element: Element  # where it stands, for errors

    @property
    def parameter_node_name(self) -> str:
        """The node that inline parameters are written for: its full name, or any when part of that is not given."""
        if self.name is None or self.namespace is None:
            return "/**"
        return f"{self.namespace.rstrip('/')}/{self.name}"

    def command(self, executable: Path, parameter_files: tuple[Path, ...]) -> list[str]:
        """Return the command line; ``parameter_files`` are those of ``parameters``, in order."""
        words = [str(executable), *self.arguments]
        if self.ros_arguments:
            words += ["--ros-args", *self.ros_arguments]
        words += ["--ros-args"]
        words += ["-r", f"__node:={self.name}"] if self.name else []
        words += ["-r", f"__ns:={self.namespace}"] if self.namespace else []
        for path in parameter_files:
            words += ["--params-file", str(path)]
        for old, new in self.remaps:
            words += ["-r", f"{old}:={new}"]
        return words


Action = NodeAction | LogAction
