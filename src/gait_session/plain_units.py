# SPDX-License-Identifier: Apache-2.0
"""Whether the columns of a plain file can be in the units that they must be in.

Other units give no events, or wrong ones, and nothing that says why. What a walker cannot measure in the right unit and
does in a usual other one is refused; all limits are far from both.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from gait_sensing.samples import Array

_G_MPS2 = (0.5, 2.0)  # the middle size of specific force, gravity included, if it is told in g
_MILLI_G_MPS2 = 100.0  # in thousandths of g, or in cm/s2, it is beyond
_FAST_RADPS = 30.0  # 1700 degrees/s for one sample in twenty; a running foot does not; walking, in degrees/s, all do
_LOADED_N = (0.2, 20.0)  # of a plate while somebody is on it, if told in kN, body weights or N/kg
_UNLOADED_SHARE = 0.1  # of that, the rest of the time; noise of a plate that nobody is on lies around its middle


def check_units(path: Path, columns: Mapping[str, Array], plates: Iterable[str], imus: Iterable[str]) -> None:
    """Raise ``ValueError`` naming the column of the file ``path`` whose unit is another.

    ``plates`` are columns of vertical force, ``imus`` what stands before the names of an IMU's columns.
    """
    for name in plates:
        low_n, high_n = np.nanquantile(columns[name], (0.1, 0.9)) if np.isfinite(columns[name]).any() else (0.0, 0.0)
        if _LOADED_N[0] < high_n < _LOADED_N[1] and abs(low_n) < _UNLOADED_SHARE * high_n:
            found = f"is {high_n:.3g} under load"
            raise ValueError(_text(path, name, found, "newtons, hundreds under a walker", "kN or in body weights"))
    for prefix in imus:
        for kind, is_other, unit, other in (
            ("acc", _is_other_force, "m/s², near 9.81 with gravity", "g, or without gravity"),
            ("gyr", _is_other_rate, "rad/s, below 15 in walking", "degrees/s"),
        ):
            size = np.linalg.norm([columns[f"{prefix}{kind}_{axis}"] for axis in "xyz"], axis=0)
            size = size[np.isfinite(size)]
            if found := is_other(size) if len(size) else "":
                raise ValueError(_text(path, f"{prefix}{kind}_x to {prefix}{kind}_z", found, unit, other))


def _is_other_force(size: Array) -> str:
    middle = float(np.median(size))
    is_other = _G_MPS2[0] < middle < _G_MPS2[1] or middle > _MILLI_G_MPS2
    return f"have a size of {middle:.3g} in the middle" if is_other else ""


def _is_other_rate(size: Array) -> str:
    fast = float(np.quantile(size, 0.95))
    return f"have a size of {fast:.3g} or more one time in twenty" if fast > _FAST_RADPS else ""


def _text(path: Path, name: str, found: str, expected: str, other: str) -> str:
    return f"the recording {path}: {name} {found}; expected are {expected}. Told in {other}?"
