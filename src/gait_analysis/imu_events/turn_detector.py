# SPDX-License-Identifier: Apache-2.0
"""What detectors of a swinging leg share: a state machine of push, swing and landing.

``lost``, ``stance``, ``swing``, ``landed``, ``stance`` and so on; ``lost`` at the start, after long gaps, and where a
swing does not end. What makes a push a foot off, and when stance can end, each kind of detector says itself.
"""

import math
from abc import abstractmethod
from dataclasses import dataclass

from gait_analysis.events import EventFlag, EventKind, GaitEvent, Source
from gait_analysis.imu_events.turning import Turning
from gait_analysis.imu_events.turns import Push, Swing, Usual
from gait_analysis.imu_events.worn import WornDetector
from gait_parts import settings
from gait_parts.settings import setting
from gait_sensing.samples import ImuRow, Side, Vector

NOTICED = 0.5  # of the least push: there its turn begins to be looked at
LEAST_SWING_S = 0.15
LONGEST_OFF_S = 0.5  # from foot off to turning forward, 0.05 to 0.1 in most people; longer, it was no foot off
SURE, UNPUSHED, RESTED = 0.9, 0.5, 0.4  # confidence


@dataclass(frozen=True)
class TurnSettings(settings.Settings):
    """Settings of a detector by rates; forward is the way the leg turns in swing."""

    least_push_radps: float = setting(0.8, "slower turning backward is no foot off", low=0.2, high=5.0)
    least_swing_radps: float = setting(1.0, "slower turning forward is no swing", low=0.2, high=5.0)
    usual_share: float = setting(0.3, "of the person's usual peak; the larger one counts", low=0.0, high=0.8)
    fall_share: float = setting(0.2, "by so much the rate falls off its peak to confirm foot off", low=0.15, high=1.0)
    landing_share: float = setting(0.2, "of the swing's peak: turning back so fast is landing", low=0.1, high=1.0)
    forget_s: float = setting(4.0, "without an event for so long, usual peaks do not count", low=1.0, high=60.0)
    longest_swing_s: float = setting(1.5, "longer without contact, nothing is known", low=0.5, high=10.0)
    max_gap_s: float = setting(0.25, "longer without a sample, nothing is known", low=0.02, high=0.3)
    set_back_s: float = setting(0.05, "an event is not set further back than this", low=0.02, high=0.2)
    check_s: float = setting(5.0, "between two looks at the mounting", low=1.0, high=600.0)


class TurnDetector(WornDetector):
    """Base of the detectors by rates, for the sensor on ``link`` of ``side``; ``rest_s`` as in ``Turning``."""

    def __init__(
        self, link: str, rest_s: float, settings: TurnSettings, side: Side, steepest_rad: float = math.inf
    ) -> None:
        super().__init__(side, link, settings.check_s, settings.max_gap_s)
        self._settings, self._link, self._side, self._rest_s = settings, link, side, rest_s
        self._pushes = Usual(settings.least_push_radps, settings.usual_share, settings.forget_s)
        self._swings = Usual(settings.least_swing_radps, settings.usual_share, settings.forget_s)
        self._steepest_rad = steepest_rad
        # Nothing begins a turn that is slower than what counts of anybody.
        self._slow_radps = -NOTICED * settings.least_push_radps, settings.least_swing_radps
        self._changed_s = self._contact_s = -math.inf  # time of the last event, and of the last contact
        self._lose("nothing is known before the first stance")

    @abstractmethod
    def _can_push(self, turning: Turning) -> bool:
        """Whether the leg, lost or landed, is now in a stance that a push may end."""

    @abstractmethod
    def _swing_after(self, push: Push | None) -> Swing | None:
        """Return the swing that a fast enough push begins; ``None`` when it is no foot off. No push: none was seen."""

    def _lose(self, reason: str) -> None:
        self._turning = Turning(self._rest_s)
        self._push = Push()
        self._state, self._reason = "lost", reason

    def _seek(self, row: ImuRow, left: Vector, detected_s: float) -> GaitEvent | None:
        time_s = row[0]
        if time_s - self._seen_s > self._max_gap_s:
            self._lose("samples are missing: nothing is known until the next rest")
        elif abs(self._turning.pitch_rad) > self._steepest_rad:
            self._lose(f"the {self._link} seems to turn over: nothing is known until it rests")
        self._seen_s = time_s
        turning = self._turning
        turning.feed(row, left, self._axis.at_rest)
        if self._state == "stance":
            backward_radps, forward_radps = self._slow_radps
            if self._push.fastest_radps == 0.0 and backward_radps < turning.rate_radps < forward_radps:
                return None
            return self._in_stance(turning, detected_s)
        if self._state == "swing":
            return self._in_swing(turning, detected_s)
        if self._can_push(turning):
            self._state, self._reason, self._push = "stance", "", Push()
        return None

    def _in_stance(self, turning: Turning, detected_s: float) -> GaitEvent | None:
        push, least_radps = self._push, self._pushes.least_radps(turning.time_s)
        if turning.rate_radps >= self._slow_radps[1] and self._is_swinging(turning):
            self._begin(self._swing_after(None), turning.time_s)
            return None
        if push.fastest_radps == 0.0 and turning.rate_radps > -NOTICED * least_radps:
            return None
        push.feed(turning)
        if turning.rate_radps < (1.0 - self._settings.fall_share) * push.fastest_radps:
            return None
        swing = self._swing_after(push) if push.fastest_radps <= -least_radps else None
        if swing is not None:
            confidence = SURE * self._pushes.likeness(-push.fastest_radps)
            off_s = max(push.fastest_s, turning.time_s - self._settings.set_back_s)
            self._begin(swing, off_s)
            return self._event(EventKind.FOOT_OFF, off_s, detected_s, confidence)
        if turning.rate_radps > -NOTICED * least_radps:
            self._push = Push()
        return None

    def _is_swinging(self, turning: Turning) -> bool:
        """Whether the leg swings without a push; who stands may lift the toes."""
        is_walking = turning.time_s - self._contact_s < self._settings.forget_s
        return is_walking and turning.rate_radps >= self._swings.least_radps(turning.time_s)

    def _begin(self, swing: Swing | None, time_s: float) -> None:
        if swing is not None:
            self._state, self._swing, self._changed_s = "swing", swing, time_s

    def _in_swing(self, turning: Turning, detected_s: float) -> GaitEvent | None:
        settings, swing = self._settings, self._swing
        if turning.is_at_rest:
            if swing.has_pushed:
                return self._land(turning.still_since_s, detected_s, RESTED, EventFlag.IRREGULAR)
            self._state = "landed"
            return None
        swung_s = turning.time_s - self._changed_s
        if swung_s > settings.longest_swing_s:
            self._lose(f"no contact for {settings.longest_swing_s} s: nothing is known before the next stance")
            return None
        if swing.peak_radps == 0.0 and swung_s > LONGEST_OFF_S:
            self._state, self._push = "stance", Push()
            return None
        is_long = swung_s >= LEAST_SWING_S and swing.peak_radps >= self._swings.least_radps(turning.time_s)
        contact_s = swing.feed(turning, is_long, settings.landing_share, settings.set_back_s)
        if contact_s is None:
            return None
        confidence = SURE * self._swings.likeness(swing.peak_radps)
        if not swing.has_pushed:
            return self._land(contact_s, detected_s, min(confidence, UNPUSHED), EventFlag.IRREGULAR)
        self._learn(swing, contact_s)
        return self._land(contact_s, detected_s, confidence)

    def _learn(self, swing: Swing, contact_s: float) -> None:
        """Take what is usual for this person from a whole stride."""
        self._pushes.add(-self._push.fastest_radps, contact_s)
        self._swings.add(swing.peak_radps, contact_s)

    def _land(
        self, time_s: float, detected_s: float, confidence: float, flags: EventFlag = EventFlag.NONE
    ) -> GaitEvent:
        self._state, self._contact_s = "landed", time_s
        return self._event(EventKind.INITIAL_CONTACT, time_s, detected_s, confidence, flags)

    def _event(
        self, kind: EventKind, time_s: float, detected_s: float, confidence: float, flags: EventFlag = EventFlag.NONE
    ) -> GaitEvent:
        self._changed_s = time_s
        if self._turning.is_far(time_s):
            flags, confidence = flags | EventFlag.INTERPOLATION_FAR, 0.5 * confidence
        return GaitEvent(time_s, detected_s, self._side, kind, Source.IMU, confidence, flags)
