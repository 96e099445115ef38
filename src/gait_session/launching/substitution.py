# SPDX-License-Identifier: Apache-2.0
"""The ``$(…)`` of launch files: text to a template, a template to text, and the words of a command line.

The grammar is that of ROS 2's ``launch``: ``$(name argument argument)`` with single spaces, arguments bare or in single
or double quotes, substitutions nested anywhere, and ``\\`` before a character to mean that character.
"""

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass

ARGUMENT_COUNTS = {  # least and most of each substitution
    "var": (1, 2),
    "env": (1, 2),
    "find-pkg-share": (1, 1),
    "dirname": (0, 0),
    "equals": (2, 2),
}

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


@dataclass(frozen=True)
class Substitution:
    """One ``$(name …)``; each argument is a template of its own."""

    name: str
    arguments: tuple["Template", ...]


Template = tuple[str | Substitution, ...]


def parse_template(text: str) -> Template:
    """Return the text pieces and substitutions of an attribute's value.

    Raises ``ValueError`` when the text is not well formed, or names a substitution or a number of arguments that is
    not one of ``ARGUMENT_COUNTS``.
    """
    template, end = _parts(text, 0, stop="")
    assert end == len(text)
    return template


def perform(template: Template, functions: Mapping[str, Callable[..., str]]) -> str:
    """Return the template as text; ``functions[name]`` is called with a substitution's arguments as text."""
    return "".join(part if isinstance(part, str) else _call(part, functions) for part in template)


def split_words(template: Template) -> list[Template]:
    """Split a template at the blanks of its text, as a shell would; what a substitution returns is never split."""
    words: list[Template] = []
    word: Template = ()
    for part in template:
        if isinstance(part, Substitution):
            word += (part,)
            continue
        if part[0].isspace() and word:
            words, word = [*words, word], ()
        for index, token in enumerate(shlex.split(part)):
            if index > 0:
                words, word = [*words, word], ()
            word += (token,)
        if part[-1].isspace() and word:
            words, word = [*words, word], ()
    return [*words, word] if word else words


def _call(substitution: Substitution, functions: Mapping[str, Callable[..., str]]) -> str:
    return functions[substitution.name](*(perform(argument, functions) for argument in substitution.arguments))


def _parts(text: str, start: int, stop: str) -> tuple[Template, int]:
    """Read text and substitutions from ``start`` to the first character of ``stop`` or the end."""
    parts: list[str | Substitution] = []
    piece, position = "", start
    while position < len(text) and text[position] not in stop:
        if text.startswith("$(", position):
            substitution, position = _substitution(text, position + 2)
            parts += [piece, substitution] if piece else [substitution]
            piece = ""
        elif text[position] == "$":
            raise ValueError(f"the $ at character {position + 1} of {text!r} begins no $(…); write \\$ for a plain one")
        elif text[position] == "\\" and position + 1 < len(text):
            piece, position = piece + text[position + 1], position + 2
        else:
            piece, position = piece + text[position], position + 1
    return (*parts, piece) if piece else tuple(parts), position


def _substitution(text: str, start: int) -> tuple[Substitution, int]:
    """Read what follows ``$(``; return the substitution and where its ``)`` ends."""
    name = _NAME.match(text, start)
    if name is None:
        raise ValueError(f"$( without a name in {text!r}")
    arguments: list[Template] = []
    position = name.end()
    while text.startswith(" ", position):
        argument, position = _argument(text, position + 1)
        arguments.append(argument)
    if not text.startswith(")", position):
        raise ValueError(f"$({name[0]} is not closed with a ) in {text!r}")
    _check(name[0], len(arguments))
    return Substitution(name[0], tuple(arguments)), position + 1


def _argument(text: str, start: int) -> tuple[Template, int]:
    if text[start : start + 1] in ("'", '"'):
        quoted, end = _parts(text, start + 1, stop=text[start])
        if end == len(text):
            raise ValueError(f"a quotation is not closed in {text!r}")
        return quoted, end + 1
    bare, end = _parts(text, start, stop=" '\"()")
    if not bare:
        raise ValueError(f"an argument is missing at character {start + 1} of {text!r}")
    return bare, end


def _check(name: str, count: int) -> None:
    if name not in ARGUMENT_COUNTS:
        known = ", ".join(f"$({known})" for known in ARGUMENT_COUNTS)
        raise ValueError(f"the substitution $({name}) is not supported here; use one of {known}")
    least, most = ARGUMENT_COUNTS[name]
    if not least <= count <= most:
        allowed = str(least) if least == most else f"{least} or {most}"
        raise ValueError(f"$({name}) takes {allowed} arguments, got {count}")
