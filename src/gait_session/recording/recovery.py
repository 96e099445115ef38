# SPDX-License-Identifier: Apache-2.0
"""Closes MCAP files that a killed process left open, in place: drops half a record, adds what readers need."""

import struct
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import IO

import zstandard
from mcap.data_stream import ReadDataStream, RecordBuilder
from mcap.exceptions import EndOfFile
from mcap.opcode import Opcode
from mcap.records import (
    Channel,
    Chunk,
    ChunkIndex,
    DataEnd,
    Footer,
    Header,
    McapRecord,
    MessageIndex,
    Metadata,
    MetadataIndex,
    Schema,
    Statistics,
)
from mcap.writer import MCAP0_MAGIC

MCAP_PROFILE = "ros2"
MCAP_LIBRARY = "gait_lab"
RECOVERED_RECORD = "gait_lab_recovered"  # MCAP metadata record of a file that was closed here
_BLOCK_BYTES = 4096  # what a file system hands out at least
_HEAD = struct.Struct("<BQ")  # opcode and length of a record
_MESSAGE = struct.Struct("<HIQ")  # channel, sequence, log time: how a message record begins


@dataclass
class _Contents:
    """What the complete records of a file hold, and where they end."""

    end: int = 0
    schemas: dict[int, Schema] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    counts: Counter[int] = field(default_factory=Counter)
    chunks: list[ChunkIndex] = field(default_factory=list)
    metadata: list[MetadataIndex] = field(default_factory=list)
    last_index: dict[int, list[tuple[int, int]]] = field(default_factory=dict)  # of the last chunk, as it should be


def is_finished(path: Path) -> bool:
    """Tell whether the file at ``path`` was closed: it ends as an MCAP file has to."""
    with path.open("rb") as file:
        data_size = file.seek(0, 2)
        file.seek(max(0, data_size - len(MCAP0_MAGIC)))
        return data_size > 2 * len(MCAP0_MAGIC) and file.read() == MCAP0_MAGIC


def finish(file: IO[bytes]) -> None:
    """Turn what ``file``, open for reading and writing, has of an MCAP file into a whole one.

    Raises ``ValueError``, and changes nothing, when it is too long for having been begun only and is not one of ours.
    """
    contents = _scan(file)
    builder = RecordBuilder()
    if contents.end == 0:
        if file.seek(0, 2) > _BLOCK_BYTES:
            raise ValueError(f"{file.name} is no recording of {MCAP_LIBRARY}; it is left as it is")
        contents.end = file.seek(0) + file.write(_BEGIN)
    file.seek(contents.end)
    file.truncate()
    _complete_last_index(contents, builder)
    before = builder.count
    Metadata(RECOVERED_RECORD, {}).write(builder)
    contents.metadata.append(MetadataIndex(contents.end + before, builder.count - before, RECOVERED_RECORD))
    DataEnd(0).write(builder)
    file.write(builder.end())
    summary_start = file.tell()
    for record in _summary(contents):
        record.write(builder)
    summary = builder.end()
    crc = zlib.crc32(summary + struct.pack("<BQQQ", Opcode.FOOTER, 20, summary_start, 0))
    Footer(summary_start, 0, crc).write(builder)
    file.write(summary + builder.end() + MCAP0_MAGIC)
    file.flush()


def _begin() -> bytes:
    builder = RecordBuilder()
    Header(MCAP_PROFILE, MCAP_LIBRARY).write(builder)
    return MCAP0_MAGIC + bytes(builder.end())


_BEGIN = _begin()  # of every file of ours


def _scan(file: IO[bytes]) -> _Contents:
    contents = _Contents()
    file.seek(0)
    if file.read(len(_BEGIN)) != _BEGIN:
        return contents  # killed before anything was written
    for opcode, start, body in _records(file):
        try:
            is_whole = _take(contents, opcode, start, body)
        except (EndOfFile, struct.error, UnicodeDecodeError):  # the end was not written as it was meant
            is_whole = False
        if not is_whole:
            break
        contents.end = start + _HEAD.size + len(body)
    return contents


def _take(contents: _Contents, opcode: int, start: int, body: bytes) -> bool:
    """Take in one record; return False where what can be trusted ends.

    A chunk has a checksum, and its indexes follow from it. What else comes after the header, metadata and summary, has
    none and was written when the file was being closed: it is written anew.
    """
    stream = ReadDataStream(BytesIO(body))
    length = _HEAD.size + len(body)
    if opcode == Opcode.CHUNK:
        return _add_chunk(contents, Chunk.read(stream), start, length)
    if opcode == Opcode.MESSAGE_INDEX and contents.chunks:
        chunk, index = contents.chunks[-1], MessageIndex.read(stream)
        if index.records != contents.last_index.get(index.channel_id):
            return False
        chunk.message_index_offsets[index.channel_id] = start
        chunk.message_index_length += length
        return True
    return opcode == Opcode.HEADER


def _records(file: IO[bytes]) -> Iterator[tuple[int, int, bytes]]:
    """Yield opcode, offset and body of each complete record."""
    size = file.seek(0, 2)
    start = len(MCAP0_MAGIC)
    while start + _HEAD.size <= size:
        file.seek(start)
        opcode, length = _HEAD.unpack(file.read(_HEAD.size))
        if start + _HEAD.size + length > size:
            return
        yield opcode, start, file.read(length)
        start += _HEAD.size + length


def _add_chunk(contents: _Contents, chunk: Chunk, start: int, length: int) -> bool:
    """Take in a chunk; return False, and take nothing, when its data are damaged."""
    try:
        data = zstandard.decompress(chunk.data, chunk.uncompressed_size) if chunk.compression else chunk.data
    except zstandard.ZstdError:
        return False
    if zlib.crc32(data) != chunk.uncompressed_crc:
        return False
    contents.last_index = _read_chunk(contents, data)
    contents.counts.update({channel: len(index) for channel, index in contents.last_index.items()})
    contents.chunks.append(
        ChunkIndex(
            chunk_length=length,
            chunk_start_offset=start,
            compression=chunk.compression,
            compressed_size=len(chunk.data),
            message_end_time=chunk.message_end_time,
            message_index_length=0,
            message_index_offsets={},
            message_start_time=chunk.message_start_time,
            uncompressed_size=chunk.uncompressed_size,
        )
    )
    return True


def _read_chunk(contents: _Contents, data: bytes) -> dict[int, list[tuple[int, int]]]:
    """Note the schemas and channels of a chunk; return log time and offset of its messages by channel."""
    index = defaultdict(list)
    offset = 0
    while offset < len(data):
        opcode, length = _HEAD.unpack_from(data, offset)
        body = offset + _HEAD.size
        if opcode == Opcode.MESSAGE:
            channel_id, _, log_time = _MESSAGE.unpack_from(data, body)
            index[channel_id].append((log_time, offset))
        elif opcode == Opcode.SCHEMA:
            schema = Schema.read(ReadDataStream(BytesIO(data[body : body + length])))
            contents.schemas[schema.id] = schema
        elif opcode == Opcode.CHANNEL:
            channel = Channel.read(ReadDataStream(BytesIO(data[body : body + length])))
            contents.channels[channel.id] = channel
        offset = body + length
    return index


def _complete_last_index(contents: _Contents, builder: RecordBuilder) -> None:
    """Write the message indexes of the last chunk that the process had no time for."""
    for channel_id, entries in contents.last_index.items():
        chunk = contents.chunks[-1]
        if channel_id not in chunk.message_index_offsets:
            before = builder.count
            chunk.message_index_offsets[channel_id] = contents.end + before
            MessageIndex(channel_id, entries).write(builder)
            chunk.message_index_length += builder.count - before


def _summary(contents: _Contents) -> list[McapRecord]:
    statistics = Statistics(
        attachment_count=0,
        channel_count=len(contents.channels),
        channel_message_counts=dict(contents.counts),
        chunk_count=len(contents.chunks),
        message_count=contents.counts.total(),
        message_end_time=max((chunk.message_end_time for chunk in contents.chunks), default=0),
        message_start_time=min((chunk.message_start_time for chunk in contents.chunks), default=0),
        metadata_count=len(contents.metadata),
        schema_count=len(contents.schemas),
    )
    described = [*contents.schemas.values(), *contents.channels.values()]
    return [*described, statistics, *contents.chunks, *contents.metadata]
