# SPDX-License-Identifier: Apache-2.0
"""The recordings that are compared, as arrays; read in every tool's own environment, so with numpy alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

AXES = tuple(f"{kind}_{axis}" for kind in ("acc", "gyr") for axis in "xyz")


@dataclass(frozen=True)
class Walk:
    """One recording; ``kind`` is "foot", "back" or "force", and says which columns it has."""

    name: str
    kind: str
    file: str
    rate_hz: float
    reference: str  # its reference events' file
    side: str = ""  # of the foot with the sensor, where the events' file has two
    window_s: float = 0.15  # found and reference event match within this
    is_clock_shared: bool = True  # else a constant offset is taken off
    body_mass_kg: float = 0.0


@dataclass(frozen=True)
class Columns:
    """A recording's file and its columns by name, rates in rad/s; ``is_valid`` marks the rows that were measured."""

    path: Path
    table: np.ndarray
    is_valid: np.ndarray

    @property
    def time_s(self) -> np.ndarray:
        """Times of all rows."""
        return self.table["time_s"]

    def filled(self, name: str) -> np.ndarray:
        """Return a column at a constant rate, straight lines over gaps: what tools that know no gaps need."""
        return np.interp(self.time_s, self.time_s[self.is_valid], self.table[name][self.is_valid])

    def measured(self) -> np.ndarray:
        """Return an IMU's time, specific force and angular rate [n, 7] without the rows that are gaps."""
        return np.stack([self.table[name] for name in ("time_s", *AXES)], axis=1)[self.is_valid]


def _treadmill(name: str, window_s: float) -> Walk:
    stem = f"imu_foot_treadmill_{name}_100hz"
    return Walk(name.replace("_", " "), "foot", f"{stem}.csv", 100.0, f"{stem}_events.csv", "", window_s, False)


def _overground(side: str) -> Walk:
    file, reference = f"imu_foot_{side}_gaitmap_2x20m_204p8hz.csv", "imu_foot_gaitmap_2x20m_204p8hz_events.csv"
    return Walk(f"gaitmap {side}", "foot", file, 204.8, reference, side)


def _back(name: str) -> Walk:
    stem = f"imu_lowerback_mobgap_{name}_100hz"
    return Walk(f"lower back {name}", "back", f"{stem}.csv", 100.0, f"{stem}_events.csv", "", 0.25)


def _camargo() -> Walk:
    stem = "grf_camargo_ab_treadmill_slow_and_normal_200hz"
    return Walk("Camargo", "force", f"{stem}.csv", 200.0, f"{stem}_events.csv", "", 0.05, body_mass_kg=77.0)


WALKS = (
    _overground("left"),
    _overground("right"),
    _treadmill("healthy_h1", 0.15),
    _treadmill("hemiparetic_p1", 0.2),
    _treadmill("hemiparetic_p5", 0.2),
    _back("ha001"),
    _back("ha002"),
    _camargo(),
)


def read(folder: Path, walk: Walk) -> Columns:
    """Return the columns of a recording."""
    table = np.genfromtxt(folder / walk.file, delimiter=",", names=True)
    is_valid = table["valid"] == 1 if "valid" in table.dtype.names else np.ones(len(table), bool)
    return Columns(folder / walk.file, table, is_valid)
