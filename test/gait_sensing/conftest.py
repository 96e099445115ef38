# SPDX-License-Identifier: Apache-2.0
"""Published bytes, by device and name."""

from collections.abc import Callable
from pathlib import Path

import pytest

VECTORS = Path(__file__).parent.parent / "vectors"


@pytest.fixture(scope="session")
def vectors() -> Callable[[str], dict[str, bytes]]:
    """Return the vectors of a device by name; what each line holds stands on the file's first line."""

    def read(device: str) -> dict[str, bytes]:
        lines = (VECTORS / f"{device}.txt").read_text().splitlines()
        parts = [[part.strip() for part in line.split("|")] for line in lines if line.startswith("[")]
        return {name: bytes.fromhex(data) for _, _, name, data in parts}

    return read
