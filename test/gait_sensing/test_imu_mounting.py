# SPDX-License-Identifier: Apache-2.0
"""Mountings found on the simulated walker, whose IMUs all have x forward, y left, z up: what is turned is the truth."""

import math
from functools import cache

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from gait_analysis.events import EventKind
from gait_sensing.imu_mounting import ImuMounting, MountingSettings
from gait_sensing.samples import ImuSample
from gait_sim.body_motion import SEGMENTS
from gait_sim.walker import Walker, WalkerSettings

RATE_HZ = 100
START_S = 1_700_000_000.0  # host time is Unix time
STAND_S, WALK_S, STOP_S = 4.0, 21.0, 6.0
NO_ORIENTATION = (math.nan,) * 4


@cache
def walk(speed_mps: float = 1.1, prosthetic_side: str = "left", seed: int = 1):
    """Samples of all segments, [n, 7] each, and true contacts: stands, walks, stands."""
    walker = Walker(WalkerSettings(prosthetic_side=prosthetic_side, seed=seed))
    count = round((STAND_S + WALK_S + STOP_S) * RATE_HZ)
    readings = {segment: np.zeros((count, 7)) for segment in SEGMENTS}
    contacts = []
    for index in range(count):
        time_s = index / RATE_HZ
        belt_mps = speed_mps if STAND_S <= time_s < STAND_S + WALK_S else 0.0
        contacts += [
            (event.side, START_S + event.time_s)
            for event in walker.advance(time_s + 0.001, belt_mps, belt_mps)
            if event.kind is EventKind.INITIAL_CONTACT
        ]
        for segment in SEGMENTS:
            reading = walker.imu(segment, time_s, None)
            readings[segment][index] = (START_S + time_s, *reading.acceleration_mps2, *reading.angular_rate_radps)
    return readings, contacts


def turned(reading, rotation):
    """What a sensor measures that is mounted with ``rotation``, sensor axes to segment axes."""
    back = rotation.inv()
    return np.hstack([reading[:, :1], back.apply(reading[:, 1:4]), back.apply(reading[:, 4:])])


def samples_of(segment, reading):
    return [ImuSample(segment, row[0], tuple(row[1:4]), tuple(row[4:]), NO_ORIENTATION) for row in reading.tolist()]


def run(readings, contacts=(), settings=None, batch_count=10):
    mounting = ImuMounting(settings or MountingSettings(), list(readings))
    samples = {segment: samples_of(segment, reading) for segment, reading in readings.items()}
    for side, time_s in contacts:
        mounting.feed_contact(side, time_s)
    for first in range(0, max(map(len, samples.values())), batch_count):
        for series in samples.values():
            for sample in series[first : first + batch_count]:
                mounting.feed(sample)
    return mounting


def errors(mounting):
    return [finding for finding in mounting.findings() if finding.level != "info"]


def angle_deg(result, truth):
    return math.degrees((Rotation.from_quat(result.rotation_xyzw) * truth.inv()).magnitude())


def mountings(seed):
    return dict(zip(SEGMENTS, Rotation.random(len(SEGMENTS), rng=np.random.default_rng(seed)), strict=True))


@pytest.mark.parametrize("speed_mps", [0.5, 1.1, 1.6])
def test_random_mountings_are_found(speed_mps):
    readings, contacts = walk(speed_mps)
    truth = mountings(3)
    mounting = run({segment: turned(readings[segment], truth[segment]) for segment in SEGMENTS}, contacts)
    assert mounting.is_complete
    for segment in SEGMENTS:
        result = mounting.result(segment)
        assert angle_deg(result, truth[segment]) < (5.0 if segment == "pelvis" else 2.0)
        assert result.tilt_spread_rad < 0.01
        assert result.stride_count >= 5
        assert result.stride_agreement >= 0.8
        assert (result.rate_share > 0.9) == (segment != "pelvis")
    assert mounting.findings() == []


def test_how_samples_are_interleaved_changes_nothing():
    readings, contacts = walk()
    results = []
    for batch_count in (1, 7, 1000):
        mounting = run(readings, contacts, batch_count=batch_count)
        results.append([mounting.result(segment) for segment in SEGMENTS] + mounting.findings())
    assert results[0] == results[1] == results[2]
    assert results[0][0] is not None
