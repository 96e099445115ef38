# SPDX-License-Identifier: Apache-2.0
"""An IMU at rest must read gravity, and upward along the axis that the config names: else unit or mounting is wrong."""

import math
from collections import deque

import numpy as np

from gait_sensing.calibration.start_check import check_gravity, check_vertical_axis
from gait_sensing.health import Finding, Level
from gait_sensing.samples import STANDARD_GRAVITY_MPS2, ImuSample, Vector

REST_S = 1.0
REST_RADPS = 0.1  # each axis; quiet standing stays below
WRONG_UNIT = 0.1  # no unit; an error beyond it is no calibration error


class RestCheck:
    """Watches one IMU's samples; the finding of the last rest holds until the next."""

    def __init__(self, sample_interval_s: float, up_axis: str) -> None:
        self._still: deque[Vector] = deque(maxlen=max(10, round(REST_S / sample_interval_s)))
        self._up_axis = up_axis
        self._found: list[Finding] = []

    def feed(self, sample: ImuSample) -> None:
        """Take a sample; any movement ends the rest. Without angular rate nothing is known to be at rest."""
        if all(abs(rate_radps) < REST_RADPS for rate_radps in sample.angular_rate_radps):  # false for NaN
            self._still.append(sample.acceleration_mps2)
        else:
            self._still.clear()

    def findings(self) -> list[Finding]:
        """Return what is wrong with the values at rest."""
        if len(self._still) == self._still.maxlen:
            still_mps2 = np.array(self._still)
            size_mps2 = float(np.linalg.norm(still_mps2.mean(axis=0)))
            error = abs(size_mps2 / STANDARD_GRAVITY_MPS2 - 1.0)
            level = Level.AMBER if error < WRONG_UNIT else Level.RED  # red for NaN
            texts = [(level, check_gravity(still_mps2))]
            if self._up_axis and not math.isnan(error):
                texts.append((Level.RED, check_vertical_axis(still_mps2, self._up_axis)))
            self._found = [Finding(each, text, "") for each, text in texts if text]
        return self._found
