# SPDX-License-Identifier: Apache-2.0
"""What the analysis found in plain files, gathered for their tables and the summary."""

from collections import Counter
from dataclasses import dataclass, field

from gait_analysis.analyser import Result
from gait_analysis.events import GaitEvent
from gait_analysis.gait import Asymmetry, GaitState, Stride
from gait_analysis.standing import Standing
from gait_sensing.samples import Side


@dataclass
class Findings:
    """What the analysis found; of the states, the last one and how many had a valid phase."""

    events: list[GaitEvent] = field(default_factory=list)
    strides: list[Stride] = field(default_factory=list)
    asymmetries: list[Asymmetry] = field(default_factory=list)
    standings: list[Standing] = field(default_factory=list)  # those in which somebody stood
    last: GaitState | None = None
    state_count: int = 0
    phase_counts: Counter[Side] = field(default_factory=Counter)  # states with a valid phase

    def take(self, result: Result) -> None:
        """Add ``result`` to its list."""
        if isinstance(result, GaitEvent):
            self.events.append(result)
        elif isinstance(result, Stride):
            self.strides.append(result)
        elif isinstance(result, Asymmetry):
            self.asymmetries.append(result)
        elif isinstance(result, Standing) and result.is_standing:
            self.standings.append(result)
        elif isinstance(result, GaitState):
            self.last = result
            self.state_count += 1
            self.phase_counts.update(limb.side for limb in (result.left, result.right) if limb.is_phase_valid)

    def accepted(self, side: Side) -> list[Stride]:
        """Return the accepted strides of ``side``."""
        return [stride for stride in self.strides if stride.side is side and stride.is_accepted]
