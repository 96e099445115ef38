# SPDX-License-Identifier: Apache-2.0
"""Findings of the analysis, made up."""

from collections.abc import Callable
from typing import Any

import pytest

from gait_analysis.events import EventKind, GaitEvent, Source
from gait_analysis.gait import Stride
from gait_sensing.samples import Side

_STANCE_SHARE = 0.62


@pytest.fixture
def stride() -> Callable[..., Stride]:
    """A stride that ends at ``end_s``, accepted unless ``reason`` says why not."""
    return _stride


@pytest.fixture
def contact() -> Callable[..., GaitEvent]:
    """An initial contact, detected 10 ms later."""
    return _contact


def _stride(
    side: Side, end_s: float, number: int = 1, reason: str = "", time_s: float = 1.1, **measured: Any
) -> Stride:
    start_s, double_s = end_s - time_s, (_STANCE_SHARE - 0.5) * time_s
    values = {
        "other_foot_off_s": start_s + double_s,
        "other_contact_s": start_s + 0.5 * time_s,
        "foot_off_s": start_s + _STANCE_SHARE * time_s,
        "stride_time_s": time_s,
        "step_time_s": 0.5 * time_s,
        "stance_time_s": _STANCE_SHARE * time_s,
        "swing_time_s": (1.0 - _STANCE_SHARE) * time_s,
        "initial_double_support_time_s": double_s,
        "terminal_double_support_time_s": double_s,
        "single_support_time_s": (1.0 - _STANCE_SHARE) * time_s,
        "cadence_hz": 2.0 / time_s,
    }
    return Stride(side, number, not reason, reason, start_s, end_s=end_s, **{**values, **measured})


def _contact(side: Side, time_s: float, **changed: Any) -> GaitEvent:
    return GaitEvent(time_s, time_s + 0.01, side, EventKind.INITIAL_CONTACT, Source.FORCE, 1.0, **changed)
