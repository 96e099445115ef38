# SPDX-License-Identifier: Apache-2.0
"""Stamps are exact, and sessions that tell the same are equal; the other values are tested with their messages."""

import math

import pytest
from builtin_interfaces.msg import Time
from gait_lab import msg
from hypothesis import given
from hypothesis import strategies as st

from gait_analysis.participant import Input
from gait_messages import values
from gait_sensing.samples import Side


@given(st.floats(1e9, 4e9))
def test_a_present_day_time_survives_a_stamp(time_s):
    sec, nanosec = values.stamp_parts(time_s)
    assert 0 <= nanosec < 1_000_000_000
    assert sec + 1e-9 * nanosec == time_s
    assert values.as_stamped_s(time_s) == time_s


def test_a_missing_time_is_missing_after_the_message():
    assert values.stamp_parts(math.nan) == (0, 0)
    assert math.isnan(values.as_stamped_s(math.nan))
    assert math.isnan(values.known_seconds(msg.Stride().foot_off))
    assert values.known_seconds(Time(sec=5)) == 5.0


def test_a_stamp_is_rounded_into_the_next_second():
    assert values.stamp_parts(math.nextafter(5.0, 0.0)) == (5, 0)


def test_sessions_are_equal_when_they_tell_the_same():
    message = msg.SessionState(body_mass_kg=math.nan, input=msg.SessionState.INPUT_RECORDING)
    other = msg.SessionState(body_mass_kg=float("nan"), input=msg.SessionState.INPUT_RECORDING, text="walking")
    assert values.session(message) == values.session(other)
    assert hash(values.session(message)) == hash(values.session(other))
    other.prosthetic_side = msg.LimbState.SIDE_RIGHT
    assert values.session(message) != values.session(other)
    assert values.session(other).participant.prosthetic_side is Side.RIGHT
    assert values.session(other).input is Input.RECORDING


def forces(**fields):
    whole = {
        "time_offset_s": [0.0, 1.0],
        "force_n": [0.0] * 6,
        "moment_nm": [0.0] * 6,
        "centre_of_pressure_m": [0.0] * 4,
    }
    return msg.ForceSamples(**whole | fields)


@pytest.mark.parametrize(
    ("to_value", "message", "words"),
    [
        (values.session, msg.SessionState(input=9), "input: got 9, expected one of 0, 1, 2"),
        (values.session, msg.SessionState(prosthetic_side=3), "prosthetic_side: got 3, expected one of 0, 1, 2"),
        (values.gait_event, msg.GaitEvent(kind=1, source=1), "side: got 0, expected one of 1, 2"),
        (values.gait_event, msg.GaitEvent(side=1, source=1), "kind: got 0, expected one of 1, 2"),
        (values.gait_event, msg.GaitEvent(side=1, kind=1), "source: got 0, expected one of 1, 2, 3"),
        (values.gait_event, msg.GaitEvent(side=1, kind=1, source=1, flags=64), "flags: got 64, expected one of 0, 1"),
        (values.gait_state, msg.GaitState(), "side: got 0, expected one of 1, 2"),
        (values.gait_state, msg.GaitState(left=msg.LimbState(side=1, subphase=99)), "subphase: got 99, expected"),
        (values.stride, msg.Stride(), "side: got 0, expected one of 1, 2"),
        (
            values.stride,
            msg.Stride(side=1, deviations=[msg.StrideDeviation()]),
            "presence: got 0, expected one of 1, 2",
        ),
        (values.asymmetry, msg.Asymmetry(side=255), "side: got 255, expected one of 1, 2"),
        (values.cue, msg.Cue(modality=1), "side: got 0, expected one of 1, 2"),
        (values.cue, msg.Cue(side=2), "modality: got 0, expected one of 1, 2, 3"),
        (values.force_samples, forces(force_n=[0.0] * 5), "force_n: got 5 numbers, expected 3 for each of 2 times"),
        (values.force_samples, forces(moment_nm=[]), "moment_nm: got 0 numbers, expected 3 for each of 2 times"),
        (values.force_samples, forces(centre_of_pressure_m=[0.0]), "centre_of_pressure_m: got 1 numbers, expected 2"),
        (values.raw_entries, msg.RawBytes(kind=[9], time_s=[1.0], byte_count=[0]), "kind: got 9, expected"),
    ],
)
def test_a_number_that_is_none_of_its_constants_is_named(to_value, message, words):
    with pytest.raises(ValueError, match=words):
        to_value(message)


def test_the_level_of_amputation_reaches_the_analysis():
    message = msg.SessionState(amputation_level="transtibial")
    assert values.session(message).participant.amputation_level == "transtibial"
    assert values.session(message) != values.session(msg.SessionState())
    assert values.session(msg.SessionState()).participant.amputation_level == "unknown"


def test_the_leg_length_reaches_the_analysis_and_none_is_not_zero():
    assert values.session(msg.SessionState(leg_length_m=0.93)).participant.leg_length_m == 0.93
    for message in (msg.SessionState(), msg.SessionState(leg_length_m=math.nan)):
        assert math.isnan(values.session(message).participant.leg_length_m)
