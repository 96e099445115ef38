# SPDX-License-Identifier: Apache-2.0
"""``asymmetry.csv`` names the legs left and right, whichever is the prosthesis."""

import csv
from pathlib import Path

import pytest

from gait_analysis.gait import Asymmetry, MetricAsymmetry
from gait_sensing.samples import Side
from gait_session.results_csv import ASYMMETRY, write_asymmetry

METRIC = MetricAsymmetry(
    "stance_time", "(S - P) / (S + P)", 0.05, 0.04, 0.60, 0.66, "s", 9, 0,
    prosthetic_sd=0.011, sound_sd=0.022, prosthetic_cv=0.1, sound_cv=0.2,
    prosthetic_strides_count=8, sound_strides_count=10,
)  # fmt: skip


@pytest.mark.parametrize("prosthetic_side", [Side.LEFT, Side.RIGHT, None])
def test_values_and_variability_are_those_of_the_named_leg(tmp_path: Path, prosthetic_side: Side | None) -> None:
    write_asymmetry(tmp_path, [Asymmetry(1.5, Side.LEFT, (METRIC,))], prosthetic_side)
    with (tmp_path / ASYMMETRY).open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    prosthetic, sound = ("right", "left") if prosthetic_side is Side.RIGHT else ("left", "right")
    told = {name: float(row[f"{prosthetic}_{name}"]) for name in ("value", "sd", "cv", "strides_count")}
    assert told == {"value": 0.60, "sd": 0.011, "cv": 0.1, "strides_count": 8.0}
    told = {name: float(row[f"{sound}_{name}"]) for name in ("value", "sd", "cv", "strides_count")}
    assert told == {"value": 0.66, "sd": 0.022, "cv": 0.2, "strides_count": 10.0}
    assert not [name for name in row if "prosthetic" in name or "sound" in name or name == "name"]
