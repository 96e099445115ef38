# SPDX-License-Identifier: Apache-2.0
"""Whatever cues come when, nothing stays on."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gait_feedback.actuator_timer import ActuatorTimer, ActuatorTimerSettings
from gait_feedback.actuators import gait_cue
from gait_feedback.actuators.vibraforge_v2 import Driver, Emulator, Settings
from gait_feedback.cue import Cue
from gait_sensing.samples import Side

LONGEST_S = ActuatorTimerSettings().max_duration_s


class Bench:
    def __init__(self) -> None:
        self.emulator = Emulator(Settings())
        self.timer = ActuatorTimer(ActuatorTimerSettings(), Driver(Settings()))
        self.intensity = {Side.LEFT: 0.0, Side.RIGHT: 0.0}

    def write(self, data: bytes) -> None:
        assert len(data) % 3 == 0
        self.emulator.feed(data)
        self.intensity |= {change.side: change.intensity for change in self.emulator.changes()}

    def cue(self, now_s: float, side: Side = Side.LEFT, duration_s: float = 0.1, intensity: float = 0.5) -> None:
        self.write(self.timer.feed(now_s, Cue(side, now_s, now_s, intensity, duration_s, "")))

    def tick(self, now_s: float) -> None:
        self.write(self.timer.due(now_s))

    @property
    def on(self) -> set[Side]:
        return {side for side, intensity in self.intensity.items() if intensity}


def test_a_cue_ends_when_its_time_is_over():
    bench = Bench()
    assert bench.timer.next_due_s == math.inf
    bench.cue(10.0)
    assert bench.on == {Side.LEFT} and bench.timer.next_due_s == pytest.approx(10.1)
    bench.tick(10.09)
    assert bench.on == {Side.LEFT}
    bench.tick(10.11)
    assert bench.on == set() and bench.timer.next_due_s == math.inf
    assert bench.timer.due(10.2) == b"", "said once"


def test_sides_end_each_at_its_own_time():
    bench = Bench()
    bench.cue(10.0, Side.LEFT, 0.3)
    bench.cue(10.1, Side.RIGHT, 0.1)
    bench.tick(10.25)
    assert bench.on == {Side.LEFT}
    bench.tick(10.35)
    assert bench.on == set()


def test_a_cue_on_top_prolongs_and_never_shortens():
    bench = Bench()
    bench.cue(10.0, duration_s=0.5)
    bench.cue(10.1, duration_s=0.1)
    bench.tick(10.4)
    assert bench.on == {Side.LEFT}
    bench.cue(10.45, duration_s=0.2)
    bench.tick(10.6)
    assert bench.on == {Side.LEFT}
    bench.tick(10.7)
    assert bench.on == set()


def test_no_chain_of_cues_goes_beyond_the_longest_time():
    bench = Bench()
    for step in range(int(LONGEST_S * 20)):
        bench.cue(10.0 + step * 0.05, duration_s=50.0)
    assert bench.timer.next_due_s == pytest.approx(10.0 + LONGEST_S)
    bench.tick(10.0 + LONGEST_S)
    assert bench.on == set()


def test_a_cue_that_finds_the_last_one_overdue_starts_anew():
    bench = Bench()
    bench.cue(10.0, duration_s=1.0)
    bench.cue(12.0, duration_s=0.2)
    assert bench.on == {Side.LEFT} and bench.timer.next_due_s == pytest.approx(12.2)


def test_a_device_with_a_time_out_of_its_own_is_told_what_is_left():
    driver = gait_cue.Driver(gait_cue.Settings())
    timer = ActuatorTimer(ActuatorTimerSettings(), driver)

    def told_ms(now_s: float, duration_s: float) -> int:
        command = timer.feed(now_s, Cue(Side.LEFT, now_s, now_s, 0.5, duration_s, ""))
        return int(command.split(b"*")[0].split(b",")[-1])

    assert told_ms(10.0, 0.5) == 500
    assert told_ms(10.1, 0.1) == 400, "a cue on top never shortens"
    assert told_ms(10.3, 50.0) == round(1000 * (LONGEST_S - 0.3)), "nor goes beyond the longest time"


@pytest.mark.parametrize("now_s", [3.0, math.nan])
def test_time_that_goes_back_ends_all(now_s):
    bench = Bench()
    bench.cue(10.0)
    bench.tick(now_s)
    assert bench.on == set()


@pytest.mark.parametrize(
    ("intensity", "duration_s"),
    [(math.nan, 0.1), (0.0, 0.1), (1.5, 0.1), (-1.0, 0.1), (0.5, math.nan), (0.5, -1.0), (0.5, math.inf)],
)
def test_a_cue_without_meaning_is_nothing(intensity, duration_s):
    bench = Bench()
    bench.cue(10.0, Side.LEFT, duration_s, intensity)
    assert bench.on == set() and bench.timer.next_due_s == math.inf


@pytest.mark.parametrize("now_s", [math.nan, math.inf])
def test_a_cue_at_no_time_is_nothing(now_s):
    bench = Bench()
    bench.cue(now_s)
    assert bench.on == set()


def test_all_off_switches_off_even_what_it_does_not_know():
    bench = Bench()
    bench.write(Driver(Settings()).begin(Side.RIGHT, 1.0, 0.1))
    bench.cue(10.0)
    bench.write(bench.timer.all_off())
    assert bench.on == set() and bench.timer.next_due_s == math.inf


@given(
    st.lists(
        st.tuples(st.floats(0.0, 2.0), st.sampled_from(Side), st.floats(0.0, 100.0), st.floats(-0.5, 1.5)), max_size=30
    )
)
def test_nothing_is_on_longer_than_the_longest_time(cues):
    bench, now_s = Bench(), 100.0
    began_s: dict[Side, float] = {}
    for pause_s, side, duration_s, intensity in cues:
        for _ in range(max(1, round(pause_s / 0.05))):
            now_s += pause_s / max(1, round(pause_s / 0.05))
            bench.tick(now_s)
            began_s = {on: since_s for on, since_s in began_s.items() if on in bench.on}
            assert all(now_s - since_s < LONGEST_S + 0.1 for since_s in began_s.values())
        bench.cue(now_s, side, duration_s, intensity)
        for on in bench.on:
            began_s.setdefault(on, now_s)
    bench.tick(now_s + LONGEST_S)
    assert bench.on == set()
