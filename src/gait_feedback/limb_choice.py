# SPDX-License-Identifier: Apache-2.0
"""Which limbs a lab's config means."""

from gait_sensing.samples import Side

LIMBS = ("prosthetic", "sound", "left", "right", "both")


def chosen_sides(limb: str, prosthetic_side: Side | None) -> tuple[Side, ...]:
    """Return the sides that ``limb``, one of ``LIMBS``, means; the left takes the prosthesis's place where none is."""
    if limb == "both":
        return tuple(Side)
    prosthetic = prosthetic_side or Side.LEFT
    return ({"prosthetic": prosthetic, "sound": prosthetic.other, "left": Side.LEFT, "right": Side.RIGHT}[limb],)
