# SPDX-License-Identifier: Apache-2.0
"""What comes at fixed instants whatever happens: the states of the control grid, and standing."""

import math

from gait_analysis.belt_motion import BeltMotion
from gait_analysis.gait import GaitState
from gait_analysis.limb import Limb
from gait_analysis.standing import Standing, StandingTracker
from gait_sensing.samples import Side


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

    def _add_states(self, results: list[GaitState | Standing], end_s: float, is_end_included: bool) -> None:
        """Add the states of the control grid up to ``end_s``, without those that no sample tells anything about."""
        rate_hz = self._rate_hz
        while rate_hz > 0.0:
            time_s = self._start_s + self._next_state / rate_hz
            if time_s > end_s or (time_s == end_s and not is_end_included):
                return
            self._next_state += 1
            state = self._state(time_s)
            if state is not None:
                results.append(state)
                continue
            next_s = min(end_s, *(limb.next_s(time_s) for limb in self._limbs.values()))
            self._next_state = max(self._next_state, math.floor((next_s - self._start_s) * rate_hz) - 1)

    def _state(self, time_s: float) -> GaitState | None:
        left, right = self._limbs.values()
        left_row, right_row = left.newest(time_s), right.newest(time_s)
        if left_row is None and right_row is None:
            heard_s = (max(limb.sensors.heard_s(time_s), limb.refused_s(time_s)) for limb in (left, right))
            newest_s = max(heard_s)
            if newest_s == -math.inf:
                return None
        else:
            newest_s = max(float(row[0]) for row in (left_row, right_row) if row is not None)
        left_mps, right_mps = self._belts.speeds_mps(time_s)
        return GaitState(
            time_s=time_s,
            newest_sample_s=newest_s,
            left=left.state(time_s, left_row, right.sensor(time_s, right_row) is not None),
            right=right.state(time_s, right_row, left.sensor(time_s, left_row) is not None),
            left_belt_speed_mps=left_mps,
            right_belt_speed_mps=right_mps,
        )
