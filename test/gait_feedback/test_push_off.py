# SPDX-License-Identifier: Apache-2.0
"""Push-off: impulse or second peak, and only where there is one."""

import math

import pytest

from gait_feedback.cues.push_off import Settings, Strategy
from gait_sensing.samples import Side

MORE = "push off more on the right"


@pytest.fixture
def cued(stride, contact):
    """Texts of the cue of each stride of the right; "" where there is none."""

    def cued(strategy, **series):
        texts = []
        for number, values in enumerate(zip(*series.values(), strict=True), 1):
            end_s = 100.0 + 1.1 * number
            strategy.feed(contact(Side.RIGHT, end_s))
            cues = strategy.feed(stride(Side.RIGHT, end_s, number, **dict(zip(series, values, strict=True))))
            texts.append(cues[0].text if cues else "")
        return texts

    return cued


def strategy(**values):
    return Strategy(Settings(settling_strides_count=0, baseline_strides_count=2, band_sds=0.0, **values), Side.RIGHT)


def test_the_impulse_against_a_share_more_than_the_own(cued):
    values = [0.02, 0.02, 0.0208, 0.0210, 0.03]  # target 0.022, band 0.0011
    assert cued(strategy(change=0.1), propulsion_impulse_bws=values) == ["", "", MORE, "", ""]


def test_the_second_peak_against_a_number_and_a_stride_without_one(cued):
    values = [0.9, 0.9, 0.97, math.nan, 1.0]  # less than 0.975
    judged = strategy(measure="second_peak_load", target=1.0, band_share=0.025)
    assert cued(judged, second_peak_load_bw=values) == ["", "", MORE, "", ""]


def test_stance_in_doubt_is_no_cue(cued):
    doubts = ["", "", "an IMU alone tells of foot off", ""]
    texts = cued(strategy(), propulsion_impulse_bws=[0.02, 0.02, 0.01, 0.01], stance_doubt=doubts)
    assert texts == ["", "", "", MORE]
