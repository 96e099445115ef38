# SPDX-License-Identifier: Apache-2.0
"""A walking recording in plain CSV: its columns, and the plates and IMUs that they are.

Columns, SI units: ``time_s`` from anywhere at any rate, always growing; ``fz_left_N`` (up positive), ``fap_left_N``
(forward positive), ``cop_ap_left_m`` (forward positive), ``cop_ml_left_m`` (right positive), and ``right`` alike, or
one plate's ``fz_N`` and so on; IMU columns ``leftfoot_acc_x`` to ``leftfoot_gyr_z`` (specific force, gravity included,
m/s2; rad/s; the sensor's own axes) of the segments in ``IMU_PREFIXES``, or one sensor's ``acc_x`` to ``gyr_z``.

Rows with ``valid`` 0 are gaps and left out; an empty cell, ``NA``, ``NaN`` or an infinite number is NaN. Nothing is
filled in. Columns of other names are not read; they and sensors that lack a column are listed in ``unused``.
"""

import csv
import math
import warnings
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np

from gait_sensing.samples import Array, Side
from gait_session.plain_units import check_units

IMU_PREFIXES = {
    "leftfoot": "left_foot",
    "rightfoot": "right_foot",
    "leftshank": "left_shank",
    "rightshank": "right_shank",
    "leftthigh": "left_thigh",
    "rightthigh": "right_thigh",
    "lumbar": "pelvis",
    "pelvis": "pelvis",
    "trunk": "trunk",
}
IMU_COLUMNS = tuple(f"{kind}_{axis}" for kind in ("acc", "gyr") for axis in "xyz")
CENTRE_MIN_N = 10.0  # vertical force below which a recorded centre of pressure is none
_FORCE_COLUMNS = ("fz{}_N", "fap{}_N", "cop_ap{}_m", "cop_ml{}_m")
_PLATES = {side.value: f"_{side.value}" for side in Side} | {"": ""}  # name in the file -> suffix of its columns
_NO_NUMBER = {"", "na", "n/a"}


@dataclass(frozen=True, slots=True)
class PlateColumns:
    """One plate's columns, [n] each, signs as in the file; NaN throughout where the file lacks the column."""

    fz_n: Array
    fap_n: Array
    cop_ap_m: Array
    cop_ml_m: Array
    missing: tuple[str, ...]  # names of the columns that the file lacks

    @property
    def has_fap(self) -> bool:
        """Whether the file has the fore-aft force."""
        return not any(name.startswith("fap") for name in self.missing)


@dataclass(frozen=True, slots=True)
class PlainFile:
    """What one file holds, without its rows of ``valid`` 0."""

    path: Path
    time_s: Array  # [n], strictly increasing
    plates: dict[str, PlateColumns]  # "left", "right", or "" for a plate without a name
    imus: dict[str, Array]  # segment, or "" for an IMU without a name -> [n, 6] acceleration, angular rate
    unused: list[str]  # columns that are of no use here


def read_plain_file(path: Path) -> PlainFile:
    """Read ``path``. Raises ``ValueError`` naming file, line and column for what is wrong, be it the unit."""
    header, columns = read_columns(path, _is_known)
    time_s = columns["time_s"]
    used = {"time_s", "valid"}
    is_valid = columns["valid"] != 0.0 if "valid" in columns else np.full(len(time_s), True)
    columns = {name: column[is_valid] for name, column in columns.items()}
    plates, imus = _plates(columns), _imus(columns)
    for name, plate in plates.items():
        used |= {column.format(_PLATES[name]) for column in _FORCE_COLUMNS} - {*plate.missing}
    worn = [prefix for prefix in _imu_prefixes() if all(prefix + name in columns for name in IMU_COLUMNS)]
    check_units(path, columns, [_FORCE_COLUMNS[0].format(_PLATES[name]) for name in plates], worn)
    for prefix, segment in _imu_prefixes().items():
        used |= {prefix + name for name in IMU_COLUMNS} if segment in imus else set()
    return PlainFile(path, time_s[is_valid], plates, imus, [name for name in header if name and name not in used])


def duration_s(path: Path) -> float:
    """Return the time from the first to the last sample. Raises ``ValueError`` for a file that cannot be read."""
    time_s = read_plain_file(path).time_s
    return float(time_s[-1] - time_s[0])


def mean_total_force_n(path: Path) -> float:
    """Return the mean of the two vertical forces' sum: over many steps, the body weight. Raises ``ValueError``."""
    file = read_plain_file(path)
    missing = [f"fz_{side.value}_N" for side in Side if side.value not in file.plates]
    if missing:
        raise ValueError(f"the recording {path} lacks the column {', '.join(missing)}; body mass cannot be estimated")
    for side in Side:
        fz_n = file.plates[side.value].fz_n
        if not np.nansum(fz_n) > 0.0:
            found = "empty" if np.isnan(fz_n).all() else f"{np.nanmean(fz_n):.1f} N on average"
            raise ValueError(
                f"the recording {path}: fz_{side.value}_N is {found}; expected is the force on a foot, up positive"
            )
    return float(np.nanmean(file.plates["left"].fz_n + file.plates["right"].fz_n))


def missing_of_imus(file: PlainFile) -> list[str]:
    """Return the columns that IMUs lack of which the file has others."""
    imus = [[prefix + name for name in IMU_COLUMNS] for prefix in _imu_prefixes()]
    return [name for names in imus if {*names} & {*file.unused} for name in names if name not in file.unused]


def _imu_prefixes() -> dict[str, str]:
    """Return what stands before an IMU's column names, and its segment."""
    return {f"{prefix}_": segment for prefix, segment in IMU_PREFIXES.items()} | {"": ""}


def _plates(columns: dict[str, Array]) -> dict[str, PlateColumns]:
    found = {}
    for plate, suffix in _PLATES.items():
        names = [name.format(suffix) for name in _FORCE_COLUMNS]
        if names[0] not in columns:
            continue
        unknown = np.full(len(columns["time_s"]), np.nan)
        fz_n, fap_n, cop_ap_m, cop_ml_m = (columns.get(name, unknown) for name in names)
        missing = tuple(name for name in names if name not in columns)
        found[plate] = PlateColumns(fz_n, fap_n, cop_ap_m, cop_ml_m, missing)
    return found


def _imus(columns: dict[str, Array]) -> dict[str, Array]:
    found = {}
    for prefix, segment in _imu_prefixes().items():
        names = [prefix + name for name in IMU_COLUMNS]
        if all(name in columns for name in names):
            found[segment] = np.stack([columns[name] for name in names], axis=1)
    return found


def _is_known(name: str) -> bool:
    if name == "valid":
        return True
    forces = (column.format(suffix) for suffix in _PLATES.values() for column in _FORCE_COLUMNS)
    return name in forces or any(name == prefix + column for prefix in _imu_prefixes() for column in IMU_COLUMNS)


def read_columns(path: Path, is_known: Callable[[str], bool]) -> tuple[list[str], dict[str, Array]]:
    """Return the names of all columns, and ``time_s`` and those that are known, [rows] each.

    Raises ``ValueError`` naming file, line and column for what is wrong, and unless times increase strictly.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            header = [name.strip() for name in next(csv.reader(file), [])]
            known = [name for name in header if name == "time_s" or is_known(name)]
            _check_header(path, header, known)
            table = _read_at_once(file, len(header))
            if table is not None:
                table = table[:, [header.index(name) for name in known]]
            else:
                file.seek(0)
                table = _read_by_rows(path, file, header, known)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = error.strerror if isinstance(error, OSError) else f"it is not a text of cells ({error})"
        raise ValueError(f"the recording {path} cannot be read: {why}") from None
    columns = table.T.copy()
    columns[~np.isfinite(columns)] = np.nan
    found = dict(zip(known, columns, strict=True))
    _check_times(path, found["time_s"])
    return header, found


def _check_header(path: Path, header: list[str], known: list[str]) -> None:
    if "time_s" not in known:
        has = ", ".join(header) or "no columns"
        hint = "; cells are separated by commas" if any(mark in has for mark in ";\t") else ""
        raise ValueError(f"the recording {path} lacks the column time_s; it has {has}{hint}")
    if twice := sorted({name for name in known if known.count(name) > 1}):
        raise ValueError(f"the recording {path} has the column {', '.join(twice)} twice")


def _read_at_once(file: TextIO, columns_count: int) -> Array | None:
    """Return all rows, fast; ``None`` where there is something to find fault with, or an empty cell."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # "no data"
            table = np.loadtxt(file, delimiter=",", comments=None, ndmin=2)
    except ValueError:
        return None
    return table if table.shape[1] == columns_count and len(table) > 1 else None


def _read_by_rows(path: Path, file: TextIO, header: list[str], known: list[str]) -> Array:
    """Return the ``known`` columns of all rows, or say which cell is wrong."""
    places = [header.index(name) for name in known]
    cells: array[float] = array("d")
    reader = csv.reader(file)
    next(reader)
    for row in reader:
        if len(row) == len(header):
            cells.extend(_number(path, reader.line_num, header[place], row[place]) for place in places)
        elif any(cell.strip() for cell in row):
            raise ValueError(
                f"the recording {path}, line {reader.line_num}: {len(row)} cells, but {len(header)} columns"
            )
    table = np.frombuffer(cells, dtype=np.float64).reshape(-1, len(known))
    if len(table) < 2:
        raise ValueError(f"the recording {path} has {len(table)} rows; at least 2 are needed")
    return table


def _number(path: Path, line: int, name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        if text.strip().lower() in _NO_NUMBER:
            return math.nan
        raise ValueError(f"the recording {path}, line {line}: {name} is {text!r}, not a number") from None


def _check_times(path: Path, time_s: Array) -> None:
    """Raise unless times increase strictly. The header is line 1."""
    is_later = np.diff(time_s, prepend=-np.inf) > 0.0
    if is_later.all():
        return
    row = int(is_later.argmin())
    what = f"{time_s[row]:.6f} does not come after {time_s[row - 1]:.6f}, the time before"
    if np.isnan(time_s[row]):
        what = "is missing"
    raise ValueError(f"the recording {path}, line {row + 2}: time_s {what}")
