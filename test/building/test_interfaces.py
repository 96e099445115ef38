# SPDX-License-Identifier: Apache-2.0
"""Every field says what it is, and the page says the same."""

import keyword
import runpy
from pathlib import Path

import pytest

TOOL = runpy.run_path(str(Path(__file__).parents[2] / "tools/interfaces.py"))
ENTRIES = [
    (f"{interface.name}.{entry.name}", entry)
    for kind in ("msg", "srv")
    for interface in TOOL["interfaces"](kind)
    for part in interface.parts
    for entry in part
]
# Words of C++ that are likely as names; generated C++ with such a member does not compile.
CPP_WORDS = """
    and auto bool break case char class const continue default delete do double else enum explicit export extern false
    float for friend goto if int long namespace new not operator or private protected public register return short
    signed static struct switch template this throw true try typename union unsigned using virtual void while
""".split()  # noqa: SIM905 - a list of quoted words is no easier to read


def test_page_is_fresh():
    assert TOOL["PAGE"].read_text() == TOOL["page"](), "run: python3 tools/interfaces.py"


def test_all_files_are_on_the_page():
    files = [file for kind in ("msg", "srv") for file in (TOOL["ROOT"] / kind).iterdir()]
    assert len(files) == TOOL["page"]().count("\n### ") > 0


def test_every_field_and_constant_has_a_meaning():
    assert len(ENTRIES) > 100
    assert [name for name, entry in ENTRIES if not entry.comment] == [], "add a comment that says what it is"


def test_every_name_may_be_used_in_cpp_and_python():
    assert [name for name, entry in ENTRIES if entry.name in CPP_WORDS or keyword.iskeyword(entry.name)] == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("uint8 KIND_A=3  # first", ("uint8", "KIND_A", "3", "first")),
        ("float64[] force_n # 3n values: x, y, z", ("float64[]", "force_n", "", "3n values: x, y, z")),
        ("gait_lab/LimbState left", ("gait_lab/LimbState", "left", "", "")),
    ],
)
def test_line_is_read(tmp_path, line, expected):
    file = tmp_path / "One.msg"
    file.write_text(f"# What it is.\n\n{line}\n")
    [[entry]] = TOOL["read"](file).parts
    assert (entry.type, entry.name, entry.value, entry.comment) == expected


def test_line_that_makes_no_sense_is_named(tmp_path):
    file = tmp_path / "One.msg"
    file.write_text("# What it is.\n\nfloat64\n")
    with pytest.raises(ValueError, match=r"One\.msg: cannot read 'float64'"):
        TOOL["read"](file)
