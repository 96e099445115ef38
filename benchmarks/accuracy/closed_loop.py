# SPDX-License-Identifier: Apache-2.0
"""Every cue strategy and every belt law with the loop closed: does it reach its aim, and does it do no harm?

    python benchmarks/accuracy/closed_loop.py

**This is simulation.** No person walked. The simulated walker learns because its settings say so, at rates that
`docs/simulated_lab.md` gives: results show that the loop does what it is meant to and keeps its limits, not that a
person responds.

Simulated walker, two plates at 400 Hz (for hip drop and trunk lean an IMU at 80 Hz), analysis, strategy, stability
guard, schedule, limiter, and the cue is felt; analysis, law, belt gate with its supervisor, bytes of an emulated
treadmill, and the belts run under the walker. `self_paced` and `position_dead_zone` have the walker of
`self_pacing.py`, who intends a speed. All in its own time, in steps of 12.5 ms.

*Responder*: cues change the habit that they are about by 0.3 of what a cue asks for (beats: 0.5), forgotten with a time
constant of 140 s; a step-length asymmetry that belts make is taken away by 5 % a stride (for `adaptive_split` by 0.5 %,
for it holds while the walker gets used to it); pacing: intent changes; `find_intensity`: says so when a cue of 0.2 or
more is felt. *No response*: rates of 0; pacing: one intent; nothing is felt.

*before* and *after*: the aim, measured from the walker's truth, before the first cue and in the last 35 s of 100 s with
cues. *reached*: whether it is within what is wanted; of somebody who does not respond nothing is wanted but where the
law or the strategy alone meets the aim. *cues*: given, of those that the strategy asked for (the rest before the
guard's baseline was walked, or withheld); *a minute*: most in any. *steps vary*, *margin*: coefficient of variation of
true step times, and lateral margin of stability as the analysis tells it from the plates (the walker has no true one),
both before and after. *belts*: fastest, m/s, and greatest change, m/s2. *harm*: any of: belts beyond the gate's speed,
acceleration or difference; the gate stepped in; the law gave up; cues closer, more or longer than the limiter allows;
steps that vary by 0.01 more, or a margin less by 15 %, where belts are to stay as they are; a self-paced person further
than 0.6 m from the middle.
"""

import math
from collections.abc import Iterator

import loop_belts
import loop_cues
from loop_cues import Outcome

WHO = {True: "responder", False: "no response"}
HEAD = (
    "| part | walker | aim | before | after | reached | cues | a minute | steps vary | margin m | belts | harm |\n"
    + "|---" * 12
    + "|"
)


def outcomes(is_long: bool = True) -> Iterator[tuple[str, bool, str, Outcome]]:
    """Yield the name of each part, whether the walker responds, the aim, and what came of it."""
    length = loop_cues.LONG if is_long else loop_cues.SHORT
    for name, scenario in loop_cues.SCENARIOS.items():
        for is_responder in WHO:
            aim = f"{scenario.aim}; wanted: {scenario.wanted}"
            yield name, is_responder, aim, loop_cues.run(name, is_responder, length)
    for name, run in loop_belts.SCENARIOS.items():
        for is_responder in WHO:
            yield name, is_responder, *run(is_responder, is_long)


def main() -> None:
    """Print the table."""
    print(HEAD)
    for name, is_responder, aim, outcome in outcomes():
        harm = outcome.harm
        cells = (
            f"`{name}`",
            WHO[is_responder],
            aim,
            _number(outcome.before),
            _number(outcome.after),
            "yes" if outcome.is_reached else "no",
            f"{outcome.cues_count} of {outcome.asked_count}" if outcome.asked_count else "-",
            str(harm.most_a_minute_count) if outcome.asked_count else "-",
            _pair(harm.variation),
            _pair(harm.margin_m),
            f"{harm.fastest_mps:.2f}, {harm.hardest_mps2:.2f}",
            "; ".join(harm.problems) or "none",
        )
        print(f"| {' | '.join(cells)} |", flush=True)


def _pair(values: tuple[float, float]) -> str:
    return " to ".join(map(_number, values)) if not math.isnan(values[0]) else "-"


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3g}" if abs(value) >= 10.0 else f"{value:.3f}"


if __name__ == "__main__":
    main()
