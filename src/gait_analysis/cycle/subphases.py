# SPDX-License-Identifier: Apache-2.0
"""Sub-phases of the gait cycle from the contacts of both feet.

The names and their order are those of Perry (Gait Analysis: Normal and Pathological Function, 1992): loading response,
mid-stance, terminal stance, pre-swing, initial, mid and terminal swing. The borders that are contacts are exact:
loading response is the first double support, pre-swing the second. Those that are not, Perry sets by posture (heel
rise, foot beside the other, shank vertical), which force does not show: mid-stance is here the first half of single
support, and swing is cut in thirds, both by the duration they had in the limb's last stride. Deviation: the ends of
mid-stance and of the swing sub-phases are thus estimates.
"""

from gait_analysis.events import EventKind, GaitEvent
from gait_analysis.gait import Subphase
from gait_sensing.samples import Side

# Part of the cycle -> sub-phases in it, each with the share of the part at which it ends.
_SUBPHASES = {
    "leading": ((1.0, Subphase.LOADING_RESPONSE),),
    "single_support": ((0.5, Subphase.MID_STANCE), (1.0, Subphase.TERMINAL_STANCE)),
    "trailing": ((1.0, Subphase.PRE_SWING),),
    "swing": (
        (1.0 / 3.0, Subphase.INITIAL_SWING),
        (2.0 / 3.0, Subphase.MID_SWING),
        (1.0, Subphase.TERMINAL_SWING),
    ),
}
# (is the event this foot's, its kind) -> the part that it begins for this limb, unless the limb's own foot is off.
_BEGINS = {
    (True, EventKind.INITIAL_CONTACT): "leading",
    (False, EventKind.FOOT_OFF): "single_support",
    (False, EventKind.INITIAL_CONTACT): "trailing",
    (True, EventKind.FOOT_OFF): "swing",
}


class SubphaseTracker:
    """Sub-phase of the limb on ``side``."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self._part = ""
        self._began_s = 0.0
        self._durations_s: dict[str, float] = {}  # of each part, when it last ended

    def feed(self, event: GaitEvent) -> None:
        """Take the next event of either foot."""
        is_own = event.side is self._side
        if self._part == "swing" and not is_own:
            return  # the other foot says nothing of a foot in the air
        if self._part:
            self._durations_s[self._part] = event.time_s - self._began_s
        self._part, self._began_s = _BEGINS[is_own, event.kind], event.time_s

    def interrupt(self) -> None:
        """Forget where the limb is: events may have been missed."""
        self._part = ""

    def at(self, time_s: float) -> Subphase:
        """Return the sub-phase at ``time_s``; unknown until the part of the cycle and its usual duration are known."""
        if self._part not in self._durations_s:
            return Subphase.UNKNOWN
        share = (time_s - self._began_s) / max(self._durations_s[self._part], 1e-3)
        for end, subphase in _SUBPHASES[self._part]:
            if share < end:
                return subphase
        return subphase
