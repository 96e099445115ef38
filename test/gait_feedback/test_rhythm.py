# SPDX-License-Identifier: Apache-2.0
"""Beats go with the sound foot, evenly for both, and cease when nothing can be believed."""

import math
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gait_analysis.events import EventFlag
from gait_analysis.gait import GaitState, LimbState, Subphase
from gait_feedback.cue import Modality
from gait_feedback.cues.rhythm import Settings, Strategy
from gait_sensing.samples import Side

LEFT, RIGHT = Side.LEFT, Side.RIGHT
START_S, GRID_S = 1000.0, 0.005
LIMBS = [LimbState(side, None, Subphase.UNKNOWN, math.nan, math.nan, math.nan, "not needed") for side in Side]


class Walk:
    """Steps of the sound right foot, with the states between them."""

    def __init__(self, strategy, stride, contact):
        self.strategy, self.stride, self.contact = strategy, stride, contact
        self.contact_s, self.index, self.cues = START_S, 0, []
        self.contacts_s = []

    def step(self, stride_s, side=RIGHT, reason="", **changed):
        """One stride, told as it ends."""
        self.contact_s += stride_s
        self.run_to(self.contact_s + 0.01)
        self.contacts_s.append(self.contact_s)
        self.strategy.feed(self.contact(side, self.contact_s, **changed))
        self.strategy.feed(self.stride(side, self.contact_s, time_s=stride_s, reason=reason))

    def run_to(self, end_s):
        while START_S + self.index * GRID_S < end_s:
            now_s = START_S + self.index * GRID_S
            self.cues += [(now_s, cue) for cue in self.strategy.feed(GaitState(now_s, now_s, *LIMBS, 1.0, 1.0))]
            self.index += 1

    def beats_s(self, side):
        return [cue.event_s for _, cue in self.cues if cue.side is side]


@pytest.fixture
def begin(stride, contact):
    def begin(prosthetic=LEFT, **values):
        return Walk(
            Strategy(Settings(**{"settling_strides_count": 0, "baseline_strides_count": 3, **values}), prosthetic),
            stride,
            contact,
        )

    return begin


def test_an_even_walker_hears_both_contacts_evenly(begin):
    walk = begin(output_latency_s=0.03)
    for _ in range(12):
        walk.step(1.2)
    sound_s, prosthetic_s = walk.beats_s(RIGHT), walk.beats_s(LEFT)
    assert len(sound_s) >= 8 and len(prosthetic_s) >= 8
    for beat_s in sound_s:
        assert math.remainder(beat_s - START_S, 1.2) == pytest.approx(0.0, abs=1e-6)
    for beat_s in prosthetic_s:
        assert math.remainder(beat_s - START_S - 0.6, 1.2) == pytest.approx(0.0, abs=1e-6)
    assert all(abs(sent_s + 0.03 - cue.event_s) <= GRID_S / 2 + 1e-6 for sent_s, cue in walk.cues)
    assert {cue.modality for _, cue in walk.cues} == {Modality.SOUND} and "1.200" in walk.cues[0][1].reason


def test_no_beat_before_the_own_cadence_is_known(begin):
    walk = begin()
    walk.step(1.2)
    walk.step(1.2)
    walk.run_to(walk.contact_s + 1.3)
    assert walk.cues == []


def test_the_strides_in_which_belts_speed_up_are_not_the_own_cadence(begin):
    walk = begin(settling_strides_count=4, adaptation=0.0, correction=0.0)
    for stride_s in [1.6, 1.5, 1.4, 1.3] + [1.2] * 9:
        walk.step(stride_s)
    assert walk.cues[0][0] > START_S + 5.8 + 3 * 1.2
    assert [later - earlier for earlier, later in pairwise(walk.beats_s(RIGHT))] == pytest.approx([1.2] * 5)


@pytest.mark.parametrize(("adaptation", "period_s"), [(0.0, 1.2), (0.5, 1.1), (1.0, 1.0)])
def test_it_follows_by_its_adaptation_and_never_runs_away(begin, adaptation, period_s):
    walk = begin(adaptation=adaptation, correction=0.0)
    for stride_s in [1.2] * 4 + [1.0] * 40:
        walk.step(stride_s)
    beats_s = walk.beats_s(RIGHT)[-10:]
    assert [later - earlier for earlier, later in pairwise(beats_s)] == pytest.approx([period_s] * 9)


@pytest.mark.parametrize(("change", "taken_up_s", "period_s"), [(0.1, 1.0, 1.0), (0.1, 1.1, 1.05), (-0.2, 1.1, 1.2375)])
def test_a_change_of_cadence_holds_when_the_walker_takes_it_up(begin, change, taken_up_s, period_s):
    walk = begin(adaptation=0.5, cadence_change=change, correction=0.0)
    for stride_s in [1.1] * 3 + [taken_up_s] * 30:
        walk.step(stride_s)
    beats_s = walk.beats_s(RIGHT)[-10:]
    assert [later - earlier for earlier, later in pairwise(beats_s)] == pytest.approx([period_s] * 9)


def test_a_walker_who_is_off_the_beat_is_met(begin):
    walk = begin(adaptation=0.0, correction=0.3)
    for stride_s in [1.2] * 6 + [1.3] + [1.2] * 12:
        walk.step(stride_s)
    off_s = [min(abs(beat_s - contact_s) for beat_s in walk.beats_s(RIGHT)) for contact_s in walk.contacts_s[6:]]
    assert (
        off_s[1] == pytest.approx(0.07, abs=1e-6) and off_s[1:] == sorted(off_s[1:], reverse=True) and off_s[-1] < 0.003
    )


@pytest.mark.parametrize("spoilt", [{"reason": "cross step"}, {"flags": EventFlag.IRREGULAR}])
def test_it_is_silent_after_what_cannot_be_believed_and_begins_again(begin, spoilt):
    walk = begin()
    for _ in range(6):
        walk.step(1.2)
    walk.step(1.2, **spoilt)
    count = len(walk.cues)
    walk.run_to(walk.contact_s + 1.1)
    assert len(walk.cues) == count
    walk.step(1.2)
    walk.step(1.2)
    walk.run_to(walk.contact_s + 1.3)
    assert len(walk.cues) > count


def test_it_is_silent_when_the_walker_stands(begin):
    walk = begin()
    for _ in range(6):
        walk.step(1.2)
    walk.run_to(walk.contact_s + 20.0)
    assert walk.cues[-1][0] <= walk.contact_s + 1.5 * 1.2


def test_the_prosthetic_side_does_not_lead(begin):
    walk = begin(prosthetic=RIGHT)
    for _ in range(9):
        walk.step(1.2)
    assert walk.cues == []


strides = st.tuples(
    st.floats(0.2, 3.0),
    st.sampled_from(["", "", "", "spoilt"]),
    st.sampled_from(list(EventFlag)[:1] * 4 + [EventFlag.CROSS_STEP]),
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None, max_examples=40
)
@given(st.lists(strides, max_size=15), st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(0.0, 0.3))
def test_whatever_the_walker_does_beats_are_apart_and_near_their_instant(
    begin, history, adaptation, correction, latency_s
):
    walk = begin(adaptation=adaptation, correction=correction, output_latency_s=latency_s)
    for stride_s, reason, flags in history:
        walk.step(stride_s, reason=reason, flags=flags)
    assert all(abs(sent_s + latency_s - cue.event_s) <= 0.04 + 1e-6 for sent_s, cue in walk.cues)
    for side in Side:
        beats_s = walk.beats_s(side)
        assert all(later - earlier > 0.14 for earlier, later in pairwise(beats_s))
    accepted = [stride_s for stride_s, reason, _ in history if not reason]
    assert len(accepted) >= 3 or walk.cues == []
