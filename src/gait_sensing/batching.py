# SPDX-License-Identifier: Apache-2.0
"""Joins the samples of several short reads into one message's worth: messages cost by the piece, not by the byte."""

import numpy as np

from gait_sensing.samples import ForceSamples


class Batcher:
    """Holds samples until they span ``max_batch_s``; none waits longer while samples keep coming.

    ``sample_interval_s`` is the nominal time between samples: the span of n samples is n intervals.
    """

    def __init__(self, max_batch_s: float, sample_interval_s: float) -> None:
        # half an interval of room, so that jitter of the stamps does not hold a full batch back for one more read
        self._full_s = max_batch_s - 1.5 * sample_interval_s
        self._held: list[ForceSamples] = []
        self._next_count = 0

    def feed(self, samples: ForceSamples) -> list[ForceSamples]:
        """Return the batches that ``samples`` completes. Samples on both sides of a gap are never joined."""
        batches = []
        if self._held and samples.first_sample_count != self._next_count:
            batches.append(self._release())
        self._held.append(samples)
        self._next_count = samples.first_sample_count + len(samples.time_s)
        if samples.time_s[-1] - self._held[0].time_s[0] >= self._full_s:
            batches.append(self._release())
        return batches

    def _release(self) -> ForceSamples:
        held, self._held = self._held, []
        if len(held) == 1:
            return held[0]
        return ForceSamples(
            held[0].name,
            held[0].first_sample_count,
            np.concatenate([s.time_s for s in held]),
            np.concatenate([s.force_n for s in held]),
            np.concatenate([s.moment_nm for s in held]),
            np.concatenate([s.centre_of_pressure_m for s in held]),
        )
