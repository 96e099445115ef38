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
        names = ("walks", "scoring", "environments", "existing_tools")
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
    assert not np.any(result.stride_error_s) and not np.any(np.abs(result.stance_error) > 1e-12)


def test_a_missing_and_a_false_event_count_once_each(score):
    found = [(time_s, kind, 0) for time_s, kind, _ in truth() if (time_s, kind) != (5.0, "IC")]
    result = score([*found, (7.4, "IC", 0), (7.05, "IC", 0)])
    assert result.f1("IC") == 2 * 9 / (10 + 11) and result.f1("TO") == 1.0
    assert len(result.stride_error_s) == 7  # two strides have the missing contact


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


def test_contacts_between_walking_bouts_are_left_out_of_the_figure_in_bouts(compare):
    reference_s = np.array([1.0, 1.5, 2.0, 10.0, 10.5])
    found_s = np.array([1.0, 1.5, 5.0, 6.0, 10.0, 10.5, 20.0])
    assert compare["scoring"]._in_bouts(reference_s, found_s, 0.25) == (4, 4)


def test_ours_is_no_worse_than_a_filter_and_a_threshold(compare, data_folder, tmp_path):
    environments, script = compare["environments"], compare["existing_tools"]
    tools = {tool.module: tool for tool in environments.TOOLS}
    results = {}
    for name in ("with_gait_lab", "with_scipy"):
        for walk_name, some in script.outcomes(
            environments.run(tools[name], data_folder, tmp_path), data_folder
        ).items():
            results.setdefault(walk_name, []).extend(some)
    ours, whole, scipy = results["Camargo"]
    assert (ours.pipeline, whole.pipeline, scipy.pipeline) == (
        script.OURS,
        "ours: whole analysis",
        "scipy: 20 Hz, 20 N",
    )
    for kind in ("IC", "TO"):
        assert ours.score.f1(kind) == whole.score.f1(kind) >= scipy.score.f1(kind)
        size_s, other_s = (np.median(np.abs(each.score.error_s[kind])) for each in (ours, scipy))
        assert size_s <= other_s
    for walk in compare["walks"].WALKS:
        for outcome in results.get(walk.name, []):
            assert script.row_of(walk, outcome).count("|") == script.HEAD.splitlines()[2].count("|")
