# SPDX-License-Identifier: Apache-2.0
"""Moticon OpenGo insole, text stream of the app over UDP; experimental. Total force and centre of pressure of one side.

One datagram a sample: decimal numbers with blanks between. With every channel on, 51: time, then for the left insole
acceleration (3, g), angular rate (3, deg/s), centre of pressure (2), pressures (16, N/cm2), total force (N), then the
same for the right. Which channels are on, and so where each number stands, is chosen in the app: a datagram with
another number of tokens than ``token_count`` is dropped.

The centre of pressure comes as a share, -0.5 to 0.5, of the insole's length (positive forward) and width. It is
turned into the moments about the insole's centre that a force plate there, with axes forward, left, up, would measure:
Mx = y Fz, My = -x Fz. Calibration divides them by Fz again. The insole lies in the shoe: these are places on the sole,
not on the treadmill. The shear forces and Mz are not measured.

The time is not used: no public source says its unit, so that a sample counts as measured when it is received. The
driver only listens; the app is told this machine's address and port.

Source: public readers of the stream: ielmakri/PhysioSense MoticonClient (positions, port 8888) and OpenSimRT's
MoticonReceiver (positions, units, range and directions of the centre of pressure, size of one insole). Confidence:
medium for positions and units, low for the sign across (one reader alone) and for what comes when an insole is lost.
"""

import re
from dataclasses import dataclass

import numpy as np

from gait_parts import settings as parts
from gait_parts.settings import setting
from gait_sensing.driver import LoadCellDriver
from gait_sensing.samples import ForceReadings
from gait_sensing.wires.lines import NUMBER

MAX_DATAGRAM_BYTES = 2048
TOKEN = re.compile(NUMBER + rb"(?:[eE][+-]?\d{1,2})?")
PLACES = 3  # of force, centre of pressure along, centre of pressure across


@dataclass(frozen=True)
class Settings(parts.Settings):
    """What the app sends, and the insole. Raises ``ValueError`` when the settings do not fit together."""

    side: str = setting("left", "which insole this is", choices=("left", "right"))
    rate_hz: float = setting(100.0, "samples a second, as set in the app", low=1.0, high=200.0)
    token_count: int = setting(51, "numbers in a datagram", low=3, high=256)
    left_places: list[int] = setting(
        [25, 7, 8], "places, from 0, of the left insole's total force, centre of pressure along, across", low=0
    )
    right_places: list[int] = setting([50, 32, 33], "the same of the right insole", low=0)
    positive_across: str = setting("left", "where the centre of pressure across is positive", choices=("left", "right"))
    insole_length_m: float = setting(
        0.2486, "length that the centre of pressure along is a share of", low=0.1, high=0.4
    )
    insole_width_m: float = setting(0.089, "width that the centre of pressure across is a share of", low=0.03, high=0.2)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, places in (("left_places", self.left_places), ("right_places", self.right_places)):
            if len(set(places)) != PLACES or len(places) != PLACES or max(places) >= self.token_count:
                raise ValueError(f"{name}: got {places}, expected three places below token_count, {self.token_count}")

    @property
    def places(self) -> list[int]:
        """The places of the numbers of the insole in use."""
        return self.left_places if self.side == "left" else self.right_places

    @property
    def leftward_width_m(self) -> float:
        """The width, negative where the centre of pressure across is positive to the right."""
        return self.insole_width_m if self.positive_across == "left" else -self.insole_width_m


class Driver(LoadCellDriver):
    """Host side; it only listens. A datagram is one call of ``feed``."""

    is_datagram = True
    has_checksum = False
    is_measured = (False, False, True, True, True, False)

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.sample_interval_s = 1.0 / settings.rate_hz
        self._settings = settings

    def connect(self) -> bytes:
        """Return nothing: the app streams unasked."""
        return b""

    def feed(self, data: bytes) -> ForceReadings:
        """Return the reading of one datagram; see ``driver.LoadCellDriver``."""
        numbers = self._numbers(data) if data else None
        wrench = np.full((0 if numbers is None else 1, 6), np.nan)
        if numbers is not None:
            force_n, along, across = numbers
            wrench[0, 2] = force_n
            wrench[0, 3] = across * self._settings.leftward_width_m * force_n
            wrench[0, 4] = -along * self._settings.insole_length_m * force_n
            self.counts.frame_count += 1
            self.counts.reading_count += 1
        else:
            self.counts.bytes_dropped_count += len(data)
        return ForceReadings(np.full(len(wrench), -1, np.int64), wrench[:, :3], wrench[:, 3:])

    def _numbers(self, datagram: bytes) -> list[float] | None:
        """Return total force and centre of pressure along and across, or ``None`` for any other datagram."""
        tokens = datagram.split() if len(datagram) <= MAX_DATAGRAM_BYTES else []
        if len(tokens) != self._settings.token_count:
            return None
        texts = [tokens[place] for place in self._settings.places]
        return [float(text) for text in texts] if all(map(TOKEN.fullmatch, texts)) else None


class Emulator:
    """Device side: the app, streaming; the other insole and all other channels are 0."""

    is_streaming = True

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def feed(self, data: bytes) -> bytes:
        """Answer nothing: the app does not listen."""
        return b""

    def encode(self, reading: ForceReadings) -> bytes:
        """Return the datagram of ``reading``, which holds one sample."""
        settings = self._settings
        ((force_n,),), ((mx_nm, my_nm),) = reading.force_n[:, 2:].tolist(), reading.moment_nm[:, :2].tolist()
        share = (-my_nm / settings.insole_length_m, mx_nm / settings.leftward_width_m)
        along, across = (each / force_n if force_n else 0.0 for each in share)
        tokens = ["0"] * settings.token_count
        for place, number in zip(settings.places, (force_n, along, across), strict=True):
            tokens[place] = f"{number:.6f}"
        return " ".join(tokens).encode()
