# SPDX-License-Identifier: Apache-2.0
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gait_sensing.calibration.time_blocks import TimeBlocks


def test_a_block_is_given_when_a_sample_of_another_comes() -> None:
    blocks = TimeBlocks(0.5)
    assert blocks.feed(np.array([10.0, 10.2]), np.array([1.0, 2.0])) == []
    assert blocks.feed(np.array([10.4]), np.array([3.0])) == []
    assert blocks.feed(np.array([]), np.array([])) == []
    ((number, values),) = blocks.feed(np.array([10.5]), np.array([4.0]))
    assert (number, values.tolist()) == (20, [1.0, 2.0, 3.0])


def test_numbers_show_a_gap_and_a_clock_that_was_set_back() -> None:
    blocks = TimeBlocks(1.0)
    fed = blocks.feed(np.array([1.5, 7.5, 3.5, 3.6, 4.0]), np.arange(5.0))
    assert [(number, values.tolist()) for number, values in fed] == [(1, [0.0]), (7, [1.0]), (3, [2.0, 3.0])]


@given(st.lists(st.integers(0, 50), max_size=20).map(sorted))
def test_blocks_are_the_same_however_the_samples_are_cut(cuts: list[int]) -> None:
    time_s, values = 1.7e9 + np.arange(50) * 0.013, np.arange(100.0).reshape(50, 2)
    whole, parts = TimeBlocks(0.05), TimeBlocks(0.05)
    fed = []
    for start, end in zip([0, *cuts], [*cuts, 50], strict=True):
        fed += parts.feed(time_s[start:end], values[start:end])
    expected = [(number, block.tolist()) for number, block in whole.feed(time_s, values)]
    assert [(number, block.tolist()) for number, block in fed] == expected
    assert len(expected) == 12
