# SPDX-License-Identifier: Apache-2.0
"""Weighs the participant from the slow mirror of the plates' samples, and listens only for as long as that takes."""

import math
from functools import partial
from typing import Any

import numpy as np
from geometry_msgs.msg import WrenchStamped
from rclpy.node import Node
from rclpy.subscription import Subscription

from gait_messages import values
from gait_ros import qos
from gait_sensing.calibration.start_check import check_body_weight
from gait_sensing.calibration.weighing import Weighing
from gait_sensing.samples import ForceSamples

WEIGHING_S = 3.0


class Scale:
    """``start`` weighs anew on ``plates``; ``mass_kg`` is NaN until that has succeeded once."""

    def __init__(self, node: Node, plates: list[str]) -> None:
        self.mass_kg = math.nan
        self._node, self._plates = node, plates
        self._weighing: Weighing | None = None
        self._subscriptions: list[Subscription[Any]] = []

    def start(self) -> None:
        """Forget the last mass and begin."""
        self.mass_kg = math.nan
        self._weighing = Weighing(self._plates, WEIGHING_S)
        for name in self._plates:
            topic, take = f"load_cell/{name}/wrench", partial(self._take, name)
            self._subscriptions.append(self._node.create_subscription(WrenchStamped, topic, take, qos.SAMPLES))

    def stop(self) -> None:
        """Listen no more."""
        while self._subscriptions:
            self._node.destroy_subscription(self._subscriptions.pop())

    def refusal(self) -> str:
        """Return why there is no mass yet; empty when there is."""
        return "" if self._weighing is None else self._weighing.refusal()

    def problem(self, expected_kg: float) -> str:
        """Return what the mass says against ``expected_kg``; empty when they agree or the latter is not known."""
        return "" if math.isnan(expected_kg) else check_body_weight(self.mass_kg, expected_kg)

    def _take(self, name: str, message: WrenchStamped) -> None:
        force_n, moment_nm, time_s = values.stamped_wrench(message)
        rows = np.array([force_n]), np.array([moment_nm]), np.full((1, 2), math.nan)
        if self._weighing is not None:
            self._weighing.feed(ForceSamples(name, 0, np.array([time_s]), *rows))
            self.mass_kg = self._weighing.mass_kg
