# SPDX-License-Identifier: Apache-2.0
"""The values of ``<param>``: text to a typed ROS parameter by ROS 2's rules, and the file for them."""

from collections.abc import Callable, Mapping

import yaml

from gait_session.launching.substitution import Substitution, parse_template

_SCALARS: dict[str, type] = {"str": str, "bool": bool, "int": int, "float": float}
KINDS = (*_SCALARS, *(f"list_of_{kind}" for kind in _SCALARS), "yaml")


def typed_value(text: str, kind: str, perform: Callable[[str], str]) -> object:
    """Return the value of a parameter: a bool, int, float, str, or a list of one of them.

    ``kind`` is one of ``KINDS``; "yaml" guesses. ``perform`` does the substitutions of a text. As in ``launch``, a
    guessed value is read as YAML before substitution and what was substituted once more after, so that a number from
    an argument stays a number even inside quotes unless ``type="str"`` says otherwise.
    Raises ``ValueError`` when the text is not of the kind.
    """
    if kind not in KINDS:
        raise ValueError(f"type {kind!r} is not one of {', '.join(KINDS)}")
    if kind in _SCALARS:
        return _scalar(perform(text), kind)
    value = _load(text)
    if isinstance(value, list):
        item_kind = kind.removeprefix("list_of_")
        value = [_substituted(item, item_kind, perform) for item in value]
    else:
        value = _substituted(value, "yaml", perform)
    if not _is_allowed(value, kind):
        raise ValueError(f"{text!r} is not a {kind}" if kind != "yaml" else f"{text!r} is no value for a parameter")
    return value


def parameters_yaml(node_name: str, values: Mapping[str, object]) -> str:
    """Return a ROS parameter file with the values for nodes matching ``node_name`` (``/**`` for any)."""
    return yaml.safe_dump({node_name: {"ros__parameters": dict(values)}}, default_flow_style=False, sort_keys=False)


def is_true(text: str) -> bool:
    """Return what ``text`` says by YAML's rules for a truth value, or raise ``ValueError``."""
    return bool(_scalar(text, "bool"))


def _substituted(value: object, kind: str, perform: Callable[[str], str]) -> object:
    if not isinstance(value, str):
        return value
    if not any(isinstance(part, Substitution) for part in parse_template(value)):
        return perform(value)  # only to take the escapes away
    return _scalar(perform(value), kind)


def _scalar(text: str, kind: str) -> object:
    if kind == "str":
        return text
    if kind in ("int", "float"):
        return _SCALARS[kind](text)
    value = _load(text)
    if kind == "bool" and not isinstance(value, bool):
        raise ValueError(f"{text!r} is neither true nor false")
    return value


def _is_allowed(value: object, kind: str) -> bool:
    if not isinstance(value, list):
        return kind == "yaml" and type(value) in _SCALARS.values()
    types = {type(item) for item in value}
    allowed = set(_SCALARS.values()) if kind == "yaml" else {_SCALARS[kind.removeprefix("list_of_")]}
    return len(types) == 1 and types <= allowed


def _load(text: str) -> object:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"{text!r} is not YAML ({getattr(error, 'problem', error)})") from None
