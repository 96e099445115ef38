# SPDX-License-Identifier: Apache-2.0
"""Every detector, phase estimator and metric, found by its file, keeps the contract of its folder."""

import dataclasses
import math

import numpy as np
import pytest

from gait_analysis.analyser import AnalyserSettings
from gait_analysis.events import EventKind, GaitEvent, Source
from gait_analysis.parts import build
from gait_analysis.strides import StrideTimes, timed_stride
from gait_parts import plugins
from gait_parts.settings import Settings
from gait_sensing.samples import ForceSamples, Side

PARTS = [
    (folder, name)
    for folder in ("detectors", "phases", "metrics")
    for name in plugins.available(f"gait_analysis.{folder}")
]
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


@pytest.mark.parametrize("name", names("phases"))
def test_a_phase_is_valid_in_steady_walking_only(name):
    phase = build("phases", "Phase", name, {})
    assert not phase.at(0.0).is_valid and phase.at(0.0).reason
    for contact_s in np.arange(0.0, 20.0, 1.1):
        for time_s, kind in ((contact_s, EventKind.INITIAL_CONTACT), (contact_s + 0.7, EventKind.FOOT_OFF)):
            phase.feed(GaitEvent(float(time_s), float(time_s), Side.LEFT, kind, Source.FORCE, 1.0))
    for share in (0.64, 0.7, 0.9, 1.2):
        estimate = phase.at(float(contact_s + 1.1 * share))
        assert estimate.phase == pytest.approx(min(share, 0.99), abs=0.03) and estimate.reason == ""
        assert estimate.rate_hz == pytest.approx(1.0 / 1.1, rel=0.03)
    assert not phase.at(float(contact_s + 10.0)).is_valid


@pytest.mark.parametrize("name", names("metrics"))
def test_a_metric_has_a_name_and_a_unit_and_knows_what_is_missing(name):
    metric = build("metrics", "Metric", name, {})
    assert metric.name == name and metric.unit and type(metric).__doc__
    assert math.isnan(metric.of(timed_stride(NAN_TIMES)))


def test_the_default_metrics_are_all_there_are():
    assert sorted(AnalyserSettings().metrics) == names("metrics")
