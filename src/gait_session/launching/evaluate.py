# SPDX-License-Identifier: Apache-2.0
"""Evaluate a launch file, with its arguments, to the nodes to start; the meaning is that of ``ros2 launch``.

A launch argument lives in a configuration of the same name. Configurations are inherited by what a file includes, and
what an included file or its ``<arg>`` sets stays set afterwards; only a ``<group>`` limits that.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gait_session.launching.action import Action, LogAction, NodeAction
from gait_session.launching.file import Element
from gait_session.launching.parameters import is_true, typed_value
from gait_session.launching.substitution import parse_template, perform, split_words

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
OUTPUTS = ("screen", "log", "both")
NAMESPACE = "ros_namespace"  # the configuration in which launch_ros keeps the pushed namespace

_TRUE, _FALSE = ("true", "1"), ("false", "0")


@dataclass(frozen=True)
class Surroundings:
    """What an evaluation may look at."""

    environment: Mapping[str, str]
    find_share: Callable[[str], Path]  # package name to its share folder; raises ValueError
    load: Callable[[Path], Element]


def evaluate(path: Path, arguments: Mapping[str, str], surroundings: Surroundings) -> list[Action]:
    """Return what a launch file says to do, in order, when launched with ``arguments``.

    Raises ``LaunchFileError`` naming file and line.
    """
    evaluation = _Evaluation(path, dict(arguments), surroundings)
    evaluation.do(surroundings.load(path))
    return evaluation.actions


class _Evaluation:
    def __init__(self, path: Path, configurations: dict[str, str], surroundings: Surroundings) -> None:
        self.actions: list[Action] = []
        self._files = [path]  # being evaluated, the innermost last
        self._configurations = configurations
        self._surroundings = surroundings
        self._functions: dict[str, Callable[..., str]] = {
            "var": self._variable,
            "env": self._environment_variable,
            "find-pkg-share": lambda package: str(surroundings.find_share(package)),
            "dirname": lambda: str(self._files[-1].parent),
            "equals": _equals,
        }
        self._verbs = {
            "arg": self._arg,
            "let": self._let,
            "include": self._include,
            "group": self._group,
            "push-ros-namespace": self._push,
            "push_ros_namespace": self._push,
            "log": self._log,
            "node": self._node,
        }

    def do(self, parent: Element) -> None:
        """Evaluate the children of ``parent`` whose conditions hold."""
        for element in parent.children:
            if self._is_wanted(element):
                self._verbs[element.name](element)

    def _is_wanted(self, element: Element) -> bool:
        for attribute, wanted in (("if", True), ("unless", False)):
            text = self._text(element, attribute)
            if text is None:
                continue
            word = text.strip().lower()
            if word not in (*_TRUE, *_FALSE):
                raise element.error(f"{attribute}: {text!r} is neither true nor false")
            return (word in _TRUE) is wanted
        return True

    def _arg(self, element: Element) -> None:
        name = element.attributes["name"]
        if name not in self._configurations:
            default = self._text(element, "default")
            if default is None:
                raise element.error(f"the argument {name} must be given: {name}:=…")
            self._configurations[name] = default
        choices = [choice.attributes["value"] for choice in element.named("choice")]
        if choices and self._configurations[name] not in choices:
            got = self._configurations[name]
            raise element.error(f"the argument {name} is {got!r}; choose one of {', '.join(choices)}")

    def _let(self, element: Element) -> None:
        self._configurations[self._need(element, "name")] = self._need(element, "value")

    def _include(self, element: Element) -> None:
        path = Path(self._need(element, "file"))
        if path.suffix != ".xml":
            raise element.error(f"only XML launch files are supported here, got {path}")
        if path in self._files:
            raise element.error(f"{path} includes itself")
        if not path.is_file():
            raise element.error(f"there is no file {path}")
        self._files.append(path)
        for argument in element.named("arg"):
            self._let(argument)
        self.do(self._surroundings.load(path))
        self._files.pop()

    def _group(self, element: Element) -> None:
        try:
            is_scoped = is_true(element.attributes.get("scoped", "true"))
        except ValueError as error:
            raise element.error(f"scoped: {error}") from None
        outer = dict(self._configurations)
        self.do(element)
        if is_scoped:
            self._configurations.clear()
            self._configurations.update(outer)

    def _push(self, element: Element) -> None:
        namespace = self._namespace(self._need(element, "namespace"))
        assert namespace is not None
        self._configurations[NAMESPACE] = namespace

    def _log(self, element: Element) -> None:
        level = (self._text(element, "level") or "INFO").upper()
        if level not in LOG_LEVELS:
            raise element.error(f"level: got {level}; choose one of {', '.join(LOG_LEVELS)}")
        self.actions.append(LogAction(level, self._need(element, "message")))

    def _node(self, element: Element) -> None:
        output = self._text(element, "output") or "log"
        if output not in OUTPUTS:
            raise element.error(f"output: got {output!r}; choose one of {', '.join(OUTPUTS)}")
        on_exit = element.attributes.get("on_exit")
        if on_exit not in (None, "shutdown"):
            raise element.error(f"on_exit: got {on_exit!r}; only shutdown is known")
        delay_s = self._number(element, "respawn_delay", 0.0)
        if delay_s < 0.0:
            raise element.error(f"respawn_delay: got {delay_s}, allowed 0 or more")
        executable = self._need(element, "exec")
        self.actions.append(
            NodeAction(
                package=self._need(element, "pkg"),
                executable=executable,
                label=self._text(element, "exec_name") or Path(executable).name,
                name=self._text(element, "name"),
                namespace=self._namespace(self._text(element, "namespace")),
                arguments=self._words(element, "args"),
                ros_arguments=self._words(element, "ros_args"),
                parameters=tuple(self._parameters(element)),
                remaps=self._pairs(element, "remap", "from", "to"),
                environment=self._pairs(element, "env", "name", "value"),
                respawn=self._truth(element, "respawn"),
                respawn_delay_s=delay_s,
                respawn_max_count=int(self._number(element, "respawn_max_retries", -1.0)),
                is_required=on_exit == "shutdown",
                element=element,
            )
        )

    def _parameters(self, node: Element) -> list[Path | Mapping[str, object]]:
        found: list[Path | Mapping[str, object]] = []
        for element in node.named("param"):
            if "from" not in element.attributes:
                found.append(self._parameter(element))
                continue
            if len(element.attributes) > 1 or element.children:
                raise element.error("with the attribute from can have nothing else")
            path = Path(self._need(element, "from"))
            if not path.is_file():
                raise element.error(f"there is no parameter file {path}")
            found.append(path)
        return found

    def _parameter(self, element: Element) -> dict[str, object]:
        name = self._text(element, "name")
        if name is None:
            raise element.error("needs the attribute name, or from")
        if ("value" in element.attributes) == bool(element.children):
            raise element.error(f"{name} needs either a value or <param> elements inside")
        if element.children:
            if "type" in element.attributes:
                raise element.error(f"{name} has <param> elements inside and can have no type")
            group: dict[str, object] = {}
            for child in element.children:
                group.update(self._parameter(child))
            return {name: group}
        kind = element.attributes.get("type", "yaml")
        try:
            return {name: typed_value(element.attributes["value"], kind, self._perform)}
        except ValueError as error:
            raise element.error(f"{name}: {error}") from None

    def _namespace(self, namespace: str | None) -> str | None:
        """Return a namespace made absolute, under the pushed one when it is relative; None when there is neither."""
        base = self._configurations.get(NAMESPACE)
        if namespace is None:
            return base
        joined = namespace if namespace.startswith("/") or not base else f"{base.rstrip('/')}/{namespace}"
        return "/" + joined.strip("/")

    def _words(self, element: Element, attribute: str) -> tuple[str, ...]:
        try:
            words = split_words(parse_template(element.attributes.get(attribute, "")))
            return tuple(perform(word, self._functions) for word in words)
        except ValueError as error:
            raise element.error(f"{attribute}: {error}") from None

    def _pairs(self, element: Element, child: str, first: str, second: str) -> tuple[tuple[str, str], ...]:
        return tuple((self._need(pair, first), self._need(pair, second)) for pair in element.named(child))

    def _truth(self, element: Element, attribute: str) -> bool:
        text = self._text(element, attribute)
        try:
            return text is not None and is_true(text)
        except ValueError as error:
            raise element.error(f"{attribute}: {error}") from None

    def _number(self, element: Element, attribute: str, default: float) -> float:
        """Return a number written in the file; ``launch`` allows no substitution in these."""
        text = element.attributes.get(attribute)
        try:
            return default if text is None else float(text)
        except ValueError:
            raise element.error(f"{attribute}: {text!r} is not a number") from None

    def _need(self, element: Element, attribute: str) -> str:
        text = self._text(element, attribute)
        assert text is not None, "checked when the file was read"
        return text

    def _text(self, element: Element, attribute: str) -> str | None:
        text = element.attributes.get(attribute)
        try:
            return None if text is None else self._perform(text)
        except ValueError as error:
            raise element.error(f"{attribute}: {error}") from None

    def _perform(self, text: str) -> str:
        return perform(parse_template(text), self._functions)

    def _variable(self, name: str, default: str | None = None) -> str:
        value = self._configurations.get(name, default)
        if value is None:
            raise ValueError(f"there is no argument {name}")
        return value

    def _environment_variable(self, name: str, default: str | None = None) -> str:
        value = self._surroundings.environment.get(name, default)
        if value is None:
            raise ValueError(f"the environment has no variable {name}")
        return value


def _equals(left: str, right: str) -> str:
    """Compare as truth values, as numbers, or as text: the first of these that both can be."""
    if {left.lower(), right.lower()} <= {*_TRUE, *_FALSE}:
        return str((left.lower() in _TRUE) == (right.lower() in _TRUE)).lower()
    try:
        return str(math.isclose(float(left), float(right))).lower()
    except ValueError:
        return str(left == right).lower()
