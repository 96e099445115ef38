# SPDX-License-Identifier: Apache-2.0
"""Each folder of parts says where its contract stands, and it stands there."""

import importlib
import pkgutil
import re

import pytest

FOLDERS = [
    *(f"gait_analysis.{name}" for name in ("detectors", "deviations", "metrics", "phases")),
    *(f"gait_feedback.{name}" for name in ("actuators", "belts", "cues")),
    *(f"gait_sensing.{name}" for name in ("imus", "load_cells")),
]


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_names_its_contract(folder):
    names = re.findall("``(.*?)``", importlib.import_module(folder).__doc__)
    assert names
    for name in names:
        assert isinstance(pkgutil.resolve_name(name), type)
