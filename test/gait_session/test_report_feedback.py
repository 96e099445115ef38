# SPDX-License-Identifier: Apache-2.0
"""What a report shows of feedback: what cues were about, whether it came nearer, what became of each, and how soon."""

import math
from dataclasses import replace

import numpy as np
import pytest
from gait_lab import msg

from gait_analysis.events import EventKind, GaitEvent, Source
from gait_analysis.gait import Asymmetry, GaitState, LimbState, MetricAsymmetry, Stride, Subphase
from gait_analysis.participant import Input, Participant
from gait_analysis.standing import Standing
from gait_parts.plugins import available, find
from gait_ros import messages
from gait_sensing.samples import Side
from gait_session.recording.reader import Recording
from gait_session.report import aim, feedback, summary
from gait_session.report.aim_figure import aim_panels
from gait_session.report.data import Walk, read_walk
from gait_session.report.writer import write_report

START_S, STRIDE_S = 1_790_000_000.25, 1.2
P7 = Participant(80.0, Side.LEFT)


def config(strategy, **settings):
    cue = {"strategy": strategy, **settings}
    return {"/**/feedback_node": {"ros__parameters": {"cue": cue}}}


def stride(side, number, **measured):
    end_s = START_S + number * STRIDE_S + (0.6 if side is Side.RIGHT else 0.0)
    start_s = end_s - STRIDE_S
    times = {"other_foot_off_s": 0.12, "other_contact_s": 0.5, "foot_off_s": 0.62, "end_s": 1.0}
    durations = {
        "stride_time_s": 1.0, "step_time_s": 0.5, "stance_time_s": 0.62, "swing_time_s": 0.38,
        "initial_double_support_time_s": 0.12, "terminal_double_support_time_s": 0.12, "single_support_time_s": 0.38,
    }  # fmt: skip
    values = {name: start_s + share * STRIDE_S for name, share in times.items()}
    values |= {name: share * STRIDE_S for name, share in durations.items()}
    return Stride(side, number, True, "", start_s, **{**values, "cadence_hz": 2.0 / STRIDE_S, **measured})


def walk_of(strategy, **settings):
    return Walk(start_s=START_S, end_s=START_S + 100.0, participant=P7, config=config(strategy, **settings))


def with_asymmetry(walk, values):
    for number, value in enumerate(values):
        metric = MetricAsymmetry("stance_time", "", value, value, 1.0 - value, 1.0 + value, "s", 1, 0)
        walk.asymmetries.append(Asymmetry(START_S + number, Side.LEFT, (metric,)))
    return walk


def receipt(number, result, text="", side=1, **stamps):
    made = msg.CueReceipt(number=number, side=side, result=result, text=text)
    for name, time_s in stamps.items():
        setattr(made, name, messages.to_stamp(time_s))
    return made


@pytest.mark.parametrize(
    ("last", "words"), [(0.02, "nearer by 8.0"), (0.18, "further away by 8.0"), (0.101, "no change beyond")]
)
def test_the_report_says_whether_the_number_came_nearer_to_the_target(last, words):
    noise = 0.004 * np.sin(np.arange(20) * 2.1)
    values = [0.3] * 10 + list(0.1 + noise) + [0.05] * 7 + list(last + noise)
    (row,) = aim.approach_table(with_asymmetry(walk_of("outside_band", band=0.05), values)).rows
    assert row[0] == "stance time asymmetry" and row[1].startswith("0.0") and row[4] == "20 each"
    assert row[2].startswith("10.0") and row[-1].startswith(words)
    assert row[-1].endswith("20 of the last 20 within the silent band") == (last == 0.02)


def test_too_few_strides_tell_nothing():
    (row,) = aim.approach_table(with_asymmetry(walk_of("outside_band"), [0.1] * 14)).rows
    assert row[-1] == "cannot tell: too few strides"


def test_no_block_holds_a_stride_twice():
    (course,) = aim.courses(with_asymmetry(walk_of("outside_band"), np.arange(31) / 100.0))
    first, last, retained = course.blocks(math.inf)
    assert len(first) == len(last) == 10 and first.max() < last.min() and first.min() == pytest.approx(10.0)
    assert len(retained) == 0
    first, last, retained = course.blocks(20.0)
    assert [len(first), len(last), len(retained)] == [5, 5, 11] and last.max() < retained.min()


def test_what_stayed_in_retention_stands_beside_the_blocks_with_cues():
    walk = with_asymmetry(walk_of("outside_band"), [0.1] * 30 + [0.02] * 20 + [0.06] * 20)
    message = msg.FeedbackState(schedule_text="retention: no cues after 2 blocks of 25 strides")
    message.header.stamp = messages.to_stamp(START_S + 50.0)
    walk.feedback.append(message)
    table = aim.approach_table(walk)
    assert table.head[-1] == "in retention" and table.rows[0][3].startswith("2.0")
    assert table.rows[0][-1] == "6.0\N{NO-BREAK SPACE}%, last 20"


BANDED = {
    "stance_time_target": ({"change": 0.1}, "stance_time_s", 0.7),
    "push_off": ({"change": 0.2, "band_share": 0.02}, "propulsion_impulse_bws", 0.03),
    "posture": ({"measure": "hip_drop", "change_rad": -0.03, "band_rad": 0.01}, "pelvic_obliquity_mid_stance_rad", 0.1),
}


@pytest.mark.parametrize("name", BANDED)
def test_target_and_silent_band_are_those_of_the_strategy(name):
    given, field, value = BANDED[name]
    walk = walk_of(name, settling_strides_count=3, baseline_strides_count=8, **given)
    found = walk.cue_settings()
    strategy = find("gait_feedback.cues", name).Strategy(found[1], Side.LEFT)
    factors = 1.0 + 0.25 * np.sin(1.7 * np.arange(60)) * (np.arange(60) > 11) + 0.01 * np.cos(np.arange(60))
    cued = []
    for number, factor in enumerate(factors, start=1):
        made = stride(Side.LEFT, number, **{field: value * factor})
        contact = GaitEvent(made.end_s, made.end_s + 0.01, Side.LEFT, EventKind.INITIAL_CONTACT, Source.FORCE, 1.0)
        limbs = [LimbState(side, None, Subphase.UNKNOWN, math.nan, math.nan, math.nan, "") for side in Side]
        state = GaitState(made.end_s + 0.01, made.end_s + 0.01, *limbs, math.nan, math.nan)
        cued.append(any([strategy.feed(each) for each in (state, contact, made)]))
        walk.strides.append(made)
    (course,) = aim.courses(walk)
    outside = (course.values < course.low) | (course.values > course.high)
    assert 5 < sum(cued) < 45
    assert list(outside[11:]) == cued[11:]


def test_a_strategy_that_could_not_run_has_no_target_and_no_band():
    walk = walk_of("outside_bandd")
    assert walk.cue_settings() is None and walk.cue_band() is None


def test_every_course_is_of_a_strategy_and_weight_and_cadence_have_theirs():
    assert set(aim._COURSES) <= set(available("gait_feedback.cues"))
    walk = walk_of("rhythm", cadence_change=0.1, settling_strides_count=2, baseline_strides_count=5)
    walk.strides = [stride(Side.RIGHT, number) for number in range(1, 30)]
    (course,) = aim.courses(walk)
    assert course.target == pytest.approx(1.1 * 100.0) and course.values[0] == pytest.approx(100.0)
    walk = walk_of("weight_shift_target", target=0.5)
    walk.standings = [Standing(START_S + 0.5 * n, n > 2, shift_share=0.3 if n > 2 else math.nan) for n in range(20)]
    (course,) = aim.courses(walk)
    assert len(course.values) == 17 and (course.values[0], course.target) == (30.0, 50.0)
    assert aim.courses(walk_of("phase_locked_pulse")) == []
    assert aim.courses(Walk()) == [] and aim_panels(Walk()) == ""


def test_the_ledger_has_percentiles_and_counts_of_every_part_of_the_way():
    walk = walk_of("outside_band")
    for number in range(100):
        event_s = START_S + number
        stamps = {"event": event_s, "detected": event_s + 0.01, "decided": event_s + 0.012, "sent": event_s + 0.013}
        made = receipt(number, msg.CueReceipt.SENT, **stamps)
        if number % 2:
            made.is_acknowledged, made.acknowledged = True, messages.to_stamp(event_s + 0.013 + 0.001 * number)
        walk.receipts.append(made)
    walk.receipts.append(receipt(101, msg.CueReceipt.DROPPED_LATE, event=START_S, decided=START_S + 9.0))
    rows = {row[0].replace("\N{RIGHTWARDS ARROW}", "to"): row[1:] for row in feedback.latency_table(walk).rows}
    ms = "\N{NO-BREAK SPACE}ms"
    assert rows["event to detected"] == ("100", *[f"10.0{ms}"] * 4)
    assert rows["detected to decided"][1] == f"2.0{ms}" and rows["decided to bytes"][1] == f"1.0{ms}"
    assert rows["event to bytes"][0] == "100" and rows["event to bytes"][3] == f"13.0{ms}"
    counted, p50, p95, p99, longest = rows["bytes to acknowledged"]
    expected = [f"{value:.1f}{ms}" for value in np.percentile(np.arange(1, 100, 2), [50, 95, 99, 100])]
    assert counted == "50" and [p50, p95, p99, longest] == expected


def test_a_device_that_acknowledges_nothing_has_no_time_for_it():
    walk = walk_of("outside_band")
    walk.receipts = [receipt(1, msg.CueReceipt.SENT, event=START_S, decided=START_S, sent=START_S, detected=START_S)]
    rows = {row[0].split()[0]: row[1:] for row in feedback.latency_table(walk).rows}
    assert rows["bytes"] == ("0", *["not measured"] * 4)


def test_cues_are_counted_by_what_became_of_them_and_why():
    walk = walk_of("outside_band")
    texts = ["catch stride: withheld"] * 3 + [
        "paused: speed is worse by 31 percent",
        "paused: speed is worse by 40 percent",
    ]
    walk.receipts = [receipt(n, msg.CueReceipt.WITHHELD, text, side=1 + n % 2) for n, text in enumerate(texts)]
    walk.receipts.append(receipt(9, msg.CueReceipt.DROPPED_LIMIT, "80 cues in the last minute are enough"))
    sent = [receipt(10, msg.CueReceipt.SENT, text) for text in ("", "not acknowledged within 0.25 s")]
    rows = feedback.cue_table(replace(walk, receipts=sent)).rows
    assert [row[1] for row in rows] == [
        "not acknowledged: this device never does",
        "not acknowledged within \N{HORIZONTAL ELLIPSIS} s",
    ]
    rows = feedback.cue_table(walk).rows
    assert [(row[0], row[-1]) for row in rows] == [("dropped: limit", "1"), ("withheld", "3"), ("withheld", "2")]
    assert rows[1][2:4] == ("2", "1") and "paused" in rows[2][1]
    assert any("5 were withheld on purpose; 1 were dropped" in text for text in summary.sentences(walk))


def test_what_guard_and_schedule_said_is_shown_once_for_each_change():
    walk = walk_of("outside_band")
    for second, (level, text) in enumerate(
        [(0, ""), (0, ""), (2, "cues paused: 0.71 m/s"), (2, "cues paused: 0.69 m/s"), (0, "no baseline yet")]
    ):
        message = msg.FeedbackState(strategy="outside_band", law="self_paced", guard_level=level, guard_text=text)
        message.header.stamp = messages.to_stamp(START_S + second)
        walk.feedback.append(message)
    rows = feedback.state_table(walk).rows
    assert [row[0].split("\N{NO-BREAK SPACE}")[0] for row in rows] == ["0.0", "2.0", "4.0"]
    assert "paused" in rows[1][1] and [rows[0][1], rows[2][1]] == ["cues pass", "no baseline yet"]
    assert feedback.state_table(walk).head[-1] == "schedule"
    walk.feedback[-1].law_text = "no gait state within 0.15 s"
    assert feedback.state_table(walk).rows[-1][-1] == "no gait state within 0.15 s"
    assert feedback.parts_words(walk) == "Cue strategy: outside_band. Belt law: self_paced."


def test_cues_catch_strides_and_retention_are_marked_in_the_figure():
    walk = with_asymmetry(walk_of("outside_band"), 0.1 + 0.01 * np.sin(np.arange(40)))
    kinds = {
        "catch stride: so": msg.CueReceipt.WITHHELD,
        "retention: so": msg.CueReceipt.WITHHELD,
        "": msg.CueReceipt.SENT,
    }
    for number, (text, result) in enumerate(kinds.items()):
        walk.receipts.append(receipt(number, result, text, decided=START_S + 20.0, sent=START_S + 20.0))
    message = msg.FeedbackState(schedule_text="retention: no cues after 1 blocks of 50 strides")
    message.header.stamp = messages.to_stamp(START_S + 30.0)
    walk.feedback.append(message)
    drawn = aim_panels(walk)
    for words in (
        "cue sent",
        "catch stride: cue withheld",
        "retention: cue withheld",
        "no cue is called for",
        "target",
    ):
        assert words in drawn, words
    assert "retention or quiet" in drawn and "stability guard" not in drawn and "withheld otherwise" not in drawn


def test_a_side_s_panel_has_the_cues_of_that_side():
    walk = walk_of("stance_time_target", limb="left")
    walk.strides = [stride(Side.LEFT, number) for number in range(1, 40)]
    walk.receipts = [receipt(1, msg.CueReceipt.SENT, side=2, sent=START_S + 20.0)]
    assert "cue sent" not in aim_panels(walk)
    walk.receipts.append(receipt(2, msg.CueReceipt.SENT, side=1, sent=START_S + 20.0))
    assert "cue sent" in aim_panels(walk)


def test_strides_that_end_after_the_session_are_left_out(make_lab):
    lab = make_lab()
    lab.walk(20.0)
    lab.end(after_s=10.0)
    found = read_walk(Recording(lab.recorder.writer.folder))
    assert found.end_s == START_S + 10.0 and len(found.strides) > 10
    for times_s in (
        [each.end_s for each in found.strides],
        [each.time_s for each in found.events],
        [each.time_s for each in found.asymmetries],
    ):
        assert START_S + 8.0 < max(times_s) <= START_S + 10.0


@pytest.mark.parametrize("source", [Input.SIMULATED, Input.LIVE])
def test_the_page_says_of_feedback_to_a_simulated_walker_that_it_is_simulated(make_lab, source):
    lab = make_lab(input=source)
    lab.walk(5.0)
    lab.end()
    report = write_report(lab.recorder.writer.folder)
    page, receipts = report.read_text(encoding="utf-8"), lab.recorder.sent["/feedback/receipt"]
    ledger = report.with_name("report_cues.csv").read_text(encoding="utf-8").splitlines()
    assert len(ledger) == 1 + len(receipts) and "report_cues.csv" in page
    assert (feedback.SIMULATED in page) == (source is Input.SIMULATED)
