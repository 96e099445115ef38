# SPDX-License-Identifier: Apache-2.0
"""Segments told by two numbers each: claimed where they are clear, and not where they are not."""

import numpy as np
import pytest

from gait_sensing.mounting.legs import find_contradictions, find_wrong_legs, tell_leg
from gait_sensing.mounting.placement import Turning, find_misplaced, link_of, side_of
from gait_sensing.samples import Side

USUAL = {
    "pelvis": Turning(0.5, 0.6),
    **{
        f"{side}_{link}": turning
        for side in ("left", "right")
        for link, turning in (
            ("thigh", Turning(1.3, 0.36)),
            ("shank", Turning(2.3, 0.38)),
            ("foot", Turning(2.7, 0.08)),
        )
    },
}
STRIDE_S = 1.2
TIME_S = np.arange(1500) / 100.0


def slowly(turnings, factor=0.6):
    return {segment: Turning(factor * turning.way_rad, turning.rest) for segment, turning in turnings.items()}


@pytest.mark.parametrize("factor", [0.6, 1.0, 1.4])
def test_a_slow_or_fast_walker_is_worn_rightly(factor):
    assert find_misplaced(slowly(USUAL, factor)) == []


@pytest.mark.parametrize("factor", [0.6, 1.0, 1.4])
def test_a_shank_and_a_thigh_swapped_are_named_at_any_speed(factor):
    worn = {**USUAL, "left_shank": USUAL["left_thigh"], "left_thigh": USUAL["left_shank"]}
    (finding,) = find_misplaced(slowly(worn, factor))
    assert {finding.segment, finding.other} == {"left_shank", "left_thigh"}
    assert (finding.level, "look swapped" in finding.text) == ("error", True)


def test_of_two_swaps_at_once_nobody_knows_the_pairs_but_the_places():
    worn = dict(USUAL)
    for side in ("left", "right"):
        worn[f"{side}_shank"], worn[f"{side}_foot"] = USUAL[f"{side}_foot"], USUAL[f"{side}_shank"]
    assert {finding.text for finding in find_misplaced(worn)} == {
        "left_shank looks worn on a foot",
        "right_shank looks worn on a foot",
        "left_foot looks worn on a shank",
        "right_foot looks worn on a shank",
    }


def test_a_stiff_knee_is_no_swap():
    assert find_misplaced({**USUAL, "left_shank": Turning(1.5, 0.36), "left_thigh": Turning(1.4, 0.36)}) == []


def test_a_shank_worn_alone_may_be_a_thigh_and_nothing_is_claimed():
    assert find_misplaced({"left_shank": Turning(1.5, 0.37)}) == []
    assert find_misplaced({"left_thigh": Turning(2.0, 0.37)}) == []


def test_what_fits_two_explanations_is_left_open():
    (finding,) = find_misplaced({"left_foot": Turning(1.9, 0.4)})
    assert finding.level == "warn"
    assert "cannot tell" in finding.text


def test_names_give_link_and_side():
    assert [link_of(name) for name in ("left_foot", "pelvis", "lower_back", "left_hand", "foot", "left_pelvis")] == [
        "foot", "pelvis", "pelvis", "", "", "",
    ]  # fmt: skip
    assert [side_of(name) for name in ("left_foot", "right_thigh", "pelvis")] == [Side.LEFT, Side.RIGHT, None]


def swinging(phase):
    """Rate about the left axis of a leg that goes forward, negative, in the third quarter of its stride."""
    return np.sin(2.0 * np.pi * (TIME_S / STRIDE_S - phase))


def contacts(phase):
    return [STRIDE_S * (count + phase) for count in range(12)]


def test_contacts_tell_the_leg():
    of_left, of_right = contacts(0.0), contacts(0.5)
    known = {Side.LEFT: of_left, Side.RIGHT: of_right}
    assert tell_leg(swinging(0.0), 0.0, STRIDE_S, known) is Side.LEFT
    assert tell_leg(swinging(0.5), 0.0, STRIDE_S, known) is Side.RIGHT
    assert tell_leg(swinging(0.29), 0.0, STRIDE_S, known) is None
    assert tell_leg(swinging(0.0), 0.0, STRIDE_S, {Side.LEFT: of_left, Side.RIGHT: of_right[:2]}) is None
    assert tell_leg(swinging(0.0), 100.0, STRIDE_S, known) is None


def test_wrong_legs_are_named_once():
    legs = {"left_foot": Side.RIGHT, "right_foot": Side.LEFT, "left_shank": Side.RIGHT, "right_thigh": None}
    assert [(finding.level, finding.text) for finding in find_wrong_legs(legs)] == [
        ("error", "left_foot and right_foot look swapped"),
        ("error", "left_shank looks worn on the right leg"),
        ("info", "cannot tell which leg right_thigh is worn on"),
    ]


def test_two_imus_that_move_together_are_not_on_two_legs():
    rates = {"left_foot": swinging(0.0), "right_foot": swinging(0.05)}
    texts = [finding.text for finding in find_contradictions(rates, STRIDE_S)]
    assert texts[1:] == ["left_foot and right_foot move as on one leg"]


def test_links_a_quarter_stride_apart_do_not_contradict_each_other():
    rates = {"left_foot": swinging(0.0), "right_foot": swinging(0.5)}
    rates |= {"left_shank": swinging(0.25), "right_shank": swinging(0.75)}
    assert [finding.level for finding in find_contradictions(rates, STRIDE_S)] == ["info"]
