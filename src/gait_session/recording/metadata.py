# SPDX-License-Identifier: Apache-2.0
"""``metadata.yaml`` of a rosbag2 folder, always made from what its MCAP files say of themselves."""

import fcntl
from collections import Counter
from pathlib import Path
from typing import Any

import yaml
from mcap.reader import make_reader

from gait_session.recording.recovery import RECOVERED_RECORD, finish, is_finished

METADATA_FILE = "metadata.yaml"
MISSED_RECORD = "gait_lab_missed"  # MCAP metadata record: by topic, messages that were published and never arrived
MISSED_KEY = "missed_count "  # and its place in metadata.yaml: custom_data, this and the topic
RECOVERED_KEY = "recovered"  # in custom_data: names of the files whose recorder was killed
ROSBAG2_VERSION = 9
ROS_DISTRO = "kilted"


def recording_files(folder: Path) -> list[Path]:
    """Return the MCAP files of a recording, oldest first."""
    return sorted(folder.glob("*.mcap"), key=lambda path: (len(path.name), path.name))


def recover(folder: Path) -> list[Path]:
    """Make the recording in ``folder`` readable, whatever became of its recorder; return the files that needed it.

    Raises ``ValueError`` when there is no recording, or when one of its files is still being written.
    """
    paths = recording_files(folder)
    if not paths:
        raise ValueError(f"no recording in {folder}: it holds no .mcap file")
    unfinished = [path for path in paths if not is_finished(path)]
    for path in unfinished:
        with path.open("r+b") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ValueError(f"{path} is still being recorded") from None
            finish(file)
    if unfinished or not (folder / METADATA_FILE).exists():
        write_metadata(folder)
    return unfinished


def write_metadata(folder: Path) -> None:
    """Write ``metadata.yaml`` from the MCAP files in ``folder``, all of which must be finished."""
    topics: dict[str, dict[str, Any]] = {}
    missed: Counter[str] = Counter()
    recovered, files = [], []
    for path in recording_files(folder):
        with path.open("rb") as stream:
            reader = make_reader(stream)
            summary = reader.get_summary()
            for record in reader.iter_metadata():
                if record.name == MISSED_RECORD:
                    missed.update({topic: int(count) for topic, count in record.metadata.items()})
                if record.name == RECOVERED_RECORD:
                    recovered.append(path.name)
        if summary is None or (statistics := summary.statistics) is None:
            raise ValueError(f"{path} has no summary: nothing says what it holds")
        for channel in summary.channels.values():
            topic = topics.setdefault(channel.topic, _topic(channel, summary.schemas[channel.schema_id].name))
            topic["message_count"] += statistics.channel_message_counts.get(channel.id, 0)
        files.append(_file(path.name, statistics))
    custom = {MISSED_KEY + topic: str(count) for topic, count in sorted(missed.items())}
    if recovered:
        custom[RECOVERED_KEY] = " ".join(recovered)
    text = yaml.safe_dump({"rosbag2_bagfile_information": _information(topics, files, custom)}, sort_keys=False)
    scratch = folder / (METADATA_FILE + ".new")
    scratch.write_text(text, encoding="utf-8")
    scratch.replace(folder / METADATA_FILE)  # a reader never sees half of it


def _information(
    topics: dict[str, dict[str, Any]], files: list[dict[str, Any]], custom: dict[str, str]
) -> dict[str, Any]:
    starts_ns = [file["starting_time"]["nanoseconds_since_epoch"] for file in files if file["message_count"]]
    lengths_ns = [file["duration"]["nanoseconds"] for file in files if file["message_count"]]
    start_ns = min(starts_ns, default=0)
    end_ns = max((start + length for start, length in zip(starts_ns, lengths_ns, strict=True)), default=0)
    return {
        "version": ROSBAG2_VERSION,
        "storage_identifier": "mcap",
        "duration": {"nanoseconds": end_ns - start_ns},
        "starting_time": {"nanoseconds_since_epoch": start_ns},
        "message_count": sum(file["message_count"] for file in files),
        "topics_with_message_count": [topics[name] for name in sorted(topics)],
        "compression_format": "",
        "compression_mode": "",
        "relative_file_paths": [file["path"] for file in files],
        "files": files,
        "custom_data": custom or None,
        "ros_distro": ROS_DISTRO,
    }


def _topic(channel: Any, type_name: str) -> dict[str, Any]:
    return {
        "topic_metadata": {
            "name": channel.topic,
            "type": type_name,
            "serialization_format": channel.message_encoding,
            "offered_qos_profiles": yaml.safe_load(channel.metadata["offered_qos_profiles"]),
            "type_description_hash": channel.metadata["topic_type_hash"],
        },
        "message_count": 0,
    }


def _file(name: str, statistics: Any) -> dict[str, Any]:
    return {
        "path": name,
        "starting_time": {"nanoseconds_since_epoch": statistics.message_start_time},
        "duration": {"nanoseconds": statistics.message_end_time - statistics.message_start_time},
        "message_count": statistics.message_count,
    }
