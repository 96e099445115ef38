# SPDX-License-Identifier: Apache-2.0
"""The states of the belt gate are a table; a reader checks it on the safety page, and this file checks both."""

import math
import re
from pathlib import Path

import pytest

from gait_sensing.belt_gate.gate import BeltGate
from gait_sensing.belt_gate.limits import GateSettings
from gait_sensing.belt_gate.states import (
    ArmRequest,
    BeltRequest,
    LinkUp,
    OperatorAlive,
    Refused,
    Shutdown,
    State,
    StopRequest,
    Tick,
)
from gait_sensing.belt_gate.transitions import TRANSITIONS, Signal
from gait_sensing.samples import BeltReading, TreadmillReport

REST = BeltReading(0.0, 0.0, 0.0)
MOTION, NO_MOTION = BeltRequest(0.5, 0.5, 0.5, "law"), BeltRequest(0.0, 0.0, 0.5, "law")


def test_the_table_on_the_safety_page_is_the_one_in_the_code():
    page = (Path(__file__).parents[2] / "docs" / "safety.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| `([\w ]+)` \| `(\w+)` \|$", page, re.MULTILINE)
    assert {(State(state), Signal(signal)): State(after) for state, signal, after in rows} == TRANSITIONS
    assert len(rows) == len(TRANSITIONS)


def test_the_only_way_to_motion_is_an_arming_and_then_a_request():
    ways = {state: [key for key, after in TRANSITIONS.items() if after is state] for state in State}
    assert ways[State.RUNNING] == [(State.ARMED, Signal.MOTION), (State.RUNNING, Signal.MOTION)]
    assert ways[State.ARMED] == [(State.DISARMED, Signal.ARM)]
    assert all((state, Signal.CAUSE) in TRANSITIONS for state in State), "a cause is heard in every state"


def gate_in(state: State) -> tuple[BeltGate, float]:
    """A gate in a state, all its inputs fresh, and the time."""
    gate, now_s = BeltGate(GateSettings()), 100.0
    things = [LinkUp(), REST, OperatorAlive(), Tick()]
    if state is not State.DISARMED:
        things.append(ArmRequest("Ann"))
    if state in (State.RUNNING, State.STOPPING):
        things += [MOTION, Tick()]
    if state is State.STOPPING:
        things.append(StopRequest("Ann"))
    for thing in things:
        gate.feed(now_s, thing)
    assert gate.safety.state is state
    return gate, now_s


INPUTS = {
    Signal.ARM: [ArmRequest("Ann")],
    Signal.MOTION: [MOTION],
    Signal.REST: [NO_MOTION],
    Signal.CAUSE: [
        StopRequest("Ann"),
        Shutdown(),
        Refused("why"),
    ],
}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize(("signal", "thing"), [(signal, thing) for signal in INPUTS for thing in INPUTS[signal]])
def test_nothing_but_the_table_changes_the_state(state, signal, thing):
    gate, now_s = gate_in(state)
    gate.feed(now_s + 0.01, thing)
    assert gate.safety.state is TRANSITIONS.get((state, signal), state)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize(
    "thing",
    [
        Tick(),
        REST,
        OperatorAlive(),
        ArmRequest(" "),
        BeltRequest(math.nan, 0.0, 0.5, "law"),
        BeltRequest(0.5, 0.5, 0.5, "another", 1e6),
        TreadmillReport("why", is_stop=True),
    ],
    ids=lambda thing: type(thing).__name__,
)
def test_whatever_comes_nothing_runs_that_did_not(state, thing):
    gate, now_s = gate_in(state)
    gate.feed(now_s + 0.01, thing)
    after = gate.safety.state
    assert after is state or after is State.STOPPING


def test_rest_leads_out_of_stopping_once_it_was_told_and_seen():
    gate, now_s = gate_in(State.STOPPING)
    for number in range(40):
        gate.feed(now_s + 0.025 * number, REST)
    assert gate.safety.state is TRANSITIONS[State.STOPPING, Signal.AT_REST]
