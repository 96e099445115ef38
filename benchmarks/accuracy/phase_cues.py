# SPDX-License-Identifier: Apache-2.0
"""When a pulse at a phase of the stride is felt, against when that phase truly was.

    python benchmarks/accuracy/phase_cues.py

The strategy ``phase_locked_pulse`` with each phase estimator, on the walks of ``phase.py``: of the simulated walker,
contacts are true and told 10 ms late; of the recordings, they are a 20 N threshold applied offline, true to some 10 ms,
and told at once or found by the force detector. No recording has contacts and the pitch of a thigh. True is the instant
at a share of the time from one true contact to the next. States come at 200 Hz, each at its own time, and the pulse is
felt exactly ``output_latency_s`` (30 ms) after it is sent: the error is that of forecast and grid, not of an actuator.

Error in ms over both sides, positive when felt late. "Even" is for comparison: p95 of somebody who knows each contact
at once, and takes for each stride the mean time of the eleven around it, five of them in the future; what is beyond it
at mid-stride is hard to forecast from contacts. Steady strides alone, after the first six of each side. Given: of these
strides, those with a pulse.
"""

import math
from collections.abc import Callable, Iterator

import numpy as np
import phase
from data_folder import data_folder

from gait_analysis.gait import GaitState, LimbState, Subphase
from gait_analysis.parts import Phase
from gait_feedback.cues.phase_locked_pulse import Settings, Strategy
from gait_sensing.samples import Side

_GRID_S, _LATENCY_S = 0.005, 0.03
_SETTLED_COUNT = 6
_AROUND_COUNT = 5  # strides on each side of one
PHASES = (0.1, 0.5, 0.9)


def felt_s(make: Callable[[Side], Phase], walk: phase.Walk, side: Side, target: float) -> Iterator[float]:
    """Yield when the pulses of one side are felt."""
    estimator = make(side)
    strategy = Strategy(Settings(limb=side.value, phase=target, output_latency_s=_LATENCY_S), None)
    pitch = walk.pitch.get((side, estimator.segment), np.empty((0, 3))).tolist() if estimator.segment else []
    known = sorted(
        [(event.detected_s, 0, event) for event in walk.events] + [(row[0], 1, row) for row in pitch],
        key=lambda item: item[:2],
    )
    place = 0
    for time_s in np.arange(walk.contacts_s[side][0], walk.contacts_s[side][-1], _GRID_S).tolist():
        while place < len(known) and known[place][0] <= time_s + 1e-9:
            what = known[place][2]
            estimator.feed_signal(*what) if isinstance(what, list) else estimator.feed(what)
            place += 1
        estimate = estimator.at(time_s)
        limbs = {each: LimbState(each, None, Subphase.UNKNOWN, *[math.nan] * 3, "") for each in Side}
        limbs[side] = LimbState(side, None, Subphase.UNKNOWN, estimate.phase, estimate.rate_hz, math.nan, "")
        state = GaitState(time_s, time_s, limbs[Side.LEFT], limbs[Side.RIGHT], math.nan, math.nan)
        yield from (time_s + _LATENCY_S for _ in strategy.feed(state))


def errors_s(make: Callable[[Side], Phase], walk: phase.Walk, target: float) -> np.ndarray:
    """Return [n, 2] of the steady strides of both sides: error of the pulse, NaN without one, and the even one's."""
    rows = []
    for side in Side:
        contacts_s = walk.contacts_s[side]
        strides_s = np.diff(contacts_s)
        felt = np.array([*felt_s(make, walk, side, target), math.inf])
        for number in range(_SETTLED_COUNT, len(strides_s) - 1):
            start_s, stride_s = contacts_s[number], strides_s[number]
            away_s = [change_s - start_s for change_s in walk.changes_s]
            if any(-14.0 < at_s < stride_s + 2.0 for at_s in away_s):
                continue
            off_s = felt - (start_s + target * stride_s)
            nearest_s = off_s[np.argmin(np.abs(off_s))]
            is_own = abs(nearest_s) < 0.5 * stride_s
            around_s = strides_s[max(number - _AROUND_COUNT, 0) : number + _AROUND_COUNT + 1]
            rows.append((nearest_s if is_own else math.nan, target * (np.mean(around_s) - stride_s)))
    return np.array(rows)


def cells(errors: np.ndarray) -> str:
    """Return median, 95th percentile of size, that of the even walker, and the share given, as cells in ms and %."""
    given = errors[np.isfinite(errors[:, 0])]
    if not len(given):
        return "- | - | - | 0"
    median, (late, even) = np.median(given[:, 0]), np.percentile(np.abs(given), 95, axis=0)
    return f"{1e3 * median:+.1f} | {1e3 * late:.1f} | {1e3 * even:.1f} | {100.0 * len(given) / len(errors):.0f}"


def main() -> None:
    """Print the table."""
    walks = [
        phase.simulated("simulated, 1.1 m/s", [(0.0, 1.1)], 90.0),
        phase.simulated("simulated, 1.1 m/s, steps vary by 1 %", [(0.0, 1.1)], 90.0, variability=0.01),
        phase.simulated("simulated, 0.5 m/s", [(0.0, 0.5)], 90.0),
    ]
    if data_folder().is_dir():
        names = (phase._CAMARGO, phase._CEINMS)
        walks += [phase.recorded(name, are_found) for name in names for are_found in (False, True)]
    print(
        "| walk | estimator | phase | strides | median | p95 | p95, even | given % |\n|---|---|---|---|---|---|---|---|"
    )
    for walk in walks:
        for name, make in phase.estimators().items():
            if name.startswith("(") or (make(Side.LEFT).segment and not walk.pitch):
                continue
            for target in PHASES:
                errors = errors_s(make, walk, target)
                print(f"| {walk.name} | {name} | {target:g} | {len(errors)} | {cells(errors)} |")


if __name__ == "__main__":
    main()
