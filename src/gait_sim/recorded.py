# SPDX-License-Identifier: Apache-2.0
"""A walking recording in plain CSV, played in place of the simulated walker through the same emulated devices.

Columns, SI units: ``time_s`` from anywhere at any rate; ``fz_left_N``, ``fap_left_N`` (forward positive),
``cop_ap_left_m`` (forward positive), ``cop_ml_left_m`` (right positive, so that y = -cop_ml), and ``right`` alike; IMU
columns ``leftfoot_acc_x`` to ``gyr_z`` of ``leftfoot rightfoot leftshank rightshank lumbar`` (the pelvis); or one
sensor's ``acc_x`` to ``gyr_z``, for which ``segment`` must be named, or one plate's ``fz_N``, for which ``plate`` must
be. IMU axes are the recording's own. Rows with ``valid`` 0 are gaps, and so is any stretch without rows for long:
nothing is sent there. Between rows everything is linear, which keeps the crossings of thresholds.

What a file lacks is not made up: fore-aft force without its column is 0, as is the medio-lateral one, which no such
file has; without a centre of pressure the force acts at the sensor's origin; both are said in ``describe``. A plate or
segment without columns measures nothing.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gait_feedback.cue import ActuatorChange
from gait_parts.settings import Settings, setting
from gait_sensing.samples import Array, ImuReading, Side, Vector
from gait_sim.stepping import FootEvent

IMU_PREFIXES = {
    "leftfoot": "left_foot",
    "rightfoot": "right_foot",
    "leftshank": "left_shank",
    "rightshank": "right_shank",
    "lumbar": "pelvis",
}
IMU_COLUMNS = tuple(f"{kind}_{axis}" for kind in ("acc", "gyr") for axis in "xyz")
CENTRE_MIN_N = 10.0  # vertical force below which a recorded centre of pressure is none
LONGEST_GAP = 5.0  # usual intervals between rows; a longer stretch has nothing measured in it


@dataclass(frozen=True)
class RecordedSettings(Settings):
    """Which recording is played, and what its unnamed columns are."""

    recording: str = setting("", "CSV file to play in place of the walker; empty: the walker walks")
    segment: str = setting("", "segment of a recording of one IMU (acc_x to gyr_z)")
    plate: str = setting("", "name of the plate of a recording of one force (fz_N)")


class Recorded:
    """Plays the recording from time 0; before that its first row holds, which is no gait event.

    Raises ``ValueError`` for a file with nothing to play.
    """

    is_truth_known = False

    def __init__(self, settings: RecordedSettings) -> None:
        self._settings = settings
        columns = _columns(Path(settings.recording))
        valid = columns.pop("valid", None)
        time_s = columns.pop("time_s")
        if valid is not None:
            time_s, columns = time_s[valid != 0], {name: column[valid != 0] for name, column in columns.items()}
        if len(time_s) < 2 or not (np.diff(time_s) > 0).all():
            raise ValueError(f"the recording {settings.recording} needs two rows or more, time_s always growing")
        self._time_s = time_s - time_s[0]
        self.end_s = float(self._time_s[-1])
        self._longest_gap_s = LONGEST_GAP * float(np.median(np.diff(self._time_s)))
        self._missing: list[str] = []
        self._plates = self._find_plates(columns)
        self._imus = self._find_imus(columns)
        if not self._plates and not self._imus:
            raise ValueError(
                f"the recording {settings.recording} has nothing to play: {', '.join(columns)}; a single sensor's "
                "columns need the setting segment or plate"
            )

    def describe(self) -> dict[str, Any]:
        """Return what is played, and what the file lacks, for the truth log."""
        return {"recording": self._settings.recording, "end_s": self.end_s, "missing": self._missing}

    def advance(self, to_s: float, left_mps: float, right_mps: float) -> list[FootEvent]:
        """Return nothing: the truth is not known, and the belts are not those that were walked on."""
        return []

    def feel(self, change: ActuatorChange, time_s: float) -> None:
        """Do nothing: what is recorded cannot feel."""

    def step_off(self) -> None:
        """Do nothing: the file says who stands where."""

    def step_on(self, time_s: float) -> None:
        """Do nothing: the file says who stands where."""

    def has_plate(self, name: str) -> bool:
        """Whether the file has this plate's force."""
        return name in self._plates or self._plate_side(name) in self._plates

    def plate(self, name: str, time_s: Array) -> tuple[Array, Array]:
        """Return force [n, 3] in N, NaN in gaps, and centre of pressure [n, 2] in m, NaN where it is not recorded."""
        columns = self._plates[name if name in self._plates else self._plate_side(name)]
        fz_n, fx_n, x_m, y_m = (np.interp(time_s, self._time_s, column) for column in columns)
        force_n = np.stack([fx_n, np.zeros(len(time_s)), fz_n], axis=1)
        after = np.clip(np.searchsorted(self._time_s, time_s), 1, len(self._time_s) - 1)
        force_n[self._time_s[after] - self._time_s[after - 1] > self._longest_gap_s] = np.nan
        return force_n, np.stack([x_m, y_m], axis=1)

    def has_segment(self, segment: str) -> bool:
        """Whether the file has this segment's IMU."""
        return segment in self._imus

    def imu(self, segment: str, time_s: float, tick: int | None) -> ImuReading | None:
        """Return the reading at ``time_s``, without orientation; None in gaps."""
        time_s = max(time_s, 0.0)
        after = min(max(int(np.searchsorted(self._time_s, time_s)), 1), len(self._time_s) - 1)
        width_s = self._time_s[after] - self._time_s[after - 1]
        if width_s > self._longest_gap_s:
            return None
        table = self._imus[segment]
        share = (time_s - self._time_s[after - 1]) / width_s
        ax, ay, az, gx, gy, gz = (table[after - 1] + share * (table[after] - table[after - 1])).tolist()
        acceleration_mps2: Vector = (ax, ay, az)
        return ImuReading(tick, acceleration_mps2, (gx, gy, gz), None)

    def _plate_side(self, name: str) -> str:
        return next((side.value for side in Side if name.startswith(side.value)), "")

    def _find_plates(self, columns: Mapping[str, Array]) -> dict[str, tuple[Array, Array, Array, Array]]:
        found = {side.value: f"_{side.value}" for side in Side if f"fz_{side.value}_N" in columns}
        if self._settings.plate and "fz_N" in columns:
            found[self._settings.plate] = ""
        return {name: self._plate_columns(columns, suffix) for name, suffix in found.items()}

    def _plate_columns(self, columns: Mapping[str, Array], suffix: str) -> tuple[Array, Array, Array, Array]:
        fz_n = columns[f"fz{suffix}_N"]
        fap_name, ap_name, ml_name = f"fap{suffix}_N", f"cop_ap{suffix}_m", f"cop_ml{suffix}_m"
        self._missing += [name for name in (fap_name, ap_name, ml_name) if name not in columns]
        unknown = np.full(len(fz_n), np.nan)
        fx_n = columns.get(fap_name, np.zeros(len(fz_n)))
        pressed = _nearest_pressed(fz_n)
        return fz_n, fx_n, columns.get(ap_name, unknown)[pressed], -columns.get(ml_name, unknown)[pressed]

    def _find_imus(self, columns: Mapping[str, Array]) -> dict[str, Array]:
        prefixes = {f"{prefix}_": segment for prefix, segment in IMU_PREFIXES.items()}
        if self._settings.segment:
            prefixes[""] = self._settings.segment
        found = {}
        for prefix, segment in prefixes.items():
            names = [prefix + name for name in IMU_COLUMNS]
            if all(name in columns for name in names):
                found[segment] = np.stack([columns[name] for name in names], axis=1)
        return found


def _nearest_pressed(fz_n: Array) -> NDArray[np.int64]:
    """Return for each row the nearest one with load: recordings hold zeros for a centre that does not exist."""
    pressed = np.flatnonzero(fz_n >= CENTRE_MIN_N)
    rows = np.arange(len(fz_n))
    if len(pressed) == 0:
        return rows
    return pressed[np.rint(np.interp(rows, pressed, np.arange(len(pressed)))).astype(np.int64)]


def _columns(path: Path) -> dict[str, Array]:
    try:
        with path.open(newline="") as file:
            header, *rows = csv.reader(file)
            table = np.array(rows, dtype=np.float64).reshape(len(rows), len(header))
    except (OSError, ValueError) as error:
        raise ValueError(f"the recording {path} cannot be read as numbers: {error}") from None
    if "time_s" not in header:
        raise ValueError(f"the recording {path} has no column time_s; it has {', '.join(header)}")
    return {name: table[:, number].copy() for number, name in enumerate(header)}
