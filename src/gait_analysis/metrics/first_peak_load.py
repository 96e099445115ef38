# SPDX-License-Identifier: Apache-2.0
"""First peak of load."""

from gait_analysis.gait import Stride
from gait_analysis.parts import NoSettings

Settings = NoSettings


class Metric:
    """Highest local maximum of vertical force before half of stance; not every stance has one."""

    name = "first_peak_load"
    unit = "BW"
    needs_foot_off = False

    def __init__(self, settings: NoSettings) -> None:
        """Take the settings, of which there are none."""

    def of(self, stride: Stride) -> float:
        """Return it for ``stride``; NaN when not known."""
        return stride.first_peak_load_bw
