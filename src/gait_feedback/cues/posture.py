# SPDX-License-Identifier: Apache-2.0
"""A cue at the limb over which the trunk leaned, or on whose other side the pelvis dropped, too far at mid-stance.

Positive is what a weak hip gives: the trunk leaning toward the side that stands, the pelvis dropping toward the side
that swings. Only too much is cued, never too little. The target is an angle, or the limb's own first strides, which a
sensor that sits askew does not harm; no cut-off for prosthesis users was found in the literature. The band is not below
what the sensors can tell: 0.05 rad for a trunk IMU, and 0.035 rad will do for one on the pelvis.

Cues of the trunk with a silent band were learned within two minutes (Xu et al. 2017). ``stride_band`` says when the cue
comes. Foot off in doubt does not matter: mid-stance is wide.
"""

import math
from dataclasses import dataclass

from gait_analysis.gait import Stride
from gait_feedback.cue import Cue, Observation
from gait_feedback.stride_band import BandSettings, Judged, StrideBand
from gait_parts.settings import setting
from gait_sensing.samples import Side


def _lean_rad(stride: Stride) -> float:
    to_right_rad = stride.trunk_lean_mid_stance_rad
    return to_right_rad if stride.side is Side.RIGHT else -to_right_rad


def _drop_rad(stride: Stride) -> float:
    to_right_rad = stride.pelvic_obliquity_mid_stance_rad
    return to_right_rad if stride.side is Side.LEFT else -to_right_rad


_MEASURES = {
    "trunk_lean": ("trunk lean", _lean_rad, "trunk upright while you stand"),
    "hip_drop": ("hip drop", _drop_rad, "keep the pelvis level while you stand"),
}


@dataclass(frozen=True)
class Settings(BandSettings):
    """Settings of the target."""

    measure: str = setting("trunk_lean", "what is judged", choices=tuple(_MEASURES))
    target_rad: float = setting(math.nan, "angle aimed at; NaN: by change", low=-0.5, high=0.5)
    change_rad: float = setting(0.0, "more than the own baseline, where no target is given", low=-0.5, high=0.5)
    band_rad: float = setting(0.05, "least half width of the band", low=0.0, high=0.5)


class Strategy:
    """See the module."""

    OBSERVES = StrideBand.OBSERVES

    def __init__(self, settings: Settings, prosthetic_side: Side | None) -> None:
        """Take the settings and which limb is the prosthesis; the left takes its place where none is."""
        name, value, prompt = _MEASURES[settings.measure]
        judged = Judged(
            name=name,
            unit="rad",
            of=value,
            target=lambda own: own + settings.change_rad if math.isnan(settings.target_rad) else settings.target_rad,
            least_band=lambda _: settings.band_rad,
            is_more_wanted=False,
            prompt=prompt,
        )
        self._band = StrideBand(settings, prosthetic_side, judged)

    def feed(self, observation: Observation) -> list[Cue]:
        """Return the cue that a ``Stride`` calls for, at a contact."""
        return self._band.feed(observation)
