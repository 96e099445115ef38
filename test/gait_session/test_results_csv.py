# SPDX-License-Identifier: Apache-2.0
"""``asymmetry.csv`` names the legs left and right, whichever is the prosthesis; a session's ledger has every cue."""

import csv
import math
from pathlib import Path
from types import SimpleNamespace

import pytest

from gait_analysis.gait import Asymmetry, MetricAsymmetry
from gait_sensing.samples import Side
from gait_session.results_csv import ASYMMETRY, write_asymmetry, write_cues

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


def stamp(time_s: float) -> SimpleNamespace:
    return SimpleNamespace(sec=int(time_s), nanosec=round(1e9 * (time_s % 1.0)))


def test_the_ledger_has_every_time_of_each_cue_and_nothing_for_what_was_not(tmp_path: Path) -> None:
    never = stamp(0.0)
    sent = {"event": stamp(10.5), "detected": stamp(10.508), "decided": stamp(10.509), "sent": stamp(10.51)}
    receipts = [
        SimpleNamespace(number=1, side=2, result=1, **sent, acknowledged=stamp(10.52), device_time_s=3.25, text=""),
        SimpleNamespace(number=2, side=1, result=5, **{**sent, "sent": never}, acknowledged=never,
                        device_time_s=math.nan, text="catch stride: withheld"),
    ]  # fmt: skip
    cues = [SimpleNamespace(number=1, intensity=0.8, duration_s=0.1, reason="stance time 0.6 s, short")]
    write_cues(tmp_path / "cues.csv", cues, receipts)
    with (tmp_path / "cues.csv").open(newline="", encoding="utf-8") as file:
        first, second = csv.DictReader(file)
    assert (first["side"], first["result"], first["intensity"]) == ("right", "sent", "0.800000")
    assert [first[f"{name}_s"] for name in ("event", "detected", "decided", "sent", "acknowledged")] == [
        "10.500000", "10.508000", "10.509000", "10.510000", "10.520000",
    ]  # fmt: skip
    assert (second["result"], second["why"]) == ("withheld", "catch stride: withheld")
    assert second["sent_s"] == second["acknowledged_s"] == second["device_time_s"] == second["intensity"] == ""
