# SPDX-License-Identifier: Apache-2.0
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gait_sensing.batching import Batcher
from gait_sensing.samples import ForceSamples


def samples(first_count, n, interval_s=0.001):
    counts = np.arange(first_count, first_count + n)
    columns = np.repeat(counts[:, None], 3, axis=1).astype(float)
    return ForceSamples("left_belt", first_count, counts * interval_s, columns, columns, columns[:, :2])


def test_two_milliseconds_hold_two_samples_at_1_khz():
    batcher = Batcher(0.002, 0.001)
    assert batcher.feed(samples(0, 1)) == []
    (batch,) = batcher.feed(samples(1, 1))
    assert batch.first_sample_count == 0
    assert batch.time_s.tolist() == [0.0, 0.001]


def test_a_slow_device_is_not_held_back():
    batcher = Batcher(0.002, 0.01)
    assert len(batcher.feed(samples(0, 1, 0.01))) == 1


def test_samples_on_both_sides_of_a_gap_are_not_joined():
    batcher = Batcher(0.002, 0.001)
    batcher.feed(samples(0, 1))
    before, after = batcher.feed(samples(7, 2))
    assert (before.first_sample_count, len(before.time_s)) == (0, 1)
    assert (after.first_sample_count, len(after.time_s)) == (7, 2)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=40))
def test_nothing_is_lost_or_reordered(sizes):
    batcher, count, out = Batcher(0.004, 0.001), 0, []
    for n in sizes:
        out += batcher.feed(samples(count, n))
        count += n
    out += batcher.feed(samples(count + 100, 4))  # a gap releases what is held
    numbers = np.concatenate([batch.force_n[:, 0] for batch in out])
    assert numbers.tolist() == [*range(count), *range(count + 100, count + 104)]
