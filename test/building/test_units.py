# SPDX-License-Identifier: Apache-2.0
"""Every unit that a setting or a field of a message ends in is in the table of units."""

import dataclasses
import re
import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]
SYMBOL = r"(?:rad|nms|nm|kgm|kg|bws|bw|hz|m|n|s)?(?:ps)?\d?"  # what a unit is made of; no word of a name looks like it
UNIT = re.compile(rf"_(?:{SYMBOL}_per_)?{SYMBOL}$")


def names():
    """Return the names of all settings and of all fields of messages and services."""
    page, interfaces = (runpy.run_path(str(ROOT / "tools" / name)) for name in ("settings.py", "interfaces.py"))
    for block in (block for blocks in page["NODES"].values() for block in blocks):
        is_block = isinstance(block, page["Block"])
        for settings in block.settings if is_block else [each for _, each in page["parts"](block.package)]:
            yield from (field.name for field in dataclasses.fields(settings))
    for interface in (each for kind in ("msg", "srv") for each in interfaces["interfaces"](kind)):
        yield from (entry.name for part in interface.parts for entry in part)


def test_every_unit_is_in_the_table():
    table = (ROOT / "docs/units_and_frames.md").read_text().split("## Units")[1].split("## Frames")[0]
    used = {found[0] for name in names() if (found := UNIT.search(name))}
    assert {"_s", "_mps3", "_nms_per_rad"} < used
    assert used - set(re.findall(r"`(_\w+)`", table)) == set()
