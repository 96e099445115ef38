# SPDX-License-Identifier: Apache-2.0
"""Initial contact and foot off from an IMU anywhere on the shank, by its turning in the sagittal plane.

The rate is counted positive forward, as in swing, the pitch from contact. In each stride

* the shank leans forward over the foot, which is turning backward, fastest when the foot leaves the ground: **foot
  off** is this peak. The jolt after contact is none: it is over within ``SETTLING_SHARE`` of stance, and the shank has
  not turned by ``LEAST_LEAN_RAD`` yet;
* it swings forward. Once it has turned by ``LEAST_RETURN`` of what it usually turns in swing, the end of this turn may
  be contact. An earlier dip of the rate is a swing with two lobes;
* it is stopped: **initial contact** is where the rate changes sign, when the shank turns back or is struck right after.

A shank never rests in walking, so a leg that stands from mid-swing on was put down there: such a contact is told late,
with confidence 0.4. Everything else, and what the confidence says, is as in ``foot_rate``.

Source: peaks of a shank's rate, Salarian et al. 2004 (doi 10.1109/TBME.2004.827933) and Maqbool et al. 2017
(doi 10.1109/TNSRE.2016.2636367). Deviation: they take contact at the first minimum after mid-swing, which comes 0.03 to
0.08 s after the sign change and the contact of a foot IMU on the same leg.
"""

import math
from collections import deque
from dataclasses import dataclass
from statistics import median

from gait_analysis.events import EventFlag, GaitEvent
from gait_analysis.imu_events.turn_detector import TurnDetector, TurnSettings
from gait_analysis.imu_events.turning import Turning
from gait_analysis.imu_events.turns import USUAL_COUNT, Push, Swing
from gait_sensing.samples import Side

REST_S = 0.5  # in stance a shank is slow for less
LEAST_LEAN_RAD = 0.3  # forward at foot off, from contact: 17 degrees, where healthy shanks lean by 50
LEAST_TURN_RAD = 0.5  # in swing: 29 degrees, where healthy shanks turn by 60 to 70
SETTLING_SHARE = 0.5  # of the usual stance
LEAST_SETTLING_S, MOST_SETTLING_S = 0.25, 0.6  # stance is 0.4 s in fast walking, and 1.2 s in slow
LONGEST_STANCE_S = 2.5  # a halt is no stance


@dataclass(frozen=True)
class Settings(TurnSettings):
    """Settings of the shank's detector; forward is the foot going ahead of the knee."""


class Detector(TurnDetector):
    """Events of the leg on ``side``."""

    def __init__(self, settings: Settings, side: Side) -> None:
        super().__init__("shank", REST_S, settings, side)
        self._stances_s: deque[float] = deque(maxlen=USUAL_COUNT)
        self._settling_s = LEAST_SETTLING_S
        self._turns_rad: deque[float] = deque(maxlen=USUAL_COUNT)
        self._has_swung = False

    def _can_push(self, turning: Turning) -> bool:
        if self._state == "lost":
            return self._is_found(turning)
        return turning.time_s - self._changed_s >= self._settling_s

    def _is_found(self, turning: Turning) -> bool:
        """Whether a swing, seen while lost, has ended; its end is taken for contact, but not told."""
        if turning.rate_radps >= self._swings.least_radps(turning.time_s):
            self._has_swung = True
        elif self._has_swung and turning.rate_radps < 0.0:
            self._has_swung, self._state, self._changed_s = False, "landed", turning.time_s
            turning.pitch_rad = 0.0
        return turning.is_at_rest

    def _swing_after(self, push: Push | None) -> Swing | None:
        if push is not None and push.pitch_rad > -LEAST_LEAN_RAD:
            return None
        stance_s = math.inf if push is None else push.fastest_s - self._contact_s
        if stance_s < LONGEST_STANCE_S:
            self._stances_s.append(stance_s)
            self._settling_s = min(max(SETTLING_SHARE * median(self._stances_s), LEAST_SETTLING_S), MOST_SETTLING_S)
        turn_rad = median(self._turns_rad) if self._turns_rad else LEAST_TURN_RAD
        self._turning.pitch_rad = -turn_rad
        return Swing(-turn_rad, None, push is not None)

    def _land(
        self, time_s: float, detected_s: float, confidence: float, flags: EventFlag = EventFlag.NONE
    ) -> GaitEvent:
        self._turning.pitch_rad = 0.0
        return super()._land(time_s, detected_s, confidence, flags)

    def _learn(self, swing: Swing, contact_s: float) -> None:
        super()._learn(swing, contact_s)
        self._turns_rad.append(max(swing.turned_rad, LEAST_TURN_RAD))
