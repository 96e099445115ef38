# SPDX-License-Identifier: Apache-2.0
"""Print requirement lists of pyproject.toml, one requirement a line, for ``pip install -r``.

Usage: ``requirements.py build-system.requires project.dependencies``. Needs tomli on Python 3.10.
"""

import functools
import pathlib
import sys

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if __name__ == "__main__":
    project = tomllib.loads((pathlib.Path(__file__).parent.parent / "pyproject.toml").read_text())
    for path in sys.argv[1:]:
        print(*functools.reduce(lambda table, key: table[key], path.split("."), project), sep="\n")
