# SPDX-License-Identifier: Apache-2.0
"""Who walks: what the analysis must know of the person."""

import math
from dataclasses import dataclass
from enum import Enum

from gait_sensing.samples import STANDARD_GRAVITY_MPS2, Side


class Role(str, Enum):
    """What a limb is to the person."""

    UNKNOWN = "unknown"
    SOUND = "sound"
    PROSTHETIC = "prosthetic"


class Input(str, Enum):
    """Where the samples come from; belts under a played recording are not the ones the person walked on."""

    LIVE = "live"
    SIMULATED = "simulated"
    RECORDING = "recording"


@dataclass(frozen=True, slots=True)
class Participant:
    """What the analysis knows of the person on the belt."""

    body_mass_kg: float  # prosthesis included; NaN when unknown
    prosthetic_side: Side | None  # None when neither limb is a prosthesis
    amputation_level: str = "unknown"  # of norms.LEVELS
    leg_length_m: float = math.nan  # greater trochanter to floor, standing in shoes; NaN when unknown
    is_push_allowed: bool = False  # whether the protocol lets the belts push this person

    @property
    def body_weight_n(self) -> float:
        """Body weight; NaN when the mass is unknown."""
        return self.body_mass_kg * STANDARD_GRAVITY_MPS2 if self.body_mass_kg > 0 else math.nan

    def role(self, side: Side) -> Role:
        """Role of the limb on ``side``."""
        if self.prosthetic_side is None:
            return Role.UNKNOWN
        return Role.PROSTHETIC if side is self.prosthetic_side else Role.SOUND
