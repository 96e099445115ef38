# SPDX-License-Identifier: Apache-2.0
"""The values that travel from the sensors: readings in device time, samples in host time. SI units, REP 103 axes.

A *reading* is what a driver decodes from bytes: device ticks, device axes. A *sample* is a reading after clock and
calibration: host seconds (Unix time), the axes of architecture: x forward, y left, z up; force is what the ground
does to the foot.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

Vector = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]  # x, y, z, w, as in geometry_msgs
Array = NDArray[np.float64]
ImuRow = Sequence[float]  # [11], see ``ImuSamples``

STANDARD_GRAVITY_MPS2 = 9.80665  # ISO 80000-3


class Side(str, Enum):
    """Where a sensor or a belt is; which side is the prosthesis is data, see ``gait_analysis.participant``."""

    LEFT = "left"
    RIGHT = "right"

    @property
    def other(self) -> "Side":
        """The opposite side."""
        return Side.RIGHT if self is Side.LEFT else Side.LEFT


SEGMENTS = ("pelvis", "trunk", *(f"{side.value}_{link}" for side in Side for link in ("thigh", "shank", "foot")))


@dataclass(frozen=True, slots=True)
class ImuReading:
    """One decoded IMU sample in the sensor's own axes."""

    tick: int | None  # device counter as sent, wrapping; None when the device sends none
    acceleration_mps2: Vector | None  # specific force, gravity included; None when not sent
    angular_rate_radps: Vector | None
    orientation_xyzw: Quaternion | None  # sensor to an earth frame with z up


@dataclass(frozen=True, slots=True)
class ForceReadings:
    """Decoded load-cell samples, oldest first, in the sensor's own axes; ``n`` may be 0."""

    ticks: NDArray[np.int64]  # [n] device counter as sent, wrapping
    force_n: Array  # [n, 3]
    moment_nm: Array  # [n, 3]


@dataclass(frozen=True, slots=True)
class BeltReading:
    """One decoded treadmill status."""

    left_speed_mps: float  # positive when the surface moves backward
    right_speed_mps: float
    incline_rad: float  # positive uphill


@dataclass(frozen=True, slots=True)
class BeltSetpoint:
    """What a treadmill driver is asked to send: both belts, one acceleration magnitude, and the incline."""

    left_speed_mps: float
    right_speed_mps: float
    acceleration_mps2: float  # above 0
    incline_rad: float


@dataclass(frozen=True, slots=True)
class TreadmillReport:
    """What a treadmill itself reported as amiss."""

    text: str
    is_stop: bool  # somebody stopped it there; otherwise a fault


@dataclass(frozen=True, slots=True)
class ImuSample:
    """One IMU sample. NaN in place of what the sensor does not measure."""

    segment: str  # "left_foot", "pelvis", ...
    time_s: float
    acceleration_mps2: Vector
    angular_rate_radps: Vector
    orientation_xyzw: Quaternion

    @property
    def rows(self) -> list[ImuRow]:
        """The one row of this sample, see ``ImuSamples``."""
        return [(self.time_s, *self.acceleration_mps2, *self.angular_rate_radps, *self.orientation_xyzw)]


@dataclass(frozen=True, slots=True)
class ImuSamples:
    """Consecutive samples of one IMU, oldest first; one at least. Rows are plain numbers, as they are looked at singly.

    A row is time, specific force (3), angular rate (3), orientation (4), each as in ``ImuSample``.
    """

    segment: str
    rows: list[ImuRow]


@dataclass(frozen=True, slots=True)
class ForceSamples:
    """Consecutive samples of one plate or load cell, oldest first; ``n`` at least 1."""

    name: str  # "left_belt", "right_belt", "prosthesis", ...
    first_sample_count: int  # running number of the first sample; a jump means lost samples
    time_s: Array  # [n]
    force_n: Array  # [n, 3]
    moment_nm: Array  # [n, 3]
    centre_of_pressure_m: Array  # [n, 2] x, y on the surface in the lab frame; NaN while unloaded


@dataclass(frozen=True, slots=True)
class BeltSample:
    """One treadmill status in host time."""

    time_s: float
    left_speed_mps: float
    right_speed_mps: float
    incline_rad: float
