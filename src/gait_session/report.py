# SPDX-License-Identifier: Apache-2.0
"""Writes the report of a recording: one HTML file that opens anywhere and refers to nothing outside itself."""

from pathlib import Path

import jinja2
from markupsafe import Markup

from gait_sensing.samples import Side
from gait_session import message_values as values
from gait_session import (
    report_asymmetry,
    report_feedback,
    report_figures,
    report_numbers,
    report_summary,
    report_walking,
)
from gait_session.recording_reader import Recording
from gait_session.report_aim import approach_table
from gait_session.report_aim_figure import aim_panels
from gait_session.report_data import Walk, read_walk
from gait_session.report_page import PAGE
from gait_session.results_csv import write_cues

REPORT_FILE = "report.html"


def write_report(folder: Path, out: Path | None = None) -> Path:
    """Write the report of the recording in ``folder`` to ``out``, by default ``report.html`` beside it.

    Where cues were decided, their ledger, ``report_cues.csv``, stands beside it, named after it. Returns where the
    report is. Raises ``ValueError`` when the folder holds no recording, or one still being written.
    """
    out = folder / REPORT_FILE if out is None else out
    walk = read_walk(Recording(folder))
    page = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(PAGE)
    ledger = out.with_name(f"{out.stem}_cues.csv")
    if walk.receipts:
        write_cues(ledger, walk.cues, walk.receipts)
    out.write_text(page.render(folder=folder.resolve().name, ledger=ledger.name, **_content(walk)), encoding="utf-8")
    return out


def _content(walk: Walk) -> dict[str, object]:
    return {
        "header": report_summary.header(walk),
        "figures": report_summary.figures(walk),
        "sentences": report_summary.sentences(walk),
        "missing": report_summary.missing(walk),
        "svg": {name: Markup(svg) for name, svg in _figures(walk).items()},  # matplotlib escapes the text in it
        "index": report_asymmetry.index_of(walk),
        "sides": report_asymmetry.side_names(walk),
        "asymmetry": report_asymmetry.asymmetry_table(walk),
        "reference": report_asymmetry.reference_table(walk),
        "norm_sources": report_asymmetry.norm_sources(walk),
        "norms_lacking": report_asymmetry.norms_lacking(walk),
        "baseline_count": walk.asymmetry_settings().baseline_pairs_count,
        "variability": report_asymmetry.variability_table(walk),
        "split": report_asymmetry.split_table(walk),
        "deviations": report_walking.deviation_rows(walk),
        "posture": report_walking.posture_table(walk),
        "standing": report_walking.standing_table(walk),
        "not_standing": report_walking.not_standing(walk),
        "events": report_walking.event_table(walk),
        "sources": report_walking.source_table(walk),
        "doubts": report_walking.doubt_table(walk),
        "reasons": report_walking.reason_table(walk),
        "rejected": report_walking.rejected_table(walk),
        "phases": report_walking.phase_table(walk),
        "simulated_note": report_feedback.simulated_note(walk),
        "feedback_parts": report_feedback.parts_words(walk),
        "approach": approach_table(walk),
        "cues": report_feedback.cue_table(walk),
        "latency": report_feedback.latency_table(walk),
        "feedback": report_feedback.state_table(walk),
        "belt_words": report_numbers.belt_words(walk),
        "safety": report_numbers.safety_table(walk),
        "annotations": _annotations(walk),
        "streams": report_numbers.stream_table(walk),
    }


def _figures(walk: Walk) -> dict[str, str]:
    """Return the figures by name; empty text where there is nothing to show."""
    has_curves = any(len(walk.curves(side, 2)) for side in Side)
    return {
        "forces": report_figures.force_curves(walk) if has_curves else "",
        "asymmetry": report_figures.asymmetry_panels(walk) if walk.asymmetries else "",
        "aim": aim_panels(walk),
        "timeline": report_figures.timeline(walk) if walk.events else "",
        "belts": report_figures.belt_speeds(walk) if walk.belts else "",
    }


def _annotations(walk: Walk) -> report_numbers.Table | None:
    rows = [
        (report_numbers.number(values.seconds(note.header.stamp) - walk.start_s, 1, "s"), note.author, note.text)
        for note in walk.annotations
    ]
    return report_numbers.Table(("at", "by", "remark"), rows) if rows else None
