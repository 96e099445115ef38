# SPDX-License-Identifier: Apache-2.0
"""Emulated devices: a driver file's ``Emulator`` on the device's end of a wire, fed with what a person does.

Sample ``k`` of a sensor is measured ``k / rate`` seconds after the lab started and is written as soon as it is due,
later by the ``delay_s`` that the config says the device has. A sensor sends only once the host has switched it on; its
counter runs all the same.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from types import ModuleType
from typing import Any, Protocol

import numpy as np

from gait_feedback import actuators
from gait_feedback.cue import ActuatorChange, ActuatorEmulator
from gait_parts import plugins
from gait_sensing import imus, load_cells, treadmills
from gait_sensing.calibration.load_cell import CalibrationSettings, LoadCellCalibration
from gait_sensing.driver import SensorEmulator, TreadmillEmulator
from gait_sensing.samples import Array, BeltReading, ForceReadings, ImuReading
from gait_sim.stepping import FootEvent
from gait_sim.wire import device_wire


class Person(Protocol):
    """Who walks in the lab: ``Walker``, or ``Recorded`` in its place. Time is in seconds since the person began."""

    end_s: float  # nothing is measured after it
    is_truth_known: bool  # events are true, not measured

    def describe(self) -> dict[str, Any]:
        """Return what made this walk, for the truth log."""

    def advance(self, to_s: float, left_mps: float, right_mps: float) -> list[FootEvent]:
        """Move on, the belts running at these speeds; return what truly happened."""

    def step_off(self) -> None:
        """Stand beside the belts."""

    def step_on(self, time_s: float) -> None:
        """Stand on the belts from ``time_s`` on."""

    def feel(self, change: ActuatorChange, time_s: float) -> None:
        """Feel an actuator."""

    def has_plate(self, name: str) -> bool:
        """Whether a plate of this name measures anything."""

    def plate(self, name: str, time_s: Array) -> tuple[Array, Array]:
        """Return force [n, 3] and centre of pressure [n, 2]; a force is NaN where nothing was measured."""

    def has_segment(self, segment: str) -> bool:
        """Whether an IMU on this segment measures anything."""

    def imu(self, segment: str, time_s: float, tick: int | None) -> ImuReading | None:
        """Return one reading; None where nothing was measured."""


@dataclass(frozen=True, slots=True)
class DeviceConfig:
    """One device of the lab's config: the package of its driver, and its block of values."""

    package: str
    values: dict[str, Any]

    def part(self) -> tuple[ModuleType, Any]:
        """Return driver file and its settings. Raises ``ValueError`` for a missing driver or a bad value."""
        part = plugins.find(self.package, str(self.values.get("driver", "")))
        return part, part.Settings(**self.picked(part.Settings))

    def picked(self, settings_type: type) -> dict[str, Any]:
        """Return the values that belong to ``settings_type``; the nodes refuse those that belong to none."""
        return {field.name: self.values[field.name] for field in fields(settings_type) if field.name in self.values}


class EmulatedDevice:
    """A device on its wire. Raises ``ValueError`` for an address that may be a real device's."""

    emulator: SensorEmulator | TreadmillEmulator | ActuatorEmulator

    def __init__(self, name: str, config: DeviceConfig) -> None:
        self.name = name
        try:
            part, self._settings = config.part()
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
        self.emulator = part.Emulator(self._settings)
        self._driver = part.Driver(self._settings)  # asked about the device, never fed
        pages = {self._driver.page_path: self.emulator.page} if hasattr(self.emulator, "page") else None
        self.wire = device_wire(str(config.values.get("url", "")), pages)

    def serve(self) -> None:
        """Take what the host wrote and answer."""
        data = self.wire.read()
        if data and (answer := self.emulator.feed(data)):
            self.wire.write(answer)


class EmulatedSensor(EmulatedDevice, ABC):
    """A sensor: counts its samples, and those that the host's side of the wire took."""

    emulator: SensorEmulator

    def __init__(self, name: str, config: DeviceConfig) -> None:
        super().__init__(name, config)
        driver = self._driver
        self.ticks_per_sample: int = driver.ticks_per_sample
        self.rate_hz: float = 1.0 / driver.sample_interval_s
        self._delay_s = float(config.values.get("delay_s", 0.0))
        self._next_count = 0
        self.sent_count = 0
        self.first_s = self.last_s = math.nan  # measured when, of those sent, since the lab started

    def is_streaming(self) -> bool:
        """Whether the host has switched the stream on."""
        return self.emulator.is_streaming

    def send_due(self, person: Person, now_s: float, begin_s: float) -> None:
        """Send what was measured and is due at ``now_s`` since the lab started; the person began at ``begin_s``."""
        if (now_s - self._delay_s) * self.rate_hz + 1e-6 < self._next_count:
            return
        end_count = math.floor((now_s - self._delay_s) * self.rate_hz + 1e-6) + 1
        first_count, self._next_count = self._next_count, end_count
        end_count = min(end_count, self._count_before(begin_s + person.end_s))
        if first_count < end_count and self.is_streaming():
            self.send(person, first_count, end_count, begin_s)

    @abstractmethod
    def send(self, person: Person, first_count: int, end_count: int, begin_s: float) -> None:
        """Send these samples."""

    def write_samples(self, data: bytes, counts: list[int]) -> None:
        """Write samples; remember which ones went."""
        if self.wire.write(data):
            self.first_s = counts[0] / self.rate_hz if self.sent_count == 0 else self.first_s
            self.last_s = counts[-1] / self.rate_hz
            self.sent_count += len(counts)

    def _count_before(self, end_s: float) -> int:
        return math.floor(end_s * self.rate_hz + 1e-6) + 1 if end_s < math.inf else 1 << 62


class EmulatedImu(EmulatedSensor):
    """An IMU on a segment of the body, which is its name."""

    def send(self, person: Person, first_count: int, end_count: int, begin_s: float) -> None:
        """See ``EmulatedSensor``."""
        has_counter = self._driver.tick_s is not None
        for count in range(first_count, end_count):
            tick = count * self.ticks_per_sample if has_counter else None
            reading = person.imu(self.name, count / self.rate_hz - begin_s, tick)
            if reading is not None:
                self.write_samples(self.emulator.encode(reading), [count])

    def measures(self, person: Person) -> bool:
        """Whether the person has anything for it to measure."""
        return person.has_segment(self.name)


class EmulatedLoadCell(EmulatedSensor):
    """A force plate, mounted as the config says."""

    def __init__(self, name: str, config: DeviceConfig) -> None:
        super().__init__(name, config)
        self._calibration = LoadCellCalibration(CalibrationSettings(**config.picked(CalibrationSettings)))

    def send(self, person: Person, first_count: int, end_count: int, begin_s: float) -> None:
        """See ``EmulatedSensor``."""
        counts = np.arange(first_count, end_count, dtype=np.int64)
        force_n, centre_m = person.plate(self.name, counts / self.rate_hz - begin_s)
        is_measured = np.isfinite(force_n[:, 2])
        if not is_measured.all():
            counts, force_n, centre_m = counts[is_measured], force_n[is_measured], centre_m[is_measured]
        if len(counts) == 0:
            return
        force_n, moment_nm = self._calibration.to_sensor(force_n, centre_m)
        step = 1 if self._driver.is_datagram else len(counts)  # a datagram holds one sample
        for first in range(0, len(counts), step):
            some = slice(first, first + step)
            readings = ForceReadings(counts[some] * self.ticks_per_sample, force_n[some], moment_nm[some])
            self.write_samples(self.emulator.encode(readings), counts[some].tolist())

    def measures(self, person: Person) -> bool:
        """Whether the person has anything for it to measure."""
        return person.has_plate(self.name)


class EmulatedTreadmill(EmulatedDevice):
    """Belts that follow commands, and say where they are."""

    emulator: TreadmillEmulator

    def __init__(self, name: str, config: DeviceConfig) -> None:
        super().__init__(name, config)
        self._next_status = 0.0 if math.isinf(self._driver.poll_interval_s) else math.inf  # never unasked
        self._belts = self.emulator.advance(0.0)

    def advance(self, duration_s: float, now_s: float) -> BeltReading:
        """Move the belts on to ``now_s``, send a status when one is due, and return where they are."""
        self._belts = self.emulator.advance(duration_s)
        if now_s >= self._next_status * self.emulator.status_interval_s:
            self._next_status = math.floor(now_s / self.emulator.status_interval_s) + 1
            self.wire.write(self.emulator.encode(self._belts))
        return self._belts


class EmulatedActuator(EmulatedDevice):
    """What the person feels."""

    emulator: ActuatorEmulator

    def advance(self, duration_s: float) -> None:
        """Move the device's clock on: what has its own time-out may end."""
        self.emulator.advance(duration_s)

    def changes(self) -> list[ActuatorChange]:
        """Return, once, what the host switched."""
        return self.emulator.changes()


KINDS: dict[str, type[EmulatedDevice]] = {
    imus.__name__: EmulatedImu,
    load_cells.__name__: EmulatedLoadCell,
    treadmills.__name__: EmulatedTreadmill,
    actuators.__name__: EmulatedActuator,
}
