# SPDX-License-Identifier: Apache-2.0
"""A norm is the same ratio in every index, and is told with its source or not at all."""

import math

import pytest

from gait_analysis.comparison.indices import INDICES
from gait_analysis.comparison.norms import LEVELS, norm
from gait_analysis.participant import Participant
from gait_sensing.samples import Side


def person(level, side=Side.LEFT):
    return Participant(80.0, side, level)


@pytest.mark.parametrize(("level", "ratio"), [("transtibial", 1.04), ("transfemoral_microprocessor_knee", 1.11)])
def test_a_norm_comes_in_the_index_asked_for_with_its_source(level, ratio):
    for name, index in INDICES.items():
        value, source = norm(person(level), "stance_time", index)
        assert value == pytest.approx(index.compare(0.6, 0.6 * ratio)[0]), name
        assert "doi:10.1186/s12984-018-0403-x" in source and f"{ratio}" in source
    assert norm(person(level), "stance_time", INDICES["ratio"])[0] == pytest.approx(ratio)


@pytest.mark.parametrize(
    ("level", "metric", "why"),
    [
        ("unknown", "stance_time", "none: the level of amputation is not told"),
        ("transfemoral", "stance_time", "none: it depends on the knee, and which one is not told"),
        ("transfemoral", "step_length", "none known for this level"),
        ("transtibial", "step_length", "none known for this level"),
    ],
)
def test_where_there_is_none_the_reason_is_told(level, metric, why):
    value, source = norm(person(level), metric, INDICES["ratio"])
    assert math.isnan(value) and source == why


def test_without_the_side_of_the_prosthesis_it_is_the_side_that_lacks():
    value, source = norm(person("transtibial", None), "stance_time", INDICES["ratio"])
    assert math.isnan(value) and source == "none: the side of the prosthesis is not told"
    assert "level" in norm(person("unknown", None), "stance_time", INDICES["ratio"])[1]


def test_every_level_may_be_asked_for():
    assert LEVELS[0] == "unknown"
    for level in LEVELS:
        value, source = norm(person(level), "stance_time", INDICES["log_ratio"])
        assert math.isnan(value) == source.startswith("none")
