# SPDX-License-Identifier: Apache-2.0
"""What the belt gate knows of the treadmill: its link, its newest status, its deck, and whether it has come to rest."""

import math

from gait_sensing.belt_gate.limits import GateSettings
from gait_sensing.samples import BeltReading

INCLINE_HOLD_RAD = 0.005
INCLINE_SEEN_COUNT = 3  # statuses in a row that tell of another incline before it is believed: one may be corrupt


class TreadmillView:
    """Nothing is known before the first status of a link: ``belts`` and ``incline_rad`` are None then."""

    def __init__(self, settings: GateSettings) -> None:
        """Begin without a link."""
        self._settings = settings
        self.renew(is_link_up=False)

    def renew(self, is_link_up: bool) -> None:
        """Forget all: the link is new, or lost."""
        self.is_link_up = is_link_up
        self.belts: BeltReading | None = None
        self.incline_rad: float | None = None  # to be sent
        self._moved_count = 0  # statuses in a row that tell of another incline
        self._was_following = False
        self.rest_since_s: float | None = None

    def take(self, belts: BeltReading) -> bool:
        """Take a status; return whether it tells anything. One that stays away, or lacks a value, is noticed."""
        values = (belts.left_speed_mps, belts.right_speed_mps, belts.incline_rad)
        if not self.is_link_up or not all(map(math.isfinite, values)):
            return False
        self.belts = belts
        has_moved = self.incline_rad is not None and abs(belts.incline_rad - self.incline_rad) > INCLINE_HOLD_RAD
        self._moved_count = self._moved_count + 1 if has_moved else 0
        if self.incline_rad is None or self._moved_count >= INCLINE_SEEN_COUNT:
            self.incline_rad, self._moved_count = belts.incline_rad, 0
        return True

    @property
    def is_slow(self) -> bool:
        """Whether the belts were at rest when they were last heard of; so too while nothing is known."""
        return self.fastest_mps <= self._settings.rest_speed_mps

    @property
    def speeds_text(self) -> str:
        """The measured speeds in words."""
        belts = self.belts
        return f"measured left {belts.left_speed_mps:.3f}, right {belts.right_speed_mps:.3f} m/s" if belts else ""

    def is_beyond(self) -> bool:
        """Whether a belt is faster than any may be told, by more than the tolerance."""
        settings, belts = self._settings, self.belts
        if belts is None:
            return False
        speeds_mps = (belts.left_speed_mps, belts.right_speed_mps)
        tolerance_mps = settings.overspeed_tolerance_mps
        is_low = min(speeds_mps) < -settings.max_backward_mps - tolerance_mps
        return is_low or max(speeds_mps) > settings.max_speed_mps + tolerance_mps

    def is_following(self, speeds_mps: tuple[float, float]) -> bool:
        """Whether both belts are as fast as they were told, within the tolerance, in the last two statuses.

        To be asked once a status. One that is right now and then among many that are wrong is no proof.
        """
        if self.belts is None:
            return False
        errors_mps = (self.belts.left_speed_mps - speeds_mps[0], self.belts.right_speed_mps - speeds_mps[1])
        was_following, self._was_following = (
            self._was_following,
            max(map(abs, errors_mps)) <= self._settings.follow_tolerance_mps,
        )
        return was_following and self._was_following

    @property
    def fastest_mps(self) -> float:
        """The speed of the faster belt, either way; 0 while nothing is known."""
        return max(abs(self.belts.left_speed_mps), abs(self.belts.right_speed_mps)) if self.belts else 0.0

    def has_rested(self, now_s: float, is_rest_sent: bool) -> bool:
        """Believe in rest when statuses have shown it for a while after it was told."""
        if not (self.is_slow and is_rest_sent):
            self.rest_since_s = None
        elif self.rest_since_s is None:
            self.rest_since_s = now_s
        return self.rest_since_s is not None and now_s - self.rest_since_s >= self._settings.rest_hold_s

    def sent_incline_rad(self) -> float:
        """Return the incline of the next command: where the deck is, within its limits."""
        assert self.incline_rad is not None  # nothing is sent before the first status
        return min(max(self.incline_rad, self._settings.min_incline_rad), self._settings.max_incline_rad)

    def incline_problem(self) -> str:
        """Return what is wrong with the incline; empty when it is within its limits."""
        low_rad = self._settings.min_incline_rad - INCLINE_HOLD_RAD
        high_rad = self._settings.max_incline_rad + INCLINE_HOLD_RAD
        incline_rad = math.nan if self.incline_rad is None else self.incline_rad
        if low_rad <= incline_rad <= high_rad:
            return ""
        return f"the incline is {incline_rad:.3f} rad, allowed {low_rad:g} to {high_rad:g}"
