# SPDX-License-Identifier: Apache-2.0
"""All that is known of one limb: its plate's last seconds, contact, phase, sub-phase and stride in progress."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from gait_analysis.contact.believed_load import BelievedLoad
from gait_analysis.contact.edges import centred_mean, highest, usual_interval_s
from gait_analysis.contact.foot_sensor import FootSensor, FootSensors, LoadSensor
from gait_analysis.contact.plausibility import clip_level_n
from gait_analysis.cycle.limb_phase import LimbPhase
from gait_analysis.cycle.subphases import SubphaseTracker
from gait_analysis.events import EventKind, GaitEvent, Source
from gait_analysis.gait import LimbState, Subphase
from gait_analysis.history import History
from gait_analysis.parts import ContactChange, Detector
from gait_analysis.strides.kinetics import Kinetics, stance_kinetics
from gait_analysis.strides.lengths import landing_m, weighted_mean
from gait_analysis.strides.strides import StrideBuilder
from gait_sensing.samples import Array, ForceSamples, Side

_KEEP_S = 8.0  # two strides of slow walkers and more
_LONGEST_STANCE_S = 4.0  # longer is standing
_EDGE_S = 0.03  # before foot off, in which the centre of pressure is looked at
_SWING_MARGIN_S = 0.05  # at both ends of a swing, where the load of the stances fades
_SWING_MEAN_S = 0.02  # against noise on the highest load
_REFUSED_S = 2.0
_TIME, _FORWARD, _LATERAL, _VERTICAL, _PRESSURE_X, _PRESSURE_Y = range(6)  # columns of the history
_LOAD = slice(_TIME, _VERTICAL + 1, _VERTICAL)  # time and load


class Landing(NamedTuple):
    """The newest initial contact of a limb and where it was, forward positive in the lab frame."""

    contact_s: float = math.nan
    position_m: float = math.nan


class Limb:
    """The limb on ``side``, as the force stream ``stream`` and the ``others`` see it, the most trusted first.

    ``max_age_s`` without a sample make its contact and load unknown; vertical forces below ``lowest_force_n`` are no
    measurement.
    """

    def __init__(
        self,
        stream: str,
        detector: Detector,
        phase: LimbPhase,
        side: Side,
        others: list[FootSensor],
        weight_n: float,
        lowest_n: float,
        max_age_s: float,
    ) -> None:
        self.side, self.stream, self.phase = side, stream, phase
        self.strides, self.subphase = StrideBuilder(side), SubphaseTracker(side)
        self.landing = Landing()
        self.plate = LoadSensor(side, stream, Source.FORCE, reason=f"no clear contact or swing on {stream} yet")
        self.plate.newest_s = self._newest_s
        self.sensors = FootSensors(side, [self.plate, *others])
        self._load = BelievedLoad(stream, detector, weight_n, lowest_n)
        self._weight_n, self._max_age_s = weight_n, max_age_s
        self._history = History(5, _KEEP_S)
        self._refused = History(0, _REFUSED_S)  # times of samples that were no measurement
        self._baseline_n = 0.0
        self._unloaded_s = math.nan  # the last foot off of the plate, be it one of a stride or of a touch

    def take(self, samples: ForceSamples) -> list[ContactChange]:
        """Keep the samples, without those that are no measurement; return the changes of contact they tell."""
        self.plate.begin_s = min(self.plate.begin_s, float(samples.time_s[0]))
        measured, changes = self._load.feed(samples)
        if measured is not samples:
            self._refused.append(samples.time_s)
        if measured is not None:
            self._history.append(measured.time_s, measured.force_n, measured.centre_of_pressure_m)
        return changes

    def apply(self, change: ContactChange) -> None:
        """Take over a change of contact that ``take`` returned."""
        self.plate.take(change)
        self._baseline_n = change.baseline_n
        if change.event is not None and change.event.kind is EventKind.FOOT_OFF:
            self._unloaded_s = change.event.time_s

    def land(self, contact: GaitEvent, belt_mps: float) -> None:
        """Find out where the foot touched down at ``contact``; only its plate can tell."""
        position_m = math.nan
        if contact.sensor == self.stream:
            rows = self._history.between(contact.time_s, contact.detected_s)
            position_m = landing_m(contact.time_s, rows[:, _TIME], rows[:, _VERTICAL], rows[:, _PRESSURE_X], belt_mps)
        self.landing = Landing(contact.time_s, position_m)

    def pressure_y_m(self, start_s: float, end_s: float) -> float:
        """Return the mean centre of pressure across the belt in the middle half of an interval; NaN when unknown."""
        margin_s = 0.25 * (end_s - start_s)
        pressure_y_m = self._history.between(start_s + margin_s, end_s - margin_s)[:, _PRESSURE_Y]
        pressure_y_m = pressure_y_m[np.isfinite(pressure_y_m)]
        return float(pressure_y_m.sum()) / len(pressure_y_m) if len(pressure_y_m) else math.nan

    def across_m(self, event: GaitEvent) -> float:
        """Return the force-weighted centre of pressure across the belt at an edge of load; NaN when unknown."""
        is_contact = event.kind is EventKind.INITIAL_CONTACT
        start_s, end_s = (event.time_s, event.detected_s) if is_contact else (event.time_s - _EDGE_S, event.time_s)
        rows = self._history.between(start_s, end_s)
        return weighted_mean(rows[:, _PRESSURE_Y], rows[:, _VERTICAL])

    def swing_load_bw(self, start_s: float, end_s: float) -> float:
        """Return the highest load of a swing, as mean over 20 ms, without its ends; NaN when not measured."""
        rows = self._history.between(start_s + _SWING_MARGIN_S, end_s - _SWING_MARGIN_S)
        if len(rows) < 2:
            return math.nan
        load_n = centred_mean(rows[:, _VERTICAL], usual_interval_s(rows[:, _TIME]), _SWING_MEAN_S)
        return (highest(load_n) - self._baseline_n) / self._weight_n

    def loads(self, start_s: float, end_s: float) -> Array:
        """Return [n, 4] of the samples after ``start_s`` up to ``end_s``: time, load, centre of pressure x and y."""
        columns = self._after(start_s, end_s).T
        loads = columns[_LATERAL:].copy()  # of which time takes the place of lateral force
        loads[0] = columns[_TIME]
        loads[1] -= self._baseline_n
        return loads.T

    def load_n(self, start_s: float, end_s: float) -> Array:
        """Return [n], the load of the samples after ``start_s`` up to ``end_s``."""
        load_n: Array = self._after(start_s, end_s)[:, _VERTICAL] - self._baseline_n
        return load_n

    def _after(self, start_s: float, end_s: float) -> Array:
        return self._history.between(math.nextafter(start_s, math.inf), end_s)

    def newest(self, times_s: list[float]) -> list[list[float] | None]:
        """Return, for each time, time and load of the newest sample up to it; ``None`` where it is too old."""
        return self._history.newest(times_s, self._max_age_s, _LOAD)

    def next_s(self, time_s: float) -> float:
        """Return the time of the first sample after ``time_s`` that has been taken; infinity when there is none."""
        return min(self._history.next_s(time_s), self._refused.next_s(time_s))

    def refused_s(self, time_s: float) -> float:
        """Return the time of the newest sample not long before ``time_s`` that was no measurement, or -infinity."""
        return self._refused.newest_s(time_s, self._max_age_s)

    def sensors_at(self, times_s: list[float], rows: list[list[float] | None]) -> list[FootSensor | None]:
        """Return the sensors that tell of contact at these times; ``rows`` is what ``newest`` returned for them."""
        plate, best = self.plate, self.sensors.best
        return [
            plate if row and plate.knows(time_s) else best(time_s) for time_s, row in zip(times_s, rows, strict=True)
        ]

    def states(
        self,
        times_s: list[float],
        rows: list[list[float] | None],
        sensors: list[FootSensor | None],
        others: list[FootSensor | None],
    ) -> list[LimbState]:
        """Return the states at ``times_s``, with what ``newest`` and ``sensors_at`` returned for them.

        ``others`` are the sensors of the other limb.
        """
        states = []
        for time_s, row, sensor, other in zip(times_s, rows, sensors, others, strict=True):
            phase, rate_hz, reason = self.phase.at(time_s)
            is_in_contact, subphase = None, Subphase.UNKNOWN
            if sensor is None:
                reason = "; ".join(filter(None, (self.sensors.reason(time_s), reason)))
            elif sensor.knows_foot_off:
                is_in_contact = sensor.is_in_contact
                if other is not None and not math.isnan(phase):
                    subphase = self.subphase.at(time_s)
            load_bw = (row[1] - self._baseline_n) / self._weight_n if row else math.nan
            states.append(LimbState(self.side, is_in_contact, subphase, phase, rate_hz, load_bw, reason))
        return states

    def _newest_s(self, time_s: float) -> float:
        return self._history.newest_s(time_s, self._max_age_s)

    def kinetics(self, start_s: float, pull_n: Callable[[Array], Array] | None) -> Kinetics:
        """Return the loading from a contact on, until the plate was last unloaded.

        ``pull_n`` is what the belt's mass adds to fore-aft force at times [n].
        """
        foot_off_s = self._unloaded_s
        if math.isnan(self._weight_n) or not 0.0 < foot_off_s - start_s <= _LONGEST_STANCE_S:
            return Kinetics()
        rows = self._history.between(start_s, foot_off_s)
        if not math.isnan(clip_level_n(rows[:, _TIME], rows[:, _VERTICAL])):
            return Kinetics()
        vertical_bw = (rows[:, _VERTICAL] - self._baseline_n) / self._weight_n
        forward_n = rows[:, _FORWARD]
        if pull_n is not None and len(rows):
            forward_n = forward_n - pull_n(rows[:, _TIME])
        return stance_kinetics(start_s, foot_off_s, rows[:, _TIME], vertical_bw, forward_n / self._weight_n)

    def clip_n(self, start_s: float, end_s: float) -> float:
        """Return the force at which the plate was clipped in a stance; NaN when it was not."""
        rows = self._history.between(start_s, end_s)
        return clip_level_n(rows[:, _TIME], rows[:, _VERTICAL])

    def across(self, start_s: float, end_s: float) -> Array:
        """Return rows [n, 4] of an interval: time, lateral force, load, centre of pressure across the belt."""
        rows = self._history.between(start_s, end_s)[:, (_TIME, _LATERAL, _VERTICAL, _PRESSURE_Y)]
        rows[:, 2] -= self._baseline_n
        return rows
