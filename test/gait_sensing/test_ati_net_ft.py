# SPDX-License-Identifier: Apache-2.0
import struct
from collections.abc import Callable

import numpy as np
import pytest

from gait_sensing.load_cells.ati_net_ft import Driver, Emulator, Settings
from gait_sensing.samples import ForceReadings

Vectors = Callable[[str], dict[str, bytes]]


def page(counts: str = "1000000", force_unit: str = "N", torque_unit: str = "Nm", rest: str = "") -> bytes:
    return (
        f"<netft><prodname>x</prodname><cfgcpf>{counts}</cfgcpf><cfgcpt>{counts}</cfgcpt>"
        f"<scfgfu>{force_unit}</scfgfu><scfgtu>{torque_unit}</scfgtu>{rest}</netft>"
    ).encode()


def ready(page_bytes: bytes = page(), **values: object) -> Driver:
    driver = Driver(Settings(**values))
    driver.take_page(page_bytes)
    return driver


def record(sequence: int, status: int = 0, force_count: int = 1) -> bytes:
    return struct.pack(">III6i", sequence, 7 * sequence, status, *[force_count] * 6)


def test_the_published_record(vectors: Vectors) -> None:
    readings = ready().feed(vectors("ati_net_ft")["three_hundred_fifty_newton"])
    assert readings.ticks.tolist() == [1000]
    assert readings.force_n[0] == pytest.approx([1.0, -2.5, 350.0], abs=1e-9)
    assert readings.moment_nm[0] == pytest.approx([0.012, -0.034, 0.0005], abs=1e-9)


def test_the_emulator_packs_the_published_record(vectors: Vectors) -> None:
    published = vectors("ati_net_ft")["three_hundred_fifty_newton"]
    packed = Emulator(Settings()).encode(ready().feed(published))
    assert packed[:4] + packed[8:] == published[:4] + published[8:]  # it counts samples and records alike


def test_requests(vectors: Vectors) -> None:
    published = vectors("ati_net_ft")
    driver = ready()
    assert driver.connect() == published["start_realtime"]
    assert driver.connect() == published["start_realtime"]
    assert driver.disconnect() == published["stop"]
    assert ready(mode="buffered").connect() == bytes.fromhex("1234000300000000")
    assert driver.pending() == b""


def test_the_device_knows_start_and_stop_and_nothing_else(vectors: Vectors) -> None:
    published = vectors("ati_net_ft")
    emulator = Emulator(Settings())
    for data in (b"", b"\x12\x34", published["bias"], published["stop"], published["start_realtime"] * 2):
        assert emulator.feed(data) == b""
        assert not emulator.is_streaming
    for start in (published["start_realtime"], ready(mode="buffered").connect()):
        emulator.feed(start)
        assert emulator.is_streaming
        emulator.feed(published["bias"])
        assert emulator.is_streaming
        emulator.feed(published["stop"])
        assert not emulator.is_streaming


def test_several_records_in_a_datagram() -> None:
    driver = ready()
    readings = driver.feed(b"".join(record(i, force_count=i) for i in (41, 42, 43)))
    assert readings.ticks.tolist() == [41, 42, 43]
    assert readings.moment_nm[:, 2].tolist() == pytest.approx([41e-6, 42e-6, 43e-6])
    assert (driver.counts.frame_count, driver.counts.reading_count) == (3, 3)


@pytest.mark.parametrize("size", [1, 8, 35, 37, 71, 73])
def test_a_datagram_of_another_size_is_dropped_whole(size: int) -> None:
    driver = ready()
    assert len(driver.feed((record(1) * 3)[:size]).ticks) == 0
    assert driver.counts.bytes_dropped_count == size
    assert driver.feed(record(2)).ticks.tolist() == [2]


def test_nothing_is_decoded_before_a_page_was_taken() -> None:
    driver = Driver(Settings())
    readings = driver.feed(record(1))
    assert (readings.ticks.shape, readings.force_n.shape, readings.moment_nm.shape) == ((0,), (0, 3), (0, 3))
    assert (driver.counts.bytes_dropped_count, driver.counts.reading_count) == (36, 0)
    driver.take_page(page())
    assert driver.feed(record(1)).ticks.tolist() == [1]
    with pytest.raises(ValueError, match="missing"):
        driver.take_page(b"<netft/>")
    assert len(driver.feed(record(2)).ticks) == 0  # factors that may be wrong are not used


def test_what_the_device_does_not_vouch_for_is_left_out_and_counted() -> None:
    driver = ready()
    readings = driver.feed(record(1) + record(2, status=0x80000000) + record(3, status=1) + record(4))
    assert readings.ticks.tolist() == [1, 4]
    assert len(readings.force_n) == len(readings.moment_nm) == 2
    assert (driver.counts.device_error_count, driver.counts.reading_count) == (2, 2)
    assert driver.counts.bytes_dropped_count == 0


@pytest.mark.parametrize(
    ("force_unit", "force_n"),
    [("N", 1.0), ("kN", 1e3), ("lbf", 4.4482216152605), ("klbf", 4448.2216152605), ("kgf", 9.80665), (" n ", 1.0)],
)
def test_force_units(force_unit: str, force_n: float) -> None:
    driver = ready(page("1000", force_unit=force_unit))
    assert driver.force_step_n == pytest.approx(force_n / 1000)
    assert driver.feed(record(1, force_count=-5000)).force_n[0] == pytest.approx([-5 * force_n] * 3)


@pytest.mark.parametrize(
    ("torque_unit", "torque_nm"),
    [
        ("Nm", 1.0),
        ("N-m", 1.0),
        ("N-mm", 1e-3),
        ("Nmm", 1e-3),
        ("kN-m", 1e3),
        ("lbf-in", 0.1129848290276167),
        ("lbf-ft", 1.3558179483314004),
        ("kgf-cm", 0.0980665),
    ],
)
def test_torque_units(torque_unit: str, torque_nm: float) -> None:
    driver = ready(page("1000", torque_unit=torque_unit))
    assert driver.moment_step_nm == pytest.approx(torque_nm / 1000)
    assert driver.feed(record(1, force_count=2000)).moment_nm[0] == pytest.approx([2 * torque_nm] * 3)


@pytest.mark.parametrize(
    ("page_bytes", "said"),
    [
        (b"", "not XML"),
        (b"<html><p>not found", "not XML"),
        (b'<?xml version="1.0" encoding="klingon"?><netft/>', "not XML"),
        (b"<netft></netft>", "cfgcpf|scfgfu"),
        (page(counts=""), "cfgcpf: missing"),
        (page(counts="many"), "cfgcpf: got 'many'"),
        (page(counts="0"), "cfgcpf: got '0'"),
        (page(counts="-1"), "cfgcpf: got '-1'"),
        (page(counts="nan"), "cfgcpf: got 'nan'"),
        (page(counts="1e999"), "cfgcpf: got '1e999'"),
        (page(force_unit="stone"), "scfgfu: got 'stone', expected one of lbf"),
        (page(torque_unit="N"), "scfgtu: got 'N'"),
        (page(rest="<comrdtrate>7000</comrdtrate>"), "device is set to 7000 Hz, expected rate_hz = 1000"),
    ],
)
def test_a_page_of_no_use_says_why(page_bytes: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ready(page_bytes)


def test_the_rate_of_the_page_is_accepted_when_it_is_the_configs() -> None:
    driver = ready(page(rest="<comrdtrate>7000</comrdtrate>"), rate_hz=7000.0)
    assert driver.tick_s == pytest.approx(1 / 7000)
    assert driver.ticks_per_sample == 1


def test_a_load_beyond_a_counts_range_is_not_sent_as_another_load() -> None:
    loads = np.array([[0.0, 0.0, 3000.0], [0.0, 0.0, 2000.0]])
    data = Emulator(Settings()).encode(ForceReadings(np.array([1, 2]), loads, np.zeros((2, 3))))
    driver = ready()
    readings = driver.feed(data)
    assert (readings.ticks.tolist(), readings.force_n[:, 2].tolist()) == ([2], [2000.0])
    assert driver.counts.device_error_count == 1


def test_sequences_wrap_on_the_wire() -> None:
    ticks = np.array([(1 << 32) - 1, 1 << 32])
    data = Emulator(Settings()).encode(ForceReadings(ticks, np.ones((2, 3)), np.ones((2, 3))))
    assert ready().feed(data).ticks.tolist() == [(1 << 32) - 1, 0]
