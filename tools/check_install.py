# SPDX-License-Identifier: Apache-2.0
"""Check the gait_lab that the ament index and the Python path lead to against the sources beside this script.

Every message and service imports and survives the wire, every module of ``src/`` imports from the install, and every
node lies where ``ros2 run`` and launch files look. Ends with an assertion that names what is wrong.
"""

import importlib
import os
import pathlib
import subprocess
import sys

from ament_index_python.packages import get_package_prefix
from rclpy.serialization import deserialize_message, serialize_message

ROOT = pathlib.Path(__file__).resolve().parent.parent
PREFIX = pathlib.Path(get_package_prefix("gait_lab")).resolve()


def check_interfaces() -> int:
    """Every .msg and .srv file gives a class that serialises; returns how many there are."""
    files = sorted([*ROOT.glob("msg/*.msg"), *ROOT.glob("srv/*.srv")])
    for file in files:
        assert (PREFIX / "share/gait_lab" / file.relative_to(ROOT)).read_bytes() == file.read_bytes(), file.name
        interface = getattr(importlib.import_module(f"gait_lab.{file.parent.name}"), file.stem)
        for message in [interface] if file.suffix == ".msg" else [interface.Request, interface.Response]:
            assert type(deserialize_message(serialize_message(message()), message)) is message, message
    return len(files)


def check_modules() -> int:
    """Every file of src/ is installed as it is, under the prefix, and imports; returns how many there are."""
    files = sorted((ROOT / "src").rglob("*.py"))
    for file in files:
        parts = file.relative_to(ROOT / "src").with_suffix("").parts
        module = importlib.import_module(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
        installed = pathlib.Path(str(module.__file__)).resolve()
        assert installed.is_relative_to(PREFIX), f"{module.__name__} comes from {installed}, not from {PREFIX}"
        assert installed.read_bytes() == file.read_bytes(), f"{installed} is not what {file} is: install again"
    return len(files)


def check_executables() -> int:
    """Every node and the command line lie in lib/gait_lab and may be run; returns how many there are."""
    folder = PREFIX / "lib/gait_lab"
    wanted = {file.stem for file in (ROOT / "src").rglob("*_node.py")} | {"gait-lab"}
    if missing := sorted(wanted - {file.name for file in folder.iterdir()}):
        raise AssertionError(f"{folder} lacks {', '.join(missing)}")
    for name in wanted:
        assert os.access(folder / name, os.X_OK), f"{folder / name} may not be run"
    this_python_first = os.environ | {"PATH": f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}"}
    subprocess.run([folder / "gait-lab", "--help"], env=this_python_first, check=True, stdout=subprocess.DEVNULL)
    return len(wanted)


if __name__ == "__main__":
    for folder in ("config", "launch", "package.xml"):
        assert (PREFIX / "share/gait_lab" / folder).exists(), f"{PREFIX}/share/gait_lab lacks {folder}"
    print(f"{PREFIX} with Python {sys.version.split()[0]}:")
    print(f"  {check_interfaces()} interfaces, {check_modules()} modules, {check_executables()} executables")
