# SPDX-License-Identifier: Apache-2.0
"""Turn a name from a config file into a part: the name is the file name."""

import importlib
import pkgutil
from types import ModuleType
from typing import Any


def find(package: str, name: str) -> ModuleType:
    """Return the module ``package.name``, or ``name`` itself if it has a dot (a part kept outside this project).

    Raises ``ValueError`` listing what there is when no such file exists.
    """
    module_name = name if "." in name else f"{package}.{name}"
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not (module_name == error.name or module_name.startswith(error.name + ".")):
            raise  # the part exists; something that it imports does not
        raise ValueError(f"no part '{name}' in {package}: choose one of {', '.join(available(package))}") from None


def available(package: str) -> list[str]:
    """Return the names a config file may use for parts of ``package``."""
    return sorted(module.name for module in pkgutil.iter_modules(importlib.import_module(package).__path__))


def settings_of(part: ModuleType, values: dict[str, Any]) -> Any:
    """Build ``part.Settings`` from config values.

    Raises ``ValueError`` when a name is not a setting of the part, or a value is out of its bounds.
    """
    known = set(part.Settings.__dataclass_fields__)
    if unknown := sorted(set(values) - known):
        raise ValueError(f"{part.__name__} has no setting {', '.join(unknown)}; it has {', '.join(sorted(known))}")
    return part.Settings(**values)
