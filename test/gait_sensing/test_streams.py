# SPDX-License-Identifier: Apache-2.0
"""The straight line from bytes to samples, with the real drivers and clocks."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from gait_sensing.calibration.drift import DriftSettings
from gait_sensing.calibration.load_cell import CalibrationSettings, LoadCellCalibration
from gait_sensing.clocks.device_clock import clock_for
from gait_sensing.health import Level
from gait_sensing.imus import xsens_mti
from gait_sensing.load_cells import sri_m8128
from gait_sensing.samples import ForceReadings, ImuReading
from gait_sensing.streams import NOT_ZEROED, ImuStream, LoadCellStream
from gait_sensing.wires.reader import WireHealth

NOW_S = 1.7e9
OPEN = WireHealth(True, 1, NOW_S, "")


def imu_stream() -> tuple[ImuStream, xsens_mti.Emulator]:
    settings = xsens_mti.Settings(rate_hz=100.0)
    driver = xsens_mti.Driver(settings)
    return ImuStream("left_foot", driver, clock_for(driver, delay_s=0.004)), xsens_mti.Emulator(settings)


def load_cell_stream(drift: DriftSettings | None = None) -> tuple[LoadCellStream, sri_m8128.Emulator]:
    settings = sri_m8128.Settings(rate_hz=1000.0)
    driver = sri_m8128.Driver(settings)
    calibration = LoadCellCalibration(CalibrationSettings(axes=["-x", "-y", "-z"]))
    stream = LoadCellStream("left_belt", driver, clock_for(driver), calibration, drift=drift)
    return stream, sri_m8128.Emulator(settings)


def loads(ticks: list[int], vertical_n: float) -> ForceReadings:
    n = len(ticks)
    return ForceReadings(np.array(ticks), np.tile([0.0, 0.0, -vertical_n], (n, 1)), np.zeros((n, 3)))


def test_imu_bytes_become_stamped_samples() -> None:
    stream, device = imu_stream()
    readings = [ImuReading(5000 + 100 * i, (0.0, 0.5, 9.75), (1.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0)) for i in range(3)]
    samples = stream.feed(b"".join(map(device.encode, readings)), NOW_S)
    assert [sample.time_s for sample in samples] == pytest.approx(
        [NOW_S - 0.024, NOW_S - 0.014, NOW_S - 0.004], abs=1e-6
    )
    assert samples[0].segment == "left_foot"
    assert samples[0].acceleration_mps2 == (0.0, 0.5, 9.75)
    assert samples[0].angular_rate_radps == (1.0, 0.0, 0.0)
    assert samples[0].orientation_xyzw == (0.0, 0.0, 0.0, 1.0)
    assert stream.health.sample_count == 3


def test_what_an_imu_does_not_send_is_nan() -> None:
    stream, device = imu_stream()
    (sample,) = stream.feed(device.encode(ImuReading(0, (0.0, 0.0, 9.75), None, None)), NOW_S)
    assert all(map(math.isnan, sample.angular_rate_radps + sample.orientation_xyzw))


def test_lost_and_repeated_imu_samples_are_counted() -> None:
    stream, device = imu_stream()
    for tick in (0, 100, 400, 400, 500):
        data = device.encode(ImuReading(tick, (0.0, 0.0, 9.75), None, None))
        samples = stream.feed(data, NOW_S + 1e-4 * tick)
        assert len(samples) == (0 if stream.clock.duplicate_count and tick == 400 else 1)
    assert (stream.health.sample_count, stream.clock.lost_count, stream.clock.duplicate_count) == (4, 2, 1)


def test_load_cell_bytes_become_forces_on_the_foot() -> None:
    stream, device = load_cell_stream()
    samples = stream.feed(device.encode(loads([65534, 65535, 65536], 700.0)), NOW_S)
    assert samples is not None
    assert samples.name == "left_belt"
    assert samples.first_sample_count == 0
    assert samples.force_n.tolist() == [[0.0, 0.0, 700.0]] * 3
    assert samples.time_s == pytest.approx([NOW_S - 0.002, NOW_S - 0.001, NOW_S], abs=1e-6)
    assert samples.centre_of_pressure_m.tolist() == [[0.0, 0.0]] * 3
    following = stream.feed(device.encode(loads([65539], 700.0)), NOW_S + 0.003)
    assert following is not None
    assert following.first_sample_count == 5
    assert (stream.health.sample_count, stream.clock.lost_count) == (4, 2)


def test_nothing_whole_gives_nothing() -> None:
    stream, device = load_cell_stream()
    data = device.encode(loads([1], 700.0))
    assert stream.feed(data[:-1], NOW_S) is None
    assert stream.feed(data[-1:], NOW_S) is not None
    assert stream.feed(data, NOW_S) is None  # a repetition
    assert stream.clock.duplicate_count == 1


def test_zero_uses_the_last_half_second() -> None:
    stream, device = load_cell_stream()
    for i in range(1000):
        vertical_n = 600.0 if i < 400 else 12.0
        stream.feed(device.encode(loads([i], vertical_n)), NOW_S + 0.001 * i)
    assert len(stream._recent) <= 501  # no more is kept
    assert stream.zero(NOW_S + 1.0) == pytest.approx(12.0)
    samples = stream.feed(device.encode(loads([1000], 112.0)), NOW_S + 1.0)
    assert samples is not None
    assert samples.force_n[0, 2] == pytest.approx(100.0)


def test_zero_is_refused_without_fresh_samples() -> None:
    stream, device = load_cell_stream()
    with pytest.raises(ValueError, match="left_belt: no samples"):
        stream.zero(NOW_S)
    stream.feed(device.encode(loads([1], 0.0)), NOW_S)
    with pytest.raises(ValueError, match="left_belt: no samples"):
        stream.zero(NOW_S + 0.6)


def test_an_imu_that_rests_in_the_wrong_unit_is_red() -> None:
    stream, device = imu_stream()
    for i in range(150):
        reading = ImuReading(100 * i, (0.0, 0.001 * (i % 2), 1.0), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0))
        stream.feed(device.encode(reading), NOW_S + 0.01 * i)
    verdict = stream.judge(NOW_S + 1.5, OPEN)
    assert verdict.level is Level.RED
    assert "in g" in verdict.text


def walked(drift: DriftSettings) -> tuple[LoadCellStream, NDArray[np.float64]]:
    """Stance and swing for 20 s on a plate whose zero is 12 N off: the stream, and its force in late swings."""
    stream, device = load_cell_stream(drift)
    random, swing_n = np.random.default_rng(1), []
    for start in range(0, 20_000, 100):
        phase = np.arange(start, start + 100) / 1100.0 % 1.0
        vertical_n = np.where(phase < 0.6, 712.0, 12.0) + random.normal(0.0, 2.0, 100)
        force_n = np.column_stack([np.zeros((100, 2)), -vertical_n])
        data = device.encode(ForceReadings(np.arange(start, start + 100), force_n, np.zeros((100, 3))))
        samples = stream.feed(data, NOW_S + 0.001 * (start + 100))
        assert samples is not None
        if start >= 15_000:
            swing_n.append(samples.force_n[(phase > 0.7) & (phase < 0.9), 2])
    return stream, np.concatenate(swing_n)


def test_a_moved_zero_is_followed_in_swing_unless_the_config_says_otherwise() -> None:
    stream, swing_n = walked(DriftSettings())
    assert abs(swing_n.mean()) < 1.0
    values = stream.judge(NOW_S + 20.0, OPEN).values
    assert values["drift_n"] == pytest.approx(12.0, abs=1.0) and values["swing_count"] > 10
    _, swing_n = walked(DriftSettings(corrects_drift=False))
    assert swing_n.mean() == pytest.approx(12.0, abs=1.0)


def test_a_plate_is_amber_until_it_is_zeroed() -> None:
    stream, device = load_cell_stream()
    for start in range(0, 1000, 100):
        ticks = list(range(start, start + 100))
        stream.feed(device.encode(loads(ticks, 5.0 + 0.001 * start)), NOW_S + 0.001 * (start + 100))
    assert stream.judge(NOW_S + 1.0, OPEN).text == NOT_ZEROED
    stream.zero(NOW_S + 1.0)
    assert stream.judge(NOW_S + 1.0, OPEN).level is Level.GREEN
