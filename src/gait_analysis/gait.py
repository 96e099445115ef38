# SPDX-License-Identifier: Apache-2.0
"""The values the analysis yields besides events: strides, asymmetry and the state of both limbs."""

import math
from enum import Enum
from typing import NamedTuple

from gait_sensing.samples import Side


class Subphase(Enum):
    """Part of the gait cycle; values as in LimbState.msg."""

    UNKNOWN = 0
    LOADING_RESPONSE = 1
    MID_STANCE = 2
    TERMINAL_STANCE = 3
    PRE_SWING = 4
    INITIAL_SWING = 5
    MID_SWING = 6
    TERMINAL_SWING = 7


class LimbState(NamedTuple):
    """What one limb does at one instant; a tuple, since states are made hundreds of times a second."""

    side: Side
    is_in_contact: bool | None  # None when no fresh sensor tells
    subphase: Subphase
    phase: float  # [0, 1) since initial contact, no unit; NaN when not valid
    phase_rate_hz: float  # gait cycles a second; NaN when not valid
    load_bw: float  # vertical force in body weights; NaN when unknown
    reason: str  # why contact or phase is not valid; empty otherwise

    @property
    def is_phase_valid(self) -> bool:
        """Whether phase and rate may be used."""
        return not math.isnan(self.phase)


class GaitState(NamedTuple):
    """Both limbs at one instant of the control grid."""

    time_s: float
    newest_sample_s: float  # time of the newest sample used
    left: LimbState
    right: LimbState
    left_belt_speed_mps: float
    right_belt_speed_mps: float


class Presence(Enum):
    """Whether a stride shows a deviation; values as in StrideDeviation.msg."""

    ABSENT = 1
    PRESENT = 2
    UNTOLD = 3


class StrideDeviation(NamedTuple):
    """What one stride shows of one deviation; fields as in StrideDeviation.msg."""

    name: str  # in plain words: "short prosthetic step"
    presence: Presence
    text: str = ""  # what was found, or why that cannot be told; empty when the deviation is absent
    amount: float = math.nan  # how much, in ``unit``; NaN unless it is present
    unit: str = ""  # "m", "rad", "BW", or "1" for a share


class Stride(NamedTuple):
    """One finished stride of ``side``; fields, units and signs as in Stride.msg. NaN: cannot tell."""

    side: Side
    number: int
    is_accepted: bool
    reason: str
    start_s: float
    other_foot_off_s: float
    other_contact_s: float
    foot_off_s: float
    end_s: float
    stride_time_s: float
    step_time_s: float
    stance_time_s: float
    swing_time_s: float
    initial_double_support_time_s: float
    terminal_double_support_time_s: float
    single_support_time_s: float
    cadence_hz: float
    step_length_m: float = math.nan
    stride_length_m: float = math.nan
    step_width_m: float = math.nan
    speed_mps: float = math.nan
    peak_load_bw: float = math.nan
    first_peak_load_bw: float = math.nan
    second_peak_load_bw: float = math.nan
    vertical_impulse_bws: float = math.nan
    braking_impulse_bws: float = math.nan
    propulsion_impulse_bws: float = math.nan
    loading_rate_bwps: float = math.nan
    foot_clearance_m: float = math.nan
    circumduction_m: float = math.nan
    foot_pitch_at_contact_rad: float = math.nan
    foot_progression_rad: float = math.nan
    pelvic_obliquity_mid_stance_rad: float = math.nan
    trunk_lean_mid_stance_rad: float = math.nan
    trunk_sway_rad: float = math.nan
    knee_flexion_peak_swing_rad: float = math.nan
    lateral_margin_of_stability_m: float = math.nan
    deviations: tuple[StrideDeviation, ...] = ()
    stance_doubt: str = ""  # why durations that need foot off must not be compared between the limbs; empty: they may


class MetricAsymmetry(NamedTuple):
    """Asymmetry of one metric after a stride; fields as in AsymmetryMetric.msg."""

    name: str
    index: str  # type: ignore[assignment]  # definition and sign; takes the name of a tuple's method
    value: float  # newest pair; NaN when undefined
    rolling_median: float
    prosthetic_value: float  # left, when no side is prosthetic
    sound_value: float  # right, when no side is prosthetic
    unit: str
    strides_used_count: int
    strides_rejected_count: int
    target: float = math.nan
    norm: float = math.nan
    norm_source: str = ""
    reason: str = ""
    baseline: float = math.nan
    baseline_sd: float = math.nan
    change: float = math.nan
    prosthetic_sd: float = math.nan
    sound_sd: float = math.nan
    prosthetic_cv: float = math.nan
    sound_cv: float = math.nan
    prosthetic_strides_count: int = 0
    sound_strides_count: int = 0


class Asymmetry(NamedTuple):
    """Asymmetry of every metric after one stride."""

    time_s: float
    side: Side  # whose stride completed the pair
    metrics: tuple[MetricAsymmetry, ...] = ()
