# SPDX-License-Identifier: Apache-2.0
"""The sensors that tell when one foot is on the ground: which is believed, and what it told.

Of the sensors of a foot that are heard and know if it is down, the most trusted tells its events; it is chosen anew at
every instant, so that another takes its place when it falls silent or loses track, and gives it back. What the new one
had told meanwhile is told then. The events that the others find are held against those told, see ``agreement``.
"""

import math
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from gait_analysis.contact.agreement import DOUBT_COUNT, Agreement
from gait_analysis.events import EventKind, GaitEvent, Source
from gait_analysis.parts import ContactChange
from gait_sensing.samples import Side

_HEARD_COUNT = 64
MAX_AGE_S = 0.1  # of a motion sensor's newest sample: five samples of a slow one
CATCH_UP_S = 0.5  # before the change of sensor: what was told earlier belongs to another stride
LEFT_S = 1.0  # with both feet off the plates, nobody is on them: no flight is so long
SAME_EVENT_S = 0.3  # two sensors' times of one event differ by less, two contacts of one foot by more
AGREE_COUNT = 3  # of ``DOUBT_COUNT`` events; fewer are a doubt
UNPROVEN = "stance from IMUs alone: its bias against force is not known"


class Heard:
    """The instants at which the last samples of a sensor became known."""

    def __init__(self) -> None:
        self._instants_s: list[float] = []
        self.begin_s = math.inf  # the first of all

    def add(self, instants_s: list[float]) -> None:
        """Take the next instants, in order, one at least."""
        if len(self._instants_s) > _HEARD_COUNT:
            del self._instants_s[: bisect_left(self._instants_s, instants_s[0] - 2.0 * MAX_AGE_S)]
        self._instants_s += instants_s
        self.begin_s = min(self.begin_s, instants_s[0])

    def newest_s(self, time_s: float) -> float:
        """Return the newest instant up to ``time_s``; -infinity when there is none."""
        instants_s = self._instants_s
        number = len(instants_s)
        if number and instants_s[-1] > time_s:
            number = bisect_right(instants_s, time_s)
        return instants_s[number - 1] if number else -math.inf


@dataclass(slots=True, eq=False)
class FootSensor:
    """One sensor of one foot, and what it knows."""

    side: Side
    name: str  # of its stream: "left_belt", "prosthesis", "left_foot", ...
    source: Source
    knows_foot_off: bool = True
    is_in_contact: bool | None = None  # None: cannot tell
    reason: str = ""  # why not
    heard: Heard = field(default_factory=Heard)
    recent: deque[GaitEvent] = field(default_factory=lambda: deque(maxlen=8))
    agreement: Agreement = field(default_factory=Agreement)  # with the events told
    crossed: Agreement = field(default_factory=Agreement)  # with those told of the other foot

    def has_begun(self, time_s: float) -> bool:
        """Whether a sample of it was known by ``time_s``."""
        return self.heard.begin_s <= time_s

    def is_heard(self, time_s: float) -> bool:
        """Whether its newest sample was known not long before ``time_s``."""
        return time_s - self.heard_s(time_s) <= MAX_AGE_S

    def heard_s(self, time_s: float) -> float:
        """Return when the newest sample known at ``time_s`` became so."""
        return self.heard.newest_s(time_s)

    def knows(self, time_s: float) -> bool:
        """Whether it can tell contact at ``time_s`` from what it sent."""
        return self.is_in_contact is not None

    def take(self, change: ContactChange) -> None:
        """Take over what it tells of its foot."""
        self.is_in_contact, self.reason = change.is_in_contact, change.reason
        if change.event is not None:
            self.recent.append(change.event._replace(source=self.source, sensor=self.name))

    def doubt(self, told_by: str) -> str:
        """Return what is doubtful about ``told_by`` because this sensor disagrees; empty when it agrees."""
        met_count = self.agreement.met_count
        if met_count is None or met_count >= AGREE_COUNT:
            return ""
        text = f"{self.name} agrees with {met_count} of the last {DOUBT_COUNT} events of {told_by}"
        return f"{text}, but with those of the other foot: are sides swapped?" if self.is_crossed else text

    @property
    def is_crossed(self) -> bool:
        """Whether it agrees with the events told of the other foot, and not with those of its own."""
        met_count, crossed_count = self.agreement.met_count, self.crossed.met_count or 0
        return met_count is not None and met_count < AGREE_COUNT <= crossed_count


@dataclass(slots=True, eq=False)
class LoadSensor(FootSensor):
    """A plate or load cell, whose samples come many at a time."""

    newest_s: Callable[[float], float] = lambda time_s: -math.inf  # time of the newest sample not long before a time
    begin_s: float = math.inf  # time of its first sample
    other: "LoadSensor | None" = None  # the plate of the other foot
    unloaded_s: float = math.inf  # since when it is known to bear no load

    def is_heard(self, time_s: float) -> bool:
        """Whether there is a sample not long before ``time_s``."""
        return self.newest_s(time_s) > -math.inf

    def has_begun(self, time_s: float) -> bool:
        """Whether there is a sample up to ``time_s``."""
        return self.begin_s <= time_s

    def heard_s(self, time_s: float) -> float:
        """Return the time of the newest sample not long before ``time_s``; -infinity when there is none."""
        return self.newest_s(time_s)

    def knows(self, time_s: float) -> bool:
        """Whether it can tell contact at ``time_s``; not of somebody who is on neither plate."""
        return self.is_in_contact is not None and not self.is_left(time_s)

    def is_left(self, time_s: float) -> bool:
        """Whether nobody has been on this plate and the other one for long."""
        other = self.other
        if other is None or not time_s - max(self.unloaded_s, other.unloaded_s) > LEFT_S:
            return False
        return self.is_heard(time_s) and other.is_heard(time_s)

    def take(self, change: ContactChange) -> None:
        """Take over what it tells of its foot."""
        FootSensor.take(self, change)
        if change.is_in_contact is not False:
            self.unloaded_s = math.inf
        elif self.unloaded_s == math.inf:
            self.unloaded_s = change.detected_s


class FootSensors:
    """All sensors of the foot on ``side``, the most trusted first."""

    def __init__(self, side: Side, sensors: list[FootSensor]) -> None:
        self._side, self._sensors = side, sensors
        self.crossing: list[FootSensor] = []  # sensors of the other foot, to be held against this one
        self.used: FootSensor | None = None  # whose event was told last, or will be next
        self.swap_doubt = ""  # why the newest event may be one of the other foot; empty when it is not
        self._found: GaitEvent | None = None  # the last one that was told, as its sensor found it
        self._told_s = -math.inf  # and its time as told

    def best(self, time_s: float) -> FootSensor | None:
        """Return the sensor to believe at ``time_s``; ``None`` when none can tell."""
        for sensor in self._sensors:
            if sensor.knows(time_s) and sensor.is_heard(time_s):
                return sensor
        return None

    def heard_s(self, time_s: float) -> float:
        """Return when the newest sample of a sensor that is heard at ``time_s`` became known; -infinity: none is."""
        return max((each.heard_s(time_s) for each in self._sensors if each.is_heard(time_s)), default=-math.inf)

    def reason(self, time_s: float) -> str:
        """Return why none can tell: what the most trusted one says that was ever heard."""
        sensor = next((each for each in self._sensors if each.has_begun(time_s)), None)
        if sensor is None:
            return f"no sensor of the {self._side.value} foot has sent anything"
        if not sensor.is_heard(time_s):
            why = sensor.reason if sensor.is_in_contact is None else ""
            return f"nothing from {sensor.name} any more" + (f" to go by: {why}" if why else "")
        if sensor.is_in_contact is not None:
            return "nobody is on the plates"
        return sensor.reason or f"{sensor.name} has not told of contact or swing yet"

    def changed(self, time_s: float) -> str:
        """Choose anew; return what to say of a change from one sensor to another, empty when there is none."""
        best, old = self.best(time_s), self.used
        if best is old:
            return ""
        self.used = best
        return f"events from {best.name} instead of {old.name}" if best and old else ""

    def told(self, known_s: float) -> list[GaitEvent]:
        """Return the events to tell now, of the sensor in use; each is told once, and ``known_s`` is when."""
        events: list[GaitEvent] = []
        for event in reversed(self.used.recent if self.used else ()):
            if not self._is_new(event, known_s):
                break
            events.insert(0, event)
        if events:
            self._found = events[-1]
            events = [self._as_told(event, known_s) for event in events]
            self._told_s = events[-1].time_s
        return events

    @property
    def stance_doubt(self) -> str:
        """Why durations that begin or end with foot off are not to be compared; empty when they may be."""
        used = self.used
        if used is None or used.source is not Source.IMU or used.agreement.has_bias(EventKind.FOOT_OFF):
            return ""
        return UNPROVEN

    def _is_new(self, event: GaitEvent, known_s: float) -> bool:
        last = self._found
        if last is None:
            return True
        if event.sensor == last.sensor:
            return event.time_s > last.time_s
        since_s = event.time_s - self._told_s
        is_same = event.kind is last.kind and since_s < SAME_EVENT_S
        return since_s > 0.0 and not is_same and event.detected_s >= known_s - CATCH_UP_S

    def _as_told(self, event: GaitEvent, known_s: float) -> GaitEvent:
        """Return ``event`` without its sensor's bias, and with what the other sensors make of it."""
        used = self.used
        assert used is not None
        self.swap_doubt = ""
        if used.source is Source.IMU:
            bias_s = used.agreement.bias_s(event.kind)
            reason = f"{used.name} was {bias_s * 1e3:+.0f} ms off force, which is taken off" if bias_s else ""
            return event._replace(time_s=event.time_s - bias_s, detected_s=known_s, reason=event.reason or reason)
        doubt = ""
        for other in self._sensors:
            if other is used or not other.knows_foot_off:  # a last resort makes nothing doubtful
                continue
            if other.knows(known_s) and other.is_heard(known_s):
                doubt = doubt or other.doubt(used.name)
                if other.is_crossed:
                    self.swap_doubt = other.doubt(used.name)
                other.agreement.told(event)
        for other in self.crossing:
            other.crossed.told(event)
        if doubt:
            return event._replace(confidence=0.5 * event.confidence, reason=event.reason or doubt)
        return event
