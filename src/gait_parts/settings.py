# SPDX-License-Identifier: Apache-2.0
"""A part's settings: a frozen dataclass whose fields say default, unit (in the name), bounds and meaning."""

import dataclasses
import math
from typing import Any


def setting(
    default: Any,
    doc: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
) -> Any:
    """Return a dataclass field that a lab may set in its config.

    ``low`` and ``high`` bound a number (both included) or each number of a list; ``choices`` lists the
    words a string may be. A list is given as its default value and copied for each instance.
    """
    metadata = {"doc": doc, "low": low, "high": high, "choices": choices}
    if isinstance(default, list):
        return dataclasses.field(default_factory=default.copy, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


@dataclasses.dataclass(frozen=True)
class Settings:
    """Base of every part's settings; checks types and bounds when an instance is made.

    Raises ``ValueError`` naming the setting, what was given and what is allowed. NaN is allowed only where
    the default is NaN ("not known").
    """

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            object.__setattr__(self, field.name, _checked(field, getattr(self, field.name)))


def default_of(field: "dataclasses.Field[Any]") -> Any:
    """Return the default value of a settings field."""
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def _checked(field: "dataclasses.Field[Any]", value: Any) -> Any:
    default = default_of(field)
    if isinstance(default, list):
        if not isinstance(value, (list, tuple)):
            raise ValueError(f"{field.name}: expected a list, got {value!r}")
        kind = default[0] if default else None
        return [_checked_one(field, item, kind) for item in value]
    return _checked_one(field, value, default)


def _checked_one(field: "dataclasses.Field[Any]", value: Any, like: Any) -> Any:
    if isinstance(like, float) and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)  # "rate_hz: 100" in YAML is an integer
    if like is not None and type(value) is not type(like):
        raise ValueError(f"{field.name}: expected {type(like).__name__}, got {value!r}")
    choices = field.metadata["choices"]
    if choices and value not in choices:
        raise ValueError(f"{field.name}: got {value!r}, expected one of {', '.join(choices)}")
    if isinstance(value, float) and not math.isfinite(value) and not (isinstance(like, float) and math.isnan(like)):
        raise ValueError(f"{field.name}: got {value}, expected a finite number")
    low, high = field.metadata["low"], field.metadata["high"]
    if (low is not None and value < low) or (high is not None and value > high):
        raise ValueError(f"{field.name}: got {value}, allowed {low} to {high}")
    return value
