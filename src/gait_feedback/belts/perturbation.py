# SPDX-License-Identifier: Apache-2.0
"""Both belts at one speed, and now and then a push: one belt faster or slower for a moment, timed to that leg's step.

Nobody is pushed unless two agree: the lab, by ``is_enabled``, and the protocol of this participant, by
``is_push_allowed`` in the participant's file. Two kinds:

- *slip*: the belt changes in mid-stance, at ``phase`` of the leg's cycle. Faster is a slip that makes the walker fall
  forward (5 m/s2 in Front Sports Act Living 2020, 2:82), slower one that makes them fall backward;
- *trip*: the belt changes in early stance, once the leg bears ``load_bw``.

A slip is asked for ``latency_s`` early, by which gate and treadmill are late; a load is not known before, so a trip is
late by it. A push comes only when the belts are steady and contact and phase of the leg are known, after a random
number of accepted strides since the start or the last push, and at most ``most_count`` times. It begins and ends with
``acceleration_mps2`` and ``jerk_mps3`` and stays within ``max_speed_mps``; the belt gate's own limits make it smaller
still. The walker wears a harness that was checked by sitting in it.
"""

import random
from dataclasses import dataclass

from gait_analysis.gait import GaitState, LimbState, Stride
from gait_analysis.participant import Participant
from gait_feedback.belt_guard import GuardedLaw, GuardSettings, Wish
from gait_feedback.belt_law import Observation
from gait_parts.settings import setting
from gait_sensing.samples import BeltSample, Side

LATEST_TRIP_PHASE = 0.15  # a load that comes later is not of early stance
STEADY_MPS = 0.01  # from the speed between pushes, at which one may begin
LATEST_SLIP = 0.1  # of the cycle after its phase: a push that comes too late is left out


@dataclass(frozen=True)
class Settings(GuardSettings):
    """Settings of the pushes."""

    is_enabled: bool = setting(False, "whether this lab pushes anybody at all")
    speed_mps: float = setting(0.8, "of both belts between pushes", low=0.2, high=2.0)
    start_acceleration_mps2: float = setting(0.25, "at the start", low=0.01, high=1.0)
    acceleration_mps2: float = setting(0.6, "of a push; the belt gate's limit holds", low=0.1, high=3.0)
    jerk_mps3: float = setting(30.0, "of a push", low=0.5, high=100.0)
    kind: str = setting("slip", "when in stance", choices=("slip", "trip"))
    side: str = setting("random", "which leg", choices=("left", "right", "random"))
    change_mps: float = setting(0.15, "of the belt; negative: slower", low=-1.0, high=1.0)
    duration_s: float = setting(0.3, "from the begin of the push to that of its end", low=0.05, high=1.0)
    phase: float = setting(0.25, "of the cycle, at which a slip begins, no unit", low=0.05, high=0.5)
    load_bw: float = setting(0.225, "on the leg, at which a trip begins", low=0.1, high=0.8)
    latency_s: float = setting(0.1, "from request to belt", low=0.0, high=0.3)
    least_strides_count: int = setting(10, "between pushes, and before the first", low=3, high=500)
    most_strides_count: int = setting(20, "between pushes, and before the first", low=3, high=500)
    most_count: int = setting(10, "pushes in a session", low=0, high=100)
    seed: int = setting(1, "of chance: the same seed, the same pushes", low=0, high=2**31 - 1)

    def __post_init__(self) -> None:
        """Check each setting, then that a push stays within the limits."""
        super().__post_init__()
        if not 0.0 <= self.speed_mps + self.change_mps <= self.max_speed_mps >= self.speed_mps:
            pushed = f"change_mps: got {self.change_mps:g}, which makes {self.speed_mps + self.change_mps:g} m/s"
            raise ValueError(f"{pushed}; allowed 0 to {self.max_speed_mps:g}")
        if self.most_strides_count < self.least_strides_count:
            got = f"most_strides_count: got {self.most_strides_count}"
            raise ValueError(f"{got}, allowed from {self.least_strides_count} up")


class Law(GuardedLaw):
    """See the module."""

    SOURCE = "perturbation"
    OBSERVES = (Participant, Stride)

    def __init__(self, settings: Settings) -> None:
        """Begin without a push."""
        super().__init__(settings)
        self._settings = settings
        self._random = random.Random(settings.seed)
        self._is_allowed = False
        self.pushes_count = 0
        self._pushed, self._end_s = Side.LEFT, -float("inf")
        self._was_loaded = False
        self._waited_count = 0
        self._draw()

    def observe(self, observation: Observation) -> None:
        """Take who walks, and count accepted strides; one that is not begins the count anew."""
        if isinstance(observation, Participant):
            self._is_allowed = self._settings.is_enabled and observation.is_push_allowed
        elif isinstance(observation, Stride):
            self._waited_count = self._waited_count + 1 if observation.is_accepted else 0

    def wish(self, now_s: float, belt: BeltSample, gait: GaitState) -> Wish:
        """Want the speed, or a push of one belt."""
        settings = self._settings
        speed_mps = settings.speed_mps
        if self._is_due(now_s, gait):
            self.pushes_count += 1
            self._end_s, self._pushed = now_s + settings.duration_s, self._next
            self._draw()
        if now_s < self._end_s:
            pushed_mps = speed_mps + settings.change_mps
            is_left = self._pushed is Side.LEFT
            return Wish(pushed_mps if is_left else speed_mps, speed_mps if is_left else pushed_mps)
        limit_mps2 = settings.acceleration_mps2 if self.pushes_count else settings.start_acceleration_mps2
        return Wish(speed_mps, speed_mps, limit_mps2)

    def _draw(self) -> None:
        """Choose when the next push comes, and to which leg."""
        settings = self._settings
        self._waited_count = 0
        # accepted strides of both legs are counted
        self._wait_count = 2 * self._random.randint(settings.least_strides_count, settings.most_strides_count)
        drawn = self._random.choice(list(Side))
        self._next = drawn if settings.side == "random" else Side(settings.side)

    def _is_due(self, now_s: float, gait: GaitState) -> bool:
        settings = self._settings
        limb = gait.left if self._next is Side.LEFT else gait.right
        was_loaded, self._was_loaded = self._was_loaded, limb.load_bw >= settings.load_bw  # false for NaN
        is_allowed = self._is_allowed and self.pushes_count < settings.most_count and now_s >= self._end_s
        if not is_allowed or self._waited_count < self._wait_count:
            return False
        if any(abs(self.asked_mps(side) - settings.speed_mps) > STEADY_MPS for side in Side):
            return False
        if not limb.is_in_contact or not limb.is_phase_valid:
            return False
        if settings.kind == "trip":
            return self._was_loaded and not was_loaded and limb.phase <= LATEST_TRIP_PHASE
        return self._has_reached(limb, now_s - gait.time_s)

    def _has_reached(self, limb: LimbState, age_s: float) -> bool:
        """Whether a belt asked now changes at the phase wanted, or a little later."""
        ahead = limb.phase + limb.phase_rate_hz * (age_s + self._settings.latency_s)
        return self._settings.phase <= ahead <= self._settings.phase + LATEST_SLIP
