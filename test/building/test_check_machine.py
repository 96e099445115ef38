# SPDX-License-Identifier: Apache-2.0
"""A machine that lacks something is told so in one sentence, each way that it can lack it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECK = Path(__file__).parents[2] / "tools/check_machine.sh"
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


class Machine:
    """A folder of commands that stands for PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, name: str, script: str) -> None:
        """Put a command there that runs ``script`` in the shell."""
        command = self.folder / name
        command.write_text(f"#!/bin/sh\n{script}\n")
        command.chmod(0o755)

    def add_python(self, name: str = "python3", version: str = VERSION, lacks: str = "nothing") -> None:
        """Put a Python there that answers as ``version`` and fails at whatever names ``lacks``."""
        self.add(
            name,
            f'case "$*" in\n'
            f"  *python_version_tuple*) printf {version} ;;\n"
            f"  *{lacks}*) exit 1 ;;\n"
            f"  *sysconfig*) echo {self.folder} ;;\n"
            f"esac",
        )

    def check(self, python: str = "python3") -> tuple[int, list[str]]:
        """Return the exit code and the lines that a person sees."""
        environment = {"PATH": str(self.folder)}
        result = subprocess.run(["/bin/sh", CHECK, python], env=environment, capture_output=True, text=True)
        assert result.stdout == ""
        return result.returncode, result.stderr.splitlines()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine that lacks nothing."""
    machine = Machine(tmp_path)
    machine.add("uname", "echo Linux x86_64")
    machine.add("gcc", "")
    machine.add("g++", "")
    machine.add_python()
    (tmp_path / "Python.h").touch()
    return machine


def test_complete_machine_is_told_nothing(machine):
    assert machine.check() == (0, [])


@pytest.mark.parametrize("version", ["3.10", "3.11", "3.12", "3.13"])
def test_versions_with_wheels_will_do(machine, version):
    machine.add_python(version=version)
    assert machine.check() == (0, [])


@pytest.mark.parametrize("version", ["2.7", "3.1", "3.9", "3.14", "3.100", "4.0"])
def test_other_versions_will_not(machine, version):
    machine.add_python(version=version)
    code, [line] = machine.check()
    assert code == 1
    assert f"Python {version}," in line
    assert "PYTHON=" in line


def test_absent_python(machine):
    code, [line] = machine.check("python3.12")
    assert code == 1
    assert "'python3.12'" in line
    assert "install python3," in line
    assert "PYTHON=" in line


def test_python_that_does_not_start(machine):
    machine.add("python3", "exit 127")
    code, [line] = machine.check()
    assert code == 1
    assert "PYTHON=" in line


def test_absent_venv_module(machine):
    machine.add_python(lacks="ensurepip")
    assert machine.check() == (1, [f"'python3' cannot make environments: install the package python{VERSION}-venv."])


def test_absent_headers(machine):
    (machine.folder / "Python.h").unlink()
    code, [line] = machine.check()
    assert code == 1
    assert f"python{VERSION}-dev" in line


@pytest.mark.parametrize(("command", "language"), [("gcc", "C"), ("g++", "C++")])
def test_absent_compiler(machine, command, language):
    (machine.folder / command).unlink()
    assert machine.check() == (1, [f"There is no {language} compiler: install the package {command}."])


def test_clang_will_do(machine):
    for command, other in [("gcc", "clang"), ("g++", "clang++")]:
        (machine.folder / command).rename(machine.folder / other)
    assert machine.check() == (0, [])


def test_everything_lacking_is_told_at_once(machine):
    machine.add_python(lacks="ensurepip")
    for name in ("Python.h", "gcc", "g++"):
        (machine.folder / name).unlink()
    code, lines = machine.check()
    assert code == 1
    assert len(lines) == 4


@pytest.mark.parametrize("kind", ["Linux aarch64", "Darwin arm64"])
def test_machine_without_wheels(machine, kind):
    machine.add("uname", f"echo {kind}")
    code, [line] = machine.check()
    assert code == 1
    assert kind in line
    assert "colcon" in line


def test_this_machine_will_do(machine):
    """The tests run, so this machine has everything; the check must not say otherwise."""
    result = subprocess.run([CHECK, sys.executable], capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize(
    ("python", "sentence"),
    [
        ("python3.9", "'python3.9' is Python 3.9, and ROS 2 comes for 3.10 to 3.13: name another"),
        ("python3.99", "There is no Python at 'python3.99': install python3,"),
    ],
)
def test_make_says_it_in_one_sentence_and_makes_nothing(machine, tmp_path, python, sentence):
    clone = tmp_path / "clone"
    shutil.copytree(CHECK.parent, clone / "tools")
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(CHECK.parents[1] / name, clone)
    for name in ("config", "executables", "launch", "msg", "src", "srv"):
        (clone / name).mkdir()
    environment = os.environ | {"PYTHON": python}
    machine.add_python("python3.9", version="3.9")
    environment["PATH"] = f"{machine.folder}:{environment['PATH']}"
    result = subprocess.run(["make", "-C", clone, "session"], env=environment, capture_output=True, text=True)
    assert result.returncode == 2
    line, make_line = result.stderr.splitlines()
    assert line.startswith(sentence)
    assert re.match(r"make(\[\d+\])?: \*\*\*", make_line)
    assert not (clone / ".venv").exists()
