# SPDX-License-Identifier: Apache-2.0
"""Somebody else's samples: numbered by their stamps, calibrated, and judged like our own."""

import math

import pytest

from gait_sensing.calibration.load_cell import CalibrationSettings, LoadCellCalibration
from gait_sensing.health import Level, WireHealth
from gait_sensing.samples import ImuSample
from gait_sensing.streams import ImuHealthSettings, LoadCellHealthSettings
from gait_sensing.topic_streams import ImuTopicStream, WrenchTopicStream

NOW_S = 1_790_000_000.0
OPEN = WireHealth(True, 1, NOW_S, "")
NAN = math.nan


def wrench_stream(**values):
    calibration = LoadCellCalibration(CalibrationSettings(**values))
    return WrenchTopicStream("plate", 0.001, calibration, LoadCellHealthSettings())


def test_a_wrench_is_calibrated_and_numbered():
    stream = wrench_stream(axes=["-x", "-y", "-z"], origin_m=[0.0, 0.25, 0.0])
    samples = stream.feed((0.0, 0.0, -700.0), (0.0, 70.0, 0.0), NOW_S, NOW_S + 0.001)
    assert samples.force_n[0].tolist() == [0.0, 0.0, 700.0]
    assert samples.centre_of_pressure_m[0] == pytest.approx([0.1, 0.25])
    assert (samples.first_sample_count, samples.time_s.tolist()) == (0, [NOW_S])
    later = stream.feed((0.0, 0.0, -700.0), (0.0, 0.0, 0.0), NOW_S + 0.004, NOW_S + 0.005)
    assert later.first_sample_count == 4
    assert stream.clock.lost_count == 3


@pytest.mark.parametrize("stamp_s", [NOW_S, NOW_S - 1.0, NAN])
def test_a_stamp_that_does_not_go_on_is_left_out_and_counted(stamp_s):
    stream = wrench_stream()
    stream.feed((0.0, 0.0, 1.0), (0.0, 0.0, 0.0), NOW_S, NOW_S)
    assert stream.feed((0.0, 0.0, 2.0), (0.0, 0.0, 0.0), stamp_s, NOW_S + 0.01) is None
    assert stream.clock.duplicate_count == 1


def test_a_foreign_plate_can_be_zeroed():
    stream = wrench_stream()
    for k in range(100):
        stream.feed((0.0, 0.0, 12.0), (0.0, 0.0, 0.0), NOW_S + 0.001 * k, NOW_S + 0.001 * k)
    assert stream.zero(NOW_S + 0.1) == pytest.approx(12.0)
    samples = stream.feed((0.0, 0.0, 12.0), (0.0, 0.0, 0.0), NOW_S + 0.1, NOW_S + 0.1)
    assert samples.force_n[0, 2] == pytest.approx(0.0)
    stream.feed((0.0, 0.0, 412.0), (0.0, 0.0, 0.0), NOW_S + 1.0, NOW_S + 1.0)
    with pytest.raises(ValueError, match=r"plate: cannot zero under load: 400\.0 N"):
        stream.zero(NOW_S + 1.0)


def test_an_imu_that_lacks_values_passes_them_as_missing():
    stream = ImuTopicStream("left_foot", 0.01, ImuHealthSettings())
    sample = ImuSample("left_foot", NOW_S, (0.0, 0.0, 9.8), (NAN, NAN, NAN), (NAN, NAN, NAN, NAN))
    assert stream.feed(sample, NOW_S) == [sample]
    assert stream.feed(sample, NOW_S) == []


def test_stamps_of_another_clock_are_red():
    stream = wrench_stream()
    stream.feed((0.0, 0.0, 1.0), (0.0, 0.0, 0.0), NOW_S - 3.2, NOW_S)
    verdict = stream.judge(NOW_S, OPEN)
    assert verdict.level is Level.RED
    assert "differ from this computer's clock by 3.200 s" in verdict.text
