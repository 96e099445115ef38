# SPDX-License-Identifier: Apache-2.0
"""The truth beside a recording: what really happened, on the clock of the recording's stamps.

``truth_events.csv`` (``time_s, side, event, irregular``; IC initial contact, TO foot off; what was wrong with the step,
a ``StepKind``, empty when nothing was), ``truth_cues.csv`` (``time_s, side, intensity, actuator`` as they arrived at
the actuator, ``haptic`` or ``sound``; 0 is off) and ``truth.json`` (who walked, and what was sent on each wire). Lines
are written one by one, so that a kill loses none.
"""

import json
from pathlib import Path
from typing import Any, TextIO

from gait_feedback.cue import ActuatorChange
from gait_sim.stepping import FootEvent


class TruthLog:
    """The three files in ``folder``, which is made; there are no events when the truth of them is not known."""

    def __init__(self, folder: Path, is_truth_known: bool) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._events = _csv(folder / "truth_events.csv", "time_s,side,event,irregular") if is_truth_known else None
        self._cues = _csv(folder / "truth_cues.csv", "time_s,side,intensity,actuator")

    def event(self, event: FootEvent, start_s: float) -> None:
        """Log an event whose time counts from ``start_s``."""
        if self._events is not None:
            self._events.write(
                f"{start_s + event.time_s:.6f},{event.side.value},{event.kind.value},{event.irregular.value}\n"
            )

    def cue(self, change: ActuatorChange, time_s: float, actuator: str) -> None:
        """Log what arrived at an actuator."""
        self._cues.write(f"{time_s:.6f},{change.side.value},{change.intensity:.4f},{actuator}\n")

    def summary(self, values: dict[str, Any]) -> None:
        """Write ``truth.json``, replacing it at once and whole."""
        new = self._folder / "truth.json.new"
        new.write_text(json.dumps(values, indent=2) + "\n")
        new.replace(self._folder / "truth.json")

    def close(self) -> None:
        """Close the files."""
        self._cues.close()
        if self._events is not None:
            self._events.close()


def _csv(path: Path, header: str) -> TextIO:
    file = path.open("w", buffering=1)  # by line
    file.write(header + "\n")
    return file
