# SPDX-License-Identifier: Apache-2.0
"""Each cue is settled once: by its own answer, or by the end of the time for one."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gait_feedback.cue import Answer
from gait_feedback.ledger import Ledger, LedgerSettings, Settled

WITHIN_S = LedgerSettings().acknowledged_within_s


@pytest.fixture
def ledger():
    return Ledger[str](LedgerSettings())


def test_an_answer_settles_its_cue_and_no_other(ledger):
    ledger.sent(7, "first", 10.0)
    ledger.sent(8, "second", 10.1)
    assert ledger.feed(Answer(8, 3.25), 10.12) == [Settled("second", 10.1, 10.12, 3.25)]
    assert ledger.feed(Answer(7), 10.2)[0].cue == "first"
    assert ledger.problem == "" and ledger.unacknowledged_count == 0


def test_an_answer_twice_or_to_another_command_is_nothing(ledger):
    ledger.sent(7, "cue", 10.0)
    ledger.feed(Answer(7), 10.1)
    assert ledger.feed(Answer(7), 10.2) == ledger.feed(Answer(3), 10.2) == []


def test_no_answer_in_time_is_said_once(ledger):
    ledger.sent(7, "cue", 10.0)
    assert ledger.due(10.0 + 0.9 * WITHIN_S) == []
    (settled,) = ledger.due(10.0 + 1.1 * WITHIN_S)
    assert settled.cue == "cue" and math.isnan(settled.acknowledged_s) and "not acknowledged within" in settled.text
    assert ledger.unacknowledged_count == 1 and ledger.problem == settled.text
    assert ledger.due(20.0) == ledger.feed(Answer(7), 20.0) == []


def test_a_refusal_is_no_acknowledgement(ledger):
    ledger.sent(7, "cue", 10.0)
    (settled,) = ledger.feed(Answer(7, problem="RANGE"), 10.01)
    assert math.isnan(settled.acknowledged_s) and settled.text == "refused by the device: RANGE"
    assert ledger.problem and ledger.unacknowledged_count == 1
    ledger.sent(8, "cue", 11.0)
    ledger.feed(Answer(8), 11.01)
    assert ledger.problem == "", "all is well again"


def test_an_answer_seen_before_the_write_was_noted_is_not_before_it(ledger):
    ledger.sent(7, "cue", 10.0)
    assert ledger.feed(Answer(7), 9.9999)[0].acknowledged_s == 10.0


@pytest.mark.parametrize("now_s", [5.0, math.nan])
def test_a_clock_that_was_set_back_settles_all(ledger, now_s):
    ledger.sent(7, "cue", 10.0)
    assert [settled.cue for settled in ledger.due(now_s)] == ["cue"]


def test_closing_leaves_none_open(ledger):
    ledger.sent(7, "first", 10.0)
    ledger.sent(8, "second", 10.0)
    assert [settled.cue for settled in ledger.close()] == ["first", "second"]
    assert ledger.close() == []


@given(st.lists(st.tuples(st.floats(0.0, 0.4), st.booleans(), st.integers(1, 12)), max_size=40))
def test_every_cue_is_settled_exactly_once(steps):
    ledger, now_s, settled, sent = Ledger[int](LedgerSettings()), 100.0, [], 0
    for pause_s, is_cue, sequence in steps:
        now_s += pause_s
        settled += ledger.due(now_s)
        if is_cue:
            sent += 1
            ledger.sent(sent, sent, now_s)
        else:
            settled += ledger.feed(Answer(sequence), now_s)
    settled += ledger.close()
    assert sorted(each.cue for each in settled) == list(range(1, sent + 1))
    for each in settled:
        assert math.isnan(each.acknowledged_s) == bool(each.text)
        assert math.isnan(each.acknowledged_s) or 0.0 <= each.acknowledged_s - each.sent_s <= WITHIN_S
