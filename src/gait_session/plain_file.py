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
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

import numpy as np

from gait_sensing.samples import Array, Side

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
    """Read ``path``. Raises ``ValueError`` naming file, line and column for what is wrong."""
    header, columns = _read(path)
    time_s = columns["time_s"]
    used = {"time_s", "valid"}
    is_valid = columns["valid"] != 0.0 if "valid" in columns else np.full(len(time_s), True)
    columns = {name: column[is_valid] for name, column in columns.items()}
    plates, imus = _plates(columns), _imus(columns)
    for name, plate in plates.items():
        used |= {column.format(_PLATES[name]) for column in _FORCE_COLUMNS} - {*plate.missing}
    for prefix, segment in _imu_prefixes().items():
        used |= {prefix + name for name in IMU_COLUMNS} if segment in imus else set()
    return PlainFile(path, time_s[is_valid], plates, imus, [name for name in header if name not in used])


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
    return float(np.nanmean(file.plates["left"].fz_n + file.plates["right"].fz_n))


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
    if name in ("time_s", "valid"):
        return True
    forces = (column.format(suffix) for suffix in _PLATES.values() for column in _FORCE_COLUMNS)
    return name in forces or any(name == prefix + column for prefix in _imu_prefixes() for column in IMU_COLUMNS)


def _read(path: Path) -> tuple[list[str], dict[str, Array]]:
    """Return the names of all columns, and those that are known with all rows; their times are checked."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            header = [name.strip() for name in next(reader, [])]
            known = [name for name in header if _is_known(name)]
            if "time_s" not in known:
                has = ", ".join(header) or "no columns"
                raise ValueError(f"the recording {path} lacks the column time_s; it has {has}")
            if twice := sorted({name for name in known if known.count(name) > 1}):
                raise ValueError(f"the recording {path} has the column {', '.join(twice)} twice")
            lines: array[int] = array("q")
            cells: array[float] = array("d")
            for row in _rows(path, reader, header, known):
                lines.append(reader.line_num)
                cells.extend(row)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = error.strerror if isinstance(error, OSError) else f"it is not a text of cells ({error})"
        raise ValueError(f"the recording {path} cannot be read: {why}") from None
    if len(lines) < 2:
        raise ValueError(f"the recording {path} has {len(lines)} rows; at least 2 are needed")
    table = np.frombuffer(cells, dtype=np.float64).reshape(len(lines), len(known)).T.copy()
    columns = dict(zip(known, table, strict=True))
    _check_times(path, columns["time_s"], lines)
    table[~np.isfinite(table)] = np.nan
    return header, columns


def _rows(path: Path, reader: "Iterator[list[str]]", header: list[str], known: list[str]) -> Iterator[list[float]]:
    """Yield the numbers in the ``known`` columns of each row that is not blank."""
    places = [header.index(name) for name in known]
    pick = itemgetter(*places) if len(places) > 1 else lambda row: (row[places[0]],)
    for row in reader:
        if len(row) == len(header):
            try:
                yield [*map(float, pick(row))]
            except ValueError:
                line = reader.line_num  # type: ignore[attr-defined]  # it is a csv.reader
                yield [_number(path, line, name, row[place]) for name, place in zip(known, places, strict=True)]
        elif any(cell.strip() for cell in row):
            line = reader.line_num  # type: ignore[attr-defined]
            raise ValueError(f"the recording {path}, line {line}: {len(row)} cells, but {len(header)} columns")


def _number(path: Path, line: int, name: str, text: str) -> float:
    if text.strip().lower() in _NO_NUMBER:
        return math.nan
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"the recording {path}, line {line}: {name} is {text!r}, not a number") from None


def _check_times(path: Path, time_s: Array, lines: "array[int]") -> None:
    if not np.isfinite(time_s).all():
        row = int(np.isfinite(time_s).argmin())
        raise ValueError(f"the recording {path}, line {lines[row]}: time_s is {time_s[row]}, not a time")
    is_later = np.diff(time_s) > 0.0
    if not is_later.all():
        row = int(is_later.argmin()) + 1
        raise ValueError(
            f"the recording {path}, line {lines[row]}: time_s {time_s[row]} does not come after "
            f"{time_s[row - 1]}, the time before"
        )
