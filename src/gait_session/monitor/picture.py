# SPDX-License-Identifier: Apache-2.0
"""What the page shows: the newest of each topic, in words and numbers that JSON can hold; None is not known.

A value that is no longer told is not known any more: each is forgotten at its age in ``FRESH_S``. The functions of this
file that take a message return what is shown of it, and raise ``ValueError`` for one that means nothing.
"""

import math
from collections.abc import Mapping
from typing import Any

from gait_analysis.comparison.indices import INDICES, Index
from gait_analysis.gait import Asymmetry, MetricAsymmetry, Stride
from gait_messages import values
from gait_sensing.belt_gate.states import Level, Reason
from gait_sensing.samples import Side

Shown = dict[str, Any]

# How long what was told is believed. The session tells 20 times a second, a treadmill 10 to 15 times, gate and guard
# once, walking once a stride.
FRESH_S = {"session": 1.0, "belts": 1.0, "safety": 2.5, "guard": 2.5, "asymmetry": 10.0, "prompt": 10.0}

_PHASES = {0: "waiting", 1: "active", 2: "ended"}  # by SessionState.state
_GUARDS = {0: "cues pass", 1: "cues are weaker", 2: "cues are withheld"}  # by FeedbackState.guard_level
_MINUS = "\N{MINUS SIGN}"


class Picture:
    """``feed`` takes what is shown of a message, ``state`` returns all of it at a time."""

    def __init__(self) -> None:
        """Begin with nothing told."""
        self._newest: dict[str, tuple[Shown, float]] = {}
        self._start_s = 0.0  # of the session
        self._elapsed_s: float | None = None
        self._stride_count: dict[Side, int] = {}
        self._stride_s = -math.inf

    def feed(self, now_s: float, name: str, shown: Shown) -> None:
        """Take the newest of ``name``, a key of ``FRESH_S``; ``now_s`` is of a clock that nobody sets."""
        if name == "session":
            self._follow(shown)
        self._newest[name] = (shown, now_s)

    def feed_stride(self, now_s: float, stride: Stride) -> None:
        """Take a stride of either side; what ended before the session began is none of it."""
        if stride.end_s >= self._start_s:
            self._stride_count[stride.side] = stride.number
            self._stride_s = now_s

    @property
    def is_stopped(self) -> bool:
        """Whether the belts were brought to rest for a cause: then no prompt helps the walker."""
        return "safety" in self._newest and bool(self._newest["safety"][0]["is_stopped"])

    def state(self, now_s: float) -> Shown:
        """Return the whole page's content; every physical number bears its unit in its name."""
        known = {name: shown for name, (shown, told_s) in self._newest.items() if now_s - told_s <= FRESH_S[name]}
        session = known.get("session")
        guard = known.get("guard")
        if guard is not None and (session is None or session["phase"] != "active"):
            guard = {"text": "no session is active"} if session else None  # what it says outside of one is about nobody
        if session is not None:
            session = {name: value for name, value in session.items() if name not in ("start_s", "stamp_s")}
            session["elapsed_s"] = self._elapsed_s
        age_s = now_s - self._stride_s
        return {
            **dict.fromkeys(FRESH_S),
            **known,
            "session": session,
            "guard": guard,
            "prompt": None if self.is_stopped else known.get("prompt"),
            "strides": {
                "left_count": self._stride_count.get(Side.LEFT),
                "right_count": self._stride_count.get(Side.RIGHT),
                "newest_age_s": age_s if math.isfinite(age_s) else None,
            },
        }

    def _follow(self, shown: Shown) -> None:
        """Begin anew with a new session, and let its time stand still once it has ended."""
        if shown["start_s"] != self._start_s:
            self._start_s, self._elapsed_s = shown["start_s"], None
            self._stride_count, self._stride_s = {}, -math.inf
            self._newest.pop("asymmetry", None)
        if shown["phase"] == "active":
            self._elapsed_s = max(0.0, shown["stamp_s"] - shown["start_s"])


def session(message: Any) -> Shown:
    """Return what is shown of a SessionState."""
    return {
        "phase": _meaning(_PHASES, "state", message.state),
        "text": message.text,
        "name": message.session,
        "duration_s": _known(message.duration_s) or None,  # 0: until the operator stops it
        "start_s": values.seconds(message.start),
        "stamp_s": values.seconds(message.header.stamp),
    }


def belts(message: Any) -> Shown:
    """Return what is shown of a TreadmillState."""
    return {name: _known(getattr(message, name)) for name in ("left_speed_mps", "right_speed_mps")}


def safety(message: Any) -> Shown:
    """Return what is shown of a SafetyState; belts that nobody armed yet, or that rest as told, are no alarm."""
    level = _meaning({each.value: each for each in Level}, "level", message.level)
    reason = _meaning({each.value: each for each in Reason}, "reason", message.reason)
    why = reason.name.replace("_", " ").lower()
    is_stopped = level >= Level.RAMP_DOWN and reason not in (Reason.NONE, Reason.NOT_ARMED)
    if is_stopped:
        words = f"{'stopping' if message.state == 'stopping' else 'stopped'}: {why}"
    else:
        words = f"warning: {why}" if level is Level.WARN else "not armed" if level > Level.WARN else message.state
    return {"level": level.name.lower(), "words": words, "text": message.text, "is_stopped": is_stopped}


def guard(message: Any) -> Shown:
    """Return what is shown of a FeedbackState."""
    return {"text": message.guard_text or _meaning(_GUARDS, "guard_level", message.guard_level)}


def asymmetry(message: Any) -> Shown:
    """Return what is shown of an Asymmetry message."""
    found: Asymmetry = values.asymmetry(message)
    return {"metrics": [_metric(metric) for metric in found.metrics]}


def _metric(metric: MetricAsymmetry) -> Shown:
    name, value = metric.name.replace("_", " "), metric.rolling_median
    if math.isnan(value):
        return {"name": name, "value": None, "words": metric.reason or "not enough strides yet"}
    for index in INDICES.values():
        for has_prosthesis in (True, False):
            if metric.index.endswith(index.text(has_prosthesis)):  # a part of step length says so before
                return {"name": name, **_index_in_words(index, value, has_prosthesis)}
    return {"name": name, "value": f"{value:.3f}".replace("-", _MINUS), "words": metric.index}  # somebody else's index


def _index_in_words(index: Index, value: float, has_prosthesis: bool) -> Shown:
    even, more_sound = index.compare(1.0, 1.0)[0], index.compare(1.0, 2.0)[0]
    value = round(value, 3)
    text = f"{value:.3f}" if even else f"{100.0 * value:+.1f}\N{NO-BREAK SPACE}%"
    if value == even:
        return {"value": text.lstrip("+-"), "words": "even"}
    sides = ("prosthetic", "sound") if has_prosthesis else ("left", "right")
    larger = sides[(value > even) == (more_sound > even)]
    return {"value": text.replace("-", _MINUS), "words": f"larger on the {larger} side"}


def _known(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _meaning(known: Mapping[int, Any], field: str, number: int) -> Any:
    if number not in known:
        raise ValueError(f"{field}: got {number}, expected one of {', '.join(map(str, known))}")
    return known[number]
