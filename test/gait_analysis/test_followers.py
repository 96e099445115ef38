# SPDX-License-Identifier: Apache-2.0
"""Streams that nothing waits for, while no plate leads: none shuts another out."""

import math

import numpy as np
import pytest

from gait_analysis.followers import Followers
from gait_sensing.samples import ForceSamples, ImuSample

STALE_S, STEP_S = 0.1, 0.01
STALLED = range(20, 60)  # samples of the right foot that never come


def imu(segment: str, number: int) -> ImuSample:
    return ImuSample(segment, number * STEP_S, (0.0, 0.0, 9.8), (0.0, 0.0, 0.0), (math.nan,) * 4)


def load_cell(name: str, number: int) -> ForceSamples:
    time_s, unknown = np.array([number * STEP_S]), np.full((1, 3), np.nan)
    return ForceSamples(name, number, time_s, np.zeros((1, 3)), unknown, unknown[:, :2])


@pytest.mark.parametrize("sample", [imu, load_cell])
def test_a_stream_that_is_always_fed_last_comes_back_after_a_stall(sample):
    followers = Followers(STALE_S)
    released = []
    for number in range(100):
        for name in ("left_foot", "right_foot"):
            if name == "left_foot" or number not in STALLED:
                followers.feed(name, sample(name, number))
                released += followers.release(followers.reached_s)
    numbers = {name: [] for name in ("left_foot", "right_foot")}
    for time_s, each in released:
        numbers[each.segment if isinstance(each, ImuSample) else each.name].append(round(time_s / STEP_S))
    assert numbers["left_foot"] == list(range(100))
    announcing = {0, STALLED.stop}  # each comes too late, and says that the stream is there
    assert numbers["right_foot"] == [n for n in range(100) if n not in STALLED and n not in announcing]
    assert followers.late_count == len(announcing)
