# SPDX-License-Identifier: Apache-2.0
import pytest

from gait_session.session import Phase, Said, Session, SessionSettings

NOTHING = ""


def started(**values):
    session = Session(SessionSettings(**values))
    session.feed(0.0, Said.START, "start")
    return session


def active(**values):
    session = started(**values)
    assert session.tick(0.1, NOTHING)
    session.feed(0.2, Said.ARMED, "walking")
    return session


def test_nothing_starts_by_itself():
    session = Session(SessionSettings())
    assert not any(session.tick(t, NOTHING) for t in range(1000))
    assert session.phase is Phase.IDLE


def test_a_start_waits_for_the_lab_and_says_for_what():
    session = started()
    assert not session.tick(0.1, "gait state")
    assert session.text == "waits for gait state"
    assert session.tick(0.2, NOTHING)
    assert session.phase is Phase.ARMING


def test_a_start_that_waits_too_long_is_given_up_and_named():
    session = started(start_timeout_s=5.0)
    session.tick(5.1, "treadmill node")
    assert session.phase is Phase.IDLE
    assert "no treadmill node" in session.text


def test_belts_are_asked_to_arm_once():
    session = started()
    assert [session.tick(t, NOTHING) for t in (0.1, 0.2, 0.3)] == [True, False, False]


def test_a_refusal_leaves_it_idle_with_the_reason():
    session = started()
    session.tick(0.1, NOTHING)
    session.feed(0.2, Said.REFUSED, "belt moves")
    assert (session.phase, session.text, session.start_s) == (Phase.IDLE, "belt moves", None)


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
