# SPDX-License-Identifier: Apache-2.0
"""What pip has installed is whole, and a node started by its path finds the environment that it belongs to."""

import importlib
import os
import re
import subprocess
import sys
from importlib.metadata import distribution, distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# As a person's terminal has it: nothing of the environment is set, and /usr/bin is all that PATH leads to.
BARE = {"HOME": os.environ.get("HOME", "/"), "PATH": "/usr/bin:/bin"}


def started(command: list[str | Path], **variables: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, env=BARE | variables, capture_output=True, text=True)


def test_install_is_what_the_sources_are():
    result = started([sys.executable, ROOT / "tools/check_install.py"], AMENT_PREFIX_PATH=sys.prefix)
    assert result.returncode == 0, result.stderr
    assert f"{Path(sys.prefix).resolve()} with Python" in result.stdout


def test_pip_knows_one_package_with_the_version_of_package_xml():
    [version] = re.findall("<version>(.*)</version>", (ROOT / "package.xml").read_text())
    assert [found.version for found in distributions(name="gait_lab")] == [version]


def test_pip_knows_every_file_so_that_it_can_remove_them():
    files = {str(file) for file in distribution("gait_lab").files or []}
    assert "gait_parts/plugins.py" in " ".join(files)
    assert any(file.endswith("../gait_lab/imu_node") for file in files)
    assert any(file.endswith("share/ament_index/resource_index/packages/gait_lab") for file in files)


def test_command_line_starts_by_its_path_alone():
    result = started([Path(sys.prefix) / "bin/gait-lab", "--help"])
    assert result.returncode == 0, result.stderr
    assert "session" in result.stdout


@pytest.mark.parametrize("inherited", [{}, {"LD_LIBRARY_PATH": "/nowhere"}])
def test_script_with_env_shebang_finds_rclpy_when_the_environment_is_first_on_path(tmp_path, inherited):
    script = tmp_path / "node"
    script.write_text(
        "#!/usr/bin/env python3\n"
        "import sys, rclpy, gait_lab.msg\n"
        "from rclpy.serialization import serialize_message\n"
        "print(sys.prefix, len(serialize_message(gait_lab.msg.GaitState())) > 0)\n"
    )
    script.chmod(0o755)
    path = f"{sys.prefix}/bin:{BARE['PATH']}"
    result = started([script], PATH=path, AMENT_PREFIX_PATH=sys.prefix, **inherited)
    assert (result.stdout, result.returncode) == (f"{sys.prefix} True\n", 0), result.stderr


def test_every_node_has_an_executable_that_runs_it():
    nodes = {path.stem: f"{path.parent.name}.{path.stem}" for path in (ROOT / "src").glob("*/*_node.py")}
    assert len(nodes) > 5
    for name, module in (nodes | {"gait-lab": "gait_session.command_line"}).items():
        lines = (Path(sys.prefix) / "lib/gait_lab" / name).read_text().splitlines()
        assert lines[0] == "#!/usr/bin/env python3"
        assert lines[-1] == "raise SystemExit(main())"
        assert f"from {module} import main" in lines
        assert callable(importlib.import_module(module).main)


def test_requirements_are_those_of_the_package():
    """The tool that ``make`` uses reads what pip reads."""
    tool = ROOT / "tools/requirements.py"
    result = subprocess.run([sys.executable, tool, "project.dependencies"], capture_output=True, text=True, check=True)
    wanted = {line for line in distribution("gait_lab").requires or [] if "extra ==" not in line}
    assert {line.lower().replace(" ", "") for line in wanted} == set(result.stdout.split())
