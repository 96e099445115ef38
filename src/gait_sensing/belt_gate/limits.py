# SPDX-License-Identifier: Apache-2.0
"""The limits of the belt gate: its settings, what a request may ask, and the setpoint's way to it."""

import math
from dataclasses import dataclass, replace

from gait_parts import settings as parts
from gait_parts.settings import setting
from gait_sensing.belt_gate.states import BeltRequest
from gait_sensing.belt_wires import BeltWires

LONGEST_S = 0.225  # silence of any input; with a tick of 0.025 s, 0.25 s to the first command to slow down
LEAST_ACCELERATION_MPS2 = 0.001  # treadmills take nothing finer; less is a mistake of the asker
LEAST_DECELERATION_MPS2 = 0.1  # to rest on command: whoever asks for less would hold the belts under the walker


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
    max_jerk_mps3: float = setting(
        6.0, "largest growth of acceleration while a belt speeds up; slowing down is not delayed", low=0.5, high=100.0
    )
    max_backward_mps: float = setting(
        0.0, "no belt is told to go backward faster; 0: a request to go backward has no meaning", low=0.0, high=3.0
    )
    max_belt_difference_mps: float = setting(
        1.0, "largest difference between the two commanded speeds", low=0.0, high=3.0
    )
    min_incline_rad: float = setting(0.0, "least incline sent", low=-0.3, high=0.0)
    max_incline_rad: float = setting(0.24, "largest incline sent", low=0.0, high=0.3)
    overspeed_tolerance_mps: float = setting(
        0.1, "measured above max_speed_mps by more than this is a fault", low=0.02, high=0.5
    )
    follow_tolerance_mps: float = setting(0.2, "how far from commanded measured may be", low=0.05, high=1.0)
    follow_stale_s: float = setting(1.0, "longest time measured is further from commanded", low=0.2, high=3.0)
    rest_speed_mps: float = setting(0.02, "measured speed up to this, either way, is rest", low=0.001, high=0.05)
    rest_hold_s: float = setting(0.3, "time at rest after a stop was sent until it is believed", low=0.1, high=2.0)
    command_stale_s: float = setting(
        0.2, "longest time without a command while running, and the oldest that is obeyed", low=0.05, high=LONGEST_S
    )
    arming_unused_s: float = setting(
        30.0, "an armed belt that nobody commands, not even to rest, is disarmed after so long", low=5.0, high=300.0
    )
    status_stale_s: float = setting(0.22, "longest time without a status of the treadmill", low=0.1, high=LONGEST_S)
    operator_stale_s: float = setting(0.2, "longest time without the operator's heartbeat", low=0.1, high=LONGEST_S)
    min_command_interval_s: float = setting(0.1, "least time between commands to the treadmill", low=0.02, high=0.2)

    def __post_init__(self) -> None:
        """Check each setting, then those that bound each other."""
        super().__post_init__()
        if self.stop_deceleration_mps2 < self.max_deceleration_mps2:
            raise ValueError(
                f"stop_deceleration_mps2: got {self.stop_deceleration_mps2:g}, "
                f"allowed from max_deceleration_mps2 {self.max_deceleration_mps2:g} up"
            )


def fitted(settings: GateSettings, treadmill: BeltWires) -> GateSettings:
    """Return the limits as this treadmill can keep them.

    The highest speed becomes a whole number of the wire's steps, since a driver rounds to the nearest, up too. A
    treadmill of one belt allows no difference between two. Commands come no faster than the treadmill wants them.
    Raises ``ValueError``, with both numbers, for limits that it or its wire cannot keep.
    """
    step_mps = treadmill.speed_step_mps
    least_rad, most_rad = treadmill.incline_range_rad
    for name, most, why in (
        ("max_speed_mps", treadmill.max_speed_mps, "this treadmill can be told {:g} at most"),
        ("max_backward_mps", treadmill.max_backward_mps, "this treadmill can be told {:g} at most"),
        ("max_acceleration_mps2", treadmill.max_acceleration_mps2, "this treadmill can be told {:g} at most"),
        ("stop_deceleration_mps2", treadmill.max_acceleration_mps2, "this treadmill can be told {:g} at most"),
        ("max_incline_rad", most_rad, "this treadmill can be told {:.4f} at most"),
    ):
        if getattr(settings, name) > most:
            raise ValueError(f"{name}: got {getattr(settings, name):g}, {why.format(most)}")
    for name, least, why in (
        ("min_incline_rad", least_rad, "this treadmill can be told {:g} at least"),
        ("follow_tolerance_mps", 2.0 * step_mps, f"allowed from {{:g}} up where speeds come in steps of {step_mps:g}"),
        ("overspeed_tolerance_mps", step_mps, f"allowed from {{:g}} up where speeds come in steps of {step_mps:g}"),
    ):
        if getattr(settings, name) < least:
            raise ValueError(f"{name}: got {getattr(settings, name):g}, {why.format(least)}")
    return replace(
        settings,
        max_speed_mps=_whole_steps_mps(settings.max_speed_mps, step_mps),
        max_backward_mps=_whole_steps_mps(settings.max_backward_mps, step_mps),
        max_belt_difference_mps=settings.max_belt_difference_mps if treadmill.is_split else 0.0,
        min_command_interval_s=max(settings.min_command_interval_s, treadmill.min_command_interval_s),
    )


def problem_of(request: BeltRequest, settings: GateSettings) -> str:
    """Return what in a request has no safe meaning; empty when all has."""
    for name, speed_mps in (("left", request.left_speed_mps), ("right", request.right_speed_mps)):
        if not math.isfinite(speed_mps) or (speed_mps < 0.0 and settings.max_backward_mps == 0.0):
            return f"{name} speed {speed_mps} m/s"
    if not LEAST_ACCELERATION_MPS2 <= request.acceleration_mps2 < math.inf:
        return f"acceleration {request.acceleration_mps2} m/s2"
    return ""


def limited(request: BeltRequest, settings: GateSettings) -> tuple[BeltRequest, str]:
    """Return the request within the limits, and in words which ones it hit."""
    hits = []
    asked_mps = (request.left_speed_mps, request.right_speed_mps)
    left_mps, right_mps = (min(max(speed, -settings.max_backward_mps), settings.max_speed_mps) for speed in asked_mps)
    left_mps, right_mps = within_difference(left_mps, right_mps, settings.max_belt_difference_mps)
    if (left_mps, right_mps) != asked_mps:
        asked = f"left {request.left_speed_mps:.3f}, right {request.right_speed_mps:.3f} m/s"
        hits.append(f"{asked} and gets {left_mps:.3f}, {right_mps:.3f} m/s")
    largest_mps2 = max(settings.max_acceleration_mps2, settings.max_deceleration_mps2)
    if request.acceleration_mps2 > largest_mps2:
        hits.append(f"{request.acceleration_mps2:.3f} m/s2 and gets at most {largest_mps2:g} m/s2")
    return replace(request, left_speed_mps=left_mps, right_speed_mps=right_mps), "; ".join(hits)


def within_difference(left_mps: float, right_mps: float, most_mps: float) -> tuple[float, float]:
    """Return two speeds that differ by ``most_mps`` at most: none goes faster than before, either way."""
    high_mps, low_mps = max(left_mps, right_mps), min(left_mps, right_mps)
    if high_mps - low_mps <= most_mps:
        return left_mps, right_mps
    if low_mps >= 0.0:
        return min(left_mps, low_mps + most_mps), min(right_mps, low_mps + most_mps)
    if high_mps <= 0.0:
        return max(left_mps, high_mps - most_mps), max(right_mps, high_mps - most_mps)
    share = most_mps / (high_mps - low_mps)  # one forward, one backward
    return left_mps * share, right_mps * share


def _whole_steps_mps(speed_mps: float, step_mps: float) -> float:
    return min(speed_mps, step_mps * math.floor(speed_mps / step_mps + 1e-9))
