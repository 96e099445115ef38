# SPDX-License-Identifier: Apache-2.0
"""Published asymmetry of prosthesis users by level of amputation, to stand beside a measured one.

A norm is what was typical in a group, not what to aim at. Only numbers with a source are here; for everything else
there is none, and NaN and the reason say so. They were found with each study's own sensors and definitions, which the
citation names; here, contact is found at other thresholds.
"""

import math
from dataclasses import dataclass

from gait_analysis.comparison.indices import Index
from gait_analysis.participant import Participant

KNEES = ("transfemoral_microprocessor_knee", "transfemoral_mechanical_knee")
LEVELS = ("unknown", "transtibial", "transfemoral", *KNEES)  # transfemoral: which knee is not told
_CUTTI = "Cutti et al. 2018, doi:10.1186/s12984-018-0403-x: {}; insoles at 100 Hz, contact from 10 % of body weight"


@dataclass(frozen=True, slots=True)
class _Norm:
    ratio: float  # sound by prosthetic, median of the group
    source: str


_NORMS = {
    ("transtibial", "stance_time"): _Norm(
        1.04, _CUTTI.format("median S / P 1.04, interquartile range 0.03, of 23 transtibial users, traumatic, K3 to K4")
    ),
    ("transfemoral_microprocessor_knee", "stance_time"): _Norm(
        1.11, _CUTTI.format("median S / P 1.11, interquartile range 0.09, of 25 C-leg users, traumatic, K3 to K4")
    ),
}


def norm(participant: Participant, metric: str, index: Index) -> tuple[float, str]:
    """Return the norm of ``metric`` as ``index`` and its citation; NaN and why there is none where none is known."""
    level = participant.amputation_level
    found = _NORMS.get((level, metric))
    if found is None or participant.prosthetic_side is None:
        return math.nan, _lacking(participant, metric)
    return index.compare(1.0, found.ratio)[0], found.source


def _lacking(participant: Participant, metric: str) -> str:
    level = participant.amputation_level
    if level == "unknown":
        return "none: the level of amputation is not told"
    if participant.prosthetic_side is None:
        return "none: the side of the prosthesis is not told"
    if level == "transfemoral" and any((knee, metric) in _NORMS for knee in KNEES):
        return "none: it depends on the knee, and which one is not told"
    return "none known for this level"
