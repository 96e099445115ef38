# SPDX-License-Identifier: Apache-2.0
"""What the analysis holds does not grow with the walk, whichever sensors it hears; the hour itself is a benchmark."""

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from gait_analysis.analyser import Analyser, AnalyserSettings
from gait_analysis.participant import Input, Participant
from gait_sensing.samples import ForceSamples, ImuSample

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
ROUND_S, ROUNDS_COUNT, SETTLED_COUNT = 40.0, 5, 3
SETTINGS = AnalyserSettings(state_rate_hz=5.0)
GROWTH = 1.05  # of less than five rounds in three: some windows count strides, or minutes, and are not full yet


@pytest.fixture(scope="module")
def hour():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        spec = importlib.util.spec_from_file_location("hour_of_walking", BENCHMARKS / "hour_of_walking.py")
        module = importlib.util.module_from_spec(spec)
        patch.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)
        yield module


@pytest.fixture(scope="module")
def walked(hour):
    return [sample for _, sample in hour.walk(ROUND_S, 20)]


def is_plate(sample):
    return isinstance(sample, ForceSamples)


def is_foot(sample):
    return isinstance(sample, ImuSample) and sample.segment.endswith("foot")


@pytest.mark.parametrize(
    "is_heard",
    [lambda _: True, is_plate, is_foot, lambda each: is_plate(each) and each.name == "left_belt"],
    ids=["all sensors", "plates alone", "feet alone", "one of two plates"],
)
def test_minutes_of_walking_do_not_grow(hour, walked, is_heard):
    heard = [sample for sample in walked if is_heard(sample)]
    analyser = Analyser(SETTINGS, Participant(hour.MASS_KG, None), Input.SIMULATED, 0.0)
    held = []
    for number in range(ROUNDS_COUNT):
        for sample in heard:
            analyser.feed(replace(sample, time_s=sample.time_s + number * ROUND_S))
        held.append(hour.held(analyser))
    for sizes in zip(*held, strict=True):  # bytes, and items of containers
        assert max(sizes[SETTLED_COUNT:]) <= GROWTH * max(sizes[:SETTLED_COUNT])


def test_what_grows_is_seen(hour):
    holder = type("Holder", (), {})()
    holder.kept = [0.0]
    before_bytes, before_items = hour.held(holder)
    holder.kept += [float(number) for number in range(1000)]
    after_bytes, after_items = hour.held(holder)
    assert after_items == before_items + 1000
    assert after_bytes > before_bytes + 1000 * 8
