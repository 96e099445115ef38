# SPDX-License-Identifier: Apache-2.0
"""Stamps are exact, and sessions that tell the same are equal; the other values are tested with their messages."""

import math

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


def test_the_level_of_amputation_reaches_the_analysis():
    message = msg.SessionState(amputation_level="transtibial")
    assert values.session(message).participant.amputation_level == "transtibial"
    assert values.session(message) != values.session(msg.SessionState())
    assert values.session(msg.SessionState()).participant.amputation_level == "unknown"


def test_the_leg_length_reaches_the_analysis_and_none_is_not_zero():
    assert values.session(msg.SessionState(leg_length_m=0.93)).participant.leg_length_m == 0.93
    for message in (msg.SessionState(), msg.SessionState(leg_length_m=math.nan)):
        assert math.isnan(values.session(message).participant.leg_length_m)
