# SPDX-License-Identifier: Apache-2.0
"""Events of both feet from one plate under both, against two plates and against simulated truth.

    python benchmarks/accuracy/one_plate.py

The two plates of a walk are summed into one, with the force-weighted centre of pressure, as a treadmill of one belt
would give it. Events match one to one within 50 ms. *delay*: from the event until a sample
told of it, for live events: those before the pattern of the steps is known, for some four steps, are told late and not
counted here. *flagged*: events told as irregular.

*plain* is the butterfly as it is usually read (Roerdink et al. 2008, doi 10.1016/j.jbiomech.2008.06.023): offline,
the fore-aft centre of pressure low-passed at 15 Hz (zero lag), contact where it is farthest back, foot off where it is
farthest forward, the side by where it is across the plate of the midline.

Recordings: the reference is a 20 N threshold on each foot's own plate, first sample beyond, so late by half a sampling
interval (2.5 ms at 200 Hz, 5 ms at 100 Hz). In the first one, in which the left plate still shows up to 15 N in swing,
four left foot offs are 60 to 100 ms late in the reference; in the second, one foot is on the other's plate at 45 and at
48 s, which moves two right contacts of the reference but nothing on one plate, and the last contact has no reference.

Simulated: 60 s at each of five speeds, truth the instants at which load begins and ends, 5 N of noise on the force and
1 Nm on the moments, 20 N of drift. Its centre of pressure goes evenly from heel to toe and stays in place across, which
real feet do not; so its figures show the method's own error, and those of recordings that of feet. Without the first
foot off, which comes before any pattern. *asymmetric*: stance longer on the sound side by an index of 0.12, step time
by -0.1, step length by 0.15. *narrow*: the way across divided by four, 0.05 m between the feet. *crossing*: 5 % of the
steps up to 0.15 m beyond the midline. There is no recording of a walker on one belt with a prosthesis here.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from data_folder import data_folder
from force_events import RECORDINGS, match, read_forces, read_reference
from scipy.signal import butter, find_peaks, sosfiltfilt

from gait_analysis.events import EventFlag, EventKind, GaitEvent, Source
from gait_analysis.one_plate.one_plate import OnePlate, Settings
from gait_analysis.stream_merge import cut
from gait_sensing.samples import STANDARD_GRAVITY_MPS2, ForceSamples, Side
from gait_sim.stepping import FootEvent
from gait_sim.walker import Walker, WalkerSettings

SPEEDS_MPS = (0.3, 0.5, 0.8, 1.2, 1.8)
BATCH_S, TICK_S, WALK_S, BELT_MPS2, DRIFT_N = 0.016, 0.02, 60.0, 0.25, 20.0
BODY_MASS_KG = 80.0
LEAST_PLACED_N = 10.0  # below it a plate has no centre of pressure
NOISY = {"force_noise_n": 5.0 / math.sqrt(2.0), "moment_noise_nm": 1.0, "variability": 0.03}
LIMPING = {"stance_time_asymmetry": 0.12, "step_time_asymmetry": -0.1, "step_length_asymmetry": 0.15}

Truth = dict[tuple[EventKind, Side], np.ndarray]
Finder = Callable[[ForceSamples, float], list[GaitEvent]]


@dataclass(frozen=True, slots=True)
class Score:
    """How found events agree with true ones."""

    true_count: int
    found_count: int
    error_s: np.ndarray  # found minus true, of the matched ones
    delay_s: np.ndarray  # of live events
    flagged_count: int

    @property
    def f1(self) -> float:
        """Harmonic mean of sensitivity and precision, no unit."""
        return 2.0 * len(self.error_s) / (self.true_count + self.found_count)


def summed(left: ForceSamples, right: ForceSamples) -> ForceSamples:
    """Return what one plate under both would give."""
    force_n, moment, placed_n = (
        left.force_n + right.force_n,
        np.zeros((len(left.time_s), 2)),
        np.zeros(len(left.time_s)),
    )
    for plate in (left, right):
        is_placed = (plate.force_n[:, 2] > LEAST_PLACED_N) & np.isfinite(plate.centre_of_pressure_m).all(axis=1)
        load_n = np.where(is_placed, plate.force_n[:, 2], 0.0)
        moment += np.where(is_placed[:, None], plate.centre_of_pressure_m, 0.0) * load_n[:, None]
        placed_n += load_n
    pressure_m = np.full((len(left.time_s), 2), np.nan)
    is_placed = placed_n > LEAST_PLACED_N
    pressure_m[is_placed] = moment[is_placed] / placed_n[is_placed, None]
    return ForceSamples("belt", 0, left.time_s, force_n, np.zeros_like(force_n), pressure_m)


def recorded(name: str) -> tuple[ForceSamples, Truth]:
    """Return a recording on one plate, and its reference."""
    path = data_folder() / f"{name}_events.csv"
    truth = {(kind, side): read_reference(path, kind, side) for kind in EventKind for side in Side}
    return summed(*read_forces(data_folder() / f"{name}.csv")), truth


def simulated(
    speed_mps: float,
    rate_hz: float = 1000.0,
    seed: int = 1,
    walk_s: float = WALK_S,
    belt: Callable[[float], float] | None = None,
    **walker: float,
) -> tuple[ForceSamples, Truth]:
    """Return a walk of the simulated walker on one plate, standing at first, and what is true of it.

    ``belt`` returns the speed of the belt at a time; without it, it speeds up to ``speed_mps``.
    """
    person = Walker(WalkerSettings(seed=seed, **(NOISY | walker)))
    events: list[FootEvent] = []
    rows: dict[Side, list[tuple[np.ndarray, np.ndarray]]] = {side: [] for side in Side}
    count = round(TICK_S * rate_hz)
    time_s = np.arange(1, round(walk_s / TICK_S) * count + 1) / rate_hz
    for tick in range(round(walk_s / TICK_S)):
        belt_mps = belt(tick * TICK_S) if belt else min(BELT_MPS2 * tick * TICK_S, speed_mps)
        events += person.advance((tick + 1) * TICK_S, belt_mps, belt_mps)
        for side in Side:
            rows[side].append(person.plate(side.value, time_s[tick * count : (tick + 1) * count]))
    plates = []
    for side in Side:
        force_n, pressure_m = (np.concatenate(column) for column in zip(*rows[side], strict=True))
        force_n[:, 2] += 0.5 * DRIFT_N * time_s / walk_s
        plates.append(ForceSamples(side.value, 0, time_s, force_n, np.zeros_like(force_n), pressure_m))
    truth = {
        (kind, side): np.array([each.time_s for each in events if each.kind is kind and each.side is side])
        for kind in EventKind
        for side in Side
    }
    first = min(Side, key=lambda side: truth[EventKind.FOOT_OFF, side][0])
    truth[EventKind.FOOT_OFF, first] = truth[EventKind.FOOT_OFF, first][1:]
    return summed(*plates), truth


def find(samples: ForceSamples, body_mass_kg: float) -> list[GaitEvent]:
    """Return the events found as if live."""
    plate = OnePlate(Settings(), body_mass_kg * STANDARD_GRAVITY_MPS2)
    size = max(round(BATCH_S / float(np.median(np.diff(samples.time_s)))), 1)
    events: list[GaitEvent] = []
    for first in range(0, len(samples.time_s), size):
        events += plate.feed(cut(samples, first, min(first + size, len(samples.time_s))))
    return events


def find_plainly(samples: ForceSamples, body_mass_kg: float) -> list[GaitEvent]:
    """Return the events at the turning points of the fore-aft centre of pressure, offline."""
    del body_mass_kg
    time_s, pressure_m = samples.time_s, np.nan_to_num(samples.centre_of_pressure_m)
    low_pass = butter(2, 15.0, fs=1.0 / float(np.median(np.diff(time_s))), output="sos")
    x_m, y_m = sosfiltfilt(low_pass, pressure_m, axis=0).T
    middle_m = 0.5 * float(np.quantile(y_m, 0.1) + np.quantile(y_m, 0.9))
    events = []
    for kind, sign in ((EventKind.INITIAL_CONTACT, -1.0), (EventKind.FOOT_OFF, 1.0)):
        for index in find_peaks(sign * x_m, prominence=0.05)[0].tolist():
            bearing = Side.LEFT if y_m[index] > middle_m else Side.RIGHT
            events.append(GaitEvent(time_s[index], time_s[-1], bearing.other, kind, Source.FORCE, 1.0))
    return events


def score(
    walks: list[tuple[ForceSamples, Truth]], body_mass_kg: float, finder: Finder = find
) -> dict[EventKind, Score]:
    """Return how events agree with the truth over all walks, by kind; a second before the end is left out."""
    scores = dict.fromkeys(EventKind, Score(0, 0, np.array([]), np.array([]), 0))
    for samples, truth in walks:
        end_s = float(samples.time_s[-1]) - 1.0
        events = [event for event in finder(samples, body_mass_kg) if event.time_s < end_s]
        late_s = max((event.detected_s for event in events if event.detected_s - event.time_s > 0.5), default=-math.inf)
        for (kind, side), true_s in truth.items():
            mine = [event for event in events if event.kind is kind and event.side is side]
            true_s = true_s[true_s < end_s]
            old = scores[kind]
            delay_s = [event.detected_s - event.time_s for event in mine if event.detected_s > late_s]
            scores[kind] = Score(
                old.true_count + len(true_s),
                old.found_count + len(mine),
                np.append(old.error_s, match(true_s, np.array([event.time_s for event in mine]))),
                np.append(old.delay_s, delay_s),
                old.flagged_count + sum(EventFlag.IRREGULAR in event.flags for event in mine),
            )
    return scores


def narrowed(walk: tuple[ForceSamples, Truth], factor: float) -> tuple[ForceSamples, Truth]:
    """Return a walk with the way across multiplied."""
    return replace(walk[0], centre_of_pressure_m=walk[0].centre_of_pressure_m * (1.0, factor)), walk[1]


def main() -> None:
    """Print the table."""
    print(
        "| walk | method | event | true | found | F1 | bias ms | median ms | p95 ms | delay p50 | delay p95 | flagged |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|---|")
    for name, body_mass_kg in RECORDINGS.items():
        _print_rows(name, [recorded(name)], body_mass_kg)
    for rate_hz in (1000.0, 100.0):
        walks = [simulated(speed_mps, rate_hz) for speed_mps in SPEEDS_MPS]
        _print_rows(f"simulated, {rate_hz:.0f} Hz", walks, BODY_MASS_KG)
        for walk, speed_mps in zip(walks, SPEEDS_MPS, strict=True):
            if rate_hz == 1000.0:
                _print_rows(f"simulated, {speed_mps} m/s", [walk], BODY_MASS_KG, is_plain_too=False)
    limping = [simulated(speed_mps, seed=2, **LIMPING) for speed_mps in SPEEDS_MPS]
    crossing = [simulated(speed_mps, seed=3, cross_step_share=0.05) for speed_mps in SPEEDS_MPS]
    _print_rows("simulated, asymmetric", limping, BODY_MASS_KG)
    _print_rows("simulated, narrow", [narrowed(walk, 0.25) for walk in limping], BODY_MASS_KG)
    _print_rows("simulated, crossing", crossing, BODY_MASS_KG)
    _print_cost(simulated(1.2)[0])


def _print_cost(samples: ForceSamples) -> None:
    """Print what a batch costs in processor time, the best of five runs."""
    print("\n| samples a batch, 1 kHz | us a batch | x real time |\n|---|---|---|")
    count = len(samples.time_s)
    for size in (16, 50, 1000):
        batches = [cut(samples, first, min(first + size, count)) for first in range(0, count, size)]
        spent_s = []
        for _ in range(5):
            plate, start_s = OnePlate(Settings(), BODY_MASS_KG * STANDARD_GRAVITY_MPS2), time.process_time()
            for batch in batches:
                plate.feed(batch)
            spent_s.append(time.process_time() - start_s)
        print(f"| {size} | {1e6 * min(spent_s) / len(batches):.0f} | {WALK_S / min(spent_s):.0f} |")


def _print_rows(
    name: str, walks: list[tuple[ForceSamples, Truth]], body_mass_kg: float, is_plain_too: bool = True
) -> None:
    finders = {"ours": find} | ({"plain": find_plainly} if is_plain_too else {})
    for method, finder in finders.items():
        for kind, each in score(walks, body_mass_kg, finder).items():
            error_ms, delay_ms = 1e3 * each.error_s, 1e3 * each.delay_s
            delays = [f"{np.percentile(delay_ms, share):.0f}" for share in (50, 95)] if finder is find else ["-", "-"]
            print(
                f"| {name} | {method} | {kind.value} | {each.true_count} | {each.found_count} | {each.f1:.3f} "
                f"| {np.median(error_ms):+.1f} | {np.median(np.abs(error_ms)):.1f} "
                f"| {np.percentile(np.abs(error_ms), 95):.1f} | {delays[0]} | {delays[1]} | {each.flagged_count} |"
            )


if __name__ == "__main__":
    main()
