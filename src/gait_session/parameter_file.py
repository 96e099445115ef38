# SPDX-License-Identifier: Apache-2.0
"""Parameter files of ROS nodes, as a lab's config and a participant's file are, read without ROS."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import yaml

from gait_parts.settings import Settings

_KEY = "ros__parameters"


def read_parameter_file(path: Path) -> dict[str, Any]:
    """Return the content: a section for each node. Raises ``ValueError`` naming the file, and the line if it can."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"the file {path} cannot be read: {error.strerror}") from None
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ValueError(f"the file {path}{line} is not YAML: {error.problem}") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise ValueError(f"the file {path} is not YAML: it is not a text") from None
    if not isinstance(content, dict) or not all(isinstance(section, dict) for section in content.values()):
        raise ValueError(f"the file {path} has no sections; expected lines like /**/session_node: and {_KEY}: below")
    return content


def node_parameters(content: Mapping[str, Any], node: str) -> dict[str, Any]:
    """Return the parameters that a file's content gives to a node."""
    given: dict[str, Any] = {}
    for section, inside in content.items():
        if section.split("/")[-1] in (node, "**"):
            given |= inside.get(_KEY) or {}
    return given


def check_settings(path: Path, node: str, settings_type: type[Settings]) -> None:
    """Raise ``ValueError`` unless the file at ``path`` gives ``node`` settings, and each is known and in its bounds."""
    given = node_parameters(read_parameter_file(path), node)
    known = [field.name for field in fields(settings_type)]
    if not given:
        raise ValueError(f"the file {path} has no parameters of {node}; expected /**/{node}: and {_KEY}: below")
    if unknown := sorted(set(given) - set(known)):
        raise ValueError(f"the file {path}: {node} has no parameter {', '.join(unknown)}; it has {', '.join(known)}")
    try:
        settings_type(**given)
    except ValueError as error:
        raise ValueError(f"the file {path}: {error}") from None
