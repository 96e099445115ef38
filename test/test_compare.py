# SPDX-License-Identifier: Apache-2.0
"""The comparison with other tools: its scorer, and that ours and scipy, which need no environment of their own, run."""

import importlib
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).resolve().parents[1] / "benchmarks" / "compare"
CONTACTS_S = np.arange(1.0, 11.0)
OFFS_S = CONTACTS_S[:-1] + 0.6


@pytest.fixture(scope="module")
def compare():
    """The modules of the comparison by name; they import each other from their own folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))
        names = ("walks", "scoring", "environments", "reporting", "existing_tools")
        yield {name: importlib.import_module(name) for name in names}
        for name in names:
            del sys.modules[name]


@pytest.fixture
def score(compare, tmp_path):
    """Score events against ``CONTACTS_S`` and ``OFFS_S``; ``found`` as (time, kind, doubtful)."""
    walk = replace(compare["walks"].WALKS[0], reference="reference.csv", side="", window_s=0.15)

    def write(name, rows):
        lines = ["time_s,side,event,is_doubtful", *(f"{time_s},left,{kind},{doubt}" for time_s, kind, doubt in rows)]
        (tmp_path / name).write_text("\n".join(lines))
        return tmp_path / name

    def of(found, **changes):
        write("reference.csv", truth())
        return compare["scoring"].score(replace(walk, **changes), tmp_path, write("found.csv", found))

    return of


def truth(offset_s=0.0):
    return [
        (time_s + offset_s, kind, 0) for kind, times_s in (("IC", CONTACTS_S), ("TO", OFFS_S)) for time_s in times_s
    ]


def test_true_events_have_no_errors(score):
    result = score(truth())
    assert result.f1("IC") == result.f1("TO") == 1.0
    assert result.stride_count == len(result.stride_error_s) == len(result.stance_error) == 9
    assert not any(result.stride_error_s.values()) and not np.any(np.abs(result.stance_error) > 1e-12)


def test_a_missing_and_a_false_event_count_once_each(score):
    found = [(time_s, kind, 0) for time_s, kind, _ in truth() if (time_s, kind) != (5.0, "IC")]
    result = score([*found, (7.4, "IC", 0), (7.05, "IC", 0)])
    assert result.f1("IC") == 2 * 9 / (10 + 11) and result.f1("TO") == 1.0
    assert len(result.stride_error_s) == 7  # two strides have the missing contact
    assert ("", 3) not in result.stride_error_s and ("", 4) not in result.stride_error_s


def test_events_beyond_the_reference_do_not_count(score):
    assert score([*truth(), (0.2, "IC", 0), (12.0, "TO", 0)]).f1("IC") == 1.0


def test_an_offset_is_taken_off_where_clocks_differ_and_only_there(score):
    apart = score(truth(0.06), is_clock_shared=False)
    assert np.all(np.abs(apart.error_s["IC"]) < 1e-9)
    assert np.median(score(truth(0.06)).error_s["IC"]) == pytest.approx(0.06)


def test_a_doubtful_event_counts_as_found_but_its_strides_are_left_out(score):
    found = [(time_s, kind, int((time_s, kind) == (5.0, "IC"))) for time_s, kind, _ in truth()]
    result = score(found)
    assert result.f1("IC") == 1.0 and len(result.stride_error_s) == 7


def test_stride_times_are_compared_on_the_strides_of_both(compare, score):
    late = score([(time_s + 0.04 * (time_s == 5.0), kind, 0) for time_s, kind, _ in truth()])
    without = score([row for row in truth() if row[:2] != (4.0, "IC")])
    its_ms, both_ms, ours_ms = compare["reporting"].stride_rms_ms(late, without)
    assert its_ms == pytest.approx(40.0 * (2 / 9) ** 0.5) and both_ms == pytest.approx(40.0 * (1 / 7) ** 0.5)
    assert ours_ms == pytest.approx(0.0)


def test_contacts_between_walking_bouts_are_left_out_of_the_figure_in_bouts(compare):
    reference_s = np.array([1.0, 1.5, 2.0, 10.0, 10.5])
    found_s = np.array([1.0, 1.5, 5.0, 6.0, 10.0, 10.5, 20.0])
    assert compare["scoring"]._in_bouts(reference_s, found_s, 0.25) == (4, 4)


def test_ours_is_no_worse_than_a_filter_and_a_threshold(compare, data_folder, tmp_path):
    environments, script, reporting = (compare[name] for name in ("environments", "existing_tools", "reporting"))
    tools = {tool.module: tool for tool in environments.TOOLS}
    results = {}
    for name in ("with_gait_lab", "with_scipy"):
        found = environments.run(tools[name], data_folder, tmp_path, ("gaitmap left", "lower back ha002", "Camargo"))
        for recording, some in script.outcomes(found, data_folder).items():
            results.setdefault(recording, []).extend(some)
    ours, whole, with_states, scipy = results["Camargo"]
    assert ours.pipeline == reporting.OURS and scipy.pipeline == "scipy: 20 Hz, 20 N"
    for kind in ("IC", "TO"):
        assert ours.score.f1(kind) == whole.score.f1(kind) == with_states.score.f1(kind) >= scipy.score.f1(kind)
        size_s, other_s = (np.median(np.abs(each.score.error_s[kind])) for each in (ours, scipy))
        assert size_s <= other_s
    for walk in compare["walks"].WALKS:
        head = reporting.BACK_HEAD if walk.kind == "back" else reporting.HEAD
        for outcome in results.get(walk.name, []):
            row = reporting.row_of(walk, outcome, results[walk.name][0].score)
            assert row.count("|") == head.splitlines()[2].count("|")
