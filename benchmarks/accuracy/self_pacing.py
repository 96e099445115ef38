# SPDX-License-Identifier: Apache-2.0
"""Belts that follow a person: how well place and speed are known, and how the belts settle.

    python benchmarks/accuracy/self_pacing.py [seconds of each walk]

Source of truth: **simulation**. `pacing_walker.py` is a point mass of 80 kg, 1 m above the ground, on two feet that
roll over 0.15 m. It falls from foot to foot and sets each foot so that it goes on at the speed that it intends,
whatever the belts do; within a step it leans on its ankles, 0.05 m either way. It does not steer for a place on the
treadmill, as people do: the belts must do all of that. Step times vary by 2 % and landings by 3 mm, which makes
strides vary in speed by what the table says. Vertical force varies by 20 % twice a stride. Two plates at 1 kHz see it
with noise of 2 N and 0.2 N m; nobody tells the mass. Requests go through the belt gate and the bytes of an emulated
treadmill, and each walk begins on belts at the speed that the person intends.

Limits: no arms, no trunk that turns, no handrail, a belt that does not slow under the foot; people would adapt too.

Rows: *20 % longer*: the right step is longer than the mean of both by 0.2 of it, the left one as much shorter;
*later*: the right step takes 0.1 longer than the mean; *offset*: both plates show 2 N too much forward; *drift*: 2 N
either way and back within 30 s; *uphill*: 0.1 rad. *stride* and *step* is what speed is averaged over. *place* and
*speed*: root mean square of the filter's state less the centre of mass, at all instants from 20 s on; *bias*: mean
walking speed as told less the true one of those strides, of the worst walk; *strides*, *belts*: standard deviation of
the walking speed as told, and of the belts'.

The second table: intent changes at once by 0.3 m/s, at 20 s. *settled*: after how long the belts stay within 0.05 m/s
of the speed at which the person then truly walks, mean of the last 10 s; *beyond*: how far they went past it; *swings*:
how often they went from beyond the band on one side to beyond it on the other; *place*: how far the person got from the
middle. Rows *without noise* show the law alone; the others are the mean of several walks, but for the place, which is
the furthest of all. The dead zone is not asked to settle in 5 s: it must let the person leave the zone first.
"""

import argparse
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from pacing_walker import SAMPLE_S, PacingWalker, Person

from gait_analysis.gait import GaitState, LimbState, Subphase
from gait_feedback.belt_guard import GuardedLaw
from gait_feedback.belts import position_dead_zone, self_paced
from gait_feedback.pace import PaceEstimator
from gait_sensing.belt_gate.gate import ArmRequest, BeltGate, GateSettings, LinkUp, OperatorAlive, Tick
from gait_sensing.samples import Array, BeltReading, BeltSample, ForceSamples, Side
from gait_sensing.treadmills import bertec_classic

BEGIN_S = 1_700_000_000.0
TICK_S, TICK_COUNT, BATCH = 0.05, 50, 10  # samples of a tick, and of a batch
NOBODY = {side: np.tile((0.0, 0.0, math.nan), (TICK_COUNT, 1)) for side in Side}
SETTLED_S = 20.0
CHANGE_MPS, BAND_MPS = 0.3, 0.05
WALKS_COUNT = 2
ROOM = {"front_m": 0.8, "rear_m": -0.8}  # more than the laws leave, to see how far the person gets
HEAD = "| person | over | walks | place m | speed m/s | bias m/s | strides m/s | belts m/s |\n" + "|---" * 8 + "|"


class Belts:
    """The gate and an emulated treadmill, on which a law's requests become speeds."""

    def __init__(self) -> None:
        self._gate = BeltGate(GateSettings())
        self._driver = bertec_classic.Driver(bertec_classic.Settings())
        self._treadmill = bertec_classic.Emulator(bertec_classic.Settings())
        self._gate.feed(BEGIN_S, LinkUp())

    def tick(self, now_s: float, *things: object) -> BeltSample:
        """Let one tick pass; return the status at its end."""
        belts = self._treadmill.advance(TICK_S)
        reading = BeltReading(belts.left_speed_mps, belts.right_speed_mps, belts.incline_rad)
        for thing in (reading, OperatorAlive(), *things, Tick()):
            setpoint = self._gate.feed(now_s, thing) if thing else None
            if setpoint is not None:
                self._treadmill.feed(self._driver.command(setpoint))
        return BeltSample(now_s, belts.left_speed_mps, belts.right_speed_mps, belts.incline_rad)


@dataclass
class Walk:
    """What happened: truth of each sample, told values, and the belts at each tick. Times are since the first step."""

    person: Person
    time_s: list[float] = field(default_factory=list)
    place_m: list[float] = field(default_factory=list)
    speed_mps: list[float] = field(default_factory=list)
    walked_m: list[float] = field(default_factory=list)
    told: list[tuple[float, float, float]] = field(default_factory=list)  # time, place, speed
    strides: list[tuple[float, float]] = field(default_factory=list)  # end, walking speed as told
    belts: list[tuple[float, float]] = field(default_factory=list)  # time, speed
    reason: str = ""  # why the law brought the belts to rest

    def errors(self) -> tuple[Array, Array]:
        """Return place and speed as told less the true ones, once settled."""
        told = np.array(self.told)
        told = told[told[:, 0] > SETTLED_S]
        true = [np.interp(told[:, 0], self.time_s, values) for values in (self.place_m, self.speed_mps)]
        return told[:, 1] - true[0], told[:, 2] - true[1]

    def bias_mps(self) -> float:
        """Return mean walking speed as told less the true one, over all strides once settled."""
        strides = np.array(self.strides)
        strides = strides[strides[:, 0] > SETTLED_S]
        way_m = np.interp(strides[[0, -1], 0], self.time_s, self.walked_m)
        return float(strides[1:, 1].mean() - (way_m[1] - way_m[0]) / (strides[-1, 0] - strides[0, 0]))

    def settled_mps(self) -> float:
        """Return how fast the person truly walks in the last 10 s: bouncing, not quite what it intends."""
        end_s = self.time_s[-1]
        way_m = np.interp((end_s - 10.0, end_s), self.time_s, self.walked_m)
        return float(way_m[1] - way_m[0]) / 10.0

    def belt_sd_mps(self) -> float:
        """Return how much the belts' speed varies once settled."""
        return float(np.std([mps for time_s, mps in self.belts if time_s > SETTLED_S]))


def walk(person: Person, law: GuardedLaw, seconds: float, window_steps_count: int = 2) -> Walk:
    """Let a person walk on belts that a law drives."""
    belts, walker, found = Belts(), PacingWalker(person), Walk(person)
    estimator = PaceEstimator(window_steps_count)
    start_ticks = round(8.0 / TICK_S)
    before_mps, law_request = 0.0, None
    for tick in range(start_ticks + round(seconds / TICK_S)):
        now_s = BEGIN_S + TICK_S * tick
        belt = belts.tick(now_s, ArmRequest("Ann") if tick == 1 else law_request if tick > 2 else None)
        belt = replace(belt, incline_rad=person.incline_rad)
        observations: list[object] = [belt]
        stamps_s = now_s - TICK_S + SAMPLE_S * np.arange(1, TICK_COUNT + 1)
        if tick < start_ticks:
            observations += _batches(NOBODY, stamps_s, TICK_COUNT * tick)
        else:
            forces, truth = walker.advance(TICK_COUNT, before_mps, belt.left_speed_mps)
            observations += _batches(forces, stamps_s, TICK_COUNT * tick)
            _note(found, walker, stamps_s, truth, before_mps, belt)
        before_mps = belt.left_speed_mps
        for observation in observations:
            law.observe(observation)
            if estimator.feed(observation) and estimator.pace:
                found.strides.append((estimator.pace.contact_s - BEGIN_S - 8.0, estimator.pace.walking_mps))
            found.told.append((estimator.time_s - BEGIN_S - 8.0, estimator.position_m, estimator.speed_mps))
        law_request = law.feed(now_s, belt, _state(now_s))
        if law.reason:
            found.reason = law.reason
            break
    found.told = [row for row in found.told if math.isfinite(sum(row))]
    return found


def _batches(forces: dict[Side, Array], stamps_s: Array, first_count: int) -> list[ForceSamples]:
    batches = []
    for begin in range(0, len(stamps_s), BATCH):
        rows = slice(begin, begin + BATCH)
        for side, values in forces.items():
            zeros = np.zeros(len(values[rows]))
            batches.append(
                ForceSamples(
                    f"{side.value}_belt",
                    first_count + begin,
                    stamps_s[rows],
                    np.column_stack([values[rows, 0], zeros, values[rows, 1]]),
                    np.column_stack([zeros, zeros, zeros]),
                    np.column_stack([values[rows, 2], zeros]),
                )
            )
    return batches


def _note(
    found: Walk, walker: PacingWalker, stamps_s: Array, truth: Array, before_mps: float, belt: BeltSample
) -> None:
    count = len(stamps_s)
    belts_mps = before_mps + (belt.left_speed_mps - before_mps) * np.arange(1, count + 1) / count
    walked_m = found.walked_m[-1] if found.walked_m else 0.0
    found.time_s += (stamps_s - BEGIN_S - 8.0).tolist()
    found.place_m += truth[:, 0].tolist()
    found.speed_mps += truth[:, 1].tolist()
    found.walked_m += (walked_m + SAMPLE_S * np.cumsum(truth[:, 1] + belts_mps)).tolist()
    found.belts.append((walker.time_s, belt.left_speed_mps))


def _state(now_s: float) -> GaitState:
    limbs = [LimbState(side, None, Subphase.UNKNOWN, math.nan, math.nan, math.nan, "") for side in Side]
    return GaitState(now_s, now_s, *limbs, math.nan, math.nan)


def even(speed_mps: float) -> Person:
    """Return a person who walks evenly at one speed."""
    return Person(lambda _: speed_mps)


def changing(from_mps: float, change_mps: float) -> Person:
    """Return a person whose intent changes at once."""
    return Person(lambda time_s: from_mps + change_mps * (time_s > SETTLED_S))


def self_paced_law(start_mps: float, **settings: object) -> GuardedLaw:
    """Return the law, at a speed at which the person steps on."""
    return self_paced.Law(self_paced.Settings(start_speed_mps=start_mps, **ROOM, **settings))


def dead_zone_law(start_mps: float) -> GuardedLaw:
    """Return the other law."""
    return position_dead_zone.Law(position_dead_zone.Settings(start_speed_mps=start_mps, **ROOM))


def quiet(person: Person) -> Person:
    """Return the same person without any noise."""
    return replace(person, step_time_cv=0.0, placing_m=0.0, bounce=0.0, force_noise_n=0.0, moment_noise_nm=0.0)


@dataclass(frozen=True, slots=True)
class Response:
    """How the belts followed a change of intent."""

    settled_s: float
    beyond_mps: float
    swings_count: int
    furthest_m: float


def response(walks: list[Walk]) -> Response:
    """Return how belts, the mean of several walks, followed the change at ``SETTLED_S``."""
    time_s = np.array(walks[0].belts)[:, 0]
    after = time_s > SETTLED_S
    off_mps = np.mean([np.array(each.belts)[after, 1] - each.settled_mps() for each in walks], axis=0)
    outside = np.abs(off_mps) > BAND_MPS
    places_m = [np.array(each.place_m)[np.array(each.time_s) > SETTLED_S] for each in walks]
    return Response(
        float(time_s[after][outside][-1] - SETTLED_S) if outside.any() else 0.0,
        float((-math.copysign(1.0, off_mps[0]) * off_mps).max()),
        int(np.count_nonzero(np.diff(np.sign(off_mps[outside])))),
        float(max(np.abs(each).max() for each in places_m)),
    )


PEOPLE = {
    "0.6 m/s": Person(lambda _: 0.6),
    "1.1 m/s": Person(lambda _: 1.1),
    "1.35 m/s": Person(lambda _: 1.35),
    "20 % longer": Person(lambda _: 1.1, length_asymmetry=0.2),
    "20 % longer, later": Person(lambda _: 1.1, length_asymmetry=0.2, time_asymmetry=0.1),
    "0.6 m/s, 20 % longer, later": Person(lambda _: 0.6, length_asymmetry=0.2, time_asymmetry=0.1),
    "offset": Person(lambda _: 1.1, force_offset_n=2.0),
    "drift": Person(lambda _: 1.1, force_drift_n=2.0),
    "uphill": Person(lambda _: 1.1, incline_rad=0.1),
}
CHANGES = {"up": (0.9, CHANGE_MPS), "down": (1.2, -CHANGE_MPS)}


def followed(person: Person, average: str, seconds: float, walks_count: int) -> list[Walk]:
    """Let a person walk several times on self-paced belts; raise ``RuntimeError`` where they came to rest."""
    start_mps, steps_count = person.intent_mps(0.0), 2 if average == "stride" else 1
    walks = [
        walk(replace(person, seed=seed), self_paced_law(start_mps, average=average), seconds, steps_count)
        for seed in range(walks_count)
    ]
    if reasons := [each.reason for each in walks if each.reason]:
        raise RuntimeError(f"belts came to rest: {reasons[0]}")
    return walks


def changed(law: Callable[[float], GuardedLaw], direction: str, walks_count: int) -> Response:
    """Let a person change intent; without noise when ``walks_count`` is 0."""
    from_mps, change_mps = CHANGES[direction]
    person = changing(from_mps, change_mps)
    people = [replace(person, seed=seed) for seed in range(walks_count)] or [quiet(person)]
    walks = [walk(each, law(from_mps), SETTLED_S + 20.0) for each in people]
    if reasons := [each.reason for each in walks if each.reason]:
        raise RuntimeError(f"belts came to rest: {reasons[0]}")
    return response(walks)


def song_law(start_mps: float) -> GuardedLaw:
    """Return the self-paced law with Song's gains."""
    return self_paced_law(start_mps, position_gain_ps=0.1, speed_gain=0.25)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", nargs="?", type=float, default=60.0)
    seconds = parser.parse_args().seconds
    print(HEAD)
    for name, person in PEOPLE.items():
        for average in ("stride", "step"):
            walks = followed(person, average, seconds, WALKS_COUNT)
            errors = zip(*(each.errors() for each in walks), strict=True)
            place_m, speed_mps = (np.concatenate(each) for each in errors)
            bias_mps = max((each.bias_mps() for each in walks), key=abs)
            strides_mps = [mps for each in walks for time_s, mps in each.strides if time_s > SETTLED_S]
            belts_mps = np.mean([each.belt_sd_mps() for each in walks])
            print(
                f"| {name} | {average} | {WALKS_COUNT} | {rms(place_m):.3f} | {rms(speed_mps):.3f} | {bias_mps:+.3f} "
                f"| {np.std(strides_mps):.3f} | {belts_mps:.3f} |"
            )
    print("\n| law | change | walks | settled s | beyond m/s | swings | place m |\n|---|---|---|---|---|---|---|")
    for name, law in (
        ("self_paced", self_paced_law),
        ("Song's gains", song_law),
        ("position_dead_zone", dead_zone_law),
    ):
        for direction in CHANGES:
            for count in (0, 12) if law is self_paced_law else (0,):
                found = changed(law, direction, count)
                print(
                    f"| {name} | {direction} | {count or 'without noise'} | {found.settled_s:.1f} "
                    f"| {found.beyond_mps:.3f} | {found.swings_count} | {found.furthest_m:.2f} |"
                )


def rms(values: Array) -> float:
    """Return the root mean square."""
    return float(np.sqrt(np.mean(values**2)))


if __name__ == "__main__":
    main()
