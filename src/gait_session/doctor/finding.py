# SPDX-License-Identifier: Apache-2.0
"""One line of the doctor's table."""

from dataclasses import dataclass

from gait_sensing.health import Level


@dataclass(frozen=True)
class Finding:
    """What was looked at, what was found, and what to do about it."""

    level: Level  # fine; works, but look at it; does not work
    what: str
    found: str
    advice: str = ""  # empty when there is nothing to do
