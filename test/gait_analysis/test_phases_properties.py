# SPDX-License-Identifier: Apache-2.0
"""What holds of every phase estimator whatever is fed: bounds, reasons, order, shift of time; bad signals."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gait_analysis.events import EventFlag, EventKind, GaitEvent, Source
from gait_analysis.parts import build
from gait_parts import plugins
from gait_sensing.samples import Side

NAMES = plugins.available("gait_analysis.phases")
STRIDE_S = 1.1
FIRST_S = 0.004  # the first contact: events and values of the signal do not come at once
WALK = (
    (0.0, Side.LEFT, EventKind.INITIAL_CONTACT),
    (0.14, Side.RIGHT, EventKind.FOOT_OFF),
    (0.5, Side.RIGHT, EventKind.INITIAL_CONTACT),
    (0.64, Side.LEFT, EventKind.FOOT_OFF),
)


def event(time_s, side, kind, flags=EventFlag.NONE, told_late_s=0.0):
    return GaitEvent(time_s, time_s + told_late_s, side, kind, Source.FORCE, 1.0, flags)


def pitch(time_s):
    turn_radps = 2.0 * math.pi / STRIDE_S
    return -0.35 * math.cos(turn_radps * time_s), 0.35 * turn_radps * math.sin(turn_radps * time_s)


def walked(
    name,
    strides_count,
    start_s=0.0,
    is_missing=lambda number: False,
    is_pitch_bad=lambda time_s: False,
    told_late_s=0.0,
):
    """Return the estimator, and its estimate every 0.01 s, ``number`` counting events and ``time_s`` from the start."""
    phase = build("phases", "Phase", name, {}, Side.LEFT)
    events = [
        event(start_s + FIRST_S + (number + share) * STRIDE_S, side, kind, told_late_s=told_late_s)
        for number in range(strides_count)
        for share, side, kind in WALK
    ]
    events = [each for number, each in enumerate(events) if not is_missing(number)]
    estimates = []
    for step in range(round(strides_count * STRIDE_S / 0.01)):
        time_s = 0.01 * step
        while events and events[0].detected_s <= start_s + time_s + 1e-6:
            phase.feed(events.pop(0))
        angle_rad, rate_radps = pitch(time_s)
        phase.feed_signal(start_s + time_s, math.nan if is_pitch_bad(time_s) else angle_rad, rate_radps)
        estimates.append(phase.at(start_s + time_s))
    return phase, estimates


@pytest.mark.parametrize("name", NAMES)
@given(
    gaps_s=st.lists(st.floats(0.0, 2.5), min_size=1, max_size=60),
    choices=st.lists(st.integers(0, 7), min_size=60, max_size=60),
)
@settings(max_examples=40, deadline=None)
def test_whatever_the_events_phase_is_a_phase_or_a_reason(name, gaps_s, choices):
    phase, time_s = build("phases", "Phase", name, {}, Side.LEFT), 0.0
    for gap_s, choice in zip(gaps_s, choices, strict=False):
        for number in range(1, 11):
            now_s = time_s + 0.1 * number * gap_s
            if gap_s > 0.0:
                phase.feed_signal(now_s, *pitch(now_s))
            estimate = phase.at(now_s)
            assert estimate.is_valid == (estimate.reason == "")
            assert not estimate.is_valid or (0.0 <= estimate.phase < 1.0 and 0.2 < estimate.rate_hz < 5.0)
            assert estimate.is_valid or math.isnan(estimate.rate_hz)
        time_s += gap_s
        side, kind = list(Side)[choice % 2], list(EventKind)[choice // 2 % 2]
        phase.feed(event(time_s, side, kind, EventFlag.CROSS_STEP if choice > 3 else EventFlag.NONE))


@pytest.mark.parametrize("name", NAMES)
def test_phase_is_the_same_at_another_time_of_day(name):
    _, here = walked(name, 8)
    _, there = walked(name, 8, start_s=1.7e9)
    assert [each.is_valid for each in here] == [each.is_valid for each in there]
    for one, other in zip(here, there, strict=True):
        apart = abs(one.phase - other.phase)
        assert not one.is_valid or min(apart, 1.0 - apart) < 2e-3


@pytest.mark.parametrize("name", NAMES)
def test_one_contact_in_ten_missed_is_forgotten_after_two_strides(name):
    missed = 4 * 10
    _, estimates = walked(name, 16, is_missing=lambda number: number in (missed, missed + 3))
    for step, estimate in enumerate(estimates):
        cycles = (0.01 * step - FIRST_S) / STRIDE_S
        if cycles > 12.0 or 4.0 < cycles < 10.0:
            apart = abs(estimate.phase - cycles % 1.0)
            assert min(apart, 1.0 - apart) < 0.05
        if 10.0 < cycles < 10.4:
            assert estimate.phase > 0.95  # no wrap before a contact is seen
        if 10.55 < cycles < 10.95:
            assert not estimate.is_valid and "no initial contact" in estimate.reason


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("last", "due_share", "what"),
    [(0, 0.14, "foot off of the other foot"), (1, 0.5, "contact of the other foot"), (2, 0.64, "this foot off")],
)
def test_who_stops_has_no_phase_once_the_next_event_is_overdue(name, last, due_share, what):
    _, estimates = walked(name, 11, is_missing=lambda number: number > 4 * 8 + last)
    for step, estimate in enumerate(estimates):
        cycles = (0.01 * step - FIRST_S) / STRIDE_S - 8.0
        assert estimate.is_valid or not -4.0 < cycles < due_share + 0.05
        if 1.5 * due_share + 0.1 < cycles < 1.5:
            assert not estimate.is_valid and f"{what} is overdue" in estimate.reason


@pytest.mark.parametrize("name", NAMES)
def test_a_missed_event_of_the_other_foot_is_over_with_the_next_event(name):
    _, estimates = walked(name, 10, is_missing=lambda number: number in (4 * 8 + 1, 4 * 8 + 2))
    for step, estimate in enumerate(estimates):
        cycles = (0.01 * step - FIRST_S) / STRIDE_S - 8.0
        if -4.0 < cycles < 0.2 or cycles > 0.66:
            assert abs(estimate.phase - cycles % 1.0) < 0.05 or estimate.phase > 0.95


@pytest.mark.parametrize("name", NAMES)
def test_events_that_are_told_late_are_not_overdue(name):
    _, estimates = walked(name, 10, told_late_s=0.3)
    assert all(estimate.is_valid for estimate in estimates[500:])


@pytest.mark.parametrize("name", [name for name in NAMES if build("phases", "Phase", name, {}, Side.LEFT).segment])
def test_a_signal_that_fails_says_so_and_one_that_comes_back_is_used_again(name):
    fails_s, back_s = 8.0 * STRIDE_S + 0.3, 10.0 * STRIDE_S + 0.3
    phase, estimates = walked(name, 16, is_pitch_bad=lambda time_s: fails_s < time_s < back_s)
    for step, estimate in enumerate(estimates):
        time_s = 0.01 * step
        if fails_s + 0.15 < time_s < back_s:
            assert not estimate.is_valid and phase.segment in estimate.reason
        if time_s > back_s + 2.0 * STRIDE_S:
            apart = abs(estimate.phase - (time_s - FIRST_S) / STRIDE_S % 1.0)
            assert min(apart, 1.0 - apart) < 0.05
