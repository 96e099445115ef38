# SPDX-License-Identifier: Apache-2.0
"""``docs/add_a_metric.md``, followed to the letter in a copy of the project."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).parents[2]
PAGE = PROJECT / "docs" / "add_a_metric.md"
COPIED = ["pyproject.toml", "src", "test/conftest.py", "test/contracts/test_analysis_parts.py"]
BLOCK = re.compile(r"^[^\n]*`([\w./]+\.\w+)`[^\n`]*\n\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
METRIC, LIST, TEST = (
    "src/gait_analysis/metrics/stance_share.py",
    "src/gait_analysis/analyser.py",
    "test/gait_analysis/test_stance_share.py",
)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with what the page says written into it."""
    folder = tmp_path_factory.mktemp("metric")
    for name in COPIED:
        source, target = PROJECT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    for name, text in BLOCK.findall(PAGE.read_text()):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name == LIST:
            first_line = text.splitlines(keepends=True)[0]
            before = path.read_text()
            assert before.count(first_line) == 1
            text = before.replace(first_line, text)
        path.write_text(text)
    return folder


def run(folder: Path, words: list[str]) -> str:
    """Run a command as the page's reader would and return what it says."""
    environment = {**os.environ, "PYTHONPATH": str(folder / "src")}
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_page_gives_every_file() -> None:
    assert [name for name, _ in BLOCK.findall(PAGE.read_text())] == [METRIC, LIST, TEST]
    assert not (PROJECT / METRIC).exists(), "the example has become a part of the project: take another one"


def test_its_tests_pass(scratch: Path) -> None:
    (command,) = re.findall(r"^    PYTHONPATH=src \.venv/bin/pytest (.*)$", PAGE.read_text(), re.MULTILINE)
    said = run(scratch, [sys.executable, "-m", "pytest", "-v", *shlex.split(command)])
    assert "test_share_of_a_stride PASSED" in said
    assert "test_a_metric_has_a_name_and_a_unit_and_knows_what_is_missing[stance_share] PASSED" in said


def test_the_analysis_computes_it(scratch: Path) -> None:
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    config = yaml.safe_load(block)
    code = (
        "from gait_analysis.analyser import Analyser, AnalyserSettings\n"
        "from gait_analysis.participant import Input, Participant\n"
        "from gait_session.recording.replay import analyser_settings\n"
        f"settings, parts = analyser_settings({config!r})\n"
        "Analyser(settings, Participant(75.0, None), Input.LIVE, 0.0, parts)\n"
        "print(settings.metrics, 'stance_share' in AnalyserSettings().metrics)\n"
    )
    assert run(scratch, [sys.executable, "-c", code]) == "['stance_share', 'stance_time'] True\n"
