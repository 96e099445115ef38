# SPDX-License-Identifier: Apache-2.0
"""What a session must know of a recorded walking file before it plays it: how long it is, and how heavy the walker."""

import csv
from pathlib import Path


def duration_s(path: Path) -> float:
    """Return the time from the first to the last sample. Raises ``ValueError`` for a file that cannot be played."""
    times_s = _columns(path, ("time_s",))[0]
    return times_s[-1] - times_s[0]


def mean_total_force_n(path: Path) -> float:
    """Return the mean of the two vertical forces' sum: over many steps, the body weight. Raises ``ValueError``."""
    left_n, right_n = _columns(path, ("fz_left_N", "fz_right_N"))
    return (sum(left_n) + sum(right_n)) / len(left_n)


def _columns(path: Path, names: tuple[str, ...]) -> list[list[float]]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            missing = [name for name in names if name not in (reader.fieldnames or ())]
            if missing:
                has = ", ".join(reader.fieldnames or ()) or "no columns"
                raise ValueError(f"the recording {path} lacks the column {', '.join(missing)}; it has {has}")
            rows = [[_number(path, reader.line_num, name, row[name]) for name in names] for row in reader]
    except OSError as error:
        raise ValueError(f"the recording {path} cannot be read: {error.strerror}") from None
    if len(rows) < 2:
        raise ValueError(f"the recording {path} has {len(rows)} rows; at least 2 are needed")
    return [list(column) for column in zip(*rows, strict=True)]


def _number(path: Path, line_count: int, name: str, text: str | None) -> float:
    try:
        return float(text or "")
    except ValueError:
        raise ValueError(f"the recording {path}, line {line_count}: {name} is {text!r}, not a number") from None
