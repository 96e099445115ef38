# SPDX-License-Identifier: Apache-2.0
"""A walking recording in plain CSV, played in place of the simulated walker through the same emulated devices.

``gait_session.plain_file`` reads it and says which columns there may be. A single sensor's ``acc_x`` to ``gyr_z`` need
the setting ``segment``, one plate's ``fz_N`` the setting ``plate``. Any stretch without rows for long is a gap: nothing
is sent there. Between rows everything is linear, which keeps the crossings of thresholds.

What a file lacks is not made up: fore-aft force without its column is 0, as is the medio-lateral one, which no such
file has; without a centre of pressure the force acts at the sensor's origin; both are said in ``describe``. A plate or
segment without columns measures nothing.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gait_feedback.cue import ActuatorChange
from gait_parts.settings import Settings, setting
from gait_sensing.samples import Array, ImuReading, Side, Vector
from gait_session.plain_file import CENTRE_MIN_N, PlainFile, PlateColumns, read_plain_file
from gait_sim.stepping import FootEvent

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
        file = read_plain_file(Path(settings.recording))
        time_s = file.time_s
        if len(time_s) < 2:
            raise ValueError(f"the recording {settings.recording} has {len(time_s)} valid rows; at least 2 are needed")
        self._time_s = time_s - time_s[0]
        self.end_s = float(self._time_s[-1])
        self._longest_gap_s = LONGEST_GAP * float(np.median(np.diff(self._time_s)))
        self._missing: list[str] = []
        self._plates = self._find_plates(file)
        self._imus = {segment or self._settings.segment: table for segment, table in file.imus.items()}
        self._imus.pop("", None)
        if not self._plates and not self._imus:
            raise ValueError(
                f"the recording {settings.recording} has nothing to play; a single sensor's columns need the setting "
                "segment or plate"
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
        if math.isnan(ax + ay + az + gx + gy + gz):
            return None
        acceleration_mps2: Vector = (ax, ay, az)
        return ImuReading(tick, acceleration_mps2, (gx, gy, gz), None)

    def _plate_side(self, name: str) -> str:
        return next((side.value for side in Side if name.startswith(side.value)), "")

    def _find_plates(self, file: PlainFile) -> dict[str, tuple[Array, Array, Array, Array]]:
        found = {name or self._settings.plate: plate for name, plate in file.plates.items()}
        found.pop("", None)
        self._missing += [name for plate in found.values() for name in plate.missing]
        return {name: _played(plate) for name, plate in found.items()}


def _played(plate: PlateColumns) -> tuple[Array, Array, Array, Array]:
    """Return fz, fx, x and y of a plate."""
    fx_n = plate.fap_n if plate.has_fap else np.zeros(len(plate.fz_n))
    pressed = _nearest_pressed(plate.fz_n)
    return plate.fz_n, fx_n, plate.cop_ap_m[pressed], -plate.cop_ml_m[pressed]


def _nearest_pressed(fz_n: Array) -> NDArray[np.int64]:
    """Return for each row the nearest one with load: recordings hold zeros for a centre that does not exist."""
    pressed = np.flatnonzero(fz_n >= CENTRE_MIN_N)
    rows = np.arange(len(fz_n))
    if len(pressed) == 0:
        return rows
    return pressed[np.rint(np.interp(rows, pressed, np.arange(len(pressed)))).astype(np.int64)]
