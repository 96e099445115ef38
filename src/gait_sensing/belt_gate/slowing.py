# SPDX-License-Identifier: Apache-2.0
"""Whether belts that were told to rest do slow down."""

LONGEST_STEP_S = 0.5  # between two statuses, however long they stayed away


class Slowing:
    """Compares each status with a ramp that begins at the speed of the first one after the telling."""

    def __init__(self, tolerance_mps: float) -> None:
        self._tolerance_mps = tolerance_mps
        self.begin()

    def begin(self) -> None:
        """The belts are told to rest, or their statuses begin anew."""
        self._now_s: float | None = None  # of the last status
        self._ramp_mps = 0.0
        self._late_s = 0.0

    def late_s(self, now_s: float, fastest_mps: float, deceleration_mps2: float) -> float:
        """Take the speed of the faster belt, either way; return for how long it has been above ramp and tolerance.

        A clock that jumps counts for 0 to ``LONGEST_STEP_S``.
        """
        if self._now_s is None:
            self._ramp_mps, elapsed_s = fastest_mps, 0.0
        else:
            elapsed_s = min(max(0.0, now_s - self._now_s), LONGEST_STEP_S)  # 0 for NaN
        self._now_s = now_s
        self._ramp_mps = max(0.0, self._ramp_mps - deceleration_mps2 * elapsed_s)
        is_late = fastest_mps > self._ramp_mps + self._tolerance_mps
        self._late_s = self._late_s + elapsed_s if is_late else 0.0
        return self._late_s
