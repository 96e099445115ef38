# SPDX-License-Identifier: Apache-2.0
"""How the limbs differ: the normalised difference of each metric between consecutive strides of the two sides.

The index is ``ND = (S - P) / (S + P)`` with S the sound and P the prosthetic side, positive when larger on the sound
side. Where neither side is a prosthesis it is ``(R - L) / (R + L)``, positive when larger on the right. It relates to
the symmetry index of Robinson, Herzog and Nigg (1987) for the same two values by
``SI = -200 ND``. Over several strides the median of the pairs' indices is reported, not the index of means.
"""

import math
from collections import deque
from statistics import median

from gait_analysis.gait import Asymmetry, MetricAsymmetry, Stride
from gait_analysis.participant import Participant
from gait_analysis.parts import Metric
from gait_sensing.samples import Side

_LEAST_SUM = 1e-3  # in the metric's unit (seconds, metres, body weights): below it the quotient means nothing
_SOUND_INDEX = "(S - P) / (S + P), S sound, P prosthetic; positive: larger on the sound side"
_RIGHT_INDEX = "(R - L) / (R + L), R right, L left; positive: larger on the right side"


def normalised_difference(prosthetic: float, sound: float) -> tuple[float, str]:
    """Return ``(sound - prosthetic) / (sound + prosthetic)`` and "", or NaN and why it is undefined."""
    if math.isnan(prosthetic) or math.isnan(sound):
        return math.nan, "not measured on both sides"
    if prosthetic * sound < 0.0:
        return math.nan, "the sides have opposite signs"
    if abs(prosthetic + sound) < _LEAST_SUM:
        return math.nan, "both sides are nearly zero"
    return (sound - prosthetic) / (sound + prosthetic), ""


class AsymmetryTracker:
    """Compares each accepted stride with the other side's stride that ended within it."""

    def __init__(self, metrics: list[Metric], participant: Participant, window_count: int) -> None:
        self._metrics = metrics
        self._reference = participant.prosthetic_side or Side.LEFT  # takes the place of P
        self._index = _SOUND_INDEX if participant.prosthetic_side else _RIGHT_INDEX
        self._values: dict[str, deque[float]] = {metric.name: deque(maxlen=window_count) for metric in metrics}
        self._undefined_count = dict.fromkeys(self._values, 0)
        self._rejected_count = 0  # strides that were not accepted
        self._latest: dict[Side, Stride] = {}

    def feed(self, stride: Stride) -> Asymmetry | None:
        """Return the asymmetry of the pair that ``stride`` completes, if it completes one."""
        if not stride.is_accepted:
            self._rejected_count += 1
            return None
        self._latest[stride.side] = stride
        other = self._latest.get(stride.side.other)
        if other is None or not stride.start_s < other.end_s < stride.end_s:
            return None
        pair = {stride.side: stride, other.side: other}
        measured = tuple(self._compare(metric, pair) for metric in self._metrics)
        return Asymmetry(time_s=stride.end_s, side=stride.side, metrics=measured)

    def _compare(self, metric: Metric, pair: dict[Side, Stride]) -> MetricAsymmetry:
        prosthetic, sound = metric.of(pair[self._reference]), metric.of(pair[self._reference.other])
        value, reason = normalised_difference(prosthetic, sound)
        values = self._values[metric.name]
        if reason:
            self._undefined_count[metric.name] += 1
        else:
            values.append(value)
        return MetricAsymmetry(
            name=metric.name,
            index=self._index,
            value=value,
            rolling_median=median(values) if values else math.nan,
            prosthetic_value=prosthetic,
            sound_value=sound,
            unit=metric.unit,
            strides_used_count=len(values),
            strides_rejected_count=self._rejected_count + self._undefined_count[metric.name],
            reason=reason,
        )
