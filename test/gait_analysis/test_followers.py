# SPDX-License-Identifier: Apache-2.0
"""Streams that nothing waits for, while no plate leads: none shuts another out."""

import math

import numpy as np
import pytest

from gait_analysis.followers import Followers
from gait_sensing.samples import ForceSamples, ImuRow

STALE_S, STEP_S = 0.1, 0.01
STALLED = range(20, 60)  # samples of the right foot that never come


def imu(segment: str, number: int) -> list[ImuRow]:
    return [(number * STEP_S, 0.0, 0.0, 9.8, 0.0, 0.0, 0.0, *(math.nan,) * 4)]


def load_cell(name: str, number: int) -> ForceSamples:
    time_s, unknown = np.array([number * STEP_S]), np.full((1, 3), np.nan)
    return ForceSamples(name, number, time_s, np.zeros((1, 3)), unknown, unknown[:, :2])


@pytest.mark.parametrize("sample", [imu, load_cell])
def test_a_stream_that_is_always_fed_last_comes_back_after_a_stall(sample):
    followers = Followers(STALE_S)
    numbers = {name: [] for name in ("left_foot", "right_foot")}
    for number in range(100):
        for name in ("left_foot", "right_foot"):
            if name == "left_foot" or number not in STALLED:
                followers.feed(name, sample(name, number))
                for released, blocks in followers.release(followers.reached_s):
                    times_s = [block[0][0] if isinstance(block, list) else block.time_s[0] for block in blocks]
                    numbers[released] += [round(time_s / STEP_S) for time_s in times_s]
    assert numbers["left_foot"] == list(range(100))
    announcing = {0, STALLED.stop}  # each comes too late, and says that the stream is there
    assert numbers["right_foot"] == [n for n in range(100) if n not in STALLED and n not in announcing]
    assert followers.late_count == len(announcing)
