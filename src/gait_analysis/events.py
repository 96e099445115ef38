# SPDX-License-Identifier: Apache-2.0
"""Gait events, the values every detector yields."""

from enum import Enum, Flag
from typing import NamedTuple

from gait_sensing.samples import Side


class EventKind(str, Enum):
    """What happened to a foot. The value is the abbreviation used in files: IC and TO (toe off)."""

    INITIAL_CONTACT = "IC"
    FOOT_OFF = "TO"


class Source(str, Enum):
    """What told of the event."""

    FORCE = "force"
    IMU = "imu"
    PROSTHESIS = "prosthesis"


class EventFlag(Flag):
    """What is doubtful about an event; values as in GaitEvent.msg."""

    NONE = 0
    CROSS_STEP = 1
    IRREGULAR = 2
    INTERPOLATION_FAR = 4


class GaitEvent(NamedTuple):
    """One initial contact or foot off."""

    time_s: float  # of the event itself, interpolated between samples
    detected_s: float  # time of the sample that confirmed it
    side: Side
    kind: EventKind
    source: Source
    confidence: float  # 0 to 1, no unit
    flags: EventFlag = EventFlag.NONE
    stride_number: int = 0  # of this side, from 1; 0 before the first
    sensor: str = ""  # name of the stream that told: "left_belt", "left_foot", ...
    reason: str = ""  # what is doubtful about it, or was done to it, in words; empty when nothing
