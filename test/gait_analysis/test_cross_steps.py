# SPDX-License-Identifier: Apache-2.0
"""Steps on the wrong belt are found, kept and left out; the strides after them are used again."""

import math
from dataclasses import replace

import pytest

from gait_analysis.contact.cross_steps import CrossSteps
from gait_analysis.events import EventFlag, EventKind, GaitEvent, Source
from gait_analysis.gait import Stride
from gait_analysis.strides.strides import StrideBuilder
from gait_sensing.samples import Side
from gait_sim.cross_stepping import StepKind

LEFT, RIGHT = Side.LEFT, Side.RIGHT
IC, TO = EventKind.INITIAL_CONTACT, EventKind.FOOT_OFF
PLACE_M = {LEFT: 0.1, RIGHT: -0.1}


@pytest.fixture(scope="module")
def crossing(accuracy_script):
    return accuracy_script("cross_steps")


@pytest.fixture(scope="module")
def force_events(accuracy_script):
    return accuracy_script("force_events")


def strides(count, first=0, pace_s=1.1):
    """(time, side, kind) of regular strides: stance 0.66 of them."""
    parts = ((0.0, LEFT, IC), (0.16, RIGHT, TO), (0.5, RIGHT, IC), (0.66, LEFT, TO))
    return [((first + n + share) * pace_s, side, kind) for n in range(count) for share, side, kind in parts]


def told(events, across_m=None):
    """Feed them; return (time, flag, reason) of each finding, and the strides."""
    steps, builders, findings, done = CrossSteps(), {side: StrideBuilder(side) for side in Side}, [], []
    for number, (time_s, side, kind) in enumerate(events):
        event = GaitEvent(time_s, time_s, side, kind, Source.FORCE, 1.0)
        finding = steps.feed(event, (across_m or {}).get(number, PLACE_M[side]))
        if finding:
            findings.append((time_s, finding.flag, finding.reason))
        for each, builder in builders.items():
            if finding and each in finding.sides:
                builder.spoil(finding.reason)
            times, _ = builder.feed(event)
            done += [times] if times else []
        if finding and finding.is_next_spoilt:
            builders[side].spoil(finding.reason)
    return findings, done


def spoilt(done):
    return [(times.side, times.start_s) for times in done if times.reason]


def test_regular_strides_tell_nothing():
    findings, done = told(strides(20))
    assert findings == [] and spoilt(done) == []


def test_a_foot_wholly_on_the_other_belt_leaves_its_own_plate_bare():
    events = strides(14, pace_s=1.0)
    lost = {(10.5, RIGHT, IC), (10.66, LEFT, TO), (11.0, LEFT, IC), (11.16, RIGHT, TO)}
    findings, done = told([event for event in events if event not in lost])
    assert [flag for _, flag, _ in findings] == [EventFlag.CROSS_STEP] * len(findings)
    assert findings[0][0] == 11.5 and "nothing was on the right plate for 1.34 s" in findings[0][2]
    assert spoilt(done) == [(RIGHT, 9.5), (LEFT, 10.0)]


@pytest.mark.parametrize("known_count", [2, 10])
def test_a_stance_within_a_stance_is_on_both_belts_from_the_first_steps_on(known_count):
    events = strides(known_count + 4, pace_s=1.0)
    n = known_count
    lost = {(n + 0.66, LEFT, TO), (n + 1.0, LEFT, IC)}
    findings, done = told([event for event in events if event not in lost])
    assert findings[0][:2] == (n + 1.16, EventFlag.CROSS_STEP) and "loaded" in findings[0][2]
    assert spoilt(done) == [(RIGHT, n + 0.5), (LEFT, n + 0.0)]


def test_the_edge_of_the_other_foot_is_no_contact_of_this_one():
    """The left toes turn onto the right belt, while the right foot swings."""
    events = strides(14, pace_s=1.0)
    number = events.index((10.5, RIGHT, IC))
    events[number] = (10.4, RIGHT, IC)
    findings, done = told(events, {number: 0.02})
    assert findings[0][:2] == (10.4, EventFlag.CROSS_STEP) and "0.120 m nearer the left belt" in findings[0][2]
    assert {(RIGHT, 9.5), (LEFT, 10.0), (RIGHT, 10.4)} == set(spoilt(done))


def test_a_foot_that_goes_inward_on_its_own_belt_has_not_crossed():
    events = strides(14)
    assert told(events, {40: 0.05, 42: -0.05, 43: 0.06}) == told(events)


def test_without_a_centre_of_pressure_durations_alone_tell():
    events = strides(14)
    assert told(events, dict.fromkeys(range(len(events)), math.nan))[0] == []


def test_a_short_swing_is_irregular_and_no_cross_step():
    events = strides(14, pace_s=1.0)
    number = events.index((11.0, LEFT, IC))
    events[number] = (10.8, LEFT, IC)
    findings, _ = told(events)
    assert findings[0][1] is EventFlag.IRREGULAR and "swung for 0.14 s only" in findings[0][2]


def test_standing_is_no_cross_step_and_what_follows_is_used():
    first, second = strides(10, pace_s=1.0)[:-1], strides(6, 15, pace_s=1.0)
    findings, done = told([*first, *second[3:]])
    assert [flag for _, flag, _ in findings] == [EventFlag.IRREGULAR] and "stood for" in findings[0][2]
    assert spoilt(done) == [(LEFT, 9.0), (RIGHT, 9.5)]


@pytest.mark.parametrize(("pace_s", "lost_count"), [(0.8, 3), (1.6, 3), (0.6, 6), (2.5, 6)])
def test_a_change_of_pace_is_believed_after_a_few_strides(pace_s, lost_count):
    count = round(11 / pace_s) + 1
    _, done = told([*strides(10), *strides(12, count, pace_s)])
    late = [times for times in done if times.start_s > (count + lost_count - 0.1) * pace_s]
    assert late and not any(times.reason for times in late)


@pytest.mark.parametrize("speed_mps", [0.4, 1.2])
@pytest.mark.parametrize("asymmetry", [0.0, 0.1])
def test_a_walk_with_cross_steps_is_measured_as_if_there_were_none(crossing, speed_mps, asymmetry):
    settings = replace(crossing.WALKER, stance_time_asymmetry=asymmetry, step_time_asymmetry=-asymmetry, seed=5)
    walked = crossing.walk(replace(settings, **crossing.CROSSING), speed_mps, 200.0, 80.0)
    score = crossing.Score()
    score.add(walked, StepKind.CROSS, 75.0)
    assert score.steps >= 4
    assert score.flagged >= score.steps - 1 and score.left_out >= score.steps - 1
    assert score.false <= 0.02 * score.clean and score.wrong <= 0.01 * score.accepted
    regular = crossing.medians(crossing.walk(settings, speed_mps, 200.0, 80.0))
    for name, value in crossing.medians(walked).items():
        if name in ("stance_time", "step_time", "swing_time"):
            assert value == pytest.approx(regular[name], abs=0.02)


def test_findings_do_not_depend_on_batches(crossing):
    settings = replace(crossing.WALKER, seed=5, **crossing.CROSSING)
    texts = [[repr(each) for each in crossing.walk(settings, 1.2, 200.0, 40.0, size).findings] for size in (0, 1, 3)]
    assert any("CROSS_STEP" in text for text in texts[0])
    assert texts[0] == texts[1] == texts[2]


@pytest.mark.parametrize("share", ["stumble_share", "shuffle_share", "step_off_share"])
def test_other_irregular_steps_are_left_out_too(crossing, share):
    walked = crossing.walk(replace(crossing.WALKER, seed=3, **{share: 0.08}), 1.0, 200.0, 60.0)
    irregular = [(start_s, end_s) for _, start_s, end_s in walked.stances() if end_s < 55.0]
    assert len(irregular) >= 3
    accepted = [stride for stride in walked.strides if stride.is_accepted]
    assert len(accepted) > 30
    for start_s, end_s in irregular[1:]:  # before the first, too little may be known
        spoilt = [s for s in accepted if s.start_s < end_s and s.end_s > start_s and not walked.is_true(s)]
        assert spoilt == []


def test_a_crossover_in_a_recording_spoils_its_strides_alone(force_events, data_folder):
    name = "grf_ceinms_s06_treadmill_4p5kmh_100hz"
    found = force_events.analyse(data_folder / f"{name}.csv", force_events.RECORDINGS[name])
    flagged = [s for s in found if isinstance(s, Stride) and s.reason.startswith("cross step")]
    assert {stride.side for stride in flagged} == set(Side)
    assert all(stride.start_s < 45.4 and stride.end_s > 44.9 for stride in flagged)
    events = [e for e in found if isinstance(e, GaitEvent) and EventFlag.CROSS_STEP in e.flags]
    assert [event.time_s for event in events] == pytest.approx([44.99], abs=0.02)
