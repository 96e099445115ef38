# SPDX-License-Identifier: Apache-2.0
"""Definitions are whole, and hashes are those of the definitions."""

import json
import shutil
from pathlib import Path

import pytest

from gait_messages.definitions import ament_prefixes, find_definition, hash_description

PREFIX = next(prefix for prefix in ament_prefixes() if (prefix / "share/gait_lab/msg/Stride.json").exists())
INSTALLED = sorted((PREFIX / "share").glob("*/msg/*.json"))


def test_the_hash_of_every_installed_type_is_reproduced():
    assert len(INSTALLED) > 100
    for path in INSTALLED:
        document = json.loads(path.read_text())
        name = f"{path.parts[-3]}/msg/{path.stem}"
        installed = {entry["type_name"]: entry["hash_string"] for entry in document["type_hashes"]}
        assert hash_description(document["type_description_msg"]) == installed[name], name


def test_a_definition_holds_every_type_it_needs_once():
    text = find_definition("gait_lab/msg/GaitState").text
    assert text.count("MSG: ") == 3
    for name in ("MSG: builtin_interfaces/Time", "MSG: gait_lab/LimbState", "MSG: std_msgs/Header"):
        assert text.count("=" * 80 + "\n" + name + "\n") == 1
    assert "float64 age_s" in text
    assert "uint8 SUBPHASE_MID_SWING=6" in text


def _copy_of_time(tmp_path: Path) -> Path:
    shutil.copytree(PREFIX / "share/builtin_interfaces/msg", tmp_path / "share/builtin_interfaces/msg")
    return tmp_path / "share/builtin_interfaces/msg/Time.json"


def test_a_hash_that_is_not_the_types_is_refused(tmp_path):
    path = _copy_of_time(tmp_path)
    assert find_definition("builtin_interfaces/msg/Time", [tmp_path]).type_hash.startswith("RIHS01_b106235e")
    path.write_text(path.read_text().replace('"nanosec"', '"picosec"'))
    with pytest.raises(ValueError, match=r"RIHS01_b106235e.* is not that of its description"):
        find_definition("builtin_interfaces/msg/Time", [tmp_path])


def test_a_default_value_does_not_change_the_hash(tmp_path):
    path = _copy_of_time(tmp_path)
    path.write_text(path.read_text().replace('"default_value": ""', '"default_value": "3"'))
    assert find_definition("builtin_interfaces/msg/Time", [tmp_path]).type_hash.startswith("RIHS01_b106235e")


@pytest.mark.parametrize("name", ["gait_lab/msg/Nothing", "Stride", "gait_lab/Stride"])
def test_an_unknown_type_is_refused_and_named(name):
    with pytest.raises(ValueError, match=name):
        find_definition(name)
