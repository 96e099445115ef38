# SPDX-License-Identifier: Apache-2.0
import math
import re
from collections.abc import Callable

import numpy as np
import pytest

from gait_sensing.calibration.weighing import Weighing
from gait_sensing.samples import Array, ForceSamples

G_MPS2 = 9.80665
START_S = 1.7e9
LEFT, RIGHT = "left_belt", "right_belt"
Load = Callable[[Array], Array]


def samples(name: str, time_s: Array, vertical_n: Array) -> ForceSamples:
    force_n = np.zeros((len(time_s), 3))
    force_n[:, 2] = vertical_n
    return ForceSamples(name, 0, time_s, force_n, np.zeros((len(time_s), 3)), np.zeros((len(time_s), 2)))


def steady(load_n: float, noise_n: float = 0.0, seed: int = 0) -> Load:
    return lambda age_s: load_n + np.random.default_rng(seed).normal(0.0, noise_n, len(age_s))


def fed(
    weighing: Weighing,
    loads: dict[str, Load],
    duration_s: float,
    rates_hz: dict[str, float] | None = None,
    begin_s: float = 0.0,
) -> Weighing:
    """Feed both plates in turn, 50 ms at a time, as reads come."""
    ages_s = {
        name: np.arange(begin_s, begin_s + duration_s, 1.0 / (rates_hz or {}).get(name, 1000.0)) for name in loads
    }
    force_n = {name: load(ages_s[name]) for name, load in loads.items()}
    for end_s in np.arange(begin_s + 0.05, begin_s + duration_s + 0.05, 0.05):
        for name, age_s in ages_s.items():
            part = (age_s >= end_s - 0.05) & (age_s < end_s)
            if part.any():
                weighing.feed(samples(name, START_S + age_s[part], force_n[name][part]))
    return weighing


@pytest.mark.parametrize("left_share", [0.0, 0.35, 0.5, 1.0])
def test_feet_may_stand_on_either_plate_or_one_on_each(left_share: float) -> None:
    weight_n = 75.0 * G_MPS2
    loads = {LEFT: steady(weight_n * left_share, 5.0, 1), RIGHT: steady(weight_n * (1.0 - left_share), 5.0, 2)}
    weighing = fed(Weighing([LEFT, RIGHT]), loads, 5.3)
    assert weighing.refusal() == ""
    assert weighing.mass_kg == pytest.approx(75.0, abs=0.1)


def test_plates_need_not_send_at_the_same_rate() -> None:
    loads = {LEFT: steady(300.0), RIGHT: steady(400.0)}
    weighing = fed(Weighing([LEFT, RIGHT]), loads, 5.5, {LEFT: 1000.0, RIGHT: 93.0})
    assert weighing.mass_kg == pytest.approx(700.0 / G_MPS2)


def test_the_weight_may_move_from_foot_to_foot() -> None:
    """The sum counts: sway between the plates is not motion of the body's weight."""
    loads: dict[str, Load] = {
        LEFT: lambda age_s: 350 + 100 * np.sin(age_s),
        RIGHT: lambda age_s: 350 - 100 * np.sin(age_s),
    }
    weighing = fed(Weighing([LEFT, RIGHT]), loads, 5.3)
    assert weighing.mass_kg == pytest.approx(700.0 / G_MPS2, rel=1e-6)


def test_the_first_quiet_span_counts_and_stays() -> None:
    weighing = fed(Weighing([LEFT]), {LEFT: lambda age_s: np.where(age_s < 2.0, age_s * 300.0, 700.0)}, 6.9)
    assert math.isnan(weighing.mass_kg)
    fed(weighing, {LEFT: steady(700.0)}, 0.4, begin_s=6.9)
    assert weighing.mass_kg == pytest.approx(700.0 / G_MPS2, rel=0.003)
    found = weighing.mass_kg
    fed(weighing, {LEFT: steady(900.0)}, 6.0, begin_s=7.3)
    assert weighing.mass_kg == found


def walking(age_s: Array) -> Array:
    return 700.0 + 150.0 * np.sin(2 * np.pi * 1.8 * age_s)


@pytest.mark.parametrize(
    ("loads", "text"),
    [
        (
            {LEFT: walking, RIGHT: steady(0.0)},
            r"moving, the load of 70\d\.\d N changes by 10\d\.\d N .* 14\.\d N allowed",
        ),
        ({LEFT: steady(3.0), RIGHT: steady(4.0)}, "too little load, 7.0 N found, 100 N needed"),
        ({LEFT: steady(-350.0), RIGHT: steady(-350.0)}, "the load is -700.0 N, and must be positive; .* signs in axes"),
        ({LEFT: steady(700.0)}, "no samples from right_belt;"),
        ({}, "no samples from left_belt, right_belt;"),
        ({LEFT: steady(700.0), RIGHT: steady(math.nan)}, r"right_belt gives no vertical force \(NaN found\)"),
    ],
)
def test_the_refusal_names_what_is_wrong(loads: dict[str, Load], text: str) -> None:
    weighing = fed(Weighing([LEFT, RIGHT]), loads, 7.0)
    assert math.isnan(weighing.mass_kg)
    assert re.search(text, weighing.refusal()), weighing.refusal()


def test_too_short_a_time_is_refused() -> None:
    weighing = fed(Weighing([LEFT, RIGHT], 5.0), {LEFT: steady(350.0), RIGHT: steady(350.0)}, 3.05)
    assert math.isnan(weighing.mass_kg)
    assert "3.0 s of standing found, 5.0 s needed" in weighing.refusal()


def test_a_plate_that_falls_silent_is_named_and_a_gap_begins_anew() -> None:
    weighing = fed(Weighing([LEFT, RIGHT]), {LEFT: steady(350.0), RIGHT: steady(350.0)}, 4.0)
    fed(weighing, {LEFT: steady(350.0)}, 2.0, begin_s=4.0)
    assert "no samples from right_belt;" in weighing.refusal()
    fed(weighing, {LEFT: steady(350.0), RIGHT: steady(350.0)}, 4.0, begin_s=6.0)
    assert math.isnan(weighing.mass_kg)
    assert "of standing found, 5.0 s needed" in weighing.refusal()
    fed(weighing, {LEFT: steady(350.0), RIGHT: steady(350.0)}, 1.2, begin_s=10.0)
    assert not math.isnan(weighing.mass_kg)


def test_a_clock_that_is_set_back_only_delays() -> None:
    weighing = fed(Weighing([LEFT]), {LEFT: steady(700.0)}, 4.0)
    fed(weighing, {LEFT: steady(700.0)}, 4.0, begin_s=-1000.0)
    assert math.isnan(weighing.mass_kg)
    fed(weighing, {LEFT: steady(700.0)}, 1.3, begin_s=-996.0)
    assert not math.isnan(weighing.mass_kg)


def test_a_prosthesis_is_no_plate() -> None:
    weighing = fed(Weighing([LEFT]), {LEFT: steady(700.0), "prosthesis": steady(300.0)}, 5.3)
    assert weighing.mass_kg == pytest.approx(700.0 / G_MPS2)


@pytest.mark.parametrize(("names", "duration_s"), [([], 5.0), ([LEFT], 0.9), ([LEFT], math.nan)])
def test_there_must_be_a_plate_and_a_time(names: list[str], duration_s: float) -> None:
    with pytest.raises(ValueError, match="expected a plate and a second at least"):
        Weighing(names, duration_s)
