# SPDX-License-Identifier: Apache-2.0
"""Lateral margin of stability of a single support, from what one or two plates measure.

The margin is how far the extrapolated centre of mass stays inside the lateral edge of the base of support, at its
smallest in single support; positive is inside (Hof et al. 2005, doi:10.1016/j.jbiomech.2004.03.025):

    XCoM = y + v / w0,  w0 = sqrt(g / l),  l = pendulum_ratio x leg length
    margin = edge - XCoM, both counted outward

*Edge.* Plates do not see the shoe: the edge is where the centre of pressure lay furthest outward in the same single
support. The true edge of the shoe is some centimetres further out, so margins here are smaller than those from markers
on the foot. Compare a person with himself, not with norms from markers.

*Centre of mass.* The two ways of ``centre_of_mass``:

``lateral_force``: acceleration is the lateral force of all plates by the mass (their mean vertical force by g). It is
integrated twice. The two constants are those with which the moment about the centre of mass vanishes, y = p + l Fy / Fz
with p the centre of pressure, fitted to this stride and the one before under triangular weights: what repeats with the
stride, as the angular momentum of trunk and legs does, then has no part in them. So the slow part comes from the centre
of pressure and the fast part from the force, as in Schepers et al. (2009, doi:10.1109/TBME.2008.2011059) and Buurke et
al. (2023, doi:10.1016/j.jbiomech.2022.111415), who parted them by filters at 0.2 Hz instead; such a filter needs many
seconds, the fit two strides.

``pressure``: the inverted pendulum driven by the centre of pressure alone, as in Hof et al. (2007,
doi:10.1016/j.gaitpost.2006.04.013) in above-knee amputees on a treadmill. XCoM' = w0 (XCoM - p) is solved backward in
time, which is stable, from the end of the stride, where it is taken to be what it was at the stride's begin; at the
begin of single support less than a tenth of that assumption is left. For plates that do not measure lateral force. The
angular momentum of the body is neglected.

Not seen by either: a hand on the rail. Slopes across the belt are taken as none.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from gait_parts import settings as parts
from gait_parts.settings import setting
from gait_sensing.samples import STANDARD_GRAVITY_MPS2, Array, Side

_BIN_S = 0.01  # means over it are what is computed with
_MAX_GAP_S = 0.05
_LEAST_LOAD_SHARE = 0.3  # of the mean load on all plates; with less the person does not stand on them
_EDGE_BINS_COUNT = 3  # running mean over the centre of pressure against noise on its furthest point


@dataclass(frozen=True)
class Settings(parts.Settings):
    """Settings of the margin of stability."""

    pendulum_ratio: float = setting(
        1.34, "pendulum length by leg length; 1.34 across, Massen and Kodde 1979 in Hof 2005", low=0.8, high=1.6
    )
    centre_of_mass: str = setting("lateral_force", "what it is found from", choices=("lateral_force", "pressure"))


def lateral_margin_m(
    settings: Settings,
    leg_length_m: float,
    side: Side,
    stride_s: tuple[float, float],
    single_support_s: tuple[float, float],
    plates: Sequence[Array],
) -> float:
    """Return the smallest margin in the single support of ``side``, from other foot off to other contact, in metres.

    ``leg_length_m``: greater trochanter to floor, standing in shoes. ``stride_s``: the two contacts of ``side`` around
    it. ``plates``: of each plate the rows [n, 4] from one stride time before the stride to its end: time, lateral
    force (left positive; needed for ``lateral_force``), vertical force without the plate's drift, and centre of
    pressure across (left positive, lab frame; NaN where unloaded).
    NaN when a row is missing, a value that is needed is not measured, or the leg length is not known.
    """
    begin_s, end_s = stride_s
    pendulum_m = settings.pendulum_ratio * leg_length_m
    if not (pendulum_m > 0.0 and begin_s <= single_support_s[0] < single_support_s[1] <= end_s):
        return math.nan
    count = _bins_count(begin_s, end_s, plates)
    if not count:
        return math.nan
    edges_s: Array = begin_s + _BIN_S * np.arange(-count, count + 1, dtype=np.float64)
    binned = np.sum([_binned(rows, edges_s) for rows in plates], axis=0)
    lateral_n, vertical_n, pressure_nm, loaded_n = binned
    if not loaded_n.min() > _LEAST_LOAD_SHARE * vertical_n.mean():  # false for NaN
        return math.nan
    pressure_m = pressure_nm / loaded_n
    rate_radps = math.sqrt(STANDARD_GRAVITY_MPS2 / pendulum_m)
    if settings.centre_of_mass == "pressure":
        xcom_m = np.append(np.full(count, math.nan), _from_pressure(pressure_m[count:], rate_radps))
    else:
        xcom_m = _from_force(lateral_n, vertical_n, pressure_m, pendulum_m, rate_radps)
    middles_s = edges_s[:-1] + 0.5 * _BIN_S
    support = slice(*middles_s.searchsorted(single_support_s).tolist())
    outward = 1.0 if side is Side.LEFT else -1.0
    reach_m, out_m = outward * pressure_m[support], outward * xcom_m[support]
    if len(reach_m) < _EDGE_BINS_COUNT:
        return math.nan
    edge_m = np.convolve(reach_m, np.full(_EDGE_BINS_COUNT, 1.0 / _EDGE_BINS_COUNT), "valid").max()
    return float(edge_m - out_m.max())


def _bins_count(begin_s: float, end_s: float, plates: Sequence[Array]) -> int:
    """Return how many bins of the stride, and as many before it, all plates have rows for; 0 when some are missing."""
    stride_time_s = end_s - begin_s
    seen_s = stride_time_s if plates else 0.0
    for rows in plates:
        time_s = rows[:, 0]
        if len(time_s) < 2 or np.diff(time_s).max() > _MAX_GAP_S:
            return 0
        seen_s = min(seen_s, begin_s - float(time_s[0]), float(time_s[-1]) - begin_s)
    return math.floor(seen_s / _BIN_S) if seen_s > stride_time_s - _MAX_GAP_S else 0


def _binned(rows: Array, edges_s: Array) -> Array:
    """Return [4, bins] of means: lateral and vertical force, moment of the load, and the load whose place is known."""
    time_s = rows[:, 0]
    is_placed = np.isfinite(rows[:, 3])
    loaded_n = np.where(is_placed, rows[:, 2], 0.0)
    columns = np.stack([rows[:, 1], rows[:, 2], loaded_n * np.where(is_placed, rows[:, 3], 0.0), loaded_n])
    sums = np.zeros_like(columns)  # trapezoids up to each row
    np.cumsum(0.5 * (columns[:, 1:] + columns[:, :-1]) * np.diff(time_s), axis=1, out=sums[:, 1:])
    return np.array([np.diff(np.interp(edges_s, time_s, each)) / _BIN_S for each in sums])


def _from_force(lateral_n: Array, vertical_n: Array, pressure_m: Array, pendulum_m: float, rate_radps: float) -> Array:
    """Return XCoM in each bin; half of the bins are of the stride before."""
    if not lateral_n.any():  # a plate that does not measure it, written as 0
        return np.full(len(lateral_n), math.nan)
    acceleration_mps2 = lateral_n * STANDARD_GRAVITY_MPS2 / vertical_n.mean()
    speed_mps = _BIN_S * (np.cumsum(acceleration_mps2) - 0.5 * acceleration_mps2)  # at the middle of each bin
    place_m = _BIN_S * (np.cumsum(speed_mps) - 0.5 * speed_mps)
    missing_m = pressure_m + pendulum_m * lateral_n / vertical_n - place_m
    half = len(lateral_n) // 2
    since_begin_s = _BIN_S * (np.arange(-half, half) + 0.5)
    weights = 1.0 - np.abs(since_begin_s) / (half * _BIN_S)
    drift_mps = (weights * since_begin_s) @ missing_m / ((weights * since_begin_s) @ since_begin_s)
    place_m = place_m + weights @ missing_m / weights.sum() + drift_mps * since_begin_s
    return np.asarray(place_m + (speed_mps + drift_mps) / rate_radps)


def _from_pressure(pressure_m: Array, rate_radps: float) -> Array:
    """Return XCoM in each bin of a stride, which is taken to repeat."""
    left = math.exp(-rate_radps * _BIN_S)
    reversed_m = lfilter([1.0 - left], [1.0, -left], pressure_m[::-1])
    end_m = reversed_m[-1] / (1.0 - left ** len(pressure_m))  # the same one stride earlier
    reversed_m += end_m * left ** np.arange(1, len(pressure_m) + 1)
    return np.asarray(reversed_m[::-1])
