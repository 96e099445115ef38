# SPDX-License-Identifier: Apache-2.0
"""What a killed recorder leaves is made whole; only what was not yet handed over is lost."""

import os
import shutil
import signal
import subprocess
import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mcap.reader import make_reader
from rclpy.serialization import serialize_message
from rosbags.highlevel import AnyReader
from std_msgs.msg import String

from gait_session.recording.metadata import recover
from gait_session.recording.reader import Recording
from gait_session.recording.recovery import is_finished
from gait_session.recording.writer import RecordingWriter

KILLED = """
import os, signal, sys
from pathlib import Path
from gait_session.recording.writer import RecordingWriter
from rclpy.serialization import serialize_message
from std_msgs.msg import String

writer = RecordingWriter(Path(sys.argv[1]))
for topic in ("/a", "/b"):
    writer.add_topic(topic, "std_msgs/msg/String", [])
for number in range(30000):
    cdr = serialize_message(String(data=f"message {number}"))
    writer.write("/" + "ab"[number % 2], cdr, number + 1, number, number)
    if number in (10000, 25000):
        writer.flush()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def killed(tmp_path):
    """The folder of a recorder that was killed in the middle of its work."""
    process = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path / "lab")], env=os.environ, capture_output=True, text=True
    )
    assert process.returncode == -signal.SIGKILL, process.stderr
    return tmp_path / "lab"


def test_a_killed_recording_is_made_readable(killed):
    assert not (killed / "metadata.yaml").exists()
    assert [path.name for path in recover(killed)] == ["lab_0.mcap"]
    recording = Recording(killed)
    assert recording.recovered_files == ["lab_0.mcap"]
    numbers = [int(recorded.message.data.split()[1]) for recorded in recording.messages("a", "b")]
    assert numbers == list(range(len(numbers)))
    assert len(numbers) > 25000  # all that was flushed, and whole chunks beyond
    assert {topic.message_count for topic in recording.topics.values()} <= {len(numbers) // 2, len(numbers) // 2 + 1}
    assert {topic.missed_count for topic in recording.topics.values()} == {None}
    with AnyReader([killed]) as reader:
        assert len(list(reader.messages())) == len(numbers)


def test_recovering_twice_changes_nothing(killed):
    recover(killed)
    before = {path.name: path.read_bytes() for path in killed.iterdir()}
    assert recover(killed) == []
    assert {path.name: path.read_bytes() for path in killed.iterdir()} == before


def test_a_recorder_that_starts_again_recovers_and_continues(killed):
    writer = RecordingWriter(killed)
    writer.add_topic("/a", "std_msgs/msg/String", [])
    writer.write("/a", serialize_message(String(data="message after")), 40000, 40000, 1)
    writer.close({})
    messages = [recorded.message.data for recorded in Recording(killed).messages("a")]
    assert messages[-1] == "message after"
    assert len(messages) > 12500


def test_a_foreign_file_is_left_as_it_is(tmp_path):
    foreign = bytes(range(256)) * 20
    (tmp_path / "foreign.mcap").write_bytes(foreign)
    with pytest.raises(ValueError, match=r"foreign\.mcap is no recording"):
        recover(tmp_path)
    assert (tmp_path / "foreign.mcap").read_bytes() == foreign


def test_a_recording_in_progress_is_left_alone(tmp_path):
    writer = RecordingWriter(tmp_path / "lab")
    with pytest.raises(ValueError, match="still being recorded"):
        recover(tmp_path / "lab")
    writer.close({})
    assert is_finished(writer.path)


def _whole(folder) -> bytes:
    """Make a recording of 3 chunks with 20 messages each; return the bytes of its file."""
    writer = RecordingWriter(folder)
    writer.add_topic("/a", "std_msgs/msg/String", [])
    for number in range(60):
        writer.write("/a", serialize_message(String(data=f"message {number}")), number + 1, number, number)
        if number % 20 == 19:
            writer.flush()
    writer.close({"/a": 0})
    return writer.path.read_bytes()


@example(share=0.00390625, tail=b"\0" * 40)  # inside the header
@example(share=0.19982491971612643, tail=b"\0" * 40)  # inside an index
@settings(max_examples=200, deadline=None)
@given(share=st.floats(0.0, 1.0), tail=st.sampled_from([b"", b"\0" * 40, b"\6\xff\xff\xff"]))
def test_a_file_cut_anywhere_is_recovered_to_a_prefix(tmp_path_factory, share, tail):
    folder = tmp_path_factory.mktemp("cut") / "lab"
    whole = _whole(folder)
    path = folder / "lab_0.mcap"
    path.write_bytes(whole[: int(share * len(whole))] + tail)
    (folder / "metadata.yaml").unlink()
    recover(folder)
    with path.open("rb") as stream:
        reader = make_reader(stream, validate_crcs=True)
        numbers = [message.sequence for _, _, message in reader.iter_messages()]
        summary = reader.get_summary()
    assert numbers == list(range(len(numbers)))
    assert len(numbers) in (0, 20, 40, 60)
    assert summary.statistics.message_count == len(numbers)
    assert all(len(index.message_index_offsets) == 1 for index in summary.chunk_indexes)
    with AnyReader([folder]) as reader:
        assert len(list(reader.messages())) == len(numbers)
    shutil.rmtree(folder)


@pytest.mark.parametrize("place", ["data", "checksum"])
def test_a_damaged_chunk_ends_the_recording(tmp_path, place):
    whole = _whole(tmp_path / "lab")
    path = tmp_path / "lab/lab_0.mcap"
    with path.open("rb") as stream:
        second = make_reader(stream).get_summary().chunk_indexes[1]
    broken = bytearray(whole[:-8])
    broken[second.chunk_start_offset + (second.chunk_length - 3 if place == "data" else 9 + 24)] ^= 0xFF
    path.write_bytes(broken)
    recover(tmp_path / "lab")
    assert len(list(Recording(tmp_path / "lab").messages("a"))) == 20
