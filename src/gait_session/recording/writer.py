# SPDX-License-Identifier: Apache-2.0
"""Writes a rosbag2 folder: MCAP files with the messages as received, and ``metadata.yaml``.

Chunks are small and pushed to the operating system by ``flush``, so that killing the process costs what came since.
A process that starts again on the same folder adds a file of its own; ``recover`` closes what a killed one left.
"""

import fcntl
from collections.abc import Callable
from pathlib import Path

import yaml
from mcap.writer import CompressionType, Writer

from gait_messages.definitions import MessageDefinition, find_definition
from gait_session.recording.metadata import METADATA_FILE, MISSED_RECORD, recording_files, recover
from gait_session.recording.recovery import MCAP_LIBRARY, MCAP_PROFILE

CHUNK_BYTES = 128 * 1024
QosProfile = dict[str, str | int | bool | dict[str, int]]  # as rosbag2 writes one


class RecordingWriter:
    """One MCAP file of the recording in ``folder``; not for use from several threads at once.

    ``define`` returns the definition of a message type; it raises ``ValueError`` for one that is not installed.
    """

    def __init__(self, folder: Path, define: Callable[[str], MessageDefinition] = find_definition) -> None:
        self.folder = folder
        self.message_count = 0
        self._last_log_ns: dict[str, int] = {}  # by topic
        self._define = define
        self._channels: dict[str, int] = {}
        self._schemas: dict[str, tuple[int, str]] = {}
        folder.mkdir(parents=True, exist_ok=True)
        number = len(recording_files(folder))
        self.path = folder / f"{folder.resolve().name}_{number}.mcap"
        self._file = self.path.open("xb")
        fcntl.flock(self._file, fcntl.LOCK_EX)  # no recovery of a file that is being written; ends with the process
        self._writer = Writer(self._file, chunk_size=CHUNK_BYTES, compression=CompressionType.ZSTD)
        self._writer.start(MCAP_PROFILE, MCAP_LIBRARY)
        self.flush()

    def add_topic(self, topic: str, type_name: str, qos_profiles: list[QosProfile]) -> None:
        """Name a topic, before its first message, with the quality of service that its publishers offer.

        Raises ``ValueError`` when the type is not installed. Naming a topic again changes nothing.
        """
        if topic in self._channels:
            return
        schema_id, type_hash = self._schema(type_name)
        metadata = {"offered_qos_profiles": yaml.safe_dump(qos_profiles), "topic_type_hash": type_hash}
        self._channels[topic] = self._writer.register_channel(topic, "cdr", schema_id, metadata)

    def write(self, topic: str, cdr: bytes, log_time_ns: int, publish_time_ns: int, sequence: int) -> None:
        """Add one message as received, of a topic that was added before.

        Times are Unix nanoseconds, of its arrival and of its publication; ``sequence`` is its number at the publisher.
        Messages of a topic keep the order in which they are added: one that was lost on the way and sent again is
        handed over in its place, but bears a later arrival than the next one, and readers sort by arrival.
        """
        log_time_ns = max(log_time_ns, self._last_log_ns.get(topic, -1) + 1)
        self._last_log_ns[topic] = log_time_ns
        self._writer.add_message(self._channels[topic], log_time_ns, cdr, publish_time_ns, sequence & 0xFFFFFFFF)
        self.message_count += 1

    def flush(self) -> None:
        """Hand everything to the operating system: what was written until now outlives this process."""
        self._writer.flush()

    def close(self, missed_counts: dict[str, int]) -> None:
        """Finish the file, then write ``metadata.yaml`` for the whole folder.

        ``missed_counts`` is, by topic, how many messages publishers sent that never arrived here.
        """
        missed = {topic: str(missed_counts.get(topic, 0)) for topic in self._channels}
        self._writer.add_metadata(MISSED_RECORD, missed)
        self._writer.finish()
        self._file.close()
        (self.folder / METADATA_FILE).unlink(missing_ok=True)  # of a recorder before this one
        recover(self.folder)

    def _schema(self, type_name: str) -> tuple[int, str]:
        if type_name not in self._schemas:
            definition = self._define(type_name)
            schema_id = self._writer.register_schema(type_name, "ros2msg", definition.text.encode())
            self._schemas[type_name] = schema_id, definition.type_hash
        return self._schemas[type_name]
