# SPDX-License-Identifier: Apache-2.0
"""What the commands ask of a number on their command line."""


def within(option: str, given: float, low: float, high: float) -> float:
    """Return ``given``. Raises ``ValueError`` for what is out of bounds, and for NaN, which is no number."""
    if low <= given <= high:
        return given
    raise ValueError(f"{option} is {given:g}; allowed is {low:g} to {high:g}")
