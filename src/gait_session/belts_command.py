# SPDX-License-Identifier: Apache-2.0
"""``gait-lab fit-belts``: what accelerating belts do to their plates, from a run that nobody walks on.

The run is a recording, or a CSV file with ``time_s``, and for ``left``, ``right`` or both ``fz_left_N`` (up positive),
``belt_left_mps`` (backward positive, as the treadmill tells it), and ``fap_left_N`` (forward positive),
``my_left_Nm`` (about the sensor's origin, lab axes) or both.
"""

import argparse
import math
from dataclasses import asdict
from pathlib import Path

import numpy as np

from gait_sensing.calibration.belt_inertia import Settings
from gait_sensing.calibration.belt_inertia_fit import Fit, Part, fit
from gait_sensing.samples import Array, BeltSample, ForceSamples, Side
from gait_session.launching.parameters import parameters_yaml
from gait_session.parameter_file import node_parameters
from gait_session.plain_file import read_columns
from gait_session.recording.reader import Recording
from gait_session.recording.replay import analyser_settings, read_config

LEAST_ERRORS_COUNT = 3.0  # a coefficient within so many standard errors of 0 is left at 0
_COLUMNS = ("fz_{}_N", "belt_{}_mps", "fap_{}_N", "my_{}_Nm")
_DIGITS_COUNT = {"forward_kg": 3, "pitch_kgm": 3, "origin_z_m": 4, "delay_s": 3}

Run = tuple[dict[Side, list[ForceSamples]], list[BeltSample], dict[Side, float]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("run", type=Path, help="folder of a recording, or a CSV file; nobody on the belts all the time")
    parser.add_argument(
        "--origin-z-m", type=float, default=0.0, metavar="Z", help="third number of origin_m, for a CSV file"
    )


def fit_belts(run: Path, origin_z_m: float = 0.0) -> str:
    """Return the fit of each belt in words, and the block for the lab's config.

    Raises ``ValueError`` with a sentence when no belt can be fitted.
    """
    forces, belts, origins_z_m = _recorded(run) if run.is_dir() else _plain(run, origin_z_m)
    parts, fits = [], {}
    for side, samples in forces.items():
        try:
            fits[side] = fit(samples, belts, side, origins_z_m[side])
            parts.append("\n".join(_told(side, fits[side])))
        except ValueError as error:
            parts.append(f"{side.value} belt: not fitted: {str(error).removeprefix('belt inertia: ')}")
    if not fits:
        raise ValueError("\n".join(parts))
    block = {"belt_inertia": {name: value for side in fits for name, value in _settings(side, fits[side]).items()}}
    return "\n\n".join([*parts, f"for the lab's config:\n\n{parameters_yaml('/**/analysis_node', block)}"])


def _recorded(folder: Path) -> Run:
    config = read_config(folder)
    streams = dict(zip(analyser_settings(config)[0].force_streams, Side, strict=True))
    cells = node_parameters(config, "load_cell_node")
    origins_z_m = {side: float(cells.get(name, {}).get("origin_m", [0.0] * 3)[2]) for name, side in streams.items()}
    forces: dict[Side, list[ForceSamples]] = {}
    belts = []
    for sample in Recording(folder).samples():
        if isinstance(sample, BeltSample):
            belts.append(sample)
        elif isinstance(sample, ForceSamples) and sample.name in streams:
            forces.setdefault(streams[sample.name], []).append(sample)
    if not forces:
        raise ValueError(f"{folder} has no samples of {' or '.join(streams)}")
    return forces, belts, origins_z_m


def _plain(path: Path, origin_z_m: float) -> Run:
    _, columns = read_columns(
        path, lambda name: name in {each.format(side.value) for each in _COLUMNS for side in Side}
    )
    time_s = columns["time_s"]
    forces: dict[Side, list[ForceSamples]] = {}
    speeds_mps: dict[Side, Array] = {}
    unknown = np.full(len(time_s), math.nan)
    for side in Side:
        fz_n, speed_mps, fap_n, my_nm = (columns.get(name.format(side.value), unknown) for name in _COLUMNS)
        speeds_mps[side] = speed_mps
        if fz_n is not unknown and speed_mps is not unknown:
            force_n, moment_nm = np.stack([fap_n, unknown, fz_n], 1), np.stack([unknown, my_nm, unknown], 1)
            centre_m = np.full((len(time_s), 2), math.nan)
            forces[side] = [ForceSamples(f"{side.value}_belt", 0, time_s, force_n, moment_nm, centre_m)]
    if not forces:
        raise ValueError(
            f"the run {path} lacks fz_left_N or belt_left_mps, and right alike; it has {', '.join(columns)}"
        )
    rows = zip(time_s.tolist(), speeds_mps[Side.LEFT].tolist(), speeds_mps[Side.RIGHT].tolist(), strict=True)
    belts = [BeltSample(at_s, left_mps, right_mps, math.nan) for at_s, left_mps, right_mps in rows]
    return forces, belts, dict.fromkeys(Side, origin_z_m)


def _settings(side: Side, found: Fit) -> dict[str, float]:
    """Return the settings of one belt, by name; a coefficient that may as well be 0 is 0."""
    values = asdict(found.inertia)
    for name, part in (("forward_kg", found.forward), ("pitch_kgm", found.pitch)):
        if not _is_sure(part):
            values[name] = 0.0
    kept = {f"{side.value}_{name}": round(float(value), _DIGITS_COUNT[name]) for name, value in values.items()}
    Settings(**kept)  # within its bounds, or it says which is not
    return kept


def _is_sure(part: Part) -> bool:
    return abs(part.gain) > LEAST_ERRORS_COUNT * part.gain_error


def _told(side: Side, found: Fit) -> list[str]:
    lines = [f"{side.value} belt: acceleration {found.rms_mps2:.2f} m/s2 (root mean square)"]
    for what, part, unit, gain_unit in (("F_x", found.forward, "N", "kg"), ("M_y", found.pitch, "N m", "kg m")):
        if math.isnan(part.share):
            lines.append(f"  {what}: not measured")
            continue
        lines.append(
            f"  {what} = {part.gain:.3f} ± {part.gain_error:.3f} {gain_unit} x acceleration, which explains "
            f"{part.share:.0%}: {part.rms:.2f} {unit} become {part.left_rms:.2f} {unit} (root mean square over 0.2 s)"
        )
        if not _is_sure(part):
            lines.append(f"    within {LEAST_ERRORS_COUNT:g} standard errors of 0, and left at 0")
    delay_ms, error_ms = 1e3 * found.inertia.delay_s, 1e3 * found.delay_error_s
    return [*lines, f"  the treadmill tells its speed {delay_ms:.0f} ± {error_ms:.0f} ms late"]
