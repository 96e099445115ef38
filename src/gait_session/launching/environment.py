# SPDX-License-Identifier: Apache-2.0
"""Where ROS packages are installed, and the environment that a launched process gets."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

_INDEX = Path("share", "ament_index", "resource_index", "packages")
_LOOPBACK = Path("share", "gait_lab", "config", "loopback.xml")


def launch_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for launched processes, made from this one.

    This Python's own prefix goes first where it holds ROS packages (a virtual environment with the wheels), so that
    ``AMENT_PREFIX_PATH`` need not be set by hand; this Python's folder goes first on ``PATH``, so that
    ``#!/usr/bin/env python3`` means it. The lab stays on this host unless the user has chosen otherwise.
    """
    result = dict(environment)
    if Path(sys.prefix, _INDEX).is_dir():
        result["AMENT_PREFIX_PATH"] = _first(sys.prefix, environment.get("AMENT_PREFIX_PATH", ""))
    result["PATH"] = _first(str(Path(sys.executable).parent), environment.get("PATH", os.defpath))
    result["PYTHONUNBUFFERED"] = "1"
    return result | _reach(result)


def is_loopback_only(environment: Mapping[str, str]) -> bool:
    """Return whether processes of this environment talk to this host alone."""
    has_profile = environment.get("FASTDDS_DEFAULT_PROFILES_FILE", "").endswith(str(_LOOPBACK))
    return has_profile or environment["ROS_AUTOMATIC_DISCOVERY_RANGE"].upper() == "LOCALHOST"


def _reach(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that keep the lab on this host.

    ROS's own LOCALHOST would do, but with Fast DDS it brings shared memory back, which ``loopback.xml`` is there to
    avoid. With another middleware, or a profile of the user's own, LOCALHOST it is.
    """
    chosen = environment.get("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    profile = Path(sys.prefix, _LOOPBACK)
    is_fast_dds = environment.get("RMW_IMPLEMENTATION", "rmw_fastrtps_cpp") == "rmw_fastrtps_cpp"
    if chosen.upper() != "LOCALHOST" or not is_fast_dds or not profile.is_file():
        return {"ROS_AUTOMATIC_DISCOVERY_RANGE": chosen}
    if "FASTDDS_DEFAULT_PROFILES_FILE" in environment:
        return {"ROS_AUTOMATIC_DISCOVERY_RANGE": chosen}
    return {"ROS_AUTOMATIC_DISCOVERY_RANGE": "SYSTEM_DEFAULT", "FASTDDS_DEFAULT_PROFILES_FILE": str(profile)}


def find_prefix(package: str, environment: Mapping[str, str]) -> Path:
    """Return the prefix in which a package is installed, or raise ``ValueError``."""
    prefixes = [Path(prefix) for prefix in environment.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if prefix]
    for prefix in prefixes:
        if (prefix / _INDEX / package).exists():
            return prefix
    where = ", ".join(map(str, prefixes)) or "AMENT_PREFIX_PATH, which is empty"
    raise ValueError(f"there is no package {package} in {where}")


def find_share(package: str, environment: Mapping[str, str]) -> Path:
    """Return a package's share folder, or raise ``ValueError``."""
    return find_prefix(package, environment) / "share" / package


def find_executable(package: str, executable: str, environment: Mapping[str, str]) -> Path:
    """Return the path of a package's executable, or raise ``ValueError``."""
    path = find_prefix(package, environment) / "lib" / package / executable
    if not path.is_file():
        raise ValueError(f"the package {package} has no executable {executable}: there is no file {path}")
    if not os.access(path, os.X_OK):
        raise ValueError(f"{path} is not executable; its mode must be 755")
    return path


def _first(entry: str, path: str) -> str:
    return os.pathsep.join([entry, *(other for other in path.split(os.pathsep) if other and other != entry)])
