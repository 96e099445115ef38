# SPDX-License-Identifier: Apache-2.0
"""The limits of the belt gate: its settings, what a request may ask, and the setpoint's way to it."""

import math
from dataclasses import dataclass, replace

from gait_parts import settings as parts
from gait_parts.settings import setting
from gait_sensing.belt_gate.states import BeltRequest, Reason
from gait_sensing.belt_wires import BeltWires

LONGEST_STEP_S = 0.1  # after a late tick the setpoint goes on as if only this much time had passed
LEAST_ACCELERATION_MPS2 = 0.001  # treadmills take nothing finer; less is a mistake of the asker


@dataclass(frozen=True)
class GateSettings(parts.Settings):
    """Limits that hold whatever is asked for, and how long the gate does without its inputs."""

    max_speed_mps: float = setting(1.5, "no belt is told to go faster", low=0.1, high=3.0)
    max_acceleration_mps2: float = setting(0.6, "largest acceleration on command", low=0.01, high=3.0)
    max_deceleration_mps2: float = setting(
        0.6, "largest deceleration on command, and that of a ramp down", low=0.05, high=3.0
    )
    stop_deceleration_mps2: float = setting(
        1.0,
        "deceleration after the operator's stop and after overspeed; not below max_deceleration_mps2",
        low=0.05,
        high=3.0,
    )
    max_belt_difference_mps: float = setting(
        1.0, "largest difference between the two commanded speeds", low=0.0, high=3.0
    )
    min_incline_rad: float = setting(0.0, "least incline sent", low=-0.3, high=0.0)
    max_incline_rad: float = setting(0.26, "largest incline sent", low=0.0, high=0.3)
    overspeed_tolerance_mps: float = setting(
        0.1, "measured above max_speed_mps by more than this is a fault", low=0.02, high=0.5
    )
    follow_tolerance_mps: float = setting(0.2, "how far from commanded measured may be", low=0.05, high=1.0)
    follow_stale_s: float = setting(1.0, "longest time measured is further from commanded", low=0.2, high=3.0)
    rest_speed_mps: float = setting(0.02, "measured speed up to this, either way, is rest", low=0.001, high=0.05)
    rest_hold_s: float = setting(0.3, "time at rest after a stop was sent until it is believed", low=0.1, high=2.0)
    command_stale_s: float = setting(0.2, "longest time without a command while running", low=0.05, high=0.5)
    status_stale_s: float = setting(0.5, "longest time without a status of the treadmill", low=0.1, high=1.0)
    operator_stale_s: float = setting(1.0, "longest time without the operator's heartbeat", low=0.2, high=2.0)
    min_command_interval_s: float = setting(0.1, "least time between commands to the treadmill", low=0.02, high=0.2)

    def __post_init__(self) -> None:
        """Check each setting, then those that bound each other."""
        super().__post_init__()
        if self.stop_deceleration_mps2 < self.max_deceleration_mps2:
            raise ValueError(
                f"stop_deceleration_mps2: got {self.stop_deceleration_mps2:g}, "
                f"allowed from max_deceleration_mps2 {self.max_deceleration_mps2:g} up"
            )


class SetpointRamp:
    """The commanded speeds on their way to a request, never faster than the settings allow."""

    def __init__(self, settings: GateSettings, now_s: float) -> None:
        """Begin at rest at ``now_s``."""
        self.speeds_mps = (0.0, 0.0)  # left, right
        self._settings = settings
        self._stepped_s = now_s

    def step(self, now_s: float, target: BeltRequest) -> float:
        """Move ``speeds_mps`` by what the time since the last step allows; return the acceleration to command.

        Both belts take the same acceleration, as treadmills do, so their difference stays between what it was and
        what it shall be.
        """
        pairs = tuple(zip(self.speeds_mps, (target.left_speed_mps, target.right_speed_mps), strict=True))
        is_rising = any(speed < goal for speed, goal in pairs)
        is_falling = any(speed > goal for speed, goal in pairs)
        acceleration_mps2 = target.acceleration_mps2
        if is_rising or not is_falling:
            acceleration_mps2 = min(acceleration_mps2, self._settings.max_acceleration_mps2)
        if is_falling or not is_rising:
            acceleration_mps2 = min(acceleration_mps2, self._settings.max_deceleration_mps2)
        step_mps = acceleration_mps2 * self._elapsed_s(now_s)
        left_mps, right_mps = (_towards(speed, goal, step_mps) for speed, goal in pairs)
        self.speeds_mps = (left_mps, right_mps)
        return acceleration_mps2

    def fall(self, now_s: float, deceleration_mps2: float) -> None:
        """Move ``speeds_mps`` towards rest by what the time since the last step allows."""
        step_mps = deceleration_mps2 * self._elapsed_s(now_s)
        left_mps, right_mps = (max(0.0, speed - step_mps) for speed in self.speeds_mps)
        self.speeds_mps = (left_mps, right_mps)

    def rest(self) -> None:
        """Be at rest at once: the treadmill makes the ramp, or stands already."""
        self.speeds_mps = (0.0, 0.0)

    def give_up(self, *measured_mps: float) -> None:
        """Go no faster than a belt that is slower than commanded beyond tolerance: it may have been halted."""
        tolerance_mps, pairs = self._settings.follow_tolerance_mps, zip(self.speeds_mps, measured_mps, strict=True)
        left_mps, right_mps = (speed if found >= speed - tolerance_mps else max(0.0, found) for speed, found in pairs)
        self.speeds_mps = (left_mps, right_mps)

    def _elapsed_s(self, now_s: float) -> float:
        elapsed_s = min(max(0.0, now_s - self._stepped_s), LONGEST_STEP_S)  # 0 for NaN and when the clock went back
        self._stepped_s = now_s
        return elapsed_s


def fitted(settings: GateSettings, treadmill: BeltWires) -> GateSettings:
    """Return the limits as this treadmill can keep them.

    The highest speed becomes a whole number of the wire's steps, since a driver rounds to the nearest, up too. A
    treadmill of one belt allows no difference between two. Commands come no faster than the treadmill wants them.
    Raises ``ValueError`` for limits that its wire cannot express.
    """
    step_mps = treadmill.speed_step_mps
    if settings.max_speed_mps > treadmill.max_speed_mps:
        allowed = f"this treadmill can be told {treadmill.max_speed_mps:g} at most"
        raise ValueError(f"max_speed_mps: got {settings.max_speed_mps:g}, {allowed}")
    for name, least_mps in (("follow_tolerance_mps", 2.0 * step_mps), ("overspeed_tolerance_mps", step_mps)):
        if getattr(settings, name) < least_mps:
            allowed = f"allowed from {least_mps:g} up where speeds come in steps of {step_mps:g}"
            raise ValueError(f"{name}: got {getattr(settings, name):g}, {allowed}")
    whole_steps_mps = step_mps * math.floor(settings.max_speed_mps / step_mps + 1e-9)
    return replace(
        settings,
        max_speed_mps=min(settings.max_speed_mps, whole_steps_mps),
        max_belt_difference_mps=settings.max_belt_difference_mps if treadmill.is_split else 0.0,
        min_command_interval_s=max(settings.min_command_interval_s, treadmill.min_command_interval_s),
    )


def longest_silences(settings: GateSettings, source: str | None) -> dict[Reason, tuple[float, str]]:
    """Return for each reason whose silence is watched how long it may last, and what is silent."""
    return {
        Reason.STATUS_STALE: (settings.status_stale_s, "status of the treadmill"),
        Reason.OPERATOR_LOST: (settings.operator_stale_s, "heartbeat of the session"),
        Reason.COMMAND_STALE: (settings.command_stale_s, f"command from {source}"),
        Reason.BELT_NOT_FOLLOWING: (settings.follow_stale_s, "measured speed near the commanded one"),
    }


def problem_of(request: BeltRequest) -> str:
    """Return what in a request has no safe meaning; empty when all has."""
    for name, speed_mps in (("left", request.left_speed_mps), ("right", request.right_speed_mps)):
        if not 0.0 <= speed_mps < math.inf:
            return f"{name} speed {speed_mps} m/s"
    if not LEAST_ACCELERATION_MPS2 <= request.acceleration_mps2 < math.inf:
        return f"acceleration {request.acceleration_mps2} m/s2"
    return ""


def limited(request: BeltRequest, settings: GateSettings) -> tuple[BeltRequest, str]:
    """Return the request within the limits, and in words which ones it hit."""
    hits = []
    slower_mps = min(request.left_speed_mps, request.right_speed_mps, settings.max_speed_mps)
    top_mps = min(settings.max_speed_mps, slower_mps + settings.max_belt_difference_mps)
    left_mps, right_mps = min(request.left_speed_mps, top_mps), min(request.right_speed_mps, top_mps)
    if (left_mps, right_mps) != (request.left_speed_mps, request.right_speed_mps):
        asked = f"left {request.left_speed_mps:.3f}, right {request.right_speed_mps:.3f} m/s"
        hits.append(f"{asked} and gets {left_mps:.3f}, {right_mps:.3f} m/s")
    largest_mps2 = max(settings.max_acceleration_mps2, settings.max_deceleration_mps2)
    if request.acceleration_mps2 > largest_mps2:
        hits.append(f"{request.acceleration_mps2:.3f} m/s2 and gets at most {largest_mps2:g} m/s2")
    return replace(request, left_speed_mps=left_mps, right_speed_mps=right_mps), "; ".join(hits)


def _towards(value: float, target: float, step: float) -> float:
    return min(value + step, target) if value < target else max(value - step, target)
