# SPDX-License-Identifier: Apache-2.0
"""Step length."""

from gait_analysis.gait import Stride
from gait_analysis.parts import NoSettings

Settings = NoSettings


class Metric:
    """How far this foot lands ahead of the other one, belt motion included."""

    name = "step_length"
    unit = "m"
    needs_foot_off = False

    def __init__(self, settings: NoSettings) -> None:
        """Take the settings, of which there are none."""

    def of(self, stride: Stride) -> float:
        """Return it for ``stride``; NaN when not known."""
        return stride.step_length_m
