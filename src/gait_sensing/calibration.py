# SPDX-License-Identifier: Apache-2.0
"""From a load cell's own axes to the lab frame, its zero, and the centre of pressure; and back, for emulation.

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

from gait_parts import settings as parts
from gait_parts.settings import setting
from gait_sensing.samples import Array, ForceReadings

AXES = ("+x", "-x", "+y", "-y", "+z", "-z")


@dataclass(frozen=True)
class CalibrationSettings(parts.Settings):
    """How a load cell is mounted and when its values may be trusted."""

    axes: list[str] = setting(
        ["+x", "+y", "+z"], "which sensor axis, with sign, gives lab x, lab y and lab z of the force on the foot"
    )
    origin_m: list[float] = setting([0.0, 0.0, 0.0], "the sensor's origin in the lab frame: x, y, z")
    cop_min_force_n: float = setting(20.0, "vertical force below which there is no centre of pressure", low=1.0)
    zero_max_load_n: float = setting(50.0, "load above which zeroing is refused", low=0.0)


class LoadCellCalibration:
    """Turns readings in sensor axes into force on the foot in the lab's axes, about the sensor's origin.

    ``axes`` is a signed permutation, used for force and moment alike: sensor axes are right-handed, so that a mapping
    of determinant -1 says that the sensor reports what the foot does to it, force and moment reversed.
    Raises ``ValueError`` when ``axes`` is no signed permutation or ``origin_m`` not three numbers.
    """

    def __init__(self, settings: CalibrationSettings) -> None:
        if len(settings.origin_m) != 3:
            raise ValueError(f"origin_m: got {settings.origin_m}, expected x, y, z")
        self._settings = settings
        self._to_lab = _signed_permutation(settings.axes)
        self._origin_m = np.array(settings.origin_m, dtype=np.float64)
        self._tare = np.zeros(6)  # force and moment in sensor axes that count as none

    def apply(self, readings: ForceReadings) -> tuple[Array, Array, Array]:
        """Return force [n, 3] in N, moment [n, 3] in N m about the sensor's origin, centre of pressure [n, 2] in m.

        The centre of pressure is NaN where the vertical force is below ``cop_min_force_n``.
        """
        force_n = (readings.force_n - self._tare[:3]) @ self._to_lab.T
        moment_nm = (readings.moment_nm - self._tare[3:]) @ self._to_lab.T
        vertical_n = force_n[:, 2]
        vertical_n = np.where(vertical_n >= self._settings.cop_min_force_n, vertical_n, np.nan)
        origin_x_m, origin_y_m, origin_z_m = self._origin_m
        centre_m = np.empty((len(force_n), 2))
        centre_m[:, 0] = origin_x_m - (moment_nm[:, 1] + origin_z_m * force_n[:, 0]) / vertical_n
        centre_m[:, 1] = origin_y_m + (moment_nm[:, 0] - origin_z_m * force_n[:, 1]) / vertical_n
        return force_n, moment_nm, centre_m

    def to_sensor(
        self, force_n: Array, centre_of_pressure_m: Array, free_moment_nm: Array | float = 0.0
    ) -> tuple[Array, Array]:
        """Return force and moment, [n, 3] each, that a sensor so mounted measures; the zero is not put back.

        ``force_n`` [n, 3] on the foot in the lab frame acts at ``centre_of_pressure_m`` [n, 2]; where that is NaN
        the force is taken to act through the sensor's origin, as suits an unloaded plate.
        """
        arm_m = np.zeros_like(force_n)
        arm_m[:, :2] = centre_of_pressure_m - self._origin_m[:2]
        arm_m[:, 2] = -self._origin_m[2]
        arm_m[np.isnan(arm_m).any(axis=1)] = 0.0
        moment_nm = np.cross(arm_m, force_n)
        moment_nm[:, 2] += free_moment_nm
        return force_n @ self._to_lab, moment_nm @ self._to_lab

    def zero(self, readings: ForceReadings) -> float:
        """Take the mean of ``readings`` as zero from now on; return the vertical load it showed, in N.

        Raises ``ValueError`` naming the load when that is above ``zero_max_load_n``, or when there are no readings.
        The load is judged by the zero in force; where a plate's own weight exceeds the limit, raise the limit.
        """
        if len(readings.ticks) == 0:
            raise ValueError("cannot zero: no samples have come")
        force_n, _, _ = self.apply(readings)
        load_n = float(force_n[:, 2].mean())
        if not abs(load_n) <= self._settings.zero_max_load_n:
            raise ValueError(
                f"cannot zero under load: {load_n:.1f} N found, {self._settings.zero_max_load_n:g} N allowed"
            )
        self._tare = np.hstack([readings.force_n, readings.moment_nm]).mean(axis=0)
        return load_n


def _signed_permutation(axes: list[str]) -> Array:
    """Return the matrix that takes sensor axes to lab axes."""
    if len(axes) != 3 or not set(axes) <= set(AXES) or len({axis[1] for axis in axes}) != 3:
        raise ValueError(f"axes: got {axes}, expected x, y and z once each, each with its sign, such as +y, -x, +z")
    matrix = np.zeros((3, 3))
    for row, axis in enumerate(axes):
        matrix[row, "xyz".index(axis[1])] = 1.0 if axis[0] == "+" else -1.0
    return matrix
