# SPDX-License-Identifier: Apache-2.0
"""Write ``docs/interfaces.md`` from the comments in ``msg/`` and ``srv/``; a test holds it fresh."""

import pathlib
import re
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/interfaces.md"

INTRODUCTION = """\
# Messages and services

Written by `tools/interfaces.py` from the files in `msg/` and `srv/`: change the comments there, then run it again.

A name ends in the unit of its value: `_s` seconds, `_hz` per second, `_m` metres, `_mps` metres a second, `_rad`
radians, `_n` newtons, `_nm` newton metres, `_kg` kilograms, `_bw` body weights, `_count` a number of things. NaN means
that the value is not known; it is never zero instead. Axes are x forward, y left, z up, and forces are what the ground
does to the foot.
"""

LINE = re.compile(r"(?P<type>\S+)\s+(?P<name>\w+)\s*(?:=\s*(?P<value>[^#\s]+)\s*)?(?:#\s*(?P<comment>.*))?")


@dataclass(frozen=True)
class Entry:
    """One field or constant."""

    type: str
    name: str
    value: str  # of a constant; empty for a field
    comment: str


@dataclass(frozen=True)
class Interface:
    """One file: what it is for, and its parts (a message has one, a service has request and response)."""

    name: str
    meaning: str
    parts: list[list[Entry]]


def read(file: pathlib.Path) -> Interface:
    """Parse one .msg or .srv file."""
    lines = [line.strip() for line in file.read_text().splitlines()]
    first = next(number for number, line in enumerate(lines) if not line.startswith("#"))
    parts: list[list[Entry]] = [[]]
    for line in filter(None, lines[first:]):
        if line == "---":
            parts.append([])
        elif found := LINE.fullmatch(line):
            parts[-1].append(Entry(**found.groupdict(default="")))
        else:
            raise ValueError(f"{file.name}: cannot read '{line}', expected 'type name  # comment'")
    return Interface(file.stem, " ".join(line.lstrip("# ") for line in lines[:first]), parts)


def interfaces(kind: str) -> list[Interface]:
    """Return the interfaces of one folder, ``msg`` or ``srv``, by name."""
    return [read(file) for file in sorted((ROOT / kind).glob(f"*.{kind}"))]


def page() -> str:
    """Return the whole page."""
    sections = [INTRODUCTION]
    for title, kind, headings in [("Messages", "msg", [""]), ("Services", "srv", ["Request", "Response"])]:
        sections.append(f"## {title}\n")
        for interface in interfaces(kind):
            sections.append(f"### {interface.name}\n\n{interface.meaning}\n")
            for heading, entries in zip(headings, interface.parts, strict=True):
                if heading:
                    sections.append(f"{heading}:\n")
                if fields := [(f"`{e.name}`", _type(e.type), e.comment) for e in entries if not e.value]:
                    sections.append(_table("field", "type", fields))
                if constants := [(f"`{e.name}`", e.value, e.comment) for e in entries if e.value]:
                    sections.append(_table("constant", "value", constants))
    return "\n".join(sections)


def _type(name: str) -> str:
    """Return the type as it is shown: one of ours links to its own section."""
    package, _, own = name.rpartition("/")
    return f"[{own}](#{own.removesuffix('[]').lower()})" if package == "gait_lab" else f"`{name}`"


def _table(first: str, second: str, rows: list[tuple[str, str, str]]) -> str:
    lines = [f"| {first} | {second} | meaning |", "|---|---|---|"]
    return "\n".join(lines + [f"| {name} | {middle} | {comment} |" for name, middle, comment in rows]) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
