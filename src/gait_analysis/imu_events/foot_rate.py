# SPDX-License-Identifier: Apache-2.0
"""Initial contact and foot off from an IMU anywhere on the foot, by its turning in the sagittal plane and its rest.

The rate is counted positive toes up, the pitch from the last rest, where the foot is flat. In each stride

* the heel rises and the foot turns toes down, fastest when the toes push off: **foot off** is this
  peak. It is confirmed once the rate has fallen off it by ``fall_share``;
* the foot swings toes up. Once its pitch has come back by ``LEAST_RETURN`` of what it was at foot off, the end of this
  turning may be contact. An earlier dip of the rate is a swing with two lobes, and an end that no landing follows is
  no contact either;
* it lands. A foot that lands on its heel is put down toes first right away: **initial contact** is where the rate
  changes sign. A foot that lands flat turns down before it lands, until the ground stops it: contact is the fastest of
  this turn. The usual pitch of landings (``FLAT_RAD``) says how far in between;
* a foot that rests without having been seen to land became still at contact: confirmed late, with little confidence.

Sizes are shares of the person's own peaks, medians of the last strides, above floors that standing does not reach.
Nothing is known before the foot rests for the first time. Gaps up to ``max_gap_s``, shorter than any swing, are
bridged; an event next to one is flagged INTERPOLATION_FAR and has half its confidence. What the confidence says:

* 0.9: told by a peak as large as this person's usual one; less in proportion to a lesser peak;
* 0.5 at most, and IRREGULAR: contact after a swing with no push before it, as when turning or shuffling; there is no
  foot off for it;
* 0.4, and IRREGULAR: contact told by rest alone, some 0.1 s late.

Source: peaks and sign changes of a foot's rate, Sabatini et al. 2005 (doi 10.1109/TBME.2004.840727) and Rampp et al.
2015 (doi 10.1109/TBME.2014.2368211); pitch at contact, Altman and Davis 2012 (doi 10.1016/j.gaitpost.2011.09.104), heel
strike above 8 degrees, midfoot from -1.6 on. Pitch and landing as conditions, and what is between the two kinds of
landing, are ours.
"""

from dataclasses import dataclass

from gait_analysis.imu_events.turn_detector import TurnDetector, TurnSettings
from gait_analysis.imu_events.turning import Turning
from gait_analysis.imu_events.turns import Landings, Push, Swing
from gait_sensing.samples import Side

LEAST_PITCH_RAD = 0.1  # toes down at foot off: 6 degrees, where slow and paretic feet have 20 and more
FLAT_RAD = (0.056, 0.224)  # 3.2 degrees, amid landings on the midfoot, and as far beyond the border of 8 to the heel
LONGEST_LANDING_S = 0.4  # after contact; a foot that never rests leaves the ground no earlier
REST_S = 0.1  # a swinging foot is not still for so long
STEEPEST_RAD = 1.75  # 100 degrees off flat


@dataclass(frozen=True)
class Settings(TurnSettings):
    """Settings of the foot's detector; forward is toes up."""


class Detector(TurnDetector):
    """Events of the foot on ``side``."""

    def __init__(self, settings: Settings, side: Side) -> None:
        super().__init__("foot", REST_S, settings, side, STEEPEST_RAD)
        self._landings = Landings(*FLAT_RAD)

    def _can_push(self, turning: Turning) -> bool:
        has_landed = self._state == "landed" and turning.time_s - self._changed_s > LONGEST_LANDING_S
        return turning.is_at_rest or has_landed

    def _swing_after(self, push: Push | None) -> Swing | None:
        pitch_rad = -LEAST_PITCH_RAD if push is None else push.pitch_rad
        return Swing(pitch_rad, self._landings, push is not None) if pitch_rad <= -LEAST_PITCH_RAD else None

    def _learn(self, swing: Swing, contact_s: float) -> None:
        super()._learn(swing, contact_s)
        self._landings.add(swing.landing_rad)
