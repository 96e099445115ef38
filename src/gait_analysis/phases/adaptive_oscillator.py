# SPDX-License-Identifier: Apache-2.0
"""Gait phase from a pool of adaptive oscillators that learns the pitch of a leg segment, set right at each contact.

The pitch is rebuilt as ``a0 + sum a_i sin(phi_i)``; what is left of it drives phases, frequency and amplitudes:

    phi_i' = i w + n_phi F cos(phi_i) / A,   w' = n_w F cos(phi_1) / A,   a_i' = eta F sin(phi_i),   a0' = eta F

with ``A`` the sum of the amplitudes. At an initial contact the distance of ``phi_1`` to the contact is taken up by a
correction that decays within the stride. After Ronsse et al. (Med Biol Eng Comput 2011, doi 10.1007/s11517-011-0816-1)
and Yan et al. (Auton Robots 2017, doi 10.1007/s10514-016-9566-0). Deviations: the correction decays with the frequency
so that one stride removes all of it; oscillators that are far from the contact begin anew at it, as they were at the
last one, with the frequency of the expected stride; phase saturates between contacts instead of wrapping ahead of one.
"""

import math
from dataclasses import dataclass

from gait_analysis.cycle.contact_clock import ContactClock
from gait_analysis.events import GaitEvent
from gait_analysis.parts import PhaseEstimate
from gait_parts import settings
from gait_parts.settings import setting
from gait_sensing.samples import Side

_TURN = 2.0 * math.pi
_LEAST_AMPLITUDE_RAD = 0.05  # of the sum, so that a still leg divides by no zero
_LOST_CYCLES = 0.15  # farther from a contact, the oscillators begin anew as they were at the last one
_MAX_CHANGE = 1.5  # of the frequency, away from that of the expected stride


@dataclass(frozen=True)
class Settings(settings.Settings):
    """Settings of the adaptive oscillators."""

    segment: str = setting("thigh", "leg segment whose pitch they follow", choices=("thigh", "shank"))
    oscillators_count: int = setting(4, "harmonics of the stride", low=1, high=8)
    phase_gain_radps: float = setting(5.0, "of the phases", low=0.1, high=50.0)
    frequency_gain_radps2: float = setting(2.0, "of the frequency", low=0.0, high=50.0)
    amplitude_gain_ps: float = setting(0.5, "of the amplitudes", low=0.1, high=20.0)


class Phase:
    """Phase of the limb on ``side``."""

    def __init__(self, settings: Settings, side: Side) -> None:
        self._settings, self.segment = settings, settings.segment
        self._clock = ContactClock(side, settings.segment)
        self._phases_rad = [0.0] * settings.oscillators_count
        self._amplitudes_rad = [_LEAST_AMPLITUDE_RAD] + [0.0] * (settings.oscillators_count - 1)
        self._contact_phases_rad = [0.0] * settings.oscillators_count  # at the last contact that was expected
        self._was_found = False  # whether the last contact was
        self._offset_rad = 0.0
        self._frequency_radps = math.nan
        self._cycles = math.nan  # of the first oscillator since the last contact
        self._correction = 0.0  # cycles that the correction has added so far
        self._error = 0.0  # cycles that it still has to add

    def feed(self, event: GaitEvent) -> None:
        """Take the next event of either foot."""
        if not self._clock.is_contact(event) or not self._clock.has_pace:
            return
        frequency_radps = _TURN / self._clock.expected_s
        reached = self._clock.told_late_s * frequency_radps / _TURN
        ahead = 0.0 if math.isnan(self._cycles) else self._cycles + self._correction - reached
        ahead -= round(ahead)
        is_lost = math.isnan(self._cycles) or abs(ahead) > _LOST_CYCLES
        if math.isnan(self._frequency_radps):
            self._frequency_radps = frequency_radps
        elif is_lost and self._was_found:
            self._phases_rad, self._frequency_radps, ahead = list(self._contact_phases_rad), frequency_radps, 0.0
        elif not is_lost:
            self._contact_phases_rad = list(self._phases_rad)
        self._was_found = not is_lost
        self._cycles, self._correction, self._error = reached + ahead, 0.0, -ahead

    def feed_signal(self, time_s: float, angle_rad: float, rate_radps: float) -> None:
        """Take the next pitch of the segment."""
        if math.isnan(angle_rad):
            return
        step_s = self._clock.step_s(time_s)
        if math.isnan(step_s):
            self._cycles = math.nan  # until the next contact
        if math.isnan(step_s) or math.isnan(self._frequency_radps):
            return
        settings, frequency_radps = self._settings, self._frequency_radps
        sines = [math.sin(phase_rad) for phase_rad in self._phases_rad]
        rebuilt_rad = sum(a * sine for a, sine in zip(self._amplitudes_rad, sines, strict=True))
        left_rad = angle_rad - self._offset_rad - rebuilt_rad
        drive = left_rad / max(sum(abs(a) for a in self._amplitudes_rad), _LEAST_AMPLITUDE_RAD)
        first_cosine = math.cos(self._phases_rad[0])
        cycles_rate = frequency_radps + settings.phase_gain_radps * drive * first_cosine
        self._phases_rad = [
            phase_rad + step_s * (i * frequency_radps + settings.phase_gain_radps * drive * math.cos(phase_rad))
            for i, phase_rad in enumerate(self._phases_rad, start=1)
        ]
        usual_radps = _TURN / self._clock.expected_s
        frequency_radps += step_s * settings.frequency_gain_radps2 * drive * first_cosine
        self._frequency_radps = min(max(frequency_radps, usual_radps / _MAX_CHANGE), usual_radps * _MAX_CHANGE)
        learned = step_s * settings.amplitude_gain_ps * left_rad
        self._amplitudes_rad = [a + learned * sine for a, sine in zip(self._amplitudes_rad, sines, strict=True)]
        self._offset_rad += learned
        share = -math.expm1(-self._frequency_radps * step_s)
        self._cycles += cycles_rate * step_s / _TURN
        self._correction, self._error = self._correction + share * self._error, (1.0 - share) * self._error

    def at(self, time_s: float) -> PhaseEstimate:
        """Return the phase at ``time_s``."""
        return self._clock.estimate(time_s, self._cycles + self._correction, self._frequency_radps / _TURN)
