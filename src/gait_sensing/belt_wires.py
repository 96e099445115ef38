# SPDX-License-Identifier: Apache-2.0
"""The wires of one treadmill as the belt gate sees them: one, or one for each belt, left and right."""

import math
from collections.abc import Sequence
from dataclasses import replace

from gait_sensing.driver import TreadmillDriver
from gait_sensing.samples import BeltReading, BeltSetpoint, TreadmillReport

PAIR_S = 0.15  # statuses of the two belts further apart than this make none of both
QUIET_S = 0.02  # no question this soon after a command: slow lines want one message at a time


class BeltWires:
    """One driver, or the left and the right belt's, which make one status of two and two commands of one.

    Two belts have one deck: the left belt's incline is the treadmill's, and the right belt is told the incline that it
    reports itself. Raises ``ValueError`` for two drivers of which one has two belts already.
    """

    def __init__(self, drivers: Sequence[TreadmillDriver]) -> None:
        if len(drivers) == 2 and any(driver.is_split for driver in drivers):
            raise ValueError("right_url: got an address, but one wire of this treadmill drives both belts")
        self.drivers, first = tuple(drivers), drivers[0]
        self.is_split = first.is_split or len(drivers) == 2
        self.has_acceleration = first.has_acceleration
        self.speed_step_mps, self.max_speed_mps = first.speed_step_mps, first.max_speed_mps
        self.max_backward_mps = first.max_speed_mps if first.can_reverse else 0.0
        self.max_acceleration_mps2 = first.max_acceleration_mps2
        self.incline_range_rad = first.incline_range_rad
        self.min_command_interval_s = first.min_command_interval_s
        self.farewell_deceleration_mps2 = first.farewell_deceleration_mps2  # of belts in motion
        self._newest: list[tuple[float, BeltReading] | None] = [None] * len(drivers)  # of each wire, not yet used
        self._right_incline_rad = math.nan
        self._polled_s = self._commanded_s = -math.inf

    def feed(self, wire: int, data: bytes, now_s: float) -> list[BeltReading]:
        """Return the statuses of the whole treadmill that ``data`` of one wire completes, oldest first."""
        readings = self.drivers[wire].feed(data)
        if len(self.drivers) == 1:
            return readings
        return [both for reading in readings if (both := self._both(wire, reading, now_s))]

    def reports(self) -> list[TreadmillReport]:
        """Return, once, what the treadmill reported as amiss on any wire since the last call."""
        return [report for driver in self.drivers for report in driver.reports()]

    def command(self, setpoint: BeltSetpoint, now_s: float) -> list[bytes]:
        """Return what asks for ``setpoint`` on each wire. Raises ``ValueError`` as a driver does.

        A link that closes on the way to rest shall not change the ramp: its last stop repeats it.
        """
        self._commanded_s = now_s
        is_rest = setpoint.left_speed_mps == setpoint.right_speed_mps == 0.0
        for driver in self.drivers:
            driver.farewell_deceleration_mps2 = (
                setpoint.acceleration_mps2 if is_rest else self.farewell_deceleration_mps2
            )
        if len(self.drivers) == 1:
            return [self.drivers[0].command(setpoint)]
        left = replace(setpoint, right_speed_mps=setpoint.left_speed_mps)
        right = replace(setpoint, left_speed_mps=setpoint.right_speed_mps, incline_rad=self._right_incline_rad)
        return [driver.command(belt) for driver, belt in zip(self.drivers, (left, right), strict=True)]

    def poll(self, now_s: float) -> list[bytes]:
        """Return what to ask on each wire now; nothing until the treadmill wants it, or just after a command."""
        interval_s = self.drivers[0].poll_interval_s
        is_asked = math.isinf(interval_s) or 0.0 <= now_s - self._polled_s < interval_s - QUIET_S
        if is_asked or 0.0 <= now_s - self._commanded_s < QUIET_S:
            return [b""] * len(self.drivers)
        self._polled_s = now_s
        return [driver.poll() for driver in self.drivers]

    def _both(self, wire: int, reading: BeltReading, now_s: float) -> BeltReading | None:
        """Return one status of both belts when this one completes a pair."""
        self._newest[wire] = (now_s, reading)
        if wire == 1:
            self._right_incline_rad = reading.incline_rad
        left, right = self._newest
        if left is None or right is None or abs(left[0] - right[0]) > PAIR_S:
            return None
        self._newest = [None, None]
        return replace(left[1], right_speed_mps=right[1].right_speed_mps)
