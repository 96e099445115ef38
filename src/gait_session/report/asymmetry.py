# SPDX-License-Identifier: Apache-2.0
"""The report's tables of asymmetry: both sides, against the own baseline and the norm, its variability, its parts."""

import math
from collections.abc import Callable, Iterable, Iterator
from statistics import fmean, median

import numpy as np

from gait_analysis.gait import MetricAsymmetry
from gait_session.report.data import Walk
from gait_session.report.figures import is_ratio, metric_name, metric_series
from gait_session.report.numbers import NOT_MEASURED, Table, number, percent

_WHOLE = "step_length"
_PARTS = {"placement": "where the feet land", "timing": "times of the steps", "speed": "speeds of the belts"}
Row = Callable[[str, list[MetricAsymmetry]], tuple[str, ...]]


def index_of(walk: Walk) -> str:
    """Return how the asymmetry is defined, in the analysis's own words."""
    return next((metric.index for _, series in _series(walk) for metric in series), "")


def asymmetry_table(walk: Walk) -> Table:
    """Each metric on both sides and its index, as medians over the session."""
    head = ("metric", *side_names(walk), "asymmetry", "middle half of pairs", "pairs", "target")
    table = _table(walk, head, _both_sides)
    if any(row[-1] for row in table.rows):
        return table
    return Table(head[:-1], [row[:-1] for row in table.rows])


def reference_table(walk: Walk) -> Table:
    """Each index at the end of the session beside the own baseline and the norm."""
    count = walk.asymmetry_settings().baseline_pairs_count
    sources = norm_sources(walk)

    def row(name: str, series: list[MetricAsymmetry]) -> tuple[str, ...]:
        last = series[-1]
        marks = [str(place) for place, source in enumerate(sources, start=1) if source == last.norm_source]
        return (
            metric_name(name),
            index_words(last.rolling_median, last.index),
            str(last.strides_used_count),
            *_against_baseline(last, min(count, len(_known(series))), count),
            "none" if math.isnan(last.norm) else f"{index_words(last.norm, last.index)} [{', '.join(marks)}]",
        )

    return _table(walk, ("metric", "at the end", "pairs", "own baseline", "change", "norm"), row)


def norm_sources(walk: Walk) -> list[str]:
    """Return the citations of the norms in ``reference_table``, in the order of their numbers there."""
    last = [series[-1] for _, series in _series(walk)]
    return list(dict.fromkeys(metric.norm_source for metric in last if not math.isnan(metric.norm)))


def norms_lacking(walk: Walk) -> list[str]:
    """Return why there are no norms, each with its metrics."""
    names: dict[str, list[str]] = {}
    for name, series in _series(walk):
        if math.isnan(series[-1].norm) and series[-1].norm_source:
            names.setdefault(series[-1].norm_source, []).append(metric_name(name))
    return [f"{why} ({', '.join(metrics)})" for why, metrics in names.items()]


def variability_table(walk: Walk) -> Table:
    """How much each metric varies from stride to stride at the end of the session, on either side."""
    first, second = side_names(walk)
    head = ("metric", f"{first}: SD", "CV", "strides", f"{second}: SD", "CV", "strides")
    return _table(walk, head, _varied)


def split_table(walk: Walk) -> Table:
    """Where the asymmetry of step length comes from: means over the pairs that have all parts, so that they add up."""
    parts = {part: [metric for _, metric in metric_series(walk, f"{_WHOLE}_{part}")] for part in _PARTS}
    pairs = [pair for pair in zip(*parts.values(), strict=True) if not any(math.isnan(part.value) for part in pair)]
    head = ("part", "what is compared", *side_names(walk), "part of the asymmetry", "pairs")
    if not pairs:
        return Table(head, [])
    rows = []
    for name, part in zip(_PARTS, zip(*pairs, strict=True), strict=True):
        sides = ([each.prosthetic_value for each in part], [each.sound_value for each in part])
        sides_text = (number(fmean(values), 3, part[0].unit) for values in sides)
        rows.append((name, _PARTS[name], *sides_text, percent(fmean(each.value for each in part)), str(len(part))))
    total = fmean(sum(part.value for part in pair) for pair in pairs)
    rows.append(("step length, sum", "normalised difference of the steps", "", "", percent(total), str(len(pairs))))
    return Table(head, rows)


def side_names(walk: Walk) -> tuple[str, str]:
    """Return what the sides are called that take the places of P and S."""
    return ("prosthetic", "sound") if walk.participant.prosthetic_side is not None else ("left", "right")


def index_words(value: float, index: str) -> str:
    """Return an index as text: a percentage, but a ratio as it is."""
    return number(value, 3) if is_ratio(index) else percent(value)


def _series(walk: Walk) -> Iterator[tuple[str, list[MetricAsymmetry]]]:
    """Yield each metric and its asymmetries, without the parts of the step length."""
    names = dict.fromkeys(metric.name for asymmetry in walk.asymmetries for metric in asymmetry.metrics)
    for name in names:
        if name not in {f"{_WHOLE}_{part}" for part in _PARTS}:
            yield name, [metric for _, metric in metric_series(walk, name)]


def _table(walk: Walk, head: tuple[str, ...], row: Row) -> Table:
    return Table(head, [row(name, series) for name, series in _series(walk)])


def _known(series: Iterable[MetricAsymmetry]) -> list[MetricAsymmetry]:
    return [metric for metric in series if not math.isnan(metric.value)]


def _both_sides(name: str, series: list[MetricAsymmetry]) -> tuple[str, ...]:
    known, last = _known(series), series[-1]
    target = "" if math.isnan(last.target) else index_words(last.target, last.index)
    if not known:
        return (metric_name(name), *[NOT_MEASURED] * 3, last.reason, f"0 of {len(series)}", target)
    values = np.array([metric.value for metric in known])
    low, high = (index_words(float(value), last.index) for value in np.percentile(values, [25, 75]))
    return (
        metric_name(name),
        number(median(metric.prosthetic_value for metric in known), 3, last.unit),
        number(median(metric.sound_value for metric in known), 3, last.unit),
        index_words(float(np.median(values)), last.index),
        f"{low} to {high}",
        f"{len(known)} of {len(series)}",
        target,
    )


def _against_baseline(last: MetricAsymmetry, seen_count: int, count: int) -> tuple[str, str]:
    if math.isnan(last.baseline):
        return f"cannot tell: {seen_count} of {count} pairs", "cannot tell"
    spread = index_words(last.baseline_sd, last.index).lstrip("+")
    change = index_words(last.change, last.index)
    if last.baseline_sd > 0.0:
        change += f" ({number(last.change / last.baseline_sd, 1, 'SD', sign=True)})"
    return f"{index_words(last.baseline, last.index)} \N{PLUS-MINUS SIGN} {spread}", change


def _varied(name: str, series: list[MetricAsymmetry]) -> tuple[str, ...]:
    last = series[-1]
    return (
        metric_name(name),
        number(last.prosthetic_sd, 3, last.unit),
        percent(last.prosthetic_cv, sign=False),
        str(last.prosthetic_strides_count),
        number(last.sound_sd, 3, last.unit),
        percent(last.sound_cv, sign=False),
        str(last.sound_strides_count),
    )
