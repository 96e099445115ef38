# SPDX-License-Identifier: Apache-2.0
"""The report says what the recording holds, what it lacks, and nothing else; the file stands alone."""

import html.parser
import math
import re

import numpy as np
import pytest
from gait_lab import msg

from gait_analysis.participant import Input, Participant
from gait_analysis.standing import Standing
from gait_ros import messages
from gait_sensing.samples import Side
from gait_session.recording.reader import Recording
from gait_session.recording.writer import RecordingWriter
from gait_session.report import asymmetry, feedback, numbers, summary
from gait_session.report.data import read_walk
from gait_session.report.writer import write_report

START_S = 1_790_000_000.25  # of make_lab
CONFIG = """
/**/analysis_node: {ros__parameters: {force_streams: [left_belt, right_belt]}}
/**/treadmill_node: {ros__parameters: {max_speed_mps: 1.5}}
/**/feedback_node: {ros__parameters: {cue: {strategy: outside_band, metric: stance_time, target: 0.0, band: 0.05}}}
"""


class Page(html.parser.HTMLParser):
    """Collects the text of a page, and every address that it refers to."""

    VOID = {"meta", "br", "hr", "img", "link"}  # noqa: RUF012

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.addresses: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []
        self.text = re.sub(r"[ \n]+", " ", " ".join(self.words))

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self._open.append(tag)
        self.addresses += [value for name, value in attrs if name.split(":")[-1] in ("src", "href")]

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if self._open and self._open[-1] not in ("style", "script"):
            self.words.append(data)


def page_of(folder) -> Page:
    path = write_report(folder)
    assert path == folder / "report.html"
    return Page(path.read_text(encoding="utf-8"))


def finished(lab, missed_counts=None):
    lab.end(missed_counts)
    folder = lab.recorder.writer.folder
    (folder / "config.yaml").write_text(CONFIG)
    return folder


def walk_of(folder):
    return read_walk(Recording(folder))


def test_the_page_stands_alone(walk, tmp_path):
    out = tmp_path / "page.html"
    assert write_report(walk[0], out) == out
    text = out.read_text(encoding="utf-8")
    assert all(address.startswith("#") for address in Page(text).addresses)
    without_names = re.sub(r'xmlns(:xlink)?="[^"]*"', "", text)
    assert "http" not in without_names
    assert "@import" not in text and "<script" not in text
    assert not re.search(r"url\((?!#)", text)


def test_the_page_says_what_was_recorded(make_lab):
    lab = make_lab()
    lab.walk(20.0)
    page = page_of(finished(lab))
    for words in (
        "P07",
        "80.0\N{NO-BREAK SPACE}kg",
        "simulated",
        "No person walked",
        "left, prosthetic",
        "right, sound",
    ):
        assert words in page.text, words
    assert "Stance time lasts longer on the sound side" in page.text


def test_curves_are_those_of_the_walker(walk):
    found = walk_of(walk[0])
    left, right = found.curves(Side.LEFT, 2), found.curves(Side.RIGHT, 2)
    assert len(left) == len(numbers.accepted(found, Side.LEFT)) >= 14
    assert np.max(left.mean(axis=0)) == pytest.approx(0.985, abs=0.02)  # 0.94 body weights times the shape's peak
    assert np.max(right.mean(axis=0)) / np.max(left.mean(axis=0)) == pytest.approx(1.03 / 0.94, abs=0.01)
    assert found.curves(Side.LEFT, 0).mean(axis=0)[25] < -0.1 < 0.1 < found.curves(Side.LEFT, 0).mean(axis=0)[75]


def test_a_stance_with_missing_samples_gives_no_curve(make_lab):
    lab = make_lab()
    lab.walk(8.0, unrecorded=range(950, 1000))
    found = walk_of(finished(lab))
    assert len(found.curves(Side.LEFT, 2)) == len(numbers.accepted(found, Side.LEFT)) - 1
    assert numbers.lost_count(found) == 100
    assert "100 load-cell samples lost" in page_of(lab.recorder.writer.folder).text


def test_latency_is_measured_from_the_contact_to_the_wire(make_lab):
    lab = make_lab()
    lab.walk(15.0)
    found = walk_of(finished(lab))
    rows = {row[0]: row[1:] for row in feedback.latency_table(found).rows}
    sent = [receipt for receipt in found.receipts if receipt.result == msg.CueReceipt.SENT]
    latencies_ms = [
        1e3 * (receipt.sent.sec - receipt.event.sec) + 1e-6 * (receipt.sent.nanosec - receipt.event.nanosec)
        for receipt in sent
    ]
    way = "event \N{RIGHTWARDS ARROW} bytes"
    assert rows[way][0] == str(len(sent)) and rows[way][4] == f"{max(latencies_ms):.1f}\N{NO-BREAK SPACE}ms"
    detected_ms = [
        1e3 * (cue.detected.sec - cue.event.sec) + 1e-6 * (cue.detected.nanosec - cue.event.nanosec)
        for cue in found.cues
    ]
    assert rows["event \N{RIGHTWARDS ARROW} detected"][4] == f"{max(detected_ms):.1f}\N{NO-BREAK SPACE}ms"
    dropped = [row for row in feedback.cue_table(found).rows if row[0] == "dropped: limit"]
    assert [row[-1] for row in dropped] == [str(len(found.receipts) - len(sent))]


def test_a_recording_input_is_said_to_be_one(make_lab):
    lab = make_lab(input=Input.RECORDING)
    lab.walk(3.0)
    page = page_of(finished(lab))
    assert "recording" in page.words and "no length is computed" in page.text


def test_what_was_missed_is_told(make_lab):
    lab = make_lab()
    lab.walk(3.0)
    folder = finished(lab, {"/gait/events": 4})
    assert numbers.missed_count(walk_of(folder)) == 4
    assert "4 messages the recorder missed" in page_of(folder).text


def test_a_killed_recording_gets_its_report(make_lab):
    lab = make_lab()
    lab.walk(6.0)
    lab.recorder.writer.flush()
    lab.recorder.writer._file.close()  # as a killed process leaves it
    page = page_of(lab.recorder.writer.folder)
    assert "The recorder was killed while it wrote walk_0.mcap" in page.text
    assert "not known messages the recorder missed" in page.text


def test_an_empty_recording_says_what_is_missing(tmp_path):
    RecordingWriter(tmp_path / "lab").close({})
    page = page_of(tmp_path / "lab")
    for words in ("No session was started", "no force curves", "The treadmill reported nothing", "not measured"):
        assert words in page.text, words
    assert "nan" not in page.text.lower().split()


def test_a_session_too_short_for_a_stride_says_so(make_lab):
    lab = make_lab()
    lab.walk(0.7)
    page = page_of(finished(lab))
    assert "No stride was completed" in page.text
    assert "nan" not in page.text.lower().split()


def test_an_unknown_mass_gives_newton_and_says_so(walk):
    found = walk_of(walk[0])
    found.participant = Participant(math.nan, None)
    assert 700 < np.max(found.curves(Side.LEFT, 2)) < 900
    assert "The body mass is not known: forces are in newton." in summary.missing(found)
    assert asymmetry.asymmetry_table(found).head[1:3] == ("left", "right")


def test_text_from_outside_is_escaped(make_lab):
    lab = make_lab()
    note = msg.Annotation(author="<b>", text="<script>alert(1)</script>")
    note.header.stamp.sec = 1_790_000_002
    lab.walk(3.0)
    lab.recorder.write("/session/annotation", note, 1_790_000_002.0)
    folder = finished(lab)
    page = page_of(folder)
    assert "<script>" not in (folder / "report.html").read_text()
    assert "<script>alert(1)</script>" in page.text


@pytest.mark.parametrize(
    ("value", "text"),
    [(math.nan, "not measured"), (None, "not measured"), (0.0, "+0.0\N{NO-BREAK SPACE}%"),
     (-1.26, "\N{MINUS SIGN}1.3\N{NO-BREAK SPACE}%")],
)  # fmt: skip
def test_a_missing_number_is_never_zero(value, text):
    assert numbers.number(value, 1, "%", sign=True) == text


def test_words_for_numbers_are_those_of_the_messages():
    for number, word in enumerate(numbers.REASONS):
        assert getattr(msg.SafetyState, "REASON_" + word.upper().replace(" ", "_")) == number
    assert len(numbers.REASONS) == sum(name.startswith("REASON_") for name in vars(type(msg.SafetyState)))
    assert numbers.RESULTS == {
        msg.CueReceipt.SENT: "sent",
        msg.CueReceipt.DROPPED_LATE: "dropped: late",
        msg.CueReceipt.DROPPED_LIMIT: "dropped: limit",
        msg.CueReceipt.DROPPED_NO_LINK: "dropped: no link",
        msg.CueReceipt.WITHHELD: "withheld",
    }
    assert [summary.INPUTS[number][0] for number in range(3)] == ["live", "simulated", "recording"]


def test_standing_and_remarks_of_the_preparation_count_and_its_gaps_do_not(make_lab):
    lab = make_lab()
    for second in (-8.0, -3.0):  # before the lab was complete, and at the weighing
        time_s = START_S + second
        lab.recorder.write("/gait/standing", messages.standing_message(Standing(time_s, True, window_s=2.0)), time_s)
        note = msg.Annotation(author="session_node", text=f"weighed at {second}")
        note.header.stamp = messages.to_stamp(time_s)
        lab.recorder.write("/session/annotation", note, time_s)
        lab.recorder.write("/gait/state", msg.GaitState(), time_s)
    lab.walk(5.0)
    found = walk_of(finished(lab))
    assert [each.time_s - START_S for each in found.standings if each.is_standing] == [pytest.approx(-3.0)]
    assert [note.text for note in found.annotations] == ["weighed at -3.0"]
    (states,) = [stream for stream in found.streams if stream.topic.name == "/gait/state"]
    assert states.longest_gap_s < 1.0


def test_the_worst_of_the_belt_gate_is_told(make_lab):
    lab = make_lab()
    lab.walk(3.0)
    stop = msg.SafetyState(level=msg.SafetyState.LEVEL_STOP, reason=msg.SafetyState.REASON_LINK_LOST, state="stopping")
    stop.text = "no byte from the treadmill for 0.5 s"
    stop.header.stamp.sec = 1_790_000_002
    lab.recorder.write("/treadmill/safety", stop, 1_790_000_002.0)
    found = walk_of(finished(lab))
    assert numbers.safety_table(found).rows[-1][3:] == ("stop", "link lost", stop.text)
    early = msg.SafetyState(level=msg.SafetyState.LEVEL_STOP, text="before the start")
    found.safety.insert(0, early)
    assert any("most severely at 1.8" in text and stop.text in text for text in summary.sentences(found))
    band = found.cue_band()
    assert (band.metric, band.low, band.high) == ("stance_time", -0.05, 0.05)
