# SPDX-License-Identifier: Apache-2.0
"""What one foot does over time, in tables that grow with each step: load and place for the plates, phase for the IMUs.

Between the rows of a table everything is linear in time; after its last row it stays.
"""

import math
from bisect import bisect_right
from dataclasses import dataclass

from gait_sensing.samples import Array

KEPT_S = 5.0  # of the past
STANCE_PHASE = 0.62  # of the gait cycle at foot off, in the shapes of ``body_motion``
STANDING_PHASE = 0.3  # mid-stance: the foot is flat

LoadRow = tuple[float, float, float, float]  # vertical_bw, fore_aft_bw, place_m, standing


class LoadTable:
    """Columns: time, vertical and fore-aft force in body weights, place on the belt, and how much it stands.

    The place is forward of a mark that moves with the belt. Standing is 1 while the person stands still, 0 in walking.
    """

    def __init__(self, place_m: float) -> None:
        self._times_s = [0.0]
        self._rows: list[LoadRow] = [(0.5, 0.0, place_m, 1.0)]

    @property
    def last_vertical_bw(self) -> float:
        """Vertical force of the last row."""
        return self._rows[-1][0]

    @property
    def last_place_m(self) -> float:
        """Place of the last row."""
        return self._rows[-1][2]

    def add(self, time_s: Array, vertical_bw: Array, fore_aft_bw: Array, place_m: Array, standing: Array) -> None:
        """Add rows, [n] each, the first not before the last row; forget what is long past.

        What the last row holds, it holds until the first new one.
        """
        passed = max(bisect_right(self._times_s, float(time_s[0]) - KEPT_S) - 1, 0)
        del self._times_s[:passed], self._rows[:passed]
        self._times_s += [max(self._times_s[-1], float(time_s[0])), *time_s.tolist()]
        columns = (vertical_bw, fore_aft_bw, place_m, standing)
        self._rows += [self._rows[-1], *zip(*(column.tolist() for column in columns), strict=True)]

    def at(self, time_s: float) -> LoadRow:
        """Return vertical and fore-aft force, place and standing at one instant."""
        index = bisect_right(self._times_s, time_s)
        if index == len(self._rows):
            return self._rows[-1]
        before_s, after_s = self._times_s[index - 1], self._times_s[index]
        share = (time_s - before_s) / (after_s - before_s)
        (v0, f0, p0, s0), (v1, f1, p1, s1) = self._rows[index - 1], self._rows[index]
        return v0 + share * (v1 - v0), f0 + share * (f1 - f0), p0 + share * (p1 - p0), s0 + share * (s1 - s0)


@dataclass(frozen=True, slots=True)
class LegState:
    """The leg at one instant."""

    phase: float  # [0, 1) since contact
    phase_rate_hz: float
    amplitude: float  # of the leg's angles: 0 in standing, about 1 in walking at 1.1 m/s
    amplitude_rate_hz: float
    swing: float  # share of the swing that is over; NaN in stance
    swing_s: float  # duration of the swing; NaN in stance
    since_contact_s: float  # NaN in swing and in standing
    reach_m: float  # how far the foot goes along the belt in this swing


@dataclass(frozen=True, slots=True)
class _Row:
    """The leg from ``time_s`` on."""

    time_s: float
    phase: float  # cycles since the start; whole at each contact
    amplitude: float
    is_swing: bool = False
    reach_m: float = 0.0


class LegTable:
    """Phase and amplitude of one leg."""

    def __init__(self) -> None:
        self._rows = [_Row(0.0, STANDING_PHASE, 0.0)]
        self._times_s = [0.0]

    def stay(self, until_s: float) -> None:
        """Stay as it is."""
        self._add(_Row(until_s, self._rows[-1].phase, self._rows[-1].amplitude))

    def lift(self, off_s: float, amplitude: float, reach_m: float) -> None:
        """Leave the ground, to go so far along the belt."""
        self._add(_Row(off_s, self._cycle + STANCE_PHASE, amplitude, True, reach_m))

    def land(self, contact_s: float) -> None:
        """End the swing."""
        self._add(_Row(contact_s, self._cycle + 1.0, self._rows[-1].amplitude))

    def stand(self, from_s: float) -> None:
        """Reach quiet standing."""
        self._add(_Row(from_s, self._cycle + STANDING_PHASE, 0.0))

    @property
    def _cycle(self) -> float:
        return float(math.floor(self._rows[-1].phase))

    def _add(self, row: _Row) -> None:
        self._rows.append(row)
        self._times_s.append(row.time_s)
        while len(self._rows) > 2 and self._times_s[1] < row.time_s - KEPT_S:
            del self._rows[0], self._times_s[0]

    def at(self, time_s: float) -> LegState:
        """Return the leg's state at one instant."""
        index = max(bisect_right(self._times_s, time_s) - 1, 0)
        here, after = self._rows[index], self._rows[min(index + 1, len(self._rows) - 1)]
        width_s = after.time_s - here.time_s
        rate_hz = 1.0 / width_s if width_s > 0.0 else 0.0
        share = min(max((time_s - here.time_s) * rate_hz, 0.0), 1.0)
        has_landed = not here.is_swing and here.phase == math.floor(here.phase)
        return LegState(
            phase=(here.phase + share * (after.phase - here.phase)) % 1.0,
            phase_rate_hz=(after.phase - here.phase) * rate_hz,
            amplitude=here.amplitude + share * (after.amplitude - here.amplitude),
            amplitude_rate_hz=(after.amplitude - here.amplitude) * rate_hz,
            swing=share if here.is_swing else math.nan,
            swing_s=width_s if here.is_swing else math.nan,
            since_contact_s=time_s - here.time_s if has_landed else math.nan,
            reach_m=here.reach_m,
        )
