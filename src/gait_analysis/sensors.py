# SPDX-License-Identifier: Apache-2.0
"""The sensors besides the plates of each foot that tell when a foot is on the ground, and their detectors.

Of one foot they are, the most trusted first: the prosthesis' load cell, one plate under both feet, the IMU on the foot,
the IMU on the shank, and as a last resort the IMU on the pelvis, which tells initial contacts alone.

A detector of an IMU worn anyhow finds events of the last seconds at once when it has found how the IMU is worn. Those
of both feet are needed in order; so the first foot's wait for the other's, as long as that one still learns, and the
pelvis' for both.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from gait_analysis.believed_load import BelievedLoad
from gait_analysis.events import EventKind, GaitEvent, Source
from gait_analysis.foot_sensor import MAX_AGE_S, FootSensor, LoadSensor
from gait_analysis.history import History
from gait_analysis.imu_events.worn import HISTORY_S, WornDetector
from gait_analysis.one_plate.one_plate import OnePlate
from gait_analysis.participant import Participant
from gait_analysis.parts import ContactChange, build, settings_of
from gait_analysis.plausibility import MotionCheck
from gait_parts.settings import Settings
from gait_sensing.samples import Array, ForceSamples, ImuSample, Side, Vector

PROSTHESIS = "prosthesis"  # name of the force stream of the load cell in it
LATE_S = 1.0  # an event found later than this was found when the mounting became known
PELVIS = "pelvis"
LINKS = {"foot": "foot_rate", "shank": "shank_rate"}  # the most trusted first, and the file of its detector
DETECTORS = (*LINKS.values(), "lower_back")  # files in ``imu_events``

News = list[tuple[FootSensor, ContactChange]]


class MotionDetector(Protocol):
    """Finds events in the samples of one IMU."""

    @property
    def reason(self) -> str:
        """Why no event can be found now; empty when events are found."""

    @property
    def is_learning(self) -> bool:
        """Whether it does not know yet how the IMU is worn, and will find earlier events once it does."""

    def feed(self, sample: ImuSample) -> list[GaitEvent]:
        """Take the next sample; return the events that it tells."""


@dataclass(slots=True)
class _Motion:
    detector: MotionDetector
    sensors: dict[Side, FootSensor]
    check: MotionCheck
    begun_s: float = math.nan
    heard_s: float = -math.inf  # as of its sensors
    reason: str = ""  # the last one told
    is_believed: bool = True  # the newest sample
    is_wrong: bool = False  # so many are not believed that contact is unknown


class _Times:
    """When there were samples of one force stream."""

    def __init__(self) -> None:
        self._times = History(0, 2.0)
        self.append = self._times.append

    def newest(self, time_s: float) -> Array | None:
        """Return the newest row not long before ``time_s``."""
        rows = self._times.between(time_s - MAX_AGE_S, time_s)
        return rows[-1] if len(rows) else None


class Sensors:
    """All of them; ``of_foot`` in order of trust. ``shared_plate`` names the stream of a plate under both feet."""

    def __init__(
        self,
        detector: str,
        shared_plate: str,
        participant: Participant,
        lowest_n: float,
        parts: Mapping[str, Settings],
    ) -> None:
        self.of_foot: dict[Side, list[FootSensor]] = {side: [] for side in Side}
        self.force_streams: set[str] = {shared_plate} if shared_plate else set()
        self._times: dict[str, _Times] = {}
        self._motions: dict[str, _Motion] = {}
        self._held: News = []
        prosthetic_side, weight_n = participant.prosthetic_side, participant.body_weight_n
        self._pylon: tuple[FootSensor, BelievedLoad] | None = None
        if prosthetic_side is not None:
            self.force_streams.add(PROSTHESIS)
            pylon = self._add_load(prosthetic_side, PROSTHESIS, Source.PROSTHESIS)
            found = build("detectors", "Detector", detector, parts, prosthetic_side, weight_n)
            self._pylon = pylon, BelievedLoad(PROSTHESIS, found, weight_n, lowest_n)
        if shared_plate:
            self._plate = OnePlate(settings_of("gait_analysis.one_plate", "one_plate", parts), weight_n)
            self._on_plate = {side: self._add_load(side, shared_plate, Source.FORCE) for side in Side}
        for link, name in LINKS.items():
            for side in Side:
                found = build("imu_events", "Detector", name, parts, side)
                self._add_motion(f"{side.value}_{link}", found, (side,))
        self._add_motion(PELVIS, build("imu_events", "Detector", "lower_back", parts), Side, knows_foot_off=False)

    def _add_load(self, side: Side, name: str, source: Source) -> FootSensor:
        times = self._times.setdefault(name, _Times())
        sensor = LoadSensor(side, name, source, reason=f"no clear contact or swing on {name} yet", newest=times.newest)
        self.of_foot[side].append(sensor)
        return sensor

    def _add_motion(
        self, segment: str, detector: MotionDetector, sides: tuple[Side, ...] | type[Side], knows_foot_off: bool = True
    ) -> None:
        sensors = {side: FootSensor(side, segment, Source.IMU, knows_foot_off) for side in sides}
        self._motions[segment] = _Motion(detector, sensors, MotionCheck(segment))
        for side, sensor in sensors.items():
            self.of_foot[side].append(sensor)

    def left(self, segment: str) -> Vector | None:
        """Return the person's left in the axes of the IMU on ``segment``, a foot or shank; ``None`` while not known."""
        detector = self._motions[segment].detector
        return detector.left if isinstance(detector, WornDetector) else None

    def was_silent(self, segment: str, known_s: float) -> bool:
        """Whether the IMU on ``segment`` was not heard right before ``known_s``."""
        motion = self._motions.get(segment)
        return motion is not None and not known_s - motion.heard_s <= MAX_AGE_S

    def believes(self, sample: ImuSample) -> bool:
        """Whether the next sample of a motion sensor, which ``feed`` has to be given next, is a measurement."""
        motion = self._motions.get(sample.segment)
        if motion is None:
            return True
        motion.is_believed = motion.check.feed(sample)
        return motion.is_believed

    def feed_force(self, samples: ForceSamples) -> Iterator[tuple[FootSensor, ContactChange]]:
        """Take the next samples of a force stream; yield what they tell of the feet, as detected."""
        self._times[samples.name].append(samples.time_s)
        newest_s = float(samples.time_s[-1])
        if samples.name == PROSTHESIS and self._pylon is not None:
            sensor, load = self._pylon
            sensor.heard_s = newest_s
            yield from ((sensor, change) for change in load.feed(samples)[1])
            return
        for sensor in self._on_plate.values():
            sensor.heard_s = newest_s
        yield from sorted(self._on_both(samples), key=lambda item: item[1].detected_s)

    def _on_both(self, samples: ForceSamples) -> Iterator[tuple[FootSensor, ContactChange]]:
        for event in self._plate.feed(samples):
            is_contact = event.kind is EventKind.INITIAL_CONTACT
            yield self._on_plate[event.side], ContactChange(event.detected_s, math.nan, is_contact, event)
        for known in self._plate.news:
            for side, sensor in self._on_plate.items():
                yield sensor, ContactChange(known.time_s, math.nan, known.is_in_contact[side], reason=known.reason)

    def feed(self, sample: ImuSample, known_s: float) -> News:
        """Take the next sample, which becomes known at ``known_s``; return what it tells of the feet."""
        motion = self._motions.get(sample.segment)
        if motion is None:
            return []
        if math.isnan(motion.begun_s):
            motion.begun_s = sample.time_s
        events = motion.detector.feed(sample) if motion.is_believed else []
        motion.heard_s = known_s
        for sensor in motion.sensors.values():
            sensor.heard_s = known_s
        if not events and not self._held and (motion.check.reason or motion.detector.reason) == motion.reason:
            return []
        found = self._found(motion, events, known_s)
        if self._held or (found and sample.segment == PELVIS) or any(_is_late(change, known_s) for _, change in found):
            self._held += found
            found = [] if self._is_learning(known_s) else self._release()
        return found + self._lost(motion, known_s)

    def _found(self, motion: _Motion, events: list[GaitEvent], known_s: float) -> News:
        contacts = (event.kind is EventKind.INITIAL_CONTACT for event in events)
        return [
            (motion.sensors[event.side], ContactChange(known_s, math.nan, is_contact, event))
            for event, is_contact in zip(events, contacts, strict=True)
        ]

    def _lost(self, motion: _Motion, known_s: float) -> News:
        """Return that nothing can be told, when that is new."""
        reason = motion.check.reason or motion.detector.reason
        is_new, was_wrong = reason != motion.reason, motion.is_wrong
        motion.reason, motion.is_wrong = reason, bool(motion.check.reason)
        if not is_new or not (reason or was_wrong):
            return []
        return [(sensor, ContactChange(known_s, math.nan, None, reason=reason)) for sensor in motion.sensors.values()]

    def _is_learning(self, known_s: float) -> bool:
        """Whether events of another foot may still be found from long ago, by its most trusted IMU."""
        for sensors in self.of_foot.values():
            begun = (self._motions[each.name] for each in sensors if each.has_begun and each.source is Source.IMU)
            motion = next(begun, None)
            if motion and motion.detector.is_learning and known_s - motion.begun_s < HISTORY_S:
                return True
        return False

    def _release(self) -> News:
        """Return what was held, in order of time: first of the most trusted of each foot, which may have told all."""
        held, self._held = self._held, []
        events = [sensor for sensor, change in held if change.event is not None]
        first = [next((each for each in sensors if each in events), None) for sensors in self.of_foot.values()]
        return sorted(held, key=lambda item: (item[0] not in first, _time_s(item[1])))


def _time_s(change: ContactChange) -> float:
    return change.event.time_s if change.event else change.detected_s


def _is_late(change: ContactChange, known_s: float) -> bool:
    return change.event is not None and known_s - change.event.time_s > LATE_S
