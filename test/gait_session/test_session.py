# SPDX-License-Identifier: Apache-2.0
import pytest

from gait_session.session import Phase, Said, Session, SessionSettings

NOTHING = ""
STEPS = [Phase.WAITING, Phase.ZEROING, Phase.WEIGHING, Phase.ARMING]


def started(**values):
    session = Session(SessionSettings(**values))
    session.feed(0.0, Said.START, "start")
    return session


def prepared(phase, **values):
    """A session on its way, in ``phase``."""
    session = started(**values)
    while session.phase is not phase:
        assert session.feed(0.2, Said.DONE)
    return session


def active(**values):
    return prepared(Phase.ACTIVE, **values)


def test_nothing_starts_by_itself():
    session = Session(SessionSettings())
    assert not any(session.tick(t, NOTHING) for t in range(1000))
    assert session.phase is Phase.IDLE
    assert not session.feed(0.0, Said.DONE)


def test_the_preparation_goes_step_by_step():
    session = started()
    found = [session.phase]
    while session.feed(0.2, Said.DONE):
        found.append(session.phase)
    assert found == [*STEPS, Phase.ACTIVE]


@pytest.mark.parametrize(
    ("values", "steps"),
    [
        ({"zeroes_load_cells": False}, [Phase.WAITING, Phase.WEIGHING, Phase.ARMING]),
        ({"plates": []}, [Phase.WAITING, Phase.ZEROING, Phase.ARMING]),
        ({"input": "recording"}, [Phase.WAITING, Phase.ARMING]),
    ],
)
def test_steps_that_do_not_apply_are_left_out(values, steps):
    session = started(**values)
    for step in steps:
        assert session.phase is step
        session.feed(0.2, Said.DONE)
    assert session.phase is Phase.ACTIVE


def test_a_zero_may_be_kept_for_one_start():
    session = Session(SessionSettings())
    for keeps_zero, phase in ((True, Phase.WEIGHING), (False, Phase.ZEROING)):
        session.keeps_zero = keeps_zero
        session.feed(0.0, Said.START)
        session.feed(0.1, Said.DONE)
        assert session.phase is phase
        session.feed(0.2, Said.STOP)


def test_a_start_waits_for_the_lab_and_says_for_what():
    session = started()
    assert not session.tick(0.1, "no gait state")
    assert session.text == "waits: no gait state"
    assert session.tick(0.2, NOTHING)
    assert session.phase is Phase.ZEROING
    assert not session.tick(0.3, NOTHING)


def test_a_start_that_waits_too_long_is_given_up_and_named():
    session = started(start_timeout_s=5.0)
    assert session.tick(5.1, "no treadmill node")
    assert (session.phase, session.text) == (Phase.IDLE, "not started: no treadmill node")


def test_nobody_on_the_plates_is_waited_for_and_then_named():
    session = prepared(Phase.WEIGHING, step_on_timeout_s=30.0)
    assert not session.tick(30.0, "nobody stands on the plates")
    assert session.text == "waits: nobody stands on the plates"
    assert session.tick(30.3, "nobody stands on the plates")
    assert (session.phase, session.text) == (Phase.IDLE, "not started: nobody stands on the plates")


@pytest.mark.parametrize("phase", [Phase.ZEROING, Phase.ARMING])
def test_a_step_that_nobody_answers_is_given_up(phase):
    session = prepared(phase, start_timeout_s=5.0)
    assert not session.tick(5.0, NOTHING)
    assert session.tick(5.3, NOTHING)
    assert session.phase is Phase.IDLE
    assert "nobody answers" in session.text


def test_each_change_of_phase_is_told_from_the_next():
    session = started()
    before = session.change_count
    session.feed(0.1, Said.START)
    assert session.change_count == before
    session.feed(0.1, Said.DONE)
    assert session.change_count == before + 1


@pytest.mark.parametrize("phase", STEPS)
def test_a_refusal_leaves_it_idle_with_the_reason(phase):
    session = prepared(phase)
    session.feed(0.3, Said.REFUSED, "belt moves")
    assert (session.phase, session.text, session.start_s) == (Phase.IDLE, "belt moves", None)


@pytest.mark.parametrize("phase", STEPS)
def test_the_operator_may_stop_every_step(phase):
    session = prepared(phase)
    session.feed(0.3, Said.STOP, "stopped by the operator")
    assert (session.phase, session.start_s) == (Phase.IDLE, None)


def test_analysis_begins_after_the_arming_so_that_everybody_knows_in_time():
    assert active(start_delay_s=1.0).start_s == pytest.approx(1.2)


def test_it_ends_at_its_planned_length():
    session = active(duration_s=60.0)
    session.tick(61.1, NOTHING)
    assert session.phase is Phase.ACTIVE
    session.tick(61.3, NOTHING)
    assert session.phase is Phase.ENDED


def test_without_a_length_it_runs_until_stopped():
    session = active(duration_s=0.0)
    session.tick(1e6, NOTHING)
    assert session.phase is Phase.ACTIVE
    session.feed(1e6, Said.STOP, "stopped")
    assert session.phase is Phase.ENDED


@pytest.mark.parametrize("said", Said)
def test_an_ended_session_stays_ended(said):
    session = active(duration_s=1.0)
    session.tick(100.0, NOTHING)
    assert not session.feed(101.0, said, "again")
    assert session.phase is Phase.ENDED
