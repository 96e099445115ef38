# SPDX-License-Identifier: Apache-2.0
"""From a load cell's own axes to the lab frame, its zero, and the centre of pressure; and back, for emulation.

What a driver reads goes through the calibration matrix if there is one, then the zero is taken off, then the axes are
named anew. A sensor may measure some axes only: the others read NaN, stay NaN, and make NaN of nothing but
what is computed from them.

Centre of pressure. A sensor at ``o`` (lab frame) measures the force ``F`` and the moment ``M`` about ``o`` that the
ground does to the foot. The foot touches the surface z = 0 at ``p``, where the ground can press and rub but
not pull, so that the only moment there is the free moment ``t`` about the vertical: M = (p - o) x F + (0, 0, t). With
p_z = 0 its first two rows give ::

    p_x = o_x - (M_y + o_z F_x) / F_z
    p_y = o_y + (M_x - o_z F_y) / F_z
    t   = M_z - (p_x - o_x) F_y + (p_y - o_y) F_x

Source: elementary statics. The quotient is ill-conditioned at low load, hence NaN below ``cop_min_force_n``.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gait_parts import settings as parts
from gait_parts.settings import setting
from gait_sensing.samples import Array, ForceReadings

AXES = ("+x", "-x", "+y", "-y", "+z", "-z")
LARGEST_CONDITION = 1e10  # no unit; of the matrix with its rows and columns scaled alike


@dataclass(frozen=True)
class CalibrationSettings(parts.Settings):
    """How a load cell is mounted and when its values may be trusted."""

    axes: list[str] = setting(
        ["+x", "+y", "+z"], "which sensor axis, with sign, gives lab x, lab y and lab z of the force on the foot"
    )
    origin_m: list[float] = setting([0.0, 0.0, 0.0], "the sensor's origin in the lab frame: x, y, z")
    matrix: list[float] = setting(
        [], "36 numbers, row by row, that turn the device's six values into Fx Fy Fz Mx My Mz; empty: they are these"
    )
    size_m: list[float] = setting([], "the plate's length along x and width along y; empty: not known")
    plate_centre_m: list[float] = setting(
        [], "the middle of the plate in the lab frame: x, y; empty: above the sensor's origin"
    )
    cop_margin_m: float = setting(0.05, "how far outside the plate a centre of pressure is still believed", low=0.0)
    cop_min_force_n: float = setting(20.0, "vertical force below which there is no centre of pressure", low=1.0)
    zero_max_load_n: float = setting(50.0, "load above which zeroing is refused", low=0.0)
    zero_max_deviation_n: float = setting(
        20.0, "standard deviation of the vertical force above which zeroing is refused", low=0.0
    )


class LoadCellCalibration:
    """Turns readings in sensor axes into force on the foot in the lab's axes, about the sensor's origin.

    ``axes`` is a signed permutation, used for force and moment alike: sensor axes are right-handed, so that a mapping
    of determinant -1 says that the sensor reports what the foot does to it, force and moment reversed.
    Raises ``ValueError`` naming the setting when one is of the wrong length, ``axes`` is no signed permutation or
    ``matrix`` has no inverse.
    """

    def __init__(self, settings: CalibrationSettings) -> None:
        self._settings = settings
        self._order, self._sign = _signed_permutation(settings.axes)
        self._origin_m = _numbers("origin_m", settings.origin_m, 3)
        self._matrix = _matrix(settings.matrix) if settings.matrix else None
        self._tare = np.zeros(6)  # force and moment that count as none, by the names of the lab's axes
        self._plate_centre_m = _numbers("plate_centre_m", settings.plate_centre_m or settings.origin_m[:2], 2)
        self._reach_m = _reach(settings) if settings.size_m else None
        self.off_plate_count = 0  # samples whose centre of pressure lay outside the plate

    def apply(self, readings: ForceReadings) -> tuple[Array, Array, Array]:
        """Return force [n, 3] in N, moment [n, 3] in N m about the sensor's origin, centre of pressure [n, 2] in m."""
        wrench = self.wrench(readings)
        return wrench[:, :3], wrench[:, 3:], self.centre_of_pressure(wrench)

    def wrench(self, readings: ForceReadings) -> Array:
        """Return force and moment [n, 6] in N and N m on the foot in the lab's axes, about the sensor's origin."""
        wrench = self._named(readings)
        wrench -= self._tare
        return wrench

    def centre_of_pressure(self, wrench: Array) -> Array:
        """Return the centre of pressure [n, 2] in m, lab frame, of what ``wrench`` returns.

        NaN where the vertical force is below ``cop_min_force_n``, where what it is computed from is not measured,
        and more than ``cop_margin_m`` outside the plate; the last are counted in ``off_plate_count``.
        """
        vertical_n = wrench[:, 2]
        loaded_n = np.where(vertical_n >= self._settings.cop_min_force_n, vertical_n, np.nan)
        origin_x_m, origin_y_m, origin_z_m = self._origin_m.tolist()
        moment_x_nm, moment_y_nm = wrench[:, 3], wrench[:, 4]
        if origin_z_m:  # otherwise shear has no part in it, and need not be measured
            moment_x_nm = moment_x_nm - origin_z_m * wrench[:, 1]
            moment_y_nm = moment_y_nm + origin_z_m * wrench[:, 0]
        centre_m = np.empty((len(wrench), 2))
        centre_m[:, 0] = origin_x_m - moment_y_nm / loaded_n
        centre_m[:, 1] = origin_y_m + moment_x_nm / loaded_n
        if self._reach_m is not None:
            is_off = (np.abs(centre_m - self._plate_centre_m) > self._reach_m).any(axis=1)
            centre_m[is_off] = np.nan
            self.off_plate_count += int(is_off.sum())
        return centre_m

    def to_sensor(
        self, force_n: Array, centre_of_pressure_m: Array, free_moment_nm: Array | float = 0.0
    ) -> tuple[Array, Array]:
        """Return force and moment, [n, 3] each, that a sensor so mounted sends; the zero is not put back.

        ``force_n`` [n, 3] on the foot in the lab frame acts at ``centre_of_pressure_m`` [n, 2]; where that is NaN
        the force is taken to act through the sensor's origin, as suits an unloaded plate.
        """
        arm_m = np.zeros_like(force_n)
        arm_m[:, :2] = centre_of_pressure_m - self._origin_m[:2]
        arm_m[:, 2] = -self._origin_m[2]
        arm_m[np.isnan(arm_m).any(axis=1)] = 0.0
        moment_nm = np.cross(arm_m, force_n)
        moment_nm[:, 2] += free_moment_nm
        raw: Array = (np.hstack([force_n, moment_nm]) * self._sign)[:, np.argsort(self._order)]
        if self._matrix is not None:
            raw = raw @ np.linalg.inv(self._matrix).T
        return raw[:, :3], raw[:, 3:]

    def zero(self, readings: ForceReadings) -> float:
        """Take the mean of ``readings`` as zero from now on; return the vertical load it showed, in N.

        Raises ``ValueError`` naming the load when that is above ``zero_max_load_n``, naming the standard deviation
        when that is above ``zero_max_deviation_n``, or when there are no readings.
        The load is judged by the zero in force; where a plate's own weight exceeds the limit, raise the limit.
        """
        if len(readings.ticks) == 0:
            raise ValueError("cannot zero: no samples have come")
        named = self._named(readings)
        is_measured = np.isfinite(named)
        tare = np.where(is_measured, named, 0.0).sum(axis=0) / np.maximum(is_measured.sum(axis=0), 1)
        vertical_n = named[is_measured[:, 2], 2]
        load_n = float(tare[2] - self._tare[2]) if len(vertical_n) else float("nan")
        if not abs(load_n) <= self._settings.zero_max_load_n:
            raise ValueError(
                f"cannot zero under load: {load_n:.1f} N found, {self._settings.zero_max_load_n:g} N allowed"
            )
        deviation_n = float(vertical_n.std())
        if not deviation_n <= self._settings.zero_max_deviation_n:
            raise ValueError(
                f"cannot zero while somebody is stepping: the load changes by {deviation_n:.1f} N (standard "
                f"deviation), {self._settings.zero_max_deviation_n:g} N allowed"
            )
        self._tare = tare
        return load_n

    def _named(self, readings: ForceReadings) -> Array:
        """Return force and moment [n, 6] by the names of the lab's axes, the zero not taken off."""
        raw = np.concatenate((readings.force_n, readings.moment_nm), axis=1)
        if self._matrix is not None:
            raw = _product(self._matrix, raw)
        named: Array = raw.take(self._order, axis=1) * self._sign
        return named


def _product(matrix: Array, raw: Array) -> Array:
    """Return ``matrix`` times each row of ``raw`` [n, 6]; NaN where a NaN counts, not where its coefficient is 0."""
    product = raw @ matrix.T
    if np.isnan(product).any():
        is_missing = np.isnan(raw)
        product = np.where(is_missing, 0.0, raw) @ matrix.T
        product[is_missing @ (matrix != 0.0).T] = np.nan
    return product


def _signed_permutation(axes: list[str]) -> tuple[NDArray[np.intp], Array]:
    """Return which of the sensor's six values is which of the lab's six, and with what sign."""
    if len(axes) != 3 or not set(axes) <= set(AXES) or len({axis[1] for axis in axes}) != 3:
        raise ValueError(f"axes: got {axes}, expected x, y and z once each, each with its sign, such as +y, -x, +z")
    order = ["xyz".index(axis[1]) for axis in axes]
    sign = [1.0 if axis[0] == "+" else -1.0 for axis in axes]
    return np.array(order + [3 + axis for axis in order], dtype=np.intp), np.array(sign * 2)


def _numbers(name: str, values: list[float], count: int) -> Array:
    if len(values) != count or not all(type(value) in (int, float) for value in values):
        raise ValueError(f"{name}: got {values}, expected {count} numbers")
    return np.array(values, dtype=np.float64)


def _matrix(values: list[float]) -> Array:
    matrix = _numbers("matrix", values, 36).reshape(6, 6)
    largest = np.abs(matrix)
    with np.errstate(divide="ignore", invalid="ignore"):  # a row of zeros becomes NaN, which no comparison holds for
        scaled = matrix / np.sqrt(np.outer(largest.max(axis=1), largest.max(axis=0)))
    if not np.isfinite(scaled).all() or not np.linalg.cond(scaled) < LARGEST_CONDITION:
        raise ValueError(f"matrix: got {values}, which has no inverse; expected six independent rows of six")
    return matrix


def _reach(settings: CalibrationSettings) -> Array:
    """Return how far along x and y from the plate's middle a centre of pressure is believed."""
    size_m = _numbers("size_m", settings.size_m, 2)
    if not (size_m > 0.0).all():
        raise ValueError(f"size_m: got {settings.size_m}, expected lengths above 0")
    reach_m: Array = size_m / 2.0 + settings.cop_margin_m
    return reach_m
