# SPDX-License-Identifier: Apache-2.0
"""What a force stream sends that is not to be believed: no number, out of range, unchanged, or jumping.

Not believed are

* a sample that is no number, or beyond what a plate under a walker measures: it counts as missing;
* a load unchanged to the bit for ``FROZEN_S``: nobody stands that still. A load that again and again stops rising at
  the same level is clipped there: it is a load, only its peaks are unknown. One that again and again stops falling at
  the same level is none: a recording may be set to zero in swing, and its plate have been off zero;
* no load unchanged for ``LONG_FROZEN_S``: a recording may be set to zero in swing, but no swing is so long;
* what follows a jump that no foot makes, out of an unchanged stretch, for ``SETTLE_S``: its edge is the sensor's own.

Contact is then unknown with a reason, and no event is told; it is known again once the samples are good.

Source: loads of a foot rise by some 80 to 90 body weights a second in running (Milner et al. 2006, doi
10.1249/01.mss.0000183477.75808.92), far less in walking. The rest are our limits, far outside of walking.
"""

import math
from collections import deque
from typing import NamedTuple

import numpy as np

from gait_analysis.contact.edges import highest, lowest
from gait_analysis.contact.plausibility import chosen
from gait_analysis.parts import ContactChange, Detector
from gait_sensing.samples import Array, ForceSamples

HIGHEST_N = 20_000.0  # no plate under a walker sees more
MISSING_S = 0.05  # without a measurement for longer, contact is unknown
FROZEN_S, LONG_FROZEN_S = 0.2, 2.0
SETTLE_S = 0.1  # a foot's shortest contact or swing
SHORTEST_RUN_S = 0.05  # of unchanged samples: what is looked at, and more than a flat peak has
LOADED_N, LOADED_BW = 50.0, 0.1  # more than any drift
JUMP_BW, FASTEST_BWPS = 0.25, 100.0  # between two samples
USUAL_WEIGHT_N = 700.0  # where it is not known
TURNS_COUNT, SAME_COUNT = 10, 2  # stretches in which the load turned round; so many of them at one level are its own


class _Verdict(NamedTuple):
    time_s: float  # of the sample that told
    reason: str  # why the stream is not believed from now on; empty when it is
    from_s: float = -math.inf  # events from before are not told


class BelievedLoad:
    """Contact of one foot from what is believable of the force stream ``stream``, by ``detector``.

    ``weight_n`` is NaN when unknown; vertical forces below ``lowest_n`` are no measurement. Results depend on the
    samples alone, not on how they are cut into batches.
    """

    def __init__(self, stream: str, detector: Detector, weight_n: float, lowest_n: float) -> None:
        self._stream, self._detector, self._lowest_n = stream, detector, lowest_n
        self._frozen = _Frozen(stream, weight_n)
        self._measured_s, self._is_missing = math.nan, False
        self._reason, self._from_s = "", -math.inf
        self._last: ContactChange | None = None  # what the detector told last

    def feed(self, samples: ForceSamples) -> tuple[ForceSamples | None, list[ContactChange]]:
        """Take the next samples; return those that are measurements, and the changes of contact that they tell."""
        force_n = samples.force_n
        verdicts: list[_Verdict] = []
        if self._is_missing or not self._is_in_range(force_n):
            is_measured = (np.abs(force_n) < HIGHEST_N).all(axis=1) & (force_n[:, 2] > self._lowest_n)
            verdicts += self._missing(samples.time_s, force_n, is_measured)
            measured = chosen(samples, is_measured)
            if measured is None:
                return None, self._believed([], verdicts)
            samples = measured
        self._measured_s = float(samples.time_s[-1])
        verdicts += self._frozen.feed(samples.time_s, samples.force_n[:, 2])
        changes = self._detector.feed(samples)
        if self._reason or verdicts or changes:
            changes = self._believed(changes, sorted(verdicts, key=_told_s))
        return samples, changes

    def _is_in_range(self, force_n: Array) -> bool:
        lowest_n = lowest(force_n)
        if not (lowest_n > -HIGHEST_N and highest(force_n) < HIGHEST_N):
            return False
        return lowest_n > self._lowest_n or lowest(force_n[:, 2]) > self._lowest_n

    def _missing(self, time_s: Array, force_n: Array, is_measured: np.ndarray) -> list[_Verdict]:
        """Return from when on there is no measurement, and when there is one again."""
        verdicts: list[_Verdict] = []
        for instant_s, row, is_there in zip(time_s.tolist(), force_n, is_measured.tolist(), strict=True):
            if math.isnan(self._measured_s) or is_there:
                self._measured_s = instant_s
            if is_there and self._is_missing:
                verdicts.append(_Verdict(instant_s, ""))
            elif not is_there and not self._is_missing and instant_s - self._measured_s > MISSING_S:
                verdicts.append(_Verdict(instant_s, self._what_is_wrong(row)))
            else:
                continue
            self._is_missing = not is_there
        return verdicts

    def _what_is_wrong(self, row: Array) -> str:
        if np.isnan(row).any():
            return f"{self._stream} sends no numbers"
        if abs(row).max() >= HIGHEST_N:
            return f"{self._stream} sends {row[abs(row).argmax()]:.0f} N, which no plate under a walker measures"
        return f"{self._stream} is pulled up by {-row[2]:.0f} N: is its sign reversed, or its zero lost?"

    def _believed(self, changes: list[ContactChange], verdicts: list[_Verdict]) -> list[ContactChange]:
        """Return the changes of contact, without what the detector told while the stream was not believed."""
        told: list[ContactChange] = []
        pending = deque(changes)
        for verdict in (*verdicts, _Verdict(math.inf, "")):
            while pending and pending[0].detected_s < verdict.time_s:
                told += self._passed(pending.popleft())
            if verdict.time_s == math.inf:
                break
            was_believed, self._reason = not self._reason, verdict.reason
            self._from_s = max(self._from_s, verdict.from_s)
            baseline_n = self._last.baseline_n if self._last else 0.0
            if verdict.reason:
                told.append(ContactChange(verdict.time_s, baseline_n, None, reason=verdict.reason))
            elif not (was_believed or (pending and pending[0].detected_s == verdict.time_s)):
                known = self._last or ContactChange(verdict.time_s, baseline_n, None)
                told.append(known._replace(detected_s=verdict.time_s, event=None))
        return told

    def _passed(self, change: ContactChange) -> list[ContactChange]:
        self._last = change
        if self._reason:
            return []
        if change.event is not None and change.event.time_s < self._from_s:
            return [change._replace(event=None)]
        return [change]


class _Frozen:
    """Stretches in which a vertical force does not change, and what follows them."""

    def __init__(self, stream: str, weight_n: float) -> None:
        self._stream = stream
        self._weight_n = USUAL_WEIGHT_N if math.isnan(weight_n) else weight_n
        self._newest_s = self._since_s = math.nan  # newest sample, and since when the force is what it is
        self._force_n = self._before_n = math.nan  # what it is, and was before
        self._is_told = False  # that this stretch is not believed
        self._settled_s = math.inf  # from when on it is believed again
        self._turns_n: deque[float] = deque(maxlen=TURNS_COUNT)  # where a load stopped rising or falling for a while

    def feed(self, time_s: Array, force_n: Array) -> list[_Verdict]:
        """Take the next measurements; return when they begin and cease to be believable."""
        is_new = force_n[1:] != force_n[:-1]
        is_first_new = force_n[0] != self._force_n or time_s[0] - self._newest_s > MISSING_S
        is_usual = self._newest_s - self._since_s < SHORTEST_RUN_S and self._settled_s == math.inf
        if is_usual and is_first_new and np.count_nonzero(is_new) == len(is_new):
            self._before_n = float(force_n[-2]) if len(force_n) > 1 else self._force_n
            self._since_s = self._newest_s = float(time_s[-1])
            self._force_n = float(force_n[-1])
            return []
        is_new |= time_s[1:] - time_s[:-1] > MISSING_S
        return self._look(time_s, force_n, np.concatenate(((is_first_new,), is_new)))

    def _look(self, time_s: Array, force_n: Array, is_new: np.ndarray) -> list[_Verdict]:
        verdicts: list[_Verdict] = []
        starts = np.flatnonzero(is_new)
        bounds = [0, *starts.tolist(), len(time_s)]
        begins_s = np.concatenate(((self._since_s,), time_s[starts]))
        ends_s = np.concatenate((time_s[starts - 1], time_s[-1:]))  # of the one before the first sample set below
        if len(starts) and starts[0] == 0:
            ends_s[0] = self._newest_s
        for number in np.flatnonzero(ends_s - begins_s >= SHORTEST_RUN_S).tolist():
            first, end = bounds[number], bounds[number + 1]
            if number:
                before_n = float(force_n[first - 1]) if first else self._force_n
                verdicts += self._settle(time_s[:first])
                self._begin(float(time_s[first]), float(force_n[first]), before_n)
            verdicts += self._settle(time_s[:end])
            verdicts += self._stay(time_s[first:end])
            if end < len(time_s):
                verdicts += self._end(float(ends_s[number]), float(time_s[end]), float(force_n[end]))
        verdicts += self._settle(time_s)
        if len(starts) and begins_s[-1] != self._since_s:
            last = int(starts[-1])
            self._begin(float(time_s[last]), float(force_n[last]), float(force_n[last - 1]) if last else self._force_n)
        self._newest_s = float(time_s[-1])
        return verdicts

    def _begin(self, time_s: float, force_n: float, before_n: float) -> None:
        self._since_s, self._before_n, self._force_n, self._is_told = time_s, before_n, force_n, False

    def _settle(self, time_s: Array) -> list[_Verdict]:
        """Return when what followed a jump was over."""
        index = int(time_s.searchsorted(self._settled_s))
        if index == len(time_s):
            return []
        from_s, self._settled_s = self._settled_s, math.inf
        return [_Verdict(float(time_s[index]), "", from_s)]

    def _stay(self, time_s: Array) -> list[_Verdict]:
        """Look at the next samples of a stretch."""
        is_short = self._is_loaded and self._turns_n.count(self._force_n) < SAME_COUNT
        limit_s = FROZEN_S if is_short else LONG_FROZEN_S
        index = int(time_s.searchsorted(self._since_s + limit_s))
        if self._is_told or index == len(time_s):
            return []
        self._is_told, self._settled_s = True, math.inf
        return [_Verdict(float(time_s[index]), f"{self._stream} is stuck at {self._force_n:.0f} N")]

    def _end(self, end_s: float, time_s: float, force_n: float) -> list[_Verdict]:
        """Look at the first sample after a stretch."""
        limit_n = self._weight_n * max(JUMP_BW, FASTEST_BWPS * (time_s - end_s))
        is_loaded, was_told = self._is_loaded, self._is_told
        self._is_told = False
        if abs(force_n - self._force_n) > limit_n:
            self._settled_s = time_s + SETTLE_S
            return [_Verdict(time_s, f"{self._stream} jumped from {self._force_n:.0f} to {force_n:.0f} N")]
        if is_loaded and (self._before_n < self._force_n) == (force_n < self._force_n):
            self._turns_n.append(self._force_n)
        if not was_told:
            return []
        if not is_loaded:
            return [_Verdict(time_s, "")]
        self._settled_s = time_s + SETTLE_S
        return []

    @property
    def _is_loaded(self) -> bool:
        return self._force_n > max(LOADED_N, LOADED_BW * self._weight_n)


def _told_s(verdict: _Verdict) -> float:
    return verdict.time_s
