# SPDX-License-Identifier: Apache-2.0
"""Every deviation is found where it was walked, not where it was not, and is not guessed without its sensor."""

import dataclasses
import math
from dataclasses import replace

import numpy as np
import pytest

from gait_analysis.analyser import Analyser, AnalyserSettings
from gait_analysis.deviation import DeviationTracker, Evidence
from gait_analysis.deviations import foot_drag
from gait_analysis.events import EventKind
from gait_analysis.gait import Presence, Stride
from gait_analysis.participant import Input, Participant
from gait_analysis.parts import build
from gait_analysis.stream_merge import cut
from gait_analysis.strides.strides import StrideTimes, timed_stride
from gait_parts import plugins
from gait_parts.settings import Settings
from gait_sensing.samples import Side

NAN = math.nan
NAMES = plugins.available("gait_analysis.deviations")
FAST = AnalyserSettings(state_rate_hz=0.0)
LEFT, RIGHT = Side.LEFT, Side.RIGHT
PRESENT, ABSENT, UNTOLD = Presence.PRESENT, Presence.ABSENT, Presence.UNTOLD


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("prosthetic_side", [LEFT, RIGHT, None])
def test_every_file_keeps_the_contract(name, prosthetic_side):
    part = plugins.find("gait_analysis.deviations", name)
    assert part.__doc__ and isinstance(part.Settings(), Settings)
    assert all(field.metadata["doc"] for field in dataclasses.fields(part.Settings))
    deviation = build("deviations", "Deviation", name, {}, prosthetic_side)
    assert deviation.name and part.Deviation.__doc__
    for reason in ("", "stumble"):
        for side in Side:
            blind = timed_stride(StrideTimes(side, 1, reason, 0.0, NAN, NAN, NAN, 1.0))
            for other in (None, blind._replace(side=side.other)):
                finding = deviation.judge(Evidence(blind, other))
                assert finding is None or (finding.presence is UNTOLD and finding.text)


def test_the_default_deviations_are_all_there_are():
    assert sorted(AnalyserSettings().deviations) == NAMES


def step(side, number, reason="", stance_s=0.66, **measured):
    start_s = number * 1.1 + (0.0 if side is LEFT else 0.55)
    end_s = start_s + 1.1
    return timed_stride(
        StrideTimes(side, number, reason, start_s, start_s + 0.11, start_s + 0.55, start_s + stance_s, end_s),
        **measured,
    )


def judged(name, prosthetic_side, left, right, count=12, swing_load_bw=0.0):
    """The one verdict on each stride, or None, sides in turn; ``left`` and ``right`` give its numbers by its number."""
    tracker = DeviationTracker([build("deviations", "Deviation", name, {}, prosthetic_side)])
    said = {side: [] for side in Side}
    for number in range(count):
        for side, numbers in ((LEFT, left), (RIGHT, right)):
            stride = tracker.feed(step(side, number, **numbers(number)), swing_load_bw)
            said[side].append(stride.deviations[0] if stride.deviations else None)
    return said


def always(**numbers):
    return lambda number: numbers


COMPARED = {  # file, field, value that is more of it on the left, the same on the right, unit, words
    "circumduction": (
        "circumduction_m",
        0.06,
        0.01,
        "m",
        "swings out by 6.0 cm, 5.0 cm more than on the sound",
    ),
    "trunk_lean": ("trunk_lean_mid_stance_rad", -0.14, 0.02, "rad", "leans over the standing leg by 8.0 degrees, 6.9"),
    "hip_drop": (
        "pelvic_obliquity_mid_stance_rad",
        0.14,
        -0.02,
        "rad",
        "on the swinging side by 8.0 degrees, 6.9",
    ),
    "delayed_swing": (
        "stance_s",
        0.77,
        0.66,
        "1",
        "leaves the ground after 70.0 % of the stride, 10.0 % of the stride more",
    ),
}


@pytest.mark.parametrize("name", COMPARED)
def test_more_on_the_prosthetic_side_is_found(name):
    field, much, little, unit, words = COMPARED[name]
    said = judged(name, LEFT, always(**{field: much}), always(**{field: little}))
    last, first = said[LEFT][-1], said[LEFT][0]
    assert last.presence is PRESENT and words in last.text
    assert (last.amount, last.unit) == (pytest.approx(0.7 if name == "delayed_swing" else abs(much)), unit)
    assert said[RIGHT] == [None] * len(said[RIGHT])
    assert first.presence is UNTOLD and "fewer than 3 accepted strides" in first.text


@pytest.mark.parametrize("name", COMPARED)
def test_more_on_the_sound_side_is_no_finding(name):
    field, much, little, *_ = COMPARED[name]
    said = judged(name, RIGHT, always(**{field: much}), always(**{field: little}))
    assert said[RIGHT][-1].presence is ABSENT and said[LEFT][-1] is None


def test_every_stride_that_is_judged_has_a_verdict():
    tracker = DeviationTracker([build("deviations", "Deviation", name, {}, LEFT) for name in ("foot_drag", "hip_drop")])

    def verdicts(stride, load_bw):
        return [(each.name, each.presence) for each in tracker.feed(stride, load_bw).deviations]

    assert verdicts(step(LEFT, 0), 0.0) == [("foot drag", ABSENT), ("hip drop", UNTOLD)]
    tilted = [verdicts(step(side, n, pelvic_obliquity_mid_stance_rad=0.0), 0.0) for n in range(1, 6) for side in Side]
    assert tilted[-2] == [("foot drag", ABSENT), ("hip drop", ABSENT)]
    assert tilted[-1] == []  # the sound side is not judged
    assert verdicts(step(LEFT, 6), 0.2)[0] == ("foot drag", PRESENT)


@pytest.mark.parametrize("name", COMPARED)
def test_mirrored_strides_give_the_same_words(name):
    field, much, little, *_ = COMPARED[name]
    sign = 1.0 if name in ("circumduction", "delayed_swing") else -1.0
    ours = judged(name, LEFT, always(**{field: much}), always(**{field: little}))
    theirs = judged(name, RIGHT, always(**{field: sign * little}), always(**{field: sign * much}))
    assert ours[LEFT][-1] == theirs[RIGHT][-1] and ours[LEFT][-1].presence is PRESENT


@pytest.mark.parametrize("name", COMPARED)
def test_more_than_at_first_is_found_though_both_sides_change_alike(name):
    field, much, little, *_ = COMPARED[name]
    mirrored = 1.0 if name in ("circumduction", "delayed_swing") else -1.0

    def numbers(sign, number):
        few, many = mirrored * little if sign > 0 else little, much if sign > 0 else mirrored * much
        return {field: few if number < 25 else many}

    said = judged(name, LEFT, lambda n: numbers(1, n), lambda n: numbers(-1, n), count=40)
    assert said[LEFT][24].presence is ABSENT and "more than in the first 20 strides" in said[LEFT][-1].text


def test_a_foot_off_in_doubt_is_not_compared():
    doubtful = {"stance_doubt": "foot off from an IMU that force never checked"}
    said = judged("delayed_swing", LEFT, always(stance_s=0.77, **doubtful), always(stance_s=0.66))
    assert {each.presence for each in said[LEFT]} == {UNTOLD} and set(said[RIGHT]) == {None}
    said = judged("delayed_swing", LEFT, always(stance_s=0.77), always(stance_s=0.66, **doubtful))
    assert "fewer than 3 accepted strides" in said[LEFT][-1].text


def test_scatter_is_no_finding():
    random = np.random.default_rng(0)
    said = judged(
        "circumduction",
        LEFT,
        lambda n: {"circumduction_m": 0.03 + 0.02 * random.standard_normal()},
        lambda n: {"circumduction_m": 0.03 + 0.02 * random.standard_normal()},
        count=300,
    )
    assert sum(each.presence is not ABSENT for each in said[LEFT][3:]) <= 3


def test_without_a_prosthesis_both_sides_are_judged():
    said = judged("circumduction", None, always(circumduction_m=0.06), always(circumduction_m=0.01))
    assert "more than on the right side" in said[LEFT][-1].text and said[RIGHT][-1].presence is ABSENT
    said = judged("short_step", None, always(step_length_m=0.3), always(step_length_m=0.6))
    assert set(said[LEFT] + said[RIGHT]) == {None}


@pytest.mark.parametrize(
    ("name", "field", "amount", "words"),
    [
        ("short_step", "step_length_m", 0.2, "the prosthetic step is 20 % shorter than the sound one"),
        (
            "unequal_weight",
            "vertical_impulse_bws",
            1 / 9,
            "prosthetic leg bears 44 %, the sound leg 56 % of the weight",
        ),
    ],
)
def test_pairs_are_compared(name, field, amount, words):
    less, more = always(**{field: 0.48}), always(**{field: 0.60})
    last = judged(name, LEFT, less, more)[LEFT][-1]
    assert (last.presence, last.unit) == (PRESENT, "1") and words in last.text and last.amount == pytest.approx(amount)
    assert words in judged(name, RIGHT, more, less)[RIGHT][-1].text
    assert judged(name, LEFT, always(**{field: 0.58}), more)[LEFT][-1].presence is ABSENT
    assert judged(name, LEFT, always(), more)[LEFT][-1].presence is UNTOLD


def test_strides_apart_are_no_pair():
    tracker = DeviationTracker([build("deviations", "Deviation", "short_step", {}, LEFT)])
    tracker.feed(step(RIGHT, 0, step_length_m=0.6), 0.0)
    assert tracker.feed(step(LEFT, 5, step_length_m=0.3), 0.0).deviations == ()
    tracker.feed(step(RIGHT, 5, reason="stumble", step_length_m=0.6), 0.0)
    assert tracker.feed(step(LEFT, 6, step_length_m=0.3), 0.0).deviations == ()
    tracker.feed(step(RIGHT, 6, step_length_m=0.6), 0.0)
    assert tracker.feed(step(LEFT, 7, step_length_m=0.3), 0.0).deviations[0].presence is PRESENT


def test_a_longer_prosthetic_step_is_no_short_one_but_more_weight_is_unequal():
    said = judged("short_step", LEFT, always(step_length_m=0.6), always(step_length_m=0.4))
    assert said[LEFT][-1].presence is ABSENT and set(said[RIGHT]) == {None}
    more = judged("unequal_weight", LEFT, always(vertical_impulse_bws=0.6), always(vertical_impulse_bws=0.4))
    assert "the prosthetic leg bears 60 %" in more[LEFT][-1].text


@pytest.mark.parametrize(("load_bw", "is_found"), [(0.08, True), (0.03, False)])
def test_load_in_swing_is_a_drag(load_bw, is_found):
    said = judged("foot_drag", LEFT, always(), always(), swing_load_bw=load_bw)
    assert said[LEFT][-1].presence is (PRESENT if is_found else ABSENT)
    assert said[RIGHT][-1] is None
    assert judged("foot_drag", LEFT, always(), always(), swing_load_bw=NAN)[LEFT][-1].presence is UNTOLD


def dragged(walked, side, load_bw, after_s, lasting_s):
    """The walk with touches of the ground in every fourth swing of ``side``, and how many."""
    plate = walked.plates[side]
    force_n = plate.force_n.copy()
    off_s = walked.times(side, EventKind.FOOT_OFF)[4:-4:4]
    for time_s in off_s:
        share = (plate.time_s - time_s - after_s) / lasting_s
        touch = (share > 0.0) & (share < 1.0)
        force_n[touch, 2] += load_bw * 75.0 * 9.80665 * np.sin(np.pi * share[touch])
    return replace(walked, plates={**walked.plates, side: replace(plate, force_n=force_n)}), len(off_s)


def said_of(results, side, *presences):
    """What is said of the strides of ``side``, "name: words", where it has one of ``presences``."""
    strides = [result for result in results if isinstance(result, Stride) and result.side is side]
    judged = [each for stride in strides for each in stride.deviations]
    return [f"{each.name}: {each.text}" for each in judged if each.presence in presences]


@pytest.mark.parametrize(("load_bw", "after_s"), [(0.15, 0.2), (0.3, 0.2), (0.10, 0.25)])
def test_a_touch_in_swing_is_found_in_the_samples(walk, walker, analyse, load_bw, after_s):
    walked = walk(walker(duration_s=40.0, noise_n=5.0, stance_time_s=(0.72, 0.75)))
    for side in Side:
        touched, count = dragged(walked, side, load_bw, after_s, 0.12)
        words = said_of(analyse(touched, FAST, Participant(75.0, side)), side, PRESENT)
        drags = [each for each in words if each.startswith("foot drag: the foot touches the ground")]
        assert len(drags) == count >= 5
        words = said_of(analyse(touched, FAST, Participant(75.0, side.other)), side.other, PRESENT)
        assert not [each for each in words if each.startswith("foot drag")]


def test_a_touch_too_light_for_contact_is_found_in_mid_swing(walk, walker):
    walked, count = dragged(walk(walker(duration_s=40.0, noise_n=5.0)), LEFT, 0.04, 0.2, 0.12)
    parts = {"foot_drag": foot_drag.Settings(least_bw=0.012)}
    analyser = Analyser(replace(FAST, deviations=["foot_drag"]), Participant(75.0, LEFT), Input.SIMULATED, 0.0, parts)
    plates = walked.plates.values()
    ends = range(50, 40_001, 50)
    results = [found for end in ends for plate in plates for found in analyser.feed(cut(plate, end - 50, end))]
    words = said_of(results, LEFT, PRESENT)
    assert len(words) == count
    assert all(each == "foot drag: the foot touches the ground in swing with 4 % of body weight" for each in words)


def test_a_stride_rejected_for_another_reason_is_no_drag():
    deviation = build("deviations", "Deviation", "foot_drag", {}, LEFT)
    assert deviation.judge(Evidence(step(LEFT, 0, "too long", peak_load_bw=0.3), None, 0.3)) is None
    missed = step(LEFT, 0, "foot off missed", peak_load_bw=0.3)._replace(other_foot_off_s=NAN)
    assert deviation.judge(Evidence(missed, None, NAN)).presence is PRESENT
    assert deviation.judge(Evidence(missed._replace(peak_load_bw=0.9), None, NAN)) is None


def test_an_even_walk_has_no_deviation_and_says_what_it_cannot_tell(walk, walker, analyse):
    results = analyse(walk(walker(duration_s=30.0, noise_n=5.0)), FAST, Participant(75.0, LEFT))
    assert said_of(results, LEFT, PRESENT) == []
    unseen = {words for words in said_of(results, LEFT, UNTOLD) if "fewer than 3 accepted" not in words}
    assert {words.split(":")[0] for words in unseen} == {"circumduction", "trunk lean", "hip drop"}
    assert said_of(results, RIGHT, *Presence) == []


def uneven(walk, walker):
    return walk(
        walker(
            first_contact_s=(0.3, 0.84),
            stance_time_s=(0.66, 0.78),
            landing_m=(0.28, 0.18),
            noise_n=5.0,
            moment_noise_nm=0.3,
            duration_s=20.0,
        )
    )


def test_what_was_walked_is_said(walk, walker, analyse):
    words = said_of(analyse(uneven(walk, walker), FAST, Participant(75.0, RIGHT)), RIGHT, PRESENT)[-8:]
    assert any(each.startswith("short prosthetic step") for each in words)
    assert any(each.startswith("delayed prosthetic swing") for each in words)
    assert any(each.startswith("unequal weight: the prosthetic leg bears 54 %") for each in words)


def test_words_do_not_depend_on_the_side_the_weight_or_the_time(walk, walker, analyse):
    walked = uneven(walk, walker)
    words = said_of(analyse(walked, FAST, Participant(75.0, RIGHT)), RIGHT, *Presence)
    mirrored = {
        side: replace(
            walked.plates[side.other],
            name=f"{side.value}_belt",
            centre_of_pressure_m=walked.plates[side.other].centre_of_pressure_m * [1.0, -1.0],
        )
        for side in Side
    }
    assert said_of(analyse(replace(walked, plates=mirrored), FAST, Participant(75.0, LEFT)), LEFT, *Presence) == words
    heavy = {side: replace(plate, force_n=2.0 * plate.force_n) for side, plate in walked.plates.items()}
    assert said_of(analyse(replace(walked, plates=heavy), FAST, Participant(150.0, RIGHT)), RIGHT, *Presence) == words
    later = analyse(walked.moved(2.0**20), FAST, Participant(75.0, RIGHT), start_s=2.0**20)
    assert said_of(later, RIGHT, *Presence) == words
