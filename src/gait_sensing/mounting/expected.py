# SPDX-License-Identifier: Apache-2.0
"""How an IMU is turned from the mounting that a lab's config expects; see ``mounting``."""

import math

import numpy as np
from scipy.spatial.transform import Rotation

from gait_sensing.calibration.load_cell import AXES
from gait_sensing.mounting.placement import MountingFinding
from gait_sensing.samples import Array

UPSIDE_DOWN_RAD = math.radians(135.0)


def read_expected(lines: list[str]) -> dict[str, Rotation]:
    """Return the rotations, sensor axes to segment axes, that lines such as ``pelvis -z +y +x`` say.

    Raises ``ValueError`` naming the line that does not.
    """
    return {line.split()[0]: _read_axes(line) for line in lines if line.strip()}


def _read_axes(line: str) -> Rotation:
    _, *axes = line.split()
    matrix = np.zeros((3, 3))
    if len(axes) == 3 and set(axes) <= set(AXES):
        for row, axis in enumerate(axes):
            matrix[row, "xyz".index(axis[1])] = 1.0 if axis[0] == "+" else -1.0
    if abs(np.linalg.det(matrix) - 1.0) > 0.5:
        raise ValueError(
            f"expected: got {line!r}, expected a segment and the sensor's axes that are forward, left and up, "
            "right-handed, such as pelvis -z +y +x"
        )
    return Rotation.from_matrix(matrix)


def compare_mounting(
    segment: str, expected: Rotation, up: Array, found: Rotation | None, limit_rad: float
) -> list[MountingFinding]:
    """Return how ``found`` differs from ``expected`` by more than ``limit_rad``; by ``up`` alone where it is ``None``.

    ``up`` [3] is the found vertical in the sensor's axes.
    """
    tilt_rad = math.acos(min(1.0, max(-1.0, float(expected.apply(up)[2]))))
    if tilt_rad > UPSIDE_DOWN_RAD:
        return [MountingFinding(segment, "error", f"{segment} is worn upside down")]
    if tilt_rad > limit_rad:
        text = f"{segment} is tilted by {math.degrees(tilt_rad):.0f} degrees from its expected mounting"
        return [MountingFinding(segment, "error", text)]
    if found is None:
        return []
    _, _, z, w = (found * expected.inv()).as_quat(canonical=True)
    turn_rad = 2.0 * math.atan2(z, w)
    if abs(turn_rad) <= limit_rad:
        return []
    way = "left" if turn_rad > 0.0 else "right"
    degrees = abs(math.degrees(turn_rad))
    text = f"{segment} is turned by {degrees:.0f} degrees to the {way} about the vertical from its expected mounting"
    return [MountingFinding(segment, "error", text)]
