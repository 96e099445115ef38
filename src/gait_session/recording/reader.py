# SPDX-License-Identifier: Apache-2.0
"""Reads a rosbag2 folder: what is in it, and its messages, decoded by the definitions that it carries itself."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory

from gait_messages import values
from gait_sensing.samples import BeltSample, ForceSamples, ImuSample
from gait_session.recording.metadata import METADATA_FILE, MISSED_KEY, RECOVERED_KEY, recover

T = TypeVar("T")
Sample = ForceSamples | ImuSample | BeltSample


@dataclass(frozen=True, slots=True)
class Topic:
    """What a recording has of one topic."""

    name: str
    type_name: str
    message_count: int
    missed_count: int | None  # published and not recorded; None when a recorder was killed before it could tell


@dataclass(frozen=True, slots=True)
class RecordedMessage:
    """One decoded message; fields as in its .msg file."""

    topic: str
    message: Any
    received_s: float  # Unix seconds, when the recorder got it
    published_s: float


@dataclass(frozen=True, slots=True)
class Arrival:
    """When one message travelled, without its content."""

    topic: str
    received_s: float
    published_s: float


class Recording:
    """One recording folder. Files that a killed recorder left open are closed first.

    Raises ``ValueError`` when ``folder`` holds no recording, or one that is still being written.
    """

    def __init__(self, folder: Path) -> None:
        recover(folder)
        self.folder = folder
        document = yaml.safe_load((folder / METADATA_FILE).read_text(encoding="utf-8"))
        information = document["rosbag2_bagfile_information"]
        self.start_s = information["starting_time"]["nanoseconds_since_epoch"] * 1e-9
        self.duration_s = information["duration"]["nanoseconds"] * 1e-9
        self._files = [folder / name for name in information["relative_file_paths"]]
        custom = information["custom_data"] or {}
        self.recovered_files = custom.get(RECOVERED_KEY, "").split()  # their recorder was killed
        entries = information["topics_with_message_count"]
        self._meaningless: dict[str, set[float]] = {}  # when what ``values`` dropped was received, by topic and reason
        self.topics = {topic.name: topic for topic in (_topic(entry, custom) for entry in entries)}

    def find(self, name: str) -> list[str]:
        """Return the recorded topics with relative name ``name``, in any namespace; "+" stands for one part of it."""
        wanted = name.split("/")
        return [
            topic
            for topic in self.topics
            if len(parts := topic.split("/")[-len(wanted) :]) == len(wanted)
            and all(want in ("+", part) for want, part in zip(wanted, parts, strict=True))
        ]

    def messages(self, *names: str) -> Iterator[RecordedMessage]:
        """Yield the messages of topics named as for ``find``, in the order of arrival."""
        for file in self._files:
            with file.open("rb") as stream:
                reader = make_reader(stream, decoder_factories=[DecoderFactory()])
                for _, channel, record, message in reader.iter_decoded_messages(self._chosen(names)):
                    yield RecordedMessage(channel.topic, message, record.log_time * 1e-9, record.publish_time * 1e-9)

    def values(self, to_values: Mapping[str, Callable[[Any], T]]) -> Iterator[tuple[RecordedMessage, T]]:
        """Yield messages of the topics that are named, each with its value, in the order of arrival.

        What means nothing is dropped, as it was live, and told in ``meaningless``.
        """
        to_value_of = {topic: to_value for name, to_value in to_values.items() for topic in self.find(name)}
        for recorded in self.messages(*to_values):
            try:
                value = to_value_of[recorded.topic](recorded.message)
            except ValueError as error:
                self._meaningless.setdefault(f"{recorded.topic}: {error}", set()).add(recorded.received_s)
            else:
                yield recorded, value

    @property
    def meaningless(self) -> list[str]:
        """What ``values`` has dropped until now, in words."""
        return [
            f"{reason}: {len(times_s)} dropped, the first {min(times_s) - self.start_s:.1f} s after the beginning"
            for reason, times_s in self._meaningless.items()
        ]

    def arrivals(self) -> Iterator[Arrival]:
        """Yield when each message of any topic travelled, in the order of writing; decodes nothing."""
        for file in self._files:
            with file.open("rb") as stream:
                for _, channel, record in make_reader(stream).iter_messages(log_time_order=False):
                    yield Arrival(channel.topic, record.log_time * 1e-9, record.publish_time * 1e-9)

    def samples(self) -> Iterator[Sample]:
        """Yield all sensor samples as values, in the order of arrival."""
        for recorded in self.messages("load_cell/+/samples", "imu/+", "treadmill/state"):
            parts = recorded.topic.split("/")
            if parts[-1] == "samples":
                yield values.force_samples(recorded.message)
            elif parts[-1] == "state":
                yield values.belt_sample(recorded.message)
            else:
                yield values.imu_sample(recorded.message, parts[-1])

    def _chosen(self, names: Collection[str]) -> list[str]:
        return [topic for name in names for topic in self.find(name)]


def _topic(entry: dict[str, Any], custom: dict[str, str]) -> Topic:
    name = entry["topic_metadata"]["name"]
    count = None if RECOVERED_KEY in custom else custom.get(MISSED_KEY + name)
    return Topic(name, entry["topic_metadata"]["type"], entry["message_count"], None if count is None else int(count))
