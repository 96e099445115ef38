# SPDX-License-Identifier: Apache-2.0
"""The page of settings says what the nodes declare, and every parameter of a shipped config is on it."""

import ast
import re
import runpy
from pathlib import Path

import pytest
import yaml

TOOL = runpy.run_path(str(Path(__file__).parents[2] / "tools/settings.py"))
ROOT, NODES = TOOL["ROOT"], TOOL["NODES"]
BLOCKS = {node: [each for each in blocks if isinstance(each, TOOL["Block"])] for node, blocks in NODES.items()}
CONFIGS = [*ROOT.glob("config/*.yaml"), *ROOT.glob("config/participants/*.yaml")]
STANDS_FOR_A_NAME = r"<(segment|name)>"


def declared(file):
    """The settings that ``declare`` is called with in a file, by name of their class."""
    calls = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)]
    return {
        call.args[1].id for call in calls if ast.unparse(call.func) == "declare" and isinstance(call.args[1], ast.Name)
    }


def parameters(values, prefix=""):
    """Full names of the parameters of a node's block, levels joined by dots."""
    for key, value in values.items():
        yield from parameters(value, f"{prefix}{key}.") if isinstance(value, dict) else [f"{prefix}{key}"]


def on_the_page(node):
    """Patterns of the parameters that the page has under the heading of a node."""
    section = TOOL["page"]().split(f"\n## {node}\n")[1].split("\n## ")[0]
    return [re.sub(STANDS_FOR_A_NAME, r"\\w+", name) for name in re.findall(r"^\| `(\S+)` \|", section, re.MULTILINE)]


def test_page_is_fresh():
    assert TOOL["PAGE"].read_text() == TOOL["page"](), "run: .venv/bin/python tools/settings.py"


@pytest.mark.parametrize("file", sorted((ROOT / "src").rglob("*_node.py")), ids=lambda file: file.stem)
def test_has_what_each_node_declares(file):
    shown = {settings.__name__ for block in BLOCKS.get(file.stem, []) for settings in block.settings}
    helpers = {"DelaySettings", "TopicSettings"} if {"imu_node", "load_cell_node"} & {file.stem} else set()
    assert declared(file) | helpers == shown


@pytest.mark.parametrize("file", CONFIGS, ids=lambda file: file.stem)
def test_every_parameter_of_a_config_is_on_the_page(file):
    for node, block in yaml.safe_load(file.read_text()).items():
        name = node.removeprefix("/**/").replace("sound_node", "haptic_node")
        names = on_the_page(name)
        unknown = [
            each for each in parameters(block["ros__parameters"]) if not any(re.fullmatch(n, each) for n in names)
        ]
        assert unknown == [], name
