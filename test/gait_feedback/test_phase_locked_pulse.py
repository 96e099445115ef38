# SPDX-License-Identifier: Apache-2.0
"""The pulse comes at its phase, early by the latency, once a stride, and never for a phase that is not known."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gait_analysis.events import EventKind, GaitEvent, Source
from gait_analysis.gait import GaitState, LimbState, Subphase
from gait_feedback.cues.phase_locked_pulse import Settings, Strategy
from gait_feedback.phase_trigger import PhaseTrigger, TriggerSettings
from gait_sensing.samples import Side

LEFT, RIGHT = Side.LEFT, Side.RIGHT
START_S = 1.7e9
GRID_S = 0.005


def limb(side, phase, rate_hz):
    valid = not math.isnan(phase)
    return LimbState(side, None, Subphase.UNKNOWN, phase, rate_hz, math.nan, "" if valid else "no strides yet")


def state(time_s, left, right=(math.nan, math.nan)):
    return GaitState(time_s, time_s, limb(LEFT, *left), limb(RIGHT, *right), math.nan, math.nan)


def walk(strategy, rate_hz=0.9, strides=5, grid_s=GRID_S, right_lag=0.5):
    """Steady walking; the left's cycle begins at START_S. Return (time of the state, cue)."""
    sent = []
    for index in range(int(strides / rate_hz / grid_s)):
        since_s = index * grid_s
        left, right = since_s * rate_hz % 1.0, (since_s * rate_hz - right_lag) % 1.0
        now = state(START_S + since_s, (left, rate_hz), (right, rate_hz))
        sent += [(now.time_s, cue) for cue in strategy.feed(now)]
    return sent


@pytest.mark.parametrize("latency_s", [0.0, 0.03, 0.12, 0.3])
@pytest.mark.parametrize("phase", [0.0, 0.02, 0.5, 0.98])
@pytest.mark.parametrize("rate_hz", [0.4, 0.9, 1.5])
def test_it_is_felt_at_its_phase_to_half_a_step_of_the_grid(latency_s, phase, rate_hz):
    sent = walk(Strategy(Settings(phase=phase, output_latency_s=latency_s), None), rate_hz, strides=6)
    assert len(sent) in (5, 6)
    for sent_s, cue in sent:
        cycles = (cue.event_s - START_S) * rate_hz - phase
        assert math.remainder(cycles, 1.0) / rate_hz == pytest.approx(0.0, abs=1e-6), "the instant it is meant for"
        assert abs(sent_s + latency_s - cue.event_s) <= GRID_S / 2 + 1e-6
        assert cue.side is LEFT and cue.detected_s == sent_s and f"{phase:g}" in cue.reason


@pytest.mark.parametrize(
    ("limb_word", "prosthetic", "cued"),
    [
        ("prosthetic", RIGHT, {RIGHT}),
        ("sound", RIGHT, {LEFT}),
        ("prosthetic", None, {LEFT}),
        ("left", RIGHT, {LEFT}),
        ("both", RIGHT, {LEFT, RIGHT}),
    ],
)
def test_the_limb_of_the_settings_is_cued_at_its_own_phase(limb_word, prosthetic, cued):
    sent = walk(Strategy(Settings(limb=limb_word, phase=0.25), prosthetic), rate_hz=1.0)
    assert {cue.side for _, cue in sent} == cued
    for sent_s, cue in sent:
        own_phase = (sent_s - START_S - (0.5 if cue.side is RIGHT else 0.0)) % 1.0
        assert own_phase == pytest.approx(0.25, abs=0.003)


def pulses(settings, states):
    trigger = PhaseTrigger(settings, 0.5)
    return [bool(trigger.feed(*each)) for each in states]


@pytest.mark.parametrize(("late_s", "is_sent"), [(0.0, True), (0.035, True), (0.045, False), (0.3, False)])
def test_a_phase_that_jumps_over_its_target_is_skipped_when_too_late(late_s, is_sent):
    states = [(0.0, 0.38, 1.0), (0.005, 0.39, 1.0), (0.010, 0.5 + late_s, 1.0), (0.015, 0.505 + late_s, 1.0)]
    assert pulses(TriggerSettings(max_miss_s=0.04), states) == [False, False, is_sent, False]


def test_states_that_cease_leave_no_late_pulse():
    assert not any(
        pulses(TriggerSettings(), [(0.0, 0.38, 1.0), (0.005, 0.385, 1.0), (0.12, 0.5, 1.0), (0.125, 0.505, 1.0)])
    )


def test_a_coarse_grid_is_not_a_reason_to_be_early_by_more_than_the_miss():
    states = [(0.09 * index, 0.09 * index, 1.0) for index in range(8)]
    trigger = PhaseTrigger(TriggerSettings(max_miss_s=0.02), 0.48)
    targets = [(now_s, trigger.feed(now_s, *rest)) for now_s, *rest in states]
    assert [target_s is None or abs(now_s - target_s) <= 0.02 for now_s, target_s in targets] == [True] * 8


def test_a_phase_set_back_over_its_target_gives_one_pulse():
    there = [(0.005 * index, 0.45 + 0.005 * index, 1.0) for index in range(14)]
    again = [(0.07 + 0.005 * index, 0.45 + 0.005 * index, 1.0) for index in range(14)]
    assert sum(pulses(TriggerSettings(), there + again)) == 1


@pytest.mark.parametrize(
    "bad", [(math.nan, math.nan), (0.5, math.nan), (math.nan, 1.0), (0.5, 0.0), (0.5, -1.0), (0.5, math.inf)]
)
def test_what_is_not_valid_gives_none_and_the_passing_is_missed(bad):
    good = [(0.005 * index, 0.45 + 0.005 * index, 1.0) for index in range(9)]
    after = [(0.055 + 0.005 * index, 0.505 + 0.005 * index, 1.0) for index in range(5)]
    assert not any(pulses(TriggerSettings(), [*good, (0.045, *bad), (0.05, *bad), *after]))


def test_events_are_nothing_to_it():
    contact = GaitEvent(10.0, 10.01, LEFT, EventKind.INITIAL_CONTACT, Source.FORCE, 1.0)
    assert Strategy(Settings(), LEFT).feed(contact) == []


@given(
    st.lists(
        st.tuples(
            st.floats(-0.5, 0.5),
            st.one_of(st.just(math.nan), st.floats(0.0, 0.999)),
            st.one_of(st.just(math.nan), st.floats(0.3, 2.0)),
        ),
        max_size=150,
    ),
    st.floats(0.0, 0.3),
)
def test_whatever_the_states_each_pulse_is_near_its_instant_and_within_a_valid_phase(steps, latency_s):
    settings, now_s, last_s = TriggerSettings(output_latency_s=latency_s), START_S, -math.inf
    trigger = PhaseTrigger(settings, 0.5)
    for step_s, phase, rate_hz in steps:
        now_s += step_s
        last_s = -math.inf if step_s < 0.0 else last_s
        target_s = trigger.feed(now_s, phase, rate_hz)
        if target_s is not None:
            assert not math.isnan(phase) and not math.isnan(rate_hz)
            assert abs(now_s + latency_s - target_s) <= settings.max_miss_s + 1e-6
            assert (target_s - last_s) * rate_hz >= 0.75 - 1e-6
            last_s = target_s


@given(
    st.floats(0.35, 1.5),
    st.floats(0.0, 0.98),
    st.floats(0.0, 0.3),
    st.lists(st.floats(0.9, 1.1), min_size=8, max_size=8),
)
def test_each_stride_of_a_walker_who_varies_gets_one_pulse_within_the_miss(rate_hz, target, latency_s, changes):
    """A phase that restarts at each contact and runs at the mean rate, as the analysis gives it."""
    strategy = Strategy(Settings(phase=target, output_latency_s=latency_s, max_miss_s=0.2), None)
    contact_s, sent = 0.0, []
    for change in changes:
        stride_s = change / rate_hz
        for index in range(math.ceil(contact_s / GRID_S), math.ceil((contact_s + stride_s) / GRID_S)):
            now_s = index * GRID_S
            phase = min((now_s - contact_s) * rate_hz, 0.99)
            sent += [(now_s, cue) for cue in strategy.feed(state(START_S + now_s, (phase, rate_hz)))]
        contact_s += stride_s
    assert len(sent) <= len(changes) + 1
    assert all(abs(START_S + now_s + latency_s - cue.event_s) <= 0.2 for now_s, cue in sent)
    if target - latency_s * rate_hz > 0.2 and target < 0.85:  # not where a contact too early or too late cuts it off
        assert len(sent) == len(changes)
