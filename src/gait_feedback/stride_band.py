# SPDX-License-Identifier: Apache-2.0
"""A cue for each stride in which one number of the stride lies beyond a band on the wrong side of its target.

The rule is bandwidth feedback: silence is success. The person is the reference: after some strides in which the
belts speed up, the next accepted ones of the limb, walked without cues, are its own baseline, from which target and
band come. What is not known is nothing to cue
for: a stride that was not accepted, or whose number is NaN, gives no cue and leaves the window as it is.

When the cue is given. It is about a stride that is over, and the walker can only do the next one better; so it comes at
an initial contact of that limb, where its next stance begins. A stride known at once, as from force plates, is cued at
the contact that ends it. With motion sensors it is known some 0.5 s later, in the middle of that stance; then the cue
waits for the limb's next contact. It is given up when that does not come in time, and when that contact is doubtful.
"""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from gait_analysis.comparison.own_baseline import OwnBaseline, Spread
from gait_analysis.events import EventFlag, EventKind, GaitEvent
from gait_analysis.gait import GaitState, Stride
from gait_feedback.cue import Cue, Observation
from gait_feedback.limb_choice import LIMBS, chosen_sides
from gait_parts import settings as parts
from gait_parts.settings import setting
from gait_sensing.samples import Side

_AT_ONCE_S = 0.05  # after the contact was detected; later, the cue waits for the next one
_LATEST_STRIDES = 1.5  # from the end of the stride to the contact at which its cue is still of use


@dataclass(frozen=True)
class BandSettings(parts.Settings):
    """Settings that all such strategies share."""

    limb: str = setting("prosthetic", "limbs whose strides are judged, and that are cued", choices=LIMBS)
    settling_strides_count: int = setting(10, "first strides of the limb, as the belts speed up", low=0, high=1000)
    baseline_strides_count: int = setting(20, "strides after these, the own baseline", low=2, high=1000)
    band_sds: float = setting(1.0, "least half width of the band, in the baseline's SD", low=0.0, high=10.0)
    strides_out_count: int = setting(1, "strides beyond the band that make a cue", low=1, high=50)
    strides_window_count: int = setting(1, "among this many last strides of the limb", low=1, high=50)
    intensity: float = setting(0.8, "share of what the actuator can do, no unit", low=0.05, high=1.0)
    duration_s: float = setting(0.1, "length of the cue", low=0.02, high=1.0)

    def __post_init__(self) -> None:
        """Check each setting, then that the window can hold the count."""
        super().__post_init__()
        if self.strides_out_count > self.strides_window_count:
            raise ValueError(
                f"strides_out_count: got {self.strides_out_count}, allowed up to strides_window_count "
                f"{self.strides_window_count}"
            )


@dataclass(frozen=True, slots=True)
class Judged:
    """What is judged, and in which words."""

    name: str
    unit: str  # empty: none
    of: Callable[[Stride], float]  # NaN when not known
    target: Callable[[float], float]  # of the baseline's mean
    least_band: Callable[[float], float]  # of the target: the band is never narrower
    is_more_wanted: bool  # cue below the target, else above it
    prompt: str  # what the walker is to do, before "on the left"


class StrideBand:
    """Judges the strides of one session; ``feed`` is that of a strategy."""

    OBSERVES = (GaitEvent, Stride, GaitState)

    def __init__(self, settings: BandSettings, prosthetic_side: Side | None, judged: Judged) -> None:
        self._settings, self._judged = settings, judged
        self._sides = chosen_sides(settings.limb, prosthetic_side)
        self._settling_count = dict.fromkeys(Side, settings.settling_strides_count)
        self._baseline = {side: OwnBaseline(settings.baseline_strides_count) for side in Side}
        self._is_out: dict[Side, deque[bool]] = {side: deque(maxlen=settings.strides_window_count) for side in Side}
        self._contact: dict[Side, GaitEvent] = {}  # newest one, if it is not doubtful
        self._due: dict[Side, tuple[Stride, str]] = {}  # what waits for a contact, and why
        self._now_s = -math.inf  # newest time told of

    def feed(self, observation: Observation) -> list[Cue]:
        """Return the cue that a stride calls for, or that waited for this contact."""
        if isinstance(observation, GaitState):
            self._now_s = max(self._now_s, observation.time_s)
        if isinstance(observation, GaitEvent):
            self._now_s = max(self._now_s, observation.detected_s)
            return self._step(observation) if observation.kind is EventKind.INITIAL_CONTACT else []
        if not isinstance(observation, Stride) or observation.side not in self._sides:
            return []
        self._due.pop(observation.side, None)
        reason = self._judge(observation)
        return self._cue(observation, reason) if reason else []

    def _step(self, contact: GaitEvent) -> list[Cue]:
        """Give what waited for a contact of that side."""
        stride, reason = self._due.pop(contact.side, (None, ""))
        self._contact.pop(contact.side, None)
        if contact.flags is not EventFlag.NONE:
            return []
        self._contact[contact.side] = contact
        if stride is None or not 0.0 <= contact.time_s - stride.end_s <= _LATEST_STRIDES * stride.stride_time_s:
            return []
        return [self._cue_at(contact, reason)]

    def _cue(self, stride: Stride, reason: str) -> list[Cue]:
        """Give the cue for ``stride`` now, if the contact that ends it was only just detected, else at the next one."""
        contact = self._contact.get(stride.side)
        if contact and contact.time_s == stride.end_s and self._now_s - contact.detected_s <= _AT_ONCE_S:
            return [self._cue_at(contact, reason)]
        self._due[stride.side] = stride, reason
        return []

    def _cue_at(self, contact: GaitEvent, reason: str) -> Cue:
        return Cue(
            side=contact.side,
            event_s=contact.time_s,
            detected_s=contact.detected_s,
            intensity=self._settings.intensity,
            duration_s=self._settings.duration_s,
            reason=reason,
            text=f"{self._judged.prompt} on the {contact.side.value}",
        )

    def _judge(self, stride: Stride) -> str:
        """Return why the stride calls for a cue; empty when it does not."""
        value = self._judged.of(stride)
        if not stride.is_accepted or not math.isfinite(value):
            return ""
        if self._settling_count[stride.side] > 0:
            self._settling_count[stride.side] -= 1
            return ""
        baseline = self._baseline[stride.side]
        spread = baseline.spread
        baseline.feed(value)
        if math.isnan(spread.mean):
            return ""
        target, band = self._target(spread)
        beyond = target - value if self._judged.is_more_wanted else value - target
        window = self._is_out[stride.side]
        window.append(beyond > band)
        if not window[-1] or sum(window) < self._settings.strides_out_count:
            return ""
        unit = f" {self._judged.unit}" if self._judged.unit else ""
        way = "below" if self._judged.is_more_wanted else "above"
        return f"{self._judged.name} {value:.3f}{unit}, over {band:.3f} {way} {target:.3f}"

    def _target(self, baseline: Spread) -> tuple[float, float]:
        target = self._judged.target(baseline.mean)
        return target, max(self._judged.least_band(target), self._settings.band_sds * baseline.sd)
