# SPDX-License-Identifier: Apache-2.0
"""A driver set up against its own emulator, and frames to feed it with; for every driver file there is."""

import dataclasses
import math
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from gait_parts.plugins import available, find
from gait_sensing.samples import BeltReading, ForceReadings, ImuReading

IMUS, LOAD_CELLS, TREADMILLS = "gait_sensing.imus", "gait_sensing.load_cells", "gait_sensing.treadmills"
MAX_STEP_COUNT = 20


def every_driver() -> Iterator[tuple[str, str]]:
    """Yield package and name of each driver file."""
    for package in (IMUS, LOAD_CELLS, TREADMILLS):
        for name in available(package):
            yield package, name


def highest_rate_hz(package: str, name: str) -> float:
    """Return the upper bound of a sensor's rate, the largest it names if it has none, or a treadmill's status rate."""
    module = find(package, name)
    if package == TREADMILLS:
        return 1.0 / float(module.Emulator.status_interval_s)
    (field,) = (field for field in dataclasses.fields(module.Settings) if field.name == "rate_hz")
    return float(field.metadata["high"] or max(map(float, re.findall(r"\d+", field.metadata["doc"]))))


class EmulatedWire:
    """Both ends of one device's wire; ``values`` are settings other than the default ones."""

    def __init__(self, package: str, name: str, **values: Any) -> None:
        self.package, self.name = package, name
        self.module = find(package, name)
        self.driver = self.module.Driver(self.module.Settings(**values))
        self.emulator = self.module.Emulator(self.module.Settings(**values))
        self.setup = self.connect()

    def connect(self) -> list[tuple[bytes, bytes]]:
        """Set the device up on a new link; return what was written and what was answered to it, step by step."""
        if self.driver.page_path:
            self.driver.take_page(self.emulator.page())
        steps: list[tuple[bytes, bytes]] = []
        data = self.driver.connect()
        while data and len(steps) < MAX_STEP_COUNT:
            answer = self.emulator.feed(data)
            steps.append((data, answer))
            self.driver.feed(answer)
            data = self.driver.pending()
        return steps

    def reading(self, number: int, size: float = 1.0) -> Any:
        """Return the reading with this running number; ``size`` is how large its values are, no unit."""
        driver = self.driver
        values = [size * round(math.sin(number * 7.0 + i), 3) for i in range(10)]
        if self.package == TREADMILLS:
            left_mps, right_mps = values[:2] if driver.can_reverse else map(abs, values[:2])
            return BeltReading(left_mps, right_mps if driver.is_split else left_mps, math.radians(abs(values[2])))
        tick = -1 if driver.tick_s is None else number * driver.ticks_per_sample
        if self.package == LOAD_CELLS:
            wrench = np.where(driver.is_measured, [*(500.0 * value for value in values[:3]), *values[3:6]], np.nan)
            return ForceReadings(np.array([tick]), wrench[None, :3], wrench[None, 3:])
        return ImuReading(
            None if driver.tick_s is None else tick,
            (values[0], values[1], values[2]),
            (values[3], values[4], values[5]),
            (0.5 * size, -0.5 * size, 0.5 * size, -0.5 * size) if driver.has_orientation else None,
        )

    def frame(self, number: int, size: float = 1.0) -> bytes:
        """Return what the device sends for ``reading``."""
        return bytes(self.emulator.encode(self.reading(number, size)))
