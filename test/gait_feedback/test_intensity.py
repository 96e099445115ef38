# SPDX-License-Identifier: Apache-2.0
"""A threshold of touch is found, of walkers who answer by it."""

import random

import pytest

from gait_analysis.events import EventFlag
from gait_feedback.cue import Modality
from gait_feedback.cueing import Cueing, CueingSettings
from gait_feedback.cues.find_intensity import Settings, Strategy
from gait_feedback.intensity import IntensitySettings, Staircase
from gait_feedback.stability_guard import GuardSettings
from gait_sensing.samples import Side

START_S = 1.8e9


@pytest.mark.parametrize("threshold", [0.03, 0.1, 0.3, 0.7])
def test_a_sharp_threshold_is_found_within_one_fine_step(threshold):
    staircase, count = Staircase(0.8), 0
    while not staircase.is_done:
        staircase.feed(staircase.intensity >= threshold)
        count += 1
    assert threshold / 1.25 <= staircase.threshold <= threshold * 1.25 and count < 30


@pytest.mark.parametrize("seed", range(5))
def test_a_blurred_threshold_is_found_nearly(seed):
    """Felt half of the time at 0.2, never at 0.13, always at 0.3."""
    draw, staircase = random.Random(seed), Staircase(0.8)
    while not staircase.is_done:
        staircase.feed(staircase.intensity >= 0.2 * 1.5 ** draw.uniform(-1.0, 1.0))
    assert 0.13 <= staircase.threshold <= 0.3


def test_who_feels_nothing_is_not_asked_for_ever():
    staircase = Staircase(0.8)
    for _ in range(4):
        assert not staircase.is_done
        staircase.feed(False)
    assert staircase.is_unfelt and staircase.is_done and staircase.intensity == 1.0


def walk(contact, cueing, thresholds, strides=400, answer_s=0.6):
    """Walk, and ask whenever a cue is felt; return the cues that went."""
    cues, answers_s = [], []
    for number in range(2 * strides):
        side, now_s = list(Side)[number % 2], START_S + 1.0 + 0.55 * number
        for due_s in [due_s for due_s in answers_s if due_s <= now_s]:
            answers_s.remove(due_s)
            cueing.ask(due_s)
        decisions = cueing.feed(now_s + 0.01, contact(side, now_s))
        assert all(decision.verdict.is_allowed for decision in decisions)
        for cue in (decision.cue for decision in decisions):
            cues.append(cue)
            if cue.modality is Modality.VIBRATION and cue.intensity >= thresholds[side]:
                answers_s.append(now_s + answer_s)
    return cues


def cueing(**values):
    settings = CueingSettings(guard=GuardSettings(is_on=False))
    return Cueing(Strategy(Settings(**values), Side.LEFT), settings, START_S)


def test_in_walking_both_sides_are_found_one_after_the_other(contact):
    cues = walk(contact, cueing(), {Side.LEFT: 0.1, Side.RIGHT: 0.3})
    results = [cue for cue in cues if cue.modality is Modality.TEXT]
    assert [cue.side for cue in results] == list(Side) and cues[-1] is results[-1]
    found = [float(cue.text.split()[2]) for cue in results]
    assert found[0] == pytest.approx(0.25, rel=0.25) and found[1] == pytest.approx(0.75, rel=0.25)
    assert IntensitySettings(left=found[0], right=found[1]).on(Side.RIGHT) == found[1]
    vibrations = [cue for cue in cues if cue.modality is Modality.VIBRATION]
    assert {cue.side for cue in vibrations[:5]} == {Side.LEFT} and len(vibrations) < 60


def test_an_answer_that_comes_too_late_counts_as_none(contact):
    (cue,) = [cue for cue in walk(contact, cueing(limb="left", answer_s=1.0), dict.fromkeys(Side, 0.1), answer_s=2.0)
              if cue.modality is Modality.TEXT]  # fmt: skip
    assert cue.text == "no cue is felt on the left"


def test_a_contact_in_doubt_is_not_cued(contact):
    strategy = Strategy(Settings(), Side.LEFT)
    told = [contact(Side.LEFT, START_S + number, flags=EventFlag.IRREGULAR) for number in range(20)]
    assert [cue for each in told for cue in strategy.feed(each)] == []
