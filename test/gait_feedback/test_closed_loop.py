# SPDX-License-Identifier: Apache-2.0
"""Each cue strategy and belt law around a simulated walker: one who responds is brought to the aim, nobody is harmed.

The walks are those of benchmarks/accuracy/closed_loop.py, shorter.
"""

import pytest

from gait_parts.plugins import available

CUES, BELTS = available("gait_feedback.cues"), available("gait_feedback.belts")


@pytest.fixture(scope="module")
def cue_loop(accuracy_script):
    return accuracy_script("loop_cues")


@pytest.fixture(scope="module")
def belt_loop(accuracy_script):
    return accuracy_script("loop_belts")


def test_every_part_has_its_walk(cue_loop, belt_loop):
    assert {name.split(",")[0] for name in cue_loop.SCENARIOS} == set(CUES)
    assert sorted(belt_loop.SCENARIOS) == sorted(BELTS)


@pytest.mark.parametrize(
    "name", [*(name for name in CUES if name != "posture"), "posture, hip_drop", "posture, trunk_lean"]
)
def test_cues_bring_one_who_responds_to_the_aim_and_do_nobody_harm(cue_loop, name):
    scenario = cue_loop.SCENARIOS[name]
    cued, alone = (cue_loop.run(name, is_responder, cue_loop.SHORT) for is_responder in (True, False))
    assert cued.is_reached, f"{scenario.aim}: {cued.before:.3f} to {cued.after:.3f}, wanted {scenario.wanted}"
    assert alone.is_reached == scenario.is_timing, f"{alone.before:.3f} to {alone.after:.3f} without response"
    assert not cued.harm.problems and not alone.harm.problems
    assert cued.cues_count > 0 and alone.cues_count > 0


@pytest.mark.parametrize("name", BELTS)
@pytest.mark.parametrize("is_responder", [True, False])
def test_a_law_does_what_it_is_for_within_its_limits(belt_loop, name, is_responder):
    aim, outcome = belt_loop.SCENARIOS[name](is_responder, False)
    assert outcome.is_reached, f"{aim}: {outcome.before:.3f} to {outcome.after:.3f}"
    assert not outcome.harm.problems
