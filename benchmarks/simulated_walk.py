# SPDX-License-Identifier: Apache-2.0
"""What two plates at 1 kHz, seven IMUs at 100 Hz and the belts tell of a simulated walk, in order of time."""

from collections.abc import Iterator

import numpy as np

from gait_sensing.samples import BeltSample, ForceSamples, ImuSample
from gait_sim.body_motion import SEGMENTS
from gait_sim.walker import Walker, WalkerSettings

MASS_KG = 80.0
PLATES = ("left_belt", "right_belt")
PLATE_HZ, IMU_HZ, BELT_HZ = 1000, 100, 20
SPEED_MPS = 1.0

Sample = ForceSamples | ImuSample | BeltSample


def walk(duration_s: float, batch_count: int) -> Iterator[tuple[float, Sample]]:
    """Yield samples from 0 s on, each with the time of its newest; ``batch_count`` of a plate come at once."""
    walker = Walker(WalkerSettings(body_mass_kg=MASS_KG))
    imu_count = belt_count = 0
    for first in range(0, round(duration_s * PLATE_HZ), batch_count):
        time_s = np.arange(first, first + batch_count) / PLATE_HZ
        now_s = float(time_s[-1])
        walker.advance(now_s, SPEED_MPS, SPEED_MPS)
        while (instant_s := belt_count / BELT_HZ) <= now_s:
            yield instant_s, BeltSample(instant_s, SPEED_MPS, SPEED_MPS, 0.0)
            belt_count += 1
        while (instant_s := imu_count / IMU_HZ) <= now_s:
            for segment in SEGMENTS:
                yield instant_s, _imu(walker, segment, instant_s)
            imu_count += 1
        for name in PLATES:
            force_n, pressure_m = walker.plate(name, time_s)
            yield now_s, ForceSamples(name, first, time_s, force_n, np.zeros((batch_count, 3)), pressure_m)


def _imu(walker: Walker, segment: str, time_s: float) -> ImuSample:
    reading = walker.imu(segment, time_s, None)
    assert reading.acceleration_mps2 and reading.angular_rate_radps and reading.orientation_xyzw
    return ImuSample(segment, time_s, reading.acceleration_mps2, reading.angular_rate_radps, reading.orientation_xyzw)
