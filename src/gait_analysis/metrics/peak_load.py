# SPDX-License-Identifier: Apache-2.0
"""Peak load."""

from gait_analysis.gait import Stride
from gait_analysis.parts import NoSettings

Settings = NoSettings


class Metric:
    """Highest vertical force in stance."""

    name = "peak_load"
    unit = "BW"
    needs_foot_off = False

    def __init__(self, settings: NoSettings) -> None:
        """Take the settings, of which there are none."""

    def of(self, stride: Stride) -> float:
        """Return it for ``stride``; NaN when not known."""
        return stride.peak_load_bw
