# SPDX-License-Identifier: Apache-2.0
"""What an accelerating belt does to its plate, taken off again; ``belt_inertia_fit`` finds it.

A belt that runs faster needs a push along x, and its rollers a moment about y, and the plate under them measures both:

    F_x = forward_kg x a,   M_y = pitch_kgm x a

with a the acceleration of the belt, positive when its surface runs backward faster, and M_y about the sensor's origin.
Where motor and rollers stand on the plate the push is nearly zero, as what runs backward above runs forward below, and
the moment remains (Willems and Gosseye 2013, Biol Open 2:1421). Hnat and van den Bogert (2014, J Biomech 47:3758) found
moments of up to 30 N m and took off 47 to 82 % of their root mean square. A moment shifts the centre of pressure along
x by itself over the vertical force.

Deviation: Hnat and van den Bogert (2014) put a filter of second order between the two. What it tells is above what 15
speeds a second can; here the plate follows at once.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from gait_parts import settings as parts
from gait_parts.settings import setting
from gait_sensing.samples import Array, ForceSamples, Side

BLOCK_S = 0.2  # acceleration is that over it: a change of 0.01 m/s is 0.05 m/s2
LARGEST_GAP_S = 0.5


@dataclass(frozen=True, slots=True)
class BeltInertia:
    """How one plate answers to its belt's acceleration."""

    forward_kg: float = 0.0
    pitch_kgm: float = 0.0  # about the sensor's origin
    origin_z_m: float = 0.0  # of the sensor, lab frame, as in its origin_m
    delay_s: float = 0.0  # by which the treadmill tells its speed late

    def acceleration_mps2(self, time_s: Array, status_s: Array, speed_mps: Array) -> Array:
        """Return the belt's acceleration [n] at times [n] of force samples, from statuses [m], ascending.

        NaN at times for which there are no statuses around, half of ``BLOCK_S`` to both sides, or only with a gap of
        more than ``LARGEST_GAP_S`` in them.
        """
        if not len(status_s):
            return np.full(len(time_s), math.nan)
        gaps = np.flatnonzero(np.diff(status_s) > LARGEST_GAP_S)
        speed_mps = np.insert(speed_mps, gaps + 1, math.nan)  # nothing is known on either side of it
        status_s = np.insert(status_s, gaps + 1, 0.5 * (status_s[gaps] + status_s[gaps + 1]))
        at_s = time_s + self.delay_s
        after, before = (
            np.interp(at_s + sign * 0.5 * BLOCK_S, status_s, speed_mps, left=math.nan, right=math.nan)
            for sign in (1.0, -1.0)
        )
        return np.asarray((after - before) / BLOCK_S)

    def taken_off(self, samples: ForceSamples, acceleration_mps2: Array) -> ForceSamples:
        """Return samples without what the belt does to them, at accelerations [n].

        F_x, M_y and the centre of pressure along x change, and are NaN where the acceleration is. All are as they
        were for a plate without coefficients.
        """
        if self.forward_kg == 0.0 and self.pitch_kgm == 0.0:
            return samples
        force_n, moment_nm = samples.force_n.copy(), samples.moment_nm.copy()
        force_n[:, 0] -= self.forward_kg * acceleration_mps2
        moment_nm[:, 1] -= self.pitch_kgm * acceleration_mps2
        centre_m = samples.centre_of_pressure_m.copy()
        centre_m[:, 0] += self.forward_shift_m(acceleration_mps2, force_n[:, 2])
        return replace(samples, force_n=force_n, moment_nm=moment_nm, centre_of_pressure_m=centre_m)

    def forward_shift_m(self, acceleration_mps2: Array, vertical_n: Array) -> Array:
        """Return by how much [n] the true centre of pressure is ahead of the measured one; NaN where nothing is borne.

        Belt acceleration and vertical force [n] are those of the same instants.
        """
        surface_kgm = self.pitch_kgm + self.origin_z_m * self.forward_kg
        loaded_n = np.where(vertical_n > 0.0, vertical_n, math.nan)
        return np.asarray(surface_kgm * acceleration_mps2 / loaded_n)


@dataclass(frozen=True)
class Settings(parts.Settings):
    """What was fitted for the plate of each belt; 0: not taken off."""

    left_forward_kg: float = setting(0.0, "F_x of the left plate by its belt's acceleration", low=-200.0, high=200.0)
    left_pitch_kgm: float = setting(0.0, "M_y, about the sensor's origin, by it", low=-200.0, high=200.0)
    left_origin_z_m: float = setting(0.0, "third number of the load cell's origin_m", low=-2.0, high=2.0)
    left_delay_s: float = setting(0.0, "by which the treadmill tells the left speed late", low=-0.05, high=0.3)
    right_forward_kg: float = setting(0.0, "the same of the right plate", low=-200.0, high=200.0)
    right_pitch_kgm: float = setting(0.0, "the same of the right plate", low=-200.0, high=200.0)
    right_origin_z_m: float = setting(0.0, "the same of the right plate", low=-2.0, high=2.0)
    right_delay_s: float = setting(0.0, "the same of the right plate", low=-0.05, high=0.3)

    def of(self, side: Side) -> BeltInertia:
        """Return what belongs to the plate of one belt."""
        names = ("forward_kg", "pitch_kgm", "origin_z_m", "delay_s")
        return BeltInertia(**{name: getattr(self, f"{side.value}_{name}") for name in names})
