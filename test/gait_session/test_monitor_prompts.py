# SPDX-License-Identifier: Apache-2.0
"""What is spoken, and when: one prompt at a time, none late, none over and over."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gait_session.monitor.prompts import Prompts, PromptSettings, speaking_s

LEFT, RIGHT = "longer step on the left", "stand longer on the right"


@pytest.fixture
def prompts():
    return Prompts(PromptSettings(repeat_after_s=8.0, longest_wait_s=1.0))


def test_words_are_spoken_at_once_and_only_once(prompts):
    assert prompts.feed(100.0, LEFT) == LEFT
    assert [prompts.feed(100.0 + 0.2 * tick, "") for tick in range(100)] == [""] * 100


def test_a_cue_without_words_is_silent(prompts):
    assert prompts.feed(0.0, "") == prompts.feed(0.1, " \n ") == ""


def test_space_makes_no_other_words(prompts):
    assert prompts.feed(0.0, f"  {LEFT}\n") == LEFT
    assert prompts.feed(4.0, LEFT.replace(" ", "  ")) == ""


def test_the_same_words_are_repeated_after_a_while(prompts):
    spoken_s = [tick / 10 for tick in range(300) if prompts.feed(tick / 10, LEFT)]
    assert spoken_s == [0.0, 8.0, 16.0, 24.0]


def test_other_words_wait_until_the_first_are_spoken(prompts):
    assert prompts.feed(0.0, LEFT) == LEFT
    end_s = speaking_s(LEFT)
    assert prompts.feed(end_s - 0.8, RIGHT) == prompts.feed(end_s - 0.1, "") == ""
    assert prompts.feed(end_s, "") == RIGHT


def test_words_that_waited_too_long_are_dropped(prompts):
    prompts.feed(0.0, LEFT)
    assert prompts.feed(speaking_s(LEFT) - 1.1, RIGHT) == ""
    assert [prompts.feed(speaking_s(LEFT) + tick, "") for tick in range(20)] == [""] * 20


def test_a_stall_drops_what_waits(prompts):
    prompts.feed(0.0, LEFT)
    prompts.feed(speaking_s(LEFT) - 0.2, RIGHT)
    assert prompts.feed(speaking_s(LEFT) + 0.9, "") == ""


def test_newer_words_take_the_place_of_those_that_wait(prompts):
    prompts.feed(0.0, LEFT)
    end_s = speaking_s(LEFT)
    prompts.feed(end_s - 0.6, RIGHT)
    prompts.feed(end_s - 0.3, "more weight on the left")
    assert prompts.feed(end_s, "") == "more weight on the left"
    assert prompts.feed(end_s + 0.4, "") == ""


def test_words_just_spoken_do_not_take_that_place(prompts):
    prompts.feed(0.0, LEFT)
    prompts.feed(speaking_s(LEFT) - 0.6, RIGHT)
    prompts.feed(speaking_s(LEFT) - 0.3, LEFT)
    assert prompts.feed(speaking_s(LEFT), "") == RIGHT


def test_without_patience_words_are_spoken_at_once_or_never():
    prompts = Prompts(PromptSettings(longest_wait_s=0.0))
    assert prompts.feed(0.0, LEFT) == LEFT
    assert prompts.feed(1.0, RIGHT) == ""
    assert prompts.feed(5.0, "") == ""
    assert prompts.feed(5.0, RIGHT) == RIGHT


def test_long_words_take_long():
    assert 1.5 < speaking_s(LEFT) < 3.0
    assert speaking_s(f"{LEFT} {RIGHT}") > speaking_s(LEFT) + 1.5


@settings(derandomize=True, deadline=None)
@given(st.lists(st.tuples(st.floats(0.0, 3.0), st.sampled_from(["", LEFT, RIGHT, "now"])), max_size=60))
def test_never_two_at_a_time_never_late_never_too_often(steps):
    prompts, now_s, spoken, came_s = Prompts(PromptSettings()), 0.0, [], {}
    for pause_s, text in steps:
        now_s += pause_s
        came_s[text] = now_s
        if words := prompts.feed(now_s, text):
            assert now_s - came_s[words] <= 1.0
            spoken.append((now_s, words))
    for (first_s, first), (second_s, _) in pairwise(spoken):
        assert second_s >= first_s + speaking_s(first)
    for words in {words for _, words in spoken}:
        times_s = [time_s for time_s, each in spoken if each == words]
        assert all(b - a >= 8.0 for a, b in pairwise(times_s))
