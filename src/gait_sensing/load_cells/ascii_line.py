# SPDX-License-Identifier: Apache-2.0
"""Any amplifier that prints a line of decimal numbers for each sample, such as a sketch for an HX711 or ADS1256.

Line: one field for each name in ``columns``, ``separator`` between them, then LF or CR LF. Spaces around a number are
allowed unless the separator is a space. A line is dropped whole when it has another number of fields, or where a number
should be anything else than plain decimal digits: nothing, ``nan``, ``inf``, an exponent. What an ignored column holds
does not matter. A measured value is ``scale * (number - offset)``.

There is no check on such a line: a digit that changed on the way passes for a true one. Where the sketch is yours, let
it print a time or a counter, which shows losses.

Source: what Arduino's ``print`` and ``println`` write, and public HX711 and ADS1256 sketches, which have nothing else
in common. Confidence: high for the form, none for the columns: they are what the settings say.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gait_parts import settings as parts
from gait_parts.settings import setting
from gait_sensing.driver import LoadCellDriver
from gait_sensing.samples import ForceReadings
from gait_sensing.wires.lines import INTEGER, NUMBER, LineSplitter

AXES = ("fx", "fy", "fz", "mx", "my", "mz")
TICK, IGNORED = "tick", "-"
MAX_LINE_BYTES = 256


@dataclass(frozen=True)
class Settings(parts.Settings):
    """What the lines hold. Raises ``ValueError`` when the settings do not fit together."""

    rate_hz: float = setting(80.0, "lines a second", low=0.2, high=2000.0)
    separator: str = setting(",", "what stands between two fields", choices=(",", ";", "\t", " "))
    columns: list[str] = setting(["fz"], "what each field holds, in order", choices=(*AXES, TICK, IGNORED))
    scale: list[float] = setting(
        [1.0], "N or N m for a number of 1, for each measured column in order", low=-1e9, high=1e9
    )
    offset: list[float] = setting(
        [0.0], "number that stands for no load, for each measured column in order", low=-1e12, high=1e12
    )
    decimal_places: int = setting(2, "decimals of the numbers; they say how fine the values are", low=0, high=9)
    tick_s: float = setting(1e-3, "seconds a tick, where there is a tick column", low=1e-6, high=0.99)
    tick_modulus: int = setting(1 << 32, "where the tick column wraps to 0", low=2, high=1 << 53)
    start_command: str = setting("", "ASCII text that starts the stream, its line end included")
    stop_command: str = setting("", "ASCII text that stops the stream, its line end included")

    def __post_init__(self) -> None:
        super().__post_init__()
        named = [column for column in self.columns if column != IGNORED]
        if len(named) != len(set(named)) or not self.measured:
            raise ValueError(f"columns: got {self.columns}, expected a measured column, and none twice")
        for name, numbers in (("scale", self.scale), ("offset", self.offset)):
            if len(numbers) != len(self.measured):
                raise ValueError(f"{name}: got {numbers}, expected one number for each of {', '.join(self.measured)}")
        if 0.0 in self.scale:
            raise ValueError(f"scale: got {self.scale}, expected numbers other than 0")
        for name, command in (("start_command", self.start_command), ("stop_command", self.stop_command)):
            if not command.isascii():
                raise ValueError(f"{name}: got {command!r}, expected ASCII")

    @property
    def measured(self) -> list[str]:
        """The measured columns, in order."""
        return [column for column in self.columns if column in AXES]


class Driver(LoadCellDriver):
    """Host side."""

    has_checksum = False
    terminator = b"\r\n"

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.sample_interval_s = 1.0 / settings.rate_hz
        if TICK in settings.columns:
            self.tick_s, self.tick_modulus = settings.tick_s, settings.tick_modulus
        fx, fy, fz, mx, my, mz = (axis in settings.measured for axis in AXES)
        self.is_measured = (fx, fy, fz, mx, my, mz)
        self.force_step_n, self.moment_step_nm = _step(settings, "f"), _step(settings, "m")
        self._settings = settings
        self._places = _places(settings)
        self._splitter = LineSplitter(_form(settings), MAX_LINE_BYTES, self.counts)

    def connect(self) -> bytes:
        """Return the start command."""
        self._splitter.clear()
        return self._settings.start_command.encode()

    def disconnect(self) -> bytes:
        """Return the stop command."""
        return self._settings.stop_command.encode()

    def feed(self, data: bytes) -> ForceReadings:
        """Return the readings that ``data`` completes; see ``driver.LoadCellDriver``."""
        lines = self._splitter.feed(data)
        self.counts.reading_count += len(lines)
        ticks = [int(line[TICK]) % self.tick_modulus if self.tick_s else -1 for line in lines]
        wrench = np.full((len(lines), 6), np.nan)
        if lines:
            numbers = np.array([line.group(*self._settings.measured) for line in lines], np.bytes_).astype(np.float64)
            numbers = numbers.reshape(len(lines), -1)
            wrench[:, self._places] = (numbers - self._settings.offset) * self._settings.scale
        return ForceReadings(np.array(ticks, np.int64), wrench[:, :3], wrench[:, 3:])


class Emulator:
    """Device side. It streams from power-up, or waits for ``start_command`` if there is one."""

    def __init__(self, settings: Settings) -> None:
        self.is_streaming = not settings.start_command
        self._settings = settings
        self._start, self._stop = settings.start_command.encode(), settings.stop_command.encode()
        self._longest = max(len(self._start), len(self._stop))
        self._heard = b""  # the last bytes, in which a command may have begun

    def feed(self, data: bytes) -> bytes:
        """Obey the last command in ``data``; the device answers nothing."""
        heard = self._heard + data
        start_at = heard.rfind(self._start) if self._start else -1
        stop_at = heard.rfind(self._stop) if self._stop else -1
        if start_at != stop_at:
            self.is_streaming = start_at > stop_at
        self._heard = heard[-self._longest :] if self._longest else b""
        return b""

    def encode(self, reading: ForceReadings) -> bytes:
        """Return the lines of ``reading``, each number rounded to ``decimal_places``; ignored columns hold 0."""
        settings = self._settings
        wrench = np.hstack([reading.force_n, reading.moment_nm])[:, _places(settings)]
        numbers = wrench / settings.scale + settings.offset
        lines = []
        for tick, row in zip(reading.ticks.tolist(), numbers.tolist(), strict=True):
            texts = {TICK: str(tick % settings.tick_modulus), IGNORED: "0"}
            for column, number in zip(settings.measured, row, strict=True):
                texts[column] = f"{number:.{settings.decimal_places}f}"
            lines.append(settings.separator.join(texts[column] for column in settings.columns) + "\r\n")
        return "".join(lines).encode()


def _places(settings: Settings) -> NDArray[np.intp]:
    """Return where the measured columns stand among ``AXES``."""
    return np.array([AXES.index(column) for column in settings.measured])


def _step(settings: Settings, kind: str) -> float:
    """Return the coarsest resolution among the columns whose names begin with ``kind``; 0 where there is none."""
    pairs = zip(settings.measured, settings.scale, strict=True)
    coarsest: float = max((abs(scale) for column, scale in pairs if column[0] == kind), default=0.0)
    return coarsest / 10.0**settings.decimal_places


def _form(settings: Settings) -> bytes:
    """Return the regular expression of a line, with a group for each column that is not ignored."""
    separator = settings.separator.encode()
    space = b"" if separator == b" " else b" *"
    forms = {axis: NUMBER for axis in AXES} | {TICK: INTEGER}
    fields = [
        b"[^%s]*" % separator if column == IGNORED else space + b"(?P<%s>%s)" % (column.encode(), forms[column]) + space
        for column in settings.columns
    ]
    return separator.join(fields)
