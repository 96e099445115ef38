# SPDX-License-Identifier: Apache-2.0
"""Step time."""

from gait_analysis.gait import Stride
from gait_analysis.parts import NoSettings

Settings = NoSettings


class Metric:
    """From the other foot's initial contact to this foot's."""

    name = "step_time"
    unit = "s"
    needs_foot_off = False

    def __init__(self, settings: NoSettings) -> None:
        """Take the settings, of which there are none."""

    def of(self, stride: Stride) -> float:
        """Return it for ``stride``; NaN when not known."""
        return stride.step_time_s
