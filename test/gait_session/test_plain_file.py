# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest

from gait_session import plain_file


def write(folder: Path, text: str) -> Path:
    path = folder / "walk.csv"
    path.write_text(text)
    return path


def test_duration_and_force(tmp_path: Path) -> None:
    path = write(tmp_path, "time_s,fz_left_N,fz_right_N\n2.0,700,0\n2.5,300,420\n3.5,0,710\n")
    assert plain_file.duration_s(path) == 1.5
    assert plain_file.mean_total_force_n(path) == 710.0


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "lacks the column time_s; it has no columns"),
        ("t\n1\n2\n", "lacks the column time_s; it has t"),
        ("time_s;fz_N\n1;2\n", "it has time_s;fz_N; cells are separated by commas"),
        ("time_s\n1\n", "1 rows"),
        ("time_s\n1\nx\n", "line 3: time_s is 'x'"),
    ],
)
def test_say_what_is_wrong(tmp_path: Path, text: str, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        plain_file.duration_s(write(tmp_path, text))


def test_say_that_the_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be read: No such file"):
        plain_file.duration_s(tmp_path / "absent.csv")
