# SPDX-License-Identifier: Apache-2.0
"""SparkFun OpenScale: one bridge load cell on an HX711, as text over a serial line; Fz alone.

Line, comma after every field: ``[ms,]reading,unit,[raw,][local C,][remote C,]`` CR LF; unit ``lbs`` or ``kg``. Lines of
another form are dropped: the banner after power-up, the menu, and every line while the settings say otherwise than the
device's menu. The device cannot be asked which fields are on, and is never written to: an ``x`` would open the menu and
stop the readings until somebody leaves it.

The reading is the mass that the device's own calibration and tare make of the bridge; standard gravity makes it force.
The milliseconds are those from power-up to where the reading's averaging began. The firmware prints them as a signed
32-bit number, which turns negative after 24.9 days.

Source: the firmware, sparkfun/OpenScale OpenScale.ino and System.ino, version 1.2. Confidence: high for the line;
medium for the rates that an HX711 keeps, 10 or 80 conversions a second divided by what one reading averages.
"""

from dataclasses import dataclass

import numpy as np

from gait_parts import settings as parts
from gait_parts.settings import setting
from gait_sensing.driver import LoadCellDriver
from gait_sensing.samples import ForceReadings
from gait_sensing.wires.lines import INTEGER, NUMBER, LineSplitter

GRAVITY_MPS2 = 9.80665  # standard gravity
NEWTONS_PER = {b"kg": GRAVITY_MPS2, b"lbs": 0.45359237 * GRAVITY_MPS2}
TICK_S = 1e-3
TICK_MODULUS = 1 << 32
MAX_LINE_BYTES = 128


@dataclass(frozen=True)
class Settings(parts.Settings):
    """Settings of an OpenScale, as they stand in its menu; the defaults are the factory's."""

    rate_hz: float = setting(2.0, "readings a second that the device makes", low=0.2, high=80.0)
    has_time: bool = setting(True, "whether the time stamp is on")
    has_raw: bool = setting(False, "whether the raw reading is on")
    has_local_temperature: bool = setting(True, "whether the local temperature is on")
    has_remote_temperature: bool = setting(True, "whether the remote temperature is on")
    decimal_places: int = setting(2, "decimals of the reading; they say how fine the force is", low=0, high=5)


class Driver(LoadCellDriver):
    """Host side; it only listens."""

    has_checksum = False
    terminator = b"\r\n"
    is_measured = (False, False, True, False, False, False)

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.sample_interval_s = 1.0 / settings.rate_hz
        if settings.has_time:
            self.tick_s, self.tick_modulus = TICK_S, TICK_MODULUS
        self.force_step_n = NEWTONS_PER[b"kg"] / 10**settings.decimal_places
        time = rb"(%s)," % INTEGER if settings.has_time else rb"()"
        others = rb"[^,]*," * (settings.has_raw + settings.has_local_temperature + settings.has_remote_temperature)
        self._splitter = LineSplitter(time + rb"(%s),(lbs|kg)," % NUMBER + others, MAX_LINE_BYTES, self.counts)

    def connect(self) -> bytes:
        """Return nothing: the device streams from power-up."""
        self._splitter.clear()
        return b""

    def feed(self, data: bytes) -> ForceReadings:
        """Return the readings that ``data`` completes; see ``driver.LoadCellDriver``."""
        lines = [line.groups() for line in self._splitter.feed(data)]
        self.counts.reading_count += len(lines)
        ticks = [int(time_ms) % TICK_MODULUS if time_ms else -1 for time_ms, _, _ in lines]
        force_n = np.full((len(lines), 3), np.nan)
        force_n[:, 2] = [float(reading) * NEWTONS_PER[unit] for _, reading, unit in lines]
        return ForceReadings(np.array(ticks, np.int64), force_n, np.full_like(force_n, np.nan))


class Emulator:
    """Device side: kilograms, no remote sensor attached. It streams until it is sent an ``x``."""

    def __init__(self, settings: Settings) -> None:
        self.is_streaming = True
        self._settings = settings

    def feed(self, data: bytes) -> bytes:
        """Go into the menu, for good and without showing it, when there is an ``x``."""
        self.is_streaming &= b"x" not in data
        return b""

    def encode(self, reading: ForceReadings) -> bytes:
        """Return the lines of ``reading``; of the force only Fz is told, rounded to ``decimal_places``."""
        settings = self._settings
        others = b"8355808," * settings.has_raw + b"24.50," * settings.has_local_temperature
        others += b"0," * settings.has_remote_temperature
        lines = b""
        for tick, vertical_n in zip(reading.ticks.tolist(), reading.force_n[:, 2].tolist(), strict=True):
            signed_ms = (tick + TICK_MODULUS // 2) % TICK_MODULUS - TICK_MODULUS // 2
            time = b"%d," % signed_ms if settings.has_time else b""
            lines += time + b"%.*f,kg,%s\r\n" % (settings.decimal_places, vertical_n / GRAVITY_MPS2, others)
        return lines
