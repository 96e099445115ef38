# SPDX-License-Identifier: Apache-2.0
"""The screen of ``gait-lab analyse`` counts what was found, and says of the rest that and why it cannot be told."""

import math

import numpy as np
import pytest

from gait_analysis.analyser import AnalyserSettings
from gait_analysis.comparison.indices import INDICES
from gait_analysis.comparison.norms import norm
from gait_analysis.events import EventKind, GaitEvent, Source
from gait_analysis.gait import Asymmetry, GaitState, LimbState, MetricAsymmetry, Presence, StrideDeviation, Subphase
from gait_analysis.participant import Participant
from gait_analysis.standing import Standing
from gait_analysis.strides.strides import StrideTimes, timed_stride
from gait_sensing.samples import ForceSamples, Side
from gait_session.analyse.findings import Findings
from gait_session.analyse.summary import summary
from gait_session.plain_walk import PlainWalk

LEFT, RIGHT, NAN = Side.LEFT, Side.RIGHT, math.nan
LEAN = StrideDeviation("trunk lean", Presence.UNTOLD, "no lean of the trunk")
DRAG = StrideDeviation("foot drag", Presence.ABSENT)


def weight(own):
    words = f"the prosthetic leg bears {own} %, the sound leg {100 - own} % of the weight"
    return StrideDeviation("unequal weight", Presence.PRESENT, words, abs(1.0 - own / 50), "1")


def stride(side, number, judged=(), reason=""):
    start_s = 1.2 * number
    times = StrideTimes(side, number, reason, start_s, start_s + 0.1, start_s + 0.6, start_s + 0.7, start_s + 1.2)
    return timed_stride(times)._replace(deviations=tuple(judged))


def event(time_s):
    return GaitEvent(time_s, time_s, LEFT, EventKind.INITIAL_CONTACT, Source.FORCE, 1.0)


def compared(level="transtibial", **others):
    reference = norm(Participant(80.0, LEFT, level), "stance_time", INDICES["normalised_difference"])
    given = {"baseline": 0.05, "baseline_sd": 0.012, "change": -0.01, "norm": reference[0], "norm_source": reference[1]}
    given |= {"value": 0.04, "rolling_median": 0.04, **others}
    return MetricAsymmetry(
        "stance_time", "(S - P) / (S + P), S sound", given.pop("value"), given.pop("rolling_median"),
        0.7, 0.76, "s", 10, 0, **given,
    )  # fmt: skip


def text_of(participant=None, imus=(), **content):
    time_s = np.arange(0.0, 10.0, 0.01)
    force_n = np.where(time_s % 1.2 < 0.7, 800.0, 0.0)[:, None] * [0.0, 0.0, 1.0]
    samples = ForceSamples("left_belt", 0, time_s, force_n, 0.0 * force_n, np.full((len(time_s), 2), NAN))
    walk = PlainWalk({LEFT: samples}, {segment: np.stack([time_s] * 7, axis=1) for segment in imus})
    found = Findings(**{"events": [event(1.2)], **content})
    return summary(walk, participant or Participant(80.0, LEFT, "transtibial"), found, AnalyserSettings())


def lines(text):
    return [" ".join(line.split()) for line in text.splitlines()]


def test_deviations_are_found_absent_or_cannot_be_told():
    strides = [
        stride(LEFT, 1, [weight(47), LEAN, DRAG]),
        stride(LEFT, 2, [weight(41), LEAN, DRAG]),
        stride(LEFT, 3, [LEAN, StrideDeviation("unequal weight", Presence.ABSENT), DRAG]),
        stride(RIGHT, 1),
    ]
    text = text_of(strides=strides)
    sentence = "at 3.6 s the prosthetic leg bears 41 %, the sound leg 59 % of the weight"
    assert f"unequal weight: in 2 of 3 left strides; {sentence}" in lines(text)
    assert "not seen: foot drag (3 left strides)" in lines(text)
    words = " ".join(text.split())
    assert (
        "deviations: short prosthetic step, delayed prosthetic swing, circumduction, hip drop (no stride had" in words
    )
    assert "trunk lean (no lean of the trunk)" in words
    without = " ".join(text_of(Participant(80.0, None), strides=[stride(LEFT, 1), stride(RIGHT, 1)]).split())
    assert "short prosthetic step" in without and "(no side is named as the prosthesis)" in without
    alone = " ".join(text_of(strides=[stride(LEFT, 1)]).split())
    assert "unequal weight (no accepted strides of both sides)" in alone


def test_an_imu_that_is_worn_is_not_asked_for():
    words = " ".join(text_of(strides=[stride(LEFT, 1), stride(RIGHT, 1)]).split())
    assert "what needs IMUs: foot clearance (foot)" in words and "did not tell" not in words
    words = " ".join(text_of(imus=("left_foot", "left_thigh"), strides=[stride(LEFT, 1), stride(RIGHT, 1)]).split())
    assert "what needs IMUs: tilt of the pelvis (pelvis)" in words and "knee flexion (thigh and shank)" in words
    assert "what the IMUs did not tell: foot clearance (foot)" in words


def test_asymmetry_stands_beside_its_baseline_and_norm():
    strides = [stride(LEFT, 1), stride(RIGHT, 1)]
    text = text_of(strides=strides, asymmetries=[Asymmetry(3.0, LEFT, (compared(),))])
    assert "stance time, s 0.700 0.700 +4.0 % 1 +5.0 % \N{PLUS-MINUS SIGN} 1.2 -1.0 % +2.0 %" in lines(text)
    assert "own baseline: mean and SD of the first 20 pairs; change: from it to the last 10" in lines(text)
    assert "norm: Cutti et al. 2018" in text
    unknown = compared("unknown", baseline=NAN, baseline_sd=NAN, change=NAN)
    text = text_of(Participant(80.0, LEFT), strides=strides, asymmetries=[Asymmetry(3.0, LEFT, (unknown,))])
    assert "stance time, s 0.700 0.700 +4.0 % 1 - - -" in lines(text)
    assert "own baseline: cannot tell before 20 pairs" in lines(text)
    assert "norm: none: the level of amputation is not told" in lines(text)


def test_a_share_has_no_unit():
    share = compared()._replace(name="stance_share", unit="1")
    text = lines(text_of(strides=[stride(LEFT, 1)], asymmetries=[Asymmetry(9.0, LEFT, (share,))]))
    assert any(line.startswith("stance share -") for line in text), text


def test_a_metric_that_must_not_be_compared_says_why():
    doubtful = compared(value=NAN, rolling_median=NAN, reason="an IMU alone tells of foot off")
    strides = [stride(LEFT, 1), stride(RIGHT, 1)]
    text = text_of(strides=strides, asymmetries=[Asymmetry(3.0, LEFT, (doubtful,))])
    assert "asymmetry of stance time: an IMU alone tells of foot off" in lines(text)


def test_the_share_of_valid_phase_is_told_for_each_side():
    found = Findings()
    for number in range(10):
        limbs = [
            LimbState(side, True, Subphase.UNKNOWN, phase, 1.0, NAN, "")
            for side, phase in ((LEFT, 0.5), (RIGHT, 0.5 if number < 7 else NAN))
        ]
        found.take(GaitState(number / 10.0, number / 10.0, *limbs, NAN, NAN))
    content = {"phase_counts": found.phase_counts, "state_count": found.state_count, "last": found.last}
    assert "phase valid, of the time 100.0 % 70.0 %" in lines(text_of(**content))


@pytest.mark.parametrize(
    ("path_m", "sway"), [(0.03, "sway 30 mm, 2.5 mm/s, 95 % ellipse 40 mm2"), (NAN, "sway: cannot tell")]
)
def test_standing_tells_weight_and_sway(path_m, sway):
    longest = Standing(14.0, True, "", 0.3, 0.7, 12.0, NAN, NAN, path_m, 0.0025, 4e-5)
    (line,) = [
        line for line in lines(text_of(standings=[longest, longest._replace(window_s=2.0)])) if "standing" in line
    ]
    assert line.startswith(f"standing, 12 s to 14.0 s: weight left 30 %, right 70 %; {sway}")


def test_what_the_margin_of_stability_lacks_is_named():
    strides = [stride(LEFT, 1), stride(RIGHT, 1)]
    untold = " ".join(text_of(Participant(80.0, LEFT), strides=strides).split())
    assert "cm" not in untold
    known = [each._replace(lateral_margin_of_stability_m=0.05, stride_length_m=1.2) for each in strides]
    seen = lines(text_of(Participant(80.0, LEFT, leg_length_m=0.9), strides=known))
    assert "margin of stability, cm 5.0 5.0" in seen and "stride length, m 1.200 1.200" in seen
    assert "margin of stability: the leg length is not told (--leg-length-m)" in untold
    told = " ".join(text_of(Participant(80.0, LEFT, leg_length_m=0.9), strides=strides).split())
    assert "margin of stability: needs the centre of pressure under both feet" in told


def test_doubts_of_events_are_counted():
    wrong = "both plates together bear {} body weights: is the mass right, and one person alone on them?"
    found = [event(1.2)._replace(reason=wrong.format(share)) for share in (1.99, 2.01)]
    text = lines(text_of(events=found))
    assert "2 x " + wrong.format("\N{HORIZONTAL ELLIPSIS}") in " ".join(text)
