# SPDX-License-Identifier: Apache-2.0
"""A recording opens with the tools of others, says what it holds, and gives back what was sent."""

import math

import pytest
import yaml
from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory
from rclpy.serialization import serialize_message
from rosbags.highlevel import AnyReader
from std_msgs.msg import String

from gait_messages.definitions import find_definition
from gait_sensing.samples import BeltSample, ForceSamples, ImuSample
from gait_session.recording.reader import Recording
from gait_session.recording.writer import RecordingWriter


def test_rosbags_decodes_every_message_with_the_embedded_definitions(walk):
    folder, sent = walk
    with AnyReader([folder]) as reader:
        found = {}
        for connection, _, raw in reader.messages():
            found.setdefault(connection.topic, []).append(reader.deserialize(raw, connection.msgtype))
        assert {topic: len(messages) for topic, messages in found.items()} == {t: len(m) for t, m in sent.items()}
        assert {c.topic: c.digest for c in reader.connections} == {
            c.topic: find_definition(c.msgtype).type_hash for c in reader.connections
        }
    assert found["/gait/strides"][3].stance_time_s == sent["/gait/strides"][3].stance_time_s
    assert list(found["/load_cell/left_belt/samples"][9].force_n) == list(
        sent["/load_cell/left_belt/samples"][9].force_n
    )


def test_mcap_ros2_support_decodes_every_message(walk):
    folder, sent = walk
    counts = dict.fromkeys(sent, 0)
    for path in folder.glob("*.mcap"):
        with path.open("rb") as stream:
            for _, channel, _, message in make_reader(
                stream, validate_crcs=True, decoder_factories=[DecoderFactory()]
            ).iter_decoded_messages():
                expected = sent[channel.topic][counts[channel.topic]]
                assert message.header.stamp.nanosec == expected.header.stamp.nanosec
                counts[channel.topic] += 1
    assert counts == {topic: len(messages) for topic, messages in sent.items()}


def test_metadata_is_rosbag2_version_9(walk):
    folder, sent = walk
    information = yaml.safe_load((folder / "metadata.yaml").read_text())["rosbag2_bagfile_information"]
    assert information["version"] == 9
    assert information["storage_identifier"] == "mcap"
    assert information["message_count"] == sum(len(messages) for messages in sent.values())
    assert information["relative_file_paths"] == ["walk_0.mcap"]
    entry = {topic["topic_metadata"]["name"]: topic for topic in information["topics_with_message_count"]}
    profile = entry["/session/state"]["topic_metadata"]["offered_qos_profiles"][0]
    assert (profile["durability"], profile["reliability"], profile["depth"]) == ("transient_local", "reliable", 1)
    with AnyReader([folder]) as reader:
        assert information["duration"]["nanoseconds"] == reader.duration - 1  # rosbags counts the last nanosecond in


def test_samples_come_back_as_values(walk):
    folder, sent = walk
    samples = list(Recording(folder).samples())
    kinds = {kind: [s for s in samples if isinstance(s, kind)] for kind in (ForceSamples, ImuSample, BeltSample)}
    assert len(kinds[ForceSamples]) == 2 * len(sent["/load_cell/left_belt/samples"])
    assert kinds[ForceSamples][0].force_n.shape == (5, 3)
    imu = kinds[ImuSample][7]
    assert (imu.segment, imu.acceleration_mps2) == ("left_foot", (0.0, 0.1 * 7, 9.81))
    assert all(math.isnan(value) for value in imu.orientation_xyzw)
    assert kinds[BeltSample][-1].left_speed_mps == pytest.approx(1.096)


def test_topics_are_found_in_any_namespace(tmp_path):
    writer = RecordingWriter(tmp_path / "lab")
    for topic in ("/lab_1/gait/events", "/lab_1/load_cell/left_belt/samples", "/old_gait/events"):
        writer.add_topic(topic, "std_msgs/msg/String", [])
        writer.write(topic, serialize_message(String(data=topic)), 1, 1, 1)
    writer.close({})
    recording = Recording(tmp_path / "lab")
    assert recording.find("gait/events") == ["/lab_1/gait/events"]
    assert recording.find("load_cell/+/samples") == ["/lab_1/load_cell/left_belt/samples"]
    assert [recorded.message.data for recorded in recording.messages("gait/events")] == ["/lab_1/gait/events"]


def test_a_message_that_was_sent_again_stays_in_its_place(tmp_path):
    writer = RecordingWriter(tmp_path / "lab")
    writer.add_topic("/a", "std_msgs/msg/String", [])
    for number, arrival_ns in enumerate((1_000, 9_000, 2_000, 3_000, 10_000)):  # the second came last of three
        writer.write("/a", serialize_message(String(data=str(number))), arrival_ns, number, number)
    writer.close({})
    assert [recorded.message.data for recorded in Recording(tmp_path / "lab").messages("a")] == list("01234")


def test_messages_of_a_missing_topic_are_none(walk):
    assert list(Recording(walk[0]).messages("prosthesis/impedance")) == []


def test_missed_messages_are_told_by_topic(tmp_path):
    writer = RecordingWriter(tmp_path / "lab")
    for topic in ("/a", "/b"):
        writer.add_topic(topic, "std_msgs/msg/String", [])
    writer.close({"/a": 3})
    topics = Recording(tmp_path / "lab").topics
    assert {name: (topic.message_count, topic.missed_count) for name, topic in topics.items()} == {
        "/a": (0, 3),
        "/b": (0, 0),
    }


def test_a_second_recorder_continues_in_the_same_folder(make_lab, tmp_path):
    for _ in range(2):
        lab = make_lab(tmp_path / "walk")
        lab.imu(10)
        lab.end({"/imu/left_foot": 2})
    recording = Recording(tmp_path / "walk")
    assert recording.topics["/imu/left_foot"].message_count == 20
    assert recording.topics["/imu/left_foot"].missed_count == 4
    assert len(list(recording.samples())) == 20
    with AnyReader([tmp_path / "walk"]) as reader:
        assert len(list(reader.messages())) == 22


def test_a_type_that_is_not_installed_is_refused_and_named(tmp_path):
    writer = RecordingWriter(tmp_path / "lab")
    with pytest.raises(ValueError, match="nobody_msgs/msg/Nothing"):
        writer.add_topic("/a", "nobody_msgs/msg/Nothing", [])
    writer.close({})
    assert Recording(tmp_path / "lab").topics == {}


def test_a_folder_without_a_recording_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no recording"):
        Recording(tmp_path)
