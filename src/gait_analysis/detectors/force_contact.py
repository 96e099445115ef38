# SPDX-License-Identifier: Apache-2.0
"""Contact of one foot from the vertical force of the plate under it.

Contact begins with the first sample above ``on`` and ends once the force has stayed below ``off`` for ``confirm_s``, or
below ``on`` for ``unload_s`` (a plate that drifted upward never falls below ``off``). Both thresholds are in body
weights with a floor in newtons, so that a light person is found too, and lie above the baseline, which follows the
medians of the unloaded plate in the last swings; ``on`` is higher where noise in the last swing comes near it. A state
lasts at least ``min_contact_s`` or ``min_swing_s`` before it may end; this delays no detection, for a change is
believed at its first sample and only its undoing has to wait.

A plate whose zero is off by more than ``on`` seems to be in contact for ever. So whenever contact lasts, swings are
looked for in it, see ``unloaded_level``; their level becomes the baseline, and contact is unknown for a sample.

The **time of an event** is where the load crosses the lowest level that stands clear of the noise of the last swing,
between half of ``off`` and ``off``: so nearest to the true start and end of load, and alike on both edges. Where the
noise is not known, or a load that ends gently has not come down so far when the foot off is detected, it is ``off``.
It lies above the swing just past for an initial contact, above the baseline for a foot off: a plate may drift within a
stride. It is found by looking back from the sample that detected the event, and lies inside the time of load by what
the load needs to reach that level. A load that was above ``off`` for ``_LONGEST_RISE_S`` already has no such time: the
contact is flagged.

Over more than ``max_gap_s`` without a sample, contact becomes unknown until the force is clearly above ``on`` or below
``off``, and no event is made up.

Source of the thresholds' size: force plate studies find initial contact insensitive to 0 to 50 N and foot off in need
of 10 N or less; minimum durations of 0.1 s as in common split-belt laboratory practice.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from gait_analysis.contact.edges import Edge, centred_mean, highest, last_crossing, lowest, median, usual_interval_s
from gait_analysis.contact.unloaded_level import unloaded_level_n
from gait_analysis.events import EventFlag, EventKind, GaitEvent, Source
from gait_analysis.history import History
from gait_analysis.parts import ContactChange
from gait_parts import settings
from gait_parts.settings import setting
from gait_sensing.samples import Array, ForceSamples, Side

_KEEP_S = 6.0  # history that may be looked back to: more than two strides of a slow walker
_LOOK_AFTER_S, _LOOK_EVERY_S = 1.0, 0.5  # in contact, for swings that were taken for it
_LOADED, _MOST_OFF = 6.0, 4.0  # thresholds on, 0.3 and 0.2 body weights: less than a stance, more than any drift
_GUARD_S, _GUARD_SHARE = 0.05, 0.4  # what is left out of a swing at both ends when the baseline is taken
_LEAST_COUNT = 5  # samples of a swing, for its median
_SWING_WINDOW_S = 0.5  # the newest part of a long swing tells the baseline
_LONGEST_RISE_S = 0.1  # of a gentle contact, from the level of an event to on
_FAR_CONFIDENCE = 0.5
_ON_DEVIATIONS = 6.0  # of the noise: never passed by chance
_CLEAR_DEVIATIONS = 4.0  # of the noise: passed by chance in one of 30,000 samples
_NORMAL_PER_MEDIAN = 1.4826  # standard deviation of a normal spread by its median absolute deviation
_BLOCK_COUNT = 1024  # looked at in one go; what lies beyond a change has to be looked at again
_EDGE_COUNT = 32  # looked at one by one where a load ends


@dataclass(frozen=True)
class Settings(settings.Settings):
    """Settings of the force contact detector."""

    on_force_n: float = setting(25.0, "least force above the baseline that begins contact", low=1.0, high=500.0)
    on_share_bw: float = setting(0.05, "the same in body weights; the larger one counts", low=0.0, high=0.5)
    off_force_n: float = setting(10.0, "least force below which contact ends", low=1.0, high=500.0)
    off_share_bw: float = setting(0.02, "the same in body weights; the larger one counts", low=0.0, high=0.5)
    min_contact_s: float = setting(0.1, "shorter contacts are not ended", low=0.0, high=0.5)
    min_swing_s: float = setting(0.1, "shorter swings are not ended", low=0.0, high=0.5)
    confirm_s: float = setting(0.006, "the force stays below off for so long before contact ends", low=0.0, high=0.05)
    unload_s: float = setting(0.1, "a foot that stays below on for so long bears no load", low=0.02, high=1.0)
    max_gap_s: float = setting(0.05, "longer without a sample, contact is unknown", low=0.002, high=0.5)
    smoothing_s: float = setting(0.005, "longest centred mean over the force around an edge", low=0.0, high=0.02)
    baseline_gain: float = setting(0.7, "share of a swing's median force that the baseline takes up", low=0.0, high=1.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (self.off_force_n < self.on_force_n and self.off_share_bw <= self.on_share_bw):
            raise ValueError(
                f"off_force_n, off_share_bw: got {self.off_force_n}, {self.off_share_bw}, expected values below "
                f"on_force_n {self.on_force_n} and not above on_share_bw {self.on_share_bw}"
            )


class Detector:
    """Contact of the foot on ``side``; ``body_weight_n`` NaN leaves the thresholds in newtons alone."""

    def __init__(self, settings: Settings, side: Side, body_weight_n: float) -> None:
        self._settings, self._side = settings, side
        weight_n = 0.0 if math.isnan(body_weight_n) else body_weight_n
        self._on_n = self._least_on_n = max(settings.on_force_n, settings.on_share_bw * weight_n)
        self._loaded_n = _LOADED * self._least_on_n
        self._off_n = max(settings.off_force_n, settings.off_share_bw * weight_n)
        self._edge_n = self._off_n  # where the load of an event is looked for
        self._baseline_n = self._swing_n = 0.0
        self._history = History(1, _KEEP_S)
        self._is_in_contact: bool | None = None
        self._changed_s = -math.inf  # time of the last edge
        self._above_on_s = self._above_off_s = -math.inf  # newest sample at or above each threshold
        self._newest_s = math.nan  # newest sample
        self._look_s = -math.inf  # when to look whether contact is one; infinity: in swing
        self._reason = ""  # of the next event

    def feed(self, samples: ForceSamples) -> list[ContactChange]:
        """Take the next samples of the plate; return the changes of contact they tell."""
        time_s, force_n = samples.time_s, samples.force_n[:, 2]
        last_s, self._newest_s = self._newest_s, float(time_s[-1])
        if self._newest_s - last_s <= self._settings.max_gap_s:
            return self._scan(time_s, force_n)
        gaps_s = np.empty(len(time_s))  # before each sample
        gaps_s[0] = 0.0 if math.isnan(last_s) else time_s[0] - last_s
        np.subtract(time_s[1:], time_s[:-1], out=gaps_s[1:])
        if highest(gaps_s) <= self._settings.max_gap_s:
            return self._scan(time_s, force_n)
        changes: list[ContactChange] = []
        starts = np.flatnonzero(gaps_s > self._settings.max_gap_s).tolist()
        changes += self._scan(time_s[: starts[0]], force_n[: starts[0]])
        for first, end in pairwise([*starts, len(time_s)]):
            changes.append(self._lose(float(time_s[first]), float(gaps_s[first])))
            changes += self._scan(time_s[first:end], force_n[first:end])
        return changes

    def _lose(self, time_s: float, gap_s: float) -> ContactChange:
        self._history.clear()
        self._is_in_contact, self._changed_s, self._look_s = None, -math.inf, time_s + _LOOK_AFTER_S
        self._above_on_s = self._above_off_s = -math.inf
        return ContactChange(time_s, self._baseline_n, None, reason=f"no force for {gap_s:.3f} s")

    def _scan(self, time_s: Array, force_n: Array) -> list[ContactChange]:
        """Find the changes in samples without a gap."""
        self._history.append(time_s, force_n)
        changes: list[ContactChange] = []
        start = 0
        while start < len(time_s):
            end = min(start + _BLOCK_COUNT, len(time_s))
            if self._look_s <= self._newest_s:
                end = min(end, int(time_s.searchsorted(self._look_s)) + 1)
            found = self._first_change(time_s[start:end], force_n[start:end])
            if found is not None:
                end = start + found + 1
                changes.append(self._change(float(time_s[end - 1]), float(force_n[end - 1])))
            elif time_s[end - 1] >= self._look_s:
                changes += self._look_for_swings(float(time_s[end - 1]))
            start = end
        return changes

    def _look_for_swings(self, time_s: float) -> list[ContactChange]:
        """Begin anew above the level of the unloaded plate, if what was taken for contact are swings and stances."""
        self._look_s = time_s + _LOOK_EVERY_S
        seen = self._history.between(max(self._changed_s, time_s - _KEEP_S), time_s)
        level_n = unloaded_level_n(seen[:, 0], seen[:, 1], self._off_n, self._loaded_n)
        if level_n is None or level_n - self._baseline_n > _MOST_OFF * self._least_on_n:
            return []
        self._baseline_n = self._swing_n = level_n
        self._is_in_contact, self._changed_s = None, time_s
        self._reason = f"unloaded, what bears the {self._side.value} foot shows {level_n:.0f} N: was it set to zero?"
        return [ContactChange(time_s, level_n, None, reason=self._reason)]

    def _first_change(self, time_s: Array, force_n: Array) -> int | None:
        on_n, off_n = self._baseline_n + self._on_n, self._baseline_n + self._off_n
        if self._is_in_contact:
            return self._foot_off(time_s, force_n, on_n, off_n)
        is_on = force_n > on_n
        if self._is_in_contact is None:
            return _first(is_on | (force_n < off_n))
        found, from_s = _first(is_on), self._changed_s + self._settings.min_swing_s
        return found if found is None or time_s[found] >= from_s else _first(is_on & (time_s >= from_s))

    def _foot_off(self, time_s: Array, force_n: Array, on_n: float, off_n: float) -> int | None:
        """Return which sample tells that contact has ended; one at or above ``on_n`` tells nothing."""
        settings, least_s = self._settings, self._changed_s + self._settings.min_contact_s
        start = 0
        while start < len(time_s):
            below = _first(force_n[start:] < on_n)
            if below != 0:
                self._above_on_s = self._above_off_s = float(time_s[-1 if below is None else start + below - 1])
            if below is None:
                return None
            start += below
            end = start + _EDGE_COUNT
            samples = zip(time_s[start:end].tolist(), force_n[start:end].tolist(), strict=True)
            for number, (instant_s, load_n) in enumerate(samples, start):
                if load_n >= off_n:
                    self._above_off_s = instant_s
                if load_n >= on_n:
                    self._above_on_s = instant_s
                is_unloaded = load_n < off_n and instant_s - self._above_off_s >= settings.confirm_s
                if (is_unloaded or instant_s - self._above_on_s >= settings.unload_s) and instant_s >= least_s:
                    return number
            start = end
        return None

    def _change(self, time_s: float, force_n: float) -> ContactChange:
        was_in_contact = self._is_in_contact
        self._is_in_contact = force_n > self._baseline_n + self._on_n if was_in_contact is None else not was_in_contact
        self._look_s = time_s + _LOOK_AFTER_S if self._is_in_contact else math.inf
        if self._is_in_contact:
            self._above_on_s = self._above_off_s = time_s
        if was_in_contact is None:
            return ContactChange(time_s, self._baseline_n, self._is_in_contact)
        self._follow_baseline(time_s)
        event = self._event(time_s)
        self._changed_s = event.time_s
        return ContactChange(time_s, self._baseline_n, self._is_in_contact, event)

    def _follow_baseline(self, time_s: float) -> None:
        """Take up the drift of the plate, seen while it was unloaded just now."""
        if self._is_in_contact:
            begin_s = max(self._changed_s, time_s - _SWING_WINDOW_S)
            guard_s = min(_GUARD_S, _GUARD_SHARE * (time_s - begin_s))
            swing = self._history.between(begin_s + guard_s, time_s - guard_s)
            is_flat = (
                guard_s == _GUARD_S or highest(swing[:, 1]) - lowest(swing[:, 1]) < self._off_n
            )  # a short one may be a foot that slides off
            if len(swing) >= _LEAST_COUNT and is_flat:
                self._swing_n = median(swing[:, 1])
                self._baseline_n += self._settings.baseline_gain * (self._swing_n - self._baseline_n)
                noise_n = _NORMAL_PER_MEDIAN * median(np.abs(swing[1:, 1] - swing[:-1, 1])) / math.sqrt(2.0)
                self._on_n = min(max(self._least_on_n, _ON_DEVIATIONS * noise_n), self._loaded_n)
                self._edge_n = self._lowest_clear_n(swing)
        elif time_s - self._above_off_s < self._settings.confirm_s:  # unloaded, yet above off: it drifted far
            rest = self._history.between(time_s - 0.5 * self._settings.unload_s, time_s)
            self._baseline_n = median(rest[:, 1])

    def _lowest_clear_n(self, swing: Array) -> float:
        """Return the lowest level, from half of ``off`` to ``off``, that noise as in this swing hardly reaches.

        A plate without any noise was set to zero by someone, who knows up to which force.
        """
        smooth_n = centred_mean(swing[:, 1], usual_interval_s(swing[:, 0]), self._settings.smoothing_s)
        noise_n = _NORMAL_PER_MEDIAN * median(np.abs(smooth_n - median(smooth_n)))
        return min(max(_CLEAR_DEVIATIONS * noise_n, 0.5 * self._off_n), self._off_n) if noise_n > 0.0 else self._off_n

    def _event(self, time_s: float) -> GaitEvent:
        is_contact = bool(self._is_in_contact)
        longest_s = _LONGEST_RISE_S
        if not is_contact:
            longest_s = max(self._settings.min_contact_s, self._settings.unload_s) + 2.0 * _GUARD_S
        seen = self._history.between(max(self._changed_s, time_s - longest_s), time_s)
        edge = self._edge(seen, self._edge_n, is_contact)
        if edge.is_far:  # a gentle foot off has not come down so far yet
            edge = self._edge(seen, self._off_n, is_contact)
        event = GaitEvent(
            time_s=edge.time_s,
            detected_s=time_s,
            side=self._side,
            kind=EventKind.INITIAL_CONTACT if is_contact else EventKind.FOOT_OFF,
            source=Source.FORCE,
            confidence=1.0,
            reason=self._reason,
        )
        self._reason = ""
        if edge.is_far:
            return event._replace(confidence=_FAR_CONFIDENCE, flags=EventFlag.INTERPOLATION_FAR)
        return event

    def _edge(self, seen: Array, level_n: float, is_contact: bool) -> Edge:
        unloaded_n = self._swing_n if is_contact else self._baseline_n
        return last_crossing(seen[:, 0], seen[:, 1], unloaded_n + level_n, is_contact, self._settings.smoothing_s)


def _first(is_it: np.ndarray) -> int | None:
    index = int(is_it.argmax())
    return index if is_it[index] else None
