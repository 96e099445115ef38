# SPDX-License-Identifier: Apache-2.0
"""Every cue strategy, found by its file: silent about what is not known, whatever it is told and in whatever order."""

import math
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gait_analysis.events import EventFlag, EventKind, GaitEvent, Source
from gait_analysis.gait import Asymmetry, GaitState, LimbState, MetricAsymmetry, Stride, Subphase
from gait_analysis.standing import Standing
from gait_feedback.cue import Cue, Observation
from gait_feedback.limiter import Limiter, LimiterSettings
from gait_parts.plugins import available, find
from gait_sensing.samples import Side

CUES = "gait_feedback.cues"
every_cue = pytest.mark.parametrize("name", available(CUES))
quickly = settings(derandomize=True, deadline=None, max_examples=60)
NUMBERS = [name for name, kind in Stride.__annotations__.items() if kind is float]
GRID_S, STRIDE_S = 0.005, 1.1


def stride(side, number, end_s, value, reason="", doubt=""):
    """A stride whose every number is ``value``, but for its times; without a value its duration is not known either."""
    times = {name: end_s - STRIDE_S * share for name, share in _TIMES.items()}
    values = {name: value for name in NUMBERS} | times | {"stride_time_s": math.nan if math.isnan(value) else STRIDE_S}
    return Stride(side=side, number=number, is_accepted=not reason, reason=reason, stance_doubt=doubt, **values)


_TIMES = {"start_s": 1.0, "other_foot_off_s": 0.88, "other_contact_s": 0.5, "foot_off_s": 0.38, "end_s": 0.0}


def limb(side, phase):
    return LimbState(side, None, Subphase.UNKNOWN, phase, 1.0 / STRIDE_S if phase >= 0.0 else math.nan, math.nan, "")


def walk(values, *, reason="", doubt="", flags=EventFlag.NONE, has_phase=True, has_asymmetry=True):
    """Yield what the analysis would tell of strides on both sides, each with one of ``values``."""
    for step, value in enumerate(value for value in values for _ in Side):
        side, end_s = list(Side)[step % 2], 100.0 + 0.5 * STRIDE_S * (step + 1)
        for index in range(round(0.5 * STRIDE_S / GRID_S)):
            now_s = end_s - 0.5 * STRIDE_S + index * GRID_S
            left = (now_s - 100.0) / STRIDE_S % 1.0 if has_phase else math.nan
            limbs = limb(Side.LEFT, left), limb(Side.RIGHT, (left + 0.5) % 1.0)
            yield GaitState(now_s, now_s, *limbs, 1.0, 1.0)
        yield GaitEvent(end_s, end_s + 0.01, side, EventKind.INITIAL_CONTACT, Source.FORCE, 1.0, flags)
        if has_asymmetry:
            yield asymmetry(end_s, side, value)
        yield stride(side, step // 2 + 1, end_s, value, reason, doubt)


def asymmetry(time_s, side, value):
    measured = MetricAsymmetry("stance_time", "", value, value, 0.6, 0.6 + value, "s", 1, 0)
    return Asymmetry(time_s, side, (measured,))


def strategy(name, prosthetic=Side.LEFT, **values):
    part = find(CUES, name)
    return part.Strategy(part.Settings(**values), prosthetic)


def cues_of(name, observations, **values):
    made = strategy(name, **values)
    return [cue for observation in observations for cue in made.feed(observation)]


STANDING = [Standing(200.0 + 0.5 * number, True, shift_share=0.2, shift_target=0.5) for number in range(20)]


@every_cue
@pytest.mark.parametrize("prosthetic", [None, *Side])
def test_it_cues_a_walker_or_stander_who_falls_short_and_the_limiter_takes_it(name, prosthetic):
    worse = [0.9 * 0.6] * 10, [1.5 * 0.6] * 10  # what is too little for one strategy is too much for no other
    for after in worse:
        made, limiter, count = strategy(name, prosthetic), Limiter(LimiterSettings()), 0
        for observation in [*walk([0.6] * 30 + after), *STANDING]:
            cues = made.feed(observation)
            assert len({cue.side for cue in cues}) == len(cues), "one cue a side at most"
            for cue in cues:
                assert isinstance(cue, Cue) and cue.reason
                assert cue.text.endswith(f"on the {cue.side.value}"), "plain words"
                assert cue.detected_s <= cue.event_s + 0.3
                assert limiter.feed(max(cue.detected_s, cue.event_s - 0.4) + 0.001, cue).drop is None
                count += 1
        if count:
            return
    pytest.fail("no cue at all")


@every_cue
def test_nothing_is_made_of_what_is_not_known(name):
    nothing = [told for told in walk([math.nan] * 40, has_phase=False) if not isinstance(told, GaitEvent)]
    stands_not = [Standing(200.0 + 0.5 * number, True) for number in range(20)]
    assert cues_of(name, [*nothing, *stands_not]) == []


@every_cue
def test_nothing_is_made_of_strides_and_contacts_in_doubt(name):
    """The asymmetry of such strides is not told by the analysis at all."""
    doubtful = {"reason": "cross step", "flags": EventFlag.CROSS_STEP, "has_phase": False, "has_asymmetry": False}
    assert cues_of(name, walk([0.6] * 30 + [0.4] * 10, **doubtful)) == []


@every_cue
def test_nobody_who_has_left_is_cued(name):
    made = strategy(name)
    for observation in walk([0.6] * 30 + [0.5] * 10):
        made.feed(observation)
    gone = [limb(side, math.nan) for side in Side]
    later = [GaitState(160.0 + GRID_S * index, 160.0, *gone, 0.0, 0.0) for index in range(2000)]
    assert [cue for observation in later for cue in made.feed(observation)] == []


@every_cue
def test_what_it_does_not_observe_changes_nothing(name):
    """The node tells it of nothing else."""
    findings = [*walk([0.6] * 30 + [0.5] * 10), *STANDING]
    observes = find(CUES, name).Strategy.OBSERVES
    assert observes and set(observes) <= set(get_args(Observation))
    observed = [finding for finding in findings if isinstance(finding, observes)]
    assert len(observed) < len(findings)
    assert cues_of(name, observed) == cues_of(name, findings)


@every_cue
def test_the_same_findings_make_the_same_cues(name):
    findings = [*walk([0.6] * 30 + [0.5] * 10), *STANDING]
    assert cues_of(name, findings) == cues_of(name, findings)


finite = st.sampled_from([-1.0, 0.0, 0.5, 1.0, 1e9])  # an event always has its time
anything = st.sampled_from([math.nan, math.inf, -math.inf, -1.0, 0.0, 0.5, 1.0, 1e9])
observations = st.one_of(
    st.builds(
        GaitEvent,
        time_s=finite,
        detected_s=finite,
        side=st.sampled_from(Side),
        kind=st.sampled_from(EventKind),
        source=st.sampled_from(Source),
        confidence=anything,
        flags=st.sampled_from(EventFlag),
    ),
    st.builds(stride, st.sampled_from(Side), st.integers(0, 9), anything, anything, st.sampled_from(["", "spoilt"])),
    st.builds(asymmetry, anything, st.sampled_from(Side), anything),
    st.builds(
        lambda time_s, left, right: GaitState(time_s, time_s, limb(Side.LEFT, left), limb(Side.RIGHT, right), 1.0, 1.0),
        *[anything] * 3,
    ),
    st.builds(Standing, anything, st.booleans(), shift_share=anything, shift_target=anything),
)


@every_cue
@quickly
@given(told=st.lists(observations, max_size=30))
def test_whatever_it_is_told_it_neither_fails_nor_cues_without_reason(name, told):
    made = strategy(name)
    for observation in told:
        for cue in made.feed(observation):
            assert cue.reason and math.isfinite(cue.event_s) and "nan" not in cue.reason
            assert 0.0 < cue.intensity <= 1.0 and 0.0 < cue.duration_s <= 1.0
