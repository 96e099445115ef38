# SPDX-License-Identifier: Apache-2.0
"""Judge sensors by what is known before anybody walks: gravity and body weight.

Each function returns what was found, what is expected and what to do, or an empty text when all is well.
A wrong unit is named when the value is off by that unit's factor.

Source: conversion factors of ISO 80000-3 and NIST SP 811. The tolerances are this project's: 3 % is three times the
scale error and offset that data sheets of inertial sensors allow, and parts of a unit's factor from any other.
"""

import math

import numpy as np

from gait_sensing.calibration.load_cell import AXES
from gait_sensing.samples import STANDARD_GRAVITY_MPS2, Array

GRAVITY_TOLERANCE = 0.03  # no unit
MAX_REST_DEVIATION_MPS2 = 0.3  # standard deviation of the magnitude of specific force
FREE_MPS2 = 0.5  # below this gravity is not in the values
ACCELERATION_SCALES = {  # what a sensor at rest reads as a multiple of what it should read
    1.0 / STANDARD_GRAVITY_MPS2: "the values seem to be in g: multiply them by 9.80665, or set the device to m/s2",
    1000.0 / STANDARD_GRAVITY_MPS2: "the values seem to be in thousandths of g: set the device to m/s2",
    100.0: "the values seem to be in cm/s2: divide them by 100, or set the device to m/s2",
    1.0 / 0.3048: "the values seem to be in ft/s2: multiply them by 0.3048, or set the device to m/s2",
    STANDARD_GRAVITY_MPS2: "g seems to be converted twice: remove one of the two conversions",
}
MAX_TILT_RAD = math.radians(30.0)  # a foot or shank in standing leans less

BODY_TOLERANCE = 0.05  # no unit; shoes and clothes
SCALE_TOLERANCE = 0.08  # no unit; around a unit's factor
LBF_N = 4.4482216
LB_KG = 0.45359237
FORCE_SCALES = {  # mass measured as a multiple of mass expected
    1.0 / LBF_N: "the plates seem to send pounds (lbf) that are taken for N: set them to N, or scale by 4.448",
    LBF_N: "pounds (lbf) seem to be converted to N twice: remove one of the two conversions",
    1.0 / STANDARD_GRAVITY_MPS2: "the plates seem to send kg that are taken for N: set them to N, or scale by 9.807",
    STANDARD_GRAVITY_MPS2: "kg seem to be converted to N twice: remove one of the two conversions",
    LB_KG: "the expected mass seems to be given in lb: give it in kg",
    1.0 / LB_KG: "the plates seem to send lb that are converted as if they were kg: set them to N",
    0.001: "the plates seem to send kN that are taken for N: set them to N, or scale by 1000",
    0.5: "half of the weight is missing: is one foot off the plates, or one plate left out?",
    2.0: "the weight is counted twice: is one plate configured under two names?",
}


def check_gravity(accelerations_mps2: Array) -> str:
    """Judge whether specific force [n, 3] of a sensor at rest is gravity, in m/s2; its direction does not matter."""
    size_mps2 = np.linalg.norm(accelerations_mps2, axis=1)
    size_mps2 = size_mps2[np.isfinite(size_mps2)]
    if len(size_mps2) == 0:
        return "no acceleration was measured: switch it on in the device's output"
    mean_mps2, deviation_mps2 = float(size_mps2.mean()), float(size_mps2.std())
    ratio = mean_mps2 / STANDARD_GRAVITY_MPS2
    if deviation_mps2 > MAX_REST_DEVIATION_MPS2 * max(1.0, ratio):
        return (
            f"the sensor is not at rest: its acceleration changes by {deviation_mps2:.2f} m/s2 (standard deviation), "
            f"{MAX_REST_DEVIATION_MPS2:g} m/s2 allowed; keep it still and check again"
        )
    if abs(ratio - 1.0) <= GRAVITY_TOLERANCE:
        return ""
    if mean_mps2 < FREE_MPS2:
        hint = "gravity seems to be taken off (free acceleration): set the device to send acceleration with gravity"
    else:
        hint = _named_scale(ratio, ACCELERATION_SCALES, GRAVITY_TOLERANCE) or (
            "check the device's unit and measuring range, or have it calibrated"
        )
    return f"acceleration at rest is {mean_mps2:.3f}, expected {STANDARD_GRAVITY_MPS2} m/s2 within 3 %: {hint}"


def check_vertical_axis(accelerations_mps2: Array, up: str) -> str:
    """Judge whether the sensor's axis ``up``, such as ``+z``, points up, by specific force [n, 3] at rest.

    Raises ``ValueError`` when ``up`` is no signed axis.
    """
    if up not in AXES:
        raise ValueError(f"up: got {up!r}, expected one of {', '.join(AXES)}")
    mean_mps2 = accelerations_mps2[np.isfinite(accelerations_mps2).all(axis=1)].sum(axis=0)
    size_mps2 = float(np.linalg.norm(mean_mps2))
    if size_mps2 == 0.0:
        return "no acceleration was measured: switch it on in the device's output"
    cosines = {axis: float(mean_mps2["xyz".index(axis[1])]) * int(axis[0] + "1") / size_mps2 for axis in AXES}
    tilt_rad = math.acos(max(-1.0, min(cosines[up], 1.0)))
    if tilt_rad <= MAX_TILT_RAD:
        return ""
    return (
        f"axis {up} is {math.degrees(tilt_rad):.0f} degrees from upward, expected {math.degrees(MAX_TILT_RAD):.0f} at "
        f"most; {max(cosines, key=cosines.__getitem__)} points up: turn the sensor, or name that axis in the config"
    )


def check_body_weight(measured_kg: float, expected_kg: float) -> str:
    """Judge the mass that the plates measure against the one that a scale or the participant's record says."""
    if not math.isfinite(measured_kg) or not expected_kg > 0.0:
        return (
            f"body mass cannot be compared: measured {measured_kg:g} kg, expected {expected_kg:g} kg; both are needed"
        )
    found = f"the plates measure {measured_kg:.1f} kg, expected {expected_kg:.1f} kg within {BODY_TOLERANCE:.0%}"
    ratio = measured_kg / expected_kg
    if abs(ratio - 1.0) <= BODY_TOLERANCE:
        return ""
    hint = _named_scale(ratio, FORCE_SCALES, SCALE_TOLERANCE)
    return f"{found}: {hint or 'zero the empty plates, keep hands off the rail, and check calibration and mass'}"


def _named_scale(ratio: float, scales: dict[float, str], tolerance: float) -> str:
    """Return the text of the scale that is nearest to ``ratio``, or an empty one if none is within ``tolerance``."""
    nearest = min(scales, key=lambda scale: abs(math.log(ratio / scale)) if ratio > 0.0 else math.inf)
    return scales[nearest] if abs(ratio / nearest - 1.0) <= tolerance else ""
