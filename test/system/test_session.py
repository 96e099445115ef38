# SPDX-License-Identifier: Apache-2.0
"""One whole simulated session of 60 s, from wire bytes to belt, cue, recording and report, held against its truth."""

import csv
import itertools
import json
import math
import statistics
from pathlib import Path

import numpy as np
import pytest
import yaml
from gait_lab.msg import CueReceipt
from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory
from rosbags.highlevel import AnyReader

from gait_analysis.comparison.asymmetry import AsymmetryTracker
from gait_analysis.events import EventKind, GaitEvent, Source
from gait_analysis.metrics import stance_time, step_time
from gait_analysis.participant import Participant
from gait_analysis.strides.strides import StrideBuilder, timed_stride
from gait_feedback.cues import outside_band
from gait_messages import values
from gait_sensing.samples import Side
from gait_session.recording import replay
from gait_session.recording.reader import Recording

pytestmark = pytest.mark.timeout(600)  # of up to three sessions
DURATION_S = 45.0
CONTACTS_HZ = 1.3  # of both feet, or more; foot offs alike
MATCH_S = 0.05
STALLED_S = 0.09  # of age when published: nearly what a plate is waited for
RUNS_COUNT = 3
NONE, NOT_ARMED, NODE_STOPPING = 0, 1, 12  # SafetyState.REASON_*
STATUS_TOLERANCE_MPS = 0.001  # a status speaks in millimetres a second


@pytest.fixture(scope="module")
def session(running_lab, tmp_path_factory):
    """The output, exit code and recording of one session; its processes are gone.

    A plate that is held up for ``stale_s`` is not waited for, by design, and the events of that time are not seen. So
    a session in which the machine itself stood still for so long tells nothing of the software; it is run again.
    """
    for _ in range(RUNS_COUNT):
        with running_lab(tmp_path_factory.mktemp("session"), "--duration", str(DURATION_S)) as lab:
            lab.code = lab.wait(DURATION_S + 120)
            lab.left = lab.processes()
        ages_s = [r.message.age_s for r in Recording(lab.recording).messages("gait/state")] if lab.code == 0 else []
        if not ages_s or max(ages_s) < STALLED_S:
            break
    return lab


@pytest.fixture(scope="module")
def recording(session):
    return Recording(session.recording)


@pytest.fixture(scope="module")
def start_s(recording):
    return next(r.message.start for r in recording.messages("session/state") if r.message.state == 1)


@pytest.fixture(scope="module")
def truth(session):
    """The true events, as the analysis would tell them."""
    with (session.recording / "truth_events.csv").open() as file:
        return [
            GaitEvent(float(t), float(t), Side(side), EventKind(event), Source.FORCE, 1.0)
            for t, side, event in ((row["time_s"], row["side"], row["event"]) for row in csv.DictReader(file))
        ]


@pytest.fixture(scope="module")
def found(recording, start_s):
    events = [values.gait_event(r.message) for r in recording.messages("gait/events")]
    return [event for event in events if event.time_s >= values.seconds(start_s)]


@pytest.fixture(scope="module")
def true_asymmetries(truth):
    """What the analysis' own definitions make of the true events."""
    builders = {side: StrideBuilder(side) for side in Side}
    metrics = [module.Metric(module.Settings()) for module in (step_time, stance_time)]
    tracker = AsymmetryTracker(metrics, Participant(80.0, Side.LEFT), 10)
    asymmetries = []
    for event in truth:
        strides = [builders[side].feed(event)[0] for side in Side]
        pairs = [tracker.feed(timed_stride(stride)) for stride in strides if stride is not None]
        asymmetries += [pair for pair in pairs if pair is not None]
    return asymmetries


def test_it_ends_by_itself_and_says_where_everything_is(session):
    assert session.code == 0, session.text()
    assert session.left == {}
    assert session.lines[-2:] == [
        f"recording: {session.recording}",
        f"report:    {session.recording / 'report.html'}",
    ]
    assert "Traceback" not in session.text()


@pytest.mark.parametrize("kind", EventKind)
def test_every_event_of_the_truth_is_found_and_none_invented(truth, found, kind):
    true = {side: [e.time_s for e in truth if e.kind is kind and e.side is side] for side in Side}
    seen = {side: [e.time_s for e in found if e.kind is kind and e.side is side] for side in Side}
    assert sum(map(len, true.values())) > CONTACTS_HZ * DURATION_S
    for side in Side:
        assert len(true[side]) == len(seen[side])
        assert max(abs(a - b) for a, b in zip(true[side], seen[side], strict=True)) < MATCH_S


@pytest.mark.parametrize("metric", ["step_time", "stance_time"])
def test_asymmetry_is_within_a_percentage_point_of_the_truth(recording, true_asymmetries, metric):
    def median(asymmetries):
        pairs = [m.value for a in asymmetries for m in a.metrics if m.name == metric and not math.isnan(m.value)]
        assert len(pairs) > 60
        return statistics.median(pairs)

    measured = median(values.asymmetry(r.message) for r in recording.messages("gait/asymmetry"))
    assert measured == pytest.approx(median(true_asymmetries), abs=0.01)


def test_cues_come_on_the_side_and_at_the_strides_that_the_truth_predicts(recording, true_asymmetries, session):
    config = yaml.safe_load((session.recording / "config.yaml").read_text())
    given = config["/**/feedback_node"]["ros__parameters"]["cue"]
    settings = outside_band.Settings(**{name: value for name, value in given.items() if name != "strategy"})
    strategy = outside_band.Strategy(settings, Side.LEFT)
    end_s = next(values.seconds(r.message.header.stamp) for r in recording.messages("session/state")
                 if r.message.state == 2)  # fmt: skip
    predicted, doubtful = {}, set()
    for asymmetry in true_asymmetries:
        (metric,) = (m for m in asymmetry.metrics if m.name == settings.metric)
        if asymmetry.time_s > end_s - 1.0 or abs(abs(metric.value - settings.target) - settings.band) < 0.006:
            doubtful.add(round(asymmetry.time_s, 1))  # so near the edge that a few milliseconds decide
        predicted |= {round(cue.event_s, 1): cue.side for cue in strategy.feed(asymmetry)}
    cues = [values.cue(r.message) for r in recording.messages("feedback/cue")]
    withheld_s = [
        values.seconds(r.message.event)
        for r in recording.messages("feedback/receipt")
        if r.message.result == CueReceipt.WITHHELD and "baseline" in r.message.text
    ]

    def is_withheld(time_s):
        return any(abs(time_s - other_s) < 0.15 for other_s in withheld_s)

    def is_doubtful(time_s):
        return any(abs(time_s - other_s) < 0.15 for other_s in doubtful)

    certain = {t: side for t, side in predicted.items() if not is_doubtful(t) and not is_withheld(t)}
    assert len(certain) > 15
    sides = list(certain.values())  # the prosthesis is on the left and bears load for too short
    assert sides.count(Side.LEFT) > 0.9 * len(sides)
    for time_s, side in certain.items():
        assert [c.side for c in cues if abs(c.event_s - time_s) < 0.15] == [side], f"cue at {time_s}"
    unexpected = [
        c for c in cues if not is_doubtful(c.event_s) and not any(abs(c.event_s - t) < 0.15 for t in predicted)
    ]
    assert unexpected == []


def test_every_cue_reached_the_actuator_and_was_switched_off(recording, session):
    sent = [r.message for r in recording.messages("feedback/receipt") if r.message.result == 1]
    with (session.recording / "truth_cues.csv").open() as file:
        changes = list(csv.DictReader(file))
    ons = [row for row in changes if float(row["intensity"]) > 0]
    assert [row["side"] for row in ons] == [values.SIDES[receipt.side].value for receipt in sent]
    for receipt, row in zip(sent, ons, strict=True):
        assert 0.0 <= float(row["time_s"]) - values.seconds(receipt.decided) < 0.2
    assert float(changes[-1]["intensity"]) == 0.0
    for side in Side:
        intensities = [float(row["intensity"]) for row in changes if row["side"] == side.value]
        assert all(b == 0.0 for a, b in itertools.pairwise(intensities) if a > 0.0)


def test_no_sample_is_lost_from_wire_to_recording(recording, session, start_s):
    truth = json.loads((session.recording / "truth.json").read_text())
    assert len(truth["wires"]) == 9
    samples: dict[str, list[float]] = {}
    for sample in recording.samples():
        name = getattr(sample, "name", getattr(sample, "segment", "belts"))
        samples.setdefault(name, []).extend(np.atleast_1d(sample.time_s))
    for name, wire in truth["wires"].items():
        assert wire["dropped_byte_count"] == 0
        interval_s = 0.001 if name.endswith("belt") else 0.01
        recorded_s = np.asarray(samples[name])
        numbers = np.round((recorded_s - wire["first_s"]) / interval_s)
        first = int(np.median(numbers - np.arange(len(numbers))))  # the recorder hears of a topic after its start
        assert 0 <= first * interval_s < 5.0
        sent_s = wire["first_s"] + interval_s * (first + np.arange(len(recorded_s)))
        # While the nodes start, bytes wait to be read: the clock knows the least delay once they are read at once.
        error_s = np.abs(recorded_s - sent_s)
        assert error_s.max() < 0.1 and error_s[recorded_s >= values.seconds(start_s)].max() < 0.02, name
        if not name.endswith("belt"):  # belts count their samples, below; here one lost would shift the rest by one
            shift = numbers - np.arange(len(numbers))
            assert np.median(shift[:200]) == np.median(shift[-200:]), name
        assert np.median(np.abs(recorded_s - sent_s)) < 0.002, name  # the wire's least delay stays in the stamps
        assert -0.02 < wire["last_s"] - recorded_s[-1] < 1.0  # sensors run on while the lab shuts down
    for name in ("left_belt", "right_belt"):
        batches = [r.message for r in recording.messages(f"load_cell/{name}/samples")]
        for before, after in itertools.pairwise(batches):
            assert after.first_sample_count == before.first_sample_count + len(before.time_offset_s)
    assert {topic.name: topic.missed_count for topic in recording.topics.values() if topic.missed_count} == {}


def test_health_tells_of_no_loss(recording):
    newest = {}
    for r in recording.messages("/diagnostics"):
        for status in r.message.status:
            newest[status.name] = {pair.key: pair.value for pair in status.values}
    wires = [name for name in newest if name.startswith(("imu/", "load_cell/"))]
    assert len(wires) == 9
    for name in wires:
        counts = newest[name]
        assert int(counts["sample_count"]) > 5000, name
        for zero in ("lost_count", "duplicate_count", "bad_checksum_count", "device_error_count"):
            assert counts[zero] == "0", (name, zero)


def test_belts_keep_their_limits_at_every_status(recording, session):
    gate = yaml.safe_load((session.recording / "config.yaml").read_text())["/**/treadmill_node"]["ros__parameters"]
    states = [r.message for r in recording.messages("treadmill/state")]
    speeds = np.array([[state.left_speed_mps, state.right_speed_mps] for state in states])
    times = np.array([values.seconds(state.header.stamp) for state in states])
    assert speeds.min() >= 0.0 and speeds.max() <= gate["max_speed_mps"] + STATUS_TOLERANCE_MPS
    assert speeds.max() == pytest.approx(1.1, abs=0.01)  # the belt law's target was reached
    assert (speeds[:5] == 0.0).all() and (speeds[-1] < 0.01).all()
    span_s = 1.0  # long against the jitter of arrival
    for first in range(len(times)):
        last = int(np.searchsorted(times, times[first] + span_s))
        if last < len(times):
            change_mps = np.abs(speeds[last] - speeds[first]).max()
            assert change_mps <= 0.6 * (times[last] - times[first] + 0.2)
    assert {state.is_armed for state in states} == {True, False}
    assert not states[0].is_armed
    assert not states[-1].is_armed


def test_nothing_but_the_session_itself_stopped_the_belts(recording):
    reasons = [r.message.reason for r in recording.messages("treadmill/safety")]
    while reasons[-1] == NODE_STOPPING:  # the end of the launch, after the belts had come to rest
        reasons.pop()
    assert set(reasons) == {NONE, NOT_ARMED}


def test_a_replay_finds_the_same_bit_for_bit(session, found):
    assert len(found) > 2.0 * CONTACTS_HZ * DURATION_S
    assert replay.compare(session.recording) == []


def test_every_reader_decodes_every_topic_and_counts_alike(session, recording):
    with AnyReader([session.recording]) as reader:
        rosbags_counts = dict.fromkeys((c.topic for c in reader.connections), 0)
        for connection, _, data in reader.messages():
            reader.deserialize(data, connection.msgtype)
            rosbags_counts[connection.topic] += 1
    (path,) = Path(session.recording).glob("*.mcap")
    mcap_counts = dict.fromkeys(rosbags_counts, 0)
    with path.open("rb") as file:
        for _, channel, _, _ in make_reader(file, decoder_factories=[DecoderFactory()]).iter_decoded_messages():
            mcap_counts[channel.topic] += 1
    counts = {topic.name: topic.message_count for topic in recording.topics.values()}
    assert rosbags_counts == mcap_counts == counts
    assert sum(counts.values()) > 60_000


def test_the_report_stands_alone(session):
    page = (session.recording / "report.html").read_text()
    assert "SIMULATED" in page.upper()
    assert "<svg" in page
    assert 'src="http' not in page and 'href="http' not in page


def test_how_the_imus_are_worn_is_found_and_kept(session):
    """Every simulated IMU is aligned with its segment."""
    *_, last = (recorded.message for recorded in Recording(session.recording).messages("imu_mounting"))
    assert list(last.finding_text) == []
    legs = {f"{side.value}_{part}" for side in Side for part in ("thigh", "shank", "foot")}
    assert {mounting.segment for mounting in last.segments} == {"pelvis", *legs}
    for mounting in last.segments:
        x, y, z, w = mounting.rotation_xyzw
        assert max(abs(x), abs(y), abs(z)) < 0.05 < abs(w)
