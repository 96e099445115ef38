# SPDX-License-Identifier: Apache-2.0
"""Strides from events: the table, what falls out of it, and the gate on durations."""

import math

import pytest

from gait_analysis.cycle.stride_gate import StrideGate
from gait_analysis.events import EventKind, GaitEvent, Source
from gait_analysis.strides.strides import StrideBuilder, timed_stride
from gait_sensing.samples import Side

LEFT, RIGHT = Side.LEFT, Side.RIGHT
IC, TO = EventKind.INITIAL_CONTACT, EventKind.FOOT_OFF
STRIDE = ((0.0, LEFT, IC), (0.1, RIGHT, TO), (0.5, RIGHT, IC), (0.6, LEFT, TO))


def event(time_s, side, kind):
    return GaitEvent(time_s, time_s, side, kind, Source.FORCE, 1.0)


def fed(builder, *events):
    fates = [builder.feed(event(*each)) for each in events]
    return [times for times, _ in fates if times], [is_irregular for _, is_irregular in fates]


def later(events, shift_s):
    return [(time_s + shift_s, side, kind) for time_s, side, kind in events]


def test_a_stride_has_its_times():
    (times,), irregular = fed(StrideBuilder(LEFT), *STRIDE, (1.0, LEFT, IC))
    assert not any(irregular)
    stride = timed_stride(times, peak_load_bw=1.1)
    assert stride.is_accepted and stride.number == 1 and stride.peak_load_bw == 1.1
    assert stride.stride_time_s == 1.0 and stride.cadence_hz == 2.0
    assert stride.step_time_s == pytest.approx(0.5) and stride.stance_time_s == pytest.approx(0.6)
    assert stride.swing_time_s == pytest.approx(0.4) and stride.single_support_time_s == pytest.approx(0.4)
    assert stride.initial_double_support_time_s == pytest.approx(0.1)
    assert stride.terminal_double_support_time_s == pytest.approx(0.1)


@pytest.mark.parametrize("missing", [1, 2, 3])
def test_a_stride_with_a_missing_event_is_kept_but_not_accepted(missing):
    builder = StrideBuilder(LEFT)
    events = [each for number, each in enumerate(STRIDE) if number != missing]
    (times,), irregular = fed(builder, *events, (1.0, LEFT, IC))
    stride = timed_stride(times)
    assert not stride.is_accepted and stride.reason
    assert sum(irregular) == 1
    fields = (stride.other_foot_off_s, stride.other_contact_s, stride.foot_off_s)
    assert math.isnan(fields[missing - 1])
    (times,), irregular = fed(builder, *later(STRIDE[1:], 1.0), (2.0, LEFT, IC))
    assert not times.reason and not any(irregular) and times.number == 2


def test_nothing_is_said_of_a_stride_that_was_interrupted():
    builder = StrideBuilder(LEFT)
    fed(builder, *STRIDE)
    builder.interrupt()
    done, irregular = fed(builder, (1.0, LEFT, IC), *later(STRIDE[1:], 1.0))
    assert done == [] and not any(irregular)


def test_events_before_the_first_contact_are_not_irregular():
    builder = StrideBuilder(LEFT)
    done, irregular = fed(builder, (-0.5, RIGHT, IC), (-0.4, LEFT, TO), *STRIDE)
    assert done == [] and not any(irregular)


def judged(gate, *durations_s):
    return [not gate.judge(duration_s) for duration_s in durations_s]


def test_the_gate_takes_what_is_near_the_mean():
    assert judged(StrideGate(10, 3), 1.0, 1.19, 1.0, 1.3, 0.8, 1.0) == [True, True, True, False, False, True]


def test_the_gate_follows_a_change_of_pace():
    gate = StrideGate(10, 3)
    judged(gate, *[1.5] * 10)
    assert judged(gate, 1.0, 1.05, 1.0, 1.0) == [False, False, True, True]
    assert gate.mean_s == pytest.approx(1.0125)


def test_the_gate_does_not_follow_rejections_that_differ():
    gate = StrideGate(10, 3)
    judged(gate, 1.0, 1.0)
    assert not any(judged(gate, 1.5, 0.6, 2.2, 0.6))
    assert judged(gate, 1.0) == [True]


def test_the_gate_takes_no_pause_for_a_stride():
    assert judged(StrideGate(10, 3), 5.0, 0.2, 1.0) == [False, False, True]
