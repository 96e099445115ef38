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
from statistics import median

from gait_analysis.gait import Asymmetry, MetricAsymmetry, Stride
from gait_analysis.indices import INDICES
from gait_analysis.norms import norm
from gait_analysis.own_baseline import OwnBaseline, Spread
from gait_analysis.participant import Participant
from gait_analysis.parts import Metric
from gait_analysis.step_length_split import split_step_length
from gait_analysis.variability import Variability
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
    """The indices of one metric over the session."""

    def __init__(self, window_count: int, baseline: OwnBaseline) -> None:
        self.recent: deque[float] = deque(maxlen=window_count)
        self.median = math.nan  # over the window
        self.undefined_count = 0
        self.baseline = baseline

    def feed(self, value: float) -> None:
        """Take the index of the next pair, NaN when it is undefined."""
        if math.isnan(value):
            self.undefined_count += 1
        else:
            self.recent.append(value)
            self.median = median(self.recent)
            self.baseline.feed(value)


class AsymmetryTracker:
    """Compares each accepted stride with the other side's stride that ended within it."""

    def __init__(
        self, metrics: list[Metric], participant: Participant, window_count: int, settings: Settings | None = None
    ) -> None:
        self._metrics, self._settings = metrics, settings or Settings()
        has_prosthesis = participant.prosthetic_side is not None
        level = participant.amputation_level if has_prosthesis else "unknown"
        self._reference = participant.prosthetic_side or Side.LEFT  # takes the place of P
        self._index = INDICES[self._settings.index]
        names = [metric.name for metric in metrics]
        self._part_names = [f"step_length_{part}" for part in _PARTS] if "step_length" in names else []
        parts_text = INDICES["normalised_difference"].text(has_prosthesis)
        self._texts = dict.fromkeys(names, self._index.text(has_prosthesis)) | {
            f"step_length_{part}": f"part of step length due to {part}: {parts_text}" for part in _PARTS
        }
        self._norms = {name: norm(level, name, self._index) for name in names + self._part_names}
        given, count = self._settings.given_baselines(), self._settings.baseline_pairs_count
        self._series = {
            name: _Series(window_count, OwnBaseline(count, given.get(name))) for name in names + self._part_names
        }
        # of the parts of step length never fed: they are numbers of pairs, not of strides
        self._variability = {side: {name: Variability(window_count) for name in self._series} for side in Side}
        spreads = (self._variability[side].values() for side in (self._reference, self._reference.other))
        self._spreads = dict(zip(self._series, zip(*spreads, strict=True), strict=True))  # of both sides, P first
        self._rejected_count = 0  # strides that were not accepted
        self._latest: dict[Side, Stride] = {}
        # time and place of the last two contacts
        self._landings = {side: deque[tuple[float, float]](maxlen=2) for side in Side}

    def feed(self, stride: Stride, landing_m: float = math.nan) -> Asymmetry | None:
        """Return the asymmetry of the pair that ``stride`` completes, if it completes one.

        ``landing_m`` is where the contact that ends the stride was, forward positive in the lab frame.
        """
        self._landings[stride.side].append((stride.end_s, landing_m))
        if not stride.is_accepted:
            self._rejected_count += 1
            return None
        self._latest[stride.side] = stride
        variability = self._variability[stride.side]
        for metric in self._metrics:
            if not (metric.needs_foot_off and stride.stance_doubt):
                variability[metric.name].feed(metric.of(stride))
        other = self._latest.get(stride.side.other)
        if other is None or not stride.start_s < other.end_s < stride.end_s:
            return None
        pair = (stride, other) if stride.side is self._reference else (other, stride)
        measured = [self._compare(metric, *pair) for metric in self._metrics]
        measured += self._compare_parts(stride, other) if self._part_names else []
        return Asymmetry(time_s=stride.end_s, side=stride.side, metrics=tuple(measured))

    def _compare(self, metric: Metric, of_prosthetic: Stride, of_sound: Stride) -> MetricAsymmetry:
        prosthetic, sound = metric.of(of_prosthetic), metric.of(of_sound)
        value, reason = self._index.compare(prosthetic, sound)
        if metric.needs_foot_off:
            doubts = dict.fromkeys((of_prosthetic.stance_doubt, of_sound.stance_doubt))
            if doubt := "; ".join(filter(None, doubts)):
                value, reason = math.nan, reason or doubt
        return self._measured(metric.name, value, reason, (prosthetic, sound), metric.unit)

    def _compare_parts(self, stride: Stride, other: Stride) -> list[MetricAsymmetry]:
        """Return the parts of the step lengths' normalised difference; ``stride`` is of the foot b."""
        contacts_s = stride.start_s, other.end_s, stride.end_s
        sides = stride.side, other.side, stride.side
        b1_m, a2_m, b3_m = (
            dict(self._landings[side]).get(time_s, math.nan) for side, time_s in zip(sides, contacts_s, strict=True)
        )
        split = split_step_length(contacts_s, (b1_m, a2_m, b3_m), (other.step_length_m, stride.step_length_m))
        is_reference = stride.side is self._reference  # then a is the sound side, as in the index
        measured = []
        for name, part, unit, compared in zip(
            self._part_names, _PARTS, _PART_UNITS, (split.landings_m, split.step_times_s, split.speeds_mps), strict=True
        ):
            value = getattr(split, part) if is_reference else -getattr(split, part)
            prosthetic, sound = compared if is_reference else compared[::-1]
            reason = "not measured on both sides" if math.isnan(value) else ""
            measured.append(self._measured(name, value, reason, (prosthetic, sound), unit))
        return measured

    def _measured(
        self, name: str, value: float, reason: str, compared: tuple[float, float], unit: str
    ) -> MetricAsymmetry:
        series = self._series[name]
        series.feed(value)
        baseline, reference = series.baseline.spread, self._norms[name]
        prosthetic, sound = self._spreads[name]
        return MetricAsymmetry(
            name=name,
            index=self._texts[name],
            value=value,
            rolling_median=series.median,
            prosthetic_value=compared[0],
            sound_value=compared[1],
            unit=unit,
            strides_used_count=len(series.recent),
            strides_rejected_count=self._rejected_count + series.undefined_count,
            norm=reference[0],
            norm_source=reference[1],
            reason=reason,
            baseline=baseline.mean,
            baseline_sd=baseline.sd,
            change=series.median - baseline.mean,
            prosthetic_sd=prosthetic.sd,
            sound_sd=sound.sd,
            prosthetic_cv=prosthetic.cv,
            sound_cv=sound.cv,
            prosthetic_strides_count=prosthetic.strides_count,
            sound_strides_count=sound.strides_count,
        )
