# SPDX-License-Identifier: Apache-2.0
"""A cue to stand longer on a limb after each stride whose stance was too short for a target.

The target is a time, or a share more than the limb's own first strides; the band is 5 percent of it, which observers
do not perceive (Handzic and Reed 2015), or the own standard deviation where that is more. A stride whose stance time is
in doubt (``stance_doubt``) is judged no better than one without. Feedback of stance time made the walking of five
transfemoral amputees more symmetric, propulsion included (Brandt et al. 2019, doi:10.1186/s12984-019-0583-z), and took
from their lateral stability: see ``stability_guard``.

The cue means "more of it here". To have less of it on one limb, cue the other one. ``stride_band`` says when it comes.
"""

import math
from dataclasses import dataclass

from gait_analysis.gait import Stride
from gait_feedback.cue import Cue, Observation
from gait_feedback.stride_band import BandSettings, Judged, StrideBand
from gait_parts.settings import setting
from gait_sensing.samples import Side


@dataclass(frozen=True)
class Settings(BandSettings):
    """Settings of the target."""

    target_s: float = setting(math.nan, "stance time aimed at; NaN: by change", low=0.2, high=3.0)
    change: float = setting(0.05, "share more than the own baseline, where no target is given", low=-0.5, high=0.5)
    band_share: float = setting(0.05, "least half width of the band, as share of the target", low=0.0, high=0.5)


class Strategy:
    """See the module."""

    OBSERVES = StrideBand.OBSERVES

    def __init__(self, settings: Settings, prosthetic_side: Side | None) -> None:
        """Take the settings and which limb is the prosthesis; the left takes its place where none is."""
        judged = Judged(
            name="stance time",
            unit="s",
            of=_stance_time_s,
            target=lambda own_s: (
                own_s * (1.0 + settings.change) if math.isnan(settings.target_s) else settings.target_s
            ),
            least_band=lambda target_s: settings.band_share * target_s,
            is_more_wanted=True,
            prompt="stand longer",
        )
        self._band = StrideBand(settings, prosthetic_side, judged)

    def feed(self, observation: Observation) -> list[Cue]:
        """Return the cue that a ``Stride`` calls for, at a contact."""
        return self._band.feed(observation)


def _stance_time_s(stride: Stride) -> float:
    return math.nan if stride.stance_doubt else stride.stance_time_s
