# SPDX-License-Identifier: Apache-2.0
"""Writes the report of a recording: one HTML file that opens anywhere and refers to nothing outside itself."""

from pathlib import Path

import jinja2
from markupsafe import Markup

from gait_messages import values
from gait_sensing.samples import Side
from gait_session.recording.reader import Recording
from gait_session.report import asymmetry, feedback, figures, numbers, summary, walking
from gait_session.report.aim import approach_table
from gait_session.report.aim_figure import aim_panels
from gait_session.report.data import Walk, read_walk
from gait_session.report.page import PAGE
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
        "header": summary.header(walk),
        "figures": summary.figures(walk),
        "sentences": summary.sentences(walk),
        "missing": summary.missing(walk),
        "svg": {name: Markup(svg) for name, svg in _figures(walk).items()},  # matplotlib escapes the text in it
        "index": asymmetry.index_of(walk),
        "sides": asymmetry.side_names(walk),
        "asymmetry": asymmetry.asymmetry_table(walk),
        "reference": asymmetry.reference_table(walk),
        "norm_sources": asymmetry.norm_sources(walk),
        "norms_lacking": asymmetry.norms_lacking(walk),
        "baseline_count": walk.asymmetry_settings().baseline_pairs_count,
        "variability": asymmetry.variability_table(walk),
        "split": asymmetry.split_table(walk),
        "deviations": walking.deviation_rows(walk),
        "posture": walking.posture_table(walk),
        "standing": walking.standing_table(walk),
        "not_standing": walking.not_standing(walk),
        "events": walking.event_table(walk),
        "sources": walking.source_table(walk),
        "doubts": walking.doubt_table(walk),
        "reasons": walking.reason_table(walk),
        "rejected": walking.rejected_table(walk),
        "phases": walking.phase_table(walk),
        "simulated_note": feedback.simulated_note(walk),
        "feedback_parts": feedback.parts_words(walk),
        "approach": approach_table(walk),
        "cues": feedback.cue_table(walk),
        "latency": feedback.latency_table(walk),
        "feedback": feedback.state_table(walk),
        "belt_words": numbers.belt_words(walk),
        "safety": numbers.safety_table(walk),
        "annotations": _annotations(walk),
        "streams": numbers.stream_table(walk),
    }


def _figures(walk: Walk) -> dict[str, str]:
    """Return the figures by name; empty text where there is nothing to show."""
    has_curves = any(len(walk.curves(side, 2)) for side in Side)
    return {
        "forces": figures.force_curves(walk) if has_curves else "",
        "asymmetry": figures.asymmetry_panels(walk) if walk.asymmetries else "",
        "aim": aim_panels(walk),
        "timeline": figures.timeline(walk) if walk.events else "",
        "belts": figures.belt_speeds(walk) if walk.belts else "",
    }


def _annotations(walk: Walk) -> numbers.Table | None:
    rows = [
        (numbers.number(values.seconds(note.header.stamp) - walk.start_s, 1, "s"), note.author, note.text)
        for note in walk.annotations
    ]
    return numbers.Table(("at", "by", "remark"), rows) if rows else None
