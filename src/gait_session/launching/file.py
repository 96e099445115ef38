# SPDX-License-Identifier: Apache-2.0
"""Read a ROS 2 XML launch file into elements that know their line; refuse what is outside the supported subset."""

import xml.parsers.expat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gait_session.launching.substitution import parse_template


class LaunchFileError(ValueError):
    """A launch file cannot be run; the text begins with its path and line."""


@dataclass(frozen=True)
class Element:
    """One XML element."""

    name: str
    attributes: Mapping[str, str]
    children: tuple["Element", ...]
    path: Path
    line_count: int  # of the opening tag, from 1

    def error(self, text: str) -> LaunchFileError:
        """Return an error that names this element's place."""
        return LaunchFileError(f"{self.path}:{self.line_count}: <{self.name}> {text}")

    def named(self, name: str) -> list["Element"]:
        """Return the children called ``name``, in order."""
        return [child for child in self.children if child.name == name]


@dataclass(frozen=True)
class Argument:
    """One declared launch argument, as ``--show-args`` tells it."""

    name: str
    default: str | None  # None when it must be given
    description: str
    choices: tuple[str, ...]  # empty when anything goes


@dataclass(frozen=True)
class _Rule:
    """What an element may hold."""

    required: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    children: dict[str, "_Rule"] = field(default_factory=dict)


def _rule(required: str = "", optional: str = "", **children: _Rule) -> _Rule:
    return _Rule(frozenset(required.split()), frozenset(optional.split()), children)


_PAIR = _rule("name value")
_PARAM = _rule("", "name value type from")
_PARAM.children["param"] = _PARAM
_NODE = _rule(
    "pkg exec",
    "name namespace args ros_args output exec_name respawn respawn_delay respawn_max_retries on_exit if unless",
    param=_PARAM,
    remap=_rule("from to"),
    env=_PAIR,
)
_GROUP = _rule("", "scoped if unless")
_PUSH = _rule("namespace", "if unless")
_ACTIONS = {
    "arg": _rule("name", "default description if unless", choice=_rule("value")),
    "let": _rule("name value", "if unless"),
    "include": _rule("file", "if unless", arg=_PAIR),
    "group": _GROUP,
    "push-ros-namespace": _PUSH,
    "push_ros_namespace": _PUSH,
    "log": _rule("message", "level if unless"),
    "node": _NODE,
}
_GROUP.children.update(_ACTIONS)
_ROOT = _Rule(children=_ACTIONS)


def parse_file(path: Path) -> Element:
    """Read and check a launch file.

    Raises ``LaunchFileError`` with path and line for anything that is not well formed or not in the subset.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise LaunchFileError(f"{path}: cannot be read ({error.strerror})") from None
    root = _parse(data, path)
    if root.name != "launch":
        raise root.error("is not the root of a launch file; expected <launch>")
    _check(root, _ROOT)
    return root


def arguments(root: Element) -> Iterator[Argument]:
    """Yield the arguments that a file declares itself, those inside groups included."""
    for element in root.children:
        if element.name == "arg":
            choices = tuple(choice.attributes["value"] for choice in element.named("choice"))
            description = element.attributes.get("description", "")
            yield Argument(element.attributes["name"], element.attributes.get("default"), description, choices)
        elif element.name == "group":
            yield from arguments(element)


def _parse(data: bytes, path: Path) -> Element:
    parser = xml.parsers.expat.ParserCreate()
    done: list[list[Element]] = [[]]  # finished children of each open element, the outermost first
    opened: list[tuple[dict[str, str], int]] = []

    def start(_name: str, attributes: dict[str, str]) -> None:
        opened.append((attributes, parser.CurrentLineNumber))
        done.append([])

    def end(name: str) -> None:
        attributes, line_count = opened.pop()
        element = Element(name, attributes, tuple(done.pop()), path, line_count)
        done[-1].append(element)

    def text(data: str) -> None:
        if data.strip():
            raise LaunchFileError(f"{path}:{parser.CurrentLineNumber}: text {data.strip()!r} between elements")

    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    try:
        parser.Parse(data, True)
    except xml.parsers.expat.ExpatError as error:
        raise LaunchFileError(f"{path}:{error.lineno}: {xml.parsers.expat.ErrorString(error.code)}") from None
    return done[0][0]


def _check(element: Element, rule: _Rule) -> None:
    for missing in sorted(rule.required - element.attributes.keys()):
        raise element.error(f"needs the attribute {missing}")
    for name, value in element.attributes.items():
        if name not in rule.required | rule.optional:
            allowed = ", ".join(sorted(rule.required | rule.optional)) or "none"
            raise element.error(f"has the attribute {name}, which is not supported here; allowed: {allowed}")
        if name != "description":
            _check_value(element, name, value)
    if {"if", "unless"} <= element.attributes.keys():
        raise element.error("has both if and unless; only one is allowed")
    for child in element.children:
        if child.name not in rule.children:
            allowed = ", ".join(f"<{name}>" for name in rule.children) or "nothing"
            raise child.error(f"is not supported inside <{element.name}>; allowed: {allowed}")
        _check(child, rule.children[child.name])


def _check_value(element: Element, name: str, value: str) -> None:
    try:
        parse_template(value)
    except ValueError as error:
        raise element.error(f"{name}: {error}") from None
