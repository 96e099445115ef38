# SPDX-License-Identifier: Apache-2.0
"""``docs/add_a_device.md``, followed to the letter in a copy of the project: it ends with the line that it promises."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gait_sensing.health import RATE_AMBER

PROJECT = Path(__file__).parents[2]
PAGE = PROJECT / "docs" / "add_a_device.md"
COPIED = ["config", "docs/hardware", "pyproject.toml", "src", "tools"]
COPIED += ["test/conftest.py", "test/contracts", "test/gait_sensing/conftest.py", "test/vectors"]
BLOCK = re.compile(r"^[^\n]*`([\w./]+\.\w+)`[^\n`]*\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with the page's files in it, at the page's places; its /tmp/acme is a folder of the test."""
    folder = tmp_path_factory.mktemp("acme")
    for name in COPIED:
        source, target = PROJECT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    for name, text in BLOCK.findall(page(folder)):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def page(folder: Path) -> str:
    """Return the page's text, with a folder of the test where it says /tmp/acme."""
    return PAGE.read_text().replace("/tmp/acme", str(folder / "tmp"))


def commands(folder: Path, pattern: str) -> list[list[str]]:
    """Return the page's indented commands that ``pattern`` is found in, for this interpreter."""
    found = []
    for line in re.findall(r"^    (.*)$", page(folder), re.MULTILINE):
        if re.search(pattern, line):
            words = shlex.split(line.removeprefix("PYTHONPATH=src "))
            if words[0] == ".venv/bin/pytest":
                words[:1] = [sys.executable, "-m", "pytest"]
            elif words[0] == "python3":
                words[0] = sys.executable
            else:
                words[0] = str(Path(sys.executable).parent / Path(words[0]).name)
            found.append(words)
    return found


def run(folder: Path, words: list[str]) -> str:
    """Run a command as the page's reader would and return what it says."""
    environment = {**os.environ, "PYTHONPATH": str(folder / "src")}
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_page_gives_every_file(scratch: Path) -> None:
    names = [name for name, _ in BLOCK.findall(PAGE.read_text())]
    assert names == [
        "src/gait_sensing/imus/acme_a1.py",
        "test/vectors/acme_a1.txt",
        "test/gait_sensing/test_acme_a1.py",
        "acme.yaml",
    ]
    assert PAGE.read_text().count("\n```") == 2 * len(names)


def test_its_tests_pass(scratch: Path) -> None:
    contract, own = commands(scratch, "bin/pytest")
    tried = re.search(r"(\d+) passed", run(scratch, contract))
    assert tried and int(tried.group(1)) > 10
    assert "1 passed" in run(scratch, own)


def test_the_device_is_in_the_table(scratch: Path) -> None:
    (scratch / "docs" / "hardware" / "acme_a1.md").write_text("# Acme A1\n\nWith the invented device of the page.\n")
    (write,) = re.findall(r"`(python3 tools/\w+\.py)`", PAGE.read_text())
    run(scratch, [sys.executable, *write.split()[1:]])
    assert "acme_a1.md" in (scratch / "docs" / "hardware" / "README.md").read_text()


def test_the_doctor_ends_with_its_green_line(
    scratch: Path, domain_id: int, wait_until: Callable[..., None], tmp_path: Path
) -> None:
    (launch,) = commands(scratch, "gait-lab launch")
    (doctor,) = commands(scratch, "gait-lab doctor")
    environment = {**os.environ, "PYTHONPATH": str(scratch / "src")}
    said = tmp_path / "launch.txt"
    with said.open("w") as out:
        lab = subprocess.Popen(launch, cwd=scratch, env=environment, stdout=out, stderr=subprocess.STDOUT)
    try:
        wait_until((scratch / "tmp" / "left_foot").exists, lambda: time.sleep(0.1), deadline_s=60.0)
        for _ in range(3):  # while the machine is busy, samples come late, and the doctor rightly says so
            told = run(scratch, doctor).splitlines()
            if any(line.startswith("green  imu/left_foot") for line in told):
                break
    finally:
        lab.send_signal(signal.SIGINT)
        code = lab.wait(60)
    assert code == 0, said.read_text()
    streams = [line for line in told if re.search(r" imu/", line)]
    assert len(streams) == 1
    rate = re.match(r"green  imu/left_foot +([\d.]+) of 100 Hz, \d+ ms old, .* 0 lost, 0 bad, 1 times", streams[0])
    assert rate and float(rate.group(1)) == pytest.approx(100.0, rel=RATE_AMBER), streams[0]
    assert told[-1].startswith("ready")
