# SPDX-License-Identifier: Apache-2.0
"""What the live page shows of the messages; what is not known, or no longer told, is None."""

import json
import math
import re

import pytest
from gait_lab import msg

from gait_analysis.comparison.indices import INDICES
from gait_messages import values
from gait_session.monitor import picture
from gait_session.monitor.picture import FRESH_S, Picture

SYMBOLS = {"s", "mps", "count"}  # what a number of the page's stream is in
START_S = 1_800_000_000


def session(state=msg.SessionState.ACTIVE, elapsed_s=30, start_s=START_S, **fields):
    message = msg.SessionState(state=state, session="today", duration_s=60.0, **fields)
    message.start.sec, message.header.stamp.sec = start_s, start_s + elapsed_s
    return picture.session(message)


def safety(level, reason, state="disarmed"):
    return picture.safety(msg.SafetyState(level=level, reason=reason, state=state, text="why"))


def asymmetry(rolling_median, index="normalised_difference", has_prosthesis=True, **fields):
    metric = msg.AsymmetryMetric(name="step_time", rolling_median=rolling_median, **fields)
    metric.index = INDICES[index].text(has_prosthesis) if index in INDICES else index
    (shown,) = picture.asymmetry(msg.Asymmetry(side=1, metrics=[metric]))["metrics"]
    return shown["value"], shown["words"]


def stride(number, side=msg.LimbState.SIDE_LEFT, end_s=START_S + 1):
    message = msg.Stride(side=side, number=number)
    message.header.stamp.sec = end_s
    return values.stride(message)


@pytest.fixture
def full():
    """A picture of which everything was told at 100 s."""
    full = Picture()
    belts = msg.TreadmillState(left_speed_mps=1.1, right_speed_mps=1.0)
    metric = msg.AsymmetryMetric(name="step_time", rolling_median=0.05)
    for name, shown in (
        ("session", session()),
        ("belts", picture.belts(belts)),
        ("safety", safety(0, 0, "running")),
        ("guard", picture.guard(msg.FeedbackState())),
        ("asymmetry", picture.asymmetry(msg.Asymmetry(side=1, metrics=[metric]))),
        ("prompt", {"text": "longer step on the left"}),
    ):
        full.feed(100.0, name, shown)
    full.feed_stride(100.0, stride(21))
    return full


def test_nothing_is_known_at_first():
    strides = {"left_count": None, "right_count": None, "newest_age_s": None}
    assert Picture().state(0.0) == {**dict.fromkeys(FRESH_S), "strides": strides}


def test_all_that_was_told_is_shown(full):
    state = full.state(100.5)
    assert state["session"] == {
        "phase": "active", "text": "", "name": "today", "elapsed_s": 30.0, "duration_s": 60.0
    }  # fmt: skip
    assert state["belts"] == {"left_speed_mps": 1.1, "right_speed_mps": 1.0}
    assert state["safety"] == {"level": "ok", "words": "running", "text": "why", "is_stopped": False}
    assert state["guard"] == {"text": "cues pass"}
    assert state["strides"] == {"left_count": 21, "right_count": None, "newest_age_s": 0.5}
    assert state["prompt"] == {"text": "longer step on the left"}


@pytest.mark.parametrize("name", FRESH_S)
def test_what_is_no_longer_told_is_not_known(full, name):
    assert full.state(100.0 + FRESH_S[name])[name] is not None or name == "guard"  # which goes with the session
    assert full.state(100.1 + FRESH_S[name])[name] is None


def test_every_number_bears_its_unit(full):
    def numbers(value, name=""):
        if isinstance(value, dict):
            for key, each in value.items():
                yield from numbers(each, key)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield name

    names = set(numbers(full.state(100.5)))
    assert len(names) > 5
    assert {re.sub(r".*_", "", name) for name in names} == SYMBOLS


def test_no_number_is_json_that_a_browser_cannot_read(full):
    full.feed(100.0, "belts", picture.belts(msg.TreadmillState(left_speed_mps=math.nan, right_speed_mps=math.inf)))
    state = json.loads(json.dumps(full.state(100.0), allow_nan=False))
    assert state["belts"] == {"left_speed_mps": None, "right_speed_mps": None}


@pytest.mark.parametrize(
    ("state", "phase"),
    [(msg.SessionState.IDLE, "waiting"), (msg.SessionState.ACTIVE, "active"), (msg.SessionState.ENDED, "ended")],
)
def test_phases(state, phase):
    assert session(state)["phase"] == phase


def test_a_session_without_a_planned_end_has_no_duration():
    assert picture.session(msg.SessionState(duration_s=0.0))["duration_s"] is None


def test_time_runs_while_active_and_stands_still_afterwards():
    one = Picture()
    shown = []
    for state, elapsed_s in ((0, 0), (1, -1), (1, 1), (1, 60), (2, 60), (2, 65)):
        one.feed(0.0, "session", session(state, elapsed_s, start_s=START_S if state else 0))
        shown.append(one.state(0.0)["session"]["elapsed_s"])
    assert shown == [None, 0.0, 1.0, 60.0, 60.0, 60.0]


def test_a_new_session_begins_anew(full):
    full.feed(101.0, "session", session(elapsed_s=0, start_s=START_S + 100))
    full.feed_stride(101.0, stride(22, end_s=START_S + 99))  # of the one before
    state = full.state(101.0)
    assert state["asymmetry"] is None
    assert state["strides"] == {"left_count": None, "right_count": None, "newest_age_s": None}
    full.feed_stride(101.0, stride(1, msg.LimbState.SIDE_RIGHT, START_S + 101))
    assert full.state(101.0)["strides"]["right_count"] == 1


SAFETY = msg.SafetyState


@pytest.mark.parametrize(
    ("level", "reason", "state", "words", "is_stopped"),
    [
        (SAFETY.LEVEL_OK, SAFETY.REASON_NONE, "armed", "armed", False),
        (SAFETY.LEVEL_OK, SAFETY.REASON_NONE, "stopping", "stopping", False),  # as commanded
        (SAFETY.LEVEL_WARN, SAFETY.REASON_CROSS_STEPS, "running", "warning: cross steps", False),
        (SAFETY.LEVEL_RAMP_DOWN, SAFETY.REASON_NOT_ARMED, "disarmed", "not armed", False),
        (SAFETY.LEVEL_RAMP_DOWN, SAFETY.REASON_STUMBLE, "stopping", "stopping: stumble", True),
        (SAFETY.LEVEL_STOP, SAFETY.REASON_WALKER_GONE, "disarmed", "stopped: walker gone", True),
        (SAFETY.LEVEL_STOP, SAFETY.REASON_OPERATOR_STOP, "disarmed", "stopped: operator stop", True),
    ],
)
def test_safety_in_words(level, reason, state, words, is_stopped):
    shown = safety(level, reason, state)
    assert (shown["words"], shown["is_stopped"], shown["text"]) == (words, is_stopped, "why")


def test_no_prompt_while_the_belts_are_stopped_for_a_cause(full):
    for stop, is_stopped in ((safety(3, 16), True), (safety(0, 0, "armed"), False)):
        full.feed(100.0, "safety", stop)
        assert full.is_stopped is is_stopped
        assert (full.state(100.0)["prompt"] is None) is is_stopped


@pytest.mark.parametrize(
    ("level", "text", "words"),
    [
        (msg.FeedbackState.GUARD_PASS, "", "cues pass"),
        (msg.FeedbackState.GUARD_PASS, "no baseline yet", "no baseline yet"),
        (msg.FeedbackState.GUARD_SOFTEN, "", "cues are weaker"),
        (msg.FeedbackState.GUARD_PAUSE, "", "cues are withheld"),
    ],
)
def test_guard_in_words(level, text, words):
    assert picture.guard(msg.FeedbackState(guard_level=level, guard_text=text)) == {"text": words}


def test_outside_of_a_session_the_guard_speaks_of_nobody(full):
    full.feed(100.0, "session", session(msg.SessionState.ENDED))
    assert full.state(100.0)["guard"] == {"text": "no session is active"}


@pytest.mark.parametrize("index", INDICES)
@pytest.mark.parametrize("has_prosthesis", [True, False])
def test_the_sign_of_every_index_is_told_in_words(index, has_prosthesis):
    sides = ("prosthetic", "sound") if has_prosthesis else ("left", "right")
    for values_of_sides, larger in (((0.60, 0.66), sides[1]), ((0.66, 0.60), sides[0])):
        value, _ = INDICES[index].compare(*values_of_sides)
        assert asymmetry(value, index, has_prosthesis)[1] == f"larger on the {larger} side"
    assert asymmetry(INDICES[index].compare(0.6, 0.6)[0], index, has_prosthesis)[1] == "even"


def test_values_of_asymmetry_as_text():
    assert asymmetry(-0.05) == ("\N{MINUS SIGN}5.0\N{NO-BREAK SPACE}%", "larger on the prosthetic side")
    assert asymmetry(0.081)[0] == "+8.1\N{NO-BREAK SPACE}%"
    assert asymmetry(-0.0004) == ("0.0\N{NO-BREAK SPACE}%", "even")
    assert asymmetry(1.05, "ratio") == ("1.050", "larger on the sound side")
    part = f"part of step length due to timing: {INDICES['normalised_difference'].text(True)}"
    assert asymmetry(-0.05, part) == asymmetry(-0.05)
    assert asymmetry(0.2, "my own index") == ("0.200", "my own index")
    assert asymmetry(math.nan, reason="not measured on both sides") == (None, "not measured on both sides")
    assert asymmetry(math.nan) == (None, "not enough strides yet")


@pytest.mark.parametrize(
    ("show", "message", "field"),
    [
        (picture.session, msg.SessionState(state=9), "state"),
        (picture.safety, msg.SafetyState(level=9), "level"),
        (picture.safety, msg.SafetyState(reason=99), "reason"),
        (picture.guard, msg.FeedbackState(guard_level=9), "guard_level"),
        (picture.asymmetry, msg.Asymmetry(side=0), "side"),
    ],
)
def test_a_message_that_means_nothing_is_refused(show, message, field):
    with pytest.raises(ValueError, match=f"^{field}: got"):
        show(message)
