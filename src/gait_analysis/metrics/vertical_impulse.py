# SPDX-License-Identifier: Apache-2.0
"""Vertical impulse."""

from gait_analysis.gait import Stride
from gait_analysis.parts import NoSettings

Settings = NoSettings


class Metric:
    """Integral of vertical force over stance."""

    name = "vertical_impulse"
    unit = "BW s"
    needs_foot_off = False

    def __init__(self, settings: NoSettings) -> None:
        """Take the settings, of which there are none."""

    def of(self, stride: Stride) -> float:
        """Return it for ``stride``; NaN when not known."""
        return stride.vertical_impulse_bws
