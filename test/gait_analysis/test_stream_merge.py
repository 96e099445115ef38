# SPDX-License-Identifier: Apache-2.0
"""The watermark: what waits, what is released, and what comes too late."""

import numpy as np

from gait_analysis.history import History
from gait_analysis.stream_merge import StreamMerge
from gait_sensing.samples import ForceSamples


def samples(name, *times_s):
    count = len(times_s)
    return ForceSamples(name, 0, np.array(times_s), np.zeros((count, 3)), np.zeros((count, 3)), np.zeros((count, 2)))


def released(merge, name):
    return [float(time_s) for batch in merge.release(name) for time_s in batch.time_s]


def test_nothing_is_released_before_both_have_begun():
    merge = StreamMerge(["a", "b"], 0.1)
    merge.feed(samples("a", 1.00, 1.01, 1.02))
    assert released(merge, "a") == []
    merge.feed(samples("b", 0.99, 1.01))
    assert (released(merge, "a"), released(merge, "b")) == ([1.00, 1.01], [0.99, 1.01])
    merge.feed(samples("b", 1.03))
    assert (released(merge, "a"), released(merge, "b")) == ([1.02], [])


def test_a_stale_stream_is_left_behind_and_comes_back():
    merge = StreamMerge(["a", "b"], 0.1)
    merge.feed(samples("b", 1.0))
    merge.feed(samples("a", 1.0, 1.05))
    assert released(merge, "a") == [1.0]
    merge.feed(samples("a", 1.125))
    assert released(merge, "a") == [1.05, 1.125]
    merge.feed(samples("a", 1.2))
    assert released(merge, "a") == [1.2]  # nobody waits for b any more
    merge.feed(samples("b", 1.15, 1.25))
    assert merge.late_count == 1
    assert released(merge, "b") == [1.0]
    merge.feed(samples("a", 1.3))
    assert (released(merge, "a"), released(merge, "b")) == ([], [1.25])  # a waits for b again


def test_a_stream_that_is_always_fed_last_comes_back_too():
    merge = StreamMerge(["a", "b"], 0.1)
    for time_s in (1.0, 1.2, 1.3):
        merge.feed(samples("a", time_s))
    merge.feed(samples("b", 1.3))  # too late, but it is back
    for time_s in (1.31, 1.32):
        merge.feed(samples("a", time_s))
        merge.feed(samples("b", time_s))
    assert released(merge, "b") == [1.31, 1.32]
    assert merge.late_count == 1


def test_samples_seen_before_are_dropped_and_counted():
    merge = StreamMerge(["a", "b"], 0.1)
    merge.feed(samples("a", 1.0, 1.01))
    merge.feed(samples("a", 1.005, 1.01))
    assert merge.late_count == 2


def test_history_keeps_what_it_promises_whatever_the_batches():
    random = np.random.default_rng(0)
    time_s = np.cumsum(random.uniform(0.0005, 0.0015, 20_000))
    values = random.standard_normal(len(time_s))
    history, first = History(1, 2.0), 0
    while first < len(time_s):
        end = min(first + int(random.integers(1, 400)), len(time_s))
        history.append(time_s[first:end], values[first:end])
        now_s = time_s[end - 1]
        rows = history.between(time_s[first] - 2.0, now_s)
        expected = time_s[:end] >= time_s[first] - 2.0
        assert np.array_equal(rows[:, 1], values[:end][expected])
        assert history.next_s(now_s) == np.inf
        first = end
