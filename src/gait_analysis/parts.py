# SPDX-License-Identifier: Apache-2.0
"""The contracts of detectors, phase estimators and metrics; that of deviations is in ``deviation``.

A file in ``detectors/`` holds ``Settings`` and ``Detector``, one in ``phases/`` ``Settings`` and ``Phase``, one in
``metrics/`` ``Settings`` and ``Metric``; the file name is the name that the config uses. ``test/contracts`` checks
every file there without being told of it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from gait_analysis.events import GaitEvent
from gait_analysis.gait import Stride
from gait_parts import plugins
from gait_parts.settings import Settings
from gait_sensing.samples import ForceSamples


class ContactChange(NamedTuple):
    """A foot's contact is known to have changed, or is no longer known."""

    detected_s: float  # time of the sample that told
    baseline_n: float  # vertical force of the unloaded sensor from now on
    is_in_contact: bool | None  # from now on; None: cannot tell
    event: GaitEvent | None = None  # None when contact became known or unknown without an edge being seen
    reason: str = ""  # why contact is not known


class Detector(Protocol):
    """Finds the contacts of one foot: ``Detector(settings, side, body_weight_n)``, weight NaN when unknown.

    The changes depend on the samples alone, not on how they are cut into batches. A change is returned with the
    sample that told, in order of ``detected_s``.
    """

    def feed(self, samples: ForceSamples) -> list[ContactChange]:
        """Take the next samples of the foot's sensor, at least one.

        Times increase strictly, across calls too. Samples that are no measurement are left out beforehand and are
        seen here as gaps.
        """


class PhaseEstimate(NamedTuple):
    """Where a limb is in its gait cycle; a tuple, since it is asked for with every state."""

    phase: float  # [0, 1) since initial contact, no unit; NaN when not valid
    rate_hz: float  # gait cycles a second; NaN when not valid
    reason: str  # why it is not valid; empty when it is

    @property
    def is_valid(self) -> bool:
        """Whether phase and rate may be used."""
        return not math.isnan(self.phase)

    @classmethod
    def invalid(cls, reason: str) -> "PhaseEstimate":
        """Return an estimate that is none."""
        return cls(math.nan, math.nan, reason)


class Phase(Protocol):
    """Gait phase of one limb: ``Phase(settings, side)``.

    Events and signals come in the order in which they became known. Without what it needs an estimate is not valid.
    """

    segment: str  # "thigh" or "shank" of the limb, whose pitch it needs; empty when events are enough

    def feed(self, event: GaitEvent) -> None:
        """Take the next event of either foot."""

    def feed_signal(self, time_s: float, angle_rad: float, rate_radps: float) -> None:
        """Take the next pitch of ``segment`` and its rate, positive when the upper end goes forward, 0 when upright."""

    def at(self, time_s: float) -> PhaseEstimate:
        """Return the phase at ``time_s``, which is not before the last event or signal fed became known."""


@dataclass(frozen=True)
class NoSettings(Settings):
    """Settings of a part that has none."""


class Metric(Protocol):
    """One number of a stride that is compared between the limbs: ``Metric(settings)``."""

    name: str  # as in the setting ``metrics``
    unit: str
    needs_foot_off: bool  # whether it is a duration that begins or ends with a foot off of either foot

    def of(self, stride: Stride) -> float:
        """Return the metric of ``stride``, in ``unit``; NaN when the sensors present cannot tell."""


def build(folder: str, wanted: str, name: str, settings: Mapping[str, Settings], *arguments: object) -> Any:
    """Build class ``wanted`` of part ``name`` in ``folder``, with its settings from ``settings`` or its defaults."""
    package = f"gait_analysis.{folder}"
    return getattr(plugins.find(package, name), wanted)(settings_of(package, name, settings), *arguments)


def settings_of(package: str, name: str, settings: Mapping[str, Settings]) -> Any:
    """Return the settings of part ``name`` from ``settings``, or its defaults."""
    return settings[name] if name in settings else plugins.find(package, name).Settings()
