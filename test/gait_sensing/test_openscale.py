# SPDX-License-Identifier: Apache-2.0
from collections.abc import Callable

import numpy as np
import pytest

from gait_sensing.load_cells.openscale import Driver, Emulator, Settings
from gait_sensing.samples import ForceReadings

Vectors = Callable[[str], dict[str, bytes]]
BANNER = b"\r\n\r\nOpenScale by SparkFun Electronics\r\nFirmware version 1.2\r\nMinimum time between reports: 505\r\n"
BANNER += b"Press x to bring up settings\r\nReadings:\r\n"


def test_pounds_and_kilograms_become_newtons(vectors: Vectors) -> None:
    lines = vectors("openscale")
    readings = Driver(Settings()).feed(lines["factory_lbs"] + lines["factory_kg"])
    assert readings.ticks.tolist() == [123456, 123956]
    assert readings.force_n[:, 2].tolist() == pytest.approx([12.34 * 4.4482216152605, -0.05 * 9.80665])


def test_only_the_vertical_force_is_measured(vectors: Vectors) -> None:
    driver = Driver(Settings())
    readings = driver.feed(vectors("openscale")["factory_kg"])
    is_number = np.isfinite(np.hstack([readings.force_n, readings.moment_nm]))
    assert tuple(is_number[0].tolist()) == driver.is_measured == (False, False, True, False, False, False)


def test_all_fields() -> None:
    driver = Driver(Settings(has_raw=True, decimal_places=4))
    readings = driver.feed(b"123456,12.3450,kg,8355808,24.50,0,\r\n")
    assert readings.ticks.tolist() == [123456]
    assert readings.force_n[0, 2] == pytest.approx(12.345 * 9.80665)


def test_the_reading_alone() -> None:
    settings = Settings(has_time=False, has_local_temperature=False, has_remote_temperature=False)
    driver = Driver(settings)
    readings = driver.feed(b"70.00,kg,\r\n71.00,kg,\r\n")
    assert (driver.tick_s, driver.tick_modulus, readings.ticks.tolist()) == (None, 0, [-1, -1])
    assert readings.force_n[:, 2].tolist() == pytest.approx([686.4655, 696.27215])
    assert Emulator(settings).encode(readings) == b"70.00,kg,\r\n71.00,kg,\r\n"


@pytest.mark.parametrize(
    "line",
    [
        b"123456,12.34,lbs,8355808,24.50,0,",  # one field more
        b"123456,12.34,lbs,24.50,",  # one field less
        b"12.34,lbs,24.50,0,",  # no time
        b"123456,12.34,lbs,24.50,0",  # cut short
        b"123456,nan,lbs,24.50,0,",
        b"123456,ovf,lbs,24.50,0,",
        b"123456,,lbs,24.50,0,",
        b"123456,12.34,g,24.50,0,",
        b"1234.5,12.34,lbs,24.50,0,",
    ],
)
def test_a_line_of_another_form_is_dropped_and_counted(line: bytes, vectors: Vectors) -> None:
    driver = Driver(Settings())
    assert len(driver.feed(line + b"\r\n" + vectors("openscale")["factory_kg"]).ticks) == 1
    assert driver.counts.bytes_dropped_count == len(line) + 2


def test_the_banner_is_no_reading(vectors: Vectors) -> None:
    driver = Driver(Settings())
    assert driver.feed(BANNER + vectors("openscale")["factory_lbs"]).ticks.tolist() == [123456]
    assert driver.counts.bytes_dropped_count == len(BANNER)


def test_the_time_is_signed_on_the_wire(vectors: Vectors) -> None:
    line = vectors("openscale")["negative_time"]
    readings = Driver(Settings()).feed(line)
    assert readings.ticks.tolist() == [1 << 31]
    assert Emulator(Settings()).encode(readings) == line


def test_nothing_is_ever_written(vectors: Vectors) -> None:
    driver = Driver(Settings())
    written = driver.connect()
    driver.feed(BANNER + vectors("openscale")["factory_lbs"])
    assert written + driver.pending() + driver.disconnect() == b""


def test_an_x_opens_the_devices_menu() -> None:
    emulator = Emulator(Settings())
    emulator.feed(b"!")
    assert emulator.is_streaming
    emulator.feed(b"ax")
    assert not emulator.is_streaming


@pytest.mark.parametrize("decimal_places", [0, 2, 5])
def test_the_emulator_rounds_as_the_driver_says(decimal_places: int) -> None:
    settings = Settings(decimal_places=decimal_places)
    vertical_n = np.linspace(-50.0, 1000.0, 211)
    force_n = np.column_stack([np.zeros((211, 2)), vertical_n])
    driver = Driver(settings)
    found = driver.feed(Emulator(settings).encode(ForceReadings(np.arange(211), force_n, np.zeros((211, 3)))))
    assert np.abs(found.force_n[:, 2] - vertical_n).max() <= 0.5 * driver.force_step_n + 1e-9
    assert found.ticks.tolist() == list(range(211))
