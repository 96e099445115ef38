# SPDX-License-Identifier: Apache-2.0
"""Indices of asymmetry: each makes one number, without a unit, of a metric's values on the two sides.

P is the value of the prosthetic side and S that of the sound side; where neither limb is a prosthesis, the left takes
the place of P and the right that of S. Sign and formula go with every number, in words. All indices depend on the
quotient S / P alone. They are shares: times 100 they are the percentages of the literature.

Sources: ratio as in Cutti et al. (2018, doi:10.1186/s12984-018-0403-x); Robinson, Herzog and Nigg (1987), the
"symmetry index"; symmetry angle as in Zifchock et al. (2008, doi:10.1016/j.gaitpost.2007.08.006). Deviation: the
symmetry angle too is undefined here where the sides differ in sign.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

LEAST_SUM = 1e-3  # in the metric's unit (seconds, metres, body weights): below it the quotient means nothing
_POSITIVE_SOUND = "positive: larger on the sound side"


@dataclass(frozen=True, slots=True)
class Index:
    """One definition. ``formula`` and ``sign`` speak of S, P and the sound and the prosthetic side."""

    formula: str
    sign: str
    _of: Callable[[float, float], float]  # of P and S, neither negative; may divide by a side that is zero

    def compare(self, prosthetic: float, sound: float) -> tuple[float, str]:
        """Return the index and "", or NaN and why it is undefined; two negative values count by their size."""
        if math.isnan(prosthetic) or math.isnan(sound):
            return math.nan, "not measured on both sides"
        if prosthetic * sound < 0.0:
            return math.nan, "the sides have opposite signs"
        if abs(prosthetic + sound) < LEAST_SUM:
            return math.nan, "both sides are nearly zero"
        try:
            value = self._of(abs(prosthetic), abs(sound))
        except (ZeroDivisionError, ValueError):  # of a quotient, of a logarithm
            value = math.inf
        return (value, "") if math.isfinite(value) else (math.nan, "one side is zero")

    def text(self, has_prosthesis: bool) -> str:
        """Return definition and sign in words, for a person with a prosthesis or for one without."""
        if has_prosthesis:
            return f"{self.formula}, S sound, P prosthetic; {self.sign}"
        sign = self.sign.replace("sound", "right").replace("prosthetic", "left")
        return f"{self.formula.replace('S', 'R').replace('P', 'L')}, R right, L left; {sign}"


def _normalised_difference(prosthetic: float, sound: float) -> float:
    return (sound - prosthetic) / (sound + prosthetic)


INDICES = {
    "normalised_difference": Index("(S - P) / (S + P)", _POSITIVE_SOUND, _normalised_difference),
    "ratio": Index("S / P", "above 1: larger on the sound side", lambda p, s: s / p),
    "robinson_index": Index(
        "(P - S) / (0.5 (P + S))", "positive: larger on the prosthetic side", lambda p, s: (p - s) / (0.5 * (p + s))
    ),
    "log_ratio": Index("ln(S / P)", _POSITIVE_SOUND, lambda p, s: math.log(s / p)),
    "symmetry_angle": Index(
        "(45 deg - atan(P / S)) / 90 deg", _POSITIVE_SOUND, lambda p, s: 0.5 - math.atan2(p, s) / (0.5 * math.pi)
    ),
}


def normalised_difference(prosthetic: float, sound: float) -> tuple[float, str]:
    """Return ``(sound - prosthetic) / (sound + prosthetic)`` and "", or NaN and why it is undefined."""
    return INDICES["normalised_difference"].compare(prosthetic, sound)
