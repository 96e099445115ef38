# SPDX-License-Identifier: Apache-2.0
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gait_sensing.driver import WireCounts
from gait_sensing.wires.framing import INCOMPLETE, NOT_A_FRAME, FrameFormat, FrameSplitter

LONGEST = 100


def length_of(buffer: bytearray, at: int) -> int:
    if len(buffer) - at < 3:
        return INCOMPLETE
    return 4 + buffer[at + 2] if buffer[at + 2] <= LONGEST - 4 else NOT_A_FRAME


def is_intact(frame: bytes) -> bool:
    return sum(frame[3:-1]) & 0xFF == frame[-1]


BINARY = FrameFormat(b"\xfa\xff", length_of, is_intact)
LINE = FrameFormat(b"OK!", lambda buffer, at: 5, lambda frame: frame.endswith(b"\r\n"))


def frame(payload: bytes) -> bytes:
    return b"\xfa\xff" + bytes([len(payload)]) + payload + bytes([sum(payload) & 0xFF])


def splitter() -> tuple[FrameSplitter, WireCounts]:
    counts = WireCounts()
    return FrameSplitter((BINARY, LINE), counts), counts


payloads = st.lists(st.binary(max_size=LONGEST - 4), max_size=8)


@given(payloads, st.lists(st.integers(1, 50), min_size=1))
def test_cuts_do_not_matter(messages: list[bytes], lengths: list[int]) -> None:
    stream = b"OK!\r\n".join(frame(message) for message in messages)
    under_test, counts = splitter()
    bounds = [0, *accumulate(lengths * (len(stream) // sum(lengths) + 1))]
    found = [whole for a, b in pairwise(bounds) for whole in under_test.feed(stream[a:b])]
    assert [whole for whole in found if whole != b"OK!\r\n"] == [frame(message) for message in messages]
    assert counts.frame_count == len(found)
    assert (counts.bytes_dropped_count, counts.bad_checksum_count) == (0, 0)


pieces_with_starts = st.lists(
    st.one_of(st.binary(max_size=300), st.sampled_from([b"\xfa", b"\xff", b"\xfa\xff\x50", b"OK", frame(b"whole")]))
)


@given(pieces_with_starts)
def test_every_byte_is_framed_or_dropped_or_waits_for_one_frame(pieces: list[bytes]) -> None:
    under_test, counts = splitter()
    fed = framed = 0
    for piece in pieces:
        fed += len(piece)
        framed += sum(map(len, under_test.feed(piece)))
        assert 0 <= fed - framed - counts.bytes_dropped_count < LONGEST
    under_test.clear()
    assert fed == framed + counts.bytes_dropped_count


def test_a_sync_word_inside_a_broken_frame_is_looked_at() -> None:
    under_test, counts = splitter()
    inner = frame(b"true")
    outer = bytearray(frame(b"ab" + inner + b"cd"))
    outer[-1] ^= 1
    assert under_test.feed(bytes(outer)) == [inner]
    assert counts.bad_checksum_count == 1
    assert counts.bytes_dropped_count == len(outer) - len(inner)


def test_a_length_beyond_the_bound_holds_nothing_back() -> None:
    under_test, counts = splitter()
    assert under_test.feed(b"\xfa\xff\xfe" + frame(b"x")) == [frame(b"x")]
    assert counts.bad_checksum_count == 0
    assert counts.bytes_dropped_count == 3


@pytest.mark.parametrize("tail", [b"\xfa", b"\xfa\xff", b"O", b"OK"])
def test_half_a_sync_word_waits_for_its_other_half(tail: bytes) -> None:
    under_test, counts = splitter()
    whole = frame(b"later") if tail[0] == 0xFA else b"OK!\r\n"
    assert under_test.feed(b"zz" + tail) == []
    assert under_test.feed(whole[len(tail) :]) == [whole]
    assert counts.bytes_dropped_count == 2


def test_after_garbage_the_nearest_format_comes_first() -> None:
    under_test, _ = splitter()
    for first, second in ((frame(b"a"), b"OK!\r\n"), (b"OK!\r\n", frame(b"a"))):
        assert under_test.feed(b"zz" + first + second) == [first, second]


def test_clear_forgets_half_a_frame() -> None:
    under_test, counts = splitter()
    under_test.feed(frame(b"abc")[:4])
    under_test.clear()
    assert under_test.feed(frame(b"new")) == [frame(b"new")]
    assert counts.bytes_dropped_count == 4
