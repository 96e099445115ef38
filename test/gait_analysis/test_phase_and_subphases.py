# SPDX-License-Identifier: Apache-2.0
"""Time-based phase: when it is valid, where it saturates; sub-phases in their order."""

import pytest

from gait_analysis.events import EventKind, GaitEvent, Source
from gait_analysis.gait import Subphase
from gait_analysis.phases.time_based import Phase, Settings
from gait_analysis.subphases import SubphaseTracker
from gait_sensing.samples import Side


def event(time_s, side=Side.LEFT, kind=EventKind.INITIAL_CONTACT):
    return GaitEvent(time_s, time_s, side, kind, Source.FORCE, 1.0)


def walked(*contacts_s):
    phase = Phase(Settings())
    for time_s in contacts_s:
        phase.feed(event(time_s))
    return phase


def test_phase_is_not_valid_before_three_strides():
    estimate = walked(0.0, 1.0, 2.0).at(2.1)
    assert not estimate.is_valid and "1 more" in estimate.reason
    assert walked(0.0, 1.0, 2.0, 3.0).at(3.1).is_valid


def test_phase_is_the_share_of_the_mean_of_three():
    estimate = walked(0.0, 5.0, 6.0, 7.1, 8.3).at(8.3 + 0.55)
    assert estimate.phase == pytest.approx(0.5) and estimate.rate_hz == pytest.approx(1.0 / 1.1)


def test_phase_saturates_and_then_ends():
    phase = walked(0.0, 1.0, 2.0, 3.0)
    assert phase.at(4.2).phase == 0.99
    assert phase.at(4.499).is_valid
    late = phase.at(4.501)
    assert not late.is_valid and "1.5" in late.reason


def test_a_stumble_does_not_change_the_usual_stride():
    assert walked(0.0, 1.0, 2.0, 3.0, 3.5).at(4.0).phase == pytest.approx(0.5)


def test_phase_follows_a_new_pace_after_three_strides():
    phase = walked(0.0, 1.0, 2.0, 3.0, 4.5, 6.0, 7.5)
    assert phase.at(7.5 + 0.75).phase == pytest.approx(0.5)


def test_the_other_foot_says_nothing_of_a_foot_in_the_air():
    tracker = SubphaseTracker(Side.LEFT)
    for start_s in (0.0, 1.0):
        tracker.feed(event(start_s))
        tracker.feed(event(start_s + 0.6, kind=EventKind.FOOT_OFF))
    tracker.feed(event(1.65, Side.RIGHT))
    assert tracker.at(1.7) is Subphase.INITIAL_SWING


def test_subphases_follow_each_other():
    tracker = SubphaseTracker(Side.LEFT)
    contact, off = EventKind.INITIAL_CONTACT, EventKind.FOOT_OFF
    cycle = [(0.0, Side.LEFT, contact), (0.1, Side.RIGHT, off), (0.5, Side.RIGHT, contact), (0.6, Side.LEFT, off)]
    for each in cycle:
        assert tracker.at(each[0]) is Subphase.UNKNOWN  # no usual durations yet
        tracker.feed(event(*each))
    tracker.feed(event(0.9, Side.LEFT, contact))
    seen = []
    for number in range(90):
        time_s = 0.9 + number / 100.0
        for event_s, side, kind in cycle[1:]:
            if time_s - 0.005 < event_s + 0.9 <= time_s + 0.005:
                tracker.feed(event(event_s + 0.9, side, kind))
        seen.append(tracker.at(time_s))
    shares = [seen.count(subphase) for subphase in Subphase]
    assert shares == pytest.approx([0, 10, 20, 20, 10, 10, 10, 10], abs=1)
    assert sorted(seen, key=lambda subphase: subphase.value) == seen
    tracker.interrupt()
    assert tracker.at(1.8) is Subphase.UNKNOWN
