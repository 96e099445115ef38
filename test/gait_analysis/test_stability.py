# SPDX-License-Identifier: Apache-2.0
"""The lateral margin of stability: its accuracy on a known pendulum, its symmetries, and when there is none."""

import math
from dataclasses import replace

import numpy as np
import pytest

from gait_analysis.strides.stability import Settings, lateral_margin_m
from gait_sensing.samples import Side

SETTINGS = {method: Settings(centre_of_mass=method) for method in ("lateral_force", "pressure")}
LEG_M = 0.9
WORST_MM = {"lateral_force": 2.0, "pressure": 8.0}  # 95 of 100 strides, with noise and a body that turns


@pytest.fixture(scope="module")
def bench(accuracy_script):
    return accuracy_script("stability")


@pytest.fixture(scope="module")
def stride(bench):
    """A stride with the rows of both plates: what ``lateral_margin_m`` takes after the settings."""
    walked = bench.walk(replace(bench.Walker(strides_count=8), **bench.NOISE))
    begin_s, other_off_s, side = walked.contacts[8]
    contact_s, end_s = walked.contacts[9][0], walked.contacts[10][0]
    rows = [plate[slice(*plate[:, 0].searchsorted((2.0 * begin_s - end_s - 0.01, end_s)))] for plate in walked.plates]
    return side, (begin_s, end_s), (other_off_s, contact_s), rows


@pytest.mark.parametrize("method", SETTINGS)
@pytest.mark.parametrize("walk", ["noise", "noise, body", "noise, body, slow"])
def test_near_the_truth(bench, method, walk):
    changed = next(changed for name, changed, _ in bench.ROWS if name == walk)
    scored = bench.score(bench.walk(replace(bench.Walker(strides_count=20, seed=7), **changed)), SETTINGS[method])
    errors_mm = 1e3 * scored.errors_m()
    assert len(errors_mm) == 34 and np.isfinite(errors_mm).all()
    assert abs(np.median(errors_mm)) < 0.5 * WORST_MM[method]
    assert np.percentile(np.abs(errors_mm), 95) < WORST_MM[method]


@pytest.mark.parametrize("method", SETTINGS)
def test_mirrored_moved_later_and_heavier(stride, method):
    side, stride_s, support_s, plates = stride
    margin_m = lateral_margin_m(SETTINGS[method], LEG_M, side, stride_s, support_s, plates)
    assert 0.0 < margin_m < 0.1

    def changed(scale, shift=(0.0, 0.0, 0.0, 0.0)):
        return [rows * np.array(scale) + np.array(shift) for rows in plates]

    mirrored = lateral_margin_m(
        SETTINGS[method], LEG_M, side.other, stride_s, support_s, changed((1.0, -1.0, 1.0, -1.0))
    )
    assert mirrored == pytest.approx(margin_m, abs=1e-12)
    moved = lateral_margin_m(
        SETTINGS[method], LEG_M, side, stride_s, support_s, changed((1.0,) * 4, (0.0, 0.0, 0.0, 0.3))
    )
    assert moved == pytest.approx(margin_m, abs=1e-9)
    heavier = lateral_margin_m(SETTINGS[method], LEG_M, side, stride_s, support_s, changed((1.0, 1.4, 1.4, 1.0)))
    assert heavier == pytest.approx(margin_m, abs=1e-9)
    later_s = tuple(tuple(time_s + 1e9 for time_s in times) for times in (stride_s, support_s))
    later = lateral_margin_m(SETTINGS[method], LEG_M, side, *later_s, changed((1.0,) * 4, (1e9, 0.0, 0.0, 0.0)))
    assert later == pytest.approx(margin_m, abs=1e-4)  # a float64 of that size tells 0.1 us


@pytest.mark.parametrize("method", SETTINGS)
def test_both_feet_on_one_plate_are_the_same_person(stride, method):
    side, stride_s, support_s, (left, right) = stride
    loads_n = np.where(np.isnan([left[:, 3], right[:, 3]]), 0.0, [left[:, 2], right[:, 2]])
    places_m = np.nan_to_num([left[:, 3], right[:, 3]])
    one = left + right
    one[:, 0], one[:, 3] = left[:, 0], (loads_n * places_m).sum(axis=0) / loads_n.sum(axis=0)
    expected_m = lateral_margin_m(SETTINGS[method], LEG_M, side, stride_s, support_s, [left, right])
    assert lateral_margin_m(SETTINGS[method], LEG_M, side, stride_s, support_s, [one]) == pytest.approx(
        expected_m, abs=5e-4
    )


@pytest.mark.parametrize("method", SETTINGS)
def test_nothing_is_made_up(stride, method):
    side, stride_s, support_s, plates = stride
    nothing = {
        "no leg": (math.nan, support_s, plates),
        "no plate": (LEG_M, support_s, []),
        "no rows": (LEG_M, support_s, [plates[0], plates[1][:0]]),
        "no stride before": (LEG_M, support_s, [rows[rows[:, 0] > stride_s[0]] for rows in plates]),
        "the end is missing": (LEG_M, support_s, [rows[rows[:, 0] < stride_s[1] - 0.06] for rows in plates]),
        "a gap": (LEG_M, support_s, [plates[0], np.delete(plates[1], slice(900, 960), axis=0)]),
        "single support is not known": (LEG_M, (support_s[0], math.nan), plates),
        "hardly a single support": (LEG_M, (support_s[0], support_s[0] + 0.015), plates),
        "nobody there": (LEG_M, support_s, [rows * np.array((1.0, 1.0, 0.0, 1.0)) for rows in plates]),
        "no place of the load": (LEG_M, support_s, [rows + np.array((0.0, 0.0, 0.0, math.nan)) for rows in plates]),
    }
    for name, (leg_m, times, rows) in nothing.items():
        assert math.isnan(lateral_margin_m(SETTINGS[method], leg_m, side, stride_s, times, rows)), name


def test_lateral_force_is_needed_by_one_way_only(stride):
    side, stride_s, support_s, plates = stride
    for lateral_n in (0.0, math.nan):  # as a plate that does not measure it is written
        unmeasured = [rows.copy() for rows in plates]
        for rows in unmeasured:
            rows[:, 1] = lateral_n
        assert math.isnan(lateral_margin_m(SETTINGS["lateral_force"], LEG_M, side, stride_s, support_s, unmeasured))
        margin_m = lateral_margin_m(SETTINGS["pressure"], LEG_M, side, stride_s, support_s, unmeasured)
        assert margin_m == lateral_margin_m(SETTINGS["pressure"], LEG_M, side, stride_s, support_s, plates)


@pytest.mark.parametrize("method", SETTINGS)
def test_the_pendulum_is_as_long_as_ratio_and_leg_say(stride, method):
    settings = replace(SETTINGS[method], pendulum_ratio=1.2)
    margin_m = lateral_margin_m(settings, LEG_M, *stride)
    longer = replace(SETTINGS[method], pendulum_ratio=1.0)
    assert margin_m == pytest.approx(lateral_margin_m(longer, 1.2 * LEG_M, *stride), abs=1e-12)
    assert margin_m != pytest.approx(lateral_margin_m(settings, 1.2 * LEG_M, *stride), abs=1e-5)


@pytest.mark.parametrize("side", Side)
def test_further_out_is_further_inside(bench, side):
    """A foot that is placed 10 mm further out has a margin that is 10 mm larger."""
    number = list(Side).index(side)
    margins_m = []
    for placed_m in ((0.02, 0.02), (0.03, 0.03)):
        walker = bench.Walker(strides_count=12, placed_m=placed_m, scatter_m=0.0, step_s=(0.6, 0.6))
        scored = bench.score(bench.walk(walker), SETTINGS["lateral_force"])
        margins_m.append(np.median(scored.found_m[list(Side)[number]]))
    assert margins_m[1] - margins_m[0] == pytest.approx(0.010, abs=0.002)
