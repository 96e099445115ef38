# SPDX-License-Identifier: Apache-2.0
"""Initial double support."""

from gait_analysis.gait import Stride
from gait_analysis.parts import NoSettings

Settings = NoSettings


class Metric:
    """From this foot's initial contact to the other foot's foot off: the loading response."""

    name = "double_support"
    unit = "s"
    needs_foot_off = True

    def __init__(self, settings: NoSettings) -> None:
        """Take the settings, of which there are none."""

    def of(self, stride: Stride) -> float:
        """Return it for ``stride``; NaN when not known."""
        return stride.initial_double_support_time_s
