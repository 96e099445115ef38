# SPDX-License-Identifier: Apache-2.0
"""The indices, their signs and definitions, pairing of strides, the rolling median, baseline and norm."""

import math
from statistics import fmean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gait_analysis.comparison.asymmetry import AsymmetryTracker, Settings
from gait_analysis.comparison.indices import INDICES, normalised_difference
from gait_analysis.comparison.variability import Variability
from gait_analysis.metrics.stance_time import Metric as StanceTime
from gait_analysis.metrics.step_length import Metric as StepLength
from gait_analysis.participant import Participant
from gait_analysis.parts import NoSettings
from gait_analysis.strides.strides import StrideTimes, timed_stride
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


WORKED = {  # of P = 0.60, S = 0.66
    "normalised_difference": 0.047619,
    "ratio": 1.1,
    "robinson_index": -0.095238,
    "log_ratio": 0.095310,
    "symmetry_angle": 0.030292,
}
lengths = st.floats(0.05, 10.0)


def test_worked_values_of_all_indices():
    assert {name: index.compare(0.60, 0.66)[0] for name, index in INDICES.items()} == pytest.approx(WORKED, abs=1e-6)


@given(lengths, lengths, st.floats(0.1, 10.0))
def test_indices_know_swapped_sides_and_no_unit(prosthetic, sound, scale):
    for name, index in INDICES.items():
        value, _ = index.compare(prosthetic, sound)
        swapped, _ = index.compare(sound, prosthetic)
        assert swapped == pytest.approx(1.0 / value if name == "ratio" else -value, abs=1e-12), name
        assert index.compare(scale * prosthetic, scale * sound)[0] == pytest.approx(value, rel=1e-9, abs=1e-12), name
        assert index.compare(-prosthetic, -sound)[0] == value, name


@given(lengths, lengths)
def test_the_words_for_the_sign_are_true(prosthetic, sound):
    if abs(prosthetic - sound) < 1e-6:
        return
    for name, index in INDICES.items():
        value, _ = index.compare(prosthetic, sound)
        is_high = value > (1.0 if "above 1" in index.text(True) else 0.0)
        larger = "sound" if sound > prosthetic else "prosthetic"
        assert is_high == (f"larger on the {larger} side" in index.text(True)), name
        larger = "right" if sound > prosthetic else "left"
        assert is_high == (f"larger on the {larger} side" in index.text(False)), name


def test_words_are_of_the_person():
    assert INDICES["ratio"].text(True) == "S / P, S sound, P prosthetic; above 1: larger on the sound side"
    robinson = "(L - R) / (0.5 (L + R)), R right, L left; positive: larger on the left side"
    assert INDICES["robinson_index"].text(False) == robinson


@pytest.mark.parametrize("name", INDICES)
def test_no_index_is_infinite(name):
    for prosthetic, sound in ((0.0, 0.0), (0.0, 0.6), (0.6, 0.0), (-0.1, 0.2), (NAN, 0.2), (5e-324, 0.6)):
        value, reason = INDICES[name].compare(prosthetic, sound)
        assert math.isfinite(value) == (reason == "")
        assert not math.isinf(value)
    assert INDICES["ratio"].compare(0.0, 0.6)[1] == INDICES["log_ratio"].compare(0.6, 0.0)[1] == "one side is zero"
    assert INDICES["normalised_difference"].compare(0.0, 0.6) == (1.0, "")


def stride(side, start_s, stance_s, reason="", **measured):
    times = StrideTimes(side, 1, reason, start_s, start_s + 0.1, start_s + 0.5, start_s + stance_s, start_s + 1.0)
    return timed_stride(times, **measured)


def tracker(prosthetic_side, window_count=10, level="unknown", **settings):
    metrics = [StanceTime(NoSettings()), StepLength(NoSettings())]
    return AsymmetryTracker(metrics, Participant(75.0, prosthetic_side, level), window_count, Settings(**settings))


def pairs(track, sounds_s):
    """The metric after each pair of a stance of 0.60 s on the left and one of these on the right."""
    found = []
    for number, sound_s in enumerate(sounds_s):
        track.feed(stride(Side.LEFT, float(number), 0.60))
        found.append(stance_of(track.feed(stride(Side.RIGHT, number + 0.5, sound_s))))
    return found


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


@pytest.mark.parametrize("name", INDICES)
def test_the_setting_chooses_the_index(name):
    (metric,) = pairs(tracker(Side.LEFT, index=name), [0.66])
    assert metric.value == pytest.approx(WORKED[name], abs=1e-6)
    assert metric.index == INDICES[name].text(True)


def test_the_first_pairs_are_the_own_baseline():
    ratios = [1.0, 1.1, 1.2, 1.3, 1.3, 1.3]
    track = tracker(Side.LEFT, window_count=3, index="ratio", baseline_pairs_count=4)
    found = pairs(track, [0.6 * ratio for ratio in ratios])
    # a stride of either side completes a pair: 1.0, 1.0, 1.1, 1.1 are the first four
    assert all(math.isnan(metric.baseline) and math.isnan(metric.change) for metric in found[:2])
    for metric in found[2:]:
        assert metric.baseline == pytest.approx(1.05)
        assert metric.baseline_sd == pytest.approx(math.sqrt(4 * 0.05**2 / 3))
    assert found[-1].change == pytest.approx(1.3 - 1.05)


def test_a_given_baseline_takes_the_place_of_the_own():
    given_one = {"baseline_metrics": ["stance_time"], "baseline_means": [0.02], "baseline_sds": [0.01]}
    metric = pairs(tracker(Side.LEFT, baseline_pairs_count=2, **given_one), [0.66] * 4)[-1]
    assert (metric.baseline, metric.baseline_sd) == (0.02, 0.01)
    assert metric.change == pytest.approx(0.047619 - 0.02, abs=1e-6)
    with pytest.raises(ValueError, match="baseline_means"):
        Settings(baseline_metrics=["stance_time"])


def test_the_norm_of_the_level_stands_beside_the_value():
    (metric,) = pairs(tracker(Side.LEFT, index="ratio", level="transtibial"), [0.66])
    assert metric.norm == pytest.approx(1.04) and "Cutti" in metric.norm_source
    (metric,) = pairs(tracker(None, index="ratio", level="transtibial"), [0.66])
    assert math.isnan(metric.norm) and "side of the prosthesis is not told" in metric.norm_source


def test_variability_is_that_of_each_sides_accepted_strides():
    lefts_s, rights_s = [0.60, 0.62, 0.61, 0.66, 0.58], [0.70, 0.70, 0.72, 0.71, 0.73]
    track, found = tracker(Side.RIGHT, window_count=4), None
    for number, (left_s, right_s) in enumerate(zip(lefts_s, rights_s, strict=True)):
        track.feed(stride(Side.LEFT, float(number), left_s))
        track.feed(stride(Side.LEFT, number + 0.2, 2.0, reason="stumble"))
        found = track.feed(stride(Side.RIGHT, number + 0.5, right_s))
        if number == 1:
            early = stance_of(found)
            assert math.isnan(early.sound_sd) and math.isnan(early.sound_cv) and early.sound_strides_count == 2
    last = stance_of(found)
    assert (last.prosthetic_sd, last.sound_sd) == pytest.approx((stdev(rights_s[1:]), stdev(lefts_s[1:])))
    assert last.prosthetic_cv == pytest.approx(stdev(rights_s[1:]) / fmean(rights_s[1:]))
    assert last.prosthetic_strides_count == last.sound_strides_count == 4
    lengths = found.metrics[1]
    assert math.isnan(lengths.sound_sd) and lengths.sound_strides_count == 0


def test_a_stride_without_a_pair_counts_for_variability():
    track = tracker(None)
    for number in range(4):  # the right foot's strides are not accepted but the last one
        track.feed(stride(Side.LEFT, float(number), 0.60 + 0.01 * number))
        found = track.feed(stride(Side.RIGHT, number + 0.5, 0.66, reason="" if number == 3 else "cross step"))
    metric = stance_of(found)
    assert (metric.prosthetic_strides_count, metric.sound_strides_count) == (4, 1)
    assert metric.prosthetic_sd == pytest.approx(stdev([0.60, 0.61, 0.62, 0.63])) and math.isnan(metric.sound_sd)


@given(st.lists(st.floats(-5.0, 5.0), min_size=1, max_size=30), st.integers(1, 12))
def test_variability_of_any_values(values, window_count):
    varied = Variability(window_count)
    for value in values:
        varied.feed(NAN)  # not measured: no stride of this number
        varied.feed(value)
    window = values[-window_count:]
    assert varied.strides_count == len(window)
    assert math.isnan(varied.sd) == (len(window) < 3)
    if len(window) >= 3:
        assert varied.sd == pytest.approx(stdev(window), rel=1e-9, abs=1e-12)
        is_told = abs(fmean(window)) >= 0.0005 and (min(window) >= 0.0 or max(window) <= 0.0)
        assert math.isnan(varied.cv) != is_told
        assert not is_told or varied.cv == pytest.approx(stdev(window) / abs(fmean(window)), rel=1e-9, abs=1e-12)


def test_a_doubt_of_foot_off_undoes_what_needs_it_and_nothing_else():
    doubt = "foot off from an IMU that force never checked"
    track, found = tracker(Side.LEFT), []
    for number in range(5):
        measured = {"step_length_m": 0.6, "stance_doubt": doubt if number in (2, 3) else ""}
        track.feed(stride(Side.LEFT, float(number), 0.60, **measured))
        found.append(track.feed(stride(Side.RIGHT, number + 0.5, 0.66, step_length_m=0.66)))
    stances, lengths = ([asymmetry.metrics[index] for asymmetry in found] for index in (0, 1))
    assert [math.isnan(metric.value) for metric in stances] == [False, False, True, True, False]
    assert [metric.reason for metric in stances] == ["", "", doubt, doubt, ""]
    assert (stances[2].prosthetic_value, stances[2].sound_value) == (pytest.approx(0.60), pytest.approx(0.66))
    assert stances[3].strides_rejected_count > stances[1].strides_rejected_count
    assert stances[4].rolling_median == pytest.approx(0.047619, abs=1e-6)
    assert (stances[4].prosthetic_strides_count, stances[4].sound_strides_count) == (3, 5)
    assert all(metric.value == pytest.approx(0.047619, abs=1e-6) and not metric.reason for metric in lengths)
    assert lengths[4].prosthetic_strides_count == 5
