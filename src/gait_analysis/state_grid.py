# SPDX-License-Identifier: Apache-2.0
"""What comes at fixed instants whatever happens: the states of the control grid, and standing."""

import math

from gait_analysis.belt_motion import BeltMotion
from gait_analysis.gait import GaitState, LimbState, Subphase
from gait_analysis.limb import Limb
from gait_analysis.standing import Standing, StandingTracker
from gait_sensing.samples import Side

SILENT_S = 0.5  # without a state for so long it is told why; no belt law takes a state so old for a fresh one
_MOST_COUNT = 256  # instants looked at in one go; more are of a pause, most of which is passed over


class StateGrid:
    """States at ``rate_hz`` (0: none) from ``start_s`` on."""

    def __init__(
        self,
        limbs: dict[Side, Limb],
        belts: BeltMotion,
        standing: StandingTracker,
        start_s: float,
        rate_hz: float,
    ) -> None:
        self._limbs, self._belts, self._standing = limbs, belts, standing
        self._start_s, self._rate_hz = start_s, rate_hz
        self._next_state = 0  # number of the next instant of the control grid
        self._next_s = start_s if rate_hz > 0.0 else math.inf  # and its time
        self._told_s = self._sampled_s = start_s  # of the newest state, and of the newest sample that it used

    def until(self, end_s: float, is_end_included: bool) -> list[GaitState | Standing]:
        """Return what is told from the last call up to ``end_s``."""
        results: list[GaitState | Standing] = []
        standing, limbs = self._standing, self._limbs.values()
        while standing.end_s < end_s or (standing.end_s == end_s and is_end_included):
            instant_s = standing.end_s
            self._add_states(results, instant_s, is_end_included=False)
            left, right = (limb.loads(standing.begin_s, instant_s) for limb in limbs)
            if result := standing.feed(left, right):
                results.append(result)
            else:
                standing.skip_to(min(end_s, *(limb.next_s(instant_s) for limb in limbs)))
        self._add_states(results, end_s, is_end_included)
        return results

    def silence(self, silent_s: float) -> GaitState | None:
        """Return what to tell when no state could be told for ``silent_s``: why. Changes nothing.

        The state is as old as the newest one that was told, so that nobody takes it for a fresh one; both limbs are
        unknown. ``None`` when no states are wanted.
        """
        if self._next_s == math.inf:
            return None
        left, right = (
            LimbState(
                limb.side,
                None,
                Subphase.UNKNOWN,
                math.nan,
                math.nan,
                math.nan,
                limb.sensors.reason(self._told_s + silent_s),
            )
            for limb in self._limbs.values()
        )
        return GaitState(self._told_s, self._sampled_s, left, right, math.nan, math.nan)

    def _add_states(self, results: list[GaitState | Standing], end_s: float, is_end_included: bool) -> None:
        """Add the states of the control grid up to ``end_s``, without those that no sample tells anything about."""
        while self._next_s < end_s or (self._next_s == end_s and is_end_included):
            times_s = self._instants(end_s, is_end_included)
            states = self._states(times_s)
            results += states
            if states:
                self._told_s, self._sampled_s = states[-1].time_s, states[-1].newest_sample_s
            self._go_to(self._next_state + len(times_s))
            if not (states and states[-1].time_s == times_s[-1]):  # nothing more before the next sample
                next_s = min(end_s, *(limb.next_s(times_s[-1]) for limb in self._limbs.values()))
                self._go_to(max(self._next_state, math.floor((next_s - self._start_s) * self._rate_hz) - 1))

    def _go_to(self, number: int) -> None:
        self._next_state, self._next_s = number, self._time_s(number)

    def _time_s(self, number: int) -> float:
        return self._start_s + number / self._rate_hz

    def _instants(self, end_s: float, is_end_included: bool) -> list[float]:
        """Return the next instants up to ``end_s``, one at least and not too many."""
        count = min(math.floor((end_s - self._next_s) * self._rate_hz) + 2, _MOST_COUNT)
        times_s = [self._time_s(number) for number in range(self._next_state, self._next_state + count)]
        while times_s[-1] > end_s or (times_s[-1] == end_s and not is_end_included):
            times_s.pop()
        return times_s

    def _states(self, times_s: list[float]) -> list[GaitState]:
        """Return the states at these times, between which nothing changes but samples."""
        left, right = self._limbs.values()
        left_rows, right_rows = left.newest(times_s), right.newest(times_s)
        left_sensors, right_sensors = left.sensors_at(times_s, left_rows), right.sensors_at(times_s, right_rows)
        states = map(
            GaitState,
            times_s,
            map(self._newest_s, times_s, left_rows, right_rows),
            left.states(times_s, left_rows, left_sensors, right_sensors),
            right.states(times_s, right_rows, right_sensors, left_sensors),
            *zip(*self._belts.speeds_mps(times_s), strict=True),
        )
        return [state for state in states if state.newest_sample_s > -math.inf]

    def _newest_s(self, time_s: float, left: list[float] | None, right: list[float] | None) -> float:
        """Return the time of the newest sample used, of ``left`` and ``right`` plate or other sensors."""
        if left and right:
            return max(left[0], right[0])
        if row := left or right:
            return row[0]
        return max(max(limb.sensors.heard_s(time_s), limb.refused_s(time_s)) for limb in self._limbs.values())
