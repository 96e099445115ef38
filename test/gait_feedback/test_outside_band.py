# SPDX-License-Identifier: Apache-2.0
"""Which side is cued, when, and when nobody is."""

import math

import pytest

from gait_analysis.comparison.indices import normalised_difference
from gait_analysis.events import EventKind, GaitEvent, Source
from gait_analysis.gait import Asymmetry, MetricAsymmetry
from gait_feedback.cues.outside_band import PROMPTS, Settings, Strategy
from gait_parts.plugins import available
from gait_sensing.samples import Side

LEFT, RIGHT = Side.LEFT, Side.RIGHT


def pair(side, value, time_s=10.0, name="stance_time"):
    """Limbs that differ by ``value``, as (S - P) / (S + P); the index that the analysis shows is another one."""
    sides = 0.6 * (1.0 - value), 0.6 * (1.0 + value)
    metric = MetricAsymmetry(name, "", -2.0 * value, -2.0 * value, *sides, "s", 1, 0)
    other = MetricAsymmetry("step_time", "", 0.5, 0.5, 0.6, 0.6, "s", 1, 0)
    return Asymmetry(time_s, side, (other, metric))


def sides_cued(strategy, pairs):
    return [cue.side for asymmetry in pairs for cue in strategy.feed(asymmetry)]


def both(value):
    return [pair(LEFT, value), pair(RIGHT, value)]


@pytest.mark.parametrize("prosthetic", [LEFT, RIGHT])
def test_the_side_that_lacks_is_cued_at_its_own_stride(prosthetic):
    sound_longer, _ = normalised_difference(prosthetic=0.60, sound=0.70)
    assert sides_cued(Strategy(Settings(), prosthetic), both(sound_longer)) == [prosthetic]
    prosthetic_longer, _ = normalised_difference(prosthetic=0.70, sound=0.60)
    assert sides_cued(Strategy(Settings(), prosthetic), both(prosthetic_longer)) == [prosthetic.other]


def test_without_a_prosthesis_positive_means_longer_on_the_right():
    assert sides_cued(Strategy(Settings(), None), both(0.2)) == [LEFT]
    assert sides_cued(Strategy(Settings(), None), both(-0.2)) == [RIGHT]


def test_each_stride_of_the_lacking_side_gives_one_cue():
    strategy = Strategy(Settings(), LEFT)
    assert sides_cued(strategy, both(0.1) * 5) == [LEFT] * 5


@pytest.mark.parametrize("value", [0.0, 0.0499, -0.0499])
def test_inside_the_band_is_silence(value):
    assert sides_cued(Strategy(Settings(band=0.05), LEFT), both(value) * 3) == []


def test_the_band_lies_around_the_target():
    settings = Settings(target=0.1, band=0.05)
    assert sides_cued(Strategy(settings, LEFT), both(0.12)) == []
    assert sides_cued(Strategy(settings, LEFT), both(0.0)) == [RIGHT]
    assert sides_cued(Strategy(settings, LEFT), both(0.2)) == [LEFT]


def test_k_of_the_last_n_strides():
    strategy = Strategy(Settings(strides_out_count=2, strides_window_count=3), LEFT)
    values = [0.1, 0.0, 0.1, 0.0, 0.0, 0.1, 0.1]
    assert [bool(strategy.feed(pair(LEFT, value))) for value in values] == [
        False,
        False,
        True,
        False,
        False,
        False,
        True,
    ]


def test_a_stride_inside_the_band_is_not_cued_for_those_before_it():
    strategy = Strategy(Settings(strides_out_count=1, strides_window_count=3), LEFT)
    assert [bool(strategy.feed(pair(LEFT, value))) for value in (0.1, 0.0, 0.0)] == [True, False, False]


def test_undefined_is_no_cue_and_leaves_the_window_as_it_is():
    strategy = Strategy(Settings(strides_out_count=2, strides_window_count=2), LEFT)
    assert [bool(strategy.feed(pair(LEFT, value))) for value in (0.1, math.nan, math.nan, 0.1)] == [
        False,
        False,
        False,
        True,
    ]


def test_other_metrics_are_not_looked_at():
    assert sides_cued(Strategy(Settings(), LEFT), [pair(LEFT, 0.9, name="step_length")]) == []


def test_the_cue_carries_its_times_and_its_reason():
    strategy = Strategy(Settings(intensity=0.4, duration_s=0.2), LEFT)
    contact = GaitEvent(10.0, 10.012, LEFT, EventKind.INITIAL_CONTACT, Source.FORCE, 1.0)
    assert strategy.feed(contact) == []
    (cue,) = strategy.feed(pair(LEFT, 0.1, time_s=10.0))
    assert (cue.event_s, cue.detected_s, cue.intensity, cue.duration_s) == (10.0, 10.012, 0.4, 0.2)
    assert "stance_time" in cue.reason and "+0.100" in cue.reason
    (cue,) = strategy.feed(pair(LEFT, 0.1, time_s=11.0))
    assert cue.detected_s == 11.0, "an event of another time tells nothing about this one"


@pytest.mark.parametrize("values", [{"metric": "stance_tim"}, {"strides_out_count": 3, "strides_window_count": 2}])
def test_settings_that_could_never_cue_are_refused(values):
    with pytest.raises(ValueError, match=next(iter(values))):
        Settings(**values)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("step_length", "longer step on the left"),
        ("stance_time", "stand longer on the left"),
        ("mine", "more mine on the left"),
    ],
)
def test_the_walker_is_told_in_plain_words(name, text):
    metric = "anybody.mine" if name == "mine" else name
    (cue,) = Strategy(Settings(metric=metric), LEFT).feed(pair(LEFT, 0.1, name=name))
    assert cue.text == text


def test_plain_words_are_for_metrics_that_exist():
    assert set(PROMPTS) <= set(available("gait_analysis.metrics"))
