# SPDX-License-Identifier: Apache-2.0
"""The sensors besides plates that tell when a foot is on the ground, and their detectors.

Of one foot they are, the most trusted first: the prosthesis' load cell, the IMU on the foot, the IMU on the shank, and
as a last resort the IMU on the pelvis, which tells initial contacts alone.

A detector of an IMU worn anyhow finds events of the last seconds at once when it has found how the IMU is worn. Those
of both feet are needed in order; so the first foot's wait for the other's, as long as that one still learns.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from gait_analysis.events import EventKind, GaitEvent, Source
from gait_analysis.foot_sensor import FootSensor
from gait_analysis.imu_events.worn import HISTORY_S
from gait_analysis.participant import Participant
from gait_analysis.parts import ContactChange, Detector, build
from gait_parts.settings import Settings
from gait_sensing.samples import ForceSamples, ImuSample, Side

PROSTHESIS = "prosthesis"  # name of the force stream of the load cell in it
LATE_S = 1.0  # an event found later than this was found when the mounting became known
LINKS = {"foot": "foot_rate", "shank": "shank_rate"}  # the most trusted first, and the file of its detector

News = list[tuple[FootSensor, ContactChange]]


class MotionDetector(Protocol):
    """Finds events in the samples of one IMU."""

    @property
    def reason(self) -> str:
        """Why no event can be found now; empty when events are found."""

    @property
    def is_learning(self) -> bool:
        """Whether it does not know yet how the IMU is worn."""

    def feed(self, sample: ImuSample) -> list[GaitEvent]:
        """Take the next sample; return the events that it tells."""


@dataclass(slots=True)
class _Motion:
    detector: MotionDetector
    sensors: dict[Side, FootSensor]
    begun_s: float = math.nan


class Sensors:
    """All of them; ``of_foot`` in order of trust. ``force_streams`` are the names of those that are load cells."""

    def __init__(self, detector: str, participant: Participant, parts: Mapping[str, Settings]) -> None:
        self.of_foot: dict[Side, list[FootSensor]] = {side: [] for side in Side}
        self.force_streams: set[str] = set()
        self._loads: dict[str, tuple[FootSensor, Detector]] = {}
        self._motions: dict[str, _Motion] = {}
        self._held: News = []
        side, weight_n = participant.prosthetic_side, participant.body_weight_n
        if side is not None:
            sensor = FootSensor(side, PROSTHESIS, Source.PROSTHESIS, reason="no clear contact or swing yet")
            self.of_foot[side].append(sensor)
            self._loads[PROSTHESIS] = sensor, build("detectors", "Detector", detector, parts, side, weight_n)
            self.force_streams.add(PROSTHESIS)
        for link, name in LINKS.items():
            for side in Side:
                sensor = FootSensor(side, f"{side.value}_{link}", Source.IMU)
                self.of_foot[side].append(sensor)
                found = build("imu_events", "Detector", name, parts, side)
                self._motions[sensor.name] = _Motion(found, {side: sensor})

    def was_silent(self, name: str, known_s: float) -> bool:
        """Whether the stream ``name`` was not heard right before ``known_s``."""
        if name in self._loads:
            return not self._loads[name][0].is_heard(known_s)
        return name in self._motions and not all(
            sensor.is_heard(known_s) for sensor in self._motions[name].sensors.values()
        )

    def feed(self, sample: ForceSamples | ImuSample, known_s: float) -> News:
        """Take the next sample, which becomes known at ``known_s``; return what it tells of the feet."""
        if isinstance(sample, ForceSamples):
            sensor, detector = self._loads[sample.name]
            sensor.heard_s = known_s
            return [(sensor, change) for change in detector.feed(sample)]
        motion = self._motions.get(sample.segment)
        if motion is None:
            return []
        news = self._told(motion, sample, known_s)
        if self._held or any(_is_late(change, known_s) for _, change in news):
            self._held += news
            news = [] if self._is_learning(known_s) else self._release()
        return news

    def _told(self, motion: _Motion, sample: ImuSample, known_s: float) -> News:
        if math.isnan(motion.begun_s):
            motion.begun_s = sample.time_s
        events, reason = motion.detector.feed(sample), motion.detector.reason
        news: News = []
        for sensor in motion.sensors.values():
            sensor.heard_s = known_s
            if reason and reason != sensor.reason:
                news.append((sensor, ContactChange(known_s, math.nan, None, reason=reason)))
        for event in events:
            is_contact = event.kind is EventKind.INITIAL_CONTACT
            news.append((motion.sensors[event.side], ContactChange(known_s, math.nan, is_contact, event)))
        return news

    def _is_learning(self, known_s: float) -> bool:
        """Whether events of another foot may still be found from long ago, by its most trusted IMU."""
        for sensors in self.of_foot.values():
            begun = (self._motions[each.name] for each in sensors if each.has_begun and each.source is Source.IMU)
            motion = next(begun, None)
            if motion and motion.detector.is_learning and known_s - motion.begun_s < HISTORY_S:
                return True
        return False

    def _release(self) -> News:
        held, self._held = self._held, []
        return sorted(held, key=lambda item: item[1].event.time_s if item[1].event else item[1].detected_s)


def _is_late(change: ContactChange, known_s: float) -> bool:
    return change.event is not None and known_s - change.event.time_s > LATE_S
