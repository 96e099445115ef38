# SPDX-License-Identifier: Apache-2.0
"""A cue to push off more after each stride whose push-off was too weak for a target.

Push-off is the propulsive impulse, or the second peak of the vertical load, which a plate without fore-aft force has
too; a stride without such a peak is not judged. The target is a number, or a share more than the limb's own first
strides. A stride of which stance is in doubt is not judged, for the impulse is of one stance.

Push-off tells amputees from others best, with stance time (Schmid-Zalaudek et al. 2022, 865 amputees). A passive foot
gives back only what was put in: what the walker can do more of on the prosthetic side is to load the forefoot and
extend the hip; agree the words with the therapist. ``stride_band`` says when the cue comes.
"""

import math
from dataclasses import dataclass
from operator import attrgetter

from gait_analysis.gait import Stride
from gait_feedback.cue import Cue, Observation
from gait_feedback.stride_band import BandSettings, Judged, StrideBand
from gait_parts.settings import setting
from gait_sensing.samples import Side

_MEASURES = {
    "propulsion_impulse": ("propulsive impulse", "BW s", attrgetter("propulsion_impulse_bws")),
    "second_peak_load": ("second peak of load", "BW", attrgetter("second_peak_load_bw")),
}


@dataclass(frozen=True)
class Settings(BandSettings):
    """Settings of the target."""

    measure: str = setting("propulsion_impulse", "what push-off is judged by", choices=tuple(_MEASURES))
    target: float = setting(math.nan, "aimed at, in BW s or BW; NaN: by change", low=0.0, high=3.0)
    change: float = setting(0.1, "share more than the own baseline, where no target is given", low=-0.5, high=1.0)
    band_share: float = setting(0.05, "least half width of the band, as share of the target", low=0.0, high=0.5)


class Strategy:
    """See the module."""

    OBSERVES = StrideBand.OBSERVES

    def __init__(self, settings: Settings, prosthetic_side: Side | None) -> None:
        """Take the settings and which limb is the prosthesis; the left takes its place where none is."""
        name, unit, value_of = _MEASURES[settings.measure]

        def value(stride: Stride) -> float:
            return math.nan if stride.stance_doubt else value_of(stride)

        judged = Judged(
            name=name,
            unit=unit,
            of=value,
            target=lambda own: own * (1.0 + settings.change) if math.isnan(settings.target) else settings.target,
            least_band=lambda target: settings.band_share * target,
            is_more_wanted=True,
            prompt="push off more",
        )
        self._band = StrideBand(settings, prosthetic_side, judged)

    def feed(self, observation: Observation) -> list[Cue]:
        """Return the cue that a ``Stride`` calls for, at a contact."""
        return self._band.feed(observation)
