# SPDX-License-Identifier: Apache-2.0
"""What the clinic reads in the report: deviations, standing, baseline, norm, sources and what was left out, counted."""

import math
from collections import Counter

import pytest

from gait_analysis.events import EventFlag, EventKind, GaitEvent, Source
from gait_analysis.gait import Asymmetry, MetricAsymmetry, Presence, StrideDeviation
from gait_analysis.participant import Participant
from gait_analysis.standing import Standing
from gait_analysis.strides.strides import StrideTimes, timed_stride
from gait_sensing.samples import Side
from gait_session.recording.reader import Recording
from gait_session.report import asymmetry, figures, summary, walking
from gait_session.report.data import Walk, read_walk
from gait_session.report.writer import write_report
from gait_session.stride_verdicts import reason_kind, rejected_kinds, verdicts

LEFT, RIGHT, NAN = Side.LEFT, Side.RIGHT, math.nan
SPACE, MINUS, DOTS = "\N{NO-BREAK SPACE}", "\N{MINUS SIGN}", "\N{HORIZONTAL ELLIPSIS}"
INDEX = "(S - P) / (S + P), S sound, P prosthetic; positive: larger on the sound side"
RATIO = "S / P, S sound, P prosthetic; above 1: larger on the sound side"


def stride(side, number, reason="", judged=()):
    start_s = 100.0 + 1.2 * number
    times = StrideTimes(side, number, reason, start_s, start_s + 0.1, start_s + 0.6, start_s + 0.7, start_s + 1.2)
    return timed_stride(times)._replace(deviations=tuple(judged))


def present(name, text, amount):
    return StrideDeviation(name, Presence.PRESENT, text, amount, "1")


def absent(name):
    return StrideDeviation(name, Presence.ABSENT)


def untold(name, text):
    return StrideDeviation(name, Presence.UNTOLD, text)


def walk_with(**content):
    return Walk(start_s=100.0, end_s=160.0, participant=Participant(80.0, LEFT, "transtibial"), **content)


def metric(value, name="stance_time", **others):
    numbers = {"rolling_median": value, "prosthetic_value": 0.6, "sound_value": 0.66, "unit": "s"}
    counts = {"strides_used_count": 7, "strides_rejected_count": 0}
    return MetricAsymmetry(**{"name": name, "index": INDEX, "value": value, **numbers, **counts, **others})


def asymmetries(*pairs):
    return [Asymmetry(100.0 + second, LEFT, metrics) for second, metrics in enumerate(pairs)]


def test_each_stride_counts_once_as_found_absent_or_untold():
    drag = "the foot touches the ground in swing with {:.0%} of body weight"
    drags = [present("foot drag", drag.format(load_bw), load_bw) for load_bw in (0.09, 0.14, 0.11)]
    lean = untold("trunk lean", "no lean of the trunk")
    early = untold("hip drop", "fewer than 3 accepted strides of each side")
    walked = walk_with(
        strides=[
            stride(LEFT, 1, judged=[drags[0], lean]),
            stride(LEFT, 2, judged=[drags[1], lean]),
            stride(LEFT, 3, judged=[drags[2], lean, absent("hip drop")]),
            stride(LEFT, 4, judged=[lean, early, absent("foot drag")]),
            stride(RIGHT, 4),
        ],
        config={
            "/**/analysis_node": {
                "ros__parameters": {"deviations": ["foot_drag", "trunk_lean", "hip_drop", "short_step"]}
            }
        },
    )
    rows = {row.name: row for row in walking.deviation_rows(walked)}
    counts = {name: (row.found_count, row.absent_count, row.untold_count) for name, row in rows.items()}
    assert counts == {
        "foot drag": (3, 1, 0),
        "trunk lean": (0, 0, 4),
        "hip drop": (0, 1, 1),
        "short prosthetic step": (0, 0, 0),
    }
    assert {row.side for row in rows.values()} == {"left, prosthetic", ""}
    assert rows["foot drag"].words == f"At 3.6{SPACE}s: the foot touches the ground in swing with 14% of body weight."
    assert (rows["trunk lean"].words, rows["trunk lean"].untold) == ("", "no lean of the trunk (4)")
    assert rows["hip drop"].words == "Not seen in any stride that could be judged."
    assert rows["hip drop"].untold == "fewer than 3 accepted strides of each side (1)"
    assert rows["short prosthetic step"].untold == "no stride had what it is judged by"
    assert "Deviations found: foot drag (in 3 of 4 strides)." in summary.sentences(walked)


def test_what_is_looked_for_on_a_prosthesis_says_so_without_one():
    walked = walk_with(strides=[stride(LEFT, 1), stride(RIGHT, 1)])
    walked.participant = Participant(80.0, None)
    assert {row.untold for row in walking.deviation_rows(walked)} == {"no side is named as the prosthesis"}
    assert len(walking.deviation_rows(walked)) == 7
    assert {row.untold for row in walking.deviation_rows(Walk())} == {"no accepted strides of both sides"}


def test_posture_is_told_of_both_sides_alike():
    leaning = {"trunk_lean_mid_stance_rad": math.radians(3.0), "pelvic_obliquity_mid_stance_rad": math.radians(2.0)}
    walked = walk_with(
        strides=[
            stride(LEFT, 1)._replace(foot_clearance_m=0.012, **leaning),
            stride(LEFT, 2)._replace(foot_clearance_m=0.014, foot_pitch_at_contact_rad=math.radians(-20.0)),
            stride(RIGHT, 1)._replace(**leaning),
            stride(RIGHT, 2, "too long")._replace(foot_clearance_m=0.5),
        ]
    )
    rows = {row[0]: row[1:] for row in walking.posture_table(walked).rows}
    assert rows["foot clearance in swing"] == (f"1.3{SPACE}cm", "2 of 2", "cannot tell", "0 of 1")
    assert rows["toes up at contact"][:2] == (f"20.0{SPACE}\N{DEGREE SIGN}", "1 of 2")
    lean, drop = rows["lean of the trunk over the standing leg"], rows["drop of the pelvis on the swinging side"]
    assert (lean[0], lean[2]) == (f"{MINUS}3.0{SPACE}\N{DEGREE SIGN}", f"3.0{SPACE}\N{DEGREE SIGN}")
    assert (drop[0], drop[2]) == (f"2.0{SPACE}\N{DEGREE SIGN}", f"{MINUS}2.0{SPACE}\N{DEGREE SIGN}")


def test_the_most_telling_stride_has_the_largest_amount():
    strides = [stride(LEFT, number, judged=[present("limp", "", amount)]) for number, amount in enumerate((2, 3, 1))]
    (one,) = verdicts(strides, [])["limp"]
    assert one.most_telling[0].number == 1


def test_baseline_norm_and_change_stand_beside_the_value():
    last = metric(
        0.08,
        baseline=0.06,
        baseline_sd=0.01,
        change=0.02,
        norm=0.0196,
        norm_source="Cutti et al. 2018",
        rolling_median=0.08,
    )
    without = metric(-0.05, "step_time", norm_source="none known for this level")
    walked = walk_with(asymmetries=asymmetries((metric(0.05), without), (last, without)))
    stance, step = asymmetry.reference_table(walked).rows
    assert stance == (
        "stance time",
        f"+8.0{SPACE}%",
        "7",
        f"+6.0{SPACE}% \N{PLUS-MINUS SIGN} 1.0{SPACE}%",
        f"+2.0{SPACE}% (+2.0{SPACE}SD)",
        f"+2.0{SPACE}% [1]",
    )
    assert step[3:] == ("cannot tell: 2 of 20 pairs", "cannot tell", "none")
    assert asymmetry.norm_sources(walked) == ["Cutti et al. 2018"]
    assert asymmetry.norms_lacking(walked) == ["none known for this level (step time)"]


def test_a_ratio_is_no_percentage_and_the_larger_side_is_that_of_the_values():
    walked = walk_with(asymmetries=asymmetries((metric(1.1, index=RATIO, rolling_median=1.1),)))
    assert asymmetry.asymmetry_table(walked).rows[0][3] == "1.100"
    assert "Stance time lasts longer on the sound side: asymmetry 1.100, median of 1 pairs." in summary.sentences(
        walked
    )
    robinson = "(P - S) / (0.5 (P + S)), S sound, P prosthetic; positive: larger on the prosthetic side"
    walked = walk_with(asymmetries=asymmetries((metric(-0.095, index=robinson),)))
    assert any("longer on the sound side" in text for text in summary.sentences(walked))
    assert figures.asymmetry_panels(walked).count("Stance time asymmetry, %") == 1


def test_an_undefined_pair_is_counted():
    walked = walk_with(asymmetries=asymmetries((metric(0.05),), (metric(NAN),), (metric(0.07),)))
    assert asymmetry.asymmetry_table(walked).rows[0][-1] == "2 of 3"


def test_variability_has_its_counts():
    varied = metric(
        0.05, prosthetic_sd=0.02, prosthetic_cv=0.03, prosthetic_strides_count=10, sound_strides_count=2, sound_sd=NAN
    )
    (row,) = asymmetry.variability_table(walk_with(asymmetries=asymmetries((varied,)))).rows
    assert row == ("stance time", f"0.020{SPACE}s", f"3.0{SPACE}%", "10", "not measured", "not measured", "2")


def test_the_parts_of_step_length_add_up():
    def pair(*values):
        return tuple(
            metric(v, f"step_length_{part}") for part, v in zip(("placement", "timing", "speed"), values, strict=True)
        )

    walked = walk_with(asymmetries=asymmetries(pair(0.04, -0.10, 0.0), pair(0.02, -0.06, 0.01), pair(NAN, -0.5, 0.0)))
    rows = asymmetry.split_table(walked).rows
    assert [(row[0], row[4], row[5]) for row in rows] == [
        ("placement", f"+3.0{SPACE}%", "2"),
        ("timing", f"{MINUS}8.0{SPACE}%", "2"),
        ("speed", f"+0.5{SPACE}%", "2"),
        ("step length, sum", f"{MINUS}4.5{SPACE}%", "2"),
    ]
    assert asymmetry.asymmetry_table(walked).rows == []  # they have a table of their own
    assert asymmetry.split_table(walk_with()).rows == []


def event(time_s, source=Source.FORCE, side=LEFT, flags=EventFlag.NONE, confidence=1.0, **others):
    return GaitEvent(
        100.0 + time_s, 100.0 + time_s, side, EventKind.INITIAL_CONTACT, source, confidence, flags, **others
    )


def test_sources_are_told_from_when_to_when():
    walked = walk_with(
        events=[event(1.0), event(2.2), event(3.4, Source.IMU, confidence=0.6), event(4.6), event(2.0, side=RIGHT)]
    )
    assert [(*row[:2], *row[3:6]) for row in walking.source_table(walked).rows] == [
        ("left, prosthetic", "force", f"1.0{SPACE}s", f"2.2{SPACE}s", "2"),
        ("left, prosthetic", "imu", f"3.4{SPACE}s", f"3.4{SPACE}s", "1"),
        ("left, prosthetic", "force", f"4.6{SPACE}s", f"4.6{SPACE}s", "1"),
        ("right, sound", "force", f"2.0{SPACE}s", f"2.0{SPACE}s", "1"),
    ]
    assert walking.source_table(walked).rows[1][6] == "0.60"
    figure = figures.timeline(walked)
    assert "contact told by force" in figure and "contact told by imu" in figure
    assert "prosthesis<" not in figure and "stride left out" not in figure


def test_another_sensor_and_doubts_are_told():
    doubts = [f"pelvis agrees with {count} of the last 5 events of left_belt" for count in (1, 2)]
    walked = walk_with(
        events=[
            event(1.0, sensor="left_belt", reason=doubts[0]),
            event(2.0, sensor="left_belt", reason=doubts[1]),
            event(3.0, sensor="belt"),
        ]
    )
    assert [(row[2], row[5]) for row in walking.source_table(walked).rows] == [("left_belt", "2"), ("belt", "1")]
    kind = f"pelvis agrees with {DOTS} of the last {DOTS} events of left_belt"
    assert walking.doubt_table(walked).rows == [(kind, "2", "0", "2")]


def test_a_long_table_says_what_it_leaves_out():
    walked = walk_with(events=[event(n, (Source.FORCE, Source.IMU)[n % 2]) for n in range(50)])
    rows = walking.source_table(walked).rows
    assert len(rows) == 21 and rows[-1][0] == "and 30 more changes of source"


def test_flags_and_reasons_are_counted_by_side():
    walked = walk_with(
        events=[event(1.0, flags=EventFlag.CROSS_STEP | EventFlag.IRREGULAR), event(2.2), event(2.0, side=RIGHT)],
        strides=[
            stride(LEFT, 1, "stride time 1.256 s is not within 20% of the mean 1.770 s"),
            stride(RIGHT, 1, "stride time 0.911 s is not within 20% of the mean 1.218 s"),
            stride(LEFT, 2, "cross step: the left foot is on this plate, too"),
            stride(LEFT, 3),
        ],
    )
    left, right = walking.event_table(walked).rows
    assert left[3:] == ("1", "2", "1 of 2", "1 of 2", "0 of 2") and right[3:] == (
        "0",
        "1",
        "0 of 1",
        "0 of 1",
        "0 of 1",
    )
    kind = f"stride time {DOTS} s is not within {DOTS}% of the mean {DOTS} s"
    assert walking.reason_table(walked).rows == [
        (kind, "1", "1", "2"),
        ("cross step: the left foot is on this plate, too", "1", "0", "1"),
    ]
    walked.strides.pop(1)  # of one alone, the numbers are told
    assert walking.reason_table(walked).rows[0][0] == "stride time 1.256 s is not within 20% of the mean 1.770 s"
    assert walking.rejected_table(walked).rows[0] == (
        f"1.2{SPACE}s", "left, prosthetic", "1", "stride time 1.256 s is not within 20% of the mean 1.770 s"
    )  # fmt: skip
    assert "stride left out" in figures.timeline(walked)
    assert "cross step or out of sequence" in figures.timeline(walked)
    assert rejected_kinds([stride(LEFT, 1)]) == {} and reason_kind("lasts -1.5e3 m") != "lasts -1.5e3 m"


def test_the_share_of_valid_phase_comes_with_its_reasons():
    walked = walk_with()
    walked.phases = {
        LEFT: Counter({"": 750, "2 more strides needed": 100, "1 more strides needed": 150}),
        RIGHT: Counter(),
    }
    assert walking.phase_table(walked).rows == [
        ("left, prosthetic", f"75.0{SPACE}%", "1000", f"{DOTS} more strides needed (250)"),
        ("right, sound", "not measured", "0", ""),
    ]


def standing(time_s, is_standing=True, **numbers):
    given = {"left_load_bw": 0.4, "right_load_bw": 0.6, "window_s": 2.0, "sway_path_m": 0.02, "sway_velocity_mps": 0.01}
    given |= {"sway_ellipse_m2": 5e-5}
    return Standing(
        100.0 + time_s,
        is_standing,
        "" if is_standing else "the left foot is off the ground",
        **(given | numbers if is_standing else {}),
    )


def test_standing_tells_weight_and_sway_of_each_time():
    walked = walk_with(
        standings=[standing(3.0), standing(3.5, window_s=2.5), standing(4.0, False), standing(9.0, sway_path_m=NAN)]
    )
    table = walking.standing_table(walked)
    assert table.rows[0] == (
        f"1.0{SPACE}s", f"3.5{SPACE}s", f"40.0{SPACE}% (0.40{SPACE}BW)", f"60.0{SPACE}% (0.60{SPACE}BW)",
        f"2.5{SPACE}s", f"20{SPACE}mm", f"10.0{SPACE}mm/s", f"50{SPACE}mm\N{SUPERSCRIPT TWO}",
    )  # fmt: skip
    assert table.rows[1][5] == "not measured" and len(table.head) == 8
    assert walking.not_standing(walked) == "the left foot is off the ground (1)"
    both = walk_with(
        standings=[standing(-4.0), standing(-3.5), standing(0.5, window_s=0.5), standing(1.0, window_s=1.0)]
    )
    at = [row[:2] for row in walking.standing_table(both).rows]
    assert at == [(f"{MINUS}6.0{SPACE}s", f"{MINUS}3.5{SPACE}s"), (f"0.0{SPACE}s", f"1.0{SPACE}s")]
    shifted = walk_with(standings=[standing(3.0, shift_error_rms=0.04, shift_in_band=0.8)])
    assert walking.standing_table(shifted).rows[0][-1] == (
        f"error 4.0{SPACE}% RMS, 80.0{SPACE}% of the time within its band"
    )


def test_a_recorded_session_has_it_all(walk):
    found = read_walk(Recording(walk[0]))
    counted = found.verdicts()
    assert len(counted) == 7 and counted["trunk lean"][0].untold
    left = [each for each in found.strides if each.side is LEFT and each.is_accepted]
    told = [sum((one.told_count, one.untold.total())) for sides in counted.values() for one in sides]
    assert set(told) <= {len(left), len(left) - 1}  # the first one may have no partner
    assert found.phases[LEFT][""] > 0.5 * found.phases[LEFT].total() > 0
    assert found.standings
    text = write_report(walk[0]).read_text(encoding="utf-8")
    for words in (
        "no lean of the trunk",
        "Own baseline",
        "the level of amputation is not told",
        "phase valid",
        "contact told by force",
        "nobody stood on both feet for long enough",
    ):
        assert words in text, words


@pytest.mark.parametrize(
    ("level", "words"),
    [("transfemoral_microprocessor_knee", "transfemoral microprocessor knee"), ("unknown", "level not told")],
)
def test_the_level_stands_at_the_top(level, words):
    walked = walk_with()
    walked.participant = Participant(80.0, LEFT, level)
    assert summary.header(walked)["level"] == words
