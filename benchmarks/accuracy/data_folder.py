# SPDX-License-Identifier: Apache-2.0
"""Where the recordings of docs/recordings.md are, for every benchmark."""

import os
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def data_folder() -> Path:
    """Return the folder that ``GAIT_LAB_DATA`` names, or else the one beside the project."""
    return Path(os.environ.get("GAIT_LAB_DATA", PROJECT.parent / "shared" / "data")).resolve()
