# SPDX-License-Identifier: Apache-2.0
"""Write ``docs/hardware/README.md`` from driver files, their pages and their vectors; a test holds it fresh."""

import ast
import pathlib
import re
from collections import Counter
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGES = ROOT / "docs/hardware"
PAGE = PAGES / "README.md"
KINDS = {
    "gait_sensing.imus": "Inertial sensors",
    "gait_sensing.load_cells": "Load cells and force plates",
    "gait_sensing.treadmills": "Treadmills",
    "gait_feedback.actuators": "Cue devices",
}
WIRES = {  # what names a wire in the first line of a driver file, or begins a url on the device's page
    "serial": r"\b(serial|UART|RS-232|USB)\b|serial://",
    "TCP": r"\bTCP\b|tcp://",
    "UDP": r"\bUDP\b|udp(-listen)?://",
    "HTTP": r"\bHTTP\b",
    "ZeroMQ": r"\bZeroMQ\b|zmq://",
}
EMULATED_WIRES = {"serial", "TCP", "UDP"}  # those that the simulated lab has
LABELS = {"CAPTURE": "capture", "VENDOR": "vendor", "3RD-TEST": "third-party test", "SYNTH": "synthetic"}

INTRODUCTION = """\
# Devices

Written by `tools/hardware_table.py` from the driver files, their pages in this folder and their vectors in
`test/vectors`: change these, then run it again.

**No driver has been tried on a device by this project.** What a driver rests on instead:

- *Confidence* is what its file says of its sources, which it names.
- *Vectors* are messages, byte by byte, that it must understand or produce. By origin: *capture*, recorded from a device
  and published; *vendor*, published by the maker; *third-party test*, from somebody else's tests of another program;
  *synthetic*, built in this project from a description of the format. Synthetic ones alone show only that the driver
  does what its author understood.
- *Emulated*: the driver file holds the device's side of the wire too. *In the lab*: the simulated lab can play the
  device, on the same wire, to a whole session.
- *Contracts* are the tests that every driver of its kind must pass, in `test/contracts`: any cut of the bytes gives the
  same readings, bad bytes are counted and never raised, and so on. `benchmarks/fuzz_drivers.py` goes further.

A load cell in the pylon of a prosthesis has no driver of its own: see [prosthesis_pylon](prosthesis_pylon.md).
"""


@dataclass(frozen=True)
class Device:
    """One driver file."""

    package: str
    name: str

    @property
    def file(self) -> pathlib.Path:
        """The driver file."""
        return ROOT / "src" / self.package.replace(".", "/") / f"{self.name}.py"

    @property
    def page(self) -> pathlib.Path:
        """Its page."""
        return PAGES / f"{self.name}.md"

    @property
    def vectors(self) -> pathlib.Path:
        """Its messages."""
        return ROOT / "test/vectors" / f"{self.name}.txt"

    @property
    def docstring(self) -> str:
        """What the driver file says of itself."""
        return ast.get_docstring(ast.parse(self.file.read_text(encoding="utf-8"))) or ""

    def configs(self) -> list[str]:
        """Return the config blocks of the page."""
        return re.findall(r"^```yaml\n(.*?)^```", self.page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)

    def confidence(self) -> str:
        """Return what the driver file says after "Confidence:", to the end of the paragraph."""
        found = re.search(r"Confidence:\s+(.*?)\.?(\n\n|\Z)", self.docstring, re.DOTALL)
        if found is None:
            raise ValueError(f"{self.file.name}: its docstring has no 'Confidence: ...'")
        return " ".join(found[1].split())

    def wires(self) -> list[str]:
        """Return the wires that the driver file's first line and the config blocks name."""
        told = self.docstring.splitlines()[0] + "".join(self.configs())
        return [wire for wire, pattern in WIRES.items() if re.search(pattern, told)]

    def vector_counts(self) -> str:
        """Return how many messages there are of each origin; an entry without bytes is none."""
        lines = self.vectors.read_text(encoding="utf-8").splitlines()
        found = Counter(line[1 : line.index("]")] for line in lines if re.fullmatch(r"\[.*\|\s*\S[^|]*", line))
        if unknown := sorted(set(found) - set(LABELS)):
            raise ValueError(f"{self.vectors.name}: label {', '.join(unknown)}, expected one of {', '.join(LABELS)}")
        return ", ".join(f"{found[label]} {origin}" for label, origin in LABELS.items() if found[label])

    def emulated(self) -> str:
        """Return whether there is an emulator, and one that the simulated lab can use."""
        classes = [node.name for node in ast.parse(self.file.read_text(encoding="utf-8")).body if hasattr(node, "name")]
        if "Emulator" not in classes:
            return "no"
        return "yes, in the lab" if EMULATED_WIRES & set(self.wires()) else "yes"

    def contracts(self) -> str:
        """Return whether a file in ``test/contracts`` covers the folder that the driver is in."""
        files = (ROOT / "test/contracts").glob("test_*.py")
        return "yes" if any(f'"{self.package}"' in file.read_text(encoding="utf-8") for file in files) else "no"

    def row(self) -> str:
        """Return the row of the table."""
        what = self.docstring.splitlines()[0].rstrip(".")
        cells = [
            f"[{self.name}]({self.page.name})", what, ", ".join(self.wires()), self.confidence(), self.vector_counts(),
            self.emulated(), self.contracts(), "not yet",
        ]  # fmt: skip
        return f"| {' | '.join(cells)} |".replace("``", "`")


def devices() -> list[Device]:
    """Return every driver file, by kind and name."""
    folders = {package: ROOT / "src" / package.replace(".", "/") for package in KINDS}
    files = [(package, file.stem) for package, folder in folders.items() for file in sorted(folder.glob("*.py"))]
    return [Device(package, name) for package, name in files if name != "__init__"]


def page() -> str:
    """Return the whole page."""
    sections = [INTRODUCTION]
    for package, title in KINDS.items():
        rows = [device.row() for device in devices() if device.package == package]
        head = "| driver | device | wires | confidence | vectors | emulated | contracts | tried on a device |"
        sections.append("\n".join([f"## {title}\n", head, "|---" * 8 + "|", *rows]) + "\n")
    return "\n".join(sections)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
