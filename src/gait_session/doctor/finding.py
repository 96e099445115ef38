# SPDX-License-Identifier: Apache-2.0
"""One line of the doctor's table."""

from dataclasses import dataclass

GREEN, AMBER, RED = "green", "amber", "red"  # fine; works, but look at it; does not work
LEVELS = (GREEN, AMBER, RED)  # numbered as in diagnostic_msgs/DiagnosticStatus


@dataclass(frozen=True)
class Finding:
    """What was looked at, what was found, and what to do about it."""

    level: str
    what: str
    found: str
    advice: str = ""  # empty when there is nothing to do
