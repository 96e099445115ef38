#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run every script in benchmarks/ and write docs/benchmarks.md: what each says of itself, and what it printed."""

import ast
import os
import platform
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parent.parent
PAGE = PROJECT / "docs" / "benchmarks.md"
HEAD = """# Benchmarks

Written by `make benchmarks`; each section is what one script in `benchmarks/` printed. Measured on {machine}.
Other work on a machine moves the times: compare figures of one run with each other rather than with those of another.
The accuracy scripts read the recordings in the folder that `GAIT_LAB_DATA` names, `../shared/data` by default.
"""


def section(script: Path) -> str:
    """Run one script; return its docstring and its output."""
    name = script.relative_to(PROJECT)
    print(f"{name} …", flush=True)
    result = subprocess.run([sys.executable, script], cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    if result.returncode != 0:
        sys.exit(f"{name} failed with exit code {result.returncode}")
    told = ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))) or ""
    return f"## {name}\n\n{told}\n\n{result.stdout.strip()}\n"


def main() -> None:
    """Measure and write."""
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    sections = [section(script) for script in sorted((PROJECT / "benchmarks").rglob("*.py"))]
    PAGE.write_text("\n".join([HEAD.format(machine=machine), *sections]), encoding="utf-8")


if __name__ == "__main__":
    main()
