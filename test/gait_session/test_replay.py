# SPDX-License-Identifier: Apache-2.0
"""A recording fed through the analysis again gives the same, bit for bit, and what differs is named."""

import copy

import pytest

from gait_analysis.analyser import AnalyserSettings
from gait_analysis.events import GaitEvent
from gait_analysis.gait import GaitState, Stride
from gait_session.recording.replay import analyser_settings, compare, replay
from gait_session.report.writer import write_report


def test_a_replay_gives_the_same_bit_for_bit(walk):
    folder, sent = walk
    assert compare(folder) == []
    found = replay(folder)
    counts = {kind: sum(isinstance(result, kind) for result in found) for kind in (GaitEvent, Stride, GaitState)}
    assert counts == {
        GaitEvent: len(sent["/gait/events"]),
        Stride: len(sent["/gait/strides"]),
        GaitState: len(sent["/gait/state"]),
    }


def test_a_difference_is_named(make_lab):
    lab = make_lab()
    send = lab.recorder.write

    def tamper(topic, message, time_s):
        if topic == "/gait/strides" and len(lab.recorder.sent.get(topic, ())) == 4:
            message.stance_time_s += 1e-15
        if topic == "/gait/events" and len(lab.recorder.sent.get(topic, ())) == 6:
            message.header.stamp.nanosec += 1000
        send(topic, message, time_s)

    lab.recorder.write = tamper
    lab.walk(8.0)
    lab.end()
    differences = compare(lab.recorder.writer.folder)
    assert [text.split(" was ")[0] for text in differences] == ["event 6: time_s", "stride 4: stance_time_s"]


def test_an_event_that_was_not_recorded_is_named(make_lab):
    lab = make_lab()
    send = lab.recorder.write
    lab.recorder.write = lambda topic, *rest: send(topic, *rest) if topic != "/gait/events" else None
    lab.walk(5.0)
    lab.end()
    (text,) = compare(lab.recorder.writer.folder)
    found = sum(isinstance(result, GaitEvent) for result in replay(lab.recorder.writer.folder))
    assert text == f"{found} events are found that were not recorded"


def test_messages_that_mean_nothing_are_named_and_are_no_events(make_lab):
    lab = make_lab()
    send = lab.recorder.write

    def spoil(topic, message, time_s):
        send(topic, message, time_s)
        if topic in ("/gait/events", "/gait/strides", "/feedback/receipt") and len(lab.recorder.sent[topic]) == 3:
            stray = copy.deepcopy(message)
            stray.side = 0
            send(topic, stray, time_s)

    lab.recorder.write = spoil
    lab.walk(8.0)
    lab.end()
    folder = lab.recorder.writer.folder
    told = compare(folder)
    assert [text.split(", the first")[0] for text in told] == [
        f"/gait/{name}: side: got 0, expected one of 1, 2: 1 dropped" for name in ("events", "strides")
    ]
    report = write_report(folder).read_text()
    for topic in ("/gait/events", "/gait/strides", "/feedback/receipt"):
        assert f"Left out of this report: {topic}: side: got 0, expected one of 1, 2: 1 dropped" in report


def test_samples_after_the_analysis_ended_do_not_count(make_lab):
    lab = make_lab()
    lab.walk(6.0)
    folder = lab.recorder.writer.folder
    lab._publish = lambda *_: None  # the analysis is gone, the load cells are not yet
    lab.walk(9.0, skip_s=7.0)
    lab.end()
    assert compare(folder) == []


def test_settings_come_from_the_config():
    config = {
        "/**/analysis_node": {"ros__parameters": {"state_rate_hz": 100, "force_contact": {}}},
        "/**/imu_node": {"ros__parameters": {"segments": []}},
    }
    settings, parts = analyser_settings(config)
    assert settings == AnalyserSettings(state_rate_hz=100.0)
    assert list(parts) == ["force_contact"]


@pytest.mark.parametrize(
    ("parameters", "word"), [({"stale": 1.0}, "stale"), ({"nobody": {}}, "nobody"), ({"force_contact": {"x": 1}}, "x")]
)
def test_an_unknown_setting_is_refused(parameters, word):
    with pytest.raises(ValueError, match=word):
        analyser_settings({"/**/analysis_node": {"ros__parameters": parameters}})


def test_a_recording_without_a_session_is_refused(make_lab):
    lab = make_lab()
    lab.imu(3)
    lab.end()
    with pytest.raises(ValueError, match="no session was started"):
        replay(lab.recorder.writer.folder)
