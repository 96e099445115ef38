# SPDX-License-Identifier: Apache-2.0
"""Time-based phase: when it is valid, where it saturates; sub-phases in their order."""

import pytest

from gait_analysis.cycle.subphases import SubphaseTracker
from gait_analysis.events import EventFlag, EventKind, GaitEvent, Source
from gait_analysis.gait import Subphase
from gait_analysis.phases.time_based import Phase, Settings
from gait_sensing.samples import Side


def event(time_s, side=Side.LEFT, kind=EventKind.INITIAL_CONTACT):
    return GaitEvent(time_s, time_s, side, kind, Source.FORCE, 1.0)


def walked(*contacts_s):
    phase = Phase(Settings(), Side.LEFT)
    for time_s in contacts_s:
        phase.feed(event(time_s))
    return phase


def strode(*strides_s, other_share=0.5, stance_share=0.65):
    """Feed whole strides from time 0, with the other foot's contact and the own foot off at their shares."""
    phase, start_s = Phase(Settings(), Side.LEFT), 0.0
    phase.feed(event(0.0))
    for stride_s in strides_s:
        phase.feed(event(start_s + other_share * stride_s, Side.RIGHT))
        phase.feed(event(start_s + stance_share * stride_s, kind=EventKind.FOOT_OFF))
        start_s += stride_s
        phase.feed(event(start_s))
    return phase, start_s


def test_phase_is_not_valid_before_three_strides():
    estimate = walked(0.0, 1.0, 2.0).at(2.1)
    assert not estimate.is_valid and "1 more" in estimate.reason
    assert walked(0.0, 1.0, 2.0, 3.0).at(3.1).is_valid


def test_phase_is_the_share_of_the_expected_stride():
    estimate = walked(0.0, 5.0, 6.1, 7.2, 8.3).at(8.3 + 0.55)
    assert estimate.phase == pytest.approx(0.5) and estimate.rate_hz == pytest.approx(1.0 / 1.1)


def test_strides_of_one_pace_are_averaged():
    estimate = walked(0.0, 1.0, 2.02, 3.0, 4.02, 5.0).at(5.5)
    assert estimate.phase == pytest.approx(0.5, abs=0.005)


def test_phase_saturates_and_then_ends():
    phase = walked(0.0, 1.0, 2.0, 3.0)
    assert phase.at(4.2).phase == 0.99
    assert phase.at(4.499).is_valid
    late = phase.at(4.501)
    assert not late.is_valid and "1.5" in late.reason


def test_a_stumble_does_not_change_the_expected_stride():
    assert walked(0.0, 1.0, 2.0, 3.0, 3.5).at(4.0).phase == pytest.approx(0.5)


def test_phase_follows_a_change_of_pace_within_one_stride():
    phase = walked(0.0, 1.0, 2.0, 3.0, 3.75)
    assert phase.at(3.75 + 0.375).phase == pytest.approx(0.5, abs=0.02)


def test_phase_follows_a_wholly_different_pace_after_three_strides():
    assert walked(0.0, 1.0, 2.0, 3.0, 4.6, 6.2).at(6.7).phase == pytest.approx(0.5)
    assert walked(0.0, 1.0, 2.0, 3.0, 4.6, 6.2, 7.8).at(7.8 + 0.8).phase == pytest.approx(0.5)


@pytest.mark.parametrize("other_share", [0.44, 0.5, 0.56])
def test_the_other_foots_contact_tells_a_new_pace_within_the_stride(other_share):
    phase, start_s = strode(*[1.2] * 5, other_share=other_share)
    contact_s = start_s + 0.9 * other_share
    assert phase.at(contact_s).phase == pytest.approx(0.75 * other_share)
    phase.feed(event(contact_s, Side.RIGHT))
    assert phase.at(contact_s).phase == pytest.approx(other_share, abs=0.02)
    assert phase.at(contact_s).rate_hz == pytest.approx(1.0 / 0.9, rel=0.03)


def test_the_own_foot_off_corrects_phase_a_little():
    phase, start_s = strode(*[1.2] * 5)
    off_s = start_s + 0.65 * 1.26
    early = phase.at(off_s).phase
    phase.feed(event(off_s, kind=EventKind.FOOT_OFF))
    assert early == pytest.approx(0.65 * 1.05)
    assert phase.at(off_s).phase == early  # it never goes back
    assert phase.at(start_s + 1.2).phase < 0.985


def test_the_last_step_tells_a_pace_that_still_quickens():
    phase, start_s = strode(*[1.2] * 5)
    phase.feed(event(start_s + 0.6, Side.RIGHT))
    phase.feed(event(start_s + 0.6 + 0.45))
    assert 0.9 < 1.0 / phase.at(start_s + 1.1).rate_hz < 1.0  # the stride took 1.05 s, its last step half of 0.9 s


def test_nothing_is_learned_from_a_stride_in_which_the_pace_changes():
    phase, start_s = strode(*[1.2] * 5)
    phase.feed(event(start_s + 0.6, Side.RIGHT))
    start_s += 0.6 + 0.45
    for _ in range(2):
        phase.feed(event(start_s))
        phase.feed(event(start_s + 0.45, Side.RIGHT))
        start_s += 0.9
    assert phase.at(start_s - 0.45).phase == pytest.approx(0.5, abs=0.005)


def test_a_late_foot_off_tells_no_new_pace():
    phase, start_s = strode(*[1.2] * 5)
    phase.feed(event(start_s + 0.6, Side.RIGHT))
    phase.feed(event(start_s + 0.72 * 1.2, kind=EventKind.FOOT_OFF))
    assert 1.0 / phase.at(start_s + 1.0).rate_hz < 1.28  # by its share alone it would be 1.33 s


def test_phase_never_goes_back_when_a_stride_turns_out_slower():
    phase, start_s = strode(*[1.0] * 5)
    before = phase.at(start_s + 0.65).phase
    phase.feed(event(start_s + 0.65, Side.RIGHT))
    after = [phase.at(start_s + 0.65 + 0.01 * number).phase for number in range(60)]
    assert before == pytest.approx(0.65) and after[0] == before
    assert after == sorted(after) and after[20] == pytest.approx(0.85 / 1.3, abs=0.03)


def test_events_that_are_doubtful_correct_nothing():
    phase, start_s = strode(*[1.0] * 5)
    doubtful = event(start_s + 0.4, Side.RIGHT)._replace(flags=EventFlag.CROSS_STEP)
    phase.feed(doubtful)
    assert phase.at(start_s + 0.6).phase == pytest.approx(0.6)


def test_a_foot_off_without_a_contact_brings_phase_back():
    phase, start_s = strode(*[1.0] * 5)
    phase.feed(event(start_s + 0.65, kind=EventKind.FOOT_OFF))
    assert not phase.at(start_s + 1.6).is_valid
    phase.feed(event(start_s + 1.65, kind=EventKind.FOOT_OFF))
    assert phase.at(start_s + 1.75).phase == pytest.approx(0.75, abs=0.01)
    phase.feed(event(start_s + 2.0))
    assert phase.at(start_s + 2.5).phase == pytest.approx(0.5, abs=0.01)


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
