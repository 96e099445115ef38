# SPDX-License-Identifier: Apache-2.0
"""Streams of the Lab Streaming Layer as samples: stamps, numbers, channels."""

import math

import numpy as np
import pytest

from gait_sensing.calibration.load_cell import CalibrationSettings, LoadCellCalibration
from gait_sensing.health import Level
from gait_sensing.lsl.clock import Chunk, StampClock
from gait_sensing.lsl.inlet import (
    ForceChannels,
    ImuChannels,
    LslForceStream,
    LslImuStream,
    StreamSettings,
)
from gait_sensing.wires.reader import WireHealth

UNIX_S = 1.7e9  # Unix time when the sender's clock reads 0
PLATE = ("fx", "fy", "fz", "mx", "my", "mz")
IMU = ("ax", "ay", "az", "gx", "gy", "gz", "qx", "qy", "qz", "qw")


def chunk(sender_s: list[float], values: np.ndarray | None = None, offset_s: float = UNIX_S, late_s: float = 0.001):
    stamps_s = np.array(sender_s)
    rows = np.zeros((len(stamps_s), 6)) if values is None else values
    return Chunk(rows, stamps_s, offset_s, float(stamps_s.max(initial=0.0)) + offset_s + late_s)


def clock(rate_hz: float = 100.0, delay_s: float = 0.0) -> StampClock:
    return StampClock(rate_hz, delay_s)


def force_stream(channels: ForceChannels | None = None) -> LslForceStream:
    return LslForceStream(
        "left_belt",
        channels or ForceChannels(),
        StreamSettings(rate_hz=1000.0),
        LoadCellCalibration(CalibrationSettings()),
    )


def test_stamps_are_the_senders_in_unix_time() -> None:
    count, time_s = clock(delay_s=0.02).feed(chunk([5.0, 5.01, 5.02]))
    assert count.tolist() == [0, 1, 2]
    assert time_s - UNIX_S == pytest.approx([4.98, 4.99, 5.0], abs=1e-6)


def test_one_late_look_at_the_clocks_moves_no_stamp() -> None:
    it = clock()
    for k in range(20):
        late_look_s = 0.03 if k == 10 else 0.0
        _, time_s = it.feed(chunk([0.01 * k], offset_s=UNIX_S + late_look_s))
        assert time_s[0] - UNIX_S == pytest.approx(0.01 * k, abs=1e-6)


def test_missing_samples_show_in_the_numbers() -> None:
    it = clock(rate_hz=100.0)
    count, _ = it.feed(chunk([0.0, 0.01, 0.04, 0.0502]))
    assert count.tolist() == [0, 1, 4, 5]
    count, _ = it.feed(chunk([0.1]))
    assert count.tolist() == [10]
    assert it.lost_count == 2 + 4


def test_what_comes_twice_or_late_is_left_out() -> None:
    it = clock()
    it.feed(chunk([0.0, 0.01, 0.02]))
    count, time_s = it.feed(chunk([0.01, 0.02, 0.03, 0.025, 0.04]))
    assert count.tolist() == [-1, -1, 3, -1, 4]
    assert np.isnan(time_s).tolist() == [True, True, False, True, False]
    assert (it.duplicate_count, it.lost_count) == (3, 0)


@pytest.mark.parametrize("sender_s", [UNIX_S, math.nan, 0.1, -20.0])
def test_a_stamp_by_another_clock_is_left_out_and_hides_no_other(sender_s: float) -> None:
    it = clock()
    it.feed(chunk([0.0]))
    wild = Chunk(np.zeros((2, 6)), np.array([sender_s, 0.01]), UNIX_S, UNIX_S + 0.011)
    assert it.feed(wild)[0].tolist() == [-1, 1]


@pytest.mark.parametrize("step_s", [-3.0, -0.02, 0.5])
def test_stamps_never_go_back_when_a_clock_is_set(step_s: float) -> None:
    it = clock()
    stamps_s: list[float] = []
    for k in range(0, 1500, 5):
        offset_s = UNIX_S + (step_s if k >= 200 else 0.0)
        stamps_s += it.feed(chunk([0.01 * (k + i) for i in range(5)], offset_s=offset_s))[1].tolist()
    assert (np.diff(stamps_s) > 0.0).all()
    assert stamps_s[-1] == pytest.approx(UNIX_S + 14.99 + step_s, abs=1e-5)


def test_a_new_connection_with_another_clock_goes_on_in_time_and_numbers() -> None:
    it = clock(rate_hz=100.0)
    _, before_s = it.feed(chunk([1000.0, 1000.01]))
    it.restart()
    count, after_s = it.feed(chunk([3.0, 3.01], offset_s=UNIX_S + 997.51))  # half a second later
    assert count.tolist() == [51, 52]
    assert after_s[0] - before_s[-1] == pytest.approx(0.5, abs=1e-6)
    it.restart()
    _, again_s = it.feed(chunk([7.0], offset_s=UNIX_S + 993.0))  # by its offset, before the last one
    assert again_s[0] > after_s[-1]


def test_forces_by_label_in_their_unit() -> None:
    channels = ForceChannels(
        force_channels=["Fx", "1", "Fz"], moment_channels=["", "", "Mz"], force_unit="kN", moment_unit="Nmm"
    )
    stream = force_stream(channels)
    stream.open(("Mz", "Fy", "Fx", "Fz"))
    (samples,) = stream.feed(chunk([0.0, 0.001], np.array([[7.0, 2.0, 1.0, 3.0], [8.0, 5.0, 4.0, 6.0]])))
    assert samples.name == "left_belt"
    assert samples.force_n.tolist() == [[1000.0, 2000.0, 3000.0], [4000.0, 5000.0, 6000.0]]
    assert np.isnan(samples.moment_nm[:, :2]).all()
    assert samples.moment_nm[:, 2] == pytest.approx([0.007, 0.008])


def test_forces_are_calibrated_and_have_a_centre_of_pressure() -> None:
    axes = CalibrationSettings(axes=["-x", "-y", "-z"], origin_m=[0.0, 0.25, 0.0])
    stream = LslForceStream("left_belt", ForceChannels(), StreamSettings(rate_hz=1000.0), LoadCellCalibration(axes))
    stream.open(PLATE)
    (samples,) = stream.feed(chunk([0.0], np.array([[0.0, 0.0, -700.0, 0.0, 70.0, 0.0]])))
    assert samples.force_n.tolist() == [[0.0, 0.0, 700.0]]
    assert samples.centre_of_pressure_m[0] == pytest.approx([0.1, 0.25])


def test_pieces_on_both_sides_of_a_gap_are_apart() -> None:
    stream = force_stream()
    stream.open(PLATE)
    pieces = stream.feed(chunk([0.0, 0.001, 0.004, 0.005, 0.010]))
    assert [(piece.first_sample_count, len(piece.time_s)) for piece in pieces] == [(0, 2), (4, 2), (10, 1)]
    assert stream.health.sample_count == 5
    assert stream.feed(chunk([])) == []


def test_an_imu_in_si_units() -> None:
    channels = ImuChannels(
        orientation_channels=["qx", "qy", "qz", "qw"], acceleration_unit="g", angular_rate_unit="deg/s"
    )
    stream = LslImuStream("left_foot", channels, StreamSettings())
    stream.open(IMU)
    row = [0.0, 0.5, 1.0, 180.0, 0.0, -90.0, 0.0, 0.0, 0.0, 1.0]
    (sample,) = stream.feed(chunk([0.0], np.array([row])))
    assert sample.segment == "left_foot"
    assert sample.acceleration_mps2 == pytest.approx((0.0, 4.903325, 9.80665))
    assert sample.angular_rate_radps == pytest.approx((math.pi, 0.0, -math.pi / 2))
    assert sample.orientation_xyzw == (0.0, 0.0, 0.0, 1.0)


@pytest.mark.parametrize("nothing", [["", "", ""], [""], []])
def test_what_is_not_measured_is_not_a_number(nothing: list[str]) -> None:
    stream = LslImuStream("left_foot", ImuChannels(angular_rate_channels=nothing), StreamSettings())
    stream.open(IMU)
    (sample,) = stream.feed(chunk([0.0], np.ones((1, 10))))
    assert sample.acceleration_mps2 == (1.0, 1.0, 1.0)
    assert np.isnan(sample.angular_rate_radps).all() and len(sample.angular_rate_radps) == 3
    assert np.isnan(sample.orientation_xyzw).all() and len(sample.orientation_xyzw) == 4


@pytest.mark.parametrize(
    ("labels", "wanted", "text"),
    [
        (("a", "b", "c"), ["a", "b", "d"], "no channel 'd'.*0 'a', 1 'b', 2 'c'"),
        (("a", "b", "b"), ["a", "b", "2"], "no channel 'b', or several"),
        (("a", "b", "c"), ["0", "1", "3"], "no channel '3'"),
        (("a", "b", "c"), ["a", "b"], "expected 3 channels"),
    ],
)
def test_a_channel_that_is_not_there_is_named(labels: tuple[str, ...], wanted: list[str], text: str) -> None:
    stream = force_stream(ForceChannels(force_channels=wanted, moment_channels=[""]))
    with pytest.raises(ValueError, match=f"force_channels: .*{text}"):
        stream.open(labels)


def test_what_is_wrong_with_a_stream_is_found() -> None:
    stream = force_stream()
    stream.open(PLATE)
    wire = WireHealth(True, 1, UNIX_S, "")
    rows = np.tile([0.0, 0.0, 25_000.0, 0.0, 0.0, 0.0], (2, 1))
    stream.feed(chunk([0.0, 0.001], rows))
    assert "out of range" in stream.judge(UNIX_S + 0.002, wire).text
    stream.feed(Chunk(rows[:1], np.array([UNIX_S]), UNIX_S, UNIX_S + 0.01))  # a sender that stamps by Unix time
    verdict = stream.judge(UNIX_S + 0.02, wire)
    assert "stamps differ from this computer's clock" in verdict.text
    assert verdict.level is Level.RED


def test_an_imu_is_judged_by_its_ranges() -> None:
    stream = LslImuStream("left_foot", ImuChannels(), StreamSettings())
    stream.open(IMU)
    stream.feed(chunk([0.0], np.array([[0.0, 0.0, -400.0, *[0.0] * 7]])))
    assert "value 3 of 6 read 400" in stream.judge(UNIX_S + 0.01, WireHealth(True, 1, UNIX_S, "")).text
