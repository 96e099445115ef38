# SPDX-License-Identifier: Apache-2.0
"""The lateral margin of stability from plates, against a walker whose centre of mass is known in a formula.

    python benchmarks/accuracy/stability.py [strides of each walk]

Source of truth: simulation. An inverted pendulum of 1.2 m (0.9 m of leg) falls from foot to foot sideways; where the
centre of pressure goes on a straight line its path is known exactly, as ``line + A exp(w0 t) + B exp(-w0 t)``. Each
foot is placed outside of the extrapolated centre of mass by 25 mm (left) and 15 mm (right), as in above-knee amputees
(Hof et al. 2007), with 5 mm of scatter, steps of 0.6 s and more, double support of 24 % of the stride; in single
support the centre of pressure rolls 10 mm outward and back. Two plates at 1 kHz see it. Rows add up to what is not in
that model:

- *noise*: 5 N on each force, 0.3 N m on the moment of the centre of pressure, offsets of 2 N in lateral force;
- *body*: trunk and legs turn to and fro once a stride, with 10 N m (2 kg m2/s of angular momentum); vertical force
  varies by 20 % of body weight twice a stride. The centre of pressure is where statics then has it, not the pendulum;
- *leg*: the leg is told 5 % too long.

Limits: the margin is against the furthest centre of pressure, as everywhere here, not the shoe's edge; how much the
body turns is chosen, not measured; no recording at hand has a centre of mass from markers, nor lateral force.

Error is found less true, over all strides of both feet after the second. *left - right* is the
difference of the medians of both sides, found and true.
"""

import argparse
import math
from dataclasses import dataclass, field, replace

import numpy as np

from gait_analysis.strides.stability import Settings, lateral_margin_m
from gait_sensing.samples import STANDARD_GRAVITY_MPS2, Array, Side

LEG_M, RATIO = 0.9, 1.34
PENDULUM_M = LEG_M * RATIO
RATE_RADPS = math.sqrt(STANDARD_GRAVITY_MPS2 / PENDULUM_M)
MASS_KG = 75.0
WEIGHT_N = MASS_KG * STANDARD_GRAVITY_MPS2
ROLL_M = 0.01  # outward and back in single support
LOADED_N = 20.0  # below it a plate tells no centre of pressure
KEPT = 0.05  # a step goes further to the side that the person has drifted to, by so much of it, to turn back
OUTWARD = {Side.LEFT: 1.0, Side.RIGHT: -1.0}


@dataclass(frozen=True)
class Walker:
    """How the person walks and the plates measure."""

    strides_count: int = 60
    step_s: tuple[float, float] = (0.62, 0.58)  # that the left and the right contact end
    double_support_s: float = 0.14
    placed_m: tuple[float, float] = (0.025, 0.015)  # outside of XCoM, left and right
    scatter_m: float = 0.005
    rate_hz: float = 1000.0
    force_noise_n: float = 0.0
    moment_noise_nm: float = 0.0
    lateral_offset_n: float = 0.0
    turning_nm: float = 0.0  # amplitude of the rate of angular momentum
    bounce_share: float = 0.0  # of body weight
    seed: int = 0


@dataclass
class Walk:
    """What the plates measure and what is true, on one time axis."""

    time_s: Array
    plates: list[Array]  # rows as of lateral_margin_m
    pressure_m: Array  # of all, without noise
    xcom_m: Array
    contacts: list[tuple[float, float, Side]] = field(default_factory=list)  # contact, other foot off, side

    def true_margin_m(self, side: Side, support_s: tuple[float, float]) -> float:
        """Return the margin that truly was smallest between two times."""
        inside = slice(*self.time_s.searchsorted(support_s).tolist())
        outward = OUTWARD[side]
        return float((outward * self.pressure_m[inside]).max() - (outward * self.xcom_m[inside]).max())


@dataclass(frozen=True)
class Line:
    """A part of the walk in which the pendulum's foot goes on a straight line."""

    begin_s: float
    end_s: float
    from_m: float
    to_m: float
    share_begin: float  # of the load on the left plate
    share_end: float


def _lines(walker: Walker) -> tuple[list[Line], list[tuple[float, float, Side]], float, float]:
    """Let the walker place his feet; return the lines, contacts, and place and speed at time 0."""
    random = np.random.default_rng(walker.seed)
    side, begin_s, place_m, speed_mps = Side.LEFT, 0.0, 0.04, 0.0  # right foot stands, left one lands at 0
    foot_m = {Side.RIGHT: -0.06, Side.LEFT: 0.0}
    lines: list[Line] = []
    contacts = []
    start = place_m, speed_mps
    for _ in range(2 * walker.strides_count):
        number, old_m = list(Side).index(side), foot_m[side.other]
        grown = math.exp(RATE_RADPS * walker.double_support_s)
        # how fast the pressure goes over in double support so that XCoM then is inside the foot by what is wanted
        fallen_m = OUTWARD[side] * walker.placed_m[number] + grown * (place_m + speed_mps / RATE_RADPS - old_m)
        foot_m[side] = old_m + RATE_RADPS * walker.double_support_s * fallen_m / (grown - 1.0)
        foot_m[side] += KEPT * 0.5 * (old_m + foot_m[side]) + walker.scatter_m * random.standard_normal()
        single_s = walker.step_s[1 - number] - walker.double_support_s
        middle_s = begin_s + walker.double_support_s
        on_left = (0.0, 1.0) if side is Side.LEFT else (1.0, 0.0)
        rolled_m = foot_m[side] + OUTWARD[side] * ROLL_M
        parts = [
            Line(begin_s, middle_s, foot_m[side.other], foot_m[side], *on_left),
            Line(middle_s, middle_s + 0.4 * single_s, foot_m[side], rolled_m, on_left[1], on_left[1]),
            Line(middle_s + 0.4 * single_s, middle_s + single_s, rolled_m, foot_m[side], on_left[1], on_left[1]),
        ]
        contacts.append((begin_s, middle_s, side))
        for line in parts:
            values = _pendulum(line, place_m, speed_mps, np.array([line.end_s]))
            place_m, speed_mps = float(values[0][0]), float(values[1][0])
        lines += parts
        begin_s, side = middle_s + single_s, side.other
    return lines, contacts, *start


def _pendulum(line: Line, place_m: float, speed_mps: float, time_s: Array) -> tuple[Array, Array]:
    """Return place and speed of the centre of mass on a line, from those at its begin."""
    slope_mps = (line.to_m - line.from_m) / (line.end_s - line.begin_s)
    off_m, off_mps = place_m - line.from_m, (speed_mps - slope_mps) / RATE_RADPS
    grows, decays = 0.5 * (off_m + off_mps), 0.5 * (off_m - off_mps)
    since = RATE_RADPS * (time_s - line.begin_s)
    line_m = line.from_m + slope_mps * (time_s - line.begin_s)
    place = line_m + grows * np.exp(since) + decays * np.exp(-since)
    return place, slope_mps + RATE_RADPS * (grows * np.exp(since) - decays * np.exp(-since))


def walk(walker: Walker) -> Walk:
    """Let a person walk over two plates."""
    lines, contacts, place_m, speed_mps = _lines(walker)
    time_s = np.arange(0.0, lines[-1].end_s, 1.0 / walker.rate_hz)
    place, speed, foot, share = (np.empty(len(time_s)) for _ in range(4))
    for line in lines:
        inside = slice(*time_s.searchsorted((line.begin_s, line.end_s)).tolist())
        place[inside], speed[inside] = _pendulum(line, place_m, speed_mps, time_s[inside])
        end = _pendulum(line, place_m, speed_mps, np.array([line.end_s]))
        place_m, speed_mps = float(end[0][0]), float(end[1][0])
        ends_s = line.begin_s, line.end_s
        foot[inside] = np.interp(time_s[inside], ends_s, (line.from_m, line.to_m))
        share[inside] = np.interp(time_s[inside], ends_s, (line.share_begin, line.share_end))
    lateral_n = MASS_KG * RATE_RADPS**2 * (place - foot)
    turn = 2.0 * math.pi * time_s / sum(walker.step_s)
    vertical_n = WEIGHT_N * (1.0 + walker.bounce_share * np.cos(2.0 * turn))
    pressure_m = place - (PENDULUM_M * lateral_n + walker.turning_nm * np.sin(turn + 0.7)) / vertical_n
    random = np.random.default_rng(walker.seed + 1)
    plates = []
    for sign, load in ((1.0, share), (-1.0, 1.0 - share)):
        noises = random.standard_normal((3, len(time_s)))
        load_n = load * vertical_n
        moved_m = pressure_m - foot + _foot_m(lines, time_s, sign)  # both feet by what the whole is moved
        centre_m = moved_m + walker.moment_noise_nm * noises[0] / np.maximum(load_n, 1.0)
        plates.append(
            np.stack(
                [
                    time_s,
                    load * lateral_n + sign * walker.lateral_offset_n + walker.force_noise_n * noises[1],
                    load_n + walker.force_noise_n * noises[2],
                    np.where(load_n >= LOADED_N, centre_m, math.nan),
                ],
                axis=1,
            )
        )
    return Walk(time_s, plates, pressure_m, place + speed / RATE_RADPS, contacts)


def _foot_m(lines: list[Line], time_s: Array, sign: float) -> Array:
    """Return where the foot on the left (sign 1) or right plate is loaded; anything while it is in the air."""
    place_m = np.zeros(len(time_s))
    for line in lines:
        inside = slice(*time_s.searchsorted((line.begin_s, line.end_s)).tolist())
        shares = (line.share_begin, line.share_end) if sign > 0.0 else (1.0 - line.share_begin, 1.0 - line.share_end)
        if shares == (1.0, 1.0):
            place_m[inside] = np.interp(time_s[inside], (line.begin_s, line.end_s), (line.from_m, line.to_m))
        else:
            place_m[inside] = line.to_m if shares[1] > shares[0] else line.from_m
    return place_m


@dataclass
class Score:
    """Found and true margins of one walk."""

    found_m: dict[Side, list[float]] = field(default_factory=lambda: {side: [] for side in Side})
    true_m: dict[Side, list[float]] = field(default_factory=lambda: {side: [] for side in Side})

    def errors_m(self) -> Array:
        """Return found less true, of all strides."""
        return np.concatenate([np.subtract(self.found_m[side], self.true_m[side]) for side in Side])

    def difference_m(self, margins_m: dict[Side, list[float]]) -> float:
        """Return by how much the median of the left side is above that of the right."""
        return float(np.median(margins_m[Side.LEFT]) - np.median(margins_m[Side.RIGHT]))


def score(walked: Walk, settings: Settings, leg_length_m: float = LEG_M) -> Score:
    """Find the margin of each stride but the first of each foot, and of its last, which is not whole."""
    scored = Score()
    for number in range(4, len(walked.contacts) - 2):
        begin_s, other_off_s, side = walked.contacts[number]
        stride_s = begin_s, walked.contacts[number + 2][0]
        support_s = other_off_s, walked.contacts[number + 1][0]
        since_s = begin_s - (stride_s[1] - begin_s) - 0.01
        rows = [plate[slice(*plate[:, 0].searchsorted((since_s, stride_s[1])).tolist())] for plate in walked.plates]
        scored.found_m[side].append(lateral_margin_m(settings, leg_length_m, side, stride_s, support_s, rows))
        scored.true_m[side].append(walked.true_margin_m(side, support_s))
    return scored


NOISE = {"force_noise_n": 5.0, "moment_noise_nm": 0.3, "lateral_offset_n": 2.0}
BODY = {"turning_nm": 10.0, "bounce_share": 0.2}
SLOW = {"step_s": (0.95, 0.85), "double_support_s": 0.3}
ROWS: list[tuple[str, dict[str, object], float]] = [  # name, walker, leg told by true leg
    ("pendulum alone", {}, 1.0),
    ("noise", NOISE, 1.0),
    ("noise, 100 Hz", {**NOISE, "rate_hz": 100.0}, 1.0),
    ("noise, body", {**NOISE, **BODY}, 1.0),
    ("noise, body, slow", {**NOISE, **BODY, **SLOW}, 1.0),
    ("noise, body, leg", {**NOISE, **BODY}, 1.05),
]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("strides_count", nargs="?", type=int, default=60)
    count = parser.parse_args().strides_count
    head = ["centre of mass from", "walk", "n", "true margin mm", "median error mm", "p95 of size mm"]
    print("| " + " | ".join([*head, "left - right, true mm"]) + " |")
    print("|---|---|---|---|---|---|---|")
    for method in ("lateral_force", "pressure"):
        for name, changed, leg in ROWS:
            walked = walk(replace(Walker(strides_count=count), **changed))  # type: ignore[arg-type]
            scored = score(walked, Settings(pendulum_ratio=RATIO, centre_of_mass=method), leg * LEG_M)
            errors_mm = 1e3 * scored.errors_m()
            margin_mm = 1e3 * float(np.median(np.concatenate(list(scored.true_m.values()))))
            sides = [f"{1e3 * scored.difference_m(each):.1f}" for each in (scored.found_m, scored.true_m)]
            cells = [method, name, str(len(errors_mm)), f"{margin_mm:.1f}", f"{np.median(errors_mm):.2f}"]
            cells += [f"{np.percentile(np.abs(errors_mm), 95):.2f}", ", ".join(sides)]
            print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
