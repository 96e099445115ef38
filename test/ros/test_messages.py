# SPDX-License-Identifier: Apache-2.0
"""What a value loses on its way through a message and back: nothing."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
from gait_lab import msg
from hypothesis import given
from hypothesis import strategies as st

from gait_analysis.events import EventFlag, EventKind, GaitEvent, Source
from gait_analysis.gait import (
    Asymmetry,
    GaitState,
    LimbState,
    MetricAsymmetry,
    Presence,
    Stride,
    StrideDeviation,
    Subphase,
)
from gait_analysis.participant import Participant, Role
from gait_analysis.standing import Standing
from gait_feedback import stability_guard
from gait_feedback.cue import Cue, CueResult, Modality
from gait_ros import messages
from gait_ros.messages import values
from gait_sensing.belt_gate.gate import Level, Reason
from gait_sensing.samples import ForceSamples, ImuSample, Side

PARTICIPANT = Participant(80.0, Side.LEFT)
NOW_S = 1_790_000_000.123456
times = st.floats(1.6e9, 2.0e9)
numbers = st.floats(allow_nan=True, allow_infinity=False, width=64)


def same(one, other):
    """Equality in which NaN equals NaN."""
    return repr(one) == repr(other)


def drawn(cls, **given_fields):
    """Build a named tuple with a float for every field that is not given."""
    floats = [name for name in cls._fields if name not in given_fields]
    return st.builds(cls, **{name: numbers for name in floats}, **given_fields)


events = st.builds(
    GaitEvent, times, times, st.sampled_from(Side), st.sampled_from(EventKind), st.sampled_from(Source),
    st.floats(0, 1),
    st.sampled_from([EventFlag.NONE, EventFlag.CROSS_STEP, EventFlag.CROSS_STEP | EventFlag.IRREGULAR]),
    st.integers(0, 2**32 - 1),
)  # fmt: skip
deviations = st.builds(StrideDeviation, st.text(), st.sampled_from(Presence), st.text(), numbers, st.text())
stamps = ("start_s", "other_foot_off_s", "other_contact_s", "foot_off_s", "end_s")
strides = drawn(
    Stride, side=st.sampled_from(Side), number=st.integers(0, 2**32 - 1), is_accepted=st.booleans(), reason=st.text(),
    stance_doubt=st.text(), deviations=st.lists(deviations).map(tuple), **dict.fromkeys(stamps, times),
)  # fmt: skip
metrics = drawn(
    MetricAsymmetry, name=st.text(), index=st.text(), unit=st.text(), strides_used_count=st.integers(0, 99),
    strides_rejected_count=st.integers(0, 99), norm_source=st.text(), reason=st.text(),
    prosthetic_strides_count=st.integers(0, 99), sound_strides_count=st.integers(0, 99),
)  # fmt: skip
limbs = st.builds(
    LimbState, st.sampled_from(Side), st.sampled_from([True, False, None]), st.sampled_from(Subphase),
    numbers, numbers, numbers, st.text(),
)  # fmt: skip
# a message's strings cannot hold these
text_is_sendable = lambda value: not re.search("[\0\ud800-\udfff]", repr(value))  # noqa: E731


@given(events)
def test_events(event):
    assert values.gait_event(messages.event_message(event, PARTICIPANT)) == event


@given(strides.filter(text_is_sendable))
def test_strides(stride):
    assert same(values.stride(messages.stride_message(stride, PARTICIPANT)), stride)


@given(st.builds(Asymmetry, times, st.sampled_from(Side), st.lists(metrics, max_size=3).map(tuple)))
def test_asymmetry(asymmetry):
    assert same(values.asymmetry(messages.asymmetry_message(asymmetry)), asymmetry)


@given(drawn(Standing, time_s=times, is_standing=st.booleans(), reason=st.text()).filter(text_is_sendable))
def test_standing(standing):
    assert same(values.standing(messages.standing_message(standing)), standing)


@given(st.builds(GaitState, times, st.just(math.nan), limbs, limbs, numbers, numbers))
def test_states(state):
    assert same(values.gait_state(messages.state_message(state, PARTICIPANT, NOW_S)), state)


@given(st.builds(Cue, st.sampled_from(Side), times, times, st.floats(0, 1), st.floats(0, 2), st.text(), st.text(),
                 st.sampled_from(Modality)))  # fmt: skip
def test_cues(cue):
    assert values.cue(messages.cue_message(cue, 1, PARTICIPANT, NOW_S)) == cue


@given(times, st.integers(1, 5))
def test_force_samples_arrive_to_the_bit_of_the_live_arithmetic(first_s, n):
    time_s = first_s + 0.001 * np.arange(n)
    rows = np.arange(3.0 * n).reshape(n, 3)
    sent = ForceSamples("left_belt", 7, time_s, rows, -rows, rows[:, :2] / 3)
    got = values.force_samples(messages.force_samples_message(sent))
    assert (got.name, got.first_sample_count) == ("left_belt", 7)
    for name in ("time_s", "force_n", "moment_nm", "centre_of_pressure_m"):
        assert np.array_equal(getattr(got, name), getattr(sent, name)), name


def test_an_imu_without_orientation_says_so():
    sample = ImuSample("left_foot", NOW_S, (1.0, 2.0, 3.0), (4.0, 5.0, 6.0), (math.nan,) * 4)
    message = messages.imu_message(sample)
    assert message.orientation_covariance[0] == -1.0
    assert message.linear_acceleration_covariance[0] == 0.0
    assert same(values.imu_sample(message, "left_foot"), sample)


def test_roles_follow_the_prosthesis():
    def role(side, participant):
        event = GaitEvent(NOW_S, NOW_S, side, EventKind.FOOT_OFF, Source.FORCE, 1.0)
        return messages.event_message(event, participant).role

    assert role(Side.LEFT, PARTICIPANT) == msg.LimbState.ROLE_PROSTHETIC
    assert role(Side.RIGHT, PARTICIPANT) == msg.LimbState.ROLE_SOUND
    assert role(Side.RIGHT, Participant(80.0, None)) == msg.LimbState.ROLE_UNKNOWN


@pytest.mark.parametrize(
    ("message", "prefix", "enum"),
    [
        (msg.GaitEvent, "FLAG_", [flag for flag in EventFlag if flag]),
        (msg.LimbState, "SUBPHASE_", Subphase),
        (msg.StrideDeviation, "PRESENCE_", Presence),
        (msg.LimbState, "ROLE_", [role for role in Role]),
        (msg.Cue, "MODALITY_", Modality),
        (msg.CueReceipt, "", CueResult),
        (msg.FeedbackState, "GUARD_", stability_guard.Level),
        (msg.SafetyState, "LEVEL_", Level),
        (msg.SafetyState, "REASON_", Reason),
    ],
)
def test_numbers_in_messages_are_those_of_the_values(message, prefix, enum):
    text = (Path(__file__).parents[2] / "msg" / f"{message.__name__}.msg").read_text()
    constants = dict(re.findall(rf"^uint8 {prefix}([A-Z_]+)=(\d+)", text, re.MULTILINE))
    if prefix == "ROLE_":
        assert constants == {role.name: str(messages.ROLE_NUMBER[role]) for role in enum}
    else:
        assert constants == {member.name: str(member.value) for member in enum}
