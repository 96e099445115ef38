# SPDX-License-Identifier: Apache-2.0
"""How the limbs differ: an index of each metric between consecutive strides of the two sides.

The index is the one of ``indices`` that the settings name; its definition and sign go with each number. Over several
strides the median of the pairs' indices is reported, not the index of means. Beside it stand the person's own baseline
(the first pairs of the session, or given numbers), the change from it, and a published norm where there is one.

Beside each value stands how much it varies over that side's last accepted strides: see ``variability``.

Durations that begin or end with a foot off are not compared where a stride of the pair has a ``stance_doubt``, as when
an IMU alone tells of foot off: its errors are not alike on both legs. For this reason Simonetti et al. (2020, Med Biol
Eng Comput 58:461) found asymmetry of stance from IMUs to differ from that of insoles in transfemoral amputees. The
values stay, the index is undefined and the doubt is its reason. Such values are left out of the variability too, which
the scatter of the detection would fill.

With the metric ``step_length`` come three more, the parts of its normalised difference: see ``step_length_split``.
"""

import math
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from gait_analysis.comparison.indices import INDICES
from gait_analysis.comparison.norms import norm
from gait_analysis.comparison.own_baseline import OwnBaseline, Spread
from gait_analysis.comparison.step_length_split import split_step_length
from gait_analysis.comparison.variability import Variability
from gait_analysis.contact.edges import middle
from gait_analysis.gait import Asymmetry, MetricAsymmetry, Stride
from gait_analysis.participant import Participant
from gait_analysis.parts import Metric
from gait_parts import settings as parts
from gait_parts.settings import setting
from gait_sensing.samples import Side

_PARTS = ("placement", "timing", "speed")
_PART_UNITS = ("m", "s", "m/s")


@dataclass(frozen=True)
class Settings(parts.Settings):
    """Settings of the comparison between the limbs."""

    index: str = setting("normalised_difference", "definition of asymmetry", choices=tuple(INDICES))
    baseline_pairs_count: int = setting(20, "first pairs of strides that make the own baseline", low=2, high=1000)
    baseline_metrics: list[str] = setting([], "metrics whose own baseline is given instead")
    baseline_means: list[float] = setting([], "their means, as the index, in the order of baseline_metrics")
    baseline_sds: list[float] = setting([], "their standard deviations, in the same order")

    def __post_init__(self) -> None:
        """Check each setting, then that the lists belong together."""
        super().__post_init__()
        counts = [len(each) for each in (self.baseline_metrics, self.baseline_means, self.baseline_sds)]
        if len(set(counts)) != 1:
            raise ValueError(
                f"baseline_metrics, baseline_means, baseline_sds: got {counts[0]}, {counts[1]} and {counts[2]} "
                "entries, expected as many of each"
            )

    def given_baselines(self) -> dict[str, Spread]:
        """Return the baselines that are given, by metric."""
        given = zip(self.baseline_metrics, self.baseline_means, self.baseline_sds, strict=True)
        return {name: Spread(float(mean), float(sd)) for name, mean, sd in given}


class _Series:
    """One metric over the session: the indices of its pairs, and how much it varies on each side, P first."""

    def __init__(
        self, head: tuple[str, str, str], norm: tuple[float, str], window_count: int, baseline: OwnBaseline
    ) -> None:
        self._name, self._text, self._unit = head
        self._norm, self._norm_source = norm
        self._recent: deque[float] = deque(maxlen=window_count)
        self._median = math.nan  # over the window
        self._undefined_count = 0
        self._baseline = baseline
        self.spreads = Variability(window_count), Variability(window_count)

    def feed(self, value: float, reason: str, compared: tuple[float, float], rejected_count: int) -> MetricAsymmetry:
        """Take the index of the next pair, NaN when it is undefined for ``reason``, and what it compares, P first."""
        if math.isnan(value):
            self._undefined_count += 1
        else:
            self._recent.append(value)
            self._median = middle(sorted(self._recent))
            self._baseline.feed(value)
        baseline, (prosthetic, sound) = self._baseline.spread, self.spreads
        return MetricAsymmetry(  # by place, which takes a third of the time that names take
            self._name,
            self._text,
            value,
            self._median,
            *compared,
            self._unit,
            len(self._recent),
            rejected_count + self._undefined_count,
            math.nan,  # the target: of who trains, not of the analysis
            self._norm,
            self._norm_source,
            reason,
            baseline.mean,
            baseline.sd,
            self._median - baseline.mean,
            prosthetic.sd,
            sound.sd,
            prosthetic.cv,
            sound.cv,
            prosthetic.strides_count,
            sound.strides_count,
        )


class _Measured(NamedTuple):
    """An accepted stride and each metric of it."""

    stride: Stride
    values: list[float]


class AsymmetryTracker:
    """Compares each accepted stride with the other side's stride that ended within it."""

    def __init__(
        self, metrics: list[Metric], participant: Participant, window_count: int, settings: Settings | None = None
    ) -> None:
        self._metrics, settings = metrics, settings or Settings()
        has_prosthesis = participant.prosthetic_side is not None
        self._reference = participant.prosthetic_side or Side.LEFT  # takes the place of P
        self._index = INDICES[settings.index]
        given, count = settings.given_baselines(), settings.baseline_pairs_count

        def series(name: str, text: str, unit: str) -> _Series:
            baseline = OwnBaseline(count, given.get(name))
            return _Series((name, text, unit), norm(participant, name, self._index), window_count, baseline)

        text, parts_text = self._index.text(has_prosthesis), INDICES["normalised_difference"].text(has_prosthesis)
        self._series = [series(metric.name, text, metric.unit) for metric in metrics]
        self._parts = [  # their spreads are never fed: they are numbers of pairs, not of strides
            series(f"step_length_{part}", f"part of step length due to {part}: {parts_text}", unit)
            for part, unit in zip(_PARTS, _PART_UNITS, strict=True)
            if "step_length" in [metric.name for metric in metrics]
        ]
        self._rejected_count = 0  # strides that were not accepted
        self._latest: dict[Side, _Measured] = {}
        # time and place of the last two contacts
        self._landings = {side: deque[tuple[float, float]](maxlen=2) for side in Side}

    def feed(self, stride: Stride, landing_m: float = math.nan) -> Asymmetry | None:
        """Return the asymmetry of the pair that ``stride`` completes, if it completes one.

        ``landing_m`` is where the contact that ends the stride was, forward positive in the lab frame.
        """
        side = stride.side
        self._landings[side].append((stride.end_s, landing_m))
        if not stride.is_accepted:
            self._rejected_count += 1
            return None
        measured = _Measured(stride, [metric.of(stride) for metric in self._metrics])
        self._latest[side] = measured
        is_reference = side is self._reference
        for metric, series, value in zip(self._metrics, self._series, measured.values, strict=True):
            if not (metric.needs_foot_off and stride.stance_doubt):
                series.spreads[0 if is_reference else 1].feed(value)
        other = self._latest.get(side.other)
        if other is None or not stride.start_s < other.stride.end_s < stride.end_s:
            return None
        found = self._compare(measured, other) if is_reference else self._compare(other, measured)
        found += self._compare_parts(stride, other.stride) if self._parts else []
        return Asymmetry(stride.end_s, side, tuple(found))

    def _compare(self, prosthetic: _Measured, sound: _Measured) -> list[MetricAsymmetry]:
        doubts = filter(None, (prosthetic.stride.stance_doubt, sound.stride.stance_doubt))
        doubt = "; ".join(dict.fromkeys(doubts))
        found = []
        values = prosthetic.values, sound.values
        for metric, series, of_prosthetic, of_sound in zip(self._metrics, self._series, *values, strict=True):
            value, reason = self._index.compare(of_prosthetic, of_sound)
            if doubt and metric.needs_foot_off:
                value, reason = math.nan, reason or doubt
            found.append(series.feed(value, reason, (of_prosthetic, of_sound), self._rejected_count))
        return found

    def _compare_parts(self, stride: Stride, other: Stride) -> list[MetricAsymmetry]:
        """Return the parts of the step lengths' normalised difference; ``stride`` is of the foot b."""
        own_m, others_m = dict(self._landings[stride.side]), dict(self._landings[other.side])
        contacts_s = stride.start_s, other.end_s, stride.end_s
        landings_m = own_m.get(contacts_s[0], math.nan), others_m.get(contacts_s[1], math.nan), own_m[contacts_s[2]]
        split = split_step_length(contacts_s, landings_m, (other.step_length_m, stride.step_length_m))
        is_reference = stride.side is self._reference  # then a is the sound side, as in the index
        found = []
        for series, value, compared in zip(self._parts, split[:3], split[3:], strict=True):
            reason = "not measured on both sides" if math.isnan(value) else ""
            if not is_reference:
                value, compared = -value, compared[::-1]
            found.append(series.feed(value, reason, compared, self._rejected_count))
        return found
