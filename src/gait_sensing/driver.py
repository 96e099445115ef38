# SPDX-License-Identifier: Apache-2.0
"""What every device file holds: ``Settings``, ``Driver`` and ``Emulator``, with no I/O and no clock.

A driver file in ``imus/``, ``load_cells/`` or ``treadmills/`` is complete with three names. ``Driver`` turns wire bytes
into readings and says what to write; ``Emulator`` is the device's side of the same wire. Both take the file's
``Settings``. ``test/contracts`` checks every file here without being told of it.
"""

from dataclasses import dataclass
from typing import ClassVar, Protocol

from gait_sensing.samples import BeltReading, BeltSetpoint, ForceReadings, ImuReading


@dataclass(slots=True)
class WireCounts:
    """What a driver has met on its wire since it was made; bad bytes are counted here and never raised."""

    frame_count: int = 0  # valid frames of any kind
    reading_count: int = 0  # samples decoded
    bad_checksum_count: int = 0
    bytes_dropped_count: int = 0  # bytes outside valid frames
    device_error_count: int = 0  # errors that the device itself reported


class Driver(Protocol):
    """Host side of a wire. ``feed`` never raises, whatever the bytes, and keeps a bounded buffer."""

    counts: WireCounts

    def connect(self) -> bytes:
        """Forget any half frame and return what to write first on a new or silent link. Moves nothing."""

    def pending(self) -> bytes:
        """Return, once, what must be written now because of what was fed (acknowledgements, next set-up step)."""

    def disconnect(self) -> bytes:
        """Return what to write before the link is closed on purpose; may be empty."""


class ImuDriver(Driver, Protocol):
    """Driver of one IMU."""

    tick_s: float | None  # seconds a counter tick; None when the device sends no counter
    tick_modulus: int  # counter values wrap at this number; 0 when there is no counter
    ticks_per_sample: int  # how far the counter moves from one sample to the next; 1 when it counts samples

    def feed(self, data: bytes) -> list[ImuReading]:
        """Return the readings that ``data`` completes, oldest first."""


class LoadCellDriver(Driver, Protocol):
    """Driver of one load cell or force plate."""

    tick_s: float
    tick_modulus: int
    ticks_per_sample: int

    def feed(self, data: bytes) -> ForceReadings:
        """Return the readings that ``data`` completes, oldest first (possibly none)."""


class TreadmillDriver(Driver, Protocol):
    """Driver of one treadmill."""

    min_command_interval_s: float  # the device wants no commands faster than this

    def feed(self, data: bytes) -> list[BeltReading]:
        """Return the statuses that ``data`` completes, oldest first."""

    def command(self, setpoint: BeltSetpoint) -> bytes:
        """Return the bytes that ask for ``setpoint``.

        Raises ``ValueError`` when the format cannot express it: nothing is rounded into another meaning.
        """


class SensorEmulator(Protocol):
    """Device side of a sensor's wire."""

    is_streaming: bool  # the host has switched the stream on (or the device streams from power-up)

    def feed(self, data: bytes) -> bytes:
        """Take what the host wrote; return the device's answer."""

    def encode(self, reading: ImuReading | ForceReadings) -> bytes:
        """Return the bytes with which the device sends this reading; ticks are wrapped as on the wire."""


class TreadmillEmulator(Protocol):
    """Device side of a treadmill's wire, with belts that follow commands at the commanded acceleration."""

    status_interval_s: ClassVar[float]

    def feed(self, data: bytes) -> bytes:
        """Take what the host wrote; return the device's answer, if the protocol has any."""

    def advance(self, duration_s: float) -> BeltReading:
        """Move the belts on by ``duration_s`` of simulated time and return where they are."""

    def encode(self, reading: BeltReading) -> bytes:
        """Return one unsolicited status packet."""
