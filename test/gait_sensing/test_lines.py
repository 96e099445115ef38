# SPDX-License-Identifier: Apache-2.0
import re

import pytest

from gait_sensing.driver import WireCounts
from gait_sensing.wires.lines import INTEGER, NUMBER, LineSplitter


def found(splitter: LineSplitter, *pieces: bytes) -> list[bytes]:
    return [line[1] for piece in pieces for line in splitter.feed(piece)]


@pytest.mark.parametrize("text", [b"1", b"-1.50", b"+.5", b"7.", b"0" * 20])
def test_a_number_is(text: bytes) -> None:
    assert re.fullmatch(NUMBER, text)


@pytest.mark.parametrize("text", [b"", b"-", b".", b"nan", b"inf", b"ovf", b"1e3", b"1,5", b"--1", b" 1", b"0" * 21])
def test_a_number_is_not(text: bytes) -> None:
    assert not re.fullmatch(NUMBER, text)


def test_an_integer_has_no_point() -> None:
    assert re.fullmatch(INTEGER, b"-12")
    assert not re.fullmatch(INTEGER, b"12.")


def test_both_line_ends_and_any_cut() -> None:
    counts = WireCounts()
    splitter = LineSplitter(rb"(\d+)", 8, counts)
    assert found(splitter, b"1\r", b"\n2", b"3\n4", b"\r\n5\r\n6") == [b"1", b"23", b"4", b"5"]
    assert counts == WireCounts(frame_count=4)


def test_another_form_is_dropped_and_counted() -> None:
    counts = WireCounts()
    assert found(LineSplitter(rb"(\d+)", 8, counts), b"1\n\r\n2 \r\n\n3\n") == [b"1", b"3"]
    assert (counts.frame_count, counts.bytes_dropped_count) == (2, 7)


@pytest.mark.parametrize("cut", [1, 3, 100])
def test_no_tail_of_an_overlong_line_is_a_line(cut: int) -> None:
    counts = WireCounts()
    splitter = LineSplitter(rb"(\d+)", 8, counts)
    stream = b"1\n" + b"5" * 20 + b"\n12345678\n"
    assert found(splitter, *[stream[k : k + cut] for k in range(0, len(stream), cut)]) == [b"1", b"12345678"]
    assert counts.bytes_dropped_count == 21


def test_dropped_lines_in_a_row_are_one_resynchronisation() -> None:
    counts = WireCounts()
    splitter = LineSplitter(rb"(\d+)", 8, counts)
    assert found(splitter, b"1\na\nb\n", b"x" * 20, b"\n2\n", b"c\n3\n") == [b"1", b"2", b"3"]
    assert counts.resync_count == 2


def test_a_new_link_begins_a_new_line() -> None:
    counts = WireCounts()
    splitter = LineSplitter(rb"(\d+)", 8, counts)
    splitter.feed(b"55555555555")
    splitter.clear()
    assert found(splitter, b"1\n2") == [b"1"]
    splitter.clear()
    assert found(splitter, b"3\n") == [b"3"]
    assert counts.bytes_dropped_count == 12
