# SPDX-License-Identifier: Apache-2.0
"""``gait-lab analyse``: plain files through the live analysis, its results as tables, and a summary in the terminal."""

import argparse
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np

from gait_analysis.analyser import Analyser, AnalyserSettings, Result
from gait_analysis.comparison.norms import LEVELS
from gait_analysis.detectors import force_contact
from gait_analysis.gait import GaitState, Stride
from gait_analysis.participant import Input, Participant
from gait_analysis.strides import stability
from gait_parts.settings import Settings
from gait_sensing.samples import SEGMENTS, STANDARD_GRAVITY_MPS2, Side
from gait_session import results_csv
from gait_session.analyse.findings import Findings
from gait_session.analyse.summary import summary
from gait_session.options import within
from gait_session.plain_file import PlainFile, read_plain_file
from gait_session.plain_walk import SHARED_PLATE, PlainWalk, join, usual_interval_s

_MISSING_INTERVALS = 2.5  # between rows of a plate: without one for longer, contact is unknown
_HIGHEST_RATE_HZ = 2000.0  # of the states, see AnalyserSettings
_MASS_KG = (10.0, 400.0)
_LEG_LENGTH_M = (0.3, 1.5)
_MASS_SHARE = 0.25  # by which a given mass may differ from the plates' without a word


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asks for."""

    files: list[Path]
    out: Path
    mass_kg: float | None = None
    prosthetic_side: Side | None = None
    side: Side | None = None  # of sensors without a name
    segment: str | None = None  # of an IMU without a name
    amputation_level: str = LEVELS[0]
    leg_length_m: float | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    sides = [side.value for side in Side]
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="CSV files of one walk, joined by time_s")
    parser.add_argument("--mass-kg", type=float, metavar="M", help="body mass, prosthesis included")
    parser.add_argument("--prosthetic-side", choices=sides, help="which leg is the prosthesis (default: none)")
    parser.add_argument("--amputation-level", choices=LEVELS, default=LEVELS[0], help="whose norms to show beside")
    parser.add_argument("--out", type=Path, metavar="DIR", required=True, help="folder for the results")
    parser.add_argument("--side", choices=sides, help="leg of a plate or IMU without a name (fz_N, acc_x)")
    parser.add_argument("--leg-length-m", type=float, metavar="L", help="for the margin of stability")
    parser.add_argument("--segment", choices=SEGMENTS, help="where the IMU without a name (acc_x) was worn")


def request(options: argparse.Namespace) -> Request:
    """Return what the parsed ``options`` ask for."""
    prosthetic_side, side = (Side(value) if value else None for value in (options.prosthetic_side, options.side))
    person = options.mass_kg, prosthetic_side
    return Request(
        options.files, options.out, *person, side, options.segment, options.amputation_level, options.leg_length_m
    )


def analyse(wanted: Request) -> str:
    """Write the results and return the summary. Raises ``ValueError`` with a sentence before anything is written."""
    results_csv.check_folder(wanted.out)
    settings = AnalyserSettings()
    streams = dict(zip(Side, settings.force_streams, strict=True))
    files = [read_plain_file(path) for path in wanted.files]
    _check_names(wanted, files)
    walk = join(files, wanted.side, wanted.segment, streams)
    leg_length_m = math.nan
    if wanted.leg_length_m is not None:
        leg_length_m = within("--leg-length-m", wanted.leg_length_m, *_LEG_LENGTH_M)
    mass_kg = _mass_kg(wanted.mass_kg, walk)
    participant = Participant(mass_kg, wanted.prosthetic_side, wanted.amputation_level, leg_length_m)
    # Files have no lateral force, by which the analysis finds the centre of mass live.
    parts: dict[str, Settings] = {"stability": stability.Settings(centre_of_mass="pressure")}
    shared_plate = SHARED_PLATE if None in walk.forces else ""
    settings = replace(settings, state_rate_hz=min(walk.rate_hz, _HIGHEST_RATE_HZ), shared_plate=shared_plate)
    interval_s = max((usual_interval_s(samples.time_s) for samples in walk.forces.values()), default=0.0)
    missing_s = max(settings.max_sample_age_s, _MISSING_INTERVALS * interval_s)
    stale_s = max(settings.stale_s, walk.block_s + 2.0 * interval_s)  # the last row of a block comes before its end
    settings = replace(settings, max_sample_age_s=missing_s, stale_s=stale_s)
    parts["force_contact"] = force_contact.Settings(max_gap_s=missing_s)
    found = Findings()
    wanted.out.mkdir(parents=True, exist_ok=True)
    with (wanted.out / results_csv.PHASE).open("w", encoding="utf-8") as phases:
        phases.write(results_csv.PHASE_HEAD)
        for result in run(walk, participant, settings, parts):
            found.take(result)
            if isinstance(result, GaitState):
                phases.write(results_csv.phase_rows(result))
    results_csv.write_events(wanted.out, found.events)
    results_csv.write_strides(wanted.out, found.strides)
    results_csv.write_asymmetry(wanted.out, found.asymmetries, wanted.prosthetic_side)
    return summary(walk, participant, found, settings) + f"\n\nresults: {wanted.out}"


def run(
    walk: PlainWalk, participant: Participant, settings: AnalyserSettings, parts: Mapping[str, Settings] | None = None
) -> Iterator[Result]:
    """Yield what the analysis finds in ``walk``; no impulse is told of a force that was not measured."""
    analyser = Analyser(settings, participant, Input.RECORDING, walk.start_s, parts)
    told = (result for sample in walk.samples() for result in analyser.feed(sample))
    for result in chain(told, _last(analyser)):
        if isinstance(result, Stride) and result.side in walk.without_fap:
            result = result._replace(braking_impulse_bws=math.nan, propulsion_impulse_bws=math.nan)
        yield result


def _last(analyser: Analyser) -> Iterator[Result]:
    """Yield what is told at the end; asked for then and not before."""
    yield from analyser.finish()


def _check_names(wanted: Request, files: list[PlainFile]) -> None:
    """Raise ``ValueError`` for a side or segment that would name nothing."""
    is_plate_unnamed = any("" in file.plates for file in files)
    is_imu_unnamed = any("" in file.imus for file in files)
    if wanted.segment is not None and not is_imu_unnamed:
        raise ValueError(f"--segment {wanted.segment} is for an IMU without a name (acc_x to gyr_z); there is none")
    if wanted.side is not None and not is_plate_unnamed and (wanted.segment is not None or not is_imu_unnamed):
        raise ValueError(
            f"--side {wanted.side.value} is for a plate or IMU without a name or --segment (fz_N, acc_x); there is none"
        )


def _mass_kg(given_kg: float | None, walk: PlainWalk) -> float:
    """Return the mass to use, NaN when nothing tells; what was assumed goes to the walk's notes."""
    low_kg, high_kg = _MASS_KG
    seen_kg = math.nan
    if None in walk.forces or len(walk.forces) == len(Side):
        seen_kg = sum(float(np.mean(samples.force_n[:, 2])) for samples in walk.forces.values()) / STANDARD_GRAVITY_MPS2
    if seen_kg < 0.0:
        walk.notes.append("the vertical force is negative on average; it must be up positive")
    if given_kg is not None:
        within("--mass-kg", given_kg, *_MASS_KG)
        if abs(seen_kg - given_kg) > _MASS_SHARE * given_kg:
            walk.notes.append(f"the plates carry {seen_kg:.1f} kg on average, but the mass given is {given_kg:g} kg")
        return given_kg
    if low_kg <= seen_kg <= high_kg:
        walk.notes.append(
            f"body mass was not given; {seen_kg:.1f} kg is the mean load of all plates, right if somebody walked "
            "on them from the first row to the last"
        )
        return seen_kg
    if walk.forces:
        walk.notes.append("body mass was not given: force thresholds are their least values in newtons")
    return math.nan
