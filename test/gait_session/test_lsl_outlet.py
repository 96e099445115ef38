# SPDX-License-Identifier: Apache-2.0
"""What goes out to the Lab Streaming Layer: the rows, and real streams on loopback."""

import math
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from gait_analysis.events import EventKind, GaitEvent, Source
from gait_analysis.gait import GaitState, LimbState, Subphase
from gait_sensing.samples import Side
from gait_session.lsl_outlet import EVENTS, STATE, LslOutlet, event_row, state_row

WaitUntil = Callable[..., None]

LEFT = LimbState(Side.LEFT, True, Subphase.MID_STANCE, 0.25, 0.875, 1.125, "")
UNKNOWN = LimbState(Side.RIGHT, None, Subphase.UNKNOWN, math.nan, math.nan, math.nan, "no samples")


@pytest.mark.parametrize(
    ("side", "kind", "text"),
    [
        (Side.LEFT, EventKind.INITIAL_CONTACT, "left_initial_contact"),
        (Side.RIGHT, EventKind.FOOT_OFF, "right_foot_off"),
    ],
)
def test_an_event_is_one_marker(side: Side, kind: EventKind, text: str) -> None:
    assert event_row(GaitEvent(10.0, 10.1, side, kind, Source.FORCE, 1.0)) == [text]


def test_a_state_has_a_number_for_each_label_and_none_for_what_is_unknown() -> None:
    row = dict(zip(STATE.labels, state_row(GaitState(10.0, 10.0, LEFT, UNKNOWN, 1.25, math.nan)), strict=True))
    assert {name: value for name, value in row.items() if not math.isnan(value)} == {
        "left_contact": 1.0,
        "left_phase": 0.25,
        "left_phase_rate": 0.875,
        "left_subphase": Subphase.MID_STANCE.value,
        "left_load": 1.125,
        "right_subphase": Subphase.UNKNOWN.value,
        "left_belt": 1.25,
    }
    assert dict(zip(STATE.labels, STATE.units, strict=True))["right_belt"] == "m/s"


def found(pylsl: Any, name: str) -> Any:
    infos = pylsl.resolve_byprop("name", name, minimum=1, timeout=10.0)
    assert infos, f"no stream {name}"
    inlet = pylsl.StreamInlet(infos[0], recover=False)
    inlet.open_stream(10.0)
    return inlet


def test_markers_arrive_with_the_time_of_the_event(pylsl: Any, wait_until: WaitUntil) -> None:
    description = replace(EVENTS, name=f"events-{time.monotonic_ns()}")
    outlet = LslOutlet(description, time.time)
    inlet = found(pylsl, description.name)
    assert (inlet.info(10.0).type(), inlet.info(10.0).nominal_srate()) == ("Markers", 0.0)
    event_s, local_s = time.time() - 0.4, pylsl.local_clock() - 0.4  # it happened before it was known
    got: list[tuple[list[str] | None, float]] = []
    outlet.push(["left_initial_contact"], event_s)
    wait_until(lambda: any(row for row, _ in got), lambda: got.append(inlet.pull_sample(timeout=0.1)))
    row, stamp_s = next(each for each in got if each[0])
    assert row == ["left_initial_contact"]
    assert stamp_s == pytest.approx(local_s, abs=0.05)
    inlet.close_stream()


def test_states_arrive_with_labels_units_and_even_stamps(pylsl: Any, wait_until: WaitUntil) -> None:
    description = replace(STATE, name=f"state-{time.monotonic_ns()}")
    outlet = LslOutlet(description, time.time)
    inlet = found(pylsl, description.name)
    info = inlet.info(10.0)
    assert info.get_channel_labels() == list(STATE.labels)
    assert info.get_channel_units() == list(STATE.units)
    begin_s = time.time()
    state = GaitState(begin_s, begin_s, LEFT, UNKNOWN, 1.25, 1.25)
    for k in range(50):
        outlet.push(state_row(state), begin_s + 0.01 * k)
    rows: list[Any] = []
    stamps_s: list[float] = []

    def pull() -> None:
        new_rows, new_stamps_s = inlet.pull_chunk(timeout=0.1, max_samples=50)
        rows.extend(new_rows)
        stamps_s.extend(new_stamps_s)

    wait_until(lambda: len(rows) == 50, pull)
    assert rows[0] == pytest.approx(state_row(state), nan_ok=True)
    steps_s = [b - a for a, b in pairwise(stamps_s)]
    assert steps_s == pytest.approx([0.01] * 49, abs=2e-3)
    inlet.close_stream()
