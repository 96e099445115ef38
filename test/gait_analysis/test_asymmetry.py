# SPDX-License-Identifier: Apache-2.0
"""The index, its sign and definition, pairing of strides and the rolling median."""

import math

import pytest

from gait_analysis.asymmetry import AsymmetryTracker
from gait_analysis.indices import normalised_difference
from gait_analysis.metrics.stance_time import Metric as StanceTime
from gait_analysis.metrics.step_length import Metric as StepLength
from gait_analysis.participant import Participant
from gait_analysis.parts import NoSettings
from gait_analysis.strides import StrideTimes, timed_stride
from gait_sensing.samples import Side

NAN = math.nan


def test_worked_value():
    value, reason = normalised_difference(prosthetic=0.60, sound=0.66)
    assert value == pytest.approx(0.047619, abs=1e-6) and reason == ""
    assert -200.0 * value == pytest.approx(-9.5238, abs=1e-4)  # Robinson's symmetry index of the same two values
    assert normalised_difference(0.66, 0.60)[0] == -value
    assert normalised_difference(-0.66, -0.60)[0] == pytest.approx(-value)  # by size, as for braking impulses


@pytest.mark.parametrize(
    ("prosthetic", "sound", "why"),
    [
        (NAN, 0.6, "not measured"),
        (0.6, NAN, "not measured"),
        (-0.1, 0.2, "opposite"),
        (0.0, 0.0, "zero"),
        (1e-5, 0.0, "zero"),
    ],
)
def test_undefined_is_nan_with_a_reason(prosthetic, sound, why):
    value, reason = normalised_difference(prosthetic, sound)
    assert math.isnan(value) and why in reason


def stride(side, start_s, stance_s, reason="", **measured):
    times = StrideTimes(side, 1, reason, start_s, start_s + 0.1, start_s + 0.5, start_s + stance_s, start_s + 1.0)
    return timed_stride(times, **measured)


def tracker(prosthetic_side, window_count=10):
    metrics = [StanceTime(NoSettings()), StepLength(NoSettings())]
    return AsymmetryTracker(metrics, Participant(75.0, prosthetic_side), window_count)


def stance_of(asymmetry):
    assert asymmetry is not None
    return asymmetry.metrics[0]


@pytest.mark.parametrize(
    ("prosthetic_side", "sign", "word"), [(Side.LEFT, 1, "sound"), (Side.RIGHT, -1, "sound"), (None, 1, "right")]
)
def test_the_sign_belongs_to_the_prosthetic_side(prosthetic_side, sign, word):
    track = tracker(prosthetic_side)
    assert track.feed(stride(Side.LEFT, 0.0, 0.60)) is None
    asymmetry = track.feed(stride(Side.RIGHT, 0.5, 0.66))
    metric = stance_of(asymmetry)
    assert metric.value == pytest.approx(sign * 0.047619, abs=1e-6)
    assert f"larger on the {word} side" in metric.index
    assert asymmetry.side is Side.RIGHT and asymmetry.time_s == 1.5
    lengths = asymmetry.metrics[1]
    assert math.isnan(lengths.value) and lengths.reason and lengths.strides_used_count == 0


def test_a_rejected_stride_breaks_the_pair_and_is_counted():
    track = tracker(Side.LEFT)
    track.feed(stride(Side.LEFT, 0.0, 0.60))
    assert track.feed(stride(Side.RIGHT, 0.5, 0.66, reason="stumble")) is None
    assert track.feed(stride(Side.LEFT, 1.0, 0.60)) is None
    assert stance_of(track.feed(stride(Side.RIGHT, 1.5, 0.66))).strides_rejected_count == 1


def test_strides_apart_are_no_pair():
    track = tracker(Side.LEFT)
    track.feed(stride(Side.LEFT, 0.0, 0.60))
    assert track.feed(stride(Side.RIGHT, 1.5, 0.66)) is None


def test_the_median_is_over_the_last_pairs():
    track = tracker(Side.LEFT, window_count=3)
    values = []
    for number, sound_s in enumerate((0.60, 0.90, 0.66, 0.66, 0.66)):
        track.feed(stride(Side.LEFT, float(number), 0.60))
        values.append(stance_of(track.feed(stride(Side.RIGHT, number + 0.5, sound_s))))
    assert [metric.strides_used_count for metric in values] == [1, 3, 3, 3, 3]
    assert values[-1].rolling_median == pytest.approx(0.047619, abs=1e-6)
    assert values[0].rolling_median == pytest.approx(0.0, abs=1e-12)
