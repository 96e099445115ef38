# SPDX-License-Identifier: Apache-2.0
"""Gait events and the gait state as Lab Streaming Layer streams, for LabRecorder and other listeners.

``gait_events``: type Markers, one text a sample, ``left_initial_contact``, ``right_foot_off`` and so on.
``gait_state``: type Gait, 32-bit numbers, NaN where something is not known. Neither has a nominal rate.

Stamps are of the sample time, not of sending: when the foot touched the ground, when the state held. They are Unix time
less the distance of Unix time from LSL's local clock, the median of the last seconds, see ``gait_sensing.lsl.clock``.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gait_analysis.events import GaitEvent
from gait_analysis.gait import GaitState, LimbState
from gait_sensing.lsl.clock import OffsetHistory
from gait_sensing.lsl.reader import lsl_library


@dataclass(frozen=True, slots=True)
class OutletDescription:
    """What a stream says of itself; one label and one unit for each channel."""

    name: str
    type: str
    channel_format: str
    labels: tuple[str, ...]
    units: tuple[str, ...]


_LIMB_UNITS = {"contact": "boolean", "phase": "cycle", "phase_rate": "Hz", "subphase": "number", "load": "body weight"}

EVENTS = OutletDescription("gait_events", "Markers", "string", ("event",), ("",))
STATE = OutletDescription(
    "gait_state",
    "Gait",
    "float32",
    (*(f"{side}_{name}" for side in ("left", "right") for name in _LIMB_UNITS), "left_belt", "right_belt"),
    (*_LIMB_UNITS.values(), *_LIMB_UNITS.values(), "m/s", "m/s"),
)


def event_row(event: GaitEvent) -> list[str]:
    """Return the channels of ``EVENTS`` for one event."""
    return [f"{event.side.value}_{event.kind.name.lower()}"]


def state_row(state: GaitState) -> list[float]:
    """Return the channels of ``STATE`` for one state."""
    belts_mps = [state.left_belt_speed_mps, state.right_belt_speed_mps]
    return [*_limb_row(state.left), *_limb_row(state.right), *belts_mps]


def _limb_row(limb: LimbState) -> list[float]:
    contact = math.nan if limb.is_in_contact is None else float(limb.is_in_contact)
    return [contact, limb.phase, limb.phase_rate_hz, float(limb.subphase.value), limb.load_bw]


class LslOutlet:
    """One stream on the network. ``now`` is the host clock, Unix seconds. Raises ``ValueError`` without pylsl.

    Its source is named after the stream alone, so that an inlet finds it again after a restart of the node.
    """

    def __init__(self, description: OutletDescription, now: Callable[[], float]) -> None:
        self._pylsl = lsl_library()
        self._now = now
        self._offsets = OffsetHistory()
        info = self._pylsl.StreamInfo(
            description.name,
            description.type,
            len(description.labels),
            self._pylsl.IRREGULAR_RATE,
            description.channel_format,
            source_id=f"gait_lab {description.name}",
        )
        info.desc().append_child_value("manufacturer", "gait_lab")
        info.set_channel_labels(list(description.labels))
        info.set_channel_units(list(description.units))
        self._outlet: Any = self._pylsl.StreamOutlet(info)

    def push(self, row: Sequence[float] | Sequence[str], time_s: float) -> None:
        """Send one sample that is of ``time_s``, Unix seconds."""
        now_s = self._now()
        offset_s = self._offsets.add(now_s, now_s - self._pylsl.local_clock())
        self._outlet.push_sample(list(row), time_s - offset_s)
