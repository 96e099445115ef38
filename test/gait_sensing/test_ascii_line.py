# SPDX-License-Identifier: Apache-2.0
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gait_sensing.load_cells.ascii_line import MAX_LINE_BYTES, Driver, Emulator, Settings
from gait_sensing.samples import ForceReadings

Vectors = Callable[[str], dict[str, bytes]]
SIX = {"columns": ["fx", "fy", "fz", "mx", "my", "mz"], "scale": [1.0] * 6, "offset": [0.0] * 6}


def test_one_number_a_line(vectors: Vectors) -> None:
    lines = vectors("ascii_line")
    driver = Driver(Settings())
    readings = driver.feed(lines["two_decimals"] + lines["counts_below_zero"] + lines["padded"])
    assert readings.force_n[:, 2].tolist() == [123.45, -8355808.0, 0.5]
    assert np.isnan(readings.force_n[:, :2]).all()
    assert np.isnan(readings.moment_nm).all()
    assert readings.ticks.tolist() == [-1, -1, -1]
    assert (driver.tick_s, driver.is_measured) == (None, (False, False, True, False, False, False))


def test_each_column_has_its_scale_and_offset() -> None:
    columns = ["mx", "-", "tick", "fz", "fy"]
    driver = Driver(Settings(columns=columns, scale=[0.001, -0.5, 2.0], offset=[100.0, 1000.0, 0.25], tick_s=0.001))
    readings = driver.feed(b"2100,kg, 77 ,-1000,1.5\n")
    assert readings.ticks.tolist() == [77]
    assert readings.force_n[0, 1:].tolist() == [2.5, 1000.0]
    assert readings.moment_nm[0, 0] == pytest.approx(2.0)
    assert driver.is_measured == (False, True, True, True, False, False)


@pytest.mark.parametrize("separator", [",", ";", "\t", " "])
def test_every_separator(separator: str) -> None:
    line = separator.join(["1", "-2.5", "3", "4", "5", ".5"]).encode()
    readings = Driver(Settings(separator=separator, **SIX)).feed(line + b"\r\n")
    assert [*readings.force_n[0], *readings.moment_nm[0]] == [1.0, -2.5, 3.0, 4.0, 5.0, 0.5]


def test_an_ignored_column_may_hold_nothing_and_end_the_line() -> None:
    driver = Driver(Settings(columns=["fz", "-", "-"]))
    assert driver.feed(b"12.5,,\n7,nan,N m\n1,2\n1,2,3,4\n").force_n[:, 2].tolist() == [12.5, 7.0]


@pytest.mark.parametrize(
    "line",
    [
        b"1,2,3,4,5",
        b"1,2,3,4,5,6,",
        b"1,2,3,4,5,6,7",
        b"1,2,3,4,5,",
        b"1,2,,4,5,6",
        b"1,2, ,4,5,6",
        b"1,2,nan,4,5,6",
        b"1,2,inf,4,5,6",
        b"1,2,3e2,4,5,6",
        b"1,2,0x3,4,5,6",
        b"1,2,3_0,4,5,6",
        b"1;2;3;4;5;6",
        b"1,2,3,4,5,6 N",
        b"1,2,3,4,5,6".ljust(MAX_LINE_BYTES + 1),
    ],
)
def test_a_line_of_another_form_is_dropped_and_counted(line: bytes) -> None:
    driver = Driver(Settings(**SIX))
    readings = driver.feed(line + b"\n1,2,3,4,5,6\n")
    assert [*readings.force_n.tolist(), *readings.moment_nm.tolist()] == [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    assert driver.counts.bytes_dropped_count == len(line) + 1
    assert (driver.counts.frame_count, driver.counts.reading_count) == (1, 1)


def test_a_blank_separator_allows_no_second_blank() -> None:
    driver = Driver(Settings(columns=["fy", "fz"], scale=[1.0, 1.0], offset=[0.0, 0.0], separator=" "))
    assert driver.feed(b"1  2\n 1 2\n1 2 \n1 2\n").force_n[:, 2].tolist() == [2.0]


def test_a_tick_wraps_and_may_be_signed() -> None:
    settings = Settings(columns=["tick", "fz"], tick_s=1e-6, tick_modulus=1 << 16)
    driver = Driver(settings)
    assert (driver.tick_s, driver.tick_modulus) == (1e-6, 65536)
    assert driver.feed(b"65535,1\n65536,1\n-1,1\n1.5,1\n").ticks.tolist() == [65535, 0, 65535]
    force_n = np.ones((2, 3))
    assert Emulator(settings).encode(ForceReadings(np.array([65535, 65536]), force_n, force_n)) == (
        b"65535,1.00\r\n0,1.00\r\n"
    )


def test_commands_start_and_stop_the_device() -> None:
    settings = Settings(start_command="start\n", stop_command="stop\n")
    driver, emulator = Driver(settings), Emulator(settings)
    assert (driver.connect(), driver.disconnect()) == (b"start\n", b"stop\n")
    assert not emulator.is_streaming
    emulator.feed(driver.connect()[:3])
    emulator.feed(driver.connect()[3:])
    assert emulator.is_streaming
    emulator.feed(b"anything")
    emulator.feed(b"anything")
    assert emulator.is_streaming
    emulator.feed(driver.disconnect())
    assert not emulator.is_streaming
    emulator.feed(driver.disconnect() + driver.connect())
    assert emulator.is_streaming


def test_without_commands_nothing_is_written_and_the_device_streams() -> None:
    driver = Driver(Settings())
    assert driver.connect() + driver.disconnect() == b""
    assert Emulator(Settings()).is_streaming


def test_a_stop_command_alone() -> None:
    emulator = Emulator(Settings(stop_command="s"))
    assert emulator.is_streaming
    emulator.feed(b"s")
    assert not emulator.is_streaming


@pytest.mark.parametrize(
    "wrong",
    [
        {"columns": ["fz", "fz"], "scale": [1.0, 1.0], "offset": [0.0, 0.0]},
        {"columns": ["tick", "fz", "tick"]},
        {"columns": ["tick", "-"], "scale": [], "offset": []},
        {"columns": ["weight"]},
        {"columns": ["fy", "fz"], "offset": [0.0, 0.0]},
        {"columns": ["fy", "fz"], "scale": [1.0, 1.0]},
        {"scale": [0.0]},
        {"separator": "|"},
        {"start_command": "größer"},
        {"stop_command": "größer"},
    ],
)
def test_settings_that_do_not_fit_together(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"columns|scale|offset|separator|command") as error:
        Settings(**wrong)
    assert "expected" in str(error.value)


def test_the_emulator_rounds_as_the_driver_says() -> None:
    scale = [0.5, 0.5, -2.0, 0.01, 0.01, 0.02]
    settings = Settings(**{**SIX, "scale": scale, "offset": [7.0] * 6}, decimal_places=1)
    rng = np.random.default_rng(1)
    truth = ForceReadings(np.full(50, -1), rng.normal(0.0, 300.0, (50, 3)), rng.normal(0.0, 10.0, (50, 3)))
    driver = Driver(settings)
    found = driver.feed(Emulator(settings).encode(truth))
    assert (driver.force_step_n, driver.moment_step_nm) == pytest.approx((0.2, 0.002))
    assert np.abs(found.force_n - truth.force_n).max() <= 0.5 * driver.force_step_n + 1e-9
    assert np.abs(found.moment_nm - truth.moment_nm).max() <= 0.5 * driver.moment_step_nm + 1e-9
