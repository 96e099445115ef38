# SPDX-License-Identifier: Apache-2.0
"""``docs/asymmetry.md`` says what the code does: its tables and its configs."""

import re
from pathlib import Path

import pytest
import yaml

from gait_analysis.comparison.indices import INDICES
from gait_analysis.comparison.norms import LEVELS, norm
from gait_analysis.participant import Participant
from gait_parts.plugins import available
from gait_sensing.samples import Side
from gait_session.recording.replay import analyser_settings

PAGE = (Path(__file__).parents[2] / "docs" / "asymmetry.md").read_text()
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| `")]


def test_every_index_is_in_the_table_with_its_sign_and_value():
    rows = {name.split("`")[1]: rest for name, *rest in ROWS if len(rest) == 3 and "larger on" in rest[1]}
    assert list(rows) == list(INDICES)
    for name, (_, sign, value) in rows.items():
        assert sign == INDICES[name].sign
        assert float(value.replace("\N{MINUS SIGN}", "-")) == pytest.approx(
            INDICES[name].compare(0.60, 0.66)[0], abs=5e-5
        )


def test_every_norm_is_in_the_table():
    told = {
        level: ratio
        for levels, _, ratio, _ in (row for row in ROWS if len(row) == 4)
        for level in re.findall(r"`(\w+)`", levels)
    }
    for level in LEVELS:
        value, _ = norm(Participant(75.0, Side.LEFT, level), "stance_time", INDICES["ratio"])
        assert told[level].startswith(f"{value:.2f} (" if value == value else "none"), level


def test_every_deviation_is_in_the_table():
    assert sorted(row[0].strip("`") for row in ROWS if len(row) == 3) == available("gait_analysis.deviations")


def test_its_configs_are_understood():
    blocks = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 2
    parts = [analyser_settings(yaml.safe_load(block))[1] for block in blocks]
    assert parts[0]["asymmetry"].given_baselines()["stance_time"].mean == 1.12
    assert parts[1]["standing"].shift_amplitude == 0.2
