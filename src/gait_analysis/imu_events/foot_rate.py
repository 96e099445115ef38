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
  this turn. Its pitch (``HEEL_RAD``) says how far in between;
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
strike above 8 degrees. Pitch and landing as conditions, and the way between both kinds of landing, are ours.
"""

import math
from dataclasses import dataclass

from gait_analysis.events import EventFlag, EventKind, GaitEvent, Source
from gait_analysis.imu_events.foot_turns import Push, Swing, Usual
from gait_analysis.imu_events.sagittal import Row
from gait_analysis.imu_events.turning import Turning
from gait_analysis.imu_events.worn import WornDetector
from gait_parts import settings
from gait_parts.settings import setting
from gait_sensing.samples import Side, Vector

LEAST_PITCH_RAD = 0.1  # toes down at foot off: 6 degrees, where slow and paretic feet have 20 and more
NOTICED = 0.5  # of the least push: there its turn begins to be looked at
LEAST_SWING_S = 0.15
LONGEST_LANDING_S = 0.4  # after contact; a foot that never rests leaves the ground no earlier
STEEPEST_RAD = 1.75  # 100 degrees off flat
SURE, UNPUSHED, RESTED = 0.9, 0.5, 0.4


@dataclass(frozen=True)
class Settings(settings.Settings):
    """Settings of the foot's detector."""

    least_push_radps: float = setting(0.8, "slower turning toes down is no foot off", low=0.2, high=5.0)
    least_swing_radps: float = setting(1.0, "slower turning toes up is no swing", low=0.2, high=5.0)
    usual_share: float = setting(0.3, "of the person's usual peak; the larger one counts", low=0.0, high=0.8)
    fall_share: float = setting(0.3, "by so much the rate falls off its peak to confirm foot off", low=0.15, high=1.0)
    landing_share: float = setting(0.2, "of the swing's peak: turning down so fast is landing", low=0.1, high=1.0)
    forget_s: float = setting(4.0, "without an event for so long, usual peaks do not count", low=1.0, high=60.0)
    longest_swing_s: float = setting(1.5, "longer without contact, nothing is known until rest", low=0.5, high=10.0)
    max_gap_s: float = setting(0.25, "longer without a sample, nothing is known until rest", low=0.02, high=0.3)
    set_back_s: float = setting(0.05, "an event is not set further back than this", low=0.02, high=0.2)
    check_s: float = setting(5.0, "between two looks at the mounting", low=1.0, high=600.0)


class Detector(WornDetector):
    """Events of the foot on ``side``."""

    def __init__(self, settings: Settings, side: Side) -> None:
        super().__init__("foot", settings.check_s, settings.max_gap_s)
        self._settings, self._side = settings, side
        self._pushes = Usual(settings.least_push_radps, settings.usual_share, settings.forget_s)
        self._swings = Usual(settings.least_swing_radps, settings.usual_share, settings.forget_s)
        self._changed_s = -math.inf  # time of the last event
        self._lose("nothing is known until the foot rests")

    def _lost_reason(self) -> str:
        return self._reason

    def _lose(self, reason: str) -> None:
        self._turning = Turning()
        self._push, self._swing = Push(), Swing(0.0)
        self._state, self._reason = "lost", reason

    def _step(self, row: Row, left: Vector, detected_s: float) -> list[GaitEvent]:
        turning = self._turning
        turning.feed(row, left)
        event = None
        if abs(turning.pitch_rad) > STEEPEST_RAD:
            self._lose("the foot seems to turn over: nothing is known until it rests")
        elif self._state == "stance":
            event = self._in_stance(turning, detected_s)
        elif self._state == "swing":
            event = self._in_swing(turning, detected_s)
        elif turning.is_at_rest or (self._state == "landed" and row[0] - self._changed_s > LONGEST_LANDING_S):
            self._state, self._reason, self._push = "stance", "", Push()
        return [event] if event else []

    def _in_stance(self, turning: Turning, detected_s: float) -> GaitEvent | None:
        push, least_radps = self._push, self._pushes.least_radps(turning.time_s)
        if turning.rate_radps >= self._swings.least_radps(turning.time_s):
            self._state, self._swing, self._changed_s = "swing", Swing(-LEAST_PITCH_RAD), turning.time_s
            self._has_pushed = False
            return None
        if push.fastest_radps == 0.0 and turning.rate_radps > -NOTICED * least_radps:
            return None
        push.feed(turning)
        if turning.rate_radps < (1.0 - self._settings.fall_share) * push.fastest_radps:
            return None
        if push.fastest_radps <= -least_radps and push.pitch_rad <= -LEAST_PITCH_RAD:
            self._state, self._swing, self._has_pushed = "swing", Swing(push.pitch_rad), True
            confidence = SURE * self._pushes.likeness(-push.fastest_radps)
            return self._event(EventKind.FOOT_OFF, push.fastest_s, detected_s, confidence)
        if turning.rate_radps > -NOTICED * least_radps:
            self._push = Push()
        return None

    def _in_swing(self, turning: Turning, detected_s: float) -> GaitEvent | None:
        settings, swing = self._settings, self._swing
        if turning.is_at_rest:
            if self._has_pushed:
                return self._land(turning.still_since_s, detected_s, RESTED, EventFlag.IRREGULAR)
            self._state = "landed"
            return None
        swung_s = turning.time_s - self._changed_s
        if swung_s > settings.longest_swing_s:
            self._lose(f"no contact for {settings.longest_swing_s} s: nothing is known until the foot rests")
            return None
        is_long = swung_s >= LEAST_SWING_S and swing.peak_radps >= self._swings.least_radps(turning.time_s)
        contact_s = swing.feed(turning, is_long, settings.landing_share, settings.set_back_s)
        if contact_s is None:
            return None
        confidence = SURE * self._swings.likeness(swing.peak_radps)
        if not self._has_pushed:
            return self._land(contact_s, detected_s, min(confidence, UNPUSHED), EventFlag.IRREGULAR)
        self._pushes.add(-self._push.fastest_radps, contact_s)
        self._swings.add(swing.peak_radps, contact_s)
        return self._land(contact_s, detected_s, confidence)

    def _land(
        self, time_s: float, detected_s: float, confidence: float, flags: EventFlag = EventFlag.NONE
    ) -> GaitEvent:
        self._state = "landed"
        return self._event(EventKind.INITIAL_CONTACT, time_s, detected_s, confidence, flags)

    def _event(
        self, kind: EventKind, time_s: float, detected_s: float, confidence: float, flags: EventFlag = EventFlag.NONE
    ) -> GaitEvent:
        self._changed_s = time_s
        if self._turning.is_far(time_s):
            flags, confidence = flags | EventFlag.INTERPOLATION_FAR, 0.5 * confidence
        return GaitEvent(time_s, detected_s, self._side, kind, Source.IMU, confidence, flags)
