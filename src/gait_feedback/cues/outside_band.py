# SPDX-License-Identifier: Apache-2.0
"""A cue for each stride in which one metric's asymmetry is outside a band around a target.

The rule is bandwidth feedback: silence is success. The asymmetry is judged as (S - P) / (S + P), whatever index the
analysis is set to show: positive when the metric is larger on the sound side (on the right, where neither side is a
prosthesis); metrics are positive numbers. Outside the band, the side
whose metric is too small for the target is cued, meaning "more of it here": above the band the prosthetic side (left),
below it the sound side (right).

Pairs overlap: each stride of either side completes one. A side is judged by the pairs that its own strides complete,
so a pair gives one cue at most and a side one a stride, at the contact from which it can do better. The window is
each side's own. Pairs of undefined asymmetry (NaN) leave it as it is.
"""

import math
from collections import deque
from dataclasses import dataclass

from gait_analysis import metrics
from gait_analysis.comparison.indices import INDICES
from gait_analysis.events import GaitEvent
from gait_analysis.gait import Asymmetry, MetricAsymmetry
from gait_feedback.cue import Cue, Observation
from gait_parts import plugins
from gait_parts import settings as parts
from gait_parts.settings import setting
from gait_sensing.samples import Side

JUDGED = INDICES["normalised_difference"]
PROMPTS = {  # what the walker is to do, for metrics of which "more of it" is hard to understand
    "double_support": "keep both feet down longer after the step",
    "first_peak_load": "step down more firmly",
    "peak_load": "more weight",
    "stance_time": "stand longer",
    "step_length": "longer step",
    "step_time": "slower step",
    "swing_time": "longer swing",
    "vertical_impulse": "more weight",
}


@dataclass(frozen=True)
class Settings(parts.Settings):
    """Settings of the band and of the cue."""

    metric: str = setting("stance_time", "name of the metric; the analysis must compute it")
    target: float = setting(0.0, "asymmetry index aimed at, no unit", low=-1.0, high=1.0)
    band: float = setting(0.05, "half width of the silent band, no unit", low=0.0, high=1.0)
    strides_out_count: int = setting(1, "strides outside the band that make a cue", low=1, high=50)
    strides_window_count: int = setting(1, "among this many last strides of the side", low=1, high=50)
    intensity: float = setting(0.8, "share of what the actuator can do, no unit", low=0.05, high=1.0)
    duration_s: float = setting(0.1, "length of the cue", low=0.02, high=1.0)

    def __post_init__(self) -> None:
        """Check each setting, then that the metric exists and the window can hold the count."""
        super().__post_init__()
        known = plugins.available(metrics.__name__)
        if self.metric not in known and "." not in self.metric:  # a dot: a metric kept outside this project
            raise ValueError(f"metric: got {self.metric!r}, expected one of {', '.join(known)}")
        if self.strides_out_count > self.strides_window_count:
            raise ValueError(
                f"strides_out_count: got {self.strides_out_count}, allowed up to strides_window_count "
                f"{self.strides_window_count}"
            )


class Strategy:
    """See the module."""

    OBSERVES = (GaitEvent, Asymmetry)

    def __init__(self, settings: Settings, prosthetic_side: Side | None) -> None:
        """Take the settings and which limb is the prosthesis; the left takes its place where none is."""
        self._settings = settings
        self._metric_name = settings.metric.rpartition(".")[2]
        self._prosthetic_side = prosthetic_side or Side.LEFT
        self._is_out: dict[Side, deque[bool]] = {side: deque(maxlen=settings.strides_window_count) for side in Side}
        self._event = (math.nan, math.nan)  # time of the newest event, and when it was detected

    def feed(self, observation: Observation) -> list[Cue]:
        """Return the cue that an ``Asymmetry`` calls for, if it does; events are remembered."""
        if isinstance(observation, GaitEvent):
            self._event = (observation.time_s, observation.detected_s)
        if not isinstance(observation, Asymmetry):
            return []
        judged = (metric for metric in observation.metrics if metric.name == self._metric_name)
        return [cue for metric in judged for cue in self._judge(observation, metric)]

    def _judge(self, asymmetry: Asymmetry, metric: MetricAsymmetry) -> list[Cue]:
        settings, side = self._settings, asymmetry.side
        value, _ = JUDGED.compare(metric.prosthetic_value, metric.sound_value)
        if math.isnan(value) or math.isnan(metric.value) or not math.isfinite(asymmetry.time_s):
            return []
        excess = value - settings.target
        lacking = self._prosthetic_side if excess > 0.0 else self._prosthetic_side.other
        is_out = abs(excess) > settings.band and side is lacking
        window = self._is_out[side]
        window.append(is_out)
        if not is_out or sum(window) < settings.strides_out_count:
            return []
        event_s, detected_s = self._event
        return [
            Cue(
                side=side,
                event_s=asymmetry.time_s,
                detected_s=detected_s if event_s == asymmetry.time_s else asymmetry.time_s,
                intensity=settings.intensity,
                duration_s=settings.duration_s,
                reason=f"{metric.name} asymmetry {value:+.3f}, over {settings.band:g} from {settings.target:g}",
                text=f"{PROMPTS.get(metric.name, f'more {metric.name}'.replace('_', ' '))} on the {side.value}",
            )
        ]
