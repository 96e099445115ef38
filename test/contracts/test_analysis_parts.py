# SPDX-License-Identifier: Apache-2.0
"""Every detector, phase estimator and metric, found by its file, keeps the contract of its folder."""

import dataclasses
import math

import numpy as np
import pytest

from gait_analysis.analyser import AnalyserSettings
from gait_analysis.events import EventKind, GaitEvent, Source
from gait_analysis.gait import Stride
from gait_analysis.parts import build
from gait_analysis.strides.strides import StrideTimes, timed_stride
from gait_parts import plugins
from gait_parts.settings import Settings
from gait_sensing.samples import ForceSamples, Side

PARTS = [
    (folder, name)
    for folder in ("detectors", "phases", "metrics")
    for name in plugins.available(f"gait_analysis.{folder}")
]
UNTIMED = [name for name, value in Stride._field_defaults.items() if value is math.nan]  # measured, not timed
NAN_TIMES = StrideTimes(Side.LEFT, 1, "", 0.0, math.nan, math.nan, math.nan, 1.0)


def names(folder):
    return plugins.available(f"gait_analysis.{folder}")


@pytest.mark.parametrize(("folder", "name"), PARTS)
def test_a_part_has_documented_settings_with_defaults(folder, name):
    part = plugins.find(f"gait_analysis.{folder}", name)
    assert isinstance(part.Settings(), Settings)
    assert part.__doc__
    for field in dataclasses.fields(part.Settings):
        assert field.metadata["doc"]


def samples(vertical_n, first):
    count = len(vertical_n)
    force_n = np.zeros((count, 3))
    force_n[:, 2] = vertical_n
    time_s = (first + np.arange(count)) / 1000.0
    return ForceSamples("left_belt", first, time_s, force_n, np.zeros((count, 3)), np.full((count, 2), math.nan))


@pytest.mark.parametrize("weight_n", [700.0, math.nan])
@pytest.mark.parametrize("name", names("detectors"))
def test_a_detector_does_not_care_for_batches(name, weight_n):
    share = np.linspace(0.0, 1.0, 650)
    stance_n = 800.0 * np.sin(np.pi * share) + 240.0 * np.sin(3.0 * np.pi * share)
    force_n = np.concatenate([np.zeros(400), stance_n] * 4 + [np.zeros(400)])
    force_n += 5.0 * np.random.default_rng(0).standard_normal(len(force_n)) + np.linspace(0.0, 20.0, len(force_n))
    found = {}
    for size in (1, 7, len(force_n)):
        detector = build("detectors", "Detector", name, {}, Side.LEFT, weight_n)
        found[size] = [
            change
            for first in range(0, len(force_n), size)
            for change in detector.feed(samples(force_n[first : first + size], first))
        ]
    assert found[1] == found[7] == found[len(force_n)]
    events = [change.event for change in found[1] if change.event]
    assert [event.kind for event in events] == [EventKind.INITIAL_CONTACT, EventKind.FOOT_OFF] * 4
    assert all(event.time_s <= event.detected_s and event.side is Side.LEFT for event in events)


PITCH_RAD = {"": (0.0, 0.0), "thigh": (0.35, 0.0), "shank": (0.6, 0.4)}  # amplitudes of a stride and of its half
STRIDE_S = 1.1
WITHIN = (  # share of the stride, side and kind of the events between two contacts of the left foot
    (0.14, Side.RIGHT, EventKind.FOOT_OFF),
    (0.5, Side.RIGHT, EventKind.INITIAL_CONTACT),
    (0.64, Side.LEFT, EventKind.FOOT_OFF),
)


def walk(phase, strides_count):
    """Feed strides from time 0: contacts and foot offs of both feet, and the pitch of the segment at 100 Hz.

    The last event is the contact that ends the last stride.
    """
    ends_s = strides_count * STRIDE_S
    events = [
        (number * STRIDE_S + share * STRIDE_S, side, kind)
        for number in range(strides_count + 1)
        for share, side, kind in ((0.0, Side.LEFT, EventKind.INITIAL_CONTACT), *WITHIN)
    ]
    known = [(time_s, 0, (side, kind)) for time_s, side, kind in events if time_s <= ends_s]
    known += [(float(time_s), 1, None) for time_s in np.arange(0.0, ends_s, 0.01)]
    for time_s, _, what in sorted(known, key=lambda each: each[:2]):
        if what is None:
            signal(phase, time_s)
        else:
            phase.feed(GaitEvent(time_s, time_s, *what, Source.FORCE, 1.0))
    return ends_s


def signal(phase, time_s):
    first_rad, second_rad = PITCH_RAD[phase.segment]
    turn_radps = 2.0 * math.pi / STRIDE_S
    angle_rad = -first_rad * math.cos(turn_radps * time_s) - second_rad * math.cos(2.0 * turn_radps * time_s + 1.0)
    rate_radps = first_rad * math.sin(turn_radps * time_s) + 2.0 * second_rad * math.sin(
        2.0 * turn_radps * time_s + 1.0
    )
    phase.feed_signal(time_s, angle_rad, turn_radps * rate_radps)


@pytest.mark.parametrize("name", names("phases"))
def test_a_phase_is_valid_in_steady_walking_only(name):
    phase = build("phases", "Phase", name, {}, Side.LEFT)
    assert not phase.at(0.0).is_valid and phase.at(0.0).reason
    start_s = walk(phase, 15)
    due = list(WITHIN)
    for time_s in np.arange(start_s, start_s + STRIDE_S, 0.01):
        signal(phase, float(time_s))
        share = (time_s - start_s) / STRIDE_S
        if due and share >= due[0][0]:
            phase.feed(GaitEvent(float(time_s), float(time_s), *due.pop(0)[1:], Source.FORCE, 1.0))
        estimate = phase.at(float(time_s))
        assert estimate.reason == "" and 0.0 <= estimate.phase < 1.0
        assert estimate.phase == pytest.approx(min(share, 0.99), abs=0.03)
        assert estimate.rate_hz == pytest.approx(1.0 / STRIDE_S, rel=0.1)
    late = phase.at(start_s + 10.0)
    assert not late.is_valid and late.reason and math.isnan(late.rate_hz)


@pytest.mark.parametrize("name", names("phases"))
def test_a_phase_does_not_wrap_ahead_of_a_contact(name):
    phase = build("phases", "Phase", name, {}, Side.LEFT)
    start_s = walk(phase, 15)
    for time_s in np.arange(start_s, start_s + 2.0 * STRIDE_S, 0.01):
        signal(phase, float(time_s))
        estimate = phase.at(float(time_s))
        if time_s > start_s + 1.55 * STRIDE_S:
            assert not estimate.is_valid and estimate.reason
        elif time_s > start_s + 0.95 * STRIDE_S and estimate.is_valid:
            assert 0.9 < estimate.phase < 1.0


@pytest.mark.parametrize("name", names("phases"))
def test_a_phase_without_its_signal_is_not_valid(name):
    phase = build("phases", "Phase", name, {}, Side.LEFT)
    for contact_s in np.arange(0.0, 20.0, STRIDE_S):
        phase.feed(
            GaitEvent(float(contact_s), float(contact_s), Side.LEFT, EventKind.INITIAL_CONTACT, Source.FORCE, 1.0)
        )
    estimate = phase.at(float(contact_s) + 0.3)
    assert estimate.is_valid == (phase.segment == "")
    assert estimate.is_valid or phase.segment in estimate.reason


@pytest.mark.parametrize("name", names("metrics"))
def test_a_metric_has_a_name_and_a_unit_and_knows_what_is_missing(name):
    metric = build("metrics", "Metric", name, {})
    assert metric.name == name and metric.unit and type(metric).__doc__
    assert math.isnan(metric.of(timed_stride(NAN_TIMES)))


@pytest.mark.parametrize("name", names("metrics"))
def test_a_metric_knows_whether_it_needs_foot_off(name):
    metric = build("metrics", "Metric", name, {})
    whole = StrideTimes(Side.LEFT, 1, "", 0.0, 0.1, 0.5, 0.6, 1.0)
    measured = dict.fromkeys(UNTIMED, 0.5)
    assert math.isfinite(metric.of(timed_stride(whole, **measured)))
    without = whole._replace(other_foot_off_s=math.nan, foot_off_s=math.nan)
    assert math.isnan(metric.of(timed_stride(without, **measured))) == metric.needs_foot_off


def test_the_default_metrics_are_all_there_are():
    assert sorted(AnalyserSettings().metrics) == names("metrics")
