# SPDX-License-Identifier: Apache-2.0
"""What every device file holds: ``Settings``, ``Driver`` and ``Emulator``, with no I/O and no clock.

A driver file in ``imus/``, ``load_cells/`` or ``treadmills/`` is complete with three names. ``Driver`` turns wire bytes
into readings and says what to write; it derives from the class of its folder below. ``Emulator`` is the device's
side of the same wire. Both take the file's ``Settings``. ``test/contracts`` checks every file, without being told of
it.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Protocol

from gait_sensing.samples import BeltReading, BeltSetpoint, ForceReadings, ImuReading, TreadmillReport


@dataclass(slots=True)
class WireCounts:
    """What a driver has met on its wire since it was made; bad bytes are counted here and never raised."""

    frame_count: int = 0  # valid frames of any kind
    reading_count: int = 0  # samples decoded
    bad_checksum_count: int = 0  # whole frames that failed their check, whatever the check is
    bytes_dropped_count: int = 0  # bytes outside valid frames
    resync_count: int = 0  # times that bytes had to be skipped to find the next frame
    device_error_count: int = 0  # errors that the device itself reported


class Driver(ABC):
    """Host side of a wire. ``feed`` never raises, whatever the bytes, and keeps a bounded buffer."""

    can_resynchronise: ClassVar[bool] = True  # False: after one bad frame nothing is decoded until ``connect()``
    is_datagram: ClassVar[bool] = False  # True: the wire keeps messages whole, and ``feed`` takes them one by one
    has_checksum: ClassVar[bool] = True  # False: a changed value can pass for a true one
    terminator: ClassVar[bytes] = b""  # of a line; where it is corrupt, the next line is lost too
    page_path: ClassVar[str] = ""  # page of the device's HTTP server that ``take_page`` needs before ``connect``

    def __init__(self) -> None:
        self.counts = WireCounts()
        self._pending = b""

    def take_page(self, page: bytes) -> None:
        """Take the device's page at ``page_path``. Raises ``ValueError`` naming what is missing or wrong in it."""
        raise ValueError("this device has no page")

    @abstractmethod
    def connect(self) -> bytes:
        """Forget any half frame and return what to write first on a new or silent link. Moves nothing."""

    def pending(self) -> bytes:
        """Return, once, what must be written now because of what was fed (acknowledgements, next set-up step)."""
        pending, self._pending = self._pending, b""
        return pending

    def disconnect(self) -> bytes:
        """Return what to write before the link is closed on purpose; may be empty."""
        return b""


class SensorDriver(Driver):
    """Driver of anything that sends samples at a steady rate."""

    sample_interval_s: float  # nominal
    tick_s: float | None = None  # seconds a counter tick; None when the device sends no counter
    tick_modulus: int = 0  # counter values wrap at this number; 0 when there is no counter

    @property
    def ticks_per_sample(self) -> int:
        """How far the counter moves from one sample to the next; 1 when it counts samples."""
        return 1 if self.tick_s is None else max(1, round(self.sample_interval_s / self.tick_s))


class ImuDriver(SensorDriver):
    """Driver of one IMU. Steps are the wire's resolution; 0 for floating-point numbers."""

    acceleration_step_mps2: float = 0.0
    angular_rate_step_radps: float = 0.0
    has_orientation: bool = True

    @abstractmethod
    def feed(self, data: bytes) -> list[ImuReading]:
        """Return the readings that ``data`` completes, oldest first."""


class LoadCellDriver(SensorDriver):
    """Driver of one load cell or force plate. Steps are the wire's resolution; 0 for floating-point numbers."""

    force_step_n: float = 0.0
    moment_step_nm: float = 0.0
    is_measured: tuple[bool, bool, bool, bool, bool, bool] = (True,) * 6  # Fx Fy Fz Mx My Mz; the others read NaN

    @abstractmethod
    def feed(self, data: bytes) -> ForceReadings:
        """Return the readings that ``data`` completes, oldest first (possibly none)."""


class TreadmillDriver(Driver):
    """Driver of one treadmill. Steps are the wire's resolution."""

    is_split: ClassVar[bool] = True  # False: one belt, ``command`` refuses different speeds
    can_reverse: ClassVar[bool] = True  # False: ``command`` refuses negative speeds
    has_acceleration: ClassVar[bool] = True  # False: the acceleration cannot be told; whoever commands must ramp
    speed_step_mps: float = 0.001
    max_speed_mps: float = math.inf  # the wire can say no more
    max_acceleration_mps2: float = math.inf  # as max_speed_mps
    incline_range_rad: tuple[float, float] = (0.0, math.inf)  # the wire can say no less and no more
    incline_step_rad: float = math.radians(0.01)
    min_command_interval_s: float  # the device wants no commands faster than this
    farewell_deceleration_mps2: float = 0.5  # of the stop that ``disconnect`` tells; ``BeltWires`` keeps it right
    poll_interval_s: float = math.inf  # ``poll`` is to be written this often by whoever watches over the belts

    def __init__(self) -> None:
        super().__init__()
        self._reports: list[TreadmillReport] = []

    @abstractmethod
    def feed(self, data: bytes) -> list[BeltReading]:
        """Return the statuses that ``data`` completes, oldest first."""

    def reports(self) -> list[TreadmillReport]:
        """Return, once, what was fed of stops and faults that the treadmill itself reported, and of a lost stream."""
        reports, self._reports = self._reports, []
        return reports

    @abstractmethod
    def command(self, setpoint: BeltSetpoint) -> bytes:
        """Return the bytes that ask for ``setpoint``.

        Raises ``ValueError`` when the format cannot express it: nothing is rounded into another meaning. A speed is
        rounded to the nearest step.
        """

    def poll(self) -> bytes:
        """Return what asks the treadmill for its status, and keeps its own communication timer from running out."""
        return b""


class SensorEmulator(Protocol):
    """Device side of a sensor's wire. One with a page for ``Driver.page_path`` has ``page() -> bytes`` too."""

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
        """Return one whole status; a treadmill that speaks when spoken to only, its answers to ``poll``."""
