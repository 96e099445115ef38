# SPDX-License-Identifier: Apache-2.0
import dataclasses
import math

import pytest

from gait_parts.settings import Settings, setting


@dataclasses.dataclass(frozen=True)
class Example(Settings):
    rate_hz: float = setting(100.0, "rate", low=1.0, high=400.0)
    count: int = setting(3, "how many", low=1, high=9)
    mode: str = setting("a", "which", choices=("a", "b"))
    mass_kg: float = setting(math.nan, "mass; nan when unknown", low=20.0, high=250.0)
    origin_m: list[float] = setting([0.0, 0.0, 0.0], "where", low=-5.0, high=5.0)


def test_defaults_hold():
    assert Example().rate_hz == 100.0
    assert math.isnan(Example().mass_kg)


def test_a_whole_number_serves_as_float():
    assert isinstance(Example(rate_hz=200).rate_hz, float)
    assert Example(origin_m=[1, 2, 3]).origin_m == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"rate_hz": 0.5}, ["rate_hz", "0.5", "1.0 to 400.0"]),
        ({"rate_hz": "fast"}, ["rate_hz", "'fast'", "float"]),
        ({"rate_hz": True}, ["rate_hz", "True", "float"]),
        ({"rate_hz": math.nan}, ["rate_hz", "nan", "finite"]),
        ({"mass_kg": math.inf}, ["mass_kg", "inf"]),
        ({"mass_kg": 5.0}, ["mass_kg", "5.0", "20.0 to 250.0"]),
        ({"count": 2.0}, ["count", "2.0", "int"]),
        ({"mode": "c"}, ["mode", "'c'", "a, b"]),
        ({"origin_m": [0.0, 9.0, 0.0]}, ["origin_m", "9.0", "-5.0 to 5.0"]),
        ({"origin_m": 1.0}, ["origin_m", "1.0", "list"]),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(values, words):
    with pytest.raises(ValueError) as error:
        Example(**values)
    assert all(word in str(error.value) for word in words)


def test_instances_do_not_share_lists():
    assert Example().origin_m is not Example().origin_m
