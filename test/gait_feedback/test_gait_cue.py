# SPDX-License-Identifier: Apache-2.0
"""gait_cue to the byte, and what the device does by itself."""

import math
import re
from pathlib import Path

import pytest

from gait_feedback.actuator_timer import ActuatorTimer, ActuatorTimerSettings
from gait_feedback.actuators.gait_cue import Driver, Emulator, Settings, line
from gait_feedback.cue import ActuatorChange, Answer, Cue
from gait_feedback.ledger import Ledger, LedgerSettings
from gait_sensing.samples import Side

PROJECT = Path(__file__).parents[2]
LINES = (PROJECT / "test/vectors/gait_cue.txt").read_text().splitlines()[1:]
VECTORS = {name: bytes.fromhex(data) for _, _, name, data in (each.split(" | ") for each in LINES)}
ON, OFF = ActuatorChange(Side.LEFT, 128 / 255), ActuatorChange(Side.LEFT, 0.0)


@pytest.fixture
def pair():
    """A driver whose device has said what it is."""
    driver, emulator = Driver(Settings()), Emulator(Settings())
    driver.feed(emulator.feed(driver.connect()))
    emulator.changes()
    return driver, emulator


def test_the_page_and_the_vectors_say_the_same():
    page = (PROJECT / "docs/hardware/gait_cue.md").read_text()
    rows = re.findall(r"^\| `(\S+\*\S\S)` \| `([0-9A-F ]+)` \|$", page, re.MULTILINE)
    assert len(rows) == 6
    for text, data in rows:
        assert bytes.fromhex(data) == text.encode() + b"\n" in VECTORS.values()


def test_the_host_says_what_the_page_says():
    driver = Driver(Settings())
    assert driver.connect() == VECTORS["query"]
    assert driver.begin(Side.LEFT, 128 / 255, 0.15) == VECTORS["cue_left"]
    assert driver.begin(Side.RIGHT, 1.0, 2.0) == VECTORS["cue_right"]
    assert driver.disconnect() == VECTORS["stop_both"]
    assert driver.poll() == VECTORS["host_lives"]
    assert driver.stop(Side.LEFT) == VECTORS["stop_left"]


def test_the_device_says_what_the_page_says():
    emulator = Emulator(Settings())
    assert emulator.feed(VECTORS["query"]) == VECTORS["identity"]
    emulator.advance(1.2345)
    assert emulator.feed(VECTORS["cue_left"]) == VECTORS["acknowledgement"]
    assert emulator.feed(line("C,3,R,256,10")) == VECTORS["out_of_range"]
    assert emulator.feed(b"P,5*48\n") == VECTORS["check_failed"]
    assert emulator.feed(b"hello\n") == VECTORS["no_line"]
    assert emulator.restart() == VECTORS["has_started"]


@pytest.mark.parametrize(
    ("name", "answers"),
    [
        ("identity", []),
        ("acknowledgement", [Answer(2, 1.234)]),
        ("largest_acknowledgement", [Answer(65535, 4294967.295)]),
        ("out_of_range", [Answer(3, problem="RANGE")]),
        ("check_failed", [Answer(0, problem="CHECK")]),
    ],
)
def test_the_host_understands_the_device(name, answers):
    driver = Driver(Settings())
    found = driver.feed(VECTORS[name])
    assert [(each.sequence, each.problem) for each in found] == [(each.sequence, each.problem) for each in answers]
    for each, expected in zip(found, answers, strict=True):
        assert each.device_time_s == pytest.approx(expected.device_time_s, nan_ok=True)
    assert driver.counts.reading_count == 1 and driver.counts.bad_checksum_count == 0


def test_a_cue_ends_in_the_device_after_its_duration(pair):
    driver, emulator = pair
    emulator.feed(driver.begin(Side.LEFT, 128 / 255, 0.15))
    emulator.advance(0.149)
    assert emulator.changes() == [ON]
    emulator.advance(0.002)
    assert emulator.changes() == [OFF]
    emulator.advance(0.1)
    assert emulator.changes() == []


def test_everything_ends_when_the_host_is_silent(pair):
    driver, emulator = pair
    emulator.feed(driver.begin(Side.LEFT, 128 / 255, 2.0) + driver.begin(Side.RIGHT, 1.0, 2.0))
    emulator.advance(0.4)
    emulator.feed(driver.poll())
    emulator.advance(0.4)
    emulator.feed(b"P,5*48\n" * 10)  # noise is as good as silence
    assert len(emulator.changes()) == 2
    emulator.advance(0.11)
    assert {change.side for change in emulator.changes() if change.intensity == 0.0} == set(Side)


def test_no_cue_is_longer_than_the_device_allows(pair):
    driver, emulator = pair
    answer = emulator.feed(driver.begin(Side.LEFT, 1.0, 60.0))
    assert driver.feed(answer)[0].problem == ""
    for _ in range(10):
        emulator.feed(driver.poll())
        emulator.advance(0.201)
    assert emulator.changes()[-1] == OFF


@pytest.mark.parametrize("body", ["C,9,L,0,100", "C,9,L,10,0", "C,9,L,10,2001", "C,9,L,256,10", "C,9,R,1,99999999999"])
def test_what_is_out_of_range_does_nothing(pair, body):
    driver, emulator = pair
    (answer,) = driver.feed(emulator.feed(line(body)))
    assert (answer.sequence, answer.problem) == (9, "RANGE") and emulator.changes() == []


@pytest.mark.parametrize(
    "data",
    [
        b"\n", b"C\n", b"C,1*6E\n", line("C,0,L,1,1"), line("C,65536,L,1,1"), line("X,1"), line("P,1,2"),
        line("C,1,B,1,1"), line("S,1,"), line("Q,1,1"), line("C,1,L,1,1,1"), b"P,5*4g\n", b"p,5*69\n",
        b"x" * 100 + b"\n",
    ],
)  # fmt: skip
def test_what_is_no_line_does_nothing_and_is_refused(pair, data):
    driver, emulator = pair
    (answer,) = driver.feed(emulator.feed(data))
    assert answer.problem in ("FORM", "CHECK") and emulator.changes() == []


def test_both_ends_find_the_next_line_after_noise(pair):
    driver, emulator = pair
    cue = driver.begin(Side.LEFT, 128 / 255, 0.1)
    answer = emulator.feed(cue[5:] + b"\x00\xff" * 50 + b"\n" + cue)
    assert emulator.changes() == [ON]
    answers = driver.feed(answer[3:])
    assert [each.sequence for each in answers if not each.problem] == [driver.sequence]
    assert driver.counts.resync_count == 1


def test_a_wrong_byte_is_never_an_answer(pair):
    driver, emulator = pair
    answer = emulator.feed(driver.begin(Side.LEFT, 1.0, 0.1))
    for at in range(len(answer) - 1):
        for bit in range(8):
            data = bytearray(answer)
            data[at] ^= 1 << bit
            assert driver.feed(bytes(data)) == []


def test_a_device_that_has_not_said_what_it_is_is_not_ready():
    driver, emulator = Driver(Settings()), Emulator(Settings())
    query = driver.connect()
    assert "has not said" in driver.problem
    driver.feed(emulator.feed(query))
    assert driver.problem == ""


def test_a_device_that_starts_anew_is_asked_again(pair):
    driver, emulator = pair
    emulator.feed(driver.begin(Side.LEFT, 128 / 255, 2.0))
    driver.feed(emulator.restart())
    assert "has not said" in driver.problem and emulator.changes() == [ON, OFF]
    driver.feed(emulator.feed(driver.pending()))
    assert driver.problem == "" and driver.pending() == b""


def test_another_version_of_the_protocol_is_named():
    driver = Driver(Settings())
    driver.connect()
    driver.feed(line("I,1,2,2000,500"))
    assert driver.problem == "speaks protocol 2, expected 1"


def test_numbers_of_commands_wrap_and_are_never_zero():
    driver = Driver(Settings())
    seen = {driver.begin(Side.LEFT, 1.0, 0.1) and driver.sequence for _ in range(65536)}
    assert seen == set(range(1, 65536))


def test_the_weakest_and_shortest_cue_is_still_felt(pair):
    driver, emulator = pair
    emulator.feed(driver.begin(Side.LEFT, 1e-6, 1e-6))
    assert emulator.changes() == [ActuatorChange(Side.LEFT, 1 / 255)]


@pytest.mark.parametrize("intensity", [0.0, -0.1, 1.01, math.nan])
def test_an_intensity_that_cannot_be_is_refused(intensity):
    with pytest.raises(ValueError, match="intensity"):
        Driver(Settings()).begin(Side.LEFT, intensity, 0.1)


def test_cue_timer_device_and_ledger_in_line(pair):
    """One cue, acknowledged; one that the device does not hear; and the host's own end of both."""
    driver, emulator = pair
    timer, ledger = ActuatorTimer(ActuatorTimerSettings(), driver), Ledger[str](LedgerSettings())
    answer = emulator.feed(timer.feed(10.0, Cue(Side.LEFT, 9.9, 9.95, 128 / 255, 0.3, "")))
    ledger.sent(driver.sequence, "heard", 10.0)
    timer.feed(10.1, Cue(Side.RIGHT, 10.0, 10.05, 1.0, 0.3, ""))
    ledger.sent(driver.sequence, "lost", 10.1)
    settled = [each for reply in driver.feed(answer) for each in ledger.feed(reply, 10.005)]
    settled += ledger.due(10.4)
    assert [(each.cue, math.isnan(each.acknowledged_s)) for each in settled] == [("heard", False), ("lost", True)]
    emulator.feed(timer.due(10.5))
    assert emulator.changes() == [ON, OFF, ActuatorChange(Side.RIGHT, 0.0)]
    assert timer.next_due_s == math.inf
