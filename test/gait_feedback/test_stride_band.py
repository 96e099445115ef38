# SPDX-License-Identifier: Apache-2.0
"""Which strides are cued, and at which contact."""

import math
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gait_analysis.events import EventFlag, EventKind
from gait_analysis.gait import GaitState, LimbState, Subphase
from gait_feedback.stride_band import BandSettings, Judged, StrideBand
from gait_sensing.samples import Side

LEFT, RIGHT = Side.LEFT, Side.RIGHT
FIRST = BandSettings(settling_strides_count=0, baseline_strides_count=4, band_sds=0.0)
MORE = Judged(
    "step length", "m", lambda stride: stride.step_length_m, lambda own: own, lambda _: 0.05, True, "longer step"
)
LESS = replace(MORE, is_more_wanted=False, prompt="shorter step")
BASELINE_M = [0.6, 0.6, 0.6, 0.6]


@pytest.fixture
def walk(stride, contact):
    """Feed one stride after the other of one side; return which of them had a cue when they became known."""

    def walk(band, values_m, side=LEFT, start_s=100.0, **changed):
        cued = []
        for number, value_m in enumerate(values_m, 1):
            end_s = start_s + 1.1 * number
            band.feed(contact(side, end_s))
            cued.append(band.feed(stride(side, end_s, number, step_length_m=value_m, **changed)))
        return cued

    return walk


def test_the_first_strides_are_the_baseline_and_have_no_cue(walk):
    assert walk(StrideBand(FIRST, LEFT, MORE), [0.9, 0.3, 0.9, 0.3]) == [[]] * 4


def test_the_strides_in_which_belts_speed_up_are_no_baseline(walk):
    settling = replace(FIRST, settling_strides_count=3)
    cued = walk(StrideBand(settling, LEFT, MORE), [0.2, 0.3, 0.4, *BASELINE_M, 0.5])
    assert list(map(bool, cued)) == [False] * 7 + [True]


def test_beyond_the_band_on_the_wrong_side_alone(walk):
    values_m = [0.54, 0.56, 0.66, 0.54]
    assert list(map(bool, walk(StrideBand(FIRST, LEFT, MORE), BASELINE_M + values_m)[4:])) == [True, False, False, True]
    assert list(map(bool, walk(StrideBand(FIRST, LEFT, LESS), BASELINE_M + values_m)[4:])) == [
        False,
        False,
        True,
        False,
    ]


def test_the_baseline_stays_what_it_was(walk):
    assert all(walk(StrideBand(FIRST, LEFT, MORE), BASELINE_M + [0.5] * 50)[4:])


def test_a_person_who_varies_has_a_wider_band(walk):
    varied_m = [0.5, 0.7, 0.5, 0.7]  # SD 0.115
    wide = BandSettings(settling_strides_count=0, baseline_strides_count=4, band_sds=1.0)
    assert list(map(bool, walk(StrideBand(wide, LEFT, MORE), [*varied_m, 0.5, 0.48])[4:])) == [False, True]


def test_k_of_the_last_n_strides(walk):
    counted = BandSettings(
        settling_strides_count=0, baseline_strides_count=4, band_sds=0.0, strides_out_count=2, strides_window_count=3
    )
    values_m = [0.5, 0.6, 0.5, 0.6, 0.6, 0.5, 0.5]
    cued = walk(StrideBand(counted, LEFT, MORE), BASELINE_M + values_m)[4:]
    assert list(map(bool, cued)) == [False, False, True, False, False, False, True]


def test_the_cue_carries_its_contact_its_reason_and_plain_words(walk):
    *_, (cue,) = walk(StrideBand(FIRST, LEFT, MORE), [*BASELINE_M, 0.5])
    assert cue.event_s == pytest.approx(105.5) and cue.detected_s == pytest.approx(105.51)
    assert cue.text == "longer step on the left"
    assert cue.reason == "step length 0.500 m, over 0.050 below 0.600" and cue.intensity == 0.8


@pytest.mark.parametrize("prosthetic", Side)
@pytest.mark.parametrize("limb", ["prosthetic", "sound", "left", "right", "both"])
def test_the_limb_of_the_settings_alone_is_judged_against_its_own_baseline(walk, limb, prosthetic):
    band = StrideBand(replace(FIRST, limb=limb), prosthetic, MORE)
    wanted = {"prosthetic": {prosthetic}, "sound": {prosthetic.other}, "both": set(Side)}.get(limb) or {Side(limb)}
    for side, own_m in ((LEFT, 0.6), (RIGHT, 0.4)):
        cued = walk(band, [own_m] * 4 + [own_m - 0.04, own_m - 0.06], side)
        assert list(map(bool, cued)) == [False] * 5 + [side in wanted]


@pytest.mark.parametrize(("value_m", "reason"), [(math.nan, ""), (math.inf, ""), (-math.inf, ""), (0.1, "cross step")])
def test_what_is_not_known_or_accepted_is_no_cue_and_no_baseline(walk, stride, contact, value_m, reason):
    band = StrideBand(FIRST, LEFT, MORE)
    assert walk(band, [value_m] * 9, reason=reason) == [[]] * 9
    cued = walk(band, [*BASELINE_M, 0.5], start_s=200.0)
    assert list(map(bool, cued)) == [False] * 4 + [True], "the baseline begins here"
    band.feed(contact(LEFT, 300.0))
    assert band.feed(stride(LEFT, 300.0, reason=reason, step_length_m=value_m)) == []


@pytest.fixture
def ready(walk):
    """A band whose baseline is known, at 110 s."""
    band = StrideBand(FIRST, LEFT, MORE)
    walk(band, BASELINE_M)
    return band


def test_a_stride_known_late_is_cued_at_the_limbs_next_contact(ready, stride, contact):
    ready.feed(contact(LEFT, 110.0))
    ready.feed(contact(RIGHT, 110.55))
    assert ready.feed(stride(LEFT, 110.0, step_length_m=0.5)) == []
    (cue,) = ready.feed(contact(LEFT, 111.1))
    assert cue.side is LEFT and (cue.event_s, cue.detected_s) == (111.1, 111.11)
    assert ready.feed(contact(LEFT, 112.2)) == [], "once"


def test_states_tell_that_a_stride_is_known_late(ready, stride, contact):
    limbs = [LimbState(side, None, Subphase.UNKNOWN, math.nan, math.nan, math.nan, "none") for side in Side]
    ready.feed(contact(LEFT, 110.0))
    ready.feed(GaitState(110.45, 110.45, *limbs, math.nan, math.nan))
    assert ready.feed(stride(LEFT, 110.0, step_length_m=0.5)) == []


def test_a_stride_told_before_its_contact_is_cued_at_that_contact(ready, stride, contact):
    assert ready.feed(stride(LEFT, 110.0, step_length_m=0.5)) == []
    (cue,) = ready.feed(contact(LEFT, 110.0))
    assert cue.event_s == 110.0


def test_a_cue_waits_no_longer_than_the_next_stride(ready, stride, contact):
    ready.feed(stride(LEFT, 110.0, step_length_m=0.5))
    assert ready.feed(contact(LEFT, 110.0 + 1.5 * 1.1 + 0.01)) == []
    assert ready.feed(contact(LEFT, 111.0)) == []


def test_a_better_stride_takes_back_what_waits(ready, stride, contact):
    ready.feed(stride(LEFT, 110.0, step_length_m=0.5))
    ready.feed(stride(LEFT, 111.1, step_length_m=0.6))
    assert ready.feed(contact(LEFT, 111.1)) == []


def test_a_doubtful_contact_and_a_foot_off_have_no_cue(ready, stride, contact):
    ready.feed(stride(LEFT, 110.0, step_length_m=0.5))
    assert ready.feed(contact(LEFT, 110.7)._replace(kind=EventKind.FOOT_OFF)) == []
    assert ready.feed(contact(LEFT, 111.1, flags=EventFlag.CROSS_STEP)) == []
    assert ready.feed(stride(LEFT, 111.1, step_length_m=0.5)) == []


def test_a_count_that_the_window_cannot_hold_is_refused():
    with pytest.raises(ValueError, match="strides_out_count"):
        BandSettings(strides_out_count=3, strides_window_count=2)


numbers = st.one_of(st.floats(0.3, 0.9), st.sampled_from([math.nan, math.inf, -math.inf]))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(
            st.booleans(), st.sampled_from(Side), numbers, st.sampled_from(["", "", "spoilt"]), st.floats(-0.3, 1.5)
        ),
        max_size=120,
    )
)
def test_a_cue_is_always_for_one_stride_that_counts_and_falls_short(stride, contact, history):
    """Whatever comes: contacts and strides in any order and at any time."""
    band, now_s, due = StrideBand(replace(FIRST, limb="both"), None, MORE), 100.0, {}
    for is_contact, side, value_m, reason, step_s in history:
        now_s += step_s
        if is_contact:
            cues, known = band.feed(contact(side, now_s)), due.pop(side, None)
        else:
            known = value_m, reason
            cues, due[side] = band.feed(stride(side, now_s, reason=reason, step_length_m=value_m)), known
        for cue in cues:
            assert cue.side is side and known is not None and known[1] == "" and 0.0 < known[0] < 0.9
            assert cue.event_s <= now_s
            due.pop(side, None)
