# SPDX-License-Identifier: Apache-2.0
"""What the lab still lacks for a session: nodes, a recording of every load cell, and streams that can be trusted."""

from dataclasses import dataclass, field

GAIT_FRESH_S = 0.5
TREADMILL_FRESH_S = 1.2  # it repeats its verdict once a second at the latest
FEEDBACK_FRESH_S = HEALTH_FRESH_S = 2.5  # told once a second
STREAMS = ("imu/", "load_cell/", "treadmill")


@dataclass
class Readiness:
    """What was heard of the lab's nodes, and when; the node fills it in."""

    judges_streams: bool  # False when a recording is played: nobody stands on the belts
    awaits_feedback: bool  # False in a lab without cues and belt law
    accepts_red: bool = False  # the operator starts although a stream is red
    gait_seen_s: float = 0.0  # the instant that the newest gait state tells of
    treadmill_seen_s: float = 0.0
    feedback_seen_s: float = 0.0
    recorded: set[str] = field(default_factory=set)  # topics
    samples: set[str] = field(default_factory=set)  # topics of force samples in the graph
    _streams: dict[str, tuple[str, float]] = field(default_factory=dict)  # by name: problem, when told

    def hear(self, name: str, problem: str, now_s: float) -> None:
        """Take a stream's health: ``problem`` says why it is red, empty when it is not."""
        if name.startswith(STREAMS):
            self._streams[name] = (problem, now_s)

    def missing(self, now_s: float) -> str:
        """Name what is missing; nothing may be analysed that is not recorded from the first sample."""
        if now_s - self.treadmill_seen_s > TREADMILL_FRESH_S:
            return "no treadmill node"
        if now_s - self.gait_seen_s > GAIT_FRESH_S:
            return "no gait state: no sensor of a foot tells anything yet"
        if self.awaits_feedback and now_s - self.feedback_seen_s > FEEDBACK_FRESH_S:
            return "no feedback state: feedback_node does not run; when a setting is wrong, it says so as it ends"
        if unrecorded := sorted(self.samples - self.recorded):
            return f"no recording of {', '.join(unrecorded)}"
        return self._red(now_s) if self.judges_streams and not self.accepts_red else ""

    def _red(self, now_s: float) -> str:
        fresh = {name: problem for name, (problem, told_s) in self._streams.items() if now_s - told_s <= HEALTH_FRESH_S}
        sensors, kind = ("load_cell/", "load cells") if self.samples else ("imu/", "IMUs")
        if not any(name.startswith(sensors) for name in fresh):
            return f"no health of the {kind}"
        red = [f"{name} is red: {problem}" for name, problem in sorted(fresh.items()) if problem]
        return f"{'; '.join(red)} (gait-lab start --despite-red starts all the same)" if red else ""
