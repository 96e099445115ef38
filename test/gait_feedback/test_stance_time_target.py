# SPDX-License-Identifier: Apache-2.0
"""Stance time: against a given time or the own baseline, and never in doubt."""

import pytest

from gait_feedback.cues.stance_time_target import Settings, Strategy
from gait_sensing.samples import Side

LEFT = Side.LEFT


@pytest.fixture
def cued(stride, contact):
    """Texts of the cue of each stride, of one side; "" where there is none."""

    def cued(strategy, stances_s, side=LEFT, start_s=100.0, **changed):
        texts = []
        for number, stance_s in enumerate(stances_s, 1):
            end_s = start_s + 1.1 * number
            strategy.feed(contact(side, end_s))
            cues = strategy.feed(stride(side, end_s, number, stance_time_s=stance_s, **changed))
            texts.append(cues[0].text if cues else "")
        return texts

    return cued


LONGER = "stand longer on the left"


def test_a_given_time_with_a_band_of_five_percent(cued):
    strategy = Strategy(Settings(target_s=0.8, settling_strides_count=0, baseline_strides_count=2, band_sds=0.0), LEFT)
    assert cued(strategy, [0.6, 0.6, 0.75, 0.77, 0.9]) == ["", "", LONGER, "", ""]


def test_a_change_from_the_own_first_strides(cued):
    strategy = Strategy(Settings(change=0.1, settling_strides_count=0, baseline_strides_count=2, band_sds=0.0), LEFT)
    assert cued(strategy, [0.6, 0.6, 0.62, 0.64, 0.66]) == ["", "", LONGER, "", ""]  # below 0.66 less 0.033


def test_stance_in_doubt_is_neither_cued_nor_baseline(cued):
    strategy = Strategy(Settings(target_s=0.8, settling_strides_count=0, baseline_strides_count=2, band_sds=0.0), LEFT)
    assert cued(strategy, [0.6] * 9, stance_doubt="an IMU alone tells of foot off") == [""] * 9
    assert cued(strategy, [0.6, 0.6, 0.6], start_s=200.0) == ["", "", LONGER]


def test_the_prosthetic_limb_is_meant_unless_told_otherwise(cued):
    settings = {"target_s": 0.8, "settling_strides_count": 0, "baseline_strides_count": 2}
    assert not any(cued(Strategy(Settings(**settings), Side.RIGHT), [0.6] * 4))
    assert any(cued(Strategy(Settings(**settings, limb="sound"), Side.RIGHT), [0.6] * 4))
