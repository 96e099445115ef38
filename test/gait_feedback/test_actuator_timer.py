# SPDX-License-Identifier: Apache-2.0
"""Whatever cues come when, nothing stays on."""

import math
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gait_feedback.actuator_timer import PAUSE_S, ActuatorTimer, ActuatorTimerSettings
from gait_feedback.actuators import gait_cue, vibraforge_v2
from gait_feedback.actuators.vibraforge_v2 import Driver, Emulator, Settings
from gait_feedback.cue import Cue
from gait_sensing.samples import Side

LONGEST_S = ActuatorTimerSettings().max_duration_s


def driver(part):
    return part.Driver(part.Settings())


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


def test_a_cue_that_finds_the_last_one_overdue_ends_it_and_is_refused():
    bench = Bench()
    bench.cue(10.0, duration_s=1.0)
    bench.cue(12.0, duration_s=0.2)
    assert bench.on == set() and bench.timer.next_due_s == math.inf, "it was on until now"
    assert bench.timer.refusal == "the left is left off for 0.2 s after 1 s on, or when time went back"
    bench.cue(12.0, Side.RIGHT)
    assert bench.on == {Side.RIGHT} and bench.timer.refusal == "", "the other side is its own"
    bench.tick(12.15)
    bench.cue(12.01 + PAUSE_S, duration_s=0.2)
    assert bench.on == {Side.LEFT} and bench.timer.refusal == ""


def test_an_end_shorter_than_the_pause_is_none():
    bench = Bench()
    bench.cue(10.0, duration_s=0.9)
    bench.tick(10.9)
    bench.cue(10.95, duration_s=0.9)
    assert bench.on == {Side.LEFT} and bench.timer.next_due_s == pytest.approx(10.0 + LONGEST_S)
    bench.tick(10.0 + LONGEST_S)
    bench.cue(11.1)
    assert bench.on == set()
    bench.cue(11.01 + PAUSE_S, duration_s=0.9)
    assert bench.on == {Side.LEFT} and bench.timer.next_due_s == pytest.approx(11.01 + PAUSE_S + 0.9)


@pytest.mark.parametrize("part", [vibraforge_v2, gait_cue])
@pytest.mark.parametrize("interval_s", [0.01, 0.5, 0.99, 1.0])
def test_cues_of_the_longest_time_leave_a_pause_each(part, interval_s):
    emulator, timer = part.Emulator(part.Settings()), ActuatorTimer(ActuatorTimerSettings(), driver(part))
    intensity, states = 0.0, []
    for step in range(2000):
        now_s = 10.0 + 0.01 * step
        emulator.feed(timer.due(now_s) + driver(part).poll())
        if step % round(interval_s / 0.01) == 0:
            emulator.feed(timer.feed(now_s, Cue(Side.LEFT, now_s, now_s, 1.0, 1.0, "")))
        for change in emulator.changes():
            intensity = change.intensity
        states.append(intensity > 0.0)
        emulator.advance(0.01)
    assert any(states)
    stretches = [len(list(same)) * 0.01 for is_on, same in groupby(states) if is_on]
    pauses = [len(list(same)) * 0.01 for is_on, same in groupby(states[: -round(PAUSE_S / 0.01)]) if not is_on]
    assert max(stretches) <= LONGEST_S + 0.011 and min(pauses) >= PAUSE_S - 0.011


def test_a_device_with_a_time_out_of_its_own_is_told_what_is_left():
    timer = ActuatorTimer(ActuatorTimerSettings(), driver(gait_cue))

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


def test_a_clock_that_jitters_keeps_nothing_on_and_one_set_back_silences_nobody():
    bench = Bench()
    bench.cue(1e6, duration_s=0.5)
    for step in range(10):
        bench.cue(1e6 - 1e-4 * step, duration_s=0.5)
        assert step == 0 or bench.on == set()
    bench.cue(10.0)
    bench.cue(10.01 + PAUSE_S)
    assert bench.on == {Side.LEFT}


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
    """On from one pause to the next: what is off for less was felt as on."""
    bench, now_s = Bench(), 100.0
    began_s: dict[Side, float] = {}
    ended_s: dict[Side, float] = {}

    def look() -> None:
        for side in bench.on:
            ended_s.pop(side, None)
            assert now_s - began_s.setdefault(side, now_s) < LONGEST_S + 0.1
        for side in began_s.keys() - bench.on:
            if now_s - ended_s.setdefault(side, now_s) >= PAUSE_S:
                del began_s[side]

    for pause_s, side, duration_s, intensity in cues:
        for _ in range(max(1, round(pause_s / 0.05))):
            now_s += pause_s / max(1, round(pause_s / 0.05))
            bench.tick(now_s)
            look()
        bench.cue(now_s, side, duration_s, intensity)
        look()
    bench.tick(now_s + LONGEST_S)
    assert bench.on == set()
