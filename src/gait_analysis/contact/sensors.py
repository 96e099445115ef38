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
from dataclasses import dataclass, field
from typing import Protocol

from gait_analysis.contact.believed_load import BelievedLoad
from gait_analysis.contact.foot_sensor import MAX_AGE_S, FootSensor, Heard, LoadSensor
from gait_analysis.contact.plausibility import MotionCheck
from gait_analysis.events import EventKind, GaitEvent, Source
from gait_analysis.history import History
from gait_analysis.imu_events.worn import HISTORY_S
from gait_analysis.one_plate.one_plate import OnePlate
from gait_analysis.participant import Participant
from gait_analysis.parts import ContactChange, build, settings_of
from gait_parts.settings import Settings
from gait_sensing.samples import ForceSamples, ImuRow, Side, Vector

PROSTHESIS = "prosthesis"  # name of the force stream of the load cell in it
LATE_S = 1.0  # an event found later than this was found when the mounting became known
PELVIS = "pelvis"
LINKS = {"foot": "foot_rate", "shank": "shank_rate"}  # the most trusted first, and the file of its detector
DETECTORS = (*LINKS.values(), "lower_back")  # files in ``imu_events``

News = list[tuple[FootSensor, ContactChange]]


class MotionDetector(Protocol):
    """Finds events in the samples of one IMU."""

    @property
    def left(self) -> Vector | None:
        """The person's left in the sensor's axes, unit vector; ``None`` while it is not known."""

    @property
    def reason(self) -> str:
        """Why no event can be found now; empty when events are found."""

    @property
    def is_learning(self) -> bool:
        """Whether it does not know yet how the IMU is worn, and will find earlier events once it does."""

    def follow(self, rows: list[ImuRow]) -> Iterator[tuple[float, list[GaitEvent]]]:
        """Take the next measurements; yield the times at which any of these changes or events are found, and those."""


@dataclass(slots=True)
class _Motion:
    """One IMU, as far as ``Sensors.tell`` was told."""

    detector: MotionDetector
    sensors: dict[Side, FootSensor]
    check: MotionCheck
    heard: Heard  # of its sensors
    left: Vector | None = None
    reason: str = ""  # why its detector finds nothing
    doubt: str = ""  # why so many of its samples are not believed that contact is unknown
    is_learning: bool = True
    told: str = ""  # the last reason or doubt
    was_doubted: bool = False  # with it

    @property
    def is_of_both(self) -> bool:
        """Whether it tells of both feet."""
        return len(self.sensors) > 1


@dataclass(slots=True)
class Finding:
    """What a sample of an IMU tells. In parts: what its detector finds, and what the check of its samples does."""

    time_s: float
    motion: _Motion
    doubt: str | None = None  # None: as before
    events: list[GaitEvent] = field(default_factory=list)
    of_detector: tuple[Vector | None, str, bool] | None = None  # left, reason, is_learning; None: as before


class _Times:
    """When there were samples of one force stream."""

    def __init__(self) -> None:
        self._times = History(0, 2.0)
        self.append = self._times.append

    def newest_s(self, time_s: float) -> float:
        """Return the time of the newest one not long before ``time_s``; -infinity when there is none."""
        return self._times.newest_s(time_s, MAX_AGE_S)


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
        self._pylon: tuple[LoadSensor, BelievedLoad] | None = None
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

    def _add_load(self, side: Side, name: str, source: Source) -> LoadSensor:
        times = self._times.setdefault(name, _Times())
        reason = f"no clear contact or swing on {name} yet"
        sensor = LoadSensor(side, name, source, reason=reason, newest_s=times.newest_s)
        self.of_foot[side].append(sensor)
        return sensor

    def _add_motion(
        self, segment: str, detector: MotionDetector, sides: tuple[Side, ...] | type[Side], knows_foot_off: bool = True
    ) -> None:
        heard = Heard()
        sensors = {side: FootSensor(side, segment, Source.IMU, knows_foot_off, heard=heard) for side in sides}
        self._motions[segment] = _Motion(detector, sensors, MotionCheck(segment), heard)
        for side, sensor in sensors.items():
            self.of_foot[side].append(sensor)

    def left(self, segment: str) -> Vector | None:
        """Return the person's left in the axes of the IMU on ``segment``, a foot or shank; ``None`` while not known."""
        return self._motions[segment].left

    def feed(self, segment: str, rows: list[ImuRow], lag_s: float, done_s: float) -> tuple[list[ImuRow], list[Finding]]:
        """Take the next rows of an IMU; return those that are measurements, and what to ``tell`` in order of time.

        Each is known ``lag_s`` after its time, and after ``done_s``.
        """
        motion = self._motions.get(segment)
        if motion is None:
            return rows, []
        detector, heard = motion.detector, motion.heard
        heard.add([done_s if done_s > (known_s := row[0] + lag_s) else known_s for row in rows])
        measured, doubts = motion.check.feed(rows)
        found = {time_s: Finding(time_s, motion, doubt) for time_s, doubt in doubts}
        for time_s, events in detector.follow(measured):
            finding = found.setdefault(time_s, Finding(time_s, motion))
            finding.events += events
            finding.of_detector = detector.left, detector.reason, detector.is_learning
        return measured, list(found.values())

    def feed_force(self, samples: ForceSamples) -> Iterator[tuple[FootSensor, ContactChange]]:
        """Take the next samples of a force stream; yield what they tell of the feet, as detected."""
        self._times[samples.name].append(samples.time_s)
        begin_s = float(samples.time_s[0])
        if samples.name == PROSTHESIS and self._pylon is not None:
            sensor, load = self._pylon
            sensor.begin_s = min(sensor.begin_s, begin_s)
            yield from ((sensor, change) for change in load.feed(samples)[1])
            return
        for sensor in self._on_plate.values():
            sensor.begin_s = min(sensor.begin_s, begin_s)
        yield from sorted(self._on_both(samples), key=lambda item: item[1].detected_s)

    def _on_both(self, samples: ForceSamples) -> Iterator[tuple[FootSensor, ContactChange]]:
        for event in self._plate.feed(samples):
            is_contact = event.kind is EventKind.INITIAL_CONTACT
            yield self._on_plate[event.side], ContactChange(event.detected_s, math.nan, is_contact, event)
        for known in self._plate.news:
            for side, sensor in self._on_plate.items():
                yield sensor, ContactChange(known.time_s, math.nan, known.is_in_contact[side], reason=known.reason)

    def tell(self, finding: Finding, known_s: float) -> News:
        """Return what a finding, known at ``known_s``, tells of the feet."""
        motion = finding.motion
        if finding.doubt is not None:
            motion.doubt = finding.doubt
        if finding.of_detector is not None:
            motion.left, motion.reason, motion.is_learning = finding.of_detector
        found = self._found(motion, finding.events, known_s)
        if self._held or (found and motion.is_of_both) or any(_is_late(change, known_s) for _, change in found):
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
        reason = motion.doubt or motion.reason
        is_new, was_doubted = reason != motion.told, motion.was_doubted
        if not is_new:
            return []
        motion.told, motion.was_doubted = reason, bool(motion.doubt)
        if not (reason or was_doubted):
            return []
        return [(sensor, ContactChange(known_s, math.nan, None, reason=reason)) for sensor in motion.sensors.values()]

    def _is_learning(self, known_s: float) -> bool:
        """Whether events of another foot may still be found from long ago, by its most trusted IMU."""
        for sensors in self.of_foot.values():
            imus = (each for each in sensors if each.source is Source.IMU and each.has_begun(known_s))
            imu = next(imus, None)
            if imu and self._motions[imu.name].is_learning and known_s - imu.heard.begin_s < HISTORY_S:
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
