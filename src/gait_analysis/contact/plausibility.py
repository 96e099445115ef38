# SPDX-License-Identifier: Apache-2.0
"""What is not to be believed of motion sensors, of times, and of both plates together over a stride.

Both plates together bear the person's weight over a stride, whatever the gait; the foot on the left plate is left of
the other one. Where that is not so, mass, scale or sides are wrong: events stay what they are, with a reason; loads are
not told, and strides of the wrong feet are not accepted.
"""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from statistics import median
from typing import NamedTuple

import numpy as np

from gait_analysis.contact.edges import highest
from gait_sensing.samples import STANDARD_GRAVITY_MPS2, Array, ForceSamples, ImuRow

HIGHEST_MPS2, HIGHEST_RADPS = 2000.0, 100.0  # 200 g and 5700 degrees/s, beyond what worn sensors measure
MISSING_S = 0.1  # without a measurement for longer, contact is unknown
FROZEN_S, FROZEN_AT_REST_S = 0.1, 2.0  # unchanged values: not at rest noise alone changes the last bit
REST_RADPS, REST_MPS2 = 0.35, 1.5  # off no rate and off gravity
LEAST_BW, MOST_BW = 0.67, 1.33  # both plates over a stride; hands may bear some of it
SWAPPED_M = -0.03  # from the right foot to the left across: on its own belt each, feet do not cross
KEPT_COUNT, KNOWN_COUNT = 5, 3  # strides; the load is judged from the first on, the width once so many are known
CLIPPED_S = 0.05  # at the highest value of a stance: a peak is not so flat
LEAST_SAMPLES = 10  # of a stride, to know its mean


def in_order(samples: ForceSamples) -> ForceSamples | None:
    """Return the samples without those that are not later than all before them; ``None`` when there are none."""
    time_s = samples.time_s
    if np.count_nonzero(time_s[1:] > time_s[:-1]) == len(time_s) - 1 and math.isfinite(time_s[0]):
        return samples
    finite_s = np.where(np.isfinite(time_s), time_s, -np.inf)
    before_s = np.maximum.accumulate(np.concatenate(([-np.inf], finite_s[:-1])))
    return chosen(samples, finite_s > before_s)


class MotionCheck:
    """Judges the samples of one motion sensor; ``reason`` says why it is not believed now, empty when it is."""

    def __init__(self, segment: str) -> None:
        self._segment = segment
        self._values: Sequence[float] = ()  # the newest force and rate
        self._since_s = self._good_s = math.nan  # when the values came first, and the newest sample that was believed
        self.reason = ""

    def feed(self, rows: list[ImuRow]) -> tuple[list[ImuRow], list[tuple[float, str]]]:
        """Take the next rows, see ``ImuSamples``; return the measurements, and the changes of ``reason`` with times."""
        measured: list[ImuRow] = []
        changes: list[tuple[float, str]] = []
        last, since_s, good_s, reason = self._values, self._since_s, self._good_s, self.reason
        most_force2, most_rate2 = HIGHEST_MPS2**2, HIGHEST_RADPS**2
        for row in rows:
            time_s, values = row[0], row[1:7]
            if is_new := values != last:
                last, since_s = values, time_s
            a, b, c, x, y, z = values
            is_possible = a * a + b * b + c * c < most_force2 and x * x + y * y + z * z < most_rate2
            if is_new and is_possible and not reason:  # as nearly always
                measured.append(row)
                good_s = time_s
                continue
            wrong = "" if is_possible and is_new else self._wrong(values, time_s - since_s, is_possible)
            if not wrong:
                measured.append(row)
                good_s = time_s
            elif math.isnan(good_s):
                good_s = time_s
            elif time_s - good_s <= MISSING_S:
                wrong = ""
            if wrong != reason:
                reason = wrong
                changes.append((time_s, wrong))
        self._values, self._since_s, self._good_s, self.reason = last, since_s, good_s, reason
        return measured, changes

    def _wrong(self, values: Sequence[float], same_for_s: float, is_possible: bool) -> str:
        if not is_possible:  # nor is NaN
            is_number = all(map(math.isfinite, values))
            return f"{self._segment} sends " + ("values that no worn sensor measures" if is_number else "no numbers")
        force_mps2, rate_radps = math.hypot(*values[:3]), math.hypot(*values[3:])
        is_at_rest = rate_radps < REST_RADPS and abs(force_mps2 - STANDARD_GRAVITY_MPS2) < REST_MPS2
        limit_s = FROZEN_AT_REST_S if is_at_rest else FROZEN_S
        return f"{self._segment} is stuck: its values do not change" if same_for_s >= limit_s else ""


class Doubt(NamedTuple):
    """What is doubtful about the plates at the end of a stride."""

    text: str = ""  # in words; empty when nothing is
    is_other_foot: bool = False  # the stride may be one of the other foot
    is_load_wrong: bool = False  # loads are not those of one person of the given mass
    is_place_wrong: bool = False  # centres of pressure are not where they are told to be


class StrideDoubts:
    """What is doubtful about the plates of the last strides; ``weight_n`` NaN when unknown."""

    def __init__(self, streams: tuple[str, str], weight_n: float) -> None:
        self._left, self._right = streams
        self._weight_n = weight_n
        self._borne_bw, self._widths_m = deque[float](maxlen=KEPT_COUNT), deque[float](maxlen=KEPT_COUNT)

    def feed(self, loads_n: tuple[Array, Array], width_m: float) -> Doubt:
        """Take what each plate bore over a stride, [n] for each, and its step width; return what is doubtful."""
        if min(map(len, loads_n)) >= LEAST_SAMPLES and not math.isnan(self._weight_n):
            left_n, right_n = (float(load_n.sum()) / len(load_n) for load_n in loads_n)
            self._borne_bw.append((left_n + right_n) / self._weight_n)
        if not math.isnan(width_m):
            self._widths_m.append(width_m)
        if len(self._widths_m) >= KNOWN_COUNT and median(self._widths_m) < SWAPPED_M:
            text = f"{self._left} bears its load to the right of {self._right}: are the plates swapped?"
            return Doubt(text, is_other_foot=True, is_place_wrong=True)
        if self._borne_bw and not LEAST_BW < median(self._borne_bw) < MOST_BW:
            share = f"{median(self._borne_bw):.2f} body weights"
            text = f"both plates together bear {share}: is the mass right, and one person alone on them?"
            return Doubt(text, is_load_wrong=True)
        return Doubt()


def clip_level_n(time_s: Array, force_n: Array) -> float:
    """Return the force at which a plate was clipped in a stance of samples [n]; NaN when it was not."""
    if not len(force_n):
        return math.nan
    highest_n = highest(force_n)
    (at_top,) = (force_n == highest_n).nonzero()
    if len(at_top) == 1 or time_s[at_top[-1]] - time_s[at_top[0]] < CLIPPED_S:
        return math.nan
    breaks = np.flatnonzero(at_top[1:] - at_top[:-1] > 1)
    firsts, lasts = np.concatenate((at_top[:1], at_top[breaks + 1])), np.concatenate((at_top[breaks], at_top[-1:]))
    return highest_n if float((time_s[lasts] - time_s[firsts]).max()) >= CLIPPED_S else math.nan


def chosen(samples: ForceSamples, is_chosen: np.ndarray) -> ForceSamples | None:
    """Return the samples for which ``is_chosen`` [n] holds; ``None`` when it holds for none."""
    if not is_chosen.any():
        return None
    return replace(
        samples,
        time_s=samples.time_s[is_chosen],
        force_n=samples.force_n[is_chosen],
        moment_nm=samples.moment_nm[is_chosen],
        centre_of_pressure_m=samples.centre_of_pressure_m[is_chosen],
    )
