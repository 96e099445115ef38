#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run the scripts in benchmarks/ and write docs/benchmarks.md: what each says of itself, and what it printed.

    tools/write_benchmarks.py [benchmarks/NAME.py ...]

Without names, all of them; with names, only these, and every other section of the page stays as it is.
"""

import ast
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parent.parent
PAGE = PROJECT / "docs" / "benchmarks.md"
HEAD = """# Benchmarks

Written by `make benchmarks`; each section is what one script in `benchmarks/` printed. Measured on {machine}.
Other work on a machine moves the times: compare figures of one run with each other rather than with those of another.
The accuracy scripts read recordings of people: [recordings](recordings.md) says which, and where they must lie.
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


def scripts() -> list[Path]:
    """Return every script; a file without a main part is there for the others to import."""
    files = sorted((PROJECT / "benchmarks").rglob("*.py"))
    return [file for file in files if '__name__ == "__main__"' in file.read_text(encoding="utf-8")]


def written_sections() -> dict[str, str]:
    """Return the sections of the page as it is, by the name of their script."""
    found = re.split(r"^(?=## benchmarks/)", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return {text.split()[1]: text.rstrip() + "\n" for text in found}


def main() -> None:
    """Measure and write."""
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    every = {str(script.relative_to(PROJECT)): script for script in scripts()}
    chosen = sys.argv[1:] or list(every)
    if unknown := sorted(set(chosen) - set(every)):
        sys.exit(f"{', '.join(unknown)}: choose from {', '.join(every)}")
    fresh = {name: section(every[name]) for name in chosen}
    sections = written_sections() | fresh
    kept = [sections[name] for name in every if name in sections]
    PAGE.write_text("\n".join([HEAD.format(machine=machine), *kept]), encoding="utf-8")


if __name__ == "__main__":
    main()
