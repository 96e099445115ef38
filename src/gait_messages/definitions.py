# SPDX-License-Identifier: Apache-2.0
"""Definitions and hashes of message types, as installed in the ament prefixes; nothing here imports a message.

A recording is read years later, perhaps without this package: it carries the text of every type that it uses. The hash
tells whether a reader's type is the recorded one. It is recomputed here rather than believed: SHA-256 over the type's
description as JSON, default values left out (REP 2011, "RIHS01").
"""

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SEPARATOR = "=" * 80
HASH_PREFIX = "RIHS01_"


@dataclass(frozen=True, slots=True)
class MessageDefinition:
    """What a recording keeps of one message type."""

    type_name: str  # "gait_lab/msg/Stride"
    text: str  # its .msg file, then those of all types that it needs, separated as the MCAP encoding "ros2msg" wants it
    type_hash: str  # "RIHS01_" and 64 hexadecimal digits


def find_definition(type_name: str, prefixes: list[Path] | None = None) -> MessageDefinition:
    """Return the definition of ``type_name`` ("package/msg/Name") from the first of ``prefixes`` that has it.

    Without ``prefixes``, those of AMENT_PREFIX_PATH and then the Python environment's own are searched. Raises
    ``ValueError`` when the type is not installed, or when an installed hash is not the hash of its description.
    """
    prefixes = ament_prefixes() if prefixes is None else prefixes
    description = json.loads(_find_file(type_name, ".json", prefixes).read_text(encoding="utf-8"))
    type_hash = _checked_hash(type_name, description)
    needed = [part["type_name"] for part in description["type_description_msg"]["referenced_type_descriptions"]]
    texts = [_find_file(type_name, ".msg", prefixes).read_text(encoding="utf-8")]
    for name in needed:
        package, _, short_name = name.split("/")
        text = _find_file(name, ".msg", prefixes).read_text(encoding="utf-8")
        texts.append(f"{_SEPARATOR}\nMSG: {package}/{short_name}\n{text}")
    return MessageDefinition(type_name, "\n".join(texts), type_hash)


def ament_prefixes() -> list[Path]:
    """Return where ROS packages are installed: AMENT_PREFIX_PATH, then the Python environment."""
    named = os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)
    return [Path(prefix) for prefix in [*named, sys.prefix] if prefix]


def hash_description(description: dict[str, Any]) -> str:
    """Return the RIHS01 hash of a type description (the ``type_description_msg`` of an installed .json file)."""
    hashed = {
        "type_description": _without_defaults(description["type_description"]),
        "referenced_type_descriptions": sorted(
            (_without_defaults(part) for part in description["referenced_type_descriptions"]),
            key=lambda part: part["type_name"],
        ),
    }
    return HASH_PREFIX + hashlib.sha256(json.dumps(hashed).encode()).hexdigest()


def _without_defaults(part: dict[str, Any]) -> dict[str, Any]:
    fields = [{"name": field["name"], "type": _field_type(field["type"])} for field in part["fields"]]
    return {"type_name": part["type_name"], "fields": fields}


def _field_type(kind: dict[str, Any]) -> dict[str, Any]:
    return {name: kind[name] for name in ("type_id", "capacity", "string_capacity", "nested_type_name")}


def _checked_hash(type_name: str, description: dict[str, Any]) -> str:
    installed = {entry["type_name"]: entry["hash_string"] for entry in description["type_hashes"]}.get(type_name)
    computed = hash_description(description["type_description_msg"])
    if installed != computed:
        raise ValueError(f"{type_name}: installed hash {installed} is not that of its description, {computed}")
    return computed


def _find_file(type_name: str, suffix: str, prefixes: list[Path]) -> Path:
    for path in _candidates(type_name, suffix, prefixes):
        if path.is_file():
            return path
    raise ValueError(f"no definition of {type_name} ({suffix}) in {', '.join(map(str, prefixes)) or 'any prefix'}")


def _candidates(type_name: str, suffix: str, prefixes: list[Path]) -> Iterator[Path]:
    if type_name.count("/") != 2:
        raise ValueError(f"got type {type_name!r}, expected package/msg/Name")
    package, folder, short_name = type_name.split("/")
    for prefix in prefixes:
        yield prefix / "share" / package / folder / f"{short_name}{suffix}"
