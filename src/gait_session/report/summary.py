# SPDX-License-Identifier: Apache-2.0
"""The report at a glance: what walked here, and what came of it, in plain words."""

import math
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timezone

from gait_messages import values
from gait_sensing.samples import Side
from gait_session.report.aim import approach_table
from gait_session.report.aim_figure import WITHHELD
from gait_session.report.asymmetry import index_words, side_names
from gait_session.report.data import Walk
from gait_session.report.feedback import latency_table
from gait_session.report.figures import SENT, metric_name, metric_series, side_name
from gait_session.report.numbers import (
    NOT_MEASURED,
    accepted,
    lost_count,
    missed_count,
    number,
    typical,
)

INPUTS = {  # SessionState.INPUT_*: the word for it, and what it means
    0: ("live", "A person walked on these belts."),
    1: ("simulated", "A simulated walker on emulated devices. No person walked."),
    2: ("recording", "A recording was played through emulated devices: the person did not walk on these belts, "
                     "so no length is computed."),
}  # fmt: skip
_LARGER = {"time": "lasts longer", "length": "is longer", "load": "is higher", "impulse": "is larger"}


@dataclass(frozen=True)
class Figure:
    """One large number of the first page."""

    value: str
    label: str
    is_alarming: bool = False


def header(walk: Walk) -> dict[str, str]:
    """Return what stands at the top of the page."""
    session = walk.session
    began = walk.start_s > 0.0
    word, meaning = INPUTS.get(session.input, ("unknown", "")) if session is not None else ("unknown", "")
    when = (
        datetime.fromtimestamp(walk.start_s, timezone.utc).strftime("%d %b %Y, %H:%M UTC") if began else "not started"
    )
    side, level = walk.participant.prosthetic_side, walk.participant.amputation_level
    return {
        "session": session.session if session is not None else "Recording",
        "participant": session.participant if session is not None else "unknown",
        "input": word,
        "input_meaning": meaning or "The recording does not tell where the samples came from.",
        "when": when,
        "duration": number(walk.end_s - walk.start_s if began else math.nan, 0, "s"),
        "mass": number(walk.participant.body_mass_kg, 1, "kg"),
        "prosthetic_side": side.value if side is not None else "none stated",
        "level": "level not told" if level == "unknown" else level.replace("_", " "),
        "outcome": session.text if session is not None else "",
    }


def figures(walk: Walk) -> list[Figure]:
    """Return the large numbers of the first page."""
    cadence_hz = typical(stride.cadence_hz for side in Side for stride in accepted(walk, side))
    lost, missed = lost_count(walk), missed_count(walk)
    latency = latency_table(walk).rows
    return [
        Figure(str(sum(len(accepted(walk, side)) for side in Side)), "strides accepted, both sides"),
        Figure(number(60.0 * cadence_hz, 0), "steps a minute"),
        Figure(_session_index(walk, "step_time"), "step-time asymmetry"),
        Figure(_session_index(walk, "stance_time"), "stance-time asymmetry"),
        Figure(str(sum(receipt.result == SENT for receipt in walk.receipts)), "cues sent"),
        Figure(latency[-1][4] if latency else NOT_MEASURED, "event to cue, 99 of 100"),
        Figure(str(lost) if walk.forces else NOT_MEASURED, "load-cell samples lost", lost > 0),
        Figure("not known" if missed is None else str(missed), "messages the recorder missed", missed != 0),
    ]


def sentences(walk: Walk) -> list[str]:
    """Return the session in a few sentences."""
    asymmetries = [_asymmetry(walk, name) for name in ("stance_time", "step_time", "peak_load")]
    return [
        text
        for text in (_strides(walk), _deviations(walk), *asymmetries, _cues(walk), _approach(walk), _belts(walk))
        if text
    ]


def missing(walk: Walk) -> list[str]:
    """Return what the recording lacks, each in a sentence that says what the report cannot tell for it."""
    lacks = {
        "No session was started: who walked, and from when on to count, is not known.": walk.start_s == 0.0,
        "There are no load-cell samples, hence no force curves.": not walk.forces,
        "No gait event was found.": not walk.events,
        "No stride was completed, hence no timing and no asymmetry.": not walk.strides,
        "No pair of strides could be compared.": bool(walk.strides) and not walk.asymmetries,
        "The treadmill reported nothing.": not walk.belts,
        "The body mass is not known: forces are in newton.": not walk.participant.body_mass_kg > 0,
        "The leg length is not known: there is no margin of stability.": not walk.participant.leg_length_m > 0,
        "The lab's config is not in the folder: bands and limits are not known.": not walk.config,
    }
    killed = ", ".join(walk.recovered_files)
    notes = [text for text, is_lacking in lacks.items() if is_lacking]
    if killed:
        notes.append(
            f"The recorder was killed while it wrote {killed}: up to half a second before that, and all until it was "
            "running again, is not in the recording."
        )
    return notes + [f"Left out of this report: {text}." for text in walk.meaningless]


def _strides(walk: Walk) -> str:
    if not walk.strides:
        return ""
    counts = " and ".join(f"{len(accepted(walk, side))} on the {side_name(walk, side)} side" for side in Side)
    left_out_count = sum(not stride.is_accepted for stride in walk.strides)
    left_out = f"{left_out_count} left out" if left_out_count else "none was left out"
    return f"Accepted strides: {counts}; {left_out}."


def _deviations(walk: Walk) -> str:
    told = [one for sides in walk.verdicts().values() for one in sides if one.told_count]
    found = [f"{one.name} (in {len(one.found)} of {one.told_count} strides)" for one in told if one.found]
    if found:
        return f"Deviations found: {', '.join(found)}."
    return "No deviation was found among those that could be told." if told else ""


def _asymmetry(walk: Walk, name: str) -> str:
    pairs = [metric for _, metric in metric_series(walk, name) if not math.isnan(metric.value)]
    if not pairs:
        return ""
    sides = typical(pair.prosthetic_value for pair in pairs), typical(pair.sound_value for pair in pairs)
    larger = side_names(walk)[sides[1] > sides[0]]  # whatever the sign of the index
    word = _LARGER[name.rpartition("_")[2]]
    quantity = metric_name(name).capitalize()
    if abs(sides[1] - sides[0]) < 0.01 * abs(sides[0] + sides[1]) / 2.0:
        return f"{quantity} is even to within one percent."
    return (
        f"{quantity} {word} on the {larger} side: asymmetry {_session_index(walk, name)}, median of {len(pairs)} pairs."
    )


def _cues(walk: Walk) -> str:
    results = Counter(receipt.result for receipt in walk.receipts)
    if not results:
        return "No cue was given."
    sent, withheld = results[SENT], results[WITHHELD]
    dropped = results.total() - sent - withheld
    sides = Counter(values.SIDES[receipt.side] for receipt in walk.receipts if receipt.result == SENT)
    where = " and ".join(
        f"{'all' if count == sent > 1 else count} on the {side_name(walk, side)} side"
        for side, count in sorted(sides.items())
    )
    text = f"{sent} cues were sent" + (f", {where}" if where else "")
    kept = f"{withheld} were withheld on purpose; " if withheld else ""
    return f"{text}; {kept}{dropped} were dropped." if dropped else f"{text}; {kept}none was dropped."


def _approach(walk: Walk) -> str:
    told = [f"{row[0]} went from {row[2]} to {row[3]}: {row[5]}" for row in approach_table(walk).rows]
    return f"What the cues were about: {'. '.join(told)}." if told and walk.receipts else ""


def _belts(walk: Walk) -> str:
    during = [m for m in walk.safety if walk.start_s <= values.seconds(m.header.stamp) < walk.end_s]
    if not during:
        return ""
    worst = max(during, key=lambda message: message.level)
    if worst.level == 0:
        return "The belt gate had nothing to object to."
    seconds = values.seconds(worst.header.stamp) - walk.start_s
    return f"The belt gate stepped in, most severely at {number(seconds, 1, 's')}: {worst.text}."


def _session_index(walk: Walk, name: str) -> str:
    series = [metric for _, metric in metric_series(walk, name)]
    return index_words(typical(metric.value for metric in series), series[0].index if series else "")
